//! The door: who calls, and whether she may.
//!
//! A guard stands before each handler and is made from the `needs` column of its row. It answers
//! 401 to nobody, 404 to somebody of another organization (who must not learn what is there) and
//! 403 to somebody of this one without the permission. An `Authorization` header counts before a
//! session cookie, and a wrong one is not made good by it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::address;
use super::answer::Refusal;
use super::page;
use super::route::{Needs, Of};
use super::session::{self, Signed};
use super::{surface, token};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::api_token::ApiToken;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::login::ReturnTo;
use crate::domain::organization::Slug;
use crate::domain::secret::{SecretHash, TokenKind, read_token};
use crate::flow::operator_use::used;
use crate::flow::problem::{Code, Problem};
use crate::store;
use crate::store::owner::Owned;

/// Who calls, once the guard has let her in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts in what follows.
    pub actor: Actor,
    /// The organization that the path names, where it names one.
    pub place: Option<OrganizationId>,
    /// Her session, when she came by one.
    pub signed: Option<Arc<Signed>>,
    /// The token of a person or organization by which the call came.
    pub token: Option<Arc<ApiToken>>,
}

impl Caller {
    const fn of(actor: Actor, place: Option<OrganizationId>) -> Self {
        Self { actor, place, signed: None, token: None }
    }

    /// The organization that the path names.
    ///
    /// # Errors
    /// 500 on a route whose row names none: a fault of ours.
    pub fn organization(&self) -> Result<OrganizationId, Problem> {
        self.place.ok_or_else(|| Problem::internal("the route names no organization"))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Refusal(Problem::internal("the route has no guard")))
    }
}

/// The guard of one row.
#[derive(Clone)]
pub struct Guard {
    /// The parts.
    pub app: App,
    /// What the row needs.
    pub needs: Needs,
}

/// Lets the request through, or refuses it.
pub async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let answer = match guard.admit(&mut parts).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => guard.refuse(problem, &parts),
    };
    of_route(answer, route)
}

/// An answer that tells the log which route gave it: surfaces match routes of their own.
pub fn of_route(mut answer: Response, route: Option<MatchedPath>) -> Response {
    if let Some(route) = route {
        answer.extensions_mut().insert(route);
    }
    answer
}

/// Whose credential a request brings.
enum Who {
    Operator(Actor),
    Signed(Arc<Signed>),
    Token(Arc<ApiToken>),
}

impl Guard {
    async fn admit(&self, parts: &mut Parts) -> Result<Caller, Problem> {
        // PostgreSQL keeps no U+0000, so that nothing is found by it either.
        if parts.uri.path_and_query().is_some_and(|sent| sent.as_str().contains("%00")) {
            return Err(Problem::new(Code::Malformed, "A URL holds no U+0000."));
        }
        if self.needs == Needs::Nothing {
            return Ok(Caller::of(Actor::Anonymous, None));
        }
        match self.who(parts).await? {
            Who::Operator(actor) => self.admit_operator(actor, parts).await,
            Who::Signed(signed) => self.admit_signed(signed, parts).await,
            Who::Token(token) => self.admit_token(token, parts).await,
        }
    }

    async fn admit_operator(&self, actor: Actor, parts: &mut Parts) -> Result<Caller, Problem> {
        let place = match self.needs {
            Needs::Action(_, of) => Some(self.place(parts, of).await?),
            Needs::Session => return Err(unauthenticated()),
            _ => None,
        };
        if let (Actor::Operator(token), Some(place)) = (&actor, place) {
            let route = parts.extensions.get::<MatchedPath>();
            let call = format!("{} {}", parts.method, route.map_or("", MatchedPath::as_str));
            used(&self.app.runner, &self.app.uses, (*token, place), &call).await?;
        }
        Ok(Caller::of(actor, place))
    }

    /// A token allows what its list and, where it is a person's, its owner allow now.
    async fn admit_token(
        &self,
        token: Arc<ApiToken>,
        parts: &mut Parts,
    ) -> Result<Caller, Problem> {
        let place = match self.needs {
            Needs::Action(action, of) => {
                let (place, _) = self.named(parts, of).await?;
                if place != token.organization_id {
                    return Err(Problem::not_found(of.word()));
                }
                self.check_confined(&token, parts).await?;
                token::check(&self.app, &token, action).await?;
                Some(place)
            }
            Needs::Credential => None,
            Needs::Session => return Err(unauthenticated()),
            _ => return Err(Problem::new(Code::Forbidden, "This needs the operator's token.")),
        };
        let actor = token::actor(&token);
        Ok(Caller { token: Some(token), ..Caller::of(actor, place) })
    }

