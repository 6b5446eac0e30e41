//! Connections, their trials and their journals as they are shown.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::connection_body::{Jit, Link};
use super::connection_saml::ShownSaml;
use crate::app::App;
use crate::domain::connection as domain;
use crate::domain::id::ConnectionId;
use crate::domain::sign_in::Entry;
use crate::domain::time::Timestamp;
use crate::http::sso;
use crate::outbound::oidc::{Check, Checked, Tested};

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
    jit: Jit,
    rule_claims: Vec<String>,
    trace_until: Option<String>,
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
    /// Where an OpenID provider tells of logouts behind the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_uri: Option<String>,
    /// Where an OpenID provider begins a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    initiate_login_uri: Option<String>,
    /// Where the browser comes back from signing out at an OpenID provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    post_logout_redirect_uri: Option<String>,
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
    /// `basic`, `post` or `private_key_jwt`.
    auth: &'static str,
    scopes: Vec<String>,
    secret_expires_at: Option<String>,
    leeway_s: i64,
    /// For `private_key_jwt`: for whom our assertions are.
    assertion_audience: Option<&'static str>,
    /// For `private_key_jwt`: where the provider finds our public keys.
    client_jwks_uri: Option<String>,
}

impl Connection {
    /// A connection as it is shown.
    pub fn of(app: &App, from: domain::Connection) -> Self {
        let settings = from.settings;
        let kind = settings.kind();
        let url = |of: domain::Kind, end| (kind == of).then(|| sso::url(app, from.id, end));
        let there = settings.saml.as_ref();
        Self {
            allow_idp_initiated: there.is_some_and(|saml| saml.allow_idp_initiated),
            idp_initiated_target: there.and_then(|saml| saml.idp_initiated_target.clone()),
            backchannel_logout_uri: url(domain::Kind::Oidc, "backchannel-logout"),
            initiate_login_uri: url(domain::Kind::Oidc, "initiate"),
            post_logout_redirect_uri: there.is_none().then(|| sso::signed_out_url(app)),
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
            jit: Jit {
                enabled: Some(settings.jit.enabled),
                default_role: Some(settings.jit.default_role),
            },
            rule_claims: settings.rule_claims,
            trace_until: settings.trace_until.map(|until| Timestamp(until).to_string()),
            oidc: there.is_none().then(|| ShownOidc::of(app, from.id, settings.oidc)),
            saml: settings.saml.map(ShownSaml::of),
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
        }
    }
}

impl ShownOidc {
    fn of(app: &App, id: ConnectionId, from: domain::Oidc) -> Self {
        let keyed = from.auth == domain::ClientAuth::PrivateKeyJwt;
        Self {
            assertion_audience: keyed.then(|| from.assertion_audience.as_str()),
            client_jwks_uri: keyed.then(|| sso::url(app, id, "jwks")),
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

/// What the trial of a connection found.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionTest)]
pub struct Test {
    /// Whether people could sign in, as far as it can be told without a person.
    ok: bool,
    /// What was looked at, in order.
    checks: Vec<TestCheck>,
    /// Opened in a browser within ten minutes: a whole sign-in that signs nobody in and shows what
    /// would have become of it. It works once.
    test_url: String,
}

/// One thing that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionCheck)]
struct TestCheck {
    /// `discovery`, `keys`, `algorithms`, `pkce`, `auth_method`, `client` or `logout`;
    /// for SAML `certificates` or `metadata`.
    check: &'static str,
    /// `passed`, `warned` or `failed`.
    result: &'static str,
    /// What was found; nothing where it passed.
    detail: Option<String>,
}

impl Test {
    /// A trial as it is shown.
    pub fn of(tested: Tested, test_url: String) -> Self {
        let checks: Vec<TestCheck> = tested.into_iter().map(TestCheck::of).collect();
        Self { ok: checks.iter().all(|one| one.result != "failed"), checks, test_url }
    }
}

impl Test {
    /// A trial of a SAML provider as it is shown: what was looked at, and what is wrong with it.
    pub fn of_saml(found: Vec<(&'static str, Option<String>)>, test_url: String) -> Self {
        let check = |(check, detail): (&'static str, Option<String>)| {
            let result = if detail.is_none() { "passed" } else { "failed" };
            TestCheck { check, result, detail }
        };
        let checks: Vec<TestCheck> = found.into_iter().map(check).collect();
        Self { ok: checks.iter().all(|one| one.result != "failed"), checks, test_url }
    }
}

impl TestCheck {
    fn of((check, checked): (Check, Checked)) -> Self {
        let (result, detail) = match checked {
            Checked::Passed => ("passed", None),
            Checked::Warned(detail) => ("warned", Some(detail)),
            Checked::Failed(detail) => ("failed", Some(detail)),
        };
        Self { check: check.as_str(), result, detail }
    }
}

/// What a sign-in brought, while traces are on.
#[derive(Serialize, ToSchema)]
#[schema(as = SignInTrace)]
pub struct Trace {
    /// The entry of the journal.
    pub sign_in_id: String,
    /// The message as it was decoded, without secrets: of OpenID Connect the claims.
    #[schema(value_type = Object)]
    pub message: Value,
}
