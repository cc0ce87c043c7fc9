import { messagesFor } from '../src/messages/messages.ts';
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
    const { models: say } = messagesFor(requester.locale);
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
        ...(words === null ? [] : [say.canDraw, ...words.map(say.things)]),
      ].join('\n');
    });
    return { kind: 'text', text: [say.intro, ...entries].join('\n\n'), onlyForRequester: true };
  },
});
