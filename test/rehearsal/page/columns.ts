import type { Channel, World as DiscordWorld, Message } from '../../servers/discord/world.ts';
import type { SlackChannel, SlackEphemeral, SlackMessage } from '../../servers/slack/world.ts';
import { type DiscordScene, renderDiscordMessage } from './discord-message.ts';
import { renderSlackMessage, renderSlackNote, type SlackScene } from './slack-message.ts';
import type { Item } from './timeline.ts';

/** Messages of one author that come within this time stand together. */
const togetherMs = 120_000;

/** A channel on Discord with the private answers in it; what is in a thread stands below its parent. */
export function discordItems(channel: Channel, scene: DiscordScene): Item[] {
  return messagesOf(channel, scene.world).map((message) => {
    const thread = message.threadId === null ? undefined : scene.world.channels.get(message.threadId);
    const replies = thread === undefined ? [] : messagesOf(thread, scene.world);
    const html = renderDiscordMessage(message, scene);
    const below = replies.map((reply) => renderDiscordMessage(reply, scene));
    return { at: message.versions[0]?.at ?? 0, html: html + renderThread(below) };
  });
}

function messagesOf(channel: Channel, { messages }: DiscordWorld): Message[] {
  return [...messages.values()].filter((message) => message.channel === channel && !message.deleted);
}

/** A channel on Slack, the same way; a thread waits until its parent's author is interrupted. */
export function slackItems(channel: SlackChannel, scene: SlackScene): Item[] {
  const present = channel.messages.filter(({ deleted }) => !deleted);
  const notes = scene.world.ephemerals.filter((note) => note.channel === channel.id && !note.deleted);
  const top = present.filter(({ threadTs, ts }) => threadTs === null || threadTs === ts);
  const all = [...top, ...notes].toSorted((left, right) => Number(left.ts) - Number(right.ts));
  let waiting = '';
  return all.map((entry, index) => {
    const isContinued = goesOn(entry, all[index - 1]);
    const before = isContinued ? '' : waiting;
    if (!isContinued) waiting = '';
    waiting += renderThread(repliesTo(entry.ts, present, scene));
    const html = isMessage(entry) ? renderSlackMessage(entry, isContinued, scene) : renderSlackNote(entry, scene);
    const isLast = index === all.length - 1;
    return { at: Number(entry.ts) * 1_000, html: before + html + (isLast ? waiting : '') };
  });
}

function repliesTo(ts: string, present: readonly SlackMessage[], scene: SlackScene): string[] {
  const replies = present.filter((message) => message.threadTs === ts && message.ts !== ts);
  return replies.map((reply, place) => renderSlackMessage(reply, goesOn(reply, replies[place - 1]), scene));
}

function isMessage(entry: SlackMessage | SlackEphemeral): entry is SlackMessage {
  return 'versions' in entry;
}

function goesOn(entry: SlackMessage | SlackEphemeral, before: SlackMessage | SlackEphemeral | undefined): boolean {
  if (before === undefined || !isMessage(entry) || !isMessage(before) || before.user !== entry.user) return false;
  return (Number(entry.ts) - Number(before.ts)) * 1_000 < togetherMs;
}

function renderThread(messages: readonly string[]): string {
  if (messages.length === 0) return '';
  return `<section class="thread"><h3>Thread</h3>${messages.join('')}</section>`;
}
