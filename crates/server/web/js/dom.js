/** @file Small helpers over the DOM. */

/**
 * The element of that id, of the wanted kind.
 *
 * @template {Element} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} named ${id}`);
  return found;
}

/**
 * Makes an element. Keys with a dash, `role`, `for` and `class` become attributes, the rest
 * properties; text is always text, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, unknown>} [props]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(name, props = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key.includes('-') || key === 'class' || key === 'role' || key === 'for') {
      element.setAttribute(key, String(value));
    } else {
      Reflect.set(element, key, value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * Makes an SVG element.
 *
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string | number>} [attributes]
 * @param {...Node} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function s(name, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * An icon of the page's symbols, for the eye only.
 *
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  return s('svg', { class: 'icon', 'aria-hidden': 'true' }, s('use', { href: `#i-${name}` }));
}

/**
 * Text in which `` `words` `` in backticks become code.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function withCode(text) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part));
}

/**
 * An id that no other turn has; works on plain http too, where `randomUUID` is absent.
 *
 * @returns {string}
 */
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
