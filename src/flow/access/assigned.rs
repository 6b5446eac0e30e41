//! Whether somebody may still give a role, by what she holds in this transaction.
//!
//! Who sends an invite is asked from memory, as everybody is; who accepts one is let in with what
//! the inviter may give at that moment, which only the transaction knows.

use std::sync::Arc;

use super::rules::roles;
use crate::domain::access::RoleTable;
use crate::domain::access::grant::Reach;
use crate::domain::id::UserId;
use crate::domain::platform::RoleIndex;
use crate::domain::resource::{ResourceRef, fold};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// Resources above one another that are looked at.
const ABOVE_MAX: usize = 32;

/// What somebody holds now: roles and how far they reach.
struct Holding {
    roles: RoleTable,
    held: Vec<(RoleIndex, Reach)>,
}

/// Of these roles and reaches, whether a person may give each; nothing when she is gone or not
/// enabled.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn may_still_assign(
    work: &mut Work,
    giver: UserId,
    wanted: &[(String, Reach)],
) -> Result<Vec<bool>, Problem> {
    let Some(holding) = holding(work, giver).await? else {
        return Ok(vec![false; wanted.len()]);
    };
    let mut may = Vec::with_capacity(wanted.len());
    for (role, reach) in wanted {
        may.push(holding.assigns(work, role, reach).await?);
    }
    Ok(may)
}

async fn holding(work: &mut Work, giver: UserId) -> Result<Option<Holding>, Problem> {
    let mut found = store::user::by_id(&mut work.scope(), giver).await?;
    if found.is_none() {
        found = store::guest::by_id(&mut work.scope(), giver).await?;
    }
    if !found.is_some_and(|user| user.is_enabled()) {
        return Ok(None);
    }
    let platform = Arc::clone(&work.platform);
    let roles = roles(&mut work.scope(), &platform).await?;
    let at = work.at;
    let grants = store::grant::of_user(&mut work.scope(), giver).await?;
    let live = grants.into_iter().filter(|grant| grant.expires_at.is_none_or(|end| at < end));
    let held = live.filter_map(|grant| Some((roles.index(&grant.role)?, grant.reach))).collect();
    Ok(Some(Holding { roles, held }))
}

impl Holding {
    async fn assigns(&self, work: &mut Work, role: &str, wanted: &Reach) -> Result<bool, Problem> {
        let Some(role) = self.roles.index(role).and_then(|index| self.roles.role(index)) else {
            return Ok(false);
        };
        for (held, reach) in &self.held {
            if role.assignable_by.contains(held)
                && self.takes_in(work, *held, reach, wanted).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a held role, confined where it is, takes in a whole reach.
    async fn takes_in(
        &self,
        work: &mut Work,
        held: RoleIndex,
        reach: &Reach,
        wanted: &Reach,
    ) -> Result<bool, Problem> {
        if !within(work, wanted, reach).await? {
            return Ok(false);
        }
        let confining = self.roles.role(held).and_then(|role| role.confined_to);
        let Some(confining) = confining.filter(|_| *reach == Reach::Organization) else {
            return Ok(true);
        };
        for (_, reach) in self.held.iter().filter(|(role, _)| *role == confining) {
            if within(work, wanted, reach).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether everything that `inner` takes in, now or later, `outer` takes in too.
async fn within(work: &mut Work, inner: &Reach, outer: &Reach) -> Result<bool, Problem> {
    match (outer, inner) {
        (Reach::Organization, _) | (_, Reach::Nothing) => Ok(true),
        (Reach::Resource(_) | Reach::Prefix(_), Reach::Resource(resource)) => {
            covers(work, outer, resource).await
        }
        (Reach::Prefix(outer), Reach::Prefix(inner)) => {
            Ok(outer.kind() == inner.kind() && inner.folded().starts_with(outer.folded()))
        }
        _ => Ok(false),
    }
}

/// Whether a reach names a registered resource, or one above it.
async fn covers(work: &mut Work, reach: &Reach, resource: &ResourceRef) -> Result<bool, Problem> {
    let mut here = Some((resource.kind().to_owned(), resource.folded_key().into_owned()));
    for _ in 0..ABOVE_MAX {
        let Some((kind, key)) = here.take() else { return Ok(false) };
        let place = store::resource::place(&mut work.scope(), &kind, &key).await?;
        let Some(place) = place else { return Ok(false) };
        let Ok(named) = ResourceRef::new(&kind, &place.key) else { return Ok(false) };
        let is_named = match reach {
            Reach::Resource(one) => {
                one.kind() == named.kind() && one.folded_key() == named.folded_key()
            }
            Reach::Prefix(prefix) => prefix.names(&named),
            Reach::Organization => true,
            Reach::Nothing => false,
        };
        if is_named {
            return Ok(true);
        }
        here = place.parent_kind.zip(place.parent_key.map(|key| fold(&key).into_owned()));
    }
    Ok(false)
}
