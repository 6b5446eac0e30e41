//! A test of a connection before people depend on it: everything that can be asked of the provider
//! without a person.
//!
//! The document and the keys are fetched anew, the provider's own words are compared with what we
//! need, and a code that nobody gave shows whether it believes who we are.

use super::client::Client;
use super::discovery::{self, Discovery};
use super::{Providers, exchange, keys};
use crate::domain::connection::{ClientAuth, Oidc, Secrets};
use crate::domain::secret::draw;
use crate::domain::sign_in::Refusal;
use crate::domain::time::Rng;

/// One thing that was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The discovery document: reachable, of the issuer, with safe endpoints.
    Discovery,
    /// The keys: reachable, and at least one that verifies.
    Keys,
    /// The algorithms of ID tokens.
    Algorithms,
    /// PKCE with S256.
    Challenge,
    /// Our way of proving who we are is one that the provider takes.
    AuthMethod,
    /// The provider believes who we are, and knows the redirect URI.
    Client,
    /// The provider tells of logouts.
    Logout,
}

impl Check {
    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Keys => "keys",
            Self::Algorithms => "algorithms",
            Self::Challenge => "pkce",
            Self::AuthMethod => "auth_method",
            Self::Client => "client",
            Self::Logout => "logout",
        }
    }
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is as it must be.
    Passed,
    /// Sign-ins go, something is left out.
    Warned(String),
    /// Sign-ins would be refused.
    Failed(String),
}

/// The checks in their order.
pub type Tested = Vec<(Check, Checked)>;

fn failed(refusal: Refusal) -> Checked {
    Checked::Failed(if refusal.detail.is_empty() { refusal.hint() } else { refusal.detail })
}

/// Whether a list that may be left out names something.
fn names(list: &[String], wanted: &str) -> bool {
    list.is_empty() || list.iter().any(|one| one == wanted)
}

impl Providers {
    /// Tests a connection: what it finds is no promise, since people are asked by nobody here.
    pub async fn test(
        &self,
        oidc: &Oidc,
        (secrets, tenant): (&Secrets, Option<&str>),
        redirect_uri: &str,
    ) -> Tested {
        let fetched = discovery::fetch(&self.http, &oidc.issuer).await;
        let found = match fetched.and_then(|(found, _)| found.issuer(tenant).map(|_| found)) {
            Ok(found) => found,
            Err(refusal) => return vec![(Check::Discovery, failed(refusal))],
        };
        let keys = match keys::fetch(&self.http, &found.jwks_uri).await {
            Ok((keys, _)) if keys.all().is_empty() => {
                Checked::Failed("No key of the provider can verify anything.".to_owned())
            }
            Ok(_) => Checked::Passed,
            Err(refusal) => failed(refusal),
        };
        let code = draw(Rng);
        let client = Client { oidc, secrets, now: self.clock.now() };
        let known = exchange::probe(&self.http, &found, client, (redirect_uri, &code)).await;
        vec![
            (Check::Discovery, Checked::Passed),
            (Check::Keys, keys),
            (Check::Algorithms, algorithms(&found)),
            (Check::Challenge, challenge(&found)),
            (Check::AuthMethod, auth_method(&found, oidc.auth)),
            (Check::Client, known.map_or_else(failed, |()| Checked::Passed)),
            (Check::Logout, logout(&found)),
        ]
    }
}

fn algorithms(found: &Discovery) -> Checked {
    let said = &found.offers.algorithms;
    let asymmetric = |name: &String| {
        ["RS", "PS", "ES"].iter().any(|family| name.starts_with(family)) || name == "EdDSA"
    };
    if said.is_empty() || said.iter().any(asymmetric) {
        return Checked::Passed;
    }
    Checked::Failed("The provider signs ID tokens with no algorithm that is accepted.".to_owned())
}

fn challenge(found: &Discovery) -> Checked {
    if names(&found.offers.challenges, "S256") {
        return Checked::Passed;
    }
    Checked::Failed("The provider offers PKCE without S256.".to_owned())
}

fn auth_method(found: &Discovery, auth: ClientAuth) -> Checked {
    let method = match auth {
        ClientAuth::Basic => "client_secret_basic",
        ClientAuth::Post => "client_secret_post",
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
    };
    if names(&found.offers.auth_methods, method) {
        return Checked::Passed;
    }
    let offered = found.offers.auth_methods.join(", ");
    Checked::Failed(format!("The provider does not take {method}; it takes {offered}."))
}

fn logout(found: &Discovery) -> Checked {
    match (found.end_session_endpoint.is_some(), found.offers.backchannel_logout) {
        (true, true) => Checked::Passed,
        (true, false) => Checked::Warned(
            "The provider does not say that it tells of logouts behind the browser.".to_owned(),
        ),
        _ => Checked::Warned(
            "The provider offers no sign-out: people stay signed in there.".to_owned(),
        ),
    }
}
