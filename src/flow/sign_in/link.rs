//! Who is this? The linking order of a sign-in; the first rule that holds decides (LI1 to LI5).
//!
//! Nothing here revives anybody. The row of the user is locked before her state is read, so that a
//! suspension that runs beside waits, and then ends the new session too. LI3, an invite that was
//! opened in this browser, stands before the rules for addresses (LI4).

use super::invited::{self, Invited};
use super::proof::{self, Proof};
use super::{Refusal, Refused, Step, newcomer};
use crate::domain::connection::{Connection, ScimKey};
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::identity::{Identity, Rule};
use crate::domain::platform::LoginType;
use crate::domain::secret::SecretHash;
use crate::domain::session::Session;
use crate::domain::sign_in::Asserted;
use crate::domain::tombstone::Name;
use crate::domain::user::User;
use crate::flow::invite;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// The user and the rule, or the refusal and whom it is about.
pub type Linked = Result<(UserId, Rule), (Refusal, Option<UserId>)>;

/// What the rules for a first sign-in found.
enum Found {
    Nobody,
    One(UserId, Rule),
    Several,
}

/// Finds the user of an asserted subject, joins them when they are not yet, and remembers the
/// sign-in. `present` is the session that the browser has already, which may be proof.
pub async fn link(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    (present, opened): (Option<&Session>, Option<SecretHash>),
) -> Result<Linked, Problem> {
    let scope = &mut work.scope();
    let known = store::identity::by_subject(scope, connection.id, &asserted.subject).await?;
    let linked = match known {
        Some(identity) => again(work, connection, asserted, &identity).await?,
        None => anew(work, connection, asserted, (present, opened)).await?,
    };
    if let Ok((user, _)) = &linked {
        invite::accept_waiting(work, *user, LoginType::Sso).await?;
        prove(work, connection, asserted, *user).await?;
    }
    Ok(linked)
}

/// Notes which address she has shown to be hers: a connection that vouches for it says so.
async fn prove(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    user: UserId,
) -> Result<(), Problem> {
    for address in &asserted.addresses {
        let scope = &mut work.scope();
        if store::connection::vouches_for(scope, connection.id, &address.domain).await? {
            store::duplicate::prove(scope, user, &address.address).await?;
        }
    }
    Ok(())
}

/// The first sign-in of a subject.
async fn anew(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    (present, opened): (Option<&Session>, Option<SecretHash>),
) -> Result<Linked, Problem> {
    let refuse = |code| Err((Refusal::new(Step::Link, code), None));
    match first(work, connection, asserted).await? {
        Found::One(user, rule) => return join(work, connection, asserted, (user, rule)).await,
        Found::Several => return Ok(refuse(Refused::LinkAmbiguous)),
        Found::Nobody => {}
    }
    match invited::accept(work, connection, (asserted, opened)).await? {
        Invited::Accepted(user) => {
            return join(work, connection, asserted, (user, Rule::Li3)).await;
        }
        Invited::Refused(code) => return Ok(refuse(code)),
        Invited::Nobody => {}
    }
    // What follows inherits nothing of somebody who was removed under this subject (LI1).
    if tombstone(work, connection, asserted).await?.is_some() {
        return Ok(refuse(Refused::UserRemoved));
    }
    match proof::of_address(work, connection, asserted, present).await? {
        Proof::Of(user) => join(work, connection, asserted, (user, Rule::Li4)).await,
        Proof::Missing(user) => {
            // Whoever may not come this way is not asked for proof in vain.
            let refusal = locked(work, user).await?.err();
            let refusal = refusal.unwrap_or(Refusal::new(Step::Link, Refused::ProofNeeded));
            Ok(Err((refusal, Some(user))))
        }
        found => {
            // Who may not come anyway does not learn whether somebody is here (LI6).
            if let Some(code) = newcomer::refused(work, connection, asserted).await? {
                return Ok(refuse(code));
            }
            if let Proof::Taken(user) = found {
                let refusal = Refusal::new(Step::Link, Refused::EmailTaken);
                return Ok(Err((refusal, Some(user))));
            }
            let made = newcomer::make(work, connection, asserted).await?;
            Ok(made.map(|user| (user, Rule::Li5)).map_err(|refusal| (refusal, None)))
        }
    }
}

/// LI1: the subject is known, and must be enabled. A link that rests on a domain holds no longer
/// than the connection may vouch for it.
async fn again(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    identity: &Identity,
) -> Result<Linked, Problem> {
    let user = match locked(work, identity.user_id).await? {
        Ok(user) => user,
        Err(refusal) => return Ok(Err((refusal, Some(identity.user_id)))),
    };
    if identity.rests_on_domain() && !proof::holds(work, connection, asserted).await? {
        let refusal = Refusal::new(Step::Link, Refused::DomainNotVerified);
        return Ok(Err((refusal, Some(identity.user_id))));
    }
    let at = work.at;
    store::identity::signed_in(&mut work.scope(), identity.id, at).await?;
    store::user::set_last_sign_in(&mut work.scope(), user.id, at).await?;
    Ok(Ok((user.id, Rule::Li1)))
}

