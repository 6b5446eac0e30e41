// A certified OpenID provider on loopback, for tests: one client, any account, no passwords.
//
//   PEER_OIDC='{"client_id": "...", "client_secret": "...", "redirect_uris": ["..."]}' \
//     node provider.mjs [port] [--until-stdin-closes]
//
// Port 0 (the default) takes a free one. Once it answers it prints `listening <issuer>` on stdout.
// A whole sign-in goes by plain HTTP: with `login_hint` the interaction ends at once for that
// account, without it a page asks for the form field `login`. Any login is an account; its claims
// may be set by `accounts: {"<login>": {"email": "...", "groups": [...]}}` in PEER_OIDC, and
// any other metadata of the client (`token_endpoint_auth_method`, `jwks_uri`, `backchannel_logout_uri`)
// may be set there too. Everything is kept in memory. The 8th major
// version is the last that runs on Node 18, which Debian 12 brings.

import { createServer } from 'node:http';
import * as crypto from 'node:crypto';

import Provider from 'oidc-provider';

const FORM_BYTES_MAX = 16 * 1024;
const flags = process.argv.slice(2);
const port = Number(flags.find((flag) => /^\d+$/.test(flag)) ?? 0);
const { accounts = {}, ...client } = JSON.parse(process.env.PEER_OIDC ?? '{}');

/** The claims of a login: set ones first, made up from the login otherwise. */
function claims(login) {
  const [given, ...family] = login.replace(/@.*/, '').split(/[._-]/).map(capitalized);
  return {
    sub: login,
    email: login.includes('@') ? login : `${login}@example.com`,
    email_verified: true,
    given_name: given,
    family_name: family.join(' ') || 'Example',
    name: [given, ...family].join(' '),
    groups: [],
    ...(Object.hasOwn(accounts, login) ? accounts[login] : {}),
  };
}

function capitalized(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function signingKey() {
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = crypto.randomUUID();
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
}

const configuration = {
  clients: [{
    grant_types: ['authorization_code'],
    response_types: ['code'],
    id_token_signed_response_alg: 'RS256',
    ...client,
  }],
  jwks: { keys: [signingKey()] },
  cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'given_name', 'family_name'],
    groups: ['groups'],
  },
  // Claims of the asked scopes stand in the ID token, as the big providers do it.
  conformIdTokenClaims: false,
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 3600, IdToken: 3600, Interaction: 600, Session: 3600, Grant: 3600 },
  findAccount: (_, login) => ({ accountId: login, claims: () => claims(login) }),
  loadExistingGrant: consented,
};

/** Everybody consents to everything that is asked. */
async function consented(context) {
  const { client: asking, session, params, provider } = context.oidc;
  const grant = new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

async function interact(provider, request, response) {
  const { uid, params } = await provider.interactionDetails(request, response);
  const form = request.method === 'POST' ? await readForm(request) : new URLSearchParams();
  const login = form.get('login') ?? params.login_hint;
  if (login) {
    return provider.interactionFinished(request, response, { login: { accountId: login } });
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  return response.end(`<!doctype html><title>Sign in</title>
<form method="post" action="/interaction/${uid}">
<label>Login <input name="login" autofocus required></label> <button>Sign in</button>
</form>`);
}

async function readForm(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > FORM_BYTES_MAX) throw new Error('the form is too large');
  }
  return new URLSearchParams(body);
}

function refused(response, error) {
  if (!response.headersSent) response.writeHead(400, { 'content-type': 'text/plain' });
  response.end(`${error.name}: ${error.error_description ?? error.message}\n`);
}

const server = createServer();
server.listen(port, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on('server_error', (_, error) => console.error(error));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    return interact(provider, request, response).catch((error) => refused(response, error));
  });
  console.log(`listening ${issuer}`);
});

if (flags.includes('--until-stdin-closes')) {
  // A test that dies takes its provider with it.
  process.stdin.on('close', () => process.exit(0)).resume();
}
