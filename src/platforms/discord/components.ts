import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIMediaGalleryComponent,
  type APIMediaGalleryItem,
  type APITextDisplayComponent,
  ButtonStyle,
  ComponentType,
} from 'discord.js';
import type { ReplyButton } from '../../../commands/define-command.ts';
import type { Job } from '../../jobs/job.ts';
import { truncate } from '../../messages/truncate.ts';
import { type ButtonIds, isButtonCommand, isForOwnerOnly } from '../button-id.ts';
import { discordLimits } from './limits.ts';
import type { OutgoingFile } from './outgoing.ts';

const styles = {
  primary: ButtonStyle.Primary,
  secondary: ButtonStyle.Secondary,
  danger: ButtonStyle.Danger,
} as const satisfies Record<ReplyButton['style'], ButtonStyle>;

/** Some lines of Markdown. */
export function textDisplay(content: string): APITextDisplayComponent {
  return { type: ComponentType.TextDisplay, content };
}

/** Pictures beside each other; the files go along with the message. */
export function gallery(files: readonly OutgoingFile[]): APIMediaGalleryComponent {
  const items = files.map(
    ({ name, altText, isVeiled = false }): APIMediaGalleryItem => ({
      media: { url: `attachment://${name}` },
      spoiler: isVeiled,
      description: truncate(altText, discordLimits.maxAltTextLength),
    }),
  );
  return { type: ComponentType.MediaGallery, items };
}

/** Buttons in rows: what is done to single pictures in a row of its own, and never more than five in one. */
export function buttonRows(
  job: Job,
  buttons: readonly ReplyButton[],
  ids: ButtonIds,
): APIActionRowComponent<APIButtonComponentWithCustomId>[] {
  const rows: { readonly kind: string; readonly buttons: APIButtonComponentWithCustomId[] }[] = [];
  for (const button of buttons) {
    const kind = 'picture' in button.options ? button.command : 'all';
    const last = rows.at(-1);
    const rendered = renderButton(job, button, ids);
    if (last?.kind === kind && last.buttons.length < discordLimits.maxButtonsPerRow) last.buttons.push(rendered);
    else rows.push({ kind, buttons: [rendered] });
  }
  return rows.map((row) => ({ type: ComponentType.ActionRow, components: row.buttons }));
}

function renderButton(job: Job, button: ReplyButton, ids: ButtonIds): APIButtonComponentWithCustomId {
  const { command, options, label, style } = button;
  if (!isButtonCommand(command)) throw new TypeError(`Expected a command that can stand on a button, got ${command}`);
  return {
    type: ComponentType.Button,
    style: styles[style],
    label: truncate(label, discordLimits.maxButtonLabelLength),
    custom_id: ids.sign({
      command,
      job: job.id,
      picture: typeof options.picture === 'number' ? options.picture : null,
      owner: isForOwnerOnly(command) ? job.requester.userId : null,
    }),
  };
}
