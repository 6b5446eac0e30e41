//! What a simulation found: answers and times by operation, and the first wrong answers.
//!
//! Times are counted in buckets a sixteenth of an octave wide, so that memory does not grow with
//! the number of requests; a percentile is the upper end of its bucket, at most 4.5 % too high.

use std::fmt;
use std::time::Duration;

/// Wrong answers that are told in full.
pub(super) const TOLD_MAX: usize = 10;

const BUCKETS_AN_OCTAVE: f64 = 16.0;
/// Enough for twelve days in microseconds.
const BUCKETS: usize = 640;

/// Durations, counted.
#[derive(Clone, Debug)]
struct Times {
    buckets: Box<[u64]>,
    count: u64,
    max: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let buckets = vec![0; BUCKETS].into_boxed_slice();
        Self { buckets, count: 0, max: Duration::ZERO }
    }
}

impl Times {
    /// A logarithm of at least 1; the last bucket takes what is beyond.
    fn add(&mut self, took: Duration) {
        let us = (took.as_secs_f64() * 1e6).max(1.0);
        let at = (us.log2() * BUCKETS_AN_OCTAVE) as usize;
        if let Some(bucket) = self.buckets.get_mut(at.min(BUCKETS - 1)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(took);
    }

    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// Milliseconds within which this share of the answers came, in percent.
    fn percentile_ms(&self, percent: u64) -> f64 {
        let wanted = (self.count * percent).div_ceil(100);
        let mut seen = 0;
        for (at, count) in (1_u32..).zip(&self.buckets) {
            seen += count;
            if seen >= wanted && seen > 0 {
                let end_us = (f64::from(at) / BUCKETS_AN_OCTAVE).exp2();
                return (end_us / 1e3).min(self.max_ms());
            }
        }
        0.0
    }

    fn max_ms(&self) -> f64 {
        self.max.as_secs_f64() * 1e3
    }
}

#[derive(Clone, Debug)]
struct Row {
    operation: &'static str,
    wrong: u64,
    times: Times,
}

/// An answer that was not right.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    /// What was asked.
    pub(super) operation: &'static str,
    /// The HTTP status; `None` when no answer came.
    pub(super) status: Option<u16>,
    /// As the body has it.
    pub(super) scim_type: Option<String>,
    /// As the body has it.
    pub(super) detail: Option<String>,
    /// What is wrong with it.
    pub(super) why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("no answer")?,
        }
        if let Some(scim_type) = &self.scim_type {
            write!(f, " {scim_type}")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " \"{detail}\"")?;
        }
        write!(f, " ({})", self.why)
    }
}

/// The first cycle over all users.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstCycle {
    /// Users that are there after it.
    pub(super) users: u64,
    /// How long it took.
    pub(super) took: Duration,
}

/// What was found; shown as a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// In the order in which operations were first seen.
    rows: Vec<Row>,
    told: Vec<Wrong>,
    pub(super) first_cycle: Option<FirstCycle>,
    /// Requests that were sent again because the server asked to wait.
    pub(super) waits: u64,
    /// Why it ended before its time.
    pub(super) stopped: Option<&'static str>,
}

impl Report {
    /// Notes a right answer.
    pub(super) fn right(&mut self, operation: &'static str, took: Duration) {
        if let Some(row) = self.row(operation) {
            row.times.add(took);
        }
    }

    /// Notes a wrong answer, or that none came.
    pub(super) fn wrong(&mut self, wrong: Wrong, took: Option<Duration>) {
        if let Some(row) = self.row(wrong.operation) {
            row.wrong += 1;
            if let Some(took) = took {
                row.times.add(took);
            }
        }
        if self.told.len() < TOLD_MAX {
            self.told.push(wrong);
        }
    }

    fn row(&mut self, operation: &'static str) -> Option<&mut Row> {
        // Operations are constants, a few dozen; a look at each is cheaper than a map.
        if !self.rows.iter().any(|row| row.operation == operation) {
            self.rows.push(Row { operation, wrong: 0, times: Times::default() });
        }
        self.rows.iter_mut().find(|row| row.operation == operation)
    }

