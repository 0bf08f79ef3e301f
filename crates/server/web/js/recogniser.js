/**
 * @file The browser's own speech recognition (the Web Speech API): whether there is one, who gets the
 * sound, and one recording's worth of hearing. Browsers end it by themselves after a silence or a
 * minute; it is begun anew while the recording goes on.
 */

/** @typedef {{readonly isFinal: boolean, readonly [alternative: number]: {readonly transcript: string}}} Result */
/** @typedef {{readonly length: number, readonly [index: number]: Result}} Results */
/**
 * What the type library of the compiler does not name yet.
 *
 * @typedef {object} WebSpeech
 * @property {string} lang
 * @property {boolean} continuous
 * @property {boolean} interimResults
 * @property {boolean} [processLocally]
 * @property {((event: {results: Results}) => void) | null} onresult
 * @property {((event: {error: string}) => void) | null} onerror
 * @property {(() => void) | null} onend
 * @property {(track?: MediaStreamTrack) => void} start
 * @property {() => void} stop
 * @property {() => void} abort
 */
/**
 * @typedef {{new (): WebSpeech,
 *   available?: (options: {langs: string[], processLocally: boolean}) => Promise<string>}} WebSpeechKind
 */

/** What is still to come after the end of a recording is waited for this long, in milliseconds. */
const LAST_WORDS_MS = 5000;
/** A recognition that ends sooner than this has not worked, in milliseconds. */
const SHORTEST_MS = 500;

/** @returns {WebSpeechKind | undefined} */
const kind = () => Reflect.get(window, 'SpeechRecognition') ?? Reflect.get(window, 'webkitSpeechRecognition');

/**
 * Where the browser would write down speech of a language: on this device, or wherever it likes;
 * `null` where it cannot.
 *
 * @param {string} language
 * @returns {Promise<'here' | 'elsewhere' | null>}
 */
export async function whereHeard(language) {
  const Kind = kind();
  if (!Kind) return null;
  const told = async (/** @type {boolean} */ processLocally) => {
    try {
      return await Kind.available?.({ langs: [language], processLocally });
    } catch {
      return undefined;
    }
  };
  if ((await told(true)) === 'available') return 'here';
  return (await told(false)) === 'unavailable' ? null : 'elsewhere';
}

export class Recogniser {
  #language;
  #isLocal;
  #track;
  #on;
  /** @type {WebSpeech | null} */
  #speech = null;
  #begunAt = 0;
  #isEnding = false;
  /** @type {() => void} */
  #tellOver = () => undefined;
  /** @type {Promise<void>} */
  #over = new Promise((resolve) => (this.#tellOver = resolve));

  /**
   * Begins to hear.
   *
   * @param {string} language
   * @param {boolean} isLocal whether the sound must stay on this device
   * @param {MediaStreamTrack} track what is recorded; a browser that cannot take it opens the microphone itself
   * @param {{heard: (results: Results) => void, anew: () => void, failed: (code: string) => void}} on `anew`: results
   *   are counted from 0 again; `failed`: nothing more is heard
   */
  constructor(language, isLocal, track, on) {
    this.#language = language;
    this.#isLocal = isLocal;
    this.#track = track;
    this.#on = on;
    this.#begin();
  }

  /** Whether it still hears, or has words to come. */
  get isHearing() {
    return this.#speech !== null;
  }

  /** Ends with the recording; done when every word of it was told. */
  async end() {
    this.#isEnding = true;
    this.#speech?.stop();
    const timer = setTimeout(() => this.cancel(), LAST_WORDS_MS);
    await this.#over;
    clearTimeout(timer);
  }

  /** Ends at once; nothing more is told. */
  cancel() {
    const speech = this.#speech;
    this.#forget();
    speech?.abort();
  }

  #begin() {
    const Kind = kind();
    if (!Kind) return this.#fail('service-not-allowed');
    const speech = new Kind();
    speech.lang = this.#language;
    speech.continuous = true;
    speech.interimResults = true;
    if (this.#isLocal) speech.processLocally = true;
    speech.onresult = ({ results }) => this.#on.heard(results);
    // Silence is no fault: it ends, and begins anew.
    speech.onerror = ({ error }) => error !== 'no-speech' && this.#fail(error);
    speech.onend = () => this.#ended();
    this.#speech = speech;
    this.#begunAt = performance.now();
    try {
      speech.start(this.#track);
    } catch {
      this.#fail('audio-capture');
    }
  }

  #ended() {
    this.#on.anew();
    if (this.#isEnding) return this.#forget();
    if (performance.now() - this.#begunAt < SHORTEST_MS) return this.#fail('');
    this.#begin();
  }

  /** @param {string} code */
  #fail(code) {
    this.cancel();
    this.#on.failed(code);
  }

  #forget() {
    if (this.#speech) this.#speech.onresult = this.#speech.onerror = this.#speech.onend = null;
    this.#speech = null;
    this.#tellOver();
  }
}
