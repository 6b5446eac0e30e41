//! A directory meets somebody who is in the organization already: it adopts her, or gets a user of
//! its own and the two are told.
//!
//! Whom a live invite waits for is one with whom the directory brings: the invite is over, and what
//! it gave stays.

use super::{Client, after, uniqueness};
use crate::domain::change::Change;
use crate::domain::directory::DOMAINS_MAX;
use crate::domain::domain_name::{self, DomainName};
use crate::domain::duplicate::{Duplicate, Met, NotAdopted, may_adopt};
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::invite::Invite;
use crate::domain::user::User;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::flow::{access, grant, invite};
use crate::scim::{Resource, fold};
use crate::store;
use crate::store::duplicate::Meeting;

/// Users that one meets at most: more would not help anybody who judges them.
pub const MET_MAX: i64 = 10;

/// The users whom a new one meets elsewhere, and why each was not adopted.
pub type MetThere = Vec<(Meeting, Option<NotAdopted>)>;

/// Adopts the one user who may be; else answers whom the new one meets.
///
/// # Errors
/// 409 `uniqueness` when her new login or externalId is taken in the directory.
pub(super) async fn adopt(
    work: &mut Work,
    client: Client,
    new: &User,
    document: &Resource,
) -> Result<Result<User, MetThere>, Problem> {
    let (login, email) = (fold(&new.user_name), new.email.as_deref().map(fold));
    let place = Some(client.directory);
    let scope = &mut work.scope();
    let there =
        store::duplicate::meeting(scope, (&login, email.as_deref()), place, MET_MAX).await?;
    if there.iter().all(|one| one.directory.is_some()) {
        return Ok(Err(there.into_iter().map(|one| (one, None)).collect()));
    }
    access::hold_rules(work).await?;
    let mut met = MetThere::new();
    for one in there {
        let refused = match one.directory {
            Some(_) => None,
            None => Some(judge(work, client, &one, (&login, email.as_deref())).await?),
        };
        met.push((one, refused.and_then(Result::err)));
    }
    let adoptable = |(one, refused): &&(Meeting, Option<NotAdopted>)| {
        one.directory.is_none() && refused.is_none()
    };
    let mut candidates = met.iter().filter(adoptable);
    match (candidates.next().map(|(one, _)| one.id), candidates.next()) {
        (None, _) => Ok(Err(met)),
        (Some(id), None) => take(work, client, id, document).await.map(|taken| taken.ok_or(met)),
        (Some(_), Some(_)) => {
            let several = |one: &Meeting, refused: Option<NotAdopted>| match one.directory {
                Some(_) => refused,
                None => refused.or(Some(NotAdopted::Several)),
            };
            Ok(Err(met.into_iter().map(|(one, why)| (one.clone(), several(&one, why))).collect()))
        }
    }
}

/// Whether a user of the organization itself may be adopted; her row is held from here on.
async fn judge(
    work: &mut Work,
    client: Client,
    one: &Meeting,
    (login, email): (&str, Option<&str>),
) -> Result<Result<(), NotAdopted>, Problem> {
    store::identity::lock_user(&mut work.scope(), one.id).await?;
    let Some(user) = store::user::by_id(&mut work.scope(), one.id).await? else {
        return Ok(Err(NotAdopted::EmailNotProved));
    };
    if waiting(work, &user, email).await?.is_some() {
        return Ok(Ok(()));
    }
    let proved =
        one.email_proved.as_deref().filter(|proved| one.email_key.as_deref() == Some(proved));
    let is_proved = proved.is_some_and(|proved| proved == login || Some(proved) == email);
    let domain = domain(work, client, user.email.as_deref()).await?;
    let held = grant::live(work, user.id).await?;
    let holds_kept_role = !grant::kept_roles(work, &held).is_empty();
    Ok(may_adopt(&Met { user: &user, is_proved, domain, holds_kept_role }))
}

