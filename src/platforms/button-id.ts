import { createHmac, timingSafeEqual } from 'node:crypto';
import type { JobId } from '../jobs/job.ts';

/** What a button in a chat does; it outlives the process that made it. */
export interface SignedButton {
  /** One of `buttonCommands`. */
  readonly command: ButtonCommand;
  readonly job: JobId;
  /** Which of the job's pictures, from 1; null for all. */
  readonly picture: number | null;
  /** The only person who may press it; null for everybody who sees it. */
  readonly owner: string | null;
}

/** A button as it came back: of its owner only a mark is left. */
export interface ReadButton extends Omit<SignedButton, 'owner'> {
  readonly mayPress: (userId: string) => boolean;
}

/** Turns buttons into ids of at most 100 characters, and back. */
export interface ButtonIds {
  sign(button: SignedButton): string;
  /** Null for an id that this secret has not signed. */
  read(id: string): ReadButton | null;
}

/** The letters are part of ids that lie in chats: none may change its meaning. */
const letters = {
  vary: 'v',
  enlarge: 'l',
  again: 'a',
  edit: 'e',
  details: 'd',
  delete: 'x',
  cancel: 'c',
} as const;
export type ButtonCommand = keyof typeof letters;

const version = 'q1';
const pattern = /^q1\.([a-z])([0-4])\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{11})?\.([A-Za-z0-9_-]{22})$/;

/**
 * `q1.<command and picture>.<job>.<mark of the owner>.<signature>`, signed with HMAC-SHA256 cut to 128 bits
 * (RFC 2104, section 5). The mark is keyed too, so that an id tells nobody who the owner is.
 */
export function createButtonIds(secret: Uint8Array): ButtonIds {
  const seal = (purpose: string, text: string, bytes: number) =>
    createHmac('sha256', secret).update(`${version}:${purpose}:${text}`).digest().subarray(0, bytes);
  const markOf = (userId: string, job: string) => seal('owner', `${job}:${userId}`, 8).toString('base64url');

  return {
    sign({ command, job, picture, owner }) {
      const id = Buffer.from(job.replaceAll('-', ''), 'hex').toString('base64url');
      const body = `${version}.${letters[command]}${picture ?? 0}.${id}.${owner === null ? '' : markOf(owner, job)}`;
      return `${body}.${seal('button', body, 16).toString('base64url')}`;
    },
    read(id) {
      const [, letter, digit, packedJob, mark, signature] = pattern.exec(id) ?? [];
      if (letter === undefined || packedJob === undefined || signature === undefined) return null;
      const expected = seal('button', id.slice(0, id.lastIndexOf('.')), 16);
      if (!timingSafeEqual(expected, Buffer.from(signature, 'base64url'))) return null;
      const command = commandOf(letter);
      if (command === null) return null;
      const hex = Buffer.from(packedJob, 'base64url').toString('hex');
      // Only `sign` makes ids, so what is in one was a JobId.
      const job = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as JobId;
      return {
        command,
        job,
        picture: digit === '0' ? null : Number(digit),
        mayPress: (userId) => mark === undefined || mark === markOf(userId, job),
      };
    },
  };
}

/** The buttons that change or end somebody's own job; all others are for everybody who sees the result. */
export function isForOwnerOnly(command: ButtonCommand): boolean {
  return command === 'delete' || command === 'cancel';
}

/** Whether a command can stand on a button. */
export function isButtonCommand(command: string): command is ButtonCommand {
  return Object.hasOwn(letters, command);
}

function commandOf(letter: string): ButtonCommand | null {
  const found = Object.entries(letters).find(([, known]) => known === letter)?.[0];
  return found !== undefined && isButtonCommand(found) ? found : null;
}
