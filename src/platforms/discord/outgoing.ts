import type { APIMessageTopLevelComponent, RawFile } from 'discord.js';
import { MessageFlags } from 'discord.js';
import { truncate } from '../../messages/truncate.ts';
import { discordLimits } from './limits.ts';

/** A file that goes along with a message. */
export interface OutgoingFile {
  readonly name: string;
  readonly data: Uint8Array;
  readonly contentType: string;
  /** For screen readers. */
  readonly altText: string;
  /** Behind a cover, until whoever looks lifts it. */
  readonly isVeiled?: boolean;
}

/** A message as the bot writes it. */
export type OutgoingMessage =
  | { readonly content: string; readonly onlyForRequester?: boolean }
  | {
      readonly components: readonly APIMessageTopLevelComponent[];
      readonly files?: readonly OutgoingFile[];
      readonly onlyForRequester?: boolean;
    };

/** The body of a request that writes or edits a message. Nobody is ever rung by it. Pure. */
export function messageBody(message: OutgoingMessage) {
  const flags = message.onlyForRequester === true ? MessageFlags.Ephemeral : 0;
  const silent = { allowed_mentions: { parse: [], replied_user: false } };
  if ('content' in message) return { ...silent, flags, content: message.content };
  const files = message.files ?? [];
  return {
    ...silent,
    flags: flags | MessageFlags.IsComponentsV2,
    components: message.components,
    // Files that are not named here are taken off a message that is edited.
    attachments: files.map(({ name, altText }, id) => ({
      id,
      filename: name,
      description: truncate(altText, discordLimits.maxAltTextLength),
    })),
  };
}

/** The files of a message as discord.js sends them. */
export function rawFiles(message: OutgoingMessage): RawFile[] {
  const files = 'components' in message ? (message.files ?? []) : [];
  return files.map(({ name, data, contentType }) => ({ name, data: Buffer.from(data), contentType }));
}
