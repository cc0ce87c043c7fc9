import {
  type APIAttachment,
  type APIChatInputApplicationCommandInteraction,
  type APIMessageApplicationCommandInteraction,
  ApplicationCommandOptionType,
} from 'discord.js';
import type { OptionValue } from '../../../commands/define-command.ts';
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

/** "Draw this" on a message: its text is the prompt, and its first picture the one to start from; null without text. */
export function readDrawThis({ data }: APIMessageApplicationCommandInteraction, cdnUrl: string): Ask | null {
  const message = data.resolved.messages[data.target_id];
  const prompt = message?.content.trim() ?? '';
  if (prompt === '') return null;
  const picture = firstPicture(message?.attachments ?? []);
  return {
    command: 'imagine',
    options: { prompt, ...(picture === null ? {} : { image: readAttachment(picture, cdnUrl) }) },
  };
}

/** The first attachment that calls itself a picture; what it is shows when it is read. */
export function firstPicture(attachments: readonly APIAttachment[]): APIAttachment | null {
  return attachments.find(({ content_type: type }) => type?.startsWith('image/') === true) ?? null;
}
