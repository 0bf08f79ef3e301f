/** @file The live meter: what the program hears and sees of a recording that goes on, a mark every moment. */

import { s } from './dom.js';

const WIDTH = 240;
const HEIGHT = 28;
/** Room for one moment; the strip is full after ten seconds and then moves on. */
const STEP = 6;
/** Quietest level that is drawn, in dB below full scale. */
const FLOOR_DB = -60;
/** Pitch at the lower and the upper edge, in Hz. */
const PITCH = { low: 70, high: 500 };

export class Meter {
  #strip;
  /** @type {import('./wire.js').Moment[]} */
  #moments = [];

  /** @param {SVGSVGElement} strip */
  constructor(strip) {
    this.#strip = strip;
    strip.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    strip.setAttribute('preserveAspectRatio', 'none');
  }

  clear() {
    this.#moments = [];
    this.#draw();
  }

  /** @param {import('./wire.js').Moment} moment */
  add(moment) {
    this.#moments = [...this.#moments, moment].slice(-WIDTH / STEP);
    this.#draw();
  }

  #draw() {
    this.#strip.toggleAttribute('hidden', this.#moments.length === 0);
    this.#strip.replaceChildren(...this.#moments.flatMap(mark));
  }
}

/**
 * @param {import('./wire.js').Moment} moment
 * @param {number} at
 */
function mark({ level_db: level, f0_hz: pitch, face }, at) {
  const x = at * STEP;
  const loud = Math.min(1, Math.max(0, 1 - (level ?? FLOOR_DB) / FLOOR_DB));
  const height = Math.max(0.5, loud * HEIGHT);
  const marks = [s('rect', { class: 'loud', x, y: (HEIGHT - height) / 2, width: STEP * 0.6, height })];
  if (pitch !== undefined) {
    const up = Math.log(pitch / PITCH.low) / Math.log(PITCH.high / PITCH.low);
    marks.push(s('rect', { class: 'pitch', x, y: (1 - Math.min(1, Math.max(0, up))) * (HEIGHT - 2), width: STEP * 0.6, height: 2 }));
  }
  if (face?.kind === 'like') marks.push(s('rect', { class: 'face', x, y: HEIGHT - 2, width: STEP * 0.6, height: 2 }));
  return marks;
}
