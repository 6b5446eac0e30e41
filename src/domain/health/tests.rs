//! The forecast at its edges, and each finding.

use uuid::Uuid;

use super::forecast::{FAILURES_ABSOLUTE, FAILURES_MAX, LOOKED_AT_FROM};
use super::*;
use crate::domain::actor::ActorRef;
use crate::domain::directory::{Profile, Settings, Status, TokenScope};
use crate::domain::id::{DirectoryId, OrganizationId, TokenId};

const NOW: Timestamp = Timestamp(2_000_000_000_000_000);

fn token(expires_at: Option<Timestamp>) -> Token {
    Token {
        id: TokenId(Uuid::nil()),
        organization_id: OrganizationId(Uuid::nil()),
        directory_id: DirectoryId(Uuid::nil()),
        name: "Entra".to_owned(),
        scopes: TokenScope::ALL.to_vec(),
        created_by: ActorRef { kind: "operator".to_owned(), id: None },
        created_at: Timestamp(0),
        expires_at,
        last_used_at: None,
        revoked_at: None,
    }
}

/// A directory in good health.
fn seen() -> Seen {
    let directory = Directory {
        id: DirectoryId(Uuid::nil()),
        organization_id: OrganizationId(Uuid::nil()),
        name: "d".to_owned(),
        profile: Profile::Entra,
        status: Status::Active,
        settings: Settings::default(),
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    Seen {
        now: NOW,
        directory,
        tokens: vec![token(None)],
        contact: Some(Contact {
            last_contact_at: NOW,
            last_success_at: Some(NOW),
            ..Contact::default()
        }),
        day: Counts { requests: 100, failed: 0, excused: 0 },
        frequent: None,
        uses: Vec::new(),
        unknown: Vec::new(),
        unresolved: Vec::new(),
    }
}

fn outlook(requests: i64, failed: i64, excused: i64) -> Outlook {
    forecast(&Seen { day: Counts { requests, failed, excused }, ..seen() }).outlook
}

fn codes(seen: &Seen) -> Vec<&'static str> {
    findings(seen).into_iter().map(|found| found.code).collect()
}

#[test]
fn a_job_is_looked_at_from_5000_failures_e27() {
    assert_eq!(outlook(LOOKED_AT_FROM - 1, LOOKED_AT_FROM - 1, 0), Outlook::None);
    assert_eq!(outlook(LOOKED_AT_FROM, LOOKED_AT_FROM, 0), Outlook::Likely);
}

#[test]
fn more_than_40_percent_quarantine_and_40_do_not_e27() {
    assert_eq!(outlook(12_500, 5_000, 0), Outlook::None);
    assert_eq!(outlook(12_499, 5_000, 0), Outlook::Likely);
}

#[test]
fn more_than_40000_failures_quarantine_whatever_their_share_and_60000_for_certain_e27() {
    assert_eq!(outlook(10_000_000, FAILURES_MAX, 0), Outlook::None);
    assert_eq!(outlook(10_000_000, FAILURES_MAX + 1, 0), Outlook::Likely);
    assert_eq!(outlook(10_000_000, FAILURES_ABSOLUTE - 1, 0), Outlook::Likely);
    assert_eq!(outlook(10_000_000, FAILURES_ABSOLUTE, 0), Outlook::Certain);
}

#[test]
fn references_that_lead_to_nothing_are_no_failures_e27() {
    assert_eq!(outlook(100_000, FAILURES_ABSOLUTE, FAILURES_ABSOLUTE), Outlook::None);
    assert_eq!(outlook(6_000, 6_000, 1_000), Outlook::Likely);
    assert_eq!(outlook(6_000, 6_000, 1_001), Outlook::None);
    let told = forecast(&Seen { day: Counts { requests: 9, failed: 5, excused: 2 }, ..seen() });
    assert_eq!((told.requests, told.failed, told.excused), (9, 3, 2));
}

