import type { App, GlobalShortcut, MessageShortcut, ViewSubmitAction } from '@slack/bolt';
import type { Attachment, CommandServices, OptionValue } from '../../../commands/define-command.ts';
import { InvalidRequestError } from '../../errors.ts';
import { pictureOptions } from '../attached-pictures.ts';
import type { ButtonIds } from '../button-id.ts';
import { attachmentOf, picturesAmong, type SlackFile } from './attachments.ts';
import { plainText } from './command-text.ts';
import type { Duplicates } from './duplicates.ts';
import { type FilledForm, readForm } from './form.ts';
import type { Asked, Invoker, Reading, Wish } from './invoker.ts';
import { drawForm, type FormMemory, formProblems, readMemory, renderDrawForm } from './modals.ts';
import { openView } from './open-view.ts';
import { shortcuts } from './shortcuts.ts';

export interface FormListening {
  readonly invoker: Invoker;
  readonly services: CommandServices;
  readonly ids: ButtonIds;
  readonly duplicates: Duplicates;
  readonly apiUrl: string;
}

/** Shortcuts, and the forms that they and the Edit button open. */
export function listenToForms(app: App, parts: FormListening): void {
  const { invoker, services, duplicates } = parts;

  app.shortcut<GlobalShortcut>(
    { callback_id: shortcuts.draw.id, type: 'shortcut' },
    async ({ ack, shortcut, context }) => {
      await ack();
      const { user, trigger_id } = shortcut;
      const asked = {
        place: { team: context.teamId ?? user.team_id ?? '', channel: user.id, thread: null },
        userId: user.id,
        nameHint: user.username,
        responseUrl: null,
        pressed: null,
        key: `slack:shortcut:${trigger_id}`,
      };
      await invoker.open(asked, (reading) => openDrawForm(reading, trigger_id, { channel: null }, services));
    },
  );

  app.shortcut<MessageShortcut>(
    { callback_id: shortcuts.drawThis.id, type: 'message_action' },
    async ({ ack, shortcut, context }) => {
      await ack();
      const { channel, user, message, trigger_id } = shortcut;
      const thread = typeof message.thread_ts === 'string' ? message.thread_ts : message.ts;
      const team = context.teamId ?? user.team_id ?? '';
      const mark = `slack:draw-this:${team}:${user.id}:${channel.id}:${message.ts}`;
      const asked: Asked = {
        place: { team, channel: channel.id, thread },
        userId: user.id,
        nameHint: user.name,
        responseUrl: shortcut.response_url,
        pressed: null,
        key: duplicates.pressKey(mark, Number(shortcut.action_ts) * 1_000),
      };
      const text = plainText(message.text ?? '');
      const files = picturesAmong(message.files);
      await invoker.invoke(asked, async (reading) => {
        if (text !== '') return drawThis(text, files, reading, parts);
        await openDrawForm(reading, trigger_id, { channel: channel.id, thread, file: files[0] ?? null }, services);
        return null;
      });
    },
  );

  app.view<ViewSubmitAction>(
    { callback_id: drawForm, type: 'view_submission' },
    async ({ ack, body, view, context }) => {
      const memory = readMemory(view.private_metadata);
      const form = readForm(view.state.values);
      const problems = formProblems(memory, form, services);
      if (problems !== null) return ack({ response_action: 'errors', errors: problems });
      await ack();
      const asked: Asked = {
        place: {
          team: context.teamId ?? body.user.team_id ?? '',
          channel: memory.channel ?? form.conversation ?? body.user.id,
          thread: memory.thread,
        },
        userId: body.user.id,
        nameHint: body.user.name,
        responseUrl: body.response_urls?.[0]?.response_url ?? null,
        pressed: null,
        // A form is sent once, however often its button is pressed.
        key: `slack:form:${view.id}`,
      };
      return invoker.invoke(asked, (reading) => readSent(memory, form, reading, parts));
    },
  );
}

interface FormPlace {
  readonly channel: string | null;
  readonly thread?: string;
  readonly file?: SlackFile | null;
}

function openDrawForm(
  reading: Reading,
  triggerId: string,
  { channel, thread, file = null }: FormPlace,
  services: CommandServices,
): Promise<void> {
  const memory = { locale: reading.requester.locale, channel, thread: thread ?? null, file: file?.id ?? null };
  return openView(reading, triggerId, renderDrawForm(memory, {}, services));
}

function drawThis(text: string, files: readonly SlackFile[], reading: Reading, parts: FormListening): Wish {
  const pictures = pictureOptions(files, (file) => readFile(file, reading, parts));
  return { command: 'imagine', options: { prompt: text, ...pictures } };
}

function readFile(file: SlackFile, { workspace, say }: Reading, { apiUrl }: FormListening): Attachment {
  return attachmentOf(file, workspace, { apiUrl, say });
}

function readSent(memory: FormMemory, form: FilledForm, reading: Reading, parts: FormListening): Wish {
  const { ids } = parts;
  const pictures: Record<string, OptionValue> = {};
  for (const [option, files] of Object.entries(form.files)) {
    const [file] = picturesAmong(files);
    if (file !== undefined) pictures[option] = readFile(file, reading, parts);
  }
  if (memory.file !== null) pictures.image = readFile({ id: memory.file }, reading, parts);
  const options = { ...form.values, ...pictures };
  if (memory.command === 'imagine') return { command: 'imagine', options };
  const button = memory.button === null ? null : ids.read(memory.button);
  if (button === null) throw new InvalidRequestError('unknown_button', reading.say.refusal.unknownButton);
  return { command: 'edit', options: { ...options, job: button.job } };
}
