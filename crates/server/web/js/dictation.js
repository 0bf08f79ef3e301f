/**
 * @file Words that the browser hears, put into the text as they come. What is still guessed at is
 * replaced by what turns out; what a person typed or changed is theirs and never is.
 *
 * Off until the person chooses it beside a sentence that says who gets the sound; nothing is stored.
 */

import { byId } from './dom.js';
import { Recogniser, whereHeard } from './recogniser.js';
import { BROWSER_WRITES, recogniserFault } from './words.js';

/** Faults that a next try would meet again. */
const LASTING = ['not-allowed', 'service-not-allowed', 'language-not-supported'];
/** Languages written without spaces between words. */
const UNSPACED = /^(ja|zh|yue|th|lo|km|my)\b/;

export class Dictation {
  /** @type {'here' | 'elsewhere' | null} */
  #where = null;
  /** @type {Recogniser | null} */
  #recogniser = null;
  #language = navigator.language || document.documentElement.lang;
  #joint = UNSPACED.test(this.#language) ? '' : ' ';
  #row = byId('dictation', HTMLElement);
  #choice = byId('browser-writes', HTMLInputElement);
  #text;
  #on;
  /** Where the words stand that may still change. */
  #from = 0;
  #length = 0;
  /** The text as it was last seen, to tell what the person changes. */
  #seen = '';
  /** Results that will not change any more. */
  #nDone = 0;
  /** Words of the results after these, and how many of them the person has made their own. */
  #nOpen = 0;
  #nTaken = 0;
  #heardAny = false;
  #hasFailed = false;
  /** Whether the person wrote along, so that the place of their writing stays theirs. */
  #hasTyped = false;
  #isComposing = false;
  /** @type {import('./recogniser.js').Results | null} heard while an input method composes */
  #held = null;

