//! Group (RFC 7643 §4.2, with erratum 5368: `displayName` is required).
//!
//! Members are users and groups of the same directory.

use crate::scim::schema::{Attribute, KEY_LENGTH_MAX, MEMBERS_MAX, Returned, Schema, Uniqueness};

/// URN of the core Group schema.
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

const MEMBER: &[Attribute] = &[
    Attribute::string("value", "The id of the member.")
        .exact()
        .required()
        .immutable()
        .at_most(KEY_LENGTH_MAX),
    Attribute::reference("$ref", "The URL of the member.", &["User", "Group"]).immutable(),
    Attribute::string("type", "What the member is.").canonical(&["User", "Group"]).immutable(),
    Attribute::string("display", "The name of the member.").read_only().returned(Returned::Request),
];

/// The attribute `members`, which is kept beside the document of a group.
pub const MEMBERS: Attribute = Attribute::complex("members", "The members of the group.", MEMBER)
    .multi()
    .elements(MEMBERS_MAX);

/// The core Group schema.
pub static GROUP_SCHEMA: Schema = Schema {
    id: GROUP_URN,
    name: "Group",
    description: "Group of users and groups.",
    attributes: &[
        Attribute::string("displayName", "The name of the group.")
            .required()
            .at_most(KEY_LENGTH_MAX)
            .unique(Uniqueness::Server),
        MEMBERS,
    ],
};
