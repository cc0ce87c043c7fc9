import {
  type APILabelComponent,
  type APIModalInteractionResponseCallbackData,
  type APIModalSubmitInteraction,
  type APITextInputComponent,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import type { Command, CommandWorld, OptionValue, ReplyButton } from '../../../commands/define-command.ts';
import { parseCommandLine } from '../../../commands/index.ts';
import { InvalidRequestError } from '../../errors.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import { messagesFor } from '../../messages/messages.ts';
import { truncate } from '../../messages/truncate.ts';
import { readAttachment } from './attachment.ts';
import { discordLimits } from './limits.ts';

type Fields = NonNullable<ReplyButton['form']>;

/** The field in which everything but texts and pictures stands, as on a command line: a form has five fields. */
const settingsField = 'settings';

/** The form behind "Edit", filled in with what the result was drawn with. Pure. */
export function renderEditForm(
  customId: string,
  { options }: Pick<Command, 'options'>,
  fields: Fields,
  world: CommandWorld,
  locale: string,
): APIModalInteractionResponseCallbackData {
  const { form: say } = discordMessagesFor(locale);
  const messages = messagesFor(locale);
  const known = fields.flatMap(({ option: name, value }) => {
    const option = options.find((declared) => declared.name === name);
    return option === undefined ? [] : [{ option, value, text: option.text(messages) }];
  });
  const texts = known.filter(({ option }) => option.type === 'text');
  const settings = known
    .filter(({ option }) => option.type !== 'text')
    .map(({ text, value }) => `${text.name}:${value}`);
  const pictures = options
    .filter(({ type, offered }) => type === 'picture' && (offered?.(world) ?? true))
    .slice(0, discordLimits.maxModalFields - texts.length - 1);
  const components: APILabelComponent[] = [
    ...texts.map(({ option, value, text }) => labelled(text.title, textInput(option.name, value, true))),
    labelled(say.settings, textInput(settingsField, settings.join(' '), false), say.settingsHint),
    ...pictures.map(({ name, text }) => {
      const { title, description } = text(messages);
      return labelled(title, pictureUpload(name), description);
    }),
  ];
  return { custom_id: customId, title: truncate(say.title, discordLimits.maxModalTitleLength), components };
}

function labelled(label: string, component: APILabelComponent['component'], description?: string): APILabelComponent {
  return { type: ComponentType.Label, label, component, ...(description === undefined ? {} : { description }) };
}

function textInput(name: string, value: string, isLong: boolean): APITextInputComponent {
  return {
    type: ComponentType.TextInput,
    custom_id: name,
    style: isLong ? TextInputStyle.Paragraph : TextInputStyle.Short,
    required: false,
    max_length: discordLimits.maxTextInputLength,
    ...(value === '' ? {} : { value: value.slice(0, discordLimits.maxTextInputLength) }),
  };
}

function pictureUpload(name: string): APILabelComponent['component'] {
  return { type: ComponentType.FileUpload, custom_id: name, required: false, min_values: 0, max_values: 1 };
}

/** What was filled in; an emptied field is an empty text. Throws `InvalidRequestError` for settings it cannot read. */
export function readEditForm(
  { data }: APIModalSubmitInteraction,
  cdnUrl: string,
  locale: string,
): Readonly<Record<string, OptionValue>> {
  const values: Record<string, OptionValue> = {};
  for (const row of data.components) {
    if (row.type !== ComponentType.Label) continue;
    const field = row.component;
    if (field.type === ComponentType.TextInput) {
      if (field.custom_id === settingsField) Object.assign(values, readSettings(field.value, locale));
      else values[field.custom_id] = field.value;
    } else if (field.type === ComponentType.FileUpload) {
      const attachment = data.resolved?.attachments?.[field.values[0] ?? ''];
      if (attachment !== undefined) values[field.custom_id] = readAttachment(attachment, cdnUrl);
    }
  }
  return values;
}

function readSettings(line: string, locale: string): Readonly<Record<string, OptionValue>> {
  const messages = messagesFor(locale);
  const { job: stray, ...options } = parseCommandLine(`/edit ${line}`, messages).options;
  if (stray === undefined) return options;
  // A word that belongs to no setting is taken for the id of a result, which the form has already.
  const { name } = messages.command.edit;
  throw new InvalidRequestError('invalid_options', messages.problem.tooManyWords(name, stray));
}
