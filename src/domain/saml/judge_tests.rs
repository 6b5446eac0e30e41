//! Judging at its edges: each time to the second, each part once without.

use super::*;
use crate::domain::saml::identity::NameId;

const IDP: &str = "https://idp.example";
const SP: &str = "https://sp.example";
const ACS: &str = "https://sp.example/acs";

fn now() -> Timestamp {
    Timestamp::parse("2026-01-15T12:00:00Z").unwrap()
}

fn saml() -> Saml {
    Saml { idp_entity_id: IDP.to_owned(), ..Saml::default() }
}

fn good() -> (Envelope, Statement) {
    let issuer = Issuer { value: IDP.to_owned(), format: None };
    let envelope = Envelope {
        id: "_r".to_owned(),
        issued_at: Some(now()),
        destination: Some(ACS.to_owned()),
        in_response_to: Some("_q".to_owned()),
        issuer: Some(issuer.clone()),
        status: vec![SUCCESS.to_owned()],
        status_message: None,
        signed: true,
    };
    let statement = Statement {
        id: "_a".to_owned(),
        issued_at: Some(now()),
        issuer,
        name_id: Some(NameId { value: "ada".to_owned(), ..NameId::default() }),
        confirmations: vec![Confirmation {
            method: BEARER.to_owned(),
            present: true,
            recipient: Some(ACS.to_owned()),
            in_response_to: Some("_q".to_owned()),
            not_before: None,
            not_on_or_after: Some(now().plus_s(60)),
        }],
        conditions: Some(Conditions {
            not_before: None,
            not_on_or_after: Some(now().plus_s(60)),
            audiences: vec![vec![SP.to_owned()]],
        }),
        authn: vec![Authn { at: Some(now()), ..Authn::default() }],
        attributes: Vec::new(),
        signed: true,
    };
    (envelope, statement)
}

fn judged(around: &Envelope, inside: &Statement, saml: &Saml) -> Result<Identity, Fault> {
    let is = |id: &str| id == "_q";
    let expected = Expected {
        saml,
        sp_entity_id: SP,
        acs_url: ACS,
        request: Request::Of(&is),
        now: now(),
        fresh_since: None,
    };
    envelope(around, &expected)
        .and_then(|()| statement(around, inside, &expected))
        .map_err(|found| found.fault)
}

fn with(change: impl FnOnce(&mut Envelope, &mut Statement)) -> Result<Identity, Fault> {
    let (mut envelope, mut statement) = good();
    change(&mut envelope, &mut statement);
    judged(&envelope, &statement, &saml())
}

#[test]
fn what_fits_is_an_identity_and_its_ids_are_remembered_long_enough_g26() {
    let identity = with(|_, _| {}).unwrap();
    assert_eq!((identity.response_id.as_str(), identity.assertion_id.as_str()), ("_r", "_a"));
    // No shorter than an answer may be old, whatever it says of its end.
    assert_eq!(identity.replay_until, now().plus_s(AGE_MAX_S + SKEW_S).0);
    let long = with(|_, statement| {
        statement.confirmations[0].not_on_or_after = Some(now().plus_s(86_400));
    });
    assert_eq!(long.unwrap().replay_until, now().plus_s(86_400 + SKEW_S).0);
}

#[test]
fn an_end_counts_to_the_second_with_180_s_of_skew_g25() {
    for (end_s, good) in [(-SKEW_S + 1, true), (-SKEW_S, false)] {
        let end = Some(now().plus_s(end_s));
        let conditions = with(|_, s| s.conditions.as_mut().unwrap().not_on_or_after = end);
        let confirmed = with(|_, s| s.confirmations[0].not_on_or_after = end);
        let session = with(|_, s| s.authn[0].session_until = end);
        for judged in [conditions, confirmed, session] {
            assert_eq!(judged.map(drop).err(), (!good).then_some(Fault::Expired), "{end_s}");
        }
    }
}

#[test]
fn a_beginning_counts_to_the_second_with_180_s_of_skew_g25() {
    for (from_s, good) in [(SKEW_S, true), (SKEW_S + 1, false)] {
        let from = Some(now().plus_s(from_s));
        let conditions = with(|_, s| s.conditions.as_mut().unwrap().not_before = from);
        let response = with(|e, _| e.issued_at = from);
        let assertion = with(|_, s| s.issued_at = from);
        let authn = with(|_, s| s.authn[0].at = from);
        for judged in [conditions, response, assertion, authn] {
            assert_eq!(judged.map(drop).err(), (!good).then_some(Fault::NotYetValid), "{from_s}");
        }
    }
}

