// The provider itself, driven by plain HTTP as Portico's tests drive it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

const BACK = 'http://127.0.0.1:1/callback';
const CLIENT = {
  client_id: 'portico',
  client_secret: 'a-secret-for-tests-only',
  redirect_uris: [BACK],
};
const accounts = { 'ada@example.com': { groups: ['installers'] } };
let peer;
let found;

before(async () => {
  const env = { ...process.env, PEER_OIDC: JSON.stringify({ ...CLIENT, accounts }) };
  const program = new URL('./provider.mjs', import.meta.url).pathname;
  const stdio = ['pipe', 'pipe', 'inherit'];
  peer = spawn(process.execPath, [program, '0', '--until-stdin-closes'], { env, stdio });
  const line = await new Promise((resolve, reject) => {
    createInterface(peer.stdout).once('line', resolve);
    peer.once('exit', (code) => reject(new Error(`the provider ended with ${code}`)));
  });
  const issuer = /^listening (http:\S+)$/.exec(line)[1];
  found = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  assert.equal(found.issuer, issuer);
});

after(() => peer.stdin.end());

/** Follows redirects with a cookie jar until the client's own address or a page comes. */
async function browse(jar, url, options = {}) {
  for (let hop = 0; hop < 10; hop += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { ...options, headers: { cookie }, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) jar.set(name, value); else jar.delete(name);
    }
    const next = answer.headers.get('location');
    if (!next) return { status: answer.status, body: await answer.text() };
    url = new URL(next, url);
    options = {};
    if (url.href.startsWith(BACK)) return { back: url };
  }
  throw new Error('too many redirects');
}

function authorize(extra, verifier) {
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return `${found.authorization_endpoint}?${new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT.client_id,
    redirect_uri: BACK,
    scope: 'openid email profile groups',
    state: 'the-state',
    nonce: 'the-nonce',
    ...(verifier && { code_challenge: challenge, code_challenge_method: 'S256' }),
    ...extra,
  })}`;
}

async function redeem(back, verifier) {
  const { client_id: id, client_secret: secret } = CLIENT;
  const answer = await fetch(found.token_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: back.searchParams.get('code'),
      redirect_uri: BACK,
      code_verifier: verifier,
    }),
  });
  return { status: answer.status, body: await answer.json() };
}

function payload(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
}

test('a code flow with PKCE and a login hint needs no page', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const { back } = await browse(new Map(), authorize({ login_hint: 'ada@example.com' }, verifier));
  assert.equal(back.searchParams.get('state'), 'the-state');
  const { status, body } = await redeem(back, verifier);
  assert.equal(status, 200);
  const said = payload(body.id_token);
  assert.equal(said.iss, found.issuer);
  assert.equal(said.aud, CLIENT.client_id);
  assert.equal(said.nonce, 'the-nonce');
  assert.equal(said.sub, 'ada@example.com');
  assert.equal(said.email, 'ada@example.com');
  assert.equal(said.email_verified, true);
  assert.equal(said.given_name, 'Ada');
  assert.deepEqual(said.groups, ['installers']);
  const headers = { authorization: `Bearer ${body.access_token}` };
  const told = await (await fetch(found.userinfo_endpoint, { headers })).json();
  assert.deepEqual(told.groups, ['installers']);
});

test('without a login hint a page asks for the login', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const jar = new Map();
  const page = await browse(jar, authorize({}, verifier));
  assert.equal(page.status, 200);
  const action = new URL(/action="([^"]+)"/.exec(page.body)[1], found.issuer);
  const form = { method: 'POST', body: new URLSearchParams({ login: 'grace.hopper' }) };
  const { back } = await browse(jar, action, form);
  const { body } = await redeem(back, verifier);
  assert.equal(payload(body.id_token).name, 'Grace Hopper');
});

test('a request without PKCE is refused', async () => {
  const { back } = await browse(new Map(), authorize({ login_hint: 'ada@example.com' }, ''));
  assert.equal(back.searchParams.get('error'), 'invalid_request');
});

test('a code is not redeemed with another verifier', async () => {
  const { back } = await browse(new Map(), authorize({ login_hint: 'ada@example.com' }, 'v'.repeat(43)));
  const { status, body } = await redeem(back, 'w'.repeat(43));
  assert.equal(status, 400);
  assert.equal(body.error, 'invalid_grant');
});
