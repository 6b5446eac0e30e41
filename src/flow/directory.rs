//! Verbs on directories.
//!
//! Every one of them tells those who keep tokens in memory. Deleting a directory decides about its
//! users and stands in a file of its own.

use std::sync::Arc;

use super::access;
use super::condition::Condition;
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::brake::{self, MaxRemovals};
use crate::domain::change::Change;
use crate::domain::directory::{
    CEILING_MAX, DIRECTORIES_MAX, DOMAINS_MAX, Directory, NAME_MAX, OnProvision, Profile, Settings,
    Status, UnknownMembers,
};
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, DomainId};
use crate::domain::time::Timestamp;
use crate::store;

/// What a new directory is given.
#[derive(Clone, Debug)]
pub struct New {
    /// What people call it.
    pub name: String,
    /// Whose habits are tolerated.
    pub profile: String,
    /// Domains whose people it may adopt.
    pub domains: Vec<String>,
    /// `refuse` or `pending`; `refuse` unless said.
    pub unknown_members: Option<String>,
    /// `ready` or `invite`; `ready` unless said.
    pub on_provision: Option<String>,
    /// Keys of the roles that its facts give at most.
    pub role_ceiling: Option<Vec<String>>,
    /// How many people it may take access from before the losses are held.
    pub max_removals: Option<MaxRemovals>,
}

/// Creates a directory.
///
/// # Errors
/// 422 for fields that do not fit; 409 when the organization has as many as it may have.
pub async fn create(work: &mut Work, new: &New) -> Result<Directory, Problem> {
    if new.role_ceiling.is_some() {
        access::hold_rules_alone(work).await?;
    }
    let mut fields = Fields::new();
    fields.text("/name", &new.name, NAME_MAX);
    let profile = profile(&mut fields, &new.profile);
    let domains = domains(work, &mut fields, &new.domains).await?;
    let sent = new.unknown_members.as_deref();
    let unknown_members = unknown_members(&mut fields, sent).unwrap_or_default();
    let sent = new.on_provision.as_deref();
    let on_provision = on_provision(&mut fields, sent).unwrap_or_default();
    let role_ceiling = ceiling(work, &mut fields, new.role_ceiling.as_deref()).await?;
    check_removals(&mut fields, new.max_removals.as_ref());
    let Some(profile) = profile.filter(|_| fields.are_right()) else {
        return Err(fields.refusal());
    };
    let start = (Timestamp(i64::MIN), DirectoryId(uuid::Uuid::nil()));
    let present = store::directory::page(&mut work.scope(), start, limit(DIRECTORIES_MAX)).await?;
    if present.len() >= DIRECTORIES_MAX {
        let detail = format!("An organization has at most {DIRECTORIES_MAX} directories.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let directory = Directory {
        id: work.id(),
        organization_id: work.organization,
        name: new.name.clone(),
        profile,
        status: Status::Active,
        settings: Settings {
            domains,
            unknown_members,
            on_provision,
            role_ceiling,
            max_removals: new.max_removals,
        },
        version: 1,
        created_at: work.at,
        updated_at: work.at,
    };
    store::directory::insert(&mut work.scope(), &directory).await?;
    work.record(
        Happened::to("directory.created", "directory", directory.id)
            .named(&directory.name)
            .with("profile", profile.as_str()),
    );
    work.changed(Change::Tokens);
    if directory.settings.role_ceiling.is_some() {
        access::ceiling_changed(work).await?;
    }
    Ok(directory)
}

/// A change of a directory: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// What people call it.
    pub name: Option<String>,
    /// Whose habits are tolerated.
    pub profile: Option<String>,
    /// `active` or `disabled`.
    pub status: Option<String>,
    /// Domains whose people it may adopt.
    pub domains: Option<Vec<String>>,
    /// `refuse` or `pending`.
    pub unknown_members: Option<String>,
    /// `ready` or `invite`.
    pub on_provision: Option<String>,
    /// Keys of the roles that its facts give at most; `Some(None)`: all.
    pub role_ceiling: Option<Option<Vec<String>>>,
    /// How many people it may take access from before the losses are held; `Some(None)`: all.
    pub max_removals: Option<Option<MaxRemovals>>,
}

/// Changes a directory.
///
/// # Errors
/// 404, 412 when it changed meanwhile, 422 for fields that do not fit; 409 `last-holder` when a
/// lower ceiling would leave a role that must keep a holder without one.
pub async fn change(
    work: &mut Work,
    id: DirectoryId,
    condition: &Condition,
    patch: &Patch,
) -> Result<Directory, Problem> {
    if patch.role_ceiling.is_some() {
        access::hold_rules_alone(work).await?;
    }
    let found = by_id(work, id).await?;
    condition.meet(found.version)?;
    let changed = over(work, &found, patch).await?;
    let attributes = differences(&found, &changed);
    if attributes.is_empty() {
        return Ok(found);
    }
    if attributes.contains(&"unknown_members") {
        // Nobody is naming members meanwhile, and what was kept is not waited for any more.
        access::hold_rules_alone(work).await?;
        if changed.settings.unknown_members == UnknownMembers::Refuse {
            store::pending::clear_directory(&mut work.scope(), id).await?;
        }
    }
    let changed = Directory { updated_at: work.at, ..changed };
    if !store::directory::update(&mut work.scope(), &changed).await? {
        return Err(Problem::stale());
    }
    work.record(
        Happened::to("directory.updated", "directory", id)
            .named(&changed.name)
            .with("attributes", attributes)
            .with("status", changed.status.as_str()),
    );
    work.changed(Change::Tokens);
    if changed.settings.role_ceiling != found.settings.role_ceiling {
        access::ceiling_changed(work).await?;
    }
    Ok(Directory { version: changed.version + 1, ..changed })
}

