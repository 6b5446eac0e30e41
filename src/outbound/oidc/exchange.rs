//! The token endpoint: a code for tokens (RFC 6749 §4.1.3, RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use url::form_urlencoded;

use super::discovery::Discovery;
use super::{Answered, provider_error};
use crate::domain::connection::ClientAuth;
use crate::domain::sign_in::{Refusal, Step};
use crate::outbound::http::Guarded;

/// Largest answer, in bytes.
pub const ANSWER_MAX: usize = 512 * 1024;
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

#[derive(Deserialize, Default)]
struct Denied {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Redeems the code; a refused client secret is followed by the next one, if there is one (R5).
///
/// # Errors
/// [`Refusal`] with the endpoint's error.
pub async fn redeem(
    http: &Guarded,
    discovery: &Discovery,
    answered: &Answered<'_>,
) -> Result<Tokens, Refusal> {
    let secrets = answered.secrets;
    match once(http, discovery, answered, &secrets.client_secret).await {
        Err(Failed { wrong_client: true, refusal }) => match &secrets.next {
            None => Err(refusal),
            Some(next) => {
                once(http, discovery, answered, next).await.map_err(|failed| failed.refusal)
            }
        },
        done => done.map_err(|failed| failed.refusal),
    }
}

struct Failed {
    refusal: Refusal,
    /// The endpoint did not believe that we are who we are.
    wrong_client: bool,
}

fn failed(found: &str) -> Failed {
    let found = format!("token endpoint: {found}");
    Failed { refusal: provider_error(Step::Provider, &found), wrong_client: false }
}

async fn once(
    http: &Guarded,
    discovery: &Discovery,
    answered: &Answered<'_>,
    secret: &str,
) -> Result<Tokens, Failed> {
    let request = request(discovery, answered, secret).ok_or_else(|| failed("no request"))?;
    let answer =
        http.send(request, ANSWER_MAX).await.map_err(|error| failed(&error.to_string()))?;
    if answer.status() != http::StatusCode::OK {
        let denied: Denied = serde_json::from_slice(answer.body()).unwrap_or_default();
        let status = answer.status().as_u16();
        let found = format!("{status} {} {}", denied.error, denied.error_description);
        let wrong_client = status == 401 || denied.error == "invalid_client";
        return Err(Failed { wrong_client, ..failed(found.trim_end()) });
    }
    // The error of the parser could quote the token: it is not passed on.
    let granted: Granted =
        serde_json::from_slice(answer.body()).map_err(|_| failed("the answer is not JSON"))?;
    let id_token = granted
        .id_token
        .ok_or_else(|| failed("the answer has no id_token: is the scope `openid` asked for?"))?;
    if id_token.len() > ID_TOKEN_MAX {
        return Err(failed(&format!("the ID token is larger than {ID_TOKEN_MAX} bytes")));
    }
    Ok(Tokens { id_token, access_token: granted.access_token })
}

fn request(
    discovery: &Discovery,
    answered: &Answered<'_>,
    secret: &str,
) -> Option<Request<Vec<u8>>> {
    let client_id = answered.oidc.client_id.as_str();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", answered.code)
        .append_pair("redirect_uri", answered.redirect_uri)
        .append_pair("code_verifier", answered.verifier);
    let request = Request::post(&discovery.token_endpoint)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = match answered.oidc.auth {
        ClientAuth::Basic => request.header(AUTHORIZATION, basic(client_id, secret)),
        ClientAuth::Post => {
            form.append_pair("client_id", client_id).append_pair("client_secret", secret);
            request
        }
    };
    request.body(form.finish().into_bytes()).ok()
}

/// HTTP Basic with both parts form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}
