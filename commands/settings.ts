import type { PictureSize, SpeedName } from '../src/engines/image-engine.ts';
import { InvalidRequestError } from '../src/errors.ts';
import type { UserSettings } from '../src/jobs/jobs.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import { type Choice, type CommandWorld, defineCommand } from './define-command.ts';
import { drawOptions, schedulerTitle, sizeText, styleTitle } from './draw-options.ts';
import { completeRequest, modelOf, offeredSpeed } from './draw-request.ts';

/** What people call a default, and the field that keeps it. */
const fields = {
  count: 'count',
  steps: 'steps',
  guidance: 'guidanceScale',
  scheduler: 'scheduler',
  size: 'size',
  model: 'model',
  style: 'style',
  speed: 'speed',
  negative: 'negativePrompt',
} as const satisfies Record<string, keyof UserSettings>;

type SettingName = keyof typeof fields;
// `Object.keys` forgets the keys' type, which `satisfies` above has pinned.
const names = Object.keys(fields) as SettingName[];

function resetChoices(): readonly Choice<SettingName | 'all'>[] {
  return [
    { value: 'all', label: ({ choice }) => choice.allSettings },
    ...names.map((name) => ({ value: name, label: ({ option }: Messages) => option[name].name })),
  ];
}

/** Shows or changes one's own defaults for `imagine`. */
export const settings = defineCommand({
  name: 'settings',
  text: ({ command }) => command.settings,
  surface: 'slash',
  options: [
    drawOptions.count,
    drawOptions.steps,
    drawOptions.guidance,
    drawOptions.scheduler,
    drawOptions.size,
    drawOptions.model,
    drawOptions.style,
    drawOptions.speed,
    drawOptions.negative,
    { name: 'reset', type: 'choice', text: ({ option }) => option.reset, choices: resetChoices },
  ],
  async run({ requester }, { reset, ...wishes }, services) {
    const messages = messagesFor(requester.locale);
    const before = await services.jobs.settings(requester);
    const kept = reset === 'all' ? {} : reset === undefined ? before : without(before, fields[reset]);
    const after: UserSettings = {
      ...kept,
      ...(wishes.count === undefined ? {} : { count: wishes.count }),
      ...(wishes.steps === undefined ? {} : { steps: wishes.steps }),
      ...(wishes.guidance === undefined ? {} : { guidanceScale: wishes.guidance }),
      ...(wishes.scheduler === undefined ? {} : { scheduler: wishes.scheduler }),
      ...(wishes.size === undefined
        ? {}
        : { size: toSize(wishes.size, wishes.model ?? kept.model, services, messages) }),
      ...(wishes.model === undefined ? {} : { model: wishes.model }),
      ...(wishes.style === undefined ? {} : { style: wishes.style === 'none' ? null : wishes.style }),
      ...(wishes.speed === undefined
        ? {}
        : { speed: toSpeed(wishes.speed, wishes.model ?? kept.model, services, messages) }),
      ...(wishes.negative === undefined ? {} : { negativePrompt: wishes.negative }),
    };
    const isChanged = reset !== undefined || Object.values(wishes).some((value) => value !== undefined);
    if (isChanged) await services.jobs.saveSettings(requester, after);
    const intro = isChanged ? messages.settings.saved : messages.settings.intro;
    const text = [intro, ...describeSettings(after, services, messages), '', messages.settings.howTo].join('\n');
    return { kind: 'text', text, onlyForRequester: true };
  },
});

function describeSettings(own: UserSettings, world: CommandWorld, messages: Messages): string[] {
  const { option, settings: say } = messages;
  // The seed is not a default, so its value here is never seen.
  const { request } = completeRequest({ prompt: '' }, own, world, () => 0, messages);
  const values: Record<SettingName, string> = {
    count: String(request.count),
    steps: String(request.steps),
    guidance: String(request.guidanceScale),
    scheduler: schedulerTitle(request.scheduler),
    size: sizeText(request.size),
    model: request.model,
    style: request.style === null ? say.none : styleTitle(request.style, messages),
    speed: messages.speed[request.speed],
    negative: request.negativePrompt || say.none,
  };
  return names.map((name) => {
    const isOwn = own[fields[name]] !== undefined;
    const { title } = option[name];
    return isOwn ? say.entry(title, values[name]) : say.byDefault(title, values[name]);
  });
}

function without(own: UserSettings, field: keyof UserSettings): UserSettings {
  const { [field]: _removed, ...rest } = own;
  return rest;
}

function toSpeed(wish: SpeedName, modelId: string | undefined, world: CommandWorld, messages: Messages): SpeedName {
  return offeredSpeed(modelOf(modelId ?? '', world), wish, messages) ?? wish;
}

function toSize(text: string, modelId: string | undefined, world: CommandWorld, messages: Messages): PictureSize {
  const model = modelOf(modelId ?? '', world);
  const size = model.sizes.find((offered) => sizeText(offered) === text);
  if (size !== undefined) return size;
  const offered = model.sizes.map(sizeText);
  throw new InvalidRequestError('invalid_options', messages.problem.sizeNotOffered(model.id, offered, text));
}
