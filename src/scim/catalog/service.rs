//! The documents about the service itself (RFC 7643 §5, §6).
//!
//! The schema of schemas is not among them: it nests complex attributes, which published schemas
//! must not do (C22).

use crate::scim::schema::{Attribute, Schema, Uniqueness};

/// URN of the service provider configuration.
pub const SERVICE_PROVIDER_CONFIG_URN: &str =
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// URN of resource type documents.
pub const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// URN of schema documents.
pub const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

const SUPPORTED: Attribute =
    Attribute::boolean("supported", "Whether the feature is offered.").required().read_only();

const SWITCH: &[Attribute] = &[SUPPORTED];

const BULK: &[Attribute] = &[
    SUPPORTED,
    Attribute::integer("maxOperations", "Most operations of one request.").required().read_only(),
    Attribute::integer("maxPayloadSize", "Largest body in bytes.").required().read_only(),
];

const FILTER: &[Attribute] = &[
    SUPPORTED,
    Attribute::integer("maxResults", "Most resources of one answer.").required().read_only(),
];

const PAGINATION: &[Attribute] = &[
    Attribute::boolean("cursor", "Whether pages go by cursor.").required().read_only(),
    Attribute::boolean("index", "Whether pages go by index.").required().read_only(),
    Attribute::string("defaultPaginationMethod", "How pages go by default.").read_only(),
    Attribute::integer("defaultPageSize", "Resources of a page by default.").read_only(),
    Attribute::integer("maxPageSize", "Most resources of a page.").read_only(),
    Attribute::integer("cursorTimeout", "Seconds for which a cursor is good.").read_only(),
];

const SCHEMES: &[Attribute] = &[
    Attribute::string("type", "The kind of the scheme.").required().read_only(),
    Attribute::string("name", "The name of the scheme.").required().read_only(),
    Attribute::string("description", "What the scheme is.").required().read_only(),
    Attribute::reference("specUri", "Where it is specified.", &["external"]).read_only(),
    Attribute::boolean("primary", "Whether it is the preferred one.").read_only(),
];

pub(super) static SERVICE_PROVIDER_CONFIG: Schema = Schema {
    id: SERVICE_PROVIDER_CONFIG_URN,
    name: "ServiceProviderConfig",
    description: "What the service offers.",
    attributes: &[
        Attribute::complex("patch", "Changes by PATCH.", SWITCH).required().read_only(),
        Attribute::complex("bulk", "Bulk requests.", BULK).required().read_only(),
        Attribute::complex("filter", "Filters.", FILTER).required().read_only(),
        Attribute::complex("changePassword", "Changes of passwords.", SWITCH)
            .required()
            .read_only(),
        Attribute::complex("sort", "Sorting.", SWITCH).required().read_only(),
        Attribute::complex("etag", "Versions.", SWITCH).required().read_only(),
        Attribute::complex("pagination", "Pages.", PAGINATION).read_only(),
        Attribute::complex("authenticationSchemes", "How clients sign in.", SCHEMES)
            .multi()
            .required()
            .read_only(),
    ],
};

const EXTENSIONS: &[Attribute] = &[
    Attribute::reference("schema", "URN of the extension.", &["uri"]).required().read_only(),
    Attribute::boolean("required", "Whether each resource has it.").required().read_only(),
];

pub(super) static RESOURCE_TYPE: Schema = Schema {
    id: RESOURCE_TYPE_URN,
    name: "ResourceType",
    description: "A kind of resource.",
    attributes: &[
        Attribute::string("name", "The name of the type.")
            .required()
            .read_only()
            .exact()
            .unique(Uniqueness::Server),
        Attribute::string("description", "What the type is.").read_only(),
        Attribute::reference("endpoint", "Its endpoint below the base.", &["uri"])
            .required()
            .read_only(),
        Attribute::reference("schema", "URN of its base schema.", &["uri"]).required().read_only(),
        Attribute::complex("schemaExtensions", "Its extensions.", EXTENSIONS).multi().read_only(),
    ],
};
