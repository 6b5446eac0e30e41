//! `POST /invite/{token}`: a password is set, or the browser goes on by a connection.

use axum::Form;
use axum::RequestExt;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::form_urlencoded;

use super::shown::Shown;
use super::{hash, live, refuse};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::id::{ConnectionId, OrganizationId};
use crate::domain::invite::Invite;
use crate::domain::password;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::http::cookie::Cookie;
use crate::http::{page, session, sso};

/// What the page sends.
#[derive(Deserialize)]
pub struct Sent {
    password: Option<String>,
    connection: Option<String>,
}

/// Accepts an invite, or goes on by a connection.
pub async fn accept(
    State(app): State<App>,
    link: Option<Path<String>>,
    request: Request,
) -> Response {
    let link = link.map(|Path(text)| text).unwrap_or_default();
    let headers = page::reader(request.uri(), request.headers());
    match accepted(&app, &link, request).await {
        Ok(response) => response,
        Err(problem) => page::refuse(problem, &headers),
    }
}

async fn accepted(app: &App, link: &str, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    session::check_origin(&parts, &app.public)?;
    let headers = page::reader(&parts.uri, &parts.headers);
    let sent = Request::from_parts(parts, body).extract::<Form<Sent>, _>().await;
    let Form(sent) = sent.map_err(|rejection: FormRejection| page::unreadable(&rejection))?;
    let (organization, invite) = match live(app, link).await? {
        Ok(live) => live,
        Err(over) => return Ok(refuse(&over, &headers)),
    };
    let shown = Shown::of(app, organization, &invite).await?;
    match (&sent.connection, sent.password) {
        (Some(connection), _) if shown.offers(connection) => go_on(app, link, connection, &invite),
        (None, Some(text)) if shown.takes_password() => {
            if let Err(weak) = password::check(&text, &invite.email) {
                if page::wants_json(&headers) {
                    return Err(Problem::invalid("/password", weak.code(), weak.to_string()));
                }
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Ok(shown.answer(status, Some(weak), &headers));
            }
            with_password(app, (organization, link), text, &headers).await
        }
        _ => {
            let detail = "Send a password of at least 12 characters, or choose a connection that \
                          the page offers.";
            Err(Problem::new(Code::Forbidden, detail))
        }
    }
}

/// Remembers the link in this browser and begins the sign-in.
fn go_on(app: &App, link: &str, connection: &str, invite: &Invite) -> Result<Response, Problem> {
    let id = ConnectionId::parse(connection).map_err(|_| Problem::not_found("connection"))?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", "/me").append_pair("login_hint", &invite.email);
    let to = format!("{}?{}", sso::url(app, id, "start"), query.finish());
    let mut response = see_other(&to)?;
    let cookie = Cookie::Invite.set(link, &app.public);
    let cookie = cookie.ok_or_else(|| Problem::internal("a cookie is no header"))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn with_password(
    app: &App,
    (organization, link): (OrganizationId, &str),
    password: String,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let Some(token) = hash(link) else { return Err(Problem::not_found("invite")) };
    let kept = app.hasher.hash(password).await?;
    let cookie = draw(Rng);
    let cookies = (SecretHash::of(cookie.as_bytes()), Cookie::Session.read(headers, &app.public));
    let accepted = app
        .runner
        .write(Actor::Anonymous, organization, move |work| {
            let kept = kept.clone();
            Box::pin(
                async move { flow::invite::accept_by_password(work, token, &kept, cookies).await },
            )
        })
        .await?;
    match accepted {
        Ok(_) => {
            let mut response = see_other("/me")?;
            let cookies =
                [Cookie::Session.set(&cookie, &app.public), Cookie::Invite.clear(&app.public)];
            for cookie in cookies {
                let cookie = cookie.ok_or_else(|| Problem::internal("a cookie is no header"))?;
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(over) => Ok(refuse(&over, headers)),
    }
}

fn see_other(to: &str) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let location = HeaderValue::from_str(to).map_err(Problem::internal)?;
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
