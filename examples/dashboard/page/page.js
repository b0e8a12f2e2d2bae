'use strict';

const $ = id => document.getElementById(id);
const mostSamples = 120;
const count = new Intl.NumberFormat('en');

const number = v => v >= 1000 ? `${+(v / 1000).toPrecision(3)}k` : `${+v.toPrecision(3)}`;
const ms = v => v >= 1000 ? `${+(v / 1000).toPrecision(3)} s` : `${+v.toPrecision(3)} ms`;
const bytes = v => v === 0 ? '–' : `${(v / (1 << 20)).toFixed(1)} MiB`;
const age = s => s < 60 ? `${Math.floor(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;

const two = (name, key) => [[`p50`, 'key-one', s => s[key][0]], [`p99`, 'key-two', s => s[key][1]]];
const charts = [
  new Chart($('throughput'), [['jobs/s', 'key-one', s => s.done]], number, mostSamples),
  new Chart($('queue'), [['waiting', 'key-one', s => s.waiting], ['running', 'key-two', s => s.running]], number, mostSamples),
  new Chart($('ran'), two('ran', 'ran'), ms, mostSamples),
  new Chart($('waited'), two('waited', 'waited'), ms, mostSamples),
];

// What the page knows.
let boot = '';
let samples = [];

function set(id, text) {
  if ($(id).textContent !== String(text)) $(id).textContent = text;
}

function show(s) {
  if (s.boot !== boot) { // The program was started again.
    boot = s.boot;
    samples = [];
  }
  const last = samples.length ? samples[samples.length - 1].seq : 0;
  samples = samples.concat(s.samples.filter(one => one.seq > last)).slice(-mostSamples);
  health(s.health === '' ? 'good' : 'bad', s.health === '' ? 'healthy' : s.health);
  set('generation', s.generation);
  set('uptime', age(s.uptime));
  if (settled('size')) showSize(s.size);
  set('done', count.format(s.done));
  set('failed', count.format(s.failed));
  set('retried', count.format(s.retried));
  set('utilization', `${Math.round(s.utilization * 100)} %`);
  if (settled('rate')) showRate(s.rate);
  for (const chart of charts) chart.show(samples, s.period);
  rows($('workers').tBodies[0], s.workers, w => w.number, workerRow);
  rows($('exits').tBodies[0], (s.exits ?? []).toReversed(), e => e.worker, exitRow);
  $('no-exits').hidden = (s.exits ?? []).length > 0;
  $('exits').hidden = !$('no-exits').hidden;
}

function health(kind, text) {
  set('health', text);
  $('health').className = `badge ${kind}`;
}

// rows has a table show a list, each item in the row that it had before, so that a button stays the one that is pressed.
function rows(body, list, key, cells) {
  const old = new Map([...body.rows].map(row => [row.dataset.key, row]));
  list.forEach((item, at) => {
    let row = old.get(String(key(item)));
    old.delete(String(key(item)));
    if (row === undefined) {
      row = document.createElement('tr');
      row.dataset.key = key(item);
    }
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] ?? null);
    cells(row, item);
  });
  for (const row of old.values()) row.remove();
}

// fill has a row show [text, class, name on a narrow screen] in its cells.
function fill(row, cells) {
  cells.forEach(([text, kind, name], at) => {
    const cell = row.cells[at] ?? row.insertCell();
    if (cell.textContent !== String(text)) cell.textContent = text;
    if (kind !== undefined && cell.className !== kind) cell.className = kind;
    if (name !== undefined) cell.dataset.name = name;
  });
}

function workerRow(row, w) {
  const doing = w.state === 'ready' ? (w.busy ? 'busy' : 'idle') : w.state;
  fill(row, [[w.number, '', 'worker'], [w.pid, '', 'pid'], [w.generation, '', 'generation'], [doing, `state ${doing}`, undefined],
    [count.format(w.done), '', 'jobs'], [age(w.age), '', 'age'], [bytes(w.memory), '', 'memory'], [w.line, 'line']]);
  if (row.cells.length === 8) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Kill';
    button.setAttribute('aria-label', `kill worker ${w.number}`);
    button.onclick = () => post('kill', { worker: w.number });
    const cell = row.insertCell();
    cell.className = 'act';
    cell.append(button);
  }
}

function exitRow(row, e) {
  fill(row, [[new Date(e.time).toLocaleTimeString('en-GB'), '', 'time'], [e.worker, '', 'worker'], [e.pid, '', 'pid'],
    [e.generation, '', 'generation'], [e.reason, `reason ${e.reason}`, 'reason'], [e.status, 'line'], [count.format(e.jobs), '', 'jobs']]);
}

async function post(path, values) {
  set('told', '');
  try {
    const answer = await fetch(path, { method: 'POST', body: new URLSearchParams(values) });
    if (!answer.ok) set('told', (await answer.text()).trim());
  } catch {
    set('told', 'the program does not answer');
  }
}

// wanted has what is still to be sent, by path, and a path while something is on its way there.
const wanted = {};

// putLast sends the newest values, one after the other: on several connections the last ones need not arrive last.
async function putLast(path, values) {
  const isBusy = path in wanted;
  wanted[path] = values;
  if (isBusy) return;
  while (wanted[path]) {
    const next = wanted[path];
    wanted[path] = undefined;
    await post(path, next);
  }
  delete wanted[path];
}

$('reload').onclick = async () => {
  $('reload').disabled = true;
  await post('reload', {});
  $('reload').disabled = false;
};
$('fewer').onclick = () => resize(-1);
$('more').onclick = () => resize(1);

// changed says when the person has changed what last: for a while it is not set to what the program says, which may be older.
const changed = {};
const settled = name => !(performance.now() - changed[name] < 1500);

let size = 0; // 0: not known
function showSize(n) {
  size = n;
  set('size', n);
  $('fewer').disabled = n <= 1;
  $('more').disabled = n >= 32;
}

function resize(by) {
  if (size === 0) return;
  changed.size = performance.now();
  showSize(size + by);
  putLast('resize', { workers: size });
}

function showRate(rate) {
  $('rate').value = rate;
  set('rate-now', `${rate} jobs/s`);
}
$('rate').oninput = () => {
  changed.rate = performance.now();
  set('rate-now', `${$('rate').value} jobs/s`);
};
$('rate').onchange = () => putLast('load', { rate: $('rate').value });

// A page has a stream while it can be seen: a browser has six connections to a server, for all of its pages.
let stream = null;
function connect() {
  stream?.close();
  stream = null;
  if (document.hidden) return;
  stream = new EventSource('events');
  stream.onmessage = event => show(JSON.parse(event.data));
  // The browser connects again by itself when the stream is cut; when the answer was no stream it does not.
  stream.onerror = event => {
    health('', 'reconnecting');
    if (event.target.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
  };
}
connect();
document.addEventListener('visibilitychange', connect);
