import type { Json } from './refusal.ts';
import type { SlackMessage, World } from './world.ts';

const mention = /<(!channel|!here|!everyone|!subteam\^[A-Z0-9]+|@[UW][A-Z0-9]+)(?:\|[^>]*)?>/g;

/** Texts in which the platform looks for mentions: mrkdwn, wherever it stands, but not plain text. */
function markedTexts(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(markedTexts);
  if (typeof value !== 'object' || value === null) return [];
  const { type, text } = value as Json;
  const own = (type === 'mrkdwn' || type === 'markdown') && typeof text === 'string' ? [text] : [];
  const richText = type === 'broadcast' ? [`<!${String((value as Json).range)}>`] : [];
  return [...own, ...richText, ...Object.values(value).flatMap(markedTexts)];
}

/** Note who would have been called to the screen by a message. */
export function recordPings(world: World, message: SlackMessage): void {
  const texts = message.blocks.length > 0 ? markedTexts(message.blocks) : [message.text];
  for (const text of texts) {
    for (const [, what] of text.matchAll(mention)) {
      world.pings.push({ what: what as string, channel: message.channel, ts: message.ts, text });
    }
  }
}
