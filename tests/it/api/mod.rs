//! The management surface, one file a noun.

mod organization;
