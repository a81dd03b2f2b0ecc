// A console to look at: `oncepost dev` on fakes of all platforms, with hundreds of posts and every kind of failure.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as rest } from 'node:timers/promises';

const BIN = process.env.ONCEPOST_BIN ?? new URL('../../../target/debug/', import.meta.url).pathname;
export const OPERATOR = 'token-of-olga-for-the-browser';
export const TENANT = 'token-of-acme-for-the-browser';
export const VIEWER = 'token-of-a-screen-for-the-browser';
/** What a post says that means no good. */
export const SCRIPT = '<script>window.stolen = 1</script><img src=x onerror="window.stolen = 1">';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function lines(child, each) {
  createInterface({ input: child.stdout }).on('line', (line) => {
    try { each(JSON.parse(line)); } catch { /* not one of its events */ }
  });
}

async function until(what, isSo, within = 60_000) {
  const end = Date.now() + within;
  for (;;) {
    const found = await isSo().catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${within / 1000} s`);
    await rest(200);
  }
}

async function startFakes(folder, started) {
  const settings = join(folder, 'fakes.toml');
  const child = spawn(join(BIN, 'oncepost-fakes'), ['--settings', settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const urls = {};
  const ready = new Promise((resolve) => lines(child, (event) => {
    if (event.event === 'listening') urls[event.fake] = event.url;
    if (event.event === 'settings') resolve();
  }));
  await ready;
  return { urls, settings: await readFile(settings, 'utf8') };
}

/** What hooks send to: one of them is well, the other is not. */
async function receive() {
  const server = createHttp((request, response) => {
    const isWell = request.url === '/crm';
    request.resume().on('end', () => response.writeHead(isWell ? 204 : 503).end(isWell ? '' : 'maintenance until noon'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

function settingsOf(fakes, folder, ports) {
  const more = [['acme', 'news'], ['globex', 'main2']].map(([tenant, id]) => `
[[accounts]]
tenant = "${tenant}"
channel = "mastodon"
id = "${id}"
base_url = "${fakes.urls.mastodon}"
secrets.access_token = { value = "token-${id}" }
`);
  const base = fakes.settings.replace('allow_private = true', 'allow_private = true\nfetch_timeout = "3s"');
  return `${base}${more.join('')}
[ledger]
url = "sqlite://${join(folder, 'ledger.sqlite')}"
[api]
listen = "127.0.0.1:${ports.api}"
public_url = "http://127.0.0.1:${ports.api}"
tokens = [
  { name = "olga", secret = { value = "${OPERATOR}" } },
  { name = "screen", role = "viewer", secret = { value = "${VIEWER}" } },
  { name = "acme-app", tenant = "acme", secret = { value = "${TENANT}" } },
]
# By another name of this machine: for a browser that is another site.
[api.oidc]
issuer = "${fakes.urls.openid.replace('127.0.0.1', 'localhost')}"
client_id = "oncepost console"
client_secret = { value = "a secret: with/odd+letters" }
button = "Acme"
rules = [{ claim = "groups", value = "ops", role = "operator" }]
[vault]
keys = [{ id = "browser", secret = { value = "${randomBytes(32).toString('base64')}" } }]
[hooks]
allow_private = true
[health]
listen = "127.0.0.1:${ports.health}"
[telemetry]
log = "warn"
[protocol]
http_timeout = "2s"
attempt_limit = "5s"
lease = "6s"
lock_ttl = "7s"
reemit_after = "15s"
backoff = { base = "1s", factor = 1.5, cap = "3s", jitter = 0.2 }
`;
}

/** Starts it, fills it, and waits until everything stands where it should. */
export async function start({ log = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'oncepost-browser-'));
  const started = [];
  const receiver = await receive();
  const stop = async () => {
    receiver.close();
    receiver.closeAllConnections();
    for (const child of started) {
      if (child.exitCode === null) { child.kill('SIGTERM'); await Promise.race([once(child, 'exit'), rest(5000)]); }
      if (child.exitCode === null) child.kill('SIGKILL');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const fakes = await startFakes(folder, started);
    const ports = { api: await freePort(), health: await freePort() };
    const config = join(folder, 'oncepost.toml');
    await writeFile(config, settingsOf(fakes, folder, ports));
    const dev = spawn(join(BIN, 'oncepost'), ['dev', '--config', config], { stdio: ['ignore', 'inherit', log ? 'inherit' : 'ignore'] });
    started.push(dev);
    const address = `http://127.0.0.1:${ports.api}`;
    const api = async (method, path, body) => {
      const answer = await fetch(address + path, {
        method,
        headers: { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const json = await answer.json();
      if (!answer.ok && answer.status !== 207) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
      return json;
    };
    const died = once(dev, 'exit').then(() => { throw new Error('oncepost dev ended by itself: start it with its log'); });
    died.catch(() => undefined);
    await Promise.race([died, until('the API answers', () => api('GET', '/v1/posts'))]);
    const control = (fake, path, body) =>
      fetch(`${fakes.urls[fake]}/_control/${path}`, { method: 'POST', body: JSON.stringify(body) });
    for (const name of ['crm', 'warehouse']) {
      await api('PUT', `/v1/hooks/${name}`, { url: `http://127.0.0.1:${receiver.address().port}/${name}` });
    }
    await api('PUT', '/v1/hooks/old', { url: 'https://gone.example/in', tenant: 'globex', events: ['target.failed'], disabled: true });
    const found = await fill(api, control);
    return { address, api, control, stop, dev, folder, ...found };
  } catch (error) {
    await stop();
    throw error;
  }
}

const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
let numbered = 0;

function message(text, targets, more = {}) {
  numbered += 1;
  return {
    version: 1,
    idempotency_key: `campaign-${String(numbered).padStart(3, '0')}`,
    tenant: 'acme',
    content: { text },
    publish_at: at(0),
    targets: targets.map((target) => {
      const [channel, account = 'main'] = target.split('/');
      return { channel, account };
    }),
    ...more,
  };
}

const TEXTS = [
  'The new tram line opens on Saturday: twelve stops, no transfers, and free rides all weekend.',
  'Behind the scenes: how a single loaf of our rye takes three days from grain to crust.',
  'We are hiring two people who like maps. Remote within Europe, four days a week.',
  'Reminder: the library closes at 18:00 today. Returns are possible at the night slot.',
  'Five questions to ask before you sign a lease, from people who read them for a living.',
  'Thank you, all 4,812 of you, who voted. The winning colour is the one nobody expected.',
];

async function fill(api, control) {
  const refusal = (status, body) => ({ end: { refuse: { status, body } }, always: true });
  // Each failure is asked for by a word in the text.
  await control('x', 'cues', { ...refusal(403, '{"title":"Forbidden","detail":"You are not allowed to create a Tweet with duplicate content.","status":403}'), text: 'twice-told' });
  await control('mastodon', 'cues', { ...refusal(422, '{"error":"Validation failed: Text contains a link that is not allowed here"}'), text: 'not-allowed' });
  await control('threads', 'cues', { method: 'POST', path: '/threads', text: 'outage', end: 'outage', always: true });
  await control('telegram', 'cues', { end: 'cut_after', text: 'unheard', always: true });
  await control('linkedin', 'cues', { end: { say: { status: 500, body: '{"message":"Internal Server Error"}' } }, text: 'unheard', always: true });
  await control('bluesky', 'cues', { end: { rate_limit: { seconds: 1200 } }, text: 'too-fast', always: true });

  const posts = [];
  const easy = ['mastodon', 'bluesky', 'webhook', 'slack', 'discord', 'nostr'];
  for (let n = 0; n < 120; n += 1) {
    posts.push(message(`${TEXTS[n % TEXTS.length]} (${n})`, [easy[n % 6], easy[(n + 2) % 6]]));
  }
  for (let n = 0; n < 160; n += 1) {
    const soon = n < 40 ? 1800 + n * 600 : n * 5400;
    posts.push(message(`${TEXTS[(n + 3) % TEXTS.length]} (${n})`, [easy[n % 6]], { publish_at: at(soon) }));
  }
  for (let n = 0; n < 3; n += 1) posts.push(message(`A twice-told story, part ${n}`, ['x']));
  for (let n = 0; n < 12; n += 1) posts.push(message(`A link that is not-allowed, number ${n}`, ['mastodon', 'webhook']));
  for (let n = 0; n < 2; n += 1) posts.push(message(`During an outage, try ${n}`, ['threads']));
  for (const channel of ['telegram', 'linkedin']) {
    posts.push(message(`Unheard by ${channel}: this was unheard of`, [channel, 'webhook']));
  }
  posts.push(message('Posted too-fast for its own good', ['bluesky']));
  posts.push(message(`${SCRIPT} not-allowed`, ['mastodon', 'webhook'], { idempotency_key: 'stored-script' }));
  posts.push(message(`One very long line without a space: ${'x'.repeat(140)}`, ['slack'], { publish_at: at(7200) }));
  posts.push(message('A story in three parts', ['mastodon'], { content: { text: 'A story in three parts', thread: [{ text: 'Then' }, { text: 'The end' }] } }));
  posts.push(message('For globex', ['mastodon/main2'], { tenant: 'globex' }));
  const batch = await api('POST', '/v1/posts:batch', posts);
  const wrong = batch.items.filter((item) => item.problem);
  if (wrong.length > 0) throw new Error(`refused: ${JSON.stringify(wrong.slice(0, 3))}`);

  // A dead token: one fails, its siblings are held.
  await control('mastodon', 'expire', { account: 'news' });
  await api('POST', '/v1/posts', message('News by a dead token', ['mastodon/news']));
  for (let n = 0; n < 4; n += 1) {
    await api('POST', '/v1/posts', message(`More news ${n}`, ['mastodon/news'], { publish_at: at(20 + n) }));
  }
  await api('POST', '/v1/pauses', { scope: 'channel:pinterest', reason: 'Legal asked us to wait until Thursday' });
  const cancelled = await api('POST', '/v1/posts', message('Never mind', ['slack'], { publish_at: at(9000) }));
  await api('POST', `/v1/posts/${cancelled.post}/cancel`, {});
  await api('POST', '/v1/posts', message('Too late for this', ['pinterest'], {
    publish_at: at(0), deadline: at(3),
    content: { text: 'Too late for this', settings: { board: 'b' }, media: [{ url: 'https://cdn.example.org/a.jpg' }] },
  })).catch(() => undefined);

  const listed = () => api('GET', '/v1/failures?limit=500');
  await until('what fails has failed', async () => {
    const { targets } = await listed();
    const has = (channel) => targets.some((target) => target.channel === channel);
    return ['threads', 'telegram', 'linkedin', 'mastodon'].every(has) && targets.length >= 18;
  }, 120_000);
  await until('what goes out is out', async () => {
    const { counts } = await api('GET', '/v1/census');
    const out = counts.filter((count) => count.state === 'published').reduce((sum, { count }) => sum + count, 0);
    return out >= 240;
  }, 120_000);
  await until('hooks are told', async () => {
    const { deliveries } = await api('GET', '/v1/deliveries?hook=warehouse&limit=500');
    return deliveries.some(({ attempts }) => attempts.length > 1);
  }, 60_000);
  const { targets } = await listed();
  const of = (channel, account) => targets.find((target) => target.channel === channel && target.account === account);
  const script = await api('GET', '/v1/posts/by-key/acme/stored-script');
  return {
    failed: targets.filter((target) => target.channel === 'mastodon' && target.account === 'main'),
    doubt: of('telegram', 'main'), revoked: of('mastodon', 'news'), script,
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const stack = await start({ log: true });
  console.log(`${stack.address}/  token: ${OPERATOR}`);
  process.on('SIGINT', () => stack.stop().then(() => process.exit()));
  process.on('SIGTERM', () => stack.stop().then(() => process.exit()));
}
