//! A case of the corpus: a message, what is configured where it comes, and what must become of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::domain::connection::{Connection, Jit, Link, Oidc, Provider, Settings, Status};
use portico::domain::id::{ConnectionId, OrganizationId};
use portico::domain::saml::judge::{Expected, Request};
use portico::domain::saml::{Require, Saml};
use portico::domain::time::Timestamp;
use portico::outbound::saml::decrypt::Keys;
use portico::outbound::saml::verify::{self, Verdict};
use serde::Deserialize;
use uuid::Uuid;

/// Where the corpus is.
pub const FOLDER: &str = "conformance/saml";
/// Our entity id in the corpus.
pub const SP: &str = "https://sp.example/sso/1/metadata";
/// Where answers come in the corpus.
pub const ACS: &str = "https://sp.example/sso/1/acs";
/// The provider of the corpus.
pub const IDP: &str = "https://idp.example/metadata";
/// When the messages of the corpus come.
pub const NOW: &str = "2026-01-15T12:00:00Z";

/// What must come out of an accepted message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Who it is.
    pub subject: String,
    /// Her address.
    pub email: Option<String>,
}

/// What stands in `case.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is.
    pub title: String,
    /// Which requirements it shows.
    pub shows: Vec<String>,
    /// Why it is refused.
    pub fault: Option<String>,
    /// Whom an accepted one is about.
    pub identity: Option<Said>,
    /// When the session ends.
    pub session_until: Option<String>,
    #[serde(default = "idp")]
    certificates: Vec<String>,
    #[serde(default)]
    require: Option<String>,
    #[serde(default)]
    legacy_cbc: bool,
    #[serde(default)]
    allow_idp_initiated: bool,
    #[serde(default)]
    authn_context: Vec<String>,
    #[serde(default)]
    in_response_to: Option<String>,
    #[serde(default)]
    claims: BTreeMap<String, String>,
    /// The folder, from the corpus on.
    #[serde(skip)]
    pub name: String,
    /// The message as it was sent.
    #[serde(skip)]
    pub message: Vec<u8>,
}

fn idp() -> Vec<String> {
    vec!["idp".to_owned()]
}

/// The folder of the corpus.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)
}

/// The cases of a kind, `accepted` or `refused`, in the order of their folders.
pub fn all(kind: &str) -> Vec<Case> {
    let mut found = Vec::new();
    let mut groups: Vec<_> = folders(&root().join(kind));
    groups.sort();
    for group in groups {
        let mut cases = folders(&group);
        cases.sort();
        for folder in cases {
            let text = std::fs::read_to_string(folder.join("case.toml")).unwrap();
            let mut case: Case = toml::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            case.name = folder.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            case.message = std::fs::read(folder.join("response.xml")).unwrap();
            found.push(case);
        }
    }
    assert!(found.len() > 30, "the {kind} messages are there");
    found
}

/// The folders within a folder.
pub fn folders(within: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(within).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

/// A key of the corpus, as PEM.
pub fn pem(name: &str, end: &str) -> String {
    std::fs::read_to_string(root().join(format!("keys/{name}.{end}"))).unwrap()
}

/// The secret half of a key, as PKCS #8.
pub fn secret(name: &str) -> Vec<u8> {
    let text = pem(name, "key");
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

impl Case {
    /// What is configured of the provider.
    pub fn saml(&self) -> Saml {
        Saml {
            idp_entity_id: IDP.to_owned(),
            sso_url: "https://idp.example/sso".to_owned(),
            certificates: self.certificates.iter().map(|name| pem(name, "pem")).collect(),
            require: self
                .require
                .as_deref()
                .map_or(Require::Either, |word| Require::parse(word).unwrap()),
            legacy_cbc: self.legacy_cbc,
            authn_context: self.authn_context.clone(),
            allow_idp_initiated: self.allow_idp_initiated,
            ..Saml::default()
        }
    }

    /// The connection at which it comes.
    pub fn connection(&self) -> Connection {
        let at = Timestamp::parse(NOW).unwrap();
        Connection {
            id: ConnectionId(Uuid::nil()),
            organization_id: OrganizationId(Uuid::nil()),
            name: "Corpus".to_owned(),
            status: Status::Active,
            provider: Provider::Generic,
            directory_id: None,
            settings: Settings {
                link: Link::of_saml(),
                claims: self.claims.clone(),
                guests_allowed: false,
                tenant_id: None,
                jit: Jit::default(),
                rule_claims: Vec::new(),
                trace_until: None,
                oidc: Oidc::none(),
                saml: Some(self.saml()),
            },
            secret: None,
            domains: Vec::new(),
            keys_host: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    /// Runs the pipeline over the message.
    pub fn run(&self) -> Verdict {
        run(&self.saml(), &STANDARD.encode(&self.message), self.in_response_to.as_deref())
    }
}

/// Runs the pipeline as the corpus does.
pub fn run(saml: &Saml, encoded: &str, in_response_to: Option<&str>) -> Verdict {
    let asked = in_response_to.unwrap_or("_request").to_owned();
    let is = |id: &str| id == asked;
    let request = match in_response_to {
        Some("none") => Request::Unsolicited { allowed: saml.allow_idp_initiated },
        _ => Request::Of(&is),
    };
    let expected = Expected {
        saml,
        sp_entity_id: SP,
        acs_url: ACS,
        request,
        now: Timestamp::parse(NOW).unwrap(),
        fresh_since: None,
    };
    verify::response(encoded, &expected, &Keys::of(&[secret("sp"), secret("sp-old")]))
}
