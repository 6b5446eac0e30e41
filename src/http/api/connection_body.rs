//! Connections as they are sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::connection_saml::{Beside, Saml};
use crate::app::App;
use crate::domain::connection as domain;
use crate::flow::connection::{JitSent, LinkSent, OidcSent, Sent};
use crate::flow::fields::Fields;
use crate::flow::problem::Problem;
use crate::http::extract::{clearable, kept};

/// A new connection.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConnection)]
pub struct New {
    /// What people call it, 1 to 200 characters.
    name: String,
    /// `oidc` or `saml`.
    kind: String,
    /// `draft`, `active` (unless said) or `disabled`.
    status: Option<String>,
    /// `entra`, `okta`, `google` or `generic` (unless said).
    provider: Option<String>,
    /// The directory whose users it signs in; the only one unless said.
    directory_id: Option<String>,
    /// How a subject finds its user.
    link: Option<Link>,
    /// Ids of domains that it may vouch for, once they are verified.
    domains: Option<Vec<String>>,
    /// Which claim holds what we know under a name of ours: `email`.
    claims: Option<BTreeMap<String, String>>,
    /// Whether guests of the provider's tenant may sign in; no, unless said.
    guests_allowed: Option<bool>,
    /// The tenant that a token must name: Entra's `tid`, Google's `hd`.
    tenant_id: Option<String>,
    /// The OpenID provider.
    oidc: Option<Oidc>,
    /// Whether people whom nobody brought are made at their first sign-in; no, unless said.
    jit: Option<Jit>,
    /// Claims that mapping rules read as `claims.<name>`, at most 20.
    rule_claims: Option<Vec<String>>,
    /// Whether people may begin at a SAML provider; no, unless said.
    #[serde(default, deserialize_with = "kept")]
    allow_idp_initiated: Option<bool>,
    /// Where those who begin at the provider go: a path of this host; `null` for the usual one.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    idp_initiated_target: Option<Option<String>>,
    /// Until when what sign-ins bring is kept readable, sealed, as RFC 3339: 24 hours ahead at
    /// most.
    trace_until: Option<String>,
    /// The SAML provider.
    #[serde(default, deserialize_with = "kept")]
    saml: Option<Saml>,
}

/// A change as a JSON Merge Patch: what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionChange)]
pub struct Change {
    /// What people call it.
    #[serde(default, deserialize_with = "kept")]
    name: Option<String>,
    /// `draft`, `active` or `disabled`.
    #[serde(default, deserialize_with = "kept")]
    status: Option<String>,
    /// `entra`, `okta`, `google` or `generic`.
    #[serde(default, deserialize_with = "kept")]
    provider: Option<String>,
    /// The directory whose users it signs in; `null` for none.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    directory_id: Option<Option<String>>,
    /// How a subject finds its user.
    #[serde(default, deserialize_with = "kept")]
    link: Option<Link>,
    /// Ids of domains that it may vouch for.
    #[serde(default, deserialize_with = "kept")]
    domains: Option<Vec<String>>,
    /// Which claim holds what we know under a name of ours.
    #[serde(default, deserialize_with = "kept")]
    claims: Option<BTreeMap<String, String>>,
    /// Whether guests of the provider's tenant may sign in.
    #[serde(default, deserialize_with = "kept")]
    guests_allowed: Option<bool>,
    /// The tenant that a token must name; `null` for any.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    tenant_id: Option<Option<String>>,
    /// The OpenID provider.
    #[serde(default, deserialize_with = "kept")]
    oidc: Option<Oidc>,
    /// Whether people whom nobody brought are made at their first sign-in.
    #[serde(default, deserialize_with = "kept")]
    jit: Option<Jit>,
    /// Claims that mapping rules read as `claims.<name>`, at most 20.
    #[serde(default, deserialize_with = "kept")]
    rule_claims: Option<Vec<String>>,
    /// Whether people may begin at a SAML provider; no, unless said.
    #[serde(default, deserialize_with = "kept")]
    allow_idp_initiated: Option<bool>,
    /// Where those who begin at the provider go: a path of this host; `null` for the usual one.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    idp_initiated_target: Option<Option<String>>,
    /// Until when what sign-ins bring is kept readable; `null` for not at all.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    trace_until: Option<Option<String>>,
    /// The SAML provider.
    #[serde(default, deserialize_with = "kept")]
    saml: Option<Saml>,
}

/// How a subject finds its user.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionLink)]
pub struct Link {
    /// The claim: `sub` unless said, for Entra `oid`.
    pub(super) claim: Option<String>,
    /// `external_id` (unless said), `user_name` or `id`.
    pub(super) scim: Option<String>,
}

/// Whether people whom nobody brought are made at their first sign-in.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionJit)]
pub struct Jit {
    /// Whether they are: only with an e-mail in a verified domain.
    #[serde(default, deserialize_with = "kept")]
    pub(super) enabled: Option<bool>,
    /// The role for the whole organization of those to whom rules give nothing; without one they
    /// are refused.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    pub(super) default_role: Option<Option<String>>,
}

