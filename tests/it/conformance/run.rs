//! Runs cases: each under each of its profiles, in a new organization with a new directory.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::case::{Case, Chapter, Exchange, Request, Wanted};
use super::compare::Comparison;
use super::law;
use super::names::{Names, Place};
use super::wire::{self, Answer, Sent};
use crate::support::{OPERATOR_TOKEN, TestApp};

/// An id that nobody has.
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";
/// Bytes of a body that a failure shows.
const SHOWN_MAX: usize = 1_500;
/// What goes in a header that is not to be there.
const NONE: &str = "(none)";
/// Other surfaces than that of the directory.
const ELSEWHERE: [&str; 4] = ["/scim/", "/api/", "/access/", "/.well-known/"];

/// One case as it ran under one profile.
pub struct Outcome {
    /// What went wrong, with file, line and case; `None` where nothing did.
    pub fault: Option<String>,
}

/// Runs every case of a chapter.
pub async fn chapter(app: &TestApp, chapter: &Chapter) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (number, case) in chapter.cases.iter().enumerate() {
        for profile in &case.profiles {
            let stem = chapter.path.trim_end_matches(".md").replace('/', " ");
            let organization = format!("{stem} {number} {profile}");
            let mut run = Run::new(app, &organization, profile).await;
            let fault = run.case(case).await.err().map(|(line, fault)| {
                format!("{}:{line} ({profile}) {:?}\n{fault}", chapter.path, case.title)
            });
            outcomes.push(Outcome { fault });
        }
    }
    outcomes
}

type Fault = (usize, String);

struct Run<'a> {
    app: &'a TestApp,
    authority: String,
    profile: &'a str,
    names: Names,
}

impl<'a> Run<'a> {
    async fn new(app: &'a TestApp, organization: &str, profile: &'a str) -> Self {
        let authority = app.url.trim_start_matches("http://").to_owned();
        let mut run = Self { app, authority, profile, names: Names::default() };
        let id = app.organization(organization).await;
        run.names.set("organization", id.as_str());
        run.names.set("organization_name", organization);
        run.names.set("url", app.url.as_str());
        run.names.set("operator", OPERATOR_TOKEN);
        run.names.set("nobody", NOBODY);
        run.names.set("profile", profile);
        run.directory("", &id).await;
        let basic = STANDARD.encode(format!("anybody:{}", run.text("token")));
        run.names.set("basic", basic);
        run
    }

    /// Makes a directory and gives its parts names that begin with this.
    async fn directory(&mut self, prefix: &str, organization: &str) {
        let (id, token) = self.app.directory(organization, self.profile).await;
        let base = format!("{}/scim/{id}/v2", self.app.url);
        self.names.set(&format!("{prefix}organization"), organization);
        self.names.set(&format!("{prefix}directory"), id);
        self.names.set(&format!("{prefix}base"), base);
        self.names.set(&format!("{prefix}token"), token);
    }

    async fn case(&mut self, case: &Case) -> Result<(), Fault> {
        self.companions(case).await;
        for exchange in &case.exchanges {
            for round in 1..=exchange.times {
                self.names.round = round;
                for request in &exchange.requests {
                    self.exchange(exchange, request).await?;
                }
            }
        }
        Ok(())
    }

    /// What only some cases need: another directory, another organization, a lesser token.
    async fn companions(&mut self, case: &Case) {
        let text = format!("{:?}", case.exchanges);
        let own = self.text("organization");
        if text.contains("{{other.") {
            self.directory("other.", &own).await;
        }
        if text.contains("{{foreign.") {
            let foreign = format!("{} abroad", self.text("organization_name"));
            let organization = self.app.organization(&foreign).await;
            self.directory("foreign.", &organization).await;
        }
        for (name, scope) in [("reader", "scim.read"), ("writer", "scim.write")] {
            if text.contains(&format!("{{{{{name}}}}}")) {
                let path = format!("/api/v1/directories/{}/tokens", self.text("directory"));
                let body = json!({"name": name, "scopes": [scope]});
                let made = self.app.operator().post(&path, body).await.expect(201);
                self.names.set(name, made.text_at("/token"));
            }
        }
    }

