//! Messages that are too large or cannot be read: nothing of them is applied (C138, C141, S9).

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const PAYLOAD_MAX: usize = 8 * 1024 * 1024;
const SCIM: &str = "application/scim+json";

on_both_engines! {
    async fn more_operations_than_announced_are_refused_and_nothing_is_applied_c141(app: TestApp) {
        let scim = client(&app, "generic").await;
        let many: Vec<Value> = (0..1_001).map(|at| create(&format!("u{at}"))).collect();
        let reply = scim.post("/Bulk", bulk(&many)).await;
        refused(&reply, 413, None);
        assert!(reply.text_at("/detail").contains("maxOperations is 1000"), "{reply}");
        assert_eq!(total(&scim, "/Users").await, json!(0));
    }

    async fn a_body_is_read_up_to_the_announced_size_c141(app: TestApp) {
        let scim = client(&app, "generic").await;
        let padded = |size: usize| {
            let mut body = bulk(&[create("ada")]).to_string().into_bytes();
            body.resize(size, b' ');
            body
        };
        let body = padded(PAYLOAD_MAX);
        scim.send(Method::POST, "/Bulk", Some((SCIM, body))).await.expect(200);
        assert_eq!(total(&scim, "/Users").await, json!(1));
    }

    async fn unreadable_messages_are_refused_whole(app: TestApp) {
        let scim = client(&app, "generic").await;
        for (message, scim_type) in [
            (json!({"Operations": [create("a")]}), "invalidSyntax"),
            (json!({"schemas": [REQUEST]}), "invalidSyntax"),
            (bulk(&[]), "invalidSyntax"),
            (bulk(&[create("a"), json!("x")]), "invalidSyntax"),
            (bulk(&[create("a"), json!({"path": "/Users"})]), "invalidSyntax"),
            (json!({"schemas": [REQUEST], "failOnErrors": 0, "Operations": [create("a")]}),
                "invalidValue"),
        ] {
            refused(&scim.post("/Bulk", message).await, 400, Some(scim_type));
        }
        let odd = scim.send(Method::POST, "/Bulk", Some(("text/plain", b"{}".to_vec()))).await;
        refused(&odd, 415, None);
        refused(&app.anonymous().with_scim().post("/Bulk", bulk(&[create("a")])).await, 401, None);
        assert_eq!(total(&scim, "/Users").await, json!(0));
        let spelled = json!({"SCHEMAS": [REQUEST], "operations": [{"METHOD": "Post",
            "BulkId": "a", "Path": "Users/", "DATA": user("ada")}]});
        assert_eq!(statuses(&sent(&scim, spelled).await), ["201"]);
    }
}

/// Sends a head and as much of a body, and answers what comes back before the rest is sent.
async fn answered(app: &TestApp, head: &str, body: &[u8]) -> String {
    let host = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.ends_with('}') {
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "it was hung up: {text}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    text
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read_c141() {
    let app = TestApp::sqlite().await;
    let organization = app.organization("Acme").await;
    let (_, token) = app.directory(&organization, "generic").await;
    let host = app.url.strip_prefix("http://").unwrap();
    let head = format!(
        "POST /scim/v2/Bulk HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: {SCIM}\r\n"
    );
    let announced = format!("{head}content-length: {}\r\n\r\n", PAYLOAD_MAX + 1);
    let size = PAYLOAD_MAX + 16;
    let counted = format!("{head}transfer-encoding: chunked\r\n\r\n{size:x}\r\n");
    let too_much = vec![b' '; PAYLOAD_MAX + 1];
    for (head, body) in [(announced, &b"{"[..]), (counted, &too_much)] {
        let answer = answered(&app, &head, body).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("maxPayloadSize, which is 8388608 bytes"), "{answer}");
    }
    assert_eq!(total(&app.scim(&token), "/Users").await, json!(0));
}
