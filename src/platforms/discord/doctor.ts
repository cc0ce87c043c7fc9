import {
  type APIApplication,
  type APIChannel,
  type APIGuild,
  type APIGuildMember,
  ApplicationFlags,
  PermissionFlagsBits,
  PermissionsBitField,
  type REST,
  RESTEvents,
  Routes,
} from 'discord.js';
import { commands } from '../../../commands/index.ts';
import type { Finding } from '../../doctor/finding.ts';
import { createRest } from './client.ts';
import { renderDiscordCommands } from './commands-render.ts';
import type { DiscordConfig } from './discord-parts.ts';
import { troubleOf } from './errors.ts';
import { compareRegistration, isDifferent } from './registration.ts';
import { startError } from './start-error.ts';

/** What the bot needs where it draws. */
const needed = {
  'View Channel': PermissionFlagsBits.ViewChannel,
  'Send Messages': PermissionFlagsBits.SendMessages,
  'Send Messages in Threads': PermissionFlagsBits.SendMessagesInThreads,
  'Attach Files': PermissionFlagsBits.AttachFiles,
  'Read Message History': PermissionFlagsBits.ReadMessageHistory,
} as const;

/** Interactions are answered by Discord's clock, and times left are shown by ours. */
const maxClockSkewMs = 5_000;

const good = (what: string): Finding => ({ state: 'good', what, advice: null });
const warning = (what: string, advice: string): Finding => ({ state: 'warning', what, advice });
const bad = (what: string, advice: string): Finding => ({ state: 'bad', what, advice });

/** Looks at everything that Discord can tell about the set-up; writes nothing. */
export async function checkDiscord(config: DiscordConfig, clock: () => number): Promise<readonly Finding[]> {
  const rest = createRest(config);
  const skews: number[] = [];
  rest.on(RESTEvents.Response, (_request, { headers }) => {
    const told = Date.parse(headers.get('date') ?? '');
    if (Number.isFinite(told)) skews.push(clock() - told);
  });
  let application: APIApplication;
  try {
    // What Discord documents for this address.
    application = (await rest.get(Routes.currentApplication())) as APIApplication;
  } catch (error) {
    return [bad('Discord does not let the bot in.', startError(error, config).message)];
  }
  const findings = [
    good(`The token belongs to the application ${application.name}.`),
    intentFinding(application),
    await registrationFinding(rest, application, config),
    ...(await placeFindings(rest, application, config)),
  ];
  return [...findings, ...clockFindings(skews)];
}

function intentFinding({ flags }: APIApplication): Finding {
  const mayRead = ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;
  if ((flags ?? 0) & mayRead) return good('Message Content is switched on: words in the thread of a result are read.');
  return warning(
    'Message Content is switched off: in threads the bot reads only messages that mention it.',
    'If people should be able to answer in a thread without a mention, switch it on in the Developer Portal, page Bot.',
  );
}

async function registrationFinding(rest: REST, { id }: APIApplication, config: DiscordConfig): Promise<Finding> {
  const guild = config.DISCORD_GUILD_ID;
  try {
    const wanted = renderDiscordCommands(commands);
    const difference = await compareRegistration({ rest, applicationId: id, guild, commands: wanted });
    if (!isDifferent(difference)) return good('The registered commands are those of this version.');
    const names = [...difference.added, ...difference.changed, ...difference.removed];
    return warning(`The registered commands differ: ${names.join(', ')}.`, 'Run npm run register, or start the bot.');
  } catch (error) {
    return bad('The registered commands could not be read.', startError(error, config).message);
  }
}

/** The servers and channels that the settings name, and what the bot may do there. */
async function placeFindings(
  rest: REST,
  application: APIApplication,
  { DISCORD_GUILD_ID, DISCORD_CHANNELS }: DiscordConfig,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (DISCORD_GUILD_ID !== null) findings.push(await guildFinding(rest, application, DISCORD_GUILD_ID));
  for (const id of DISCORD_CHANNELS) findings.push(await channelFinding(rest, application, id));
  return findings;
}

