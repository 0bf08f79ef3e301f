/** @file The page as a whole: which view is shown, what the status says, and who hears of a change. */

import { tellWhere } from './about.js';
import { byId, withCode } from './dom.js';
import { Composer } from './composer.js';
import { Conversation } from './conversation.js';
import { download, toJson, toMarkdown } from './copy.js';
import { askCopy, askErase, showHelp } from './dialogs.js';
import { contactOf, helpLines, helpList, loadHelp } from './help.js';
import { Log } from './log.js';
import { Reading } from './reading.js';
import { Timeline } from './timeline.js';
import { SAY } from './words.js';

/** @typedef {import('./conversation.js').Turn} Turn */

const TICK_MS = 200;
/** Wide enough for the panel beside the conversation. */
const WIDE = matchMedia('(min-width: 64rem)');

export class App {
  #conversation = new Conversation((change) => this.#changed(change));
  #composer = new Composer({
    say: (text, clip) => this.#say(text, clip),
    follow: (sound, picture) => this.#conversation.follow(sound, picture),
    piece: (piece) => this.#conversation.piece(piece),
    unfollow: () => this.#conversation.unfollow(),
    sensing: (allowed) => this.#conversation.allowSensing(allowed),
    tell: (text) => this.#log.note(text, true),
    changed: () => this.#showStatus(),
  });
  #log = new Log({
    select: (turn) => this.#selectAndOpen(turn),
    again: (turn, withClip) => this.#conversation.again(turn, withClip),
    calm: () => this.#steady(null),
  });
  #reading = new Reading({
    step: (by) => this.#step(by),
    correct: (turn, label) => this.#conversation.correct(turn, label),
    refresh: () => this.#showReading(),
  });
  #timeline = new Timeline((turn) => this.#select(turn));
  /** @type {Turn | null} chosen by the person; otherwise the newest is shown */
  #selected = null;
  /** @type {Turn | null} the turn the steady layout began with */
  #steadyFrom = null;
  #wasAway = false;

  begin() {
    const on = (/** @type {string} */ id, /** @type {() => unknown} */ act) => byId(id, HTMLButtonElement).addEventListener('click', act);
    on('begin-text', () => this.#start(false));
    on('begin-senses', () => this.#start(true));
    on('toggle-reading', () => this.#panel(document.body.dataset['panel'] !== 'open', true));
    on('close-reading', () => this.#panel(false, true));
    on('save', () => this.#save());
    on('erase', () => this.#erase());
    on('again', () => this.#view('consent'));
    on('human-help', () => showHelp());
    on('retry', () => this.#conversation.retry());
    byId('reading', HTMLElement).addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !WIDE.matches) this.#panel(false, true);
    });
    addEventListener('pagehide', (event) => !event.persisted && this.#conversation.leave());
    addEventListener('offline', () => this.#showStatus());
    setInterval(() => this.#tick(), TICK_MS);
    void tellWhere();
    this.#showHelp();
    void loadHelp(navigator.language).then(() => this.#showHelp());
  }

  #showHelp() {
    for (const place of document.querySelectorAll('.help-lines')) place.replaceChildren(helpList(helpLines()));
  }

  /** @param {boolean} withSenses */
  async #start(withSenses) {
    this.#view('talk');
    this.#panel(WIDE.matches, false);
    this.#showReading();
    this.#conversation.retry();
    this.#composer.focus();
    if (withSenses) await this.#composer.begin();
  }

  /** @param {'consent' | 'talk' | 'ended'} view */
  #view(view) {
    document.body.dataset['view'] = view;
    for (const name of ['consent', 'talk', 'ended']) byId(name, HTMLElement).hidden = name !== view;
    byId('actions', HTMLElement).hidden = view !== 'talk';
    if (view !== 'talk') this.#panel(false, false);
    if (view === 'ended' || view === 'consent') byId(`${view}-title`, HTMLElement).focus();
  }

  /**
   * @param {boolean} open
   * @param {boolean} moveFocus
   */
  #panel(open, moveFocus) {
    document.body.dataset['panel'] = open ? 'open' : 'closed';
    byId('reading', HTMLElement).hidden = !open;
    const toggle = byId('toggle-reading', HTMLButtonElement);
    toggle.setAttribute('aria-expanded', String(open));
    if (moveFocus) (open ? byId('reading-title', HTMLElement) : toggle).focus();
  }

  /**
   * @param {string} text
   * @param {import('./conversation.js').Clip | null} clip
   */
  #say(text, clip) {
    this.#selected = null;
    this.#conversation.say(text, clip);
  }

  /** @param {import('./conversation.js').Change} change */
  #changed(change) {
    switch (change.kind) {
      case 'turn':
        this.#log.show(change.turn);
        if (change.turn.help && change.turn.state === 'done' && !this.#steadyFrom) this.#steady(change.turn);
        this.#showReading();
        break;
      case 'moment': this.#composer.showMoment(change.moment); break;
      case 'note': this.#log.note(change.text, change.replace); break;
      case 'state':
        this.#composer.know(this.#conversation.welcome);
        this.#showStatus();
        break;
      case 'cleared':
        this.#selected = null;
        this.#steady(null);
        this.#log.clear();
        this.#composer.clear();
        this.#showReading();
        break;
    }
  }

  /**
   * The steady layout of a crisis: the answer, the help lines, and a place to go on writing.
   *
   * @param {Turn | null} turn
   */
  #steady(turn) {
    this.#steadyFrom = turn;
    document.body.toggleAttribute('data-steady', turn !== null);
    this.#log.beginAt(turn);
    const nearest = byId('nearest-help', HTMLElement);
    const line = turn?.help?.[0];
    nearest.hidden = !line;
    nearest.replaceChildren(...(line ? [`People who listen: ${line.name}, `, contactOf(line)] : []));
    if (!turn) return;
    this.#panel(false, false);
    this.#log.beginView(turn);
  }

  /** @param {Turn} turn */
  #select(turn) {
    this.#selected = turn;
    this.#log.reveal(turn);
    this.#showReading();
  }

  /** @param {Turn} turn */
  #selectAndOpen(turn) {
    this.#panel(true, true);
    this.#select(turn);
  }

  /** @param {number} by */
  #step(by) {
    const { turns } = this.#conversation;
    const now = this.#selected ?? turns.at(-1);
    const next = now && turns[now.number - 1 + by];
    if (next) this.#select(next);
  }

  #showReading() {
    const { turns, welcome } = this.#conversation;
    const turn = this.#selected ?? turns.at(-1) ?? null;
    this.#reading.show(turn, turns.length, welcome);
    this.#timeline.show(turns, turn, welcome?.emotions ?? []);
    this.#log.mark(this.#selected);
  }

  #tick() {
    const turn = this.#conversation.inFlight;
    if (turn) this.#log.show(turn);
    if (turn || this.#composer.senses.recording) this.#showStatus();
  }

  #showStatus() {
    const words = this.#statusWords();
    const status = byId('status-text', HTMLElement);
    if (status.textContent !== words) status.replaceChildren(...withCode(words));
    const { link, blocked } = this.#conversation;
    byId('retry', HTMLButtonElement).hidden = !blocked && link.state !== 'waiting';
    document.body.dataset['link'] = blocked ? 'blocked' : link.state;
  }

  #statusWords() {
    const { link, blocked, inFlight, turns } = this.#conversation;
    const { recording } = this.#composer.senses;
    if (blocked) return blocked;
    if (link.state === 'waiting' || (link.state === 'connecting' && link.failures > 0)) {
      this.#wasAway = true;
      if (!navigator.onLine && location.hostname !== 'localhost') return SAY.offline;
      return link.failures > 4 ? SAY.unreachable : SAY.reconnecting;
    }
    if (link.state === 'connecting') return SAY.connecting;
    if (recording) return this.#composer.endsByPause ? 'Listening. It ends when you pause, or press Stop.' : 'Listening. Press Stop when you are done.';
    if (inFlight?.answer) return SAY.answering;
    if (inFlight && performance.now() - inFlight.sentAt >= 400) return '';
    if (this.#wasAway && link.state === 'open') {
      setTimeout(() => {
        this.#wasAway = false;
        this.#showStatus();
      }, 4000);
      return SAY.back;
    }
    return turns.length === 0 && link.state === 'open' ? 'Ready. Take your time.' : '';
  }

  async #save() {
    const form = await askCopy();
    const day = new Date().toISOString().slice(0, 10);
    if (form === 'json') download(toJson(this.#conversation), 'application/json', `conversation-${day}.json`);
    if (form === 'markdown') download(toMarkdown(this.#conversation), 'text/markdown', `conversation-${day}.md`);
  }

  async #erase() {
    if (!(await askErase())) return;
    const told = this.#conversation.erase();
    byId('ended-text', HTMLElement).textContent = told ? SAY.erasedHere : SAY.erasedLocally;
    this.#view('ended');
  }
}
