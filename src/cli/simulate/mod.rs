//! `portico simulate`: plays a provider's traffic against any SCIM server.
//!
//! A full first cycle over made-up users and groups, then changes and departures, as Entra and Okta
//! send them. Every answer is checked and written values are read back; a report says how many
//! were wrong and how long they took. It may be run again on the same server: who is there
//! already is matched and updated.

mod check;
mod entra;
mod entra_groups;
mod import;
mod members;
mod okta;
mod okta_groups;
mod people;
mod player;
mod report;

use std::convert::Infallible;
use std::io::Write;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use self::player::Player;
use crate::outbound::scim_client::{Ask, ScimClient};
use crate::scim::patch::PATCH_URN;

/// Users of one simulation.
pub const USERS_MAX: i64 = 1_000_000;

/// Groups of one simulation.
pub const GROUPS_MAX: i64 = 100_000;

/// Plays the traffic of one provider.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Whose traffic
    pub provider: Provider,
    /// SCIM base URL of the server
    #[arg(long)]
    pub url: Url,
    /// Bearer token for the server
    #[arg(long, value_parser = secret)]
    pub token: SecretString,
    /// Users to provision
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=USERS_MAX))]
    pub users: u32,
    /// Groups to provision
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(0..=GROUPS_MAX))]
    pub groups: u32,
}

/// A provider whose traffic is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Provider {
    /// Microsoft Entra ID.
    Entra,
    /// Okta.
    Okta,
}

fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

/// What in a URL switches Entra to its other PATCH dialect.
const FLAG: &str = "aadoptscim062020";

/// Runs a simulation and writes its report; answers whether every answer was right.
///
/// # Errors
/// When the URL or the token cannot be used, or the report not be written.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(play(args, out))
}

/// The same, for who has a runtime already.
///
/// # Errors
/// As [`run`].
pub async fn play(args: &Args, out: &mut impl Write) -> anyhow::Result<bool> {
    let (manners, connections) = match args.provider {
        Provider::Entra => (entra::MANNERS, entra::CONNECTIONS),
        Provider::Okta => (okta::MANNERS, okta::CONNECTIONS),
    };
    let client = ScimClient::new(args.url.clone(), args.token.expose_secret(), manners)?;
    let player = Player::new(client, connections, [args.users, args.groups]);
    let flagged = args.url.as_str().to_ascii_lowercase().contains(FLAG);
    let all = async {
        match args.provider {
            Provider::Entra => entra::play(&player, flagged).await,
            Provider::Okta => okta::play(&player).await,
        }
    };
    tokio::select! {
        () = all => {}
        never = player.show() => match never {},
    }
    Player::hide();
    let report = player.into_report();
    write!(out, "{report}")?;
    Ok(report.is_right())
}

/// `GET` of users.
fn users() -> Ask {
    Ask::new(Method::GET, ["Users"])
}

/// `GET` of one user.
fn user(id: &str) -> Ask {
    Ask::new(Method::GET, ["Users", id])
}

/// `GET` of one group.
fn group(id: &str) -> Ask {
    Ask::new(Method::GET, ["Groups", id])
}

/// `GET` of what a filter finds.
fn found(endpoint: &str, filter: &str) -> Ask {
    Ask::new(Method::GET, [endpoint]).with("filter", filter)
}

/// `PATCH` of one resource.
fn patch(endpoint: &str, id: &str, operations: Value) -> Ask {
    let body = json!({"schemas": [PATCH_URN], "Operations": operations});
    Ask::new(Method::PATCH, [endpoint, id]).sending(body)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        simulate: Args,
    }

    fn parse(provider: &str, users: &str, groups: &str) -> Result<Args, clap::Error> {
        let fixed = ["--url", "http://127.0.0.1:1/scim", "--token", "hunter2"];
        let counted = ["--users", users, "--groups", groups];
        let line = [&["simulate", provider], &fixed[..], &counted].concat();
        Line::try_parse_from(line).map(|line| line.simulate)
    }

    #[test]
    fn a_simulation_is_bounded_and_does_not_show_its_token() {
        let args = parse("entra", "1000000", "100000").unwrap();
        assert_eq!(args.provider, Provider::Entra);
        assert!(!format!("{args:?}").contains("hunter2"));
        for (provider, users, groups) in [
            ("google", "1", "0"),
            ("okta", "0", "0"),
            ("okta", "1000001", "0"),
            ("okta", "1", "100001"),
        ] {
            assert_eq!(parse(provider, users, groups).unwrap_err().exit_code(), 2);
        }
    }
}
