// Keys, live updates and local times. Every page is whole without this.
'use strict';

const KEYS = 'oncepost.keys';
const EVERY = 10_000;
const store = (() => { try { return window.localStorage; } catch { return null; } })();
const keysOn = () => store?.getItem(KEYS) !== 'off';
const all = (what, within = document) => [...within.querySelectorAll(what)];

// Times, told anew as they pass, in the words of the server.

function span(seconds) {
  if (seconds <= 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.floor((seconds + 30) / 60)} min`;
  if (seconds < 172_800) return `${Math.floor((seconds + 1_800) / 3_600)} h`;
  return `${Math.floor((seconds + 43_200) / 86_400)} days`;
}

function tick() {
  const now = Math.floor(Date.now() / 1000);
  for (const time of all('time[data-ago]')) {
    const at = Math.floor(Date.parse(time.dateTime) / 1000);
    const away = at - now;
    time.textContent = Math.abs(away) < 5 ? 'now' : away > 0 ? `in ${span(away)}` : `${span(-away)} ago`;
    if (!time.dataset.local) {
      time.dataset.local = 'yes';
      const here = new Date(at * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
      time.title = `${time.title}\n${here} here (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
    }
  }
}

// The row that keys act on.
let row = null;

// Live: what is marked is asked for anew while somebody can see it. A list does not move under its reader.

let asking = false;

function isBusy(part) {
  const at = document.activeElement;
  const isFilling = at && part.contains(at) && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);
  return isFilling || part.querySelector('input:checked, details[open]') !== null || document.querySelector('dialog[open]') !== null;
}

async function refresh() {
  const parts = all('[data-live]');
  if (asking || document.hidden || parts.length === 0) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' });
    if (!answer.ok) return stale(answer.type === 'opaqueredirect' ? 'You are logged out.' : 'The console does not answer as it should.');
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    stale('');
    for (const part of parts) {
      const fresh = page.getElementById(part.id);
      if (!fresh || isBusy(part) || fresh.innerHTML === part.dataset.was) continue;
      if (part.dataset.live === 'list') offer(part, fresh); else put(part, fresh);
    }
  } catch {
    stale('The console cannot be reached.');
  } finally {
    asking = false;
  }
}

function put(part, fresh) {
  const open = document.activeElement?.closest?.('a[href]')?.getAttribute('href');
  const marked = row && part.contains(row) ? row.querySelector('[data-open]')?.getAttribute('href') : null;
  part.dataset.was = fresh.innerHTML;
  part.replaceChildren(...fresh.childNodes);
  if (marked) {
    row = all(`[data-open][href="${CSS.escape(marked)}"]`, part)[0]?.closest('[data-row]') ?? null;
    row?.setAttribute('aria-current', 'true');
  }
  if (open) all(`a[href="${CSS.escape(open)}"]`, part)[0]?.focus({ preventScroll: true });
  tick();
}

function offer(part, fresh) {
  const known = new Set(all('[data-id]', part).map((row) => row.dataset.id));
  const rows = all('[data-id]', fresh);
  const many = rows.filter((row) => !known.has(row.dataset.id)).length;
  if (many === 0) {
    // The same rows: what they say may change, and none moves.
    for (const row of rows) {
      const old = part.querySelector(`[data-id="${CSS.escape(row.dataset.id)}"]`);
      if (old && old.innerHTML !== row.innerHTML) old.replaceChildren(...row.childNodes);
    }
    return tick();
  }
  let button = part.parentElement.querySelector('.fresh');
  if (!button) {
    button = document.createElement('button');
    button.type = 'button';
    button.className = 'fresh primary';
    part.before(button);
  }
  button.textContent = `${many} new`;
  button.onclick = () => { button.remove(); put(part, fresh); };
}

// What is shown has an age, and a page that cannot be asked for says so.
let shown = Date.now();

function stale(why) {
  let note = document.getElementById('stale');
  if (!why) { shown = Date.now(); note?.remove(); return; }
  if (!note) {
    note = document.createElement('div');
    note.id = 'stale';
    note.className = 'note unknown';
    note.setAttribute('role', 'alert');
    document.querySelector('main')?.prepend(note);
  }
  note.textContent = `${why} What is shown is from ${new Date(shown).toLocaleTimeString()}.`;
}

// Keys. Off while something is typed; can be switched off for good.

let leading = false;

