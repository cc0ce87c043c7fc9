import {
  type APIAttachment,
  type APIChatInputApplicationCommandInteraction,
  type APIMessageApplicationCommandInteraction,
  ApplicationCommandOptionType,
} from 'discord.js';
import type { OptionValue } from '../../../commands/define-command.ts';
import { pictureOptions } from '../attached-pictures.ts';
import { readAttachment } from './attachment.ts';
import type { Ask } from './requests.ts';

/** The values of a slash command as people gave them. */
export function readSlashCommand({ data }: APIChatInputApplicationCommandInteraction, cdnUrl: string): Ask {
  const options: Record<string, OptionValue> = {};
  for (const option of data.options ?? []) {
    if (option.type === ApplicationCommandOptionType.Attachment) {
      const attachment = data.resolved?.attachments?.[option.value];
      if (attachment !== undefined) options[option.name] = readAttachment(attachment, cdnUrl);
    } else if ('value' in option) {
      options[option.name] = option.value;
    }
  }
  return { command: data.name, options };
}

/** "Draw this" on a message: its text is the prompt, and its pictures go along by their names; null without text. */
export function readDrawThis({ data }: APIMessageApplicationCommandInteraction, cdnUrl: string): Ask | null {
  const message = data.resolved.messages[data.target_id];
  const prompt = message?.content.trim() ?? '';
  if (prompt === '') return null;
  return { command: 'imagine', options: { prompt, ...readPictures(message?.attachments ?? [], cdnUrl) } };
}

/** What the attachments that call themselves pictures are for; what they are shows when they are read. */
export function readPictures(
  attachments: readonly APIAttachment[],
  cdnUrl: string,
): Readonly<Record<string, OptionValue>> {
  const pictures = attachments.filter(({ content_type: type }) => type?.startsWith('image/') === true);
  return pictureOptions(pictures, (picture) => readAttachment(picture, cdnUrl));
}
