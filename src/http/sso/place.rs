//! Where a sign-in takes place: a connection and its organization, and how it is refused there.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::connection::{Connection, Kind};
use crate::domain::id::ConnectionId;
use crate::domain::language::Language;
use crate::domain::organization::Organization;
use crate::domain::refused_words::said_in;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::flow::problem::Problem;
use crate::flow::{self};
use crate::http::cookie::Cookie;
use crate::http::words::words;
use crate::http::{page, request_id};
use crate::store;
use crate::store::owner::Owned;

/// A connection that the path names.
pub struct Place {
    /// The connection.
    pub connection: Connection,
    /// Whose it is; `None` when it is being deleted.
    pub organization: Option<Organization>,
}

impl Place {
    /// The place that a path names.
    ///
    /// # Errors
    /// 404 when there is none; 503 when the database does not answer.
    pub async fn of(app: &App, text: &str) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("connection");
        let id = ConnectionId::parse(text).map_err(|_| unknown())?;
        let runner = &app.runner;
        let owner = store::owner::of(&mut runner.db.conn(), Owned::Connection, id.0).await?;
        let owner = owner.ok_or_else(unknown)?;
        let connection = store::connection::by_id(&mut runner.read(owner), id).await?;
        let organization = store::organization::by_id(&mut runner.db.conn(), owner).await?;
        Ok(Self { connection: connection.ok_or_else(unknown)?, organization })
    }

    /// The place that a path names, where the connection speaks this.
    ///
    /// # Errors
    /// 404 when there is none; 503 when the database does not answer.
    pub async fn speaking(app: &App, text: &str, kind: Kind) -> Result<Self, Problem> {
        let place = Self::of(app, text).await?;
        let fits = place.connection.settings.kind() == kind;
        if fits { Ok(place) } else { Err(Problem::not_found("connection")) }
    }

    /// Whether people may sign in here now.
    ///
    /// # Errors
    /// [`Refused::ConnectionDisabled`] or [`Refused::OrganizationNotActive`].
    pub fn check_open(&self, step: Step) -> Result<(), Refusal> {
        flow::sign_in::check_open(&self.connection, self.organization.as_ref(), step)
    }

    /// Whether the connection may be tried out now.
    ///
    /// # Errors
    /// As for [`Place::check_open`], but a draft is open.
    pub fn check_trial(&self, step: Step) -> Result<(), Refusal> {
        flow::sign_in::check_trial(&self.connection, self.organization.as_ref(), step)
    }

    /// Where a sign-in here begins.
    pub fn start_url(&self, app: &App) -> String {
        url(app, self.connection.id, "start")
    }

    /// Where the provider's answer comes.
    pub fn redirect_uri(&self, app: &App) -> String {
        url(app, self.connection.id, "callback")
    }

    /// Writes a refusal down that came before the provider was asked, and shows it.
    pub async fn refuse(&self, app: &App, headers: &HeaderMap, refusal: Refusal) -> Response {
        self.refuse_sent(app, headers, refusal, None).await
    }

    /// The same of a message that the provider sent, which is kept where traces are on.
    pub async fn refuse_sent(
        &self,
        app: &App,
        headers: &HeaderMap,
        refusal: Refusal,
        sent: Option<Value>,
    ) -> Response {
        let (id, request_id) = (self.connection.id, request_id::current());
        let kept = refusal.clone();
        let written = app
            .runner
            .write(Actor::Anonymous, self.connection.organization_id, move |work| {
                let (refusal, request_id, sent) = (kept.clone(), request_id.clone(), sent.clone());
                Box::pin(async move {
                    flow::sign_in::refuse(work, id, &refusal, &request_id, sent).await
                })
            })
            .await;
        match written {
            Ok(()) => self.show(app, headers, &refusal),
            Err(problem) => page::refuse(problem, headers),
        }
    }

    /// Shows a refusal that was written down.
    pub fn show(&self, app: &App, headers: &HeaderMap, refusal: &Refusal) -> Response {
        let again = match refusal.code {
            Refused::ConnectionDisabled | Refused::OrganizationNotActive => None,
            _ => Some(self.start_url(app)),
        };
        // Programs read English.
        let language = match page::wants_json(headers) {
            true => Language::En,
            false => page::language(None, headers),
        };
        let refused = page::Refused {
            status: StatusCode::FORBIDDEN,
            code: refusal.code.as_str(),
            heading: words(language).refused,
            said: said_in(refusal.code.said(), language),
            again,
        };
        let mut response = refused.answer(headers);
        // A login that was answered is over; one of another browser is not ours to end.
        let keeps = matches!(refusal.code, Refused::StateInvalid | Refused::Replayed);
        if !keeps && let Some(cleared) = Cookie::Login.clear(&app.public) {
            response.headers_mut().append(axum::http::header::SET_COOKIE, cleared);
        }
        response
    }
}

/// Where the browser comes back from signing out at a provider.
pub fn signed_out_url(app: &App) -> String {
    format!("{}/signed-out", app.public.url.as_str().trim_end_matches('/'))
}

/// A URL of a connection.
pub fn url(app: &App, id: ConnectionId, end: &str) -> String {
    format!("{}/sso/{id}/{end}", app.public.url.as_str().trim_end_matches('/'))
}
