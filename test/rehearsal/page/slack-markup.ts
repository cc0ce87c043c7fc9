import { readableText } from '../../servers/slack/texts.ts';
import { escapeHtml, escapeLink } from './html.ts';

/** How ids read. */
export interface SlackNames {
  user(id: string): string;
  channel(id: string): string;
}

/** `<...>` first, then code; only what is left has other marks in it. */
const pieces = /<([^<>\n]+)>|`([^`\n]+)`/g;

const marks = [
  [/(^|[\s([·])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?=$|[\s.,:;!?)\]·])/g, '$1<strong>$2</strong>'],
  [/(^|[\s(])_([^\s_](?:[^_\n]*[^\s_])?)_(?=$|[\s.,:;!?)])/g, '$1<em>$2</em>'],
] as const;

/** Slack's own markup, as it is kept: `&`, `<` and `>` of people are entities. */
export function renderSlackText(text: string, names: SlackNames): string {
  const lines = text.split('\n').map((line) => {
    if (line === '') return '<div class="gap"></div>';
    return line.startsWith('• ')
      ? `<div class="item">${renderLine(line.slice(2), names)}</div>`
      : `<div>${renderLine(line, names)}</div>`;
  });
  return lines.join('');
}

function renderLine(line: string, names: SlackNames): string {
  // Links and code stand aside as one character each, so that bold text may hold them.
  const aside: string[] = [];
  const plain = line.replace(pieces, (_, bracket: string | undefined, code: string | undefined) => {
    aside.push(bracket === undefined ? `<code>${showText(code ?? '')}</code>` : renderBracket(bracket, names));
    return String.fromCharCode(0xe000 + aside.length - 1);
  });
  const marked = marks.reduce((html, [pattern, replacement]) => html.replace(pattern, replacement), showText(plain));
  return marked.replaceAll(/[\ue000-\uf8ff]/g, (sign) => aside[sign.charCodeAt(0) - 0xe000] ?? '');
}

function renderBracket(inside: string, names: SlackNames): string {
  const [target = '', label] = inside.split('|');
  if (target.startsWith('@')) return `<span class="mention">@${escapeHtml(names.user(target.slice(1)))}</span>`;
  if (target.startsWith('#')) return `<span class="mention">#${escapeHtml(names.channel(target.slice(1)))}</span>`;
  if (target.startsWith('!')) return `<span class="mention">${showText(label ?? target.slice(1))}</span>`;
  return `<a href="${escapeLink(readableText(target))}">${showText(label ?? target)}</a>`;
}

function showText(text: string): string {
  return escapeHtml(readableText(text));
}
