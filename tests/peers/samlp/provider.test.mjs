// The provider itself, as Portico's tests find it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

let peer;
let base;
let sp;

before(async () => {
  const program = new URL('./provider.mjs', import.meta.url).pathname;
  const stdio = ['pipe', 'pipe', 'inherit'];
  peer = spawn(process.execPath, [program, '0', '--until-stdin-closes'], { stdio });
  const line = await new Promise((resolve, reject) => {
    createInterface(peer.stdout).once('line', resolve);
    peer.once('exit', (code) => reject(new Error(`the provider ended with ${code}`)));
  });
  base = /^listening (http:\S+)$/.exec(line)[1];
  const metadata = await (await fetch(`${base}/metadata`)).text();
  const cert = /<X509Certificate>([^<]*)</.exec(metadata)[1];
  const text = `use="signing"><ds:X509Certificate>${cert}</ds:X509Certificate>`
    + `use="encryption"><ds:X509Certificate>${cert}</ds:X509Certificate>`
    + '<md:AssertionConsumerService Location="http://127.0.0.1:1/acs"/>';
  sp = createServer((req, res) => res.end(text));
  await new Promise((done) => { sp.listen(0, '127.0.0.1', done); });
});

after(() => { peer.stdin.end(); sp.close(); });

async function answered(more) {
  const query = new URLSearchParams({ sp: `http://127.0.0.1:${sp.address().port}`, as: 'ada', ...more });
  const page = await (await fetch(`${base}/begin?${query}`)).text();
  return Buffer.from(/name="SAMLResponse"\s+value="([^"]*)"/.exec(page)[1], 'base64').toString();
}

test('its metadata names where to sign in', async () => {
  const metadata = await (await fetch(`${base}/metadata`)).text();
  assert.match(metadata, new RegExp(`entityID="${base}/metadata"`));
  assert.match(metadata, new RegExp(`Location="${base}/sso"`));
});

test('it signs what it is told to', async () => {
  const count = (text) => text.split('<Signature ').length - 1 + text.split(':Signature ').length - 1;
  assert.equal(count(await answered({ sign: 'assertion' })), 1);
  assert.equal(count(await answered({ sign: 'response' })), 1);
  assert.equal(count(await answered({ sign: 'both' })), 2);
});

test('it encrypts', async () => {
  assert.match(await answered({ encrypt: '1' }), /EncryptedAssertion/);
});
