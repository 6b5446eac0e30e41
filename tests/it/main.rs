//! Integration tests: one binary that speaks to the system as a stranger would, over HTTP.
//!
//! Each test runs on SQLite and on PostgreSQL with a database of its own, made from a migrated
//! template. PostgreSQL's address comes from `PORTICO_TEST_POSTGRES`, which `make test` sets; a
//! test never skips it silently.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what tests share"
)]

#[macro_use]
mod support;

mod access;
mod api;
mod browser;
mod conformance;
mod docs;
mod fuzz;
mod harness;
mod peers;
mod people;
mod program;
mod raw;
mod routes;
mod saml;
mod scim;
mod simulate;
mod sso;
mod start;
mod store;
mod tls;
mod walk;
