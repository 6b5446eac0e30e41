//! References to things of the platform.

/// `kind:key`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceRef(String);

impl ResourceRef {
    /// Reads `kind:key`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

impl std::fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
