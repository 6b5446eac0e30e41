//! What the service says about itself (RFC 7644 §4): written from the tables that the engine uses
//! and from capabilities that the caller vouches for (C150 to C157).

use serde_json::{Map, Value, json};

use super::catalog::{RESOURCE_TYPE_URN, SCHEMA_URN, SERVICE_PROVIDER_CONFIG_URN, Served};
use super::page::PageSizes;
use super::schema::{Attribute, Kind, ResourceType, Schema};

/// What is really offered.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities {
    /// Sizes of pages.
    pub pages: PageSizes,
    /// Seconds for which a cursor is good; `None` if pages go by index alone.
    pub cursor_s: Option<i64>,
    /// Limits of bulk requests; `None` if there are none.
    pub bulk: Option<BulkLimits>,
    /// Whether `sortBy` works.
    pub sort: bool,
    /// Whether resources have versions.
    pub etag: bool,
    /// How clients sign in; the first is the preferred one.
    pub authentication: &'static [AuthenticationScheme],
}

/// Limits of bulk requests.
#[derive(Debug, Clone, Copy)]
pub struct BulkLimits {
    /// Most operations of one request.
    pub operations_max: usize,
    /// Largest body in bytes.
    pub payload_max: usize,
}

/// A way to sign in.
#[derive(Debug, Clone, Copy)]
pub struct AuthenticationScheme {
    /// `oauthbearertoken`, `httpbasic`, ...
    pub kind: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Sentence for people.
    pub description: &'static str,
    /// Where it is specified.
    pub spec_uri: &'static str,
}

/// Bearer tokens (RFC 6750).
pub const BEARER: AuthenticationScheme = AuthenticationScheme {
    kind: "oauthbearertoken",
    name: "Bearer token",
    description: "A token of the directory in the Authorization header.",
    spec_uri: "https://www.rfc-editor.org/rfc/rfc6750",
};

/// Client credentials (RFC 6749 §4.4).
pub const OAUTH2: AuthenticationScheme = AuthenticationScheme {
    kind: "oauth2",
    name: "OAuth 2.0 client credentials",
    description: "A token for an hour from the token endpoint, for a client of the directory.",
    spec_uri: "https://www.rfc-editor.org/rfc/rfc6749#section-4.4",
};

/// Basic (RFC 7617).
pub const BASIC: AuthenticationScheme = AuthenticationScheme {
    kind: "httpbasic",
    name: "HTTP Basic",
    description: "A token of the directory as the password; the user name does not matter.",
    spec_uri: "https://www.rfc-editor.org/rfc/rfc7617",
};

/// The document at `/ServiceProviderConfig`; `base` is the absolute SCIM base without a slash.
pub fn service_provider_config(offered: &Capabilities, base: &str) -> Value {
    let schemes: Vec<Value> = offered
        .authentication
        .iter()
        .enumerate()
        .map(|(position, scheme)| {
            json!({
                "type": scheme.kind,
                "name": scheme.name,
                "description": scheme.description,
                "specUri": scheme.spec_uri,
                "primary": position == 0,
            })
        })
        .collect();
    let bulk = offered.bulk.map_or((0, 0), |limits| (limits.operations_max, limits.payload_max));
    let mut pagination = json!({
        "cursor": offered.cursor_s.is_some(),
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": offered.pages.default,
        "maxPageSize": offered.pages.max,
    });
    if let (Some(object), Some(seconds)) = (pagination.as_object_mut(), offered.cursor_s) {
        object.insert("cursorTimeout".into(), seconds.into());
    }
    json!({
        "schemas": [SERVICE_PROVIDER_CONFIG_URN],
        "patch": { "supported": true },
        "bulk": {
            "supported": offered.bulk.is_some(),
            "maxOperations": bulk.0,
            "maxPayloadSize": bulk.1,
        },
        "filter": { "supported": true, "maxResults": offered.pages.max },
        "changePassword": { "supported": false },
        "sort": { "supported": offered.sort },
        "etag": { "supported": offered.etag },
        "pagination": pagination,
        "authenticationSchemes": schemes,
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

/// All documents of `/Schemas` (C151).
pub fn schemas(served: Served, base: &str) -> Vec<Value> {
    served.schemas().into_iter().map(|schema| schema_document(schema, base)).collect()
}

/// One document of `/Schemas`, by its URN in any letter case.
pub fn schema(served: Served, urn: &str, base: &str) -> Option<Value> {
    served.schema(urn).map(|schema| schema_document(schema, base))
}

/// All documents of `/ResourceTypes` (C151).
pub fn resource_types(served: Served, base: &str) -> Vec<Value> {
    served.types().into_iter().map(|rt| resource_type_document(rt, base)).collect()
}

/// One document of `/ResourceTypes`, by its name.
pub fn resource_type(served: Served, name: &str, base: &str) -> Option<Value> {
    served.resource_type(name).map(|rt| resource_type_document(rt, base))
}

fn resource_type_document(rt: &ResourceType, base: &str) -> Value {
    let extensions: Vec<Value> = rt
        .extensions
        .iter()
        .map(|extension| json!({ "schema": extension.schema.id, "required": extension.required }))
        .collect();
    let mut document = json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": rt.name,
        "name": rt.name,
        "endpoint": rt.endpoint,
        "description": rt.description,
        "schema": rt.schema.id,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", rt.name),
        },
    });
    if let Some(object) = document.as_object_mut()
        && !extensions.is_empty()
    {
        object.insert("schemaExtensions".into(), extensions.into());
    }
    document
}

