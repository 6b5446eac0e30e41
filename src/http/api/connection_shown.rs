//! Connections and their journals as they are shown.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::connection_body::Link;
use super::connection_saml::ShownSaml;
use crate::app::App;
use crate::domain::connection as domain;
use crate::domain::sign_in::Entry;
use crate::domain::time::Timestamp;
use crate::http::sso;

/// A connection, without its secrets.
#[derive(Serialize, ToSchema)]
pub struct Connection {
    id: String,
    organization_id: String,
    name: String,
    /// `oidc` or `saml`.
    kind: &'static str,
    /// `draft`, `active` or `disabled`.
    status: &'static str,
    /// `entra`, `okta`, `google` or `generic`.
    provider: &'static str,
    directory_id: Option<String>,
    link: Link,
    domains: Vec<String>,
    claims: BTreeMap<String, String>,
    guests_allowed: bool,
    tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc: Option<ShownOidc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saml: Option<ShownSaml>,
    /// Whether people may begin at the provider.
    allow_idp_initiated: bool,
    /// Where those go.
    idp_initiated_target: Option<String>,
    /// Where a sign-in begins.
    start_url: String,
    /// What to register at an OpenID provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    /// Our entity id, to register at a SAML provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    sp_entity_id: Option<String>,
    /// Where a SAML provider sends its answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    acs_url: Option<String>,
    /// Our metadata, for a SAML provider to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_url: Option<String>,
    /// Where a SAML provider sends logouts.
    #[serde(skip_serializing_if = "Option::is_none")]
    slo_url: Option<String>,
    created_at: String,
    updated_at: String,
}

/// The OpenID provider and our place there, without the secrets.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownConnectionOidc)]
struct ShownOidc {
    issuer: String,
    client_id: String,
    /// `basic` or `post`.
    auth: &'static str,
    scopes: Vec<String>,
    secret_expires_at: Option<String>,
    leeway_s: i64,
}

impl Connection {
    /// A connection as it is shown.
    pub fn of(app: &App, from: domain::Connection) -> Self {
        let settings = from.settings;
        let kind = settings.kind();
        let url = |of: domain::Kind, end| (kind == of).then(|| sso::url(app, from.id, end));
        let begun_there = settings.saml.as_ref();
        Self {
            allow_idp_initiated: begun_there.is_some_and(|saml| saml.allow_idp_initiated),
            idp_initiated_target: begun_there.and_then(|saml| saml.idp_initiated_target.clone()),
            start_url: sso::url(app, from.id, "start"),
            redirect_uri: url(domain::Kind::Oidc, "callback"),
            sp_entity_id: url(domain::Kind::Saml, "metadata"),
            acs_url: url(domain::Kind::Saml, "acs"),
            metadata_url: url(domain::Kind::Saml, "metadata"),
            slo_url: url(domain::Kind::Saml, "slo"),
            id: from.id.to_string(),
            organization_id: from.organization_id.to_string(),
            name: from.name,
            kind: kind.as_str(),
            status: from.status.as_str(),
            provider: from.provider.as_str(),
            directory_id: from.directory_id.map(|id| id.to_string()),
            link: Link {
                claim: Some(settings.link.claim),
                scim: Some(settings.link.scim.as_str().to_owned()),
            },
            domains: from.domains.iter().map(ToString::to_string).collect(),
            claims: settings.claims,
            guests_allowed: settings.guests_allowed,
            tenant_id: settings.tenant_id,
            oidc: (kind == domain::Kind::Oidc).then(|| ShownOidc::of(settings.oidc)),
            saml: settings.saml.map(ShownSaml::of),
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
        }
    }
}

impl ShownOidc {
    fn of(from: domain::Oidc) -> Self {
        Self {
            issuer: from.issuer,
            client_id: from.client_id,
            auth: from.auth.as_str(),
            scopes: from.scopes,
            secret_expires_at: from.secret_expires_at.map(|at| Timestamp(at).to_string()),
            leeway_s: from.leeway_s,
        }
    }
}

/// An entry of the sign-in journal.
#[derive(Serialize, ToSchema)]
pub struct SignIn {
    id: String,
    at: String,
    /// `signed_in` or `refused`.
    outcome: &'static str,
    /// Where it was refused; `session` when it was not.
    step: String,
    /// Why it was refused.
    code: Option<String>,
    /// Which rule found the user.
    rule: Option<String>,
    user_id: Option<String>,
    /// What the provider calls her.
    subject: Option<String>,
    /// Her address as the provider asserts it.
    email: Option<String>,
    /// What can be done about it.
    hint: Option<String>,
    /// The request that the person was shown.
    request_id: String,
}

impl From<Entry> for SignIn {
    fn from(from: Entry) -> Self {
        Self {
            id: from.id.to_string(),
            at: from.at.to_string(),
            outcome: if from.code.is_none() { "signed_in" } else { "refused" },
            step: from.step,
            code: from.code,
            rule: from.rule,
            user_id: from.user_id.map(|id| id.to_string()),
            subject: from.subject,
            email: from.email,
            hint: from.hint,
            request_id: from.request_id,
        }
    }
}
