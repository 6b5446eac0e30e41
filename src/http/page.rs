//! Pages for people: how they are rendered, and the headers that guard them (K6).
//!
//! Pages have no scripts but one, which sends a form to a provider; their one style sheet stands in
//! them. Both are allowed by their digests.

use askama::Template;
use axum::extract::Request;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::request_id;
use super::words::{Words, words};
use crate::app::App;
use crate::domain::language::Language;
use crate::domain::refused_words::{said_in, translated};
use crate::flow::problem::{Code, Problem};

/// The style of all pages: readable without colour, at any size, in light and dark.
pub const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--line:#6b7280;--act:#0b57d0}\
@media(prefers-color-scheme:dark){\
:root{--ink:#e8eaed;--paper:#16181c;--line:#9aa0a6;--act:#8ab4f8}}\
body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}\
main{max-width:30rem;margin:0 auto;padding:3rem 1.25rem}\
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1rem;margin:2rem 0 .5rem}\
label{display:block;margin-bottom:.25rem}\
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid var(--line);\
border-radius:.25rem;color:inherit;background:inherit}\
button,.button{font:inherit;display:inline-block;padding:.5rem 1rem;border:2px solid var(--act);\
border-radius:.25rem;color:var(--act);background:none;text-decoration:none;cursor:pointer}\
:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
ul{list-style:none;padding:0}li{margin:.5rem 0}nav li{display:inline;margin-right:1rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}dd{margin:0}\
code{overflow-wrap:anywhere}";

/// Renders a page.
pub fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if let Ok(policy) = HeaderValue::from_str(&policy()) {
                headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        Err(error) => super::answer::Refusal(Problem::internal(error)).into_response(),
    }
}

/// A form may lead to any identity provider, since browsers hold its redirects against the policy.
fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' https: http://127.0.0.1:* http://localhost:*"
    )
}

/// The only script there is: it sends the form of its page, where that must be a form.
pub const SUBMIT: &str = "document.forms[0].submit()";

/// A page that sends its form to one address at once; without scripts there is its button. From
/// there the browser may be sent back here: browsers hold redirects against the policy, too.
pub fn sending(action: &str, template: &impl Template) -> Response {
    let mut response = page(StatusCode::OK, template);
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let origin = url::Url::parse(action).map(|url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         frame-ancestors 'none'; form-action {} 'self'",
        digest(STYLE),
        digest(SUBMIT),
        origin.unwrap_or_default(),
    );
    match HeaderValue::from_str(&policy) {
        Ok(policy) => {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        }
        Err(error) => super::answer::Refusal(Problem::internal(error)).into_response(),
    }
}

/// Whether the caller is a browser that wants a page.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let Some(accepted) = accepted else { return false };
    accepted.split(',').any(|one| {
        one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html")
    })
}

/// Whether the caller is a program that wants JSON: it says so, and says nothing of pages.
#[must_use]
pub fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let json = accepted.is_some_and(|accepted| {
        accepted.contains("application/json") || accepted.contains("application/problem+json")
    });
    json && !wants_page(headers)
}

/// Why a form cannot be read, in our own words.
#[must_use]
pub fn unreadable(rejection: &FormRejection) -> Problem {
    match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(Code::UnsupportedMediaType, "Send what the page's form sends.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge, "The form is too large."),
        _ => Problem::new(Code::Malformed, "The form cannot be read."),
    }
}

/// What a refused person reads.
pub struct Refused<'a> {
    /// The status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'a str,
    /// One sentence as a heading.
    pub heading: &'a str,
    /// What she can do.
    pub said: &'a str,
    /// Where she can go on, and what the button there says; "start again" unless said.
    pub again: Option<String>,
    /// The words of that button.
    pub button: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "sso/refused.html")]
struct RefusedPage<'a> {
    heading: &'a str,
    said: &'a str,
    again: Option<&'a str>,
    button: &'a str,
    code: &'a str,
    request_id: String,
    words: &'static Words,
}

