//! Our nouns and decisions: values and pure functions, no I/O, no async, no wall clock.
//!
//! What can be decided from values is decided here, and the flows call it. Nothing here knows
//! how it is stored or sent.

pub mod access;
pub mod actor;
pub mod announcement;
pub mod api_token;
pub mod asserted;
pub mod brake;
pub mod change;
pub mod client_key;
pub mod connection;
pub mod directory;
pub mod directory_client;
pub mod domain_name;
pub mod duplicate;
pub mod event;
pub mod exchange;
pub mod expiry;
pub mod group;
pub mod health;
pub mod id;
pub mod identity;
pub mod import;
pub mod invite;
pub mod language;
pub mod login;
pub mod logout;
pub mod mail;
pub mod mail_server;
pub mod mapping;
pub mod matrix;
pub mod nesting;
pub mod organization;
pub mod password;
pub mod platform;
pub mod refused_entry;
pub mod refused_words;
pub mod resource;
pub mod saml;
pub mod seal;
pub mod sealed;
pub mod secret;
pub mod session;
pub mod sign_in;
pub mod time;
pub mod tombstone;
pub mod user;
pub mod webhook;
