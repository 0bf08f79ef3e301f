/**
 * @file The socket: opens, says hello, comes back after a drop with growing pauses, and hands on
 * each event once. What a drop must not lose is kept by the conversation, not here.
 */

/** @typedef {import('./wire.js').ClientMessage} ClientMessage */
/** @typedef {import('./wire.js').Envelope} Envelope */
/** @typedef {'closed' | 'connecting' | 'open' | 'waiting'} LinkState */

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 15_000;
const WELCOME_WITHIN_MS = 10_000;

export class Connection {
  /** @type {LinkState} */
  state = 'closed';
  /** Sockets that failed since the last welcome. */
  failures = 0;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {string | null} */
  #session = null;
  #lastSeq = 0;
  /** Largest frame of a clip; the welcome says it. */
  #clipFrameBytes = 64 * 1024;
  #timer = 0;
  #events;

  /**
   * @param {{onEvent: (event: Envelope) => void, onState: () => void, consent: () => boolean}} events
   */
  constructor(events) {
    this.#events = events;
    const wake = () => this.state === 'waiting' && this.open();
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake());
  }

  /** Opens now, also in the middle of a pause. */
  open() {
    clearTimeout(this.#timer);
    if (this.#socket) return;
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/live`);
    this.#socket = socket;
    this.#become('connecting');
    socket.onopen = () => this.#hello(socket);
    socket.onmessage = (message) => socket === this.#socket && this.#take(message);
    socket.onclose = () => this.#dropped(socket);
    this.#timer = setTimeout(() => this.#leave(socket), WELCOME_WITHIN_MS);
  }

  /** Closes and stays closed until [open]; the session is kept for then. */
  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#become('closed');
  }

  /** Forgets the session, so that the next hello begins a new one. */
  forget() {
    this.#session = null;
    this.#lastSeq = 0;
  }

  /** Whether there is a session that the program may still remember. */
  get hasSession() {
    return this.#session !== null;
  }

  /**
   * Sends a message, and the clip it announces right behind it.
   *
   * @param {ClientMessage} message
   * @param {Blob | null} [clip]
   * @returns {boolean} whether the socket took it
   */
  send(message, clip = null) {
    if (this.state !== 'open' || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return clip === null || this.sendBytes(clip);
  }

  /**
   * Sends a piece of a clip that was announced.
   *
   * @param {Blob} bytes
   * @returns {boolean} whether the socket took it
   */
  sendBytes(bytes) {
    if (this.state !== 'open' || this.#socket?.readyState !== WebSocket.OPEN) return false;
    const piece = this.#clipFrameBytes;
    for (let start = 0; start < bytes.size; start += piece) {
      this.#socket.send(bytes.slice(start, start + piece));
    }
    return true;
  }

  /** @param {WebSocket} socket */
  #hello(socket) {
    /** @type {import('./wire.js').Hello} */
    const hello = {
      type: 'hello',
      last_seq: this.#lastSeq,
      locale: navigator.language,
      sensing_consent: this.#events.consent(),
    };
    if (this.#session) hello.session = this.#session;
    socket.send(JSON.stringify(hello));
  }

  /** @param {MessageEvent<unknown>} message */
  #take(message) {
    if (typeof message.data !== 'string') return;
    /** @type {Envelope} */
    const event = JSON.parse(message.data);
    if (event.type === 'welcome') {
      clearTimeout(this.#timer);
      if (!event.resumed) this.#lastSeq = 0;
      this.#session = event.session;
      this.#clipFrameBytes = event.limits.clip_frame_bytes;
      this.failures = 0;
      this.#become('open');
    } else if (event.seq > 0) {
      // 0 marks events of this socket alone; the others come again after a drop.
      if (event.seq <= this.#lastSeq) return;
      this.#lastSeq = event.seq;
    }
    this.#events.onEvent(event);
  }

  /**
   * Gives up a socket that does not answer, without waiting for its closing handshake.
   *
   * @param {WebSocket} socket
   */
  #leave(socket) {
    socket.close();
    this.#dropped(socket);
  }

  /** @param {WebSocket} socket */
  #dropped(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#timer);
    this.#socket = null;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    this.failures += 1;
    this.#timer = setTimeout(() => this.open(), pause * (0.8 + Math.random() * 0.4));
    this.#become('waiting');
  }

  /** @param {LinkState} state */
  #become(state) {
    this.state = state;
    this.#events.onState();
  }
}
