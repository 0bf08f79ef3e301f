/**
 * @file The conversation as this page knows it: every turn, what is still to be sent, and what
 * changes when an event arrives. Lives in memory only. Sends one turn at a time and keeps it until
 * it is answered, so that a dropped socket or a restarted program loses nothing.
 */

import { Connection } from './connection.js';
import { freshId } from './dom.js';
import { SAY } from './words.js';

/** @typedef {import('./wire.js').Scored} Scored */
/** @typedef {{blob: Blob, mediaType: string, ms: number, seen: boolean, heard: boolean, endedBy: 'person' | 'pause' | 'bounds'}} Clip */
/**
 * A recording whose pieces go ahead of its turn. It is whole while the program has heard every piece.
 *
 * @typedef {{id: string, bytes: number, isWhole: boolean}} Ahead
 */
/**
 * @typedef {object} Turn
 * @property {string} id
 * @property {number} number from 1
 * @property {Date} at
 * @property {string} text
 * @property {Clip | null} clip dropped once the turn is answered
 * @property {boolean} isAhead whether the program has the clip already, piece by piece
 * @property {number} spokenMs 0 when nothing was recorded
 * @property {'waiting' | 'sent' | 'received' | 'done' | 'failed'} state
 * @property {number} sentAt
 * @property {boolean} cueKnown
 * @property {import('./wire.js').Cue | null} cue
 * @property {string[]} notes
 * @property {Scored[]} userEmotion
 * @property {string} contrast what voice and face say beside the words; empty where they agree
 * @property {Scored[]} strategy
 * @property {Scored[]} tone
 * @property {string} answer
 * @property {string} followed the strategy that the answer really follows
 * @property {import('./wire.js').Timings | null} timings
 * @property {import('./wire.js').HelpLine[] | null} help set when the turn disclosed a crisis
 * @property {{label: string, taken: boolean} | null} correction
 * @property {string} fault
 */
/** @typedef {{kind: 'turn', turn: Turn} | {kind: 'note', text: string, replace?: boolean}
 *   | {kind: 'moment', moment: import('./wire.js').Moment} | {kind: 'state'} | {kind: 'cleared'}} Change */

export class Conversation {
  /** @type {Turn[]} */
  turns = [];
  /** @type {import('./wire.js').Welcome | null} */
  welcome = null;
  /** Why nothing goes on until the person tries again. */
  blocked = '';
  /** Whether voice and face may be read, as the person has it now. */
  sensing = false;
  #toldSensing = false;
  #erasing = false;
  /** @type {Ahead | null} */
  #ahead = null;
  #onChange;

  /** @param {(change: Change) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    this.link = new Connection({
      onEvent: (event) => this.#take(event),
      onState: () => {
        // The program forgets the pieces with the socket they came by.
        if (this.#ahead && this.link.state !== 'open') this.#ahead.isWhole = false;
        this.#changed({ kind: 'state' });
      },
      consent: () => (this.#toldSensing = this.#mayRead()),
    });
  }

  /** The turn that is being worked on. */
  get inFlight() {
    return this.turns.find((turn) => turn.state === 'sent' || turn.state === 'received') ?? null;
  }

  /** @param {string} id */
  turn(id) {
    return this.turns.find((turn) => turn.id === id) ?? null;
  }

  /**
   * A recording begins: its pieces go ahead, so that the program reads it meanwhile.
   *
   * @param {boolean} sound
   * @param {boolean} picture
   */
  follow(sound, picture) {
    this.#tellSensing();
    const id = freshId();
    const isWhole = this.link.send({ type: 'follow', id, sound, picture });
    this.#ahead = { id, bytes: 0, isWhole };
  }

  /** @param {Blob} piece of the recording */
  piece(piece) {
    const ahead = this.#ahead;
    if (!ahead?.isWhole) return;
    ahead.isWhole = this.link.sendBytes(piece);
    ahead.bytes += piece.size;
  }

