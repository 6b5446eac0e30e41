//! A strict reader of XML: one pass, no tree, nothing recovered (G1 to G3).
//!
//! `quick-xml` finds tags and resolves prefixes; what it leaves open is checked here: names,
//! characters, the grammar of attributes, duplicate and reserved ones, namespaces, entities, depth
//! and numbers. What passes is read alike by every parser: that is the point. Nothing is fetched
//! and nothing is expanded but the five entities of XML and character references.

use std::collections::HashSet;

use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::lexical::{
    attribute_value, check_name, check_namespace, is_char, is_space, resolved, scan,
};
use crate::domain::saml::fault::{Fault, Found};

/// Elements of a document, at most.
pub const ELEMENTS_MAX: usize = 20_000;
/// Nested elements, at most.
pub const DEPTH_MAX: usize = 24;
/// Attributes of an element, at most, declarations aside.
pub const ATTRIBUTES_MAX: usize = 64;
/// Namespace declarations of an element, at most.
pub const NAMESPACES_MAX: usize = 32;

/// Declares the namespaces that are known.
macro_rules! namespaces {
    ($($(#[$doc:meta])* $name:ident = $uri:literal,)+) => {
        /// A namespace, by what it means to us.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Ns {
            $($(#[$doc])* $name,)+
            /// No namespace.
            None,
            /// Any other.
            Other,
        }

        impl Ns {
            /// The namespace of this URI.
            #[must_use]
            pub fn of(uri: &[u8]) -> Self {
                $(if uri == $uri.as_bytes() { return Self::$name; })+
                if uri.is_empty() { Self::None } else { Self::Other }
            }
        }
    };
}

namespaces! {
    /// The SAML protocol.
    Protocol = "urn:oasis:names:tc:SAML:2.0:protocol",
    /// SAML assertions.
    Assertion = "urn:oasis:names:tc:SAML:2.0:assertion",
    /// XML signatures.
    Dsig = "http://www.w3.org/2000/09/xmldsig#",
    /// XML signatures, second part.
    Dsig11 = "http://www.w3.org/2009/xmldsig11#",
    /// XML encryption.
    Enc = "http://www.w3.org/2001/04/xmlenc#",
    /// XML encryption, second part.
    Enc11 = "http://www.w3.org/2009/xmlenc11#",
    /// Exclusive canonicalization.
    ExcC14n = "http://www.w3.org/2001/10/xml-exc-c14n#",
    /// SAML metadata.
    Metadata = "urn:oasis:names:tc:SAML:2.0:metadata",
    /// What XML itself reserves.
    Xml = "http://www.w3.org/XML/1998/namespace",
}

/// An attribute, its value as XML means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its namespace.
    pub ns: Ns,
    /// Its name without prefix.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The start of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its namespace.
    pub ns: Ns,
    /// Its name without prefix.
    pub name: String,
    /// Its attributes, without namespace declarations.
    pub attributes: Vec<Attribute>,
}

impl Start {
    /// Whether this is the element of that name.
    #[must_use]
    pub fn is(&self, ns: Ns, name: &str) -> bool {
        self.ns == ns && self.name == name
    }

    /// The value of an attribute without namespace.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|one| one.ns == Ns::None && one.name == name);
        found.map(|one| one.value.as_str())
    }
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// An element begins.
    Start(Start),
    /// Characters, entities resolved; an element's text may come in parts.
    Text(String),
    /// The element that began last and has not ended ends.
    End,
}

/// How much there was to do: bounded by what was sent, and shown by tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Bytes that were read.
    pub bytes: usize,
    /// Elements.
    pub elements: usize,
    /// Attributes and declarations.
    pub attributes: usize,
    /// The deepest nesting.
    pub depth: usize,
    /// Signatures.
    pub signatures: usize,
    /// Times that a signature was verified, one certificate each.
    pub verified: usize,
    /// Times that a key was decrypted.
    pub decrypted: usize,
}

