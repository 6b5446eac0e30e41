//! `portico demo`: `serve` with a filled SQLite in a temporary folder, and a provider to sign in
//! with.
//!
//! The folder goes when the demo stops. The development provider lives in the same process, on
//! loopback, and only here.

mod seed;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};

use super::compose::{self, Opening};
use super::serve::{runtime, until_stopped};
use crate::app::App;
use crate::config::{Database, Settings};
use crate::domain::secret::{draw, hex};
use crate::domain::time::Rng;
use crate::http::dev_provider::{Account, DevProvider};
use crate::telemetry;

/// Runs a gateway to look at; it has no arguments besides the settings.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {}

/// The platform whose sites and roles the demo fills in.
const PLATFORM: &str = "field-vision";

/// A folder that goes with this value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the system's temporary folder anyway.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs the demo until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever hinders the start, in one line.
pub fn run(settings: Settings) -> anyhow::Result<()> {
    ensure!(settings.platform == PLATFORM, "the demo's people and sites are of `{PLATFORM}` alone");
    telemetry::start_log(&settings)?;
    let folder = folder()?;
    let operator = draw(Rng);
    let mut settings = settings;
    settings.database = Database::Sqlite(folder.0.join("portico.db"));
    settings.mail_dir = folder.0.join("mail");
    settings.operator_token = Some(SecretString::from(operator));
    settings.given_keys = None;
    // The provider of the demo is on loopback.
    settings.allow_private_networks = true;
    runtime()?.block_on(async {
        let opening = Opening { create: true, exclusive: true, migrate: true };
        let app = compose::app(&settings, opening).await?;
        let lines = fill(&app, &settings).await?;
        // Nobody reads stdout when it is closed; the demo runs all the same.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), lines.as_bytes());
        until_stopped(app, &settings).await
    })
}

fn folder() -> anyhow::Result<Folder> {
    let path = std::env::temp_dir().join(format!("portico-demo-{}", hex(&Rng.bytes::<8>())));
    fs::create_dir(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
    Ok(Folder(path))
}

/// Starts the provider, fills the database, and answers what to print.
async fn fill(app: &App, settings: &Settings) -> anyhow::Result<String> {
    let operator = settings.operator_token.as_ref().map(ExposeSecret::expose_secret);
    let operator = operator.context("a demo draws its operator token")?;
    let accounts = seed::PEOPLE.iter().map(account).chain([stranger()]).collect();
    let provider = DevProvider::start(0, accounts, Arc::clone(&app.runner.clock)).await?;
    let (client_id, client_secret) = (provider.client_id(), provider.client_secret());
    let known = seed::Provider {
        issuer: provider.issuer().to_owned(),
        client_id: client_id.to_owned(),
        client_secret: client_secret.to_owned(),
    };
    let seeded = seed::fill(app, operator, &known).await?;
    provider.register(&seeded.redirect_uri);
    Ok(lines(settings, operator, &seeded)?)
}

fn account(person: &seed::Person) -> Account {
    let (first, last) = person.name;
    Account {
        sub: person.subject.to_owned(),
        email: person.mail.to_owned(),
        name: format!("{first} {last}"),
        note: match person.groups {
            [] => "in no group: she has no role".to_owned(),
            groups => format!("in {}", groups.join(", ")),
        },
    }
}

/// Somebody whom the provider knows and the directory never pushed: she is refused.
fn stranger() -> Account {
    Account {
        sub: "demo-mallory".to_owned(),
        email: "mallory@elsewhere.example".to_owned(),
        name: "Mallory".to_owned(),
        note: "unknown to Acme: she is refused".to_owned(),
    }
}

/// This program as it was called, so that a printed line works in the shell that started it.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "portico".to_owned())
}

fn lines(
    settings: &Settings,
    operator: &str,
    seeded: &seed::Seeded,
) -> Result<String, std::fmt::Error> {
    let base = settings.public_url.as_str().trim_end_matches('/');
    let mut out = String::new();
    writeln!(
        out,
        "\nPortico demo: the organization \"acme\", five people, three sites. It is gone when you stop it.\n"
    )?;
    for (what, value) in [
        ("sign in", seeded.start_url.as_str()),
        ("who am I", &format!("{base}/me")),
        ("API docs", &format!("{base}/api/docs")),
        ("sign-in journal", &format!("{base}/api/v1/connections/{}/sign-ins", seeded.connection)),
        ("OpenAPI", &format!("{base}/api/openapi.json")),
        ("SCIM base URL", &seeded.scim_base_url),
        ("SCIM token", &seeded.scim_token),
        ("operator token", operator),
    ] {
        writeln!(out, "  {what:15} {value}")?;
    }
    writeln!(out, "\nPlay Entra ID against it:\n")?;
    writeln!(
        out,
        "  {} simulate entra --url {} --token {} --users 200 --groups 20",
        program(),
        seeded.scim_base_url,
        seeded.scim_token
    )?;
    writeln!(out, "\nMay the site manager edit work orders in Lyon?\n")?;
    writeln!(
        out,
        "  curl -s {base}/access/v1/evaluation -H 'Authorization: Bearer {operator}' \\\n    \
         -H 'Content-Type: application/json' -d '{{\"subject\": {{\"type\": \"user\", \"id\": \"{}\"}}, \
         \"action\": {{\"name\": \"work_orders.edit\"}}, \"resource\": {{\"type\": \"site\", \"id\": \"lyon\"}}}}'\n",
        seeded.site_manager
    )?;
    Ok(out)
}
