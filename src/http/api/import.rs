//! Import of people: a file is checked, or sent; templates for both formats.
//!
//! Nothing is sent while any row is wrong, unless the caller says `skip_invalid`. Who is here
//! already is skipped, so that a file may be sent again.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use utoipa::ToSchema;

use super::import_form::{Sent, sent};
use super::invite::short;
use super::permit;
use crate::app::App;
use crate::domain::id::OrganizationId;
use crate::domain::import::{
    BYTES_MAX, EMAIL, RESOURCES, ROLE, Row, TEMPLATE_CSV, TEMPLATE_XLSX, read,
};
use crate::domain::platform::LoginType;
use crate::flow;
use crate::flow::invite::{AT_ONCE, Present, Terms};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::Answer;
use crate::http::guard::Caller;
use crate::http::route::Method::{Get, Post};
use crate::http::route::{Doc, Needs, Of, Route, schema};
use crate::scim::fold;

/// Bytes of a whole form.
const FORM_MAX: usize = BYTES_MAX + 1024 * 1024;
/// The media type of a file of commas.
const CSV: &str = "text/csv; charset=utf-8";
/// The media type of a workbook.
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Different grants that the rows of one file may have.
const TERMS_MAX: usize = 500;

/// Routes of imports.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/invites/import",
        Needs::Action("users.invite", Of::Organization),
        || post(import).layer(DefaultBodyLimit::max(FORM_MAX)),
        Doc::of("Checks (`dry_run`) or invites the people of a .csv or .xlsx file.")
            .form(schema::<Sent>)
            .answer(200, schema::<Imported>),
    ),
    Route::new(
        Get,
        "/invites/template.csv",
        Needs::Credential,
        || get(template_csv),
        Doc::of("The template of a file of people, as CSV.").file(CSV),
    ),
    Route::new(
        Get,
        "/invites/template.xlsx",
        Needs::Credential,
        || get(template_xlsx),
        Doc::of("The template of a file of people, as a workbook.").file(WORKBOOK),
    ),
];

/// What became of a file.
#[derive(Serialize, ToSchema)]
pub struct Imported {
    /// Rows that could be, or were, invited or skipped.
    valid: usize,
    /// Rows with errors.
    invalid: usize,
    invited: usize,
    /// Who is here already, or was invited.
    skipped: usize,
    /// Rows that were refused while sending.
    failed: usize,
    rows: Vec<Shown>,
}

/// A row of the file.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportedRow)]
pub struct Shown {
    line: usize,
    email: String,
    /// `valid`, `invalid`, `skipped`, `invited` or `failed`.
    status: &'static str,
    errors: Vec<Wrong>,
}

/// What is wrong with a cell.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportError)]
pub struct Wrong {
    column: &'static str,
    code: &'static str,
    detail: String,
}

