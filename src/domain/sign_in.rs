//! Signing in: what a provider asserted, why a sign-in is refused, and the journal of both.
//!
//! A refusal has a stable code. The person reads a sentence that tells nobody who exists; the
//! administrator reads in the journal what she can do.

pub use super::asserted::{Asserted, asserted};
use super::id::{ConnectionId, SignInId, UserId};
use super::time::Timestamp;

/// Declares the codes with the person's sentence and the administrator's hint.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $said:literal, $hint:literal;)+) => {
        /// Why a sign-in is refused: a stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Refused { $($(#[$doc])* $name,)+ }

        impl Refused {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code as it is sent and kept.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What the person reads.
            #[must_use]
            pub const fn said(self) -> &'static str {
                match self { $(Self::$name => $said,)+ }
            }

            /// What the administrator can do.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

refusals! {
    /// Nobody here is this person.
    UnknownUser = "unknown_user",
        "Your sign-in worked, but there is no account for you here. Ask your administrator.",
        "No user of the connection's directory has this value in the linked attribute. Assign the \
         person to the SCIM application, or look at the connection's `link`: the claim must hold \
         what the directory sends.";
    /// She is suspended.
    UserDisabled = "user_disabled",
        "Your account is switched off. Ask your administrator.",
        "The user is suspended. Activate her where she is managed (in the directory, if she came \
         from one).";
    /// She is bound to another way of signing in.
    LoginTypeMismatch = "login_type_mismatch",
        "You cannot sign in this way. Use the way that your organization set up for you.",
        "The user's login type, or `require_sso` of the organization, asks for the other way of \
         signing in.";
    /// She opened an invite that went to somebody else.
    InviteEmailMismatch = "invite_email_mismatch",
        "This invite went to another e-mail address. Sign in with the address that got it.",
        "The address that the provider asserts is not the invited one. Invite the other address, \
         or look at `claims.email` of the connection.";
    /// Her directory takes her access away, and the brake holds that.
    AccessHeld = "access_held",
        "Your account is about to be switched off. Ask your administrator.",
        "The directory removed more people than its `max_removals` allows, this one among them: \
         release or reject the loss at `GET /api/v1/directories/{id}/held`.";
    /// The identity belonged to somebody who was removed.
    UserRemoved = "user_removed",
        "Your sign-in worked, but there is no account for you here. Ask your administrator.",
        "This identity belonged to a removed user and nobody who was created later claims it. \
         Provision the person anew.";
    /// Several users fit.
    LinkAmbiguous = "link_ambiguous",
        "Your sign-in worked, but your account could not be told apart. Ask your administrator.",
        "Several users of the directory fit this person. Make the linked attribute unique: remove \
         the duplicate in the directory.";
    /// The user has another identity at this connection.
    RelinkNeeded = "relink_needed",
        "Your sign-in worked, but your account is bound to another identity. Ask your \
         administrator.",
        "The user is linked to another subject of this connection. If the person changed her \
         identity at the provider, remove the old identity of the user; she is linked at her next \
         sign-in.";
    /// Her address lies in no domain that this connection may vouch for.
    DomainNotVerified = "domain_not_verified",
        "Your sign-in worked, but your e-mail address is not of this organization. Ask your \
         administrator.",
        "The e-mail address is missing, or its domain is not verified by this organization or not \
         listed on the connection. Verify the domain and list it; look at `claims.email` if \
         another claim holds the address.";
    /// Nobody brought her, and sign-ins make nobody.
    JitOff = "jit_off",
        "Your sign-in worked, but there is no account for you here yet. Ask your administrator.",
        "The person is not provisioned, and the connection makes nobody (`jit.enabled` is false): \
         assign her to the SCIM application, invite her, or switch `jit` on.";
    /// Rules give her nothing, and there is no default role.
    NoRole = "no_role",
        "Your sign-in worked, but you have no role here. Ask your administrator.",
        "No mapping rule gives this person a role and `jit.default_role` is not set: add a rule \
         that her claims meet, or set a default role.";
    /// Somebody is here under this address and has not shown that it is she.
    ProofNeeded = "proof_needed",
        "You have an account here already. Sign in with its password to connect the two, or first \
         another way in this browser, then start again.",
        "A user of this organization has the asserted, verified e-mail address. She is linked once \
         she proves that the account is hers (her password, or another fresh session of it in the \
         same browser), or silently with `silent_link_verified_domains`; holders of owner roles never silently. \
         An administrator can link her by `POST /api/v1/users/{id}/identities/relink`.";
    /// The address is somebody else's here, and no rule says that it is she.
    EmailTaken = "email_taken",
        "Your sign-in worked, but your account could not be told apart. Ask your administrator.",
        "The e-mail address or login is that of another user here, and no linking rule joins \
         them. Look at `GET /api/v1/organizations/{org}/conflicts`; link the person by \
         `POST /api/v1/users/{id}/identities/relink`, or remove the duplicate.";
    /// She had to sign in anew at the provider, and did not.
    NotFresh = "not_fresh",
        "Your provider did not ask you to sign in anew. Please start again.",
        "A fresh sign-in was demanded (`max_age=0`), and the ID token has no `auth_time` of it.";
    /// A guest of the provider's tenant.
    GuestNotAllowed = "guest_not_allowed",
        "Guests of this organization cannot sign in here.",
        "The person is a guest in the provider's tenant. Set `guests_allowed` to let guests in.";
    /// Another tenant than the pinned one.
    TenantMismatch = "tenant_mismatch",
        "You signed in with an account of another organization.",
        "The token is of another tenant (`tid` or `hd`) than the connection names.";
    /// The connection is switched off, or not yet on.
    ConnectionDisabled = "connection_disabled",
        "This way of signing in is switched off. Ask your administrator.",
        "The connection is a draft or disabled: set its status to active.";
    /// The organization is suspended.
    OrganizationNotActive = "organization_not_active",
        "Signing in is switched off for your organization.",
        "The organization is suspended: the operator can activate it.";
    /// The answer belongs to no sign-in of this browser.
    StateInvalid = "state_invalid",
        "This sign-in was not begun in this browser. Please start again.",
        "The answer had an unknown `state`, or came to another browser than the one that began. \
         Bookmarked provider pages and blocked cookies do this; start at the connection's \
         `start_url`.";
    /// The answer came a second time.
    Replayed = "replayed",
        "This sign-in was used already. Please start again.",
        "The answer of the provider was sent twice, as going back in the browser does. Many of \
         them from strange addresses would be somebody replaying links.";
    /// It took too long, or the token is too old.
    Expired = "expired",
        "This sign-in took too long. Please start again.",
        "The sign-in took longer than 10 minutes, or the token was too old. If it happens to \
         everybody, compare the clocks of the provider and of this server.";
    /// The token is of the future.
    NotYetValid = "not_yet_valid",
        "The sign-in could not be verified. Please start again.",
        "The token begins in the future. Compare the clocks of the provider and of this server, or \
         raise `leeway_s`.";
    /// The token answers another request.
    NonceInvalid = "nonce_invalid",
        "The sign-in could not be verified. Please start again.",
        "The ID token has no or another `nonce`: it was made for another sign-in.";
    /// Another provider answered.
    IssuerMismatch = "issuer_mismatch",
        "The sign-in could not be verified. Ask your administrator.",
        "The `iss` of the answer or of its discovery document is not the connection's issuer. \
         Copy the issuer from the provider's discovery document, with or without the last slash.";
    /// The token is for another client.
    AudienceMismatch = "audience_mismatch",
        "The sign-in could not be verified. Ask your administrator.",
        "The ID token's `aud` or `azp` is not the connection's client id. Compare the client id \
         with the provider's.";
    /// The signature does not hold.
    SignatureInvalid = "signature_invalid",
        "The sign-in could not be verified. Ask your administrator.",
        "No key of the provider verifies the ID token, or its algorithm is not accepted (RS, PS \
         and ES are, none and HS are not).";
    /// The token is not as it must be.
    TokenInvalid = "token_invalid",
        "The sign-in could not be verified. Ask your administrator.",
        "The ID token is not well-formed: a needed claim is missing, doubled or of another type, \
         its `typ` is not JWT, or `at_hash` does not fit.";
    /// The token names nobody.
    SubjectMissing = "subject_missing",
        "The sign-in could not be verified. Ask your administrator.",
        "The subject claim (`sub`; for Entra `oid`) or the linked claim is missing, empty or \
         longer than 255 characters. Let the provider send it.";
    /// The person or her administrator said no.
    AccessDenied = "access_denied",
        "The sign-in was declined at your provider.",
        "The provider answered `access_denied`: the person declined, or is not assigned to this \
         application there.";
    /// The provider wants her to sign in.
    LoginRequired = "login_required",
        "Your provider wants you to sign in anew. Please start again.",
        "The provider answered `login_required`.";
    /// The provider wants to ask her something.
    InteractionRequired = "interaction_required",
        "Your provider wants to ask you something. Please start again.",
        "The provider answered `interaction_required`: consent or a second factor is missing.";
    /// The provider's SAML message is not as it must be.
    ResponseInvalid = "response_invalid",
        "The sign-in could not be verified. Ask your administrator.",
        "The SAML response is not as it must be: the detail names the fault.";
    /// What the provider encrypted cannot be read.
    DecryptionFailed = "decryption_failed",
        "The sign-in could not be verified. Ask your administrator.",
        "The provider encrypted the assertion in a way that is not accepted, or for another key \
         than ours.";
    /// The provider does not answer as it should.
    ProviderError = "provider_error",
        "Your provider did not answer as expected. Please try again later.",
        "The provider refused our request or could not be reached: see the detail. Client id, \
         client secret and redirect URI must be registered there.";
}

