// Many recordings in which a person writes and deletes at random places while words are heard. A person's
// characters are of a script that nothing heard is in, so each can be told. Gives what went wrong.
const { Dictation } = await import(new URL('js/dictation.js', location.href));
let seed = 1;
const below = (n) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
};
const ofPerson = (text) => Array.from(text).filter((letter) => letter >= '\u4e00').join('');
const wrong = [];
let nTyped = 0;
let nMoved = 0;

for (let round = 0; round < 400 && wrong.length === 0; round += 1) {
  const text = document.createElement('textarea');
  document.body.append(text);
  const dictation = new Dictation(text, { tell: (words) => wrong.push(words), changed: () => undefined });
  text.value = ['', 'Well,', 'Well, '][below(3)];
  text.focus();
  text.setSelectionRange(text.value.length, text.value.length);
  const before = text.value;
  dictation.begin(ears.track);
  const writesAlong = round % 2 === 0;
  const said = [];
  let guess = [];
  let nSaid = 0;
  let hasTyped = false;
  for (let step = 0; step < 30; step += 1) {
    const deed = below(writesAlong ? 6 : 3);
    const mine = ofPerson(text.value);
    const left = ofPerson(text.value.slice(0, text.selectionStart));
    const beside = text.value.charAt(text.selectionStart - 1);
    if (deed < 2) {
      guess = Array.from({ length: 1 + below(4) }, (_, n) => `w${nSaid + n}${'ab'[below(2)]}`);
      ears.hear(` ${guess.join(' ')}`, false);
    } else if (deed === 2) {
      ears.hear(guess.join(' '), true);
      said.push(...guess);
      nSaid += guess.length;
      guess = [];
    } else {
      const at = below(text.value.length + 1);
      const to = deed === 5 ? Math.min(text.value.length, at + below(4)) : at;
      text.setRangeText(deed === 5 ? '' : String.fromCharCode(0x4e00 + (nTyped++ % 0x4000)), at, to, 'end');
      text.dispatchEvent(new Event('input', { bubbles: true }));
      hasTyped = true;
      continue;
    }
    if (ofPerson(text.value) !== mine) wrong.push(`round ${round}: ${mine} became ${ofPerson(text.value)}`);
    if (ofPerson(text.value.slice(0, text.selectionStart)) !== left) wrong.push(`round ${round}: the caret left its place`);
    if (hasTyped && ofPerson(beside) && text.value.charAt(text.selectionStart - 1) !== beside) wrong.push(`round ${round}: the caret left its letter`);
    if (text.selectionStart !== text.selectionEnd) wrong.push(`round ${round}: something is selected`);
    nMoved += 1;
  }
  const expected = [before.trim(), ...said, ...guess].filter(Boolean).join(' ');
  if (!writesAlong && text.value.trim() !== expected) wrong.push(`round ${round}: ${text.value} is not ${expected}`);
  dictation.cancel();
  text.remove();
}
return { wrong, nTyped, nMoved };
