//! Portico: a SCIM 2.0 and SSO identity provisioning gateway.
//!
//! One crate, floors with the same nouns on each. Imports only go down:
//!
//! | floor | module | knows |
//! |---|---|---|
//! | 5 | [`cli`] | composes, parses the command line, exit codes |
//! | 4 | [`http`], [`worker`], [`app`] | requests in, outbox out, the built parts |
//! | 3 | [`flow`] | verbs: one transaction each |
//! | 2' | [`outbound`] | the world: OIDC and guarded HTTP |
//! | 2 | [`store`] | SQL, and nothing but SQL knows SQL |
//! | 1 | [`domain`] | our nouns and decisions; no I/O, no async |
//! | 0 | [`scim`] | RFC 7643 and RFC 7644 as a library |
//!
//! [`config`] and [`telemetry`] stand beside: settings raw to checked, and one line per request.

// Unit tests share the test database with the integration tests, which name this crate.
#[cfg(test)]
extern crate self as portico;

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod flow;
pub mod http;
pub mod outbound;
pub mod scim;
pub mod store;
pub mod telemetry;
pub mod worker;
