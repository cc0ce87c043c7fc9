import type { APIAttachment } from 'discord.js';
import type { Attachment } from '../../../commands/define-command.ts';
import { InvalidRequestError } from '../../errors.ts';

/** Discord's own hosts; whatever else an address says is not fetched. */
const discordHosts = new Set(['cdn.discordapp.com', 'media.discordapp.net']);

/** A picture that somebody attached, which is fetched from Discord's CDN and from nowhere else. */
export function readAttachment(attachment: APIAttachment, cdnUrl: string): Attachment {
  const { filename, size, url } = attachment;
  return {
    name: filename,
    bytes: size,
    async fetch({ maxBytes, signal }) {
      if (!isOnCdn(url, cdnUrl)) {
        throw new InvalidRequestError(
          'attachment_unreachable',
          'Expected a picture that Discord keeps, got another address.',
        );
      }
      // Wherever a redirect leads, it is not where Discord keeps pictures.
      const response = await fetch(url, { signal, redirect: 'error' });
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw new Error(`Expected the attached picture, got status ${response.status}`);
      }
      return readBytes(response.body, maxBytes);
    },
  };
}

function isOnCdn(address: string, cdnUrl: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return false;
  return (
    url.origin === new URL(cdnUrl).origin ||
    (url.protocol === 'https:' && url.port === '' && discordHosts.has(url.hostname))
  );
}

/** Whatever the header says of the length, no more than `maxBytes` are read. */
async function readBytes(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > maxBytes) {
      throw new InvalidRequestError('picture_too_large', `Expected a picture of at most ${maxBytes} bytes, got more.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
