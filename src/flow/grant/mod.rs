//! Verbs on grants that people and programs give: give, take, replace.
//!
//! What rules give is theirs to take. Whoever may give what is decided at the edge, from memory;
//! here a role is checked against the platform, its resources against the registry, and no hand
//! leaves a role that must keep a holder without one.

mod guest;
mod replace;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, ACCESS_CHANGED, Held};
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::provision::held;
use super::work::Work;
use crate::domain::access::grant::{Reach, Source, spread};
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{GrantId, UserId};
use crate::domain::resource::ResourceRef;
use crate::domain::time::Timestamp;
use crate::store;
use crate::store::grant::Grant;

pub use guest::{GUEST_S, end_elsewhere, give_guest};
pub use replace::{Replacement, replace, replacement, version};

/// Resources that one call may name.
pub const RESOURCES_MAX: usize = 1_000;
/// Roles that may be given at once.
pub const GRANTS_MAX: usize = 100;

/// A role to be given.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The role's key.
    pub role: String,
    /// `kind:key` each; the whole organization (or no resource yet) unless said.
    pub resources: Vec<String>,
    /// When it ends, as RFC 3339.
    pub expires_at: Option<String>,
}

/// Gives a role to a user. What the same source gave already stays, with the new end.
///
/// # Errors
/// 404 for a user who is not here, 422 for fields that do not fit.
pub async fn give(work: &mut Work, user: UserId, new: &New) -> Result<Vec<Grant>, Problem> {
    access::hold_rules(work).await?;
    hold_user(work, user).await?;
    let before = live(work, user).await?;
    let given = give_held(work, user, new, "").await?;
    tell(work, user, &before).await?;
    Ok(given)
}

/// Gives a role to a user who is held or new; the caller tells what changed.
pub(super) async fn give_held(
    work: &mut Work,
    user: UserId,
    new: &New,
    prefix: &str,
) -> Result<Vec<Grant>, Problem> {
    let by = source(work);
    give_as(work, user, (new, prefix), by).await
}

/// The same, in the name of another source.
pub(super) async fn give_as(
    work: &mut Work,
    user: UserId,
    (new, prefix): (&New, &str),
    by: (Source, String),
) -> Result<Vec<Grant>, Problem> {
    let mut fields = Fields::new();
    fields.below(prefix);
    let (grants, expires_at) = check(work, &mut fields, new).await?;
    fields.done()?;
    held::refuse(work, user).await?;
    put_all(work, user, (grants, expires_at), by).await
}

/// Checks a role that is to be given later.
pub(super) async fn check_only(
    work: &mut Work,
    (new, prefix): (&New, &str),
) -> Result<(), Problem> {
    let mut fields = Fields::new();
    fields.below(prefix);
    check(work, &mut fields, new).await?;
    fields.done()
}

/// The grants that a role and its resources become, for whoever writes many at once.
pub(super) async fn reaches(
    work: &mut Work,
    (new, prefix): (&New, &str),
) -> Result<Vec<(String, Reach)>, Problem> {
    let mut fields = Fields::new();
    fields.below(prefix);
    let (grants, _) = check(work, &mut fields, new).await?;
    fields.done()?;
    Ok(grants)
}

/// Takes grants of one source away, those that `which` names; the caller tells what changed.
pub(super) async fn take_of(
    work: &mut Work,
    user: UserId,
    (source, source_id): (Source, &str),
    which: impl Fn(&Grant) -> bool,
) -> Result<(), Problem> {
    for grant in store::grant::of_user(&mut work.scope(), user).await? {
        if grant.source == source && grant.source_id == source_id && which(&grant) {
            store::grant::delete(&mut work.scope(), grant.id).await?;
            work.record(told("grant.removed", &grant));
            work.changed(Change::User(user));
        }
    }
    Ok(())
}

/// Gives a role for the whole organization to a user who is new, from a source of its own.
pub(super) async fn give_from(
    work: &mut Work,
    user: UserId,
    role: &str,
    by: (Source, String),
) -> Result<(), Problem> {
    let new = New { role: role.to_owned(), ..New::default() };
    let mut fields = Fields::new();
    let given = check(work, &mut fields, &new).await?;
    fields.done()?;
    put_all(work, user, given, by).await.map(drop)
}

/// Writes grants of one source; those that are there already stay.
async fn put_all(
    work: &mut Work,
    user: UserId,
    (grants, expires_at): (Vec<(String, Reach)>, Option<Timestamp>),
    (source, source_id): (Source, String),
) -> Result<Vec<Grant>, Problem> {
    let present = store::grant::of_user(&mut work.scope(), user).await?;
    let mut given = Vec::with_capacity(grants.len());
    for (role, reach) in grants {
        let grant = Grant {
            id: work.id(),
            user_id: user,
            role,
            reach,
            source,
            source_id: source_id.clone(),
            why: Vec::new(),
            expires_at,
            created_at: work.at,
        };
        given.push(put(work, &present, grant).await?);
    }
    work.changed(Change::User(user));
    Ok(given)
}

