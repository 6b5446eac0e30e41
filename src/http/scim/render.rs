//! Resources as JSON text: what is stored goes out as it is, with what the server owns spliced in.
//!
//! Only a projection makes a document be read and written anew.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::domain::group::Group;
use crate::domain::time::Timestamp;
use crate::flow::provision::search::{Listed, OfferedRole};
use crate::http::answer::etag;
use crate::scim::MemberKind;
use crate::scim::catalog::{GROUP, USER};
use crate::scim::project::Projection;
use crate::store::user::Grouped;

/// The URL of a user.
#[must_use]
pub fn user_location(base: &str, id: impl std::fmt::Display) -> String {
    format!("{base}/Users/{id}")
}

/// The URL of a group.
#[must_use]
pub fn group_location(base: &str, id: impl std::fmt::Display) -> String {
    format!("{base}/Groups/{id}")
}

/// The URL of a role.
#[must_use]
pub fn role_location(base: &str, key: &str) -> String {
    format!("{base}/Roles/{key}")
}

/// A user as the client sees her.
#[must_use]
pub fn user(base: &str, found: &Grouped, projection: &Projection) -> String {
    let user = &found.user;
    let mut text = begun(&user.id.to_string(), &user.document);
    if !found.groups.is_empty() && projection.wants("groups") {
        text.push_str(",\"groups\":[");
        for (position, group) in found.groups.iter().enumerate() {
            let id = group.id;
            let location = quoted(&group_location(base, id));
            let comma = if position == 0 { "" } else { "," };
            let display = quoted(&group.display);
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "{comma}{{\"value\":\"{id}\",\"$ref\":{location},\"display\":{display},\
                 \"type\":\"{}\"}}",
                group.kind()
            );
        }
        text.push(']');
    }
    let location = user_location(base, user.id);
    push_meta(&mut text, USER.name, (user.created_at, user.updated_at), user.version, &location);
    text.push('}');
    projected(text, projection)
}

/// A group as the client sees it, without its members and without the closing brace.
#[must_use]
pub fn group(base: &str, group: &Group, projection: &Projection) -> String {
    let mut text = begun(&group.id.to_string(), &group.document);
    let location = group_location(base, group.id);
    let times = (group.created_at, group.updated_at);
    push_meta(&mut text, GROUP.name, times, group.version, &location);
    text.push('}');
    let mut text = projected(text, projection);
    text.pop();
    text
}

/// A role as the client sees it.
#[must_use]
pub fn role(base: &str, role: &OfferedRole, projection: &Projection) -> String {
    let (document, mut shown) = role.layers(base);
    let meta = shown.remove("meta");
    shown.extend(document);
    shown.extend(meta.map(|meta| ("meta".to_owned(), meta)));
    projection.apply(&mut shown);
    Value::Object(shown).to_string()
}

