// A SAML provider on loopback, for tests: samlp (Auth0's library), any account, no passwords.
//
//   node provider.mjs [port] [--until-stdin-closes] [--forms]
//
// Port 0 (the default) takes a free one. Once it answers it prints `listening <address>` on stdout.
//
//   GET /metadata            its metadata
//   GET /sso                 signs in at once whom `as` names, and shows the form for the answer
//   GET /begin?sp=URL&as=    the same without request, for the provider whose metadata is at URL
//   GET /logout              takes LogoutRequest and LogoutResponse; without both it begins a logout
//
// More of the query says how: `sign` is `response`, `assertion` or `both`; `encrypt` encrypts for the
// key in the metadata of whoever asks; `format` and `session` are those of the NameID. Everything is
// kept in memory. With `--forms` it takes and sends logouts by forms only.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

import samlp from 'samlp';

const FORM_BYTES_MAX = 256 * 1024;
const flags = process.argv.slice(2);
const port = Number(flags.find((flag) => /^\d+$/.test(flag)) ?? 0);
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const forms = flags.includes('--forms');
const BINDING = `urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${forms ? 'POST' : 'Redirect'}`;
const participants = [];
const session = {};

/** A key and a certificate of its own; samlp wants PEM. */
function keyPair() {
  const folder = mkdtempSync(join(tmpdir(), 'samlp-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30',
      '-subj', '/CN=samlp', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What samlp needs to know of a person. */
function mapper(user) {
  return {
    getClaims: () => ({ email: user.email, groups: user.groups }),
    getNameIdentifier: () => ({ nameIdentifier: user.id, nameIdentifierFormat: user.format }),
  };
}
mapper.prototype = { metadata: [] };

/** The certificate for encryption, and the addresses, in the metadata of who asks. */
async function serviceProvider(entityId) {
  const text = await (await fetch(entityId)).text();
  const found = (pattern) => pattern.exec(text)?.[1];
  const cert = found(/use="encryption">.*?<ds:X509Certificate>([^<]*)</s);
  const lines = cert?.match(/.{1,64}/g).join('\n');
  return {
    acs: found(/<md:AssertionConsumerService[^>]*Location="([^"]*)"/),
    slo: found(/<md:SingleLogoutService[^>]*Location="([^"]*)"/),
    signing: found(/use="signing">.*?<ds:X509Certificate>([^<]*)</s),
    encryption: lines && `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

function pemOf(base64) {
  return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
}

const pair = keyPair();
let base;

/** Signs in; `asked` is the entity id of who asks. */
async function signIn(req, res, asked) {
  const { as, sign = 'assertion', encrypt, format = PERSISTENT, session: index = '_s' } = req.query;
  const sp = await serviceProvider(asked);
  const user = { id: as, email: as.includes('@') ? as : `${as}@example.com`, groups: ['a', 'b'], format };
  participants.push({
    serviceProviderId: asked, nameId: as, nameIdFormat: format, sessionIndex: index,
    serviceProviderLogoutURL: sp.slo, binding: BINDING, cert: pemOf(sp.signing),
  });
  const options = {
    issuer: `${base}/metadata`, ...pair, audience: asked, recipient: sp.acs, destination: sp.acs,
    getPostURL: (audience, dom, request, done) => done(null, sp.acs),
    getUserFromRequest: () => user,
    profileMapper: mapper,
    lifetimeInSeconds: 300,
    signResponse: sign !== 'assertion',
    signAssertion: sign !== 'response',
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
    sessionIndex: index,
    RelayState: req.query.RelayState,
  };
  if (encrypt) {
    options.encryptionCert = sp.encryption;
    options.encryptionPublicKey = sp.encryption;
  }
  samlp.auth(options)(req, res, (error) => res.status(500).send(String(error?.stack ?? error)));
}

function issuerOf(message) {
  const text = inflateRawSync(Buffer.from(message, 'base64')).toString();
  return /<(?:\w+:)?Issuer[^>]*>([^<]*)</.exec(text)[1];
}

function idOf(message) {
  return / ID="([^"]*)"/.exec(inflateRawSync(Buffer.from(message, 'base64')).toString())[1];
}

const logout = (req, res) => samlp.logout({
  issuer: `${base}/metadata`, ...pair,
  deflate: !forms,
  protocolBinding: BINDING,
  signatureAlgorithm: 'rsa-sha256',
  digestAlgorithm: 'sha256',
  sessionParticipants: everybody,
  clearIdPSession: (done) => done(),
})(req, res, (error) => res.status(500).send(String(error?.stack ?? error)));

/** The sessions of everybody, as samlp wants them. */
const everybody = {
  matching(issuer, indices, name) {
    const all = [].concat(indices ?? []);
    return (one) => (!issuer || one.serviceProviderId === issuer) && one.nameId === name
      && (all.length === 0 || all.includes(one.sessionIndex));
  },
  get(issuer, indices, name, done) {
    const found = participants.find(this.matching(issuer, indices, name));
    done(null, found);
  },
  hasElements: () => participants.length > 0,
  getFirst: (done) => done(null, participants[0]),
  remove(issuer, indices, name, done) {
    const at = participants.findIndex(this.matching(issuer, indices, name));
    done(null, at < 0 ? undefined : participants.splice(at, 1)[0]);
  },
};

const metadata = (req, res) => samlp.metadata({
  issuer: `${base}/metadata`, cert: pair.cert, profileMapper: mapper,
  redirectEndpointPath: '/sso', postEndpointPath: '/sso', 
  logoutEndpointPaths: { [forms ? 'post' : 'redirect']: '/logout' },
})(req, res);

async function body(req) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += chunk.length;
    if (bytes > FORM_BYTES_MAX) throw new Error('the form is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** What samlp uses of Express. */
function dressed(req, res, url, form) {
  Object.assign(req, {
    query: Object.fromEntries(url.searchParams),
    body: Object.fromEntries(new URLSearchParams(form)),
    originalUrl: req.url,
    protocol: 'http',
    session,
  });
  res.set = (name, value) => res.setHeader(name, value);
  res.status = (code) => { res.statusCode = code; return res; };
  res.send = (text) => {
    if (typeof text === 'number') res.status(text).end();
    else res.end(text);
  };
  res.redirect = (to) => { res.writeHead(302, { location: to }); res.end(); };
}

async function answer(req, res) {
  const url = new URL(req.url, base);
  dressed(req, res, url, req.method === 'POST' ? await body(req) : '');
  switch (url.pathname) {
    case '/metadata': return metadata(req, res);
    case '/sso': return signIn(req, res, issuerOf(req.query.SAMLRequest));
    case '/begin': return signIn(req, res, req.query.sp);
    case '/request-id': return res.send(idOf(req.query.SAMLRequest));
    case '/logout': return logout(req, res);
    default: return res.status(404).end();
  }
}

const server = createServer((req, res) => {
  answer(req, res).catch((error) => {
    res.statusCode = 500;
    res.end(String(error?.stack ?? error));
  });
});
server.listen(port, '127.0.0.1', () => {
  base = `http://127.0.0.1:${server.address().port}`;
  console.log(`listening ${base}`);
});

if (flags.includes('--until-stdin-closes')) {
  process.stdin.on('end', () => process.exit(0)).resume();
}