#[test]
fn an_answer_is_at_most_10_minutes_old_g25() {
    for (age_s, good) in [(AGE_MAX_S, true), (AGE_MAX_S + 1, false)] {
        let at = Some(now().plus_s(-age_s));
        for judged in [with(|e, _| e.issued_at = at), with(|_, s| s.issued_at = at)] {
            assert_eq!(judged.map(drop).err(), (!good).then_some(Fault::Expired), "{age_s}");
        }
    }
    assert_eq!(with(|e, _| e.issued_at = None).err(), Some(Fault::Time));
    assert_eq!(with(|_, s| s.issued_at = None).err(), Some(Fault::Time));
}

#[test]
fn the_shortest_session_counts_and_it_caps_ours_g25() {
    let ends = [Some(now().plus_s(500)), None, Some(now().plus_s(300))];
    let identity = with(|_, s| {
        s.authn = ends.map(|end| Authn { session_until: end, ..Authn::default() }).to_vec();
    });
    assert_eq!(identity.unwrap().session_until, Some(now().plus_s(300).0));
}

#[test]
fn an_unsolicited_answer_names_no_request_anywhere_g22() {
    let saml = saml();
    let run = |envelope: &Envelope, inside: &Statement, allowed| {
        let request = Request::Unsolicited { allowed };
        let expected = Expected {
            saml: &saml,
            sp_entity_id: SP,
            acs_url: ACS,
            request,
            now: now(),
            fresh_since: None,
        };
        super::envelope(envelope, &expected)
            .and_then(|()| statement(envelope, inside, &expected))
            .map(drop)
            .map_err(|found| found.fault)
    };
    let (mut envelope, mut inside) = good();
    assert_eq!(run(&envelope, &inside, true), Err(Fault::InResponseTo));
    envelope.in_response_to = None;
    assert_eq!(run(&envelope, &inside, true), Err(Fault::InResponseTo));
    inside.confirmations[0].in_response_to = None;
    assert_eq!(run(&envelope, &inside, true), Ok(()));
    assert_eq!(run(&envelope, &inside, false), Err(Fault::Unsolicited));
}

#[test]
fn a_name_has_256_letters_at_most_g28() {
    let name = |letters: usize| {
        with(|_, s| s.name_id.as_mut().unwrap().value = "ä".repeat(letters)).map(drop)
    };
    assert_eq!(name(256), Ok(()));
    assert_eq!(name(257), Err(Fault::Subject));
    assert_eq!(name(0), Err(Fault::Subject));
    // Without a name the connection may still name an attribute: that is decided later.
    assert!(with(|_, s| s.name_id = None).is_ok());
}

#[test]
fn an_error_is_told_by_its_innermost_code_and_without_markup_g19() {
    let (mut envelope, _) = good();
    envelope.status = vec!["urn:x:Responder".to_owned(), "urn:x:AuthnFailed".to_owned()];
    envelope.status_message = Some("try <b>again</b>".to_owned());
    let found = status(&envelope).unwrap_err();
    assert_eq!(found.fault, Fault::Status);
    assert_eq!(found.found, "AuthnFailed try <b>again</b>");
}

#[test]
fn who_was_to_sign_in_anew_must_have_done_so_k7() {
    let (envelope, mut inside) = good();
    let (saml, is) = (saml(), |id: &str| id == "_q");
    let mut judge = |at: Option<Timestamp>| {
        inside.authn[0].at = at;
        let expected = Expected {
            saml: &saml,
            sp_entity_id: SP,
            acs_url: ACS,
            request: Request::Of(&is),
            now: now(),
            fresh_since: Some(now().plus_s(-10)),
        };
        statement(&envelope, &inside, &expected).map(drop).map_err(|found| found.fault)
    };
    assert_eq!(judge(Some(now().plus_s(-10 - SKEW_S))), Ok(()));
    assert_eq!(judge(Some(now().plus_s(-11 - SKEW_S))), Err(Fault::NotFresh));
    assert_eq!(judge(None), Err(Fault::NotFresh));
}
