/** @file The words of the page: how labels, measurements, times and faults are said to a person. */

/** How a label of an emotion reads after "this sounded". @type {Record<string, string>} */
const EMOTION_WORDS = {
  neutral: 'even', depression: 'low', anger: 'angry', disgust: 'repelled', joy: 'glad',
  sadness: 'sad', fear: 'afraid', surprise: 'surprised', anxiety: 'anxious', shame: 'ashamed',
  nervousness: 'nervous', pain: 'in pain', jealousy: 'jealous', guilt: 'guilty',
};

/** How a tone of the answer reads after "the answer aims to sound". @type {Record<string, string>} */
const TONE_WORDS = { ...EMOTION_WORDS, neutral: 'calm', joy: 'warm', sadness: 'sorrowful' };

/** @type {Record<string, string>} */
const FEATURE_WORDS = {
  f0_median: 'pitch', pitch_range: 'pitch range', loudness: 'loudness', loudness_range: 'loudness range',
  speaking_rate: 'syllables, with pauses', articulation_rate: 'syllables, without pauses',
  pause_rate: 'pauses', pause_share: 'share of pauses', voiced_share: 'share with a tone',
  seen_share: 'share of the time it was seen', judged_share: 'share of that in which it could be judged',
  away_share: 'share of the time away', size: 'height, of the picture', motion: 'motion, in face widths',
  head_yaw: 'head to the right of the picture', head_pitch: 'head up', head_roll: 'head tilted clockwise',
  head_error: 'how far these angles may lie off', head_lowered_share: 'share of the time with the head lowered',
  head_aside_share: 'share of the time with the head turned aside',
  spectral_tilt: 'spectral tilt', alpha_ratio: 'high over low sound', harmonicity: 'clearness of tone',
};

/** @type {Record<string, string>} */
const UNIT_WORDS = {
  1: '', '1/s': 'per second', '1/min': 'per minute', st: 'semitones', 'dB/octave': 'dB per octave', deg: 'degrees',
};

/** @param {string} label */
export const emotionWord = (label) => EMOTION_WORDS[label] ?? label;

/** @param {string} label */
export const toneWord = (label) => TONE_WORDS[label] ?? label;

/**
 * A probability as whole per cent, and as never quite sure, as `smes_dialogue::percent` says it.
 *
 * @param {number} prob
 */
export function percent(prob) {
  const rounded = Math.round(prob * 100);
  if (rounded >= 100) return 'over 99 %';
  return rounded < 1 && prob > 0 ? 'under 1 %' : `${rounded} %`;
}

/**
 * "voice.f0_median" as a person says it.
 *
 * @param {string} name
 */
export function featureWord(name) {
  const [place = '', ...rest] = name.split('.');
  const key = rest.join('.') || place;
  const words = FEATURE_WORDS[key] ?? key.replaceAll('_', ' ').replace(/^f0\b/, 'pitch');
  return rest.length > 0 && place !== 'voice' ? `${place}: ${words}` : words;
}

/** @param {import('./wire.js').Feature} feature */
export function featureValue(feature) {
  const size = Math.abs(feature.value);
  const value = feature.value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  const unit = UNIT_WORDS[feature.unit] ?? feature.unit;
  return `${value.replace('-', '−')}${unit && ' '}${unit}`;
}

/**
 * How far from the person's usual, in words.
 *
 * @param {number | undefined} deviations
 */
export function beside(deviations) {
  if (deviations === undefined) return '';
  const size = Math.abs(deviations);
  if (size < 0.5) return 'as usual';
  const side = deviations > 0 ? 'above' : 'below';
  return `${size >= 2 ? 'far ' : size < 1 ? 'a little ' : ''}${side} usual`;
}

