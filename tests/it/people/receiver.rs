//! A receiver of webhooks in a process of its own, that verifies by the library of Standard
//! Webhooks.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// What `scripts/test` installs from the lock file.
pub const PYTHON: &str = "tests/peers/mail/.venv/bin/python";
/// Looks at what has come, and milliseconds between them.
const LOOKS: u64 = 4_000;
const LOOK_MS: u64 = 25;

/// A receiver in a process of its own.
pub struct Receiver {
    child: Child,
    stdin: ChildStdin,
    folder: PathBuf,
    port: String,
    told: Vec<String>,
}

impl Receiver {
    pub fn start(name: &str) -> Self {
        let folder = format!("portico-hooks-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let (child, stdin, port) = spawn(&folder, "0");
        Self { child, stdin, folder, port, told: Vec::new() }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub fn command(&mut self, line: &str) {
        if line.starts_with("secret") || line.starts_with("now") {
            self.told.push(line.to_owned());
        }
        writeln!(self.stdin, "{line}").unwrap();
        self.stdin.flush().unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }

    /// Dies, and does not answer until it is started again.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts again at the same port, with what it knew; what it wrote stands.
    pub fn restart(&mut self) {
        let (child, stdin, port) = spawn(&self.folder, &self.port);
        assert_eq!(port, self.port);
        (self.child, self.stdin) = (child, stdin);
        for line in self.told.clone() {
            writeln!(self.stdin, "{line}").unwrap();
        }
        self.stdin.flush().unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }

    /// What came: id, type and subject each.
    pub fn log(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        text.lines().map(|l| l.split(' ').skip(1).map(str::to_owned).collect()).collect()
    }

    /// What came at last, so many and no more.
    pub async fn came(&self, count: usize) -> Vec<Vec<String>> {
        self.until(|log| log.len() >= count).await;
        // A moment for whatever comes too often.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(self.log().len(), count, "{:?}", self.log());
        self.log()
    }

    /// Waits until what came is enough.
    pub async fn until(&self, enough: impl Fn(&[Vec<String>]) -> bool) {
        for _ in 0..LOOKS {
            if enough(&self.log()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
    }
}

fn spawn(folder: &std::path::Path, port: &str) -> (Child, ChildStdin, String) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(PYTHON);
    assert!(python.exists(), "{PYTHON} is missing: `make test` installs it");
    let mut child = Command::new(python)
        .arg(root.join("tests/peers/mail/receiver.py"))
        .arg(folder)
        .arg(port)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the receiver starts");
    let stdin = child.stdin.take().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    (child, stdin, port.trim().to_owned())
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
