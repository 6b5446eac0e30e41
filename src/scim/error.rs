//! The one error of the protocol: a status, a `scimType` and a sentence for the client's admin.
//!
//! Every refusal of the engine is a [`ScimError`], and its JSON body is written here alone
//! (RFC 7644 §3.12). It never holds a cause from inside: the detail is meant for strangers, so it
//! names attributes and positions, and quotes only short pieces of what the client itself sent.

use serde_json::{Value, json};

/// Message schema of an error body.
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Longest piece of a client's own text that a detail quotes, in characters (C161).
const EXCERPT_MAX: usize = 60;

/// Error keywords of RFC 7644 table 9 and of RFC 9865.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter does not parse or names what cannot be compared.
    InvalidFilter,
    /// The query asks for more than the server computes.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// A readOnly or immutable attribute would change.
    Mutability,
    /// The message is not well formed.
    InvalidSyntax,
    /// The path does not parse or names no attribute.
    InvalidPath,
    /// The path selects nothing.
    NoTarget,
    /// A value is missing or of the wrong type.
    InvalidValue,
    /// The protocol version is not spoken here.
    InvalidVers,
    /// The query holds personal data that must not be in a URL.
    Sensitive,
    /// The cursor is not one of ours (RFC 9865).
    InvalidCursor,
    /// The cursor is too old (RFC 9865).
    ExpiredCursor,
    /// The count differs from that of the first page (RFC 9865).
    InvalidCount,
}

impl ScimType {
    /// Spells the keyword as the wire wants it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

/// A refusal as the client sees it (RFC 7644 §3.12).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// HTTP status, 300 to 599.
    pub status: u16,
    /// Keyword, where the RFC has one for the case.
    pub scim_type: Option<ScimType>,
    /// Sentence for the admin on the other side (C161).
    pub detail: String,
    /// A reference leads to nothing: a failure that Entra does not count (E27).
    pub dangling: bool,
}

impl ScimError {
    /// Builds an error with a status and no keyword.
    pub fn status(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into(), dangling: false }
    }

    fn typed(status: u16, scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { scim_type: Some(scim_type), ..Self::status(status, detail) }
    }

    /// Answers 400 `invalidFilter`.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidFilter, detail)
    }

    /// Answers 400 `tooMany`.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::TooMany, detail)
    }

    /// Answers 409 `uniqueness`.
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::typed(409, ScimType::Uniqueness, detail)
    }

    /// Answers 400 `mutability`.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::Mutability, detail)
    }

    /// Answers 400 `invalidSyntax`.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidSyntax, detail)
    }

    /// Answers 400 `invalidPath`.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidPath, detail)
    }

    /// Answers 400 `noTarget`.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::NoTarget, detail)
    }

    /// Answers 400 `invalidValue`.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidValue, detail)
    }

    /// Answers 400 `invalidCursor`, worded alike for all cursors that are none of ours (N4).
    pub fn invalid_cursor() -> Self {
        Self::typed(
            400,
            ScimType::InvalidCursor,
            "The cursor does not belong to this query: begin again with an empty cursor",
        )
    }

    /// Answers 400 `expiredCursor`.
    pub fn expired_cursor(timeout_s: i64) -> Self {
        Self::typed(
            400,
            ScimType::ExpiredCursor,
            format!(
                "The cursor is older than {timeout_s} seconds: begin again with an empty cursor"
            ),
        )
    }

    /// Answers 400 `invalidCount`.
    pub fn invalid_count(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidCount, detail)
    }

    /// Answers 400 `invalidVers`.
    pub fn invalid_vers(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidVers, detail)
    }

    /// Answers 403 `sensitive`.
    pub fn sensitive(detail: impl Into<String>) -> Self {
        Self::typed(403, ScimType::Sensitive, detail)
    }

    /// Answers 404, worded alike for unknown, deleted, malformed and foreign ids (C53, C164).
    pub fn not_found(type_name: &str, id: &str) -> Self {
        Self::status(404, format!("{type_name} '{}' not found", excerpt(id)))
    }

    /// Answers 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::status(403, detail)
    }

    /// Answers 412 for an `If-Match` that does not hold (C106).
    pub fn precondition_failed() -> Self {
        Self::status(412, "The resource has changed: If-Match names another version")
    }

    /// Answers 413 and names the limit.
    pub fn payload_too_large(limit_bytes: usize) -> Self {
        Self::status(413, format!("The body is larger than {limit_bytes} bytes"))
    }

    /// Answers 501.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::status(501, detail)
    }

    /// Puts a place in front of the detail, such as `Operation 3`, and keeps the rest.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.detail = format!("{place}: {}", self.detail);
        self
    }

    /// Marks the refusal of a reference that leads to nothing, such as an unknown member.
    #[must_use]
    pub fn for_reference(self) -> Self {
        Self { dangling: true, ..self }
    }

    /// Renders the error body; `status` is a JSON string (C158).
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [ERROR_URN], "status": self.status.to_string() });
        if let Some(object) = body.as_object_mut() {
            if let Some(scim_type) = self.scim_type {
                object.insert("scimType".into(), scim_type.as_str().into());
            }
            object.insert("detail".into(), self.detail.clone().into());
        }
        body
    }
}

/// Cuts a client's text to what a detail may quote in `'`, control characters replaced (C161). A
/// value stands in a detail only so quoted: the journal knows it by that (S16).
pub fn excerpt(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(EXCERPT_MAX)
        .map(|c| match c {
            c if c.is_control() => '\u{fffd}',
            // A detail quotes by this sign, and the quoted text must not seem to end early.
            '\'' => '\u{2019}',
            c => c,
        })
        .collect();
    if text.chars().nth(EXCERPT_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_an_error_body_is_a_string_c158() {
        let body = ScimError::invalid_filter("no such attribute").to_json();
        assert_eq!(body["status"], "400");
        assert_eq!(body["scimType"], "invalidFilter");
        assert_eq!(body["schemas"][0], ERROR_URN);
        assert_eq!(body["detail"], "no such attribute");
    }

    #[test]
    fn an_error_without_keyword_has_no_scim_type_member_c158() {
        let body = ScimError::not_found("User", "x").to_json();
        assert!(body.get("scimType").is_none());
        assert_eq!(body["status"], "404");
    }

    #[test]
    fn quoted_text_is_cut_at_its_limit_c161() {
        assert_eq!(excerpt(&"a".repeat(EXCERPT_MAX)), "a".repeat(EXCERPT_MAX));
        assert_eq!(excerpt(&"a".repeat(EXCERPT_MAX + 1)).chars().count(), EXCERPT_MAX + 1);
        assert_eq!(excerpt("a\nb"), "a\u{fffd}b");
        assert_eq!(excerpt("O'Hara"), "O\u{2019}Hara");
    }
}
