//! A small tree of a document that passed: for reading values, never for deciding what is signed.
//!
//! It is built from octets that a verifier returned, from an unsigned envelope of which only
//! reasons to refuse are read, and from metadata.

use super::reader::{Ns, Reader, Start, Token};
use crate::domain::saml::fault::{Fault, Found};

/// An element with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name and attributes.
    pub start: Start,
    /// Its elements, in order.
    pub children: Vec<Element>,
    /// Its own text, without that of its elements.
    pub text: String,
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Found`], as the reader finds it.
    pub fn read(text: &str) -> Result<Self, Found> {
        Self::build(Reader::new(text)?)
    }

    /// Reads a document that may have comments: metadata.
    ///
    /// # Errors
    /// [`Found`], as the reader finds it.
    pub fn read_with_comments(text: &str) -> Result<Self, Found> {
        Self::build(Reader::new(text)?.with_comments())
    }

    fn build(mut reader: Reader<'_>) -> Result<Self, Found> {
        let mut open: Vec<Self> = Vec::new();
        while let Some(token) = reader.next()? {
            match token {
                Token::Start(start) => {
                    open.push(Self { start, children: Vec::new(), text: String::new() });
                }
                Token::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                Token::End => {
                    let ended = open.pop().ok_or(Fault::NotWellFormed)?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(ended),
                        // The reader lets nothing follow the root.
                        None => return reader.next().map(|_| ended),
                    }
                }
            }
        }
        Err(Fault::NotWellFormed.into())
    }

    /// Whether this is the element of that name.
    #[must_use]
    pub fn is(&self, ns: Ns, name: &str) -> bool {
        self.start.is(ns, name)
    }

    /// The elements of that name, in order.
    pub fn all<'e>(&'e self, ns: Ns, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.is(ns, name))
    }

    /// The first element of that name.
    #[must_use]
    pub fn child(&self, ns: Ns, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(ns, name))
    }

    /// The value of an attribute without namespace.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.start.attribute(name)
    }

    /// Its text without white space around it.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.text.trim_matches(super::lexical::is_space)
    }
}
