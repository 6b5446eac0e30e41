//! Checks of single values: text in, typed value or fault out.
//!
//! Rules between settings are in `check`; key material has a file of its own.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::refusal::Fault;
use super::{Database, LogFormat, RateLimit, Retention};
use crate::domain::mail_server::MailServer;
use crate::domain::organization::is_mail_address;

/// Characters of a fixed operator token.
pub(super) const OPERATOR_TOKEN_CHARS: std::ops::RangeInclusive<usize> = 32..=512;

/// Networks of proxies.
pub(super) const TRUSTED_PROXIES_MAX: usize = 100;

/// Connections to the database.
pub(super) const CONNECTIONS_MAX: u32 = 1_000;

/// Requests a second, and requests at once.
pub(super) const RATE_MAX: u32 = 1_000_000;

/// Characters of a schema's URN.
pub(super) const URN_CHARS_MAX: usize = 200;

/// Days for which anything is kept: ten years.
pub(super) const RETENTION_DAYS_MAX: u32 = 3_650;

pub(super) fn address(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        Fault::quoting(text, "is not an address with a port", "give IP:PORT such as 127.0.0.1:8080")
    })
}

pub(super) fn public_url(text: &str) -> Result<Url, Fault> {
    let remedy = "give a URL such as https://portico.example.com";
    let url = Url::parse(text).map_err(|_| Fault::quoting(text, "is not a URL", remedy))?;
    let fault = |wrong| Err(Fault::quoting(text, wrong, remedy));
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return fault("is plain http to a host that is not loopback"),
        _ => return fault("is neither https nor http"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Not quoted: there may be a password in it.
        return Err(Fault::new("it has a user name or a password", remedy));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return fault("has more than scheme, host and port");
    }
    Ok(url)
}

/// Whether the host of a URL is this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, Fault> {
    let remedy = "give CIDRs such as 10.0.0.0/8,fd00::/8";
    let networks = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map_err(|_| Fault::quoting(part, "is not a CIDR", remedy)))
        .collect::<Result<Vec<IpNet>, Fault>>()?;
    if networks.len() > TRUSTED_PROXIES_MAX {
        let wrong = format!("there are more than {TRUSTED_PROXIES_MAX} networks");
        return Err(Fault::new(wrong, "name larger networks"));
    }
    Ok(networks)
}

pub(super) fn database(text: &str) -> Result<Database, Fault> {
    let remedy = "give sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME";
    if let Some(rest) = text.strip_prefix("sqlite:") {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.ends_with('/') {
            return Err(Fault::new("the SQLite file has no name", remedy));
        }
        if path.contains(":memory:") || path.contains('?') {
            let wrong = "SQLite is kept in a file, and its options are ours";
            return Err(Fault::new(wrong, "give sqlite://FILE alone"));
        }
        return Ok(Database::Sqlite(PathBuf::from(path)));
    }
    // Never quoted: there may be a password in it.
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
            Ok(Database::Postgres(SecretString::from(text)))
        }
        Ok(url) => Err(Fault::quoting(url.scheme(), "is not a database we know", remedy)),
        Err(_) => Err(Fault::new("it is not a URL", remedy)),
    }
}

pub(super) fn connections(text: &str) -> Result<u32, Fault> {
    bounded(text, 1, CONNECTIONS_MAX)
        .ok_or_else(|| Fault::quoting(text, "is not a number from 1 to 1000", "give such as 10"))
}

pub(super) fn file(text: &str) -> Result<PathBuf, Fault> {
    name(text).map(PathBuf::from)
}

pub(super) fn name(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new("it is empty", "give a name or leave the setting out"));
    }
    Ok(text.to_owned())
}

pub(super) fn smtp_url(text: &str) -> Result<MailServer, Fault> {
    // Never quoted: there may be a password in it.
    MailServer::parse(text).map_err(|error| {
        Fault::new(error.to_string(), "give smtps://USER:PASSWORD@HOST or smtp://HOST:PORT")
    })
}

