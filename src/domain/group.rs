//! Groups that a directory pushed.
//!
//! The document holds what the client said of the group; its members are rows of their own and are
//! counted here, never listed.

use super::id::{DirectoryId, GroupId};
use super::time::Timestamp;
use crate::scim::Resource;

/// Members that a group may name before they come (D8).
pub const PENDING_IN_GROUP_MAX: i64 = 10_000;
/// Members that all groups of a directory together may name before they come.
pub const PENDING_IN_DIRECTORY_MAX: i64 = 100_000;

/// A group as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id, also over SCIM.
    pub id: GroupId,
    /// The directory that owns it.
    pub directory: DirectoryId,
    /// Its name, as it was sent.
    pub display_name: String,
    /// The client's own id, letter case counting.
    pub external_id: Option<String>,
    /// The canonical SCIM document without `id`, `meta` and `members`, as JSON text.
    pub document: String,
    /// How many members it has, users and groups.
    pub member_count: i64,
    /// Counts its changes, those of its members included.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or its members last changed.
    pub updated_at: Timestamp,
}

impl Group {
    /// A group that a directory pushes, described by its document, without members.
    #[must_use]
    pub fn provisioned(
        id: GroupId,
        directory: DirectoryId,
        document: &Resource,
        at: Timestamp,
    ) -> Self {
        let mut group = Self {
            id,
            directory,
            display_name: String::new(),
            external_id: None,
            document: String::new(),
            member_count: 0,
            version: 1,
            created_at: at,
            updated_at: at,
        };
        group.describe(document);
        group
    }

    /// Takes over a canonical document: its text and the fields that repeat it.
    pub fn describe(&mut self, document: &Resource) {
        let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        self.display_name = owned(document.display_name()).unwrap_or_default();
        self.external_id = owned(document.external_id());
        self.document = document.to_text();
    }

    /// The document; empty when the text is none, which only a fault could cause.
    #[must_use]
    pub fn resource(&self) -> Resource {
        Resource::from_stored(serde_json::from_str(&self.document).unwrap_or_default())
    }
}

/// A group as a user's `groups` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRef {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub display: String,
    /// Whether she is a member herself; else a group of hers is one (C45).
    pub direct: bool,
}

impl GroupRef {
    /// The word of `type` (C38).
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.direct { "direct" } else { "indirect" }
    }
}
