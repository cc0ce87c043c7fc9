import { el } from './elements.js';
import { botAvatar } from './message.js';

/** @typedef {import('../world-view.ts').WorldView} WorldView */

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
    el('h2', {}, 'What shall we draw?'),
    el('p', {}, 'Type a few words, press Enter, and four pictures come back. Try one of these:'),
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
    el('summary', {}, `What ${title} can draw`),
    el(
      'dl',
      {},
      ...Object.entries(groups).flatMap(([group, words]) =>
        // A group that is only there or not (mountains) is a word of its own.
        words.join() === 'yes'
          ? [el('dt', {}, 'also'), el('dd', {}, group)]
          : [el('dt', {}, group), el('dd', {}, words.join(', '))],
      ),
    ),
  );
}
