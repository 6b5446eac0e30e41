//! The token endpoint: OAuth 2.0 client credentials for directories (RFC 6749 §4.4, scim S4).
//!
//! A form comes in, JSON goes out, and whatever goes wrong is told in the words of the RFC (§5.2),
//! never to be kept by anybody on the way.

mod answer;
mod client;
mod form;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::routing::post;

use self::answer::{Answer, Refusal, given};
use self::client::Shown;
use self::form::{FORM_MAX, Form};
use super::address;
use super::route::Method::Post;
use super::route::{Doc, Needs, Route};
use crate::app::App;
use crate::domain::secret::{TokenKind, read_token};
use crate::flow::client_token::{self, Refused};
use crate::flow::provision::limit::Suspect;

pub use self::answer::refuse;

/// Every route of the surface.
pub const ROUTES: &[Route] = &[Route::new(
    Post,
    "/oauth2/token",
    Needs::Nothing,
    || post(token).layer(DefaultBodyLimit::max(FORM_MAX)),
    Doc::of("Gives an OAuth client of a directory a token for an hour (RFC 6749 §4.4)."),
)];

/// The only grant.
const GRANT: &str = "client_credentials";

/// `POST /oauth2/token`
async fn token(State(app): State<App>, request: Request) -> Answer {
    let headers = request.headers().clone();
    let trusted = &app.public.trusted_proxies;
    let address = address::counted(address::of(request.extensions(), &headers, trusted));
    let form = Form::read(request, &app).await?;
    let shown = Shown::read(&headers, &form)?;
    match form.one("grant_type")? {
        Some(GRANT) => {}
        Some(_) => return Err(Refusal::grant()),
        None => return Err(Refusal::request("grant_type is missing.")),
    }
    let suspects = [
        Some(Suspect::Address(address)),
        // Only what could be a client's is counted by its name: names are the caller's to choose.
        read_token(&shown.secret)
            .filter(|sent| sent.kind == TokenKind::ClientSecret)
            .map(|sent| Suspect::Token(sent.public.to_owned())),
    ];
    let client = match client_token::prove(&app.runner, &shown.id, &shown.secret).await {
        Ok(client) => client,
        Err(Refused::Client) => {
            // Failures are counted, and only failures are ever told to wait (S7).
            let waits = suspects.iter().flatten().filter_map(|one| app.limits.failure(one).err());
            return Err(waits.max().map_or_else(Refusal::client, Refusal::too_often));
        }
        Err(refused) => return Err(refused.into()),
    };
    let given_now = client_token::give(&app.runner, client, form.one("scope")?).await?;
    Ok(given(&given_now))
}
