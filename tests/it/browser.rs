//! Whole sign-ins in headless Chromium, with scripts and without: redirects, cookies and forms as a
//! browser takes them, against the policies of our pages.

use std::process::Command;

use serde_json::{Value, json};

use crate::saml::simplesamlphp;
use crate::sso::canaille;

/// Walks from an address until the browser stands at `/me`, and answers what it shows there.
async fn walk(open: String, end: String, fill: Value, scripts: bool) -> (Value, Vec<String>) {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/chromium/walk.mjs");
    let asked = json!({"open": open, "end": end, "fill": fill, "scripts": scripts}).to_string();
    let run = move || Command::new("node").args([program, &asked]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let output = output.expect("node is there: run scripts/setup");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown = serde_json::from_str(seen["text"].as_str().unwrap()).unwrap();
    let pages =
        seen["pages"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned());
    (shown, pages.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_signs_a_person_in_at_canaille_with_and_without_scripts() {
    let (app, peer, ada, made) = canaille::connected().await;
    let fill = json!({"#login": "ada-1815", "#password": canaille::PASSWORD});
    for scripts in [true, false] {
        let (start, end) = (made.text_at("/start_url"), format!("{}/me", app.url));
        let (me, pages) = walk(start, end, fill.clone(), scripts).await;
        assert_eq!(me["user"]["id"], ada, "{me}");
        assert!(pages.iter().any(|page| page.starts_with(&peer.issuer)), "{pages:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_carries_saml_forms_both_ways_with_and_without_scripts() {
    let (app, _peer, ada, made) = simplesamlphp::connected(("FORMS", "true")).await;
    for scripts in [true, false] {
        let (start, end) = (made.text_at("/start_url"), format!("{}/me", app.url));
        let (me, _) = walk(start, end, json!({}), scripts).await;
        assert_eq!(me["user"]["id"], ada, "{me}");
    }
}
