//! Whose something is: the one question that is asked by id before any scope is known.
//!
//! The answer opens no door: a guard compares it with what the caller may reach.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use crate::domain::id::OrganizationId;

sql! {
    OF_DIRECTORY = "select organization_id from directories where id = $1";
    OF_DIRECTORY_TOKEN = "select organization_id from directory_tokens where id = $1";
    OF_DIRECTORY_CLIENT = "select organization_id from directory_clients where id = $1";
    OF_DOMAIN = "select organization_id from domains where id = $1";
    OF_CONNECTION = "select organization_id from connections where id = $1";
    OF_USER = "select organization_id from users where id = $1";
    OF_GROUP = "select organization_id from groups where id = $1";
    OF_MAPPING_RULE = "select organization_id from mapping_rules where id = $1";
    OF_ROLE = "select organization_id from roles where id = $1";
    OF_GRANT = "select organization_id from grants where id = $1";
    OF_API_TOKEN = "select organization_id from api_tokens where id = $1";
    OF_WEBHOOK = "select organization_id from webhooks where id = $1";
    OF_INVITE = "select organization_id from invites where id = $1";
    OF_IDENTITY = "select organization_id from identities where id = $1";
    OF_SESSION = "select organization_id from sessions where id = $1";
}

/// A noun that is named by its own id in paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// A directory.
    Directory,
    /// A token of a directory.
    DirectoryToken,
    /// An OAuth client of a directory.
    DirectoryClient,
    /// A domain.
    Domain,
    /// A connection.
    Connection,
    /// A user.
    User,
    /// A group.
    Group,
    /// A mapping rule.
    MappingRule,
    /// A role that the organization made.
    Role,
    /// A grant.
    Grant,
    /// A token of a person or organization.
    ApiToken,
    /// A webhook.
    Webhook,
    /// An invite.
    Invite,
    /// An identity.
    Identity,
    /// A session.
    Session,
}

impl Owned {
    /// The noun in words, for "there is no such ...".
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::DirectoryToken => "directory token",
            Self::DirectoryClient => "directory client",
            Self::Domain => "domain",
            Self::Connection => "connection",
            Self::User => "user",
            Self::Group => "group",
            Self::MappingRule => "mapping rule",
            Self::Role => "role",
            Self::Grant => "grant",
            Self::ApiToken => "token",
            Self::Webhook => "webhook",
            Self::Invite => "invite",
            Self::Identity => "identity",
            Self::Session => "session",
        }
    }
}

/// The organization that owns the noun with this id; `None` when there is none.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of(
    conn: &mut Conn<'_>,
    noun: Owned,
    id: Uuid,
) -> Result<Option<OrganizationId>, StoreError> {
    let sql = match noun {
        Owned::Directory => OF_DIRECTORY,
        Owned::DirectoryToken => OF_DIRECTORY_TOKEN,
        Owned::DirectoryClient => OF_DIRECTORY_CLIENT,
        Owned::Domain => OF_DOMAIN,
        Owned::Connection => OF_CONNECTION,
        Owned::User => OF_USER,
        Owned::Group => OF_GROUP,
        Owned::MappingRule => OF_MAPPING_RULE,
        Owned::Role => OF_ROLE,
        Owned::Grant => OF_GRANT,
        Owned::ApiToken => OF_API_TOKEN,
        Owned::Webhook => OF_WEBHOOK,
        Owned::Invite => OF_INVITE,
        Owned::Identity => OF_IDENTITY,
        Owned::Session => OF_SESSION,
    };
    let row = conn.query(sql).bind(id).optional::<(Uuid,)>().await?;
    Ok(row.map(|(id,)| OrganizationId(id)))
}
