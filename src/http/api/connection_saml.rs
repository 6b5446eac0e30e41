//! The SAML provider of a connection as it is sent and shown; its metadata and certificates are
//! read here, before the flow opens its transaction (G31).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::saml::fault::Found;
use crate::domain::saml::key::{Ring, Use};
use crate::domain::saml::{CERTIFICATES_MAX, Saml as Configured};
use crate::domain::time::Timestamp;
use crate::flow::connection::SamlSent;
use crate::flow::fields::Fields;
use crate::flow::problem::Problem;
use crate::http::extract::{clearable, kept};
use crate::outbound::saml::certificate::Certificate;
use crate::outbound::saml::metadata::{self, METADATA_MAX};
use crate::outbound::saml::{fetch, keypair, metadata_signature};

/// Where metadata and its pinned certificates stand in a body.
const XML: &str = "/saml/metadata_xml";
const URL: &str = "/saml/metadata_url";
const PINNED: &str = "/saml/metadata_certificates";

/// The SAML provider: its metadata, by text or address, or its fields.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionSaml)]
pub struct Saml {
    /// The provider's metadata as XML.
    #[serde(default, deserialize_with = "kept")]
    metadata_xml: Option<String>,
    /// Where the provider's metadata is: it is read now, and again once a day.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    metadata_url: Option<Option<String>>,
    /// Certificates of which one must have signed the metadata, as PEM or base64: at most 10;
    /// none to trust its address alone.
    #[serde(default, deserialize_with = "kept")]
    metadata_certificates: Option<Vec<String>>,
    /// The provider's entity id; with metadata, which of several entities.
    #[serde(default, deserialize_with = "kept")]
    idp_entity_id: Option<String>,
    /// Where people sign in.
    #[serde(default, deserialize_with = "kept")]
    sso_url: Option<String>,
    /// Where logouts go, by redirect; `null` for nowhere.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    slo_url: Option<Option<String>>,
    /// Certificates that may sign, as PEM or base64: 1 to 10, each may be the one.
    #[serde(default, deserialize_with = "kept")]
    certificates: Option<Vec<String>>,
    /// What must be signed: `assertion`, `response`, `both` or `either` (unless said).
    #[serde(default, deserialize_with = "kept")]
    require: Option<String>,
    /// Whether AES-CBC is taken although only the assertion is signed; no, unless said.
    #[serde(default, deserialize_with = "kept")]
    legacy_cbc: Option<bool>,
    /// Classes of authentication that are asked for and demanded.
    #[serde(default, deserialize_with = "kept")]
    authn_context: Option<Vec<String>>,
    /// Whether our requests are signed; as the metadata wants it, unless said.
    #[serde(default, deserialize_with = "kept")]
    sign_requests: Option<bool>,
}

/// The SAML provider as it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownConnectionSaml)]
pub struct ShownSaml {
    idp_entity_id: String,
    sso_url: String,
    /// `redirect` or `post`: how our requests go there.
    sso_binding: &'static str,
    slo_url: Option<String>,
    /// `redirect` or `post`: how our logouts go there.
    slo_binding: &'static str,
    certificates: Vec<ShownCertificate>,
    metadata_url: Option<String>,
    /// One of these must have signed the metadata, where there are any.
    metadata_certificates: Vec<ShownCertificate>,
    metadata_valid_until: Option<String>,
    /// `assertion`, `response`, `both` or `either`.
    require: &'static str,
    legacy_cbc: bool,
    authn_context: Vec<String>,
    sign_requests: bool,
}

/// A certificate of the provider. It may be over: only its key counts.
#[derive(Serialize, ToSchema)]
struct ShownCertificate {
    /// DER in base64.
    der: String,
    ends_at: Option<String>,
}

/// What a request sends besides that belongs to SAML.
pub struct Beside {
    /// Whether people may begin at the provider.
    pub allow_idp_initiated: Option<bool>,
    /// Where those go.
    pub idp_initiated_target: Option<Option<String>>,
    /// The connection as it is; `None` for a new one.
    pub present: Option<Configured>,
    /// What our certificates are called.
    pub name: String,
}

impl ShownSaml {
    /// A provider as it is shown.
    pub fn of(from: Configured) -> Self {
        let shown = |der: String| {
            let ends_at = Certificate::parse(&der).ok().map(|read| read.ends_at.to_string());
            ShownCertificate { der, ends_at }
        };
        Self {
            idp_entity_id: from.idp_entity_id,
            sso_url: from.sso_url,
            sso_binding: from.sso_binding.as_str(),
            slo_url: from.slo_url,
            slo_binding: from.slo_binding.as_str(),
            certificates: from.certificates.into_iter().map(shown).collect(),
            metadata_url: from.metadata_url,
            metadata_certificates: from.metadata_certificates.into_iter().map(shown).collect(),
            metadata_valid_until: from.metadata_valid_until.map(|at| Timestamp(at).to_string()),
            require: from.require.as_str(),
            legacy_cbc: from.legacy_cbc,
            authn_context: from.authn_context,
            sign_requests: from.sign_requests,
        }
    }
}

