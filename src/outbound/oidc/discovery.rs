//! The discovery document of an issuer (OpenID Connect Discovery 1.0).

use http::Request;
use http::header::ACCEPT;
use serde::Deserialize;
use url::Url;

use super::keep::{Fetched, fresh_s};
use super::provider_error;
use crate::domain::connection::{ENTRA, is_tenant, serves_many};
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::outbound::http::Guarded;

/// Largest document, in bytes.
pub const DOCUMENT_MAX: usize = 512 * 1024;

/// What stands for the tenant in the issuer of a provider that serves many (EN1).
const TENANT: &str = "{tenantid}";

/// What we need of a discovery document, checked.
pub struct Discovery {
    /// The issuer: byte for byte the one that was asked for, or the template of its tenants'.
    issuer: String,
    /// Where the browser goes.
    pub authorization_endpoint: Url,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// Where more claims are.
    pub userinfo_endpoint: Option<String>,
    /// Where requests are left before the browser goes there, if they must be (R17).
    pub pushed_to: Option<String>,
    /// Where a browser signs out.
    pub end_session_endpoint: Option<Url>,
    /// What it says of itself, for a test of the connection.
    pub offers: Offers,
    /// Whether answers must bear `iss` (RFC 9207).
    sends_iss: bool,
}

/// What a provider says that it can; empty where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// How clients prove who they are at the token endpoint.
    pub auth_methods: Vec<String>,
    /// Algorithms of PKCE.
    pub challenges: Vec<String>,
    /// Algorithms that sign ID tokens.
    pub algorithms: Vec<String>,
    /// Whether it tells of logouts behind the browser.
    pub backchannel_logout: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
    pushed_authorization_request_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    backchannel_logout_supported: bool,
}

/// Fetches and checks the document of an issuer.
pub async fn fetch(http: &Guarded, issuer: &str) -> Fetched<Discovery> {
    let refuse = |found: &str| provider_error(Step::Start, &format!("discovery: {found}"));
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let request = Request::get(url)
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| refuse("the issuer is no URL"))?;
    let answer =
        http.send(request, DOCUMENT_MAX).await.map_err(|error| refuse(&error.to_string()))?;
    if answer.status() != http::StatusCode::OK {
        return Err(refuse(&format!("the provider answered {}", answer.status().as_u16())));
    }
    let document: Document =
        serde_json::from_slice(answer.body()).map_err(|error| refuse(&error.to_string()))?;
    Ok((check(http, issuer, document)?, fresh_s(answer.headers())))
}

fn check(http: &Guarded, issuer: &str, document: Document) -> Result<Discovery, Refusal> {
    let refuse = |found: &str| provider_error(Step::Start, &format!("discovery: {found}"));
    if document.issuer != issuer && !is_template_of(issuer, &document.issuer) {
        let found = format!("the discovery document says {}", document.issuer);
        return Err(Refusal::new(Step::Start, Refused::IssuerMismatch).found(&found));
    }
    let pushed_to = document
        .pushed_authorization_request_endpoint
        .filter(|_| document.require_pushed_authorization_requests);
    if document.require_pushed_authorization_requests && pushed_to.is_none() {
        return Err(refuse("pushed requests are demanded and there is no endpoint for them"));
    }
    let named = [
        ("token_endpoint", Some(&document.token_endpoint)),
        ("jwks_uri", Some(&document.jwks_uri)),
        ("userinfo_endpoint", document.userinfo_endpoint.as_ref()),
        ("pushed_authorization_request_endpoint", pushed_to.as_ref()),
    ];
    for (name, url) in named {
        let Some(url) = url else { continue };
        http.check(url).map_err(|error| refuse(&format!("{name}: {error}")))?;
    }
    let authorization_endpoint = page(http, &document.authorization_endpoint)
        .ok_or_else(|| refuse("authorization_endpoint is not an https URL"))?;
    Ok(Discovery {
        issuer: document.issuer,
        authorization_endpoint,
        token_endpoint: document.token_endpoint,
        jwks_uri: document.jwks_uri,
        userinfo_endpoint: document.userinfo_endpoint,
        pushed_to,
        // A logout that goes nowhere safe is not offered; nobody is kept from signing in by it.
        end_session_endpoint: document.end_session_endpoint.and_then(|url| page(http, &url)),
        offers: Offers {
            auth_methods: document.token_endpoint_auth_methods_supported,
            challenges: document.code_challenge_methods_supported,
            algorithms: document.id_token_signing_alg_values_supported,
            backchannel_logout: document.backchannel_logout_supported,
        },
        sends_iss: document.authorization_response_iss_parameter_supported,
    })
}

