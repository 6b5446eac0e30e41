//! One-time codes by the clock (RFC 6238), as every authenticator app makes them.
//!
//! A code of the step before or after is taken too, since clocks differ; each step counts once.

use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, TOTP};

use crate::domain::time::{Rng, Timestamp};

/// Digits of a code.
const DIGITS: usize = 6;
/// Seconds of a step.
const STEP_S: u64 = 30;
/// Bytes of a secret.
const SECRET: usize = 20;
/// The letters of base32 (RFC 4648), as apps take a secret that is typed.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Draws a secret.
#[must_use]
pub fn draw(rng: Rng) -> Vec<u8> {
    rng.bytes::<SECRET>().to_vec()
}

/// A secret as it is typed into an app.
#[must_use]
pub fn typed(secret: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in secret {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(letter(bits >> held));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(letter(bits << (5 - held)));
    }
    text
}

fn letter(bits: u32) -> char {
    let at = usize::try_from(bits & 31).unwrap_or(0);
    LETTERS.get(at).map_or('A', |letter| char::from(*letter))
}

/// The URL that an app reads from a picture or opens.
#[must_use]
pub fn url(secret: &[u8], account: &str) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let account = encode(account).replace('+', "%20");
    let secret = typed(secret);
    format!("otpauth://totp/Portico:{account}?secret={secret}&issuer=Portico&digits=6&period=30")
}

/// The step of a code that holds now; `None` for a wrong one.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let totp = TOTP::new(Algorithm::SHA1, DIGITS, 1, STEP_S, secret.to_vec()).ok()?;
    let step = u64::try_from(now.seconds()).ok()? / STEP_S;
    let steps = [step, step.saturating_sub(1), step.saturating_add(1)];
    let holds = |step: &u64| {
        let expected = totp.generate(step.saturating_mul(STEP_S));
        bool::from(expected.as_bytes().ct_eq(code.as_bytes()))
    };
    // All are looked at, so that time tells nothing.
    let found: Vec<u64> = steps.into_iter().filter(holds).collect();
    found.first().and_then(|step| i64::try_from(*step).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")]
        {
            let now = Timestamp(seconds * 1_000_000);
            assert_eq!(step_of(RFC, code, now), Some(seconds / 30));
            assert_eq!(
                step_of(RFC, &format!("{} {}", &code[..3], &code[3..]), now),
                Some(seconds / 30)
            );
            assert_eq!(step_of(RFC, "000000", now), None);
        }
    }

    #[test]
    fn a_code_of_the_step_before_or_after_is_taken_and_none_beyond() {
        let at =
            |seconds: i64| step_of(RFC, "005924", Timestamp((1_234_567_890 + seconds) * 1_000_000));
        let step = 1_234_567_890 / 30;
        for seconds in [-30, 0, 29, 30, 59] {
            assert_eq!(at(seconds), Some(step), "{seconds}");
        }
        assert_eq!(at(60), None);
        assert_eq!(at(-31), None);
    }

    #[test]
    fn a_secret_is_typed_in_base32() {
        assert_eq!(typed(b"foobar"), "MZXW6YTBOI");
        assert_eq!(typed(RFC), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(url(RFC, "a b@c.d").contains("/totp/Portico:a%20b%40c.d?secret=GEZD"));
    }
}
