//! Cursors (RFC 9865): where a list goes on, sealed for the client that got it.
//!
//! A cursor is a [`Position`] sealed with the installation's keys, so that nobody can read, forge
//! or alter it, and bound to directory, query and token scope (N4). It holds no state of ours: any
//! node takes it, for [`CURSOR_S`] seconds from when it was given out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Position;
use crate::domain::id::{DirectoryId, OrganizationId};
use crate::domain::seal::{self, Seal};
use crate::domain::sealed::Column;
use crate::domain::time::{Rng, Timestamp};
use crate::flow::problem::Problem;
use crate::scim::ScimError;
use crate::scim::sort::SortKey;
use crate::store::place::Place;

/// Seconds for which a cursor is good.
pub const CURSOR_S: i64 = 3_600;
/// Longest cursor that is looked at, in bytes: more than the longest key of an order takes.
const LENGTH_MAX: usize = 8_192;
/// What cursors are sealed as.
const SEALED_AS: Column = Column::ScimCursor;

/// What a cursor is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Whose directory.
    pub organization: OrganizationId,
    /// The directory.
    pub directory: DirectoryId,
    /// The query without its count and cursor, and what the token may do, as one digest.
    pub query: [u8; 32],
    /// Most resources of a page.
    pub count: u32,
}

