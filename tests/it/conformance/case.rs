//! What a file of cases says, once it is read.

use serde_json::Value;

/// One file: a chapter of the conformance suite.
#[derive(Debug)]
pub struct Chapter {
    /// Its path from the root of the repository.
    pub path: String,
    /// The text of its first heading.
    pub title: String,
    /// Its cases, in order.
    pub cases: Vec<Case>,
}

/// One sentence about the surface, and the exchanges that prove it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The sentence.
    pub title: String,
    /// The line of its heading.
    pub line: usize,
    /// The requirements that it shows.
    pub shows: Vec<Number>,
    /// The profiles that it runs under, each in a new directory.
    pub profiles: Vec<String>,
    /// What is sent and what must come, in order.
    pub exchanges: Vec<Exchange>,
}

/// Requests and the one answer that each of them must get.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The requests, in order.
    pub requests: Vec<Request>,
    /// How often the block is sent, `{{#}}` counting from 1.
    pub times: usize,
    /// The target goes out as it is written.
    pub raw: bool,
    /// What must come back.
    pub wanted: Wanted,
}

/// A request as it is written, with its placeholders.
#[derive(Debug, Clone)]
pub struct Request {
    /// The line of its method.
    pub line: usize,
    /// The method.
    pub method: String,
    /// Where to: below the base of the directory, unless it names another surface.
    pub target: String,
    /// Names and values, in order; the value `(none)` leaves a header out.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: Option<String>,
}

/// An answer as it is written, with its placeholders.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The line of its status.
    pub line: usize,
    /// The status.
    pub status: u16,
    /// Names and values; the value `(none)` means that the header is not there.
    pub headers: Vec<(String, String)>,
    /// What the body must hold.
    pub body: Option<Value>,
    /// The body holds nothing else.
    pub exactly: bool,
}

/// The number of a requirement: a letter and a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub char, pub u16);

impl Number {
    /// Reads `C118`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let letter = chars.next().filter(char::is_ascii_uppercase)?;
        Some(Self(letter, chars.as_str().parse().ok().filter(|count| *count > 0)?))
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.0, self.1)
    }
}
