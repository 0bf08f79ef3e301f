// Stands in for the recogniser that a browser brings: an outside service, which no browser in a test
// has. It speaks the same interface (the Web Speech API), with the order of events that Chromium shows;
// what it "hears" is said by the test through `window.ears`. Its parameter, ON_DEVICE, is whether it
// works on this device.
(() => {
  const ears = {
    made: [],
    lastWords: '',
    get now() {
      return ears.made.findLast((one) => one.isRunning);
    },
    hear: (words, isFinal) => ears.now.hear(words, isFinal),
  };
  const later = (act) => setTimeout(act, 20);

  class Recogniser {
    lang = '';
    continuous = false;
    interimResults = false;
    processLocally = false;
    onresult = null;
    onerror = null;
    onend = null;
    track = null;
    isRunning = false;
    endedBy = '';
    #results = [];

    static async available({ langs, processLocally }) {
      if (!Array.isArray(langs)) throw new TypeError('langs');
      return processLocally && !ON_DEVICE ? 'downloadable' : 'available';
    }

    constructor() {
      ears.made.push(this);
    }

    start(track) {
      if (this.isRunning) throw new DOMException('started already', 'InvalidStateError');
      if (track && track.readyState !== 'live') throw new DOMException('no live sound', 'InvalidStateError');
      this.isRunning = true;
      this.track = track;
    }

    stop() {
      if (!this.isRunning) return;
      this.endedBy = 'stop';
      later(() => {
        if (ears.lastWords) this.hear(ears.lastWords, true);
        this.end();
      });
    }

    abort() {
      if (!this.isRunning) return;
      this.endedBy = 'abort';
      later(() => this.fail('aborted'));
    }

    // A guess is replaced by the next words, until they are final.
    hear(words, isFinal) {
      if (this.#results.at(-1)?.isFinal === false) this.#results.pop();
      this.#results.push({ isFinal, length: 1, 0: { transcript: words, confidence: isFinal ? 0.9 : 0 } });
      this.#tell('result', { results: this.#results, resultIndex: this.#results.length - 1 });
    }

    fail(error) {
      this.#tell('error', { error, message: '' });
      // As Chromium does.
      if (error !== 'language-not-supported') this.end();
    }

    end() {
      this.isRunning = false;
      this.#tell('end', {});
    }

    #tell(name, fields) {
      this[`on${name}`]?.(Object.assign(new Event(name), fields));
    }
  }

  window.ears = ears;
  window.SpeechRecognition = window.webkitSpeechRecognition = Recogniser;
})();
