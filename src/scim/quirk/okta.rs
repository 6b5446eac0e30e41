//! Habits of Okta. Its messages are regular; what differs is what it expects of a create.

use crate::scim::dialect::Dialect;

/// Tells whether a create that matches an inactive user of the directory on both userName and
/// externalId brings that user back instead of being a conflict (D13, K9).
pub const fn reactivates_on_create(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Okta)
}
