//! A mail server, with kept connections.

use std::time::Duration;

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;

use super::{SendError, Verdict};
use crate::domain::mail_server::{Encrypted, MailServer};

/// Connections to the server at most.
const CONNECTIONS_MAX: u32 = 10;
/// How long a connection without work is kept, in seconds.
const IDLE_S: u64 = 60;
/// How long the server may take for one answer, in seconds.
const ANSWER_S: u64 = 20;

/// The certificate of the authority, or TLS itself, cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file that ca names holds no certificate in PEM form")]
pub struct NoAuthority;

/// A mail server with its kept connections.
pub struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    /// Prepares connections; none is made yet.
    ///
    /// # Errors
    /// [`NoAuthority`] when the certificate of the authority cannot be read.
    pub fn new(server: &MailServer) -> Result<Self, NoAuthority> {
        let tls = match server.tls {
            Encrypted::Never => Tls::None,
            Encrypted::Asked => Tls::Required(parameters(server)?),
            Encrypted::FromTheStart => Tls::Wrapper(parameters(server)?),
        };
        let pool =
            PoolConfig::new().max_size(CONNECTIONS_MAX).idle_timeout(Duration::from_secs(IDLE_S));
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
                .port(server.port)
                .tls(tls)
                .timeout(Some(Duration::from_secs(ANSWER_S)))
                .pool_config(pool);
        if let Some((user, password)) = &server.login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self(builder.build()))
    }

    /// Hands a message over.
    ///
    /// # Errors
    /// [`SendError`], with what to do.
    pub async fn send(&self, message: Message) -> Result<(), SendError> {
        match self.0.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let verdict = match error.status().map(|code| code.to_string()) {
                    // 550 and 553 are said of the address; other refusals of us or of the mail.
                    Some(code) if matches!(code.as_str(), "550" | "551" | "553") => {
                        Verdict::NobodyThere
                    }
                    _ if error.is_permanent() => Verdict::Never,
                    _ => Verdict::Later,
                };
                Err(SendError::new(verdict, &error.to_string()))
            }
        }
    }
}

fn parameters(server: &MailServer) -> Result<TlsParameters, NoAuthority> {
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.authority {
        let pem = std::fs::read(file).map_err(|_| NoAuthority)?;
        let authority = Certificate::from_pem(&pem).map_err(|_| NoAuthority)?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build_rustls().map_err(|_| NoAuthority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_that_cannot_be_read_is_refused_at_the_start() {
        let server = MailServer::parse("smtps://mail.example?ca=/nowhere/ca.pem").unwrap();
        assert!(matches!(Smtp::new(&server), Err(NoAuthority)));
    }
}