/// `POST /organizations/{org}/invites/import`
async fn import(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Answer<Json<Imported>> {
    let organization = caller.organization()?;
    let sent = sent(request, &app).await?;
    if sent.class.as_deref().is_some_and(|class| class != "member") {
        let detail = "Partners are asked for one by one.";
        return Err(Problem::invalid("/class", "not-offered", detail).into());
    }
    let login_type = login_type(&app, sent.login_type.as_deref())?;
    let grants = short(sent.role.clone(), sent.resources.clone(), sent.sites.clone());
    permit::invite(&app, &caller, organization, &grants).await?;
    let file = sent.file;
    let rows = tokio::task::spawn_blocking(move || read(&file)).await;
    let rows = rows.map_err(Problem::internal)?;
    let mut rows = rows.map_err(|wrong| {
        let code = if wrong.code() == "too-large" { Code::TooLarge } else { Code::Invalid };
        let problem = Problem::invalid("/file", wrong.code(), wrong.to_string());
        Problem { code, ..problem }
    })?;
    let general = Terms { grants, login_type, language: None };
    let by_terms = group(&rows, &general)?;
    let mut statuses = vec!["valid"; rows.len()];
    for terms in by_terms.values() {
        check_terms(&app, &caller, (organization, &terms.0), (&mut rows, &terms.1)).await?;
    }
    check_present(&app, &caller, organization, (&mut rows, &mut statuses)).await?;
    for (row, status) in rows.iter().zip(&mut statuses) {
        if !row.errors.is_empty() {
            *status = "invalid";
        }
    }
    let invalid = statuses.iter().filter(|status| **status == "invalid").count();
    if !sent.dry_run && (invalid == 0 || sent.skip_invalid) {
        for (terms, at) in by_terms.values() {
            send(&app, &caller, (organization, terms), (&mut rows, &mut statuses, at)).await?;
        }
    }
    Ok(Json(Imported::of(rows, &statuses)))
}

impl Imported {
    fn of(rows: Vec<Row>, statuses: &[&'static str]) -> Self {
        let count = |wanted: &str| statuses.iter().filter(|status| **status == wanted).count();
        let invalid = count("invalid");
        let shown = rows.into_iter().zip(statuses).map(|(row, status)| Shown {
            line: row.line,
            email: row.email,
            status,
            errors: row
                .errors
                .into_iter()
                .map(|one| Wrong { column: one.column, code: one.code, detail: one.detail })
                .collect(),
        });
        Self {
            valid: statuses.len() - invalid,
            invalid,
            invited: count("invited"),
            skipped: count("skipped"),
            failed: count("failed"),
            rows: shown.collect(),
        }
    }
}

fn login_type(app: &App, word: Option<&str>) -> Result<Option<LoginType>, Problem> {
    let Some(word) = word else { return Ok(None) };
    let offered = &app.runner.platform.users.login_types;
    let kind = LoginType::by_key(word).filter(|kind| offered.contains(kind));
    let detail = "The platform does not offer this way of signing in.";
    kind.map(Some).ok_or_else(|| Problem::invalid("/login_type", "not-offered", detail))
}

/// Rows by what they get: those with a role of their own apart.
type ByTerms = BTreeMap<(String, Vec<String>), (Terms, Vec<usize>)>;

fn group(rows: &[Row], general: &Terms) -> Result<ByTerms, Problem> {
    let mut groups = ByTerms::new();
    for (at, row) in rows.iter().enumerate() {
        let key = (row.role.clone().unwrap_or_default(), row.resources.clone());
        let entry = groups.entry(key).or_insert_with(|| {
            let terms = match &row.role {
                None => general.clone(),
                Some(role) => Terms {
                    grants: short(Some(role.clone()), row.resources.clone(), Vec::new()),
                    ..general.clone()
                },
            };
            (terms, Vec::new())
        });
        entry.1.push(at);
    }
    if groups.len() > TERMS_MAX {
        let detail = format!("The rows of a file have at most {TERMS_MAX} different roles.");
        return Err(Problem::invalid("/file", "too-many-roles", detail));
    }
    Ok(groups)
}

/// Checks what some rows get; what does not fit is an error of each of them.
async fn check_terms(
    app: &App,
    caller: &Caller,
    (organization, terms): (OrganizationId, &Terms),
    (rows, at): (&mut [Row], &[usize]),
) -> Result<(), Problem> {
    let own = at.first().and_then(|at| rows.get(*at)).is_some_and(|row| row.role.is_some());
    let grants = terms.grants.clone();
    let permitted = permit::invite(app, caller, organization, &grants).await;
    let checked = match permitted {
        Err(problem) => Err(problem),
        Ok(()) => {
            app.runner
                .write(caller.actor.clone(), organization, move |work| {
                    let grants = grants.clone();
                    Box::pin(async move { flow::invite::check_terms(work, &grants).await })
                })
                .await
        }
    };
    let Err(problem) = checked else { return Ok(()) };
    if !own || !matches!(problem.code, Code::Invalid | Code::Forbidden) {
        return Err(problem);
    }
    let on_resource = problem.errors.first().is_some_and(|one| one.pointer.contains("/resources"));
    let column = if on_resource { RESOURCES } else { ROLE };
    let code = if problem.code == Code::Forbidden { "forbidden" } else { "unknown" };
    for at in at {
        if let Some(row) = rows.get_mut(*at) {
            row.wrong(column, code, problem.detail.clone());
        }
    }
    Ok(())
}

/// Marks who is here already, and who left by her directory.
async fn check_present(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    (rows, statuses): (&mut [Row], &mut [&'static str]),
) -> Result<(), Problem> {
    let keys: Vec<String> = rows.iter().map(|row| fold(&row.email)).collect();
    let mut there = BTreeMap::new();
    for keys in keys.chunks(AT_ONCE) {
        let keys = keys.to_vec();
        let found = app
            .runner
            .write(caller.actor.clone(), organization, move |work| {
                let keys = keys.clone();
                Box::pin(async move { flow::invite::present(work, &keys).await })
            })
            .await?;
        there.extend(found);
    }
    for ((row, key), status) in rows.iter_mut().zip(&keys).zip(statuses) {
        match there.get(key) {
            Some(Present::Here) => *status = "skipped",
            Some(Present::Left) => {
                let detail = "A directory sent this person away: only it brings her back.";
                row.wrong(EMAIL, "left-by-directory", detail);
            }
            None => {}
        }
    }
    Ok(())
}

/// Invites the rows that are good, many in one transaction; where one is refused, one by one.
async fn send(
    app: &App,
    caller: &Caller,
    (organization, terms): (OrganizationId, &Terms),
    (rows, statuses, at): (&mut [Row], &mut [&'static str], &[usize]),
) -> Result<(), Problem> {
    let good: Vec<usize> =
        at.iter().copied().filter(|at| statuses.get(*at) == Some(&"valid")).collect();
    for chunk in good.chunks(AT_ONCE) {
        let sent = invite(app, caller, (organization, terms), pick(rows, chunk)).await;
        let invited = match sent {
            Ok(invited) => invited,
            Err(problem) if problem.code == Code::Conflict => {
                one_by_one(app, caller, (organization, terms), (rows, statuses, chunk)).await?;
                continue;
            }
            Err(problem) => return Err(problem),
        };
        for at in chunk {
            let key = rows.get(*at).map(|row| fold(&row.email)).unwrap_or_default();
            if let Some(status) = statuses.get_mut(*at) {
                *status = if invited.contains(&key) { "invited" } else { "skipped" };
            }
        }
    }
    Ok(())
}

fn pick(rows: &[Row], at: &[usize]) -> Vec<Row> {
    at.iter().filter_map(|at| rows.get(*at)).cloned().collect()
}

async fn invite(
    app: &App,
    caller: &Caller,
    (organization, terms): (OrganizationId, &Terms),
    rows: Vec<Row>,
) -> Result<std::collections::BTreeSet<String>, Problem> {
    let terms = terms.clone();
    app.runner
        .write(caller.actor.clone(), organization, move |work| {
            let (rows, terms) = (rows.clone(), terms.clone());
            Box::pin(async move { flow::invite::create_many(work, &rows, &terms).await })
        })
        .await
}

async fn one_by_one(
    app: &App,
    caller: &Caller,
    of: (OrganizationId, &Terms),
    (rows, statuses, at): (&mut [Row], &mut [&'static str], &[usize]),
) -> Result<(), Problem> {
    for at in at {
        let sent = invite(app, caller, of, pick(rows, &[*at])).await;
        let (Some(row), Some(status)) = (rows.get_mut(*at), statuses.get_mut(*at)) else {
            continue;
        };
        *status = match sent {
            Ok(invited) if invited.is_empty() => "skipped",
            Ok(_) => "invited",
            Err(problem) if problem.code == Code::Unavailable => return Err(problem),
            Err(problem) => {
                row.wrong(EMAIL, "refused", problem.detail);
                "failed"
            }
        };
    }
    Ok(())
}

async fn template_csv() -> Response {
    download(CSV, "people.csv", TEMPLATE_CSV.as_bytes())
}

async fn template_xlsx() -> Response {
    download(WORKBOOK, "people.xlsx", TEMPLATE_XLSX)
}

fn download(media: &'static str, name: &str, bytes: &'static [u8]) -> Response {
    let attachment = format!("attachment; filename=\"{name}\"");
    let headers =
        [(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, attachment)];
    (headers, bytes).into_response()
}
