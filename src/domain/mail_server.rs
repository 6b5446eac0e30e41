//! The mail server of the settings.
//!
//! `smtps://` speaks TLS from the start, `smtp://` asks for it before anything else is said;
//! without TLS only where the URL says so. The query may hold `tls=none`, for a relay on the same
//! machine or network, and `ca=FILE`, a PEM file with the certificate of a private authority.

use secrecy::SecretString;
use url::Url;

/// A mail server by its settings.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: Encrypted,
    /// User and password.
    pub login: Option<(String, SecretString)>,
    /// A PEM file with the certificate of a private authority.
    pub authority: Option<String>,
}

/// Whether a mail server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encrypted {
    /// From the first byte.
    FromTheStart,
    /// Once asked, and nothing is said before (STARTTLS).
    Asked,
    /// Not at all.
    Never,
}

/// Why a URL names no mail server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailServerError {
    /// Not a URL with a host.
    #[error("it is no URL with a host")]
    NoUrl,
    /// Neither `smtp` nor `smtps`.
    #[error("it is neither smtp:// nor smtps://")]
    Scheme,
    /// More than host, port and a known query.
    #[error("its path is not empty, or its query holds something else than tls=none or ca=FILE")]
    Rest,
    /// A user without a password or the reverse, or text that cannot be decoded.
    #[error("it has a user name without a password, or neither can be decoded")]
    Login,
    /// A password over a connection that anybody can read.
    #[error("it has a password and tls=none: the password would be readable")]
    Readable,
}

impl MailServer {
    /// Reads the URL of a mail server.
    ///
    /// # Errors
    /// [`MailServerError`], the reason.
    pub fn parse(text: &str) -> Result<Self, MailServerError> {
        let url = Url::parse(text).map_err(|_| MailServerError::NoUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailServerError::NoUrl)?;
        let (mut tls, port) = match url.scheme() {
            "smtps" => (Encrypted::FromTheStart, 465),
            "smtp" => (Encrypted::Asked, 587),
            _ => return Err(MailServerError::Scheme),
        };
        let mut authority = None;
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("tls", "none") if tls == Encrypted::Asked => tls = Encrypted::Never,
                ("ca", file) if !file.is_empty() => authority = Some(file.to_owned()),
                _ => return Err(MailServerError::Rest),
            }
        }
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(MailServerError::Rest);
        }
        let login = login(&url)?;
        if login.is_some() && tls == Encrypted::Never {
            return Err(MailServerError::Readable);
        }
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: url.port().unwrap_or(port), tls, login, authority })
    }
}

fn login(url: &Url) -> Result<Option<(String, SecretString)>, MailServerError> {
    let decode = |text: &str| {
        let pair = format!("x={}", text.replace('+', "%2B"));
        let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
        decoded.map(|(_, value)| value.into_owned()).filter(|text| !text.contains('\u{fffd}'))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            let user = decode(user).ok_or(MailServerError::Login)?;
            let password = decode(password).ok_or(MailServerError::Login)?;
            Ok(Some((user, SecretString::from(password))))
        }
        _ => Err(MailServerError::Login),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn refused(text: &str) -> MailServerError {
        MailServer::parse(text).unwrap_err()
    }

    #[test]
    fn a_mail_server_speaks_tls_unless_its_url_says_otherwise() {
        let server = MailServer::parse("smtps://mail.example").unwrap();
        assert_eq!((server.port, server.tls), (465, Encrypted::FromTheStart));
        let server = MailServer::parse("smtp://us%40er:p%2Bw+d@mail.example:2525").unwrap();
        assert_eq!((server.port, server.tls), (2525, Encrypted::Asked));
        let (user, password) = server.login.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("us@er", "p+w+d"));
        let server = MailServer::parse("smtp://127.0.0.1:25?tls=none").unwrap();
        assert_eq!((server.port, server.tls), (25, Encrypted::Never));
        let server = MailServer::parse("smtps://mail.example?ca=/etc/ca.pem").unwrap();
        assert_eq!(server.authority.as_deref(), Some("/etc/ca.pem"));
    }

    #[test]
    fn a_url_that_is_no_mail_server_is_refused_with_the_reason() {
        assert_eq!(refused("mail.example"), MailServerError::NoUrl);
        assert_eq!(refused("https://mail.example"), MailServerError::Scheme);
        assert_eq!(refused("smtp://mail.example?tls=maybe"), MailServerError::Rest);
        assert_eq!(refused("smtps://mail.example?tls=none"), MailServerError::Rest);
        assert_eq!(refused("smtp://mail.example/inbox"), MailServerError::Rest);
        assert_eq!(refused("smtp://user@mail.example"), MailServerError::Login);
        assert_eq!(refused("smtp://u:p@mail.example?tls=none"), MailServerError::Readable);
    }
}
