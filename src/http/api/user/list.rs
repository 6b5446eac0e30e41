//! Lists of users: filters, orders and cursors.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::shown::{self, User};
use crate::app::App;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::resource::ResourceRef;
use crate::domain::time::Timestamp;
use crate::domain::user::User as Kept;
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page};
use crate::http::extract::{Params, cursor, limit, read_cursor};
use crate::http::guard::Caller;
use crate::http::route::{AFTER, LIMIT};
use crate::store::user_list::{self, At, By, Filter, Order};

/// Longest text of a filter, in characters.
pub const WORDS_MAX: usize = 200;

/// What a list can be narrowed to and ordered by.
pub const QUERY: &[(&str, &str)] = &[
    ("class", "`member` (at home here) or `partner` (a guest)."),
    ("status", "`active`, `provisioned`, `suspended`, `invite_pending` or `invite_expired`."),
    ("role", "Who holds this role."),
    ("resource", "Who has a grant on this resource: `kind:key`."),
    ("source", "Where they came from: `directory`, `api`, ..."),
    ("access", "`none`: who holds nothing."),
    ("external_ref", "The platform's own id."),
    ("q", "What login, e-mail or a name contains."),
    (
        "sort",
        "`created_at` (unless said), `user_name`, `display_name`, `email` or `last_sign_in_at`; \
         with `-` before it the other way.",
    ),
    LIMIT,
    AFTER,
];

/// The query.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    class: Option<String>,
    status: Option<String>,
    role: Option<String>,
    resource: Option<String>,
    source: Option<String>,
    access: Option<String>,
    external_ref: Option<String>,
    q: Option<String>,
    sort: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

/// `GET /organizations/{org}/users`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Answer<Json<Page<User>>> {
    let organization = caller.organization()?;
    let limit = limit(asked.limit.as_deref())?;
    let order = order(&asked)?;
    let filter = filter(&app, organization, &asked).await?;
    let (now, scope) = (app.runner.clock.now(), &mut app.runner.read(organization));
    let found = user_list::page(scope, &filter, &order, now, limit + 1).await?;
    let next = |user: &Kept| match order.by.of(user) {
        At::Text(text) => text_cursor(&text, user.id),
        At::Instant(at) => cursor(Timestamp(at), user.id.0),
    };
    let page = Page::map(found, limit, next, |user| user);
    let data = if filter.partners {
        shown::guests(&app, organization, page.data).await?
    } else {
        shown::all(&app, organization, page.data).await?
    };
    Ok(Json(Page { data, next: page.next }))
}

async fn filter(app: &App, organization: OrganizationId, asked: &Asked) -> Result<Filter, Problem> {
    let statuses = ["active", "provisioned", "suspended", "invite_pending", "invite_expired"];
    let sources = ["invite", "directory", "sso", "billing", "api", "sub_user"];
    let role = match text(&asked.role, "role")? {
        "" => String::new(),
        key => {
            let roles = app.live.roles(organization).await?;
            let index = roles.index(key).ok_or_else(|| wrong("role names no role."))?;
            roles.key(index).to_owned()
        }
    };
    let resource = match text(&asked.resource, "resource")? {
        "" => None,
        name => {
            let name = ResourceRef::parse(name).map_err(|_| wrong("resource is `kind:key`."))?;
            Some((name.kind().to_owned(), name.folded_key().into_owned()))
        }
    };
    Ok(Filter {
        partners: word(&asked.class, &["member", "partner"], "class")? == "partner",
        source: word(&asked.source, &sources, "source")?.to_owned(),
        status: word(&asked.status, &statuses, "status")?.to_owned(),
        role,
        resource,
        external_ref: text(&asked.external_ref, "external_ref")?.to_owned(),
        words: text(&asked.q, "q")?.to_owned(),
        without_access: !word(&asked.access, &["none"], "access")?.is_empty(),
    })
}

