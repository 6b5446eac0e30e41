//! SAML: what is configured of a provider, what a verified assertion says, and why it may not
//! count.
//!
//! Keys that verify come from here, never from a message (G9). Nothing here reads XML.

pub mod fault;
pub mod identity;
pub mod judge;
pub mod key;
pub mod message;
pub mod result;

use serde::{Deserialize, Serialize};

/// Longest entity id, in characters (SDP-G04).
pub const ENTITY_ID_MAX: usize = 256;
/// Certificates of a provider, at most.
pub const CERTIFICATES_MAX: usize = 10;
/// Classes of authentication that may be demanded.
pub const CONTEXTS_MAX: usize = 10;
/// How far clocks may differ, in seconds (SDP-G01).
pub const SKEW_S: i64 = 180;
/// How old a response or an assertion may be, in seconds (G25).
pub const AGE_MAX_S: i64 = 600;
/// The word for the NameID where a claim is named.
pub const NAME_ID: &str = "name_id";

/// What must be signed (G12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Require {
    /// The assertion.
    Assertion,
    /// The response.
    Response,
    /// Both.
    Both,
    /// One of them.
    #[default]
    Either,
}

impl Require {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assertion => "assertion",
            Self::Response => "response",
            Self::Both => "both",
            Self::Either => "either",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Assertion, Self::Response, Self::Both, Self::Either]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

/// How a request goes to the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// In the query of a redirect.
    #[default]
    Redirect,
    /// In a form that the browser sends.
    Post,
}

impl Binding {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Post => "post",
        }
    }
}

/// When a certificate ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// What it is called: SHA-256 of it, in hexadecimal.
    pub thumbprint: String,
    /// When, in microseconds.
    pub at: i64,
}

/// The SAML provider and what is asked of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saml {
    /// The provider, compared byte for byte.
    pub idp_entity_id: String,
    /// Where people sign in.
    pub sso_url: String,
    /// How requests go there.
    #[serde(default)]
    pub sso_binding: Binding,
    /// Where logouts go.
    #[serde(default)]
    pub slo_url: Option<String>,
    /// How they go there.
    #[serde(default)]
    pub slo_binding: Binding,
    /// Where answers to logouts go, if elsewhere.
    #[serde(default)]
    pub slo_response_url: Option<String>,
    /// Certificates whose keys verify, as DER in base64; each may be the one.
    pub certificates: Vec<String>,
    /// When they end: that is told ahead, and refuses nothing.
    #[serde(default)]
    pub certificate_ends: Vec<Ending>,
    /// Where the metadata is read from again.
    #[serde(default)]
    pub metadata_url: Option<String>,
    /// Certificates of which one must have signed the metadata, as DER in base64; none where TLS
    /// and the administrator vouch for it (G32).
    #[serde(default)]
    pub metadata_certificates: Vec<String>,
    /// When the metadata says that it ends.
    #[serde(default)]
    pub metadata_valid_until: Option<i64>,
    /// When the metadata is to be read again.
    #[serde(default)]
    pub metadata_due_at: Option<i64>,
    /// What must be signed.
    #[serde(default)]
    pub require: Require,
    /// Whether AES-CBC is taken although only the assertion is signed (G16).
    #[serde(default)]
    pub legacy_cbc: bool,
    /// Classes of authentication that are asked for and demanded.
    #[serde(default)]
    pub authn_context: Vec<String>,
    /// Whether requests are signed.
    #[serde(default)]
    pub sign_requests: bool,
    /// Whether people may begin at the provider (K3).
    #[serde(default)]
    pub allow_idp_initiated: bool,
    /// Where those go: a path of ours.
    #[serde(default)]
    pub idp_initiated_target: Option<String>,
}
