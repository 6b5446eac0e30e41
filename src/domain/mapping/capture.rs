//! Captured values on their way into keys: what cannot be one, and how one becomes a slug.

use unicode_normalization::UnicodeNormalization;

/// A captured value has at most this many characters.
pub const CAPTURE_CHARS_MAX: usize = 200;

/// Whether a captured value may fill a template: a literal of 1 to 200 characters that means
/// nothing else (no `*`, no `:`, no control characters).
pub(super) fn is_usable(capture: &str) -> bool {
    !capture.is_empty()
        && capture.chars().count() <= CAPTURE_CHARS_MAX
        && !capture.chars().any(|c| matches!(c, '*' | ':') || c.is_control())
}

/// Folds a text to a slug: lower-case ASCII letters and digits, all else a single `-` between.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().flat_map(char::to_lowercase) {
        if is_mark(c) || c == '\'' || c == '’' {
            continue;
        }
        let letters = plain(c);
        let mut buffer = [0; 4];
        let letters = letters.unwrap_or_else(|| c.encode_utf8(&mut buffer));
        if !letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            gap = true;
            continue;
        }
        if gap && !slug.is_empty() {
            slug.push('-');
        }
        gap = false;
        slug.push_str(letters);
    }
    slug
}

/// Combining marks, which decomposition parts from their letters.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Letters that do not decompose but have a usual spelling.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_letters_and_digits_with_single_hyphens() {
        for (text, expected) in [
            ("Lyon", "lyon"),
            ("  Île-de-France  (Sud) ", "ile-de-france-sud"),
            ("Zürich/Nord 3", "zurich-nord-3"),
            ("L'Haÿ-les-Roses", "lhay-les-roses"),
            ("Łódź & Straße", "lodz-strasse"),
            ("東京", ""),
            ("--", ""),
        ] {
            assert_eq!(slug(text), expected, "{text}");
        }
    }

    #[test]
    fn a_capture_is_a_literal_of_1_to_200_characters() {
        assert!(is_usable("Lyon 3"));
        for text in ["", "*", "a*", "a:b", "a\nb", "\u{85}"] {
            assert!(!is_usable(text), "{text:?}");
        }
        assert!(is_usable(&"é".repeat(CAPTURE_CHARS_MAX)));
        assert!(!is_usable(&"é".repeat(CAPTURE_CHARS_MAX + 1)));
    }
}
