//! What mapping reads of one user whose row is held, in one look: her groups and grants whole, and
//! whether there is more to read. Most requests of a directory are about one user.

use std::collections::{BTreeSet, HashMap};

use serde::de::DeserializeOwned;
use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::grant::{self, Grant};
use super::profile::{self, Group};
use super::scope::Scope;
use crate::domain::id::{GroupId, UserId};

sql_by_engine! {
    OF_USER = [
        "select ",
        {
            "(select coalesce(json_agg(json_build_array(g.id, g.display_name, g.external_id,
                  exists (select 1 from group_members n where n.member_id = g.id)::int)
                  order by g.id), '[]')::text
              from members m
              join groups g on g.id = m.group_id
              where m.organization_id = $1 and m.user_id = u.id)",
            "(select json_group_array(json_array(lower(hex(g.id)), g.display_name, g.external_id,
                  exists (select 1 from group_members n where n.member_id = g.id)) order by g.id)
              from members m
              join groups g on g.id = m.group_id
              where m.organization_id = $1 and m.user_id = u.id)",
        },
        " as groups, ",
        {
            "(select coalesce(json_agg(json_build_array(r.id, r.user_id, r.role, r.reach,
                  r.resource, r.source, r.source_id, r.why, r.expires_at, r.created_at)
                  order by r.created_at, r.id), '[]')::text
              from grants r
              where r.organization_id = $1 and r.user_id = u.id)",
            "(select json_group_array(json_array(lower(hex(r.id)), lower(hex(r.user_id)),
                  r.role, r.reach, r.resource, r.source, r.source_id, r.why, r.expires_at, r.created_at)
                  order by r.created_at, r.id)
              from grants r
              where r.organization_id = $1 and r.user_id = u.id)",
        },
        " as grants,
            exists (
                select 1
                from unresolved n
                where n.organization_id = $1 and n.user_id = u.id) as misses,
            exists (
                select 1
                from held_losses h
                where h.organization_id = $1 and h.user_id = u.id) as is_held
         from users u
         where u.organization_id = $1 and u.id = $2",
    ];
}

/// What was read of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Her groups, direct and nested.
    pub groups: Vec<Group>,
    /// Her grants here, in the order in which they were given.
    pub grants: Vec<Grant>,
    /// Whether anything that rules named for her stays unresolved.
    pub misses: bool,
    /// Whether a loss of hers is held.
    pub is_held: bool,
}

#[derive(FromRow)]
struct Row {
    groups: String,
    grants: String,
    misses: bool,
    is_held: bool,
}

/// A group as the statement lists it: id, name, the directory's id, whether it is in groups.
type Listed = (Uuid, String, Option<String>, u8);

/// The facts of a user; `None` when she is not of this organization.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(scope: &mut Scope<'_>, user: UserId) -> Result<Option<Facts>, StoreError> {
    let row = scope.query_on(OF_USER).bind(user.0).optional::<Row>().await?;
    let Some(row) = row else { return Ok(None) };
    let (mut groups, mut nested) = (Vec::new(), BTreeSet::new());
    for (id, display_name, external_id, is_held) in list::<Listed>(&row.groups)? {
        let id = GroupId(id);
        if is_held != 0 {
            nested.insert(id);
        }
        groups.push(Group { id, display_name, external_id });
    }
    let mut found = HashMap::from([(user, groups)]);
    profile::add_nested(scope, &mut found, &nested).await?;
    let grants = list::<grant::Row>(&row.grants)?.into_iter();
    let grants = grants.map(Grant::try_from).collect::<Result<_, _>>()?;
    let groups = found.remove(&user).unwrap_or_default();
    Ok(Some(Facts { groups, grants, misses: row.misses, is_held: row.is_held }))
}

fn list<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::unreadable("facts"))
}
