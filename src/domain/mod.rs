//! Our nouns and decisions: values and pure functions, no I/O, no async, no wall clock.
//!
//! What can be decided from values is decided here, and the flows call it. Nothing here knows
//! how it is stored or sent.

pub mod access;
pub mod actor;
pub mod event;
pub mod id;
pub mod platform;
pub mod resource;
pub mod secret;
pub mod time;
