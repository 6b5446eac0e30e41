//! Hostile URLs, hostile names and hostile answers.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn refused(url: &str, reach: Reach) -> bool {
    check(url, reach).is_err()
}

#[test]
fn every_spelling_of_a_private_address_is_refused_oa7() {
    let hostile = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[fc00::1]/",
        "https://[fd12:3456::1]/",
        "https://[ff02::1]/",
        "https://[2001:db8::1]/",
        "https://[2001::1]/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://100.127.255.255/",
        "https://169.254.169.254/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://192.0.0.8/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
    ];
    for url in hostile {
        assert!(refused(url, Reach::Public), "{url}");
    }
    let public = ["https://8.8.8.8/", "https://172.32.0.1/", "https://100.128.0.1/"];
    for url in public.into_iter().chain(["https://[2606:4700::1]/", "https://idp.example:8443/x"]) {
        assert!(!refused(url, Reach::Public), "{url}");
    }
}

#[test]
fn where_private_networks_are_allowed_metadata_services_are_not() {
    for url in ["https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://[fd00::1]/"] {
        assert!(!refused(url, Reach::Private), "{url}");
    }
    let never = ["https://169.254.169.254/", "https://[fe80::1]/", "https://0.0.0.0/"];
    for url in never.into_iter().chain(["https://224.0.0.1/", "https://[::ffff:169.254.169.254]/"])
    {
        assert!(refused(url, Reach::Private), "{url}");
    }
}

#[test]
fn plain_http_goes_to_loopback_alone_and_only_where_that_is_allowed_r19() {
    for url in ["http://127.0.0.1:9/", "http://[::1]:9/", "http://localhost:9/"] {
        assert!(refused(url, Reach::Public), "{url}");
        assert!(!refused(url, Reach::Private), "{url}");
    }
    for url in ["http://10.0.0.1/", "http://idp.example/", "http://localhost.idp.example/"] {
        assert!(refused(url, Reach::Private), "{url}");
    }
}

#[test]
fn other_schemes_credentials_and_endless_urls_are_refused() {
    let endless = format!("https://idp.example/{}", "a".repeat(URL_MAX));
    let hostile = [
        "file:///etc/passwd",
        "ftp://idp.example/",
        "gopher://idp.example/",
        "https://user@idp.example/",
        "https://user:word@idp.example/",
        "https://",
        "//idp.example/",
        "idp.example",
        "data:text/plain,x",
        &endless,
    ];
    for url in hostile {
        assert!(refused(url, Reach::Private), "{url}");
    }
    let longest = format!("https://idp.example/{}", "a".repeat(URL_MAX - 20));
    assert!(!refused(&longest, Reach::Public));
}

#[test]
fn ports_of_other_services_are_not_asked_r8() {
    for port in [1, 22, 25, 53, 110, 389, 445, 1023] {
        assert!(refused(&format!("https://idp.example:{port}/"), Reach::Public), "{port}");
    }
    for port in [443, 1024, 8443, 65535] {
        assert!(!refused(&format!("https://idp.example:{port}/"), Reach::Public), "{port}");
    }
}

#[test]
fn a_name_gives_none_but_addresses_that_may_be_reached() {
    let at = |ip: [u8; 4]| SocketAddr::from((Ipv4Addr::from(ip), 0));
    let mixed = vec![at([10, 0, 0, 1]), at([8, 8, 8, 8]), at([127, 0, 0, 1])];
    assert_eq!(allowed("x.example", mixed, Reach::Public).unwrap(), [at([8, 8, 8, 8])]);
    let inside = vec![at([127, 0, 0, 1])];
    assert!(matches!(allowed("x.example", inside, Reach::Public), Err(Refused::Address)));
    let outside = vec![at([8, 8, 8, 8])];
    assert!(matches!(allowed("LOCALHOST", outside, Reach::Private), Err(Refused::Address)));
    assert!(matches!(allowed("x.example", vec![], Reach::Public), Err(Refused::Unresolved)));
}

/// Answers every request with these bytes and counts the connections.
async fn answering(answer: String) -> (String, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, count)
}

fn get(url: &str) -> Request<Vec<u8>> {
    Request::get(url).body(Vec::new()).unwrap()
}

#[tokio::test]
async fn a_name_that_resolves_to_loopback_is_not_connected_to() {
    let (url, count) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let port = Url::parse(&url).unwrap().port().unwrap();
    let guarded = Guarded::new(false);
    let by_name = guarded.send(get(&format!("https://localhost:{port}/")), 10).await;
    assert!(matches!(by_name, Err(Refused::Address)), "{by_name:?}");
    let by_address = guarded.send(get(&url), 10).await;
    assert!(matches!(by_address, Err(Refused::Address)), "{by_address:?}");
    assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_is_answered_not_followed() {
    let (inner, inner_count) = answering("HTTP/1.1 200 OK\r\n\r\n".to_owned()).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {inner}\r\ncontent-length: 0\r\n\r\n");
    let (url, _) = answering(redirect).await;
    let answer = Guarded::new(true).send(get(&url), 10).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(inner_count.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_is_counted_while_it_is_read() {
    let announced = |n: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {n}\r\n\r\n{}",
            "a".repeat(n)
        )
    };
    let chunked = |n: usize| {
        let body = "a".repeat(n);
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked";
        format!("{head}\r\n\r\n{n:x}\r\n{body}\r\n0\r\n\r\n")
    };
    for (answer, fits) in
        [(announced(64), true), (announced(65), false), (chunked(64), true), (chunked(65), false)]
    {
        let (url, _) = answering(answer).await;
        let got = Guarded::new(true).send(get(&url), 64).await;
        assert_eq!(got.is_ok(), fits, "{got:?}");
    }
}
