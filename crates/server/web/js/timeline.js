/**
 * @file The timeline: emotions over the conversation as a soft band, strategies as marks below.
 * The picture is for the eye; every turn is also a button that says the same in words.
 */

import { byId, h, s } from './dom.js';
import { emotionWord, percent } from './words.js';

/** @typedef {import('./conversation.js').Turn} Turn */

const BAND_HEIGHT = 72;
const COLUMN = 40;
/** An emotion is named in the legend when it had this share at some turn. */
const NAMED_FROM = 0.15;

export class Timeline {
  #section = byId('timeline', HTMLElement);
  #select;

  /** @param {(turn: Turn) => void} select */
  constructor(select) {
    this.#select = select;
  }

  /**
   * @param {Turn[]} turns
   * @param {Turn | null} selected
   * @param {string[]} emotions in index order
   */
  show(turns, selected, emotions) {
    const isEmpty = turns.every((turn) => turn.userEmotion.length === 0);
    this.#section.hidden = isEmpty;
    if (isEmpty) return this.#section.replaceChildren();
    const hadFocus = this.#section.contains(document.activeElement);
    const shares = turns.map((turn) => sharesOf(turn, emotions));
    const scroll = this.#section.querySelector('.track')?.scrollLeft ?? 0;
    const columns = h('div', { class: 'columns', role: 'group', 'aria-label': 'Turns' }, ...turns.map((turn) => this.#column(turn, turn === (selected ?? turns.at(-1)))));
    columns.addEventListener('keydown', (event) => this.#key(event, turns));
    const track = h('div', { class: 'track' }, h('div', { class: 'sheet' }, band(shares, emotions), columns));
    this.#section.replaceChildren(h('h3', { class: 'small muted' }, 'Over the conversation'), track, legend(shares, emotions));
    track.scrollLeft = scroll;
    const current = columns.querySelector('[aria-current]');
    if (current instanceof HTMLElement) {
      if (hadFocus) current.focus({ preventScroll: true });
      if (current.offsetLeft < track.scrollLeft || current.offsetLeft + current.offsetWidth > track.scrollLeft + track.clientWidth) track.scrollLeft = current.offsetLeft - track.clientWidth / 2;
    }
  }

  /**
   * @param {Turn} turn
   * @param {boolean} isSelected
   */
  #column(turn, isSelected) {
    const emotion = turn.userEmotion[0];
    const strategy = turn.strategy[0]?.label ?? '';
    const said = turn.help ? 'answered with human help' : emotion ? `sounded ${emotionWord(emotion.label)}, ${percent(emotion.prob)} sure; ${strategy}` : 'not read';
    const mark = h('span', { class: 'mark small', 'aria-hidden': 'true' }, turn.help ? '!' : initials(strategy));
    const button = h('button', { type: 'button', 'aria-label': `Turn ${turn.number}: ${said}`, title: strategy, tabIndex: isSelected ? 0 : -1, onclick: () => this.#select(turn) }, mark);
    if (isSelected) button.setAttribute('aria-current', 'true');
    return button;
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Turn[]} turns
   */
  #key(event, turns) {
    const at = Array.from(this.#section.querySelectorAll('.columns button')).findIndex((button) => button === document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: turns.length - 1 }[event.key];
    const turn = to === undefined ? undefined : turns[to];
    if (!turn) return;
    event.preventDefault();
    this.#select(turn);
  }
}

/**
 * Shares of the emotions at a turn, in index order; none where the turn was not read. A
 * correction counts as certain.
 *
 * @param {Turn} turn
 * @param {string[]} emotions
 */
function sharesOf(turn, emotions) {
  if (turn.userEmotion.length === 0) return [];
  if (turn.correction) return emotions.map((label) => (label === turn.correction?.label ? 1 : 0));
  return emotions.map((label) => turn.userEmotion.find((scored) => scored.label === label)?.prob ?? 0);
}

/**
 * The stacked band, smooth between the middles of the columns.
 *
 * @param {number[][]} shares
 * @param {string[]} emotions
 */
function band(shares, emotions) {
  const width = shares.length * COLUMN;
  const paths = runs(shares).flatMap(({ from, rows }) => emotions.map((_, i) => {
    const lower = rows.map((row) => row.slice(0, i).reduce(add, 0));
    const upper = lower.map((low, t) => low + (rows[t]?.[i] ?? 0));
    const [left, right] = [from * COLUMN, (from + rows.length) * COLUMN];
    const d = `${edge(upper, 'M', left, COLUMN)} ${edge(lower.toReversed(), 'L', right, -COLUMN)} Z`;
    return s('path', { class: `hue-${i % 12}`, d });
  }));
  return s('svg', { class: 'band', viewBox: `0 0 ${width} ${BAND_HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...paths);
}

/**
 * The stretches of turns that were read; the band is open between them.
 *
 * @param {number[][]} shares
 */
function runs(shares) {
  /** @type {{from: number, rows: number[][]}[]} */
  const found = [];
  shares.forEach((row, t) => {
    if (row.length === 0) return;
    const last = found.at(-1);
    if (last && last.from + last.rows.length === t) last.rows.push(row);
    else found.push({ from: t, rows: [row] });
  });
  return found;
}

/** @param {number} a @param {number} b */
const add = (a, b) => a + b;

/**
 * One edge of a layer, from `from` on in steps to the right or, negative, to the left.
 *
 * @param {number[]} heights
 * @param {string} first how the edge begins: `M` or `L`
 * @param {number} from
 * @param {number} step
 */
function edge(heights, first, from, step) {
  const y = (/** @type {number} */ height) => ((1 - height) * BAND_HEIGHT).toFixed(1);
  const start = heights[0] ?? 0;
  const end = heights.at(-1) ?? 0;
  let d = `${first}${from} ${y(start)} L${from + step / 2} ${y(start)}`;
  for (let t = 1; t < heights.length; t += 1) {
    const x = from + step * (t + 0.5);
    const middle = x - step / 2;
    d += ` C${middle} ${y(heights[t - 1] ?? 0)} ${middle} ${y(heights[t] ?? 0)} ${x} ${y(heights[t] ?? 0)}`;
  }
  return `${d} L${from + step * heights.length} ${y(end)}`;
}

/**
 * @param {number[][]} shares
 * @param {string[]} emotions
 */
function legend(shares, emotions) {
  const named = emotions.flatMap((label, i) => (shares.some((row) => (row[i] ?? 0) >= NAMED_FROM) ? [{ label, i }] : []));
  const swatch = (/** @type {number} */ i) => s('svg', { class: 'swatch', viewBox: '0 0 10 10', 'aria-hidden': 'true' }, s('circle', { class: `hue-${i % 12}`, cx: 5, cy: 5, r: 5 }));
  return h('ul', { class: 'legend small' }, ...named.map(({ label, i }) => h('li', {}, swatch(i), emotionWord(label))));
}

/**
 * Two letters for a strategy: of its first two words, or of its only one.
 *
 * @param {string} strategy
 */
function initials(strategy) {
  const [first = '', second = ''] = strategy.split(/[\s-]+/);
  return second ? `${first.charAt(0)}${second.charAt(0)}`.toUpperCase() : first.slice(0, 2);
}
