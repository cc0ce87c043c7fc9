const svgNamespace = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Text always becomes a text node, so nothing that somebody typed is ever read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | ((event: any) => unknown) | null | undefined>} [props] `class`, `on…` listeners, `data-…`/`aria-…` attributes, or properties
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (name === 'class') node.className = String(value);
    else if (name.includes('-') || name === 'role' || name === 'for') node.setAttribute(name, String(value));
    else Reflect.set(node, name, value);
  }
  node.append(...present(children));
  return node;
}

/** @param {readonly (Node | string | null | undefined | false)[]} children */
function present(children) {
  return children.filter((child) => child !== null && child !== undefined && child !== false);
}

/**
 * Finds an element of index.html that must be there.
 *
 * @param {string} id
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`index.html has no #${id}`);
  return node;
}

/** @type {Record<string, string>} */
const paths = {
  again: 'M4 12a8 8 0 0 1 13.7-5.7L20 8.5M20 4v4.5h-4.5M20 12a8 8 0 0 1-13.7 5.7L4 15.5M4 20v-4.5h4.5',
  edit: 'M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4',
  details: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5M12 7.8v.2',
  delete: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5',
  cancel: 'M6 6l12 12M18 6 6 18',
  vary: 'M4 8h3.5c4.5 0 4.5 8 9 8H20M17 13l3 3-3 3M4 16h3.5c1.2 0 2-.6 2.7-1.4M13.6 9.5C14.3 8.6 15.2 8 16.5 8H20M17 5l3 3-3 3',
  enlarge: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
  download: 'M12 4v11M7.5 10.5 12 15l4.5-4.5M4.5 20h15',
  copy: 'M9 9h11v11H9ZM5 15H4V4h11v1',
  send: 'M4 12 20 4l-5 16-3.5-6.5L4 12ZM11.5 13.5 20 4',
  attach:
    'M4 6.5A1.5 1.5 0 0 1 5.500 5h13A1.500 1.500 0 0 1 20 6.500v11a1.500 1.500 0 0 1-1.500 1.500h-13A1.500 1.500 0 0 1 4 17.500ZM4 16l4.500-4.500 4 4L15 13l5 4M15 9.500v.1',
  undo: 'M8.500 5 4 9.500 8.500 14M4 9.500h9.500a5.500 5.500 0 0 1 0 11H9',
  paint:
    'M4 20c3.500 0 5-1.500 5-4a2.500 2.500 0 0 0-5 0c0 2-.5 3-2 3 .5.700 1.200 1 2 1ZM9 13.500 18.500 4 20 5.500 10.500 15',
  left: 'M14.500 5 8 12l6.500 7',
  right: 'M9.500 5 16 12l-6.500 7',
  down: 'M12 5v14M6 13l6 6 6-6',
  menu: 'M4 7h16M4 12h16M4 17h16',
  gallery: 'M4 4h7v7H4ZM13 4h7v7h-7ZM4 13h7v7H4ZM13 13h7v7h-7Z',
  channel: 'M9 4 7 20M17 4l-2 16M4.500 9h16M3.500 15h16',
  help: 'M9.200 9.200a3 3 0 1 1 4.300 2.900c-1 .5-1.500 1.100-1.500 2.400M12 17.500v.2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z',
};

/**
 * A line icon, invisible to screen readers: the button that holds it has the words.
 *
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svgNamespace, 'path');
  path.setAttribute('d', paths[name] ?? '');
  svg.append(path);
  return svg;
}
