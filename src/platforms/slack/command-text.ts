import type { CommandLine } from '../../../commands/command-line.ts';
import { commands, parseCommandLine } from '../../../commands/index.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { Messages } from '../../messages/messages.ts';
import type { SlackMessages } from '../../messages/slack.ts';
import { unescapeText } from './escape.ts';

/** A mention as Slack writes it into a text: `<@U123>` or `<@U123|ada>`. */
const mention = /<@([A-Z0-9]+)(?:\|[^>]*)?>/gu;
const channelLink = /<#([A-Z0-9]+)(?:\|([^>]*))?>/gu;
/** `<https://example.com|example.com>`; also the special ones, `<!here>`. */
const link = /<([^<>|]*)(?:\|([^<>]*))?>/gu;

/** `/imagine <text>` or `/quartet <command> <text>` as the line that the commands read. */
export function readSlashCommand(command: string, text: string, messages: Messages, say: SlackMessages): CommandLine {
  const line = plainText(text);
  const read =
    command === '/imagine'
      ? parseCommandLine(`/imagine ${line}`, messages)
      : parseCommandLine(line === '' ? '/help' : `/${line.replace(/^[/!]/u, '')}`, messages);
  const declared = commands.find(({ name }) => name === read.command);
  const picture = declared?.options.find(({ name, type }) => type === 'picture' && name in read.options);
  if (picture === undefined) return read;
  throw new InvalidRequestError('no_files_here', say.refusal.noFilesInCommands(picture.text(messages).name));
}

/** `!imagine a red boat`, `!queue`; null for a text that is no command. */
export function readBang(text: string): string | null {
  const line = plainText(text);
  return /^!\p{L}[\p{L}\p{M}\p{N}_-]*(?=\s|$)/u.test(line) ? line : null;
}

/** What was said to the bot: the text without the mention that called it. */
export function withoutMention(text: string, botUserId: string): string {
  return plainText(text.replaceAll(mention, (whole, user: string) => (user === botUserId ? ' ' : whole)));
}

/** A text as the person typed it: Slack's own marks are turned back into words. */
export function plainText(text: string): string {
  const words = text
    .replaceAll(mention, (_, user: string) => `@${user}`)
    .replaceAll(channelLink, (_, id: string, name?: string) => `#${name ? name : id}`)
    .replaceAll(link, (_, target: string, label?: string) => label ?? target.replace(/^!/u, '@'));
  return unescapeText(words)
    .replaceAll(/[\u00a0\u2007\u202f]/gu, ' ')
    .trim();
}
