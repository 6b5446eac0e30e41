//! Membership changes of a PATCH, in order and as deltas (C118, C119, S20).

use serde_json::{Value, json};

use super::Action;
use crate::scim::dialect::Notes;
use crate::scim::error::ScimError;
use crate::scim::member::{self, Member, MemberKind};
use crate::scim::path::{Selection, Target};
use crate::scim::schema::ResourceType;
use crate::scim::validate::has_members;

/// One step of a membership change. Adding who is there and removing who is not are no errors.
#[derive(Debug, Clone)]
pub enum MemberChange {
    /// These become members.
    Add(Vec<Member>),
    /// These ids stop being members.
    Remove(Vec<String>),
    /// Whoever satisfies the filter stops being a member; see [`MemberFilter`].
    RemoveMatching(MemberFilter),
    /// Nobody stays.
    Clear,
    /// Exactly these are members.
    Replace(Vec<Member>),
}

/// A filter over members that names more than ids.
#[derive(Debug, Clone)]
pub struct MemberFilter {
    selection: Box<Selection>,
}

impl MemberFilter {
    /// Tells whether a member with this id and display name is meant.
    pub fn matches(&self, kind: MemberKind, id: &str, display: Option<&str>) -> bool {
        self.selection.matches(&json!({ "value": id, "type": kind.as_str(), "display": display }))
    }
}

/// Tells whether a target is the list of members or lies within it.
pub(super) fn is_members(target: &Target, rt: &ResourceType) -> bool {
    has_members(rt) && target.extension.is_none() && target.attribute.name == "members"
}

/// Reads an operation whose path leads to the members.
pub(super) fn read(
    action: Action,
    target: &Target,
    value: Value,
    notes: &mut Notes,
) -> Result<Option<MemberChange>, ScimError> {
    if let Some(sub) = target.sub {
        return Err(ScimError::mutability(format!(
            "members.{} cannot change: remove the member and add another",
            sub.name
        )));
    }
    let Some(selection) = &target.selection else { return whole(action, value, notes) };
    if action != Action::Remove {
        return Err(ScimError::mutability("A member cannot change: remove it and add another"));
    }
    Ok(Some(match selection.alternatives("value") {
        Some(ids) => MemberChange::Remove(ids),
        None => MemberChange::RemoveMatching(MemberFilter { selection: selection.clone() }),
    }))
}

/// Reads an operation on the list as a whole. `remove` with a list removes the listed ones, and an
/// empty list removes nobody (C118, E14).
pub(super) fn whole(
    action: Action,
    value: Value,
    notes: &mut Notes,
) -> Result<Option<MemberChange>, ScimError> {
    if action == Action::Remove && value.is_null() {
        return Ok(Some(MemberChange::Clear));
    }
    let members = member::read(value, notes)?;
    Ok(match action {
        Action::Replace if members.is_empty() => Some(MemberChange::Clear),
        Action::Replace => Some(MemberChange::Replace(members)),
        _ if members.is_empty() => None,
        Action::Add => Some(MemberChange::Add(members)),
        Action::Remove => {
            Some(MemberChange::Remove(members.into_iter().map(|member| member.value).collect()))
        }
    })
}
