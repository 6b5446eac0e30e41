//! Arguments of `portico simulate`: plays a provider's traffic against any SCIM server.

use std::convert::Infallible;

use secrecy::SecretString;
use url::Url;

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
