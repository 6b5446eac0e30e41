//! The built parts that handlers share.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::domain::platform::Definition;
use crate::domain::seal::Seal;
use crate::domain::secret::SecretHash;
use crate::domain::time::Clock;
use crate::flow::access::feed::Feed;
use crate::flow::access::live::Live;
use crate::flow::password::{Hasher, Nobody};
use crate::flow::provision::credential::Credentials;
use crate::flow::provision::journal::Journal;
use crate::flow::provision::limit::Limits;
use crate::flow::provision::search::Pages;
use crate::flow::runner::{Listener, Runner};
use crate::outbound::dns::Dns;
use crate::outbound::http::Guarded;
use crate::outbound::mail::Mailer;
use crate::outbound::oidc::Providers;
use crate::outbound::saml::Wall;
use crate::scim::catalog::Served;
use crate::store::Db;

/// What the http floor needs to know of the settings.
#[derive(Clone, Debug)]
pub struct Public {
    /// Where we are reached, without a trailing slash: all URLs we give out begin with it.
    pub url: url::Url,
    /// Whether cookies are `Secure` and named `__Host-`: always, but on plain-http loopback.
    pub secure: bool,
    /// Whose forwarded headers count for addresses in limits and logs.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}

/// What the parts are built from: checked settings and an open database.
pub struct Base {
    /// The database, with its schema.
    pub db: Db,
    /// Where instants come from.
    pub clock: Clock,
    /// Which permissions, roles and resource kinds there are.
    pub platform: Definition,
    /// Where we are reached.
    pub public: Public,
    /// The fixed operator token of the configuration, hashed.
    pub operator_token: Option<SecretHash>,
    /// Keys that seal secrets at rest: the first seals, all open.
    pub secret_keys: Vec<[u8; 32]>,
    /// Whether outgoing requests may reach private and loopback addresses.
    pub allow_private_networks: bool,
    /// Resolver for the records of e-mail domains; the system's unless said.
    pub dns_server: Option<SocketAddr>,
    /// How often each directory may ask.
    pub limits: Limits,
    /// The types of SCIM resources.
    pub served: Served,
    /// Sends mail.
    pub mailer: Mailer,
}

/// The parts, built once.
pub struct Parts {
    /// Transactions and reads.
    pub runner: Runner,
    /// Where we are reached.
    pub public: Public,
    /// The fixed operator token of the configuration, hashed.
    pub operator_token: Option<SecretHash>,
    /// Seals secrets at rest.
    pub seal: Arc<Seal>,
    /// Identity providers, asked before a transaction opens.
    pub providers: Providers,
    /// Requests to addresses that customers gave us.
    pub guarded: Guarded,
    /// Where SAML messages are worked on.
    pub saml: Wall,
    /// Looks up the records of e-mail domains, before a transaction opens.
    pub dns: Arc<Dns>,
    /// Decisions from memory.
    pub live: Arc<Live>,
    /// What other processes changed, told to all who answer from memory here.
    pub feed: Arc<Feed>,
    /// Cancelled when the process is told to stop: no new work is begun in the background.
    pub draining: CancellationToken,
    /// Whom the tokens of directories let in.
    pub credentials: Arc<Credentials>,
    /// How often directories may ask.
    pub limits: Limits,
    /// Where pages of SCIM lists ended.
    pub pages: Pages,
    /// The types of SCIM resources.
    pub served: Served,
    /// Exchanges of SCIM clients that wait to be written.
    pub journal: Arc<Journal>,
    /// Sends mail.
    pub mailer: Arc<Mailer>,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Wrong passwords for logins that nobody has.
    pub nobody: Nobody,
}

/// The parts, cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl App {
    /// Builds the parts. It reads and writes nothing yet.
    #[must_use]
    pub fn compose(base: Base) -> Self {
        let platform = Arc::new(base.platform);
        let live = Arc::new(Live::new(base.db.clone(), Arc::clone(&platform)));
        let credentials = Arc::<Credentials>::default();
        let from_memory: Vec<Arc<dyn Listener>> =
            vec![Arc::clone(&live) as _, Arc::clone(&credentials) as _];
        let feed = Arc::new(Feed::new(from_memory));
        let listeners: Vec<Arc<dyn Listener>> = vec![Arc::clone(&feed) as Arc<dyn Listener>];
        let clock = Arc::new(base.clock);
        let guarded = Guarded::new(base.allow_private_networks);
        let providers = Providers::new(guarded.clone(), Arc::clone(&clock));
        let seal = Arc::new(Seal::new(base.secret_keys));
        let runner = Runner {
            db: base.db,
            clock,
            platform,
            seal: Arc::clone(&seal),
            rules: Arc::default(),
            listeners: listeners.into(),
            wake: Arc::default(),
            wake_mail: Arc::default(),
        };
        let (public, operator_token) = (base.public, base.operator_token);
        Self(Arc::new(Parts {
            runner,
            public,
            operator_token,
            seal,
            providers,
            guarded,
            saml: Wall::default(),
            dns: Arc::new(Dns::new(base.dns_server)),
            live,
            feed,
            draining: CancellationToken::new(),
            credentials,
            limits: base.limits,
            pages: Pages::default(),
            served: base.served,
            journal: Arc::default(),
            mailer: Arc::new(base.mailer),
            hasher: Hasher::default(),
            nobody: Nobody::default(),
        }))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
