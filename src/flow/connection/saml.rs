//! The fields of a SAML provider, as they were sent and as they may be (G9, G31).
//!
//! Metadata and certificates were read before this: what comes here are values. A connection
//! without a certificate is refused, not just its sign-ins.

use super::Checking;
use super::sent::Sent;
use crate::domain::connection::Connection;
use crate::domain::login::ReturnTo;
use crate::domain::saml::key::Ring;
use crate::domain::saml::{
    Binding, CERTIFICATES_MAX, CONTEXTS_MAX, ENTITY_ID_MAX, Ending, Require, Saml,
};

/// The SAML provider, as it was sent; what is `None` was not, and stays.
#[derive(Clone, Debug, Default)]
pub struct SamlSent {
    /// The provider.
    pub idp_entity_id: Option<String>,
    /// Where people sign in.
    pub sso_url: Option<String>,
    /// How requests go there.
    pub sso_binding: Option<Binding>,
    /// Where logouts go; `Some(None)` for nowhere.
    pub slo_url: Option<Option<String>>,
    /// How logouts go there.
    pub slo_binding: Option<Binding>,
    /// Where answers to logouts go, if elsewhere.
    pub slo_response_url: Option<Option<String>>,
    /// Certificates that were read, as DER in base64.
    pub certificates: Option<Vec<String>>,
    /// When they end.
    pub certificate_ends: Vec<Ending>,
    /// Where the metadata is read from again; `Some(None)` for nowhere.
    pub metadata_url: Option<Option<String>>,
    /// Certificates of which one must have signed the metadata, as DER in base64.
    pub metadata_certificates: Option<Vec<String>>,
    /// When the metadata ends, in microseconds.
    pub metadata_valid_until: Option<Option<i64>>,
    /// When the metadata is to be read again, in microseconds.
    pub metadata_due_at: Option<Option<i64>>,
    /// What must be signed.
    pub require: Option<String>,
    /// Whether AES-CBC is taken although only the assertion is signed.
    pub legacy_cbc: Option<bool>,
    /// Classes of authentication that are asked for and demanded.
    pub authn_context: Option<Vec<String>>,
    /// Whether requests are signed.
    pub sign_requests: Option<bool>,
    /// Whether people may begin at the provider.
    pub allow_idp_initiated: Option<bool>,
    /// Where those go; `Some(None)` for the usual place.
    pub idp_initiated_target: Option<Option<String>>,
    /// Our keys there, made for a new connection.
    pub ring: Option<Ring>,
    /// Which addresses may be sent to browsers: whoever checked them says so.
    pub browsable: Vec<String>,
}

/// What belongs to the one kind of provider is not sent to the other.
pub(super) fn kinds(checking: &mut Checking<'_>, connection: &mut Connection, sent: &Sent) {
    match (&mut connection.settings.saml, &sent.saml) {
        (Some(saml), Some(sent)) => checking.saml(saml, sent),
        (None, Some(_)) => {
            checking.fields.wrong("/saml", "value", "This connection speaks OpenID Connect.");
        }
        (_, None) => {}
    }
    if connection.settings.saml.is_some() && sent.oidc.is_some() {
        checking.fields.wrong("/oidc", "value", "This connection speaks SAML.");
    }
}

impl Checking<'_> {
    pub(super) fn saml(&mut self, saml: &mut Saml, sent: &SamlSent) {
        self.provider(saml, sent);
        self.options(saml, sent);
        let fields = &mut self.fields;
        if saml.certificates.is_empty() {
            let detail = "Send the provider's metadata, or its signing certificate.";
            fields.wrong("/saml/certificates", "required", detail);
        }
    }

    fn provider(&mut self, saml: &mut Saml, sent: &SamlSent) {
        let fields = &mut self.fields;
        if let Some(id) = &sent.idp_entity_id {
            let good = (1..=ENTITY_ID_MAX).contains(&id.chars().count())
                && !id.chars().any(char::is_control);
            if !good {
                let detail = format!("An entity id has 1 to {ENTITY_ID_MAX} characters.");
                fields.wrong("/saml/idp_entity_id", "length", detail);
            }
            saml.idp_entity_id.clone_from(id);
        }
        let urls = [
            ("/saml/sso_url", sent.sso_url.as_ref()),
            ("/saml/slo_url", sent.slo_url.as_ref().and_then(Option::as_ref)),
            ("/saml/slo_url", sent.slo_response_url.as_ref().and_then(Option::as_ref)),
        ];
        for (pointer, url) in urls {
            if url.is_some_and(|url| !sent.browsable.contains(url)) {
                let detail = "This is an https address without fragment.";
                fields.wrong(pointer, "url", detail);
            }
        }
        put(&mut saml.sso_url, sent.sso_url.as_ref());
        put(&mut saml.sso_binding, sent.sso_binding.as_ref());
        put(&mut saml.slo_url, sent.slo_url.as_ref());
        put(&mut saml.slo_binding, sent.slo_binding.as_ref());
        put(&mut saml.slo_response_url, sent.slo_response_url.as_ref());
        put(&mut saml.metadata_url, sent.metadata_url.as_ref());
        put(&mut saml.metadata_valid_until, sent.metadata_valid_until.as_ref());
        put(&mut saml.metadata_due_at, sent.metadata_due_at.as_ref());
        if let Some(pinned) = &sent.metadata_certificates {
            if pinned.len() > CERTIFICATES_MAX {
                let detail = format!("At most {CERTIFICATES_MAX} certificates.");
                fields.wrong("/saml/metadata_certificates", "length", detail);
            }
            saml.metadata_certificates.clone_from(pinned);
        }
        if let Some(certificates) = &sent.certificates {
            if certificates.len() > CERTIFICATES_MAX {
                let detail = format!("At most {CERTIFICATES_MAX} certificates.");
                fields.wrong("/saml/certificates", "length", detail);
            }
            saml.certificates.clone_from(certificates);
            saml.certificate_ends.clone_from(&sent.certificate_ends);
        }
    }

    fn options(&mut self, saml: &mut Saml, sent: &SamlSent) {
        let fields = &mut self.fields;
        if let Some(word) = &sent.require {
            let detail = "require is `assertion`, `response`, `both` or `either`.";
            let require = fields.found(Require::parse(word), "/saml/require", "value", detail);
            saml.require = require.unwrap_or(saml.require);
        }
        if let Some(classes) = &sent.authn_context {
            if classes.len() > CONTEXTS_MAX {
                let detail = format!("At most {CONTEXTS_MAX} classes.");
                fields.wrong("/saml/authn_context", "length", detail);
            }
            for (at, class) in classes.iter().take(CONTEXTS_MAX).enumerate() {
                super::check::word(fields, &format!("/saml/authn_context/{at}"), class);
            }
            saml.authn_context.clone_from(classes);
        }
        if let Some(target) = &sent.idp_initiated_target {
            if target.as_deref().is_some_and(|path| ReturnTo::parse(path).is_none()) {
                let detail = "This is a path of this host.";
                fields.wrong("/idp_initiated_target", "value", detail);
            }
            saml.idp_initiated_target.clone_from(target);
        }
        put(&mut saml.legacy_cbc, sent.legacy_cbc.as_ref());
        put(&mut saml.sign_requests, sent.sign_requests.as_ref());
        put(&mut saml.allow_idp_initiated, sent.allow_idp_initiated.as_ref());
    }
}

fn put<T: Clone>(place: &mut T, sent: Option<&T>) {
    if let Some(sent) = sent {
        place.clone_from(sent);
    }
}
