import { Tokenizer } from '@huggingface/tokenizers';
import type { PipelineConfig } from './pipeline-config.ts';
import { unusable } from './pipeline-folder.ts';

export interface EncodedPrompt {
  /** Exactly `max_tokens` ids: start, prompt, end, padding. */
  readonly ids: readonly number[];
  /** Words that did not fit. */
  readonly cut: readonly string[];
}

/** Turns prompts into ids with the tokenizer of a pipeline folder. */
export function createPromptEncoder(tokenizerJson: object, config: PipelineConfig): (prompt: string) => EncodedPrompt {
  const { max_tokens: length, bos_token_id: bos, eos_token_id: eos, pad_token_id: pad } = config;
  const room = length - 2;
  const tokenizer = openTokenizer(tokenizerJson);
  const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;

  return (prompt) => {
    const ids = encode(prompt);
    const padded = [bos, ...ids.slice(0, room), eos, ...Array<number>(length).fill(pad)].slice(0, length);
    return { ids: padded, cut: ids.length > room ? wordsBeyond(prompt, (text) => encode(text).length <= room) : [] };
  };
}

function openTokenizer(json: object): Tokenizer {
  try {
    const tokenizer = new Tokenizer(json, {});
    tokenizer.encode('a');
    return tokenizer;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw unusable(
      `Expected tokenizer.json to hold a working tokenizer, got: ${detail.slice(0, 120)}; export it again.`,
    );
  }
}

/** Halves its way to the longest run of words that fits, so that a cut word is told whole and not by its tail. */
function wordsBeyond(prompt: string, fits: (text: string) => boolean): readonly string[] {
  const words = prompt.split(/\s+/).filter((word) => word !== '');
  let fitting = 0;
  let tooMany = words.length;
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >>> 1;
    if (fits(words.slice(0, middle).join(' '))) fitting = middle;
    else tooMany = middle;
  }
  return words.slice(fitting);
}
