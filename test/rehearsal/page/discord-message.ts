import type { AnyComponent, Button } from '../../servers/discord/forms/component-form.ts';
import { textOf } from '../../servers/discord/people/answer.ts';
import type { Message, World } from '../../servers/discord/world.ts';
import { type DiscordNames, renderDiscordText } from './discord-markup.ts';
import { escapeHtml } from './html.ts';
import { type ButtonLook, messageFrame, pictureGrid, pill, pillRow, type ShownPicture } from './parts.ts';
import type { PictureFiles } from './picture-files.ts';

/** Where a message is rendered. */
export interface DiscordScene {
  readonly world: World;
  readonly pictures: PictureFiles;
}

const looks: Readonly<Record<number, ButtonLook>> = { 1: 'strong', 3: 'strong', 4: 'danger' };

/** A message on Discord as people see it. */
export function renderDiscordMessage(message: Message, scene: DiscordScene): string {
  const { author, versions, onlyFor, content, components, attachments } = message;
  const loose = components.length > 0 ? [] : attachments.map((file) => shownPicture(file.filename, message, scene));
  const body = [
    content === '' ? '' : renderDiscordText(content, namesIn(scene.world)),
    ...components.map((component) => renderComponent(component, message, scene)),
    loose.length === 0 ? '' : pictureGrid(loose),
  ];
  return messageFrame(
    {
      author: { name: author.displayName, isBot: author.bot },
      at: versions[0]?.at ?? 0,
      onlyFor: onlyFor?.displayName ?? null,
      above: renderAbove(message, scene),
      isContinued: false,
    },
    body.join(''),
  );
}

function renderComponent(component: AnyComponent, message: Message, scene: DiscordScene): string {
  const inside = (parts: readonly AnyComponent[]) =>
    parts.map((part) => renderComponent(part, message, scene)).join('');
  switch (component.type) {
    case 1:
      return pillRow(component.components.map((part) => renderComponent(part, message, scene)));
    case 2:
      return renderButton(component);
    case 9:
      return `<div class="beside">${`<div>${inside(component.components)}</div>`}${inside([component.accessory])}</div>`;
    case 10:
      return `<div class="words">${renderDiscordText(component.content, namesIn(scene.world))}</div>`;
    case 11:
      return `<div class="thumbnail">${pictureGrid([shownPicture(component.media.url, message, scene)])}</div>`;
    case 12:
      return pictureGrid(component.items.map(({ media }) => shownPicture(media.url, message, scene)));
    case 14:
      return '<hr>';
    case 17:
      return `<div class="container">${inside(component.components)}</div>`;
    default:
      // Menus and plain files are in no message of the bot.
      return '';
  }
}

function renderButton({ label, emoji, style }: Button): string {
  return pill([emoji?.name, label].filter(Boolean).join(' '), looks[style] ?? 'plain');
}

/** `url` is `attachment://` and a file's name, or its name alone. */
function shownPicture(url: string, { attachments }: Message, { pictures }: DiscordScene): ShownPicture {
  const name = url.replace(/^attachment:\/\//, '');
  const file = attachments.find(({ filename }) => filename === name);
  if (file === undefined) throw new Error(`Expected the message to have the file "${name}", it has none of that name.`);
  return { source: pictures.add(file.filename, file.bytes), altText: file.description ?? '' };
}

/** What a message answers: another message, or something that a person did. */
function renderAbove({ replyTo, interaction }: Message, { world }: DiscordScene): string {
  const answered = replyTo === null ? undefined : world.messages.get(replyTo.messageId);
  if (answered !== undefined) {
    const [words = ''] = textOf(answered).split('\n');
    return `<b>${escapeHtml(answered.author.displayName)}</b> <span>${renderDiscordText(words, namesIn(world))}</span>`;
  }
  if (interaction?.command == null) return '';
  return `<b>${escapeHtml(interaction.user.displayName)}</b> used <b>/${escapeHtml(interaction.command)}</b>`;
}

function namesIn({ users, channels }: World): DiscordNames {
  return {
    user: (id) => users.get(id)?.displayName ?? id,
    channel: (id) => channels.get(id)?.name ?? id,
  };
}
