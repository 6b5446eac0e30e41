//! What rules read of a person: her SCIM user with its extensions, her groups, her claims.
//!
//! The stored document is borrowed as it is; what it does not hold (`id`, `groups`, `claims`) is
//! a second layer in front of it. The table says what `when` and `each` may name.

use serde_json::{Map, Value};

use super::index::GroupFacts;
use crate::domain::id::{DirectoryId, UserId};
use crate::scim::ResourceType;
use crate::scim::catalog::{USER, USER_ATTRIBUTES, USER_URN};
use crate::scim::schema::{Attribute, Schema};

const GROUPS: &[Attribute] = &[
    Attribute::string("value", "The id of the group.").exact(),
    Attribute::string("display", "The name of the group."),
    Attribute::string("externalId", "The client's id of the group.").exact(),
];

/// What a profile has besides the attributes of a user; found before those of the same name.
const BESIDES: &[Attribute] = &[
    Attribute::string("id", "The id of the user.").exact(),
    Attribute::string("externalId", "The client's id of the user.").exact(),
    Attribute::complex("groups", "Direct and nested memberships.", GROUPS).multi(),
    Attribute::open("claims", "Claims of the last sign-in, each a list of texts."),
];

static SCHEMA: Schema = Schema {
    id: USER_URN,
    name: "Profile",
    description: "What mapping rules read of a user.",
    attributes: USER_ATTRIBUTES,
};

/// The table behind `when` and `each.attribute`. `meta` is not in it: access by the time of a
/// write would change with every write.
pub static PROFILE: ResourceType = ResourceType {
    name: "Profile",
    endpoint: "/Profiles",
    description: "What mapping rules read of a user.",
    schema: &SCHEMA,
    extensions: USER.extensions,
    common: BESIDES,
    finds_unprefixed: true,
};

/// One person as rules see her.
#[derive(Debug)]
pub struct Profile<'d> {
    /// The directory she belongs to; `None` for one who came by SSO alone.
    pub directory: Option<DirectoryId>,
    document: &'d Map<String, Value>,
    facts: Map<String, Value>,
}

impl<'d> Profile<'d> {
    /// A profile of a stored user document; without groups and claims until they are added.
    #[must_use]
    pub fn new(
        id: UserId,
        directory: Option<DirectoryId>,
        document: &'d Map<String, Value>,
    ) -> Self {
        let mut facts = Map::new();
        facts.insert("id".to_owned(), Value::String(id.to_string()));
        // An empty list hides whatever the document says: memberships are facts of their own.
        facts.insert("groups".to_owned(), Value::Array(Vec::new()));
        facts.insert("claims".to_owned(), Value::Object(Map::new()));
        Self { directory, document, facts }
    }

    /// With her groups, direct and nested.
    #[must_use]
    pub fn with_groups<'g>(mut self, groups: impl IntoIterator<Item = GroupFacts<'g>>) -> Self {
        let groups = groups.into_iter().map(|group| {
            let mut one = Map::new();
            one.insert("value".to_owned(), Value::from(group.value));
            one.insert("display".to_owned(), Value::from(group.display));
            if let Some(external_id) = group.external_id {
                one.insert("externalId".to_owned(), Value::from(external_id));
            }
            Value::Object(one)
        });
        self.facts.insert("groups".to_owned(), Value::Array(groups.collect()));
        self
    }

    /// With one claim of her last sign-in.
    #[must_use]
    pub fn with_claim<'c>(mut self, name: &str, values: impl IntoIterator<Item = &'c str>) -> Self {
        let values = Value::Array(values.into_iter().map(Value::from).collect());
        if let Some(claims) = self.facts.get_mut("claims").and_then(Value::as_object_mut) {
            claims.insert(name.to_owned(), values);
        }
        self
    }

    /// The layers in which attributes are looked up, in order.
    #[must_use]
    pub fn layers(&self) -> [&Map<String, Value>; 2] {
        [&self.facts, self.document]
    }
}
