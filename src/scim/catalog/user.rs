//! User and Enterprise User (RFC 7643 §4.1, §4.3).
//!
//! Texts that vary from client to client (country, locale, time zone) have no check beyond type
//! and length, since some clients send names where codes belong (C41).

use crate::scim::schema::{
    Attribute, Extension, KEY_LENGTH_MAX, LONG_LENGTH_MAX, Schema, Uniqueness,
};

/// URN of the core User schema.
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the enterprise extension.
pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const NAME: &[Attribute] = &[
    Attribute::string("formatted", "The full name, ready to be shown."),
    Attribute::string("familyName", "The family name."),
    Attribute::string("givenName", "The given name."),
    Attribute::string("middleName", "The middle names."),
    Attribute::string("honorificPrefix", "What stands before the name, such as Dr."),
    Attribute::string("honorificSuffix", "What stands after the name, such as III."),
];

const DISPLAY: Attribute = Attribute::string("display", "A text for people.");
const PRIMARY: Attribute = Attribute::boolean("primary", "Whether this is the preferred one.");

const fn label(values: &'static [&'static str]) -> Attribute {
    Attribute::string("type", "What it is used for.").canonical(values)
}

const EMAILS: &[Attribute] = &[
    Attribute::string("value", "The e-mail address.").at_most(KEY_LENGTH_MAX),
    DISPLAY,
    label(&["work", "home", "other"]),
    PRIMARY,
];

const PHONES: &[Attribute] = &[
    Attribute::string("value", "The phone number."),
    DISPLAY,
    label(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

const IMS: &[Attribute] = &[
    Attribute::string("value", "The address of the messenger."),
    DISPLAY,
    label(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

const PHOTOS: &[Attribute] = &[
    Attribute::reference("value", "The URL of the picture.", &["external"])
        .at_most(LONG_LENGTH_MAX),
    DISPLAY,
    label(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESSES: &[Attribute] = &[
    Attribute::string("formatted", "The full address, ready to be shown."),
    Attribute::string("streetAddress", "Street and number."),
    Attribute::string("locality", "City."),
    Attribute::string("region", "State or region."),
    Attribute::string("postalCode", "Postal code."),
    Attribute::string("country", "Country."),
    label(&["work", "home", "other"]),
    PRIMARY,
];

const GROUPS: &[Attribute] = &[
    Attribute::string("value", "The id of the group.").exact().read_only(),
    Attribute::reference("$ref", "The URL of the group.", &["Group"]).read_only(),
    Attribute::string("display", "The name of the group.").read_only(),
    Attribute::string("type", "Whether the user is a member itself.")
        .canonical(&["direct", "indirect"])
        .read_only(),
];

const PLAIN: &[Attribute] = &[
    Attribute::string("value", "The value."),
    DISPLAY,
    Attribute::string("type", "What it is used for."),
    PRIMARY,
];

const CERTIFICATES: &[Attribute] = &[
    Attribute::binary("value", "The certificate, DER in base64."),
    DISPLAY,
    Attribute::string("type", "What it is used for."),
    PRIMARY,
];

/// The core attributes of a User, for resource types that are put together elsewhere.
pub const USER_ATTRIBUTES: &[Attribute] = &[
    Attribute::string("userName", "The name by which the client knows the user.")
        .required()
        .at_most(KEY_LENGTH_MAX)
        .unique(Uniqueness::Server),
    Attribute::complex("name", "The parts of the real name.", NAME),
    Attribute::string("displayName", "The name to be shown.").at_most(KEY_LENGTH_MAX),
    Attribute::string("nickName", "The casual name."),
    Attribute::reference("profileUrl", "The URL of a profile page.", &["external"]),
    Attribute::string("title", "The job title."),
    Attribute::string("userType", "How user and organization are related."),
    Attribute::string("preferredLanguage", "The preferred languages."),
    Attribute::string("locale", "The locale for numbers and dates."),
    Attribute::string("timezone", "The time zone."),
    Attribute::boolean("active", "Whether the user may sign in."),
    Attribute::string("password", "Accepted and discarded.").exact().write_only(),
    Attribute::complex("emails", "E-mail addresses.", EMAILS).multi(),
    Attribute::complex("phoneNumbers", "Phone numbers.", PHONES).multi(),
    Attribute::complex("ims", "Messenger addresses.", IMS).multi(),
    Attribute::complex("photos", "Pictures.", PHOTOS).multi(),
    Attribute::complex("addresses", "Postal addresses.", ADDRESSES).multi(),
    Attribute::complex("groups", "The groups of the user.", GROUPS).multi().read_only(),
    Attribute::complex("entitlements", "Entitlements.", PLAIN).multi(),
    Attribute::complex("roles", "Roles.", PLAIN).multi(),
    Attribute::complex("x509Certificates", "Certificates.", CERTIFICATES).multi(),
];

/// The core User schema.
pub static USER_SCHEMA: Schema = Schema {
    id: USER_URN,
    name: "User",
    description: "User account.",
    attributes: USER_ATTRIBUTES,
};

const MANAGER: &[Attribute] = &[
    Attribute::string("value", "The id of the manager.").exact().at_most(KEY_LENGTH_MAX),
    Attribute::reference("$ref", "The URL of the manager.", &["User"]),
    Attribute::string("displayName", "The name of the manager.").read_only(),
];

/// The Enterprise User extension.
pub static ENTERPRISE: Schema = Schema {
    id: ENTERPRISE_URN,
    name: "Enterprise User",
    description: "What an enterprise knows about a user.",
    attributes: &[
        Attribute::string("employeeNumber", "The number of the employee."),
        Attribute::string("costCenter", "The cost center."),
        Attribute::string("organization", "The organization."),
        Attribute::string("division", "The division."),
        Attribute::string("department", "The department."),
        Attribute::complex("manager", "The manager of the user.", MANAGER),
    ],
};

pub(super) const EXTENSIONS: &[Extension] = &[Extension { schema: &ENTERPRISE, required: false }];
