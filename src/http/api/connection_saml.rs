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
use crate::outbound::saml::{fetch, keypair};

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
    certificates: Vec<ShownCertificate>,
    metadata_url: Option<String>,
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
            certificates: from.certificates.into_iter().map(shown).collect(),
            metadata_url: from.metadata_url,
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
        match self.text(app).await? {
            Some((pointer, text)) => self.take_metadata(app, &mut sent, (pointer, text)).await?,
            None => self.take_fields(app, &mut sent, beside.present.is_none()).await?,
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

    async fn text(&self, app: &App) -> Result<Option<(&'static str, String)>, Problem> {
        if let Some(Some(url)) = &self.metadata_url {
            let fetched = fetch::metadata(&app.guarded, url).await;
            let text = fetched.map_err(|found| unreadable("/saml/metadata_url", &found))?;
            return Ok(Some(("/saml/metadata_url", text)));
        }
        Ok(self.metadata_xml.clone().map(|text| ("/saml/metadata_xml", text)))
    }

    async fn take_metadata(
        &self,
        app: &App,
        sent: &mut SamlSent,
        (pointer, text): (&'static str, String),
    ) -> Result<(), Problem> {
        if text.len() > METADATA_MAX {
            let detail = format!("Metadata has at most {METADATA_MAX} bytes.");
            return Err(Problem::invalid(pointer, "length", detail));
        }
        let (wanted, now) = (self.idp_entity_id.clone(), app.runner.clock.now());
        let job = move || metadata::read(&text, wanted.as_deref(), now);
        let read = app.saml.run(job).await.and_then(|read| read);
        let read = read.map_err(|found| unreadable(pointer, &found))?;
        let mut saml = Configured::default();
        read.over(&mut saml);
        sent.idp_entity_id = Some(saml.idp_entity_id);
        sent.sso_url = Some(saml.sso_url);
        sent.sso_binding = Some(saml.sso_binding);
        sent.slo_url = Some(saml.slo_url);
        sent.slo_response_url = Some(saml.slo_response_url);
        sent.certificates = Some(saml.certificates);
        sent.certificate_ends = saml.certificate_ends;
        sent.sign_requests = Some(saml.sign_requests);
        sent.metadata_valid_until = Some(saml.metadata_valid_until);
        let again = pointer == "/saml/metadata_url";
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
        let Some(texts) = self.certificates.clone() else { return Ok(()) };
        let job = move || {
            texts.iter().take(CERTIFICATES_MAX + 1).map(|text| Certificate::parse(text)).collect()
        };
        let read: Vec<_> = app.saml.run(job).await.map_err(|found| unreadable("/saml", &found))?;
        let (mut fields, mut good) = (Fields::new(), Vec::new());
        for (at, one) in read.into_iter().enumerate() {
            match one {
                Ok(certificate) => {
                    sent.certificate_ends.push(certificate.ending());
                    good.push(certificate.to_base64());
                }
                Err(error) => {
                    let pointer = format!("/saml/certificates/{at}");
                    fields.wrong(&pointer, "value", format!("{error}."));
                }
            }
        }
        fields.done()?;
        sent.certificates = Some(good);
        // Metadata that is not asked any more says nothing of these.
        sent.metadata_valid_until = Some(None);
        sent.metadata_due_at = Some(None);
        sent.metadata_url.get_or_insert(None);
        Ok(())
    }
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
