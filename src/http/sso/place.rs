//! Where a sign-in takes place: a connection and its organization, and how it is refused there.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;
use url::form_urlencoded;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::connection::{Connection, Kind};
use crate::domain::id::ConnectionId;
use crate::domain::language::Language;
use crate::domain::login::ReturnTo;
use crate::domain::organization::Organization;
use crate::domain::refused_words::said_in;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::flow::problem::Problem;
use crate::flow::{self};
use crate::http::cookie::Cookie;
use crate::http::entry_words::entry_words;
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
            Ok(()) => self.show(app, headers, (&refusal, None)),
            Err(problem) => page::refuse(problem, headers),
        }
    }

    /// Where a sign-in begins again that was to lead somewhere, as a path.
    fn start_path(&self, return_to: Option<&ReturnTo>) -> String {
        let path = format!("/sso/{}/start", self.connection.id);
        match return_to {
            Some(to) if *to != ReturnTo::home() => with_target(&path, to.as_str()),
            _ => path,
        }
    }

    /// Shows a refusal that was written down; whoever starts again still comes to where she wanted
    /// to go.
    pub fn show(
        &self,
        app: &App,
        headers: &HeaderMap,
        (refusal, return_to): (&Refusal, Option<&ReturnTo>),
    ) -> Response {
        let again = match refusal.code {
            Refused::ConnectionDisabled | Refused::OrganizationNotActive => None,
            // The password is her proof; then the sign-in begins again and joins her (LI4).
            Refused::ProofNeeded => {
                Some(with_target("/sign-in/password", &self.start_path(return_to)))
            }
            _ => Some(self.start_path(return_to)),
        };
        // Programs read English.
        let language = match page::wants_json(headers) {
            true => Language::En,
            false => page::language(None, headers),
        };
        let proves = refusal.code == Refused::ProofNeeded;
        let button = proves.then(|| entry_words(language).sign_in_with_password);
        let refused = page::Refused {
            status: StatusCode::FORBIDDEN,
            code: refusal.code.as_str(),
            heading: words(language).refused,
            said: said_in(refusal.code.said(), language),
            again: again.map(|path| absolute(app, &path)),
            button,
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
    absolute(app, "/signed-out")
}

/// A URL of a connection.
pub fn url(app: &App, id: ConnectionId, end: &str) -> String {
    absolute(app, &format!("/sso/{id}/{end}"))
}

fn absolute(app: &App, path: &str) -> String {
    format!("{}{path}", app.public.url.as_str().trim_end_matches('/'))
}

/// A path with the path that follows it.
fn with_target(path: &str, to: &str) -> String {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("return_to", to).finish();
    format!("{path}?{query}")
}
