//! A connection with a provider behind it whose every answer a test can bend.

use std::collections::HashMap;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portico::domain::client_key::ClientKey;
use portico::domain::logout::EVENT;
use serde_json::{Value, json};

use crate::support::{Caller, Fake, Key, Reply, TestApp};

/// Our name at the provider.
pub const CLIENT_ID: &str = "portico";
/// How long a token holds, in seconds.
pub const TOKEN_S: i64 = 300;

/// An organization whose people sign in at a provider that lies.
pub struct Liar {
    pub app: TestApp,
    pub provider: Fake,
    pub key: Key,
    pub organization: String,
    pub scim: Caller,
    pub connection: String,
    pub start_url: String,
}

/// What the browser was sent to the provider with.
#[derive(Clone, Debug)]
pub struct Asked {
    pub to: url::Url,
    pub query: HashMap<String, String>,
}

impl Asked {
    /// Where the browser brings a code.
    pub fn back(&self, code: &str) -> String {
        let query = &self.query;
        format!("{}?code={code}&state={}", query["redirect_uri"], query["state"])
    }
}

impl Liar {
    /// An active connection that is paired with the only directory; `more` is said of it too.
    pub async fn new(app: TestApp, more: Value) -> Self {
        let key = Key::new("k1");
        let provider = Fake::start(&[&key]).await;
        let organization = app.organization("Acme").await;
        let (_, token) = app.directory(&organization, "generic").await;
        let scim = app.scim(&token);
        let mut body = json!({"name": "Sign-in", "kind": "oidc", "oidc": {
            "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": "s"}});
        for (name, value) in more.as_object().unwrap() {
            body[name.as_str()] = value.clone();
        }
        let path = format!("/api/v1/organizations/{organization}/connections");
        let made = app.operator().post(&path, body).await.expect(201);
        let (connection, start_url) = (made.text_at("/id"), made.text_at("/start_url"));
        Self { app, provider, key, organization, scim, connection, start_url }
    }

    /// A user whom the directory pushes; the provider calls her by the same name.
    pub async fn user(&self, name: &str) -> String {
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name, "externalId": name, "active": true,
            "emails": [{"value": format!("{name}@acme.example"), "type": "work"}]});
        self.scim.post("/Users", body).await.expect(201).text_at("/id")
    }

    /// A verified domain that the connection lists, too.
    pub async fn domain(&self, name: &str) -> String {
        let path = format!("/api/v1/organizations/{}/domains", self.organization);
        let body = json!({"domain": name, "verified": true});
        let id = self.app.operator().post(&path, body).await.expect(201).text_at("/id");
        self.change(json!({"domains": [id]})).await.expect(200);
        id
    }

    /// Changes the connection.
    pub async fn change(&self, change: Value) -> Reply {
        let path = format!("/api/v1/connections/{}", self.connection);
        self.app.operator().patch(&path, change).await
    }

    /// A browser that says where its requests come from.
    pub fn browser(&self) -> Caller {
        self.app.browser().with_header("origin", &self.app.url)
    }

    /// Begins a sign-in, with more in the query.
    pub async fn start(&self, browser: &Caller, query: &str) -> Asked {
        // Entries of one instant have no order.
        self.app.advance_s(1);
        let reply = browser.get(&format!("{}?{query}", self.start_url)).await.expect(303);
        let to = url::Url::parse(reply.header("location")).unwrap();
        let query = to.query_pairs().into_owned().collect();
        Asked { to, query }
    }

    /// Claims that fit, but for what a test changes; `null` takes a claim away.
    pub fn claims(&self, asked: &Asked, subject: &str, changed: Value) -> Value {
        let now = self.app.app.runner.clock.now().seconds();
        let mut claims = json!({"iss": self.provider.issuer, "aud": CLIENT_ID, "sub": subject,
            "nonce": asked.query["nonce"], "iat": now, "exp": now + TOKEN_S});
        for (name, value) in changed.as_object().unwrap() {
            claims[name.as_str()] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    /// Lets the token endpoint give this token.
    pub fn gives(&self, id_token: &str) {
        let told = json!({"access_token": "access", "token_type": "Bearer", "id_token": id_token});
        self.provider.says("/token", &told);
    }

    /// Goes the whole way; the provider says that she is `subject`, and more.
    pub async fn by(&self, browser: &Caller, subject: &str, more: Value) -> Reply {
        let asked = self.start(browser, "").await;
        self.gives(&self.key.sign(&self.claims(&asked, subject, more)));
        browser.get(&asked.back("c")).await
    }

    /// Goes the whole way with a token that a test makes of the claims.
    pub async fn with(&self, browser: &Caller, token: impl Fn(&Value) -> String) -> Reply {
        let asked = self.start(browser, "").await;
        self.gives(&token(&self.claims(&asked, "ada", json!({}))));
        browser.get(&asked.back("c")).await
    }

    /// The journal, newest first.
    pub async fn journal(&self) -> Vec<Value> {
        let path = format!("/api/v1/connections/{}/sign-ins", self.connection);
        let page = self.app.operator().get(&path).await.expect(200);
        page.at("/data").as_array().unwrap().clone()
    }

    /// Fails unless this is a refusal with this code that stands in the journal; the entry.
    pub async fn refused(&self, reply: &Reply, code: &str) -> Value {
        assert_eq!(reply.status, 403, "{reply}");
        assert!(reply.text().contains(&format!("<code>{code}</code>")), "{reply}");
        let request_id = reply.header("x-request-id");
        let journal = self.journal().await;
        let entry = journal.iter().find(|entry| entry["request_id"] == request_id);
        let entry = entry.expect("an entry of this request").clone();
        assert_eq!((&entry["outcome"], &entry["code"]), (&json!("refused"), &json!(code)));
        entry
    }

    /// A logout token that fits, but for what a test changes.
    pub fn logout_token(&self, changed: Value) -> String {
        let now = self.app.app.runner.clock.now().seconds();
        let mut claims = json!({"iss": self.provider.issuer, "aud": CLIENT_ID, "iat": now,
            "exp": now + 120, "jti": "1", "events": {EVENT: {}}});
        for (name, value) in changed.as_object().unwrap() {
            claims[name.as_str()] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.key.sign_with(&json!({"alg": "ES256", "typ": "logout+jwt", "kid": "k1"}), &claims)
    }

    /// Tells of a logout behind the browser.
    pub async fn logout(&self, token: &str) -> Reply {
        let path = format!("/sso/{}/backchannel-logout", self.connection);
        self.app.anonymous().post_form(&path, &[("logout_token", token)]).await
    }
}

/// A signing key of RSA.
pub struct Rsa {
    pem: String,
    kid: &'static str,
}

impl Rsa {
    pub fn new(kid: &'static str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap();
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----");
        Self { pem, kid }
    }

    /// The public half as Entra shows it: without `alg` (EN8).
    pub fn jwk(&self) -> Value {
        let key = ClientKey::parse(&self.pem).unwrap();
        let shown = serde_json::to_value(key.public()).unwrap();
        json!({"kty": "RSA", "use": "sig", "kid": self.kid, "n": shown["n"], "e": shown["e"]})
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::RS256) };
        let key = EncodingKey::from_rsa_pem(self.pem.as_bytes()).unwrap();
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }
}
