//! Tokens of filters and paths.

use crate::scim::attribute_path::is_word_char;
use crate::scim::error::{ScimError, excerpt};

/// A piece of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    /// Attribute names, operators, numbers, `true`, and whatever else stands unquoted.
    Word(&'a str),
    /// A JSON string, unescaped.
    Text(String),
    End,
}

/// Cuts a text into tokens, one at a time; counts columns as it goes.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    column: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, column: 1 }
    }

    /// Takes a number of bytes, which must end at a character.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }

    /// Where the next token begins, in characters from 1.
    pub(super) const fn column(&self) -> usize {
        self.column + (self.rest.len() - self.remaining().len())
    }

    /// What has not been read yet, without leading blanks.
    pub(super) const fn remaining(&self) -> &'a str {
        self.rest.trim_ascii_start()
    }

    /// Takes a word that follows without any blank.
    pub(super) fn adjacent_word(&mut self) -> Option<&'a str> {
        let length = self.rest.find(|c| !is_word_char(c)).unwrap_or(self.rest.len());
        (length > 0).then(|| self.take(length))
    }

    pub(super) fn peek(&self) -> Result<Token<'a>, ScimError> {
        self.clone().next()
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, ScimError> {
        self.take(self.rest.len() - self.remaining().len());
        let column = self.column;
        let Some(first) = self.rest.chars().next() else { return Ok(Token::End) };
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '[' => Some(Token::OpenBracket),
            ']' => Some(Token::CloseBracket),
            _ => None,
        };
        if let Some(token) = single {
            self.take(1);
            return Ok(token);
        }
        if first == '"' {
            return self.text_literal().map(Token::Text);
        }
        self.adjacent_word().map(Token::Word).ok_or_else(|| {
            ScimError::invalid_filter(format!(
                "Unexpected '{}' at column {column}",
                excerpt(&first.to_string())
            ))
        })
    }

    /// Reads a JSON string; NUL is refused because no store can compare it (S14).
    fn text_literal(&mut self) -> Result<String, ScimError> {
        let column = self.column;
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|(_, c)| {
            let closes = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let text = end
            .and_then(|(end, _)| serde_json::from_str::<String>(self.take(end + 1)).ok())
            .ok_or_else(|| {
                ScimError::invalid_filter(format!("No JSON string at column {column}"))
            })?;
        if text.contains('\0') {
            return Err(ScimError::invalid_filter(format!("NUL in the text at column {column}")));
        }
        Ok(text)
    }
}
