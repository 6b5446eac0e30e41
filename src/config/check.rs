//! From raw to checked: every value by its own rule, then the rules between settings.
//!
//! Nothing stops at the first fault: all refusals are gathered, so that one start tells them all.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use super::key::{SecretKeys, key_missing};
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
        let smtp = self.optional("smtp_url", parse::smtp_url);
        let mail_from = self.required("mail_from", parse::mail_from);
        let mail_dir = self.required("mail_dir", parse::file);
        let log = self.required("log", parse::log);
        let log_format = self.required("log_format", parse::log_format);
        let allow_private_networks = self.required("allow_private_networks", parse::flag);
        let dns_server = self.optional("dns_server", parse::address);
        let scim_rate_limit = self.required("scim_rate_limit", parse::rate_limit);
        let scim_role_schema = self.required("scim_role_schema", parse::role_schema);
        let retention = self.required("retention", parse::retention);
        let tls = self.tls(cert, key);
        self.apart(listen, admin_listen);
        self.scheme(public_url.as_ref());
        self.key_for(database.as_ref());
        Some(Settings {
            listen: listen?,
            admin_listen,
            public_url: public_url?,
            tls,
            trusted_proxies: trusted_proxies.unwrap_or_default(),
            database: database?,
            database_connections: database_connections?,
            platform: platform?,
            operator_token,
            given_keys,
            smtp,
            mail_from: mail_from?,
            mail_dir: mail_dir?,
            log: log?,
            log_format: log_format?,
            allow_private_networks: allow_private_networks?,
            dns_server,
            scim_rate_limit: scim_rate_limit?,
            scim_role_schema: scim_role_schema?,
            retention: retention?,
            shown: self.raw.shown(),
        })
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

    // The rules between settings. Presence is asked of the texts: what was refused is not missing.

    fn given(&self, name: &str) -> bool {
        self.raw.get(name).is_some()
    }

    fn tls(&mut self, cert: Option<PathBuf>, key: Option<PathBuf>) -> Option<Tls> {
        match (self.given("tls_cert"), self.given("tls_key")) {
            (true, false) => self.refuse("tls_cert", Fault::new("tls_key is missing", "set both")),
            (false, true) => self.refuse("tls_key", Fault::new("tls_cert is missing", "set both")),
            _ => {}
        }
        Some(Tls { cert: cert?, key: key? })
    }

    fn scheme(&mut self, public_url: Option<&Url>) {
        let plain = public_url.is_some_and(|url| url.scheme() != "https");
        if plain && self.given("tls_cert") && self.given("tls_key") {
            let wrong = "it is plain http while tls_cert is set";
            self.refuse("public_url", Fault::new(wrong, "give the https URL"));
        }
    }

    fn apart(&mut self, listen: Option<SocketAddr>, admin_listen: Option<SocketAddr>) {
        // Port 0 takes a free one each.
        if listen.is_some_and(|address| address.port() != 0) && listen == admin_listen {
            let wrong = "it is the address of listen";
            self.refuse("admin_listen", Fault::new(wrong, "give another one or leave it out"));
        }
    }

    fn key_for(&mut self, database: Option<&Database>) {
        if matches!(database, Some(Database::Postgres(_))) && !self.given("secret_key") {
            self.refuse("secret_key", key_missing());
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
