//! The provider's token and userinfo endpoints.

use axum::Json;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Account, CODE_S, Code, DevProvider, HELD_MAX, lock};
use crate::domain::secret::draw;
use crate::domain::time::Rng;

/// An ID token is good for this long, in seconds.
const TOKEN_S: i64 = 300;

#[derive(Deserialize)]
pub(super) struct Redeem {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

/// A refusal as RFC 6749 section 5.2 has it.
pub(super) struct Refused(StatusCode, &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

const INVALID_GRANT: Refused = Refused(StatusCode::BAD_REQUEST, "invalid_grant");

/// `POST /token`: a code for tokens, once.
pub(super) async fn redeem(
    State(provider): State<DevProvider>,
    headers: HeaderMap,
    Form(sent): Form<Redeem>,
) -> Result<Response, Refused> {
    if !is_client(&provider, &headers) {
        return Err(Refused(StatusCode::UNAUTHORIZED, "invalid_client"));
    }
    if sent.grant_type != "authorization_code" {
        return Err(Refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"));
    }
    let Code { asked, account, at } =
        lock(&provider.0.codes).remove(&sent.code).ok_or(INVALID_GRANT)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(sent.code_verifier.as_bytes()));
    let now = provider.0.clock.now();
    if now.since_s(at) > CODE_S
        || sent.redirect_uri != asked.redirect_uri
        || challenge != asked.code_challenge
    {
        return Err(INVALID_GRANT);
    }
    let access_token = draw(Rng);
    let mut claims = claims(&account);
    for (name, value) in [
        ("iss", json!(provider.0.issuer)),
        ("aud", json!(provider.0.client_id)),
        ("iat", json!(now.seconds())),
        ("exp", json!(now.seconds() + TOKEN_S)),
        ("auth_time", json!(now.seconds())),
        ("nonce", json!(asked.nonce)),
    ] {
        claims[name] = value;
    }
    let id_token = provider
        .0
        .key
        .sign(&claims)
        .map_err(|_| Refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error"))?;
    let mut signed_in = lock(&provider.0.signed_in);
    if signed_in.len() >= HELD_MAX {
        signed_in.clear();
    }
    signed_in.insert(access_token.clone(), account);
    let body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_S,
        "id_token": id_token,
        "scope": "openid email profile",
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// `GET /userinfo`: the same person once more.
pub(super) async fn userinfo(
    State(provider): State<DevProvider>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|text| text.strip_prefix("Bearer "));
    let account = token.and_then(|token| lock(&provider.0.signed_in).get(token).cloned());
    let account = account.ok_or(Refused(StatusCode::UNAUTHORIZED, "invalid_token"))?;
    Ok(Json(claims(&account)))
}

fn claims(account: &Account) -> Value {
    json!({
        "sub": account.subject,
        "email": account.email,
        "email_verified": true,
        "name": account.name,
    })
}

/// Whether the client authenticated by `client_secret_basic`.
fn is_client(provider: &DevProvider, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let decoded = sent
        .and_then(|text| text.strip_prefix("Basic "))
        .and_then(|text| STANDARD.decode(text).ok());
    let wanted = format!("{}:{}", provider.0.client_id, provider.0.client_secret);
    decoded.is_some_and(|sent| sent.ct_eq(wanted.as_bytes()).into())
}
