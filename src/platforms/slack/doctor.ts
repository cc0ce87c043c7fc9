import { z } from 'zod';
import type { Config } from '../../config.ts';
import type { Finding } from '../../doctor/finding.ts';
import { slackLimits } from './limits.ts';
import { botScopes } from './manifest.ts';
import { callTimeoutMs } from './retry-policies.ts';

export interface CheckSlackOptions {
  readonly clock: () => number;
}

interface Answer {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

const advice = {
  token: 'Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions of your app into SLACK_BOT_TOKEN.',
  appToken:
    'Basic Information, App-Level Tokens: make one with the scope connections:write, and switch Socket Mode on.',
  scopes: 'Run npm run register, paste the manifest under App Manifest, and install the app again.',
  invite: 'Invite the bot with /invite @Quartet.',
  clock: 'Set the clock of this machine, by NTP for example: Slack refuses what is five minutes off.',
} as const;

/** Slack as `npm run doctor` sees it: tokens, scopes, Socket Mode, workspace, membership, clock. Changes nothing. */
export async function checkSlack(config: Config, { clock }: CheckSlackOptions): Promise<readonly Finding[]> {
  const { SLACK_BOT_TOKEN: token, SLACK_CLIENT_ID: clientId } = config;
  if (token === null && clientId === null)
    return [good('It is off: neither SLACK_BOT_TOKEN nor SLACK_CLIENT_ID is set.')];
  if (token === null) return [good('Slack: people install the bot themselves at /slack/install.'), ...mode(config)];
  const identity = await ask(config, 'auth.test', token);
  if (identity === null) {
    return [bad(`Slack does not answer at ${config.SLACK_API_URL}.`, 'Check the network, and SLACK_API_URL.')];
  }
  const clockFinding = checkClock(identity.headers, clock());
  if (identity.body.ok !== true) {
    return [bad(`Slack does not take the bot token: ${wordOf(identity)}.`, advice.token), ...clockFinding];
  }
  return [
    good(`Slack knows the bot as ${String(identity.body.user)} in ${String(identity.body.team)}.`),
    ...checkScopes(identity.headers),
    ...(config.SLACK_APP_TOKEN === null ? mode(config) : await checkSocketMode(config, config.SLACK_APP_TOKEN)),
    ...(await checkMembership(config, token)),
    ...clockFinding,
  ];
}

function checkScopes(headers: Headers): Finding[] {
  const granted = new Set((headers.get('x-oauth-scopes') ?? '').split(',').map((scope) => scope.trim()));
  const missing = Object.entries(botScopes).filter(([scope]) => !granted.has(scope));
  if (missing.length === 0) return [good('The bot token has every scope that it needs.')];
  return missing.map(([scope, purpose]) => bad(`The bot token lacks the scope ${scope}, ${purpose}.`, advice.scopes));
}

async function checkSocketMode(config: Config, appToken: string): Promise<Finding[]> {
  const opened = await ask(config, 'apps.connections.open', appToken);
  if (opened?.body.ok === true) return [good('Socket Mode is open to the app-level token.')];
  const word = wordOf(opened);
  return [bad(`Slack opens no socket for the app-level token: ${word}.`, advice.appToken)];
}

function mode({ SLACK_SIGNING_SECRET }: Config): Finding[] {
  if (SLACK_SIGNING_SECRET === null) return [];
  return [
    {
      state: 'good',
      what: 'HTTP mode: Slack has to reach /slack/events of this program.',
      advice:
        'The Request URL of your app is https://<your address>/slack/events, in three places; npm run register sets them.',
    },
  ];
}

const channelsSchema = z.object({
  channels: z.array(z.object({ id: z.string(), is_member: z.boolean().optional() })),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});
/** Of a thousand channels each. */
const maxPages = 5;

async function checkMembership(config: Config, token: string): Promise<Finding[]> {
  const joined = await joinedChannels(config, token);
  if (typeof joined === 'string') {
    return [warning(`Slack does not say in which channels the bot is: ${joined}.`, advice.scopes)];
  }
  const absent = config.SLACK_CHANNELS.filter((id) => id.startsWith('C') && !joined.has(id));
  if (absent.length > 0) {
    return absent.map((id) => warning(`The bot is not in ${id}, which SLACK_CHANNELS names.`, advice.invite));
  }
  if (joined.size > 0) return [good(`The bot is in ${joined.size} channel${joined.size === 1 ? '' : 's'}.`)];
  return [warning('The bot is in no channel yet; it joins public ones when it is asked there.', advice.invite)];
}

/** The ids, or Slack's word for why it does not tell. */
async function joinedChannels(config: Config, token: string): Promise<Set<string> | string> {
  const joined = new Set<string>();
  let cursor = '';
  for (let page = 0; page < maxPages; page++) {
    const types = 'public_channel,private_channel';
    const asked = { types, limit: '1000', exclude_archived: 'true', ...(cursor === '' ? {} : { cursor }) };
    const answer = await ask(config, 'conversations.list', token, asked);
    const parsed = channelsSchema.safeParse(answer?.body);
    if (!parsed.success) return wordOf(answer);
    for (const { id, is_member } of parsed.data.channels) if (is_member === true) joined.add(id);
    cursor = parsed.data.response_metadata?.next_cursor ?? '';
    if (cursor === '') break;
  }
  return joined;
}

function checkClock(headers: Headers, now: number): Finding[] {
  const theirs = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return [];
  const seconds = Math.round(Math.abs(now - theirs) / 1_000);
  if (seconds < 60) return [good('The clock agrees with Slack’s.')];
  const what = `The clock is ${seconds} s away from Slack’s.`;
  return [seconds < slackLimits.requestAgeSeconds ? warning(what, advice.clock) : bad(what, advice.clock)];
}

/** Slack's word for what is wrong. */
function wordOf(answer: Answer | null): string {
  const word = answer?.body.error;
  return typeof word === 'string' ? word : 'no answer';
}

/** Without the library: headers are what is looked for. Null where Slack does not answer. */
async function ask(
  { SLACK_API_URL }: Config,
  method: string,
  token: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answer | null> {
  try {
    const response = await fetch(new URL(method, SLACK_API_URL), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams(parameters),
      redirect: 'error',
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    const body = z.record(z.string(), z.unknown()).parse(await response.json());
    return { body, headers: response.headers };
  } catch {
    return null;
  }
}

const good = (what: string): Finding => ({ state: 'good', what, advice: null });
const warning = (what: string, todo: string): Finding => ({ state: 'warning', what, advice: todo });
const bad = (what: string, todo: string): Finding => ({ state: 'bad', what, advice: todo });