    /// Answers so far, and how many of the requests went wrong.
    pub(super) fn counts(&self) -> (u64, u64) {
        let add = |sum: (u64, u64), row: &Row| (sum.0 + row.times.count, sum.1 + row.wrong);
        self.rows.iter().fold((0, 0), add)
    }

    /// Whether all went right, to its end.
    pub(super) fn is_right(&self) -> bool {
        self.counts().1 == 0 && self.stopped.is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = ("operation", "answers", "wrong", "p50 ms", "p95 ms", "max ms");
        let (operation, answers, wrong, p50, p95, max) = title;
        writeln!(f, "{operation:34}{answers:>10}{wrong:>8}{p50:>10}{p95:>10}{max:>10}")?;
        let mut all = Row { operation: "all", wrong: 0, times: Times::default() };
        for row in &self.rows {
            row.fmt(f)?;
            all.wrong += row.wrong;
            all.times.merge(&row.times);
        }
        all.fmt(f)?;
        if let Some(FirstCycle { users, took }) = self.first_cycle {
            let seconds = took.as_secs_f64();
            let rate = f64::from(u32::try_from(users).unwrap_or(u32::MAX)) / seconds.max(1e-6);
            writeln!(f, "\nfirst cycle: {users} users in {seconds:.2} s, {rate:.0} users/s")?;
        }
        if self.waits > 0 {
            writeln!(f, "sent again after Retry-After: {}", self.waits)?;
        }
        if let Some(why) = self.stopped {
            writeln!(f, "stopped: {why}")?;
        }
        if !self.told.is_empty() {
            writeln!(f, "\nthe first wrong answers:")?;
        }
        for wrong in &self.told {
            writeln!(f, "  {wrong}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, wrong, times } = self;
        let (p50, p95) = (times.percentile_ms(50), times.percentile_ms(95));
        let (answers, max) = (times.count, times.max_ms());
        writeln!(f, "{operation:34}{answers:>10}{wrong:>8}{p50:>10.2}{p95:>10.2}{max:>10.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_bucket_of_the_truth() {
        let mut times = Times::default();
        for ms in 1..=100 {
            times.add(Duration::from_millis(ms));
        }
        for (percent, true_ms) in [(50, 50.0), (95, 95.0), (100, 100.0)] {
            let found = times.percentile_ms(percent);
            assert!((true_ms..true_ms * 1.045).contains(&found), "{percent}: {found}");
        }
        assert!((times.max_ms() - 100.0).abs() < 1e-9);
        assert!(Times::default().percentile_ms(50) < f64::EPSILON);
        times.add(Duration::from_secs(u64::MAX >> 20));
        assert_eq!(times.buckets.last(), Some(&1), "the last bucket takes what is beyond");
    }

    #[test]
    fn the_first_ten_wrong_answers_are_told_and_all_are_counted() {
        let mut report = Report::default();
        report.right("E3 match user", Duration::from_millis(2));
        assert!(report.is_right());
        for _ in 0..=TOLD_MAX {
            let wrong = Wrong {
                operation: "E4 create user",
                status: Some(409),
                scim_type: Some("uniqueness".to_owned()),
                detail: Some("userName is taken".to_owned()),
                why: "the status should be 201".to_owned(),
            };
            report.wrong(wrong, Some(Duration::from_millis(1)));
        }
        assert!(!report.is_right());
        assert_eq!(report.counts(), (12, 11));
        let text = report.to_string();
        let told =
            "  E4 create user: 409 uniqueness \"userName is taken\" (the status should be 201)";
        assert_eq!(text.lines().filter(|line| *line == told).count(), TOLD_MAX);
        let row = text.lines().find(|line| line.starts_with("E4 create user")).unwrap();
        assert_eq!(row.split_whitespace().nth(3), Some("11"));
    }

    #[test]
    fn one_that_was_stopped_is_not_right() {
        let report = Report { stopped: Some("too much"), ..Report::default() };
        assert!(!report.is_right());
        assert!(report.to_string().contains("stopped: too much"));
    }
}
