// The error browser: choose a system, a task, a confusion; read each error in its dialogue.
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const root = document.getElementById('browser');
  const AROUND = 6;

  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const select = (label, names) => {
    const box = el('select');
    names.forEach((name, idx) => box.append(el('option', { value: idx }, name)));
    box.addEventListener('change', () => { place = 0; update(box); });
    return [el('label', {}, label, box), box];
  };

  let place = 0;
  const systems = data.systems.map((one) => one.name);
  const [systemLabel, system] = select('system', systems);
  const [taskLabel, task] = select('task', data.tasks.map((one) => one.name));
  const [goldLabel, gold] = select('gold', []);
  const [foundLabel, found] = select('predicted', []);
  const all = el('input', { type: 'checkbox' });
  all.addEventListener('change', () => { place = 0; update(all); });
  const before = el('button', { type: 'button' }, 'Previous');
  const next = el('button', { type: 'button' }, 'Next');
  const where = el('span', { 'aria-live': 'polite' });
  const view = el('div');
  before.addEventListener('click', () => { place -= 1; update(before); });
  next.addEventListener('click', () => { place += 1; update(next); });
  root.append(
    el('div', { class: 'filters' }, systemLabel, taskLabel, goldLabel, foundLabel,
      el('label', { class: 'check' }, all, 'right answers too')),
    el('div', { class: 'pager' }, before, next, where),
    view,
  );

  const fillClasses = () => {
    for (const box of [gold, found]) {
      const options = ['any', ...data.tasks[Number(task.value)].classes];
      if (box === found) options.push('no answer');
      box.replaceChildren(...options.map((text, idx) => el('option', { value: idx - 1 }, text)));
    }
  };

  const matches = () => {
    const of = Number(task.value);
    const [wantGold, wantFound] = [Number(gold.value), Number(found.value)];
    const nClasses = data.tasks[of].classes.length;
    return data.systems[Number(system.value)].answers.filter(([, , labels]) => {
      const [right, answer] = labels[of];
      if (right === null || (!all.checked && right === answer)) return false;
      if (wantGold >= 0 && right !== wantGold) return false;
      return wantFound < 0 || (answer === null ? nClasses : answer) === wantFound;
    });
  };

  const show = ([dialogueIdx, utterance, labels, response]) => {
    const dialogue = data.dialogues[dialogueIdx];
    const from = Math.max(0, utterance - AROUND);
    const rows = dialogue.rows.slice(from, utterance + 3).map(([role, text, emotion, strategy], idx) => {
      const isTarget = from + idx === utterance;
      const about = [`${from + idx} ${role}`, emotion, strategy].filter(Boolean).join(' · ');
      return el('li', isTarget ? { class: 'target' } : {}, el('small', {}, about), text);
    });
    const verdicts = data.tasks.map((one, idx) => {
      const [right, answer] = labels[idx];
      const text = (value) => (value === null ? 'none' : one.classes[value]);
      return el('div', right === answer ? {} : { class: 'wrong' },
        `${one.name}: gold ${text(right)}, predicted ${text(answer)}`);
    });
    const parts = [
      el('p', { class: 'caption' }, `dialogue ${dialogue.id}${dialogue.scenario ? `, ${dialogue.scenario}` : ''}`),
      el('ol', { class: 'rows' }, ...rows),
      el('div', { class: 'verdict' }, ...verdicts),
    ];
    if (response) parts.push(el('p', {}, el('small', {}, 'its response: '), response));
    view.replaceChildren(...parts);
  };

  function update(by) {
    if (by === task) fillClasses();
    const list = matches();
    place = Math.min(Math.max(place, 0), Math.max(list.length - 1, 0));
    before.disabled = place === 0;
    next.disabled = place + 1 >= list.length;
    const what = all.checked ? 'instances' : 'errors';
    where.textContent = list.length ? `${place + 1} of ${list.length} ${what}` : `no ${what}`;
    if (list.length) show(list[place]); else view.replaceChildren();
  }

  if (systems.length) {
    fillClasses();
    update(null);
  }
})();
