//! Pages of lists: by index (RFC 7644 §3.4.2.4) or by cursor (RFC 9865).
//!
//! What a client asks for is read and clamped here; what a cursor holds is the business of whoever
//! gives it out.

use super::error::{ScimError, excerpt};
use super::list::Query;

/// How large pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSizes {
    /// Resources of a page when `count` is not given.
    pub default: u32,
    /// Most resources of a page.
    pub max: u32,
}

/// The part of a list that is asked for (RFC 7644 §3.4.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Position of the first resource, from 1, never above `i64::MAX`.
    pub start_index: u64,
    /// Most resources; 0 asks for the total alone (C83).
    pub count: u32,
}

impl Page {
    /// Reads and clamps both parameters (C82 to C84).
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] for what is no integer (C85).
    pub fn parse(
        start_index: Option<&str>,
        count: Option<&str>,
        sizes: PageSizes,
    ) -> Result<Self, ScimError> {
        let start = start_index.map_or(Ok(1), |text| integer("startIndex", text))?;
        let count = count.map_or(Ok(i64::from(sizes.default)), |text| integer("count", text))?;
        let count = u32::try_from(count.max(0)).unwrap_or(u32::MAX);
        Ok(Self {
            start_index: u64::try_from(start.max(1)).unwrap_or(1),
            count: count.min(sizes.max),
        })
    }

    /// How many resources come before the page.
    pub const fn offset(&self) -> u64 {
        self.start_index.saturating_sub(1)
    }
}

/// Which way the pages of a list go: by index unless a cursor is given (N2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// The part at a position.
    Index(Page),
    /// The part behind a cursor.
    Cursor {
        /// The cursor as it was given out; empty for the first page.
        text: String,
        /// Most resources; 0 asks for the total alone.
        count: u32,
    },
}

impl Paging {
    /// Reads `startIndex`, `count` and `cursor`. Only with a cursor is a count beyond the largest
    /// page an error and not clamped (RFC 9865 §2.1).
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] for what is no integer (C85) and for `cursor` together with
    /// `startIndex` (N3); [`ScimError::invalid_count`] (N1).
    pub fn parse(query: &Query, sizes: PageSizes) -> Result<Self, ScimError> {
        let (start_index, count) = (query.start_index.as_deref(), query.count.as_deref());
        let Some(cursor) = &query.cursor else {
            return Page::parse(start_index, count, sizes).map(Self::Index);
        };
        if start_index.is_some() {
            return Err(ScimError::invalid_value("cursor and startIndex exclude each other"));
        }
        let page = Page::parse(None, count, PageSizes { max: u32::MAX, ..sizes })?;
        if page.count > sizes.max {
            let detail = format!("count lies between 0 and {} where pages go by cursor", sizes.max);
            return Err(ScimError::invalid_count(detail));
        }
        Ok(Self::Cursor { text: cursor.trim().to_owned(), count: page.count })
    }
}

/// Reads an integer; beyond 64 bits it is as good as the nearest one.
fn integer(name: &str, text: &str) -> Result<i64, ScimError> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ScimError::invalid_value(format!(
            "{name} takes an integer, not '{}'",
            excerpt(text)
        )));
    }
    let beyond = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Ok(text.parse().unwrap_or(beyond))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::ScimType;

    const SIZES: PageSizes = PageSizes { default: 100, max: 200 };

    fn page(start: Option<&str>, count: Option<&str>) -> Result<(u64, u32), ScimError> {
        Page::parse(start, count, SIZES).map(|page| (page.start_index, page.count))
    }

    #[test]
    fn pages_are_clamped_and_never_overflow_c82_c85() {
        assert_eq!(page(None, None), Ok((1, 100)));
        assert_eq!(page(Some("0"), Some("-5")), Ok((1, 0)));
        assert_eq!(page(Some("-3"), Some("0")), Ok((1, 0)));
        assert_eq!(page(Some("101"), Some("200")), Ok((101, 200)));
        assert_eq!(page(Some("101"), Some("201")), Ok((101, 200)));
        let huge = "9".repeat(400);
        assert_eq!(page(Some(&huge), Some(&huge)), Ok((i64::MAX as u64, 200)));
        assert_eq!(page(Some(&format!("-{huge}")), Some(&format!("-{huge}"))), Ok((1, 0)));
        for text in ["", "x", "1.5", "1e3", "-", "0x1", "１"] {
            assert_eq!(page(Some(text), None).unwrap_err().scim_type, {
                Some(ScimType::InvalidValue)
            });
            assert!(page(None, Some(text)).is_err());
        }
    }

    #[test]
    fn a_cursor_chooses_its_way_of_paging_and_bounds_its_count_n1_n3() {
        let of = |cursor: Option<&str>, start: Option<&str>, count: Option<&str>| {
            let text = |given: Option<&str>| given.map(str::to_owned);
            let query = Query {
                cursor: text(cursor),
                start_index: text(start),
                count: text(count),
                ..Query::default()
            };
            Paging::parse(&query, SIZES)
        };
        let by_cursor =
            |text: &str, count: u32| Ok(Paging::Cursor { text: text.to_owned(), count });
        assert_eq!(of(None, None, None), Ok(Paging::Index(Page { start_index: 1, count: 100 })));
        assert_eq!(of(Some(""), None, None), by_cursor("", 100));
        assert_eq!(of(Some("x"), None, Some("200")), by_cursor("x", 200));
        assert_eq!(of(Some("x"), None, Some("-1")), by_cursor("x", 0));
        let refused = |given: Result<Paging, ScimError>| given.unwrap_err().scim_type;
        assert_eq!(refused(of(Some("x"), None, Some("201"))), Some(ScimType::InvalidCount));
        assert_eq!(refused(of(Some("x"), None, Some("a"))), Some(ScimType::InvalidValue));
        assert_eq!(refused(of(Some(""), Some("1"), None)), Some(ScimType::InvalidValue));
    }
}
