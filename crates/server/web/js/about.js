/** @file Where recordings go, when they leave the machine of this program: said before anything is recorded. */

import { byId } from './dom.js';
import { sentTo } from './words.js';

/** Corrects what the consent card says is kept. */
export async function tellWhere() {
  try {
    const answer = await fetch('/api/v1/about');
    const places = answer.ok ? (await answer.json()).recordings_go_to : [];
    if (Array.isArray(places) && places.length > 0) byId('kept-where', HTMLElement).textContent = sentTo(places.join(' and '));
  } catch {
    // A program that cannot be reached is told of elsewhere, and is sent nothing.
  }
}