/// Writes a grant unless it is there already, as it is to be.
async fn put(work: &mut Work, present: &[Grant], grant: Grant) -> Result<Grant, Problem> {
    let same = |kept: &&Grant| {
        kept.role == grant.role
            && kept.reach == grant.reach
            && kept.source == grant.source
            && kept.source_id == grant.source_id
    };
    if let Some(kept) = present.iter().find(same) {
        if kept.expires_at == grant.expires_at {
            return Ok(kept.clone());
        }
        store::grant::delete(&mut work.scope(), kept.id).await?;
    }
    add(work, &grant).await?;
    Ok(grant)
}

/// Adds a grant that is known not to be there: the user is held, and her grants were read.
async fn add(work: &mut Work, grant: &Grant) -> Result<(), Problem> {
    if !store::grant::insert(&mut work.scope(), grant).await? {
        return Err(Problem::internal("a grant that is not among the user's is there already"));
    }
    work.record(told("grant.added", grant));
    Ok(())
}

/// Who gives: a person by hand, or a program.
fn source(work: &Work) -> (Source, String) {
    match &work.actor {
        Actor::User(id) => (Source::Manual, id.to_string()),
        actor => (Source::Api, actor.reference().id.unwrap_or_default()),
    }
}

pub(super) fn told(name: &'static str, grant: &Grant) -> Happened {
    Happened::to(name, "user", grant.user_id)
        .with("grant_id", grant.id.to_string())
        .with("role", grant.role.clone())
        .with("resource", grant.reach.resource())
        .with("source", grant.source.key())
}

/// The grants that a role and its resources become, and their end.
async fn check(
    work: &mut Work,
    fields: &mut Fields,
    new: &New,
) -> Result<(Vec<(String, Reach)>, Option<Timestamp>), Problem> {
    let platform = Arc::clone(&work.platform);
    let roles = access::roles(&mut work.scope(), &platform).await?;
    let role = fields.found(roles.index(&new.role), "/role", "unknown", "There is no such role.");
    let resources = check_resources(work, fields, &new.resources).await?;
    let at = work.at;
    let expires_at = new.expires_at.as_deref().and_then(|text| {
        let end = Timestamp::parse(text).filter(|end| *end > at);
        fields.found(end, "/expires_at", "value", "Send an instant in the future, as RFC 3339.")
    });
    let Some(role) = role.filter(|_| fields.are_right()) else { return Ok((Vec::new(), None)) };
    let grants = match spread(&roles, role, &resources) {
        Ok(grants) => grants,
        Err(refused) => {
            let at = refused.at().map_or_else(String::new, |at| format!("/{at}"));
            fields.wrong(&format!("/resources{at}"), refused.code(), refused.to_string());
            return Ok((Vec::new(), None));
        }
    };
    let named = |(role, reach)| (roles.key(role).to_owned(), reach);
    Ok((grants.into_iter().map(named).collect(), expires_at))
}

async fn check_resources(
    work: &mut Work,
    fields: &mut Fields,
    sent: &[String],
) -> Result<Vec<ResourceRef>, Problem> {
    if sent.len() > RESOURCES_MAX {
        let detail = format!("At most {RESOURCES_MAX} resources are named at a time.");
        fields.wrong("/resources", "length", detail);
        return Ok(Vec::new());
    }
    let mut resources: Vec<ResourceRef> = Vec::with_capacity(sent.len());
    for (at, text) in sent.iter().enumerate() {
        let pointer = format!("/resources/{at}");
        let named = match ResourceRef::parse(text) {
            Ok(named) => named,
            Err(error) => {
                fields.wrong(&pointer, "value", format!("A resource {error}."));
                continue;
            }
        };
        let (kind, key) = (named.kind(), named.folded_key());
        match store::resource::place(&mut work.scope(), kind, &key).await? {
            None => fields.wrong(&pointer, "unknown", "This resource is not registered."),
            Some(_) if resources.contains(&named) => {
                fields.wrong(&pointer, "twice", "This resource is named twice.");
            }
            Some(place) => {
                resources.push(ResourceRef::new(kind, &place.key).map_err(Problem::internal)?);
            }
        }
    }
    Ok(resources)
}

