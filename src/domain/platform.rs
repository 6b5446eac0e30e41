//! The platform definition.

/// What the platform has.
#[derive(Debug)]
pub struct Definition;
