//! What is wrong with a platform definition, and where: line, column, key, words, suggestion.
//!
//! A definition is checked whole, so mistakes are collected, sorted by place and shown together.
//! The nearest known word is suggested when it is near enough to be meant.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file or preset it stands in.
    pub origin: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The dotted key: `roles[2].includes`.
    pub key: String,
    /// What is wrong, as a sentence without an end.
    pub message: String,
    /// The nearest known word, when one is near.
    pub suggestion: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.origin, self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(word) => write!(f, " (did you mean `{word}`?)"),
            None => Ok(()),
        }
    }
}

/// Collects the mistakes of one text.
pub(super) struct Mistakes<'a> {
    origin: &'a str,
    text: &'a str,
    found: Vec<Mistake>,
    /// How many were not kept.
    over: usize,
}

/// As many are kept as somebody would read; those past it are counted.
pub(super) const MISTAKES_MAX: usize = 1_000;

impl<'a> Mistakes<'a> {
    pub(super) const fn new(origin: &'a str, text: &'a str) -> Self {
        Self { origin, text, found: Vec::new(), over: 0 }
    }

    /// Notes a mistake at a place of the text.
    pub(super) fn note(&mut self, span: &Range<usize>, key: &str, message: impl Into<String>) {
        self.note_near(span, key, message, None);
    }

    /// Notes a mistake for which a better word is known.
    pub(super) fn note_near(
        &mut self,
        span: &Range<usize>,
        key: &str,
        message: impl Into<String>,
        suggestion: Option<&str>,
    ) {
        if self.found.len() >= MISTAKES_MAX {
            self.over += 1;
            return;
        }
        let (line, column) = place(self.text, span.start);
        self.found.push(Mistake {
            origin: self.origin.to_owned(),
            line,
            column,
            key: key.to_owned(),
            message: message.into(),
            suggestion: suggestion.map(str::to_owned),
        });
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of the text; last, how many there are beyond the most that are
    /// kept.
    pub(super) fn into_sorted(mut self) -> Vec<Mistake> {
        self.found.sort_by_key(|mistake| (mistake.line, mistake.column));
        if self.over > 0 {
            let (line, column) = place(self.text, self.text.len());
            self.found.push(Mistake {
                origin: self.origin.to_owned(),
                line,
                column,
                key: String::new(),
                message: format!("and {} more mistakes", self.over),
                suggestion: None,
            });
        }
        self.found
    }
}

/// Line and column, from 1, of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    (line, before.get(line_start..).map_or(0, |part| part.chars().count()) + 1)
}

/// The candidate nearest to `word`, when so near that it may have been meant: at most a third of
/// its letters (and at least one) differ.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(NEAREST_CHARS_MAX).collect();
    let allowed = (letters.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(&letters, candidate, allowed)?;
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Longer words are compared by their beginning alone.
const NEAREST_CHARS_MAX: usize = 128;

/// The number of single-letter edits, a swap of two neighbours being one (optimal string
/// alignment); `None` when the lengths alone differ by more than `allowed`.
fn distance(word: &[char], candidate: &str, allowed: usize) -> Option<usize> {
    let other: Vec<char> = candidate.chars().take(NEAREST_CHARS_MAX).collect();
    if word.len().abs_diff(other.len()) > allowed {
        return None;
    }
    // Two rows back: where the swap of the last two letters of both began.
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (at, letter) in word.iter().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut next = vec![left];
        let mut neighbour = None;
        let swapped = std::iter::once(None)
            .chain(before.iter().copied().map(Some))
            .chain(std::iter::repeat(None));
        for ((cell, theirs), swapped) in row.iter().skip(1).zip(&other).zip(swapped) {
            let cost = usize::from(letter != theirs);
            left = (diagonal + cost).min(*cell + 1).min(left + 1);
            let is_swap = previous == Some(theirs) && neighbour == Some(letter);
            if let Some(swapped) = swapped.filter(|_| is_swap) {
                left = left.min(swapped + 1);
            }
            (diagonal, neighbour) = (*cell, Some(theirs));
            next.push(left);
        }
        before = std::mem::replace(&mut row, next);
        previous = Some(letter);
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let text = "name = 1\nlabel = \"é\" x";
        assert_eq!(place(text, 0), (1, 1));
        assert_eq!(place(text, 9), (2, 1));
        assert_eq!(place(text, text.len() - 1), (2, 13));
    }

    #[test]
    fn the_nearest_word_is_suggested_only_when_it_is_near() {
        let known = ["users.view", "users.edit", "teams.edit"];
        assert_eq!(nearest("user.view", known), Some("users.view"));
        assert_eq!(nearest("users.edti", known), Some("users.edit"));
        assert_eq!(nearest("lable", ["label", "tables"]), Some("label"));
        assert_eq!(nearest("alble", ["label"]), None);
        assert_eq!(nearest("cameras.open", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn mistakes_past_the_limit_are_counted() {
        let found = |count: usize| {
            let mut mistakes = Mistakes::new("x", "");
            (0..count).for_each(|_| mistakes.note(&(0..0), "k", "m"));
            mistakes.into_sorted()
        };
        assert_eq!(found(MISTAKES_MAX).len(), MISTAKES_MAX);
        let over = found(MISTAKES_MAX + 2);
        assert_eq!(over.len(), MISTAKES_MAX + 1);
        assert_eq!(over.last().unwrap().to_string(), "x:1:1: and 2 more mistakes");
    }

    #[test]
    fn a_mistake_reads_as_file_place_key_words_and_suggestion() {
        let mut mistakes = Mistakes::new("a.toml", "x");
        mistakes.note_near(&(0..1), "roles[0].key", "no such thing", Some("thing"));
        let shown = mistakes.into_sorted()[0].to_string();
        assert_eq!(shown, "a.toml:1:1: roles[0].key: no such thing (did you mean `thing`?)");
    }
}
