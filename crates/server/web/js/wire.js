/**
 * @file The wire messages as the page sees them; the twin of `src/wire.rs`. Types only.
 *
 * @typedef {{type: 'hello', session?: string, last_seq: number, locale?: string, sensing_consent: boolean}} Hello
 * @typedef {{bytes: number, media_type: string, followed?: boolean}} ClipHeader
 * @typedef {{type: 'turn', id: string, text: string, clip?: ClipHeader}} TurnMessage
 * @typedef {Hello | TurnMessage | {type: 'consent', sensing: boolean}
 *   | {type: 'follow', id: string, sound: boolean, picture: boolean} | {type: 'unfollow', id: string}
 *   | {type: 'correct', id: string, user_emotion: string} | {type: 'erase'}} ClientMessage
 *
 * @typedef {{label: string, prob: number}} Scored
 * @typedef {{label: string, definition: string}} LabelInfo
 * @typedef {{name: string, contact: string, url: string, hours: string}} HelpLine
 * @typedef {{text_chars: number, clip_bytes: number, clip_frame_bytes: number, clip_ms: number}} WireLimits
 * @typedef {{decode_ms: number, cue_ms: number, plan_ms: number, respond_ms: number, total_ms: number}} Timings
 * @typedef {{name: string, value: number, unit: string, relative_to_baseline?: number}} Feature
 * @typedef {{observation: string, distress?: string, modalities: string[],
 *   extractor: {name: string, version: string}, confidence?: number,
 *   features?: Feature[], limits?: string[]}} Cue
 *
 * @typedef {{type: 'welcome', session: string, resumed: boolean, reasoner: string, cues: string,
 *   transcriber?: string, emotions: string[], strategies: LabelInfo[], limits: WireLimits, notice: string}} Welcome
 * @typedef {{kind: 'none'} | {kind: 'unclear', why: string} | {kind: 'like', label: string, prob: number}} FaceNow
 * @typedef {{type: 'moment', id: string, time_ms: number, level_db?: number, f0_hz?: number, face?: FaceNow}} Moment
 * @typedef {{type: 'received', id: string}
 *   | {type: 'cue', id: string, cue: Cue | null, notes: string[]}
 *   | {type: 'user_emotion', id: string, distribution: Scored[], contrast?: string}
 *   | {type: 'strategy', id: string, distribution: Scored[]}
 *   | {type: 'system_emotion', id: string, distribution: Scored[]}
 *   | {type: 'response_delta', id: string, text: string}
 *   | {type: 'response', id: string, text: string, strategy: string, timings: Timings}
 *   | {type: 'crisis', id: string, text: string, help: HelpLine[]}
 *   | {type: 'corrected', id: string}} TurnEvent
 * @typedef {{type: 'error', id?: string, code: string, message: string, fatal: boolean}} Failure
 * @typedef {Welcome | Moment | TurnEvent | Failure | {type: 'erased'} | {type: 'notice', text: string}} ServerEvent
 * @typedef {ServerEvent & {seq: number}} Envelope
 */

export {};
