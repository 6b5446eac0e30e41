//! Why a verb was refused: one type at the flow edge, rendered once per surface.
//!
//! What the outside may read (`code`, `detail`, `errors`) and what only the log may (`cause`) are
//! separate fields.

use std::fmt;

use crate::scim::error::ScimError;
use crate::store::StoreError;

/// Declares the codes with their status and title, and lists them for the reference page.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// A stable code: what programs tell errors apart by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code as it is sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// A short sentence that is the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    Malformed = "malformed", 400, "The request cannot be read";
    /// No credential, or one that does not hold.
    Unauthenticated = "unauthenticated", 401, "A valid credential is needed";
    /// Own organisation, but no permission.
    Forbidden = "forbidden", 403, "You may not do this";
    /// A guest, of whom only her grants here are to be changed.
    NotHome = "not-home", 403, "She is not at home here";
    /// Not there, or not yours.
    NotFound = "not-found", 404, "There is no such thing";
    /// The path is known, the method is not.
    MethodNotAllowed = "method-not-allowed", 405, "This method is not offered here";
    /// It collides with something that is there.
    Conflict = "conflict", 409, "It collides with something that is there";
    /// Somebody else owns this.
    ManagedElsewhere = "managed-elsewhere", 409, "It is managed elsewhere";
    /// It would leave a role without a holder.
    LastHolder = "last-holder", 409, "Somebody must keep this role";
    /// Something depends on it.
    InUse = "in-use", 409, "Something depends on it";
    /// A directory deactivated or deleted the person.
    LeftByDirectory = "left-by-directory", 409, "Her directory says that she has left";
    /// Identities are bound to this value.
    IdentityBound = "identity-bound", 409, "Identities are bound to this value";
    /// The same key was used with another body.
    IdempotencyMismatch = "idempotency-mismatch", 409, "This key was used for another request";
    /// The answer held a secret, which is shown once.
    SecretShownOnce = "secret-shown-once", 200, "The secret was shown once and is not shown again";
    /// The sign-in or its page is over.
    Gone = "gone", 410, "This is over";
    /// `If-Match` did not hold.
    PreconditionFailed = "precondition-failed", 412, "It has changed since you read it";
    /// The body or list is larger than the limit.
    TooLarge = "too-large", 413, "The request is too large";
    /// The body has another media type.
    UnsupportedMediaType = "unsupported-media-type", 415, "This media type is not understood";
    /// The request is for a host that is not ours.
    Misdirected = "misdirected", 421, "This host is not served here";
    /// A field is wrong or unknown.
    Invalid = "invalid", 422, "A field is wrong";
    /// `If-Match` is needed.
    PreconditionRequired = "precondition-required", 428, "If-Match is needed";
    /// Too many requests.
    RateLimited = "rate-limited", 429, "Too many requests";
    /// A fault of ours.
    Internal = "internal", 500, "Something went wrong on our side";
    /// Try again later.
    Unavailable = "unavailable", 503, "Try again later";
}

/// What is wrong with one field of the request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the field.
    pub pointer: String,
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do.
    pub detail: String,
}

/// A refusal, with all that its surface needs to render it.
#[derive(Debug)]
pub struct Problem {
    /// What programs tell it apart by.
    pub code: Code,
    /// What is wrong, where, and what to do; for the caller's eyes.
    pub detail: String,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
    /// How SCIM says it, when it came from the engine.
    pub scim: Option<Box<ScimError>>,
    /// Seconds to wait before another try.
    pub retry_after_s: Option<u64>,
    /// For the log alone.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    /// The transaction lost a race: the runner tries again.
    pub(crate) again: bool,
}

impl Problem {
    /// A refusal with a code and a sentence.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            code,
            detail,
            errors: Vec::new(),
            scim: None,
            retry_after_s: None,
            cause: None,
            again: false,
        }
    }

    /// 404: not there, or of another organization; nobody learns which.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what} here."))
    }

    /// 422 for one field.
    #[must_use]
    pub fn invalid(pointer: &str, code: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let error = FieldError {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            detail: detail.clone(),
        };
        Self { errors: vec![error], ..Self::new(Code::Invalid, detail) }
    }

    /// 422 for several fields.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.detail.clone(),
            many => format!("{} fields are wrong.", many.len()),
        };
        Self { errors, ..Self::new(Code::Invalid, detail) }
    }

    /// 412: the version that the caller read is not the present one.
    #[must_use]
    pub fn stale() -> Self {
        Self::new(Code::PreconditionFailed, "It has changed since you read it: read it again.")
    }

    /// 500 with a cause that only the log sees.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = "The request could not be completed. Give the request id to the operator.";
        Self { cause: Some(cause.into()), ..Self::new(Code::Internal, detail) }
    }

    /// 503 with a cause that only the log sees.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let problem = Self::new(Code::Unavailable, "The database does not answer: try again.");
        Self { cause: Some(cause.into()), retry_after_s: Some(RETRY_AFTER_S), ..problem }
    }
}

/// What `Retry-After` says when the database does not answer.
const RETRY_AFTER_S: u64 = 5;

impl AsRef<Self> for Problem {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique(key) => {
                Self::new(Code::Conflict, format!("The value is taken ({}).", key.0))
            }
            StoreError::Reference => {
                Self::new(Code::Conflict, "Something that this refers to was removed meanwhile.")
            }
            StoreError::Text => Self::new(Code::Malformed, "A text holds no U+0000."),
            StoreError::Again(_) => Self { again: true, ..Self::unavailable(error) },
            StoreError::Unavailable(_) | StoreError::Commit(_) => Self::unavailable(error),
            StoreError::Broken(_) => Self::internal(error),
        }
    }
}

impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        let code = match error.status {
            401 => Code::Unauthenticated,
            403 => Code::Forbidden,
            404 => Code::NotFound,
            409 => Code::Conflict,
            412 => Code::PreconditionFailed,
            413 => Code::TooLarge,
            _ => Code::Malformed,
        };
        Self { scim: Some(Box::new(error.clone())), ..Self::new(code, error.detail) }
    }
}
