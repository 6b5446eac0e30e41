//! Logout that a provider tells us of behind the browser (OpenID Connect Back-Channel Logout 1.0,
//! R14): what a logout token must say, once its signature holds.
//!
//! It must not be taken for an ID token, nor an ID token for it (OA8): it has the logout event and
//! no nonce, and its type is its own.

use serde_json::{Map, Value};

use super::identity::SUBJECT_MAX;
use super::time::Timestamp;

/// How old a logout token may be, in seconds (R14).
pub const AGE_MAX_S: i64 = 300;
/// The type of a logout token, where it says one.
pub const TYPE: &str = "logout+jwt";
/// The event that it tells.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Longest id of a token, in bytes.
pub const ID_MAX: usize = 512;

/// Whose sessions are over at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    /// Its id, which counts once.
    pub id: String,
    /// What the provider calls the person.
    pub subject: Option<String>,
    /// What it calls the session; without one all of hers are meant.
    pub session: Option<String>,
    /// Until when it could be sent again.
    pub expires_at: Timestamp,
}

/// Why a logout token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutRefused {
    /// The type is another token's.
    #[error("typ is neither absent nor logout+jwt")]
    Type,
    /// Another issuer made it.
    #[error("iss is not the connection's issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("aud does not name our client id")]
    Audience,
    /// Its times do not fit.
    #[error("iat or exp is missing, too old, or of the future")]
    Time,
    /// It does not tell of a logout.
    #[error("events has no logout event")]
    Event,
    /// It has a nonce, as ID tokens have.
    #[error("it has a nonce")]
    Nonce,
    /// It names nobody.
    #[error("it has neither sub nor sid")]
    Nobody,
    /// It has no id, so that it could be sent again.
    #[error("jti is missing")]
    Id,
}

/// What a logout token must fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// Our name there.
    pub client_id: &'a str,
    /// The present instant.
    pub now: Timestamp,
    /// Leeway on times, in seconds.
    pub leeway_s: i64,
}

/// Reads the verified claims of a logout token.
///
/// # Errors
/// [`LogoutRefused`], by the first thing that does not fit.
pub fn read(
    typ: Option<&str>,
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<LogoutToken, LogoutRefused> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let has_type = typ.is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        typ.strip_prefix("application/").unwrap_or(&typ) == TYPE
    });
    if !has_type {
        return Err(LogoutRefused::Type);
    }
    if text("iss") != Some(expected.issuer) {
        return Err(LogoutRefused::Issuer);
    }
    if !is_for(claims.get("aud"), expected.client_id) {
        return Err(LogoutRefused::Audience);
    }
    let expires_at = check_times(claims, expected)?;
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(LogoutRefused::Event);
    }
    if claims.contains_key("nonce") {
        return Err(LogoutRefused::Nonce);
    }
    let named = |name: &str| {
        text(name).filter(|text| (1..=SUBJECT_MAX).contains(&text.len())).map(str::to_owned)
    };
    let (subject, session) = (named("sub"), named("sid"));
    if subject.is_none() && session.is_none() {
        return Err(LogoutRefused::Nobody);
    }
    let id = text("jti").filter(|id| (1..=ID_MAX).contains(&id.len()));
    let id = id.ok_or(LogoutRefused::Id)?.to_owned();
    Ok(LogoutToken { id, subject, session, expires_at })
}

fn is_for(audience: Option<&Value>, client_id: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(several)) => several.iter().any(|one| one == client_id),
        _ => false,
    }
}

fn check_times(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<Timestamp, LogoutRefused> {
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64).ok_or(LogoutRefused::Time);
    let (iat, exp) = (seconds("iat")?, seconds("exp")?);
    let (now, leeway_s) = (expected.now.seconds(), expected.leeway_s);
    let fits = iat <= now.saturating_add(leeway_s)
        && now.saturating_sub(iat) <= AGE_MAX_S.saturating_add(leeway_s)
        && now < exp.saturating_add(leeway_s);
    // Past this age it would be refused whatever it says of its end.
    let until = iat.saturating_add(AGE_MAX_S).saturating_add(leeway_s);
    if fits { Ok(Timestamp(0).plus_s(until.saturating_add(1))) } else { Err(LogoutRefused::Time) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn judged(typ: Option<&str>, changed: Value) -> Result<LogoutToken, LogoutRefused> {
        let mut claims = json!({
            "iss": "https://idp.example", "aud": "portico", "iat": NOW, "exp": NOW + 120,
            "jti": "1", "sub": "ada", "sid": "s", "events": {EVENT: {}},
        });
        for (name, value) in changed.as_object().unwrap().clone() {
            claims[name.as_str()] = value;
        }
        let claims = claims.as_object_mut().unwrap();
        claims.retain(|_, value| !value.is_null());
        let expected = Expected {
            issuer: "https://idp.example",
            client_id: "portico",
            now: Timestamp(0).plus_s(NOW),
            leeway_s: 60,
        };
        read(typ, claims, &expected)
    }

    #[test]
    fn a_logout_token_counts_only_when_every_claim_fits_oc22_oa8() {
        let fits = [
            json!({}),
            json!({"sub": null}),
            json!({"sid": null}),
            json!({"aud": ["other", "portico"]}),
            json!({"iat": NOW - AGE_MAX_S - 60, "exp": NOW - 59}),
            json!({"iat": NOW + 60}),
        ];
        for changed in fits {
            assert!(judged(Some("logout+jwt"), changed.clone()).is_ok(), "{changed}");
        }
        let cases = [
            (json!({"iss": "https://idp.example/"}), LogoutRefused::Issuer),
            (json!({"aud": "other"}), LogoutRefused::Audience),
            (json!({"aud": null}), LogoutRefused::Audience),
            (json!({"iat": NOW - AGE_MAX_S - 61}), LogoutRefused::Time),
            (json!({"iat": NOW + 61}), LogoutRefused::Time),
            (json!({"iat": null}), LogoutRefused::Time),
            (json!({"exp": NOW - 60}), LogoutRefused::Time),
            (json!({"exp": null}), LogoutRefused::Time),
            (json!({"events": null}), LogoutRefused::Event),
            (json!({"events": {}}), LogoutRefused::Event),
            (json!({"events": [EVENT]}), LogoutRefused::Event),
            (json!({"events": {EVENT: true}}), LogoutRefused::Event),
            (json!({"events": {"http://schemas.openid.net/event/x": {}}}), LogoutRefused::Event),
            (json!({"nonce": "n"}), LogoutRefused::Nonce),
            (json!({"sub": null, "sid": null}), LogoutRefused::Nobody),
            (json!({"sub": "", "sid": ""}), LogoutRefused::Nobody),
            (json!({"jti": null}), LogoutRefused::Id),
            (json!({"jti": "x".repeat(ID_MAX + 1)}), LogoutRefused::Id),
        ];
        for (changed, why) in cases {
            assert_eq!(judged(None, changed.clone()), Err(why), "{changed}");
        }
    }

    #[test]
    fn the_type_of_a_logout_token_is_its_own_or_not_said() {
        for (typ, fits) in [
            (None, true),
            (Some("logout+jwt"), true),
            (Some("Application/Logout+JWT"), true),
            (Some("JWT"), false),
            (Some("at+jwt"), false),
        ] {
            assert_eq!(judged(typ, json!({})).is_ok(), fits, "{typ:?}");
        }
    }
}