  /**
   * @param {HTMLTextAreaElement} text
   * @param {{tell: (words: string) => void, changed: () => void}} on
   */
  constructor(text, on) {
    this.#text = text;
    this.#on = on;
    text.addEventListener('input', () => this.#edited());
    text.addEventListener('compositionstart', () => (this.#isComposing = true));
    text.addEventListener('compositionend', () => this.#composed());
    void whereHeard(this.#language).then((where) => {
      this.#where = where;
      if (where) byId('browser-writes-note', HTMLElement).textContent = BROWSER_WRITES[where];
      on.changed();
    });
  }

  /**
   * Offers the choice, where the browser can.
   *
   * @param {boolean} isWanted
   */
  offer(isWanted) {
    this.#row.hidden = !isWanted || this.#where === null;
  }

  /** Whether words of the recording are heard, or still to come. */
  get isHearing() {
    return this.#recogniser?.isHearing ?? false;
  }

  /**
   * Begins with a recording, if the person chose it.
   *
   * @param {MediaStreamTrack | undefined} track the microphone
   */
  begin(track) {
    if (!track || this.#row.hidden || !this.#choice.checked) return;
    this.#anew();
    this.#seen = this.#text.value;
    this.#heardAny = this.#hasFailed = this.#hasTyped = false;
    this.#recogniser = new Recogniser(this.#language, this.#where === 'here', track, {
      heard: (results) => this.#heard(results),
      anew: () => this.#anew(),
      failed: (code) => this.#failed(code),
    });
  }

  /**
   * Ends with the recording.
   *
   * @returns {Promise<boolean>} whether words were heard in it
   */
  async end() {
    const recogniser = this.#recogniser;
    await recogniser?.end();
    if (recogniser !== this.#recogniser) return false;
    this.#release();
    if (!this.#heardAny && !this.#hasFailed) this.#failed('no-speech');
    this.#recogniser = null;
    return this.#heardAny;
  }

  /** Ends at once; words still guessed at stay as they stand. */
  cancel() {
    this.#recogniser?.cancel();
    this.#recogniser = null;
    this.#held = null;
  }

  /** Forgets the choice as well. */
  clear() {
    this.cancel();
    this.#choice.checked = false;
  }

  /** Results are counted anew; the words that stand are left as they are. */
  #anew() {
    this.#release();
    this.#settle();
    this.#nDone = this.#nOpen = this.#nTaken = 0;
  }

  /** The words that could still change stay; what comes is put after all there is. */
  #settle() {
    this.#from = this.#text.value.length;
    this.#length = 0;
  }

  /** @param {import('./recogniser.js').Results} results */
  #heard(results) {
    if (this.#isComposing) {
      this.#held = results;
      return;
    }
    const open = Array.from(results).slice(this.#nDone);
    const firstOpen = open.findIndex((result) => !result.isFinal);
    const nFinal = firstOpen < 0 ? open.length : firstOpen;
    const sure = this.#words(open.slice(0, nFinal));
    const unsure = this.#words(open.slice(nFinal));
    if (nFinal > 0) {
      this.#put(sure.slice(this.#nTaken));
      this.#settle();
      this.#nDone += nFinal;
      this.#nTaken = Math.max(0, this.#nTaken - sure.length);
    }
    this.#put(unsure.slice(this.#nTaken));
    this.#nOpen = unsure.length;
    this.#heardAny ||= sure.length + unsure.length > 0;
    this.#on.changed();
    if (!this.#hasTyped) this.#text.scrollTop = this.#text.scrollHeight;
  }

  /** @param {import('./recogniser.js').Result[]} results */
  #words(results) {
    return results.flatMap((result) => {
      const words = result[0]?.transcript.trim() ?? '';
      return (this.#joint ? words.split(/\s+/) : Array.from(words)).filter(Boolean);
    });
  }

  /**
   * Puts words in the place of those that may still change.
   *
   * @param {string[]} words
   */
  #put(words) {
    const isApart = this.#from === 0 || /\s$/.test(this.#text.value.slice(0, this.#from));
    const put = words.length === 0 || isApart ? words.join(this.#joint) : this.#joint + words.join(this.#joint);
    const { selectionStart, selectionEnd } = this.#text;
    this.#text.setRangeText(put, this.#from, this.#from + this.#length, 'preserve');
    // To set the caret would take the focus in some browsers.
    if (document.activeElement === this.#text) {
      this.#text.setSelectionRange(this.#moved(selectionStart, put.length), this.#moved(selectionEnd, put.length));
    }
    this.#length = put.length;
    this.#seen = this.#text.value;
  }

  /**
   * Where a caret belongs when the words that may still change become longer or shorter: behind them
   * if it was there, and where the person writes if they write along.
   *
   * @param {number} at
   * @param {number} length of the new words
   */
  #moved(at, length) {
    const end = this.#from + this.#length;
    if (at < this.#from || (at === this.#from && (this.#length > 0 || this.#hasTyped))) return at;
    return at >= end ? at - this.#length + length : Math.min(at, this.#from + length);
  }

  /** The person changed the text: their change stands, and the place of the words moves with it. */
  #edited() {
    const [before, now] = [this.#seen, this.#text.value];
    this.#seen = now;
    if (!this.#recogniser || before === now) return;
    this.#hasTyped = true;
    const shorter = Math.min(before.length, now.length);
    let start = 0;
    while (start < shorter && before[start] === now[start]) start += 1;
    let nSame = 0;
    while (nSame < shorter - start && before.at(-1 - nSame) === now.at(-1 - nSame)) nSame += 1;
    if (before.length - nSame <= this.#from) this.#from += now.length - before.length;
    else if (start < this.#from + this.#length) this.#take();
  }

  /** Words that the person changed are theirs; only what is said after them is added. */
  #take() {
    this.#nTaken = Math.max(this.#nTaken, this.#nOpen);
    this.#settle();
  }

  #composed() {
    this.#edited();
    this.#release();
  }

  /** What was heard while an input method composed. */
  #release() {
    this.#isComposing = false;
    const held = this.#held;
    this.#held = null;
    if (held) this.#heard(held);
  }

  /** @param {string} code */
  #failed(code) {
    this.#hasFailed = true;
    if (LASTING.includes(code)) this.#choice.checked = false;
    this.#on.tell(recogniserFault(code));
    this.#on.changed();
  }
}
