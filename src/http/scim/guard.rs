//! The door of the SCIM surface: which directory's token calls, and whether it may.
//!
//! It is made from the `needs` column of a row and asks before the body is read (C165). A token of
//! another directory than the address names is unknown there (C169).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::answer::{Answer, Failure};
use super::record::Record;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::directory::TokenScope;
use crate::domain::id::{DirectoryId, OrganizationId, TokenId};
use crate::domain::secret::{TokenKind, read_token};
use crate::flow::problem::Problem;
use crate::flow::provision::credential::{self, Credential, Refused};
use crate::flow::provision::limit::{Budget, Left, Spent, Suspect};
use crate::flow::provision::{Client, dialect};
use crate::http::guard::of_route;
use crate::http::route::{Needs, ScimScope};
use crate::scim::ScimError;

/// The client of a directory, once the door has let it in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where it writes, and its habits.
    pub client: Client,
    /// Whose directory that is.
    pub organization: OrganizationId,
    /// The token that it used.
    pub token: TokenId,
    /// What the token may do.
    pub scopes: Vec<TokenScope>,
}

impl Caller {
    /// Who acts in what follows.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::Directory(self.client.directory, self.token)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::internal("the route has no door").into())
    }
}

/// The address below which all resources lie: as the client wrote it, under our own URL (C32).
#[derive(Clone, Debug)]
pub struct Base(pub String);

impl FromRequestParts<App> for Base {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let url = app.public.url.as_str().trim_end_matches('/');
        Ok(Self(match named(parts, app).await {
            None => format!("{url}/scim/v2"),
            Some(directory) => format!("{url}/scim/{directory}/v2"),
        }))
    }
}

/// The directory that the path names, as text.
async fn named(parts: &mut Parts, app: &App) -> Option<String> {
    // What is no id stands in no URL that we give out.
    param(parts, app, "directory").await.map(|text| {
        DirectoryId::parse(&text).map_or_else(|_| "unknown".to_owned(), |id| id.to_string())
    })
}

/// A parameter of the path, as text.
async fn param(parts: &mut Parts, app: &App, wanted: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    params.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text.to_owned())
}

/// The credential that an `Authorization` header holds, whether it lets in or not: for exchanges
/// that pass no door.
pub async fn owner(app: &App, authorization: &HeaderValue) -> Option<Arc<Credential>> {
    let token = read(authorization).ok()?;
    let sent = read_token(&token).filter(|sent| sent.kind == TokenKind::Directory)?;
    app.credentials.find(&app.runner, &sent).await.ok()?
}

/// The door of one row.
#[derive(Clone)]
pub struct Door {
    /// The parts.
    pub app: App,
    /// What the row needs.
    pub needs: Needs,
    /// Its path below the base.
    pub path: &'static str,
}

/// Lets the request through, or refuses it.
pub async fn check(State(door): State<Door>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let answer = match door.admit(&mut parts).await {
        Ok(None) => next.run(Request::from_parts(parts, body)).await,
        Ok(Some(caller)) => door.serve(caller, Request::from_parts(parts, body), next).await,
        Err(failure) => failure.into_response(),
    };
    of_route(answer, route)
}

impl Door {
    /// Admits a request, also once more while it runs.
    ///
    /// # Errors
    /// 401, 403; 429 after too many failures.
    pub async fn admit(&self, parts: &mut Parts) -> Answer<Option<Caller>> {
        let id = param(parts, &self.app, "id").await;
        Record::of(parts).route(self.path, id.as_deref());
        let scope = match self.needs {
            Needs::Nothing => return Ok(None),
            Needs::Scim(ScimScope::Read) => TokenScope::Read,
            Needs::Scim(ScimScope::Write) => TokenScope::Write,
            _ => return Err(Problem::internal("a SCIM route needs a SCIM scope").into()),
        };
        let Some(token) = token(parts)? else { return Err(Failure::unauthenticated(false)) };
        let place = named(parts, &self.app).await;
        self.believe(parts, &token, place.as_deref(), scope).await.map(Some)
    }

    /// What a request through this door is counted as (S8).
    fn budget(&self) -> Budget {
        match self.needs {
            _ if self.path == "/Bulk" => Budget::Bulk,
            Needs::Scim(ScimScope::Write) => Budget::Writes,
            _ => Budget::Reads,
        }
    }

    /// Serves a request unless its directory asks too often, and tells what is left of its budget;
    /// a bulk request counts its operations itself.
    async fn serve(&self, caller: Caller, mut request: Request, next: Next) -> Response {
        match self.app.limits.take(caller.client.directory, self.budget(), 1) {
            Ok(left) => {
                request.extensions_mut().insert(caller);
                let mut answer = next.run(request).await;
                let left = answer.extensions().get::<Left>().copied().unwrap_or(left);
                tell(answer.headers_mut(), left);
                answer
            }
            Err(Spent { most, wait_s }) => {
                let mut answer = Failure::too_often(wait_s).into_response();
                tell(answer.headers_mut(), Left { most, now: 0, full_s: wait_s });
                answer
            }
        }
    }

