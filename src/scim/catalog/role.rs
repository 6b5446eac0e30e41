//! Role: what a client may name in the `roles` of its users (N7, K21).
//!
//! Read-only, since the platform defines its roles. The attributes are those of Okta's Role
//! resource; the URN is a setting, for the day on which the IETF's is agreed upon.

use crate::scim::schema::{Attribute, Schema};

/// URN of the Role schema unless it is set otherwise: the one that Okta asks for.
pub const ROLE_URN: &str = "urn:okta:scim:schemas:core:1.0:Role";

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("displayName", "The name of the role.").required().read_only(),
    Attribute::string("description", "What the role is for.").read_only(),
];

/// The Role schema under its usual URN.
pub static ROLE_SCHEMA: Schema = named(ROLE_URN);

/// The Role schema under another URN.
pub(super) const fn named(urn: &'static str) -> Schema {
    Schema { id: urn, name: "Role", description: "Role of the platform.", attributes: ATTRIBUTES }
}