/// Takes a grant away.
///
/// # Errors
/// 404; 409 `managed-elsewhere` for one that a rule or the billing system gave; 409 `last-holder`
/// when nobody else has a role that must keep a holder.
pub async fn take(work: &mut Work, id: GrantId) -> Result<(), Problem> {
    store::organization::hold(&mut work.scope()).await?;
    let found = store::grant::by_id(&mut work.scope(), id).await?;
    let grant = found.ok_or_else(|| Problem::not_found("grant"))?;
    if let Some(owner) = owner(work, &grant).await? {
        let detail = format!("{owner} gave this grant: change it there.");
        return Err(Problem::new(Code::ManagedElsewhere, detail));
    }
    let counted = hold_holder(work, grant.user_id).await?;
    let before = live(work, grant.user_id).await?;
    store::grant::delete(&mut work.scope(), id).await?;
    work.record(told("grant.removed", &grant));
    work.changed(Change::User(grant.user_id));
    tell(work, grant.user_id, &before).await?;
    // A holder who is not enabled did not count before either.
    if counted { keep_one(work, &before).await } else { Ok(()) }
}

/// Holds whoever has a grant, here or at her home; answers whether she counts as a holder.
async fn hold_holder(work: &mut Work, user: UserId) -> Result<bool, Problem> {
    let here = store::profile::hold(&mut work.scope(), &[user]).await?;
    let found = if here.is_empty() {
        guest::hold(work, user).await?;
        store::guest::by_id(&mut work.scope(), user).await?
    } else {
        store::user::by_id(&mut work.scope(), user).await?
    };
    Ok(found.is_some_and(|user| user.is_enabled()))
}

/// Who owns a grant that no hand takes away.
async fn owner(work: &mut Work, grant: &Grant) -> Result<Option<String>, Problem> {
    match grant.source {
        Source::Billing => Ok(Some("The billing system".to_owned())),
        Source::Rule => {
            let rule = match grant.source_id.parse() {
                Ok(id) => store::rule::by_id(&mut work.scope(), id).await?,
                Err(_) => None,
            };
            let name = rule.map_or_else(String::new, |rule| format!(" `{}`", rule.name));
            Ok(Some(format!("The mapping rule{name}")))
        }
        _ => Ok(None),
    }
}

/// Holds a user until commit.
///
/// # Errors
/// 404 when she is not here.
pub(super) async fn hold_user(work: &mut Work, user: UserId) -> Result<(), Problem> {
    let held = store::profile::hold(&mut work.scope(), &[user]).await?;
    if held.is_empty() { Err(Problem::not_found("user")) } else { Ok(()) }
}

/// What a user holds now.
pub(super) async fn live(work: &mut Work, user: UserId) -> Result<BTreeSet<Held>, Problem> {
    let at = work.at;
    let grants = store::grant::of_user(&mut work.scope(), user).await?;
    let is_live = |grant: &&Grant| grant.expires_at.is_none_or(|end| at < end);
    Ok(grants.iter().filter(is_live).map(access::held).collect())
}

/// Records what a user gained and lost since `before`, if anything.
pub(super) async fn tell(
    work: &mut Work,
    user: UserId,
    before: &BTreeSet<Held>,
) -> Result<(), Problem> {
    let after = live(work, user).await?;
    if after != *before {
        let gained: Vec<_> = after.difference(before).map(access::shown).collect();
        let lost: Vec<_> = before.difference(&after).map(access::shown).collect();
        let told = Happened::to(ACCESS_CHANGED, "user", user);
        work.record(told.with("gained", gained).with("lost", lost));
    }
    Ok(())
}

/// Refuses what a hand did when a role that must keep a holder, and that the user held, has none
/// left. The caller holds the organization's row.
///
/// # Errors
/// 409 `last-holder`.
pub(super) async fn keep_one(work: &mut Work, held: &BTreeSet<Held>) -> Result<(), Problem> {
    let at = work.at;
    for key in kept_roles(work, held) {
        if !store::holder::has_holder(&mut work.scope(), &key, at).await? {
            let detail = format!(
                "Nobody else holds the role `{key}`, and somebody must: give it to another first."
            );
            return Err(Problem::new(Code::LastHolder, detail));
        }
    }
    Ok(())
}

/// Those of the held roles that must keep a holder, where they are held for the whole organization.
pub(super) fn kept_roles(work: &Work, held: &BTreeSet<Held>) -> BTreeSet<String> {
    // No role that an organization made must keep a holder.
    let platform = &work.platform;
    let role = |key: &str| platform.role_index(key).and_then(|index| platform.role(index));
    let keeps_one = |key: &str| role(key).is_some_and(|role| role.keep_one);
    held.iter()
        .filter(|(key, reach)| *reach == Reach::Organization && keeps_one(key))
        .map(|(key, _)| key.clone())
        .collect()
}
