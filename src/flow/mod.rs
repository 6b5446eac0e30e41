//! Verbs: one transaction each.
//!
//! A flow loads, decides by pure functions, saves and records what happened. It never talks to the
//! world: handlers ask providers before, the worker speaks after commit.

pub mod access;
pub mod access_settings;
pub mod announcement;
pub mod api_token;
pub mod client_token;
pub mod condition;
pub mod connection;
pub mod directory;
pub mod directory_client;
pub mod directory_removal;
pub mod directory_token;
pub mod domain;
pub mod expiry;
pub mod fields;
pub mod grant;
pub mod idempotency;
pub mod identity;
pub mod installation;
pub mod invite;
pub mod licence;
pub mod logout;
pub mod mail;
pub mod mapping_rule;
pub mod noted;
pub mod operator_token;
pub mod operator_use;
pub mod organization;
pub mod password;
pub mod patience;
pub mod problem;
pub mod provision;
pub mod rekey;
pub mod request;
pub mod resource;
pub mod role;
pub mod runner;
pub mod saml;
pub mod saml_metadata;
pub mod session;
pub mod sign_in;
pub mod sub_user;
pub mod user;
pub mod webhook;
pub mod work;
