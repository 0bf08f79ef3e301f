/** @file The dialogs: asked with a question, answered with the value of the button. */

import { byId } from './dom.js';

/**
 * Shows a dialog and waits for its answer; escape answers `no`.
 *
 * @param {string} id
 * @returns {Promise<string>}
 */
function ask(id) {
  const dialog = byId(id, HTMLDialogElement);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue || 'no'), { once: true });
  });
}

/** Whether voice and face may be read. */
export const askSensing = async () => (await ask('sense-dialog')) === 'yes';

/** Whether everything is to be forgotten. */
export const askErase = async () => (await ask('erase-dialog')) === 'yes';

/** In which form a copy is wanted: `json`, `markdown`, or `no`. */
export const askCopy = () => ask('save-dialog');

/** Shows where human help is. */
export const showHelp = () => ask('help-dialog');
