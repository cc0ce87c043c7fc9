import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Attachment, OptionValue } from '../../../commands/define-command.ts';
import { describeError } from '../../../commands/describe-error.ts';
import { imagine } from '../../../commands/imagine.ts';
import { parseOptions } from '../../../commands/parse-options.ts';
import type { ImageEngine } from '../../engines/image-engine.ts';
import { InvalidRequestError, QuartetError } from '../../errors.ts';
import { createReadAttachments } from '../../images/read-attachment.ts';
import type { ReplyTo, Requester } from '../../jobs/job.ts';
import { type Messages, messagesFor } from '../../messages/messages.ts';
import { readImagineArguments, renderHelp } from './arguments.ts';
import type { Output } from './output.ts';
import { createSessionJobs } from './session-jobs.ts';
import { createTerminalPlatform, plain } from './terminal-platform.ts';

export interface RunImagineOptions {
  /** What stands behind `imagine` on the shell's line. */
  readonly argv: readonly string[];
  /** Called once the line was understood; what it opens is closed here. */
  readonly openEngine: () => Promise<ImageEngine>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly randomSeed: () => number;
  readonly clock: () => number;
}

const replyTo: ReplyTo = {
  platform: 'terminal',
  workspace: null,
  channel: 'terminal',
  thread: null,
  message: null,
  ageRestricted: false,
};
const exitCodes = { done: 0, failed: 1, notUnderstood: 2, interrupted: 130 } as const;

/** `imagine "a prompt" --out DIR`: draws, writes the pictures, resolves to the exit code. */
export async function runImagine(options: RunImagineOptions): Promise<number> {
  const locale = localeOf(options.environment);
  const messages = messagesFor(locale);
  try {
    const asked = readImagineArguments(options.argv, messages);
    if (asked.help) {
      options.stdout.write(renderHelp(messages));
      return exitCodes.done;
    }
    const files: Record<string, Attachment> = {};
    for (const [option, path] of Object.entries(asked.files)) {
      files[option] = await fileAttachment(option, path, messages);
    }
    return await drawInto(asked.folder, { ...asked.values, ...files }, locale, options);
  } catch (error) {
    if (options.signal.aborted) return exitCodes.interrupted;
    if (!(error instanceof QuartetError)) throw error;
    const isRefused = error instanceof InvalidRequestError;
    // Whoever sits at a shell may know what went wrong inside.
    options.stderr.write(`${plain(isRefused ? describeError(error, messages) : error.message)}\n`);
    return isRefused ? exitCodes.notUnderstood : exitCodes.failed;
  }
}

async function drawInto(
  folder: string,
  values: Readonly<Record<string, OptionValue>>,
  locale: string,
  options: RunImagineOptions,
): Promise<number> {
  const { signal, stdout, stderr, environment, clock, randomSeed } = options;
  const engine = await options.openEngine();
  const jobs = createSessionJobs({ engine, clock });
  const platform = createTerminalPlatform({
    engine: engine.describe(),
    readPicture: (key) => jobs.readPicture(key),
    folder,
    stdout,
    stderr,
    environment,
  });
  try {
    const services = { engine: engine.describe(), jobs, ...createReadAttachments(), randomSeed };
    const checked = parseOptions(imagine, values, services, messagesFor(locale));
    const caller = { command: imagine.name, requester: requesterOf(locale), replyTo, idempotencyKey: 'terminal' };
    const reply = await imagine.run(caller, checked, services);
    if (reply.kind === 'job') for (const note of reply.notes) stderr.write(`${plain(note)}\n`);
    await platform.start();
    const [job] = await jobs.drawAll(platform, signal);
    if (job?.state === 'delivered') return exitCodes.done;
    return job?.state === 'cancelled' ? exitCodes.interrupted : exitCodes.failed;
  } finally {
    await platform.close();
    await engine.close();
  }
}

async function fileAttachment(option: string, path: string, messages: Messages): Promise<Attachment> {
  const bytes = await stat(path).then(
    (found) => (found.isFile() ? found.size : null),
    () => null,
  );
  if (bytes === null) {
    throw new InvalidRequestError('invalid_options', messages.terminal.notAFile(option, path));
  }
  return { name: basename(path), bytes, fetch: async ({ signal }) => readFile(path, { signal }) };
}

/** As POSIX has it: the first of these variables that is set says in which language a program speaks. */
function localeOf(environment: RunImagineOptions['environment']): string {
  return environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || 'en';
}

function requesterOf(locale: string): Requester {
  return { platform: 'terminal', workspace: null, userId: 'terminal', name: 'You', locale, isAdmin: false };
}
