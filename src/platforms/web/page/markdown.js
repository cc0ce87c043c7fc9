import { el } from './elements.js';

/**
 * `**bold**`, `` `code` ``, lists of lines that begin with a dash, and line breaks as nodes; everything else stays
 * plain text.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function renderMarkdown(text) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  for (const line of text.split('\n')) {
    const last = nodes.at(-1);
    if (line.startsWith('- ')) {
      const list = last instanceof HTMLUListElement ? last : el('ul');
      if (list !== last) nodes.push(list);
      list.append(el('li', {}, ...renderLine(line.slice(2))));
    } else {
      if (last !== undefined && !(last instanceof HTMLUListElement)) nodes.push(el('br'));
      nodes.push(...renderLine(line));
    }
  }
  return nodes;
}

/** @param {string} line @returns {(Node | string)[]} */
function renderLine(line) {
  return line
    .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
    .filter((part) => part !== '')
    .map((part) => {
      if (part.length > 4 && part.startsWith('**') && part.endsWith('**')) return el('strong', {}, part.slice(2, -2));
      if (part.length > 2 && part.startsWith('`') && part.endsWith('`')) return el('code', {}, part.slice(1, -1));
      return part;
    });
}