    async fn believe(
        &self,
        parts: &Parts,
        token: &str,
        place: Option<&str>,
        scope: TokenScope,
    ) -> Answer<Caller> {
        let kinds = [TokenKind::Directory, TokenKind::Access];
        let sent = read_token(token).filter(|sent| kinds.contains(&sent.kind));
        let Some(sent) = sent else { return Err(self.fail(parts, None)) };
        let (app, public) = (&self.app, sent.public.to_owned());
        let Some(found) = app.credentials.find(&app.runner, &sent).await? else {
            return Err(self.fail(parts, Some(public)));
        };
        let record = Record::of(parts);
        record.known(&found);
        let place = match place.map(DirectoryId::parse) {
            None => Ok(None),
            Some(Ok(id)) => Ok(Some(id)),
            Some(Err(_)) => Err(Refused::Elsewhere),
        };
        let now = app.runner.clock.now();
        if let Err(refused) = place.and_then(|place| found.admits(now, place, scope)) {
            credential::note_refusal(&app.runner, &found, refused);
            record.refused();
            return Err(match refused {
                Refused::Unknown | Refused::Ended | Refused::Elsewhere => {
                    self.fail(parts, Some(public))
                }
                refused => forbidden(refused).into(),
            });
        }
        credential::note_use(&app.runner, &found);
        Ok(Caller {
            client: Client {
                directory: found.directory.id,
                dialect: dialect(found.directory.profile),
                unknown_members: found.directory.settings.unknown_members,
                on_provision: found.directory.settings.on_provision,
            },
            organization: found.token.organization_id,
            token: found.token.id,
            scopes: found.token.scopes.clone(),
        })
    }

    /// A failure counts against its address and its token; too many are told to wait (S7).
    fn fail(&self, parts: &Parts, public: Option<String>) -> Failure {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = address.map(|ConnectInfo(peer)| Suspect::Address(peer.ip()));
        let suspects = address.into_iter().chain(public.map(Suspect::Token));
        let waits = suspects.filter_map(|suspect| self.app.limits.failure(&suspect).err());
        match waits.max() {
            Some(wait_s) => Failure::too_often(wait_s),
            None => Failure::unauthenticated(true),
        }
    }
}

/// What is left of a budget, in headers.
fn tell(headers: &mut HeaderMap, left: Left) {
    let told = [
        ("ratelimit-limit", u64::from(left.most)),
        ("ratelimit-remaining", u64::from(left.now)),
        ("ratelimit-reset", left.full_s),
    ];
    for (name, number) in told {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
    }
}

fn forbidden(refused: Refused) -> ScimError {
    match refused {
        Refused::Disabled => ScimError::forbidden("The directory is disabled."),
        Refused::Suspended => ScimError::forbidden("The organization is suspended."),
        Refused::Scope(scope) => {
            ScimError::forbidden(format!("The token lacks the scope {}.", scope.as_str()))
        }
        _ => ScimError::forbidden("The token may not do this."),
    }
}

/// The token of the one `Authorization` header: a bearer's, or the password of Basic (K16).
fn token(parts: &Parts) -> Answer<Option<String>> {
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Failure::unauthenticated(true));
    }
    read(first).map(Some)
}

fn read(header: &HeaderValue) -> Answer<String> {
    let text = header.to_str().map_err(|_| Failure::unauthenticated(true))?;
    let (scheme, rest) = text.split_once(' ').ok_or_else(|| Failure::unauthenticated(true))?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(rest.to_owned());
    }
    let basic = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest).ok()).flatten();
    let password = basic.and_then(|bytes| {
        let pair = String::from_utf8(bytes).ok()?;
        pair.split_once(':').map(|(_, password)| password.to_owned())
    });
    password.ok_or_else(|| Failure::unauthenticated(true))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn sent(values: &[&str]) -> Result<Option<String>, ()> {
        let mut request = Request::builder();
        for value in values {
            request = request.header(header::AUTHORIZATION, *value);
        }
        token(&request.body(()).unwrap().into_parts().0).map_err(|_| ())
    }

    #[test]
    fn the_scheme_is_read_in_any_letter_case_and_once_c166() {
        assert_eq!(sent(&[]), Ok(None));
        assert_eq!(sent(&["bEARER  pds_x"]), Ok(Some("pds_x".to_owned())));
        assert_eq!(sent(&["Bearer a", "Bearer a"]), Err(()));
        assert_eq!(sent(&["pds_x"]), Err(()));
        assert_eq!(sent(&["Digest x"]), Err(()));
    }

    #[test]
    fn the_password_of_basic_is_a_token_k16() {
        let basic = format!("Basic {}", STANDARD.encode("anybody:pds_x:y"));
        assert_eq!(sent(&[&basic]), Ok(Some("pds_x:y".to_owned())));
        assert_eq!(sent(&["Basic !!"]), Err(()));
    }
}
