/**
 * @file Voice activity: tells speech from the sound of the room by loudness alone, and says when a
 * person who spoke has been silent long enough.
 *
 * The room at a moment is the quietest that was heard around it: speech dips to it between words, a
 * fan does not. Loudness is that of a short window, in dB below full scale.
 */

/** Speech stands out of the room by this much, in dB. */
const OUTSTANDING = 9;
/** What is fainter than this is never speech, whatever the room, in dB. */
const FAINTEST = -52;
/** So much speech, in milliseconds, is no knock or cough. */
const ENOUGH_MS = 200;
/** How far around a moment the room is listened for, in milliseconds. */
const AROUND_MS = 3000;

export class Pause {
  #limitMs;
  /** @type {{time: number, dB: number, room: number}[]} */
  #heard = [];

  /** @param {number} limitMs silence after speech that ends a turn, in milliseconds; 0: none does */
  constructor(limitMs) {
    this.#limitMs = limitMs;
  }

  /**
   * Takes the loudness of the window that ends at `time`.
   *
   * @param {number} dB
   * @param {number} time in milliseconds, rising
   * @returns {boolean} whether the person has spoken and has now been silent for long enough
   */
  hears(dB, time) {
    const now = { time, dB, room: dB };
    for (let at = this.#heard.length - 1; at >= 0; at -= 1) {
      const before = this.#heard[at];
      if (!before || before.time < time - AROUND_MS) break;
      before.room = Math.min(before.room, dB);
      now.room = Math.min(now.room, before.dB);
    }
    this.#heard.push(now);
    if (this.#limitMs === 0) return false;
    const { speechMs, last } = this.#speech();
    return speechMs >= ENOUGH_MS && time - last >= this.#limitMs;
  }

  /** How much of what was heard was speech, and when it was last. */
  #speech() {
    const first = this.#heard[0]?.time ?? 0;
    const isShort = (this.#heard.at(-1)?.time ?? 0) - first < AROUND_MS;
    let [speechMs, last, before] = [0, first, first];
    for (const { time, dB, room } of this.#heard) {
      // While there was no time to hear the room it is taken to be a quiet one: speech may begin at once.
      const quiet = isShort ? Math.min(room, FAINTEST - OUTSTANDING) : room;
      if (dB > Math.max(FAINTEST, quiet + OUTSTANDING)) {
        speechMs += time - before;
        last = time;
      }
      before = time;
    }
    return { speechMs, last };
  }
}
