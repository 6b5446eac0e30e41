//! Our cookies: the session, the pending login, and a sign-out on its way (K1, K2, R13).
//!
//! Their values are random and only hashes of them are kept. Over https they are `__Host-` cookies,
//! which no other host can set; on plain-http loopback, for development, browsers would refuse
//! that (R19).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::Public;
use crate::domain::invite::OPENED_S;
use crate::domain::login::LIFE_S;
use crate::domain::secret::SecretHash;

/// Longest value that is looked at, in letters.
const VALUE_MAX: usize = 128;

/// One of our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The browser session.
    Session,
    /// A sign-in in progress.
    Login,
    /// An invite whose link was opened in this browser.
    Invite,
    /// A sign-out that went on to the provider.
    Logout,
}

impl Cookie {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-portico-session",
            (Self::Session, false) => "portico-session",
            (Self::Login, true) => "__Host-portico-login",
            (Self::Login, false) => "portico-login",
            (Self::Invite, true) => "__Host-portico-invite",
            (Self::Invite, false) => "portico-invite",
            (Self::Logout, true) => "__Host-portico-logout",
            (Self::Logout, false) => "portico-logout",
        }
    }

    /// The hash of the cookie that a request brings.
    #[must_use]
    pub fn read(self, headers: &HeaderMap, public: &Public) -> Option<SecretHash> {
        let name = self.name(public.secure);
        let value = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(sent, value)| (sent == name).then_some(value))?;
        (1..=VALUE_MAX).contains(&value.len()).then(|| SecretHash::of(value.as_bytes()))
    }

    /// The header that sets it.
    #[must_use]
    pub fn set(self, value: &str, public: &Public) -> Option<HeaderValue> {
        // A login may be answered by a form that another site sends; a session never is.
        let rest = match (self, public.secure) {
            (Self::Session, _) => "SameSite=Lax".to_owned(),
            (Self::Invite, _) => format!("SameSite=Lax; Max-Age={OPENED_S}"),
            (Self::Login, true) => format!("SameSite=None; Max-Age={LIFE_S}"),
            (Self::Logout, _) => format!("SameSite=Lax; Max-Age={LIFE_S}"),
            (Self::Login, false) => format!("SameSite=Lax; Max-Age={LIFE_S}"),
        };
        self.header(value, &rest, public)
    }

    /// The header that takes it away.
    #[must_use]
    pub fn clear(self, public: &Public) -> Option<HeaderValue> {
        self.header("", "SameSite=Lax; Max-Age=0", public)
    }

    fn header(self, value: &str, rest: &str, public: &Public) -> Option<HeaderValue> {
        let name = self.name(public.secure);
        let secure = if public.secure { "; Secure" } else { "" };
        let mut header =
            HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly{secure}; {rest}"))
                .ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(url: &str) -> Public {
        let url: url::Url = url.parse().unwrap();
        let secure = url.scheme() == "https";
        Public { url, secure, trusted_proxies: Vec::new() }
    }

    #[test]
    fn cookies_are_host_cookies_over_https_k1() {
        let there = public("https://portico.example");
        let set = |cookie: Cookie| cookie.set("v", &there).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            set(Cookie::Session),
            "__Host-portico-session=v; Path=/; HttpOnly; Secure; SameSite=Lax"
        );
        assert_eq!(
            set(Cookie::Login),
            "__Host-portico-login=v; Path=/; HttpOnly; Secure; SameSite=None; Max-Age=600"
        );
        let here = public("http://127.0.0.1:8080");
        let set = Cookie::Login.set("v", &here).unwrap();
        assert_eq!(set, "portico-login=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=600");
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let public = public("https://portico.example");
        let mut headers = HeaderMap::new();
        let line = "a=b; x__Host-portico-session=no; portico-session=no; __Host-portico-session=v";
        headers.insert(header::COOKIE, line.parse().unwrap());
        assert_eq!(Cookie::Session.read(&headers, &public), Some(SecretHash::of(b"v")));
        assert_eq!(Cookie::Login.read(&headers, &public), None);
        let long = format!("__Host-portico-login={}", "x".repeat(VALUE_MAX + 1));
        headers.insert(header::COOKIE, long.parse().unwrap());
        assert_eq!(Cookie::Login.read(&headers, &public), None);
    }
}
