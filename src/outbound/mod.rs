//! The world: guarded HTTP and OpenID providers.
//!
//! Nothing here is called while a transaction is open.

pub mod http;
pub mod oidc;
