//! `/password/forgot` and `/password/reset/{token}`.

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::{LOGIN_MAX, form, named, refused};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::password::{check, totp};
use crate::domain::refused_words::translated;
use crate::domain::secret::SecretHash;
use crate::flow;
use crate::flow::password::{LinkOpened, Set};
use crate::flow::problem::{Code, Problem};
use crate::http::entry_words::{EntryWords, entry_words};
use crate::http::page;
use crate::http::words::{Words, words};

/// Longest link that is looked at, in letters.
const LINK_MAX: usize = 128;

/// Whose password is forgotten.
#[derive(Deserialize)]
pub struct Forgotten {
    #[serde(default, alias = "login", alias = "email")]
    user_name: String,
    #[serde(default)]
    organization: String,
}

/// A new password.
#[derive(Deserialize)]
pub struct New {
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "password/forgot.html")]
struct ForgotPage {
    sent: bool,
    words: &'static Words,
    entry: &'static EntryWords,
    carried: &'static str,
}

#[derive(Template)]
#[template(path = "password/reset.html")]
struct ResetPage {
    done: bool,
    notice: Option<String>,
    login: String,
    secret: Option<Secret>,
    words: &'static Words,
    entry: &'static EntryWords,
    /// What the links to other languages carry on: the link says it all.
    carried: &'static str,
}

struct Secret {
    typed: String,
    url: String,
}

/// The page that asks whose password is forgotten.
pub async fn forgot_page(uri: Uri, headers: HeaderMap) -> Response {
    ForgotPage::answer(false, &page::reader(&uri, &headers))
}

impl ForgotPage {
    fn answer(sent: bool, headers: &HeaderMap) -> Response {
        let language = page::language(None, headers);
        let (words, entry) = (words(language), entry_words(language));
        page::page(StatusCode::OK, &Self { sent, words, entry, carried: "" })
    }
}

/// Sends a link, if there is an account; the answer is the same and does not wait.
pub async fn forgot(State(app): State<App>, request: Request) -> Response {
    let headers = page::reader(request.uri(), request.headers());
    refused(forgotten(&app, request).await, &headers)
}

async fn forgotten(app: &App, request: Request) -> Result<Response, Problem> {
    let (sent, parts) = form::<Forgotten>(app, request).await?;
    let login = sent.user_name.trim().to_owned();
    let organization = named(app, &sent.organization).await?;
    if (1..=LOGIN_MAX).contains(&login.len()) && !login.contains('\0') {
        let runner = app.runner.clone();
        tokio::spawn(async move {
            if let Err(problem) = flow::password::forgot(&runner, &login, organization).await {
                crate::http::answer::log(&problem);
            }
        });
    }
    Ok(ForgotPage::answer(true, &page::reader(&parts.uri, &parts.headers)))
}

/// The page that takes a new password.
pub async fn show(
    State(app): State<App>,
    link: Option<Path<String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let headers = page::reader(&uri, &headers);
    let link = link.map(|Path(text)| text).unwrap_or_default();
    let page = |opened| page::page(StatusCode::OK, &ResetPage::of(opened, None, &headers));
    let shown = opened(&app, &link).await.map(|(_, opened)| page(opened));
    refused(shown, &headers)
}

async fn opened(app: &App, link: &str) -> Result<(SecretHash, LinkOpened), Problem> {
    let unknown = || Problem::not_found("link");
    if !(1..=LINK_MAX).contains(&link.len()) {
        return Err(unknown());
    }
    let token = SecretHash::of(link.as_bytes());
    let opened = flow::password::open(&app.runner, token).await?;
    Ok((token, opened.ok_or_else(unknown)?))
}

impl ResetPage {
    fn of(opened: LinkOpened, notice: Option<String>, headers: &HeaderMap) -> Self {
        let language = page::language(None, headers);
        let (words, entry) = (words(language), entry_words(language));
        let secret = opened.totp.map(|secret| Secret {
            typed: totp::typed(&secret),
            url: totp::url(&secret, &opened.login),
        });
        Self { done: false, notice, login: opened.login, secret, words, entry, carried: "" }
    }
}

/// Sets a password by a link.
pub async fn set(State(app): State<App>, link: Option<Path<String>>, request: Request) -> Response {
    let link = link.map(|Path(text)| text).unwrap_or_default();
    let headers = page::reader(request.uri(), request.headers());
    refused(was_set(&app, &link, request).await, &headers)
}

async fn was_set(app: &App, link: &str, request: Request) -> Result<Response, Problem> {
    let (new, parts) = form::<New>(app, request).await?;
    let (token, opened) = opened(app, link).await?;
    let headers = page::reader(&parts.uri, &parts.headers);
    let (json, language) = (page::wants_json(&headers), page::language(None, &headers));
    if let Err(weak) = check(&new.password, &opened.login) {
        if json {
            return Err(Problem::invalid("/password", weak.code(), weak.to_string()));
        }
        let said = entry_words(language).weak(weak).to_owned();
        let page = ResetPage::of(opened, Some(said), &headers);
        return Ok(page::page(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let hash = app.hasher.hash(new.password).await?;
    let code = Some(new.code.trim().to_owned()).filter(|code| !code.is_empty());
    let set = Set { token, hash, code };
    let done = app
        .runner
        .write(Actor::Anonymous, opened.organization, move |work| {
            let set = set.clone();
            Box::pin(async move { flow::password::set(work, &set).await })
        })
        .await;
    match done {
        Ok(()) => {
            let page = ResetPage::of(opened, None, &headers);
            let page = ResetPage { done: true, secret: None, ..page };
            Ok(page::page(StatusCode::OK, &page))
        }
        Err(problem) if problem.code == Code::Invalid && !json => {
            let said = translated(&problem.detail, language).map_or(problem.detail, Into::into);
            let page = ResetPage::of(opened, Some(said), &headers);
            Ok(page::page(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(problem) => Err(problem),
    }
}
