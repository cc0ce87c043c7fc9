import { clockTime, type Line } from '../narrator.ts';
import { escapeHtml } from './html.ts';

/** Who wrote a message, as a page shows them. */
export interface Author {
  readonly name: string;
  readonly isBot: boolean;
}

export interface Envelope {
  readonly author: Author;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The one person who sees it. */
  readonly onlyFor: string | null;
  /** HTML above the name: what it answers. */
  readonly above: string;
  /** Whether it goes on from the message before, of the same author. */
  readonly isContinued: boolean;
}

/** The bot's sign, ours: four pictures. */
export const sign =
  '<svg viewBox="0 0 36 36" aria-hidden="true"><rect x="1" y="1" width="16" height="16" rx="5" fill="#ff7a59"/><rect x="19" y="1" width="16" height="16" rx="5" fill="#ffc24b"/><rect x="1" y="19" width="16" height="16" rx="5" fill="#3fb6a8"/><rect x="19" y="19" width="16" height="16" rx="5" fill="#6c5ce7"/></svg>';

export function avatar({ name, isBot }: Author): string {
  if (isBot) return `<span class="avatar bot">${sign}</span>`;
  const hue = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 360, 7);
  return `<span class="avatar" style="--hue:${hue}" aria-hidden="true">${escapeHtml(name.slice(0, 1))}</span>`;
}

/** A message with whatever it says. */
export function messageFrame({ author, at, onlyFor, above, isContinued }: Envelope, body: string): string {
  const classes = ['message', ...(onlyFor === null ? [] : ['private']), ...(isContinued ? ['continued'] : [])];
  const bot = author.isBot ? '<span class="tag">bot</span>' : '';
  const whisper = onlyFor === null ? '' : `<span class="whisper">only ${escapeHtml(onlyFor)} sees this</span>`;
  const head = `<header><b>${escapeHtml(author.name)}</b>${bot}<time>${clockTime(at)}</time>${whisper}</header>`;
  return `<article class="${classes.join(' ')}">${above === '' ? '' : `<div class="above">${above}</div>`}
${isContinued ? '<span></span>' : avatar(author)}<div class="body">${isContinued && onlyFor === null ? '' : head}${body}</div></article>`;
}

export interface ShownPicture {
  readonly source: string;
  readonly altText: string;
}

/** Pictures side by side, two in a row. */
export function pictureGrid(pictures: readonly ShownPicture[]): string {
  const images = pictures.map(
    ({ source, altText }) => `<img src="${escapeHtml(source)}" alt="${escapeHtml(altText)}" loading="eager">`,
  );
  return `<div class="pictures${pictures.length === 1 ? ' single' : ''}">${images.join('')}</div>`;
}

export type ButtonLook = 'plain' | 'strong' | 'danger';

export function pill(label: string, look: ButtonLook): string {
  return `<span class="pill ${look}">${escapeHtml(label)}</span>`;
}

export function pillRow(pills: readonly string[]): string {
  return `<div class="pills">${pills.join('')}</div>`;
}

/** What went wrong behind the scenes, between the messages. */
export function troubleLine({ at, where, text }: Line): string {
  return `<p class="trouble"><time>${clockTime(at)}</time> ${escapeHtml([where, text].filter(Boolean).join(' '))}</p>`;
}
