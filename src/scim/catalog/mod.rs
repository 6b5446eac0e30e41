//! The tables that Portico serves: User, Enterprise User, Group, Role and the service documents.
//!
//! One list for the engine and for discovery (C155). What clients may send but the server does not
//! keep (`password`) is declared as what it is: writeOnly, returned never (C37).

mod group;
mod role;
mod service;
mod user;

pub use group::{GROUP_SCHEMA, GROUP_URN, MEMBERS};
pub use role::{ROLE_SCHEMA, ROLE_URN};
pub use service::{RESOURCE_TYPE_URN, SCHEMA_URN, SERVICE_PROVIDER_CONFIG_URN};
pub use user::{ENTERPRISE, ENTERPRISE_URN, USER_ATTRIBUTES, USER_SCHEMA, USER_URN};

use super::schema::{Attribute, KEY_LENGTH_MAX, ResourceType, Returned, Schema, Uniqueness};

/// Sub-attributes of `meta` (C30).
const META: &[Attribute] = &[
    Attribute::string("resourceType", "Name of the resource type.").exact().read_only(),
    Attribute::date_time("created", "When the resource was created.").read_only(),
    Attribute::date_time("lastModified", "When the resource last changed.").read_only(),
    Attribute::reference("location", "URL of the resource.", &["uri"]).read_only(),
    Attribute::string("version", "Version of the resource.").exact().read_only(),
];

const SCHEMAS: Attribute = Attribute::reference("schemas", "URNs of the schemas in use.", &["uri"])
    .multi()
    .required()
    .read_only()
    .returned(Returned::Always);

const ID: Attribute = Attribute::string("id", "Identifier issued by the server.")
    .exact()
    .read_only()
    .returned(Returned::Always)
    .unique(Uniqueness::Global);

const META_ATTRIBUTE: Attribute =
    Attribute::complex("meta", "What the server knows about the resource.", META).read_only();

/// Attributes that every resource of a client has (RFC 7643 §3.1).
pub const COMMON: &[Attribute] = &[
    SCHEMAS,
    ID,
    Attribute::string("externalId", "Identifier issued by the client.")
        .exact()
        .at_most(KEY_LENGTH_MAX)
        .unique(Uniqueness::Server),
    META_ATTRIBUTE,
];

/// Attributes that every resource of the server's own has: no client gives it an id.
const OWN: &[Attribute] = &[SCHEMAS, ID, META_ATTRIBUTE];

/// The resource type `User` (RFC 7643 §4.1).
pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "A person of the directory.",
    schema: &USER_SCHEMA,
    extensions: user::EXTENSIONS,
    common: COMMON,
    finds_unprefixed: true,
};

/// The resource type `Group` (RFC 7643 §4.2).
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "A group of users.",
    schema: &GROUP_SCHEMA,
    extensions: &[],
    common: COMMON,
    finds_unprefixed: false,
};

/// The resource type `Role` (N7).
pub static ROLE: ResourceType = role_type(&ROLE_SCHEMA);

const fn role_type(schema: &'static Schema) -> ResourceType {
    ResourceType {
        name: "Role",
        endpoint: "/Roles",
        description: "A role of the platform, for users to be given.",
        schema,
        extensions: &[],
        common: OWN,
        finds_unprefixed: false,
    }
}

/// The resource types that an installation serves.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    role: &'static ResourceType,
}

impl Default for Served {
    fn default() -> Self {
        Self { role: &ROLE }
    }
}

impl Served {
    /// The types with this URN for roles; `None` when another schema has it. Tables live as long as
    /// the program, so this is for its start alone.
    #[must_use]
    pub fn with_role_urn(urn: &str) -> Option<Self> {
        if urn == ROLE_URN {
            return Some(Self::default());
        }
        if Self::default().schema(urn).is_some() {
            return None;
        }
        let schema: &'static Schema = Box::leak(Box::new(role::named(urn.to_owned().leak())));
        Some(Self { role: Box::leak(Box::new(role_type(schema))) })
    }

    /// The type of roles.
    #[must_use]
    pub const fn role(&self) -> &'static ResourceType {
        self.role
    }

    /// Every resource type.
    #[must_use]
    pub const fn types(&self) -> [&'static ResourceType; 3] {
        [&USER, &GROUP, self.role]
    }

    /// Every schema that `/Schemas` lists; message URNs are none of them (C157).
    #[must_use]
    pub const fn schemas(&self) -> [&'static Schema; 6] {
        [
            &USER_SCHEMA,
            &ENTERPRISE,
            &GROUP_SCHEMA,
            self.role.schema,
            &service::SERVICE_PROVIDER_CONFIG,
            &service::RESOURCE_TYPE,
        ]
    }

    /// Finds a resource type by its name, in any letter case.
    #[must_use]
    pub fn resource_type(&self, name: &str) -> Option<&'static ResourceType> {
        self.types().into_iter().find(|served| served.name.eq_ignore_ascii_case(name))
    }

    /// Finds a served schema by its URN, in any letter case (C151).
    #[must_use]
    pub fn schema(&self, urn: &str) -> Option<&'static Schema> {
        self.schemas().into_iter().find(|served| served.id.eq_ignore_ascii_case(urn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::Kind;

    #[test]
    fn no_served_complex_attribute_holds_a_complex_one_c22() {
        for schema in Served::default().schemas() {
            for attribute in schema.attributes {
                assert_eq!(attribute.kind == Kind::Complex, !attribute.subs.is_empty());
                assert!(attribute.subs.iter().all(|sub| sub.kind != Kind::Complex));
                assert!(!attribute.open);
            }
        }
    }

    #[test]
    fn names_are_found_in_any_letter_case_c14() {
        assert_eq!(USER.attribute("USERNAME").map(|a| a.name), Some("userName"));
        assert_eq!(USER.attribute("externalid").map(|a| a.name), Some("externalId"));
        assert!(USER.attribute("department").is_none());
        let urn = ENTERPRISE_URN.to_uppercase();
        assert_eq!(USER.extension(&urn).map(|s| s.id), Some(ENTERPRISE_URN));
        let found = Served::default().schema(&USER_URN.to_lowercase());
        assert_eq!(found.map(|schema| schema.id), Some(USER_URN));
    }

    #[test]
    fn roles_are_read_only_and_have_whatever_urn_is_set_n7() {
        let served = Served::with_role_urn("urn:example:Role").unwrap();
        assert!(Served::with_role_urn(&USER_URN.to_lowercase()).is_none());
        assert_eq!(served.role().schema.id, "urn:example:Role");
        assert!(served.schema("URN:EXAMPLE:role").is_some() && served.schema(ROLE_URN).is_none());
        assert!(served.role().common.iter().all(Attribute::is_read_only));
        assert!(served.role().schema.attributes.iter().all(Attribute::is_read_only));
        assert!(Served::default().schema(ROLE_URN).is_some());
    }

    #[test]
    fn user_declares_every_core_attribute_of_the_rfc_c36() {
        let names: Vec<&str> = USER_ATTRIBUTES.iter().map(|a| a.name).collect();
        let wanted = "userName name displayName nickName profileUrl title userType \
            preferredLanguage locale timezone active password emails phoneNumbers ims photos \
            addresses groups entitlements roles x509Certificates";
        assert_eq!(names, wanted.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn an_extension_attribute_without_urn_is_found_when_unambiguous_c71() {
        assert_eq!(USER.unprefixed("MANAGER").map(|(s, a)| (s.id, a.name)), {
            Some((ENTERPRISE_URN, "manager"))
        });
        assert!(USER.unprefixed("userName").is_none());
    }
}
