//! RFC 7643 and RFC 7644 as a library: no SQL, no HTTP, no clock, no organizations.

pub mod error;
pub mod fold;
