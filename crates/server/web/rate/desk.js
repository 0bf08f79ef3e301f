/**
 * @file The rater's place in the program: what is asked of it and told to it.
 *
 * Answers are sent one after another, in the order they were given, and again until they are kept.
 *
 * @typedef {'left' | 'tie' | 'right'} Choice
 * @typedef {{key: string, title: string, wording: string}} Question
 * @typedef {{n_tasks: number, n_whole: number, next: number | null, pace_ms: number | null}} Progress
 * @typedef {{token: string, rater: string, progress: Progress, questions: Question[]}} Entered
 * @typedef {{task: number, context: {role: string, text: string}[], left: string, right: string,
 *   choices: (Choice | null)[], elapsed_ms: number}} Task
 * @typedef {{task: number, question: string, choice: Choice | null, elapsed_ms: number}} Answer
 * @typedef {'saved' | 'saving' | 'waiting'} SaveState
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** What the program refuses, in words for the rater. */
export class Refused extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class Desk {
  #code = '';
  #token = '';
  /** @type {Answer[]} oldest first */
  #unsent = [];
  #isSending = false;
  /** @type {Map<number, Promise<Task>>} */
  #tasks = new Map();

  /**
   * @param {{save: (state: SaveState) => void, progress: (progress: Progress) => void,
   *   refused: (message: string) => void}} tell
   */
  constructor(tell) {
    this.tell = tell;
  }

  /** Whether an answer is not saved yet. */
  get hasUnsaved() {
    return this.#unsent.length > 0;
  }

  /**
   * Opens the place with a code.
   *
   * @param {string} code
   * @returns {Promise<Entered>}
   */
  async enter(code) {
    const entered = await ask('enter', 'POST', { code });
    this.#code = code;
    this.#token = entered.token;
    return entered;
  }

  /**
   * A task, and the next one in the background.
   *
   * @param {number} idx
   * @param {number} nTasks
   */
  async task(idx, nTasks) {
    const task = await this.#load(idx);
    if (idx + 1 < nTasks) void this.#load(idx + 1).catch(() => {});
    return task;
  }

  /**
   * @param {number} idx
   * @returns {Promise<Task>}
   */
  #load(idx) {
    let task = this.#tasks.get(idx);
    if (!task) {
      task = this.#asked(`tasks/${idx}`, 'GET');
      this.#tasks.set(idx, task);
      task.catch(() => this.#tasks.delete(idx));
    }
    return task;
  }

  /** @param {Answer} answer */
  give(answer) {
    this.#unsent.push(answer);
    void this.#send();
  }

  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    let wait = FIRST_WAIT_MS;
    for (let answer = this.#unsent[0]; answer; answer = this.#unsent[0]) {
      this.tell.save(wait === FIRST_WAIT_MS ? 'saving' : 'waiting');
      const { task, ...body } = answer;
      try {
        const progress = await this.#asked(`tasks/${task}`, 'PUT', body);
        this.#unsent.shift();
        wait = FIRST_WAIT_MS;
        this.tell.progress(progress);
      } catch (error) {
        // A refusal that trying again cannot mend is told; the answer is tried again all the same,
        // for nothing that a rater did may be lost in silence.
        if (error instanceof Refused) this.tell.refused(error.message);
        this.tell.save('waiting');
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
    this.#isSending = false;
    this.tell.save('saved');
  }

  /**
   * Asks with the token; when the program was begun anew meanwhile, enters again first.
   *
   * @param {string} path
   * @param {string} method
   * @param {unknown} [body]
   */
  async #asked(path, method, body) {
    try {
      return await ask(path, method, body, this.#token);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'not_entered') throw error;
      await this.enter(this.#code);
      return ask(path, method, body, this.#token);
    }
  }
}

/**
 * @param {string} path
 * @param {string} method
 * @param {unknown} [body]
 * @param {string} [token]
 */
async function ask(path, method, body, token) {
  /** @type {Record<string, string>} */
  const headers = { 'content-type': 'application/json' };
  if (token) headers['authorization'] = `Bearer ${token}`;
  /** @type {RequestInit} */
  const request = { method, headers, credentials: 'omit' };
  if (body !== undefined) request.body = JSON.stringify(body);
  const response = await fetch(`../api/v1/rate/${path}`, request);
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.error.code, answer.error.message);
  return answer;
}
