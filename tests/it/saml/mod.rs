//! SAML: the corpus of messages by independent signers, and what bounds the work on them.

mod beside;
mod bounds;
mod case;
mod connection;
mod corpus;
mod logout;
mod pinned;
mod register;
mod rig;
mod second;
mod sign_in;
mod simplesamlphp;
mod trace;
