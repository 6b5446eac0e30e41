//! PATCH (RFC 7644 §3.5.2): read the message, apply it purely, all or nothing.
//!
//! [`parse`] checks the envelope and resolves every path. [`Patch::split_members`] takes the
//! membership changes of a group out, as deltas that never need the list of members. [`apply`]
//! turns one document into another; equal documents mean that nothing changed (C111).

mod apply;
mod element;
mod envelope;
mod member;
mod remove;

pub use apply::{COMPARISONS_MAX, apply};
pub use envelope::{OPERATIONS_MAX, PATCH_URN, parse};
pub use member::{MemberChange, MemberFilter};

use serde_json::Value;

use super::path::Path;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Adds to lists, sets the rest.
    Add,
    /// Unassigns.
    Remove,
    /// Sets.
    Replace,
}

/// One checked operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// Position in the message, from 1, for details.
    pub(super) number: usize,
    pub(super) action: Action,
    pub(super) path: Option<Path>,
    /// `Null` where none is needed.
    pub(super) value: Value,
}

/// A checked PATCH message.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub(super) operations: Vec<Operation>,
    pub(super) members: Vec<MemberChange>,
}

impl Patch {
    /// Parts the message into changes of the document and changes of the membership, in order.
    ///
    /// The two never touch the same thing, so either may be applied first.
    pub fn split_members(mut self) -> (Self, Vec<MemberChange>) {
        let members = std::mem::take(&mut self.members);
        (self, members)
    }

    /// Tells whether there is nothing to apply to the document.
    pub const fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// Splits a patch: see [`Patch::split_members`].
pub fn split_members(patch: Patch) -> (Patch, Vec<MemberChange>) {
    patch.split_members()
}

#[cfg(test)]
mod law_tests;
#[cfg(test)]
mod member_tests;
#[cfg(test)]
mod tests;