impl Saml {
    /// What was sent, for the flow: metadata fetched and read, certificates read.
    ///
    /// # Errors
    /// 422 with the pointer of what cannot be read.
    pub async fn sent(self, app: &App, beside: Beside) -> Result<SamlSent, Problem> {
        let mut sent = SamlSent {
            require: self.require.clone(),
            legacy_cbc: self.legacy_cbc,
            authn_context: self.authn_context.clone(),
            allow_idp_initiated: beside.allow_idp_initiated,
            idp_initiated_target: beside.idp_initiated_target.clone(),
            metadata_url: self.metadata_url.clone(),
            ..SamlSent::default()
        };
        self.check_ways()?;
        sent.metadata_certificates = self.pinned(app).await?;
        let present = beside.present.as_ref();
        match self.text(app, present).await? {
            Some(read) => self.take_metadata(app, &mut sent, (read, present)).await?,
            None => self.take_fields(app, &mut sent, present.is_none()).await?,
        }
        if self.sign_requests.is_some() {
            sent.sign_requests = self.sign_requests;
        }
        let urls = [
            sent.sso_url.clone(),
            sent.slo_url.clone().flatten(),
            sent.slo_response_url.clone().flatten(),
        ];
        // Plain http is for loopback, and only where that is allowed (R19).
        let secure = |url: &String| url.starts_with("https:") || app.guarded.check(url).is_ok();
        let good =
            urls.into_iter().flatten().filter(|url| metadata::is_browsable(url) && secure(url));
        sent.browsable = good.collect();
        if beside.present.is_none() {
            sent.ring = Some(ring(app, &beside.name).await?);
        }
        Ok(sent)
    }

    /// One way to say who the provider is.
    fn check_ways(&self) -> Result<(), Problem> {
        let url = matches!(self.metadata_url, Some(Some(_)));
        let fields = self.sso_url.is_some() || self.certificates.is_some();
        if [url, self.metadata_xml.is_some(), fields].into_iter().filter(|way| *way).count() <= 1 {
            return Ok(());
        }
        let detail = "Send metadata_xml, or metadata_url, or the fields: one of the three.";
        Err(Problem::invalid("/saml", "value", detail))
    }

    /// The certificates that are pinned now.
    async fn pinned(&self, app: &App) -> Result<Option<Vec<String>>, Problem> {
        let Some(texts) = self.metadata_certificates.clone() else { return Ok(None) };
        let read = certificates(app, texts, PINNED).await?;
        Ok(Some(read.iter().map(Certificate::to_base64).collect()))
    }

    /// The metadata that was sent, or is where it says; what is pinned anew is held against the
    /// metadata that the connection lives by.
    async fn text(
        &self,
        app: &App,
        present: Option<&Configured>,
    ) -> Result<Option<(&'static str, String)>, Problem> {
        if let Some(text) = &self.metadata_xml {
            return Ok(Some((XML, text.clone())));
        }
        let pins = self.metadata_certificates.as_ref().is_some_and(|pins| !pins.is_empty());
        let (pointer, url) = match &self.metadata_url {
            Some(Some(url)) => (URL, Some(url)),
            None if pins && self.certificates.is_none() && self.sso_url.is_none() => {
                (PINNED, present.and_then(|present| present.metadata_url.as_ref()))
            }
            _ => (PINNED, None),
        };
        match url {
            Some(url) => {
                let fetched = fetch::metadata(&app.guarded, url).await;
                Ok(Some((pointer, fetched.map_err(|found| unreadable(pointer, &found))?)))
            }
            None if pins => {
                let detail = "There is no metadata that they could have signed: send metadata_url.";
                Err(Problem::invalid(PINNED, "value", detail))
            }
            None => Ok(None),
        }
    }

