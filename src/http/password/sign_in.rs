//! `/sign-in/password`: login and password, and a one-time code where one is needed.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{LOGIN_MAX, form, named, refused};
use crate::app::App;
use crate::domain::login::ReturnTo;
use crate::domain::password::LENGTH_MAX;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::sign_in::Refused;
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::password::{Asked, Outcome};
use crate::flow::problem::{Code, Problem};
use crate::http::cookie::Cookie;
use crate::http::{address, page};

/// What somebody reads whose login or password is wrong, whichever it is.
const WRONG: &str = "Login or password is wrong. If you belong to several organizations, give the \
                     short name of one; if a one-time code is asked of you, give that too.";

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
}

/// The page that asks for login and password.
pub async fn page(asked: Result<Query<Wanted>, QueryRejection>) -> Response {
    let asked = asked.ok().and_then(|Query(asked)| asked.return_to);
    let return_to = target(asked.as_deref());
    let (login, organization) = (String::new(), String::new());
    page::page(StatusCode::OK, &Page { notice: None, return_to, login, organization })
}

/// A target that leads away is forgotten.
fn target(sent: Option<&str>) -> String {
    flow::sign_in::return_to(sent).unwrap_or_else(ReturnTo::home).as_str().to_owned()
}

/// Signs in.
pub async fn sign_in(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    refused(signed_in(&app, request).await, &headers)
}

async fn signed_in(app: &App, request: Request) -> Result<Response, Problem> {
    let (entered, parts) = form::<Entered>(app, request).await?;
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
fn wrong(entered: &Entered, headers: &axum::http::HeaderMap) -> Result<Response, Problem> {
    if page::wants_json(headers) {
        return Err(Problem::new(Code::Forbidden, WRONG));
    }
    let page = Page {
        notice: Some(WRONG),
        return_to: target(entered.return_to.as_deref()),
        login: entered.user_name.clone(),
        organization: entered.organization.clone(),
    };
    Ok(page::page(StatusCode::FORBIDDEN, &page))
}

fn shown(code: Refused, headers: &axum::http::HeaderMap) -> Response {
    let refused = page::Refused {
        status: StatusCode::FORBIDDEN,
        code: code.as_str(),
        heading: "You could not be signed in",
        said: code.said(),
        again: Some("/sign-in".to_owned()),
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
