//! Webhooks: endpoints that are told what happens, signed as Standard Webhooks says.
//!
//! A message is signed over its id, its instant and its body; while a secret is being replaced it
//! carries two signatures. What fails is told again over days, later and later.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::id::{UserId, WebhookId};
use super::time::{Rng, Timestamp};

/// Webhooks of one organization.
pub const WEBHOOKS_MAX: i64 = 20;
/// Names of events that one webhook names.
pub const TYPES_MAX: usize = 100;
/// Longest name, in characters.
pub const NAME_MAX: usize = 100;
/// Longest URL, in bytes.
pub const URL_MAX: usize = 2_048;
/// Bytes of a secret.
const SECRET: usize = 32;
/// What a secret begins with when it is shown.
const PREFIX: &str = "whsec_";
/// How long the old secret signs too after a rotation, in seconds: a day.
pub const OVERLAP_S: i64 = 86_400;
/// How long an endpoint may fail without a success before it is switched off, in seconds.
pub const FAILING_S: i64 = 5 * 86_400;
/// Events that one replay may name.
pub const REPLAYED_MAX: i64 = 10_000;
/// How long finished deliveries are kept, in seconds.
pub const KEPT_S: i64 = 30 * 86_400;

/// The waits before the second try and on, in seconds.
const WAITS_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Whether an endpoint is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As usual.
    Active,
    /// Somebody switched it off, or it failed for days.
    Disabled,
}

impl Status {
    /// The word that is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|status| status.as_str() == word)
    }
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What people call it.
    pub name: String,
    /// Where messages go.
    pub url: String,
    /// Names of events; empty: all.
    pub types: Vec<String>,
    /// Whether it is told.
    pub status: Status,
    /// The secret, sealed.
    pub secret: Vec<u8>,
    /// The secret before it, sealed, and until when it signs too.
    pub old_secret: Option<(Vec<u8>, Timestamp)>,
    /// Who made it.
    pub creator: Option<UserId>,
    /// Whether she has left.
    pub creator_left: bool,
    /// The last event of the feed that was laid ready for it.
    pub position: i64,
    /// Since when nothing came through.
    pub failing_since: Option<Timestamp>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Draws a secret.
#[must_use]
pub fn draw(rng: Rng) -> Vec<u8> {
    rng.bytes::<SECRET>().to_vec()
}

/// A secret as it is shown once.
#[must_use]
pub fn shown(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// The signatures of a message, one for each secret, as the header holds them.
#[must_use]
pub fn signatures(secrets: &[Vec<u8>], (id, at): (&str, Timestamp), body: &str) -> String {
    let content = format!("{id}.{}.{body}", at.seconds());
    let sign = |secret: &Vec<u8>| {
        // An HMAC takes keys of every length.
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(content.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    secrets.iter().filter_map(sign).collect::<Vec<_>>().join(" ")
}

/// Seconds until the next try, up to a fifth later by chance; `None` when it was tried often
/// enough.
#[must_use]
pub fn wait_s(attempts: i64, rng: Rng) -> Option<i64> {
    let at = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let wait = WAITS_S.get(at)?;
    let [chance] = rng.bytes::<1>();
    Some(wait + wait * i64::from(chance) / (5 * 256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_standard_webhooks_says() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp(1_614_265_330_000_000);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = signatures(std::slice::from_ref(&secret), (id, at), "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = signatures(&[secret, vec![1; 32]], (id, at), "{}");
        assert_eq!(two.split(' ').count(), 2);
        assert!(shown(&[0; 32]).starts_with("whsec_AAAA"));
    }

    #[test]
    fn what_fails_is_told_again_over_days_and_then_given_up() {
        let mut all = 0;
        for (at, wait) in (1..).zip(WAITS_S) {
            let drawn = wait_s(at, Rng).unwrap();
            assert!((wait..=wait + wait / 5).contains(&drawn), "{drawn}");
            all += wait;
        }
        assert!(all > 3 * 86_400);
        let tries = i64::try_from(WAITS_S.len()).unwrap();
        assert_eq!(wait_s(tries + 1, Rng), None);
        assert_eq!(wait_s(0, Rng), None);
    }
}
