//! Whom a directory's token lets in, answered from memory: its own tokens, and those that its OAuth
//! clients were given.
//!
//! What was read once is believed until a commit of this node, or the feed of the other nodes,
//! says that tokens of the organization changed; and never longer than [`BELIEVED_S`]. A token
//! that is unknown is asked for each time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::directory::{self, Directory, Token, TokenScope};
use crate::domain::event::Happened;
use crate::domain::id::{ClientId, DirectoryId, OrganizationId, TokenId};
use crate::domain::organization;
use crate::domain::secret::{SecretHash, SentToken, TokenKind};
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::flow::runner::{Listener, Runner};
use crate::store::{self, Conn};

/// How long a token is believed without another look, in seconds.
pub const BELIEVED_S: i64 = 30;
/// How often a use is noted at most, in seconds.
pub const NOTED_S: i64 = 60;
/// Tokens that are held at a time; beyond it all are read anew.
pub const HELD_MAX: usize = 10_000;

/// A token with the directory that it pushes into.
#[derive(Debug)]
pub struct Credential {
    /// The token; one that a client was given goes by the client's id and name.
    pub token: Token,
    /// The client that was given it; `None` for a token of the directory itself.
    pub client: Option<ClientId>,
    /// Its directory.
    pub directory: Directory,
    hash: SecretHash,
    suspended: bool,
    read_at: Timestamp,
    used: Noted,
    refused: Noted,
}

/// When something was noted last.
#[derive(Debug, Default)]
struct Noted(AtomicI64);

impl Noted {
    fn at(at: Option<Timestamp>) -> Self {
        Self(AtomicI64::new(at.map_or(0, |at| at.0)))
    }

