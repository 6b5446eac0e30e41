//! What is looked at before any verifier sees a message: one strict pass, no tree (G4 to G7).
//!
//! It decides what the message claims to be: which root, which id, one assertion and where, what is
//! signed. Everything that the verifier behind could be led astray by is refused here, so that its
//! only question is whether the octets of one known element were signed.

use std::collections::HashSet;

use super::lexical::{is_ncname, is_space};
use super::reader::{Ns, Reader, Start, Token, Work};
use super::shape::{self, FOREIGN, IN_VALUE, Shape, Within};
use super::signed;
use crate::domain::saml::fault::{Fault, Found};

/// Most bytes of a decoded message.
pub const MESSAGE_MAX: usize = 768 * 1024;
/// Signatures of a message, at most: of the response and of its assertion.
pub const SIGNATURES_MAX: usize = 2;
/// Longest id, in bytes.
pub const ID_MAX: usize = 256;
/// The status of a sign-in that worked.
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// What a message must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// A `Response`.
    Response,
    /// An `Assertion` of its own: what was signed or encrypted alone.
    Assertion,
    /// A `LogoutRequest`.
    LogoutRequest,
    /// A `LogoutResponse`.
    LogoutResponse,
}

impl Root {
    const fn name(self) -> (Ns, &'static str) {
        match self {
            Self::Response => (Ns::Protocol, "Response"),
            Self::Assertion => (Ns::Assertion, "Assertion"),
            Self::LogoutRequest => (Ns::Protocol, "LogoutRequest"),
            Self::LogoutResponse => (Ns::Protocol, "LogoutResponse"),
        }
    }
}

/// The assertion of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inner {
    /// It can be read.
    Plain {
        /// Its id.
        id: String,
        /// Whether it has a signature.
        signed: bool,
    },
    /// It is encrypted.
    Encrypted,
}

/// A message that passed: only such are given to anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked<'t> {
    /// The message.
    pub text: &'t str,
    /// The id of its root.
    pub id: String,
    /// Whether its root has a signature.
    pub signed: bool,
    /// Its assertion; only a response that reports an error has none.
    pub inner: Option<Inner>,
    /// How much there was to do.
    pub work: Work,
}

/// An element that has begun and not ended.
pub(super) struct Open {
    pub(super) ns: Ns,
    pub(super) name: String,
    pub(super) id: Option<String>,
    shape: &'static Shape,
    counts: Vec<u16>,
    children: usize,
    first: Option<(Ns, String)>,
}

/// The pass over a message.
pub(super) struct Pass {
    pub(super) open: Vec<Open>,
    ids: HashSet<String>,
    root: Root,
    root_id: String,
    signed: bool,
    inner: Option<Inner>,
    status: Option<String>,
    pub(super) signatures: usize,
    pub(super) transforms: usize,
    pub(super) references: usize,
}

/// Looks at a message.
///
/// # Errors
/// [`Found`] with the first thing that is not as it must be.
pub fn check(text: &str, root: Root) -> Result<Checked<'_>, Found> {
    if text.len() > MESSAGE_MAX {
        return Err(Fault::TooLarge.into());
    }
    let mut reader = Reader::new(text)?;
    let mut pass = Pass {
        open: Vec::new(),
        ids: HashSet::new(),
        root,
        root_id: String::new(),
        signed: false,
        inner: None,
        status: None,
        signatures: 0,
        transforms: 0,
        references: 0,
    };
    while let Some(token) = reader.next()? {
        match token {
            Token::Start(start) => pass.start(&start)?,
            Token::Text(text) => pass.text(&text)?,
            Token::End => pass.end()?,
        }
    }
    let errs = pass.status.as_deref().is_some_and(|status| status != SUCCESS);
    if root == Root::Response && pass.inner.is_none() && !errs {
        return Err(Fault::Assertions.with("none"));
    }
    let work = Work { signatures: pass.signatures, ..reader.work };
    Ok(Checked { text, id: pass.root_id, signed: pass.signed, inner: pass.inner, work })
}

