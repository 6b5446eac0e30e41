//! The management surface, one file a noun.

mod description;
mod directory;
mod domain;
mod event;
mod grant;
mod idempotency;
mod mapping_rule;
mod organization;
mod resource;
mod role;
mod user;
