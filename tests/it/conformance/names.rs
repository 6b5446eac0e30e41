//! Placeholders: what a case knows by name, and the patterns that texts with placeholders are.
//!
//! `{{id}}` in a request is what was captured before. In an answer it captures where the name is
//! new, and must be the same where it is not; `{{!id}}` must be something else.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

/// Longest text that `{{repeat}}` and `{{list}}` may make, in bytes.
const GENERATED_MAX: usize = 40_000_000;

/// What a case knows by name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    values: BTreeMap<String, Value>,
    /// Which repetition of the block this is.
    pub round: usize,
}

/// A piece of a text.
enum Piece<'t> {
    Literal(&'t str),
    Placeholder(&'t str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").ok_or("a placeholder is not closed")?;
        pieces.push(Piece::Literal(before));
        pieces.push(Piece::Placeholder(inside));
        rest = after;
    }
    pieces.push(Piece::Literal(rest));
    Ok(pieces)
}

/// How a value is spelled where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a target or a header.
    Plain,
    /// Within a text of a JSON body.
    Json,
}

impl Names {
    /// Gives a name its value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// The name without its mark: `id#` in the second round is `id2`.
    fn full(&self, name: &str) -> String {
        match name.strip_suffix('#') {
            Some(stem) => format!("{stem}{}", self.round),
            None => name.to_owned(),
        }
    }

    fn get(&self, name: &str) -> Result<&Value, String> {
        let name = self.full(name);
        self.values.get(&name).ok_or_else(|| format!("{{{{{name}}}}} is not set"))
    }

    /// Fills a text of a request.
    ///
    /// # Errors
    /// A name that is not set, or a placeholder that is not understood.
    pub fn fill(&self, text: &str, place: Place) -> Result<Vec<u8>, String> {
        let mut filled = Vec::with_capacity(text.len());
        for piece in pieces(text)? {
            match piece {
                Piece::Literal(literal) => filled.extend_from_slice(literal.as_bytes()),
                Piece::Placeholder("#") => filled.extend(self.round.to_string().into_bytes()),
                Piece::Placeholder(inside) => match inside.split_once(' ') {
                    Some((word, rest)) => filled.extend(made(word, rest)?),
                    None => filled.extend(spelled(self.get(inside)?, place).into_bytes()),
                },
            }
        }
        Ok(filled)
    }

    /// Compares a value of an answer with a text that may hold placeholders, and captures.
    ///
    /// # Errors
    /// How they differ.
    pub fn matches(&mut self, wanted: &str, actual: &Value) -> Result<(), String> {
        if wanted == "..." {
            return Ok(());
        }
        let pieces = pieces(wanted)?;
        if let [Piece::Literal(""), Piece::Placeholder(inside), Piece::Literal("")] =
            pieces.as_slice()
        {
            return self.whole(inside, actual);
        }
        let Some(actual) = actual.as_str() else {
            return Err(format!("wanted the text {wanted:?}, got {actual}"));
        };
        self.partly(&pieces, actual)
    }

    fn whole(&mut self, inside: &str, actual: &Value) -> Result<(), String> {
        if inside.contains(' ') {
            return typed(inside, actual);
        }
        if let Some(name) = inside.strip_prefix('!') {
            let known = self.get(name)?;
            let differs = known != actual;
            return differs.then_some(()).ok_or(format!("wanted anything but {known}"));
        }
        let name = self.full(inside);
        check_name(&name)?;
        match self.values.get(&name) {
            Some(known) if known == actual => Ok(()),
            Some(known) => Err(format!("wanted {known} ({name}), got {actual}")),
            None => {
                self.values.insert(name, actual.clone());
                Ok(())
            }
        }
    }

    fn partly(&mut self, pieces: &[Piece<'_>], actual: &str) -> Result<(), String> {
        let (mut pattern, mut captured) = ("(?s)^".to_owned(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => pattern.push_str(&regex::escape(literal)),
                Piece::Placeholder("any") => pattern.push_str(".*?"),
                Piece::Placeholder(name) => match self.get(name) {
                    Ok(known) => pattern.push_str(&regex::escape(&spelled(known, Place::Plain))),
                    Err(_) => {
                        let name = self.full(name);
                        check_name(&name)?;
                        captured.push(name);
                        pattern.push_str("(.+?)");
                    }
                },
            }
        }
        pattern.push('$');
        let pattern = Regex::new(&pattern).map_err(|error| error.to_string())?;
        let found = pattern.captures(actual);
        let found = found.ok_or_else(|| format!("{actual:?} does not fit {pattern}"))?;
        for (index, name) in captured.into_iter().enumerate() {
            self.set(&name, &found[index + 1]);
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c));
    fits.then_some(()).ok_or(format!("{name:?} is no name"))
}

/// `repeat 3 x`, `list 3 x`, `byte ff`.
fn made(word: &str, rest: &str) -> Result<Vec<u8>, String> {
    let not_one = || format!("{{{{{word} {rest}}}}} is not understood");
    if word == "byte" {
        return u8::from_str_radix(rest, 16).map(|byte| vec![byte]).map_err(|_| not_one());
    }
    let (times, text) = rest.split_once(' ').ok_or_else(not_one)?;
    let times: usize = times.parse().map_err(|_| not_one())?;
    if times.saturating_mul(text.len() + 1) > GENERATED_MAX {
        return Err(format!("{{{{{word} {rest}}}}} makes too long a text"));
    }
    match word {
        "repeat" => Ok(text.repeat(times).into_bytes()),
        "list" => {
            let numbered = (1..=times).map(|number| text.replace('#', &number.to_string()));
            Ok(numbered.collect::<Vec<_>>().join(",").into_bytes())
        }
        _ => Err(not_one()),
    }
}

fn typed(wanted: &str, actual: &Value) -> Result<(), String> {
    let fits = match wanted {
        "a text" => actual.as_str().is_some_and(|text| !text.is_empty()),
        "a number" => actual.is_number(),
        "a boolean" => actual.is_boolean(),
        "an instant" => actual.as_str().is_some_and(|text| {
            portico::domain::time::Timestamp::parse(text).is_some() && text.ends_with('Z')
        }),
        "an object" => actual.is_object(),
        "an array" => actual.is_array(),
        _ => match wanted.split_once(' ') {
            Some(("with", part)) => actual.as_str().is_some_and(|text| text.contains(part)),
            Some(("without", part)) => actual.as_str().is_some_and(|text| !text.contains(part)),
            _ => return Err(format!("{{{{{wanted}}}}} is not understood")),
        },
    };
    fits.then_some(()).ok_or_else(|| format!("wanted {wanted}, got {actual}"))
}

fn spelled(value: &Value, place: Place) -> String {
    match value {
        Value::String(text) if place == Place::Json => {
            let quoted = value.to_string();
            quoted.get(1..quoted.len() - 1).unwrap_or(text).to_owned()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
