import { escapeHtml, escapeLink } from './html.ts';

/** How ids read. */
export interface DiscordNames {
  user(id: string): string;
  channel(id: string): string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly render: (found: RegExpExecArray, inner: (text: string) => string, names: DiscordNames) => string;
}

/** What stands within a line; the first rule that fits wins. Each pattern is sticky. */
const rules: readonly Rule[] = [
  { pattern: /\\([^\w\s])/y, render: ([, sign = '']) => escapeHtml(sign) },
  { pattern: /`([^`\n]+)`/y, render: ([, code = '']) => `<code>${escapeHtml(code)}</code>` },
  { pattern: /\*\*((?:\\.|[^\\])+?)\*\*/y, render: ([, text = ''], inner) => `<strong>${inner(text)}</strong>` },
  { pattern: /\*((?:\\.|[^\\*])+?)\*/y, render: ([, text = ''], inner) => `<em>${inner(text)}</em>` },
  {
    pattern: /\[((?:\\.|[^\\\]])+)\]\(([^()\s]+)\)/y,
    render: ([, text = '', url = ''], inner) => `<a href="${escapeLink(url)}">${inner(text)}</a>`,
  },
  {
    pattern: /<@!?(\d+)>/y,
    render: ([, id = ''], _inner, names) => `<span class="mention">@${escapeHtml(names.user(id))}</span>`,
  },
  {
    pattern: /<#(\d+)>/y,
    render: ([, id = ''], _inner, names) => `<span class="mention">#${escapeHtml(names.channel(id))}</span>`,
  },
  { pattern: /<t:(\d+):R>/y, render: () => '<span class="mention">soon</span>' },
];

/** Discord's Markdown, as far as the bot and people in a rehearsal use it. */
export function renderDiscordText(text: string, names: DiscordNames): string {
  const inner = (part: string) => renderInline(part, names);
  return text
    .split('\n')
    .map((line) => {
      if (line.startsWith('-# ')) return `<div class="small">${inner(line.slice(3))}</div>`;
      if (line.startsWith('- ')) return `<div class="item">${inner(line.slice(2))}</div>`;
      return line === '' ? '<div class="gap"></div>' : `<div>${inner(line)}</div>`;
    })
    .join('');
}

function renderInline(text: string, names: DiscordNames): string {
  let html = '';
  let at = 0;
  while (at < text.length) {
    const next = match(text, at);
    if (next === null) {
      html += escapeHtml(text.charAt(at));
      at += 1;
      continue;
    }
    html += next.rule.render(next.found, (part) => renderInline(part, names), names);
    at += next.found[0].length;
  }
  return html;
}

function match(text: string, at: number): { rule: Rule; found: RegExpExecArray } | null {
  for (const rule of rules) {
    rule.pattern.lastIndex = at;
    const found = rule.pattern.exec(text);
    if (found !== null) return { rule, found };
  }
  return null;
}
