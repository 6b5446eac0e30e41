//! The session of a request: whose cookie it is, and whether it may be used for this.
//!
//! Each request looks anew: a session counts only while it holds, its user is enabled, her
//! organization active and her connection not switched off. What is unsafe needs proof that the
//! request comes from a page of ours (K4).

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::cookie::Cookie;
use crate::app::{App, Public};
use crate::domain::access::decision::Question;
use crate::domain::actor::Actor;
use crate::domain::id::OrganizationId;
use crate::domain::organization::{Organization, Status};
use crate::domain::platform::Action;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::store;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Her session.
    pub session: Session,
    /// Who she is.
    pub user: User,
    /// Where she is at home.
    pub organization: Organization,
}

/// Who is signed in by the cookie of a request; `None` when the cookie is missing or over.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn of(app: &App, headers: &HeaderMap) -> Result<Option<Signed>, Problem> {
    let Some(hash) = Cookie::Session.read(headers, &app.public) else { return Ok(None) };
    let runner = &app.runner;
    let Some(session) = store::session::by_hash(&mut runner.db.conn(), hash).await? else {
        return Ok(None);
    };
    let id = session.organization_id;
    let user = store::user::by_id(&mut runner.read(id), session.user_id).await?;
    let organization = store::organization::by_id(&mut runner.db.conn(), id).await?;
    let (Some(user), Some(organization)) = (user, organization) else { return Ok(None) };
    let now = runner.clock.now();
    let counts = user.is_enabled()
        && organization.status == Status::Active
        && session.holds(now, &organization.settings);
    if !counts {
        return Ok(None);
    }
    if session.is_worth_touching(now, &organization.settings) {
        touch(app, &session).await?;
    }
    Ok(Some(Signed { session, user, organization }))
}

async fn touch(app: &App, session: &Session) -> Result<(), Problem> {
    let (id, actor) = (session.id, Actor::User(session.user_id));
    app.runner
        .write(actor, session.organization_id, move |work| {
            Box::pin(async move { flow::session::touch(work, id).await })
        })
        .await
}

/// Whether a request may act in the name of a cookie: a safe method, or one that a page of ours
/// sent (K4).
///
/// # Errors
/// 403 for an unsafe request from elsewhere, or from nobody knows where.
pub fn check_origin(parts: &Parts, public: &Public) -> Result<(), Problem> {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS];
    if safe.contains(&parts.method) || is_same_origin(&parts.headers, public) {
        return Ok(());
    }
    let detail = "This request was not sent by a page of this host: `Sec-Fetch-Site: same-origin` \
                  or an equal `Origin` is missing.";
    Err(Problem::new(Code::Forbidden, detail))
}

fn is_same_origin(headers: &HeaderMap, public: &Public) -> bool {
    let sent = |name| headers.get(name).map(|value: &http::HeaderValue| value.as_bytes());
    // A browser that says where the request comes from has the last word.
    if let Some(site) = sent(http::HeaderName::from_static("sec-fetch-site")) {
        return site == b"same-origin";
    }
    let own = public.url.origin().ascii_serialization();
    sent(header::ORIGIN) == Some(own.as_bytes())
}

/// Lets a signed-in person do a built-in action in an organization, or refuses her.
///
/// # Errors
/// 403 without the permission or, for an identity action, when her sign-in is not young any more.
pub async fn check_action(
    app: &App,
    signed: &Signed,
    place: OrganizationId,
    action: &str,
) -> Result<(), Problem> {
    let Some(action) = Action::by_key(action) else {
        return Err(Problem::internal("the route names no built-in action"));
    };
    let now = app.runner.clock.now();
    if !may(app, (signed, place), action, now).await? {
        let detail = format!("You need the permission for `{}` here.", action.key());
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if action.is_identity() && !signed.session.is_fresh(now) {
        let detail = "This needs a sign-in that is less than 10 minutes old: sign in again.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(())
}

async fn may(
    app: &App,
    (signed, place): (&Signed, OrganizationId),
    action: Action,
    at: Timestamp,
) -> Result<bool, Problem> {
    let platform = &app.runner.platform;
    let Some(permission) = platform.permission(platform.action(action)) else { return Ok(false) };
    let question =
        Question { user: signed.user.id, permission: &permission.key, resource: None, at };
    app.live.allows(place, &question).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(method: &str, headers: &[(&str, &str)]) -> bool {
        let public = Public {
            url: "https://portico.example".parse().unwrap(),
            secure: true,
            trusted_proxies: Vec::new(),
        };
        let mut request = http::Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check_origin(&parts, &public).is_ok()
    }

    #[test]
    fn an_unsafe_request_with_a_cookie_comes_from_a_page_of_ours_k4() {
        let origin = ("origin", "https://portico.example");
        let evil = ("origin", "https://evil.example");
        let site = |value| ("sec-fetch-site", value);
        assert!(allowed("GET", &[]));
        assert!(allowed("POST", &[site("same-origin")]));
        assert!(allowed("POST", &[origin]));
        assert!(allowed("DELETE", &[origin, site("same-origin")]));
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert!(!allowed(method, &[]), "{method}");
        }
        for refused in [
            vec![evil],
            vec![("origin", "null")],
            vec![("origin", "https://portico.example:444")],
            vec![("origin", "http://portico.example")],
            vec![site("cross-site"), origin],
            vec![site("same-site"), origin],
            vec![site("none")],
        ] {
            assert!(!allowed("POST", &refused), "{refused:?}");
        }
    }
}
