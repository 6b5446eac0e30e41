//! `/sign-in/password`: login and password, and a one-time code where one is needed.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::form_urlencoded;

use super::{LOGIN_MAX, form, named, refused};
use crate::app::App;
use crate::domain::language::Language;
use crate::domain::login::ReturnTo;
use crate::domain::password::LENGTH_MAX;
use crate::domain::refused_words::said_in;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::sign_in::Refused;
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::password::{Asked, Outcome};
use crate::flow::problem::{Code, Problem};
use crate::http::cookie::Cookie;
use crate::http::entry_words::{EntryWords, entry_words};
use crate::http::words::{Words, words};
use crate::http::{address, page};

/// What the page is asked for.
#[derive(Deserialize)]
pub struct Wanted {
    return_to: Option<String>,
}

/// What was entered.
#[derive(Deserialize)]
pub struct Entered {
    #[serde(default, alias = "login", alias = "email")]
    user_name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    organization: String,
    return_to: Option<String>,
}

#[derive(Template)]
#[template(path = "password/sign_in.html")]
struct Page {
    notice: Option<&'static str>,
    return_to: String,
    login: String,
    organization: String,
    words: &'static Words,
    entry: &'static EntryWords,
    /// What the links to other languages carry on.
    carried: String,
}

/// The page that asks for login and password.
pub async fn page(
    uri: Uri,
    headers: HeaderMap,
    asked: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let asked = asked.ok().and_then(|Query(asked)| asked.return_to);
    let language = page::language(None, &page::reader(&uri, &headers));
    page::page(StatusCode::OK, &Page::of(language, target(asked.as_deref())))
}

impl Page {
    fn of(language: Language, return_to: String) -> Self {
        let carried = form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", &return_to)
            .finish();
        Self {
            notice: None,
            return_to,
            login: String::new(),
            organization: String::new(),
            words: words(language),
            entry: entry_words(language),
            carried: format!("&{carried}"),
        }
    }
}

/// A target that leads away is forgotten.
fn target(sent: Option<&str>) -> String {
    flow::sign_in::return_to(sent).unwrap_or_else(ReturnTo::home).as_str().to_owned()
}

/// Signs in.
pub async fn sign_in(State(app): State<App>, request: Request) -> Response {
    let headers = page::reader(request.uri(), request.headers());
    refused(signed_in(&app, request).await, &headers)
}

async fn signed_in(app: &App, request: Request) -> Result<Response, Problem> {
    let (entered, mut parts) = form::<Entered>(app, request).await?;
    parts.headers = page::reader(&parts.uri, &parts.headers);
    let from = address::of(&parts.extensions, &parts.headers, &app.public.trusted_proxies);
    let from = address::counted(from);
    let login = entered.user_name.trim().to_owned();
    let asked =
        Asked { organization: named(app, &entered.organization).await?, login, address: from };
    let fits = (1..=LOGIN_MAX).contains(&asked.login.len())
        && entered.password.chars().count() <= LENGTH_MAX
        && !asked.login.contains('\0');
    let found = match fits {
        true => flow::password::find(&app.runner, &app.nobody, &asked).await?,
        false => None,
    };
    let kept = found.as_ref().map(|found| found.hash.clone());
    let right = app.hasher.matches(entered.password.clone(), kept).await?;
    let Some(candidate) = found else {
        if fits {
            app.nobody.failed(&asked, app.runner.clock.now());
        }
        return wrong(&entered, &parts.headers);
    };
    if !right {
        flow::password::failed(&app.runner, &candidate, from).await?;
        return wrong(&entered, &parts.headers);
    }
    let cookie = draw(Rng);
    let cookies =
        (SecretHash::of(cookie.as_bytes()), Cookie::Session.read(&parts.headers, &app.public));
    let code = Some(entered.code.trim().to_owned()).filter(|code| !code.is_empty());
    let outcome = flow::password::sign_in(&app.runner, &candidate, (code, from), cookies).await?;
    match outcome {
        Outcome::SignedIn(_) => begun(app, &cookie, &target(entered.return_to.as_deref())),
        Outcome::CodeNeeded => wrong(&entered, &parts.headers),
        Outcome::Refused(code) => Ok(shown(code, &parts.headers)),
    }
}

/// The page once more, whatever was wrong.
fn wrong(entered: &Entered, headers: &HeaderMap) -> Result<Response, Problem> {
    if page::wants_json(headers) {
        return Err(Problem::new(Code::Forbidden, entry_words(Language::En).wrong));
    }
    let language = page::language(None, headers);
    let page = Page {
        notice: Some(entry_words(language).wrong),
        login: entered.user_name.clone(),
        organization: entered.organization.clone(),
        ..Page::of(language, target(entered.return_to.as_deref()))
    };
    Ok(page::page(StatusCode::FORBIDDEN, &page))
}

fn shown(code: Refused, headers: &HeaderMap) -> Response {
    let language =
        if page::wants_json(headers) { Language::En } else { page::language(None, headers) };
    let refused = page::Refused {
        status: StatusCode::FORBIDDEN,
        code: code.as_str(),
        heading: words(language).refused,
        said: said_in(code.said(), language),
        again: Some("/sign-in".to_owned()),
        button: None,
    };
    refused.answer(headers)
}

fn begun(app: &App, cookie: &str, to: &str) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_str(to).map_err(Problem::internal)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let cookie = Cookie::Session.set(cookie, &app.public);
    let cookie = cookie.ok_or_else(|| Problem::internal("a cookie is no header"))?;
    headers.append(header::SET_COOKIE, cookie);
    Ok(response)
}
