//! SQL, and nothing but SQL knows SQL.
//!
//! One text and one list of binds serve SQLite and PostgreSQL. [`Db`] holds the pools, [`Tx`] a
//! running transaction, [`Conn`] is either of them as a place where statements run, and [`Scope`]
//! adds the organization: it is the only way to reach an organization's tables, since it binds the
//! organization as `$1` of every statement. Every statement is a constant listed by [`sql!`].

/// Declares the statements of a file and lists them, so that a test can prepare each on both
/// engines.
macro_rules! sql {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$doc])* const $name: &str = $text;)+
        /// Every statement of this file, by name.
        #[cfg(test)]
        pub(in crate::store) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

/// Declares statements whose text differs by engine: literals, pairs of them in braces (PostgreSQL
/// first), and words that each stand for a text of [`dialect`]: `ids` (is one of the JSON array
/// `$2` of ids), `texts` (of texts), `given` (each of these ids, joined from here with what
/// follows), `pairs` (first and second of each pair of the JSON array `$4`), `groups` (the groups
/// of the user `u` as a JSON array of id, name and whether it is in others), `locked` (lock the
/// rows for a change), `leaving` (lock them to be removed).
macro_rules! sql_by_engine {
    ($($(#[$doc:meta])* $name:ident = [$($part:tt),+ $(,)?];)+) => {
        $($(#[$doc])* const $name: $crate::store::dialect::ByEngine =
            $crate::store::dialect::ByEngine {
                postgres: concat!($($crate::store::dialect::postgres!($part)),+),
                sqlite: concat!($($crate::store::dialect::sqlite!($part)),+),
            };)+
        /// Every statement of this file that differs by engine, by name.
        #[cfg(test)]
        pub(in crate::store) const BY_ENGINE: &[(&str, $crate::store::dialect::ByEngine)] =
            &[$((stringify!($name), $name)),+];
    };
}

mod db;
mod dialect;
mod error;
mod list;
mod migrate;
mod query;
mod scope;
#[cfg(test)]
mod statement;
mod statistics;
#[cfg(test)]
mod tests;
mod user_row;
mod writer;

pub mod access_settings;
pub mod api_token;
pub mod backup;
pub mod change;
pub mod claim;
pub mod client_token;
pub mod connection;
pub mod connection_end;
pub mod directory;
pub mod directory_client;
pub mod directory_removal;
pub mod directory_token;
pub mod domain;
pub mod duplicate;
pub mod event;
pub mod exchange;
pub mod expiry;
pub mod facts;
pub mod filter;
pub mod former_identity;
pub mod grant;
pub mod group;
pub mod guest;
pub mod health;
pub mod held_loss;
pub mod holder;
pub mod idempotency;
pub mod identity;
pub mod installation;
pub mod invite;
pub mod invite_batch;
pub mod invite_list;
pub mod lease;
pub mod licence;
pub mod login;
pub mod logout_token;
pub mod mail;
pub mod member;
pub mod nesting;
pub mod notice;
pub mod operator_token;
pub mod organization;
pub mod outbox;
pub mod owner;
pub mod password;
pub mod pending;
pub mod person;
pub mod place;
pub mod profile;
pub mod purge;
pub mod removal;
pub mod resource;
pub mod role;
pub mod rule;
pub mod rule_set;
pub mod saml;
pub mod saml_metadata;
pub mod sealed;
pub mod session;
pub mod sign_in;
pub mod sign_in_trace;
pub mod sub_user;
pub mod sweep;
pub mod tombstone;
pub mod unresolved;
pub mod user;
pub mod user_batch;
pub mod user_list;
pub mod way_in;
pub mod webhook;
pub mod webhook_delivery;
pub mod webhook_turn;

pub use db::{ACQUIRE_S, Conn, Db, OpenError, Options, Tx};
pub use error::{StoreError, UniqueKey};
pub use query::{Bind, Query, Record, statements};
pub use scope::Scope;