/// Where in a sign-in it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Before the provider was asked.
    Start,
    /// Its answer reached us.
    Callback,
    /// We asked the provider for the token.
    Provider,
    /// The token was read.
    Token,
    /// The SAML response was read.
    Response,
    /// A user was looked for.
    Link,
}

impl Step {
    /// The word that is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Callback => "callback",
            Self::Provider => "provider",
            Self::Token => "token",
            Self::Response => "response",
            Self::Link => "link",
        }
    }
}

/// A refusal with what the administrator may know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .code.as_str())]
pub struct Refusal {
    /// The code.
    pub code: Refused,
    /// Where.
    pub step: Step,
    /// What was found, without secrets; empty where the code says all.
    pub detail: String,
}

/// Longest detail that is kept, in characters: providers write it.
pub const DETAIL_MAX: usize = 300;

impl Refusal {
    /// A refusal where the code says all.
    #[must_use]
    pub const fn new(step: Step, code: Refused) -> Self {
        Self { code, step, detail: String::new() }
    }

    /// Adds what was found; control characters are dropped and the length is bounded.
    #[must_use]
    pub fn found(mut self, detail: &str) -> Self {
        self.detail = detail.chars().filter(|c| !c.is_control()).take(DETAIL_MAX).collect();
        self
    }

