//! Reads TOML tables field by field, keeping places and noting every mistake on the way.
//!
//! A field that is missing or has the wrong type is noted and read as its default, so that one
//! pass finds all mistakes. A key that nobody asked for is a mistake, with the nearest known key.

use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};

use toml::de::{DeTable, DeValue};

use super::mistake::{Mistakes, nearest};

/// A text and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
    /// The dotted key it was read from.
    pub(super) key: String,
}

impl Word {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

/// One table, with the keys that were asked for so far.
pub(super) struct Fields<'t> {
    table: &'t DeTable<'t>,
    pub(super) span: Range<usize>,
    pub(super) path: String,
    known: Vec<&'static str>,
}

/// The largest number of items of one list.
pub(super) const ITEMS_MAX: usize = 2_000;
/// The largest number of bytes of one text.
pub(super) const TEXT_BYTES_MAX: usize = 2_000;

impl<'t> Fields<'t> {
    pub(super) const fn new(table: &'t DeTable<'t>, span: Range<usize>, path: String) -> Self {
        Self { table, span, path, known: Vec::new() }
    }

    /// The dotted name of a key in this table.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<(&'t DeValue<'t>, Range<usize>)> {
        self.known.push(key);
        self.table.get(key).map(|value| (value.get_ref(), value.span()))
    }

    fn wrong(&self, key: &str, value: &DeValue<'_>, at: &Range<usize>, log: &mut Mistakes<'_>) {
        let message = format!("has the wrong type: {}", value.type_str());
        log.note(at, &self.path_of(key), message);
    }

    /// A text that may be left out.
    pub(super) fn word(&mut self, key: &'static str, log: &mut Mistakes<'_>) -> Option<Word> {
        let (value, span) = self.take(key)?;
        read_word(value, span, self.path_of(key), log)
    }

    /// A text that must be there and say something; noted, and empty, when it does not.
    pub(super) fn required(&mut self, key: &'static str, log: &mut Mistakes<'_>) -> Word {
        let there = self.table.get(key).is_some();
        let word = self.word(key, log);
        if word.as_ref().is_some_and(|word| word.text.trim().is_empty()) {
            log.note(&self.span, &self.path_of(key), "is empty");
        }
        word.unwrap_or_else(|| {
            if !there {
                log.note(&self.span, &self.path_of(key), "is missing");
            }
            Word { text: String::new(), span: self.span.clone(), key: self.path_of(key) }
        })
    }

    /// A list of texts; empty when left out.
    pub(super) fn words(&mut self, key: &'static str, log: &mut Mistakes<'_>) -> Vec<Word> {
        self.words_if_there(key, log).unwrap_or_default()
    }

    /// A list of texts, `None` when left out.
    pub(super) fn words_if_there(
        &mut self,
        key: &'static str,
        log: &mut Mistakes<'_>,
    ) -> Option<Vec<Word>> {
        let (value, span) = self.take(key)?;
        let Some(items) = value.as_array() else {
            self.wrong(key, value, &span, log);
            return None;
        };
        if items.len() > ITEMS_MAX {
            log.note(&span, &self.path_of(key), format!("has more than {ITEMS_MAX} items"));
        }
        let read = |(at, item): (usize, &'t toml::Spanned<DeValue<'t>>)| {
            let path = format!("{}[{at}]", self.path_of(key));
            read_word(item.get_ref(), item.span(), path, log)
        };
        let words: Vec<Word> = items.iter().take(ITEMS_MAX).enumerate().filter_map(read).collect();
        note_twice(&words, log);
        Some(words)
    }

    /// Yes or no; `default` when left out.
    pub(super) fn flag(
        &mut self,
        key: &'static str,
        default: bool,
        log: &mut Mistakes<'_>,
    ) -> bool {
        let Some((value, span)) = self.take(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            self.wrong(key, value, &span, log);
            default
        })
    }

    /// A whole number within bounds; `default` when left out.
    pub(super) fn count(
        &mut self,
        key: &'static str,
        (default, bounds): (u32, RangeInclusive<u32>),
        log: &mut Mistakes<'_>,
    ) -> u32 {
        let Some((value, span)) = self.take(key) else { return default };
        let Some(integer) = value.as_integer() else {
            self.wrong(key, value, &span, log);
            return default;
        };
        let count = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
        count.filter(|count| bounds.contains(count)).unwrap_or_else(|| {
            let (low, high) = (bounds.start(), bounds.end());
            log.note(&span, &self.path_of(key), format!("must be between {low} and {high}"));
            default
        })
    }

    /// A table; `None` when left out.
    pub(super) fn table(&mut self, key: &'static str, log: &mut Mistakes<'_>) -> Option<Self> {
        let (value, span) = self.take(key)?;
        if let Some(table) = value.as_table() {
            return Some(Fields::new(table, span, self.path_of(key)));
        }
        self.wrong(key, value, &span, log);
        None
    }

    /// A list of tables; empty when left out.
    pub(super) fn tables(&mut self, key: &'static str, log: &mut Mistakes<'_>) -> Vec<Self> {
        let Some((value, span)) = self.take(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.wrong(key, value, &span, log);
            return Vec::new();
        };
        if items.len() > ITEMS_MAX {
            log.note(&span, &self.path_of(key), format!("has more than {ITEMS_MAX} items"));
        }
        let read = |(at, item): (usize, &'t toml::Spanned<DeValue<'t>>)| {
            let path = format!("{}[{at}]", self.path_of(key));
            match item.get_ref().as_table() {
                Some(table) => Some(Fields::new(table, item.span(), path)),
                None => {
                    log.note(&item.span(), &path, "must be a table");
                    None
                }
            }
        };
        items.iter().take(ITEMS_MAX).enumerate().filter_map(read).collect()
    }

    /// Every pair of this table, whose keys are free.
    pub(super) fn pairs(&self, log: &mut Mistakes<'_>) -> Vec<(Word, Word)> {
        let read = |(key, value): (&toml::Spanned<_>, &'t toml::Spanned<DeValue<'t>>)| {
            let name: &std::borrow::Cow<'t, str> = key.get_ref();
            let path = self.path_of(name);
            let left = Word { text: name.to_string(), span: key.span(), key: path.clone() };
            Some((left, read_word(value.get_ref(), value.span(), path, log)?))
        };
        self.table.iter().take(ITEMS_MAX).filter_map(read).collect()
    }

    /// Notes every key that was not asked for.
    pub(super) fn finish(self, log: &mut Mistakes<'_>) {
        for (key, _) in self.table {
            let name = key.get_ref();
            if !self.known.iter().any(|known| known == name) {
                let better = nearest(name, self.known.iter().copied());
                log.note_near(&key.span(), &self.path_of(name), "unknown key", better);
            }
        }
    }
}

