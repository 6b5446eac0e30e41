//! What only bytes on a connection can show: slow senders, odd framing, and a stop in the middle
//! of a request (S12, S38).

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Caller, TestApp, TestServer};

/// In so many seconds a slow sender is still waited for.
const EARLY_S: u64 = 5;
/// In so many seconds more, which a slow machine needs, it is not.
const LATE_S: u64 = 60;
/// Longest answer that is read, in bytes.
const ANSWER_MAX: usize = 64 * 1024;

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// All that comes until the other side hangs up, or so much of it.
async fn answer(stream: &mut TcpStream) -> String {
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while text.len() < ANSWER_MAX {
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(count) => text.push_str(&String::from_utf8_lossy(&bytes[..count])),
        }
    }
    text
}

/// The head of a create whose connection is closed behind the answer.
fn head(url: &str, token: &str, more: &str) -> String {
    let host = url.strip_prefix("http://").unwrap();
    format!(
        "POST /scim/v2/Users HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\ncontent-type: application/scim+json\r\n{more}\r\n"
    )
}

fn body() -> String {
    let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
    json!({"schemas": [schema], "userName": "ada"}).to_string()
}

/// A directory of the server and a token for it.
async fn directory(server: &TestServer) -> (Caller, String) {
    let operator = server.operator();
    let made = json!({"name": "Acme", "slug": "acme"});
    operator.post("/api/v1/organizations", made).await.expect(201);
    let path = "/api/v1/organizations/acme/directories";
    let made = operator.post(path, json!({"name": "People", "profile": "generic"})).await;
    let path = format!("/api/v1/directories/{}/tokens", made.expect(201).text_at("/id"));
    let made = operator.post(&path, json!({"name": "t"})).await.expect(201);
    let token = made.text_at("/token");
    (server.anonymous().with_bearer(&token).with_scim(), token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_end_a_head_or_a_body_is_not_waited_for_without_end_s12() {
    let server = TestServer::sqlite().await;
    let (scim, token) = directory(&server).await;
    let (mut slow_head, mut slow_body) = (connect(&server.url).await, connect(&server.url).await);
    slow_head.write_all(b"GET /scim/v2/Users HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let sent = head(&server.url, &token, "content-length: 1000\r\n");
    slow_body.write_all(format!("{sent}{{").as_bytes()).await.unwrap();
    let early = Duration::from_secs(EARLY_S);
    let (head, body) = tokio::join!(
        tokio::time::timeout(early, answer(&mut slow_head)),
        tokio::time::timeout(early, answer(&mut slow_body))
    );
    assert!(head.is_err() && body.is_err(), "both are waited for: {head:?} {body:?}");
    let late = Duration::from_secs(LATE_S);
    let (head, body) = tokio::join!(
        tokio::time::timeout(late, answer(&mut slow_head)),
        tokio::time::timeout(late, answer(&mut slow_body))
    );
    assert!(head.is_ok(), "it is hung up on");
    let body = body.unwrap();
    assert!(body.starts_with("HTTP/1.1 408 ") && body.contains("scim+json"), "{body}");
    assert_eq!(scim.get("/Users").await.expect(200).at("/totalResults"), json!(0));
}

#[tokio::test]
async fn a_request_of_two_lengths_is_refused_and_does_nothing_s12() {
    let app = TestApp::sqlite().await;
    let organization = app.organization("Acme").await;
    let (_, token) = app.directory(&organization, "generic").await;
    let body = body();
    let length = body.len();
    for framing in [
        format!("content-length: {length}\r\ncontent-length: {}\r\n", length + 1),
        format!("content-length: {length}, {}\r\n", length + 1),
        format!("content-length: +{length}\r\n"),
        "transfer-encoding: gzip\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
    ] {
        let mut stream = connect(&app.url).await;
        let sent = format!("{}{body}", head(&app.url, &token, &framing));
        stream.write_all(sent.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{framing}{answer}");
    }
    // With a length beside chunks, the chunks count, and nothing behind them is a request.
    let smuggled = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let framing = format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n");
    let chunks = format!("{length:x}\r\n{body}\r\n0\r\n\r\n{smuggled}");
    let mut stream = connect(&app.url).await;
    let sent = format!("{}{chunks}", head(&app.url, &token, &framing));
    stream.write_all(sent.as_bytes()).await.unwrap();
    let answer = answer(&mut stream).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    let users = app.scim(&token).get("/Users?count=0").await.expect(200).at("/totalResults");
    assert_eq!(users, json!(u8::from(answer.starts_with("HTTP/1.1 201 "))), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_runs_is_finished_before_the_server_ends_s38() {
    let mut server = TestServer::sqlite().await;
    let (scim, token) = directory(&server).await;
    scim.get("/Users").await.expect(200);
    let (url, body) = (server.url.clone(), body());
    let (begin, rest) = body.split_at(body.len() / 2);
    let mut stream = connect(&url).await;
    let sent = head(&url, &token, &format!("content-length: {}\r\n", body.len()));
    stream.write_all(format!("{sent}{begin}").as_bytes()).await.unwrap();
    // Another answer shows that what was sent before has arrived.
    scim.get("/Users").await.expect(200);
    let ending = tokio::spawn(async move {
        let code = server.stop().await;
        (server, code)
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!ending.is_finished(), "a request runs");
    stream.write_all(rest.as_bytes()).await.unwrap();
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let (mut server, code) = ending.await.unwrap();
    assert_eq!(code, Some(0));
    server.start().await;
    assert_eq!(scim.get("/Users").await.expect(200).at("/totalResults"), json!(1));
}
