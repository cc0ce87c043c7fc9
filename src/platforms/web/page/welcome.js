import { el } from './elements.js';
import { botAvatar } from './message.js';
import { fill, words } from './words.js';

/** @typedef {import('../world-view.ts').WorldView} WorldView */

/** In English: that is what the models were taught in. */
const examples = [
  'a red lighthouse by the sea at dusk',
  'two white boats on a lake in the morning, watercolour',
  'a yellow house in the snow at night under the stars',
  'three orange balloons on rolling hills, poster',
  'a castle in front of mountains by moonlight, woodcut',
  'a rocket in the desert under a starry sky, neon',
];

/**
 * What a newcomer sees: what this is, prompts to click, and what the model can draw.
 *
 * @param {WorldView} world
 * @param {(prompt: string) => void} draw
 */
export function renderWelcome(world, draw) {
  const [model] = world.engine.models;
  return el(
    'section',
    { class: 'welcome' },
    botAvatar(),
    el('h2', {}, words.question),
    el('p', {}, words.introduction),
    el(
      'ul',
      { class: 'examples' },
      ...examples.map((prompt) =>
        el('li', {}, el('button', { type: 'button', onclick: () => draw(prompt) }, el('span', {}, prompt))),
      ),
    ),
    model?.vocabulary ? vocabulary(model.title, model.vocabulary) : null,
  );
}

/** @param {string} title @param {Readonly<Record<string, readonly string[]>>} groups */
function vocabulary(title, groups) {
  return el(
    'details',
    { class: 'vocabulary' },
    el('summary', {}, fill(words.canDraw, { model: title })),
    el(
      'dl',
      {},
      ...Object.entries(groups).flatMap(([group, members]) =>
        // A group that is only there or not (mountains) is a word of its own.
        members.join() === 'yes'
          ? [el('dt', {}, words.also), el('dd', {}, group)]
          : [el('dt', {}, group), el('dd', {}, members.join(', '))],
      ),
    ),
  );
}
