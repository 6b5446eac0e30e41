//! What a list needs to know of users and of groups.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Lens, Shelf};
use crate::domain::group::Group;
use crate::domain::id::{GroupId, UserId};
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::scim::catalog::{GROUP, Served, USER};
use crate::scim::filter::{Expr, Filter, Literal, Op};
use crate::scim::{MemberKind, ResourceType, ScimError};
use crate::store::filter::Source;
use crate::store::member::Member;
use crate::store::place::Place;
use crate::store::user::Grouped;
use crate::store::{self, StoreError};

/// Members that a filter may name one by one.
const NAMED_MAX: usize = 50;

/// A row of a list.
pub trait Listed: Sized + Send + Sync {
    /// The name of the list.
    const NAME: &'static str;
    /// What an equality of which is answered by an index, in words.
    const INDEXED: &'static str;

    /// What rows are.
    fn types(served: Served) -> Vec<&'static ResourceType>;

    /// Which of the types this one is, by its number.
    fn kind(&self) -> usize {
        0
    }

    /// Where it stands in the order of creation.
    fn place(&self) -> Place;

    /// The document, and before it what the server owns, as a client that reads below this address
    /// sees them.
    fn layers(&self, base: &str) -> (Map<String, Value>, Map<String, Value>);

    /// How many there are, and how many were removed.
    fn counted(shelf: &Shelf<'_>) -> impl Future<Output = Result<(i64, i64), StoreError>> + Send;

    /// Rows that the sources find behind a place.
    fn fetch(
        shelf: &Shelf<'_>,
        lenses: &[Lens],
        after: Place,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    /// Rows with these ids, in any order.
    fn by_ids(
        shelf: &Shelf<'_>,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    /// The place behind which the row at an offset stands.
    fn start(
        shelf: &Shelf<'_>,
        offset: i64,
    ) -> impl Future<Output = Result<Option<Place>, StoreError>> + Send;

    /// Loads what the filter reads and the rows do not hold.
    fn complete(
        _shelf: &Shelf<'_>,
        _rows: Vec<&mut Self>,
        _filter: &Filter,
        _lenses: &[Lens],
    ) -> impl Future<Output = Result<(), Problem>> + Send {
        async { Ok(()) }
    }
}

/// Where the rows of the only type come from.
fn source(lenses: &[Lens]) -> Option<&Source> {
    lenses.first().and_then(|lens| lens.source.as_ref())
}

/// What the server owns of every stored resource.
fn owned(
    rt: &ResourceType,
    id: String,
    (created, changed, version): (Timestamp, Timestamp, i64),
    base: &str,
) -> Map<String, Value> {
    let meta = json!({
        "resourceType": rt.name,
        "created": created.to_string(),
        "lastModified": changed.to_string(),
        "location": format!("{base}{}/{id}", rt.endpoint),
        "version": format!("W/\"{version}\""),
    });
    let mut owned = Map::new();
    owned.insert("id".to_owned(), Value::String(id));
    owned.insert("meta".to_owned(), meta);
    owned
}

impl Listed for Grouped {
    const NAME: &'static str = USER.name;
    const INDEXED: &'static str = "id, userName, externalId, emails or displayName";

    fn types(_: Served) -> Vec<&'static ResourceType> {
        vec![&USER]
    }

    fn place(&self) -> Place {
        Place { at: self.user.created_at, id: self.user.id.0 }
    }

    fn layers(&self, base: &str) -> (Map<String, Value>, Map<String, Value>) {
        let user = &self.user;
        let state = (user.created_at, user.updated_at, user.version);
        let mut owned = owned(&USER, user.id.to_string(), state, base);
        if !self.groups.is_empty() {
            let groups = self.groups.iter().map(|group| {
                let location = format!("{base}{}/{}", GROUP.endpoint, group.id);
                json!({"value": group.id, "$ref": location, "display": group.display,
                    "type": group.kind()})
            });
            owned.insert("groups".to_owned(), groups.collect());
        }
        (user.resource().into_map(), owned)
    }

    async fn counted(shelf: &Shelf<'_>) -> Result<(i64, i64), StoreError> {
        let counts = store::place::counts(&mut shelf.scope(), shelf.directory).await?;
        Ok((counts.users, counts.users_removed))
    }

    async fn fetch(
        shelf: &Shelf<'_>,
        lenses: &[Lens],
        after: Place,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let Some(source) = source(lenses) else { return Ok(Vec::new()) };
        store::filter::users(&mut shelf.scope(), shelf.directory, source, after, limit).await
    }

    async fn by_ids(shelf: &Shelf<'_>, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        store::filter::users_by_ids(&mut shelf.scope(), shelf.directory, ids).await
    }

    async fn start(shelf: &Shelf<'_>, offset: i64) -> Result<Option<Place>, StoreError> {
        store::place::of_users(&mut shelf.scope(), shelf.directory, offset).await
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
    const NAME: &'static str = GROUP.name;
    const INDEXED: &'static str = "id, externalId, displayName or members";

    fn types(_: Served) -> Vec<&'static ResourceType> {
        vec![&GROUP]
    }

    fn place(&self) -> Place {
        Place { at: self.group.created_at, id: self.group.id.0 }
    }

    fn layers(&self, base: &str) -> (Map<String, Value>, Map<String, Value>) {
        let group = &self.group;
        let state = (group.created_at, group.updated_at, group.version);
        let mut owned = owned(&GROUP, group.id.to_string(), state, base);
        if !self.read.is_empty() {
            let members = self.read.iter().map(|member| {
                let (kind, endpoint) = match member.kind {
                    MemberKind::User => (USER.name, USER.endpoint),
                    MemberKind::Group => (GROUP.name, GROUP.endpoint),
                };
                let location = format!("{base}{endpoint}/{}", member.id);
                json!({"value": member.id, "$ref": location, "display": member.display,
                    "type": kind})
            });
            owned.insert("members".to_owned(), members.collect());
        }
        (group.resource().into_map(), owned)
    }

    async fn counted(shelf: &Shelf<'_>) -> Result<(i64, i64), StoreError> {
        let counts = store::place::counts(&mut shelf.scope(), shelf.directory).await?;
        Ok((counts.groups, counts.groups_removed))
    }

    async fn fetch(
        shelf: &Shelf<'_>,
        lenses: &[Lens],
        after: Place,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let Some(source) = source(lenses) else { return Ok(Vec::new()) };
        let (directory, scope) = (shelf.directory, &mut shelf.scope());
        let groups = store::filter::groups(scope, directory, source, after, limit).await?;
        Ok(groups.into_iter().map(Self::without_members).collect())
    }

    async fn by_ids(shelf: &Shelf<'_>, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let scope = &mut shelf.scope();
        let groups = store::filter::groups_by_ids(scope, shelf.directory, ids).await?;
        Ok(groups.into_iter().map(Self::without_members).collect())
    }

    async fn start(shelf: &Shelf<'_>, offset: i64) -> Result<Option<Place>, StoreError> {
        store::place::of_groups(&mut shelf.scope(), shelf.directory, offset).await
    }

    async fn complete(
        shelf: &Shelf<'_>,
        mut rows: Vec<&mut Self>,
        filter: &Filter,
        lenses: &[Lens],
    ) -> Result<(), Problem> {
        let judged = lenses.first().and_then(|lens| lens.filter.as_ref());
        if !judged.is_some_and(|judged| judged.mentions("members")) {
            return Ok(());
        }
        let scope = &mut shelf.scope();
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
            let (most, all) = (shelf.bounds.members_max, rows.iter());
            let all: i64 = all.map(|row| row.group.member_count).sum();
            if all > most {
                return Err(too_many_members(most).into());
            }
            store::member::of_groups(scope, &ids, most).await?
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

impl MembersOf {
    const fn without_members(group: Group) -> Self {
        Self { group, read: Vec::new() }
    }
}

fn too_many_members(most: i64) -> ScimError {
    ScimError::too_many(format!(
        "This list would read more than {most} members: compare members by eq with an id"
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
