//! From settings to parts: platform, database, keys, and the checks between them.
//!
//! Whatever is wrong is an error of one line a reason, before anything is changed.

use std::path::Path;

use anyhow::Context;
use secrecy::ExposeSecret;

use crate::app::{App, Base, Public};
use crate::config::{Database, Settings};
use crate::domain::platform::{Definition, preset, preset_names};
use crate::domain::secret::SecretHash;
use crate::domain::time::{Clock, Rng};
use crate::flow;
use crate::flow::provision::limit::Limits;
use crate::outbound::mail::{Mailer, Smtp, Way};
use crate::scim::catalog::Served;
use crate::store::{Db, Options};

/// How the database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Make a SQLite file that is missing.
    pub create: bool,
    /// Hold the SQLite file against another `serve`.
    pub exclusive: bool,
    /// Bring the schema up to date.
    pub migrate: bool,
}

/// Reads and checks the platform definition: a preset's name, or a path.
///
/// # Errors
/// Each mistake in it, a line each.
pub fn platform(named: &str) -> anyhow::Result<Definition> {
    let text = match preset(named) {
        Some(text) => text.to_owned(),
        None => read_definition(Path::new(named))?,
    };
    Definition::parse(&text, named).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })
}

fn read_definition(path: &Path) -> anyhow::Result<String> {
    super::platform::read(path).with_context(|| {
        let presets: Vec<&str> = preset_names().collect();
        let (shown, presets) = (path.display(), presets.join(", "));
        format!("platform {shown} is neither a preset ({presets}) nor a file that can be read")
    })
}

/// Opens the database and checks its schema.
///
/// # Errors
/// A database that cannot be reached, is held, or has another schema.
pub async fn database(settings: &Settings, opening: Opening) -> anyhow::Result<Db> {
    let options = match &settings.database {
        Database::Sqlite(path) => Options::Sqlite {
            path: path.clone(),
            create: opening.create,
            exclusive: opening.exclusive,
            readers: settings.database_connections,
        },
        Database::Postgres(url) => Options::Postgres {
            url: url.expose_secret().to_owned(),
            connections: settings.database_connections,
        },
    };
    let db = Db::open(&options).await?;
    db.prepare(opening.migrate).await?;
    Ok(db)
}

/// Builds the parts and makes sure that the operator's organization is there.
///
/// # Errors
/// Whatever [`platform`] and [`database`] refuse; a secret key that is not this database's.
pub async fn app(settings: &Settings, opening: Opening) -> anyhow::Result<App> {
    let platform = platform(&settings.platform)?;
    let served = Served::with_role_urn(&settings.scim_role_schema)
        .context("scim_role_schema: another schema has this URN; give another one")?;
    let mailer = mailer(settings)?;
    // Without a key nothing may be touched, so PostgreSQL is not even opened.
    let given = match &settings.database {
        Database::Postgres(_) => Some(settings.secret_keys(Rng)?),
        Database::Sqlite(_) => None,
    };
    let db = database(settings, opening).await?;
    let keys = match given {
        Some(keys) => keys,
        None => settings.secret_keys(Rng)?,
    };
    let app = App::compose(Base {
        db,
        clock: Clock::System,
        platform,
        public: Public {
            url: settings.public_url.clone(),
            secure: settings.public_url.scheme() == "https",
            trusted_proxies: settings.trusted_proxies.clone(),
        },
        operator_token: settings
            .operator_token
            .as_ref()
            .map(|token| SecretHash::of(token.expose_secret().as_bytes())),
        secret_keys: keys.opening().map(|key| *key.bytes()).collect(),
        allow_private_networks: settings.allow_private_networks,
        dns_server: settings.dns_server,
        limits: Limits::new(
            settings.scim_rate_limit.per_second.get(),
            settings.scim_rate_limit.burst.get(),
        ),
        served,
        mailer,
    });
    // Before anything is written that a wrong key would seal.
    flow::installation::check_key(&app.runner, &app.seal).await?;
    flow::organization::ensure_operator(&app.runner).await.map_err(failed)?;
    Ok(app)
}

/// Where mail goes: to the server of `smtp_url`, or into `mail_dir`.
fn mailer(settings: &Settings) -> anyhow::Result<Mailer> {
    let way = match &settings.smtp {
        Some(server) => Way::Smtp(Smtp::new(server).context("smtp_url")?),
        None => Way::Folder(settings.mail_dir.clone()),
    };
    let base = settings.public_url.clone();
    Mailer::new(&settings.mail_from, base, way).context("mail_from")
}

/// A refused verb as an error of the command line.
#[must_use]
pub fn failed(problem: flow::problem::Problem) -> anyhow::Error {
    match problem.cause {
        Some(cause) => anyhow::anyhow!("{}: {cause}", problem.detail),
        None => anyhow::anyhow!("{}", problem.detail),
    }
}
