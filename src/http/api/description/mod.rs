//! The API describes itself: an OpenAPI 3.1 document made from the route tables, and a page made
//! from that document.
//!
//! A route that is in a table is in the document, with its body and answer; nothing else is.

#![expect(clippy::indexing_slicing, reason = "the JSON objects are made right here")]

mod page;

use std::sync::OnceLock;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::route::Method::Get;
use crate::http::route::{Described, Doc, Method, Needs, Route, schema};

/// Routes of the description, below `/api`.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/openapi.json",
        Needs::Nothing,
        || get(read),
        Doc::of("Reads this description as OpenAPI 3.1."),
    ),
    Route::new(
        Get,
        "/docs",
        Needs::Nothing,
        || get(show),
        Doc::of("Shows this description as a page."),
    ),
];

/// Where the described routes are mounted.
const PREFIX: &str = "/api/v1";

/// Why a request was refused (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what the renderer of problems writes")]
struct Problem {
    /// `urn:portico:problem:<code>`
    r#type: String,
    /// A short sentence that is the same for every occurrence.
    title: String,
    status: u16,
    /// What is wrong, where, and what to do.
    detail: String,
    /// A stable code: what programs tell errors apart by.
    code: String,
    request_id: String,
    /// The fields that are wrong.
    errors: Option<Vec<ProblemField>>,
}

/// What is wrong with one field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what the renderer of problems writes")]
struct ProblemField {
    /// JSON Pointer (RFC 6901) to the field.
    pointer: String,
    code: String,
    detail: String,
}

/// `GET /api/openapi.json`
async fn read() -> Json<&'static Value> {
    Json(document())
}

/// `GET /api/docs`
async fn show() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| page::render(document()));
    let mut response = Html(page.as_str()).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&page::policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The document, made once.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| describe(super::routes()))
}

fn describe(routes: impl Iterator<Item = &'static Route>) -> Value {
    let mut schemas = Schemas::default();
    let problem = schemas.reference(schema::<Problem>());
    let mut paths: Map<String, Value> = Map::new();
    for row in routes {
        let path = paths.entry(format!("{PREFIX}{}", row.path)).or_insert_with(|| json!({}));
        let method = row.method.as_str().to_ascii_lowercase();
        if let Some(methods) = path.as_object_mut() {
            methods.insert(method, operation(row, &mut schemas, &problem));
        }
    }
    schemas.all.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portico management API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Lists come in pages: `next` of one is `after` of the following. PATCH \
                is JSON Merge Patch (RFC 7396). Single objects have an ETag, and If-Match is \
                honoured. Errors are problem details (RFC 9457).",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.all,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    })
}

/// Schemas by name, as far as routes refer to them.
#[derive(Default)]
struct Schemas {
    all: Map<String, Value>,
}

impl Schemas {
    /// Keeps a schema with its parts and answers the reference to it.
    fn reference(&mut self, described: Described) -> Value {
        let reference = json!({"$ref": format!("#/components/schemas/{}", described.name)});
        for (name, schema) in described.parts {
            self.all.insert(name, json!(schema));
        }
        self.all.insert(described.name, json!(described.schema));
        reference
    }
}

fn operation(row: &Route, schemas: &mut Schemas, problem: &Value) -> Value {
    let (status, answer) = row.doc.answer;
    let mut good = json!({"description": if status == 204 { "Done." } else { "The answer." }});
    if let Some(answer) = answer {
        good["content"] = json!({"application/json": {"schema": schemas.reference(answer())}});
    }
    if let Some(media) = row.doc.file {
        good["content"] = json!({media: {"schema": {"type": "string", "format": "binary"}}});
    }
    let bad = json!({
        "description": "Refused.",
        "content": {"application/problem+json": {"schema": problem}},
    });
    let mut operation = json!({
        "operationId": operation_id(row),
        "summary": row.doc.summary,
        "tags": [noun(row.path)],
        "description": needs(row.needs),
        "parameters": parameters(row),
        "responses": {status.to_string(): good, "default": bad},
    });
    if let Some(body) = row.doc.body {
        let media = match row.method {
            Method::Patch => "application/merge-patch+json",
            _ if row.doc.is_form => "multipart/form-data",
            _ => "application/json",
        };
        let schema = schemas.reference(body());
        operation["requestBody"] =
            json!({"required": true, "content": {media: {"schema": schema}}});
    }
    operation
}