/// The language that somebody reads: what the query asks for, or the best of what she accepts.
#[must_use]
pub fn language(asked: Option<&str>, headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::choose(asked, accepted)
}

/// The headers of somebody whose page names its language in the query: all that answers her then
/// speaks it.
#[must_use]
pub fn reader(uri: &Uri, headers: &HeaderMap) -> HeaderMap {
    let query = uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let asked = pairs.find(|(name, _)| name == "lang").and_then(|(_, tag)| Language::of_tag(&tag));
    let mut headers = headers.clone();
    if let Some(language) = asked {
        let tag = HeaderValue::from_static(language.as_str());
        headers.insert(header::ACCEPT_LANGUAGE, tag);
    }
    headers
}

impl Refused<'_> {
    /// A page, or a problem (RFC 9457) for a program.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        if wants_json(headers) {
            return self.problem();
        }
        let words = words(language(None, headers));
        page(
            self.status,
            &RefusedPage {
                heading: self.heading,
                said: self.said,
                again: self.again.as_deref(),
                button: self.button.unwrap_or(words.start_again),
                code: self.code,
                request_id: request_id::current(),
                words,
            },
        )
    }

    fn problem(&self) -> Response {
        let body = json!({
            "type": format!("urn:portico:problem:{}", self.code),
            "title": self.heading,
            "status": self.status.as_u16(),
            "detail": self.said,
            "code": self.code,
            "request_id": request_id::current(),
        });
        let media = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        (self.status, media, body.to_string()).into_response()
    }
}

/// A problem as a page for people, as JSON for programs.
pub fn refuse(problem: Problem, headers: &HeaderMap) -> Response {
    if wants_json(headers) {
        return super::answer::Refusal(problem).into_response();
    }
    super::answer::log(&problem);
    let language = language(None, headers);
    let refused = Refused {
        status: super::answer::status(problem.code),
        code: problem.code.as_str(),
        heading: said_in(problem.code.title(), language),
        said: translated(&problem.detail, language).unwrap_or(&problem.detail),
        again: None,
        button: None,
    };
    let mut response = refused.answer(headers);
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Puts the guarding headers on every answer that has not its own.
pub async fn guard<F>(app: &App, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let mut response = next(request).await;
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "no-referrer");
    put(header::X_FRAME_OPTIONS, "DENY");
    if app.public.secure {
        put(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, text.parse().unwrap());
        headers
    }

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        let browser = accepting("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        assert!(wants_page(&browser) && !wants_json(&browser));
        let program = accepting("application/json");
        assert!(wants_json(&program) && !wants_page(&program));
        let either = accepting("*/*");
        assert!(!wants_json(&either) && !wants_page(&either));
        assert!(wants_page(&accepting("application/json, Text/HTML;q=0.1")));
    }

    #[test]
    fn a_page_speaks_the_language_that_its_address_names() {
        let mut headers = accepting("text/html");
        headers.insert(header::ACCEPT_LANGUAGE, "de".parse().unwrap());
        for (uri, spoken) in [
            ("/invite/x", Language::De),
            ("/invite/x?lang=fr", Language::Fr),
            ("/x?a=1&lang=es-MX", Language::Es),
            ("/x?lang=nl", Language::De),
        ] {
            let read = reader(&uri.parse().unwrap(), &headers);
            assert_eq!(language(None, &read), spoken, "{uri}");
        }
    }

    #[test]
    fn what_a_page_shows_is_escaped() {
        let refused = Refused {
            status: StatusCode::FORBIDDEN,
            code: "x",
            heading: "h",
            said: "<script>alert(1)</script>",
            again: Some("/sso/\"><script>".to_owned()),
            button: Some("<script>"),
        };
        let html = RefusedPage {
            heading: refused.heading,
            said: refused.said,
            again: refused.again.as_deref(),
            button: refused.button.unwrap_or_default(),
            code: refused.code,
            request_id: String::new(),
            words: words(Language::De),
        };
        let html = html.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("<html lang=\"de\">") && html.contains("<h1>h</h1>"));
    }
}