fn schema_document(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": [SCHEMA_URN],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": {
            "resourceType": "Schema",
            "location": format!("{base}/Schemas/{}", schema.id),
        },
    })
}

fn attribute(attribute: &Attribute) -> Value {
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("name", attribute.name.into());
    put("type", attribute.kind.as_str().into());
    put("multiValued", attribute.multi.into());
    put("description", attribute.description.into());
    put("required", attribute.required.into());
    put("caseExact", attribute.case_exact.into());
    put("mutability", attribute.mutability.as_str().into());
    put("returned", attribute.returned.as_str().into());
    put("uniqueness", attribute.uniqueness.as_str().into());
    if !attribute.canonical.is_empty() {
        put("canonicalValues", attribute.canonical.into());
    }
    if attribute.kind == Kind::Reference {
        put("referenceTypes", attribute.references.into());
    }
    if attribute.kind == Kind::Complex {
        put("subAttributes", attribute.subs.iter().map(self::attribute).collect());
    }
    Value::Object(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::catalog::{self, ENTERPRISE_URN, GROUP_URN, ROLE_URN, USER, USER_URN};
    use crate::scim::validate;

    const BASE: &str = "https://portico.example/scim/d/v2";

    fn offered() -> Capabilities {
        let pages = PageSizes { default: 100, max: 1_000 };
        Capabilities {
            pages,
            cursor_s: Some(60),
            bulk: None,
            sort: true,
            etag: true,
            authentication: &[BEARER],
        }
    }

    fn table(urn: &str) -> &'static [Attribute] {
        Served::default().schema(urn).unwrap().attributes
    }

    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(elements) => elements.iter().any(has_null),
            Value::Object(held) => held.values().any(has_null),
            _ => false,
        }
    }

    /// Checks a document against the table that describes it.
    fn conforms(document: &Value, table: &'static [Attribute]) {
        for attribute in table {
            let held = document.get(attribute.name);
            assert!(held.is_some() || !attribute.required, "{}", attribute.name);
            for value in held.into_iter().flat_map(|held| match held {
                Value::Array(elements) => elements.iter().collect(),
                single => vec![single],
            }) {
                match attribute.kind {
                    Kind::Complex => conforms(value, attribute.subs),
                    Kind::Boolean => assert!(value.is_boolean()),
                    Kind::Integer => assert!(value.is_u64()),
                    _ => assert!(value.is_string()),
                }
            }
        }
        for name in document.as_object().unwrap().keys() {
            let common = ["schemas", "id", "meta"].contains(&name.as_str());
            assert!(common || table.iter().any(|a| a.name == name), "{name}");
        }
    }

    #[test]
    fn the_configuration_is_what_its_own_schema_says_c150() {
        let config = service_provider_config(&offered(), BASE);
        conforms(&config, table(SERVICE_PROVIDER_CONFIG_URN));
        assert_eq!(config["bulk"]["supported"], false);
        assert_eq!(config["changePassword"]["supported"], false);
        assert_eq!(config["filter"]["maxResults"], 1_000);
        assert!(!has_null(&config));
    }

    #[test]
    fn the_configuration_says_how_pages_go_n2() {
        let pagination = |cursor_s: Option<i64>| {
            let offered = Capabilities { cursor_s, ..offered() };
            service_provider_config(&offered, BASE)["pagination"].clone()
        };
        assert_eq!(
            pagination(Some(60)),
            json!({"cursor": true, "index": true, "defaultPaginationMethod": "index",
                "defaultPageSize": 100, "maxPageSize": 1_000, "cursorTimeout": 60})
        );
        assert_eq!(pagination(None)["cursor"], false);
        assert!(pagination(None).get("cursorTimeout").is_none());
    }

    #[test]
    fn resource_types_are_what_their_own_schema_says_c156() {
        for document in resource_types(Served::default(), BASE) {
            conforms(&document, table(RESOURCE_TYPE_URN));
        }
        let resource_type = |name: &str| super::resource_type(Served::default(), name, BASE);
        let user = resource_type("User").unwrap();
        assert_eq!(user["endpoint"], "/Users");
        assert_eq!(
            user["schemaExtensions"],
            json!([{"schema": ENTERPRISE_URN, "required": false}])
        );
        assert_eq!(user["meta"]["location"], format!("{BASE}/ResourceTypes/User"));
        let role = resource_type("role").unwrap();
        assert_eq!((&role["endpoint"], &role["schema"]), (&json!("/Roles"), &json!(ROLE_URN)));
        assert!(resource_type("Robot").is_none());
    }

    #[test]
    fn schema_documents_are_complete_and_free_of_nulls_c154() {
        let all = schemas(Served::default(), BASE);
        let ids: Vec<&str> = all.iter().filter_map(|schema| schema["id"].as_str()).collect();
        assert!(ids.starts_with(&[USER_URN, ENTERPRISE_URN, GROUP_URN]));
        assert!(ids.iter().all(|id| !id.contains(":api:messages:")));
        assert!(!all.iter().any(has_null));
        let user = schema(Served::default(), &USER_URN.to_uppercase(), BASE).unwrap();
        assert_eq!(
            user["attributes"][0],
            json!({"name": "userName", "type": "string", "multiValued": false,
                "description": "The name by which the client knows the user.", "required": true,
                "caseExact": false, "mutability": "readWrite", "returned": "default",
                "uniqueness": "server"})
        );
        assert!(schema(Served::default(), "urn:x", BASE).is_none());
    }

    #[test]
    fn members_are_declared_as_users_and_groups_c155() {
        let group = schema(Served::default(), GROUP_URN, BASE).unwrap();
        let members = &group["attributes"][1];
        assert_eq!(members["subAttributes"][1]["referenceTypes"], json!(["User", "Group"]));
        assert_eq!(members["subAttributes"][2]["canonicalValues"], json!(["User", "Group"]));
    }

    /// A value of the right type for an attribute.
    fn sample(attribute: &Attribute) -> Value {
        let one = match attribute.kind {
            Kind::Complex => {
                let writable = attribute.subs.iter().filter(|sub| !sub.is_read_only());
                Value::Object(writable.map(|sub| (sub.name.to_owned(), sample(sub))).collect())
            }
            Kind::Boolean => true.into(),
            Kind::Reference => "https://example.org/x".into(),
            _ => "YWJj".into(),
        };
        if attribute.multi { json!([one]) } else { one }
    }

    #[test]
    fn each_declared_attribute_round_trips_c155() {
        let writable = |table: &'static [Attribute]| -> Map<String, Value> {
            let kept = table.iter().filter(|a| !a.is_read_only() && !a.is_hidden());
            kept.map(|attribute| (attribute.name.to_owned(), sample(attribute))).collect()
        };
        let mut body = writable(USER.schema.attributes);
        body.insert("schemas".into(), json!([USER_URN, ENTERPRISE_URN]));
        body.insert(ENTERPRISE_URN.into(), writable(catalog::ENTERPRISE.attributes).into());
        let made = validate::create(body.clone(), &USER, &mut Default::default()).unwrap();
        assert_eq!(Value::Object(made.resource.into_map()), Value::Object(body));
    }
}
