import type { ModelDescription } from '../src/engines/image-engine.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { schedulerTitle, sizeText } from './draw-options.ts';
import { canDraw } from './vocabulary.ts';

/** Lists the models and what they can do. */
export const models = defineCommand({
  name: 'models',
  text: ({ command }) => command.models,
  surface: 'slash',
  options: [],
  async run({ requester }, _options, { engine }) {
    const messages = messagesFor(requester.locale);
    const { models: say } = messages;
    const entries = engine.models.map((model, index) => {
      const words = canDraw(model);
      return [
        say.entry(model.title, model.id, model.description, index === 0),
        say.facts(
          model.sizes.map(sizeText),
          model.defaultSteps,
          model.defaultGuidanceScale,
          schedulerTitle(model.defaultScheduler),
        ),
        ...abilities(model, messages),
        ...(words === null ? [] : [say.canDraw, ...words.map(say.things)]),
      ].join('\n');
    });
    return { kind: 'text', text: [say.intro, ...entries].join('\n\n'), onlyForRequester: true };
  },
});

/** What a model can do besides drawing a prompt, a line each; nothing that it cannot do. */
function abilities(
  { canStartFromPicture, canPaintWithin, controls, loraScale, speeds, safetyChecker }: ModelDescription,
  messages: Messages,
): string[] {
  const { models: say, control, speed, option } = messages;
  const pictures = [...(canStartFromPicture ? [option.image.name] : []), ...(canPaintWithin ? [option.mask.name] : [])];
  return [
    ...(pictures.length === 0 ? [] : [say.takes(pictures)]),
    ...(controls.length === 0
      ? []
      : [
          say.follows(
            option.control.name,
            controls.map((kind) => control[kind]),
          ),
        ]),
    ...(loraScale === null ? [] : [say.lora(option.loraStrength.name, loraScale)]),
    ...(speeds.length < 2
      ? []
      : [
          say.speeds(
            option.speed.name,
            speeds.map((name) => ({ name, title: speed[name] })),
          ),
        ]),
    ...(safetyChecker ? [say.safetyChecker] : []),
  ];
}
