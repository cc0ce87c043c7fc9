import type { types } from '@slack/bolt';
import { z } from 'zod';
import type { Command, CommandServices, CommandWorld } from '../../../commands/define-command.ts';
import { commands } from '../../../commands/index.ts';
import { parseOptions } from '../../../commands/parse-options.ts';
import { resultButtons } from '../../../commands/result-buttons.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { Job } from '../../jobs/job.ts';
import { messagesFor } from '../../messages/messages.ts';
import { type SlackMessages, slackMessagesFor } from '../../messages/slack.ts';
import { truncate } from '../../messages/truncate.ts';
import { type FilledForm, fieldErrors, type Prefilled, renderFields } from './form.ts';
import { slackLimits } from './limits.ts';

/** The form's name, by which Slack hands it back. */
export const drawForm = 'quartet:form';

/** What a form remembers of where it was opened; it travels to Slack and back. */
const memorySchema = z.object({
  command: z.enum(['imagine', 'edit']),
  locale: z.string(),
  /** The signed button of the result to change. */
  button: z.string().nullable(),
  /** Null where the form itself asks for it. */
  channel: z.string().nullable(),
  thread: z.string().nullable(),
  /** A picture to start from that was there already. */
  file: z.string().nullable(),
});
export type FormMemory = z.output<typeof memorySchema>;

export function readMemory(privateMetadata: string): FormMemory {
  return memorySchema.parse(JSON.parse(privateMetadata));
}

/** The form for a new drawing. Pure. */
export function renderDrawForm(memory: Omit<FormMemory, 'command' | 'button'>, values: Prefilled, world: CommandWorld) {
  const say = slackMessagesFor(memory.locale);
  const imagine = commandNamed('imagine');
  const options = imagine.options.filter(({ name }) => name !== 'image' || memory.file === null);
  return renderForm(
    { ...memory, command: 'imagine', button: null },
    say.form.drawTitle,
    [
      ...renderFields(options, values, { world, messages: messagesFor(memory.locale) }),
      ...(memory.channel === null ? [conversationField(say)] : []),
    ],
    say,
  );
}

/** The form that changes a result: the fields of its Edit button, filled in. Pure. */
export function renderEditForm(job: Job, memory: Omit<FormMemory, 'command' | 'file'>, world: CommandWorld) {
  const say = slackMessagesFor(memory.locale);
  const form = resultButtons(job).find(({ command }) => command === 'edit')?.form ?? [];
  const values = Object.fromEntries(form.map(({ option, value }) => [option, value]));
  const { style, size, scheduler, model, count, speed, loraScale } = job.request;
  const all: Prefilled = {
    style: style ?? 'none',
    size: `${size.width}x${size.height}`,
    scheduler,
    model,
    count: String(count),
    speed,
    ...(loraScale === null ? {} : { lora_strength: String(loraScale) }),
    ...values,
  };
  const edit = commandNamed('edit');
  const options = edit.options.filter(({ name }) => name !== 'strength' || job.request.init !== null);
  return renderForm(
    { ...memory, command: 'edit', file: null },
    say.form.editTitle,
    renderFields(options, all, { world, messages: messagesFor(memory.locale) }),
    say,
  );
}

/**
 * What is wrong with a filled form, by field; null where nothing is. It asks nobody, so that the form can be told at
 * once, while it is still open.
 */
export function formProblems(
  { command, locale }: FormMemory,
  form: FilledForm,
  services: CommandServices,
): Record<string, string> | null {
  const problems = new Map<string, string>();
  const { text, ...declared } = commandNamed(command);
  for (const option of declared.options) {
    const value = form.values[option.name];
    if (value === undefined) continue;
    try {
      parseOptions({ name: command, text, options: [option] }, { [option.name]: value }, services, messagesFor(locale));
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      problems.set(option.name, error.message.replaceAll('`', ''));
    }
  }
  return problems.size === 0 ? null : fieldErrors(problems);
}

function renderForm(
  memory: FormMemory,
  title: string,
  blocks: types.KnownBlock[],
  say: SlackMessages,
): types.ModalView {
  const plain = (text: string) => ({ type: 'plain_text' as const, text: truncate(text, slackLimits.viewTitle) });
  return {
    type: 'modal',
    callback_id: drawForm,
    private_metadata: JSON.stringify(memory),
    title: plain(title),
    submit: plain(say.form.submit),
    close: plain(say.form.close),
    blocks,
  };
}

function conversationField({ form }: SlackMessages): types.InputBlock {
  return {
    type: 'input',
    block_id: 'place',
    label: { type: 'plain_text', text: form.where },
    element: {
      type: 'conversations_select',
      action_id: 'value',
      default_to_current_conversation: true,
      response_url_enabled: true,
      filter: { include: ['public', 'private', 'im', 'mpim'], exclude_bot_users: false },
    },
  };
}

function commandNamed(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw new TypeError(`Expected a command ${name}, got none.`);
  return command;
}
