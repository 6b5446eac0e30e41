//! `/sign-in`: home-realm discovery. The domain of an address finds a connection; whether the
//! address is anybody's is never looked at, so nothing can be learnt here (LI11).

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, http::HeaderMap};
use serde::Deserialize;
use url::form_urlencoded;

use super::place::url;
use crate::app::App;
use crate::domain::domain_name::DomainName;
use crate::domain::identity::EMAIL_MAX;
use crate::domain::language::Language;
use crate::domain::login::ReturnTo;
use crate::domain::organization::{Slug, Status};
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::http::page;
use crate::http::words::{Words, words};
use crate::store;
use crate::store::connection::Choice as Found;

/// Connections that are offered to choose from.
const CHOICES_MAX: i64 = 20;

/// What the page is asked for.
#[derive(Deserialize)]
pub struct Asked {
    return_to: Option<String>,
    lang: Option<String>,
}

/// What was entered.
#[derive(Deserialize)]
pub struct Entered {
    #[serde(default)]
    email: String,
    #[serde(default)]
    organization: String,
    return_to: Option<String>,
    lang: Option<String>,
}

#[derive(Template)]
#[template(path = "sso/sign_in.html")]
struct SignIn {
    notice: Option<&'static str>,
    return_to: String,
    choices: Vec<Choice>,
    words: &'static Words,
    /// What the links to other languages carry on.
    carried: String,
}

struct Choice {
    name: String,
    url: String,
}

/// The page that asks who wants to sign in.
pub async fn page(headers: HeaderMap, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let Ok(Query(asked)) = asked else {
        let problem = Problem::new(Code::Malformed, "The query cannot be read.");
        return page::refuse(problem, &headers);
    };
    let return_to = target(asked.return_to.as_deref());
    let language = page::language(asked.lang.as_deref(), &headers);
    shown(language, None, (return_to, Vec::new()))
}

/// Finds the connection and sends the browser there.
pub async fn find(
    State(app): State<App>,
    headers: HeaderMap,
    entered: Result<Form<Entered>, FormRejection>,
) -> Response {
    let entered = match entered {
        Ok(Form(entered)) => entered,
        Err(rejection) => return page::refuse(page::unreadable(&rejection), &headers),
    };
    let return_to = target(entered.return_to.as_deref());
    let language = page::language(entered.lang.as_deref(), &headers);
    let email = entered.email.trim();
    let found = match look_up(&app, email, entered.organization.trim()).await {
        Ok(found) => found,
        Err(problem) => return page::refuse(problem, &headers),
    };
    let mut choices: Vec<Choice> = found
        .into_iter()
        .map(|(id, name)| Choice { name, url: start(&app, id, &return_to, email) })
        .collect();
    match choices.len() {
        0 => shown(language, Some(words(language).not_found), (return_to, choices)),
        1 => choices.pop().map_or_else(
            || StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            |only| Redirect::to(&only.url).into_response(),
        ),
        _ => shown(language, None, (return_to, choices)),
    }
}

async fn look_up(app: &App, email: &str, organization: &str) -> Result<Vec<Found>, Problem> {
    let conn = &mut app.runner.db.conn();
    if let Some(domain) = DomainName::of_email(email).filter(|_| email.len() <= EMAIL_MAX) {
        return Ok(store::connection::by_domain(conn, &domain, CHOICES_MAX).await?);
    }
    let Some(slug) = Slug::parse(&organization.to_ascii_lowercase()) else {
        return Ok(Vec::new());
    };
    match store::organization::by_slug(conn, &slug).await? {
        Some(found) if found.status == Status::Active => {
            let scope = &mut app.runner.read(found.id);
            Ok(store::connection::active(scope, CHOICES_MAX).await?)
        }
        _ => Ok(Vec::new()),
    }
}

/// The start of a connection, with the target and the address as a hint for the provider.
fn start(app: &App, id: crate::domain::id::ConnectionId, return_to: &str, email: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", return_to);
    if DomainName::of_email(email).is_some() {
        query.append_pair("login_hint", email);
    }
    format!("{}?{}", url(app, id, "start"), query.finish())
}

/// A target that leads away is forgotten here: the page itself does no harm.
fn target(sent: Option<&str>) -> String {
    flow::sign_in::return_to(sent).unwrap_or_else(ReturnTo::home).as_str().to_owned()
}

fn shown(
    language: Language,
    notice: Option<&'static str>,
    (return_to, choices): (String, Vec<Choice>),
) -> Response {
    let carried = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", &return_to)
        .finish();
    let (words, carried) = (words(language), format!("&{carried}"));
    page::page(StatusCode::OK, &SignIn { notice, return_to, choices, words, carried })
}
