//! What a sign-in brings besides who she is: claims that rules read, and how she is called (LI7).
//!
//! Claims are kept for as long as they count, and rules are applied when they differ. One that the
//! provider left out for its number goes on as it was known (EN5). A connection owns the names of
//! those whom it made, and of nobody else.

use crate::domain::connection::{Connection, RULE_CLAIMS_MAX};
use crate::domain::id::{ConnectionId, UserId};
use crate::domain::organization::Settings;
use crate::domain::sign_in::Asserted;
use crate::domain::user::Source;
use crate::flow::access::{self, Fact, FactChange};
use crate::flow::condition::Condition;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::flow::user::{self, Patch};
use crate::flow::work::Work;
use crate::store;
use crate::{domain::actor::Actor, domain::id::OrganizationId};

/// Users whose claims end in one look.
const ENDED_AT_ONCE: i64 = 200;
/// Users of a connection that are read at once.
const USERS_AT_ONCE: i64 = 10_000;

/// Keeps the claims of a sign-in and applies rules where they differ, or where she was just joined
/// to the connection; then takes her names over, where they are the connection's to give. The
/// caller holds the rules and her row.
pub async fn take_over(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    user: UserId,
) -> Result<(), Problem> {
    let differs = keep(work, connection, asserted, user).await?;
    let is_new = !asserted.claims.is_empty() || connection.directory_id.is_none();
    if differs || (is_new && first_time(work, connection.id, user).await?) {
        let change = FactChange { user, fact: Fact::Everything };
        access::facts_changed(work, None, &[change]).await?;
    }
    names(work, asserted, user).await
}

/// Whether she was joined to the connection in this very work: rules may reach her since.
async fn first_time(
    work: &mut Work,
    connection: ConnectionId,
    user: UserId,
) -> Result<bool, Problem> {
    let identities = store::identity::of_user(&mut work.scope(), user, 100).await?;
    let at = work.at;
    Ok(identities.iter().any(|one| one.connection_id == connection && one.created_at == at))
}

/// Writes the claims; answers whether any differs from what was known.
async fn keep(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    user: UserId,
) -> Result<bool, Problem> {
    let place = (user, connection.id);
    let known = store::claim::at_connection(&mut work.scope(), user, connection.id).await?;
    if known.is_empty() && asserted.claims.is_empty() {
        return Ok(false);
    }
    let id = work.organization;
    let organization = store::organization::by_id(&mut work.conn(), id).await?;
    let settings = organization.map_or_else(Settings::default, |found| found.settings);
    let (at, until) = (work.at, work.at.plus_s(settings.claims_max_age_s));
    let mut differs = false;
    for (name, values) in asserted.claims.iter().take(RULE_CLAIMS_MAX) {
        differs |= known.get(name).map(Vec::as_slice).unwrap_or_default() != values.as_slice();
        if values.is_empty() {
            store::claim::delete(&mut work.scope(), place, name).await?;
        } else {
            let claim = (name.as_str(), values.as_slice());
            store::claim::put(&mut work.scope(), place, claim, (at, until)).await?;
        }
    }
    // Names that rules read no longer; those left out for their number stay as they were.
    let stays =
        |name: &&String| asserted.claims.contains_key(*name) || asserted.withheld.contains(*name);
    for gone in known.keys().filter(|name| !stays(name)) {
        store::claim::delete(&mut work.scope(), place, gone).await?;
        differs = true;
    }
    Ok(differs)
}

/// Takes over how she is called, where she was made by a sign-in.
async fn names(work: &mut Work, asserted: &Asserted, id: UserId) -> Result<(), Problem> {
    let Some(found) = store::user::by_id(&mut work.scope(), id).await? else { return Ok(()) };
    if found.source != Source::Sso || found.directory.is_some() {
        return Ok(());
    }
    let said = |name: &Option<String>| name.clone().map(Some);
    let patch = Patch {
        first_name: said(&asserted.named.first_name),
        last_name: said(&asserted.named.last_name),
        display_name: said(&asserted.named.display_name),
        ..Patch::default()
    };
    user::change(work, id, &Condition::None, &patch).await.map(drop)
}

/// Forgets what a connection brought of one user, and applies rules without it. The caller holds
/// the rules and her row.
pub async fn forget(
    work: &mut Work,
    connection: ConnectionId,
    user: UserId,
) -> Result<(), Problem> {
    if store::claim::delete_all(&mut work.scope(), user, connection).await? == 0 {
        return Ok(());
    }
    let change = FactChange { user, fact: Fact::Everything };
    access::facts_changed(work, None, &[change]).await
}

/// Everybody of whom a connection brought claims: to be evaluated anew once these are gone.
pub async fn everybody(
    work: &mut Work,
    connection: ConnectionId,
) -> Result<Vec<FactChange>, Problem> {
    let (mut found, mut after) = (Vec::new(), UserId(uuid::Uuid::nil()));
    loop {
        let scope = &mut work.scope();
        let batch = store::claim::users_at(scope, connection, after, USERS_AT_ONCE).await?;
        let Some(last) = batch.last() else { return Ok(found) };
        after = *last;
        let changes = batch.into_iter().map(|user| FactChange { user, fact: Fact::Everything });
        found.extend(changes);
    }
}

/// Ends claims that count no more, of all organizations; answers of how many users.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn end_due(runner: &Runner) -> Result<usize, Problem> {
    let now = runner.clock.now();
    let due = store::claim::ended(&mut runner.db.conn(), now, ENDED_AT_ONCE).await?;
    let count = due.len();
    for (organization, user) in due {
        one(runner, organization, user).await?;
    }
    Ok(count)
}

async fn one(runner: &Runner, organization: OrganizationId, user: UserId) -> Result<(), Problem> {
    runner
        .write(Actor::System, organization, move |work| {
            Box::pin(async move {
                access::hold_rules(work).await?;
                store::identity::lock_user(&mut work.scope(), user).await?;
                let at = work.at;
                if store::claim::end(&mut work.scope(), user, at).await? > 0 {
                    let change = FactChange { user, fact: Fact::Everything };
                    access::facts_changed(work, None, &[change]).await?;
                }
                Ok(())
            })
        })
        .await
}
