//! A provider that says whatever a test wants: documents, keys and tokens, true or false.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A signing key on P-256.
pub struct Key {
    pair: EcdsaKeyPair,
    pub kid: &'static str,
}

impl Key {
    pub fn new(kid: &'static str) -> Self {
        Self { pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(), kid }
    }

    /// The public half as a provider shows it.
    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({
            "kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig",
            "x": part(1..33), "y": part(33..65),
        })
    }

    /// A token with the usual header.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({"alg": "ES256", "typ": "JWT", "kid": self.kid}), claims)
    }

    /// A token with any header.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(header, &claims.to_string())
    }

    /// A token over any text.
    pub fn sign_text(&self, header: &Value, claims: &str) -> String {
        let input = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// Header and payload, to be signed by somebody else.
pub fn unsigned(header: &Value, claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", encode(&header.to_string()), encode(claims))
}

/// Status, media type, `Cache-Control` and body of an answer.
pub type Said = (u16, &'static str, &'static str, String);

/// What was asked: head and body.
pub type Heard = (String, String);

/// The provider: paths and what they answer, and what was asked.
#[derive(Clone)]
pub struct Fake {
    pub issuer: String,
    says: Arc<Mutex<HashMap<String, Said>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Fake {
    /// A provider with a discovery document and these keys.
    pub async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { issuer, says: Arc::default(), heard: Arc::default() };
        fake.says("/.well-known/openid-configuration", &fake.document());
        fake.shows(keys);
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = serving.clone();
                tokio::spawn(async move { one.answer(stream).await });
            }
        });
        fake
    }

    pub fn document(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize?tenant=1"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/keys"),
            "userinfo_endpoint": at("/userinfo"),
        })
    }

    pub fn says(&self, path: &str, body: &Value) {
        self.says_so(path, (200, "application/json", "max-age=600", body.to_string()));
    }

    pub fn says_so(&self, path: &str, said: Said) {
        self.says.lock().unwrap().insert(path.to_owned(), said);
    }

    pub fn shows(&self, keys: &[&Key]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.says("/keys", &json!({"keys": keys}));
    }

    /// What was asked of a path.
    pub fn heard(&self, path: &str) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap();
        let of = |head: &str| head.split(' ').nth(1).is_some_and(|asked| asked == path);
        heard.iter().filter(|(head, _)| of(head)).cloned().collect()
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut read = Vec::new();
        let (head, body) = loop {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.unwrap_or(0);
            read.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&read).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                if count == 0 {
                    return;
                }
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                })
                .unwrap_or(0);
            if body.len() >= length || count == 0 {
                break (head.to_owned(), body.to_owned());
            }
        };
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.heard.lock().unwrap().push((head, body));
        let said = self.says.lock().unwrap().get(&path).cloned();
        let (status, media, cache, body) =
            said.unwrap_or((404, "text/plain", "no-store", String::new()));
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncache-control: {cache}\r\n\
             connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