#[test]
fn bad_credentials_and_a_missing_endpoint_quarantine_at_once_until_something_succeeds_e27() {
    let (before, after) = (Some(NOW.plus_s(-1)), Some(NOW.plus_s(1)));
    let with = |refused, missing| Seen {
        contact: Some(Contact {
            last_contact_at: NOW,
            last_success_at: Some(NOW),
            last_refused_at: refused,
            last_missing_at: missing,
        }),
        ..seen()
    };
    for (seen, is, code) in [
        (with(before, before), Outlook::None, None),
        (with(after, None), Outlook::Certain, Some("credentials.refused")),
        (with(None, after), Outlook::Certain, Some("endpoint.missing")),
    ] {
        assert_eq!(forecast(&seen).outlook, is);
        assert_eq!(codes(&seen), code.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_client_whose_door_is_shut_will_be_quarantined_and_one_that_never_called_will_not() {
    let mut shut = seen();
    shut.directory.status = Status::Disabled;
    assert_eq!(forecast(&shut).outlook, Outlook::Certain);
    assert_eq!(codes(&shut), ["directory.disabled"]);
    let ended = Seen { tokens: vec![token(Some(NOW))], ..seen() };
    assert_eq!(forecast(&ended).outlook, Outlook::Certain);
    assert_eq!(codes(&ended), ["token.none", "token.expired"]);
    let unused = Seen { contact: None, tokens: Vec::new(), ..seen() };
    assert_eq!(forecast(&unused).outlook, Outlook::None);
    assert_eq!(codes(&unused), ["token.none", "directory.unused"]);
}

#[test]
fn a_directory_in_good_health_has_no_findings() {
    assert_eq!(codes(&seen()), Vec::<&str>::new());
    assert_eq!(forecast(&seen()).outlook, Outlook::None);
}

#[test]
fn a_token_is_told_of_before_it_ends() {
    let at = |seconds: i64| {
        let tokens = vec![token(None), token(Some(NOW.plus_s(seconds)))];
        codes(&Seen { tokens, ..seen() })
    };
    assert_eq!(at(EXPIRING_S + 1), Vec::<&str>::new());
    assert_eq!(at(EXPIRING_S), ["token.expiring"]);
    assert_eq!(at(1), ["token.expiring"]);
    assert_eq!(at(0), ["token.expired"]);
}

#[test]
fn a_client_that_does_not_call_any_more_is_told_of_after_a_week() {
    let silent = |seconds: i64| {
        let at = NOW.plus_s(-seconds);
        let contact = Contact { last_contact_at: at, last_success_at: Some(at), ..seen().contact? };
        Some(codes(&Seen { contact: Some(contact), ..seen() }))
    };
    assert_eq!(silent(STALE_S - 1).unwrap(), Vec::<&str>::new());
    assert_eq!(silent(STALE_S).unwrap(), ["directory.stale"]);
}

#[test]
fn failures_are_told_of_when_they_are_many_with_the_most_frequent() {
    let frequent = Failure { status: 400, detail: Some("x is wrong.".to_owned()), count: 7 };
    let with = |requests, failed| Seen {
        day: Counts { requests, failed, excused: 0 },
        frequent: Some(frequent.clone()),
        ..seen()
    };
    assert_eq!(codes(&with(9, 9)), Vec::<&str>::new());
    assert_eq!(codes(&with(101, 10)), Vec::<&str>::new());
    let told = findings(&with(100, 10));
    assert_eq!(told[0].code, "requests.failing");
    assert_eq!(
        told[0].detail,
        "10 of 100 requests in a day failed. 7 of them with status 400: x is wrong."
    );
}

#[test]
fn tolerances_that_the_strict_profile_refuses_are_told_for_information() {
    let uses = [0, 1, 2, 20].map(|number| Use { number, uses: 3, last_at: NOW }).to_vec();
    let unresolved = vec![Unresolved {
        resource: "site:lyom".to_owned(),
        users: 2,
        nearest: Some("site:lyon".to_owned()),
    }];
    let unknown = vec!["shoeSize".to_owned()];
    let seen = Seen { uses, unresolved, unknown, ..seen() };
    assert_eq!(codes(&seen), ["mapping.unresolved", "attributes.unknown", "tolerance.in_use"]);
    let told = findings(&seen);
    assert!(told[0].detail.contains("`site:lyom` for 2 users (nearest: `site:lyon`)"), "{told:?}");
    assert!(told[1].detail.contains("(shoeSize): 3 times"), "{told:?}");
    assert!(told[2].detail.starts_with("L2, booleans as words: 3 times"), "{told:?}");
}

#[test]
fn every_finding_says_what_to_do() {
    let mut worst = Seen {
        tokens: vec![token(Some(NOW)), token(Some(NOW.plus_s(1)))],
        day: Counts { requests: 10, failed: 10, excused: 0 },
        ..seen()
    };
    worst.directory.status = Status::Disabled;
    let told = findings(&worst);
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|found| !found.detail.is_empty() && !found.what_to_do.is_empty()));
}
