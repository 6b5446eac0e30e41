//! SAML sign-ins in two steps, and logouts that come from providers.
//!
//! In the first transaction the pending request and the ids of the message are used up and what was
//! verified is kept for its browser, or nothing of it (G26, K2). In the second the browser comes
//! for it, and the sign-in ends as every other does. A refusal is written down in either.

use serde_json::json;

use super::problem::{Code, Problem};
use super::sign_in::{self, Ending, Outcome};
use super::work::Work;
use crate::domain::connection::Connection;
use crate::domain::event::Happened;
use crate::domain::id::{ConnectionId, LoginId, SessionId};
use crate::domain::login::ReturnTo;
use crate::domain::saml::identity::{Identity, NameId, asserted};
use crate::domain::saml::key::{Key, Ring, Unchanged, Use};
use crate::domain::saml::result::{Arrived, Kind, Used};
use crate::domain::seal::{Place, Seal};
use crate::domain::sealed::Column;
use crate::domain::secret::SecretHash;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::domain::time::Timestamp;
use crate::store;

/// The table and column of what was verified.
pub const IDENTITY: Column = Column::SamlResult;
/// Sessions of a name that are read at once.
pub const NAMED_AT_ONCE: i64 = 100;

/// A verified message, on its way to its browser.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The login that it answers; `None` when nobody here began it.
    pub login: Option<LoginId>,
    /// What was verified.
    pub identity: Identity,
    /// What is kept of it; sealed already.
    pub arrived: Arrived,
    /// The request that the person can name.
    pub request_id: String,
    /// What the provider sent, decoded, where traces are kept (G30).
    pub message: Option<serde_json::Value>,
}

/// Seals what was verified for its place.
///
/// # Errors
/// 500 without a key.
pub fn sealed(
    work: (&Seal, crate::domain::time::Rng),
    connection: &Connection,
    (id, identity): (uuid::Uuid, &Identity),
) -> Result<Vec<u8>, Problem> {
    let (seal, rng) = work;
    let place = Place { column: IDENTITY, row: id, organization: connection.organization_id };
    let plain = serde_json::to_vec(identity).map_err(Problem::internal)?;
    seal.seal(rng, place, &plain).map_err(Problem::internal)
}

/// Uses a message and its request up, and keeps what it says for its browser.
///
/// # Errors
/// 503 when the database does not answer. A message that was used before is an outcome.
pub async fn arrive(work: &mut Work, arrival: &Arrival) -> Result<Result<(), Refusal>, Problem> {
    let connection = arrival.arrived.connection_id;
    if let Some(found) = used_before(work, arrival).await? {
        let refusal = Refusal::new(Step::Response, Refused::Replayed).found(found);
        sign_in::refuse(work, connection, &refusal, &arrival.request_id, arrival.message.clone())
            .await?;
        return Ok(Err(refusal));
    }
    store::saml::arrive(&mut work.scope(), &arrival.arrived).await?;
    Ok(Ok(()))
}

async fn used_before(work: &mut Work, arrival: &Arrival) -> Result<Option<&'static str>, Problem> {
    let at = work.at;
    if let Some(login) = arrival.login
        && !store::login::consume(&mut work.scope(), login, at).await?
    {
        return Ok(Some("the request was answered before"));
    }
    let (identity, connection) = (&arrival.identity, arrival.arrived.connection_id);
    let until = Timestamp(identity.replay_until);
    let used = [
        Used { kind: Kind::Assertion, id: &identity.assertion_id, until },
        Used { kind: Kind::Response, id: &identity.response_id, until },
    ];
    for one in used {
        if !store::saml::use_up(&mut work.scope(), connection, &one).await? {
            return Ok(Some("the assertion or the response was used before"));
        }
    }
    Ok(None)
}

