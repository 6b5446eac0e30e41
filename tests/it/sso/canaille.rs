//! A whole walk with Canaille, an identity provider in Python: its pages, its tokens signed by
//! Ed25519, and signing out at both ends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use portico::domain::time::Clock;
use regex::Regex;
use serde_json::json;

use crate::support::{Caller, Reply, TestApp};

/// What `provider.py` says of its client and of the person.
const CLIENT_ID: &str = "portico";
const CLIENT_SECRET: &str = "for-tests-only-and-known-to-everybody";
pub const PASSWORD: &str = "correct horse battery staple";

/// Canaille as a process of its own; it ends with its test.
pub struct Peer {
    /// Its issuer.
    pub issuer: String,
    child: Child,
}

impl Peer {
    fn start(redirect_uri: &str, back: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/canaille");
        let python = folder.join(".venv/bin/python");
        assert!(python.exists(), "{} is missing: `make test` installs it", python.display());
        let mut child = Command::new(python)
            .arg(folder.join("provider.py"))
            .args([redirect_uri, back])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the peer starts");
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).expect("the provider says where it listens");
        let issuer = line.trim().strip_prefix("listening ").expect("the provider started");
        Self { issuer: issuer.to_owned(), child }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sends the form of a page of Canaille, and follows where that leads.
async fn submit(browser: &Caller, page: &Reply, fields: &[(&str, &str)]) -> Reply {
    let here = page.request.split_once(' ').unwrap().1.to_owned();
    let token = Regex::new(r#"name="csrf_token" value="([^"]*)""#).unwrap();
    let text = page.text();
    let token = token.captures(&text).unwrap_or_else(|| panic!("no form\n{page}"))[1].to_owned();
    let mut sent = vec![("csrf_token", token.as_str())];
    sent.extend(fields);
    let reply = browser.post_form(&here, &sent).await;
    assert!((300..400).contains(&reply.status), "{reply}");
    let next = url::Url::parse(&here).unwrap().join(reply.header("location")).unwrap();
    browser.follow(next.as_str()).await
}

/// An app, its peer, a person, and the connection between them.
pub async fn connected() -> (TestApp, Peer, String, Reply) {
    let app = TestApp::sqlite().await;
    // The provider reads the machine's clock.
    let behind = Clock::System.now().since_s(app.app.runner.clock.now());
    app.advance_s(behind);
    let organization = app.organization("Acme").await;
    let (_, token) = app.directory(&organization, "generic").await;
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada", "externalId": "ada-1815", "active": true});
    let ada = app.scim(&token).post("/Users", user).await.expect(201).text_at("/id");
    let path = format!("/api/v1/organizations/{organization}/connections");
    let body = json!({"name": "Canaille", "kind": "oidc", "status": "draft", "oidc": {
        "issuer": "http://127.0.0.1:1", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}});
    let made = app.operator().post(&path, body).await.expect(201);
    let peer =
        Peer::start(&made.text_at("/redirect_uri"), &made.text_at("/post_logout_redirect_uri"));
    let change = json!({"status": "active", "oidc": {"issuer": peer.issuer}});
    let path = format!("/api/v1/connections/{}", made.text_at("/id"));
    app.operator().patch(&path, change).await.expect(200);
    let tested = app.operator().post(&format!("{path}/test"), json!({})).await.expect(200);
    assert_eq!(tested.at("/ok"), true, "{tested}");
    (app, peer, ada, made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaille_signs_a_person_in_and_out() {
    let (app, peer, ada, made) = connected().await;
    let browser = app.browser().with_header("origin", &app.url);
    let login = browser.follow(&made.text_at("/start_url")).await.expect(200);
    assert!(login.request.contains(&peer.issuer), "{login}");
    let password = submit(&browser, &login, &[("login", "ada-1815")]).await.expect(200);
    let me = submit(&browser, &password, &[("password", PASSWORD)]).await.expect(200);
    assert_eq!(me.at("/user/id"), ada);

    let left = browser.post_form("/sign-out", &[]).await.expect(303);
    assert!(left.header("location").starts_with(&peer.issuer), "{left}");
    browser.get("/me").await.expect(401);
    let end = browser.follow(left.header("location")).await.expect(200);
    assert!(end.request.contains(&format!("{}/signed-out?state=", app.url)), "{end}");
    // She is signed out there, too: she is asked again.
    let again = browser.follow(&made.text_at("/start_url")).await.expect(200);
    assert!(again.text().contains("csrf_token"), "{again}");
}
