//! Verbs on the tokens of directories: make, extend, revoke (scim S1 to S5).
//!
//! Every one of them tells those who keep tokens in memory, and is an event.

use super::directory::{by_id, limit};
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::directory::{NAME_MAX, TOKENS_MAX, Token, TokenScope};
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, TokenId};
use crate::domain::secret::{TokenKind, new_token};
use crate::domain::time::Timestamp;
use crate::store;

/// What a new token or client is given.
#[derive(Clone, Debug)]
pub struct New {
    /// What people call it.
    pub name: String,
    /// `scim.read`, `scim.write`; both unless said.
    pub scopes: Option<Vec<String>>,
    /// When it ends, as RFC 3339; until it is revoked unless said.
    pub expires_at: Option<String>,
}

impl New {
    /// Its scopes and end.
    ///
    /// # Errors
    /// 422 for fields that do not fit.
    pub(super) fn check(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<TokenScope>, Option<Timestamp>), Problem> {
        let mut fields = Fields::new();
        fields.text("/name", &self.name, NAME_MAX);
        let scopes = match &self.scopes {
            None => TokenScope::ALL.to_vec(),
            Some(sent) => scopes(&mut fields, sent),
        };
        let end = self.expires_at.as_deref().and_then(|text| end(&mut fields, text, now));
        fields.done()?;
        Ok((scopes, end))
    }
}

/// A change of a token or client: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// What people call it.
    pub name: Option<String>,
    /// When it ends, as RFC 3339; `Some(None)`: when it is revoked.
    pub expires_at: Option<Option<String>>,
}

impl Patch {
    /// Name and end as they become.
    ///
    /// # Errors
    /// 422 for fields that do not fit.
    pub(super) fn over(
        &self,
        (name, expires_at): (&str, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<(String, Option<Timestamp>), Problem> {
        let mut fields = Fields::new();
        fields.optional_text("/name", self.name.as_deref(), NAME_MAX);
        let expires_at = match &self.expires_at {
            None => expires_at,
            Some(None) => None,
            Some(Some(text)) => end(&mut fields, text, now),
        };
        fields.done()?;
        Ok((self.name.clone().unwrap_or_else(|| name.to_owned()), expires_at))
    }
}

fn end(fields: &mut Fields, text: &str, now: Timestamp) -> Option<Timestamp> {
    let at = Timestamp::parse(text).filter(|at| *at > now);
    fields.found(at, "/expires_at", "value", "Send an instant in the future, as RFC 3339.")
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

/// Makes a token of a directory; the text is the secret, which nobody can read again.
///
/// # Errors
/// 404, 422 for fields that do not fit, 409 when the directory has as many as it may have.
pub async fn create(
    work: &mut Work,
    directory: DirectoryId,
    new: &New,
) -> Result<(Token, String), Problem> {
    let directory = by_id(work, directory).await?;
    let (scopes, expires_at) = new.check(work.at)?;
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
    work.record(told("directory.token_created", &token));
    work.changed(Change::Tokens);
    Ok((token, secret.text))
}

/// Renames a token or moves its end: a deliberate act that stands in the feed (scim S3). A token
/// that has ended lives again when its end is moved on.
///
/// # Errors
/// 404 when there is none (any more), 422 for fields that do not fit.
pub async fn change(work: &mut Work, id: TokenId, patch: &Patch) -> Result<Token, Problem> {
    let found = load(work, id).await?;
    let (name, expires_at) = patch.over((&found.name, found.expires_at), work.at)?;
    let changed = Token { name, expires_at, ..found.clone() };
    if changed == found {
        return Ok(found);
    }
    if !store::directory_token::update(&mut work.scope(), &changed).await? {
        return Err(unknown());
    }
    let end = |at: Option<Timestamp>| at.map(|at| at.to_string());
    work.record(
        told("directory.token_changed", &changed)
            .with("expires_at", end(changed.expires_at))
            .with("expires_at_before", end(found.expires_at)),
    );
    work.changed(Change::Tokens);
    Ok(changed)
}

/// Ends a token at once.
///
/// # Errors
/// 404 when there is none (any more).
pub async fn revoke(work: &mut Work, id: TokenId) -> Result<(), Problem> {
    let token = load(work, id).await?;
    let at = work.at;
    if !store::directory_token::revoke(&mut work.scope(), id, at).await? {
        return Err(unknown());
    }
    work.record(told("directory.token_revoked", &token));
    work.changed(Change::Tokens);
    Ok(())
}

async fn load(work: &mut Work, id: TokenId) -> Result<Token, Problem> {
    store::directory_token::by_id(&mut work.scope(), id).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("directory token")
}

fn told(name: &'static str, token: &Token) -> Happened {
    Happened::to(name, "directory", token.directory_id)
        .named(&token.name)
        .with("token_id", token.id.to_string())
}