  /** The recording is not wanted any more. */
  unfollow() {
    if (this.#ahead?.isWhole) this.link.send({ type: 'unfollow', id: this.#ahead.id });
    this.#ahead = null;
  }

  /**
   * Says a turn; it leaves as soon as it can.
   *
   * @param {string} text
   * @param {Clip | null} clip
   */
  say(text, clip) {
    const ahead = clip && this.#ahead?.isWhole && this.#ahead.bytes === clip.blob.size ? this.#ahead : null;
    if (!ahead) this.unfollow();
    this.#ahead = null;
    /** @type {Turn} */
    const turn = {
      id: ahead?.id ?? freshId(), number: this.turns.length + 1, at: new Date(), text, clip, isAhead: ahead !== null,
      spokenMs: clip?.ms ?? 0, state: 'waiting', sentAt: 0, cueKnown: false, cue: null, notes: [],
      userEmotion: [], contrast: '', strategy: [], tone: [], answer: '', followed: '', timings: null, help: null,
      correction: null, fault: '',
    };
    this.turns.push(turn);
    this.#turnChanged(turn);
    if (this.link.state === 'closed' && !this.blocked) this.link.open();
    this.#flush();
  }

  /**
   * Sends a failed turn once more, as a new attempt.
   *
   * @param {Turn} turn
   * @param {boolean} withClip
   */
  again(turn, withClip) {
    if (!withClip) {
      turn.clip = null;
      turn.spokenMs = 0;
    }
    this.#anew(turn);
    turn.fault = '';
    turn.state = 'waiting';
    this.#turnChanged(turn);
    this.#flush();
  }

  /**
   * "That's not right."
   *
   * @param {Turn} turn
   * @param {string} label
   */
  correct(turn, label) {
    turn.correction = { label, taken: false };
    this.link.send({ type: 'correct', id: turn.id, user_emotion: label });
    this.#turnChanged(turn);
  }

  /** @param {boolean} sensing */
  allowSensing(sensing) {
    this.sensing = sensing;
    this.#tellSensing();
  }

  /**
   * Forgets everything, here at once and in the program when it hears.
   *
   * @returns {boolean} whether the program could be told
   */
  erase() {
    const told = this.link.send({ type: 'erase' });
    // No piece of a recording that goes on may follow.
    this.#ahead = null;
    this.turns = [];
    this.welcome = null;
    this.sensing = false;
    this.#erasing = told;
    if (!told) this.end();
    this.#changed({ kind: 'cleared' });
    return told;
  }

  /** Ends the session on this page. */
  end() {
    this.link.forget();
    this.link.close();
  }

  /** Tells the program, as the page goes away, that nobody comes back. */
  leave() {
    if (this.link.hasSession) this.link.send({ type: 'erase' });
  }

  /** Tries again after something blocked the conversation. */
  retry() {
    this.blocked = '';
    this.link.open();
    this.#changed({ kind: 'state' });
  }

  #mayRead() {
    return this.sensing || this.turns.some((turn) => turn.clip !== null && turn.state !== 'done');
  }

