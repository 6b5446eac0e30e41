//! Verbs on the OAuth clients of directories: make, extend, revoke (scim S4).
//!
//! Every one of them tells those who keep tokens in memory: the tokens of a client end with it.

use super::directory::{by_id, limit};
use super::directory_token::{New, Patch};
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::directory_client::{CLIENTS_MAX, DirectoryClient};
use crate::domain::event::Happened;
use crate::domain::id::{ClientId, DirectoryId};
use crate::domain::secret::{TokenKind, new_token};
use crate::domain::time::Timestamp;
use crate::store;
use crate::store::directory_client::Kept;

/// Makes a client of a directory; the text is its secret, which nobody can read again.
///
/// # Errors
/// 404, 422 for fields that do not fit, 409 when the directory has as many as it may have.
pub async fn create(
    work: &mut Work,
    directory: DirectoryId,
    new: &New,
) -> Result<(DirectoryClient, String), Problem> {
    let directory = by_id(work, directory).await?;
    let (scopes, expires_at) = new.check(work.at)?;
    let start = (Timestamp(i64::MIN), ClientId(uuid::Uuid::nil()));
    let scope = &mut work.scope();
    let present =
        store::directory_client::page(scope, directory.id, start, limit(CLIENTS_MAX)).await?;
    if present.len() >= CLIENTS_MAX {
        let detail = format!("A directory has at most {CLIENTS_MAX} clients: revoke one first.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let secret = new_token(TokenKind::ClientSecret, work.rng);
    let client = DirectoryClient {
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
    let kept = Kept { public_part: secret.public, hash: secret.hash };
    store::directory_client::insert(&mut work.scope(), &client, &kept).await?;
    work.record(told("directory.client_created", &client));
    work.changed(Change::Tokens);
    Ok((client, secret.text))
}

/// Renames a client or moves the end of its secret: a deliberate act that stands in the feed.
///
/// # Errors
/// 404 when there is none (any more), 422 for fields that do not fit.
pub async fn change(
    work: &mut Work,
    id: ClientId,
    patch: &Patch,
) -> Result<DirectoryClient, Problem> {
    let found = load(work, id).await?;
    let (name, expires_at) = patch.over((&found.name, found.expires_at), work.at)?;
    let changed = DirectoryClient { name, expires_at, ..found.clone() };
    if changed == found {
        return Ok(found);
    }
    if !store::directory_client::update(&mut work.scope(), &changed).await? {
        return Err(unknown());
    }
    let end = |at: Option<Timestamp>| at.map(|at| at.to_string());
    work.record(
        told("directory.client_changed", &changed)
            .with("expires_at", end(changed.expires_at))
            .with("expires_at_before", end(found.expires_at)),
    );
    work.changed(Change::Tokens);
    Ok(changed)
}

/// Ends a client and all its tokens at once.
///
/// # Errors
/// 404 when there is none (any more).
pub async fn revoke(work: &mut Work, id: ClientId) -> Result<(), Problem> {
    let client = load(work, id).await?;
    let at = work.at;
    if !store::directory_client::revoke(&mut work.scope(), id, at).await? {
        return Err(unknown());
    }
    work.record(told("directory.client_revoked", &client));
    work.changed(Change::Tokens);
    Ok(())
}

async fn load(work: &mut Work, id: ClientId) -> Result<DirectoryClient, Problem> {
    store::directory_client::by_id(&mut work.scope(), id).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("directory client")
}

fn told(name: &'static str, client: &DirectoryClient) -> Happened {
    Happened::to(name, "directory", client.directory_id)
        .named(&client.name)
        .with("client_id", client.id.to_string())
}
