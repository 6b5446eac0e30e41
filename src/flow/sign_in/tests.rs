//! The login that an answer belongs to.

use uuid::Uuid;

use super::*;
use crate::domain::id::OrganizationId;
use crate::domain::login::LIFE_S;
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp(1_000_000_000);

fn login() -> Login {
    let nil = Uuid::nil();
    Login {
        id: LoginId(nil),
        organization_id: OrganizationId(nil),
        connection_id: ConnectionId(nil),
        state: SecretHash::of(b"state"),
        browser: SecretHash::of(b"browser"),
        nonce: SecretHash::of(b"nonce"),
        verifier: Vec::new(),
        return_to: ReturnTo::home(),
        created_at: NOW,
        expires_at: NOW.plus_s(LIFE_S),
        used_at: None,
        fresh: false,
        trial: false,
    }
}

fn judged(login: Option<Login>, browser: &[u8], after_s: i64) -> Option<Refused> {
    let browser = (!browser.is_empty()).then(|| SecretHash::of(browser));
    check_login(login, browser, NOW.plus_s(after_s)).err().map(|refusal| refusal.code)
}

#[test]
fn an_answer_counts_in_the_browser_that_began_and_for_ten_minutes_oa3() {
    assert_eq!(judged(Some(login()), b"browser", LIFE_S - 1), None);
    assert_eq!(judged(Some(login()), b"browser", LIFE_S), Some(Refused::Expired));
    assert_eq!(judged(Some(login()), b"another", 1), Some(Refused::StateInvalid));
    assert_eq!(judged(Some(login()), b"", 1), Some(Refused::StateInvalid));
    assert_eq!(judged(None, b"browser", 1), Some(Refused::StateInvalid));
}

#[test]
fn a_used_answer_is_told_as_such_r11() {
    let used = Login { used_at: Some(NOW), ..login() };
    assert_eq!(judged(Some(used.clone()), b"", 1), Some(Refused::Replayed));
    assert_eq!(judged(Some(used), b"browser", 1), Some(Refused::Replayed));
}

#[test]
fn a_return_target_that_leads_away_is_no_target_oa13() {
    assert_eq!(return_to(None), Some(ReturnTo::home()));
    assert_eq!(return_to(Some("/sites?x=1")).unwrap().as_str(), "/sites?x=1");
    assert_eq!(return_to(Some("//evil.example")), None);
}
