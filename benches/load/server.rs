//! The server under measurement, and the limits, as processes of their own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::client::Target;
use super::measure;

/// The operator's token in a run: it opens nothing but the scratch database of that run.
pub const OPERATOR_TOKEN: &str = "bench-operator-token-of-one-run-0123456789";

/// Which database.
#[derive(Clone)]
pub enum Engine {
    /// A file in a temporary folder.
    Sqlite,
    /// A scratch database.
    Postgres(String),
}

impl Engine {
    /// The word in the table.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// A running process that is killed with this value.
pub struct Server {
    child: Child,
    folder: Option<PathBuf>,
    with_postgres: bool,
    /// `http://127.0.0.1:port`.
    pub base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl Server {
    /// Starts `portico serve` on an empty database.
    pub async fn portico(engine: &Engine) -> Self {
        let (port, folder) = (free_port(), scratch());
        let base = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
        command
            .arg("serve")
            .current_dir(&folder)
            .env("PORTICO_LISTEN", format!("127.0.0.1:{port}"))
            .env("PORTICO_PUBLIC_URL", &base)
            .env("PORTICO_OPERATOR_TOKEN", OPERATOR_TOKEN)
            .env("PORTICO_SCIM_RATE_LIMIT", "1000000,1000000")
            .env("PORTICO_ALLOW_PRIVATE_NETWORKS", "true")
            .env("PORTICO_LOG", "warn");
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}/bench.db", folder.display()),
            Engine::Postgres(url) => {
                command.env("PORTICO_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
                url.clone()
            }
        };
        let child = command
            .env("PORTICO_DATABASE_URL", url)
            .env("PORTICO_DATABASE_CONNECTIONS", "16")
            .stdout(Stdio::null())
            .spawn()
            .expect("portico starts");
        let with_postgres = matches!(engine, Engine::Postgres(_));
        let server = Self { child, folder: Some(folder), with_postgres, base };
        server.wait("/livez").await;
        server
    }

    /// Starts a limit: this program with `--limit` and words of its own.
    pub async fn limit(words: &[&str], with_postgres: bool) -> Self {
        let port = free_port();
        let child = Command::new(std::env::current_exe().expect("this program"))
            .arg("--limit")
            .arg(port.to_string())
            .args(words)
            .spawn()
            .expect("the limit starts");
        let base = format!("http://127.0.0.1:{port}");
        let server = Self { child, folder: None, with_postgres, base };
        server.wait("/bare").await;
        server
    }

    async fn wait(&self, path: &str) {
        let target = Target::new(&self.base, "");
        for _ in 0..600 {
            let url = format!("{}{path}", self.base);
            if target.http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} did not answer within 30 s");
    }

    /// CPU milliseconds so far: the process and, where it uses it, PostgreSQL.
    pub fn cpu_ms(&self) -> f64 {
        let mut pids = vec![self.child.id()];
        if self.with_postgres {
            pids.extend(measure::postgres_pids());
        }
        measure::cpu_ms(&pids)
    }

    /// Resident memory, in MiB.
    pub fn memory_mib(&self) -> f64 {
        measure::memory_mib(self.child.id())
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// An empty folder on disk (not in memory), since durable commits are measured.
pub fn scratch() -> PathBuf {
    let name = format!("bench-{}-{}", std::process::id(), free_port());
    let folder = std::env::current_dir().expect("a folder").join("target").join(name);
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}
