//! Connections as they are sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::connection_saml::{Beside, Saml};
use crate::app::App;
use crate::domain::connection as domain;
use crate::flow::connection::{LinkSent, OidcSent, Sent};
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
    /// Not offered yet: `{"enabled": false}` or nothing.
    #[schema(value_type = Option<Object>)]
    jit: Option<Value>,
    /// Not offered yet.
    #[schema(value_type = Option<Object>)]
    rule_claims: Option<Value>,
    /// Whether people may begin at a SAML provider; no, unless said.
    #[serde(default, deserialize_with = "kept")]
    allow_idp_initiated: Option<bool>,
    /// Where those who begin at the provider go: a path of this host; `null` for the usual one.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    idp_initiated_target: Option<Option<String>>,
    /// Not offered yet.
    #[schema(value_type = Option<Object>)]
    trace_until: Option<Value>,
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
    /// Not offered yet: `{"enabled": false}` or nothing.
    #[schema(value_type = Option<Object>)]
    jit: Option<Value>,
    /// Not offered yet.
    #[schema(value_type = Option<Object>)]
    rule_claims: Option<Value>,
    /// Whether people may begin at a SAML provider; no, unless said.
    #[serde(default, deserialize_with = "kept")]
    allow_idp_initiated: Option<bool>,
    /// Where those who begin at the provider go: a path of this host; `null` for the usual one.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    idp_initiated_target: Option<Option<String>>,
    /// Not offered yet.
    #[schema(value_type = Option<Object>)]
    trace_until: Option<Value>,
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
    /// Our client secret there; it is sealed and never shown.
    #[serde(default, deserialize_with = "kept")]
    client_secret: Option<String>,
    /// The secret to come: tried when the present one is refused.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    next_client_secret: Option<Option<String>>,
    /// `basic` (unless said) or `post`.
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
}

/// Notes options that are known and not offered yet: they would be kept without effect.
macro_rules! check_offered {
    ($sent:expr, $fields:expr) => {
        let is_off = |value: &Value| value.get("enabled") == Some(&Value::Bool(false));
        let present = [
            ("/jit", $sent.jit.as_ref().is_some_and(|jit| !is_off(jit))),
            ("/rule_claims", $sent.rule_claims.as_ref().is_some_and(|sent| !is_empty(sent))),
            ("/trace_until", $sent.trace_until.is_some()),
        ];
        for (pointer, _) in present.into_iter().filter(|(_, sent)| *sent) {
            $fields.wrong(pointer, "not-offered", "This is not offered yet: leave it out.");
        }
    };
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

impl New {
    /// What was sent, for the flow; what is to be fetched is fetched.
    ///
    /// # Errors
    /// 422 for kinds and options that are not offered, and for metadata that cannot be read.
    pub async fn sent(self, app: &App) -> Result<Sent, Problem> {
        let mut fields = Fields::new();
        check_offered!(self, fields);
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
    /// What was sent, for the flow; what is to be fetched is fetched.
    ///
    /// # Errors
    /// 422 for options that are not offered, and for metadata that cannot be read.
    pub async fn sent(self, app: &App, present: &domain::Connection) -> Result<Sent, Problem> {
        let mut fields = Fields::new();
        check_offered!(self, fields);
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
        }
    }
}
