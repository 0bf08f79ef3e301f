/**
 * @file Microphone and camera, each opened and closed on its own, the level of the voice, and the
 * recording of a clip. Nothing is recorded outside [Senses.start] and its stop.
 */

import { Pause } from './pause.js';

/** @typedef {'audio' | 'video'} Sense */
/** @typedef {import('./conversation.js').Clip} Clip */

const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15, max: 30 }, facingMode: 'user' };
const SOUND = { echoCancellation: true, noiseSuppression: false, autoGainControl: false };
const MEDIA_TYPES = {
  video: ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'],
  audio: ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4'],
};
/** Length of the pieces in which a recording is handed over, in milliseconds. */
const PIECE_MS = 250;
/** How often the microphone is listened to for a pause, in milliseconds. */
const LISTEN_EVERY_MS = 40;

export class Senses {
  /** @type {Record<Sense, MediaStream | null>} */
  #open = { audio: null, video: null };
  /** @type {{context: AudioContext, analyser: AnalyserNode, samples: Float32Array<ArrayBuffer>} | null} */
  #meter = null;
  /** @type {Recording | null} */
  #recording = null;
  #onChange;

  /** @param {() => void} onChange called when a device opens, closes or is taken away */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  get hears() {
    return this.#open.audio !== null;
  }

  get sees() {
    return this.#open.video !== null;
  }

  get recording() {
    return this.#recording;
  }

  /** The microphone, while it is open. */
  get sound() {
    return this.#open.audio?.getAudioTracks()[0];
  }

  /** The picture for the self-view. */
  get picture() {
    return this.#open.video;
  }

  /**
   * Opens what is asked for in one question to the person; what opens stays open even when the
   * rest does not.
   *
   * @param {Sense[]} wanted
   * @returns {Promise<Map<Sense, unknown>>} what did not open, and why
   */
  async turnOn(wanted) {
    const missing = wanted.filter((sense) => !this.#open[sense]);
    try {
      await this.#ask(missing);
      return new Map();
    } catch (fault) {
      if (missing.length < 2) return new Map(missing.map((sense) => [sense, fault]));
    }
    /** @type {Map<Sense, unknown>} */
    const faults = new Map();
    for (const sense of missing) {
      for (const [key, fault] of await this.turnOn([sense])) faults.set(key, fault);
    }
    return faults;
  }

  /** @param {Sense} sense */
  turnOff(sense) {
    for (const track of this.#open[sense]?.getTracks() ?? []) track.stop();
    this.#open[sense] = null;
    if (sense === 'audio') {
      void this.#meter?.context.close();
      this.#meter = null;
    }
    this.#onChange();
  }

  /** Loudness of the voice now, from 0 (-60 dBFS or less) to 1 (full scale). */
  level() {
    return Math.min(1, Math.max(0, (this.#loudness() + 60) / 60));
  }

  /**
   * Begins a clip.
   *
   * @param {import('./wire.js').WireLimits | undefined} limits
   * @param {number} pauseMs silence after speech that ends it, in milliseconds; 0: none does
   * @param {(piece: Blob) => void} onPiece called with each piece as it is made
   * @param {(clip: Clip) => void} onClip called once, when the clip ends for whatever reason
   */
  start(limits, pauseMs, onPiece, onClip) {
    const tracks = [this.#open.audio, this.#open.video].flatMap((stream) => stream?.getTracks() ?? []);
    if (this.#recording || tracks.length === 0) return;
    const recording = new Recording(new MediaStream(tracks), limits, onPiece, (clip) => {
      clearInterval(listening);
      this.#recording = null;
      this.#onChange();
      onClip(clip);
    });
    this.#recording = recording;
    const pause = new Pause(this.hears ? pauseMs : 0);
    const listening = setInterval(() => {
      if (pause.hears(this.#loudness(), performance.now())) recording.stop('pause');
    }, LISTEN_EVERY_MS);
    this.#onChange();
  }

  /** Loudness of the last moment, in dB below full scale. */
  #loudness() {
    if (!this.#meter) return -120;
    const { analyser, samples } = this.#meter;
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return 10 * Math.log10(power + 1e-12);
  }

  /** @param {Sense[]} wanted */
  async #ask(wanted) {
    if (wanted.length === 0) return;
    if (!navigator.mediaDevices) throw new DOMException('needs a secure page', 'NotSupportedError');
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: wanted.includes('audio') && SOUND,
      video: wanted.includes('video') && PICTURE,
    });
    for (const track of stream.getTracks()) {
      const sense = track.kind === 'audio' ? 'audio' : 'video';
      this.#open[sense] = new MediaStream([track]);
      track.addEventListener('ended', () => this.turnOff(sense));
    }
    if (wanted.includes('audio')) this.#measure();
    this.#onChange();
  }

  #measure() {
    const stream = this.#open.audio;
    if (!stream) return;
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    context.createMediaStreamSource(stream).connect(analyser);
    void context.resume();
    this.#meter = { context, analyser, samples: new Float32Array(analyser.fftSize) };
  }
}

/** One clip in the making; it ends when asked, at its bounds, or when its devices close. */
class Recording {
  startedAt = performance.now();
  /** @type {Blob[]} */
  #parts = [];
  /** @type {'person' | 'pause' | 'bounds'} */
  #endedBy = 'bounds';
  #recorder;

  /**
   * @param {MediaStream} stream
   * @param {import('./wire.js').WireLimits | undefined} limits
   * @param {(piece: Blob) => void} onPiece
   * @param {(clip: Clip) => void} onClip
   */
  constructor(stream, limits, onPiece, onClip) {
    const seen = stream.getVideoTracks().length > 0;
    const heard = stream.getAudioTracks().length > 0;
    const mimeType = MEDIA_TYPES[seen ? 'video' : 'audio'].find((type) => MediaRecorder.isTypeSupported(type)) ?? '';
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 48_000, videoBitsPerSecond: 800_000 });
    const longest = limits?.clip_ms ?? 60_000;
    const largest = (limits?.clip_bytes ?? 8_000_000) * 0.9;
    const timer = setTimeout(() => this.stop('bounds'), Math.max(0, longest - 500));
    let size = 0;
    this.#recorder.ondataavailable = ({ data }) => {
      this.#parts.push(data);
      onPiece(data);
      size += data.size;
      if (size > largest) this.stop('bounds');
    };
    this.#recorder.onstop = () => {
      clearTimeout(timer);
      const mediaType = this.#recorder.mimeType || mimeType;
      const blob = new Blob(this.#parts, { type: mediaType });
      onClip({ blob, mediaType, ms: this.ms, seen, heard, endedBy: this.#endedBy });
    };
    this.#recorder.start(PIECE_MS);
  }

  /** Length so far, in milliseconds. */
  get ms() {
    return performance.now() - this.startedAt;
  }

  /**
   * Ends the clip.
   *
   * @param {'person' | 'pause' | 'bounds'} by
   */
  stop(by) {
    if (this.#recorder.state === 'inactive') return;
    this.#endedBy = by;
    this.#recorder.stop();
  }
}
