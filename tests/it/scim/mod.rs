//! The SCIM surface as its clients meet it.

mod adoption;
mod audit;
mod bounds;
mod budgets;
mod bulk;
mod clients;
mod conditions;
mod cursors;
mod ends;
mod entra;
mod errors;
mod filters;
mod groups;
mod health;
mod journal;
mod large;
mod lists;
mod nested;
mod okta;
mod pending;
mod processes;
mod races;
mod roles;
mod root;
mod streams;
mod tokens;
mod users;

use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

/// URN of the core User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the enterprise extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URN of the core Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of PATCH messages.
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// An id that nobody has.
pub const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// A client of a new directory with this profile, in an organization of its own.
pub async fn client(app: &TestApp, profile: &str) -> Caller {
    let organization = app.organization(&format!("Of {profile}")).await;
    let (_, token) = app.directory(&organization, profile).await;
    app.scim(&token)
}

/// The body of a user.
pub fn user(name: &str) -> Value {
    json!({"schemas": [USER], "userName": name})
}

/// The body of a group with these members.
pub fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    json!({"schemas": [GROUP], "displayName": name, "members": members})
}

/// The body of a PATCH with these operations.
pub fn operations(operations: Value) -> Value {
    json!({"schemas": [PATCH], "Operations": operations})
}

/// Makes a user and answers the id.
pub async fn made_user(scim: &Caller, name: &str) -> String {
    scim.post("/Users", user(name)).await.expect(201).text_at("/id")
}

/// Makes a group and answers the id.
pub async fn made_group(scim: &Caller, name: &str, members: &[&str]) -> String {
    scim.post("/Groups", group(name, members)).await.expect(201).text_at("/id")
}

/// The ids of a group's members, sorted.
pub async fn members(scim: &Caller, id: &str) -> Vec<String> {
    let group = scim.get(&format!("/Groups/{id}?attributes=members")).await.expect(200).json();
    let members = group["members"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<String> =
        members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Sorted texts, to compare with [`members`].
pub fn sorted(ids: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    ids.sort();
    ids
}

/// Percent-encodes a filter.
pub fn filter(path: &str, filter: &str) -> String {
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
    format!("{path}?{query}")
}

/// Fails unless this is a SCIM error with this status and keyword (C158).
#[track_caller]
pub fn refused(reply: &Reply, status: u16, scim_type: Option<&str>) {
    assert_eq!(reply.status, status, "{reply}");
    assert_eq!(reply.media_type(), "application/scim+json", "{reply}");
    let body = reply.json();
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{reply}");
    assert_eq!(body["status"], status.to_string(), "{reply}");
    assert_eq!(body.get("scimType").and_then(Value::as_str), scim_type, "{reply}");
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{reply}");
}
