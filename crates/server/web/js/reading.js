/** @file "The reading": how one turn was read, in the order of reasoning, and the way to correct it. */

import { byId, h, icon, s } from './dom.js';
import { beside, duration, emotionWord, featureValue, featureWord, percent, toneWord } from './words.js';

/** @typedef {import('./conversation.js').Turn} Turn */
/** @typedef {import('./wire.js').Scored} Scored */

const SHOWN_BARS = 4;
const ALSO_CONSIDERED = 2;

export class Reading {
  #body = byId('reading-body', HTMLElement);
  /** @type {import('./wire.js').Welcome | null} */
  #welcome = null;
  /** @type {Turn | null} the turn whose correction is being chosen */
  #correcting = null;
  #on;

  /**
   * @param {{step: (by: number) => void, correct: (turn: Turn, label: string) => void,
   *   refresh: () => void}} on
   */
  constructor(on) {
    this.#on = on;
  }

  /**
   * @param {Turn | null} turn
   * @param {number} nTurns
   * @param {import('./wire.js').Welcome | null} welcome
   */
  show(turn, nTurns, welcome) {
    this.#welcome = welcome;
    const parts = turn ? this.#parts(turn, nTurns) : [h('p', { class: 'muted' }, 'After your first message you see here what was heard and seen, how it sounded, and why the answer is as it is.')];
    const fresh = h('div', {}, ...parts);
    const shown = this.#body.firstElementChild;
    if (shown?.isEqualNode(fresh)) return;
    const focused = document.activeElement instanceof HTMLElement && this.#body.contains(document.activeElement) ? document.activeElement.dataset['key'] : undefined;
    const open = shown?.querySelector('details')?.open ?? false;
    fresh.querySelectorAll('details').forEach((details) => (details.open = open));
    this.#body.replaceChildren(fresh);
    if (focused) this.#focus(focused);
  }

  /**
   * Puts the focus back on a control after the panel was drawn anew, or on the panel if it is gone.
   *
   * @param {string} key
   */
  #focus(key) {
    const control = this.#body.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
    (control instanceof HTMLElement ? control : this.#body).focus();
  }

