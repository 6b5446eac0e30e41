//! The languages of pages and mail, and which one somebody reads.
//!
//! `?lang=` has the first word, then `Accept-Language` by its weights (RFC 9110 §12.5.4); English
//! is for everybody else.

/// Languages that are looked at in one header.
const RANGES_MAX: usize = 20;

/// A language that the pages speak.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
    /// German.
    De,
    /// Spanish.
    Es,
}

impl Language {
    /// Every language, in the order in which pages offer them.
    pub const ALL: [Self; 4] = [Self::En, Self::Fr, Self::De, Self::Es];

    /// The tag (RFC 5646) that is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Es => "es",
        }
    }

    /// Reads the tag.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == tag)
    }

    /// What those who read it call it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Fr => "Français",
            Self::De => "Deutsch",
            Self::Es => "Español",
        }
    }

    /// The language of a tag: `de`, `de-CH`, `DE`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.as_str().eq_ignore_ascii_case(primary))
    }

    /// The language that somebody reads: what she asked for, or the best of what her browser takes.
    #[must_use]
    pub fn choose(asked: Option<&str>, accepted: Option<&str>) -> Self {
        if let Some(language) = asked.and_then(Self::of_tag) {
            return language;
        }
        let mut best: Option<(u16, Self)> = None;
        for range in accepted.unwrap_or_default().split(',').take(RANGES_MAX) {
            let mut parts = range.split(';');
            let language = parts.next().and_then(Self::of_tag);
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=").map(thousandths));
            let (Some(language), weight) = (language, weight.unwrap_or(1000)) else { continue };
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::En, |(_, language)| language)
    }
}

/// A weight in thousandths; what is none counts nothing.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.trim(), digits.parse::<u16>()) {
        ("1", Ok(_)) => 1000,
        ("0", Ok(fraction)) => fraction,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_goes_before_the_header_and_the_header_by_its_weights() {
        use Language::{De, En, Es, Fr};
        for (asked, accepted, chosen) in [
            (None, None, En),
            (Some("fr"), Some("de"), Fr),
            (Some("xx"), Some("de"), De),
            (None, Some("de-CH, fr;q=0.9, en;q=0.8"), De),
            (None, Some("en;q=0.5, es-419;q=0.75"), Es),
            (None, Some("nl, fr;q=0.3"), Fr),
            (None, Some("nl"), En),
            (None, Some("*"), En),
            (None, Some("fr;q=0"), En),
            (None, Some("fr;q=nonsense, ;;,"), En),
        ] {
            assert_eq!(Language::choose(asked, accepted), chosen, "{asked:?} {accepted:?}");
        }
    }
}
