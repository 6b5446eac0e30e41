//! `If-Match` as a value: which versions of a thing the caller accepts.

use super::problem::Problem;

/// Which versions the caller accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// No condition was sent.
    #[default]
    None,
    /// Any version, as long as the thing is there.
    Any,
    /// One of these.
    Versions(Vec<i64>),
}

impl Condition {
    /// Reads the header's value; a tag that is none of ours is a version that nothing has.
    #[must_use]
    pub fn read(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let version = |tag: &str| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
        };
        Self::Versions(header.split(',').filter_map(version).collect())
    }

    /// Whether a version is accepted.
    #[must_use]
    pub fn holds(&self, version: i64) -> bool {
        match self {
            Self::None | Self::Any => true,
            Self::Versions(accepted) => accepted.contains(&version),
        }
    }

    /// Goes on when the version is accepted.
    ///
    /// # Errors
    /// 412 otherwise.
    pub fn meet(&self, version: i64) -> Result<(), Problem> {
        if self.holds(version) { Ok(()) } else { Err(Problem::stale()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_holds_for_the_versions_it_names() {
        assert!(Condition::None.holds(7));
        assert!(Condition::read("*").holds(7));
        let sent = Condition::read("W/\"3\", \"4\"");
        assert!(sent.holds(3) && sent.holds(4) && !sent.holds(5));
        for foreign in ["", "abc", "W/\"x\"", "3"] {
            assert!(!Condition::read(foreign).holds(3), "{foreign}");
        }
    }
}