function move(by) {
  const rows = all('[data-row]').filter((one) => one.offsetParent !== null);
  if (rows.length === 0) return;
  const at = rows.indexOf(row);
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by))];
  row?.removeAttribute('aria-current');
  row = next;
  row.setAttribute('aria-current', 'true');
  row.querySelector('[data-open]')?.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
}

function retry() {
  const act = document.querySelector('[data-retry-act]');
  if (act) {
    act.parentElement.open = true;
    act.parentElement.querySelector('form button')?.focus();
    return;
  }
  const link = document.querySelector('[data-retry-link]');
  if (link) return link.click();
  const form = row?.closest('form') ?? document.querySelector('[data-retry]')?.form;
  if (!form) return;
  if (!form.querySelector('input[type=checkbox]:checked')) {
    const box = row?.querySelector('input[type=checkbox]');
    if (!box) return;
    box.checked = true;
  }
  form.requestSubmit();
}

function help() {
  let box = document.getElementById('keys');
  if (!box) {
    box = document.createElement('dialog');
    box.id = 'keys';
    box.setAttribute('aria-labelledby', 'keys-title');
    const title = Object.assign(document.createElement('h2'), { id: 'keys-title', textContent: 'Keys' });
    const list = document.createElement('dl');
    const screens = all('nav.wide [data-go]').map((link) => [`g ${link.dataset.go}`, link.textContent]);
    const lines = [['j k', 'next row, row before'], ['Enter', 'open it'], ['x', 'select it'], ['r', 'retry: shows first what will happen'],
      ['/', 'find'], ...screens, ['?', 'this'], ['Esc', 'close, leave a field']];
    for (const [keys, what] of lines) {
      const dt = document.createElement('dt');
      for (const key of keys.split(' ')) dt.append(Object.assign(document.createElement('kbd'), { textContent: key }), ' ');
      list.append(dt, Object.assign(document.createElement('dd'), { textContent: what }));
    }
    const toggle = Object.assign(document.createElement('button'), { type: 'button' });
    const label = () => { toggle.textContent = keysOn() ? 'Switch these keys off' : 'Switch these keys on'; };
    toggle.onclick = () => { store?.setItem(KEYS, keysOn() ? 'off' : 'on'); label(); };
    label();
    const close = Object.assign(document.createElement('button'), { type: 'button', className: 'primary', textContent: 'Close' });
    close.onclick = () => box.close();
    const ends = document.createElement('div');
    ends.className = 'row';
    ends.append(close, toggle);
    box.append(title, list, ends);
    document.body.append(box);
  }
  if (!box.open) box.showModal();
}

function pressed(event) {
  const at = event.target;
  const isTyping = at.closest?.('input:not([type=checkbox]), select, textarea, [contenteditable]');
  if (event.key === 'Escape') {
    leading = false;
    if (isTyping) return at.blur();
    for (const act of all('details.act[open]')) act.open = false;
    return;
  }
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !keysOn() || document.querySelector('dialog[open]')) return;
  const done = () => event.preventDefault();
  if (leading) {
    leading = false;
    const link = document.querySelector(`nav.wide [data-go="${CSS.escape(event.key)}"]`);
    if (link) { done(); location.assign(link.href); }
    return;
  }
  switch (event.key) {
    case 'j': done(); move(1); break;
    case 'k': done(); move(-1); break;
    case 'x': { const box = row?.querySelector('input[type=checkbox]'); if (box) { done(); box.checked = !box.checked; } break; }
    case 'r': done(); retry(); break;
    case '/': done(); document.getElementById('jump')?.focus(); break;
    case 'g': leading = true; break;
    case '?': done(); help(); break;
  }
}

document.addEventListener('keydown', pressed);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
for (const button of all('[data-help]')) { button.hidden = false; button.onclick = help; }
// Times in forms are offered in the zone that they are shown in, and the browser's own is one choice away.
for (const field of all('[data-zone]')) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!here || here === field.value) continue;
  const list = document.createElement('datalist');
  list.id = `${field.id}-list`;
  for (const zone of ['UTC', here]) list.append(Object.assign(document.createElement('option'), { value: zone }));
  field.after(list);
  field.setAttribute('list', list.id);
}
for (const part of all('[data-live]')) part.dataset.was = part.innerHTML;
tick();
setInterval(tick, 5_000);
setInterval(refresh, EVERY);
