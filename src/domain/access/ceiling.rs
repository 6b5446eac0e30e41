//! The ceiling of a directory: its facts give no role that may do more than a role of the ceiling.

use std::collections::BTreeSet;

use super::RoleTable;
use crate::domain::platform::{PermissionSet, RoleIndex};

/// The roles that lie under a ceiling of these roles: each has no permission that some one of them
/// lacks. A role that is gone from the platform holds nothing up.
#[must_use]
pub fn roles_under(roles: &RoleTable, ceiling: &[String]) -> BTreeSet<RoleIndex> {
    let named = ceiling.iter().filter_map(|key| roles.role(roles.index(key)?));
    let tops: Vec<&PermissionSet> = named.map(|role| &role.permissions).collect();
    roles
        .iter()
        .filter(|(_, role)| tops.iter().any(|top| role.permissions.is_subset(top)))
        .map(|(index, _)| index)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::platform::{Definition, preset};

    fn under(ceiling: &[&str]) -> Vec<String> {
        let text = preset("field-vision").unwrap();
        let definition = Arc::new(Definition::parse(text, "field-vision").unwrap());
        let roles = RoleTable::new(definition, Vec::new());
        let ceiling: Vec<String> = ceiling.iter().map(|key| (*key).to_owned()).collect();
        let under = roles_under(&roles, &ceiling);
        under.into_iter().map(|role| roles.key(role).to_owned()).collect()
    }

    #[test]
    fn a_role_lies_under_one_that_may_do_all_that_it_may() {
        assert!(under(&["org-admin"]).contains(&"field-worker".to_owned()));
        let workers = under(&["field-worker"]);
        assert!(workers.contains(&"field-worker".to_owned()));
        assert!(!workers.contains(&"org-admin".to_owned()));
        assert!(!workers.contains(&"operation-manager".to_owned()));
    }

    #[test]
    fn several_roles_hold_up_what_lies_under_one_of_them_and_a_role_that_is_gone_nothing() {
        let both = under(&["field-worker", "auditor"]);
        for role in ["field-worker", "auditor"] {
            assert!(under(&[role]).iter().all(|one| both.contains(one)), "{role}");
        }
        assert_eq!(under(&["former-role"]), Vec::<String>::new());
    }
}
