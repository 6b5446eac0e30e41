//! Starts that must not succeed: each ends with one line that says what to do, an exit code that
//! is not 0, and nothing made or changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use portico::domain::secret::hex;
use portico::domain::time::Rng;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::support::{TestServer, client};

/// A key that could be one: 32 bytes in Base64.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// A port of loopback at which nobody listens.
const NOBODY: &str = "postgres://portico@127.0.0.1:1/portico";
/// A refused start is told at once; well below what a pool would wait.
const TOLD_WITHIN: Duration = Duration::from_secs(8);

/// An empty folder in which a start is tried.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("portico-start-{}", hex(&Rng.bytes::<8>())));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn with(self, name: &str, text: &str) -> Self {
        std::fs::write(self.0.join(name), text).unwrap();
        self
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `portico serve` here, with these settings; it must fail and leave the folder as it was.
    /// Answers the one line that it said.
    fn refuses(&self, settings: &[(&str, &str)], arguments: &[&str]) -> String {
        one_line(self.refuses_with_lines(settings, arguments))
    }

    fn refuses_with_lines(&self, settings: &[(&str, &str)], arguments: &[&str]) -> String {
        let before = self.files();
        let mut command = program(&self.0);
        command.arg("serve").args(arguments).envs(settings.iter().copied());
        let said = failure(&mut command);
        assert_eq!(self.files(), before, "a refused start left something behind");
        said
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
    command.env_clear().env("PORTICO_LISTEN", "127.0.0.1:0").env("PORTICO_LOG", "error");
    command.current_dir(folder);
    command
}

/// Runs what must fail, and answers what it said.
#[expect(clippy::disallowed_methods, reason = "how long a person waits is what is measured")]
fn failure(command: &mut Command) -> String {
    let begun = Instant::now();
    let ended = command.output().expect("the program starts");
    assert!(begun.elapsed() < TOLD_WITHIN, "it took {:?} to say no", begun.elapsed());
    let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(ended.stdout.is_empty(), "a refusal is no answer: {said}");
    said
}

/// What is wrong with a setting is said in one line.
fn one_line(said: String) -> String {
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
}

#[test]
fn an_unknown_key_of_the_file_is_named_with_its_file() {
    let folder = Folder::new().with("portico.toml", "listen = \"127.0.0.1:0\"\nlissten = \"x\"\n");
    let said = folder.refuses(&[], &["--config", "portico.toml"]);
    says(&said, &["portico.toml", "lissten", "is not a setting"]);
}

#[test]
fn an_unknown_option_is_no_start() {
    let folder = Folder::new();
    let ended = program(&folder.0).args(["serve", "--lissten", "x"]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("--lissten"), "{said}");
    assert!(folder.files().is_empty());
}

#[test]
fn an_operator_token_that_is_too_short_is_refused_and_not_repeated() {
    let said = Folder::new().refuses(&[("PORTICO_OPERATOR_TOKEN", "tooshort")], &[]);
    says(&said, &["operator_token", "32"]);
    assert!(!said.contains("tooshort"), "{said}");
}

#[test]
fn a_plain_http_url_is_for_loopback_alone() {
    let url = "http://portico.example.com";
    let said = Folder::new().refuses(&[("PORTICO_PUBLIC_URL", url)], &[]);
    says(&said, &["public_url", "https"]);
}

#[test]
fn postgres_needs_a_secret_key() {
    let said = Folder::new().refuses(&[("PORTICO_DATABASE_URL", NOBODY)], &[]);
    says(&said, &["secret_key"]);
}

#[test]
fn a_secret_key_that_is_none_is_refused_and_not_repeated() {
    let said = Folder::new().refuses(&[("PORTICO_SECRET_KEY", "c2hvcnQ=")], &[]);
    says(&said, &["secret_key", "32 bytes"]);
    assert!(!said.contains("c2hvcnQ="), "{said}");
}

#[test]
fn a_server_that_does_not_answer_is_told_at_once_without_its_password() {
    let url = "postgres://portico:opensesame@127.0.0.1:1/portico";
    let settings = [("PORTICO_DATABASE_URL", url), ("PORTICO_SECRET_KEY", KEY)];
    let said = Folder::new().refuses(&settings, &[]);
    says(&said, &["cannot reach the PostgreSQL server", "refused", "check host, port"]);
    assert!(!said.contains("opensesame"), "{said}");
}

#[test]
fn a_file_in_a_folder_that_is_not_there_is_told() {
    let url = "sqlite://nowhere/portico.db";
    let said = Folder::new().refuses(&[("PORTICO_DATABASE_URL", url)], &[]);
    says(&said, &["nowhere/portico.db", "check that the folder exists"]);
}

