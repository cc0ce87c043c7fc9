import type { JobId, PictureKey } from './job.ts';

/** Where pictures live, as PNG bytes. */
export interface PictureStore {
  /** Durable when it resolves; replaces what was there at once or not at all. */
  put(key: PictureKey, png: Uint8Array): Promise<void>;
  /** Null when there is none. */
  read(key: PictureKey): Promise<Uint8Array | null>;
  /** Absent ones are passed over; returns how many were there. */
  remove(keys: readonly PictureKey[]): Promise<number>;
  /** All pictures last written before `writtenBefore`. */
  list(options: { readonly writtenBefore: number; readonly signal: AbortSignal }): AsyncIterable<PictureKey>;
}

const pattern =
  /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[0-3]|uploads\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.png$/;

/** The key of picture `index` (0 to 3) of a job. */
export function pictureKey(job: JobId, index: number): PictureKey {
  return `${job}/${index}.png` as PictureKey; // made here and in the two functions below only
}

/** The key of a picture that somebody sent; `id` is a fresh UUID. */
export function uploadKey(id: string): PictureKey {
  return `uploads/${id}.png` as PictureKey;
}

/** Null unless the text has exactly the form of a key: no path of a key's form leads out of the store. */
export function parsePictureKey(text: string): PictureKey | null {
  return pattern.test(text) ? (text as PictureKey) : null;
}

/** Whether the picture was sent by somebody. */
export function isUpload(key: PictureKey): boolean {
  return key.startsWith('uploads/');
}