/// A browser that comes for its sign-in.
#[derive(Clone, Debug)]
pub struct Coming {
    /// At which connection.
    pub connection: ConnectionId,
    /// The hash of the handle.
    pub handle: SecretHash,
    /// The hash of the pending cookie.
    pub browser: Option<SecretHash>,
    /// Whether the person said that it is she: asked where nobody here began the sign-in.
    pub agreed: bool,
    /// The hash of the new session's cookie.
    pub cookie: SecretHash,
    /// The hash of the cookie that the browser had, whose session ends (K1).
    pub old_cookie: Option<SecretHash>,
    /// The invite that this browser opened (LI3).
    pub invite: Option<SecretHash>,
    /// The request that the person can name.
    pub request_id: String,
}

/// Ends a sign-in whose browser came; answers where the browser goes.
///
/// # Errors
/// 404 when the connection is gone; 503 when the database does not answer.
pub async fn finish(work: &mut Work, coming: &Coming) -> Result<(Outcome, ReturnTo), Problem> {
    let id = coming.connection;
    let found = store::saml::by_handle(&mut work.scope(), id, coming.handle).await?;
    let checked = Arrived::check(found, coming.browser, work.at);
    let checked = checked.and_then(|arrived| {
        let agreed = !arrived.asks || coming.agreed;
        let refusal = Refusal::new(Step::Callback, Refused::StateInvalid);
        if agreed { Ok(arrived) } else { Err(refusal.found("the person was not asked")) }
    });
    let arrived = match checked {
        Ok(arrived) => arrived,
        Err(refusal) => return refused(work, coming, refusal).await,
    };
    let at = work.at;
    if !store::saml::consume(&mut work.scope(), arrived.id, at).await? {
        let refusal = Refusal::new(Step::Callback, Refused::Replayed);
        return refused(work, coming, refusal).await;
    }
    let connection = store::connection::by_id(&mut work.scope(), id).await?;
    let connection = connection.ok_or_else(|| Problem::not_found("connection"))?;
    let identity = opened(work, &connection, &arrived)?;
    let ending = Ending {
        connection: id,
        login: None,
        asserted: asserted(&connection, &identity),
        cookie: coming.cookie,
        old_cookie: coming.old_cookie,
        invite: coming.invite,
        request_id: coming.request_id.clone(),
        trial: arrived.trial,
        message: connection
            .traces(work.at)
            .then(|| json!({"kind": "saml", "claims": identity.claims()})),
    };
    let outcome = sign_in::end(work, &ending).await?;
    if let (Outcome::SignedIn(_), Some(name)) = (&outcome, &identity.name_id) {
        let known = (name, identity.session_index.as_deref());
        store::saml::name_session(&mut work.scope(), coming.cookie, id, known).await?;
    }
    Ok((outcome, arrived.return_to))
}

async fn refused(
    work: &mut Work,
    coming: &Coming,
    refusal: Refusal,
) -> Result<(Outcome, ReturnTo), Problem> {
    sign_in::refuse(work, coming.connection, &refusal, &coming.request_id, None).await?;
    Ok((Outcome::Refused(refusal), ReturnTo::home()))
}

fn opened(work: &Work, connection: &Connection, arrived: &Arrived) -> Result<Identity, Problem> {
    let place =
        Place { column: IDENTITY, row: arrived.id, organization: connection.organization_id };
    let plain = work.seal.open(place, &arrived.identity).map_err(Problem::internal)?;
    serde_json::from_slice(&plain).map_err(Problem::internal)
}

/// A logout that a provider asks for.
#[derive(Clone, Debug)]
pub struct Logout {
    /// At which connection.
    pub connection: ConnectionId,
    /// The id of the request.
    pub id: String,
    /// Until when the id is remembered.
    pub until: Timestamp,
    /// Who is to be signed out.
    pub name: NameId,
    /// Which of her sessions there; all when there are none.
    pub sessions: Vec<String>,
}

