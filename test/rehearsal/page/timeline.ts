import type { Line } from '../narrator.ts';
import { troubleLine } from './parts.ts';

/** Something that stands in a channel. */
export interface Item {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly html: string;
}

/** What a channel looks like, oldest first, with the bot's troubles in between. */
export function renderTimeline(items: readonly Item[], troubles: readonly Line[]): string {
  const lines = troubles.map((line): Item => ({ at: line.at, html: troubleLine(line) }));
  const all = [...items, ...lines].toSorted((left, right) => left.at - right.at);
  return all.map(({ html }) => html).join('\n');
}

/** The troubles of one platform, and those of the bot itself. */
export function troublesOf(lines: readonly Line[], where: Line['where']): Line[] {
  return lines.filter((line) => line.kind === 'trouble' && (line.where === where || line.where === null));
}
