//! Sign-ins: the callback of OpenID Connect and the ACS of SAML, beside the bare cryptography.
//!
//! The provider answers in this process, so that only our own work is counted. Sign-ins are begun
//! before anything is measured; what is measured is the one request that brings the answer, with
//! its token request, its verification and its durable transaction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::sign::{Signer, Verifier};
use portico::domain::saml::key::{Key, Use};
use portico::domain::time::{Clock, Rng};
use portico::outbound::saml::{compose, keypair, sign};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Ask;
use super::measure;
use super::scenario::{Cost, Limits, Run};

/// Connections of each kind, so that none of them is over its budget (K9).
const PLACES: usize = 8;
/// Sign-ins of each kind.
const SIGN_INS: usize = 400;
/// How many are on their way at once.
const AT_ONCE: usize = 16;
/// How often the bare cryptography is done for its figure.
const BARE: u32 = 2_000;
/// What an ID token weighs, in bytes, before its signature.
const TOKEN_BYTES: usize = 600;

/// A provider of both kinds, with one key.
struct Provider {
    base: String,
    key: Key,
}

/// A browser that was sent to the provider.
struct Begun {
    url: String,
    cookie: String,
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let key = keypair::make(Use::Signing, "bench", Clock::System.now()).expect("a key");
        let provider = Arc::new(Self { base, key });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&provider));
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn rsa(&self) -> Rsa<openssl::pkey::Private> {
        let key = PKey::private_key_from_pkcs8(&self.key.secret).expect("a key");
        key.rsa().expect("an RSA key")
    }

    /// What one signature costs to verify, by OpenSSL alone, in CPU milliseconds.
    fn bare_ms(&self, signed: &[u8]) -> f64 {
        let key = PKey::from_rsa(self.rsa()).expect("a key");
        let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("a signer");
        let value = signer.sign_oneshot_to_vec(signed).expect("a signature");
        let before = measure::cpu_ms(&[std::process::id()]);
        for _ in 0..BARE {
            let mut verifier = Verifier::new(MessageDigest::sha256(), &key).expect("a verifier");
            assert!(verifier.verify_oneshot(&value, signed).expect("a verdict"), "it holds");
        }
        (measure::cpu_ms(&[std::process::id()]) - before) / f64::from(BARE)
    }

    /// A response that nobody asked for, signed as a whole.
    fn response(&self, n: usize, acs: &str, entity: &str) -> String {
        let now = Clock::System.now();
        let (at, until) = (compose::instant(now), compose::instant(now.plus_s(300)));
        let (id, inner) = (compose::draw_id(Rng), compose::draw_id(Rng));
        let text = format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{at}\" Destination=\"{acs}\"><saml:Issuer>{idp}</saml:Issuer>\
             <samlp:Status><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
             <saml:Assertion ID=\"{inner}\" Version=\"2.0\" IssueInstant=\"{at}\"><saml:Issuer>{idp}\
             </saml:Issuer><saml:Subject><saml:NameID>ext-{n}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData Recipient=\"{acs}\" NotOnOrAfter=\"{until}\"/>\
             </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"{at}\" \
             NotOnOrAfter=\"{until}\"><saml:AudienceRestriction><saml:Audience>{entity}\
             </saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
             AuthnInstant=\"{at}\" SessionIndex=\"_s{n}\"><saml:AuthnContext>\
             <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password\
             </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             </saml:Assertion></samlp:Response>",
            idp = self.base,
        );
        sign::enveloped(&text, &self.key).expect("a signature")
    }
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.base);
    Json(json!({"issuer": provider.base, "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"), "jwks_uri": at("/keys")}))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let rsa = provider.rsa();
    let part = |number: Vec<u8>| URL_SAFE_NO_PAD.encode(number);
    Json(json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "bench",
        "n": part(rsa.n().to_vec()), "e": part(rsa.e().to_vec())}]}))
}

/// A code is the number of the user and the nonce of the sign-in.
async fn token(
    State(provider): State<Arc<Provider>>,
    Form(form): Form<Vec<(String, String)>>,
) -> Json<Value> {
    let code = form.iter().find(|(name, _)| name == "code").expect("a code").1.clone();
    let (n, nonce) = code.split_once('.').expect("two parts");
    let now = Clock::System.now().seconds();
    let claims = json!({"iss": provider.base, "aud": "bench", "sub": format!("ext-{n}"),
        "nonce": nonce, "iat": now, "exp": now + 300, "name": format!("User {n}"),
        "email": format!("user{n}@example.com"), "preferred_username": format!("user{n}")});
    let pem = provider.rsa().private_key_to_pem().expect("a PEM");
    let key = EncodingKey::from_rsa_pem(&pem).expect("a key");
    let header = Header { kid: Some("bench".to_owned()), ..Header::new(Algorithm::RS256) };
    let signed = jsonwebtoken::encode(&header, &claims, &key).expect("a token");
    Json(json!({"access_token": "a", "token_type": "Bearer", "id_token": signed}))
}

/// A browser follows nothing by itself.
fn browser() -> reqwest::Client {
    let quiet = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(quiet).build().expect("a client")
}

/// The address of the n-th person, for the budgets of addresses.
fn from(n: usize) -> String {
    format!("10.{}.{}.{}", n / 65_536 % 256, n / 256 % 256, n % 256)
}