async function guildFinding(rest: REST, application: APIApplication, id: string): Promise<Finding> {
  try {
    const { guild, permissions } = await guildPermissions(rest, application, id);
    return permissionFinding(`the server ${guild.name}`, permissions);
  } catch (error) {
    if (troubleOf(error) === 'discord_away') throw error;
    return bad(`DISCORD_GUILD_ID: the bot is not in the server ${id}.`, 'Add it with the link that README describes.');
  }
}

async function channelFinding(rest: REST, application: APIApplication, id: string): Promise<Finding> {
  try {
    // What Discord documents for this address.
    const channel = (await rest.get(Routes.channel(id))) as APIChannel;
    if (!('guild_id' in channel) || channel.guild_id === undefined) return good(`The channel ${id} is there.`);
    const { permissions, member, guild } = await guildPermissions(rest, application, channel.guild_id);
    const overwrites = 'permission_overwrites' in channel ? (channel.permission_overwrites ?? []) : [];
    return permissionFinding(`the channel #${channel.name}`, withOverwrites(permissions, overwrites, guild.id, member));
  } catch (error) {
    if (troubleOf(error) === 'discord_away') throw error;
    return bad(
      `DISCORD_CHANNELS: the bot cannot see the channel ${id}.`,
      'Check the id, and give the bot View Channel there.',
    );
  }
}

function permissionFinding(where: string, permissions: bigint): Finding {
  const missing = Object.entries(needed).filter(([, bit]) => (permissions & bit) === 0n);
  if (missing.length === 0) return good(`In ${where} the bot has the permissions that it needs.`);
  const names = missing.map(([name]) => name).join(', ');
  return bad(`In ${where} the bot lacks ${names}.`, `Give its role ${names} there.`);
}

async function guildPermissions(rest: REST, application: APIApplication, id: string) {
  // What Discord documents for these addresses.
  const guild = (await rest.get(Routes.guild(id))) as APIGuild;
  const self = application.bot?.id ?? application.id;
  const member = (await rest.get(Routes.guildMember(id, self))) as APIGuildMember;
  const held = [id, ...member.roles].map((role) => guild.roles.find((known) => known.id === role)?.permissions ?? '0');
  const permissions = held.reduce((all, one) => all | BigInt(one), 0n);
  const isAdministrator = (permissions & PermissionFlagsBits.Administrator) !== 0n;
  return { guild, member, permissions: isAdministrator ? PermissionsBitField.All : permissions };
}

/** https://discord.com/developers/docs/topics/permissions#permission-overwrites */
function withOverwrites(
  base: bigint,
  overwrites: readonly { readonly id: string; readonly allow: string; readonly deny: string }[],
  guild: string,
  { roles, user }: APIGuildMember,
): bigint {
  if (base === PermissionsBitField.All) return base;
  const groups = [[guild], roles, [user.id]];
  return groups.reduce((held, ids) => {
    const rules = overwrites.filter(({ id }) => ids.includes(id));
    const deny = rules.reduce((all, rule) => all | BigInt(rule.deny), 0n);
    const allow = rules.reduce((all, rule) => all | BigInt(rule.allow), 0n);
    return (held & ~deny) | allow;
  }, base);
}

function clockFindings(skews: readonly number[]): readonly Finding[] {
  const [skew] = [...skews].sort((left, right) => Math.abs(left) - Math.abs(right));
  if (skew === undefined) return [];
  // The header has whole seconds, and the way here takes its time.
  if (Math.abs(skew) <= maxClockSkewMs) return [good('The clock of this machine agrees with Discord’s.')];
  const seconds = Math.round(Math.abs(skew) / 1_000);
  const side = skew > 0 ? 'ahead of' : 'behind';
  return [
    warning(`The clock of this machine is ${seconds} s ${side} Discord’s.`, 'Let it follow a time server (NTP).'),
  ];
}
