//! The fields of a connection as they were sent: what is `None` was not, and stays.

use std::collections::BTreeMap;

use super::saml::SamlSent;

/// What was sent; what is `None` was not, and stays.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// What people call it.
    pub name: Option<String>,
    /// `draft`, `active` or `disabled`.
    pub status: Option<String>,
    /// `entra`, `okta`, `google` or `generic`.
    pub provider: Option<String>,
    /// The directory whose users it signs in; `Some(None)` for none.
    pub directory_id: Option<Option<String>>,
    /// How a subject finds its user.
    pub link: Option<LinkSent>,
    /// Domains that it may vouch for.
    pub domains: Option<Vec<String>>,
    /// Which claim holds what we know under a name of ours.
    pub claims: Option<BTreeMap<String, String>>,
    /// Whether guests of the provider's tenant may sign in.
    pub guests_allowed: Option<bool>,
    /// The tenant that a token must name.
    pub tenant_id: Option<Option<String>>,
    /// Whether people whom nobody brought are made at their first sign-in.
    pub jit: Option<JitSent>,
    /// Claims that mapping rules read, by our names.
    pub rule_claims: Option<Vec<String>>,
    /// Until when traces are kept; `Some(None)` for none.
    pub trace_until: Option<Option<String>>,
    /// The OpenID provider.
    pub oidc: Option<OidcSent>,
    /// The SAML provider.
    pub saml: Option<SamlSent>,
}

/// Whether people are made at their first sign-in, as it was sent.
#[derive(Clone, Debug, Default)]
pub struct JitSent {
    /// Whether they are.
    pub enabled: Option<bool>,
    /// The role of those to whom rules give nothing; `Some(None)` for none.
    pub default_role: Option<Option<String>>,
}

/// How a subject finds its user, as it was sent.
#[derive(Clone, Debug, Default)]
pub struct LinkSent {
    /// The claim.
    pub claim: Option<String>,
    /// `external_id`, `user_name` or `id`.
    pub scim: Option<String>,
}

/// The OpenID provider, as it was sent.
#[derive(Clone, Debug, Default)]
pub struct OidcSent {
    /// The issuer.
    pub issuer: Option<String>,
    /// Our name there.
    pub client_id: Option<String>,
    /// Our secret there.
    pub client_secret: Option<String>,
    /// The secret to come; `Some(None)` for none.
    pub next_client_secret: Option<Option<String>>,
    /// `basic` or `post`.
    pub auth: Option<String>,
    /// What is asked for.
    pub scopes: Option<Vec<String>>,
    /// When the provider forgets the secret; `Some(None)` for never.
    pub secret_expires_at: Option<Option<String>>,
    /// Leeway on the times of a token, in seconds.
    pub leeway_s: Option<i64>,
    /// `token_endpoint` or `issuer`.
    pub assertion_audience: Option<String>,
}
