//! The management surface, one file a noun.

mod directory;
mod domain;
mod organization;