  /**
   * @param {Turn} turn
   * @param {number} nTurns
   */
  #parts(turn, nTurns) {
    /** @type {HTMLElement[]} */
    const parts = [this.#stepper(turn, nTurns)];
    if (turn.help) {
      return [...parts, h('p', {}, 'This turn was not read for emotion or strategy. What you said may mean danger, so a fixed, reviewed answer was given, with people who can help.')];
    }
    if (turn.cueKnown) parts.push(part('Heard and seen', ...cueWords(turn)));
    if (turn.userEmotion.length > 0) parts.push(this.#emotion(turn));
    if (turn.strategy.length > 0) parts.push(this.#strategy(turn));
    if (turn.tone.length > 0) parts.push(part('Tone of the answer', tone(turn.tone)));
    if (turn.timings) parts.push(part('Time taken', took(turn.timings)));
    if (parts.length === 1) parts.push(h('p', { class: 'muted' }, turn.state === 'failed' ? 'This turn was not read.' : 'Not read yet.'));
    return parts;
  }

  /**
   * @param {Turn} turn
   * @param {number} nTurns
   */
  #stepper(turn, nTurns) {
    /** @param {string} name @param {string} label @param {number} by @param {boolean} disabled */
    const button = (name, label, by, disabled) => focusable(h('button', { type: 'button', class: 'quiet square', disabled, onclick: () => this.#on.step(by) }, icon(name), h('span', { class: 'unseen' }, label)), `step${by}`);
    return h('div', { class: 'stepper' },
      button('back', 'Earlier turn', -1, turn.number === 1),
      h('span', {}, `Turn ${turn.number} of ${nTurns}`),
      button('next', 'Later turn', 1, turn.number === nTurns));
  }

  /** @param {Turn} turn */
  #emotion(turn) {
    const [top] = turn.userEmotion;
    if (!top) return h('div');
    const sure = h('span', { class: 'muted' }, `, ${percent(top.prob)} sure`);
    const bars = h('ul', { class: 'bars' }, ...turn.userEmotion.slice(0, SHOWN_BARS).map((scored) => bar(scored, this.#index(scored.label))));
    const contrast = turn.contrast ? [h('p', { class: 'small', 'data-kind': 'contrast' }, turn.contrast)] : [];
    return part('This sounded', h('p', { class: 'finding' }, h('strong', { 'data-label': top.label, 'data-kind': 'user-emotion' }, emotionWord(top.label)), sure), bars, ...contrast, this.#correction(turn));
  }

  /** @param {string} label */
  #index(label) {
    return Math.max(0, this.#welcome?.emotions.indexOf(label) ?? 0);
  }

  /** @param {Turn} turn */
  #correction(turn) {
    if (turn.correction) {
      const { label, taken } = turn.correction;
      return h('p', { class: 'small', role: 'status' }, `You said: ${emotionWord(label)}. `, taken ? 'It is used from your next message on.' : 'It is on its way.');
    }
    if (this.#correcting !== turn) {
      const begin = () => this.#chooseCorrection(turn);
      return focusable(h('button', { type: 'button', class: 'link small', onclick: begin }, 'That’s not right'), 'not-right');
    }
    const labels = this.#welcome?.emotions ?? [];
    const choices = labels.map((label) => focusable(h('button', { type: 'button', class: 'choice', 'data-choose': label, onclick: () => this.#on.correct(turn, label) }, emotionWord(label)), `choose-${label}`));
    return h('div', { role: 'group', 'aria-label': 'How did you feel?', class: 'correct' }, h('p', { class: 'small' }, 'How did you feel?'), h('div', { class: 'wrap' }, ...choices));
  }

  /** @param {Turn} turn */
  #chooseCorrection(turn) {
    this.#correcting = turn;
    this.#on.refresh();
    this.#focus(`choose-${this.#welcome?.emotions[0] ?? ''}`);
  }

  /** @param {Turn} turn */
  #strategy(turn) {
    const [top, ...rest] = turn.strategy;
    if (!top) return h('div');
    const also = rest.slice(0, ALSO_CONSIDERED).filter((scored) => scored.prob >= 0.05);
    const finding = h('p', { class: 'finding' }, this.#term(top, 0), h('span', { class: 'muted' }, `, ${percent(top.prob)} sure`));
    const others = also.flatMap((scored, i) => [i > 0 ? ', ' : '', this.#term(scored, i + 1), ` ${percent(scored.prob)}`]);
    const instead = turn.followed && turn.followed !== top.label ? h('p', { class: 'small' }, 'No good words were found for it, so the answer uses ', this.#term({ label: turn.followed, prob: 1 }, ALSO_CONSIDERED + 1), '.') : null;
    return part('So the answer uses', finding, instead, also.length > 0 ? h('p', { class: 'small muted' }, 'Also considered: ', ...others) : null);
  }

  /**
   * A strategy whose meaning shows on hover and focus.
   *
   * @param {Scored} scored
   * @param {number} i
   */
  #term({ label }, i) {
    const meaning = this.#welcome?.strategies.find((info) => info.label === label)?.definition ?? '';
    const id = `meaning-${i}`;
    const button = focusable(h('button', { type: 'button', class: 'term', 'aria-describedby': id, 'data-label': label, 'data-kind': 'strategy' }, label), `term-${i}`);
    button.addEventListener('keydown', (event) => event.key === 'Escape' && button.blur());
    return h('span', { class: 'with-meaning' }, button, h('span', { class: 'meaning small', role: 'tooltip', id }, meaning || 'No definition is given.'));
  }
}

/**
 * Names a control, so that it keeps the focus when the panel is drawn anew.
 *
 * @template {HTMLElement} E
 * @param {E} element
 * @param {string} key
 * @returns {E}
 */
function focusable(element, key) {
  element.dataset['key'] = key;
  return element;
}

/**
 * @param {string} title
 * @param {...(Node | null)} children
 */
function part(title, ...children) {
  return h('section', { class: 'part' }, h('h3', { class: 'small muted' }, title), ...children);
}

/** @param {Turn} turn */
function cueWords(turn) {
  const { cue } = turn;
  const limits = [...turn.notes, ...(cue?.limits ?? [])].filter((words, i, all) => all.indexOf(words) === i);
  const words = limits.map((limit) => h('p', { class: 'small muted' }, sentence(limit)));
  if (!cue) return words.length > 0 ? words : [h('p', { class: 'muted' }, 'Only your words; nothing was recorded.')];
  const sure = cue.confidence === undefined ? null : h('span', { class: 'muted' }, ` (${percent(cue.confidence)} sure)`);
  const distress = cue.distress ? h('p', {}, cue.distress) : null;
  return [h('p', { 'data-kind': 'cue' }, cue.observation, sure), distress, evidence(cue), ...words];
}

/** @param {string} words */
const sentence = (words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;

/** @param {import('./wire.js').Cue} cue */
function evidence(cue) {
  const features = cue.features ?? [];
  if (features.length === 0) return null;
  const rows = features.map((feature) => h('tr', { 'data-feature': feature.name },
    h('th', { scope: 'row' }, featureWord(feature.name)),
    h('td', {}, featureValue(feature)),
    h('td', { class: 'muted' }, beside(feature.relative_to_baseline))));
  const made = h('p', { class: 'small muted' }, `Measured by ${cue.extractor.name} ${cue.extractor.version}.`);
  return h('details', { class: 'small' }, focusable(h('summary', {}, 'What this rests on'), 'evidence'), h('table', {}, h('tbody', {}, ...rows)), made);
}

/**
 * @param {Scored} scored
 * @param {number} index
 */
function bar({ label, prob }, index) {
  const length = Math.max(1, prob * 100);
  const picture = s('svg', { class: 'bar', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    s('rect', { class: `hue-${index % 12}`, width: length.toFixed(1), height: 6 }));
  const short = percent(prob).replace('over', '>').replace('under', '<');
  return h('li', { title: label }, h('span', { class: 'name' }, emotionWord(label)), picture, h('span', { class: 'small muted share' }, short));
}

/** @param {Scored[]} distribution */
function tone([top]) {
  if (!top) return h('p');
  return h('p', { class: 'finding' }, h('strong', { 'data-label': top.label, 'data-kind': 'system-emotion' }, toneWord(top.label)), h('span', { class: 'muted' }, `, ${percent(top.prob)} sure`));
}

/** @param {import('./wire.js').Timings} timings */
function took(timings) {
  const stages = Object.entries({ opening: timings.decode_ms, listening: timings.cue_ms, reasoning: timings.plan_ms, wording: timings.respond_ms });
  const words = stages.filter(([, ms]) => ms >= 0.5).map(([name, ms]) => `${name} ${duration(ms)}`).join(', ');
  return h('p', {}, duration(timings.total_ms), h('span', { class: 'small muted' }, words ? ` (${words})` : ''));
}
