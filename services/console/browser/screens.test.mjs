// Every screen in a real browser: light and dark, wide and narrow, with axe; by keys alone, without scripts, and against those who mean no good.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROMIUM, logIn } from './browser.mjs';
import { OPERATOR, SCRIPT, TENANT, VIEWER, start } from './stack.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env.SHOTS;

let stack;
let browser;

before(async () => {
  stack = await start({ log: Boolean(process.env.LOG) });
  browser = await chromium.launch(CHROMIUM);
  if (SHOTS) await mkdir(SHOTS, { recursive: true });
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function visit(options = {}, token = OPERATOR) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.on('pageerror', (error) => page.wrong.push(`error: ${error.message}`));
  page.on('console', (line) => { if (/Content Security Policy|Refused to/.test(line.text())) page.wrong.push(line.text()); });
  await logIn(page, stack.address, token);
  page.open = (path) => page.goto(stack.address + path);
  return page;
}

function screens() {
  const [one, two] = stack.failed;
  const account = `/accounts/acme/mastodon/news`;
  const about = (group, more = '') => `group=${encodeURIComponent(group)}${more}`;
  const guide = (step) => `/guide?${about(stack.revoked.group)}&step=${step}`;
  return {
    'needs-attention': '/', posts: '/posts', 'posts-failed': '/posts?state=failed', 'posts-none': '/posts?tenant=nobody',
    post: `/posts/${one.post}`, 'post-script': `/posts/${stack.script.id}`, failed: `/targets/${one.id}`,
    doubt: `/targets/${stack.doubt.id}`, revoked: `/targets/${stack.revoked.id}`,
    retry: `/retry?target=${one.id}&target=${two.id}&target=${stack.doubt.id}`, schedule: '/schedule',
    week: '/schedule?view=week&zone=Europe/Berlin', forecast: '/forecast', channels: '/channels', accounts: '/accounts',
    'dead-letters': '/dead-letters?channel=mastodon', jobs: '/jobs', plan: '/jobs/new?channel=mastodon', scorecard: '/scorecard',
    'behind-a-figure': '/scorecard/targets?figure=failed', incidents: '/incidents', hooks: '/hooks',
    hook: '/hooks/warehouse', 'hook-off': '/hooks/old', 'audit-log': '/audit-log',
    'plan-waiting': '/jobs/new?of=waiting&channel=mastodon', 'plan-move': '/jobs/new?of=waiting&channel=mastodon&by=2h',
    'plan-ticked': `/jobs/new?of=either&post=${one.post}&post=${two.post}`,
    edit: `/posts/${one.post}/edit?target=${one.id}`, account, system: '/system', notes: '/notes',
    cause: `/causes?${about(one.group)}`, 'cause-in-doubt': `/causes?${about(stack.doubt.group)}`,
    'cause-of-an-account': `/causes?${about(one.group, '&account=acme/mastodon/main')}`, 'cause-that-is-over': '/causes?group=OP-2001/post/gone',
    'guide-1': guide(1), 'guide-2': guide(2), 'guide-3': guide(3), 'guide-4': guide(4), 'guide-5': guide(5),
    'guide-doubt': `/guide?${about(stack.doubt.group)}&step=2`, code: '/errors/OP-2101', codes: '/errors', lost: '/nowhere', unknown: '/targets/nonsense',
  };
}

async function axe(page) {
  // Runs in a world of its own: the page's policy lets nothing in.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  const run = (expression) => session.send('Runtime.evaluate', { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
  await run(AXE);
  const told = await run('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`))');
  await session.detach();
  assert.ok(Array.isArray(told.result.value), JSON.stringify(told));
  return told.result.value;
}

const opened = (page, open) => page.evaluate((open) => {
  for (const act of document.querySelectorAll('details.act')) act.open = open;
}, open);

describe('every screen', () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 360]) {
      test(`${colorScheme}, ${width} wide: nothing for axe, nothing cut off, nothing refused by the policy`, async () => {
        const page = await visit({ colorScheme, viewport: { width, height: 900 } });
        const wrong = [];
        for (const [name, path] of Object.entries(screens())) {
          await page.open(path);
          if (name === 'system') await page.getByRole('button', { name: 'Count now' }).click();
          await opened(page, true);
          wrong.push(...(await axe(page)).map((found) => `${name}: ${found}`));
          const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          if (over > 0) wrong.push(`${name}: ${over} px wider than the screen`);
          await opened(page, false);
          if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${colorScheme}-${width}.png`, fullPage: true });
        }
        await page.context().close();
        const out = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
        const door = await out.newPage();
        await door.goto(`${stack.address}/login`);
        wrong.push(...(await axe(door)).map((found) => `login: ${found}`));
        if (SHOTS) await door.screenshot({ path: `${SHOTS}/login-${colorScheme}-${width}.png` });
        await out.close();
        assert.deepEqual([...wrong, ...page.wrong], []);
      });
    }
  }
});

test('what is wrong is found and retried by keys alone', async () => {
  const page = await visit();
  await page.open('/');
  const press = (key) => page.keyboard.press(key);
  await press('j');
  await press('Enter');
  await page.waitForURL('**/causes?**');
  await press('j');
  await press('x');
  assert.equal(await page.locator('input[name=target]:checked').count(), 1);
  await press('r');
  await page.waitForURL('**/retry?**');
  assert.match(await page.locator('main').innerText(), /1 will go|0 will go/);
  await press('g');
  await press('p');
  await page.waitForURL('**/posts');
  await page.open(`/targets/${stack.failed[0].id}`);
  await press('r');
  await press('Enter');
  await page.waitForSelector('.note.done, .note.refused');
  assert.match(await page.locator('.note').first().innerText(), /sent again right away/);
  await press('?');
  assert.ok(await page.locator('dialog[open]').isVisible());
  await page.getByRole('button', { name: 'Switch these keys off' }).press('Enter');
  await press('Escape');
  await press('g');
  await press('a');
  assert.match(page.url(), /targets/, 'switched off, keys do nothing');
  assert.deepEqual(page.wrong, []);
  await page.context().close();
});

test('everything is done without scripts', async () => {
  const page = await visit({ javaScriptEnabled: false });
  const target = stack.failed[1];
  await page.open('/');
  const cause = page.locator(`section.cause[data-id="${stack.revoked.group}"]`);
  await cause.getByRole('button', { name: 'I take it' }).click();
  assert.match(await page.locator('.note.done').innerText(), /You have it now/);
  assert.match(await cause.locator('.had').innerText(), /olga/);
  await cause.getByRole('link', { name: /Guide me/ }).click();
  assert.match(await page.locator('h2').first().innerText(), /1\. What is it\?/);
  await page.getByRole('link', { name: 'Next: mend the cause' }).click();
  await page.getByRole('button', { name: /Ask the platform now/ }).click();
  assert.match(page.url(), /step=2/, 'the check leads back to its step');
  await page.getByRole('link', { name: /plan the retry/ }).click();
  assert.match(await page.locator('main').innerText(), /held back|go/);
  await page.getByRole('link', { name: 'Next: go' }).click();
  await page.getByRole('link', { name: 'Next: leave word' }).click();
  await page.getByLabel('What is to be remembered').fill('Its owner is Ann');
  await page.getByRole('button', { name: 'Leave the note' }).click();
  assert.match(await page.locator('.note.done').innerText(), /Noted on cause:/);
  await page.getByRole('button', { name: 'Let it go' }).click();
  await page.getByRole('link', { name: 'Cause', exact: true }).click();
  assert.match(await page.locator('.notes').innerText(), /Its owner is Ann/);
  await page.locator(`input[value="${stack.revoked.id}"]`).check();
  await page.getByRole('button', { name: /Retry selected/ }).click();
  assert.match(page.url(), new RegExp(`target=${stack.revoked.id}`));
  await page.open(`/targets/${target.id}`);
  await page.getByText('Retry…').click();
  await page.getByRole('button', { name: 'Retry now' }).click();
  assert.match(await page.locator('.note.done').innerText(), /sent again right away/);
  await page.open(`/targets/${stack.doubt.id}`);
  await page.getByText('It is not out: send it again…').click();
  await page.getByLabel('Type send again').fill('Send again');
  await page.getByText('It is out: record it…');
  await page.getByLabel('Its address on the platform').fill('https://t.me/acme/17');
  await page.getByLabel("or the platform's id").fill('17');
  await page.getByLabel(/I have seen there that it is a post of/).check();
  await page.getByRole('button', { name: 'Record as published' }).click();
  assert.match(await page.locator('.note.done').innerText(), /recorded as published/);
  assert.match(await page.locator('#standing').innerText(), /published/);
  await page.open('/channels');
  await page.getByText('Pause something…').click();
  await page.getByLabel('What', { exact: true }).fill('channel:reddit');
  await page.getByLabel('Why, for whoever finds it').fill('a test');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  assert.match(await page.locator('.note.done').innerText(), /channel:reddit is paused/);
  await page.getByRole('button', { name: 'Resume channel:reddit' }).click();
  assert.match(await page.locator('.note.done').innerText(), /resumed/);
  await page.getByRole('button', { name: 'Log out' }).click();
  assert.match(page.url(), /\/login$/);
  await page.open('/posts');
  assert.match(page.url(), /\/login\?next=%2Fposts$/);
  await page.context().close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`a person logs in at a provider and out again, ${javaScriptEnabled ? 'with' : 'without'} scripts`, async () => {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    const wrong = [];
    page.on('console', (line) => { if (/Content Security Policy|Refused to/.test(line.text())) wrong.push(line.text()); });
    await page.goto(`${stack.address}/posts?state=failed`);
    await page.getByRole('link', { name: 'Log in with Acme' }).click();
    assert.match(page.url(), /\/posts\?state=failed$/);
    assert.match(await page.locator('.who').innerText(), /anna@acme\.example/);
    const cookies = await context.cookies(stack.address);
    assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]), [['oncepost', true, 'Lax']]);
    await page.goto(`${stack.address}/channels`);
    await page.getByText('Pause something…').click();
    await page.getByLabel('What', { exact: true }).fill('channel:reddit');
    await page.getByLabel('Why, for whoever finds it').fill('a test');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume channel:reddit' }).click();
    await page.goto(`${stack.address}/audit-log`);
    assert.match(await page.locator('main').innerText(), /anna@acme\.example/);
    await page.getByRole('button', { name: 'Log out' }).click();
    assert.match(page.url(), /\/login\/left$/);
    await page.getByRole('link', { name: 'Log out of Acme as well' }).click();
    assert.match(await page.locator('h1').innerText(), /logged out at the provider/);
    await page.goto(`${stack.address}/posts`);
    assert.match(page.url(), /\/login\?next=%2Fposts$/);
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('a hook is put in, sent to again and removed without scripts', async () => {
  const page = await visit({ javaScriptEnabled: false });
  await page.open('/hooks');
  await page.getByText('Put one in…').click();
  await page.getByLabel('Name').fill('archive');
  await page.getByLabel('Address').fill('https://archive.example/in');
  await page.getByLabel('target.failed').check();
  await page.getByRole('button', { name: 'Put in' }).click();
  assert.match(await page.locator('code.secret').innerText(), /^whsec_/);
  await page.open('/hooks/archive');
  assert.doesNotMatch(await page.content(), /whsec_[A-Za-z0-9]/, 'a secret is shown once');
  await page.getByText('Remove…').click();
  await page.getByLabel('Type archive').fill('archive');
  await page.getByRole('button', { name: 'Remove' }).click();
  assert.match(await page.locator('.note.done').innerText(), /archive is removed/);
  await page.open('/hooks/crm?state=delivered');
  await page.getByRole('button', { name: /^Send again event/ }).first().click();
  assert.match(await page.locator('.note.done').innerText(), /1 event is sent again/);
  await page.context().close();
});

test('several that wait are moved together without scripts, after a look at the plan', async () => {
  const page = await visit({ javaScriptEnabled: false });
  await page.open('/schedule');
  const boxes = page.locator('#waiting input[name=target]');
  const ids = [await boxes.nth(3).inputValue(), await boxes.nth(4).inputValue()];
  const before = await Promise.all(ids.map((id) => stack.api('GET', `/v1/targets/${id}`)));
  await boxes.nth(3).check();
  await boxes.nth(4).check();
  await page.getByRole('button', { name: 'Move or cancel selected…' }).click();
  assert.match(await page.locator('h1').innerText(), /2 targets at once/);
  await page.getByText('Later or earlier…').click();
  await page.getByLabel('By', { exact: true }).fill('90m');
  await page.getByRole('button', { name: 'Show the plan' }).last().click();
  assert.match(await page.locator('main').innerText(), /2 of 2 go/);
  await page.getByRole('button', { name: 'Move 2 targets' }).click();
  assert.match(await page.locator('.note.done').innerText(), /The job is begun: 2 targets go/);
  const job = page.url();
  for (;;) {
    const { state } = await stack.api('GET', `/v1/jobs/${job.split('/').pop()}`);
    if (state === 'done') break;
  }
  const after = await Promise.all(ids.map((id) => stack.api('GET', `/v1/targets/${id}`)));
  const moved = after.map((target, n) => Date.parse(target.due_at) - Date.parse(before[n].due_at));
  assert.deepEqual(moved, [5_400_000, 5_400_000]);
  await page.context().close();
});

test('targets of a post are given another text, and a text that is refused is not lost', async () => {
  const page = await visit({ javaScriptEnabled: false });
  await page.open('/schedule');
  const id = await page.locator('#waiting input[name=target]').nth(6).inputValue();
  const { post } = await stack.api('GET', `/v1/targets/${id}`);
  await page.open(`/posts/${post}`);
  await page.locator(`input[value="${id}"]`).check();
  await page.getByRole('button', { name: 'Edit selected…' }).click();
  await page.getByLabel('Text', { exact: true }).fill('y'.repeat(200_000).slice(0, 60_000));
  await page.getByRole('button', { name: 'Change 1 target' }).click();
  assert.match(await page.locator('.note.refused').innerText(), /Not done/);
  assert.equal((await page.getByLabel('Text', { exact: true }).inputValue()).length, 60_000);
  await page.getByLabel('Text', { exact: true }).fill('Other words, decided on late');
  await page.getByRole('button', { name: 'Change 1 target' }).click();
  assert.match(await page.locator('.note.done').innerText(), /1 target changed/);
  assert.match(await page.locator('.says').innerText(), /Other words, decided on late/);
  await page.context().close();
});

test('a script in a post is text', async () => {
  const page = await visit();
  for (const path of ['/posts?state=failed', `/posts/${stack.script.id}`, `/targets/${stack.script.targets[0].id}`]) {
    await page.open(path);
    assert.equal(await page.evaluate(() => window.stolen), undefined, path);
    assert.equal(await page.locator('main script, main img').count(), 0, path);
  }
  assert.match(await page.locator('.says').innerText(), new RegExp(SCRIPT.slice(0, 20).replace(/[()]/g, '\\$&')));
  await page.context().close();
});

test('no page of another site changes anything', async () => {
  const page = await visit();
  const session = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  await page.open(`/targets/${stack.revoked.id}`);
  const stamp = await page.locator('input[name=stamp]').first().inputValue();
  const send = (headers, stamped) => fetch(`${stack.address}/targets/${stack.revoked.id}/cancel`, {
    method: 'POST', redirect: 'manual',
    headers: { cookie: session, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ stamp: stamped }),
  });
  assert.equal((await send({ origin: 'https://evil.example' }, stamp)).status, 403);
  assert.equal((await send({ origin: 'null' }, stamp)).status, 403);
  assert.equal((await send({ origin: stack.address }, 'guessed')).status, 403);
  assert.equal((await send({ origin: stack.address, cookie: '' }, stamp)).status, 401);
  assert.equal((await stack.api('GET', `/v1/targets/${stack.revoked.id}`)).state, 'failed', 'nothing was changed');
  // A page elsewhere that sends a form to us: the browser brings the cookie only with a link that is followed.
  const other = await page.context().newPage();
  await other.route('http://evil.example/**', (route) => route.fulfill({
    contentType: 'text/html',
    body: `<form method=post action="${stack.address}/targets/${stack.revoked.id}/cancel"><input name=stamp value="${stamp}"></form>`,
  }));
  await other.goto('http://evil.example/');
  await Promise.all([other.waitForNavigation(), other.evaluate(() => document.forms[0].submit())]);
  assert.match(await other.locator('main').innerText(), /Nothing was changed/);
  assert.equal((await stack.api('GET', `/v1/targets/${stack.revoked.id}`)).state, 'failed');
  await page.context().close();
});

test('a tenant sees its own, and no queue of the operators', async () => {
  const page = await visit({}, TENANT);
  await page.open('/posts');
  assert.doesNotMatch(await page.locator('#posts').innerText(), /globex/);
  const foreign = await stack.api('GET', '/v1/posts?tenant=globex');
  const answer = await page.open(`/posts/${foreign.posts[0].id}`);
  assert.equal(answer.status(), 404);
  await page.open('/system');
  assert.equal(await page.getByRole('button', { name: 'Count now' }).count(), 0);
  assert.equal(await page.locator('#processes').count(), 0);
  await page.context().close();
});

test('whoever may only look is shown no form', async () => {
  const page = await visit({}, VIEWER);
  for (const path of ['/', `/targets/${stack.revoked.id}`, `/guide?group=${encodeURIComponent(stack.revoked.group)}&step=2`, '/accounts/acme/mastodon/news', '/channels', '/notes', '/incidents']) {
    await page.open(path);
    assert.deepEqual(await page.locator('main form[method=post]').count(), 0, path);
  }
  await page.context().close();
});

test('a page that is looked at follows what happens, and a list does not move under its reader', async () => {
  const page = await visit();
  await page.clock.install();
  await page.open('/posts');
  const first = await page.locator('#posts tbody tr').first().getAttribute('data-id');
  await stack.api('POST', '/v1/posts', {
    version: 1, idempotency_key: 'while-you-look', tenant: 'acme', content: { text: 'Came in while you looked' },
    publish_at: new Date(Date.now() + 3_600_000).toISOString(), targets: [{ channel: 'slack', account: 'main' }],
  });
  await page.clock.runFor(11_000);
  const fresh = page.getByRole('button', { name: '1 new' });
  await fresh.waitFor();
  assert.equal(await page.locator('#posts tbody tr').first().getAttribute('data-id'), first, 'nothing has moved');
  await fresh.click();
  assert.match(await page.locator('#posts tbody tr').first().innerText(), /Came in while you looked/);
  await page.context().setOffline(true);
  await page.clock.runFor(11_000);
  await page.getByText('The console cannot be reached.').waitFor();
  await page.context().close();
});
