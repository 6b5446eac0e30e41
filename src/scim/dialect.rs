//! Which deviations a client is allowed, and which ones it used.
//!
//! A [`Dialect`] is the profile of a directory; a [`Tolerance`] is one row of the register of
//! deviations, `L1` to `L25`; [`Notes`] collects what a request made use of, for the directory's
//! diagnostics. Deciding what a deviation means is not done here: rewrites live in `quirk`.

use std::fmt;

use super::error::excerpt;

/// How many unknown attribute names one request may leave in its notes.
pub const DROPPED_MAX: usize = 64;

/// The profile of a directory: how far its client may stray from the RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// The RFC and the tolerances that are harmless.
    Strict,
    /// Every tolerance but unquoted words in filters.
    #[default]
    Generic,
    /// Microsoft Entra ID.
    Entra,
    /// Okta.
    Okta,
}

impl Dialect {
    /// Every profile, in the order of the reference.
    pub const ALL: [Self; 4] = [Self::Strict, Self::Generic, Self::Entra, Self::Okta];

    /// Spells the profile as settings and the API do.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Generic => "generic",
            Self::Entra => "entra",
            Self::Okta => "okta",
        }
    }

    /// Reads the name of a profile.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == name)
    }

    /// Tells whether a deviation is accepted in this profile.
    pub const fn allows(self, tolerance: Tolerance) -> bool {
        match self {
            Self::Entra => true,
            Self::Strict => tolerance.in_strict(),
            Self::Generic | Self::Okta => !matches!(tolerance, Tolerance::BareWord),
        }
    }
}

/// One row of the register of tolerances; the number is the discriminant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Tolerance {
    /// L1: `op` and message keys in any letter case.
    LetterCase = 1,
    /// L2: booleans as `"True"`, `"false"`, also in filters.
    WordBoolean = 2,
    /// L3: a scalar wrapped in an array of one.
    WrappedScalar = 3,
    /// L4: an object or scalar where an array belongs.
    BareElement = 4,
    /// L5: a member as a bare string.
    BareMember = 5,
    /// L6: `remove` with a list of values.
    RemoveValues = 6,
    /// L7: dotted or URN keys in a value without path.
    FlatKeys = 7,
    /// L8: a value path without match creates the element.
    CreateElement = 8,
    /// L9: manager as a string or an array.
    LooseManager = 9,
    /// L10: a role value that holds JSON text.
    JsonRole = 10,
    /// L11: null, empty array or empty string for unassigned.
    EmptyValue = 11,
    /// L12: extension without its URN in `schemas`.
    UnlistedExtension = 12,
    /// L13: foreign URN in `schemas`.
    ForeignSchema = 13,
    /// L14: core attributes below the core URN.
    NestedCore = 14,
    /// L15: readOnly attributes in a body.
    ReadOnlySent = 15,
    /// L16: `$ref: null` or no `type` in a member.
    UntypedMember = 16,
    /// L17: `emails[type eq "work"].value eq "x"` as a filter.
    ValuePathComparison = 17,
    /// L18: an unquoted word in a filter.
    BareWord = 18,
    /// L19: trailing `?`, `&`, `/`, unknown parameters, `+`.
    LooseUrl = 19,
    /// L20: a body as `application/json`.
    PlainJson = 20,
    /// L21: no User-Agent.
    NoUserAgent = 21,
    /// L22: PATCH without operations.
    NoOperations = 22,
    /// L23: a group replaced without `members` keeps them.
    MembersOmitted = 23,
    /// L24: password of any strength, discarded.
    AnyPassword = 24,
    /// L25: SCIM 1.1 schema URNs, refused with the right one named.
    OldSchema = 25,
}

impl Tolerance {
    /// Every row of the register, in order.
    pub const ALL: [Self; 25] = [
        Self::LetterCase,
        Self::WordBoolean,
        Self::WrappedScalar,
        Self::BareElement,
        Self::BareMember,
        Self::RemoveValues,
        Self::FlatKeys,
        Self::CreateElement,
        Self::LooseManager,
        Self::JsonRole,
        Self::EmptyValue,
        Self::UnlistedExtension,
        Self::ForeignSchema,
        Self::NestedCore,
        Self::ReadOnlySent,
        Self::UntypedMember,
        Self::ValuePathComparison,
        Self::BareWord,
        Self::LooseUrl,
        Self::PlainJson,
        Self::NoUserAgent,
        Self::NoOperations,
        Self::MembersOmitted,
        Self::AnyPassword,
        Self::OldSchema,
    ];

