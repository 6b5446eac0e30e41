//! A connection: one SSO source of an organization, here an OpenID provider.
//!
//! It names the provider (issuer, client), how its subjects are found among the users that a
//! directory brought (the link rule), and which e-mail domains it may vouch for. Client secrets
//! are kept sealed, never here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{ConnectionId, DirectoryId, DomainId, OrganizationId};
use super::saml::{NAME_ID, Saml};
use super::time::Timestamp;

/// Longest name, in characters.
pub const NAME_MAX: usize = 200;
/// Connections that an organization may have.
pub const CONNECTIONS_MAX: usize = 100;
/// Domains that a connection may list.
pub const DOMAINS_MAX: usize = 100;
/// Scopes that are asked for, at most.
pub const SCOPES_MAX: usize = 20;
/// Named claims, at most.
pub const CLAIMS_MAX: usize = 50;
/// Longest issuer, client id, client secret, scope or claim name, in bytes.
pub const TEXT_MAX: usize = 2048;
/// Leeway on the times of a token unless said, in seconds (R18).
pub const LEEWAY_S: i64 = 60;
/// Most leeway, in seconds (R18).
pub const LEEWAY_MAX_S: i64 = 300;
/// The scope without which there is no ID token.
pub const OPENID: &str = "openid";

/// Declares a closed set of words that are stored and shown.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$item])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// The word that is stored and shown.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                [$(Self::$variant),+].into_iter().find(|one| one.as_str() == text)
            }
        }
    };
}

words! {
    /// Whether people sign in with it.
    Status {
        /// Being set up: nobody signs in with it yet.
        Draft = "draft",
        /// As usual.
        Active = "active",
        /// Switched off: its sessions are over.
        Disabled = "disabled",
    }
}

words! {
    /// Whose habits are known.
    Provider {
        /// Microsoft Entra ID.
        Entra = "entra",
        /// Okta.
        Okta = "okta",
        /// Google Workspace.
        Google = "google",
        /// Any other.
        Generic = "generic",
    }
}

words! {
    /// Which SCIM attribute the link claim is compared with.
    ScimKey {
        /// `externalId`, byte for byte.
        ExternalId = "external_id",
        /// `userName`, whatever its letter case.
        UserName = "user_name",
        /// `id`: our user id.
        Id = "id",
    }
}

words! {
    /// What a connection speaks.
    Kind {
        /// OpenID Connect.
        Oidc = "oidc",
        /// SAML 2.0.
        Saml = "saml",
    }
}

words! {
    /// How we prove to the token endpoint who we are.
    ClientAuth {
        /// `client_secret_basic`.
        Basic = "basic",
        /// `client_secret_post`.
        Post = "post",
        /// `private_key_jwt`: a short assertion signed by our key (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
    }
}

words! {
    /// For whom our assertions are (R5).
    AssertionAudience {
        /// The endpoint that they are sent to.
        TokenEndpoint = "token_endpoint",
        /// The issuer.
        Issuer = "issuer",
    }
}

/// Whether a person whom nobody brought is made at her first sign-in (LI5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jit {
    /// Whether she is; no, where the directory is the source of truth.
    pub enabled: bool,
    /// The role for the whole organization of those to whom rules give nothing; without one they
    /// are refused.
    #[serde(default)]
    pub default_role: Option<String>,
}

/// How a subject finds its user at first sign-in (LI2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The claim.
    pub claim: String,
    /// The attribute that it is compared with.
    pub scim: ScimKey,
}

impl Link {
    /// The rule of a provider: Entra's `oid`, otherwise `sub`, is the directory's `externalId`.
    #[must_use]
    pub fn of(provider: Provider) -> Self {
        let claim = if provider == Provider::Entra { "oid" } else { "sub" };
        Self { claim: claim.to_owned(), scim: ScimKey::ExternalId }
    }

    /// The rule of SAML: the NameID is the directory's `externalId`.
    #[must_use]
    pub fn of_saml() -> Self {
        Self { claim: NAME_ID.to_owned(), scim: ScimKey::ExternalId }
    }
}

/// The OpenID provider and our place there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider, compared byte for byte.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// How we prove who we are.
    pub auth: ClientAuth,
    /// What is asked for, `openid` first.
    pub scopes: Vec<String>,
    /// When the provider forgets the secret, for a warning in time.
    pub secret_expires_at: Option<i64>,
    /// Leeway on the times of a token, in seconds.
    pub leeway_s: i64,
    /// For whom the assertions of `private_key_jwt` are.
    #[serde(default = "token_endpoint")]
    pub assertion_audience: AssertionAudience,
}

const fn token_endpoint() -> AssertionAudience {
    AssertionAudience::TokenEndpoint
}

impl Oidc {
    /// No OpenID provider: what a connection of another kind has.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            auth: ClientAuth::Basic,
            scopes: Vec::new(),
            secret_expires_at: None,
            leeway_s: LEEWAY_S,
            assertion_audience: AssertionAudience::TokenEndpoint,
        }
    }
}