/// The OpenID provider and our place there.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionOidc)]
struct Oidc {
    /// The issuer, exactly as its discovery document says it.
    #[serde(default, deserialize_with = "kept")]
    issuer: Option<String>,
    /// Our client id there.
    #[serde(default, deserialize_with = "kept")]
    client_id: Option<String>,
    /// Our client secret there; it is sealed and never shown. For `private_key_jwt` a private key
    /// as PEM, its certificate behind it where the provider knows that; left out, we make a key.
    #[serde(default, deserialize_with = "kept")]
    client_secret: Option<String>,
    /// The secret to come: tried when the present one is refused.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    next_client_secret: Option<Option<String>>,
    /// `basic` (unless said), `post` or `private_key_jwt`.
    #[serde(default, deserialize_with = "kept")]
    auth: Option<String>,
    /// What is asked for: `openid`, `email`, `profile` unless said.
    #[serde(default, deserialize_with = "kept")]
    scopes: Option<Vec<String>>,
    /// When the provider forgets the secret, as RFC 3339.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    secret_expires_at: Option<Option<String>>,
    /// Leeway on the times of a token in seconds: 0 to 300, 60 unless said.
    #[serde(default, deserialize_with = "kept")]
    leeway_s: Option<i64>,
    /// For whom the assertions of `private_key_jwt` are: `token_endpoint` (unless said), `issuer`.
    #[serde(default, deserialize_with = "kept")]
    assertion_audience: Option<String>,
}

impl New {
    /// The role that newcomers are to have, if one is said.
    pub fn default_role(&self) -> Option<&str> {
        self.jit.as_ref().and_then(Jit::default_role)
    }

    /// What was sent, for the flow; what is to be fetched is fetched.
    ///
    /// # Errors
    /// 422 for kinds and options that are not offered, and for metadata that cannot be read.
    pub async fn sent(self, app: &App) -> Result<Sent, Problem> {
        let mut fields = Fields::new();
        let saml = self.kind == "saml";
        match self.kind.as_str() {
            "oidc" => idp_initiated_is_off(&mut fields, self.allow_idp_initiated),
            "saml" => {}
            _ => fields.wrong("/kind", "value", "kind is `oidc` or `saml`."),
        }
        let (needs, lacks, other) = match saml {
            true => ("/saml", self.saml.is_none(), ("/oidc", self.oidc.is_some())),
            false => ("/oidc", self.oidc.is_none(), ("/saml", self.saml.is_some())),
        };
        if lacks {
            let detail = format!("A connection of kind `{}` needs this.", self.kind);
            fields.wrong(needs, "required", detail);
        }
        if other.1 {
            fields.wrong(other.0, "value", "This belongs to another kind of connection.");
        }
        fields.done()?;
        let beside = Beside {
            allow_idp_initiated: self.allow_idp_initiated,
            idp_initiated_target: self.idp_initiated_target,
            present: None,
            name: self.name.clone(),
        };
        Ok(Sent {
            name: Some(self.name),
            status: self.status,
            provider: self.provider,
            directory_id: self.directory_id.map(Some),
            link: self.link.map(Link::sent),
            domains: self.domains,
            claims: self.claims,
            guests_allowed: self.guests_allowed,
            tenant_id: self.tenant_id.map(Some),
            jit: self.jit.map(Jit::sent),
            rule_claims: self.rule_claims,
            trace_until: self.trace_until.map(Some),
            oidc: self.oidc.map(Oidc::sent),
            saml: match self.saml {
                Some(saml) => Some(saml.sent(app, beside).await?),
                None => None,
            },
        })
    }
}

/// People begin at a provider without being asked here by SAML alone (K3).
fn idp_initiated_is_off(fields: &mut Fields, sent: Option<bool>) {
    if sent == Some(true) {
        let detail = "Only SAML has this; give the provider our `start_url` as a bookmark.";
        fields.wrong("/allow_idp_initiated", "not-offered", detail);
    }
}

impl Change {
    /// The role that newcomers are to have, if one is said.
    pub fn default_role(&self) -> Option<&str> {
        self.jit.as_ref().and_then(Jit::default_role)
    }

    /// What was sent, for the flow; what is to be fetched is fetched.
    ///
    /// # Errors
    /// 422 for options that are not offered, and for metadata that cannot be read.
    pub async fn sent(self, app: &App, present: &domain::Connection) -> Result<Sent, Problem> {
        let mut fields = Fields::new();
        let configured = present.settings.saml.clone();
        if configured.is_none() {
            idp_initiated_is_off(&mut fields, self.allow_idp_initiated);
            if self.saml.is_some() {
                fields.wrong("/saml", "value", "This connection speaks OpenID Connect.");
            }
        }
        fields.done()?;
        let touched = self.saml.is_some()
            || self.allow_idp_initiated.is_some()
            || self.idp_initiated_target.is_some();
        let beside = Beside {
            allow_idp_initiated: self.allow_idp_initiated,
            idp_initiated_target: self.idp_initiated_target,
            present: configured.clone(),
            name: String::new(),
        };
        let saml = match (configured, touched) {
            (Some(_), true) => Some(self.saml.unwrap_or_default().sent(app, beside).await?),
            _ => None,
        };
        Ok(Sent {
            name: self.name,
            status: self.status,
            provider: self.provider,
            directory_id: self.directory_id,
            link: self.link.map(Link::sent),
            domains: self.domains,
            claims: self.claims,
            guests_allowed: self.guests_allowed,
            tenant_id: self.tenant_id,
            jit: self.jit.map(Jit::sent),
            rule_claims: self.rule_claims,
            trace_until: self.trace_until,
            oidc: self.oidc.map(Oidc::sent),
            saml,
        })
    }
}

impl Link {
    fn sent(self) -> LinkSent {
        LinkSent { claim: self.claim, scim: self.scim }
    }
}

impl Oidc {
    fn sent(self) -> OidcSent {
        OidcSent {
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret: self.client_secret,
            next_client_secret: self.next_client_secret,
            auth: self.auth,
            scopes: self.scopes,
            secret_expires_at: self.secret_expires_at,
            leeway_s: self.leeway_s,
            assertion_audience: self.assertion_audience,
        }
    }
}

impl Jit {
    fn sent(self) -> JitSent {
        JitSent { enabled: self.enabled, default_role: self.default_role }
    }

    fn default_role(&self) -> Option<&str> {
        self.default_role.as_ref()?.as_deref()
    }
}
