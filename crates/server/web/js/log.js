/** @file The messages: what the person said, what was answered, and the quiet words between. */

import { byId, h, withCode } from './dom.js';
import { helpList } from './help.js';
import { SAY, clock } from './words.js';

/** @typedef {import('./conversation.js').Turn} Turn */

const THINKING_AFTER_MS = 400;
const SLOW_AFTER_MS = 12_000;

export class Log {
  /** @type {Map<Turn, HTMLElement>} */
  #entries = new Map();
  /** @type {Set<Turn>} turns whose answer was read out */
  #announced = new Set();
  #scroller = byId('log', HTMLElement);
  #list = byId('turns', HTMLElement);
  #polite = byId('announce', HTMLElement);
  #urgent = byId('announce-now', HTMLElement);
  #on;

  /**
   * @param {{select: (turn: Turn) => void, again: (turn: Turn, withClip: boolean) => void,
   *   calm: () => void}} on what the buttons of a message do
   */
  constructor(on) {
    this.#on = on;
  }

  clear() {
    this.#entries.clear();
    this.#announced.clear();
    this.#list.replaceChildren();
  }

  /**
   * Quiet words of the page or the program between the messages.
   *
   * @param {string} text
   * @param {boolean} replace whether the same words, said before, move here
   */
  note(text, replace = false) {
    const notes = Array.from(this.#list.querySelectorAll('.note'));
    if (replace) notes.filter((note) => note.textContent === text).forEach((note) => note.remove());
    this.#keepAtEnd(() => this.#list.append(h('p', { class: 'note small' }, text)));
    this.#polite.textContent = text;
  }

  /** @param {Turn} turn */
  show(turn) {
    const body = [this.#said(turn), this.#answer(turn)];
    this.#keepAtEnd(() => {
      const entry = this.#entries.get(turn);
      if (entry) this.#update(entry, turn, body);
      else this.#list.append(this.#begin(turn, body));
    }, !this.#entries.has(turn) || turn.state === 'waiting');
    this.#announce(turn);
  }

  /** @param {Turn | null} selected */
  mark(selected) {
    for (const [turn, entry] of this.#entries) entry.toggleAttribute('data-selected', turn === selected);
  }

  /** @param {Turn} turn */
  reveal(turn) {
    this.#entries.get(turn)?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Turn} turn */
  beginView(turn) {
    this.#entries.get(turn)?.querySelector('.answer')?.scrollIntoView({ block: 'start' });
  }

  /**
   * Hides what came before a turn, or shows everything again.
   *
   * @param {Turn | null} turn
   */
  beginAt(turn) {
    const from = turn ? this.#entries.get(turn) : null;
    let before = from !== null;
    for (const child of this.#list.children) {
      if (child === from) before = false;
      child.classList.toggle('earlier', before);
    }
  }

  /**
   * @param {Turn} turn
   * @param {HTMLElement[]} body
   */
  #begin(turn, body) {
    const entry = h('article', { class: 'turn', 'aria-label': `Turn ${turn.number}` }, ...body);
    this.#entries.set(turn, entry);
    return entry;
  }

  /**
   * Replaces only what differs, so that focus and selection in the rest stay.
   *
   * @param {HTMLElement} entry
   * @param {Turn} turn
   * @param {HTMLElement[]} body
   */
  #update(entry, turn, body) {
    body.forEach((fresh, i) => {
      const shown = entry.children[i];
      if (shown && !shown.isEqualNode(fresh)) shown.replaceWith(fresh);
    });
    entry.dataset['state'] = turn.state;
  }

  /** @param {Turn} turn */
  #said(turn) {
    const spoken = turn.spokenMs > 0 ? h('span', { class: 'small muted' }, `(spoken, ${clock(turn.spokenMs)})`) : null;
    const read = h('button', { type: 'button', class: 'link small', onclick: () => this.#on.select(turn) }, 'How this was read');
    const waiting = turn.state === 'waiting' ? h('span', { class: 'small muted' }, 'Waiting to be sent') : null;
    return h('div', { class: 'said' },
      h('span', { class: 'unseen' }, 'You: '),
      h('div', { class: 'bubble' }, turn.text ? h('p', {}, turn.text) : null, spoken),
      h('div', { class: 'under' }, waiting, turn.userEmotion.length > 0 ? read : null));
  }

  /** @param {Turn} turn */
  #answer(turn) {
    if (turn.state === 'failed') return this.#fault(turn);
    if (turn.help) return this.#crisis(turn);
    if (!turn.answer) return h('div', { class: 'answer', hidden: !this.#isLate(turn) }, h('p', { class: 'muted thinking' }, this.#thinking(turn)));
    return h('div', { class: 'answer' }, h('span', { class: 'unseen' }, 'Answer: '), h('p', {}, turn.answer));
  }

  /** @param {Turn} turn */
  #waited(turn) {
    return turn.state === 'sent' || turn.state === 'received' ? performance.now() - turn.sentAt : 0;
  }

  /** @param {Turn} turn */
  #isLate(turn) {
    return this.#waited(turn) >= THINKING_AFTER_MS;
  }

  /** @param {Turn} turn */
  #thinking(turn) {
    return this.#waited(turn) >= SLOW_AFTER_MS ? SAY.slow : SAY.thinking;
  }

  /** @param {Turn} turn */
  #fault(turn) {
    /** @param {string} label @param {boolean} withClip */
    const button = (label, withClip) => h('button', { type: 'button', class: 'link', onclick: () => this.#on.again(turn, withClip) }, label);
    return h('div', { class: 'answer fault' },
      h('p', {}, ...withCode(turn.fault)),
      h('p', { class: 'small' }, button('Send again', true), turn.clip && turn.text ? button('Send without the recording', false) : null));
  }

  /** @param {Turn} turn */
  #crisis(turn) {
    return h('div', { class: 'answer steady' },
      h('p', {}, turn.answer),
      h('section', { 'aria-label': 'Human help' }, helpList(turn.help ?? [])),
      h('p', { class: 'small' }, h('button', { type: 'button', class: 'link calm', onclick: () => this.#on.calm() }, 'Show the whole conversation')));
  }

  /** @param {Turn} turn */
  #announce(turn) {
    if (turn.state !== 'done' || this.#announced.has(turn)) return;
    this.#announced.add(turn);
    const region = turn.help ? this.#urgent : this.#polite;
    region.textContent = turn.answer;
  }

  /**
   * Changes the list and stays at its end if the person was there, or is `forced` there by having
   * said something.
   *
   * @param {() => void} change
   * @param {boolean} forced
   */
  #keepAtEnd(change, forced = false) {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const wasAtEnd = scrollHeight - scrollTop - clientHeight < 80;
    change();
    if (wasAtEnd || forced) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}
