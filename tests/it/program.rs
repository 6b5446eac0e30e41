//! The program as a process: death without warning, a second start, an orderly end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::TestServer;

/// Who write at once.
const WRITERS: usize = 8;
/// How long they write before the program dies, in milliseconds.
const WRITING_MS: u64 = 400;
const ALL: &str = "/api/v1/organizations";

/// Makes organizations until told to stop or nobody answers; the slugs of those that were answered.
async fn write_on(
    who: crate::support::Caller,
    writer: usize,
    stop: Arc<AtomicBool>,
) -> Vec<String> {
    let mut answered = Vec::new();
    for n in 0.. {
        let slug = format!("acme-{writer}-{n}");
        let body = json!({"name": "Acme", "slug": slug}).to_string().into_bytes();
        let sent = who.attempt(Method::POST, ALL, Some(("application/json", body))).await;
        match sent {
            Ok(reply) if reply.status == 201 => answered.push(slug),
            _ => return answered,
        }
        if stop.load(Ordering::SeqCst) {
            return answered;
        }
    }
    answered
}

async fn what_was_answered_survives_a_kill(mut server: TestServer) {
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write_on(server.operator(), writer, Arc::clone(&stop))))
        .collect();
    tokio::time::sleep(Duration::from_millis(WRITING_MS)).await;
    server.kill();
    stop.store(true, Ordering::SeqCst);
    let mut answered = Vec::new();
    for writer in writers {
        answered.extend(writer.await.unwrap());
    }
    assert!(answered.len() > WRITERS, "only {} writes were answered", answered.len());
    server.start().await;
    for slug in answered {
        server.operator().get(&format!("{ALL}/{slug}")).await.expect(200);
    }
    let body = json!({"name": "Next", "slug": "next"});
    server.operator().post(ALL, body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill_on_sqlite() {
    what_was_answered_survives_a_kill(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill_on_postgres() {
    what_was_answered_survives_a_kill(TestServer::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_server_ends_well_and_starts_again() {
    let mut server = TestServer::sqlite().await;
    let body = json!({"name": "Acme", "slug": "acme"});
    server.operator().post(ALL, body).await.expect(201);
    assert_eq!(server.stop().await, Some(0));
    server.start().await;
    server.operator().get(&format!("{ALL}/acme")).await.expect(200);
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_of_a_directory_is_whole_after_an_orderly_end() {
    let mut server = TestServer::sqlite().await;
    let operator = server.operator();
    operator.post(ALL, json!({"name": "Acme", "slug": "acme"})).await.expect(201);
    let body = json!({"name": "People", "profile": "generic"});
    let made = operator.post(&format!("{ALL}/acme/directories"), body).await.expect(201);
    let path = format!("/api/v1/directories/{}", made.text_at("/id"));
    let made = operator.post(&format!("{path}/tokens"), json!({"name": "Token"})).await;
    let scim = server.anonymous().with_bearer(&made.expect(201).text_at("/token")).with_scim();
    for _ in 0..7 {
        scim.get("/Users").await.expect(200);
    }
    assert_eq!(server.stop().await, Some(0));
    server.start().await;
    let journal = server.operator().get(&format!("{path}/requests")).await.expect(200);
    assert_eq!(journal.at("/data").as_array().map(Vec::len), Some(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_one_file_is_refused_and_the_first_goes_on() {
    let server = TestServer::sqlite().await;
    let second = server.command(&["serve"]).output().expect("the program starts");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success(), "{said}");
    assert!(said.contains("another `portico serve`"), "{said}");
    server.operator().get(ALL).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_made_beside_a_running_server_opens_it() {
    let server = TestServer::sqlite().await;
    let arguments = ["token", "create", "--operator", "--name", "Automation"];
    let made = server.command(&arguments).output().expect("the program starts");
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let token = said.split_whitespace().find(|word| word.starts_with("pop_")).expect("a token");
    server.anonymous().with_bearer(token).get(ALL).await.expect(200);
    server
        .anonymous()
        .with_bearer(&token[1..])
        .get(ALL)
        .await
        .expect_problem(401, "unauthenticated");
}
