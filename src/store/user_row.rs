//! A user as a row, with or without her groups, and the columns of it.

use std::collections::BTreeSet;

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use crate::domain::group::GroupRef;
use crate::domain::id::{DirectoryId, GroupId, UserId};
use crate::domain::platform::LoginType;
use crate::domain::time::Timestamp;
use crate::domain::user::{Source, SuspendedBy, User};

/// The columns of a row, in the order of [`Row`].
macro_rules! user_columns {
    () => {
        "u.id, u.directory_id, u.source, u.user_name, u.external_id, u.email, u.display_name,
            u.first_name, u.last_name, u.description, u.external_ref, u.suspended_by, u.document,
            u.version, u.created_at, u.updated_at, u.last_sign_in_at, u.login_type,
            u.invite_ends_at, u.break_glass, u.parent_id"
    };
}
pub(super) use user_columns;

/// A row as it is stored.
#[derive(FromRow)]
pub(super) struct Row {
    id: Uuid,
    directory_id: Option<Uuid>,
    source: String,
    user_name: String,
    external_id: Option<String>,
    email: Option<String>,
    display_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    description: Option<String>,
    external_ref: Option<String>,
    suspended_by: i64,
    document: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    last_sign_in_at: Option<i64>,
    login_type: Option<String>,
    invite_ends_at: Option<i64>,
    break_glass: bool,
    parent_id: Option<Uuid>,
}

impl TryFrom<Row> for User {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            directory: row.directory_id.map(DirectoryId),
            source: Source::parse(&row.source).ok_or_else(|| StoreError::unreadable("source"))?,
            user_name: row.user_name,
            external_id: row.external_id,
            email: row.email,
            display_name: row.display_name,
            first_name: row.first_name,
            last_name: row.last_name,
            description: row.description,
            external_ref: row.external_ref,
            suspended_by: SuspendedBy(row.suspended_by),
            document: row.document,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            last_sign_in_at: row.last_sign_in_at.map(Timestamp),
            login_type: row.login_type.as_deref().and_then(LoginType::by_key),
            invite_ends_at: row.invite_ends_at.map(Timestamp),
            break_glass: row.break_glass,
            parent: row.parent_id.map(UserId),
        })
    }
}

/// A user with the groups that she is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouped {
    /// The user.
    pub user: User,
    /// Her groups by id: first those that she is a member of herself, then those that hold them.
    pub groups: Vec<GroupRef>,
}

/// A row with the groups of the user beside it: id, name, and whether it is in other groups.
#[derive(FromRow)]
pub(super) struct GroupedRow {
    #[sqlx(flatten)]
    row: Row,
    groups: String,
}

impl GroupedRow {
    /// The user with her direct groups; those that are in other groups are added to `nested`.
    pub(super) fn read(self, nested: &mut BTreeSet<GroupId>) -> Result<Grouped, StoreError> {
        let mut groups = Vec::new();
        if self.groups != "[]" {
            let listed: Vec<(Uuid, String, i64)> =
                serde_json::from_str(&self.groups).map_err(|_| StoreError::unreadable("groups"))?;
            for (id, display, is_nested) in listed {
                if is_nested != 0 {
                    nested.insert(GroupId(id));
                }
                groups.push(GroupRef { id: GroupId(id), display, direct: true });
            }
        }
        Ok(Grouped { user: self.row.try_into()?, groups })
    }
}
