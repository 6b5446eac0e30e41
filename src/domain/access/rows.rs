//! Users, grants and resources as they are read from tables, to build and patch a snapshot with.

use std::sync::Arc;

use super::grant::{Reach, Source};
use crate::domain::id::{GrantId, UserId};
use crate::domain::resource::ResourceRef;
use crate::domain::time::Timestamp;

/// A registered resource as it is read from its row.
#[derive(Clone, Debug)]
pub struct ResourceRow {
    /// Its name.
    pub resource: ResourceRef,
    /// The one it lies in.
    pub parent: Option<ResourceRef>,
}

/// A user as she is read from her rows.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Her id.
    pub id: UserId,
    /// Her login, folded as logins are compared.
    pub login_key: String,
    /// Neither suspended nor removed, and an invite that alone brought her is accepted.
    pub enabled: bool,
    /// Whether her home organization is active; true for those at home here.
    pub home_active: bool,
    /// For a sub-user: whose.
    pub parent: Option<UserId>,
    /// Keys of the permissions that her access settings deny.
    pub denied: Vec<String>,
    /// Keys of the levels of which she has a live licence.
    pub licences: Vec<String>,
    /// Her grants in this organization, live or not.
    pub grants: Vec<GrantRow>,
}

impl UserRow {
    /// An enabled user at home here, with nothing yet.
    #[must_use]
    pub fn new(id: UserId, login_key: impl Into<String>) -> Self {
        Self {
            id,
            login_key: login_key.into(),
            enabled: true,
            home_active: true,
            parent: None,
            denied: Vec::new(),
            licences: Vec::new(),
            grants: Vec::new(),
        }
    }
}

/// A grant as it is read from its row.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// Its id.
    pub id: GrantId,
    /// The role's key or an alias; a role that is gone gives nothing.
    pub role: String,
    /// What it covers.
    pub reach: Reach,
    /// Where it comes from.
    pub source: Source,
    /// The source's name for people; shared between the grants of one source.
    pub source_name: Option<Arc<str>>,
    /// The instant from which it gives nothing.
    pub expires_at: Option<Timestamp>,
}
