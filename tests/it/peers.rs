//! Clients that others wrote: the compliance checks of scim2-tester, as scim2-cli runs them, and a
//! day of scim2-client, which parses every answer by scim2-models.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::json;

use crate::support::TestServer;

/// What `scripts/test` installs from the lock file.
const PROGRAMS: &str = "tests/peers/scim/.venv/bin";

/// A program of the peers with a directory to talk to; the token travels in the environment.
fn program(name: &str, token: &str) -> Command {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let program = root.join(PROGRAMS).join(name);
    assert!(program.exists(), "{PROGRAMS}/{name} is missing: `make test` installs it");
    let mut command = Command::new(program);
    command.env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {token}"));
    command.env("NO_COLOR", "1").current_dir(root.join("tests/peers/scim"));
    command
}

/// A directory with this profile: its SCIM address and a token.
async fn directory(server: &TestServer, profile: &str) -> (String, String) {
    let operator = server.operator();
    let body = json!({"name": "Peers", "slug": "peers"});
    let organization =
        operator.post("/api/v1/organizations", body).await.expect(201).text_at("/id");
    let path = format!("/api/v1/organizations/{organization}/directories");
    let made = operator.post(&path, json!({"name": "Peers", "profile": profile})).await.expect(201);
    let path = format!("/api/v1/directories/{}/tokens", made.text_at("/id"));
    let token = operator.post(&path, json!({"name": "Peers"})).await.expect(201).text_at("/token");
    (made.text_at("/scim_base_url"), token)
}

async fn ended(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("the peer starts")).await.unwrap()
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}\n{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// Ends with 0 only when no check failed and none was skipped.
async fn every_check_passes(server: TestServer) {
    let (url, token) = directory(&server, "generic").await;
    let mut checks = program("python", &token);
    checks.args(["check.py", &url]);
    let output = ended(checks).await;
    let said = text(&output);
    let passed = said.lines().filter(|line| line.starts_with("SUCCESS ")).count();
    let others: Vec<&str> = said.lines().filter(|line| !line.starts_with("SUCCESS ")).collect();
    assert!(output.status.success(), "{others:?}");
    assert!(passed > 100, "only {passed} checks ran\n{said}");
}

async fn every_answer_parses(server: TestServer) {
    let (url, token) = directory(&server, "generic").await;
    let mut day = program("python", &token);
    day.args(["client.py", &url]);
    let output = ended(day).await;
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("every answer was parsed"), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_check_of_scim2_tester_passes_on_sqlite() {
    every_check_passes(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_check_of_scim2_tester_passes_on_postgres() {
    every_check_passes(TestServer::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim2_client_parses_every_answer_on_sqlite() {
    every_answer_parses(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim2_client_parses_every_answer_on_postgres() {
    every_answer_parses(TestServer::postgres().await).await;
}
