//! From raw to checked: every value by its own rule, then the rules between settings.
//!
//! Nothing stops at the first fault: all refusals are gathered, so that one start tells them all.

use super::key::SecretKeys;
use super::raw::{Raw, Text};
use super::refusal::{Fault, Refusal, Refused, Source};
use super::{Database, Settings, Tls, parse};

/// Checks all settings.
pub(super) fn settings(raw: &Raw) -> Result<Settings, Refused> {
    let mut checks = Checks { raw, refusals: raw.refusals().to_vec() };
    match checks.all() {
        Some(settings) if checks.refusals.is_empty() => Ok(settings),
        _ => Err(Refused(checks.refusals)),
    }
}

struct Checks<'a> {
    raw: &'a Raw,
    refusals: Vec<Refusal>,
}

impl Checks<'_> {
    /// `None` only after a refusal.
    fn all(&mut self) -> Option<Settings> {
        let listen = self.required("listen", parse::address);
        let admin_listen = self.optional("admin_listen", parse::address);
        let public_url = self.required("public_url", parse::public_url);
        let cert = self.optional("tls_cert", parse::file);
        let key = self.optional("tls_key", parse::file);
        let trusted_proxies = self.optional("trusted_proxies", parse::networks);
        let database = self.required("database_url", parse::database);
        let database_connections = self.required("database_connections", parse::connections);
        let platform = self.required("platform", parse::name);
        let operator_token = self.optional("operator_token", parse::operator_token);
        let given_keys = self.optional("secret_key", SecretKeys::parse);
        let log = self.required("log", parse::log);
        let log_format = self.required("log_format", parse::log_format);
        let allow_private_networks = self.required("allow_private_networks", parse::flag);
        let scim_rate_limit = self.required("scim_rate_limit", parse::rate_limit);
        let retention = self.required("retention", parse::retention);
        let settings = Settings {
            listen: listen?,
            admin_listen,
            public_url: public_url?,
            tls: self.tls(cert, key),
            trusted_proxies: trusted_proxies.unwrap_or_default(),
            database: database?,
            database_connections: database_connections?,
            platform: platform?,
            operator_token,
            given_keys,
            log: log?,
            log_format: log_format?,
            allow_private_networks: allow_private_networks?,
            scim_rate_limit: scim_rate_limit?,
            retention: retention?,
            shown: self.raw.shown(),
        };
        self.together(&settings);
        Some(settings)
    }

    fn optional<T>(
        &mut self,
        name: &'static str,
        rule: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let Text { text, source } = self.raw.get(name)?;
        match rule(text) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.refusals.push(Refusal::of(name, source, fault));
                None
            }
        }
    }

    fn required<T>(
        &mut self,
        name: &'static str,
        rule: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if self.raw.get(name).is_none() {
            self.refuse(name, Fault::new("it is missing", "set it"));
        }
        self.optional(name, rule)
    }

    fn refuse(&mut self, name: &'static str, fault: Fault) {
        let source = self.raw.get(name).map_or(&Source::Default, |text| &text.source);
        self.refusals.push(Refusal::of(name, source, fault));
    }

    fn tls(
        &mut self,
        cert: Option<std::path::PathBuf>,
        key: Option<std::path::PathBuf>,
    ) -> Option<Tls> {
        // Presence is asked of the texts: a file name that was refused is not missing.
        let given = |name| self.raw.get(name).is_some();
        match (given("tls_cert"), given("tls_key")) {
            (true, false) => self.refuse("tls_cert", Fault::new("tls_key is missing", "set both")),
            (false, true) => self.refuse("tls_key", Fault::new("tls_cert is missing", "set both")),
            _ => {}
        }
        Some(Tls { cert: cert?, key: key? })
    }

    /// The rules between settings.
    fn together(&mut self, settings: &Settings) {
        if settings.tls.is_some() && settings.public_url.scheme() != "https" {
            let wrong = "it is plain http while tls_cert is set";
            self.refuse("public_url", Fault::new(wrong, "give the https URL"));
        }
        let main = settings.listen;
        if settings.admin_listen.is_some_and(|admin| admin == main && main.port() != 0) {
            let wrong = "it is the address of listen";
            self.refuse("admin_listen", Fault::new(wrong, "give another one or leave it out"));
        }
        let key_given = self.raw.get("secret_key").is_some();
        if matches!(settings.database, Database::Postgres(_)) && !key_given {
            let wrong = "with PostgreSQL a key must be given";
            let remedy = "set PORTICO_SECRET_KEY to what `openssl rand -base64 32` prints";
            self.refuse("secret_key", Fault::new(wrong, remedy));
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
