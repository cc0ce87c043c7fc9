import { z } from 'zod';
import type { Attachment } from '../../../commands/define-command.ts';
import { InvalidRequestError, QuartetError } from '../../errors.ts';
import { tooManyBytes } from '../../images/foreign-picture.ts';
import type { SlackMessages } from '../../messages/slack.ts';
import type { Workspace } from './workspaces.ts';

/** A file as events, views and messages carry it. */
const fileSchema = z.object({
  id: z.string(),
  name: z.string().nullish(),
  mimetype: z.string().nullish(),
  size: z.number().nullish(),
  url_private: z.string().nullish(),
  url_private_download: z.string().nullish(),
});
export type SlackFile = z.output<typeof fileSchema>;

const slackFileHost = 'files.slack.com';

/** The pictures among the files of a message. */
export function picturesAmong(files: unknown): readonly SlackFile[] {
  const parsed = z.array(fileSchema).safeParse(files);
  if (!parsed.success) return [];
  // A file that was just chosen has no type yet: whether it is a picture is seen from its bytes.
  return parsed.data.filter(({ mimetype }) => !mimetype || mimetype.startsWith('image/'));
}

/**
 * A private file of a person, read with the bot's token, and from Slack's own host only: the address came with an
 * event, and the token must not go anywhere else.
 */
export function attachmentOf(
  file: SlackFile,
  workspace: Workspace,
  { apiUrl, say }: { readonly apiUrl: string; readonly say: SlackMessages },
): Attachment {
  return {
    name: file.name ?? file.id,
    bytes: file.size ?? 0,
    async fetch({ maxBytes, signal }) {
      const url = URL.parse(await addressOf(file, workspace));
      if (url === null || !isSlacks(url, apiUrl))
        throw new InvalidRequestError('picture_not_readable', say.refusal.pictureNotReadable);
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${workspace.token}` },
        // Slack leads whoever may not read a file to its sign-in page.
        redirect: 'manual',
        signal,
      });
      const type = response.headers.get('content-type') ?? '';
      if (response.status >= 500 || response.status === 429) {
        await response.body?.cancel();
        throw new QuartetError('attachment_unreachable', `Expected a file of Slack, got HTTP ${response.status}.`, {
          retryable: true,
        });
      }
      if (!response.ok || response.body === null || type.startsWith('text/html')) {
        await response.body?.cancel();
        throw new InvalidRequestError('picture_not_readable', say.refusal.pictureNotReadable);
      }
      return readBytes(response.body, maxBytes);
    },
  };
}

async function addressOf(file: SlackFile, { read }: Workspace): Promise<string> {
  const known = file.url_private_download ?? file.url_private;
  if (known) return known;
  const { file: found } = await read.files.info({ file: file.id });
  return found?.url_private_download ?? found?.url_private ?? '';
}

/** Slack's host for files; where another API is set, that one's. */
function isSlacks(url: URL, apiUrl: string): boolean {
  const api = new URL(apiUrl);
  if (api.hostname === 'slack.com') return url.protocol === 'https:' && url.host === slackFileHost;
  return url.origin === api.origin;
}

async function readBytes(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooManyBytes(maxBytes, bytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
