//! The served app of one test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use portico::app::{App, Base, Public};
use portico::domain::platform::Definition;
use portico::domain::secret::SecretHash;
use portico::domain::time::{Clock, Timestamp};
use portico::flow;
use portico::flow::provision::limit::Limits;
use portico::outbound::mail::{Mailer, Way};
use portico::store;
use portico::worker::{self, Worker};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::database::{Database, aside};
use super::mail::{FROM, Mails};

/// The fixed operator token.
pub const OPERATOR_TOKEN: &str = "operator-token-of-the-tests-0123456789";
/// The platform that tests know, unless they name another.
const PLATFORM: &str = "field-vision";
/// When every test begins.
pub const BEGIN: &str = "2026-11-21T10:00:00Z";
/// How long the worker may take, in seconds.
const WORKER_S: u64 = 60;
/// How long an event may take that is recorded beside a request, in seconds.
const EVENTS_S: u64 = 10;
/// Between two looks at what it has left, in milliseconds.
const LOOK_MS: u64 = 20;

/// A served app with a database of its own.
pub struct TestApp {
    /// The built parts.
    pub app: App,
    /// Where it is served, without a trailing slash.
    pub url: String,
    client: Client,
    server: JoinHandle<()>,
    database: Arc<Database>,
    mails: Mails,
}

impl TestApp {
    /// An app on SQLite.
    pub async fn sqlite() -> Self {
        Self::sqlite_of(PLATFORM).await
    }

    /// An app on SQLite whose directories may ask so often at once, and then once a second.
    pub async fn limited(burst: u32) -> Self {
        Self::with(Database::sqlite(), PLATFORM, Limits::new(1, burst)).await
    }

    /// An app on SQLite that asks this name server.
    pub async fn asking(dns_server: SocketAddr) -> Self {
        let (database, limits) = (Database::sqlite(), Limits::default());
        Self::built(database, PLATFORM, (limits, Some(dns_server), None)).await
    }

    /// An app on PostgreSQL.
    pub async fn postgres() -> Self {
        Self::postgres_of(PLATFORM).await
    }

    /// An app on SQLite that serves a preset.
    pub async fn sqlite_of(preset: &str) -> Self {
        Self::with(Database::sqlite(), preset, Limits::default()).await
    }

    /// An app on PostgreSQL that serves a preset.
    pub async fn postgres_of(preset: &str) -> Self {
        Self::with(Database::postgres().await, preset, Limits::default()).await
    }

    /// An app on SQLite whose mail goes another way than into its folder.
    pub async fn mailing(way: Way) -> Self {
        Self::built(Database::sqlite(), PLATFORM, (Limits::default(), None, Some(way))).await
    }

    async fn with(database: Database, preset: &str, limits: Limits) -> Self {
        Self::built(database, preset, (limits, None, None)).await
    }

