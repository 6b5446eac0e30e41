//! The page of the development provider: demo accounts as buttons.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use url::Url;

use super::{Account, CODE_LIFE_S, Code, DevProvider};
use crate::domain::secret::{SecretHash, draw};
use crate::domain::time::Rng;
use crate::http::page;

/// Parameters that the page carries on.
const CARRIED: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

type Sent = HashMap<String, String>;

#[derive(Template)]
#[template(path = "dev_provider/choose.html")]
struct Choose<'a> {
    accounts: Vec<&'a Account>,
    carried: Vec<(&'static str, &'a str)>,
}

#[derive(Template)]
#[template(path = "dev_provider/refused.html")]
struct Refused<'a> {
    said: &'a str,
}

/// Shows the accounts; the one that is hinted at comes first.
pub async fn choose(State(provider): State<DevProvider>, Query(sent): Query<Sent>) -> Response {
    if let Err(said) = check(&provider, &sent) {
        return page::page(StatusCode::BAD_REQUEST, &Refused { said });
    }
    let hint = sent.get("login_hint").map(String::as_str).unwrap_or_default();
    let mut accounts: Vec<&Account> = provider.0.accounts.iter().collect();
    accounts.sort_by_key(|account| account.sub != hint && account.email != hint);
    let carried =
        CARRIED.into_iter().filter_map(|name| Some((name, sent.get(name)?.as_str()))).collect();
    page::page(StatusCode::OK, &Choose { accounts, carried })
}

/// Sends the browser back with a code for the chosen account.
pub async fn chosen(State(provider): State<DevProvider>, Form(sent): Form<Sent>) -> Response {
    let refuse = |said| page::page(StatusCode::BAD_REQUEST, &Refused { said });
    let redirect_uri = match check(&provider, &sent) {
        Ok(redirect_uri) => redirect_uri,
        Err(said) => return refuse(said),
    };
    let wanted = sent.get("account");
    let account = provider.0.accounts.iter().find(|account| Some(&account.sub) == wanted);
    let Some(account) = account else { return refuse("There is no such account.") };
    let code = draw(Rng);
    let now = provider.0.clock.now();
    {
        let mut kept = provider.kept();
        kept.forget(now);
        let waiting = Code {
            account: account.clone(),
            redirect_uri: redirect_uri.to_string(),
            challenge: sent.get("code_challenge").cloned().unwrap_or_default(),
            nonce: sent.get("nonce").cloned(),
            ends_at: now.plus_s(CODE_LIFE_S),
        };
        kept.codes.insert(SecretHash::of(code.as_bytes()), waiting);
    }
    let mut back = redirect_uri;
    back.query_pairs_mut().append_pair("code", &code).append_pair("iss", provider.issuer());
    if let Some(state) = sent.get("state") {
        back.query_pairs_mut().append_pair("state", state);
    }
    Redirect::to(back.as_str()).into_response()
}

/// Checks a request; the answer goes to registered addresses only, whatever else is wrong.
fn check(provider: &DevProvider, sent: &Sent) -> Result<Url, &'static str> {
    let is = |name: &str, value: &str| sent.get(name).is_some_and(|sent| sent == value);
    if !is("client_id", provider.client_id()) {
        return Err("The client is unknown.");
    }
    let redirect_uri = sent.get("redirect_uri").ok_or("There is no redirect_uri.")?;
    if !provider.kept().redirect_uris.contains(redirect_uri) {
        return Err("The redirect_uri is not registered.");
    }
    if !is("response_type", "code") {
        return Err("Only response_type=code is understood.");
    }
    let openid = sent.get("scope").is_some_and(|scope| scope.split(' ').any(|one| one == "openid"));
    if !openid {
        return Err("The scope must hold openid.");
    }
    if !is("code_challenge_method", "S256") || !sent.contains_key("code_challenge") {
        return Err("PKCE with S256 is needed.");
    }
    Url::parse(redirect_uri).map_err(|_| "The redirect_uri is no URL.")
}
