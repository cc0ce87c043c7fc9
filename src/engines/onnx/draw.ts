import type { EngineProgress, GenerateRequest, GenerateResult, GreyPicture, RgbPicture } from '../image-engine.ts';
import { unknownWords, wordsOf } from '../unknown-words.ts';
import { denoise } from './denoise.ts';
import { edgeWeights, keepPixels } from './masks.ts';
import { knownWords, type PipelineConfig } from './pipeline-config.ts';
import { toPicture } from './pixels.ts';
import type { EncodedPrompt } from './prompt-tokens.ts';
import type { Sessions } from './sessions.ts';

/** An opened pipeline. */
export interface Pipeline {
  readonly config: PipelineConfig;
  readonly sessions: Sessions;
  readonly encodePrompt: (prompt: string) => EncodedPrompt;
}

export interface DrawOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EngineProgress) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

/**
 * Draws a checked request: text encoder, steps, decoder. Stops with the signal's reason within one step.
 *
 * The models see one picture at a time: on a CPU a batch of four is no faster (measured: 2 %), takes four times the
 * memory, and could give other bits than the picture drawn alone.
 */
export async function draw(
  pipeline: Pipeline,
  request: GenerateRequest,
  options: DrawOptions,
): Promise<GenerateResult> {
  const { config, sessions } = pipeline;
  const { signal, clock } = options;
  const begun = clock();
  const prompt = pipeline.encodePrompt(request.prompt);
  const states = await sessions.encodeText(
    // At scale 1 the answer without the prompt would be weighed with 0.
    request.guidanceScale === 1 ? [prompt.ids] : [pipeline.encodePrompt(request.negativePrompt).ids, prompt.ids],
  );
  const encoded = clock();
  const finished = await denoise(pipeline, request, states, options);
  const denoised = clock();
  const pictures: RgbPicture[] = [];
  for (const latents of finished) {
    signal.throwIfAborted();
    const data = latents.data.map((value) => value / config.scaling_factor);
    pictures.push(toPicture(await sessions.decode({ data, shape: latents.shape }), request.size));
  }
  const drawn =
    request.init?.mask === undefined ? pictures : keepGiven(pictures, request.init.picture, request.init.mask);
  signal.throwIfAborted();
  const done = clock();
  const cutWords = prompt.cut.flatMap(wordsOf);
  return {
    pictures: drawn,
    timings: {
      textEncoderMs: encoded - begun,
      loopMs: denoised - encoded,
      decoderMs: done - denoised,
      totalMs: done - begun,
    },
    unsafe: request.seeds.map(() => 0),
    unknownWords: [...new Set([...unknownWords(request.prompt, knownWords(config)), ...cutWords])].slice(0, 20),
  };
}

function keepGiven(drawn: readonly RgbPicture[], given: RgbPicture, mask: GreyPicture): readonly RgbPicture[] {
  const weights = edgeWeights(mask);
  return drawn.map((picture) => keepPixels(picture, given, weights));
}
