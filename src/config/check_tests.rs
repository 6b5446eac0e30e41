//! Tests of the rules between settings, through the same door as a real start.

use super::super::{Environment, Flags, LogFormat};
use super::*;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn load(pairs: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let flags: Flags =
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Settings::load(&flags, &Environment::new())
        .map_err(|refused| refused.0.iter().map(ToString::to_string).collect())
}

#[test]
fn the_defaults_are_a_whole_configuration() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(settings.platform, "field-vision");
    assert_eq!(settings.log_format, LogFormat::Pretty);
    assert_eq!(settings.retention.events_days, 400);
    assert_eq!(settings.scim_rate_limit.burst.get(), 10_000);
    assert!(settings.tls.is_none() && settings.operator_token.is_none());
    assert!(!settings.allow_private_networks);
    assert_eq!(settings.sources().len(), super::super::SETTINGS.len());
}

#[test]
fn every_fault_is_told_at_once() {
    let refused = load(&[("listen", "x"), ("log_format", "y")]).unwrap_err();
    assert_eq!(
        refused,
        [
            "listen (--listen): \"x\" is not an address with a port; \
             give IP:PORT such as 127.0.0.1:8080",
            "log_format (--log-format): \"y\" is not a log format; give pretty or json",
        ]
    );
}

#[test]
fn refusals_of_the_sources_refuse_the_settings() {
    let refused = load(&[("config", "/nowhere/at/all")]).unwrap_err();
    assert_eq!(refused.len(), 1);
}

#[test]
fn a_certificate_goes_with_its_key_and_an_https_url() {
    let both = [("tls_cert", "cert.pem"), ("tls_key", "key.pem")];
    let refused = load(&both).unwrap_err();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with("public_url (default): it is plain http while tls_cert"));
    let url = ("public_url", "https://portico.example.com");
    assert!(load(&[both[0], both[1], url]).unwrap().tls.is_some());
    assert!(load(&[both[0], url]).unwrap_err()[0].contains("tls_key is missing"));
    assert!(load(&[both[1], url]).unwrap_err()[0].contains("tls_cert is missing"));
}

#[test]
fn the_two_addresses_differ() {
    let same = [("listen", "127.0.0.1:9"), ("admin_listen", "127.0.0.1:9")];
    assert!(load(&same).unwrap_err()[0].contains("it is the address of listen"));
    // Port 0 takes a free one each.
    assert!(load(&[("listen", "127.0.0.1:0"), ("admin_listen", "127.0.0.1:0")]).is_ok());
}

#[test]
fn with_postgresql_a_key_must_be_given() {
    let database = ("database_url", "postgres://a:hunter2@c/d");
    let refused = load(&[database]).unwrap_err();
    assert_eq!(
        refused,
        ["secret_key (default): with PostgreSQL a key must be given; \
          set PORTICO_SECRET_KEY to what `openssl rand -base64 32` prints"]
    );
    let settings = load(&[database, ("secret_key", KEY)]).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    // Also beside another fault.
    assert_eq!(load(&[database, ("listen", "x")]).unwrap_err().len(), 2);
    // A key that is refused is refused once.
    assert_eq!(load(&[database, ("secret_key", "short")]).unwrap_err().len(), 1);
}
