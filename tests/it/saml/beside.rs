//! What providers send beside responses: logouts by a form, and metadata that a federation signed.
//! Every case is taken with what it says, or refused for what it names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::domain::saml::Saml;
use portico::domain::time::Timestamp;
use portico::outbound::saml::logout::{self, Message};
use portico::outbound::saml::redirect::Carries;
use portico::outbound::saml::{metadata, metadata_signature};
use serde::Deserialize;

use super::case::{IDP, NOW, folders, pem, root};

/// Where logouts come in the corpus.
const SLO: &str = "https://sp.example/sso/1/slo";

/// What stands in `case.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    title: String,
    pub shows: Vec<String>,
    fault: Option<String>,
    /// Who may sign a logout.
    #[serde(default = "idp")]
    certificates: Vec<String>,
    #[serde(default)]
    carries: Option<String>,
    /// Who may sign metadata.
    #[serde(default = "federation")]
    pinned: Vec<String>,
    #[serde(default)]
    wanted: Option<String>,
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    text: String,
}

fn idp() -> Vec<String> {
    vec!["idp".to_owned()]
}

fn federation() -> Vec<String> {
    vec!["federation".to_owned()]
}

/// The cases of `logout` or `metadata`, `accepted` or `refused`.
pub fn all(kind: &str, outcome: &str) -> Vec<Case> {
    let mut found = folders(&root().join(kind).join(outcome));
    found.sort();
    assert!(found.len() >= 8, "the {outcome} cases of {kind} are there");
    let read = |folder: &std::path::PathBuf| {
        let text = std::fs::read_to_string(folder.join("case.toml")).unwrap();
        let mut case: Case = toml::from_str(&text).unwrap();
        case.name = folder.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        case.text = std::fs::read_to_string(folder.join(format!("{kind}.xml"))).unwrap();
        case
    };
    found.iter().map(read).collect()
}

/// The numbers that they show.
pub fn shown() -> impl Iterator<Item = String> {
    ["logout", "metadata"]
        .into_iter()
        .flat_map(|kind| all(kind, "accepted").into_iter().chain(all(kind, "refused")))
        .flat_map(|case| case.shows)
}

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

impl Case {
    fn logout(&self) -> Result<Message, String> {
        let saml = Saml {
            idp_entity_id: IDP.to_owned(),
            certificates: self.certificates.iter().map(|name| pem(name, "pem")).collect(),
            ..Saml::default()
        };
        let carries = match self.carries.as_deref() {
            Some("response") => Carries::Response,
            _ => Carries::Request,
        };
        let read = logout::read_posted((carries, &STANDARD.encode(&self.text)), &saml, SLO, now());
        read.map_err(|found| found.fault.as_str().to_owned())
    }

    fn metadata(&self) -> Result<metadata::Provider, String> {
        let pinned: Vec<String> = self.pinned.iter().map(|name| pem(name, "pem")).collect();
        let text = metadata_signature::checked(&self.text, &pinned);
        text.and_then(|text| metadata::read(&text, self.wanted.as_deref(), now()))
            .map_err(|found| found.to_string())
    }
}

#[test]
fn a_logout_by_a_form_counts_when_its_root_is_signed_g35() {
    for case in all("logout", "accepted") {
        match case.logout().unwrap_or_else(|fault| panic!("{}: refused, {fault}", case.name)) {
            Message::Request(request) => {
                assert_eq!(request.name.value, "ada-1815", "{}", case.name);
                assert_eq!((request.id.as_str(), request.sessions.len()), ("_logout", 1));
            }
            Message::Response { in_response_to, worked } => {
                assert_eq!(in_response_to, "_ours", "{}", case.name);
                assert_eq!(worked, !case.name.ends_with("failed"), "{}", case.name);
            }
        }
    }
}

#[test]
fn every_refused_logout_by_a_form_is_refused_by_its_fault_a33() {
    for case in all("logout", "refused") {
        let fault = case.logout().err().unwrap_or_else(|| panic!("{}: ACCEPTED", case.name));
        assert_eq!(Some(fault), case.fault, "{}: {}", case.name, case.title);
    }
}

#[test]
fn metadata_counts_where_a_pinned_certificate_signed_all_of_it_g32() {
    for case in all("metadata", "accepted") {
        let read = case.metadata().unwrap_or_else(|why| panic!("{}: refused, {why}", case.name));
        assert_eq!(read.entity_id, IDP, "{}", case.name);
        assert_eq!(read.sso_url, "https://idp.example/sso", "{}", case.name);
    }
}

#[test]
fn every_refused_metadata_is_refused_for_what_is_wrong_with_its_signature_a54() {
    for case in all("metadata", "refused") {
        let why = case.metadata().err().unwrap_or_else(|| panic!("{}: ACCEPTED", case.name));
        let fault = case.fault.clone().unwrap();
        assert!(why.contains(&fault), "{}: {}: {why}", case.name, case.title);
    }
}