/// Notes each word of a list that stands in it before, and each that says nothing.
fn note_twice(words: &[Word], log: &mut Mistakes<'_>) {
    let mut seen = HashSet::with_capacity(words.len());
    for word in words {
        if word.text.is_empty() {
            log.note(&word.span, &word.key, "is empty");
        } else if !seen.insert(word.as_str()) {
            log.note(&word.span, &word.key, format!("`{}` stands in the list twice", word.text));
        }
    }
}

fn read_word(
    value: &DeValue<'_>,
    span: Range<usize>,
    key: String,
    log: &mut Mistakes<'_>,
) -> Option<Word> {
    match value.as_str() {
        Some(text) if text.len() > TEXT_BYTES_MAX => {
            log.note(&span, &key, format!("is longer than {TEXT_BYTES_MAX} bytes"));
            None
        }
        Some(text) if text.chars().any(char::is_control) => {
            log.note(&span, &key, "holds a line break or another control character");
            None
        }
        Some(text) => Some(Word { text: text.to_owned(), span, key }),
        None => {
            log.note(&span, &key, format!("must be a string, is {}", value.type_str()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, with: impl FnOnce(&mut Fields<'_>, &mut Mistakes<'_>)) -> Vec<String> {
        let table = DeTable::parse(text).unwrap();
        let mut log = Mistakes::new("t", text);
        let mut fields = Fields::new(table.get_ref(), 0..0, String::new());
        with(&mut fields, &mut log);
        fields.finish(&mut log);
        log.into_sorted().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_field_of_the_wrong_type_and_an_unknown_key_are_both_noted() {
        let found = read("a = 1\nlabl = 2\n[b]\nc = 3", |fields, log| {
            assert!(fields.word("a", log).is_none());
            assert_eq!(fields.required("label", log).text, "");
            assert!(fields.words("b", log).is_empty());
        });
        assert_eq!(
            found,
            [
                "t:1:1: label: is missing",
                "t:1:5: a: must be a string, is integer",
                "t:2:1: labl: unknown key (did you mean `label`?)",
                "t:3:1: b: has the wrong type: table",
            ]
        );
    }

    #[test]
    fn a_number_is_held_within_its_bounds() {
        let found = read("a = 0x10\nb = 11\nc = -1", |fields, log| {
            assert_eq!(fields.count("a", (1, 0..=16), log), 16);
            assert_eq!(fields.count("b", (1, 0..=10), log), 1);
            assert_eq!(fields.count("c", (1, 0..=10), log), 1);
            assert_eq!(fields.count("d", (7, 0..=10), log), 7);
        });
        assert_eq!(
            found,
            ["t:2:5: b: must be between 0 and 10", "t:3:5: c: must be between 0 and 10"]
        );
    }

    #[test]
    fn a_text_is_read_up_to_its_limit() {
        let fits = format!("a = \"{}\"", "x".repeat(TEXT_BYTES_MAX));
        assert_eq!(read(&fits, |fields, log| assert!(fields.word("a", log).is_some())).len(), 0);
        let long = format!("a = \"{}\"", "x".repeat(TEXT_BYTES_MAX + 1));
        assert_eq!(read(&long, |fields, log| assert!(fields.word("a", log).is_none())).len(), 1);
    }

    #[test]
    fn a_word_of_a_list_stands_there_once_and_says_something() {
        let found = read("a = [\"x\", \"\", \"x\"]\nb = \"y\\n\"", |fields, log| {
            fields.words("a", log);
            fields.word("b", log);
        });
        assert_eq!(
            found,
            [
                "t:1:11: a[1]: is empty",
                "t:1:15: a[2]: `x` stands in the list twice",
                "t:2:5: b: holds a line break or another control character",
            ]
        );
    }

    #[test]
    fn a_list_is_read_up_to_its_limit() {
        let list = |count: usize| {
            format!("a = [{}]", (0..count).map(|n| format!("\"{n}\",")).collect::<String>())
        };
        let read_len = |count| read(&list(count), |fields, log| drop(fields.words("a", log))).len();
        assert_eq!(read_len(ITEMS_MAX), 0);
        assert_eq!(read_len(ITEMS_MAX + 1), 1);
    }
}
