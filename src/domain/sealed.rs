//! The columns that hold sealed values: a secret is sealed for one of these and for nowhere else.
//!
//! Whoever seals names a [`Column`], and the store says of each how it is sealed anew: a new one
//! cannot be forgotten when the key is replaced.

/// What a sealed value is bound to, besides its row and organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// What a connection's provider knows us by; our keys of SAML.
    ConnectionSecret,
    /// What proves at the provider that a sign-in in progress is the same.
    LoginVerifier,
    /// What a SAML provider said, until its browser asks.
    SamlResult,
    /// What a sign-in brought, while traces are switched on.
    SignInTrace,
    /// The ID token of a session.
    SessionIdToken,
    /// The secret of one-time codes; also that of a link that sets it.
    PasswordTotp,
    /// What signs messages to a webhook, and what did before.
    WebhookSecret,
    /// A mail that waits.
    Mail,
    /// Where a page of a SCIM list ends: with its client, never kept.
    ScimCursor,
    /// What tells a wrong key.
    Installation,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ConnectionSecret,
        Self::LoginVerifier,
        Self::SamlResult,
        Self::SignInTrace,
        Self::SessionIdToken,
        Self::PasswordTotp,
        Self::WebhookSecret,
        Self::Mail,
        Self::ScimCursor,
        Self::Installation,
    ];

    /// What sealed values are bound to: never changed, else they do not open.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionSecret => "connections.secret",
            Self::LoginVerifier => "logins.verifier",
            Self::SamlResult => "saml_results.identity",
            Self::SignInTrace => "sign_in_traces.sealed",
            Self::SessionIdToken => "sessions.id_token",
            Self::PasswordTotp => "passwords.totp",
            Self::WebhookSecret => "webhooks.secret",
            Self::Mail => "outbox.payload",
            Self::ScimCursor => "scim_cursor",
            Self::Installation => "installation",
        }
    }
}
