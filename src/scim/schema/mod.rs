//! Schemas as tables: what an attribute is, and how a resource type is put together.
//!
//! Tables are `const`, written with the builder methods below, so that a new attribute is one
//! line. Whatever the tables say is what the engine does and what `/Schemas` publishes: there is no
//! second list (C155, RFC 7643 §2.2, §7). Lookups ignore letter case (C14).

mod words;

pub use words::{Kind, Mutability, Returned, Uniqueness};

/// Longest text of an attribute that sets nothing else, in characters (S9).
pub const LENGTH_MAX: usize = 4_096;
/// Longest text of an attribute that stores compare by key, in characters (S9).
pub const KEY_LENGTH_MAX: usize = 512;
/// Longest binary value or reference, in characters (S9).
pub const LONG_LENGTH_MAX: usize = 65_536;
/// Most elements of a multi-valued attribute that sets nothing else (S9).
pub const ELEMENTS_MAX: usize = 1_000;
/// Most members that one request may name (S9).
pub const MEMBERS_MAX: usize = 200_000;

/// One attribute or sub-attribute; the defaults are those of RFC 7643 §2.2 (C16).
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Canonical spelling.
    pub name: &'static str,
    /// Data type of one value.
    pub kind: Kind,
    /// Whether it holds a list.
    pub multi: bool,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether letter case distinguishes values.
    pub case_exact: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// Within what it is unique.
    pub uniqueness: Uniqueness,
    /// Suggested values (C24).
    pub canonical: &'static [&'static str],
    /// Resource types or `uri`, `external` that a reference points to.
    pub references: &'static [&'static str],
    /// Sentence for `/Schemas`.
    pub description: &'static str,
    /// Sub-attributes of a complex attribute.
    pub subs: &'static [Attribute],
    /// Whether any sub-attribute name is a list of strings (never in a served schema).
    pub open: bool,
    /// Longest text, in characters.
    pub length_max: usize,
    /// Most elements.
    pub elements_max: usize,
}

impl Attribute {
    const fn new(kind: Kind, name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            kind,
            multi: false,
            required: false,
            case_exact: matches!(kind, Kind::Reference | Kind::Binary),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical: &[],
            references: &[],
            description,
            subs: &[],
            open: false,
            length_max: LENGTH_MAX,
            elements_max: ELEMENTS_MAX,
        }
    }

    /// Begins a text attribute.
    pub const fn string(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::String, name, description)
    }

    /// Begins a boolean attribute.
    pub const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Boolean, name, description)
    }

    /// Begins an integer attribute.
    pub const fn integer(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Integer, name, description)
    }

    /// Begins a decimal attribute.
    pub const fn decimal(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Decimal, name, description)
    }

    /// Begins a dateTime attribute.
    pub const fn date_time(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::DateTime, name, description)
    }

    /// Begins a base64 attribute.
    pub const fn binary(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Binary, name, description).at_most(LONG_LENGTH_MAX)
    }

    /// Begins a reference to the given types.
    pub const fn reference(
        name: &'static str,
        description: &'static str,
        types: &'static [&'static str],
    ) -> Self {
        let mut attribute = Self::new(Kind::Reference, name, description);
        attribute.references = types;
        attribute
    }

    /// Begins a complex attribute.
    pub const fn complex(
        name: &'static str,
        description: &'static str,
        subs: &'static [Attribute],
    ) -> Self {
        let mut attribute = Self::new(Kind::Complex, name, description);
        attribute.subs = subs;
        attribute
    }

    /// Begins a complex attribute whose sub-attributes are lists of strings under free names.
    pub const fn open(name: &'static str, description: &'static str) -> Self {
        let mut attribute = Self::new(Kind::Complex, name, description);
        attribute.open = true;
        attribute
    }

    /// Makes it a list.
    #[must_use]
    pub const fn multi(mut self) -> Self {
        self.multi = true;
        self
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Makes letter case count.
    #[must_use]
    pub const fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    /// Leaves writing to the server.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    /// Lets it be set once.
    #[must_use]
    pub const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    /// Makes it write-only, and so never returned.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.mutability = Mutability::WriteOnly;
        self.returned = Returned::Never;
        self
    }

    /// Sets when it is returned.
    #[must_use]
    pub const fn returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    /// Sets within what it is unique.
    #[must_use]
    pub const fn unique(mut self, uniqueness: Uniqueness) -> Self {
        self.uniqueness = uniqueness;
        self
    }

    /// Suggests values.
    #[must_use]
    pub const fn canonical(mut self, values: &'static [&'static str]) -> Self {
        self.canonical = values;
        self
    }

    /// Bounds the text, in characters.
    #[must_use]
    pub const fn at_most(mut self, length_max: usize) -> Self {
        self.length_max = length_max;
        self
    }

    /// Bounds the list.
    #[must_use]
    pub const fn elements(mut self, elements_max: usize) -> Self {
        self.elements_max = elements_max;
        self
    }

    /// Finds a sub-attribute by name in any letter case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        find(self.subs, name)
    }

    /// Tells whether clients may write it at all.
    pub const fn is_read_only(&self) -> bool {
        matches!(self.mutability, Mutability::ReadOnly)
    }

    /// Tells whether it is never shown, and so never compared either (C76).
    pub const fn is_hidden(&self) -> bool {
        matches!(self.returned, Returned::Never)
    }
}

/// Finds an attribute of a table by name in any letter case (C14).
pub fn find(table: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    table.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A named table of attributes (RFC 7643 §7).
#[derive(Debug)]
pub struct Schema {
    /// URN.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Sentence for people.
    pub description: &'static str,
    /// The table.
    pub attributes: &'static [Attribute],
}

/// An extension of a resource type.
#[derive(Debug)]
pub struct Extension {
    /// Its table.
    pub schema: &'static Schema,
    /// Whether each resource must have it.
    pub required: bool,
}

/// A kind of resource: base schema, extensions and endpoint (RFC 7643 §6).
#[derive(Debug)]
pub struct ResourceType {
    /// Name, as in `meta.resourceType` (C34).
    pub name: &'static str,
    /// Endpoint relative to the SCIM base, with its slash.
    pub endpoint: &'static str,
    /// Sentence for people.
    pub description: &'static str,
    /// Base schema.
    pub schema: &'static Schema,
    /// Extensions in the order in which documents show them.
    pub extensions: &'static [Extension],
    /// Attributes that each resource has besides (RFC 7643 §3.1); they come before core attributes
    /// of the same name.
    pub common: &'static [Attribute],
    /// Whether filters find extension attributes without their URN, when unambiguous (C71).
    pub finds_unprefixed: bool,
}

impl ResourceType {
    /// Finds a common or core attribute in any letter case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.common, name).or_else(|| find(self.schema.attributes, name))
    }

    /// Finds an extension by URN in any letter case.
    pub fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions
            .iter()
            .map(|extension| extension.schema)
            .find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Tells whether a URN is the base schema in any letter case.
    pub fn is_base(&self, urn: &str) -> bool {
        self.schema.id.eq_ignore_ascii_case(urn)
    }

    /// Finds the one extension attribute of this name, if exactly one extension has it.
    pub fn unprefixed(&self, name: &str) -> Option<(&'static Schema, &'static Attribute)> {
        let mut found = self
            .extensions
            .iter()
            .filter_map(|ext| Some((ext.schema, find(ext.schema.attributes, name)?)));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}