    /// A token that is confined to resources reaches paths that name one of them, or one below.
    async fn check_confined(&self, token: &ApiToken, parts: &mut Parts) -> Result<(), Problem> {
        if token.confined().is_none() {
            return Ok(());
        }
        let params = RawPathParams::from_request_parts(parts, &self.app).await;
        let params = params.map_err(|_| Problem::not_found("path"))?;
        let of = |wanted: &str| {
            params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
        };
        match of("kind").zip(of("key")) {
            Some((kind, key)) => token::check_resource(&self.app, token, (&kind, &key)).await,
            None => {
                let detail = "This token is confined to resources, and this path names none.";
                Err(Problem::new(Code::Forbidden, detail))
            }
        }
    }

    async fn admit_signed(
        &self,
        signed: Arc<Signed>,
        parts: &mut Parts,
    ) -> Result<Caller, Problem> {
        session::check_origin(parts, &self.app.public)?;
        let place = match self.needs {
            Needs::Action(action, of) => {
                let place = self.seen_by(&signed, of, parts).await?;
                session::check_action(&self.app, &signed, place, action).await?;
                Some(place)
            }
            Needs::Session | Needs::Credential => None,
            _ => return Err(Problem::new(Code::Forbidden, "This needs the operator's token.")),
        };
        let actor = Actor::User(signed.user.id);
        Ok(Caller { signed: Some(signed), ..Caller::of(actor, place) })
    }

    /// The organization in which somebody who is signed in does this: her home, or one in which she
    /// is a guest. A guest of her home is seen from there, as far as the row lets her be seen.
    async fn seen_by(
        &self,
        signed: &Signed,
        of: Of,
        parts: &mut Parts,
    ) -> Result<OrganizationId, Problem> {
        let (place, id) = self.named(parts, of).await?;
        let home = signed.organization.id;
        if place == home {
            return Ok(place);
        }
        let live = &self.app.live;
        let is_guest = |user: UserId, there: OrganizationId| async move {
            live.ask(there, &[user], |snapshot, _| {
                snapshot.is_some_and(|snapshot| snapshot.user(user).is_some())
            })
            .await
        };
        if matches!(of, Of::User | Of::Person)
            && let Some(user) = id
            && is_guest(UserId(user), home).await?
        {
            if of == Of::Person {
                return Ok(home);
            }
            let detail = "She is a guest here: only what she holds here is yours to change.";
            return Err(Problem::new(Code::NotHome, detail));
        }
        if is_guest(signed.user.id, place).await? {
            return Ok(place);
        }
        Err(Problem::not_found(of.word()))
    }

    /// A refusal as its caller reads it: a browser without a session goes to sign in.
    fn refuse(&self, problem: Problem, parts: &Parts) -> Response {
        let goes = self.needs == Needs::Session
            && problem.code == Code::Unauthenticated
            && parts.method == http::Method::GET
            && page::wants_page(&parts.headers);
        if !goes {
            return surface::refuse(&parts.uri, problem);
        }
        let back = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(back) = ReturnTo::parse(back) {
            query.append_pair("return_to", back.as_str());
        }
        Redirect::to(&format!("/sign-in?{}", query.finish())).into_response()
    }

    /// Who calls, by her credential.
    async fn who(&self, parts: &Parts) -> Result<Who, Problem> {
        if let Some(token) = bearer(parts)? {
            if let Some(found) = token::of(&self.app, token).await? {
                return Ok(Who::Token(Arc::new(found)));
            }
            let trusted = &self.app.public.trusted_proxies;
            let address = address::of(&parts.extensions, &parts.headers, trusted);
            return self
                .operator(token, address)
                .await?
                .map(Who::Operator)
                .ok_or_else(unauthenticated);
        }
        let signed = session::of(&self.app, &parts.headers).await?;
        signed.map(|signed| Who::Signed(Arc::new(signed))).ok_or_else(unauthenticated)
    }