/// A strict reader over a document.
pub struct Reader<'t> {
    text: &'t str,
    inner: NsReader<&'t [u8]>,
    depth: usize,
    began: bool,
    ended: bool,
    comments: bool,
    /// How much there was to do so far.
    pub work: Work,
}

impl<'t> Reader<'t> {
    /// A reader over a text.
    ///
    /// # Errors
    /// [`Fault::NotWellFormed`] for characters that XML does not have, [`Fault::OutsideRoot`] for
    /// a byte order mark.
    pub fn new(text: &'t str) -> Result<Self, Found> {
        if text.starts_with('\u{feff}') {
            return Err(Fault::OutsideRoot.with("a byte order mark"));
        }
        if !text.chars().all(is_char) {
            return Err(Fault::NotWellFormed.with("a character that XML does not have"));
        }
        let mut inner = NsReader::from_str(text);
        inner.config_mut().expand_empty_elements = true;
        inner.config_mut().check_end_names = true;
        inner.resolver_mut().set_max_declarations_per_element(NAMESPACES_MAX);
        let work = Work { bytes: text.len(), ..Work::default() };
        Ok(Self { text, inner, depth: 0, began: false, ended: false, comments: false, work })
    }

    /// Lets comments be, as metadata has them: nothing in it is a person's name.
    #[must_use]
    pub const fn with_comments(mut self) -> Self {
        self.comments = true;
        self
    }

    /// What comes next; `None` after the end of the document.
    ///
    /// # Errors
    /// [`Found`] for everything that is not allowed; the reader is of no use after that.
    pub fn next(&mut self) -> Result<Option<Token>, Found> {
        loop {
            let at = self.inner.buffer_position();
            let event = self.inner.read_event().map_err(|error| sort(&error))?;
            match event {
                Event::Start(start) => return self.start(&start).map(Some),
                Event::End(_) => return self.end().map(Some),
                Event::Text(text) => {
                    if let Some(token) = self.text(&text.into_inner())? {
                        return Ok(Some(token));
                    }
                }
                Event::GeneralRef(name) => return self.reference(&name).map(Some),
                Event::Decl(declared) => self.declaration(at, &declared)?,
                Event::Eof if self.ended && self.depth == 0 => return Ok(None),
                Event::Eof => return Err(Fault::NotWellFormed.with("the document ends early")),
                Event::DocType(_) => return Err(Fault::Doctype.into()),
                Event::Comment(_) if self.comments => {}
                Event::Comment(_) => return Err(Fault::Comment.into()),
                Event::PI(_) => return Err(Fault::Instruction.into()),
                Event::CData(_) => return Err(Fault::Cdata.into()),
                Event::Empty(_) => return Err(Fault::NotWellFormed.into()),
            }
        }
    }

