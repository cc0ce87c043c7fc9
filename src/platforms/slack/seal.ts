import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Makes texts unreadable without the secret, and notices when one was changed. */
export interface Seal {
  /** `name` is bound to it: what was sealed under one name does not open under another. */
  seal(text: string, name: string): string;
  /** Null for what this secret has not sealed under that name. */
  open(sealed: string, name: string): string | null;
}

const version = 's1';
const ivBytes = 12;
const tagBytes = 16;

/** AES-256-GCM with a fresh nonce each time; the key is derived from the secret (RFC 5869), for this purpose only. */
export function createSeal(secret: Uint8Array, purpose: string): Seal {
  const key = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), `quartet:${purpose}`, 32));
  return {
    seal(text, name) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(name));
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${version}.${sealed.toString('base64url')}`;
    },
    open(sealed, name) {
      const [given, packed = ''] = sealed.split('.');
      const bytes = Buffer.from(packed, 'base64url');
      if (given !== version || bytes.byteLength < ivBytes + tagBytes) return null;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(name))
        .setAuthTag(bytes.subarray(-tagBytes));
      try {
        const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]);
        return text.toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