/// Ends the sessions that a provider names; answers how many, or `None` when the request was used
/// before (G35).
///
/// # Errors
/// 503 when the database does not answer.
pub async fn log_out(work: &mut Work, logout: &Logout) -> Result<Option<usize>, Problem> {
    let used = Used { kind: Kind::Logout, id: &logout.id, until: logout.until };
    if !store::saml::use_up(&mut work.scope(), logout.connection, &used).await? {
        return Ok(None);
    }
    let (mut after, mut ended) = (SessionId(uuid::Uuid::nil()), 0);
    loop {
        let (scope, from) = (&mut work.scope(), (logout.name.value.as_str(), after));
        let found = store::saml::named(scope, logout.connection, from, NAMED_AT_ONCE).await?;
        let Some(last) = found.last() else { return Ok(Some(ended)) };
        after = last.session;
        for one in found.iter().filter(|one| logout.means(one)) {
            if store::session::delete(&mut work.scope(), one.session).await? {
                ended += 1;
                work.record(
                    Happened::to("session.ended", "user", one.user)
                        .with("session_id", one.session.to_string())
                        .with("connection_id", logout.connection.to_string())
                        .with("by", "provider"),
                );
            }
        }
    }
}

impl Logout {
    /// Whether a session is among those that are to end.
    fn means(&self, one: &store::saml::Named) -> bool {
        let index = one.session_index.as_ref();
        let among = index.is_some_and(|index| self.sessions.contains(index));
        one.name.is_same(&self.name) && (self.sessions.is_empty() || among)
    }
}

/// Our keys at a connection.
///
/// # Errors
/// 500 when no key of the installation opens them.
pub fn ring(seal: &Seal, connection: &Connection) -> Result<Ring, Problem> {
    let sealed = connection.secret.as_deref().unwrap_or_default();
    let plain = seal.open(ring_place(connection), sealed).map_err(Problem::internal)?;
    serde_json::from_slice(&plain).map_err(Problem::internal)
}

/// Our keys, sealed for their connection.
///
/// # Errors
/// 500 without a key of the installation.
pub fn sealed_ring(work: &Work, connection: &Connection, ring: &Ring) -> Result<Vec<u8>, Problem> {
    let plain = serde_json::to_vec(ring).map_err(Problem::internal)?;
    work.seal.seal(work.rng, ring_place(connection), &plain).map_err(Problem::internal)
}

const fn ring_place(connection: &Connection) -> Place {
    Place {
        column: Column::ConnectionSecret,
        row: connection.id.0,
        organization: connection.organization_id,
    }
}

/// What happens to our keys.
#[derive(Clone, Debug)]
pub enum Turn {
    /// The next key comes.
    Add(Key),
    /// The older of two goes.
    DropOlder(Use),
}

/// Adds the next key, or drops the older of two.
///
/// # Errors
/// 404; 409 when there are two keys already, or one only.
pub async fn turn(work: &mut Work, id: ConnectionId, turn: &Turn) -> Result<Connection, Problem> {
    let found = store::connection::by_id(&mut work.scope(), id).await?;
    let mut found = found.ok_or_else(|| Problem::not_found("connection"))?;
    if found.settings.saml.is_none() {
        return Err(Problem::not_found("connection"));
    }
    let mut ring = ring(&work.seal, &found)?;
    let (used_for, done) = match turn.clone() {
        Turn::Add(key) => (key.used_for, ring.add(key)),
        Turn::DropOlder(used_for) => (used_for, ring.drop_older(used_for)),
    };
    done.map_err(|unchanged| {
        Problem::new(
            Code::Conflict,
            match unchanged {
                Unchanged::Two => "There are two keys for this already: drop the older one first.",
                Unchanged::One => "There is only one key for this: add the next one first.",
            },
        )
    })?;
    found.secret = Some(sealed_ring(work, &found, &ring)?);
    found.updated_at = work.at;
    if !store::connection::update(&mut work.scope(), &found).await? {
        return Err(Problem::stale());
    }
    work.record(
        Happened::to("connection.updated", "connection", id)
            .named(&found.name)
            .with("attributes", vec!["saml_keys"])
            .with("use", used_for.as_str()),
    );
    Ok(Connection { version: found.version + 1, ..found })
}
