//! The languages of the pages for people, and which one somebody reads.
//!
//! `?lang=` has the first word, then `Accept-Language` by its weights (RFC 9110 §12.5.4); English is
//! for everybody else.

/// Languages that are looked at in one header.
const RANGES_MAX: usize = 20;

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
    /// German.
    German,
    /// Spanish.
    Spanish,
}

impl Language {
    /// Every language, in the order in which pages offer them.
    pub const ALL: [Self; 4] = [Self::English, Self::French, Self::German, Self::Spanish];

    /// The tag as it stands in pages and queries.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    /// What those who read it call it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
        }
    }

    /// The language of a tag: `de`, `de-CH`, `DE`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
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
        best.map_or(Self::English, |(_, language)| language)
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
        use Language::{English, French, German, Spanish};
        for (asked, accepted, chosen) in [
            (None, None, English),
            (Some("fr"), Some("de"), French),
            (Some("xx"), Some("de"), German),
            (None, Some("de-CH, fr;q=0.9, en;q=0.8"), German),
            (None, Some("en;q=0.5, es-419;q=0.75"), Spanish),
            (None, Some("nl, fr;q=0.3"), French),
            (None, Some("nl"), English),
            (None, Some("*"), English),
            (None, Some("fr;q=0"), English),
            (None, Some("fr;q=nonsense, ;;,"), English),
        ] {
            assert_eq!(Language::choose(asked, accepted), chosen, "{asked:?} {accepted:?}");
        }
    }
}