    fn text(&self, name: &str) -> String {
        let filled = self.names.fill(&format!("{{{{{name}}}}}"), Place::Plain);
        String::from_utf8(filled.unwrap_or_default()).unwrap_or_default()
    }

    async fn exchange(&mut self, exchange: &Exchange, request: &Request) -> Result<(), Fault> {
        let sent = self.sent(request, exchange.raw).map_err(|fault| (request.line, fault))?;
        let asked = format!("{} {}", sent.method, sent.target);
        let answer = wire::send(&self.authority, &sent).await;
        // As among people, no two things happen at one instant.
        self.app.advance_s(1);
        let answer = answer.map_err(|fault| (request.line, format!("{asked}: {fault}")))?;
        let wanted = &exchange.wanted;
        let mut faults = self.differences(wanted, &answer);
        if sent.target.starts_with("/scim/") {
            faults.extend(law::broken(&sent, &answer));
        }
        if faults.is_empty() {
            return Ok(());
        }
        let at = if exchange.requests.len() > 1 { request.line } else { wanted.line };
        Err((at, format!("  {}\n{asked}\n{}", faults.join("\n  "), shown(&answer))))
    }

    fn sent(&self, request: &Request, raw: bool) -> Result<Sent, String> {
        let target = text(self.names.fill(&request.target, Place::Plain)?)?;
        let absolute = target.strip_prefix(self.app.url.as_str());
        let elsewhere = ELSEWHERE.iter().any(|root| target.starts_with(root));
        let target = match absolute {
            Some(target) => target.to_owned(),
            None if elsewhere => target,
            None => format!("/scim/{}/v2{target}", self.text("directory")),
        };
        let scim = target.starts_with("/scim/");
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            if value != NONE {
                headers.push((name.clone(), text(self.names.fill(value, Place::Plain)?)?));
            }
        }
        let says = |wanted: &str| {
            request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if !says("authorization") {
            let token = if scim { self.text("token") } else { OPERATOR_TOKEN.to_owned() };
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        let body = request.body.as_deref();
        let body = body.map(|body| self.names.fill(body, Place::Json)).transpose()?;
        if body.is_some() && !says("content-type") {
            let media_type = if scim { "application/scim+json" } else { "application/json" };
            headers.push(("Content-Type".to_owned(), media_type.to_owned()));
        }
        let target = if raw { target } else { encoded(&target) };
        Ok(Sent { method: request.method.clone(), target, headers, body })
    }

    fn differences(&mut self, wanted: &Wanted, answer: &Answer) -> Vec<String> {
        let mut faults = Vec::new();
        if answer.status != wanted.status {
            faults.push(format!("wanted {}, got {}", wanted.status, answer.status));
            return faults;
        }
        for (name, value) in &wanted.headers {
            let fault = match (answer.header(name), value.as_str()) {
                (None, NONE) => None,
                (Some(there), NONE) => Some(format!("must be absent, is {there:?}")),
                (None, _) => Some("is missing".to_owned()),
                (Some(there), value) => self.names.matches(value, &Value::from(there)).err(),
            };
            faults.extend(fault.map(|fault| format!("{name}: {fault}")));
        }
        let Some(body) = &wanted.body else {
            if [204, 304].contains(&answer.status) && !answer.body.is_empty() {
                faults.push("the body is not empty".to_owned());
            }
            return faults;
        };
        let Ok(actual) = serde_json::from_slice::<Value>(&answer.body) else {
            faults.push("the body is not JSON".to_owned());
            return faults;
        };
        let (names, exactly) = (&mut self.names, wanted.exactly);
        let mut comparison = Comparison { names, exactly, faults };
        comparison.value("", body, &actual);
        comparison.faults
    }
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "only a body may hold such bytes".to_owned())
}

/// Percent-encodes what a target cannot hold, so that cases can be read.
fn encoded(target: &str) -> String {
    let mut encoded = String::with_capacity(target.len());
    for byte in target.bytes() {
        if byte.is_ascii_graphic() && !br##"<>"#[]\^`{|}"##.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn shown(answer: &Answer) -> String {
    let mut shown = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        shown.push_str(&format!("{name}: {value}\n"));
    }
    let body = String::from_utf8_lossy(&answer.body);
    shown.extend(body.chars().take(SHOWN_MAX));
    shown
}
