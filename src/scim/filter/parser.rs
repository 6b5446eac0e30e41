//! Grammar and bounds of filters. Recursion is as deep as the brackets, which are counted.

use serde_json::{Number, Value};

use super::ast::{Expr, Filter, Literal, Op};
use super::lexer::{Lexer, Token};
use crate::scim::attribute_path::AttributePath;
use crate::scim::dialect::{Dialect, Notes, Tolerance};
use crate::scim::error::{ScimError, excerpt};

/// Longest filter, in bytes (S10).
pub const LENGTH_MAX: usize = 16 * 1024;
/// Deepest nesting of brackets (S10).
pub const DEPTH_MAX: usize = 32;
/// Most comparisons (S10).
pub const TERMS_MAX: usize = 300;

/// Reads a filter.
///
/// # Errors
/// [`ScimError::invalid_filter`] with the column, or with the limit that was passed (C72, C77).
pub fn parse(text: &str, dialect: Dialect) -> Result<Filter, ScimError> {
    parse_prefix(text, dialect, false).map(|(filter, _)| filter)
}

/// Reads the filter inside the brackets of a path, up to and with the `]`; hands back the rest.
///
/// # Errors
/// As [`parse`].
pub(in crate::scim) fn parse_within_path(
    text: &str,
    dialect: Dialect,
) -> Result<(Filter, &str), ScimError> {
    parse_prefix(text, dialect, true)
}

