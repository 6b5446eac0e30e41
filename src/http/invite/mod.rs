//! `/invite/{token}`: what a link leads to, and how it is accepted.
//!
//! A link is a bearer secret. Whoever opens one that is unknown or was taken back learns nothing;
//! one that was used or ran out says what to do. Going on by a connection, the browser remembers
//! the link for some minutes in a cookie of its own (LI3).

mod accept;
mod shown;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};

use super::entry_words::entry_words;
use super::limit::{ByAddress, by_address};
use super::page;
use super::route::Method::{Get, Post};
use super::route::{Doc, Needs, Route, mount};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::id::OrganizationId;
use crate::domain::invite::Invite;
use crate::domain::language::Language;
use crate::domain::secret::SecretHash;
use crate::flow;
use crate::flow::invite::Opened;
use crate::flow::problem::Problem;
use crate::store;

/// What strangers may call: counted and limited.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/invite/{token}",
        Needs::Nothing,
        || get(show),
        Doc::of("What an invite leads to: organization, inviter, roles, and how to go on."),
    ),
    Route::new(
        Post,
        "/invite/{token}",
        Needs::Nothing,
        || post(accept::accept),
        Doc::of("Accepts an invite with a password, or goes on by a connection."),
    ),
];

/// The routes of this surface.
pub fn router(app: &App) -> Router<App> {
    mount(app, ROUTES).route_layer(from_fn_with_state(ByAddress::of(app), by_address))
}

/// Longest link that is looked at, in letters.
const LINK_MAX: usize = 128;

/// The hash of a link, if the text can be one.
fn hash(link: &str) -> Option<SecretHash> {
    (1..=LINK_MAX).contains(&link.len()).then(|| SecretHash::of(link.as_bytes()))
}

/// The live invite behind a link and its organization, or what to tell.
async fn live(app: &App, link: &str) -> Result<Result<(OrganizationId, Invite), Opened>, Problem> {
    let Some(hash) = hash(link) else { return Ok(Err(Opened::Unknown)) };
    let conn = &mut app.runner.db.conn();
    let Some((organization, _)) = store::invite::owner_of_token(conn, hash).await? else {
        return Ok(Err(Opened::Unknown));
    };
    let opened = app
        .runner
        .write(Actor::Anonymous, organization, move |work| {
            Box::pin(async move { flow::invite::open(work, hash).await })
        })
        .await?;
    Ok(match opened {
        Opened::Live(invite) => Ok((organization, *invite)),
        over => Err(over),
    })
}

/// `GET /invite/{token}`
async fn show(
    State(app): State<App>,
    link: Option<Path<String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let headers = page::reader(&uri, &headers);
    // What is no text is no link either.
    let link = link.map(|Path(text)| text).unwrap_or_default();
    match live(&app, &link).await {
        Ok(Ok((organization, invite))) => {
            match shown::Shown::of(&app, organization, &invite).await {
                Ok(shown) => shown.answer(StatusCode::OK, None, &headers),
                Err(problem) => page::refuse(problem, &headers),
            }
        }
        Ok(Err(over)) => refuse(&over, &headers),
        Err(problem) => page::refuse(problem, &headers),
    }
}

/// What somebody reads whose link leads nowhere.
fn refuse(over: &Opened, headers: &HeaderMap) -> Response {
    // Programs get English.
    let language =
        if page::wants_json(headers) { Language::En } else { page::language(None, headers) };
    let entry = entry_words(language);
    let (status, code, (heading, said)) = match over {
        Opened::Used => (StatusCode::GONE, "gone", entry.invite_used),
        Opened::Expired => (StatusCode::GONE, "gone", entry.invite_expired),
        Opened::Unknown | Opened::Live(_) => {
            (StatusCode::NOT_FOUND, "not-found", entry.invite_unknown)
        }
    };
    let again = matches!(over, Opened::Used).then(|| "/sign-in".to_owned());
    page::Refused { status, code, heading, said, again, button: None }.answer(headers)
}
