//! The world: guarded HTTP, DNS, OpenID and SAML providers, mail, webhooks, and a SCIM client for
//! `portico simulate`.
//!
//! Nothing here is called while a transaction is open.

pub mod dns;
pub mod http;
pub mod mail;
pub mod oidc;
pub mod saml;
pub mod scim_client;
pub mod webhook;