fn parse_prefix(
    text: &str,
    dialect: Dialect,
    bracketed: bool,
) -> Result<(Filter, &str), ScimError> {
    if text.len() > LENGTH_MAX {
        return Err(ScimError::invalid_filter(format!(
            "The filter is longer than {LENGTH_MAX} bytes"
        )));
    }
    let mut parser =
        Parser { lexer: Lexer::new(text), dialect, notes: Notes::default(), depth: 0, terms: 0 };
    let expr = parser.either()?;
    if bracketed {
        parser.expect(&Token::CloseBracket, "']'")?;
    } else if parser.lexer.peek()? != Token::End {
        let (rest, column) = (parser.lexer.remaining(), parser.lexer.column());
        return Err(ScimError::invalid_filter(format!(
            "Unexpected '{}' at column {column}",
            excerpt(rest)
        )));
    }
    let rest = parser.lexer.remaining();
    Ok((Filter { expr, dialect, notes: parser.notes }, rest))
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    dialect: Dialect,
    notes: Notes,
    depth: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn either(&mut self) -> Result<Expr, ScimError> {
        let mut parts = vec![self.both()?];
        while self.takes_word("or")? {
            parts.push(self.both()?);
        }
        Ok(joined(parts, Expr::Or))
    }

    fn both(&mut self) -> Result<Expr, ScimError> {
        let mut parts = vec![self.term()?];
        while self.takes_word("and")? {
            parts.push(self.term()?);
        }
        Ok(joined(parts, Expr::And))
    }

    fn takes_word(&mut self, wanted: &str) -> Result<bool, ScimError> {
        match self.lexer.peek()? {
            Token::Word(word) if word.eq_ignore_ascii_case(wanted) => {
                self.lexer.next()?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn term(&mut self) -> Result<Expr, ScimError> {
        let column = self.lexer.column();
        match self.lexer.next()? {
            Token::Open => self.nested(&Token::Close, "')'"),
            Token::Word(word) => {
                if word.eq_ignore_ascii_case("not") && self.lexer.peek()? == Token::Open {
                    self.lexer.next()?;
                    return Ok(Expr::Not(Box::new(self.nested(&Token::Close, "')'")?)));
                }
                let path = AttributePath::parse(word, column).ok_or_else(|| {
                    ScimError::invalid_filter(format!(
                        "'{}' at column {column} is no attribute name",
                        excerpt(word)
                    ))
                })?;
                self.after_path(path)
            }
            Token::End => {
                Err(ScimError::invalid_filter(format!("The filter ends at column {column}")))
            }
            _ => Err(ScimError::invalid_filter(format!("No attribute name at column {column}"))),
        }
    }

    fn nested(&mut self, close: &Token<'_>, name: &str) -> Result<Expr, ScimError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(ScimError::invalid_filter(format!(
                "The filter nests deeper than {DEPTH_MAX} brackets"
            )));
        }
        let inner = self.either()?;
        self.expect(close, name)?;
        self.depth -= 1;
        Ok(inner)
    }

    fn expect(&mut self, wanted: &Token<'_>, name: &str) -> Result<(), ScimError> {
        let column = self.lexer.column();
        if self.lexer.next()? == *wanted {
            Ok(())
        } else {
            Err(ScimError::invalid_filter(format!("{name} is missing at column {column}")))
        }
    }

    fn after_path(&mut self, path: AttributePath) -> Result<Expr, ScimError> {
        if self.lexer.peek()? != Token::OpenBracket {
            return self.comparison(path);
        }
        self.lexer.next()?;
        let inner = self.nested(&Token::CloseBracket, "']'")?;
        let column = self.lexer.column();
        let Some(word) = self.lexer.adjacent_word() else {
            return Ok(Expr::Element(path, Box::new(inner)));
        };
        let sub = word
            .strip_prefix('.')
            .and_then(|name| AttributePath::parse(name, column + 1))
            .ok_or_else(|| {
                ScimError::invalid_filter(format!("Unexpected text after ']' at column {column}"))
            })?;
        // The extra term joins those inside the brackets, so that one element has to satisfy all
        // of them (C69).
        self.notes.used(Tolerance::ValuePathComparison);
        let mut parts = match inner {
            Expr::And(parts) => parts,
            other => vec![other],
        };
        parts.push(self.comparison(sub)?);
        Ok(Expr::Element(path, Box::new(Expr::And(parts))))
    }

    fn comparison(&mut self, path: AttributePath) -> Result<Expr, ScimError> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(ScimError::invalid_filter(format!(
                "The filter has more than {TERMS_MAX} terms"
            )));
        }
        let column = self.lexer.column();
        let word = match self.lexer.next()? {
            Token::Word(word) => word,
            _ => return Err(ScimError::invalid_filter(format!("No operator at column {column}"))),
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Expr::Present(path));
        }
        let op = Op::parse(word).ok_or_else(|| {
            ScimError::invalid_filter(format!(
                "'{}' at column {column} is no operator",
                excerpt(word)
            ))
        })?;
        let value = self.literal()?;
        Ok(Expr::Compare(path, op, value))
    }

    fn literal(&mut self) -> Result<Literal, ScimError> {
        let column = self.lexer.column();
        let word = match self.lexer.next()? {
            Token::Text(text) => return Ok(Literal::Text(text)),
            Token::Word(word) => word,
            _ => return Err(ScimError::invalid_filter(format!("No value at column {column}"))),
        };
        match serde_json::from_str(word) {
            Ok(Value::Bool(value)) => return Ok(Literal::Bool(value)),
            Ok(Value::Null) => return Ok(Literal::Null),
            Ok(Value::Number(value)) => return Ok(Literal::Number(nearest(word, value))),
            _ => {}
        }
        if let Some(value) = word_boolean(word)
            && self.dialect.allows(Tolerance::WordBoolean)
        {
            self.notes.used(Tolerance::WordBoolean);
            return Ok(Literal::Bool(value));
        }
        if self.dialect.allows(Tolerance::BareWord) && is_bare_word(word) {
            self.notes.used(Tolerance::BareWord);
            return Ok(Literal::Text(word.to_owned()));
        }
        Err(ScimError::invalid_filter(format!(
            "'{}' at column {column} is no JSON value; texts stand in double quotes",
            excerpt(word)
        )))
    }
}

/// Takes the double nearest to the digits, so that a printed fraction reads back as itself; the
/// JSON reader may be off by one unit in the last place.
fn nearest(word: &str, read: Number) -> Number {
    if !read.is_f64() {
        return read;
    }
    word.parse().ok().and_then(Number::from_f64).unwrap_or(read)
}

fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

/// Reads `true` and `false` in any letter case (L2).
pub(in crate::scim) fn word_boolean(word: &str) -> Option<bool> {
    if word.eq_ignore_ascii_case("true") {
        Some(true)
    } else if word.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn is_bare_word(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
