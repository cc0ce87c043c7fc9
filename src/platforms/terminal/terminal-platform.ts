import { rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeFailure } from '../../../commands/describe-error.ts';
import { drawingNotes } from '../../../commands/vocabulary.ts';
import type { EngineDescription } from '../../engines/image-engine.ts';
import { DeliveryError } from '../../errors.ts';
import { contactSheet } from '../../images/contact-sheet.ts';
import { decodeStored } from '../../images/stored-picture.ts';
import type { DrawnJob, JobId } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { shownPictures } from '../../jobs/showing.ts';
import { makeFolder } from '../../make-folder.ts';
import { type Messages, messagesFor } from '../../messages/messages.ts';
import type { ChatPlatform, JobProgress } from '../chat-platform.ts';
import type { Output } from './output.ts';
import { pictureProtocol } from './picture-protocol.ts';
import { progressWords, renderProgress } from './progress-bar.ts';
import { renderPicture } from './render-picture.ts';
import { settingsText } from './settings-text.ts';

export interface TerminalPlatformOptions {
  readonly engine: EngineDescription;
  readonly readPicture: Jobs['readPicture'];
  /** Gets `0.png` to `3.png`; made where it does not exist. */
  readonly folder: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const defaultColumns = 80;
/** Lines in a log instead of a bar: at the beginning, the quarters and the end. */
const plainSteps = 4;

/** Somebody at a shell: progress and words on standard error, the paths of the pictures on standard output. */
export function createTerminalPlatform(options: TerminalPlatformOptions): ChatPlatform {
  const { stdout, stderr } = options;
  const told = new Set<JobId>();
  let closed = false;
  let shownQuarter = -1;
  let hasBar = false;
  let isFolderNew = false;

  function showLine(progress: JobProgress, messages: Messages): void {
    const columns = stderr.columns || defaultColumns;
    if (stderr.isTTY) {
      stderr.write(`\r${renderProgress(progress, columns - 1, messages)}\u001b[K`);
      hasBar = true;
      return;
    }
    const quarter = progress.phase === 'drawing' ? Math.floor((progress.step / progress.steps) * plainSteps) : 0;
    if (quarter === shownQuarter) return;
    shownQuarter = quarter;
    stderr.write(`${progressWords(progress, messages)}\n`);
  }

  function endBar(): void {
    if (hasBar) stderr.write('\r\u001b[K');
    hasBar = false;
    shownQuarter = -1;
  }

  /** Each is numbered as it was drawn; one that is withheld leaves its number out. */
  async function writePictures(job: DrawnJob): Promise<readonly { path: string; png: Uint8Array }[]> {
    const read = await Promise.all(
      shownPictures(job).map(async ({ picture, index }) => {
        const png = await options.readPicture(picture.key);
        return png === null ? [] : [{ path: join(options.folder, `${index}.png`), png }];
      }),
    );
    const present = read.flat();
    if (present.length < read.length) {
      throw new DeliveryError('picture_gone', 'Expected the pictures to be kept until they are written, got none.');
    }
    try {
      await Promise.all(present.map(({ path, png }) => writeFile(path, png)));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DeliveryError('cannot_write', `The pictures could not be written: ${reason}`, { cause });
    }
    return present;
  }

  async function showSheet(pngs: readonly Uint8Array[]): Promise<void> {
    const protocol = pictureProtocol(options.environment);
    if (!stdout.isTTY || protocol === null || pngs.length === 0) return;
    const sheet = await contactSheet(await Promise.all(pngs.map((png) => decodeStored(png))));
    stdout.write(await renderPicture(sheet, protocol, stdout.columns || defaultColumns));
  }

  return {
    name: 'terminal',
    async start() {
      // Now: nobody should wait for pictures that then have no place.
      isFolderNew = await makeFolder(options.folder);
      closed = false;
    },
    showProgress(job, progress) {
      if (!closed) showLine(progress, messagesFor(job.requester.locale));
    },
    async deliver(job, { signal }) {
      signal.throwIfAborted();
      const messages = messagesFor(job.requester.locale);
      if (told.has(job.id)) return { message: null };
      endBar();
      if (job.state === 'drawn') {
        const written = await writePictures(job);
        await showSheet(written.map(({ png }) => png));
        for (const { path } of written) stdout.write(`${path}\n`);
        const notes = drawingNotes(job, options.engine, messages);
        for (const line of [settingsText(job, messages), ...notes]) stderr.write(`${plain(line)}\n`);
      } else {
        const ending = job.state === 'failed' ? describeFailure(job.failure, messages) : messages.terminal.cancelled;
        stderr.write(`${plain(ending)}\n`);
      }
      told.add(job.id);
      return { message: null };
    },
    async close() {
      endBar();
      // Left empty, it is of no use to anybody.
      if (isFolderNew) await rmdir(options.folder).catch(() => undefined);
      closed = true;
    },
  };
}

/** A terminal shows no Markdown. */
export function plain(text: string): string {
  return text.replaceAll(/`|\*\*/g, '');
}