/// One of some words; empty when none was sent.
fn word<'a>(sent: &'a Option<String>, words: &[&str], name: &str) -> Result<&'a str, Problem> {
    let sent = sent.as_deref().unwrap_or_default();
    if sent.is_empty() || words.contains(&sent) {
        return Ok(sent);
    }
    Err(wrong(&format!("{name} is one of: {}.", words.join(", "))))
}

/// A text of bounded length; empty when none was sent.
fn text<'a>(sent: &'a Option<String>, name: &str) -> Result<&'a str, Problem> {
    let sent = sent.as_deref().unwrap_or_default();
    if sent.chars().count() > WORDS_MAX || sent.contains('\0') {
        return Err(wrong(&format!("{name} is a text of up to {WORDS_MAX} characters.")));
    }
    Ok(sent)
}

fn order(asked: &Asked) -> Result<Order, Problem> {
    let sort = asked.sort.as_deref().filter(|sort| !sort.is_empty()).unwrap_or("created_at");
    let (back, by) = sort.strip_prefix('-').map_or((false, sort), |by| (true, by));
    let by = match by {
        "created_at" => By::Age,
        "user_name" => By::Name,
        "email" => By::Email,
        "display_name" => By::Shown,
        "last_sign_in_at" => By::Seen,
        _ => {
            let detail = "sort is `created_at`, `user_name`, `display_name`, `email` or \
                          `last_sign_in_at`, with or without `-`.";
            return Err(wrong(detail));
        }
    };
    let read = |text: &str| match by.is_instant() {
        true => read_cursor(text).map(|(at, id)| (At::Instant(at.0), UserId(id))),
        false => read_name(text).map(|(key, id)| (At::Text(key), id)),
    };
    let foreign = || wrong("after is not a cursor of this list: send `next` of a page.");
    let after = asked.after.as_deref().map(|text| read(text).ok_or_else(foreign)).transpose()?;
    Ok(Order { by, back, after })
}

fn text_cursor(key: &str, id: UserId) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{key}", id.0.as_simple()))
}

fn read_name(text: &str) -> Option<(String, UserId)> {
    /// Letters of an id without hyphens.
    const ID: usize = 32;
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let id = uuid::Uuid::try_parse(text.get(..ID)?).ok()?;
    let key = text.get(ID..).filter(|key| !key.is_empty() && !key.contains('\0'))?;
    Some((key.to_owned(), UserId(id)))
}

fn wrong(detail: &str) -> Problem {
    Problem::new(Code::Malformed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(sort: &str, after: Option<&str>) -> Result<Order, Problem> {
        let (sort, after) = (Some(sort.to_owned()), after.map(str::to_owned));
        order(&Asked { sort, after, ..Asked::default() })
    }

    #[test]
    fn an_order_is_named_and_takes_its_own_cursors_alone() {
        let id = uuid::Uuid::nil();
        let age = cursor(crate::domain::time::Timestamp(5), id);
        let name = URL_SAFE_NO_PAD.encode(format!("{}ada", id.as_simple()));
        let aged = sorted("-created_at", Some(&age)).unwrap();
        assert_eq!((aged.by, aged.back), (By::Age, true));
        assert_eq!(aged.after, Some((At::Instant(5), UserId(id))));
        let named = sorted("user_name", Some(&name)).unwrap();
        assert_eq!((named.by, named.back), (By::Name, false));
        assert_eq!(named.after, Some((At::Text("ada".to_owned()), UserId(id))));
        assert!(sorted("user_name", Some("!")).is_err());
        assert!(sorted("created_at", Some(&name)).is_err());
        assert!(sorted("password", None).is_err());
    }

    #[test]
    fn a_filter_is_short_and_holds_no_nul() {
        let edge = Some("q".repeat(WORDS_MAX));
        assert!(text(&edge, "q").is_ok());
        assert!(text(&Some("q".repeat(WORDS_MAX + 1)), "q").is_err());
        assert!(text(&Some("\0".to_owned()), "q").is_err());
        assert!(word(&Some("gone".to_owned()), &["active"], "status").is_err());
    }
}