impl Pass {
    fn start(&mut self, start: &Start) -> Result<(), Found> {
        let id = self.ids(start)?;
        let shape = match self.open.last_mut() {
            None => self.root(start, id.as_deref())?,
            Some(parent) => parent.take(start)?,
        };
        self.notable(start, id.as_deref())?;
        self.open.push(Open {
            ns: start.ns,
            name: start.name.clone(),
            id,
            shape,
            counts: vec![0; shape.children.len()],
            children: 0,
            first: None,
        });
        Ok(())
    }

    /// The id of an element: unique, and written as its namespace writes it (G4).
    fn ids(&mut self, start: &Start) -> Result<Option<String>, Found> {
        let mut own = None;
        for one in &start.attributes {
            let ours = matches!(one.ns, Ns::Protocol | Ns::Assertion | Ns::Dsig | Ns::Enc);
            if ours {
                return Err(Fault::ForeignId.with(&one.name));
            }
            if !one.name.eq_ignore_ascii_case("id") {
                continue;
            }
            let expected = match start.ns {
                Ns::Protocol | Ns::Assertion => &["ID"][..],
                Ns::Dsig | Ns::Enc => &["Id"],
                _ => &["ID", "Id", "id"],
            };
            if one.ns != Ns::None || !expected.contains(&one.name.as_str()) {
                return Err(Fault::ForeignId.with(&one.name));
            }
            if !is_ncname(&one.value) || one.value.len() > ID_MAX {
                return Err(Fault::Id.with(&one.value));
            }
            if !self.ids.insert(one.value.clone()) {
                return Err(Fault::DuplicateId.with(&one.value));
            }
            own = Some(one.value.clone());
        }
        Ok(own)
    }

    fn root(&mut self, start: &Start, id: Option<&str>) -> Result<&'static Shape, Found> {
        let (ns, name) = self.root.name();
        if !start.is(ns, name) {
            return Err(Fault::Root.with(&start.name));
        }
        if start.attribute("Version") != Some("2.0") {
            return Err(Fault::Root.with("another version than 2.0"));
        }
        self.root_id = id.ok_or(Fault::Id)?.to_owned();
        shape::of(ns, name, None).ok_or_else(|| Fault::Root.into())
    }

    /// What the outcome depends on.
    fn notable(&mut self, start: &Start, id: Option<&str>) -> Result<(), Found> {
        let depth = self.open.len();
        match (start.ns, start.name.as_str()) {
            (Ns::Assertion, "Assertion") if depth == 1 => {
                if start.attribute("Version") != Some("2.0") {
                    return Err(Fault::Root.with("another version than 2.0"));
                }
                let id = id.ok_or(Fault::Id)?.to_owned();
                self.inner(Inner::Plain { id, signed: false })
            }
            (Ns::Assertion, "EncryptedAssertion") => self.inner(Inner::Encrypted),
            (Ns::Protocol, "StatusCode") if depth == 2 => {
                self.status = start.attribute("Value").map(str::to_owned);
                Ok(())
            }
            (Ns::Dsig, "Signature") => self.signature(),
            (Ns::Dsig, _) => signed::check(self, start),
            _ => Ok(()),
        }
    }

    fn inner(&mut self, inner: Inner) -> Result<(), Found> {
        if self.inner.is_some() {
            return Err(Fault::Assertions.with("several"));
        }
        self.inner = Some(inner);
        Ok(())
    }

    /// A signature is right after the issuer of what it signs (G6).
    fn signature(&mut self) -> Result<(), Found> {
        self.signatures += 1;
        if self.signatures > SIGNATURES_MAX {
            return Err(Fault::TooManySignatures.into());
        }
        (self.transforms, self.references) = (0, 0);
        let depth = self.open.len();
        let parent = self.open.last().ok_or(Fault::SignatureShape)?;
        let first = parent.first.as_ref();
        let after_issuer = first.is_some_and(|(ns, name)| (*ns, name.as_str()) == ISSUER);
        if parent.children != 2 || !after_issuer {
            return Err(Fault::SignatureShape.with("it is not right after the issuer"));
        }
        match (depth, &mut self.inner) {
            (1, _) => self.signed = true,
            (2, Some(Inner::Plain { signed, .. })) => *signed = true,
            _ => return Err(Fault::SignatureShape.with("it is somewhere else")),
        }
        Ok(())
    }

    fn text(&self, text: &str) -> Result<(), Found> {
        let open = self.open.last().ok_or(Fault::OutsideRoot)?;
        if open.shape.text || text.chars().all(is_space) {
            return Ok(());
        }
        Err(Fault::Text.with(&open.name))
    }

    fn end(&mut self) -> Result<(), Found> {
        let open = self.open.pop().ok_or(Fault::NotWellFormed)?;
        let lacking =
            open.shape.children.iter().zip(&open.counts).find(|(child, count)| child.min > **count);
        match lacking {
            Some((child, _)) if child.ns == Ns::Dsig => {
                Err(Fault::SignatureShape.with(&format!("{} has no {}", open.name, child.name)))
            }
            Some((child, _)) => {
                Err(Fault::Element.with(&format!("{} has no {}", open.name, child.name)))
            }
            None => Ok(()),
        }
    }
}

