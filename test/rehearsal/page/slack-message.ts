import { labelOf } from '../../servers/slack/clicking.ts';
import type { Json } from '../../servers/slack/refusal.ts';
import type { SlackEphemeral, SlackFile, SlackMessage, World } from '../../servers/slack/world.ts';
import { messageFrame, pictureGrid, pill, pillRow } from './parts.ts';
import type { PictureFiles } from './picture-files.ts';
import { renderSlackText, type SlackNames } from './slack-markup.ts';

/** Where a message is rendered. */
export interface SlackScene {
  readonly world: World;
  readonly pictures: PictureFiles;
  /** The app's user, who writes its private notes. */
  readonly botUser: string;
}

/** A message on Slack as people see it. */
export function renderSlackMessage(message: SlackMessage, isContinued: boolean, scene: SlackScene): string {
  const { text, blocks, files, user } = message;
  const body = blocks.length === 0 ? words(text, scene) : renderBlocks(blocks, scene);
  const grid = files.length === 0 ? '' : pictureGrid(files.map((file) => shownPicture(file, scene)));
  return frame(user, message.ts, { onlyFor: null, isContinued }, body + grid, scene);
}

/** A note that one person sees. */
export function renderSlackNote(note: SlackEphemeral, scene: SlackScene): string {
  const { world, botUser } = scene;
  const body = note.blocks.length === 0 ? words(note.text, scene) : renderBlocks(note.blocks, scene);
  const onlyFor = world.users.get(note.user)?.realName ?? note.user;
  return frame(botUser, note.ts, { onlyFor, isContinued: false }, body, scene);
}

function frame(
  userId: string,
  ts: string,
  rest: { readonly onlyFor: string | null; readonly isContinued: boolean },
  body: string,
  { world }: SlackScene,
): string {
  const user = world.users.get(userId);
  const author = { name: user?.realName ?? userId, isBot: user?.isBot ?? false };
  return messageFrame({ ...rest, author, at: Number(ts) * 1_000, above: '' }, body);
}

function words(text: string, scene: SlackScene): string {
  return text === '' ? '' : `<div class="words">${renderSlackText(text, namesIn(scene.world))}</div>`;
}

function renderBlocks(blocks: readonly Json[], scene: SlackScene): string {
  return blocks.map((block) => renderBlock(block, scene)).join('');
}

function renderBlock(block: Json, scene: SlackScene): string {
  const names = namesIn(scene.world);
  switch (block.type) {
    case 'section': {
      const texts = [block.text, ...((block.fields as Json[] | undefined) ?? [])].filter(Boolean) as Json[];
      return `<div class="words">${texts.map((text) => renderText(text, names)).join('')}</div>`;
    }
    case 'context':
      return `<div class="small">${(block.elements as Json[]).map((text) => renderText(text, names)).join('')}</div>`;
    case 'header':
      return `<div class="words"><strong>${renderText(block.text as Json, names)}</strong></div>`;
    case 'actions':
      return pillRow((block.elements as Json[]).filter(({ type }) => type === 'button').map(renderButton));
    case 'divider':
      return '<hr>';
    default:
      throw new Error(`Expected a block that people see in a message, got ${String(block.type)}.`);
  }
}

function renderText({ text }: Json, names: SlackNames): string {
  return renderSlackText(String(text), names);
}

function renderButton(element: Json): string {
  const { style } = element;
  return pill(labelOf(element), style === 'danger' ? 'danger' : style === 'primary' ? 'strong' : 'plain');
}

function shownPicture({ name, bytes, altText }: SlackFile, { pictures }: SlackScene) {
  if (bytes === null) throw new Error(`Expected the file "${name}" to have come whole, it did not.`);
  return { source: pictures.add(name, bytes), altText: altText ?? '' };
}

function namesIn({ users, channels }: World): SlackNames {
  return {
    user: (id) => users.get(id)?.realName ?? id,
    channel: (id) => channels.get(id)?.name ?? id,
  };
}