#[test]
fn a_file_that_is_no_database_is_told_and_kept() {
    let text = "this is a letter and no database, and long enough to be read as a header".repeat(9);
    let folder = Folder::new().with("letter.db", &text);
    let mut command = program(&folder.0);
    command.arg("serve").env("PORTICO_DATABASE_URL", "sqlite://letter.db");
    says(&one_line(failure(&mut command)), &["letter.db"]);
    assert_eq!(std::fs::read_to_string(folder.0.join("letter.db")).unwrap(), text);
}

#[test]
fn a_platform_file_that_is_missing_is_told() {
    let said = Folder::new().refuses(&[("PORTICO_PLATFORM", "ours.toml")], &[]);
    says(&said, &["ours.toml", "field-vision"]);
}

#[test]
fn a_broken_platform_file_is_told_by_line_and_key() {
    let folder = Folder::new().with("ours.toml", "name = \"Ours\"\nnmae = \"Ours\"\n");
    let said = folder.refuses_with_lines(&[("PORTICO_PLATFORM", "ours.toml")], &[]);
    says(&said, &["ours.toml", "nmae", "2"]);
}

/// A definition with one mistake of each sort that a person makes.
const MISTAKEN: &str = r#"name = "ours"
lable = "Ours"
resource_kinds = [{ key = "site", label = "Site", plural = "Sites", parents = ["sites"] }]
[[permissions]]
key = "sites.view"
label = "See a site"
category = "Sites"
on = "site"
[[permissions]]
key = "sites.view"
label = "See it again"
category = "Sites"
on = "sit"
[[roles]]
key = "owner"
label = "Owner"
scope = "organisation"
permissions = ["*"]
keep_one = true
[[roles]]
key = "viewer"
label = "Viewer"
scope = "resources"
resource_kinds = ["site"]
permissions = ["site.*", "roles.manage"]
assignable_by = ["ownr"]
[gateway]
"users.inivte" = "sites.vew"
"#;

#[test]
fn a_checked_definition_is_told_every_mistake_at_once_with_line_key_and_suggestion() {
    let folder = Folder::new().with("ours.toml", MISTAKEN);
    let ended = program(&folder.0).args(["platform", "check", "ours.toml"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let expected = "\
ours.toml:2:1: lable: unknown key (did you mean `label`?)
ours.toml:3:80: resource_kinds[0].parents[0]: no kind `sites` (did you mean `site`?)
ours.toml:10:7: permissions[1].key: the permission `sites.view` stands twice
ours.toml:13:6: permissions[1].on: no kind `sit` (did you mean `site`?)
ours.toml:17:9: roles[0].scope: must be one of organization, resources, either \
(did you mean `organization`?)
ours.toml:25:16: roles[1].permissions[0]: no permission matches `site.*` (did you mean `sites.*`?)
ours.toml:25:26: roles[1].permissions[1]: `roles.manage` equals ownership: only roles with \
`keep_one` hold it
ours.toml:26:18: roles[1].assignable_by[0]: no role `ownr` (did you mean `owner`?)
ours.toml:28:1: gateway.users.inivte: no built-in action `users.inivte` \
(did you mean `users.invite`?)
ours.toml:28:18: gateway.users.inivte: no permission `sites.vew` (did you mean `sites.view`?)
";
    assert_eq!(said, expected);
    // The concept's own example is a good one.
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/concepts/lift-care.toml");
    let good = program(&folder.0).args(["platform", "check", example]).output().unwrap();
    assert_eq!(good.status.code(), Some(0));
}

/// Runs one statement beside the program.
async fn execute(url: &str, sql: &'static str) {
    if url.starts_with("sqlite:") {
        let mut conn = SqliteConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    } else {
        let mut conn = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }
}

/// A server that ran, whose database a newer program then touched.
async fn a_newer_schema_is_left_alone(mut server: TestServer) {
    assert_eq!(server.stop().await, Some(0));
    let insert = "insert into _sqlx_migrations
        (version, description, success, checksum, execution_time)
        select 9999, 'later', success, checksum, 0 from _sqlx_migrations where version = 1";
    execute(&server.database().url(), insert).await;
    let said = one_line(failure(&mut server.command(&["serve"])));
    says(&said, &["9999", "newer portico", "nothing was changed"]);
    let undo = "delete from _sqlx_migrations where version = 9999";
    execute(&server.database().url(), undo).await;
    server.start().await;
    let livez = format!("{}/livez", server.url);
    assert_eq!(client().get(livez).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_left_alone_on_sqlite() {
    a_newer_schema_is_left_alone(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_left_alone_on_postgres() {
    a_newer_schema_is_left_alone(TestServer::postgres().await).await;
}
