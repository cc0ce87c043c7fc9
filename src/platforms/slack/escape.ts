import { commands } from '../../../commands/index.ts';
import { inEveryLanguage } from '../../messages/messages.ts';

/**
 * Text that Slack shows as it is. `<` and `>` open links, mentions and `<!channel>`, and `&` opens entities: nothing
 * that a person typed may.
 */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** What a person typed, as Slack handed it over: entities are characters again. */
export function unescapeText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

const typed = commands.filter(({ surface }) => surface === 'slash');
/** A command's names in every language, with what is typed here for each: Slack knows two commands only. */
const typedHere = new Map(
  typed.flatMap((command) =>
    inEveryLanguage((messages) => command.text(messages).name).map((name) => [
      name,
      command.name === 'imagine' ? '/imagine' : `/quartet ${name}`,
    ]),
  ),
);
const anyCommand = new RegExp(`(?<![\\p{L}\\p{N}_/])/(${[...typedHere.keys()].join('|')})(?![\\p{L}\\p{N}_-])`, 'gu');

/** The core's Markdown in Slack's own: `*bold*`, bullets, and the commands by the names that they have here. */
export function toMrkdwn(markdown: string): string {
  return escapeText(markdown)
    .replaceAll(/\*\*([^*\n]+)\*\*/gu, '*$1*')
    .replaceAll(/^- /gmu, '• ')
    .replaceAll(anyCommand, (whole, name: string) => typedHere.get(name) ?? whole);
}

/** A person's text in bold. Slack knows no escape for its own marks, so those are taken out. */
export function bold(text: string): string {
  return `*${escapeText(text.replaceAll(/[*`~\n\r]/gu, ' ').trim())}*`;
}
