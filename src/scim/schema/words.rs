//! The words in which schemas describe attributes (RFC 7643 §2.2, §7).

/// Data type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// JSON `true` or `false`.
    Boolean,
    /// A number without fraction.
    Integer,
    /// A number.
    Decimal,
    /// XSD dateTime.
    DateTime,
    /// Base64.
    Binary,
    /// A URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

impl Kind {
    /// Spells the type as a schema document does.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

/// Who may write an attribute, and when (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// The client at any time.
    ReadWrite,
    /// The server alone.
    ReadOnly,
    /// The client once.
    Immutable,
    /// The client; nobody reads it back.
    WriteOnly,
}

impl Mutability {
    /// Spells the word as a schema document does.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "readWrite",
            Self::ReadOnly => "readOnly",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// When an answer holds an attribute (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// In each answer.
    Always,
    /// In no answer.
    Never,
    /// Unless excluded.
    Default,
    /// Only when named.
    Request,
}

impl Returned {
    /// Spells the word as a schema document does.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

/// Within what a value is unique (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// Not at all.
    None,
    /// In the directory.
    Server,
    /// Over the whole provider.
    Global,
}

impl Uniqueness {
    /// Spells the word as a schema document does.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}
