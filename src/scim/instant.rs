//! XSD dateTime (RFC 7643 §2.3.5): date and time, the zone optional.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads a dateTime; without a zone it counts as UTC. `None` for a date alone or other text.
pub fn parse(text: &str) -> Option<Timestamp> {
    if !text.is_ascii() || !text.contains('T') {
        return None;
    }
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_fractions_name_the_same_instant_c64() {
        let noon = parse("2026-01-01T12:00:00Z");
        assert!(noon.is_some());
        assert_eq!(parse("2026-01-01T13:00:00.000+01:00"), noon);
        assert_eq!(parse("2026-01-01T12:00:00"), noon);
    }

    #[test]
    fn a_date_alone_is_no_date_time_c21() {
        for text in ["2026-01-01", "12:00:00", "noon", "", "2026-13-01T00:00:00Z", "T"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