    fn declaration(&self, at: u64, declared: &BytesDecl<'_>) -> Result<(), Found> {
        if at != 0 || self.began || !self.text.starts_with("<?xml ") {
            return Err(Fault::Instruction.with("an XML declaration that is not at the start"));
        }
        let said = utf8(declared)?.strip_prefix("xml").ok_or(Fault::NotWellFormed)?;
        match scan(said)?.as_slice() {
            [("version", "1.0"), rest @ ..] => match rest {
                [] | [("standalone", "yes" | "no")] => Ok(()),
                [("encoding", name)] | [("encoding", name), ("standalone", "yes" | "no")]
                    if name.eq_ignore_ascii_case("utf-8") =>
                {
                    Ok(())
                }
                _ => Err(Fault::Encoding.with("another encoding than UTF-8 is declared")),
            },
            _ => Err(Fault::NotWellFormed.with("the XML declaration")),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<Token, Found> {
        if self.ended {
            return Err(Fault::OutsideRoot.with("a second root"));
        }
        self.began = true;
        self.depth += 1;
        self.work.elements += 1;
        self.work.depth = self.work.depth.max(self.depth);
        if self.depth > DEPTH_MAX {
            return Err(Fault::TooDeep.into());
        }
        if self.work.elements > ELEMENTS_MAX {
            return Err(Fault::TooManyElements.into());
        }
        let name = utf8(start.name().0)?;
        check_name(name)?;
        let raw = scan(utf8(start.attributes_raw())?)?;
        self.work.attributes += raw.len();
        let (namespace, local) = self.inner.resolver().resolve_element(start.name());
        let ns = bound(&namespace)?;
        let name = utf8(local.as_ref())?.to_owned();
        let attributes = self.attributes(&raw)?;
        Ok(Token::Start(Start { ns, name, attributes }))
    }

    /// Attributes with their namespaces; declarations are checked and left out.
    fn attributes(&self, raw: &[(&str, &str)]) -> Result<Vec<Attribute>, Found> {
        let (mut declared, mut found) = (0, Vec::new());
        // By whole namespace, as other parsers see them: two prefixes may mean one.
        let mut seen: HashSet<(Vec<u8>, &str)> = HashSet::new();
        let mut written: HashSet<&str> = HashSet::new();
        for &(name, value) in raw {
            if !written.insert(name) {
                return Err(Fault::DuplicateAttribute.with(name));
            }
            if name == "xmlns" || name.starts_with("xmlns:") {
                declared += 1;
                check_namespace(name, value)?;
                continue;
            }
            check_name(name)?;
            let qualified = quick_xml::name::QName(name.as_bytes());
            let (namespace, local) = self.inner.resolver().resolve_attribute(qualified);
            let ns = bound(&namespace)?;
            let uri = match namespace {
                ResolveResult::Bound(uri) => uri.into_inner().to_vec(),
                _ => Vec::new(),
            };
            let local = utf8(local.into_inner())?;
            if !seen.insert((uri, local)) {
                return Err(Fault::DuplicateAttribute.with(name));
            }
            found.push(Attribute { ns, name: local.to_owned(), value: attribute_value(value)? });
        }
        if found.len() > ATTRIBUTES_MAX || declared > NAMESPACES_MAX {
            return Err(Fault::TooManyElements.with("attributes or declarations"));
        }
        Ok(found)
    }

    fn end(&mut self) -> Result<Token, Found> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::NotWellFormed)?;
        self.ended = self.depth == 0;
        Ok(Token::End)
    }

    fn text(&self, bytes: &[u8]) -> Result<Option<Token>, Found> {
        let text = utf8(bytes)?;
        if self.depth == 0 {
            if text.chars().all(is_space) {
                return Ok(None);
            }
            return Err(Fault::OutsideRoot.with("text"));
        }
        if text.contains("]]>") {
            return Err(Fault::NotWellFormed.with("]]> in a text"));
        }
        Ok(Some(Token::Text(text.to_owned())))
    }

    fn reference(&self, name: &[u8]) -> Result<Token, Found> {
        if self.depth == 0 {
            return Err(Fault::OutsideRoot.with("an entity"));
        }
        resolved(&format!("&{};", utf8(name)?)).map(Token::Text)
    }
}

fn bound(resolved: &ResolveResult<'_>) -> Result<Ns, Found> {
    match resolved {
        ResolveResult::Bound(uri) => Ok(Ns::of(uri.as_ref())),
        ResolveResult::Unbound => Ok(Ns::None),
        ResolveResult::Unknown(_) => Err(Fault::Namespace.with("a prefix is not declared")),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Found> {
    std::str::from_utf8(bytes).map_err(|_| Fault::Encoding.into())
}

/// The fault behind an error of the tokenizer.
fn sort(error: &quick_xml::Error) -> Found {
    match error {
        quick_xml::Error::Namespace(_) => Fault::Namespace.into(),
        _ => Fault::NotWellFormed.into(),
    }
}
