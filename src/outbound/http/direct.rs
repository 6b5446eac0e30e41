//! Requests to the one address that whoever runs the program gave on the command line.
//!
//! It is the caller's own server, often on loopback and over plain http, so addresses are not
//! guarded here. Redirects are not followed and no proxy is asked, as for guarded requests; times
//! and bytes are bounded. Nothing that serves requests of others may use it.

use std::time::Duration;

use http::{Request, Response};

use super::{CONNECT_S, Refused, read, sort};

/// How long a request may take in all, in seconds: Entra gives up after the same time (E24).
pub const TOTAL_S: u64 = 60;
/// Largest answer, in bytes: a page of users, or a group with ten thousand members.
pub const ANSWER_MAX: usize = 16 * 1024 * 1024;

/// A client without a guard, cheap to clone.
#[derive(Clone, Debug)]
pub struct Direct(reqwest::Client);

impl Direct {
    /// A client that reaches every address.
    ///
    /// # Errors
    /// [`Refused::Unbuilt`] when TLS cannot be set up on this machine.
    pub fn new() -> Result<Self, Refused> {
        #[expect(clippy::disallowed_methods, reason = "the one unguarded client, for simulate")]
        let builder = reqwest::Client::builder();
        builder
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(CONNECT_S))
            .timeout(Duration::from_secs(TOTAL_S))
            .build()
            .map(Self)
            .map_err(|error| Refused::Unbuilt(error.to_string()))
    }

    /// Sends one request and reads the answer.
    ///
    /// # Errors
    /// [`Refused`]: whatever the status, an answer that came whole is no error.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Refused> {
        let request =
            reqwest::Request::try_from(request).map_err(|_| Refused::Url("it cannot be read"))?;
        read(self.0.execute(request).await.map_err(sort)?, ANSWER_MAX).await
    }
}
