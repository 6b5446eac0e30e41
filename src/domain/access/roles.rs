//! The roles of one organization: the platform's, then the custom ones it made.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::platform::{Definition, Role, RoleIndex};

/// Roles by handle and by key, for one organization.
#[derive(Clone, Debug)]
pub struct RoleTable {
    definition: Arc<Definition>,
    custom: Vec<Role>,
    custom_keys: HashMap<String, RoleIndex>,
}

impl RoleTable {
    /// The platform's roles, followed by the custom ones of an organization.
    #[must_use]
    pub fn new(definition: Arc<Definition>, custom: Vec<Role>) -> Self {
        let first = definition.roles().len();
        let custom_keys = custom
            .iter()
            .enumerate()
            .filter_map(|(at, role)| {
                let index = u16::try_from(first + at).ok().map(RoleIndex)?;
                Some((role.key.clone(), index))
            })
            .collect();
        Self { definition, custom, custom_keys }
    }

    /// The platform definition behind it.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// The role behind a handle.
    #[must_use]
    pub fn role(&self, index: RoleIndex) -> Option<&Role> {
        let platform = self.definition.roles();
        platform
            .get(index.at())
            .or_else(|| self.custom.get(index.at().checked_sub(platform.len())?))
    }

    /// The handle of a role's key or alias.
    #[must_use]
    pub fn index(&self, key: &str) -> Option<RoleIndex> {
        self.definition.role_index(key).or_else(|| self.custom_keys.get(key).copied())
    }

    /// All roles with their handles, in display order, custom ones last.
    pub fn iter(&self) -> impl Iterator<Item = (RoleIndex, &Role)> {
        (0..).map(RoleIndex).zip(self.definition.roles().iter().chain(&self.custom))
    }

    /// The key of a role, or nothing when the handle is not of this table.
    #[must_use]
    pub fn key(&self, index: RoleIndex) -> &str {
        self.role(index).map(|role| role.key.as_str()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::platform::preset;

    #[test]
    fn custom_roles_follow_those_of_the_platform() {
        let text = preset("field-vision").unwrap();
        let definition = Arc::new(Definition::parse(text, "field-vision").unwrap());
        let auditor = definition.role(definition.role_index("auditor").unwrap()).unwrap();
        let custom = Role { key: "custom-a".to_owned(), custom: true, ..auditor.clone() };
        let roles = RoleTable::new(Arc::clone(&definition), vec![custom]);
        let index = roles.index("custom-a").unwrap();
        assert_eq!(index.at(), definition.roles().len());
        assert_eq!(roles.key(index), "custom-a");
        assert_eq!(roles.iter().last().unwrap().0, index);
        assert_eq!(roles.role(RoleIndex(u16::MAX)), None);
    }
}
