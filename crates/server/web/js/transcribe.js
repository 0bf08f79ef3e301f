/** @file Has the program write down what was said in a recording. Nothing of it is kept there. */

const LONGEST_MS = 60_000;

/**
 * The words of a recording; `null` when they could not be written down.
 *
 * @param {import('./conversation.js').Clip} clip
 * @returns {Promise<string | null>}
 */
export async function transcribe(clip) {
  const form = new FormData();
  form.append('sensing_consent', 'true');
  form.append('clip', clip.blob);
  try {
    const answer = await fetch('/api/v1/transcribe', { method: 'POST', body: form, signal: AbortSignal.timeout(LONGEST_MS) });
    const told = answer.ok ? await answer.json() : null;
    return typeof told?.text === 'string' ? told.text.trim() : null;
  } catch {
    return null;
  }
}