    /// Claims the noting: true once in [`NOTED_S`].
    fn claims(&self, now: Timestamp) -> bool {
        let noted = self.0.load(Ordering::Relaxed);
        now.since_s(Timestamp(noted)) >= NOTED_S
            && self.0.compare_exchange(noted, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Takes over what an older reading noted.
    fn follow(&self, older: &Self) {
        self.0.fetch_max(older.0.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Why a token does not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody knows it, or its secret is another one.
    Unknown,
    /// It was revoked or has ended.
    Ended,
    /// It is of another directory than the address names (C169).
    Elsewhere,
    /// Its directory is disabled (S6).
    Disabled,
    /// Its organization is suspended.
    Suspended,
    /// It lacks the scope (C164).
    Scope(TokenScope),
}

impl Credential {
    /// Whether the token lets in, at this instant, into the directory of the address, for this.
    ///
    /// # Errors
    /// [`Refused`], the reason.
    pub fn admits(
        &self,
        now: Timestamp,
        place: Option<DirectoryId>,
        scope: TokenScope,
    ) -> Result<(), Refused> {
        if !self.token.is_live(now) {
            return Err(Refused::Ended);
        }
        if place.is_some_and(|place| place != self.directory.id) {
            return Err(Refused::Elsewhere);
        }
        if self.suspended {
            return Err(Refused::Suspended);
        }
        if self.directory.status == directory::Status::Disabled {
            return Err(Refused::Disabled);
        }
        if self.token.allows(scope) { Ok(()) } else { Err(Refused::Scope(scope)) }
    }
}

#[derive(Default)]
struct Held {
    by_public_part: HashMap<String, Arc<Credential>>,
    /// Counts what was forgotten, so that nothing older than that is put back.
    forgotten: u64,
}

/// The tokens that were read and are believed.
#[derive(Default)]
pub struct Credentials {
    held: RwLock<Held>,
}

impl Credentials {
    /// The token that was sent, if it is one and its secret matches, whether it is live or not.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn find(
        &self,
        runner: &Runner,
        sent: &SentToken<'_>,
    ) -> Result<Option<Arc<Credential>>, Problem> {
        let now = runner.clock.now();
        let (held, forgotten) = {
            let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
            (held.by_public_part.get(sent.public).cloned(), held.forgotten)
        };
        let held = held.filter(|held| now.since_s(held.read_at) < BELIEVED_S);
        let credential = match held {
            Some(held) => held,
            None => match read(runner, sent, now).await? {
                Some(read) => self.keep(sent.public, Arc::new(read), forgotten),
                None => return Ok(None),
            },
        };
        Ok(Some(credential).filter(|found| found.hash.matches(sent.secret.as_bytes())))
    }

    fn keep(&self, public_part: &str, read: Arc<Credential>, forgotten: u64) -> Arc<Credential> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.forgotten == forgotten {
            if let Some(older) = held.by_public_part.get(public_part) {
                read.used.follow(&older.used);
                read.refused.follow(&older.refused);
            }
            if held.by_public_part.len() >= HELD_MAX {
                held.by_public_part.clear();
            }
            held.by_public_part.insert(public_part.to_owned(), Arc::clone(&read));
        }
        read
    }
}

impl Listener for Credentials {
    fn changed(&self, organization: OrganizationId, changes: &[Change]) {
        if changes.iter().any(|change| matches!(change, Change::Tokens | Change::Organization)) {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            held.forgotten += 1;
            held.by_public_part.retain(|_, held| held.token.organization_id != organization);
        }
    }

    fn forget_all(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.forgotten += 1;
        held.by_public_part.clear();
    }
}

async fn read(
    runner: &Runner,
    sent: &SentToken<'_>,
    now: Timestamp,
) -> Result<Option<Credential>, Problem> {
    let conn = &mut runner.db.conn();
    let found = match sent.kind {
        TokenKind::Directory => {
            let found = store::directory_token::by_public_part(conn, sent.public).await?;
            found.map(|(token, hash)| (token, hash, None))
        }
        TokenKind::Access => of_client(conn, sent.public).await?,
        TokenKind::Operator
        | TokenKind::ClientSecret
        | TokenKind::Personal
        | TokenKind::Organization => None,
    };
    let Some((token, hash, client)) = found else { return Ok(None) };
    let Some(directory) = store::directory::anywhere(conn, token.directory_id).await? else {
        return Ok(None);
    };
    let organization = store::organization::by_id(conn, token.organization_id).await?;
    let suspended = organization.is_none_or(|found| found.status != organization::Status::Active);
    let (used, refused) = (Noted::at(token.last_used_at), Noted::default());
    Ok(Some(Credential { token, client, directory, hash, suspended, read_at: now, used, refused }))
}

/// A token that a client was given, under the client's name: it ends with it.
async fn of_client(
    conn: &mut Conn<'_>,
    public_part: &str,
) -> Result<Option<(Token, SecretHash, Option<ClientId>)>, Problem> {
    let found = store::client_token::by_public_part(conn, public_part).await?;
    let Some((given, hash)) = found else { return Ok(None) };
    let Some((client, _)) = store::directory_client::anywhere(conn, given.client).await? else {
        return Ok(None);
    };
    let end = client.expires_at.map_or(given.expires_at, |own| own.min(given.expires_at));
    let token = Token {
        id: TokenId(client.id.0),
        organization_id: client.organization_id,
        directory_id: client.directory_id,
        name: client.name,
        scopes: given.scopes,
        created_by: client.created_by,
        created_at: given.created_at,
        expires_at: Some(end),
        last_used_at: client.last_used_at,
        revoked_at: client.revoked_at,
    };
    Ok(Some((token, hash, Some(client.id))))
}

/// Notes the use of a token, at most once in [`NOTED_S`], without keeping the request waiting.
pub fn note_use(runner: &Runner, credential: &Arc<Credential>) {
    if !credential.used.claims(runner.clock.now()) {
        return;
    }
    let (runner, token, client) = (runner.clone(), credential.token.id, credential.client);
    let organization = credential.token.organization_id;
    tokio::spawn(async move {
        let noted = runner
            .write(Actor::System, organization, move |work| {
                Box::pin(async move {
                    let (at, not_since) = (work.at, work.at.plus_s(-NOTED_S));
                    let scope = &mut work.scope();
                    match client {
                        Some(id) => {
                            store::directory_client::touch(scope, id, at, not_since).await?;
                        }
                        None => {
                            store::directory_token::touch(scope, token, at, not_since).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await;
        if let Err(problem) = noted {
            tracing::warn!(problem = %problem, "the use of a token could not be noted");
        }
    });
}

/// Records that a known token was refused, at most once in [`NOTED_S`] (S5, C169).
pub fn note_refusal(runner: &Runner, credential: &Arc<Credential>, refused: Refused) {
    let reason = match refused {
        Refused::Ended => "ended",
        Refused::Elsewhere => "elsewhere",
        Refused::Disabled | Refused::Suspended | Refused::Scope(_) | Refused::Unknown => return,
    };
    if !credential.refused.claims(runner.clock.now()) {
        return;
    }
    let (runner, token) = (runner.clone(), credential.token.id);
    let noun = if credential.client.is_some() { "directory_client" } else { "directory_token" };
    let (organization, directory) = (credential.token.organization_id, credential.directory.id);
    tokio::spawn(async move {
        let recorded = runner
            .write(Actor::Anonymous, organization, move |work| {
                Box::pin(async move {
                    let refused = Happened::to("directory_token.refused", noun, token);
                    let directory = directory.to_string();
                    work.record(refused.with("reason", reason).with("directory_id", directory));
                    Ok(())
                })
            })
            .await;
        if let Err(problem) = recorded {
            tracing::warn!(problem = %problem, "the refusal of a token could not be recorded");
        }
    });
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::actor::ActorRef;
    use crate::domain::directory::{Profile, Settings};

    fn credential() -> Credential {
        let (organization_id, id) = (OrganizationId(Uuid::nil()), DirectoryId(Uuid::nil()));
        Credential {
            token: Token {
                id: TokenId(Uuid::nil()),
                organization_id,
                directory_id: id,
                name: "t".to_owned(),
                scopes: vec![TokenScope::Read],
                created_by: ActorRef { kind: "operator".to_owned(), id: None },
                created_at: Timestamp(0),
                expires_at: Some(Timestamp(10)),
                last_used_at: None,
                revoked_at: None,
            },
            directory: Directory {
                id,
                organization_id,
                name: "d".to_owned(),
                profile: Profile::Generic,
                status: directory::Status::Active,
                settings: Settings::default(),
                version: 1,
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
            },
            client: None,
            hash: SecretHash::of(b"secret"),
            suspended: false,
            read_at: Timestamp(0),
            used: Noted::default(),
            refused: Noted::default(),
        }
    }

    #[test]
    fn a_token_lets_into_its_own_directory_for_its_own_scope() {
        let (held, read) = (credential(), TokenScope::Read);
        let (here, there) = (held.directory.id, DirectoryId(Uuid::max()));
        assert_eq!(held.admits(Timestamp(9), Some(here), read), Ok(()));
        assert_eq!(held.admits(Timestamp(9), None, read), Ok(()));
        assert_eq!(held.admits(Timestamp(9), Some(there), read), Err(Refused::Elsewhere));
        assert_eq!(held.admits(Timestamp(10), Some(here), read), Err(Refused::Ended));
        let write = TokenScope::Write;
        assert_eq!(held.admits(Timestamp(9), None, write), Err(Refused::Scope(write)));
    }

    #[test]
    fn a_disabled_directory_and_a_suspended_organization_let_nobody_in() {
        let mut held = credential();
        held.directory.status = directory::Status::Disabled;
        let read = TokenScope::Read;
        assert_eq!(held.admits(Timestamp(9), None, read), Err(Refused::Disabled));
        let held = Credential { suspended: true, ..credential() };
        assert_eq!(held.admits(Timestamp(9), None, read), Err(Refused::Suspended));
    }

    #[test]
    fn a_change_of_tokens_is_forgotten_and_nothing_older_is_put_back() {
        let credentials = Credentials::default();
        let held = || credentials.held.read().unwrap().by_public_part.len();
        credentials.keep("a", Arc::new(credential()), 0);
        assert_eq!(held(), 1);
        let user = Change::User(crate::domain::id::UserId(Uuid::nil()));
        credentials.changed(OrganizationId(Uuid::nil()), &[user]);
        assert_eq!(held(), 1);
        credentials.changed(OrganizationId(Uuid::nil()), &[Change::Tokens]);
        assert_eq!(held(), 0);
        credentials.keep("a", Arc::new(credential()), 0);
        assert_eq!(held(), 0);
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let held = credential();
        let at = |seconds: i64| Timestamp(0).plus_s(seconds);
        assert!(!held.used.claims(at(NOTED_S - 1)));
        assert!(held.used.claims(at(NOTED_S)));
        assert!(!held.used.claims(at(NOTED_S + 1)));
        assert!(held.used.claims(at(2 * NOTED_S)));
    }

    #[test]
    fn a_refusal_is_noted_once_a_minute_however_often_the_token_is_read_anew_s5() {
        let (credentials, at) = (Credentials::default(), Timestamp(0).plus_s(NOTED_S));
        let first = credentials.keep("a", Arc::new(credential()), 0);
        assert!(first.used.claims(at));
        assert!(first.refused.claims(at), "a use and a refusal are noted apart");
        let again = credentials.keep("a", Arc::new(credential()), 0);
        assert!(!again.refused.claims(at.plus_s(NOTED_S - 1)));
        assert!(again.refused.claims(at.plus_s(NOTED_S)));
    }
}
