//! The proof of a domain by a TXT record, at a real DNS server (Debian's dnsmasq).

use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};

use portico::domain::domain_name::{CHECK_S, LOST_S, RECHECK_S};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Reply, TestApp};

/// A name server on loopback; it ends with its test.
struct NameServer {
    address: SocketAddr,
    child: Option<Child>,
}

impl NameServer {
    /// A server that knows that there is nothing below `example`.
    async fn start() -> Self {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut server = Self { address, child: None };
        server.says(&[]).await;
        server
    }

    /// Starts it anew with these TXT records.
    async fn says(&mut self, records: &[(&str, &str)]) {
        self.stop();
        let program = ["/usr/sbin/dnsmasq", "dnsmasq"].into_iter().find(|program| {
            Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok()
        });
        let mut command = Command::new(program.expect("dnsmasq is there: run scripts/setup"));
        command
            .args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"])
            .args(["--bind-interfaces", "--listen-address=127.0.0.1", "--local=/example/"])
            .args(["--pid-file=", "--user=root", "--group=root"])
            .arg(format!("--port={}", self.address.port()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (name, value) in records {
            command.arg(format!("--txt-record={name},{value}"));
        }
        self.child = Some(command.spawn().expect("dnsmasq starts"));
        for _ in 0..200 {
            let socket = tokio::net::TcpStream::connect(self.address).await;
            if socket.is_ok() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("dnsmasq does not listen");
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn claim(app: &TestApp, organization: &str, domain: &str) -> Reply {
    let path = format!("/api/v1/organizations/{organization}/domains");
    app.operator().post(&path, json!({"domain": domain})).await.expect(201)
}

async fn verify(app: &TestApp, id: &str) -> Reply {
    app.operator().post(&format!("/api/v1/domains/{id}/verify"), json!({})).await
}

async fn state(app: &TestApp, organization: &str, at: usize) -> Value {
    let path = format!("/api/v1/organizations/{organization}/domains");
    app.operator().get(&path).await.expect(200).at(&format!("/data/{at}/state"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_txt_record_proves_a_domain_for_one_organization_alone_li11() {
    let mut dns = NameServer::start().await;
    let app = TestApp::asking(dns.address).await;
    let (acme, other) = (app.organization("Acme").await, app.organization("Other").await);
    let claimed = claim(&app, &acme, "acme.example").await;
    let (id, name) = (claimed.text_at("/id"), claimed.text_at("/txt_name"));
    assert_eq!(name, "_portico-challenge.acme.example");
    let looked = verify(&app, &id).await.expect(200);
    assert_eq!((looked.at("/state"), looked.at("/record")), (json!("pending"), json!("not_there")));
    // Somebody else's proof proves nothing here.
    let theirs = claim(&app, &other, "acme.example").await;
    dns.says(&[(&name, &theirs.text_at("/txt_value")), (&name, "v=spf1 -all")]).await;
    assert_eq!(verify(&app, &id).await.expect(200).at("/state"), "pending");
    dns.says(&[(&name, "x"), (&name, &claimed.text_at("/txt_value"))]).await;
    let looked = verify(&app, &id).await.expect(200);
    assert_eq!((looked.at("/state"), looked.at("/method")), (json!("verified"), json!("dns")));
    let both = [
        (name.as_str(), claimed.text_at("/txt_value")),
        (name.as_str(), theirs.text_at("/txt_value")),
    ];
    dns.says(&both.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    verify(&app, &theirs.text_at("/id")).await.expect_problem(409, "conflict");
    assert_eq!(app.events(&acme, "domain.verified").await.len(), 1);
    // Nobody answers: nothing is said of the domain.
    dns.stop();
    let looked = verify(&app, &id).await.expect(200);
    assert_eq!((looked.at("/state"), looked.at("/record")), (json!("verified"), json!("unknown")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_whose_record_is_gone_for_a_week_is_lost_li11() {
    let mut dns = NameServer::start().await;
    let app = TestApp::asking(dns.address).await;
    let acme = app.organization("Acme").await;
    let claimed = claim(&app, &acme, "acme.example").await;
    let (id, name) = (claimed.text_at("/id"), claimed.text_at("/txt_name"));
    let value = claimed.text_at("/txt_value");
    dns.says(&[(&name, &value)]).await;
    verify(&app, &id).await.expect(200);
    // The worker looks by the clock.
    let look = async |seconds: i64| {
        app.advance_s(seconds);
        let before = app.app.runner.clock.now();
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        for _ in 0..500 {
            let conn = &mut app.app.runner.db.conn();
            if portico::store::domain::due(conn, before, 1).await.unwrap().is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        stop.cancel();
        worker.await.unwrap();
    };
    look(CHECK_S).await;
    assert_eq!(state(&app, &acme, 0).await, "verified");
    dns.says(&[]).await;
    look(CHECK_S).await;
    assert_eq!(app.events(&acme, "domain.record_missing").await.len(), 1);
    dns.says(&[(&name, &value)]).await;
    look(RECHECK_S).await;
    dns.says(&[]).await;
    look(CHECK_S).await;
    look(LOST_S - 1).await;
    assert_eq!(state(&app, &acme, 0).await, "verified");
    look(RECHECK_S).await;
    assert_eq!(state(&app, &acme, 0).await, "pending");
    assert_eq!(app.events(&acme, "domain.lost").await.len(), 1);
}
