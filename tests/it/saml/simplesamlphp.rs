//! A whole walk with SimpleSAMLphp, as Debian packs it: requests of ours that are signed, answers
//! that are signed and encrypted, and signing out at both ends.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portico::domain::time::Clock;
use serde_json::json;

use super::rig::Form;
use crate::support::{Caller, Reply, TestApp};

/// Looks until it answers, and milliseconds between them.
const LOOKS: u64 = 600;
const LOOK_MS: u64 = 100;
/// Redirects that a browser follows at most.
const REDIRECTS_MAX: usize = 10;

/// SimpleSAMLphp as a process of its own; it ends with its test.
pub struct Peer {
    url: String,
    folder: PathBuf,
    child: Child,
}

impl Peer {
    async fn start(app: &TestApp, how: (&str, &str)) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = std::env::temp_dir().join(format!("portico-simplesamlphp-{port}"));
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/simplesamlphp/start");
        let child = Command::new(program)
            .arg(&folder)
            .arg(port.to_string())
            .env(how.0, how.1)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the peer starts: run scripts/setup");
        let peer = Self { url: format!("http://127.0.0.1:{port}"), folder, child };
        let metadata = peer.metadata();
        for _ in 0..LOOKS {
            let asked = app.anonymous().attempt(reqwest::Method::GET, &metadata, None).await;
            if asked.is_ok_and(|reply| reply.status == 200) {
                return peer;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        panic!("SimpleSAMLphp does not answer: run scripts/setup")
    }

    fn metadata(&self) -> String {
        format!("{}/saml2/idp/metadata.php", self.url)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// Follows redirects until a page comes.
async fn walk(browser: &Caller, from: &str) -> Reply {
    walk_on(browser, browser.get(from).await).await
}

async fn walk_on(browser: &Caller, mut reply: Reply) -> Reply {
    for _ in 0..REDIRECTS_MAX {
        if !(300..400).contains(&reply.status) {
            return reply;
        }
        let here = reply.request.split_once(' ').unwrap().1.to_owned();
        let next = url::Url::parse(&here).unwrap().join(reply.header("location")).unwrap();
        reply = browser.get(next.as_str()).await;
    }
    panic!("too many redirects\n{reply}")
}

/// An app, its peer, a person, and the connection between them.
pub async fn connected(how: (&str, &str)) -> (TestApp, Peer, String, Reply) {
    let app = TestApp::sqlite().await;
    let behind = Clock::System.now().since_s(app.app.runner.clock.now());
    app.advance_s(behind);
    let peer = Peer::start(&app, how).await;
    let organization = app.organization("Acme").await;
    let (_, token) = app.directory(&organization, "generic").await;
    let path = format!("/api/v1/organizations/{organization}/connections");
    let body = json!({"name": "SimpleSAMLphp", "kind": "saml", "saml": {
        "metadata_url": peer.metadata(), "require": "both", "sign_requests": true}});
    let made = app.operator().post(&path, body).await.expect(201);
    let ours = app.anonymous().get(&made.text_at("/metadata_url")).await.expect(200);
    std::fs::write(peer.folder.join("sp.xml"), ours.text()).unwrap();
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada", "externalId": "ada-1815", "active": true});
    let ada = app.scim(&token).post("/Users", user).await.expect(201).text_at("/id");
    (app, peer, ada, made)
}

async fn a_walk_with_simplesamlphp(encrypt: &str) {
    let (app, peer, ada, made) = connected(("ENCRYPT", encrypt)).await;
    let browser = app.browser();
    let page = walk(&browser, &made.text_at("/start_url")).await.expect(200);
    let form = Form::of(&page);
    assert_eq!(form.action, made.text_at("/acs_url"), "{page}");
    let kept = form.send(&browser).await.expect(303);
    let me = browser.follow(kept.header("location")).await.expect(200);
    assert_eq!(me.at("/user/id"), ada);
    let here = browser.clone().with_header("sec-fetch-site", "same-origin");
    let left = here.post_form("/sign-out", &[]).await.expect(303);
    assert!(left.header("location").starts_with(&peer.url), "{left}");
    browser.get("/me").await.expect_problem(401, "unauthenticated");
    let end = walk(&browser, left.header("location")).await;
    assert!(end.request.ends_with("/signed-out"), "{end}");
}

#[tokio::test]
async fn simplesamlphp_signs_a_person_in_and_out() {
    a_walk_with_simplesamlphp("false").await;
}

#[tokio::test]
async fn simplesamlphp_encrypts_for_our_key() {
    a_walk_with_simplesamlphp("true").await;
}

#[tokio::test]
async fn simplesamlphp_takes_our_signed_forms_to_sign_in_and_out() {
    let (app, peer, ada, made) = connected(("FORMS", "true")).await;
    assert_eq!(made.at("/saml/sso_binding"), "post");
    assert_eq!(made.at("/saml/slo_binding"), "post");
    let browser = app.browser();
    let asking = Form::of(&browser.get(&made.text_at("/start_url")).await.expect(200));
    assert!(asking.action.starts_with(&peer.url), "{asking:?}");
    // It verifies the signature within our request.
    let sent = asking.send(&browser).await;
    let form = Form::of(&walk_on(&browser, sent).await.expect(200));
    assert_eq!(form.action, made.text_at("/acs_url"));
    let kept = form.send(&browser).await.expect(303);
    let me = browser.follow(kept.header("location")).await.expect(200);
    assert_eq!(me.at("/user/id"), ada);
    let here = browser.clone().with_header("sec-fetch-site", "same-origin");
    let leaving = Form::of(&here.post_form("/sign-out", &[]).await.expect(200));
    assert!(leaving.action.starts_with(&peer.url), "{leaving:?}");
    browser.get("/me").await.expect_problem(401, "unauthenticated");
    let left = leaving.send(&browser).await;
    let end = walk_on(&browser, left).await;
    assert!(end.request.ends_with("/signed-out"), "{end}");
}
