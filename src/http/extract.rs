//! What handlers take from a request: strict JSON bodies, pages, conditions.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::Refusal;
use crate::app::App;
use crate::domain::time::Timestamp;
use crate::flow::condition::Condition;
use crate::flow::fields::{misfit, step};
use crate::flow::problem::{Code, FieldError, Problem};

/// A JSON body: a wrong or unknown field is a 422 that points to it, anything unreadable a 400.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            let detail = "Send the body as application/json.";
            return Err(Problem::new(Code::UnsupportedMediaType, detail).into());
        }
        let bytes = bytes(request, app).await?;
        parse(&bytes).map(Self).map_err(Refusal)
    }
}

/// Whether a body is said to be JSON, or a merge patch of it.
pub fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media.is_some_and(|media| {
        let essence = media.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
            || essence.eq_ignore_ascii_case("application/merge-patch+json")
    })
}

/// Reads the whole body within the limit of its surface.
///
/// # Errors
/// 413 over the limit, 400 for a body that breaks off.
pub async fn bytes(request: Request, app: &App) -> Result<Bytes, Refusal> {
    Bytes::from_request(request, app).await.map_err(|rejection| {
        let problem = if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(Code::TooLarge, "The body is larger than this surface takes.")
        } else {
            Problem::new(Code::Malformed, "The body broke off.")
        };
        Refusal(problem)
    })
}

/// Reads JSON into a type that denies unknown fields.
///
/// # Errors
/// 400 for text that is no JSON, 422 with a pointer for a field that does not fit and for a text
/// that holds U+0000, which PostgreSQL cannot keep. A list is no body: serde would read its items
/// as the fields of a struct in their order.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid("", "type", "The body is a JSON object, not a list."));
    }
    if let Some(pointer) = nul(bytes) {
        let detail = "A text holds no U+0000.".to_owned();
        return Err(Problem::fields(vec![FieldError { pointer, code: "nul".to_owned(), detail }]));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            return misfit(error.path(), &inner.to_string());
        }
        Problem::new(Code::Malformed, format!("The body is not JSON: {inner}."))
    })?;
    reader.end().map_err(|_| {
        Problem::new(Code::Malformed, "The body goes on after the end of its JSON value.")
    })?;
    Ok(value)
}

/// Where a text or a name holds U+0000. JSON can only escape it, so most bodies are not looked
/// through.
fn nul(bytes: &[u8]) -> Option<String> {
    const ESCAPE: &[u8] = b"\\u0000";
    if !bytes.windows(ESCAPE.len()).any(|window| window == ESCAPE) {
        return None;
    }
    // What is no JSON is refused by its reader.
    find_nul(&serde_json::from_slice(bytes).ok()?)
}

fn find_nul(value: &Value) -> Option<String> {
    let below = |step: &str, inner: Option<String>| inner.map(|rest| format!("/{step}{rest}"));
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| below(&index.to_string(), find_nul(item))),
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            if name.contains('\0') {
                Some(String::new())
            } else {
                below(&step(name), find_nul(item))
            }
        }),
        _ => None,
    }
}

/// The query: a parameter that does not fit is a 400, one that is not known is left alone.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Query(value) = Query::<T>::from_request_parts(parts, app).await.map_err(|error| {
            Problem::new(Code::Malformed, format!("The query cannot be read: {error}."))
        })?;
        Ok(Self(value))
    }
}

/// Items on a page unless said.
pub const PAGE: i64 = 50;
/// Most items on a page.
pub const PAGE_MAX: i64 = 100;

/// `?limit=&after=`: where a page begins and how long it is.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    /// Items on the page.
    pub limit: i64,
    /// The instant and id of the last item of the page before.
    pub after: (Timestamp, uuid::Uuid),
}

#[derive(Deserialize)]
struct Raw {
    limit: Option<String>,
    after: Option<String>,
}

impl FromRequestParts<App> for Paging {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Params(raw) = Params::<Raw>::from_request_parts(parts, app).await?;
        let limit = limit(raw.limit.as_deref())?;
        let after = match raw.after.as_deref() {
            None => (Timestamp(i64::MIN), uuid::Uuid::nil()),
            Some(text) => read_cursor(text).ok_or_else(|| {
                Problem::new(Code::Malformed, "after is not a cursor: send `next` of a page.")
            })?,
        };
        Ok(Self { limit, after })
    }
}

/// The length of a page that `?limit=` asks for.
///
/// # Errors
/// 400 for what is no number from 1 to [`PAGE_MAX`].
pub fn limit(text: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(PAGE) };
    let limit = text.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
    limit.ok_or_else(|| {
        Problem::new(Code::Malformed, format!("limit is a number from 1 to {PAGE_MAX}."))
    })
}

/// The cursor of the item at this instant with this id.
#[must_use]
pub fn cursor(at: Timestamp, id: uuid::Uuid) -> String {
    format!("{:016x}{}", at.0, id.as_simple())
}

/// Reads a cursor back.
#[must_use]
pub fn read_cursor(text: &str) -> Option<(Timestamp, uuid::Uuid)> {
    let at = i64::from_str_radix(text.get(..16)?, 16).ok()?;
    let id = uuid::Uuid::try_parse(text.get(16..).filter(|rest| rest.len() == 32)?).ok()?;
    Some((Timestamp(at), id))
}

/// `If-Match`: which versions the caller accepts.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(pub Condition);

impl IfMatch {
    /// Whether the condition was sent.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.0 != Condition::None
    }

    /// Whether a version meets the condition; without one every version does.
    #[must_use]
    pub fn holds(&self, version: i64) -> bool {
        self.0.holds(version)
    }
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let sent = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
        Ok(Self(sent.map(Condition::read).unwrap_or_default()))
    }
}

/// Reads a field of a merge patch that can be cleared: absent is `None`, `null` is `Some(None)`.
/// Use it with `#[serde(default, deserialize_with = "clearable")]`.
///
/// # Errors
/// What the type itself refuses.
pub fn clearable<'de, D, T>(reader: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(reader).map(Some)
}

/// Reads a field of a merge patch that cannot be cleared: `null` is refused. Use it with
/// `#[serde(default, deserialize_with = "kept")]`.
///
/// # Errors
/// What the type itself refuses, and `null`.
pub fn kept<'de, D, T>(reader: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(reader).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_nul_is_refused_where_it_stands() {
        for (body, pointer) in [
            (r#"{"a~/":[1,{"b":"x\u0000"}]}"#, "/a~0~1/1/b"),
            (r#"{"a":{"b\u0000":1}}"#, "/a"),
            (r#""\u0000""#, ""),
        ] {
            let refused = parse::<Value>(body.as_bytes()).unwrap_err();
            assert_eq!(refused.code, Code::Invalid);
            assert_eq!(refused.errors[0].pointer, pointer, "{body}");
        }
        assert!(parse::<Value>(br#"{"a":"\\u0000"}"#).is_ok(), "a backslash is escaped here");
    }

    #[test]
    fn a_list_is_not_read_as_the_fields_of_an_object() {
        #[derive(Debug, Deserialize)]
        struct Named {
            name: String,
        }
        assert_eq!(parse::<Named>(br#" {"name":"a"}"#).unwrap().name, "a");
        assert_eq!(parse::<Named>(br#" ["a"]"#).unwrap_err().code, Code::Invalid);
    }
}