    async fn built(
        database: Database,
        preset: &str,
        (limits, dns_server, way): (Limits, Option<SocketAddr>, Option<Way>),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mails = Mails::new();
        let base = url.parse().unwrap();
        let mailer = match way {
            Some(way) => Mailer::new(FROM, base, way).expect("a sender"),
            None => mails.mailer(&base),
        };
        let app = App::compose(Base {
            db: database.open().await,
            clock: Clock::manual(Timestamp::parse(BEGIN).unwrap()),
            platform: platform(preset),
            public: Public {
                url: url.parse().unwrap(),
                secure: false,
                trusted_proxies: Vec::new(),
            },
            operator_token: Some(SecretHash::of(OPERATOR_TOKEN.as_bytes())),
            secret_keys: vec![[7; 32]],
            allow_private_networks: true,
            dns_server,
            limits,
            served: Default::default(),
            mailer,
        });
        flow::organization::ensure_operator(&app.runner).await.expect("the operator's own");
        let service =
            portico::http::router(&app).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            axum::serve(listener, service).await.expect("the app is served");
        });
        Self { app, url, client: client(), server, database: Arc::new(database), mails }
    }

    /// The database beneath it, for a second process beside it.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Moves the clock forward.
    pub fn advance_s(&self, seconds: i64) {
        self.app.runner.clock.advance_s(seconds);
    }

    /// Starts the worker; it ends when the token says so.
    pub fn start_worker(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (runner, feed) = (self.app.runner.clone(), Arc::clone(&self.app.feed));
        let journal = Arc::clone(&self.app.journal);
        let mailer = Arc::clone(&self.app.mailer);
        let reading = portico::worker::saml_metadata::Reading::of(&self.app);
        let dns = Arc::clone(&self.app.dns);
        let (retention, guarded) = (Default::default(), self.app.guarded.clone());
        let worker = Worker { runner, feed, retention, journal, mailer, guarded, reading, dns };
        worker::start(worker, stop.clone())
    }

    /// Runs the worker until nothing is left in the outbox.
    pub async fn run_worker(&self) {
        let stop = CancellationToken::new();
        let worker = self.start_worker(&stop);
        for _ in 0..WORKER_S * 1000 / LOOK_MS {
            if store::outbox::count(&mut self.app.runner.db.conn()).await.expect("a count") == 0 {
                stop.cancel();
                worker.await.expect("the worker ends when it is told to");
                return;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        panic!("the worker leaves rows in the outbox");
    }

    /// The mails that were sent so far to an address, oldest first; the worker runs before.
    pub async fn mails_to(&self, address: &str) -> Vec<super::mail::Mail> {
        self.run_worker().await;
        self.mails.to(address)
    }

    /// The newest mail to an address.
    pub async fn mail_to(&self, address: &str) -> super::mail::Mail {
        self.mails_to(address).await.pop().unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// The first hundred events of a name in an organization's feed.
    pub async fn events(&self, organization: &str, name: &str) -> Vec<Value> {
        self.run_worker().await;
        let path = format!("/api/v1/organizations/{organization}/events?types={name}&limit=100");
        let page = self.operator().get(&path).await.expect(200);
        page.at("/data").as_array().expect("a list").clone()
    }

    /// The same, once there are as many: what is recorded beside a request may take a moment.
    pub async fn events_once(&self, organization: &str, name: &str, count: usize) -> Vec<Value> {
        let mut found = Vec::new();
        for _ in 0..EVENTS_S * 1000 / LOOK_MS {
            found = self.events(organization, name).await;
            if found.len() == count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        panic!("{} events {name}, not {count}: {found:?}", found.len());
    }

    /// Somebody without any credential.
    pub fn anonymous(&self) -> Caller {
        Caller::new(self.client.clone(), &self.url)
    }

    /// The operator, by the fixed token.
    pub fn operator(&self) -> Caller {
        self.bearer(OPERATOR_TOKEN)
    }

    /// Somebody with a bearer token.
    pub fn bearer(&self, token: &str) -> Caller {
        self.anonymous().with_bearer(token)
    }

    /// A browser with an empty cookie jar.
    pub fn browser(&self) -> Caller {
        self.anonymous().with_jar()
    }

    /// A SCIM client with its directory's token; its paths begin below `/scim/v2`.
    pub fn scim(&self, token: &str) -> Caller {
        self.bearer(token).with_scim()
    }

    /// Makes an organization and answers its id; the slug is the name in lower case.
    pub async fn organization(&self, name: &str) -> String {
        let slug = name.to_ascii_lowercase().replace(' ', "-");
        let body = json!({"name": name, "slug": slug});
        let made = self.operator().post("/api/v1/organizations", body).await;
        made.expect(201).text_at("/id")
    }

    /// Makes a directory and a token for it, and answers the directory's id and the token.
    pub async fn directory(&self, organization: &str, profile: &str) -> (String, String) {
        let operator = self.operator();
        let path = format!("/api/v1/organizations/{organization}/directories");
        let made = operator.post(&path, json!({"name": "People", "profile": profile})).await;
        let id = made.expect(201).text_at("/id");
        let path = format!("/api/v1/directories/{id}/tokens");
        let made = operator.post(&path, json!({"name": "Provisioning"})).await;
        (id, made.expect(201).text_at("/token"))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.abort();
        if std::thread::panicking() {
            return;
        }
        let database = Arc::clone(&self.database);
        let left = aside(move || async move { database.undone().await });
        assert_eq!(left, Some(0), "rows are left behind in the outbox: run the worker");
    }
}

/// A platform that is built in.
fn platform(preset: &str) -> Definition {
    let text = portico::domain::platform::preset(preset).expect("a built-in preset");
    Definition::parse(text, preset).expect("a checked preset")
}

/// A client that follows no redirects and knows no proxy.
#[expect(clippy::disallowed_methods, reason = "the one client of the tests; it calls ourselves")]
pub fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client can be built")
}
