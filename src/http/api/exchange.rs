//! The journal of a directory: what its client asked and what it was answered, newest first.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::domain::exchange::{Entry, Tolerances};
use crate::domain::id::DirectoryId;
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page};
use crate::http::extract::{Params, limit};
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{AFTER, Doc, LIMIT, Needs, Of, Route, page};
use crate::store;
use crate::store::exchange::Filter;

/// Methods by which the journal can be narrowed.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Statuses that there can be.
const ALL: (i64, i64) = (0, 999);

/// Routes of journals of exchanges.
pub const ROUTES: &[Route] = &[Route::new(
    Get,
    "/directories/{id}/requests",
    Needs::Action("journals.view", Of::Directory),
    || get(list),
    Doc::of("Reads the last requests of a directory's client, newest first, without values.")
        .query(&[
            ("user", "Requests about this user: an id."),
            ("group", "Requests about this group: an id."),
            ("status", "With this status, as `409`, or of this class, as `4xx`."),
            ("errors", "`true`: only what was refused or failed."),
            ("tolerance", "That used this tolerance, as `L2`, or had unknown attributes: `D11`."),
            ("method", "With this method, as `PATCH`."),
            LIMIT,
            AFTER,
        ])
        .answer(200, page::<Exchange>),
)];

/// A request of a directory's client and its answer, without the values that were sent.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryRequest)]
pub struct Exchange {
    id: String,
    at: String,
    method: String,
    /// The path below the base, with no other id in it than the resource's.
    path: String,
    status: i64,
    /// The keyword of a refusal.
    scim_type: Option<String>,
    /// The sentence of a refusal; values of the client are replaced by `…`.
    detail: Option<String>,
    /// The user or group that was asked for or made.
    resource_id: Option<String>,
    /// Which tolerances the request used: `L1` to `L25`; `D11` for unknown attributes.
    tolerances: Vec<String>,
    duration_ms: f64,
    request_id: String,
    token_id: String,
    /// Names and types of what was sent; kept for writes and for failures.
    #[schema(value_type = Option<Object>)]
    exchange: Option<Value>,
}

impl From<Entry> for Exchange {
    fn from(from: Entry) -> Self {
        Self {
            id: from.id.to_string(),
            at: from.at.to_string(),
            method: from.method,
            path: from.path,
            status: from.status,
            scim_type: from.scim_type,
            detail: from.detail,
            resource_id: from.resource.map(|id| id.to_string()),
            tolerances: from.tolerances.words(),
            duration_ms: f64::from(u32::try_from(from.duration_us).unwrap_or(u32::MAX)) / 1e3,
            request_id: from.request_id,
            token_id: from.token.to_string(),
            exchange: from.shape.and_then(|shape| serde_json::from_str(&shape).ok()),
        }
    }
}

/// The query.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    user: Option<String>,
    group: Option<String>,
    status: Option<String>,
    errors: Option<String>,
    tolerance: Option<String>,
    method: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

/// `GET /directories/{id}/requests`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    Params(asked): Params<Asked>,
) -> Answer<Json<Page<Exchange>>> {
    let limit = limit(asked.limit.as_deref())?;
    let (filter, before) = (filter(&asked)?, before(asked.after.as_deref())?);
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::exchange::page(scope, id, &filter, before, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |entry: &Entry| format!("{:016x}", entry.number))))
}

fn wrong(detail: &str) -> Problem {
    Problem::new(Code::Malformed, detail)
}

/// The place of the last entry of the page before.
fn before(after: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = after else { return Ok(i64::MAX) };
    let place = (text.len() == 16).then(|| i64::from_str_radix(text, 16).ok()).flatten();
    place.ok_or_else(|| wrong("after is not a cursor: send `next` of a page."))
}

fn filter(asked: &Asked) -> Result<Filter, Problem> {
    let sent = |text: &'_ Option<String>| text.clone().filter(|text| !text.is_empty());
    let id = |text: &str| Uuid::try_parse(text).map_err(|_| wrong("user and group are ids."));
    let resource = match (sent(&asked.user), sent(&asked.group)) {
        (None, None) => None,
        (Some(user), None) => Some(("/Users", id(&user)?)),
        (None, Some(group)) => Some(("/Groups", id(&group)?)),
        (Some(_), Some(_)) => return Err(wrong("Send user or group, not both.")),
    };
    let method = match sent(&asked.method) {
        None => "",
        Some(text) => METHODS
            .into_iter()
            .find(|method| *method == text)
            .ok_or_else(|| wrong("method is GET, HEAD, POST, PUT, PATCH or DELETE."))?,
    };
    let tolerances = match sent(&asked.tolerance) {
        None => Tolerances::default(),
        Some(text) => Tolerances::parse(&text)
            .ok_or_else(|| wrong("tolerance is one of L1 to L25, or D11."))?,
    };
    let (low, high) = status(sent(&asked.status).as_deref())?;
    let status = match sent(&asked.errors).as_deref() {
        None | Some("false") => (low, high),
        Some("true") => (low.max(400), high),
        Some(_) => return Err(wrong("errors is true or false.")),
    };
    Ok(Filter { status, method, tolerances, resource })
}

/// The statuses that `409` or `4xx` mean.
fn status(text: Option<&str>) -> Result<(i64, i64), Problem> {
    let Some(text) = text else { return Ok(ALL) };
    let class = text.strip_suffix("xx").and_then(|class| class.parse::<i64>().ok());
    let one = text.parse::<i64>().ok().filter(|one| (100..600).contains(one));
    match (class.filter(|class| (1..6).contains(class)), one) {
        (Some(class), _) => Ok((class * 100, class * 100 + 99)),
        (None, Some(one)) => Ok((one, one)),
        (None, None) => Err(wrong("status is as 409 or as 4xx.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_number_or_a_class_and_errors_narrow_it() {
        assert_eq!(status(Some("409")).unwrap(), (409, 409));
        assert_eq!(status(Some("4xx")).unwrap(), (400, 499));
        for bad in ["4x", "0xx", "6xx", "99", "600", "-1", "ok", "+4xx "] {
            assert!(status(Some(bad)).is_err(), "{bad}");
        }
        let asked = |errors: &str, status: Option<&str>| {
            let status = status.map(str::to_owned);
            let asked = Asked { errors: Some(errors.to_owned()), status, ..Asked::default() };
            filter(&asked).map(|filter| filter.status)
        };
        assert_eq!(asked("true", None).unwrap(), (400, 999));
        assert_eq!(asked("false", Some("4xx")).unwrap(), (400, 499));
        assert_eq!(asked("true", Some("2xx")).unwrap(), (400, 299));
        assert!(asked("yes", None).is_err());
    }

    #[test]
    fn what_is_no_cursor_id_word_or_method_is_refused() {
        assert_eq!(before(Some("000000000000000a")).unwrap(), 10);
        for bad in ["", "a", "zzzzzzzzzzzzzzzz", "00000000000000001"] {
            assert!(before(Some(bad)).is_err(), "{bad}");
        }
        let id = Uuid::from_u128(1).to_string();
        let wrong = |asked: Asked| filter(&asked).is_err();
        assert!(wrong(Asked { user: Some("ada".into()), ..Asked::default() }));
        let both = Asked { user: Some(id.clone()), group: Some(id), ..Asked::default() };
        assert!(wrong(both));
        assert!(wrong(Asked { tolerance: Some("L26".into()), ..Asked::default() }));
        assert!(wrong(Asked { method: Some("get".into()), ..Asked::default() }));
        assert!(!wrong(Asked { method: Some("PATCH".into()), ..Asked::default() }));
    }
}