async fn over(work: &mut Work, found: &Directory, patch: &Patch) -> Result<Directory, Problem> {
    let mut fields = Fields::new();
    let mut changed = found.clone();
    if let Some(name) = &patch.name {
        fields.text("/name", name, NAME_MAX);
        changed.name.clone_from(name);
    }
    if let Some(text) = &patch.profile {
        changed.profile = profile(&mut fields, text).unwrap_or(found.profile);
    }
    if let Some(text) = &patch.status {
        let detail = "status is `active` or `disabled`.";
        let status = fields.found(Status::parse(text), "/status", "value", detail);
        changed.status = status.unwrap_or(found.status);
    }
    if let Some(listed) = &patch.domains {
        changed.settings.domains = domains(work, &mut fields, listed).await?;
    }
    let sent = patch.unknown_members.as_deref();
    if let Some(mode) = unknown_members(&mut fields, sent) {
        changed.settings.unknown_members = mode;
    }
    if let Some(mode) = on_provision(&mut fields, patch.on_provision.as_deref()) {
        changed.settings.on_provision = mode;
    }
    if let Some(sent) = &patch.role_ceiling {
        changed.settings.role_ceiling = ceiling(work, &mut fields, sent.as_deref()).await?;
    }
    if let Some(sent) = &patch.max_removals {
        check_removals(&mut fields, sent.as_ref());
        changed.settings.max_removals = *sent;
    }
    fields.done()?;
    Ok(changed)
}

fn unknown_members(fields: &mut Fields, text: Option<&str>) -> Option<UnknownMembers> {
    let detail = "unknown_members is `refuse` or `pending`.";
    fields.found(UnknownMembers::parse(text?), "/unknown_members", "value", detail)
}

fn on_provision(fields: &mut Fields, text: Option<&str>) -> Option<OnProvision> {
    let detail = "on_provision is `ready` or `invite`.";
    fields.found(OnProvision::parse(text?), "/on_provision", "value", detail)
}

fn differences(old: &Directory, new: &Directory) -> Vec<&'static str> {
    [
        ("name", old.name != new.name),
        ("profile", old.profile != new.profile),
        ("status", old.status != new.status),
        ("domains", old.settings.domains != new.settings.domains),
        ("unknown_members", old.settings.unknown_members != new.settings.unknown_members),
        ("on_provision", old.settings.on_provision != new.settings.on_provision),
        ("role_ceiling", old.settings.role_ceiling != new.settings.role_ceiling),
        ("max_removals", old.settings.max_removals != new.settings.max_removals),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

fn profile(fields: &mut Fields, text: &str) -> Option<Profile> {
    let detail = "profile is `strict`, `generic`, `entra` or `okta`.";
    fields.found(Profile::parse(text), "/profile", "value", detail)
}

/// The keys of the roles of a ceiling, as the platform has them now.
async fn ceiling(
    work: &mut Work,
    fields: &mut Fields,
    sent: Option<&[String]>,
) -> Result<Option<Vec<String>>, Problem> {
    let Some(sent) = sent else { return Ok(None) };
    if sent.is_empty() || sent.len() > CEILING_MAX {
        let detail = format!("Name 1 to {CEILING_MAX} roles.");
        fields.wrong("/role_ceiling", "length", detail);
        return Ok(None);
    }
    let platform = Arc::clone(&work.platform);
    let roles = access::roles(&mut work.scope(), &platform).await?;
    let mut keys: Vec<String> = Vec::with_capacity(sent.len());
    for (at, key) in sent.iter().enumerate() {
        // One role is sent as a text, several as a list.
        let pointer = match sent {
            [_] => "/role_ceiling".to_owned(),
            _ => format!("/role_ceiling/{at}"),
        };
        let found = fields.found(roles.index(key), &pointer, "unknown", "There is no such role.");
        keys.extend(found.map(|role| roles.key(role).to_owned()));
    }
    keys.dedup();
    Ok(Some(keys))
}

fn check_removals(fields: &mut Fields, sent: Option<&MaxRemovals>) {
    let Some(MaxRemovals { count, share, window_s }) = sent else { return };
    if count.is_none() && share.is_none() {
        fields.wrong("/max_removals", "required", "Send count, share or both.");
    }
    if let Some(count) = count {
        fields.range("/max_removals/count", *count, 1, brake::COUNT_MAX);
    }
    let (least, most) = brake::WINDOW_S;
    fields.range("/max_removals/window_s", *window_s, least, most);
}

async fn domains(
    work: &mut Work,
    fields: &mut Fields,
    listed: &[String],
) -> Result<Vec<DomainId>, Problem> {
    if listed.len() > DOMAINS_MAX {
        let detail = format!("A directory lists at most {DOMAINS_MAX} domains.");
        fields.wrong("/domains", "length", detail);
        return Ok(Vec::new());
    }
    let mut ids = Vec::with_capacity(listed.len());
    for (at, text) in listed.iter().enumerate() {
        let id = DomainId::parse(text).ok();
        let found = match id {
            Some(id) => store::domain::by_id(&mut work.scope(), id).await?,
            None => None,
        };
        match found {
            Some(domain) if !ids.contains(&domain.id) => ids.push(domain.id),
            Some(_) => {}
            None => {
                let detail = "This is not the id of a domain of this organization.";
                fields.wrong(&format!("/domains/{at}"), "unknown", detail);
            }
        }
    }
    Ok(ids)
}

/// The directory with this id.
///
/// # Errors
/// 404.
pub(super) async fn by_id(work: &mut Work, id: DirectoryId) -> Result<Directory, Problem> {
    store::directory::by_id(&mut work.scope(), id)
        .await?
        .ok_or_else(|| Problem::not_found("directory"))
}

/// A bound of a list as statements take it.
pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
