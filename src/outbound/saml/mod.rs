//! SAML as a service provider sees it: what providers send is verified here, and what they are sent
//! is written here.
//!
//! The pipeline is ours; samael is used for one primitive, and nothing of libxml2 or xmlsec sees
//! bytes that the pre-flight has not passed. All of it is work on bytes: nothing here opens a
//! connection or reads a file. Metadata is fetched by the guarded client of [`super::http`].

pub mod certificate;
pub mod compose;
pub mod decrypt;
pub mod fetch;
pub mod keypair;
mod lexical;
pub mod logout;
pub mod metadata;
pub mod metadata_signature;
pub mod preflight;
mod read;
mod reader;
pub mod redirect;
mod shape;
pub mod sign;
mod signature;
mod signed;
pub mod sp_metadata;
pub mod trace;
mod tree;
pub mod verify;
mod wall;

pub use reader::Work;
pub use wall::Wall;

/// Who we are at a connection.
#[derive(Clone, Copy, Debug)]
pub struct Sp<'s> {
    /// Our entity id: the address of our metadata.
    pub entity_id: &'s str,
    /// Where answers come.
    pub acs_url: &'s str,
    /// Where logouts come.
    pub slo_url: &'s str,
}
