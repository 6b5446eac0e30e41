//! Mail through a real server, with TLS and sign-in: taken, refused, late, and with nobody there.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use portico::domain::mail_server::MailServer;
use portico::outbound::mail::{Smtp, Way};
use serde_json::json;

use super::receiver::PYTHON;
use super::{accept, invite};
use crate::support::TestApp;
use crate::support::mail::Mail;

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/cert.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/key.pem");

/// A mail server in a process of its own.
struct Server {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    fn start(mode: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let folder = format!("portico-smtp-{}-{mode}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let python = root.join(PYTHON);
        assert!(python.exists(), "{PYTHON} is missing: `make test` installs it");
        let mut child = Command::new(python)
            .arg(root.join("tests/peers/mail/server.py"))
            .arg(&folder)
            .args([CERTIFICATE, KEY, mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the mail server starts");
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, folder, port: port.trim().parse().expect("a port") }
    }

    fn way(&self, scheme: &str, password: &str) -> Way {
        let port = self.port;
        let url = format!("{scheme}://portico:{password}@127.0.0.1:{port}?ca={CERTIFICATE}");
        Way::Smtp(Smtp::new(&MailServer::parse(&url).unwrap()).unwrap())
    }

    fn mails(&self) -> Vec<Mail> {
        let files = std::fs::read_dir(&self.folder).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        paths.sort();
        let read = |path: &PathBuf| Mail::parse(&std::fs::read_to_string(path).unwrap());
        paths.iter().map(read).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

async fn delivery(app: &TestApp, id: &str) -> serde_json::Value {
    let path = format!("/api/v1/invites/{id}");
    app.operator().get(&path).await.expect(200).at("/delivery").clone()
}

async fn send(app: &TestApp, organization: &str, email: &str) -> String {
    let body = json!({"email": email, "role": "auditor"});
    invite(app, organization, body).await.expect(201).text_at("/id")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_goes_through_starttls_and_sign_in_and_its_link_lets_in() {
    let server = Server::start("starttls");
    let app = TestApp::mailing(server.way("smtp", "let+me%20in")).await;
    let acme = app.organization("Acme").await;
    let id = send(&app, &acme, "ada@example.com").await;
    send(&app, &acme, "slow@example.com").await;
    app.run_worker().await;
    assert_eq!(delivery(&app, &id).await, json!({"state": "sent", "error": null}));
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    let ada = mails.iter().find(|mail| mail.to == "ada@example.com").expect("her mail");
    accept(&app, &ada.link()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_goes_through_tls_from_the_start() {
    let server = Server::start("tls");
    let app = TestApp::mailing(server.way("smtps", "let+me%20in")).await;
    let acme = app.organization("Acme").await;
    let id = send(&app, &acme, "ada@example.com").await;
    app.run_worker().await;
    assert_eq!(delivery(&app, &id).await["state"], "sent");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_is_told_at_once_and_not_written_to_for_a_week() {
    let server = Server::start("starttls");
    let app = TestApp::mailing(server.way("smtp", "let+me%20in")).await;
    let acme = app.organization("Acme").await;
    let id = send(&app, &acme, "gone@example.com").await;
    app.run_worker().await;
    let refused = delivery(&app, &id).await;
    assert_eq!(refused["state"], "failed");
    let said = refused["error"].as_str().unwrap();
    assert!(said.contains("no such user") && !said.contains('@'), "{said}");
    assert_eq!(app.events(&acme, "invite.delivery_failed").await.len(), 1);
    let globex = app.organization("Globex").await;
    let other = send(&app, &globex, "gone@example.com").await;
    app.run_worker().await;
    let refused = delivery(&app, &other).await;
    assert!(refused["error"].as_str().unwrap().starts_with("not sent"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_now_is_tried_again_later() {
    let server = Server::start("starttls");
    let app = TestApp::mailing(server.way("smtp", "let+me%20in")).await;
    let acme = app.organization("Acme").await;
    let id = send(&app, &acme, "busy@example.com").await;
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = app.start_worker(&stop);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let now = delivery(&app, &id).await;
        seen.insert(now.to_string());
        if now["state"] == "sent" {
            break;
        }
        app.advance_s(20);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.cancel();
    worker.await.unwrap();
    assert_eq!(delivery(&app, &id).await["state"], "sent", "{seen:?}");
    assert!(seen.iter().any(|one| one.contains("try again later")), "{seen:?}");
    assert_eq!(server.mails().len(), 1);
    app.run_worker().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_and_a_wrong_password_keep_mail_waiting_and_then_give_it_up() {
    let server = Server::start("starttls");
    let app = TestApp::mailing(server.way("smtp", "let+me%20in")).await;
    let acme = app.organization("Acme").await;
    drop(server);
    let id = send(&app, &acme, "ada@example.com").await;
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = app.start_worker(&stop);
    for _ in 0..400 {
        let now = delivery(&app, &id).await;
        if now["state"] == "failed" {
            break;
        }
        assert_eq!(now["state"], "queued");
        app.advance_s(2 * portico::domain::mail::BACK_OFF_MAX_S);
        app.app.runner.wake_mail.notify_one();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.cancel();
    worker.await.unwrap();
    assert_eq!(delivery(&app, &id).await["state"], "failed");
    app.run_worker().await;
}
