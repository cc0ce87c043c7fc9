import { schedulerTitles } from '../../../commands/draw-options.ts';
import type { Messages } from '../../messages/messages.ts';

/** The words that the page gets in its first answer, so that it never shows a language that it then changes. */
export function pageWords({ page, form, option, style, speed, command, setting }: Messages) {
  return {
    ...page,
    form,
    option,
    style,
    speed,
    scheduler: schedulerTitles,
    resized: setting.resized,
    commandNames: { imagine: command.imagine.name, help: command.help.name },
  };
}

export type PageWords = ReturnType<typeof pageWords>;