    /// Number of the row, 1 to 25.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Says in a few words what is tolerated.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::LetterCase => "letter case of `op` and of message keys",
            Self::WordBoolean => "booleans as words",
            Self::WrappedScalar => "single values in an array",
            Self::BareElement => "an object where an array belongs",
            Self::BareMember => "members as bare ids",
            Self::RemoveValues => "`remove` with a list of values",
            Self::FlatKeys => "dotted or URN keys in a value without path",
            Self::CreateElement => "a path that selects nothing makes the element",
            Self::LooseManager => "the manager as a text or an array",
            Self::JsonRole => "a role that holds JSON text",
            Self::EmptyValue => "null and empty values for unassigned",
            Self::UnlistedExtension => "an extension that `schemas` does not list",
            Self::ForeignSchema => "foreign URNs in `schemas`",
            Self::NestedCore => "core attributes below the core URN",
            Self::ReadOnlySent => "read-only attributes in a body",
            Self::UntypedMember => "members without type or reference",
            Self::ValuePathComparison => "a comparison behind the brackets of a filter",
            Self::BareWord => "words without quotes in a filter",
            Self::LooseUrl => "loose spelling of the URL",
            Self::PlainJson => "bodies as application/json",
            Self::NoUserAgent => "no User-Agent",
            Self::NoOperations => "PATCH without operations",
            Self::MembersOmitted => "a group replaced without members keeps them",
            Self::AnyPassword => "a password, discarded",
            Self::OldSchema => "schemas of SCIM 1.1, refused by name",
        }
    }

    /// Tells whether the strict profile accepts it too (column S of the register).
    pub const fn in_strict(self) -> bool {
        !matches!(
            self,
            Self::WordBoolean
                | Self::WrappedScalar
                | Self::BareMember
                | Self::RemoveValues
                | Self::FlatKeys
                | Self::CreateElement
                | Self::LooseManager
                | Self::JsonRole
                | Self::ForeignSchema
                | Self::NestedCore
                | Self::BareWord
                | Self::NoOperations
                | Self::MembersOmitted
        )
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.number())
    }
}

/// What one request made use of: tolerances and attributes that were dropped as unknown (D11).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    used: u32,
    dropped: Vec<String>,
}

impl Notes {
    /// Records the use of a tolerance; twice counts once.
    pub fn used(&mut self, tolerance: Tolerance) {
        self.used |= 1 << tolerance.number();
    }

    /// Records an unknown attribute; beyond [`DROPPED_MAX`] names are forgotten.
    pub fn dropped(&mut self, name: &str) {
        if self.dropped.len() < DROPPED_MAX {
            self.dropped.push(excerpt(name));
        }
    }

    /// Takes over what other notes hold.
    pub fn merge(&mut self, other: &Self) {
        self.used |= other.used;
        let room = DROPPED_MAX.saturating_sub(self.dropped.len());
        self.dropped.extend(other.dropped.iter().take(room).cloned());
    }

    /// Lists the tolerances used, by number.
    pub fn tolerances(&self) -> impl Iterator<Item = Tolerance> + '_ {
        Tolerance::ALL.into_iter().filter(|row| self.has(*row))
    }

    /// Gives the numbers of the tolerances used as bits, and bit 0 for unknown attributes (D11).
    pub fn bits(&self) -> u32 {
        self.used | u32::from(!self.dropped.is_empty())
    }

    /// Tells whether a tolerance was used.
    pub const fn has(&self, tolerance: Tolerance) -> bool {
        self.used & (1 << tolerance.number()) != 0
    }

    /// Names the attributes that no schema knows, as sent and cut to a short excerpt.
    pub fn dropped_names(&self) -> &[String] {
        &self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_register_are_numbered_without_gaps() {
        let numbers: Vec<u8> = Tolerance::ALL.iter().map(|row| row.number()).collect();
        assert_eq!(numbers, (1..=25).collect::<Vec<u8>>());
        assert_eq!(Tolerance::BareWord.to_string(), "L18");
    }

    #[test]
    fn bare_words_are_for_entra_alone_l18() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.allows(Tolerance::BareWord), dialect == Dialect::Entra);
        }
    }

    #[test]
    fn the_strict_profile_refuses_what_changes_the_meaning_of_a_body() {
        assert!(!Dialect::Strict.allows(Tolerance::RemoveValues));
        assert!(Dialect::Strict.allows(Tolerance::ReadOnlySent));
        assert!(Dialect::Generic.allows(Tolerance::RemoveValues));
    }

    #[test]
    fn profiles_are_read_by_their_names() {
        assert_eq!(Dialect::parse("entra"), Some(Dialect::Entra));
        assert_eq!(Dialect::parse("Entra"), None);
    }

    #[test]
    fn notes_count_a_tolerance_once_and_keep_a_bounded_list_of_names() {
        let mut notes = Notes::default();
        notes.used(Tolerance::LetterCase);
        notes.used(Tolerance::LetterCase);
        assert_eq!(notes.tolerances().collect::<Vec<_>>(), [Tolerance::LetterCase]);
        for _ in 0..=DROPPED_MAX {
            notes.dropped("x");
        }
        assert_eq!(notes.dropped_names().len(), DROPPED_MAX);
    }
}
