/** @file The five questions as groups of three buttons, for keyboard, finger and screen reader. */

import { h } from '../js/dom.js';

/** @typedef {import('./desk.js').Choice} Choice */
/** @typedef {import('./desk.js').Question} Question */

/** The choices as they stand and as they are said. @type {[Choice, string][]} */
const CHOICES = [['left', 'First'], ['tie', 'Equal'], ['right', 'Second']];

export class QuestionForm {
  /** @type {HTMLFieldSetElement[]} */
  #fields = [];

  /**
   * @param {HTMLFormElement} form
   * @param {Question[]} questions
   * @param {(question: number, choice: Choice) => void} chosen
   */
  constructor(form, questions, chosen) {
    this.#fields = questions.map((question, at) => {
      const buttons = CHOICES.map(([choice, name], key) => h('label', {},
        h('input', { type: 'radio', name: question.key, value: choice, onchange: () => chosen(at, choice) }),
        h('span', {}, name), h('kbd', { 'aria-hidden': 'true' }, String(key + 1))));
      const field = h('fieldset', { class: 'question' },
        h('legend', {}, h('strong', {}, question.title), h('span', { class: 'small muted' }, ` ${question.wording}`)),
        h('div', { class: 'segments' }, ...buttons));
      field.addEventListener('focusin', () => this.mark(at));
      return field;
    });
    form.replaceChildren(...this.#fields);
    form.addEventListener('submit', (event) => event.preventDefault());
  }

  /**
   * Shows answers.
   *
   * @param {(Choice | null)[]} choices
   */
  show(choices) {
    this.#fields.forEach((field, at) => {
      for (const input of field.querySelectorAll('input')) input.checked = input.value === choices[at];
    });
  }

  /**
   * Moves the focus to a question.
   *
   * @param {number} at
   */
  focus(at) {
    const inputs = Array.from(this.#fields[at]?.querySelectorAll('input') ?? []);
    const input = inputs.find((one) => one.checked) ?? inputs[0];
    input?.focus({ preventScroll: false });
    this.mark(at);
  }

  /** The question that the focus is in, if it is in one. */
  get focused() {
    const at = this.#fields.findIndex((field) => field.contains(document.activeElement));
    return at < 0 ? null : at;
  }

  /**
   * Shows which question a digit answers; none for a number that no question has.
   *
   * @param {number} current
   */
  mark(current) {
    this.#fields.forEach((field, at) => field.toggleAttribute('data-current', at === current));
  }
}

/**
 * The choice of a digit key.
 *
 * @param {string} key
 * @returns {Choice | null}
 */
export function choiceOfKey(key) {
  return CHOICES[Number(key) - 1]?.[0] ?? null;
}
