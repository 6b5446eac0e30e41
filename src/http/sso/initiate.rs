//! `/sso/{connection}/initiate`: a sign-in that the provider begins, from its list of applications
//! (OpenID Connect Core §4, R12).
//!
//! Only the connection's own issuer may begin one, and the target is a place of ours. What follows
//! is an ordinary sign-in, so that nobody is signed in by a request of others alone.

use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::place::Place;
use super::start::{self, Asked};
use crate::app::App;
use crate::domain::connection::Kind;
use crate::domain::login::ReturnTo;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::flow::problem::{Code, Problem};
use crate::http::page;

/// What the provider sends.
#[derive(Deserialize)]
pub struct Initiated {
    iss: Option<String>,
    login_hint: Option<String>,
    target_link_uri: Option<String>,
}

/// A sign-in that a link of the provider begins.
pub async fn by_link(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    sent: Result<Query<Initiated>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let Ok(Query(sent)) = sent else { return unreadable(&headers) };
    begin(&app, &connection, sent, &headers).await
}

/// A sign-in that a form of the provider begins.
pub async fn by_form(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    sent: Result<Form<Initiated>, FormRejection>,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let Ok(Form(sent)) = sent else { return unreadable(&headers) };
    begin(&app, &connection, sent, &headers).await
}

fn unreadable(headers: &HeaderMap) -> Response {
    page::refuse(Problem::new(Code::Malformed, "The request cannot be read."), headers)
}

async fn begin(app: &App, connection: &str, sent: Initiated, headers: &HeaderMap) -> Response {
    let place = match Place::speaking(app, connection, Kind::Oidc).await {
        Ok(place) => place,
        Err(problem) => return page::refuse(problem, headers),
    };
    if sent.iss != Some(place.connection.issuer()) {
        let refusal = Refusal::new(Step::Start, Refused::IssuerMismatch);
        let found = format!("the provider calls itself {}", sent.iss.unwrap_or_default());
        return place.refuse(app, headers, refusal.found(&found)).await;
    }
    let return_to = match sent.target_link_uri.as_deref().filter(|target| !target.is_empty()) {
        None => None,
        Some(target) => match own_path(app, target) {
            Some(path) => Some(path),
            None => {
                let detail = "target_link_uri leads to no place of this host.";
                return page::refuse(Problem::new(Code::Malformed, detail), headers);
            }
        },
    };
    let asked = Asked { return_to, login_hint: sent.login_hint, ..Asked::default() };
    start::answer(app, connection, &asked, headers).await
}

/// The path of a target on our own host; `None` for any other place.
fn own_path(app: &App, target: &str) -> Option<String> {
    let url = url::Url::parse(target).ok()?;
    let own = url.origin() == app.public.url.origin()
        && url.username().is_empty()
        && url.password().is_none();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{}{query}", url.path());
    (own && ReturnTo::parse(&path).is_some()).then_some(path)
}