/// The live invite to this address that waits for a user.
async fn waiting(
    work: &mut Work,
    user: &User,
    email: Option<&str>,
) -> Result<Option<Invite>, Problem> {
    let found = store::invite::pending_of(&mut work.scope(), user.id, MET_MAX).await?;
    let at = work.at;
    let is_hers = |invite: &Invite| invite.is_live(at) && email == Some(&fold(&invite.email));
    Ok(found.into_iter().find(is_hers))
}

/// Whether the domain of an address is verified, and listed on the directory.
async fn domain(
    work: &mut Work,
    client: Client,
    email: Option<&str>,
) -> Result<(bool, bool), Problem> {
    let name = email.and_then(DomainName::of_email);
    let directory = store::directory::by_id(&mut work.scope(), client.directory).await?;
    let (Some(name), Some(directory)) = (name, directory) else { return Ok((false, false)) };
    for id in directory.settings.domains.iter().take(DOMAINS_MAX) {
        let found = store::domain::by_id(&mut work.scope(), *id).await?;
        if let Some(found) = found.filter(|found| found.name == name) {
            return Ok((found.state == domain_name::State::Verified, true));
        }
    }
    let verified = store::domain::is_verified(&mut work.scope(), &name).await?;
    Ok((verified, false))
}

/// Makes her one of the directory: what it says of her counts from now on, her sessions end.
async fn take(
    work: &mut Work,
    client: Client,
    id: UserId,
    document: &Resource,
) -> Result<Option<User>, Problem> {
    let Some(before) = store::user::by_id(&mut work.scope(), id).await? else { return Ok(None) };
    let directory = client.directory;
    if !store::duplicate::adopt(&mut work.scope(), id, directory).await.map_err(uniqueness)? {
        return Ok(None);
    }
    // The values that a directory's clients match on are kept for its users alone: all are new.
    let bare = User { directory: Some(directory), document: "{}".to_owned(), ..before.clone() };
    let mut user = bare.clone();
    user.describe(document);
    user.updated_at = after(before.updated_at, work.at);
    if !store::user::update(&mut work.scope(), &bare, &user).await.map_err(uniqueness)? {
        return Err(Problem::stale());
    }
    user.version = before.version + 1;
    let ended = store::user::end_sessions(&mut work.scope(), id).await?;
    store::password::delete(&mut work.scope(), id).await?;
    let at = work.at;
    store::api_token::revoke_of(&mut work.scope(), id, at).await?;
    store::way_in::set_login_type(&mut work.scope(), id, None).await?;
    let email = user.email.as_deref().map(fold);
    if let Some(invite) = waiting(work, &before, email.as_deref()).await? {
        invite::supersede(work, &invite, id).await?;
        user.suspended_by = user.suspended_by.awaited(false);
        user.version += 1;
    }
    work.record(
        Happened::to("user.adopted", "user", id)
            .with("directory_id", directory.to_string())
            .with("sessions_ended", ended),
    );
    access::user_came(work, &user).await?;
    work.changed(Change::User(id));
    Ok(Some(user))
}

/// Tells of those whom a user meets elsewhere in her organization.
///
/// # Errors
/// 503 when the database does not answer.
pub(in crate::flow) async fn tell(
    work: &mut Work,
    user: &User,
    met: MetThere,
) -> Result<(), Problem> {
    if met.is_empty() {
        return Ok(());
    }
    let (login, email) = (fold(&user.user_name), user.email.as_deref().map(fold));
    let others: Vec<String> = met.iter().map(|(one, _)| one.id.to_string()).collect();
    for (one, refused) in met {
        let has = |key: &str| one.user_name_key == key || one.email_key.as_deref() == Some(key);
        let duplicate = Duplicate {
            user: user.id,
            other: one.id,
            login: has(&login),
            email: email.as_deref().is_some_and(has),
            refused,
            at: work.at,
        };
        let id = work.id();
        store::duplicate::insert(&mut work.scope(), id, &duplicate).await?;
    }
    let told = Happened::to("user.duplicate_suspected", "user", user.id);
    work.record(told.with("others", others));
    Ok(())
}
