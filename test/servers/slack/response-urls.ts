import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkMessageBlocks } from './block-kit.ts';
import { rewrite, whisper } from './ephemerals.ts';
import { edit, findMessage, post, remove } from './messages.ts';
import type { Platform } from './platform.ts';
import { readBytes } from './read-body.ts';
import { type Json, Refusal } from './refusal.ts';
import { type ResponseTicket, responseLifeMs, responseUses } from './tickets.ts';
import { answerWithTrouble } from './trouble.ts';
import type { SlackChannel, SlackTeam } from './world.ts';

/** A POST to a response URL: text and blocks only, five times in 30 minutes. */
export async function answerResponseUrl(
  platform: Platform,
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
): Promise<void> {
  const body = (await readBytes(request)).toString();
  const storm = platform.weather.meet('response_url');
  if (storm !== null && !storm.afterWork) {
    answerWithTrouble(response, storm.trouble);
    return;
  }
  const ticket = platform.tickets.findResponse(token);
  const call = { method: 'response_url', team: ticket?.team ?? null, arguments: {}, atMs: platform.world.clock.now() };
  try {
    if (ticket === null) throw new Refusal('invalid_url');
    if (platform.world.clock.now() - ticket.bornMs > responseLifeMs) throw new Refusal('expired_url');
    if (ticket.uses >= responseUses) throw new Refusal('used_url');
    const answer = parse(body);
    ticket.uses += 1;
    applyAnswer(platform, ticket, answer);
    platform.world.calls.push({ ...call, arguments: answer, answer: 'ok' });
    platform.world.changed();
    if (storm !== null) answerWithTrouble(response, storm.trouble);
    else response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    platform.world.calls.push({ ...call, answer: error.code });
    platform.world.changed();
    const gone = error.code.endsWith('_url');
    response.writeHead(gone ? 404 : 400, { 'content-type': 'text/plain' }).end(gone ? 'no_service' : error.code);
  }
}

/** What an app says to a command or a click, with the acknowledgement or over the response URL. */
export function applyAnswer(platform: Platform, ticket: ResponseTicket, answer: Json): void {
  const { world } = platform;
  const team = world.teams.get(ticket.team) as SlackTeam;
  const channel = world.channels.get(ticket.channel) as SlackChannel;
  if (answer.files !== undefined || answer.file !== undefined) throw new Refusal('invalid_payload');
  const message = ticket.message === null ? null : findMessage(channel, ticket.message);
  const ephemeral = world.ephemerals.find(({ ts, deleted }) => ts === ticket.message && !deleted) ?? null;

  if (answer.delete_original === true) {
    if (message !== null) remove(platform, team, message);
    if (ephemeral !== null) ephemeral.deleted = true;
    return;
  }
  const { text, blocks } = readAnswer(platform, channel, answer);
  if (answer.replace_original === true && message !== null) {
    edit(platform, team, message, { text, blocks });
    return;
  }
  if (answer.replace_original === true && ephemeral !== null) {
    rewrite(world, ephemeral, { text, blocks });
    return;
  }
  const threadTs = typeof answer.thread_ts === 'string' ? answer.thread_ts : null;
  if (answer.response_type === 'in_channel') {
    post(platform, team, channel, { user: team.botUser, botId: team.botId, text, blocks, threadTs });
    return;
  }
  whisper(world, { channel: channel.id, user: ticket.user, threadTs: threadTs ?? ticket.threadTs }, { text, blocks });
}

function readAnswer(platform: Platform, channel: SlackChannel, answer: Json): { text: string; blocks: Json[] } {
  const text = typeof answer.text === 'string' ? answer.text : '';
  const blocks =
    answer.blocks === undefined ? [] : checkMessageBlocks(platform, channel, answer.blocks, 'invalid_blocks');
  if (text === '' && blocks.length === 0) throw new Refusal('no_text');
  return { text, blocks };
}

function parse(body: string): Json {
  try {
    const value = JSON.parse(body) as unknown;
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch {
    // Said below, like everything else that is no object.
  }
  throw new Refusal('invalid_payload');
}
