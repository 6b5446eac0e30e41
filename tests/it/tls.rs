//! The program behind its own TLS: which versions it speaks. The key beside this file is known to
//! everybody and is for this test alone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream, SupportedProtocolVersion};

use crate::support::TestServer;

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/cert.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/key.pem");
/// A day on which the certificate holds, in seconds.
const VALID_AT_S: u64 = 1_800_000_000;
/// Looks until the program listens, and milliseconds between them.
const LOOKS: u64 = 1_200;
const LOOK_MS: u64 = 50;
/// The record type of an alert.
const ALERT: u8 = 0x15;

#[derive(Debug)]
struct Then;

impl TimeProvider for Then {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(VALID_AT_S)))
    }
}

/// Ends the program when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn connect(address: &str) -> TcpStream {
    for _ in 0..LOOKS {
        if let Ok(stream) = TcpStream::connect(address) {
            return stream;
        }
        std::thread::sleep(Duration::from_millis(LOOK_MS));
    }
    panic!("nobody listens at {address}")
}

/// Asks over one version of TLS alone; the answer's first line.
fn asked(address: &str, version: &'static SupportedProtocolVersion) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(CERTIFICATE).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(Then))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = connect(address);
    let mut secured = Stream::new(&mut client, &mut stream);
    let request = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    secured.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The end may come without a farewell; what was said counts.
    secured.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// The greeting of a client that knows nothing newer than TLS 1.1.
fn old_greeting() -> Vec<u8> {
    let suites = [0xC0, 0x13, 0xC0, 0x09, 0x00, 0x2F];
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0, 0, u8::try_from(suites.len()).unwrap()]);
    hello.extend(suites);
    hello.extend([1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![0x16, 0x03, 0x01, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let mut server = TestServer::sqlite().await;
    server.kill();
    let address = server.url.trim_start_matches("http://").to_owned();
    let child = server
        .command(&["serve"])
        .env("PORTICO_PUBLIC_URL", format!("https://{address}"))
        .env("PORTICO_TLS_CERT", CERTIFICATE)
        .env("PORTICO_TLS_KEY", KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let _running = Running(child);
    for version in [&TLS12, &TLS13] {
        assert_eq!(asked(&address, version), "HTTP/1.1 200 OK", "{version:?}");
    }
    let mut stream = connect(&address);
    stream.write_all(&old_greeting()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    assert_eq!(answer.first(), Some(&ALERT), "{answer:?}");
    // Who speaks plainly gets no answer that could send the token elsewhere.
    let mut stream = connect(&address);
    stream.write_all(b"GET /scim/v2/Users HTTP/1.1\r\nAuthorization: Bearer x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
}