pub(super) fn mail_from(text: &str) -> Result<String, Fault> {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    if !is_mail_address(address) || text.chars().any(char::is_control) {
        let remedy = "give an address such as Portico <portico@example.com>";
        return Err(Fault::quoting(text, "is no mail address", remedy));
    }
    Ok(text.to_owned())
}

pub(super) fn operator_token(text: &str) -> Result<SecretString, Fault> {
    let remedy = "give 32 to 512 letters, digits or signs, such as `openssl rand -hex 32` prints";
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::new("it has characters that no bearer token has", remedy));
    }
    if !OPERATOR_TOKEN_CHARS.contains(&text.len()) {
        return Err(Fault::new(format!("it has {} characters", text.len()), remedy));
    }
    Ok(SecretString::from(text))
}

pub(super) fn log(text: &str) -> Result<String, Fault> {
    EnvFilter::try_new(text).map_err(|_| {
        Fault::quoting(text, "is not a log filter", "give such as info or portico=debug,info")
    })?;
    Ok(text.to_owned())
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, Fault> {
    match text {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err(Fault::quoting(text, "is not a log format", "give pretty or json")),
    }
}

pub(super) fn flag(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::quoting(text, "is neither true nor false", "give one of the two")),
    }
}

pub(super) fn rate_limit(text: &str) -> Result<RateLimit, Fault> {
    let number = |text: &str| NonZeroU32::new(bounded(text, 1, RATE_MAX)?);
    text.split_once(',')
        .and_then(|(rate, burst)| {
            Some(RateLimit { per_second: number(rate)?, burst: number(burst)? })
        })
        .ok_or_else(|| {
            let wrong = "is not two numbers from 1 to 1000000";
            Fault::quoting(text, wrong, "give RATE,BURST such as 2000,10000")
        })
}

pub(super) fn role_schema(text: &str) -> Result<String, Fault> {
    let remedy = "give a URN such as urn:okta:scim:schemas:core:1.0:Role";
    let rest = text.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("urn:"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-');
    if rest.is_none() || !text.chars().all(plain) || text.ends_with(':') {
        return Err(Fault::quoting(text, "is not a URN", remedy));
    }
    if text.len() > URN_CHARS_MAX {
        return Err(Fault::new(format!("it has more than {URN_CHARS_MAX} characters"), remedy));
    }
    Ok(text.to_owned())
}

/// Days for which invites that are over are kept, unless it is said.
const INVITES_DAYS: u32 = 400;

pub(super) fn retention(text: &str) -> Result<Retention, Fault> {
    let remedy = "give such as events=400,journals=30,invites=400";
    let (mut events, mut journals, mut invites) = (None, None, None);
    for part in text.split(',').map(str::trim) {
        let (kind, days) = part.split_once('=').unwrap_or((part, ""));
        let days = bounded(days, 1, RETENTION_DAYS_MAX)
            .ok_or_else(|| Fault::quoting(part, "has no number of days from 1 to 3650", remedy))?;
        let place = match kind.trim() {
            "events" => &mut events,
            "journals" => &mut journals,
            "invites" => &mut invites,
            _ => return Err(Fault::quoting(part, "names no events, journals or invites", remedy)),
        };
        if place.replace(days).is_some() {
            return Err(Fault::quoting(text, "names one kind twice", remedy));
        }
    }
    match (events, journals) {
        (Some(events_days), Some(journals_days)) => {
            let invites_days = invites.unwrap_or(INVITES_DAYS);
            Ok(Retention { events_days, journals_days, invites_days })
        }
        _ => Err(Fault::quoting(text, "does not name both events and journals", remedy)),
    }
}

fn bounded(text: &str, least: u32, most: u32) -> Option<u32> {
    text.trim().parse().ok().filter(|number| (least..=most).contains(number))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