    async fn take_metadata(
        &self,
        app: &App,
        sent: &mut SamlSent,
        ((pointer, text), present): ((&'static str, String), Option<&Configured>),
    ) -> Result<(), Problem> {
        if text.len() > METADATA_MAX {
            let detail = format!("Metadata has at most {METADATA_MAX} bytes.");
            return Err(Problem::invalid(pointer, "length", detail));
        }
        let known = present.filter(|_| pointer == PINNED).map(|one| one.idp_entity_id.clone());
        let (wanted, now) = (self.idp_entity_id.clone().or(known), app.runner.clock.now());
        let pinned = sent.metadata_certificates.clone();
        let pinned = pinned.or_else(|| present.map(|one| one.metadata_certificates.clone()));
        let pinned = pinned.unwrap_or_default();
        let job = move || {
            let text = metadata_signature::checked(&text, &pinned)?;
            metadata::read(&text, wanted.as_deref(), now)
        };
        let read = app.saml.run(job).await.and_then(|read| read);
        let read = read.map_err(|found| unreadable(pointer, &found))?;
        let mut saml = Configured::default();
        read.over(&mut saml);
        sent.idp_entity_id = Some(saml.idp_entity_id);
        sent.sso_url = Some(saml.sso_url);
        sent.sso_binding = Some(saml.sso_binding);
        sent.slo_url = Some(saml.slo_url);
        sent.slo_binding = Some(saml.slo_binding);
        sent.slo_response_url = Some(saml.slo_response_url);
        sent.certificates = Some(saml.certificates);
        sent.certificate_ends = saml.certificate_ends;
        sent.sign_requests = Some(saml.sign_requests);
        sent.metadata_valid_until = Some(saml.metadata_valid_until);
        let again = pointer != XML;
        sent.metadata_due_at = Some(saml.metadata_due_at.filter(|_| again));
        if !again {
            sent.metadata_url = Some(None);
        }
        Ok(())
    }

    async fn take_fields(&self, app: &App, sent: &mut SamlSent, new: bool) -> Result<(), Problem> {
        sent.idp_entity_id.clone_from(&self.idp_entity_id);
        sent.sso_url.clone_from(&self.sso_url);
        sent.slo_url.clone_from(&self.slo_url);
        if self.sso_url.is_some() {
            sent.sso_binding = Some(crate::domain::saml::Binding::Redirect);
        }
        if new {
            // What cannot be left out is checked as if it had been sent empty.
            sent.idp_entity_id.get_or_insert_default();
            sent.sso_url.get_or_insert_default();
        }
        if self.slo_url.is_some() {
            sent.slo_binding = Some(crate::domain::saml::Binding::Redirect);
        }
        let Some(texts) = self.certificates.clone() else { return Ok(()) };
        let good = certificates(app, texts, "/saml/certificates").await?;
        sent.certificate_ends = good.iter().map(Certificate::ending).collect();
        sent.certificates = Some(good.iter().map(Certificate::to_base64).collect());
        // Metadata that is not asked any more says nothing of these.
        sent.metadata_valid_until = Some(None);
        sent.metadata_due_at = Some(None);
        sent.metadata_url.get_or_insert(None);
        sent.metadata_certificates.get_or_insert_default();
        Ok(())
    }
}

/// Reads certificates; one too many is left for the flow to refuse.
async fn certificates(
    app: &App,
    texts: Vec<String>,
    pointer: &str,
) -> Result<Vec<Certificate>, Problem> {
    let job = move || {
        texts.iter().take(CERTIFICATES_MAX + 1).map(|text| Certificate::parse(text)).collect()
    };
    let read: Vec<_> = app.saml.run(job).await.map_err(|found| unreadable("/saml", &found))?;
    let (mut fields, mut good) = (Fields::new(), Vec::new());
    for (at, one) in read.into_iter().enumerate() {
        match one {
            Ok(certificate) => good.push(certificate),
            Err(error) => fields.wrong(&format!("{pointer}/{at}"), "value", format!("{error}.")),
        }
    }
    fields.done()?;
    Ok(good)
}

fn unreadable(pointer: &str, found: &Found) -> Problem {
    let detail = match found.found.as_str() {
        "" => found.fault.hint().to_owned(),
        said => format!("{} Found: {said}.", found.fault.hint()),
    };
    Problem::invalid(pointer, found.fault.as_str(), detail)
}

/// Our first keys at a connection.
async fn ring(app: &App, name: &str) -> Result<Ring, Problem> {
    let (name, now) = (name.to_owned(), app.runner.clock.now());
    let job = move || {
        let uses = [Use::Signing, Use::Encryption];
        let keys = uses.into_iter().map(|used_for| keypair::make(used_for, &name, now));
        keys.collect::<Result<Vec<_>, _>>()
    };
    let made = app.saml.unhurried(job).await.map_err(Problem::internal)?;
    Ok(Ring { keys: made.map_err(Problem::internal)? })
}

/// What can be told of a SAML provider without a person: what was looked at, and what is wrong.
pub async fn test(app: &App, saml: &Configured) -> Vec<(&'static str, Option<String>)> {
    let now = app.runner.clock.now();
    let over = saml.certificate_ends.iter().filter(|ending| ending.at <= now.0).count();
    let all = saml.certificates.len();
    let certificates = (over == all).then(|| "Every certificate is over.".to_owned());
    let mut found = vec![("certificates", certificates)];
    if saml.metadata_url.is_some() {
        let looked = fetch::again((&app.guarded, &app.saml), saml, now).await;
        found.push(("metadata", looked.err().map(|why| why.to_string())));
    }
    found
}
