//! `portico simulate` against Portico, and against servers that answer wrongly.

use axum::Router;
use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};
use axum::response::IntoResponse;
use portico::cli::simulate::{self, Args, Provider};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;

use crate::support::TestApp;

async fn simulate(provider: Provider, base: &str, token: &str) -> (bool, String) {
    let args = Args {
        provider,
        url: base.parse().unwrap(),
        token: SecretString::from(token),
        users: 50,
        groups: 5,
    };
    let mut report = Vec::new();
    let well = simulate::play(&args, &mut report).await.unwrap();
    (well, String::from_utf8(report).unwrap())
}

/// Twice, because a provider's first cycle may meet users who are there already.
async fn twice_without_a_wrong_answer(app: &TestApp, provider: Provider, flag: &str) {
    let profile = match provider {
        Provider::Entra => "entra",
        Provider::Okta => "okta",
    };
    let organization = app.organization(&format!("Acme {profile}")).await;
    let (directory, token) = app.directory(&organization, profile).await;
    let base = format!("{}/scim/{directory}/v2{flag}", app.url);
    for _ in 0..2 {
        let (well, report) = simulate(provider, &base, &token).await;
        assert!(well, "\n{report}");
        assert!(report.contains("first cycle: 50 users in "), "\n{report}");
    }
}

on_both_engines! {
    async fn entra_finds_no_wrong_answer(app: TestApp) {
        twice_without_a_wrong_answer(&app, Provider::Entra, "").await;
    }

    async fn entra_with_its_other_dialect_finds_no_wrong_answer(app: TestApp) {
        twice_without_a_wrong_answer(&app, Provider::Entra, "?aadOptscim062020").await;
    }

    async fn okta_finds_no_wrong_answer(app: TestApp) {
        twice_without_a_wrong_answer(&app, Provider::Okta, "").await;
    }
}

/// Serves a SCIM double and answers its base URL.
async fn double(
    answer: impl Fn(Method, Uri, Bytes) -> (u16, Value) + Clone + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim", listener.local_addr().unwrap());
    let service =
        Router::new().fallback(move |method: Method, uri: Uri, body: Bytes| {
            let (status, body) = answer(method, uri, body);
            let retry = [("retry-after", "0")];
            async move {
                (StatusCode::from_u16(status).unwrap(), retry, body.to_string()).into_response()
            }
        });
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    url
}

fn nothing() -> (u16, Value) {
    let list = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
    });
    (200, list)
}

#[tokio::test]
async fn a_server_that_fails_the_connection_test_is_reported_and_left_alone() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let url = double(move |_, _, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        (200, json!({"totalResults": "0"}))
    })
    .await;
    for provider in [Provider::Entra, Provider::Okta] {
        asked.store(0, Ordering::Relaxed);
        let (well, report) = simulate(provider, &url, "token").await;
        assert!(!well);
        assert!(report.contains("stopped: the connection test failed"), "\n{report}");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_refused_create_is_told_with_its_status_type_and_detail() {
    let url = double(|method, _, _| match method {
        Method::POST => (
            400,
            json!({"status": "400", "scimType": "invalidValue", "detail": "I do not like it"}),
        ),
        _ => nothing(),
    })
    .await;
    let (well, report) = simulate(Provider::Entra, &url, "token").await;
    assert!(!well);
    let told = "  E4 create user: 400 invalidValue \"I do not like it\" (the status should be 201)";
    assert!(report.lines().any(|line| line == told), "\n{report}");
    assert_eq!(report.lines().filter(|line| line.starts_with("  ")).count(), 10, "\n{report}");
    assert!(report.contains("first cycle: 0 users"), "\n{report}");
}

#[tokio::test]
async fn a_value_that_does_not_come_back_is_a_wrong_answer() {
    let url = double(|method, _, body| match method {
        Method::POST => {
            let mut made: Value = serde_json::from_slice(&body).unwrap();
            made["id"] = json!("1");
            made["displayName"] = json!("SOMEBODY ELSE");
            made.as_object_mut().unwrap().remove("password");
            (201, made)
        }
        _ => nothing(),
    })
    .await;
    for provider in [Provider::Entra, Provider::Okta] {
        let (well, report) = simulate(provider, &url, "token").await;
        assert!(!well);
        assert!(report.contains("(displayName is \"SOMEBODY ELSE\", and should be "), "\n{report}");
    }
}

#[tokio::test]
async fn a_server_that_asks_to_wait_for_ever_is_asked_six_times() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let url = double(move |_, _, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        (429, json!({"status": "429", "detail": "Later"}))
    })
    .await;
    let (well, report) = simulate(Provider::Okta, &url, "token").await;
    assert!(!well);
    assert_eq!(asked.load(Ordering::Relaxed), 6);
    assert!(report.contains("sent again after Retry-After: 5"), "\n{report}");
}
