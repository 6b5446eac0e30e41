//! `portico token`: makes operator tokens, also beside a running gateway.

use clap::value_parser;
use ipnet::IpNet;

use super::compose::{self, Opening};
use super::serve::runtime;
use crate::config::Settings;
use crate::domain::actor::Actor;
use crate::flow;

/// Days for which a token may be good: ten years.
pub const EXPIRES_IN_DAYS_MAX: i64 = 3_650;

/// Makes tokens.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What is done with tokens.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Prints a new token, once
    Create(Create),
}

/// The token to make.
#[derive(Clone, Debug, clap::Args)]
pub struct Create {
    /// Make an operator token (the only kind that is made here)
    #[arg(long, required = true)]
    pub operator: bool,
    /// Name by which it is listed
    #[arg(long)]
    pub name: String,
    /// Days until it expires; without, it does not
    #[arg(long, value_name = "D", value_parser = value_parser!(i64).range(1..=EXPIRES_IN_DAYS_MAX))]
    pub expires_in_days: Option<i64>,
    /// Network from which it may be used; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub address: Vec<IpNet>,
}

/// Makes a token and answers it: the only time it is shown.
///
/// # Errors
/// A database that cannot be reached or needs `portico migrate` first.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<String> {
    let Action::Create(create) = &args.action;
    runtime()?.block_on(async {
        let opening = Opening { create: false, exclusive: false, migrate: false };
        let app = compose::app(settings, opening).await?;
        let operator =
            flow::organization::ensure_operator(&app.runner).await.map_err(compose::failed)?;
        let new = flow::operator_token::New {
            name: create.name.clone(),
            addresses: create.address.iter().map(ToString::to_string).collect(),
            expires_in_days: create.expires_in_days,
        };
        let token = app
            .runner
            .write(Actor::System, operator, move |work| {
                let new = new.clone();
                Box::pin(async move { flow::operator_token::create(work, &new).await })
            })
            .await
            .map_err(compose::failed)?;
        app.runner.db.close().await;
        Ok(token)
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        token: Args,
    }

    fn create(line: &[&str]) -> Result<Create, clap::Error> {
        let Action::Create(create) =
            Line::try_parse_from([&["token", "create"], line].concat())?.token.action;
        Ok(create)
    }

    #[test]
    fn a_token_may_expire_and_be_bound_to_networks() {
        let line = ["--operator", "--name", "ci", "--expires-in-days", "3650"];
        let networks = ["--address", "10.0.0.0/8", "--address", "fd00::/8"];
        let token = create(&[&line[..], &networks].concat()).unwrap();
        assert_eq!(token.expires_in_days, Some(EXPIRES_IN_DAYS_MAX));
        assert_eq!(token.address.len(), 2);
    }

    #[test]
    fn a_token_without_a_kind_or_beyond_its_bounds_is_a_usage_error() {
        for line in [
            &["--name", "ci"][..],
            &["--operator"],
            &["--operator", "--name", "ci", "--expires-in-days", "0"],
            &["--operator", "--name", "ci", "--expires-in-days", "3651"],
            &["--operator", "--name", "ci", "--address", "10.0.0.1"],
        ] {
            assert_eq!(create(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}
