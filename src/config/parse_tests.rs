//! Tests of the rules of single values, each limit at its edge.

use secrecy::ExposeSecret;

use super::*;

fn wrong<T>(result: Result<T, Fault>) -> String {
    result.err().expect("a fault").wrong
}

#[test]
fn an_address_needs_an_ip_and_a_port() {
    assert_eq!(address("[::]:80").unwrap().port(), 80);
    for text in ["127.0.0.1", ":8080", "localhost:8080", "127.0.0.1:65536", ""] {
        assert!(address(text).is_err(), "{text}");
    }
}

#[test]
fn plain_http_is_only_for_loopback() {
    for text in [
        "https://portico.example.com",
        "http://127.0.0.1:8080",
        "http://127.9.9.9",
        "http://[::1]:8080",
        "http://localhost",
        "http://portico.localhost:1",
    ] {
        assert!(public_url(text).is_ok(), "{text}");
    }
    for text in ["http://10.0.0.1", "http://example.com", "http://localhost.example.com"] {
        assert!(wrong(public_url(text)).ends_with("not loopback"), "{text}");
    }
}

#[test]
fn a_public_url_is_scheme_host_and_port_alone() {
    for text in ["https://x/path", "https://x/?q", "https://x/#f", "ftp://x", "x", ""] {
        assert!(public_url(text).is_err(), "{text}");
    }
    assert!(!wrong(public_url("https://ada:hunter2@x")).contains("hunter2"));
}

#[test]
fn networks_are_cidrs_and_not_too_many() {
    assert_eq!(networks("10.0.0.0/8, fd00::/8").unwrap().len(), 2);
    assert!(networks("10.0.0.1").is_err());
    let list = |count| vec!["10.0.0.0/8"; count].join(",");
    assert!(networks(&list(TRUSTED_PROXIES_MAX)).is_ok());
    assert!(networks(&list(TRUSTED_PROXIES_MAX + 1)).is_err());
}

#[test]
fn a_database_is_a_sqlite_file_or_postgresql() {
    for (text, file) in [
        ("sqlite://portico.db", "portico.db"),
        ("sqlite:///var/lib/portico.db", "/var/lib/portico.db"),
        ("sqlite:data/portico.db", "data/portico.db"),
    ] {
        let Ok(Database::Sqlite(path)) = database(text) else { panic!("{text}") };
        assert_eq!(path, PathBuf::from(file));
    }
    let Ok(Database::Postgres(url)) = database("postgres://a:b@c/d") else { panic!() };
    assert_eq!(url.expose_secret(), "postgres://a:b@c/d");
    for text in ["", "sqlite://", "sqlite::memory:", "sqlite://a?mode=ro", "mysql://a", "a b"] {
        assert!(database(text).is_err(), "{text}");
    }
    assert!(!wrong(database("mysql://ada:hunter2@x")).contains("hunter2"));
}

#[test]
fn connections_have_bounds() {
    assert_eq!(connections("1").unwrap(), 1);
    assert_eq!(connections("1000").unwrap(), CONNECTIONS_MAX);
    for text in ["0", "1001", "-1", "ten", ""] {
        assert!(connections(text).is_err(), "{text}");
    }
}

#[test]
fn an_operator_token_has_32_to_512_visible_characters_and_is_never_quoted() {
    assert!(operator_token(&"x".repeat(32)).is_ok());
    assert!(operator_token(&"x".repeat(512)).is_ok());
    for text in ["x".repeat(31), "x".repeat(513), format!("{} ", "x".repeat(40)), "é".repeat(40)] {
        assert!(!wrong(operator_token(&text)).contains(&text), "{text}");
    }
}

#[test]
fn names_and_files_are_not_empty() {
    assert!(name("field-vision").is_ok());
    assert!(name(" ").is_err());
    assert!(file("").is_err());
}

#[test]
fn a_log_filter_and_format_are_checked_at_the_start() {
    assert!(log("portico=debug,info").is_ok());
    assert!(log("portico=loud").is_err());
    assert_eq!(log_format("json").unwrap(), LogFormat::Json);
    assert!(log_format("xml").is_err());
}

#[test]
fn a_flag_is_true_or_false() {
    assert!(flag("true").unwrap());
    assert!(!flag("false").unwrap());
    assert!(flag("yes").is_err());
}

#[test]
fn a_rate_limit_is_a_rate_and_a_burst() {
    let limit = rate_limit("2000,10000").unwrap();
    assert_eq!((limit.per_second.get(), limit.burst.get()), (2_000, 10_000));
    assert!(rate_limit(&format!("1,{RATE_MAX}")).is_ok());
    for text in ["2000", "0,1", "1,0", "1,1000001", "1,2,3", ""] {
        assert!(rate_limit(text).is_err(), "{text}");
    }
}

#[test]
fn the_schema_of_roles_is_a_urn_n7() {
    let urn = "urn:ietf:params:scim:schemas:core:2.0:Role";
    assert_eq!(role_schema(urn).unwrap(), urn);
    let long = |length: usize| format!("urn:{}", "x".repeat(length - 4));
    assert!(role_schema(&long(URN_CHARS_MAX)).is_ok());
    for text in ["", "Role", "urn:", "urn:a b", "https://x", "urn:ü", &long(URN_CHARS_MAX + 1)] {
        assert!(role_schema(text).is_err(), "{text}");
    }
}

#[test]
fn retention_names_events_and_journals_once_each_and_invites_where_it_will() {
    let kept = retention("journals=1, events=3650").unwrap();
    assert_eq!((kept.events_days, kept.journals_days), (RETENTION_DAYS_MAX, 1));
    assert_eq!(kept.invites_days, 400);
    assert_eq!(retention("journals=1,events=2,invites=7").unwrap().invites_days, 7);
    for text in [
        "400",
        "events=400",
        "events=0,journals=1",
        "events=3651,journals=1",
        "events=1,events=2",
        "events=1,journals=1,mail=1",
        "events=1,journals=1,invites=0",
        "events=1,journals=1,invites=1,invites=1",
        "",
    ] {
        assert!(retention(text).is_err(), "{text}");
    }
}