  #tellSensing() {
    const sensing = this.#mayRead();
    if (sensing !== this.#toldSensing && this.link.send({ type: 'consent', sensing })) {
      this.#toldSensing = sensing;
    }
  }

  #flush() {
    if (this.link.state !== 'open' || this.inFlight) return;
    const turn = this.turns.find((candidate) => candidate.state === 'waiting');
    if (!turn) return;
    this.#tellSensing();
    const { id, text, clip, isAhead } = turn;
    const header = clip && { bytes: clip.blob.size, media_type: clip.mediaType };
    let sent;
    if (!clip || !header) sent = this.link.send({ type: 'turn', id, text });
    else if (isAhead) sent = this.link.send({ type: 'turn', id, text, clip: { ...header, followed: true } });
    else sent = this.link.send({ type: 'turn', id, text, clip: header }, clip.blob);
    if (!sent) return;
    turn.state = 'sent';
    turn.sentAt = performance.now();
    this.#turnChanged(turn);
  }

  /** @param {import('./wire.js').Envelope} event */
  #take(event) {
    if (this.#erasing && event.type !== 'erased') return this.#eraseAgain(event);
    switch (event.type) {
      case 'welcome': return this.#welcomed(event);
      case 'moment': return event.id === this.#ahead?.id ? this.#changed({ kind: 'moment', moment: event }) : undefined;
      case 'notice': return this.#changed({ kind: 'note', text: event.text });
      case 'error': return this.#failed(event);
      case 'erased':
        this.#erasing = false;
        return this.end();
      default: {
        const turn = this.turn(event.id);
        if (turn) this.#advance(turn, event);
      }
    }
  }

  /**
   * The socket may have dropped before the erase was heard.
   *
   * @param {import('./wire.js').Envelope} event
   */
  #eraseAgain(event) {
    if (event.type !== 'welcome') return;
    if (event.resumed) this.link.send({ type: 'erase' });
    else {
      this.#erasing = false;
      this.end();
    }
  }

  /** @param {import('./wire.js').Welcome} welcome */
  #welcomed(welcome) {
    const first = this.welcome === null;
    this.welcome = welcome;
    if (first) this.#changed({ kind: 'note', text: welcome.notice });
    else if (!welcome.resumed && this.turns.some((turn) => turn.state === 'done')) {
      this.#changed({ kind: 'note', text: SAY.forgotten, replace: true });
    }
    for (const turn of this.turns) {
      turn.isAhead = false;
      const unheard = turn.state === 'sent' || (turn.state === 'received' && !welcome.resumed);
      if (unheard) turn.state = 'waiting';
      if (turn.correction && !turn.correction.taken && welcome.resumed) {
        this.link.send({ type: 'correct', id: turn.id, user_emotion: turn.correction.label });
      }
    }
    this.#changed({ kind: 'state' });
    this.#flush();
  }

  /** @param {import('./wire.js').Failure} failure */
  #failed(failure) {
    if (failure.id !== undefined && failure.id === this.#ahead?.id) {
      // It goes as a whole, with its turn.
      this.#ahead.isWhole = false;
      return;
    }
    const turn = failure.id === undefined ? null : this.turn(failure.id);
    if (turn?.state === 'done' && turn.correction?.taken === false) {
      turn.correction = null;
      this.#turnChanged(turn);
    }
    if (turn?.isAhead && failure.code === 'clip_missing') {
      this.#anew(turn);
      turn.state = 'waiting';
      this.#turnChanged(turn);
    } else if (turn && turn.state !== 'done') {
      turn.state = 'failed';
      turn.fault = failure.message;
      turn.answer = '';
      this.#turnChanged(turn);
    } else if (failure.code === 'session_expired') {
      this.#expired(failure.message);
    } else if (failure.code === 'closing') {
      this.link.forget();
    } else if (failure.fatal) {
      this.blocked = failure.message;
      this.link.close();
    } else {
      this.#changed({ kind: 'note', text: failure.message, replace: true });
    }
    this.#flush();
  }

  /**
   * The program forgot an idle session. A new one begins only when there is something to say, so
   * that a page left open holds no place.
   *
   * @param {string} message
   */
  #expired(message) {
    this.link.forget();
    this.link.close();
    for (const turn of this.turns) if (turn.state === 'sent' || turn.state === 'received') turn.state = 'waiting';
    if (this.turns.some((turn) => turn.state === 'waiting')) this.link.open();
    else this.#changed({ kind: 'note', text: message, replace: true });
  }

  /**
   * @param {Turn} turn
   * @param {import('./wire.js').TurnEvent} event
   */
  #advance(turn, event) {
    switch (event.type) {
      case 'received':
        if (turn.state === 'done') return;
        turn.state = 'received';
        turn.answer = '';
        break;
      case 'cue':
        turn.cueKnown = true;
        turn.cue = event.cue;
        turn.notes = event.notes;
        break;
      case 'user_emotion':
        turn.userEmotion = event.distribution;
        turn.contrast = event.contrast ?? '';
        break;
      case 'strategy': turn.strategy = event.distribution; break;
      case 'system_emotion': turn.tone = event.distribution; break;
      case 'response_delta':
        if (turn.state === 'done') return;
        turn.answer += event.text;
        break;
      case 'response':
        turn.answer = event.text;
        turn.followed = event.strategy;
        turn.timings = event.timings;
        this.#finish(turn);
        break;
      case 'crisis':
        turn.answer = event.text;
        turn.help = event.help;
        this.#finish(turn);
        break;
      case 'corrected':
        if (turn.correction) turn.correction.taken = true;
        break;
      default: return;
    }
    this.#turnChanged(turn);
    this.#flush();
  }

  /**
   * Makes a turn a new attempt, to be sent whole.
   *
   * @param {Turn} turn
   */
  #anew(turn) {
    turn.id = freshId();
    turn.isAhead = false;
  }

  /** @param {Turn} turn */
  #finish(turn) {
    turn.state = 'done';
    turn.clip = null;
    this.#tellSensing();
  }

  /** @param {Turn} turn */
  #turnChanged(turn) {
    this.#changed({ kind: 'turn', turn });
    this.#changed({ kind: 'state' });
  }

  /** @param {Change} change */
  #changed(change) {
    this.#onChange(change);
  }
}