/** @param {number} ms */
export function clock(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** @param {number} ms */
export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/**
 * Why microphone or camera did not open, and what goes on.
 *
 * @param {unknown} fault
 * @param {string} what for example `the microphone`
 */
export function senseFault(fault, what) {
  const name = fault instanceof DOMException ? fault.name : '';
  const goesOn = 'Writing works just as well.';
  if (name === 'NotAllowedError') return `Your browser keeps ${what} closed. ${goesOn} To change it, allow it in the address bar and tap again.`;
  if (name === 'NotFoundError') return `There seems to be no device for ${what}. ${goesOn}`;
  if (name === 'NotReadableError') return `Another program is using ${what}. ${goesOn}`;
  if (name === 'NotSupportedError') return `Browsers open ${what} only over https, or on this machine itself. ${goesOn}`;
  return `It was not possible to open ${what}. ${goesOn}`;
}

/** Who gets the sound when the browser writes down speech. */
export const BROWSER_WRITES = {
  here: 'It does so on this device; the sound goes nowhere else.',
  elsewhere: 'Many browsers send the sound to their maker for this; what is kept there is up to them, and this page cannot see it.',
};

/**
 * Why the browser's speech recognition ended, and what goes on.
 *
 * @param {string} code as the Web Speech API names it
 */
export function recogniserFault(code) {
  const goesOn = 'The recording is not affected: type your words, or send it as it is.';
  if (code === 'no-speech') return `Your browser heard no words. ${goesOn}`;
  if (code === 'not-allowed' || code === 'service-not-allowed') return `Your browser does not allow its speech recognition on this page. ${goesOn}`;
  if (code === 'network') return `Your browser could not reach the service that writes down speech for it. ${goesOn}`;
  if (code === 'language-not-supported') return `Your browser cannot write down speech in your language. ${goesOn}`;
  if (code === 'audio-capture') return `Your browser’s speech recognition gets no sound from the microphone. ${goesOn}`;
  if (code === 'aborted') return `Your browser’s speech recognition was taken away, perhaps by another page. ${goesOn}`;
  return `Your browser stopped writing down what you say. ${goesOn}`;
}

/**
 * What is kept, when recordings are sent to another machine.
 *
 * @param {string} places
 */
export const sentTo = (places) => `Nothing here. If you allow voice and camera, recordings are sent to ${places}, where a model describes voice and face or writes down what you say; what is kept there is up to those who run it. Here, words and recordings are gone when you leave or erase.`;

export const SAY = {
  connecting: 'Connecting…',
  thinking: 'Thinking…',
  slow: 'Still thinking. This takes longer than usual; nothing is lost.',
  answering: 'Answering…',
  reconnecting: 'Reconnecting. Nothing is lost; what you send waits here.',
  unreachable: 'The program cannot be reached. Nothing here is lost, and it keeps trying. Is it still running?',
  offline: 'You are offline. Nothing is lost; what you send waits here.',
  back: 'Connected again.',
  forgotten: 'The program no longer remembers what came before. It is still here on this page, and you can go on.',
  erasedHere: 'Everything of this conversation is forgotten, here and in the program.',
  erasedLocally: 'Everything of this conversation is forgotten on this page. The program could not be reached; it forgets by itself when nobody comes back.',
  elsewhere: 'If your life or someone else’s is in danger, call the emergency number where you are: 112 in Europe, 911 in North America, 999 in the United Kingdom, 000 in Australia.',
  writing: 'Writing down what you said…',
  notWritten: 'What you said could not be written down. The recording is still here; type your words, or send it as it is.',
  silent: 'No sound is reaching the microphone.',
  lit: 'This is for you to see. It is read only while you record with Speak.',
};

/**
 * What is seen of a face while it is recorded. Which expression it is, is said with the turn and not
 * from moment to moment, where it flickers.
 *
 * @param {import('./wire.js').FaceNow} face
 */
export function faceWords(face) {
  if (face.kind === 'none') return 'no face in sight';
  return face.kind === 'unclear' ? `face ${face.why}` : 'face in sight';
}
