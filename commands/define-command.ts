import type { ControlKind, EngineDescription, PictureSize } from '../src/engines/image-engine.ts';
import type { QuartetError } from '../src/errors.ts';
import type { FinishedJob, Job, JobId, ReplyTo, Requester } from '../src/jobs/job.ts';
import type { Jobs, QueueOverview, Standing } from '../src/jobs/jobs.ts';
import type { Text } from '../src/messages/messages.ts';
import { declarationProblems } from './declaration-problems.ts';

/** What a command says of itself in one language. */
export interface CommandText {
  /** At most 32 lower-case letters, digits and dashes. In English it is the command's own name. */
  readonly name: string;
  /** At most 100 characters. */
  readonly description: string;
  /** What one might type, without the slash: `imagine a red boat seed:7`. */
  readonly examples: readonly string[];
}

/** What an option says of itself in one language. */
export interface OptionText {
  /** At most 32 lower-case letters, digits and `_`. In English it is the option's own name. */
  readonly name: string;
  /** In forms and lists of settings, at most 45 characters. */
  readonly title: string;
  /** At most 100 characters. */
  readonly description: string;
}

interface OptionBase {
  /** Lower-case letters and `_`, at most 32: the same in every language. */
  readonly name: string;
  /** What people read and type in their own language. */
  readonly text: Text<OptionText>;
  readonly required?: boolean;
  /** Whether any model can make use of it at present; absent for always. */
  readonly offered?: (world: CommandWorld) => boolean;
}

/** One value of a closed list. */
export interface Choice<Value extends string = string> {
  readonly value: Value;
  /** As shown to people, at most 100 characters. */
  readonly label: Text;
}

/** What a platform knows before anything is drawn; choices may depend on it. It may change: read it when it is needed. */
export interface CommandWorld {
  readonly engine: EngineDescription;
}

/** One option of a command, free of any platform's words. */
export type CommandOption =
  | (OptionBase & { readonly type: 'text'; readonly maxLength: number; readonly multiline?: boolean })
  | (OptionBase & { readonly type: 'integer'; readonly min: number; readonly max: number })
  | (OptionBase & { readonly type: 'number'; readonly min: number; readonly max: number })
  /** A closed list; one whose function takes no world is static, and checked when the program starts. */
  | (OptionBase & { readonly type: 'choice'; readonly choices: (world: CommandWorld) => readonly Choice[] })
  | (OptionBase & { readonly type: 'boolean' })
  /** A picture that the person attaches. */
  | (OptionBase & { readonly type: 'picture' })
  /** The id of a job; an integer option `picture` beside it names one of its pictures, from 1. */
  | (OptionBase & { readonly type: 'job' });

