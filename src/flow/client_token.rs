//! Giving an OAuth client a token for a while (RFC 6749 §4.4).
//!
//! The client proves itself first, before a transaction opens; what it may not have is refused in
//! the words of the RFC.

use super::problem::Problem;
use super::runner::Runner;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::directory;
use crate::domain::directory_client::{AccessToken, DirectoryClient, LIVE_TOKENS_MAX};
use crate::domain::event::Happened;
use crate::domain::id::ClientId;
use crate::domain::organization;
use crate::domain::secret::{TokenKind, new_token, read_token};
use crate::flow::provision::credential::NOTED_S;
use crate::store;

/// Why a client gets no token.
#[derive(Debug)]
pub enum Refused {
    /// Nobody knows it, its secret is another one, or it has ended.
    Client,
    /// Its directory is disabled, or its organization suspended (scim S6).
    Closed,
    /// It asks for a scope that is none, or that it does not have.
    Scope,
    /// As many tokens of it live as may; the seconds to wait.
    TooMany(u64),
    /// It cannot be told now.
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

/// A token that was given, with its text: the only time that it is shown.
#[derive(Debug)]
pub struct Given {
    /// The token as its client sends it.
    pub text: String,
    /// What it may do, and until when.
    pub token: AccessToken,
    /// How long it lives, in seconds.
    pub life_s: i64,
}

/// Seconds after which a client with too many tokens asks again.
const WAIT_S: u64 = 60;

/// The client with this id, once its secret has matched.
///
/// # Errors
/// [`Refused::Client`]: the use of one that has ended stands in the feed, once in [`NOTED_S`] (S5).
pub async fn prove(runner: &Runner, id: &str, secret: &str) -> Result<DirectoryClient, Refused> {
    let sent = read_token(secret).filter(|sent| sent.kind == TokenKind::ClientSecret);
    let (Ok(id), Some(sent)) = (ClientId::parse(id), sent) else { return Err(Refused::Client) };
    let found = store::directory_client::anywhere(&mut runner.db.conn(), id).await?;
    let Some((client, kept)) = found else { return Err(Refused::Client) };
    if kept.public_part != sent.public || !kept.hash.matches(sent.secret.as_bytes()) {
        return Err(Refused::Client);
    }
    if client.is_live(runner.clock.now()) {
        return Ok(client);
    }
    let (organization, directory) = (client.organization_id, client.directory_id);
    runner
        .write(Actor::Anonymous, organization, move |work| {
            Box::pin(async move {
                let (at, not_since) = (work.at, work.at.plus_s(-NOTED_S));
                let scope = &mut work.scope();
                if store::directory_client::refuse(scope, id, at, not_since).await? {
                    work.record(
                        Happened::to("directory.client_refused", "directory", directory)
                            .with("client_id", id.to_string())
                            .with("reason", "ended"),
                    );
                }
                Ok(())
            })
        })
        .await?;
    Err(Refused::Client)
}

/// Gives a client that proved itself a token for the scope that it asks for, all of its own without
/// one.
///
/// # Errors
/// [`Refused`], the reason.
pub async fn give(
    runner: &Runner,
    client: DirectoryClient,
    scope: Option<&str>,
) -> Result<Given, Refused> {
    let scopes = client.grants(scope).ok_or(Refused::Scope)?;
    let conn = &mut runner.db.conn();
    let directory = store::directory::anywhere(conn, client.directory_id).await?;
    let organization = store::organization::by_id(conn, client.organization_id).await?;
    let open = directory.is_some_and(|found| found.status == directory::Status::Active)
        && organization.is_some_and(|found| found.status == organization::Status::Active);
    if !open {
        return Err(Refused::Closed);
    }
    let actor = Actor::Directory(client.directory_id, crate::domain::id::TokenId(client.id.0));
    let given = runner
        .write(actor, client.organization_id, move |work| {
            let (client, scopes) = (client.clone(), scopes.clone());
            Box::pin(async move { insert(work, &client, scopes).await })
        })
        .await?;
    given.ok_or(Refused::TooMany(WAIT_S))
}

/// `None` when as many tokens live as may.
async fn insert(
    work: &mut Work,
    client: &DirectoryClient,
    scopes: Vec<directory::TokenScope>,
) -> Result<Option<Given>, Problem> {
    let at = work.at;
    let scope = &mut work.scope();
    if store::client_token::live(scope, client.id, at, LIVE_TOKENS_MAX).await? >= LIVE_TOKENS_MAX {
        return Ok(None);
    }
    let secret = new_token(TokenKind::Access, work.rng);
    let token = AccessToken {
        id: work.id(),
        client: client.id,
        scopes,
        created_at: at,
        expires_at: client.token_end(at),
    };
    let scope = &mut work.scope();
    store::client_token::insert(scope, &token, &secret.public, secret.hash).await?;
    store::directory_client::touch(scope, client.id, at, at.plus_s(-NOTED_S)).await?;
    let life_s = token.expires_at.since_s(at);
    Ok(Some(Given { text: secret.text, token, life_s }))
}