    async fn operator(&self, token: &str, address: IpAddr) -> Result<Option<Actor>, Problem> {
        if let Some(fixed) = &self.app.operator_token
            && bool::from(fixed.0.ct_eq(&SecretHash::of(token.as_bytes()).0))
        {
            return Ok(Some(Actor::Operator(None)));
        }
        let Some(sent) = read_token(token).filter(|sent| sent.kind == TokenKind::Operator) else {
            return Ok(None);
        };
        let runner = &self.app.runner;
        let found =
            store::operator_token::by_public_part(&mut runner.db.conn(), sent.public).await?;
        let now = runner.clock.now();
        let live = found
            .filter(|kept| kept.hash.matches(sent.secret.as_bytes()))
            .filter(|kept| kept.expires_at.is_none_or(|end| now < end))
            .filter(|kept| kept.admits(address));
        Ok(live.map(|kept| Actor::Operator(Some(kept.id))))
    }

    /// The organization that the path names.
    async fn place(&self, parts: &mut Parts, of: Of) -> Result<OrganizationId, Problem> {
        self.named(parts, of).await.map(|(place, _)| place)
    }

    /// The organization that the path names, with the id by which it does so.
    async fn named(
        &self,
        parts: &mut Parts,
        of: Of,
    ) -> Result<(OrganizationId, Option<Uuid>), Problem> {
        let params = RawPathParams::from_request_parts(parts, &self.app)
            .await
            .map_err(|_| Problem::not_found("path"))?;
        let wanted = if of == Of::Organization { "org" } else { "id" };
        let text = params
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.to_owned())
            .ok_or_else(|| Problem::internal("the path has no such parameter"))?;
        let conn = &mut self.app.runner.db.conn();
        let Some(noun) = of.owned() else {
            return Ok((self.organization(&text).await?, None));
        };
        let unknown = || Problem::not_found(noun.word());
        let id = Uuid::try_parse(&text).map_err(|_| unknown())?;
        let place = store::owner::of(conn, noun, id).await?.ok_or_else(unknown)?;
        Ok((place, Some(id)))
    }

    async fn organization(&self, text: &str) -> Result<OrganizationId, Problem> {
        let conn = &mut self.app.runner.db.conn();
        let found = match (OrganizationId::parse(text), Slug::parse(text)) {
            (Ok(id), _) => store::organization::by_id(conn, id).await?,
            (_, Some(slug)) => store::organization::by_slug(conn, &slug).await?,
            _ => None,
        };
        found.map(|found| found.id).ok_or_else(|| Problem::not_found("organization"))
    }
}

impl Of {
    /// What the path names in words, for "there is no such ...".
    const fn word(self) -> &'static str {
        match self.owned() {
            Some(noun) => noun.word(),
            None => "organization",
        }
    }

    /// The noun that `{id}` names; `None` for the organization itself.
    const fn owned(self) -> Option<Owned> {
        Some(match self {
            Self::Organization => return None,
            Self::Directory => Owned::Directory,
            Self::DirectoryToken => Owned::DirectoryToken,
            Self::DirectoryClient => Owned::DirectoryClient,
            Self::Domain => Owned::Domain,
            Self::Connection => Owned::Connection,
            Self::User | Self::Person => Owned::User,
            Self::Group => Owned::Group,
            Self::MappingRule => Owned::MappingRule,
            Self::Role => Owned::Role,
            Self::Grant => Owned::Grant,
            Self::Identity => Owned::Identity,
            Self::Session => Owned::Session,
            Self::Invite => Owned::Invite,
            Self::Webhook => Owned::Webhook,
        })
    }
}

/// The bearer token of the one `Authorization` header; `None` without the header.
///
/// # Errors
/// 401 for several headers or another scheme (C166).
pub fn bearer(parts: &Parts) -> Result<Option<&str>, Problem> {
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Problem::new(Code::Unauthenticated, "Send one Authorization header."));
    }
    let token = first.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    token
        .filter(|token| !token.is_empty())
        .map(Some)
        .ok_or_else(|| Problem::new(Code::Unauthenticated, "Send `Authorization: Bearer <token>`."))
}

fn unauthenticated() -> Problem {
    Problem::new(Code::Unauthenticated, "The credential is missing, unknown, expired or revoked.")
}