/// One digest of texts that are there or not; no two lists of them have the same.
#[must_use]
pub fn fingerprint(parts: &[Option<&str>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update([u8::from(part.is_some())]);
        let text = part.unwrap_or_default();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

impl Tie {
    fn place(&self) -> seal::Place {
        let (row, organization) = (self.directory.0, self.organization);
        seal::Place { column: SEALED_AS, row, organization }
    }

    fn query(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.query)
    }

    /// Writes the cursor of the part behind a position.
    ///
    /// # Errors
    /// 500 without a key.
    pub fn cursor(&self, seal: &Seal, now: Timestamp, next: &Position) -> Result<String, Problem> {
        let key = next.key.as_ref().map(SortKey::to_json);
        let Place { at, id } = next.place;
        let content = json!({
            "at": now.0, "query": self.query(), "count": self.count,
            "place": [at.0, id], "key": key.map(|key| json!([key])),
        });
        let content = content.to_string();
        let sealed = seal.seal(Rng, self.place(), content.as_bytes()).map_err(Problem::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Reads a cursor that was given out for the same query.
    ///
    /// # Errors
    /// 400 `invalidCursor` for any other, `invalidCount` for another count, `expiredCursor` after
    /// [`CURSOR_S`].
    pub fn position(&self, seal: &Seal, now: Timestamp, text: &str) -> Result<Position, ScimError> {
        let content = self.open(seal, text).ok_or_else(ScimError::invalid_cursor)?;
        let read = |name: &str| content.get(name).and_then(Value::as_i64);
        if content.get("query").and_then(Value::as_str) != Some(&self.query()) {
            return Err(ScimError::invalid_cursor());
        }
        if read("count") != Some(i64::from(self.count)) {
            let detail = "count is another one than that of the first page";
            return Err(ScimError::invalid_count(detail));
        }
        let given = read("at").ok_or_else(ScimError::invalid_cursor)?;
        if now.0 > Timestamp(given).plus_s(CURSOR_S).0 {
            return Err(ScimError::expired_cursor(CURSOR_S));
        }
        position(&content).ok_or_else(ScimError::invalid_cursor)
    }

    fn open(&self, seal: &Seal, text: &str) -> Option<Value> {
        if text.len() > LENGTH_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let content = seal.open(self.place(), &sealed).ok()?;
        serde_json::from_slice(&content).ok()
    }
}

fn position(content: &Value) -> Option<Position> {
    let key = match content.get("key")? {
        Value::Null => None,
        key => Some(SortKey::from_json(key.get(0)?)?),
    };
    let place = content.get("place")?;
    let at = Timestamp(place.get(0)?.as_i64()?);
    let id = place.get(1)?.as_str()?.parse::<Uuid>().ok()?;
    Some(Position { key, place: Place { at, id } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::ScimType;
    use crate::scim::sort::KEY_MAX;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn tie() -> Tie {
        Tie {
            organization: OrganizationId(Uuid::from_u128(1)),
            directory: DirectoryId(Uuid::from_u128(2)),
            query: fingerprint(&[Some("User"), None]),
            count: 10,
        }
    }

    fn next(key: Option<SortKey>) -> Position {
        Position { key, place: Place { at: Timestamp(7), id: Uuid::from_u128(8) } }
    }

    fn seal() -> Seal {
        Seal::new(vec![[1; 32]])
    }

    fn refused(tie: &Tie, seconds: i64, text: &str) -> Option<ScimType> {
        tie.position(&seal(), NOW.plus_s(seconds), text).unwrap_err().scim_type
    }

    #[test]
    fn a_cursor_is_read_back_for_its_own_query_until_its_time_is_over_n1() {
        let text = tie().cursor(&seal(), NOW, &next(None)).unwrap();
        let read = |seconds: i64| tie().position(&seal(), NOW.plus_s(seconds), &text);
        assert_eq!(read(0), Ok(next(None)));
        assert_eq!(read(CURSOR_S), Ok(next(None)));
        assert_eq!(refused(&tie(), CURSOR_S + 1, &text), Some(ScimType::ExpiredCursor));
    }

    #[test]
    fn the_longest_key_fits_and_only_unreserved_characters_are_used_n1() {
        let key = SortKey::Text("\u{1f600}".repeat(KEY_MAX));
        let text = tie().cursor(&seal(), NOW, &next(Some(key.clone()))).unwrap();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
        assert_eq!(tie().position(&seal(), NOW, &text), Ok(next(Some(key))));
        let unassigned = next(Some(SortKey::Unassigned));
        let text = tie().cursor(&seal(), NOW, &unassigned).unwrap();
        assert_eq!(tie().position(&seal(), NOW, &text), Ok(unassigned));
    }

    #[test]
    fn a_forged_foreign_or_altered_cursor_is_refused_alike_n4() {
        let text = tie().cursor(&seal(), NOW, &next(None)).unwrap();
        let others = [
            Tie { organization: OrganizationId(Uuid::from_u128(9)), ..tie() },
            Tie { directory: DirectoryId(Uuid::from_u128(9)), ..tie() },
            Tie { query: fingerprint(&[Some("User"), Some("")]), ..tie() },
        ];
        for other in others {
            let error = other.position(&seal(), NOW, &text).unwrap_err();
            assert_eq!(error, ScimError::invalid_cursor(), "{other:?}");
        }
        let other_count = Tie { count: 11, ..tie() };
        assert_eq!(refused(&other_count, 0, &text), Some(ScimType::InvalidCount));
        let stranger = tie().cursor(&Seal::new(vec![[2; 32]]), NOW, &next(None)).unwrap();
        let long = "A".repeat(LENGTH_MAX + 1);
        let mut altered = text.clone().into_bytes();
        for at in 0..altered.len() {
            let held = altered[at];
            altered[at] = if held == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(altered.clone()).unwrap();
            assert_eq!(refused(&tie(), 0, &changed), Some(ScimType::InvalidCursor), "byte {at}");
            altered[at] = held;
        }
        for text in ["x", "!", "AAAA", &text[1..], &format!("{text}A"), &stranger, &long] {
            assert_eq!(refused(&tie(), 0, text), Some(ScimType::InvalidCursor), "{text}");
        }
    }

    #[test]
    fn no_two_lists_of_texts_share_a_fingerprint() {
        let all = [
            fingerprint(&[None, Some("a")]),
            fingerprint(&[Some(""), Some("a")]),
            fingerprint(&[Some("a"), None]),
            fingerprint(&[Some("a"), Some("")]),
            fingerprint(&[Some("aa")]),
        ];
        let mut distinct = all.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
    }
}
