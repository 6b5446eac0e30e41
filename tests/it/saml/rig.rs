//! An organization with a directory, a SAML connection and a provider by other hands behind it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use portico::domain::time::Clock;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

/// samlp as a process of its own; it ends with its test.
pub struct Peer {
    /// Where it answers.
    pub url: String,
    child: Child,
}

impl Peer {
    /// Starts a provider.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, told more: `--forms` for logouts by forms only.
    pub fn start_with(more: &[&str]) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/samlp/provider.mjs");
        let mut child = Command::new("node")
            .args([program, "0", "--until-stdin-closes"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is there: run scripts/setup");
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).expect("the provider says where it listens");
        let url = line.trim().strip_prefix("listening ").unwrap_or_else(|| {
            panic!("the provider did not start ({line:?}): run npm ci in tests/peers/samlp")
        });
        Self { url: url.to_owned(), child }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A form that a provider shows, to be sent by the browser.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// What is in it.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The first form of a page.
    pub fn of(page: &Reply) -> Self {
        let text = page.text();
        let action = Regex::new(r#"<form[^>]*action="([^"]*)""#).unwrap();
        let input = Regex::new(r#"(?s)<input[^>]*?name="([^"]*)"\s+value="([^"]*)""#).unwrap();
        let plain = |text: &str| {
            text.replace("&#34;", "\"")
                .replace("&#x2F;", "/")
                .replace("&#38;", "&")
                .replace("&amp;", "&")
        };
        let found = action.captures(&text).unwrap_or_else(|| panic!("no form\n{page}"));
        let fields = input.captures_iter(&text).map(|one| (plain(&one[1]), plain(&one[2])));
        Self { action: plain(&found[1]), fields: fields.collect() }
    }

    /// The same with another value of a field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a field.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// A browser sends it.
    pub async fn send(&self, browser: &Caller) -> Reply {
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post_form(&self.action, &fields).await
    }
}

/// All that a sign-in needs.
pub struct Rig {
    pub app: TestApp,
    pub peer: Peer,
    pub token: String,
    pub organization: String,
    pub connection: String,
    pub start_url: String,
    pub entity_id: String,
    pub acs_url: String,
}

impl Rig {
    /// An active connection, made from the provider's metadata.
    pub async fn new(app: TestApp) -> Self {
        Self::with(app, json!({})).await
    }

    /// The same with more said of the connection.
    pub async fn with(app: TestApp, more: Value) -> Self {
        Self::at(app, Peer::start(), more).await
    }

    /// The same at this provider.
    pub async fn at(app: TestApp, peer: Peer, more: Value) -> Self {
        // The provider reads the machine's clock.
        let behind = Clock::System.now().since_s(app.app.runner.clock.now());
        app.advance_s(behind);
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let path = format!("/api/v1/organizations/{organization}/connections");
        let mut body = json!({
            "name": "Acme SAML", "kind": "saml",
            "saml": {"metadata_url": format!("{}/metadata", peer.url)},
        });
        for (name, value) in more.as_object().unwrap() {
            match (body[name.as_str()].as_object_mut(), value.as_object()) {
                (Some(into), Some(from)) => into.extend(from.clone()),
                _ => body[name.as_str()] = value.clone(),
            }
        }
        let made = app.operator().post(&path, body).await.expect(201);
        assert_eq!(made.text_at("/directory_id"), directory);
        Self {
            connection: made.text_at("/id"),
            start_url: made.text_at("/start_url"),
            entity_id: made.text_at("/sp_entity_id"),
            acs_url: made.text_at("/acs_url"),
            app,
            peer,
            token,
            organization,
        }
    }

    /// Changes the connection.
    pub async fn change(&self, change: Value) -> Reply {
        self.app.operator().patch(&format!("/api/v1/connections/{}", self.connection), change).await
    }

    /// Ada, known to the directory by what the provider calls her.
    pub async fn ada(&self) -> String {
        let document = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "externalId": "ada-1815", "active": true,
            "emails": [{"value": "ada@example.com", "type": "work"}],
        });
        let made = self.app.scim(&self.token).post("/Users", document).await;
        made.expect(201).text_at("/id")
    }

    /// Goes to the provider, which knows the person, and stops before its form is sent.
    pub async fn form(&self, browser: &Caller, how: &str) -> Form {
        // Entries of one instant have no order.
        self.app.advance_s(1);
        let sent = browser.get(&self.start_url).await.expect(303);
        let to = sent.header("location").to_owned();
        assert!(to.starts_with(&self.peer.url), "{sent}");
        Form::of(&browser.get(&format!("{to}&{how}")).await.expect(200))
    }

    /// Goes the whole way and answers what the browser shows at its end.
    pub async fn sign_in(&self, browser: &Caller, how: &str) -> Reply {
        let form = self.form(browser, how).await;
        assert_eq!(form.action, self.acs_url);
        self.bring(browser, &form).await
    }

    /// Sends a form and follows where it leads.
    pub async fn bring(&self, browser: &Caller, form: &Form) -> Reply {
        let reply = form.send(browser).await;
        if reply.status != 303 {
            return reply;
        }
        browser.follow(reply.header("location")).await
    }

    /// The form of a provider that nobody asked.
    pub async fn unasked(&self, browser: &Caller, how: &str) -> Form {
        self.app.advance_s(1);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("sp", &self.entity_id)
            .finish();
        let url = format!("{}/begin?{query}&{how}", self.peer.url);
        Form::of(&browser.get(&url).await.expect(200))
    }

    /// The journal, newest first.
    pub async fn journal(&self) -> Vec<Value> {
        let path = format!("/api/v1/connections/{}/sign-ins", self.connection);
        let page = self.app.operator().get(&path).await.expect(200);
        page.at("/data").as_array().unwrap().clone()
    }

    /// A refusal as a browser sees it, and its entry in the journal: the code and the fault.
    pub async fn refused(&self, reply: &Reply, code: &str, fault: &str) -> Value {
        assert_eq!(reply.status, 403, "{reply}");
        let request_id = reply.header("x-request-id");
        let shown = reply.text();
        assert!(shown.contains(code) && shown.contains(request_id), "{reply}");
        let journal = self.journal().await;
        let entry = journal.iter().find(|entry| entry["request_id"] == request_id);
        let entry = entry.expect("an entry of this request").clone();
        assert_eq!(
            (&entry["outcome"], &entry["code"]),
            (&json!("refused"), &json!(code)),
            "{entry}"
        );
        assert!(entry["hint"].as_str().unwrap().contains(fault), "{entry}");
        entry
    }
}
