//! Answers that hold very many members go out in batches, in bounded memory (S9, C60).

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use portico::domain::actor::Actor;
use portico::domain::directory::{OnProvision, UnknownMembers};
use portico::domain::id::{DirectoryId, OrganizationId};
use portico::flow::provision::{self, Client};
use portico::scim::catalog::{GROUP, USER};
use portico::scim::{Dialect, Notes, validate};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{group, user};
use crate::support::TestApp;

/// Members of the large group: two batches and a half.
const MANY: usize = 2_500;
/// Members of a batch.
const BATCH: usize = 1_000;
/// Bytes of one member, at most.
const MEMBER_BYTES: usize = 400;

/// Makes a group with many members, and a small one, in one transaction each.
async fn filled(app: &TestApp) -> (String, String) {
    let organization = app.organization("Acme").await;
    let (directory, token) = app.directory(&organization, "generic").await;
    let organization = OrganizationId::parse(&organization).unwrap();
    let directory = DirectoryId::parse(&directory).unwrap();
    let unknown_members = UnknownMembers::default();
    let on_provision = OnProvision::default();
    let client = Client { directory, dialect: Dialect::Generic, unknown_members, on_provision };
    let made = app.app.runner.write(Actor::System, organization, move |work| {
        Box::pin(async move {
            let mut ids = Vec::with_capacity(MANY);
            for number in 0..MANY {
                let body = user(&format!("u{number}")).as_object().unwrap().clone();
                let document = validate::create(body, &USER, &mut Notes::default())?.resource;
                let made = provision::user::create(work, client, &document).await?;
                ids.push(made.user.id.to_string());
            }
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let mut large = String::new();
            for (name, members) in [("Small", &ids[..3]), ("Large", &ids[..]), ("Empty", &[])] {
                let body = group(name, members).as_object().unwrap().clone();
                let incoming = validate::create(body, &GROUP, &mut Notes::default())?;
                let made = provision::group::create(work, client, &incoming).await?;
                if name == "Large" {
                    large = made.id.to_string();
                }
            }
            Ok(large)
        })
    });
    (token, made.await.unwrap())
}

/// The parts in which an answer goes out.
async fn parts(app: &TestApp, token: &str, path: &str) -> Vec<Vec<u8>> {
    let host = app.url.strip_prefix("http://").unwrap();
    let request = Request::get(format!("/scim/v2{path}"))
        .header("host", host)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let response = portico::http::router(&app.app).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let stream = response.into_body().into_data_stream();
    stream.map(|part| part.unwrap().to_vec()).collect().await
}

fn members(group: &Value) -> usize {
    let members = group["members"].as_array().map_or(&[][..], Vec::as_slice);
    let mut ids: Vec<&str> = members.iter().map(|m| m["value"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), members.len(), "each member once");
    ids.len()
}

on_both_engines! {
    async fn a_large_group_goes_out_batch_by_batch_s9(app: TestApp) {
        let (token, large) = filled(&app).await;
        for (path, pointer, most) in [
            (format!("/Groups/{large}"), "", 3),
            ("/Groups".to_owned(), "/Resources", 5),
            ("?filter=displayName+pr+and+not+(userName+pr)&count=3".to_owned(), "/Resources", 5),
            ("?filter=displayName+eq+%22large%22".to_owned(), "/Resources", 4),
        ] {
            let parts = parts(&app, &token, &path).await;
            // One part is a batch, or the small groups before and behind it.
            assert!((3..=most).contains(&parts.len()), "{path}: {} parts", parts.len());
            for part in &parts {
                assert!(part.len() < (BATCH + 1) * MEMBER_BYTES, "{path}: {} bytes", part.len());
            }
            let whole: Value = serde_json::from_slice(&parts.concat()).expect("whole JSON");
            // Groups of one instant come in the order of their ids, which are drawn.
            let listed = whole.pointer(pointer).unwrap();
            let mut groups: Vec<&Value> =
                listed.as_array().map_or_else(|| vec![listed], |all| all.iter().collect());
            groups.retain(|group| group["displayName"] == "Large");
            let group = groups[0];
            assert_eq!((members(group), &group["displayName"]), (MANY, &json!("Large")), "{path}");
        }
        // Without members it costs what a small one costs.
        for path in [format!("/Groups/{large}?excludedAttributes=members"),
            "/Groups?attributes=displayName".to_owned()] {
            let parts = parts(&app, &token, &path).await;
            assert_eq!(parts.len(), 1, "{path}");
            assert!(parts[0].len() < 2_000, "{path}");
        }
    }
}
