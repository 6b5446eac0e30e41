//! A whole walk with LemonLDAP::NG, as Debian packs it: requests of ours that Lasso verifies, its
//! answers, and signing out at both ends. It belongs to the longer run (`make test-long`).

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portico::domain::time::Clock;
use serde_json::json;

use super::case::pem;
use super::rig::Form;
use crate::support::{Caller, Reply, TestApp};

/// Looks until it answers, and milliseconds between them.
const LOOKS: u64 = 600;
const LOOK_MS: u64 = 100;
/// Pages that a browser passes on its way out.
const PAGES_MAX: usize = 10;
/// An account of the demonstration, and its address.
const ACCOUNT: &str = "dwho";
const ADDRESS: &str = "dwho@badwolf.org";

/// LemonLDAP::NG as a process of its own; it ends with its test.
struct Peer {
    url: String,
    folder: PathBuf,
    child: Child,
}

impl Peer {
    /// Starts it with our metadata.
    async fn start(app: &TestApp, ours: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = std::env::temp_dir().join(format!("portico-lemonldap-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("sp.xml"), ours).unwrap();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/lemonldap/start");
        let child = Command::new(program)
            .arg(&folder)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the peer starts: run scripts/setup long");
        let peer = Self { url: format!("http://127.0.0.1:{port}"), folder, child };
        for _ in 0..LOOKS {
            let asked = app.anonymous().attempt(reqwest::Method::GET, &peer.metadata(), None).await;
            if asked.is_ok_and(|reply| reply.status == 200) {
                return peer;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        panic!("LemonLDAP::NG does not answer: run scripts/setup long")
    }

    fn metadata(&self) -> String {
        format!("{}/saml/metadata", self.url)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// Says who she is on its page, at the very address that showed it.
async fn log_in(browser: &Caller, page: &Reply) -> Reply {
    let here = page.request.split_once(' ').unwrap().1.to_owned();
    let form = Form::of(page);
    let hidden = form.fields.iter().find(|(name, _)| name == "url");
    let url = hidden.map(|(_, value)| value.clone()).unwrap_or_default();
    let fields = [("user", ACCOUNT), ("password", ACCOUNT), ("url", url.as_str())];
    browser.post_form(&here, &fields).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lemonldap_signs_a_person_in_and_out() {
    let app = TestApp::sqlite().await;
    let behind = Clock::System.now().since_s(app.app.runner.clock.now());
    app.advance_s(behind);
    let organization = app.organization("Acme").await;
    let (_, token) = app.directory(&organization, "generic").await;
    // Each wants the metadata of the other: ours comes first.
    let path = format!("/api/v1/organizations/{organization}/connections");
    let body = json!({"name": "LemonLDAP::NG", "kind": "saml",
        "link": {"claim": "email"}, "saml": {"require": "both",
        "idp_entity_id": "https://later.example", "sso_url": "https://later.example/sso",
        "certificates": [pem("idp", "pem")]}});
    let made = app.operator().post(&path, body).await.expect(201);
    let ours = app.anonymous().get(&made.text_at("/metadata_url")).await.expect(200);
    let peer = Peer::start(&app, &ours.text()).await;
    let path = format!("/api/v1/connections/{}", made.text_at("/id"));
    let change = json!({"saml": {"metadata_url": peer.metadata()}});
    let changed = app.operator().patch(&path, change).await.expect(200);
    assert_eq!(changed.at("/saml/sign_requests"), true, "{changed}");
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "doctor", "externalId": ADDRESS, "active": true});
    let doctor = app.scim(&token).post("/Users", user).await.expect(201).text_at("/id");

    let browser = app.browser();
    let page = browser.follow(&made.text_at("/start_url")).await.expect(200);
    assert!(page.request.contains(&peer.url), "{page}");
    let form = Form::of(&log_in(&browser, &page).await.expect(200));
    assert_eq!(form.action, made.text_at("/acs_url"));
    let kept = form.send(&browser).await.expect(303);
    let me = browser.follow(kept.header("location")).await.expect(200);
    assert_eq!(me.at("/user/id"), doctor);

    let here = browser.clone().with_header("sec-fetch-site", "same-origin");
    let left = here.post_form("/sign-out", &[]).await.expect(303);
    assert!(left.header("location").starts_with(&peer.url), "{left}");
    browser.get("/me").await.expect_problem(401, "unauthenticated");
    let mut end = browser.follow(left.header("location")).await;
    for _ in 0..PAGES_MAX {
        if end.request.ends_with("/signed-out") || !end.text().contains("<form") {
            break;
        }
        end = Form::of(&end).send(&browser).await;
    }
    assert!(end.request.ends_with("/signed-out"), "{end}");
}
