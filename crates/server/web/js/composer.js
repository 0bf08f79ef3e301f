/** @file The composer: writing, speaking, microphone, camera, self-view and the status line. */

import { byId, h, icon } from './dom.js';
import { askSensing } from './dialogs.js';
import { Dictation } from './dictation.js';
import { Meter } from './meter.js';
import { Senses } from './senses.js';
import { transcribe } from './transcribe.js';
import { SAY, clock, faceWords, senseFault } from './words.js';

/** @typedef {import('./conversation.js').Clip} Clip */
/** @typedef {import('./senses.js').Sense} Sense */

const NAMES = { audio: 'the microphone', video: 'the camera' };
const SILENT_AFTER_MS = 3000;

export class Composer {
  senses = new Senses(() => this.#sensesChanged());
  /** @type {import('./wire.js').Welcome | null} */
  #welcome = null;
  /** @type {Clip | null} what is being written down */
  #writing = null;
  #agreed = false;
  #pictureHidden = false;
  /** @type {Clip | null} */
  #clip = null;
  #sendOnStop = false;
  #dropOnStop = false;
  #heardAny = false;
  #ticking = false;
  #form = byId('composer', HTMLFormElement);
  #text = byId('text', HTMLTextAreaElement);
  #note = byId('text-note', HTMLElement);
  #mic = byId('mic', HTMLButtonElement);
  #cam = byId('cam', HTMLButtonElement);
  #speak = byId('speak', HTMLButtonElement);
  #clipRow = byId('clip', HTMLElement);
  #clipText = byId('clip-text', HTMLElement);
  #self = byId('self', HTMLElement);
  #selfView = byId('self-view', HTMLVideoElement);
  #level = byId('level', HTMLElement);
  #levelBar = byId('level-bar', HTMLElement);
  #faceNow = byId('face-now', HTMLElement);
  #meter = new Meter(byId('strip', SVGSVGElement));
  #ending = byId('ending', HTMLElement);
  #pause = byId('pause', HTMLSelectElement);
  #sendAtOnce = byId('send-at-once', HTMLInputElement);
  #dictation = new Dictation(this.#text, {
    tell: (words) => this.#on.tell(words),
    changed: () => {
      this.#fit();
      this.#offerDictation();
    },
  });
  #on;

  /**
   * @param {{say: (text: string, clip: Clip | null) => void, follow: (sound: boolean, picture: boolean) => void,
   *   piece: (piece: Blob) => void, unfollow: () => void, sensing: (allowed: boolean) => void,
   *   tell: (text: string) => void, changed: () => void}} on
   */
  constructor(on) {
    this.#on = on;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener('keydown', (event) => this.#key(event));
    this.#text.addEventListener('input', () => this.#fit());
    this.#mic.addEventListener('click', () => this.#toggle('audio'));
    this.#cam.addEventListener('click', () => this.#toggle('video'));
    this.#speak.addEventListener('click', () => this.#toggleRecording());
    byId('drop-clip', HTMLButtonElement).addEventListener('click', () => this.#drop());
    byId('hide-self', HTMLButtonElement).addEventListener('click', () => this.#hidePicture());
    document.addEventListener('keydown', (event) => this.#pageKey(event));
    this.#pause.addEventListener('change', () => this.#pauseChosen());
    this.#pauseChosen();
  }

  /** Opens microphone and camera after the person chose both on the consent card. */
  async begin() {
    this.#agreed = true;
    await this.#open(['audio', 'video']);
  }

  /** @param {import('./wire.js').Welcome | null} welcome what the program can do, once it said so */
  know(welcome) {
    this.#welcome = welcome;
    this.#offerDictation();
  }

  get limits() {
    return this.#welcome?.limits;
  }

  /** Whether the program writes down what is said. */
  get #writesDown() {
    return this.#welcome?.transcriber !== undefined;
  }

  /** The browser's own recognition is for where the program has none. */
  #offerDictation() {
    this.#dictation.offer(this.senses.hears && this.#welcome !== null && !this.#writesDown);
  }

  /** @param {import('./wire.js').Moment} moment what is heard of the recording now */
  showMoment(moment) {
    this.#meter.add(moment);
    if (moment.face) this.#faceNow.textContent = faceWords(moment.face);
  }

  focus() {
    this.#text.focus();
  }

  /** Forgets what was being written or recorded and closes the devices. */
  clear() {
    this.#agreed = false;
    this.#dropOnStop = true;
    this.senses.recording?.stop('person');
    this.senses.turnOff('audio');
    this.senses.turnOff('video');
    this.#dictation.clear();
    this.#clip = null;
    this.#text.value = '';
    this.#fit();
    this.#sensesChanged();
  }

  /** @param {Sense} sense */
  async #toggle(sense) {
    const isOn = sense === 'audio' ? this.senses.hears : this.senses.sees;
    if (isOn) return this.senses.turnOff(sense);
    this.#agreed ||= await askSensing();
    if (this.#agreed) await this.#open([sense]);
  }

  /** @param {Sense[]} wanted */
  async #open(wanted) {
    const faults = await this.senses.turnOn(wanted);
    if (faults.size === 0) return;
    const what = Array.from(faults.keys(), (sense) => NAMES[sense]).join(' and ');
    this.#on.tell(senseFault(faults.values().next().value, what));
  }

  /** Whether silence ends a recording. */
  get endsByPause() {
    return this.senses.hears && this.#pause.value !== '0';
  }

  /** Without a pause that ends a recording there is none to send after. */
  #pauseChosen() {
    this.#sendAtOnce.disabled = this.#pause.value === '0';
  }

  #toggleRecording() {
    if (this.senses.recording) return this.senses.recording.stop('person');
    this.#drop();
    this.#heardAny = false;
    this.#sendOnStop = false;
    this.#dropOnStop = false;
    this.#meter.clear();
    this.#faceNow.textContent = '';
    this.#on.follow(this.senses.hears, this.senses.sees);
    this.senses.start(this.limits, Number(this.#pause.value), (piece) => this.#on.piece(piece), (clip) => this.#recorded(clip));
    this.#dictation.begin(this.senses.sound);
    this.#text.focus();
  }

  /** @param {Clip} clip */
  #recorded(clip) {
    if (this.#dropOnStop || clip.blob.size === 0) return this.#dictation.cancel();
    const atOnce = clip.endedBy === 'pause' && this.#sendAtOnce.checked;
    this.#clip = clip;
    if (this.limits && clip.blob.size > this.limits.clip_bytes) {
      this.#clip = null;
      void this.#dictation.end();
      this.#on.tell('The recording grew too large to send and was dropped. Shorter ones go through; what you wrote is still here.');
    } else if (clip.heard && (this.#writesDown || this.#dictation.isHearing)) {
      void this.#writeDown(clip, atOnce);
    } else if (this.#sendOnStop || atOnce) {
      this.#send();
    } else if (this.limits && clip.ms > this.limits.clip_ms - 1000) {
      this.#on.tell('That is as long as one recording can be. Send it, and go on in the next.');
    }
    this.#sensesChanged();
  }

  /**
   * Puts what was said into the text, to be seen and corrected before it is sent.
   *
   * @param {Clip} clip
   * @param {boolean} atOnce whether the person asked that it goes without a look
   */
  async #writeDown(clip, atOnce) {
    this.#writing = clip;
    const words = this.#dictation.isHearing ? await this.#dictation.end() : await transcribe(clip);
    // Dropped meanwhile.
    if (this.#writing !== clip || this.#clip !== clip) return;
    this.#writing = null;
    if (words === null) this.#on.tell(SAY.notWritten);
    // Those of the browser stand there already.
    if (typeof words === 'string') this.#text.value = [this.#text.value.trimEnd(), words].filter(Boolean).join(' ');
    this.#fit();
    this.#sensesChanged();
    this.#text.focus();
    if (atOnce && words) this.#send();
  }

  #drop() {
    this.#dropOnStop = true;
    this.#dictation.cancel();
    this.#on.unfollow();
    this.senses.recording?.stop('person');
    this.#clip = null;
    this.#sensesChanged();
    this.#text.focus();
  }

  #send() {
    if (this.senses.recording) {
      this.#sendOnStop = true;
      this.senses.recording.stop('person');
      return;
    }
    const text = this.#text.value.trim();
    if (this.#clip && this.#writing === this.#clip) return;
    if ((!text && !this.#clip) || this.#tooLong() > 0) return;
    const clip = this.#clip;
    this.#clip = null;
    this.#text.value = '';
    this.#fit();
    this.#on.say(text, clip);
    this.#sensesChanged();
    this.#text.focus();
  }

  #tooLong() {
    return this.limits ? Array.from(this.#text.value).length - this.limits.text_chars : 0;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  /** @param {KeyboardEvent} event */
  #pageKey(event) {
    if (event.key === 'F2' && !this.#speak.hidden) {
      event.preventDefault();
      this.#toggleRecording();
    }
  }

  #fit() {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    const over = this.#tooLong();
    this.#note.textContent = over > 0 ? `Too long by ${over} characters to go in one message. Nothing is cut; please shorten or split it.` : '';
  }

  #hidePicture() {
    this.#pictureHidden = !this.#pictureHidden;
    this.#sensesChanged();
  }

  #sensesChanged() {
    const { hears, sees, recording, picture } = this.senses;
    this.#show(this.#mic, 'mic', hears);
    this.#show(this.#cam, 'cam', sees);
    this.#self.hidden = !sees;
    this.#selfView.hidden = this.#pictureHidden;
    byId('hide-self', HTMLButtonElement).textContent = this.#pictureHidden ? 'Show picture' : 'Hide picture';
    byId('self-note', HTMLElement).textContent = this.#pictureHidden ? `The camera is on. ${SAY.lit.slice(SAY.lit.indexOf('It'))}` : SAY.lit;
    if (this.#selfView.srcObject !== picture) {
      this.#selfView.srcObject = picture;
      if (picture) void this.#selfView.play().catch(() => undefined);
    }
    this.#level.hidden = !hears;
    this.#ending.hidden = !hears;
    this.#offerDictation();
    this.#speak.hidden = !hears && !sees;
    this.#speak.classList.toggle('lit', recording !== null);
    this.#speak.replaceChildren(icon(recording ? 'stop' : 'speak'), h('span', {}, recording ? 'Stop' : 'Speak'));
    this.#text.placeholder = recording ? 'Speak, and write along if you like' : this.#clip ? 'Write what you said, or send it as it is' : 'What is on your mind?';
    this.#showClip();
    this.#on.sensing(hears || sees || this.#clip !== null);
    this.#on.changed();
    if (!this.#ticking) this.#tick();
  }

  #showClip() {
    const { recording } = this.senses;
    this.#clipRow.hidden = !recording && !this.#clip;
    if (recording) this.#clipText.textContent = `Recording ${clock(recording.ms)}`;
    else if (this.#clip && this.#writing === this.#clip) this.#clipText.textContent = SAY.writing;
    else if (this.#clip) {
      const what = this.#clip.seen ? (this.#clip.heard ? 'Voice and face' : 'Face') : 'Voice';
      this.#clipText.textContent = `${what}, ${clock(this.#clip.ms)}, goes with your next message`;
    }
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {string} name
   * @param {boolean} isOn
   */
  #show(button, name, isOn) {
    if (button.getAttribute('aria-pressed') === String(isOn) && button.title) return;
    button.setAttribute('aria-pressed', String(isOn));
    button.title = isOn ? 'On. Press to switch it off.' : 'Off';
    button.querySelector('use')?.setAttribute('href', `#i-${isOn ? name : `${name}-off`}`);
  }

  #tick() {
    const { hears, recording } = this.senses;
    this.#ticking = hears || recording !== null;
    if (!this.#ticking) return;
    const level = this.senses.level();
    this.#levelBar.style.transform = `scaleX(${level.toFixed(2)})`;
    if (level > 0.1) this.#heardAny = true;
    if (recording) {
      const isSilent = hears && !this.#heardAny && recording.ms > SILENT_AFTER_MS;
      const words = `Recording ${clock(recording.ms)}${isSilent ? `. ${SAY.silent}` : ''}`;
      if (this.#clipText.textContent !== words) this.#clipText.textContent = words;
    }
    setTimeout(() => requestAnimationFrame(() => this.#tick()), 60);
  }
}