/// What can be chosen for a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How a subject finds its user.
    pub link: Link,
    /// Which claim holds what we know under a name of ours: `email`.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// Whether guests of the provider's tenant may sign in (EN4).
    #[serde(default)]
    pub guests_allowed: bool,
    /// The tenant that a token must name: Entra's `tid`, Google's `hd`.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Whether people whom nobody brought are made at their first sign-in.
    #[serde(default)]
    pub jit: Jit,
    /// Claims that mapping rules read, by our names.
    #[serde(default)]
    pub rule_claims: Vec<String>,
    /// Until when what sign-ins bring is kept readable, sealed, for those who look for a fault.
    #[serde(default)]
    pub trace_until: Option<i64>,
    /// The OpenID provider; empty where the connection speaks SAML.
    pub oidc: Oidc,
    /// The SAML provider; `None` where the connection speaks OpenID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<Saml>,
}

/// One SSO source of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// Whether people sign in with it.
    pub status: Status,
    /// Whose habits are known.
    pub provider: Provider,
    /// The directory whose users it signs in.
    pub directory_id: Option<DirectoryId>,
    /// What was chosen.
    pub settings: Settings,
    /// [`Secrets`], sealed.
    pub secret: Option<Vec<u8>>,
    /// Domains that it may vouch for.
    pub domains: Vec<DomainId>,
    /// From which host the keys of the provider came last (R9).
    pub keys_host: Option<String>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What the token endpoint knows us by: the present secret and, while it changes, the next.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The present one.
    pub client_secret: String,
    /// The one to come, tried when the present one is refused (R5).
    pub next: Option<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// Google's one issuer serves all tenants (W1).
pub const GOOGLE: &str = "https://accounts.google.com";
/// Where Entra's issuers are.
pub const ENTRA: &str = "https://login.microsoftonline.com/";
/// Names that we know, and from which claims they come unless said.
pub const KNOWN_CLAIMS: [(&str, &str); 4] = [
    ("email", "email"),
    ("first_name", "given_name"),
    ("last_name", "family_name"),
    ("display_name", "name"),
];
/// Claims that rules may read of one connection.
pub const RULE_CLAIMS_MAX: usize = 20;
/// How long traces may be switched on ahead, in seconds (G30).
pub const TRACE_MAX_S: i64 = 24 * 3600;

/// Whether an issuer is one of Entra's that serve many tenants: its tokens name the tenant's own
/// issuer, so that a connection must pin the tenant (EN1).
#[must_use]
pub fn serves_many(issuer: &str) -> bool {
    let tenant = issuer.strip_prefix(ENTRA).and_then(|rest| rest.split('/').next());
    matches!(tenant, Some("organizations" | "common"))
}

/// Whether a text is a tenant's id as Entra gives them: a UUID with hyphens.
#[must_use]
pub fn is_tenant(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

impl Settings {
    /// What the connection speaks.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        if self.saml.is_some() { Kind::Saml } else { Kind::Oidc }
    }
}

impl Connection {
    /// What identities are bound to besides the tenant (LI12): who the provider is, and what names
    /// a person there.
    fn bound_to(&self) -> (&str, &str) {
        match &self.settings.saml {
            None => (&self.settings.oidc.issuer, self.subject_claim()),
            Some(saml) => {
                let subject = self.settings.claims.get("subject").map_or(NAME_ID, String::as_str);
                (&saml.idp_entity_id, subject)
            }
        }
    }

    /// The claim that names a person for good: Entra's `oid` is one for all its applications and is
    /// what its directory sends, `sub` anywhere else (EN2).
    #[must_use]
    pub fn subject_claim(&self) -> &'static str {
        let by_oid = self.provider == Provider::Entra && self.settings.link.claim != "sub";
        if by_oid { "oid" } else { "sub" }
    }

    /// The issuer of its tokens: of a provider that serves many tenants, the pinned tenant's (EN1).
    #[must_use]
    pub fn issuer(&self) -> String {
        let issuer = &self.settings.oidc.issuer;
        match &self.settings.tenant_id {
            Some(tenant) if serves_many(issuer) => {
                format!("{ENTRA}{}/v2.0", tenant.to_ascii_lowercase())
            }
            _ => issuer.clone(),
        }
    }

    /// The claim that holds the e-mail address.
    #[must_use]
    pub fn email_claim(&self) -> &str {
        self.claim("email")
    }

    /// The claim that holds what we know under a name of ours: as configured, as usual, or the
    /// claim of that very name.
    #[must_use]
    pub fn claim<'c>(&'c self, name: &'c str) -> &'c str {
        let usual = KNOWN_CLAIMS.iter().find(|(known, _)| *known == name);
        let usual = usual.map_or(name, |(_, claim)| claim);
        self.settings.claims.get(name).map_or(usual, String::as_str)
    }

    /// Whether traces are kept now.
    #[must_use]
    pub fn traces(&self, now: Timestamp) -> bool {
        self.settings.trace_until.is_some_and(|until| now.0 < until)
    }

    /// Whether identities hang on what differs between the two: they may not differ while there
    /// are any (LI12).
    #[must_use]
    pub fn rebinds(&self, changed: &Self) -> bool {
        self.bound_to() != changed.bound_to()
            || self.settings.tenant_id != changed.settings.tenant_id
    }
}
