//! The token endpoint: a code for tokens (RFC 6749 §4.1.3, RFC 7636).

use serde::Deserialize;

use super::Answered;
use super::client::{Client, Form};
use super::discovery::Discovery;
use crate::domain::sign_in::Refusal;
use crate::outbound::http::Guarded;

/// Longest ID token, in bytes (R10).
pub const ID_TOKEN_MAX: usize = 64 * 1024;

/// What a code is worth.
pub struct Tokens {
    /// The ID token, not yet verified.
    pub id_token: String,
    /// The access token, for UserInfo alone.
    pub access_token: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    id_token: Option<String>,
    access_token: Option<String>,
}

/// Redeems the code.
///
/// # Errors
/// [`Refusal`] with the endpoint's error.
pub async fn redeem(
    http: &Guarded,
    discovery: &Discovery,
    client: Client<'_>,
    answered: &Answered<'_>,
) -> Result<Tokens, Refusal> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", answered.code),
        ("redirect_uri", answered.redirect_uri),
        ("code_verifier", answered.verifier),
    ];
    let form =
        Form { name: "token endpoint", endpoint: &discovery.token_endpoint, fields: &fields };
    let failed = |found: &str| form.failed(found).refusal;
    let answer = client.send(http, &form).await.map_err(|failed| failed.refusal)?;
    // The error of the parser could quote the token: it is not passed on.
    let granted: Granted =
        serde_json::from_slice(&answer).map_err(|_| failed("the answer is not JSON"))?;
    let id_token = granted
        .id_token
        .ok_or_else(|| failed("the answer has no id_token: is the scope `openid` asked for?"))?;
    if id_token.len() > ID_TOKEN_MAX {
        return Err(failed(&format!("the ID token is larger than {ID_TOKEN_MAX} bytes")));
    }
    Ok(Tokens { id_token, access_token: granted.access_token })
}

/// Whether the endpoint believes who we are, and knows our redirect URI: a code that nobody gave is
/// sent, and the endpoint should refuse the code and nothing else.
///
/// # Errors
/// [`Refusal`] with the endpoint's error when it refuses us.
pub async fn probe(
    http: &Guarded,
    discovery: &Discovery,
    client: Client<'_>,
    (redirect_uri, code): (&str, &str),
) -> Result<(), Refusal> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", code),
    ];
    let form =
        Form { name: "token endpoint", endpoint: &discovery.token_endpoint, fields: &fields };
    match client.send(http, &form).await {
        Ok(_) => Err(form.failed("a code that nobody gave was redeemed").refusal),
        Err(failed) if failed.error == "invalid_grant" => Ok(()),
        Err(failed) => Err(failed.refusal),
    }
}
