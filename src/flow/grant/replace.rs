//! Replacing what hands and invites gave somebody, at once.
//!
//! What stays is left as it is, with its source. A person replaces what hands and invites gave; a
//! program also what programs gave. Rules, billing and what belongs to guests are not touched.

use super::{GRANTS_MAX, add, check, hold_user, keep_one, live, source, tell, told};
use crate::domain::access::RoleTable;
use crate::domain::access::grant::{Reach, Source, spread};
use crate::domain::change::Change;
use crate::domain::id::UserId;
use crate::domain::resource::ResourceRef;
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;
use crate::flow::access;
use crate::flow::condition::Condition;
use crate::flow::fields::Fields;
use crate::flow::grant::New;
use crate::flow::problem::Problem;
use crate::flow::provision::held;
use crate::flow::work::Work;
use crate::store;
use crate::store::grant::Grant;

/// A role on a reach with its end.
type Wanted = (String, Reach, Option<Timestamp>);

/// The version of what somebody holds: another one whenever a grant comes, goes or ends otherwise.
#[must_use]
pub fn version(grants: &[Grant]) -> i64 {
    let mut all: Vec<String> = grants
        .iter()
        .map(|grant| format!("{}{:?}", grant.id, grant.expires_at.map(|end| end.0)))
        .collect();
    all.sort_unstable();
    let hash = SecretHash::of(all.concat().as_bytes());
    let first = hash.0.iter().take(size_of::<i64>());
    first.fold(0_i64, |number, byte| number << 8 | i64::from(*byte)) & i64::MAX
}

/// What a replacement would give and take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    /// Roles that somebody would hold anew, or until another end.
    pub given: Vec<(String, Reach)>,
    /// Roles of which a grant goes.
    pub taken: Vec<(String, Reach)>,
}

/// What a replacement would give and take, for whoever asks whether it is allowed. What does not
/// fit is left out: the verb says why.
#[must_use]
pub fn replacement(
    roles: &RoleTable,
    present: &[Grant],
    (wanted, by_program): (&[New], bool),
) -> Replacement {
    let mut all: Vec<Wanted> = Vec::new();
    for new in wanted {
        let resources: Result<Vec<_>, _> =
            new.resources.iter().map(|text| ResourceRef::parse(text)).collect();
        let (Some(role), Ok(resources)) = (roles.index(&new.role), resources) else { continue };
        let end = new.expires_at.as_deref().and_then(Timestamp::parse);
        let spread = spread(roles, role, &resources).unwrap_or_default();
        let named = |(role, reach)| (roles.key(role).to_owned(), reach, end);
        all.extend(spread.into_iter().map(named));
    }
    let (kept, gone) = split(present, &all, by_program);
    let given = all.iter().filter(|one| !kept.iter().any(|grant| is(grant, one)));
    Replacement {
        given: given.map(|(role, reach, _)| (role.clone(), reach.clone())).collect(),
        taken: gone.iter().map(|grant| (grant.role.clone(), grant.reach.clone())).collect(),
    }
}

/// What is replaced of the present grants: those that stay as they are, and those that go.
fn split<'g>(
    present: &'g [Grant],
    wanted: &[Wanted],
    by_program: bool,
) -> (Vec<&'g Grant>, Vec<&'g Grant>) {
    let replaced = |grant: &&Grant| match grant.source {
        Source::Manual | Source::Invite => true,
        Source::Api => by_program,
        Source::Rule | Source::Billing | Source::Guest | Source::Sso => false,
    };
    present.iter().filter(replaced).partition(|grant| wanted.iter().any(|one| is(grant, one)))
}

fn is(grant: &Grant, (role, reach, end): &Wanted) -> bool {
    grant.role == *role && grant.reach == *reach && grant.expires_at == *end
}

/// Puts these roles in the place of what hands and invites gave.
///
/// # Errors
/// 404; 412 when what she holds is another by now; 422 for fields that do not fit; 409
/// `last-holder` when nobody else has a role that must keep a holder.
pub async fn replace(
    work: &mut Work,
    user: UserId,
    condition: &Condition,
    wanted: &[New],
) -> Result<Vec<Grant>, Problem> {
    access::hold_rules(work).await?;
    store::organization::hold(&mut work.scope()).await?;
    hold_user(work, user).await?;
    let present = store::grant::of_user(&mut work.scope(), user).await?;
    condition.meet(version(&present))?;
    let all = checked(work, wanted).await?;
    held::refuse(work, user).await?;
    let before = live(work, user).await?;
    let (source, source_id) = source(work);
    let (kept, gone) = split(&present, &all, source == Source::Api);
    for grant in gone {
        store::grant::delete(&mut work.scope(), grant.id).await?;
        work.record(told("grant.removed", grant));
    }
    for (role, reach, expires_at) in &all {
        if kept.iter().any(|grant| grant.role == *role && grant.reach == *reach) {
            continue;
        }
        let grant = Grant {
            id: work.id(),
            user_id: user,
            role: role.clone(),
            reach: reach.clone(),
            source,
            source_id: source_id.clone(),
            why: Vec::new(),
            expires_at: *expires_at,
            created_at: work.at,
        };
        add(work, &grant).await?;
    }
    work.changed(Change::User(user));
    tell(work, user, &before).await?;
    let found = store::user::by_id(&mut work.scope(), user).await?;
    if found.is_some_and(|user| user.is_enabled()) {
        keep_one(work, &before).await?;
    }
    Ok(store::grant::of_user(&mut work.scope(), user).await?)
}

/// The roles and reaches that are wanted, each once, with the later end where two are named.
async fn checked(work: &mut Work, wanted: &[New]) -> Result<Vec<Wanted>, Problem> {
    let mut fields = Fields::new();
    if wanted.len() > GRANTS_MAX {
        let detail = format!("At most {GRANTS_MAX} roles are given at once.");
        fields.wrong("/grants", "length", detail);
        return Err(fields.refusal());
    }
    let mut all: Vec<Wanted> = Vec::new();
    for (at, new) in wanted.iter().enumerate() {
        fields.below(format!("/grants/{at}"));
        let (grants, end) = check(work, &mut fields, new).await?;
        for (role, reach) in grants {
            let same = |(other, there, _): &&mut Wanted| *other == role && *there == reach;
            match all.iter_mut().find(same) {
                Some((_, _, kept)) => *kept = kept.zip(end).map(|(one, other)| one.max(other)),
                None => all.push((role, reach, end)),
            }
        }
    }
    fields.done()?;
    Ok(all)
}
