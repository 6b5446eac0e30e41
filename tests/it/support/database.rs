//! A database for one test: a file of its own, or a copy of a migrated template on the server.
//!
//! The template's name holds the digest of the migrations, so that a changed schema makes a new
//! one. Many test processes may start at once: an advisory lock lets one of them make it, and it
//! gets its name only when it is whole.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use portico::domain::secret::hex;
use portico::domain::time::Rng;
use portico::store::{Db, Options};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// The variable that names the PostgreSQL server.
const SERVER: &str = "PORTICO_TEST_POSTGRES";
/// The advisory lock under which the template is made: a number of ours, nothing else.
const TEMPLATE_LOCK: i64 = 0x706f_7274;
/// Connections of one test's pool.
const CONNECTIONS: u32 = 8;
/// Reading connections of one test on SQLite.
const READERS: u32 = 4;

/// A database that is removed when it is dropped.
pub enum Database {
    /// A folder of its own with one file.
    Sqlite { folder: PathBuf },
    /// A database of its own on the server.
    Postgres { server: String, name: String },
}

impl Database {
    /// A folder for a SQLite file; the file is not there yet.
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(format!("portico-test-{}", unique()));
        std::fs::create_dir_all(&folder).expect("the folder of a test can be made");
        Self::Sqlite { folder }
    }

    /// A copy of the migrated template.
    pub async fn postgres() -> Self {
        let server = server();
        let template = template(&server).await;
        let name = format!("portico_test_{}", unique());
        let mut conn = connect(&server).await;
        run(&mut conn, &format!("create database {name} template {template}")).await;
        conn.close().await.ok();
        Self::Postgres { server, name }
    }

    /// How the program opens it.
    pub fn options(&self) -> Options {
        match self {
            Self::Sqlite { folder } => Options::Sqlite {
                path: file(folder),
                create: true,
                exclusive: false,
                readers: READERS,
            },
            Self::Postgres { .. } => {
                Options::Postgres { url: self.url(), connections: CONNECTIONS }
            }
        }
    }

    /// Its URL, as the program's settings take it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => format!("sqlite://{}", file(folder).display()),
            Self::Postgres { server, name } => at(server, name),
        }
    }

    /// Opens it with its schema.
    pub async fn open(&self) -> Db {
        let db = Db::open(&self.options()).await.expect("the database opens");
        db.prepare(true).await.expect("the database has its schema");
        db
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Self::Sqlite { folder } => {
                std::fs::remove_dir_all(folder).ok();
            }
            Self::Postgres { server, name } => {
                let (server, name) = (server.clone(), name.clone());
                aside(move || async move {
                    let mut conn = connect(&server).await;
                    let drop = format!("drop database if exists {name} with (force)");
                    run(&mut conn, &drop).await;
                });
            }
        }
    }
}

/// Runs a future to its end from a place that cannot wait: a drop.
pub fn aside<T, F>(future: impl FnOnce() -> F + Send + 'static) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(future())
    };
    std::thread::spawn(run).join().ok()
}

#[expect(clippy::disallowed_methods, reason = "the one setting of the tests")]
fn server() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} is not set: run `make test`, which starts a PostgreSQL server for tests")
    })
}

/// Makes the template unless it is there, and answers its name.
async fn template(server: &str) -> String {
    let name = format!("portico_template_{}", schema());
    let mut conn = connect(server).await;
    run(&mut conn, &format!("select pg_advisory_lock({TEMPLATE_LOCK})")).await;
    let exists = "select exists (select from pg_database where datname = $1)";
    let made: bool = sqlx::query_scalar(exists)
        .bind(&name)
        .fetch_one(&mut conn)
        .await
        .expect("the server lists its databases");
    if !made {
        let making = format!("{name}_making");
        run(&mut conn, &format!("drop database if exists {making} with (force)")).await;
        run(&mut conn, &format!("create database {making}")).await;
        let options = Options::Postgres { url: at(server, &making), connections: 2 };
        let db = Db::open(&options).await.expect("the template opens");
        db.prepare(true).await.expect("the template is migrated");
        db.close().await;
        run(&mut conn, &format!("alter database {making} rename to {name}")).await;
    }
    // The lock goes with its connection.
    conn.close().await.ok();
    name
}

/// The digest of the migrations.
fn schema() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut steps: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the migrations are there")
        .map(|entry| entry.unwrap().path())
        .collect();
    steps.sort();
    let digest = steps.iter().fold(Sha256::new(), |digest, step| {
        digest.chain_update(std::fs::read(step).expect("a migration can be read"))
    });
    hex(&digest.finalize()[..8])
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap_or_else(|error| {
        panic!("the PostgreSQL server of {SERVER} does not answer ({error}): run `make test`")
    })
}

async fn run(conn: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(conn)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The server's URL with another database.
fn at(server: &str, name: &str) -> String {
    let options = PgConnectOptions::from_str(server).expect("the server's URL can be read");
    options.database(name).to_url_lossy().into()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("portico.db")
}

fn unique() -> String {
    hex(&Rng.bytes::<8>())
}