/// What a signature comes after.
const ISSUER: (Ns, &str) = (Ns::Assertion, "Issuer");

impl Open {
    /// Takes a child, if it may be here, and answers what may be in it.
    fn take(&mut self, start: &Start) -> Result<&'static Shape, Found> {
        self.children += 1;
        if self.first.is_none() {
            self.first = Some((start.ns, start.name.clone()));
        }
        if self.shape.within != Within::Named {
            return self.take_foreign(start);
        }
        let mut named = self.shape.children.iter().zip(&mut self.counts);
        let found = named.find(|(child, _)| start.is(child.ns, child.name));
        let Some((child, count)) = found else { return Err(self.misplaced(start)) };
        *count = count.saturating_add(1);
        if *count > child.max {
            return Err(match (start.ns, start.name.as_str()) {
                (Ns::Assertion, "Assertion" | "EncryptedAssertion") => {
                    Fault::Assertions.with("several")
                }
                (Ns::Assertion, "Conditions") => Fault::Conditions.with("several"),
                (Ns::Dsig, _) => Fault::SignatureShape.with(&format!("several {}", start.name)),
                _ => Fault::Element.with(&format!("several {}", start.name)),
            });
        }
        shape::of(start.ns, &start.name, Some((self.ns, &self.name)))
            .ok_or_else(|| self.misplaced(start))
    }

    /// Anything foreign, and nothing that means something to SAML (G5).
    fn take_foreign(&self, start: &Start) -> Result<&'static Shape, Found> {
        let value = self.shape.within == Within::Value;
        match start.ns {
            Ns::Assertion if value && start.name == "NameID" => {
                shape::of(start.ns, &start.name, None).ok_or_else(|| self.misplaced(start))
            }
            Ns::Other | Ns::None | Ns::Metadata if value => Ok(&IN_VALUE),
            Ns::Other | Ns::None | Ns::Metadata => Ok(&FOREIGN),
            _ => Err(self.misplaced(start)),
        }
    }

    fn misplaced(&self, start: &Start) -> Found {
        let fault = match (start.ns, start.name.as_str()) {
            (Ns::Assertion, "Assertion" | "EncryptedAssertion") => Fault::Assertions,
            (Ns::Assertion, "EncryptedID" | "EncryptedAttribute") => Fault::EncryptedPart,
            (Ns::Protocol, "Response") => Fault::Assertions,
            (Ns::Dsig, "Signature") => Fault::SignatureShape,
            _ if self.ns == Ns::Assertion && self.name == "Conditions" => Fault::Conditions,
            _ if self.ns == Ns::Dsig => Fault::SignatureShape,
            _ => Fault::Element,
        };
        fault.with(&format!("{} within {}", start.name, self.name))
    }
}