impl Run<'_> {
    /// Both rows of the target, and both beside what a request and a commit cost anyway.
    pub(super) async fn sign_ins(&mut self, limits: &Limits) {
        let provider = Provider::start().await;
        let [first, callback] = self.callbacks(&provider).await;
        let acs = self.forms(&provider).await;
        let whole = provider.response(0, "https://a.example/acs", "https://a.example/metadata");
        let bare = [provider.bare_ms(&[0; TOKEN_BYTES]), provider.bare_ms(whole.as_bytes())];
        for (name, cost, bare) in [
            ("OIDC callback, first sign-in", first, bare[0]),
            ("OIDC callback", callback, bare[0]),
            ("SAML ACS", acs, bare[1]),
        ] {
            let around = bare + limits.bare.cpu_ms + limits.commit.cpu_ms;
            let alone = (cost.text(), format!("{bare:.3} CPU ms"));
            let target = "<= 1.50";
            self.row(
                &format!("{name} beside its signature alone"),
                alone,
                cost.cpu_ms / bare,
                target,
            );
            let whole = (cost.text(), format!("{around:.3} CPU ms"));
            let scenario = format!("{name} beside its signature, a bare request and a commit");
            self.row(&scenario, whole, cost.cpu_ms / around, "for reading");
        }
    }

    async fn place(&self, body: Value) -> Value {
        let path = format!("/api/v1/organizations/{}/connections", self.organization);
        self.api.ask(&Ask::send(Method::POST, path, body, 201)).await
    }

    /// What the first sign-in of a person costs, and what the next one does.
    async fn callbacks(&self, provider: &Arc<Provider>) -> [Cost; 2] {
        let mut starts = Vec::new();
        for place in 0..PLACES {
            let made = self
                .place(json!({"name": format!("OIDC {place}"), "kind": "oidc", "oidc": {
                    "issuer": provider.base, "client_id": "bench", "client_secret": "s"}}))
                .await;
            starts.push(made["start_url"].as_str().expect("an address").to_owned());
        }
        let first = self.round(&starts).await;
        [first, self.round(&starts).await]
    }

    /// A sign-in of each person.
    async fn round(&self, starts: &[String]) -> Cost {
        let mut begun = Vec::new();
        for (n, start) in (0..SIGN_INS.min(self.users)).zip(starts.iter().cycle()) {
            begun.push(begin(start, n).await);
        }
        self.brought(begun, |browser, one: &Begun| browser.get(&one.url)).await
    }

    async fn forms(&self, provider: &Arc<Provider>) -> Cost {
        let certificate = STANDARD.encode(&provider.key.certificate);
        let mut begun = Vec::new();
        for place in 0..PLACES {
            let made = self
                .place(json!({"name": format!("SAML {place}"), "kind": "saml",
                    "allow_idp_initiated": true, "saml": {"idp_entity_id": provider.base,
                    "sso_url": format!("{}/sso", provider.base), "certificates": [certificate]}}))
                .await;
            let text = |name: &str| made[name].as_str().expect("an address").to_owned();
            let (acs, entity) = (text("acs_url"), text("sp_entity_id"));
            for n in (place..SIGN_INS.min(self.users)).step_by(PLACES) {
                let message = STANDARD.encode(provider.response(n, &acs, &entity));
                begun.push(Begun { url: acs.clone(), cookie: message });
            }
        }
        self.brought(begun, |browser, one: &Begun| {
            browser.post(&one.url).form(&[("SAMLResponse", one.cookie.as_str())])
        })
        .await
    }

    /// Brings every answer, some at once, and says what one costs.
    async fn brought<F>(&self, begun: Vec<Begun>, request: F) -> Cost
    where
        F: Fn(&reqwest::Client, &Begun) -> reqwest::RequestBuilder + Send + Sync + 'static,
    {
        let (browser, request) = (browser(), Arc::new(request));
        let (before, started) = (self.server.cpu_ms(), Instant::now());
        let count = begun.len();
        let mut running = tokio::task::JoinSet::new();
        for (n, one) in begun.into_iter().enumerate() {
            if running.len() >= AT_ONCE {
                running.join_next().await.expect("one is running").expect("it ends");
            }
            let (browser, request) = (browser.clone(), Arc::clone(&request));
            running.spawn(async move {
                let asked = request(&browser, &one).header("x-forwarded-for", from(n));
                let asked = asked.header("cookie", one.cookie.as_str());
                let answer = asked.send().await.expect("an answer");
                let status = answer.status().as_u16();
                assert_eq!(status, 303, "{}", answer.text().await.expect("a body"));
            });
        }
        while let Some(done) = running.join_next().await {
            done.expect("it ends");
        }
        let seconds = started.elapsed().max(Duration::from_millis(1)).as_secs_f64();
        let cpu_ms = (self.server.cpu_ms() - before) / count as f64;
        Cost { cpu_ms, rate: count as f64 / seconds }
    }
}

/// Begins a sign-in, and answers what its browser brings back.
async fn begin(start: &str, n: usize) -> Begun {
    let sent = browser().get(start).header("x-forwarded-for", from(n)).send().await;
    let sent = sent.expect("an answer");
    assert_eq!(sent.status().as_u16(), 303, "{start}");
    let header = |name: &str| sent.headers()[name].to_str().expect("a text").to_owned();
    let to = url::Url::parse(&header("location")).expect("an address");
    let asked = |name: &str| {
        let found = to.query_pairs().find(|(asked, _)| asked == name);
        found.expect("it is asked").1.into_owned()
    };
    let cookie = header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let (back, state) = (asked("redirect_uri"), asked("state"));
    Begun { url: format!("{back}?code={n}.{}&state={state}", asked("nonce")), cookie }
}