    /// The hint with what was found.
    #[must_use]
    pub fn hint(&self) -> String {
        match self.detail.as_str() {
            "" => self.code.hint().to_owned(),
            detail => format!("{} ({detail})", self.code.hint()),
        }
    }
}

/// An entry of the sign-in journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: SignInId,
    /// At which connection.
    pub connection_id: ConnectionId,
    /// When.
    pub at: Timestamp,
    /// The refusal's code; `None` when she was signed in.
    pub code: Option<String>,
    /// Where it was refused, `session` when it was not.
    pub step: String,
    /// Which rule found her.
    pub rule: Option<String>,
    /// Who she is here, once known.
    pub user_id: Option<UserId>,
    /// What the provider calls her, once known.
    pub subject: Option<String>,
    /// Her address as the provider asserts it.
    pub email: Option<String>,
    /// What the administrator can do.
    pub hint: Option<String>,
    /// The request that the person can name.
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_of_a_provider_is_cut_and_has_no_control_characters() {
        let refusal = Refusal::new(Step::Callback, Refused::ProviderError);
        let found = refusal.found(&format!("a\u{7}b\n{}", "x".repeat(DETAIL_MAX)));
        assert_eq!(found.detail.chars().count(), DETAIL_MAX);
        assert!(found.detail.starts_with("abx"));
    }

    #[test]
    fn no_two_refusals_have_one_code() {
        let mut codes: Vec<_> = Refused::ALL.iter().map(|refused| refused.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refused::ALL.len());
    }
}
