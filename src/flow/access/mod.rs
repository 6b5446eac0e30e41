//! Access: grants that rules give in the write that changed a fact, and decisions from memory.
//!
//! Every write of facts holds the organization's rule set with others, every edit of rules or
//! resources holds it alone; users are held in the order of their ids, and only then facts are
//! read. What would touch very many users commits its losses and leaves the gains to a job.

mod apply;
mod assigned;
mod changed;
mod edited;
pub mod feed;
mod hold;
mod job;
mod keeping;
pub mod live;
mod person;
mod platform;
mod preview;
mod preview_roles;
mod rules;
mod seen;
mod within;

pub use apply::EVALUATED_AT_ONCE;
pub(super) use apply::{Held, held, shown};
pub use assigned::may_still_assign;
pub(super) use changed::tell_vacancies;
pub use changed::{
    Fact, FactChange, WIDE_USERS, facts_changed, members_changed, resources_changed,
};
pub use edited::{ceiling_changed, is_ceiling, roles_changed, rules_changed};
pub use hold::{hold_rules, hold_rules_alone, insist_on_rules_alone};
pub use job::{JOB, Step, USERS_AT_ONCE, failed, step};
pub use person::{attributes_changed, user_came};
pub use platform::platform_started;
pub use preview::{Previewed, preview};
pub use preview_roles::{Candidate, preview_platform, preview_role};
pub use rules::{Rules, ceilings, draft, own, roles};
pub use within::users_within;

/// The event that tells what a user gained and lost.
pub const ACCESS_CHANGED: &str = "user.access_changed";