/// `get_organizations_org_users`
fn operation_id(row: &Route) -> String {
    let words = row.path.split(['/', '-', '{', '}']).filter(|word| !word.is_empty());
    let method = row.method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

/// What a route is about: the last fixed step of its path that is no verb.
fn noun(path: &str) -> &str {
    let steps: Vec<&str> =
        path.split('/').filter(|step| !step.is_empty() && !step.starts_with('{')).collect();
    match steps.as_slice() {
        ["organizations", noun, ..] => noun,
        [noun, ..] => noun,
        [] => "",
    }
}

fn needs(needs: Needs) -> String {
    match needs {
        Needs::Nothing => "Anybody may ask.".to_owned(),
        Needs::Credential => "Needs any credential.".to_owned(),
        Needs::Action(action, _) => format!("Needs `{action}` in the organization."),
        _ => "Needs the operator's token.".to_owned(),
    }
}

fn parameters(row: &Route) -> Vec<Value> {
    let text = json!({"type": "string"});
    let in_path = row.path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<Value> = in_path
        .map(|name| {
            let description = if name == "org" { "An organization's id or slug." } else { "" };
            json!({"name": name, "in": "path", "required": true, "schema": text,
                "description": description})
        })
        .collect();
    all.extend(row.doc.query.iter().map(|(name, meaning)| {
        json!({"name": name, "in": "query", "schema": text, "description": meaning})
    }));
    let header = match row.method {
        Method::Post => Some(("Idempotency-Key", "A repeat within a day gets the first answer.")),
        Method::Put | Method::Patch | Method::Delete => {
            Some(("If-Match", "Goes on only with this version: the ETag of an answer."))
        }
        Method::Get => None,
    };
    all.extend(header.map(|(name, meaning)| {
        json!({"name": name, "in": "header", "schema": text, "description": meaning})
    }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_str() {
                        Some(reference) if name == "$ref" => found.push(reference.to_owned()),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_described_with_its_body_and_answer() {
        let document = document();
        let mut seen = 0;
        for row in super::super::routes() {
            let path = &document["paths"][format!("{PREFIX}{}", row.path)];
            let operation = &path[row.method.as_str().to_ascii_lowercase()];
            let named = format!("{} {}", row.method.as_str(), row.path);
            assert!(
                operation["summary"].as_str().is_some_and(|text| text.ends_with('.')),
                "{named}"
            );
            assert_eq!(operation["requestBody"].is_object(), row.doc.body.is_some(), "{named}");
            let (status, answer) = row.doc.answer;
            let good = &operation["responses"][status.to_string()];
            let answers = answer.is_some() || row.doc.file.is_some();
            assert_eq!(good["content"].is_object(), answers, "{named}");
            assert!(answers || status == 204, "{named} says what it answers");
            assert!(operation["responses"]["default"].is_object(), "{named}");
            seen += 1;
        }
        let described: usize = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .map(|p| p.as_object().unwrap().len())
            .sum();
        assert_eq!(described, seen);
    }

    #[test]
    fn every_reference_leads_somewhere_and_names_do_not_collide() {
        let document = document();
        let mut found = Vec::new();
        references(document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference}");
        }
        let mut ids: Vec<String> = super::super::routes().map(operation_id).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn one_name_means_one_schema() {
        let mut seen: std::collections::HashMap<String, Value> = std::collections::HashMap::new();
        for row in super::super::routes() {
            for described in row.doc.body.into_iter().chain(row.doc.answer.1) {
                let described = described();
                let own = (described.name, described.schema);
                for (name, schema) in described.parts.into_iter().chain([own]) {
                    let schema = json!(schema);
                    let before = seen.insert(name.clone(), schema.clone());
                    assert!(before.is_none_or(|before| before == schema), "{name}");
                }
            }
        }
    }
}
