//! Verbs on identities: part a subject from a user, or join her to another one (LI8).

use super::fields::Fields;
use super::problem::{Code, Problem};
use super::sign_in::claims;
use super::work::Work;
use super::{access, grant};
use crate::domain::event::Happened;
use crate::domain::id::{ConnectionId, IdentityId, UserId};
use crate::domain::identity::{Identity, Rule, SUBJECT_MAX};
use crate::store;

/// Identities of one user that are looked at.
pub const IDENTITIES_MAX: i64 = 100;

/// Parts an identity from its user and ends the sessions that came by it. Whoever signs in under
/// that subject next is found by the rules for a first sign-in (LI8).
///
/// # Errors
/// 404 when there is no such identity; 503 when the database does not answer.
pub async fn unlink(work: &mut Work, id: IdentityId) -> Result<(), Problem> {
    access::hold_rules(work).await?;
    let unknown = || Problem::not_found("identity");
    let found = store::identity::by_id(&mut work.scope(), id).await?.ok_or_else(unknown)?;
    grant::hold_user(work, found.user_id).await?;
    part(work, &found, "unlinked").await?;
    work.record(
        Happened::to("identity.unlinked", "user", found.user_id)
            .with("identity_id", id.to_string())
            .with("connection_id", found.connection_id.to_string()),
    );
    claims::forget(work, found.connection_id, found.user_id).await
}

/// Ends a link, its sessions with it, and keeps it as history.
async fn part(work: &mut Work, old: &Identity, reason: &str) -> Result<(), Problem> {
    if !store::identity::delete(&mut work.scope(), old.id).await? {
        return Err(Problem::not_found("identity"));
    }
    let at = work.at;
    store::former_identity::insert(&mut work.scope(), old, at, reason).await?;
    let scope = &mut work.scope();
    store::session::delete_of_identity(scope, old.connection_id, old.user_id).await?;
    Ok(())
}

/// Joins a user to another subject of a connection, in the place of the one that she had there: the
/// provider calls her otherwise now, or an administrator knows who she is (LI8).
///
/// # Errors
/// 404 for a user who is not here; 422 for a connection or subject that does not fit; 409 when the
/// subject is somebody else's.
pub async fn relink(
    work: &mut Work,
    user: UserId,
    (connection, subject): (&str, &str),
) -> Result<Identity, Problem> {
    access::hold_rules(work).await?;
    grant::hold_user(work, user).await?;
    let connection = check(work, connection, subject).await?;
    let scope = &mut work.scope();
    if let Some(known) = store::identity::by_subject(scope, connection, subject).await? {
        if known.user_id == user {
            return Ok(known);
        }
        let detail = "This subject is linked to another user: part it from her first.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let present = store::identity::of_user(&mut work.scope(), user, IDENTITIES_MAX).await?;
    let mut replaced = Vec::new();
    for old in present.iter().filter(|old| old.connection_id == connection) {
        part(work, old, "relinked").await?;
        replaced.push(old.id.to_string());
    }
    let identity = Identity {
        id: work.id(),
        connection_id: connection,
        subject: subject.to_owned(),
        user_id: user,
        rule: Rule::Li8.as_str().to_owned(),
        created_at: work.at,
        last_sign_in_at: None,
    };
    store::identity::insert(&mut work.scope(), &identity).await?;
    work.record(
        Happened::to("identity.relinked", "user", user)
            .with("identity_id", identity.id.to_string())
            .with("connection_id", connection.to_string())
            .with("replaced", replaced)
            .with("rule", Rule::Li8.as_str()),
    );
    Ok(identity)
}

async fn check(work: &mut Work, connection: &str, subject: &str) -> Result<ConnectionId, Problem> {
    let mut fields = Fields::new();
    let found = match ConnectionId::parse(connection) {
        Ok(id) => store::connection::by_id(&mut work.scope(), id).await?,
        Err(_) => None,
    };
    let detail = "This is not the id of a connection of this organization.";
    let found = fields.found(found, "/connection", "unknown", detail);
    if subject.trim().is_empty() || subject.len() > SUBJECT_MAX {
        let detail = format!("A subject has 1 to {SUBJECT_MAX} bytes.");
        fields.wrong("/subject", "length", detail);
    }
    match found.filter(|_| fields.are_right()) {
        Some(found) => Ok(found.id),
        None => Err(fields.refusal()),
    }
}