/// Whether a document's issuer is the template of a provider that serves many tenants: no other
/// may differ from what was asked for.
fn is_template_of(asked: &str, said: &str) -> bool {
    serves_many(asked) && said.starts_with(ENTRA) && said.matches(TENANT).count() == 1
}

/// A page that a browser is sent to: any https host, since it is not we who go there.
fn page(http: &Guarded, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let safe = url.scheme() == "https" || http.check(text).is_ok();
    (plain && safe).then_some(url)
}

impl Discovery {
    /// The issuer of a connection's tokens: of a provider that serves many tenants, that of the
    /// pinned tenant.
    ///
    /// # Errors
    /// [`Refused::IssuerMismatch`] when no tenant is pinned.
    pub fn issuer(&self, tenant: Option<&str>) -> Result<String, Refusal> {
        if !self.issuer.contains(TENANT) {
            return Ok(self.issuer.clone());
        }
        let refuse = || {
            let refusal = Refusal::new(Step::Callback, Refused::IssuerMismatch);
            refusal.found("the issuer serves many tenants: tenant_id must name one")
        };
        let tenant = tenant.filter(|tenant| is_tenant(tenant)).ok_or_else(refuse)?;
        Ok(self.issuer.replace(TENANT, &tenant.to_ascii_lowercase()))
    }

    /// The host of the keys.
    #[must_use]
    pub fn keys_host(&self) -> Option<String> {
        Url::parse(&self.jwks_uri).ok()?.host_str().map(str::to_owned)
    }

    /// Holds `iss` of an answer against the issuer (R2, RFC 9207).
    ///
    /// # Errors
    /// [`Refused::IssuerMismatch`] when it is another one, or missing where it is promised.
    pub fn check_iss(&self, iss: Option<&str>, issuer: &str) -> Result<(), Refusal> {
        let refuse =
            |found: &str| Err(Refusal::new(Step::Callback, Refused::IssuerMismatch).found(found));
        match iss {
            Some(iss) if iss != issuer => refuse(&format!("the answer says {iss}")),
            None if self.sends_iss => refuse("the answer has no iss, though it was promised"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";

    #[test]
    fn only_the_issuers_of_many_tenants_may_answer_with_a_template_en1() {
        let many = "https://login.microsoftonline.com/organizations/v2.0";
        assert!(is_template_of(many, TEMPLATE));
        for (asked, said) in [
            ("https://idp.example", TEMPLATE),
            ("https://idp.example", "https://idp.example/{tenantid}"),
            (many, "https://evil.example/{tenantid}/v2.0"),
            (many, "https://login.microsoftonline.com/{tenantid}/{tenantid}"),
            (many, "https://login.microsoftonline.com/other/v2.0"),
        ] {
            assert!(!is_template_of(asked, said), "{asked} {said}");
        }
    }

    #[test]
    fn a_template_becomes_the_issuer_of_the_pinned_tenant_alone_oa12() {
        let many = Discovery {
            issuer: TEMPLATE.to_owned(),
            authorization_endpoint: Url::parse("https://idp.example/").unwrap(),
            token_endpoint: String::new(),
            jwks_uri: "https://keys.example:8443/k".to_owned(),
            userinfo_endpoint: None,
            pushed_to: None,
            end_session_endpoint: None,
            offers: Offers::default(),
            sends_iss: false,
        };
        let tenant = "8EAEF023-2B34-4DA1-9BAA-8BC8C9D6A490";
        let issuer = many.issuer(Some(tenant)).unwrap();
        let own = "https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0";
        assert_eq!(issuer, own);
        for bad in [None, Some(""), Some("acme.example"), Some("{tenantid}")] {
            assert_eq!(many.issuer(bad).unwrap_err().code, Refused::IssuerMismatch, "{bad:?}");
        }
        assert_eq!(many.keys_host().as_deref(), Some("keys.example"));
    }
}
