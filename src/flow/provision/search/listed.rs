//! What a list needs to know of users and of groups.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::domain::group::Group;
use crate::domain::id::{DirectoryId, GroupId, UserId};
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::scim::catalog::{GROUP, USER};
use crate::scim::filter::{Expr, Filter, Literal, Op, Resolved};
use crate::scim::{ResourceType, ScimError};
use crate::store::filter::{Counts, Place, Source};
use crate::store::member::Member;
use crate::store::user::Grouped;
use crate::store::{self, Scope, StoreError};

/// Members that are loaded for one batch of groups whose filter reads members freely.
pub const MEMBERS_MAX: i64 = 20_000;
/// Members that a filter may name one by one.
const NAMED_MAX: usize = 50;

/// A row of a list.
pub trait Listed: Sized + Send + Sync {
    /// What it is.
    const TYPE: &'static ResourceType;
    /// What an equality of which is answered by an index, in words.
    const INDEXED: &'static str;

    /// Where it stands in the order of creation.
    fn place(&self) -> Place;

    /// The document, and before it what the server owns, as a filter reads them.
    fn layers(&self) -> (Map<String, Value>, Map<String, Value>);

    /// How many there are, and how many were removed.
    fn counted(counts: Counts) -> (i64, i64);

    /// Rows that a source finds behind a place.
    fn fetch(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        source: &Source,
        after: Place,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    /// Rows with these ids, in any order.
    fn by_ids(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    /// The place behind which the row at an offset stands.
    fn start(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        offset: i64,
    ) -> impl Future<Output = Result<Option<Place>, StoreError>> + Send;

    /// Loads what the filter reads and the rows do not hold.
    fn complete(
        scope: &mut Scope<'_>,
        rows: &mut [Self],
        filter: &Filter,
        resolved: &Resolved,
    ) -> impl Future<Output = Result<(), Problem>> + Send;
}

fn meta(kind: &str, created: Timestamp, changed: Timestamp, version: i64) -> Value {
    json!({
        "resourceType": kind,
        "created": created.to_string(),
        "lastModified": changed.to_string(),
        "version": format!("W/\"{version}\""),
    })
}

fn owned(id: String, meta: Value) -> Map<String, Value> {
    let mut owned = Map::new();
    owned.insert("id".to_owned(), Value::String(id));
    owned.insert("meta".to_owned(), meta);
    owned
}

impl Listed for Grouped {
    const TYPE: &'static ResourceType = &USER;
    const INDEXED: &'static str = "id, userName, externalId, emails or displayName";

    fn place(&self) -> Place {
        Place { at: self.user.created_at, id: self.user.id.0 }
    }

    fn layers(&self) -> (Map<String, Value>, Map<String, Value>) {
        let user = &self.user;
        let meta = meta(USER.name, user.created_at, user.updated_at, user.version);
        let mut owned = owned(user.id.to_string(), meta);
        if !self.groups.is_empty() {
            let groups = self.groups.iter().map(
                |group| json!({"value": group.id, "display": group.display, "type": group.kind()}),
            );
            owned.insert("groups".to_owned(), groups.collect());
        }
        (user.resource().into_map(), owned)
    }

    fn counted(counts: Counts) -> (i64, i64) {
        (counts.users, counts.users_removed)
    }

    async fn fetch(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        source: &Source,
        after: Place,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        store::filter::users(scope, directory, source, after, limit).await
    }

    async fn by_ids(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        ids: &[Uuid],
    ) -> Result<Vec<Self>, StoreError> {
        store::filter::users_by_ids(scope, directory, ids).await
    }

    async fn start(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        offset: i64,
    ) -> Result<Option<Place>, StoreError> {
        store::filter::user_place(scope, directory, offset).await
    }

    async fn complete(
        _: &mut Scope<'_>,
        _: &mut [Self],
        _: &Filter,
        _: &Resolved,
    ) -> Result<(), Problem> {
        Ok(())
    }
}

/// A group with those of its members that a filter reads.
#[derive(Clone, Debug)]
pub struct MembersOf {
    /// The group.
    pub group: Group,
    read: Vec<Member>,
}

impl Listed for MembersOf {
    const TYPE: &'static ResourceType = &GROUP;
    const INDEXED: &'static str = "id, externalId, displayName or members";

    fn place(&self) -> Place {
        Place { at: self.group.created_at, id: self.group.id.0 }
    }

    fn layers(&self) -> (Map<String, Value>, Map<String, Value>) {
        let group = &self.group;
        let meta = meta(GROUP.name, group.created_at, group.updated_at, group.version);
        let mut owned = owned(group.id.to_string(), meta);
        if !self.read.is_empty() {
            let members = self.read.iter().map(|member| {
                let kind = member.kind.as_str();
                json!({"value": member.id, "display": member.display, "type": kind})
            });
            owned.insert("members".to_owned(), members.collect());
        }
        (group.resource().into_map(), owned)
    }

    fn counted(counts: Counts) -> (i64, i64) {
        (counts.groups, counts.groups_removed)
    }

    async fn fetch(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        source: &Source,
        after: Place,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        Ok(without_members(store::filter::groups(scope, directory, source, after, limit).await?))
    }

    async fn by_ids(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        ids: &[Uuid],
    ) -> Result<Vec<Self>, StoreError> {
        Ok(without_members(store::filter::groups_by_ids(scope, directory, ids).await?))
    }

    async fn start(
        scope: &mut Scope<'_>,
        directory: DirectoryId,
        offset: i64,
    ) -> Result<Option<Place>, StoreError> {
        store::filter::group_place(scope, directory, offset).await
    }

    async fn complete(
        scope: &mut Scope<'_>,
        rows: &mut [Self],
        filter: &Filter,
        resolved: &Resolved,
    ) -> Result<(), Problem> {
        if !resolved.mentions("members") {
            return Ok(());
        }
        let ids: Vec<GroupId> = rows.iter().map(|row| row.group.id).collect();
        let mut named = Vec::new();
        let found = if names_members(filter.expr(), &mut named) && named.len() <= NAMED_MAX {
            let mut found = Vec::new();
            // An id of either kind has the same form.
            for id in named.iter().filter_map(|id| UserId::parse(id).ok()) {
                found.extend(store::member::in_groups(scope, &ids, id.0).await?);
            }
            found
        } else {
            let all: i64 = rows.iter().map(|row| row.group.member_count).sum();
            if all > MEMBERS_MAX {
                return Err(too_many_members().into());
            }
            store::member::of_groups(scope, &ids, MEMBERS_MAX).await?
        };
        for (group, member) in found {
            if let Some(row) = rows.iter_mut().find(|row| row.group.id == group)
                && !row.read.contains(&member)
            {
                row.read.push(member);
            }
        }
        Ok(())
    }
}

fn without_members(groups: Vec<Group>) -> Vec<MembersOf> {
    groups.into_iter().map(|group| MembersOf { group, read: Vec::new() }).collect()
}

fn too_many_members() -> ScimError {
    ScimError::too_many(format!(
        "This list would read more than {MEMBERS_MAX} members: compare members by eq with an id"
    ))
}

/// Collects the ids that a filter compares members with. False when it asks for more of them than
/// whether an id is among them, so that those members alone would not decide it.
fn names_members(expr: &Expr, ids: &mut Vec<String>) -> bool {
    let of_members = |name: &str| name.eq_ignore_ascii_case("members");
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().all(|part| names_members(part, ids)),
        Expr::Not(part) => names_members(part, ids),
        Expr::Present(path) => !of_members(&path.name),
        Expr::Compare(path, ..) if !of_members(&path.name) => true,
        Expr::Compare(path, Op::Eq, Literal::Text(id))
            if path.sub.as_deref().is_none_or(|sub| sub.eq_ignore_ascii_case("value")) =>
        {
            ids.push(id.clone());
            true
        }
        Expr::Element(path, _) if !of_members(&path.name) => true,
        Expr::Element(_, inner) => match &**inner {
            Expr::Compare(path, Op::Eq, Literal::Text(id))
                if path.name.eq_ignore_ascii_case("value") =>
            {
                ids.push(id.clone());
                true
            }
            _ => false,
        },
        Expr::Compare(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::Dialect;
    use crate::scim::filter::parse;

    #[test]
    fn a_filter_that_asks_for_single_members_needs_no_others() {
        let named = |text: &str| {
            let mut ids = Vec::new();
            let filter = parse(text, Dialect::Generic).unwrap();
            names_members(filter.expr(), &mut ids).then_some(ids)
        };
        assert_eq!(named(r#"id eq "g" and members eq "u""#), Some(vec!["u".to_owned()]));
        assert_eq!(named(r#"not (members.value eq "u")"#), Some(vec!["u".to_owned()]));
        assert_eq!(named(r#"members[value eq "u"]"#), Some(vec!["u".to_owned()]));
        assert_eq!(named(r#"displayName pr"#), Some(Vec::new()));
        for text in [
            "members pr",
            r#"members.display eq "x""#,
            r#"members.value ne "u""#,
            r#"members[value eq "u" and type eq "User"]"#,
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
