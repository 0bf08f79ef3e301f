/** @file Where human help is: fetched once for the person's region, with words that need no server. */

import { h } from './dom.js';
import { SAY } from './words.js';

/** @typedef {import('./wire.js').HelpLine} HelpLine */

/** @type {HelpLine[]} */
let known = [];

/** The help lines known so far. */
export const helpLines = () => known;

/**
 * Asks the program for the lines of a region.
 *
 * @param {string} locale
 */
export async function loadHelp(locale) {
  try {
    const reply = await fetch(`/api/v1/help?locale=${encodeURIComponent(locale)}`);
    if (reply.ok) known = (await reply.json()).help ?? [];
  } catch {
    // The sentence that needs no server stands in.
  }
}

/**
 * @param {HelpLine[]} lines
 * @returns {HTMLElement}
 */
export function helpList(lines) {
  const list = h('ul', { class: 'lines' }, ...lines.map(helpItem));
  return h('div', {}, lines.length > 0 ? list : null, h('p', { class: 'small muted' }, SAY.elsewhere));
}

/**
 * The way to reach a line: a link to dial where it is a number to call.
 *
 * @param {HelpLine} line
 */
export function contactOf(line) {
  const number = /^(?:call (?:or text )?)?([+\d][\d\s()-]+)$/.exec(line.contact.trim())?.[1];
  const kind = /\d{2}/.test(line.contact) ? 'contact reach' : 'contact';
  if (!number) return h('span', { class: kind }, line.contact);
  return h('a', { class: kind, href: `tel:${number.replace(/[^+\d]/g, '')}` }, line.contact);
}

/** @param {HelpLine} line */
function helpItem(line) {
  const name = /^https?:/.test(line.url) ? h('a', { href: line.url, target: '_blank', rel: 'noreferrer noopener' }, line.name) : h('span', {}, line.name);
  return h('li', {}, name, contactOf(line), h('span', { class: 'small muted' }, line.hours));
}
