//! The key under which two spellings of one name are the same (C26, RFC 7644 §5).
//!
//! Follows the UsernameCaseMapped profile of PRECIS (RFC 8265 §3.3) as far as comparison needs it:
//! width mapping, lower case, NFC. Stores keep this key beside the value for uniqueness, and the
//! filter compares by it, so both always agree. Stored values themselves stay verbatim (C3, C27).
//! As in RFC 8265, `ß` is not `ss`: `straße` and `STRASSE` are two names. Final sigma is sigma.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

/// Folds a text to its comparison key: width mapped, lower case, NFC.
///
/// Idempotent. Never longer than three times the input in bytes plus a constant.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut lowered = String::with_capacity(text.len());
    for wide in text.chars() {
        if is_width_variant(wide) {
            decompose_compatible(wide, |plain| push_lower(&mut lowered, plain));
        } else {
            push_lower(&mut lowered, wide);
        }
    }
    lowered.nfc().collect()
}

/// Folds like [`fold`] and borrows when the text already is its own key.
pub fn fold_cow(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(fold(text))
    }
}

/// The half-width and full-width forms block and the ideographic space.
fn is_width_variant(c: char) -> bool {
    matches!(c, '\u{3000}' | '\u{ff00}'..='\u{ffef}')
}

fn push_lower(out: &mut String, c: char) {
    // Lower-casing one character at a time leaves final sigma alone; case folding joins the two.
    out.extend(c.to_lowercase().map(|lower| if lower == 'ς' { 'σ' } else { lower }));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letter_case_width_and_composition_do_not_distinguish_names_c26() {
        assert_eq!(fold("Ada@Example.ORG"), "ada@example.org");
        assert_eq!(fold("ＡＤＡ＠ｘ"), fold("ada@x"));
        assert_eq!(fold("Zoe\u{308}"), fold("ZOË"));
        assert_eq!(fold("ΟΔΥΣΣΕΥΣ"), fold("Οδυσσευς"));
        assert_eq!(fold("ｶﾞ"), fold("ガ"));
    }

    #[test]
    fn sharp_s_and_dotless_i_stay_letters_of_their_own_c26() {
        assert_ne!(fold("straße"), fold("STRASSE"));
        assert_ne!(fold("ı"), fold("i"));
        assert_eq!(fold("İ"), "i\u{307}");
    }

    #[test]
    fn a_key_that_needs_no_folding_is_borrowed() {
        assert!(matches!(fold_cow("ada"), Cow::Borrowed("ada")));
        assert_eq!(fold_cow("Ada"), "ada");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
        }
    }
}