/// Members as the elements of `members`, with commas between them.
#[must_use]
pub fn members(base: &str, found: &[crate::store::member::Member], of: &Projection) -> String {
    let mut text = String::with_capacity(found.len() * 200);
    for member in found {
        let (id, kind) = (member.id, member.kind);
        let location = quoted(&match kind {
            MemberKind::User => user_location(base, id),
            MemberKind::Group => group_location(base, id),
        });
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{{\"value\":\"{id}\",\"$ref\":{location},\"type\":\"{kind}\"");
        // The name is returned on request: whoever named it gets it from the projection.
        if !of.is_everything() {
            let _ = write!(text, ",\"display\":{}", quoted(&member.display));
        }
        text.push('}');
    }
    if of.is_everything() {
        return text;
    }
    // The projection knows elements only inside of their attribute.
    let whole = projected(format!("{{\"members\":[{text}]}}"), of);
    whole
        .strip_prefix("{\"members\":[")
        .and_then(|rest| rest.strip_suffix("]}"))
        .unwrap_or_default()
        .to_owned()
}

/// `{"id":…` and the members of a stored document, without the closing brace.
fn begun(id: &str, document: &str) -> String {
    let inner = document.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.unwrap_or_default();
    let mut text = String::with_capacity(inner.len() + 512);
    let _ = write!(text, "{{\"id\":\"{id}\"");
    if !inner.is_empty() {
        text.push(',');
        text.push_str(inner);
    }
    text
}

fn push_meta(
    text: &mut String,
    kind: &str,
    (created, changed): (Timestamp, Timestamp),
    version: i64,
    location: &str,
) {
    let (location, version) = (quoted(location), quoted(&etag(version)));
    let _ = write!(
        text,
        ",\"meta\":{{\"resourceType\":\"{kind}\",\"created\":\"{created}\",\
         \"lastModified\":\"{changed}\",\"location\":{location},\"version\":{version}}}"
    );
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn projected(text: String, projection: &Projection) -> String {
    if projection.is_everything() {
        return text;
    }
    let mut document: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    projection.apply(&mut document);
    Value::Object(document).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::group::GroupRef;
    use crate::domain::id::{DirectoryId, GroupId, UserId};
    use crate::domain::user::User;
    use crate::scim::Resource;
    use crate::store::member::Member;

    const BASE: &str = "https://p.example/scim/v2";

    fn found() -> Grouped {
        let document = json!({"schemas": ["urn:u"], "userName": "ada", "title": "x\"y"});
        let document = Resource::from_stored(document.as_object().unwrap().clone());
        let (id, directory) = (UserId(uuid::Uuid::nil()), DirectoryId(uuid::Uuid::nil()));
        let at = Timestamp::parse("2026-11-21T10:00:00Z").unwrap();
        let (id_of_group, display) = (GroupId(uuid::Uuid::max()), "A \"B\"".to_owned());
        let group = GroupRef { id: id_of_group, display, direct: false };
        Grouped { user: User::provisioned(id, directory, &document, at), groups: vec![group] }
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_user_goes_out_as_stored_with_id_groups_and_meta_around() {
        let shown = read(&user(BASE, &found(), &Projection::parse(None, None, &USER).unwrap()));
        assert_eq!(shown["id"], "00000000-0000-0000-0000-000000000000");
        assert_eq!(shown["title"], "x\"y");
        assert_eq!(shown["groups"][0]["display"], "A \"B\"");
        assert_eq!(shown["groups"][0]["type"], "indirect");
        assert_eq!(shown["meta"]["version"], "W/\"1\"");
        assert_eq!(shown["meta"]["created"], shown["meta"]["lastModified"]);
        let location = format!("{BASE}/Users/00000000-0000-0000-0000-000000000000");
        assert_eq!(shown["meta"]["location"], location);
    }

    #[test]
    fn a_projection_leaves_id_and_schemas_c89() {
        let only = Projection::parse(Some("userName,meta.version"), None, &USER).unwrap();
        let shown = read(&user(BASE, &found(), &only));
        let names: Vec<&String> = shown.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "schemas", "userName", "meta"]);
        assert_eq!(shown["meta"], json!({"version": "W/\"1\""}));
        let but = Projection::parse(None, Some("id,groups"), &USER).unwrap();
        let shown = read(&user(BASE, &found(), &but));
        assert!(shown.get("groups").is_none() && shown.get("id").is_some());
    }

    #[test]
    fn members_are_projected_like_any_other_attribute() {
        let (id, display) = (uuid::Uuid::nil(), "Ada".to_owned());
        let member = Member { id, kind: MemberKind::User, display };
        let nested = Member { kind: MemberKind::Group, ..member.clone() };
        let whole = Projection::parse(None, None, &GROUP).unwrap();
        let text = members(BASE, &[nested, member.clone()], &whole);
        let shown = read(&format!("[{text}]"));
        assert_eq!(shown[0]["type"], "Group");
        assert_eq!(shown[0]["$ref"], format!("{BASE}/Groups/{id}"));
        assert_eq!(shown[1]["type"], "User");
        assert_eq!(shown[1]["$ref"], format!("{BASE}/Users/{id}"));
        let values = Projection::parse(Some("members.value"), None, &GROUP).unwrap();
        let shown = read(&format!("[{}]", members(BASE, &[member], &values)));
        assert_eq!(shown, json!([{"value": "00000000-0000-0000-0000-000000000000"}]));
    }
}
