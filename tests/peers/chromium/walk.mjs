// A walk of a headless Chromium, for tests: it opens an address, fills forms, and says where it ends.
//
//   node walk.mjs '{"open": URL, "end": PREFIX, "fill": {SELECTOR: TEXT}, "scripts": false}'
//
// It goes on until its address begins with `end`: fields of `fill` that a page shows are filled and
// their form is sent, once each; where scripts are off the first button of a page is pressed, as a
// person would. Then it prints {"url", "text", "pages"} on stdout. Chromium is Debian's, or what
// CHROMIUM names; it is driven by its pipe, and its profile is a folder that goes with it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WAIT_MS = 45_000;
const LOOK_MS = 100;
const asked = JSON.parse(process.argv[2]);
const profile = mkdtempSync(join(tmpdir(), 'portico-chromium-'));

const chromium = spawn(process.env.CHROMIUM ?? 'chromium', [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
  '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
chromium.on('error', (error) => fail(`Chromium does not start: ${error.message}`));
const ended = new Promise((done) => { chromium.on('exit', done); });

const [commands, answers] = [chromium.stdio[3], chromium.stdio[4]];
const waiting = new Map();
let last = 0;
let unread = Buffer.alloc(0);

answers.on('data', (part) => {
  unread = Buffer.concat([unread, part]);
  for (let at = unread.indexOf(0); at >= 0; at = unread.indexOf(0)) {
    const { id, result, error } = JSON.parse(unread.subarray(0, at).toString());
    unread = unread.subarray(at + 1);
    waiting.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
    waiting.delete(id);
  }
});

/** A command of the DevTools protocol. */
function call(method, params = {}, sessionId = undefined) {
  last += 1;
  const id = last;
  commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  return new Promise((done) => { waiting.set(id, done); });
}

async function fail(why) {
  console.error(why);
  chromium.kill();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  process.exit(1);
}

/** What is done on a page, in the page; it answers what was done. */
function act(fill, filled, press) {
  const shows = ([selector]) => !filled.includes(selector) && document.querySelector(selector);
  const found = Object.entries(fill).find(shows);
  if (found) {
    const field = document.querySelector(found[0]);
    field.value = found[1];
    const button = field.form.querySelector('button[type=submit], button:not([type]), input[type=submit]');
    if (button) button.click(); else field.form.submit();
    return found[0];
  }
  const button = press && document.querySelector('form button, form input[type=submit]');
  if (button) { button.click(); return 'pressed'; }
  return null;
}

async function walk() {
  const { targetInfos } = await call('Target.getTargets');
  const { targetId } = targetInfos.find((one) => one.type === 'page');
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const page = (method, params) => call(method, params, sessionId);
  const evaluate = async (expression) => {
    const done = await page('Runtime.evaluate', { expression, returnByValue: true });
    return done.result?.value;
  };
  await page('Page.enable');
  await page('Emulation.setScriptExecutionDisabled', { value: asked.scripts === false });
  await page('Page.navigate', { url: asked.open });
  const [pages, filled] = [[], []];
  let acted = null;
  for (const until = Date.now() + WAIT_MS; Date.now() < until;) {
    await new Promise((done) => { setTimeout(done, LOOK_MS); });
    // A page that is on its way out answers nothing.
    const seen = await evaluate(
      '({url: location.href, ready: document.readyState, born: performance.timeOrigin})',
    ).catch(() => undefined);
    if (!seen || seen.ready !== 'complete') continue;
    if (pages.at(-1) !== seen.url) pages.push(seen.url);
    if (seen.url.startsWith(asked.end)) {
      return { url: seen.url, text: await evaluate('document.body.innerText'), pages };
    }
    if (acted === seen.born) continue;
    const did = await evaluate(
      `(${act})(${JSON.stringify(asked.fill ?? {})}, ${JSON.stringify(filled)}, ${asked.scripts === false})`,
    ).catch(() => undefined);
    if (did) { acted = seen.born; if (did !== 'pressed') filled.push(did); }
  }
  const text = await evaluate('document.body.innerText').catch(() => '');
  throw new Error(`the walk did not end:\n${pages.join('\n')}\n${text}`);
}

try {
  console.log(JSON.stringify(await walk()));
} catch (error) {
  await fail(error.message);
}
await Promise.race([call('Browser.close'), ended]);
await ended;
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
process.exit(0);
