//! Verbs on directories and their tokens.
//!
//! Every one of them tells those who keep tokens in memory. Deleting a directory decides about its
//! users and stands in a file of its own.

use super::access;
use super::condition::Condition;
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::directory::{
    DIRECTORIES_MAX, DOMAINS_MAX, Directory, NAME_MAX, Profile, Settings, Status, TOKENS_MAX,
    Token, TokenScope, UnknownMembers,
};
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, DomainId, TokenId};
use crate::domain::secret::{TokenKind, new_token};
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
}

/// Creates a directory.
///
/// # Errors
/// 422 for fields that do not fit; 409 when the organization has as many as it may have.
pub async fn create(work: &mut Work, new: &New) -> Result<Directory, Problem> {
    let mut fields = Fields::new();
    fields.text("/name", &new.name, NAME_MAX);
    let profile = profile(&mut fields, &new.profile);
    let domains = domains(work, &mut fields, &new.domains).await?;
    let sent = new.unknown_members.as_deref();
    let unknown_members = unknown_members(&mut fields, sent).unwrap_or_default();
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
        settings: Settings { domains, unknown_members },
        version: 1,
        created_at: work.at,
        updated_at: work.at,
    };
    store::directory::insert(&mut work.scope(), &directory).await?;
    work.record(
        Happened::to("directory.created", "directory", directory.id)
            .with("profile", profile.as_str()),
    );
    work.changed(Change::Tokens);
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
}

/// Changes a directory.
///
/// # Errors
/// 404, 412 when it changed meanwhile, 422 for fields that do not fit.
pub async fn change(
    work: &mut Work,
    id: DirectoryId,
    condition: &Condition,
    patch: &Patch,
) -> Result<Directory, Problem> {
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
            .with("attributes", attributes)
            .with("status", changed.status.as_str()),
    );
    work.changed(Change::Tokens);
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
    fields.done()?;
    Ok(changed)
}

fn unknown_members(fields: &mut Fields, text: Option<&str>) -> Option<UnknownMembers> {
    let detail = "unknown_members is `refuse` or `pending`.";
    fields.found(UnknownMembers::parse(text?), "/unknown_members", "value", detail)
}

fn differences(old: &Directory, new: &Directory) -> Vec<&'static str> {
    [
        ("name", old.name != new.name),
        ("profile", old.profile != new.profile),
        ("status", old.status != new.status),
        ("domains", old.settings.domains != new.settings.domains),
        ("unknown_members", old.settings.unknown_members != new.settings.unknown_members),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

fn profile(fields: &mut Fields, text: &str) -> Option<Profile> {
    let detail = "profile is `strict`, `generic`, `entra` or `okta`.";
    fields.found(Profile::parse(text), "/profile", "value", detail)
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

async fn by_id(work: &mut Work, id: DirectoryId) -> Result<Directory, Problem> {
    store::directory::by_id(&mut work.scope(), id)
        .await?
        .ok_or_else(|| Problem::not_found("directory"))
}

/// What a new token is given.
#[derive(Clone, Debug)]
pub struct NewDirectoryToken {
    /// What people call it.
    pub name: String,
    /// `scim.read`, `scim.write`; both unless said.
    pub scopes: Option<Vec<String>>,
    /// When it ends, as RFC 3339; until it is revoked unless said.
    pub expires_at: Option<String>,
}

/// Makes a token of a directory; the text is the secret, which nobody can read again.
///
/// # Errors
/// 404, 422 for fields that do not fit, 409 when the directory has as many as it may have.
pub async fn create_token(
    work: &mut Work,
    directory: DirectoryId,
    new: &NewDirectoryToken,
) -> Result<(Token, String), Problem> {
    let directory = by_id(work, directory).await?;
    let (scopes, expires_at) = check_token(work, new)?;
    let start = (Timestamp(i64::MIN), TokenId(uuid::Uuid::nil()));
    let scope = &mut work.scope();
    let present =
        store::directory_token::page(scope, directory.id, start, limit(TOKENS_MAX)).await?;
    if present.len() >= TOKENS_MAX {
        let detail = format!("A directory has at most {TOKENS_MAX} tokens: revoke one first.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let secret = new_token(TokenKind::Directory, work.rng);
    let token = Token {
        id: work.id(),
        organization_id: work.organization,
        directory_id: directory.id,
        name: new.name.clone(),
        scopes,
        created_by: work.actor.reference(),
        created_at: work.at,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let scope = &mut work.scope();
    store::directory_token::insert(scope, &token, &secret.public, secret.hash).await?;
    work.record(
        Happened::to("directory.token_created", "directory", directory.id)
            .with("token_id", token.id.to_string()),
    );
    work.changed(Change::Tokens);
    Ok((token, secret.text))
}

fn check_token(
    work: &Work,
    new: &NewDirectoryToken,
) -> Result<(Vec<TokenScope>, Option<Timestamp>), Problem> {
    let mut fields = Fields::new();
    fields.text("/name", &new.name, NAME_MAX);
    let scopes = match &new.scopes {
        None => TokenScope::ALL.to_vec(),
        Some(sent) => scopes(&mut fields, sent),
    };
    let expires_at = new.expires_at.as_deref().and_then(|text| {
        let at = Timestamp::parse(text).filter(|at| *at > work.at);
        fields.found(at, "/expires_at", "value", "Send an instant in the future, as RFC 3339.")
    });
    fields.done()?;
    Ok((scopes, expires_at))
}

fn scopes(fields: &mut Fields, sent: &[String]) -> Vec<TokenScope> {
    if sent.is_empty() || sent.len() > TokenScope::ALL.len() {
        fields.wrong("/scopes", "length", "Send `scim.read`, `scim.write` or both.");
        return Vec::new();
    }
    let mut scopes: Vec<TokenScope> = Vec::new();
    for (at, text) in sent.iter().enumerate() {
        let pointer = format!("/scopes/{at}");
        let detail = "A scope is `scim.read` or `scim.write`.";
        scopes.extend(fields.found(TokenScope::parse(text), &pointer, "value", detail));
    }
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// Ends a token at once.
///
/// # Errors
/// 404 when there is none (any more).
pub async fn revoke_token(work: &mut Work, id: TokenId) -> Result<(), Problem> {
    let unknown = || Problem::not_found("directory token");
    let token = store::directory_token::by_id(&mut work.scope(), id).await?;
    let token = token.ok_or_else(unknown)?;
    let at = work.at;
    if !store::directory_token::revoke(&mut work.scope(), id, at).await? {
        return Err(unknown());
    }
    work.record(
        Happened::to("directory.token_revoked", "directory", token.directory_id)
            .with("token_id", id.to_string()),
    );
    work.changed(Change::Tokens);
    Ok(())
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
