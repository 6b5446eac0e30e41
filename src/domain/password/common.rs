//! Passwords that everybody guesses first.
//!
//! The list holds words; a password is common when it is one of them, or one with digits, signs,
//! years and look-alikes around it, or letters that run on or repeat.

/// Longest run of letters that count as one, in a password of look-alikes.
const RUN_MIN: usize = 4;

/// What most common passwords are made of: from published lists of leaked ones, without their
/// digits and signs.
const WORDS: &str = include_str!("common.txt");

/// Rows of a keyboard and of the alphabet.
const RUNS: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// Whether a password is among the common ones.
pub(super) fn is_common(password: &str) -> bool {
    let folded: String = password.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let distinct: std::collections::BTreeSet<char> = folded.chars().collect();
    if distinct.len() < 4 || repeats(&folded) {
        return true;
    }
    let plain = |text: &str| text.chars().map(letter).collect::<String>();
    let core = folded.trim_matches(|c: char| !c.is_alphabetic());
    [folded.clone(), plain(&folded), plain(core)].iter().any(|text| is_made_of_common(text))
}

/// The letter that a sign is mistaken for.
const fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    }
}

/// Whether nothing is left once common words, runs, digits and signs are taken away.
fn is_made_of_common(text: &str) -> bool {
    let mut rest = text.to_owned();
    for run in RUNS {
        take_runs(&mut rest, run);
    }
    let mut words: Vec<&str> = WORDS.split_whitespace().collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words {
        if rest.contains(word) {
            rest = rest.replace(word, " ");
        }
    }
    rest.chars().filter(|c| c.is_alphabetic()).count() < RUN_MIN - 1
}

/// Takes stretches of a row away, forwards and backwards.
fn take_runs(text: &mut String, run: &str) {
    let back: String = run.chars().rev().collect();
    for row in [run, back.as_str()] {
        let letters: Vec<char> = row.chars().collect();
        for length in (RUN_MIN..=letters.len()).rev() {
            for stretch in letters.windows(length) {
                let stretch: String = stretch.iter().collect();
                if text.contains(&stretch) {
                    *text = text.replace(&stretch, " ");
                }
            }
        }
    }
}

/// Whether a short piece is repeated to the end.
fn repeats(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (1..=letters.len() / 2).filter(|length| *length < 6).any(|length| {
        letters.iter().zip(letters.iter().skip(length)).all(|(one, next)| one == next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_known_in_all_their_clothes() {
        for common in [
            "password1234",
            "Passw0rd!2026",
            "P@ssword12345",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "letmein letmein",
            "Welcome2026!!",
            "iloveyou1234",
            "administrator",
            "adminadmin123",
            "zyxwvutsrqponm",
            "Summer2026Summer",
            "monkeydragon1",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn other_passwords_are_not() {
        for rare in [
            "correct horse battery staple",
            "kq7xwv2zmp4h",
            "the-hare-runs-at-dawn",
            "Grüne Gurken gären gern",
            "9v!Rk2#pLm8&",
        ] {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
