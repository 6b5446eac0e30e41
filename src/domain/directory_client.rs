//! An OAuth 2.0 client of a directory: a name and a secret by which the provider gets access tokens
//! for a while, instead of keeping one long-lived token (RFC 6749 §4.4, scim S4, K16).
//!
//! Its tokens are opaque. They push into the directory of their client, and end with it.

use super::actor::ActorRef;
use super::directory::TokenScope;
use super::id::{ClientId, DirectoryId, OrganizationId, TokenId};
use super::time::Timestamp;

/// Clients that a directory may have at a time, revoked ones not counted.
pub const CLIENTS_MAX: usize = 20;
/// How long an access token lives, in seconds.
pub const TOKEN_LIFE_S: i64 = 3_600;
/// Access tokens of one client that may live at a time.
pub const LIVE_TOKENS_MAX: i64 = 1_000;

/// A client, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryClient {
    /// Its id: the `client_id` of OAuth.
    pub id: ClientId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Which directory its tokens push into.
    pub directory_id: DirectoryId,
    /// What people call it.
    pub name: String,
    /// What its tokens may do at most.
    pub scopes: Vec<TokenScope>,
    /// Who made it.
    pub created_by: ActorRef,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret ends; `None` until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it or a token of it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl DirectoryClient {
    /// Whether it may be believed at this instant, once its secret has matched.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// The scopes of a token that asks for `scope` (words apart by spaces); all without one. `None`
    /// when it asks for something that is no scope, or that this client does not have.
    #[must_use]
    pub fn grants(&self, scope: Option<&str>) -> Option<Vec<TokenScope>> {
        let Some(scope) = scope else { return Some(self.scopes.clone()) };
        let asked: Option<Vec<TokenScope>> = scope.split(' ').map(TokenScope::parse).collect();
        let mut asked = asked?;
        asked.sort_unstable();
        asked.dedup();
        asked.iter().all(|scope| self.scopes.contains(scope)).then_some(asked)
    }

    /// The end of a token that is given now: the client's own, if that comes first.
    #[must_use]
    pub fn token_end(&self, now: Timestamp) -> Timestamp {
        let end = now.plus_s(TOKEN_LIFE_S);
        self.expires_at.map_or(end, |own| own.min(end))
    }
}

/// A token that a client was given, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub client: ClientId,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn client(scopes: &[TokenScope]) -> DirectoryClient {
        DirectoryClient {
            id: ClientId(Uuid::nil()),
            organization_id: OrganizationId(Uuid::nil()),
            directory_id: DirectoryId(Uuid::nil()),
            name: "c".to_owned(),
            scopes: scopes.to_vec(),
            created_by: ActorRef { kind: "operator".to_owned(), id: None },
            created_at: Timestamp(0),
            expires_at: Some(Timestamp(10)),
            last_used_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn a_token_gets_what_it_asks_for_and_never_more_than_its_client_has() {
        let (read, write) = (TokenScope::Read, TokenScope::Write);
        let both = client(&TokenScope::ALL);
        assert_eq!(both.grants(None), Some(vec![read, write]));
        assert_eq!(both.grants(Some("scim.write scim.read scim.write")), Some(vec![read, write]));
        assert_eq!(both.grants(Some("scim.read")), Some(vec![read]));
        for wrong in ["", "scim.all", "scim.read  scim.write", "scim.read,scim.write", "SCIM.READ"]
        {
            assert_eq!(both.grants(Some(wrong)), None, "{wrong}");
        }
        assert_eq!(client(&[read]).grants(Some("scim.read scim.write")), None);
        assert_eq!(client(&[read]).grants(None), Some(vec![read]));
    }

    #[test]
    fn a_token_ends_with_its_client_at_the_latest() {
        let client = client(&TokenScope::ALL);
        assert_eq!(client.token_end(Timestamp(5)), Timestamp(10));
        let endless = DirectoryClient { expires_at: None, ..client };
        assert_eq!(endless.token_end(Timestamp(5)), Timestamp(5).plus_s(TOKEN_LIFE_S));
        assert!(endless.is_live(Timestamp(i64::MAX)));
    }

    #[test]
    fn a_client_lives_until_its_end_or_its_revocation() {
        let client = client(&TokenScope::ALL);
        assert!(client.is_live(Timestamp(9)));
        assert!(!client.is_live(Timestamp(10)));
        assert!(
            !DirectoryClient { revoked_at: Some(Timestamp(1)), ..client }.is_live(Timestamp(5))
        );
    }
}
