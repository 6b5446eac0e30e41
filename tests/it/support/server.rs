//! The real program as a process of its own, for what only a process can show: a death without
//! warning, a second start, a drain.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::app::{OPERATOR_TOKEN, client};
use super::caller::Caller;
use super::database::Database;

/// Its first key.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// How long the program may take to answer or to stop, in seconds.
const PATIENCE_S: u64 = 60;
/// Between two looks, in milliseconds.
const LOOK_MS: u64 = 25;

/// `portico serve` on a database of its own.
pub struct TestServer {
    /// Where it answers, without a trailing slash.
    pub url: String,
    /// The setting `secret_key`; the first start takes it, and every later one.
    pub secret_key: String,
    database: Arc<Database>,
    child: Option<Child>,
}

impl TestServer {
    /// A server on SQLite that answers.
    pub async fn sqlite() -> Self {
        Self::on(Arc::new(Database::sqlite())).await
    }

    /// A server on PostgreSQL that answers.
    pub async fn postgres() -> Self {
        Self::on(Arc::new(Database::postgres().await)).await
    }

    /// A second server on the same database; SQLite takes only one.
    pub async fn beside(&self) -> Self {
        Self::on(Arc::clone(&self.database)).await
    }

    /// The database beneath it.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The most memory that the program has held so far, in bytes.
    pub fn memory_peak(&self) -> u64 {
        let id = self.child.as_ref().expect("the program runs").id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its peak");
        let kib = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
        kib.expect("a number") * 1024
    }

    async fn on(database: Arc<Database>) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let mut server = Self { url, secret_key: KEY.to_owned(), database, child: None };
        server.start().await;
        server
    }

    /// The program with the settings of this server; it is not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
        command
            .args(arguments)
            .env_clear()
            .env("PORTICO_LISTEN", self.url.trim_start_matches("http://"))
            .env("PORTICO_PUBLIC_URL", &self.url)
            .env("PORTICO_DATABASE_URL", self.database.url())
            .env("PORTICO_OPERATOR_TOKEN", OPERATOR_TOKEN)
            .env("PORTICO_SECRET_KEY", &self.secret_key)
            .env("PORTICO_ALLOW_PRIVATE_NETWORKS", "true")
            .env("PORTICO_MAIL_DIR", std::env::temp_dir().join("portico-served-mail"))
            .env("PORTICO_LOG", "warn")
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null());
        command
    }

    /// Starts the program and waits until it answers.
    pub async fn start(&mut self) {
        let child = self.command(&["serve"]).spawn().expect("the program starts");
        self.child = Some(child);
        let livez = format!("{}/livez", self.url);
        for _ in 0..PATIENCE_S * 1000 / LOOK_MS {
            let child = self.child.as_mut().unwrap();
            if let Some(status) = child.try_wait().expect("the program can be looked at") {
                panic!("the program ended at its start: {status}");
            }
            if client().get(&livez).send().await.is_ok_and(|reply| reply.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        panic!("the program does not answer {livez}");
    }

    /// Ends the program as a power cut does: SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the program can be killed");
            child.wait().expect("the program is gone");
        }
    }

    /// Asks the program to stop (SIGTERM), and answers its exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("the program runs");
        let id = child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill(1) is there").success());
        for _ in 0..PATIENCE_S * 1000 / LOOK_MS {
            if let Some(status) = child.try_wait().expect("the program can be looked at") {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        child.kill().ok();
        panic!("the program does not stop");
    }

    /// Somebody without any credential.
    pub fn anonymous(&self) -> Caller {
        Caller::new(client(), &self.url)
    }

    /// The operator, by the fixed token.
    pub fn operator(&self) -> Caller {
        self.anonymous().with_bearer(OPERATOR_TOKEN)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
