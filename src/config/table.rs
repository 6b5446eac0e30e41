//! The table of settings: one row each, from which flags, environment names, file keys, help
//! texts and `doctor` all come.
//!
//! A setting is named once, in lower case with underscores: that is its key in the file. The flag
//! and the environment variable follow from it.

/// How much of a setting's value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// All of it.
    Whole,
    /// A URL without its password and its query.
    Address,
    /// Only that it is set.
    Presence,
}

/// One row: everything about a setting but its value.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key in the file, such as `public_url`.
    pub name: &'static str,
    /// Its option without the dashes, such as `public-url`: the name with dashes.
    pub flag: &'static str,
    /// The text that holds when nothing else is given.
    pub default: Option<&'static str>,
    /// How much of it may be shown; what is not shown whole may come from a file of its own.
    pub shows: Shows,
    /// The form of a value, for help texts.
    pub form: &'static str,
    /// What it is for, in one line.
    pub doc: &'static str,
}

/// What every environment variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "PORTICO_";

/// The variable that names the file, as `--config` does.
pub const CONFIG_VARIABLE: &str = "PORTICO_CONFIG";

impl Setting {
    /// The environment variable, such as `PORTICO_PUBLIC_URL`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.to_uppercase())
    }

    /// The variable that names a file with the value; only secrets have one.
    #[must_use]
    pub fn file_variable(&self) -> Option<String> {
        self.is_secret().then(|| format!("{}_FILE", self.variable()))
    }

    /// Whether the value holds something that must not be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.shows != Shows::Whole
    }
}

/// The row of a name; `None` when there is no such setting.
#[must_use]
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

const fn open(
    [name, flag]: [&'static str; 2],
    form: &'static str,
    default: Option<&'static str>,
    doc: &'static str,
) -> Setting {
    Setting { name, flag, default, shows: Shows::Whole, form, doc }
}

/// Every setting, in the order of help texts and of `doctor`.
pub const SETTINGS: &[Setting] = &[
    open(["listen", "listen"], "IP:PORT", Some("127.0.0.1:8080"), "Address that answers requests"),
    open(
        ["admin_listen", "admin-listen"],
        "IP:PORT",
        None,
        "Address of its own for /metrics and health, which then needs no operator token",
    ),
    open(
        ["public_url", "public-url"],
        "URL",
        Some("http://127.0.0.1:8080"),
        "URL under which the world reaches us; plain http only for loopback",
    ),
    open(
        ["tls_cert", "tls-cert"],
        "FILE",
        None,
        "PEM file with our certificate chain; goes with tls_key",
    ),
    open(["tls_key", "tls-key"], "FILE", None, "PEM file with the private key of tls_cert"),
    open(
        ["trusted_proxies", "trusted-proxies"],
        "CIDR,...",
        None,
        "Networks whose forwarded headers count, for addresses in limits and logs",
    ),
    Setting {
        name: "database_url",
        flag: "database-url",
        default: Some("sqlite://portico.db"),
        shows: Shows::Address,
        form: "URL",
        doc: "Where everything is kept: sqlite://FILE or postgres://...",
    },
    open(
        ["database_connections", "database-connections"],
        "N",
        Some("10"),
        "Connections to the database, at most",
    ),
    open(
        ["platform", "platform"],
        "NAME|FILE",
        Some("field-vision"),
        "Platform: a preset or a definition file",
    ),
    Setting {
        name: "operator_token",
        flag: "operator-token",
        default: None,
        shows: Shows::Presence,
        form: "TOKEN",
        doc: "Fixed operator token for automation, 32 characters at least",
    },
    Setting {
        name: "secret_key",
        flag: "secret-key",
        default: None,
        shows: Shows::Presence,
        form: "KEY,...",
        doc: "Base64 of 32 bytes; of several the first seals, all open \
              (default: portico.key beside the SQLite file)",
    },
    Setting {
        name: "smtp_url",
        flag: "smtp-url",
        default: None,
        shows: Shows::Address,
        form: "URL",
        doc: "Mail server: smtps://USER:PASSWORD@HOST, or smtp:// for STARTTLS \
              (default: mail goes to mail_dir)",
    },
    open(
        ["mail_from", "mail-from"],
        "ADDRESS",
        Some("Portico <portico@localhost.localdomain>"),
        "Sender of mail, such as Portico <portico@example.com>",
    ),
    open(
        ["mail_dir", "mail-dir"],
        "FOLDER",
        Some("portico-mail"),
        "Folder for mail as .eml files where there is no smtp_url, for development",
    ),
    open(["log", "log"], "FILTER", Some("info"), "What is logged, such as info or portico=debug"),
    open(
        ["log_format", "log-format"],
        "FORMAT",
        Some("pretty"),
        "How it is logged: pretty or json",
    ),
    open(
        ["allow_private_networks", "allow-private-networks"],
        "BOOL",
        Some("false"),
        "Permit outgoing requests to private and loopback addresses, and plain http to loopback",
    ),
    open(
        ["dns_server", "dns-server"],
        "IP:PORT",
        None,
        "Resolver that looks up the TXT records of e-mail domains (default: the system's)",
    ),
    open(
        ["scim_rate_limit", "scim-rate-limit"],
        "RATE,BURST",
        Some("2000,10000"),
        "SCIM reads of one directory, as many writes and bulk operations: a second, and at once",
    ),
    open(
        ["scim_role_schema", "scim-role-schema"],
        "URN",
        Some("urn:okta:scim:schemas:core:1.0:Role"),
        "Schema under which SCIM clients find the roles of the platform",
    ),
    open(
        ["retention", "retention"],
        "events=DAYS,journals=DAYS[,invites=DAYS]",
        Some("events=400,journals=30,invites=400"),
        "Days for which events, journals and invites that are over are kept",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_and_variable_follow_from_the_name() {
        for setting in SETTINGS {
            assert_eq!(setting.flag, setting.name.replace('_', "-"));
        }
        let setting = setting("public_url").unwrap();
        assert_eq!(setting.variable(), "PORTICO_PUBLIC_URL");
        assert_eq!(setting.file_variable(), None);
    }

    #[test]
    fn secrets_and_only_secrets_have_a_variable_for_a_file() {
        let with_file: Vec<_> = SETTINGS.iter().filter_map(Setting::file_variable).collect();
        assert_eq!(
            with_file,
            [
                "PORTICO_DATABASE_URL_FILE",
                "PORTICO_OPERATOR_TOKEN_FILE",
                "PORTICO_SECRET_KEY_FILE",
                "PORTICO_SMTP_URL_FILE",
            ]
        );
    }

    #[test]
    fn no_two_settings_share_a_name() {
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
    }
}
