import sharp from 'sharp';
import type { AttachmentEntry } from './forms/message-form.ts';
import type { Platform } from './platform.ts';
import { invalidForm, refusals } from './refusal.ts';
import type { UploadedFile } from './request-body.ts';
import type { Attachment } from './world.ts';

/** Keep an uploaded file on the CDN. */
export async function keepFile(
  platform: Platform,
  folder: string,
  file: Pick<UploadedFile, 'filename' | 'contentType' | 'bytes'>,
  entry?: AttachmentEntry,
): Promise<Attachment> {
  const id = platform.nextId();
  const filename = cleanName(entry?.filename ?? file.filename);
  const size = await sharp(file.bytes)
    .metadata()
    .catch(() => null);
  const attachment: Attachment = {
    id,
    filename,
    contentType: size === null ? file.contentType || 'application/octet-stream' : `image/${size.format}`,
    bytes: file.bytes,
    width: size?.width ?? null,
    height: size?.height ?? null,
    description: entry?.description ?? null,
    spoiler: entry?.is_spoiler ?? filename.startsWith('SPOILER_'),
    path: `/${folder}/${id}/${filename}`,
  };
  platform.cdn.keep(attachment);
  return attachment;
}

/** Discord keeps letters, digits, dots, dashes and underscores of a name. */
function cleanName(name: string): string {
  const clean = name.replaceAll(/\s+/g, '_').replaceAll(/[^\p{L}\p{N}._-]/gu, '');
  return clean === '' ? 'unknown' : clean;
}

/** The files that a message has after a request: kept ones first, then new ones. */
export async function mergeFiles(
  platform: Platform,
  options: {
    readonly folder: string;
    readonly present: readonly Attachment[];
    /** Undefined: everything that is there stays. */
    readonly entries: readonly AttachmentEntry[] | undefined;
    readonly files: readonly UploadedFile[];
    readonly maxFileBytes: number;
  },
): Promise<Attachment[]> {
  const { folder, present, entries, files, maxFileBytes } = options;
  for (const [index, entry] of (entries ?? []).entries()) {
    const known = files.some((file) => file.key === entry.id) || present.some((file) => file.id === entry.id);
    if (!known)
      throw invalidForm([
        {
          path: ['attachments', index, 'id'],
          code: 'ATTACHMENT_NOT_FOUND',
          message: `Attachment data could not be found for id ${entry.id}`,
        },
      ]);
  }
  const kept = entries === undefined ? present : present.flatMap((file) => keepAsAsked(file, entries));
  if (kept.length + files.length > 10) throw refusals.tooManyAttachments();
  if (files.some((file) => file.bytes.length > maxFileBytes)) throw refusals.entityTooLarge();
  const added: Attachment[] = [];
  for (const file of files) {
    added.push(
      await keepFile(
        platform,
        folder,
        file,
        entries?.find((entry) => entry.id === file.key),
      ),
    );
  }
  return [...kept, ...added];
}

function keepAsAsked(file: Attachment, entries: readonly AttachmentEntry[]): Attachment[] {
  const entry = entries.find((candidate) => candidate.id === file.id);
  if (entry === undefined) return [];
  const { description = file.description, is_spoiler } = entry;
  return [{ ...file, description, spoiler: is_spoiler ?? file.spoiler }];
}

/** Refuse components that show a file which the message does not have. */
export function requireReferences(
  references: readonly { readonly url: string; readonly path: readonly PropertyKey[] }[],
  names: ReadonlySet<string>,
): void {
  const missing = references.filter(
    ({ url }) => url.startsWith('attachment://') && !names.has(url.slice('attachment://'.length)),
  );
  if (missing.length > 0)
    throw invalidForm(
      missing.map(({ path }) => ({
        path,
        code: 'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND',
        message: 'The referenced attachment was not found',
      })),
    );
}
