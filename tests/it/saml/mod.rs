//! SAML: the corpus of messages by independent signers, and what bounds the work on them.

mod beside;
mod bounds;
mod case;
mod connection;
mod corpus;
mod leaver;
#[cfg(feature = "long")]
mod lemonldap;
mod logout;
mod pinned;
pub mod register;
mod rig;
mod second;
mod sign_in;
pub mod simplesamlphp;
mod trace;
