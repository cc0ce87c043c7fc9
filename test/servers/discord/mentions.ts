import type { AllowedMentions } from './forms/message-form.ts';
import { may } from './permissions.ts';
import type { Channel, Mentions, User, World } from './world.ts';

/** Whom a message rings, after `allowed_mentions` and the permissions of its author. */
export function findMentions(
  world: World,
  options: {
    readonly texts: readonly string[];
    readonly allowed: AllowedMentions | null;
    readonly channel: Channel;
    readonly author: User;
    readonly repliedTo: User | null;
  },
): Mentions {
  const { allowed, channel, author, repliedTo } = options;
  // What stands in code is not parsed.
  const text = options.texts.join('\n').replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
  const guild = channel.guildId === null ? undefined : world.guilds.get(channel.guildId);
  const parses = (kind: 'users' | 'roles' | 'everyone') => allowed === null || (allowed.parse?.includes(kind) ?? false);
  const allows = (kind: 'users' | 'roles', id: string) => parses(kind) || (allowed?.[kind]?.includes(id) ?? false);
  const ringsMany = guild !== undefined && may(world, channel, author, 'MentionEveryone');

  const users = new Set(
    [...text.matchAll(/<@!?(\d+)>/g)]
      .map((found) => found[1] as string)
      .filter((id) => world.users.has(id) && allows('users', id)),
  );
  if (repliedTo !== null && (allowed === null || allowed.replied_user === true)) users.add(repliedTo.id);
  const roles = [...text.matchAll(/<@&(\d+)>/g)]
    .map((found) => found[1] as string)
    .filter((id) => guild?.roles.has(id) === true && ringsMany && allows('roles', id));
  return {
    users: [...users],
    roles: [...new Set(roles)],
    everyone: /@(everyone|here)\b/.test(text) && ringsMany && parses('everyone'),
  };
}
