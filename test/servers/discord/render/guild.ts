import { snowflakeTime } from '../snowflake.ts';
import type { Channel, Guild, Member, Overwrite, Role, User, World } from '../world.ts';
import { isThread } from '../world.ts';

/** A user as the API shows one. */
export function renderUser(user: User) {
  return {
    id: user.id,
    username: user.username,
    global_name: user.bot ? null : user.displayName,
    discriminator: user.bot ? '0001' : '0',
    avatar: null,
    bot: user.bot,
    public_flags: 0,
  };
}

/** A member without their user, as beside a message. */
export function renderMember(member: Member) {
  return {
    roles: member.roles,
    joined_at: new Date(member.joinedAt).toISOString(),
    nick: null,
    avatar: null,
    banner: null,
    premium_since: null,
    deaf: false,
    mute: false,
    pending: false,
    flags: 0,
    communication_disabled_until: null,
  };
}

export function renderRole(role: Role, guild: Guild) {
  return {
    id: role.id,
    name: role.name,
    permissions: String(role.permissions),
    position: role.id === guild.id ? 0 : 1,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    managed: false,
    mentionable: false,
    icon: null,
    unicode_emoji: null,
    flags: 0,
  };
}

function renderOverwrite(overwrite: Overwrite) {
  return {
    id: overwrite.id,
    type: overwrite.kind === 'role' ? 0 : 1,
    allow: String(overwrite.allow),
    deny: String(overwrite.deny),
  };
}

/** A channel, thread or direct message. */
export function renderChannel(channel: Channel) {
  const { id, type, name, guildId } = channel;
  if (guildId === null) {
    return {
      id,
      type,
      last_message_id: null,
      flags: 0,
      recipients: channel.recipients.filter((user) => !user.bot).map(renderUser),
      ...(type === 3 ? { name, owner_id: channel.ownerId, icon: null } : {}),
    };
  }
  const shared = { id, type, name, guild_id: guildId, parent_id: channel.parentId, flags: 0, last_message_id: null };
  if (isThread(channel)) {
    return {
      ...shared,
      owner_id: channel.ownerId,
      message_count: 0,
      total_message_sent: 0,
      member_count: channel.threadMembers.size,
      rate_limit_per_user: 0,
      thread_metadata: {
        archived: channel.archived,
        locked: channel.locked,
        auto_archive_duration: 1440,
        archive_timestamp: new Date(snowflakeTime(id)).toISOString(),
        create_timestamp: new Date(snowflakeTime(id)).toISOString(),
      },
    };
  }
  return {
    ...shared,
    position: 0,
    topic: null,
    nsfw: channel.ageRestricted,
    rate_limit_per_user: 0,
    permission_overwrites: channel.overwrites.map(renderOverwrite),
    ...(type === 15 ? { available_tags: [], default_reaction_emoji: null, default_sort_order: null } : {}),
  };
}

/** A server without what is in it. */
export function renderGuild(guild: Guild) {
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    banner: null,
    owner_id: guild.ownerId,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    vanity_url_code: null,
    description: null,
    premium_tier: guild.boostTier,
    premium_subscription_count: 0,
    premium_progress_bar_enabled: false,
    preferred_locale: guild.locale,
    application_id: null,
    features: [],
    emojis: [],
    stickers: [],
    roles: [...guild.roles.values()].map((role) => renderRole(role, guild)),
    max_members: 500_000,
    max_video_channel_users: 25,
    incidents_data: null,
  };
}

/** What the gateway says of a server that the bot is in. */
export function renderWholeGuild(world: World, guild: Guild, bot: User, sees: (channel: Channel) => boolean) {
  const channels = [...world.channels.values()].filter((channel) => channel.guildId === guild.id);
  const me = guild.members.get(bot.id);
  return {
    ...renderGuild(guild),
    joined_at: new Date(me?.joinedAt ?? 0).toISOString(),
    large: false,
    unavailable: false,
    member_count: guild.members.size,
    voice_states: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
    members: me === undefined ? [] : [{ ...renderMember(me), user: renderUser(bot) }],
    channels: channels.filter((channel) => !isThread(channel)).map(renderChannel),
    threads: channels.filter((channel) => isThread(channel) && !channel.archived && sees(channel)).map(renderChannel),
  };
}
