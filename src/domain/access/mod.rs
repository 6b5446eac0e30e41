//! Access: grants, the state of one organization in memory, decisions and their explanation.
//!
//! A decision is a pure function of a [`Snapshot`], a question and an instant;
//! nothing here reads a clock, a lock or a table. What gives access is a [`grant`]: a role, a
//! reach and a source. Who keeps snapshots fresh, and how, is not known here.

pub mod assign;
pub mod ceiling;
pub mod custom;
pub mod decision;
pub mod difference;
pub mod effective;
pub mod explain;
pub mod grant;
mod registry;
mod roles;
mod rows;
mod snapshot;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod table;

pub use decision::{Decision, Question, Reason, decide};
pub use registry::{Registry, ResourceIndex};
pub use roles::RoleTable;
pub use rows::{GrantRow, ResourceRow, UserRow};
pub use snapshot::{HeldGrant, HeldReach, Snapshot, User};
