//! Settings: raw values from command line, environment and file, then checked ones.
//!
//! Whoever starts a command calls [`Settings::load`] once and hands [`Settings`] down; nothing
//! below reads the environment. A setting that cannot be used is a [`Refusal`] of one line, and
//! all of them are told at once. Settings of parts that do not exist yet are not in the table, so
//! that none is accepted and then ignored.

mod check;
mod environment;
mod key;
mod parse;
mod raw;
mod refusal;
mod table;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use crate::domain::mail_server::MailServer;

pub use environment::environment;
pub use key::{KEY_FILE, SecretKey, SecretKeys};
pub use raw::{Environment, Flags, Raw, Shown};
pub use refusal::{Refusal, Refused, Source};
pub use table::{CONFIG_VARIABLE, SETTINGS, Setting, Shows};

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address that answers requests.
    pub listen: SocketAddr,
    /// Address of its own for `/metrics` and health.
    pub admin_listen: Option<SocketAddr>,
    /// URL under which the world reaches us: scheme, host and port, path `/`.
    pub public_url: Url,
    /// Certificate and key, where we speak TLS ourselves.
    pub tls: Option<Tls>,
    /// Networks whose forwarded headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// Where everything is kept.
    pub database: Database,
    /// Connections to the database, at most.
    pub database_connections: u32,
    /// Name of a preset, or path of a platform definition.
    pub platform: String,
    /// Fixed operator token for automation.
    pub operator_token: Option<SecretString>,
    /// Keys that were given; [`Settings::secret_keys`] adds the one from the file.
    pub given_keys: Option<SecretKeys>,
    /// Mail server; without one mail goes to `mail_dir`.
    pub smtp: Option<MailServer>,
    /// Sender of mail.
    pub mail_from: String,
    /// Folder for mail where there is no server.
    pub mail_dir: PathBuf,
    /// Filter of the log, checked.
    pub log: String,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Whether outgoing requests may reach private and loopback addresses.
    pub allow_private_networks: bool,
    /// Resolver for the records of e-mail domains; the system's unless said.
    pub dns_server: Option<SocketAddr>,
    /// Requests of one directory.
    pub scim_rate_limit: RateLimit,
    /// URN of the schema of roles over SCIM.
    pub scim_role_schema: String,
    /// How long events, journals and invites that are over are kept.
    pub retention: Retention,
    shown: Vec<Shown>,
}

/// Where everything is kept.
#[derive(Clone, Debug)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL; it may hold a password.
    Postgres(SecretString),
}

/// Files with our certificate chain and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the chain.
    pub cert: PathBuf,
    /// PEM file with the key.
    pub key: PathBuf,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A line of text for people.
    Pretty,
    /// A JSON object a line.
    Json,
}

/// Requests that one caller may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second, in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once, after a rest.
    pub burst: NonZeroU32,
}

/// How long is kept what is not kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days for events.
    pub events_days: u32,
    /// Days for the journals of requests and sign-ins.
    pub journals_days: u32,
    /// Days for invites that were accepted, taken back or superseded.
    pub invites_days: u32,
}

impl Settings {
    /// Gathers and checks all settings.
    ///
    /// # Errors
    /// Every [`Refusal`] there is.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, Refused> {
        Self::check(&Raw::gather(flags, environment))
    }

    /// Checks gathered settings.
    ///
    /// # Errors
    /// Every [`Refusal`] there is, those of the sources included.
    pub fn check(raw: &Raw) -> Result<Self, Refused> {
        check::settings(raw)
    }

    /// Each setting, its value (secrets as `(set)`) and its source.
    #[must_use]
    pub fn sources(&self) -> &[Shown] {
        &self.shown
    }
}
