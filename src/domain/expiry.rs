//! When the end of a secret is told ahead: an expired token makes a provider stop (scim S3, E27).

use super::time::Timestamp;

/// Days before the end at which it is told, the farthest first.
pub const NOTICE_DAYS: [i64; 6] = [90, 60, 30, 15, 7, 1];
/// The same for secrets and certificates of connections.
pub const CONNECTION_NOTICE_DAYS: [i64; 5] = [60, 30, 14, 7, 1];
/// The same for tokens of people and organizations.
pub const TOKEN_NOTICE_DAYS: [i64; 4] = [30, 14, 7, 1];

const DAY_S: i64 = 86_400;

/// The notice that is due at an instant for a secret that ends at `end`: the nearest one that has
/// come, unless it or a nearer one was told. None once it has ended.
#[must_use]
pub fn notice(end: Timestamp, now: Timestamp, told: Option<i64>) -> Option<i64> {
    notice_of(&NOTICE_DAYS, end, now, told)
}

/// The same for notices at other days, the farthest first.
#[must_use]
pub fn notice_of(days: &[i64], end: Timestamp, now: Timestamp, told: Option<i64>) -> Option<i64> {
    let come = |days: &i64| now < end && end.plus_s(-days.saturating_mul(DAY_S)) <= now;
    let nearest = days.iter().copied().rev().find(come)?;
    told.is_none_or(|told| nearest < told).then_some(nearest)
}

/// Whether something lived long enough for a notice: what is made to end within a week is no news.
#[must_use]
pub const fn is_news(made: Timestamp, end: Timestamp, days: i64) -> bool {
    made.0 < end.plus_s(-days.saturating_mul(DAY_S)).0
}

/// The instant up to which ends must be looked at now.
#[must_use]
pub const fn horizon(now: Timestamp) -> Timestamp {
    now.plus_s(NOTICE_DAYS[0] * DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Timestamp = Timestamp(1_000 * DAY_S * 1_000_000);

    fn before(days: i64, seconds: i64) -> Timestamp {
        END.plus_s(-days * DAY_S + seconds)
    }

    #[test]
    fn each_notice_comes_at_its_day_and_once() {
        assert_eq!(notice(END, before(90, -1), None), None);
        let mut told = None;
        for days in NOTICE_DAYS {
            assert_eq!(notice(END, before(days, -1), told), None, "{days}");
            assert_eq!(notice(END, before(days, 0), told), Some(days));
            told = Some(days);
            assert_eq!(notice(END, before(days, 0), told), None, "{days}");
        }
        assert_eq!(notice(END, END, None), None);
    }

    #[test]
    fn a_connection_is_told_of_at_its_own_days() {
        let due = |days| notice_of(&CONNECTION_NOTICE_DAYS, END, before(days, 0), None);
        assert_eq!([61, 60, 15, 14, 1].map(due), [None, Some(60), Some(30), Some(14), Some(1)]);
    }

    #[test]
    fn what_was_made_to_end_soon_is_no_news() {
        assert!(is_news(before(7, -1), END, 7));
        assert!(!is_news(before(7, 0), END, 7));
    }

    #[test]
    fn who_was_away_is_told_the_nearest_alone() {
        assert_eq!(notice(END, before(10, 0), None), Some(15));
        assert_eq!(notice(END, before(10, 0), Some(60)), Some(15));
        assert_eq!(notice(END, before(0, -1), Some(90)), Some(1));
    }

    #[test]
    fn ends_beyond_the_horizon_need_no_look() {
        assert_eq!(horizon(before(90, 0)), END);
        assert_eq!(notice(END.plus_s(1), before(90, 0), None), None);
    }
}
