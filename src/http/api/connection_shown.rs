//! Connections, their trials and their journals as they are shown.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::connection_body::{Jit, Link};
use crate::app::App;
use crate::domain::connection as domain;
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
    /// `oidc`.
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
    oidc: ShownOidc,
    /// Where a sign-in begins.
    start_url: String,
    /// What to register at the provider.
    redirect_uri: String,
    /// Where the provider tells of logouts behind the browser.
    backchannel_logout_uri: String,
    /// Where the provider begins a sign-in.
    initiate_login_uri: String,
    /// Where the browser comes back from signing out.
    post_logout_redirect_uri: String,
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
        let keyed = settings.oidc.auth == domain::ClientAuth::PrivateKeyJwt;
        Self {
            backchannel_logout_uri: sso::url(app, from.id, "backchannel-logout"),
            initiate_login_uri: sso::url(app, from.id, "initiate"),
            post_logout_redirect_uri: sso::signed_out_url(app),
            start_url: sso::url(app, from.id, "start"),
            redirect_uri: sso::url(app, from.id, "callback"),
            id: from.id.to_string(),
            organization_id: from.organization_id.to_string(),
            name: from.name,
            kind: "oidc",
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
            oidc: ShownOidc {
                assertion_audience: keyed.then(|| settings.oidc.assertion_audience.as_str()),
                client_jwks_uri: keyed.then(|| sso::url(app, from.id, "jwks")),
                issuer: settings.oidc.issuer,
                client_id: settings.oidc.client_id,
                auth: settings.oidc.auth.as_str(),
                scopes: settings.oidc.scopes,
                secret_expires_at: settings
                    .oidc
                    .secret_expires_at
                    .map(|at| Timestamp(at).to_string()),
                leeway_s: settings.oidc.leeway_s,
            },
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
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
    /// `discovery`, `keys`, `algorithms`, `pkce`, `auth_method`, `client` or `logout`.
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
