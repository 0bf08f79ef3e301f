/** @file "Save a copy": the conversation as JSON or Markdown, made in the page. */

import { h } from './dom.js';
import { duration, emotionWord, featureValue, featureWord, percent, toneWord } from './words.js';

/** @typedef {import('./conversation.js').Turn} Turn */
/** @typedef {import('./conversation.js').Conversation} Conversation */

/**
 * @param {Conversation} conversation
 * @returns {string}
 */
export function toJson({ turns, welcome }) {
  const copy = {
    format: 'smes-conversation', version: 1, saved_at: new Date().toISOString(),
    program: welcome && { reasoner: welcome.reasoner, cues: welcome.cues, notice: welcome.notice },
    turns: turns.map((turn) => ({
      turn: turn.number, at: turn.at.toISOString(), said: turn.text, spoken_ms: Math.round(turn.spokenMs),
      cue: turn.cue, notes: turn.notes, user_emotion: turn.userEmotion, contrast: turn.contrast || null,
      corrected_to: turn.correction?.label ?? null, strategy: turn.strategy,
      system_emotion: turn.tone, response: turn.answer, response_strategy: turn.followed || null, crisis_help: turn.help, timings: turn.timings,
    })),
  };
  return `${JSON.stringify(copy, null, 2)}\n`;
}

/**
 * @param {Conversation} conversation
 * @returns {string}
 */
export function toMarkdown({ turns, welcome }) {
  const head = [
    '# A conversation', '', `Saved on ${new Date().toLocaleString()}.`,
    `The answers come from a program (${welcome?.reasoner ?? 'smes'}), not from a person. Its readings can be wrong.`, '',
  ];
  const table = ['## Timeline', '', '| Turn | This sounded | Strategy | Tone of the answer |', '|---|---|---|---|', ...turns.map(row), ''];
  return [...head, ...turns.flatMap(section), ...table].join('\n');
}

/** @param {Turn} turn */
function row(turn) {
  const sounded = turn.correction ? `${emotionWord(turn.correction.label)} (you said so)` : best(turn.userEmotion, emotionWord);
  return `| ${turn.number} | ${turn.help ? '–' : sounded} | ${turn.help ? 'crisis answer' : best(turn.strategy, (label) => label)} | ${best(turn.tone, toneWord)} |`;
}

/**
 * @param {import('./wire.js').Scored[]} distribution
 * @param {(label: string) => string} word
 */
function best(distribution, word) {
  const top = distribution[0];
  return top ? `${word(top.label)}, ${percent(top.prob)}` : '–';
}

/** @param {Turn} turn */
function section(turn) {
  const quoted = (turn.text || '(spoken)').split('\n').map((line) => `> ${line}`);
  const cue = turn.cue ? ['', `*Heard and seen:* ${turn.cue.observation}`] : [];
  const contrast = turn.contrast ? ['', turn.contrast] : [];
  const features = (turn.cue?.features ?? []).map((feature) => `- ${featureWord(feature.name)}: ${featureValue(feature)}`);
  const took = turn.timings ? ['', `*Took ${duration(turn.timings.total_ms)}.*`] : [];
  const help = (turn.help ?? []).map((line) => `- ${line.name}: ${line.contact} (${line.hours}) ${line.url}`);
  return [`## ${turn.number}`, '', ...quoted, ...cue, ...contrast, ...features, '', turn.answer, ...help, ...took, ''];
}

/**
 * Gives the person a file.
 *
 * @param {string} text
 * @param {string} type
 * @param {string} name
 */
export function download(text, type, name) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
