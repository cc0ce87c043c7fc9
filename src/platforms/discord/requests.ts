import type { APIInteraction, APIMessage, APIUser } from 'discord.js';
import type { OptionValue } from '../../../commands/define-command.ts';
import { drawActions, type ReplyTo, type Requester } from '../../jobs/job.ts';
import type { Spot } from './channels.ts';

/** What somebody wants, before it is known whether that can be done. */
export interface Ask {
  readonly command: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** Whether everybody in the channel sees the answer. */
export function isPublic({ command }: Ask): boolean {
  return (drawActions as readonly string[]).includes(command);
}

interface Person {
  readonly user: APIUser;
  readonly nick?: string | null | undefined;
}

/** Who asked. */
export function readRequester(
  { user, nick }: Person,
  guild: string | null,
  locale: string,
  admins: ReadonlySet<string>,
): Requester {
  return {
    platform: 'discord',
    workspace: guild,
    userId: user.id,
    name: nick ?? user.global_name ?? user.username,
    locale,
    isAdmin: admins.has(user.id),
  };
}

/** Who is behind an interaction: in a server it comes with a member, elsewhere with a user. */
export function personOf({ member, user }: APIInteraction): Person {
  if (member !== undefined) return { user: member.user, nick: member.nick };
  if (user !== undefined) return { user };
  throw new TypeError('Expected an interaction to say who it is from, got nobody');
}

/** Who wrote a message. */
export function authorOf(message: APIMessage & { readonly member?: { readonly nick?: string | null } }): Person {
  return { user: message.author, nick: message.member?.nick };
}

/** Where the answer goes. */
export function replyToOf(spot: Spot, message: string | null): ReplyTo {
  return {
    platform: 'discord',
    workspace: spot.guild,
    channel: spot.parent ?? spot.channel,
    thread: spot.parent === null ? null : spot.channel,
    message: message === '' ? null : message,
    ageRestricted: spot.ageRestricted,
  };
}
