/** @file The rating page as a whole: which view is shown, and what a key does. */

import { byId, h } from '../js/dom.js';
import { Desk, Refused } from './desk.js';
import { QuestionForm, choiceOfKey } from './form.js';

/** @typedef {import('./desk.js').Choice} Choice */
/** @typedef {import('./desk.js').Entered} Entered */
/** @typedef {import('./desk.js').Progress} Progress */
/** @typedef {import('./desk.js').SaveState} SaveState */
/** @typedef {import('./desk.js').Task} Task */

/** A guess for the time left before there is a pace of one's own. */
const USUAL_MS = 30_000;
const SAVE_WORDS = { saved: 'Saved', saving: 'Saving', waiting: 'Not saved yet; trying again' };
/** @type {Record<string, string>} */
const WHO = { seeker: 'Seeks support', supporter: 'Supports', participant: 'Says' };

export class RatingApp {
  #desk = new Desk({
    save: (state) => this.#showSaved(state),
    progress: (progress) => this.#showProgress(progress),
    refused: (message) => {
      this.#fault = message;
      this.#announce(message);
    },
  });
  /** @type {Entered | null} */
  #entered = null;
  /** @type {QuestionForm | null} */
  #form = null;
  /** @type {Task | null} */
  #task = null;
  /** @type {Progress} */
  #progress = { n_tasks: 0, n_whole: 0, next: null, pace_ms: null };
  /** @type {{task: number, question: number, before: Choice | null}[]} what can be taken back, latest last */
  #past = [];
  /** Why the last answer is not saved, in the program's words. */
  #fault = '';
  /** When the task came into view; none while the page is hidden. @type {number | null} */
  #seenSince = null;

  begin() {
    const on = (/** @type {string} */ id, /** @type {() => unknown} */ act) => byId(id, HTMLButtonElement).addEventListener('click', act);
    byId('enter-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#enter(byId('code', HTMLInputElement).value);
    });
    on('begin', () => this.#open(this.#progress.next ?? 0));
    on('next', () => this.#goOn());
    on('back', () => this.#open((this.#task?.task ?? 1) - 1));
    on('review', () => this.#open(this.#progress.n_tasks - 1));
    on('undo', () => this.#undo());
    on('show-keys', () => byId('keys', HTMLDialogElement).showModal());
    addEventListener('keydown', (event) => this.#key(event));
    addEventListener('beforeunload', (event) => this.#desk.hasUnsaved && event.preventDefault());
    addEventListener('hashchange', () => location.reload());
    document.addEventListener('visibilitychange', () => this.#keepTime());
    const code = codeInAddress();
    if (code) void this.#enter(code);
    else byId('code', HTMLInputElement).focus();
  }

  /** @param {string} code */
  async #enter(code) {
    const note = byId('enter-note', HTMLElement);
    note.textContent = '';
    try {
      this.#entered = await this.#desk.enter(code);
    } catch (error) {
      note.textContent = wordsOf(error);
      byId('code', HTMLInputElement).focus();
      return;
    }
    // The code stays in the part of the address that is never sent, so that a reload goes on.
    history.replaceState(null, '', `#code=${code.trim()}`);
    this.#form = new QuestionForm(byId('questions', HTMLFormElement), this.#entered.questions,
      (question, choice) => this.#choose(question, choice));
    this.#showProgress(this.#entered.progress);
    const { next, n_tasks: nTasks, n_whole: nWhole } = this.#progress;
    byId('intro-rater', HTMLElement).textContent = this.#entered.rater;
    byId('intro-amount', HTMLElement).textContent = `${nTasks} moments, each well under a minute. A few of them check that the answers are read, and a few come twice.`;
    if (next === null) this.#view('done');
    else if (nWhole > 0) await this.#open(next);
    else this.#view('intro');
  }

  /** @param {'enter' | 'intro' | 'desk' | 'done'} view */
  #view(view) {
    document.body.dataset['view'] = view;
    for (const id of ['enter', 'intro', 'desk', 'done']) byId(id, HTMLElement).hidden = id !== view;
    byId('actions', HTMLElement).hidden = view === 'enter' || view === 'intro';
    byId('how-far', HTMLElement).hidden = view === 'enter';
    if (view !== 'desk') {
      this.#keepTime();
      this.#task = null;
      byId(`${view}-title`, HTMLElement).focus();
    }
  }

  /** @param {number} idx */
  async #open(idx) {
    const { n_tasks: nTasks } = this.#progress;
    if (idx < 0 || idx >= nTasks) return;
    /** @type {Task} */
    let task;
    try {
      task = await this.#desk.task(idx, nTasks);
    } catch (error) {
      this.#announce(wordsOf(error));
      byId('saved', HTMLElement).textContent = wordsOf(error);
      return;
    }
    this.#keepTime();
    this.#task = task;
    this.#view('desk');
    this.#showTask(task);
    this.#keepTime();
  }

  /** @param {Task} task */
  #showTask(task) {
    byId('context', HTMLOListElement).replaceChildren(...task.context.map(({ role, text }) =>
      h('li', { 'data-role': role }, h('span', { class: 'who' }, WHO[role] ?? role), text)));
    byId('first', HTMLElement).textContent = task.left;
    byId('second', HTMLElement).textContent = task.right;
    this.#form?.show(task.choices);
    byId('back', HTMLButtonElement).disabled = task.task === 0;
    this.#showNext();
    const scroll = byId('context-scroll', HTMLElement);
    scroll.scrollTop = scroll.scrollHeight;
    byId('main', HTMLElement).scrollTop = 0;
    const open = task.choices.indexOf(null);
    if (open > 0) {
      this.#form?.focus(open);
    } else {
      byId('context-title', HTMLElement).focus({ preventScroll: true });
      this.#form?.mark(open);
    }
    this.#announce(`Moment ${task.task + 1} of ${this.#progress.n_tasks}`);
  }

  /**
   * @param {number} question
   * @param {Choice | null} choice
   * @param {boolean} [isUndone]
   */
  #choose(question, choice, isUndone = false) {
    const task = this.#task;
    const key = this.#entered?.questions[question]?.key;
    if (!task || key === undefined) return;
    const before = task.choices[question] ?? null;
    if (before === choice) return;
    if (!isUndone) this.#past.push({ task: task.task, question, before });
    this.#keepTime();
    task.choices[question] = choice;
    this.#desk.give({ task: task.task, question: key, choice, elapsed_ms: Math.round(task.elapsed_ms) });
    this.#form?.show(task.choices);
    this.#showNext();
  }

  /** Answers the question in focus, or the first that is open, and moves to the next. @param {Choice} choice */
  #answer(choice) {
    const task = this.#task;
    if (!task) return;
    const open = task.choices.indexOf(null);
    const at = this.#form?.focused ?? (open < 0 ? null : open);
    if (at === null) return;
    this.#choose(at, choice);
    const next = task.choices.indexOf(null);
    if (next >= 0) this.#form?.focus(next);
    else byId('next', HTMLButtonElement).focus();
  }

  async #undo() {
    const last = this.#past.pop();
    if (!last) return;
    if (this.#task?.task !== last.task) await this.#open(last.task);
    this.#choose(last.question, last.before, true);
    this.#form?.focus(last.question);
    this.#showNext();
    this.#announce('Taken back');
  }

  async #goOn() {
    const task = this.#task;
    if (!task || task.choices.includes(null)) return;
    if (task.task + 1 < this.#progress.n_tasks) {
      await this.#open(task.task + 1);
    } else {
      // Something before may be open still, after an undo or a step back.
      await this.#allSent();
      const { next } = this.#progress;
      if (next === null) this.#view('done');
      else await this.#open(next);
    }
  }

  async #allSent() {
    while (this.#desk.hasUnsaved) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isPlain || event.repeat || byId('keys', HTMLDialogElement).open || !this.#task) return;
    const choice = choiceOfKey(event.key);
    if (choice) this.#answer(choice);
    else if (event.key === 'Backspace') void this.#undo();
    else if (event.key === '?') byId('keys', HTMLDialogElement).showModal();
    else if (event.key === 'Enter' && !(event.target instanceof HTMLButtonElement)) void this.#goOn();
    else return;
    event.preventDefault();
  }

  /** Adds the time since the last call to the task, while the page is seen. */
  #keepTime() {
    const now = performance.now();
    if (this.#task && this.#seenSince !== null) this.#task.elapsed_ms += now - this.#seenSince;
    this.#seenSince = this.#task && document.visibilityState === 'visible' ? now : null;
  }

  #showNext() {
    byId('next', HTMLButtonElement).disabled = !this.#task || this.#task.choices.includes(null);
    byId('undo', HTMLButtonElement).disabled = this.#past.length === 0;
  }

  /** @param {Progress} progress */
  #showProgress(progress) {
    this.#progress = progress;
    const { n_tasks: nTasks, n_whole: nWhole, pace_ms: pace } = progress;
    const minutes = Math.ceil(((nTasks - nWhole) * (pace ?? USUAL_MS)) / 60_000);
    const left = nWhole === nTasks ? '' : `, about ${minutes} min left`;
    const each = pace === null ? '' : ` · ${Math.round(pace / 1000)} s each`;
    byId('how-far-text', HTMLElement).textContent = `${nWhole} of ${nTasks}${each}${left}`;
    const bar = byId('bar', HTMLProgressElement);
    bar.max = nTasks;
    bar.value = nWhole;
  }

  /** @param {SaveState} state */
  #showSaved(state) {
    document.body.dataset['saved'] = state;
    if (state === 'saved') this.#fault = '';
    byId('saved', HTMLElement).textContent = (state === 'waiting' && this.#fault) || SAVE_WORDS[state];
  }

  /** @param {string} text */
  #announce(text) {
    byId('announce', HTMLElement).textContent = text;
  }
}

function codeInAddress() {
  const match = /^#code=([\w-]{1,64})$/.exec(location.hash);
  return match?.[1] ?? null;
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Refused ? error.message : 'The program cannot be reached. What you answered is kept; please try again in a moment.';
}
