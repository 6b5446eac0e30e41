//! Provisioning: what the client of a directory writes and reads over SCIM.
//!
//! Each write is one transaction: it locks the row, decides by the engine, writes the document and
//! membership rows, records what happened and lets access follow. Lock order: the rule set, groups
//! by id, users by id.

pub(in crate::flow) mod adopt;
pub(in crate::flow) mod brake;
pub mod bulk;
pub mod credential;
pub mod group;
pub mod held;
pub mod journal;
pub mod limit;
mod members;
mod named;
mod nesting;
mod pending;
pub mod search;
pub mod user;
pub mod user_batch;

use super::problem::Problem;
use crate::domain::directory::{OnProvision, Profile, UnknownMembers};
use crate::domain::id::DirectoryId;
use crate::domain::time::Timestamp;
use crate::scim::{Dialect, ScimError};
use crate::store::StoreError;

/// The client of a directory: where it writes, and whose habits it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its directory.
    pub directory: DirectoryId,
    /// Its habits.
    pub dialect: Dialect,
    /// What becomes of members that the directory does not have.
    pub unknown_members: UnknownMembers,
    /// What becomes of users whom it brings.
    pub on_provision: OnProvision,
}

/// The habits that a profile names.
#[must_use]
pub const fn dialect(profile: Profile) -> Dialect {
    match profile {
        Profile::Strict => Dialect::Strict,
        Profile::Generic => Dialect::Generic,
        Profile::Entra => Dialect::Entra,
        Profile::Okta => Dialect::Okta,
    }
}

/// Which versions a conditional write accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Whatever stands.
    #[default]
    Any,
    /// One of these.
    OneOf(Vec<i64>),
}

impl Expected {
    /// Reads the entity tags of a condition, with commas between; weak and strong ones are alike,
    /// and what is no version of ours matches nothing (C147).
    #[must_use]
    pub fn of_tags<'a>(lists: impl IntoIterator<Item = &'a str>) -> Self {
        let mut versions = Vec::new();
        for tag in lists.into_iter().flat_map(|list| list.split(',')).map(str::trim) {
            if tag == "*" {
                return Self::Any;
            }
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            versions.extend(inner.and_then(|text| text.parse::<i64>().ok()));
        }
        Self::OneOf(versions)
    }

    /// Refuses a version that the caller did not expect; it is asked under the row's lock.
    ///
    /// # Errors
    /// 412 (C106, C147).
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        match self {
            Self::OneOf(versions) if !versions.contains(&version) => {
                Err(ScimError::precondition_failed().into())
            }
            _ => Ok(()),
        }
    }
}

/// The instant of a change: the work's, but always after the change before it.
fn after(before: Timestamp, at: Timestamp) -> Timestamp {
    at.max(Timestamp(before.0.saturating_add(1)))
}

/// A taken key as SCIM says it, naming an attribute that the client can filter by (E5).
fn uniqueness(error: StoreError) -> Problem {
    let StoreError::Unique(key) = &error else { return error.into() };
    let (noun, attribute) = match key.0 {
        "users_user_name_key" => ("user", "userName"),
        "users_external_id_key" => ("user", "externalId"),
        "groups_display_name_key" => ("group", "displayName"),
        "groups_external_id_key" => ("group", "externalId"),
        _ => return error.into(),
    };
    ScimError::uniqueness(format!("Another {noun} of this directory has this {attribute}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_comes_after_the_one_before_even_when_the_clock_stands() {
        assert_eq!(after(Timestamp(5), Timestamp(9)), Timestamp(9));
        assert_eq!(after(Timestamp(9), Timestamp(9)), Timestamp(10));
        assert_eq!(after(Timestamp(12), Timestamp(9)), Timestamp(13));
    }

    #[test]
    fn a_version_that_nobody_expected_is_refused_c106() {
        assert!(Expected::Any.check(3).is_ok());
        assert!(Expected::OneOf(vec![2, 3]).check(3).is_ok());
        let refused = Expected::OneOf(vec![2]).check(3).unwrap_err();
        assert_eq!(refused.code.status(), 412);
    }
}
