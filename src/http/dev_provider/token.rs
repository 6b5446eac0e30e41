//! The token and UserInfo endpoints of the development provider.

#![expect(clippy::indexing_slicing, reason = "the JSON objects are made right here")]

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::{Account, Code, DevProvider, TOKEN_LIFE_S};
use crate::domain::secret::{SecretHash, draw};
use crate::domain::time::Rng;

type Sent = HashMap<String, String>;

/// Redeems a code.
pub async fn redeem(
    State(provider): State<DevProvider>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    if !is_client(&provider, &headers, &sent) {
        return denied(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if sent.get("grant_type").map(String::as_str) != Some("authorization_code") {
        return denied(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let code = sent.get("code").map(|code| SecretHash::of(code.as_bytes()));
    // Taken out whatever comes: a code counts once.
    let waiting = code.and_then(|code| provider.kept().codes.remove(&code));
    let granted = waiting.filter(|waiting| fits(&provider, waiting, &sent));
    match granted.and_then(|granted| tokens(&provider, &granted)) {
        Some(tokens) => ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        None => denied(StatusCode::BAD_REQUEST, "invalid_grant"),
    }
}

/// More about the person of an access token.
pub async fn user_info(State(provider): State<DevProvider>, headers: HeaderMap) -> Response {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
    let now = provider.0.clock.now();
    let found = token.and_then(|token| {
        let hash = SecretHash::of(token.as_bytes());
        let kept = provider.kept();
        kept.access_tokens.get(&hash).filter(|(_, ends_at)| now < *ends_at).cloned()
    });
    match found {
        Some((account, _)) => Json(claims(&account)).into_response(),
        None => denied(StatusCode::UNAUTHORIZED, "invalid_token"),
    }
}

fn denied(status: StatusCode, error: &str) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (status, no_store, Json(json!({"error": error}))).into_response()
}

/// Whether the client proves itself, by Basic or in the form.
fn is_client(provider: &DevProvider, headers: &HeaderMap, sent: &Sent) -> bool {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|sent| sent.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|pair| String::from_utf8(pair).ok());
    let (id, secret) = match &basic {
        Some(pair) => {
            let Some((id, secret)) = pair.split_once(':') else { return false };
            (decoded(id), decoded(secret))
        }
        None => {
            let of = |name: &str| sent.get(name).cloned().unwrap_or_default();
            (of("client_id"), of("client_secret"))
        }
    };
    id == provider.client_id()
        && bool::from(secret.as_bytes().ct_eq(provider.client_secret().as_bytes()))
}

fn decoded(text: &str) -> String {
    let plain = format!("x={text}");
    form_urlencoded::parse(plain.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn fits(provider: &DevProvider, waiting: &Code, sent: &Sent) -> bool {
    let verifier = sent.get("code_verifier").map(String::as_str).unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    provider.0.clock.now() < waiting.ends_at
        && sent.get("redirect_uri") == Some(&waiting.redirect_uri)
        && challenge == waiting.challenge
}

fn tokens(provider: &DevProvider, granted: &Code) -> Option<Value> {
    let access_token = draw(Rng);
    let now = provider.0.clock.now();
    let digest = Sha256::digest(access_token.as_bytes());
    let mut said = claims(&granted.account);
    said["iss"] = json!(provider.issuer());
    said["aud"] = json!(provider.client_id());
    said["iat"] = json!(now.seconds());
    said["exp"] = json!(now.plus_s(TOKEN_LIFE_S).seconds());
    said["at_hash"] = json!(URL_SAFE_NO_PAD.encode(digest.get(..16)?));
    if let Some(nonce) = &granted.nonce {
        said["nonce"] = json!(nonce);
    }
    let id_token = provider.0.signer.sign(&said)?;
    let ends_at = now.plus_s(TOKEN_LIFE_S);
    let mut kept = provider.kept();
    kept.forget(now);
    kept.access_tokens
        .insert(SecretHash::of(access_token.as_bytes()), (granted.account.clone(), ends_at));
    Some(json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE_S,
        "id_token": id_token,
    }))
}

fn claims(account: &Account) -> Value {
    json!({
        "sub": account.sub,
        "name": account.name,
        "email": account.email,
        "email_verified": true,
    })
}
