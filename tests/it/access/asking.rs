//! Many questions at once, and the searches, in few words: for tests that walk a whole table.

use serde_json::{Value, json};

use super::search::{all, ids};
use super::world::World;

/// Questions in one request.
const AT_ONCE: usize = 1_000;
/// Results on one page of a search.
const PAGE: usize = 100;
/// The resource that stands for the whole organization.
pub const WHOLE: &str = "organization";

/// A user, a permission and `kind:key` or [`WHOLE`], with the reason that is expected.
#[derive(Clone, Debug)]
pub struct Cell {
    pub user: String,
    pub permission: &'static str,
    pub resource: String,
    pub reason: &'static str,
}

/// A cell of a table.
pub fn cell(user: &str, permission: &'static str, resource: &str, reason: &'static str) -> Cell {
    Cell { user: user.to_owned(), permission, resource: resource.to_owned(), reason }
}

fn named(acme: &World<'_>, resource: &str) -> Value {
    match resource.split_once(':') {
        Some((kind, key)) => json!({"type": kind, "id": key}),
        None => json!({"type": resource, "id": acme.organization}),
    }
}

/// Fails unless every cell is decided as it says; answers how many were asked.
pub async fn walk(acme: &World<'_>, cells: &[Cell]) -> usize {
    for some in cells.chunks(AT_ONCE) {
        let question = |cell: &Cell| {
            json!({
                "subject": {"type": "user", "id": cell.user},
                "action": {"name": cell.permission},
                "resource": named(acme, &cell.resource),
            })
        };
        let body = json!({"evaluations": some.iter().map(question).collect::<Vec<_>>()});
        let reply = acme.operator.post("/access/v1/evaluations", body).await.expect(200);
        let answers = reply.at("/evaluations");
        let answers = answers.as_array().unwrap();
        assert_eq!(answers.len(), some.len());
        for (cell, answer) in some.iter().zip(answers) {
            assert_eq!(answer["context"]["reason"]["code"], cell.reason, "{cell:?}");
            assert_eq!(answer["decision"], cell.reason == "held", "{cell:?}");
        }
    }
    cells.len()
}

/// The keys of the resources of a kind on which a user is allowed something.
pub async fn resources(acme: &World<'_>, user: &str, permission: &str, kind: &str) -> Vec<String> {
    let body = json!({"subject": {"type": "user", "id": user},
        "action": {"name": permission}, "resource": {"type": kind}});
    ids(&all(acme, "resource", body, PAGE).await, "id")
}

/// The users who are allowed something on a resource, sorted.
pub async fn subjects(acme: &World<'_>, permission: &str, resource: &str) -> Vec<String> {
    let body = json!({"subject": {"type": "user"}, "action": {"name": permission},
        "resource": named(acme, resource), "context": {"organization": acme.organization}});
    let mut found = ids(&all(acme, "subject", body, PAGE).await, "id");
    found.sort();
    found
}

/// What a user is allowed on a resource, in display order.
pub async fn actions(acme: &World<'_>, user: &str, resource: &str) -> Vec<String> {
    let body = json!({"subject": {"type": "user", "id": user}, "resource": named(acme, resource)});
    ids(&all(acme, "action", body, PAGE).await, "name")
}
