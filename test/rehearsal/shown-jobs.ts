import type { ButtonIds, ReadButton } from '../../src/platforms/button-id.ts';
import { textOf } from '../servers/discord/people/answer.ts';
import { buttonsOf as discordButtonsOf } from '../servers/discord/people/find-component.ts';
import type { DiscordServer } from '../servers/discord/start.ts';
import type { Message } from '../servers/discord/world.ts';
import { buttonsOf as slackButtonsOf } from '../servers/slack/clicking.ts';
import type { SlackServer } from '../servers/slack/start-slack-server.ts';
import type { SlackMessage } from '../servers/slack/world.ts';

/** A message of the bot that is about a job, as people see it now. */
export interface ShownJob<Place> {
  readonly job: string;
  /** `result`: pictures and what can be done with them. */
  readonly state: 'waiting' | 'drawing' | 'result' | 'ended without pictures';
  readonly pictures: number;
  /** Where its buttons are. */
  readonly message: Place;
  /** Where its pictures are. */
  readonly shown: Place;
}

const progressBar = /[▰▱]/u;

/** Everything on Discord that is about jobs; a job that was told of twice is there twice. */
export function jobsOnDiscord({ world, bot }: DiscordServer, ids: ButtonIds): ShownJob<Message>[] {
  const own = [...world.messages.values()].filter(({ author, deleted }) => author === bot && !deleted);
  return own.flatMap((message) => {
    const buttons = discordButtonsOf(message).map(({ custom_id: id }) => ids.read(id ?? ''));
    const isDrawing = progressBar.test(textOf(message));
    return describe(buttons, { isDrawing, pictures: message.attachments.length, message, shown: message });
  });
}

/** The same on Slack, where pictures and buttons are messages of their own. */
export function jobsOnSlack(slack: SlackServer, ids: ButtonIds): ShownJob<SlackMessage>[] {
  const own = messagesOfBot(slack);
  return own.flatMap((message) => {
    const buttons = slackButtonsOf(message).map(({ element }) => ids.read(String(element.value)));
    const shown = own.find(({ ts }) => ts === noteOf(message)?.pictures) ?? message;
    const isDrawing = progressBar.test(JSON.stringify(message.blocks));
    return describe(buttons, { isDrawing, pictures: shown.files.length, message, shown });
  });
}

/** Pictures on Slack that no buttons stand under: half of an answer, or one that was given twice. */
export function strayPictures(slack: SlackServer): SlackMessage[] {
  const own = messagesOfBot(slack);
  const known = new Set(own.filter((message) => noteOf(message)?.part === 'buttons').map(pictureMessageOf));
  return own.filter(({ files, ts }) => files.length > 0 && !known.has(ts));
}

function pictureMessageOf(message: SlackMessage): string | undefined {
  return noteOf(message)?.pictures;
}

function messagesOfBot({ state }: SlackServer): SlackMessage[] {
  const all = [...state.channels.values()].flatMap(({ messages }) => messages);
  return all.filter(({ botId, deleted }) => botId !== null && !deleted);
}

/** What the bot noted in a message's metadata. */
function noteOf({ metadata }: SlackMessage): Partial<Record<'part' | 'pictures', string>> | undefined {
  return (metadata as { event_payload?: Record<string, string> } | null)?.event_payload;
}

function describe<Place>(
  buttons: readonly (ReadButton | null)[],
  { isDrawing, ...rest }: Omit<ShownJob<Place>, 'job' | 'state'> & { readonly isDrawing: boolean },
): ShownJob<Place>[] {
  const known = buttons.filter((button) => button !== null);
  const job = known[0]?.job;
  if (job === undefined) return [];
  const commands = new Set(known.map(({ command }) => command));
  const isEnded = commands.has('again');
  const state = !isEnded
    ? isDrawing
      ? 'drawing'
      : 'waiting'
    : commands.has('vary')
      ? 'result'
      : 'ended without pictures';
  return [{ ...rest, job, state }];
}