/// LI2, then LI2b: only among the users of the paired directory.
async fn first(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<Found, Problem> {
    let Some(directory) = connection.directory_id else { return Ok(Found::Nobody) };
    if let Some(value) = &asserted.link
        && let Some(user) = by_key(work, directory, connection.settings.link.scim, value).await?
    {
        return Ok(Found::One(user, Rule::Li2));
    }
    let mut found: Vec<UserId> = Vec::new();
    for address in &asserted.addresses {
        let scope = &mut work.scope();
        if !store::connection::vouches_for(scope, connection.id, &address.domain).await? {
            continue;
        }
        let scope = &mut work.scope();
        for user in store::identity::by_address(scope, directory, &address.address, 2).await? {
            if !found.contains(&user) {
                found.push(user);
            }
        }
    }
    Ok(match found.as_slice() {
        [] => Found::Nobody,
        [one] => Found::One(*one, Rule::Li2b),
        _ => Found::Several,
    })
}

async fn by_key(
    work: &mut Work,
    directory: DirectoryId,
    key: ScimKey,
    value: &str,
) -> Result<Option<UserId>, Problem> {
    let scope = &mut work.scope();
    let found = match key {
        ScimKey::ExternalId => store::user::by_external_id(scope, directory, value).await?,
        ScimKey::UserName => store::user::by_user_name(scope, Some(directory), value).await?,
        ScimKey::Id => match UserId::parse(value) {
            Ok(id) => store::user::by_id(scope, id).await?,
            Err(_) => None,
        },
    };
    Ok(found.filter(|user| user.directory == Some(directory)).map(|user| user.id))
}

async fn join(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    (id, rule): (UserId, Rule),
) -> Result<Linked, Problem> {
    let refuse = |code| Ok(Err((Refusal::new(Step::Link, code), Some(id))));
    let user = match locked(work, id).await? {
        Ok(user) => user,
        Err(refusal) => return Ok(Err((refusal, Some(id)))),
    };
    // The same person may have signed in twice at once: the first to hold the lock joined them.
    let scope = &mut work.scope();
    let known = store::identity::by_subject(scope, connection.id, &asserted.subject).await?;
    if let Some(identity) = known {
        return again(work, connection, asserted, &identity).await;
    }
    // Whoever was removed under this subject is not inherited by those who were there before.
    if let Some(gone) = tombstone(work, connection, asserted).await?
        && gone.at >= user.created_at
    {
        return refuse(Refused::UserRemoved);
    }
    if store::identity::is_at(&mut work.scope(), connection.id, id).await? {
        return refuse(Refused::RelinkNeeded);
    }
    bind(work, connection, asserted, (id, rule)).await?;
    Ok(Ok((id, rule)))
}

/// Joins a subject and a user who is held or new, and remembers the sign-in.
pub(super) async fn bind(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    (id, rule): (UserId, Rule),
) -> Result<(), Problem> {
    let identity = Identity {
        id: work.id(),
        connection_id: connection.id,
        subject: asserted.subject.clone(),
        user_id: id,
        rule: rule.as_str().to_owned(),
        created_at: work.at,
        last_sign_in_at: Some(work.at),
    };
    store::identity::insert(&mut work.scope(), &identity).await?;
    let at = work.at;
    store::user::set_last_sign_in(&mut work.scope(), id, at).await?;
    work.record(
        Happened::to("identity.linked", "user", id)
            .with("identity_id", identity.id.to_string())
            .with("connection_id", connection.id.to_string())
            .with("rule", rule.as_str()),
    );
    Ok(())
}

/// The user, locked and then read; a refusal unless she is enabled.
async fn locked(work: &mut Work, id: UserId) -> Result<Result<User, Refusal>, Problem> {
    store::identity::lock_user(&mut work.scope(), id).await?;
    let code = match store::user::by_id(&mut work.scope(), id).await? {
        Some(user) if user.login_type == Some(LoginType::Password) || user.break_glass => {
            Refused::LoginTypeMismatch
        }
        Some(user) if user.is_enabled() => {
            match store::held_loss::of_user(&mut work.scope(), id).await? {
                Some(held) if !held.rejected => Refused::AccessHeld,
                _ => return Ok(Ok(user)),
            }
        }
        Some(_) => Refused::UserDisabled,
        None => Refused::UserRemoved,
    };
    Ok(Err(Refusal::new(Step::Link, code)))
}

async fn tombstone(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<Option<store::tombstone::Tombstone>, Problem> {
    let traces = Name::Subject.traces(&work.seal, connection.id.0, &asserted.subject);
    for trace in traces {
        if let Some(gone) = store::tombstone::by_trace(&mut work.scope(), trace).await? {
            return Ok(Some(gone));
        }
    }
    Ok(None)
}
