//! Verbs on tokens of people and organizations: make, revoke, end with their owner.
//!
//! Whether a creator holds what she puts into a token is asked at the edge, from memory.

use super::announcement::notify_owners;
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::api_token::{ApiToken, Kind, NAME_MAX, RESOURCES_MAX, TOKENS_MAX};
use crate::domain::event::Happened;
use crate::domain::id::{TokenId, UserId};
use crate::domain::mail::Notice;
use crate::domain::platform::Action;
use crate::domain::resource::ResourceRef;
use crate::domain::secret::{TokenKind, new_token};
use crate::domain::time::Timestamp;
use crate::store;

/// Tokens of one creator who leaves that are flagged.
const FLAGGED_MAX: i64 = 1_000;

/// What a new token is given.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// What people call it.
    pub name: String,
    /// Keys of built-in actions.
    pub permissions: Vec<String>,
    /// `kind:key` each; confined to none unless said.
    pub resources: Vec<String>,
    /// When it ends, as RFC 3339.
    pub expires_at: Option<String>,
}

/// Makes a token and answers its text: the only time it is shown.
///
/// # Errors
/// 422 for fields that do not fit; 409 for more than there may be.
pub async fn create(
    work: &mut Work,
    (kind, owner): (Kind, Option<UserId>),
    new: &New,
) -> Result<(ApiToken, String), Problem> {
    let expires_at = check(work, kind, new)?;
    let creator = match work.actor {
        Actor::User(id) => Some(id),
        _ => None,
    };
    let at = work.at;
    let live = store::api_token::live(&mut work.scope(), (kind, owner), at, TOKENS_MAX).await?;
    if live >= TOKENS_MAX {
        let detail = format!("At most {TOKENS_MAX} tokens live at once: revoke one first.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let prefix = match kind {
        Kind::Personal => TokenKind::Personal,
        Kind::Organization => TokenKind::Organization,
    };
    let secret = new_token(prefix, work.rng);
    let token = ApiToken {
        id: work.id(),
        organization_id: work.organization,
        kind,
        owner,
        creator,
        created_by: work.actor.reference(),
        name: new.name.clone(),
        permissions: new.permissions.clone(),
        resources: new.resources.clone(),
        creator_left: false,
        created_at: at,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let secrets = (secret.public.as_str(), secret.hash);
    store::api_token::insert(&mut work.scope(), &token, secrets).await?;
    work.record(told("token.created", &token));
    Ok((token, secret.text))
}

fn told(name: &'static str, token: &ApiToken) -> Happened {
    Happened::to(name, "token", token.id)
        .named(&token.name)
        .with("kind", token.kind.as_str())
        .with("owner_id", token.owner.map(|id| id.to_string()))
        .with("permissions", token.permissions.clone())
}

fn check(work: &Work, kind: Kind, new: &New) -> Result<Timestamp, Problem> {
    let mut fields = Fields::new();
    fields.text("/name", &new.name, NAME_MAX);
    if new.permissions.is_empty() {
        fields.wrong("/permissions", "length", "A token has at least one permission.");
    }
    for (at, key) in new.permissions.iter().enumerate() {
        let pointer = format!("/permissions/{at}");
        match Action::by_key(key) {
            None => fields.wrong(&pointer, "unknown", "There is no such built-in action."),
            Some(action) if !kind.may_hold(action) => {
                fields.wrong(&pointer, "not-allowed", "No token holds this action.");
            }
            Some(_) if new.permissions.iter().take(at).any(|earlier| earlier == key) => {
                fields.wrong(&pointer, "twice", "This action is named twice.");
            }
            Some(_) => {}
        }
    }
    if new.resources.len() > RESOURCES_MAX {
        let detail = format!("A token is confined to at most {RESOURCES_MAX} resources.");
        fields.wrong("/resources", "length", detail);
    }
    for (at, text) in new.resources.iter().enumerate() {
        if ResourceRef::parse(text).is_err() {
            fields.wrong(&format!("/resources/{at}"), "value", "A resource is `kind:key`.");
        }
    }
    let (unless_said, most) = kind.life_s();
    let end = match new.expires_at.as_deref() {
        None => Some(work.at.plus_s(unless_said)),
        Some(text) => {
            let fits = |end: &Timestamp| *end > work.at && *end <= work.at.plus_s(most);
            let detail = format!("Send an instant within {} days, as RFC 3339.", most / 86_400);
            let end = Timestamp::parse(text).filter(fits);
            fields.found(end, "/expires_at", "value", detail.as_str())
        }
    };
    match end.filter(|_| fields.are_right()) {
        Some(end) => Ok(end),
        None => Err(fields.refusal()),
    }
}

/// Revokes a token.
///
/// # Errors
/// 404 for one that is not there, or was revoked.
pub async fn revoke(work: &mut Work, id: TokenId) -> Result<(), Problem> {
    let found = store::api_token::by_id(&mut work.scope(), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("token"))?;
    let at = work.at;
    if !store::api_token::revoke(&mut work.scope(), id, at).await? {
        return Err(Problem::not_found("token"));
    }
    work.record(told("token.revoked", &found));
    Ok(())
}

/// Remembers that a token was used.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn touch(work: &mut Work, id: TokenId) -> Result<(), Problem> {
    let at = work.at;
    Ok(store::api_token::touch(&mut work.scope(), id, at).await?)
}

/// Somebody leaves: her personal tokens end, and those that she made for the organization are
/// flagged and told of. They go on.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn end_of(work: &mut Work, user: UserId) -> Result<(), Problem> {
    let at = work.at;
    store::api_token::revoke_of(&mut work.scope(), user, at).await?;
    let made = store::api_token::of_creator(&mut work.scope(), user, FLAGGED_MAX).await?;
    for token in made.iter().filter(|token| !token.creator_left) {
        store::api_token::creator_left(&mut work.scope(), token.id).await?;
        work.record(told("token.creator_left", token));
        notify_owners(work, &token.name, Notice::TokenCreatorLeft).await?;
    }
    Ok(())
}
