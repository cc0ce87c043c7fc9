import {
  type APIInteraction,
  ApplicationIntegrationType,
  ChannelType,
  type Client,
  PermissionFlagsBits,
} from 'discord.js';

/** A channel as far as answering there goes. */
export interface Spot {
  readonly guild: string | null;
  readonly channel: string;
  /** The channel that a thread or forum post belongs to; null where the channel is no thread. */
  readonly parent: string | null;
  readonly ageRestricted: boolean;
}

interface ChannelFacts {
  readonly type?: ChannelType;
  readonly nsfw?: boolean;
  readonly parent_id?: string | null;
}

const threadTypes: readonly (ChannelType | undefined)[] = [
  ChannelType.AnnouncementThread,
  ChannelType.PublicThread,
  ChannelType.PrivateThread,
];

/** Where something happened: out of the event itself, and what the gateway has told of the server. */
export function readSpot(client: Client, id: string, guild: string | null, told: ChannelFacts = {}): Spot {
  const known = client.channels.cache.get(id);
  const isThread = threadTypes.includes(told.type) || known?.isThread() === true;
  const parent = isThread ? (told.parent_id ?? (known?.isThread() === true ? known.parentId : null)) : null;
  const above = client.channels.cache.get(parent ?? id);
  // A thread has the age limit of the channel it belongs to, and does not say so itself.
  const ageRestricted = told.nsfw === true || (above !== undefined && 'nsfw' in above && above.nsfw === true);
  return { guild, channel: id, parent, ageRestricted };
}

/** Whether the allow-list, where there is one, lets the bot draw here; a thread goes with its channel. */
export function isAllowed({ channel, parent }: Spot, allowed: readonly string[]): boolean {
  return allowed.length === 0 || allowed.includes(channel) || (parent !== null && allowed.includes(parent));
}

/** Whether the bot's own token reaches the channel of an interaction; that of the interaction always does. */
export function isVisible(interaction: APIInteraction): boolean {
  // A direct message with the bot. Any other channel without a server belongs to other people.
  if (interaction.guild_id === undefined) return interaction.context === 1;
  const owners = interaction.authorizing_integration_owners;
  if (owners[ApplicationIntegrationType.GuildInstall] === undefined) return false;
  return (BigInt(interaction.app_permissions) & PermissionFlagsBits.ViewChannel) !== 0n;
}