/** A picture somebody attached: fetched only when a command wants it, never more than `maxBytes`. */
export interface Attachment {
  readonly name: string;
  readonly bytes: number;
  fetch(options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<Uint8Array>;
}

/** A raw or checked value of an option. */
export type OptionValue = string | number | boolean | Attachment;

/** What a platform hands over: option names and raw values, as people gave them. */
export interface Invocation {
  readonly command: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly requester: Requester;
  readonly replyTo: ReplyTo;
  /** Identifies the event (interaction id, message ts, ...): the same event twice is one job. */
  readonly idempotencyKey: string;
}

/** A button under an answer: the command it runs and the options it fills in. */
export interface ReplyButton {
  readonly command: string;
  readonly label: string;
  readonly options: Readonly<Record<string, string | number>>;
  /** Opens a form with these fields (already filled in) before it runs. */
  readonly form?: readonly { readonly option: string; readonly value: string }[];
  readonly style: 'primary' | 'secondary' | 'danger';
}

/** Markdown as all platforms know it: `**bold**`, `code` and line breaks; never mentions. */
export type Reply =
  /** A job was accepted: the platform shows its place, then progress, then the pictures. */
  | { readonly kind: 'job'; readonly job: Job; readonly standing: Standing | null; readonly notes: readonly string[] }
  | { readonly kind: 'text'; readonly text: string; readonly onlyForRequester: boolean }
  | { readonly kind: 'queue'; readonly overview: QueueOverview; readonly text: string }
  | { readonly kind: 'gallery'; readonly jobs: readonly FinishedJob[]; readonly text: string }
  | { readonly kind: 'details'; readonly job: Job; readonly text: string }
  /** The pictures of this job are gone: take its message away too. */
  | { readonly kind: 'deleted'; readonly job: Job; readonly text: string };

/** A picture that a person sent, as it is kept. */
export interface ReadPicture {
  readonly png: Uint8Array;
  /** Its size before it was scaled and cut. */
  readonly original: PictureSize;
}

/** A mask that a person sent: grey, white where something is to be drawn. */
export interface ReadMask {
  readonly png: Uint8Array;
  /** How much of it is white. */
  readonly covers: 'nothing' | 'part' | 'everything';
}

/** What a command may use. The reading ones throw `InvalidRequestError` in plain words. */
export interface CommandServices extends CommandWorld {
  readonly jobs: Jobs;
  /** Decode, check and re-encode what a person sent, scaled to cover `size` and cut evenly. */
  readonly readAttachment: (attachment: Attachment, size: PictureSize) => Promise<ReadPicture>;
  /** The same for a mask, laid over a picture of `original` size and then scaled and cut as that is. */
  readonly readMask: (attachment: Attachment, original: PictureSize, size: PictureSize) => Promise<ReadMask>;
  /** The same for a control picture: light lines on dark, however they were drawn. */
  readonly readControl: (attachment: Attachment, kind: ControlKind, size: PictureSize) => Promise<Uint8Array>;
  /** A fresh seed, 0 to 2^32 - 1. */
  readonly randomSeed: () => number;
  /** Told of each answered error that is not the asker's doing (a database that is away), for the log. */
  readonly report?: (error: QuartetError) => void;
}

/** Values after checking: names and types as declared. */
export type CheckedOptions = Readonly<Record<string, OptionValue | undefined>>;

type ValueOf<Option> = Option extends { readonly type: 'text' }
  ? string
  : Option extends { readonly type: 'integer' | 'number' }
    ? number
    : Option extends { readonly type: 'boolean' }
      ? boolean
      : Option extends { readonly type: 'picture' }
        ? Attachment
        : Option extends { readonly type: 'job' }
          ? JobId
          : Option extends { readonly choices: (world: CommandWorld) => readonly Choice<infer Value>[] }
            ? Value
            : never;

/** The checked values of a list of options, typed as they were declared. */
export type OptionsOf<Options extends readonly CommandOption[]> = {
  readonly [Option in Options[number] as Option['name']]: Option extends { readonly required: true }
    ? ValueOf<Option>
    : ValueOf<Option> | undefined;
};

/** Where a command comes from, without its options. */
export type Caller = Omit<Invocation, 'options'>;

/** A command as platforms and `dispatch` see it: its options' types are forgotten. */
export interface Command {
  /** Lower-case letters and dashes, at most 32: the same in every language. */
  readonly name: string;
  /** What people read and type in their own language. */
  readonly text: Text<CommandText>;
  readonly options: readonly CommandOption[];
  /** `slash`: people type it; `button`: only offered under results. */
  readonly surface: 'slash' | 'button';
  run(invocation: Caller, options: CheckedOptions, services: CommandServices): Promise<Reply>;
}

interface CommandDeclaration<Options extends readonly CommandOption[]> extends Omit<Command, 'options' | 'run'> {
  readonly options: Options;
  run(invocation: Caller, options: OptionsOf<Options>, services: CommandServices): Promise<Reply>;
}

/**
 * Declares a command; the only way to make one, so that its limits are checked when the program starts.
 *
 * @example
 * defineCommand({
 *   name: 'queue',
 *   text: ({ command }) => command.queue,
 *   surface: 'slash',
 *   options: [],
 *   run: async () => reply,
 * });
 */
export function defineCommand<const Options extends readonly CommandOption[]>(
  declaration: CommandDeclaration<Options>,
): Command {
  const problems = [...declarationProblems(declaration)];
  if (problems.length > 0) throw new TypeError(`Command \`${declaration.name}\`: ${problems.join('; ')}`);
  return {
    ...declaration,
    // `parseOptions` made `options` from this very declaration, so names and types are as inferred.
    run: (invocation, options, services) => declaration.run(invocation, options as OptionsOf<Options>, services),
  };
}
