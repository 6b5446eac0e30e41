//! The health of a directory: contact, errors, forecast, tokens, findings.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::directory::{TOKENS_MAX, Token as Kept};
use crate::domain::exchange::{Contact, Counts, DAY_S, day, word};
use crate::domain::health::{self as domain, FORECAST_S, Seen, TokenState, USES_DAYS, WINDOWS_S};
use crate::domain::id::{DirectoryId, TokenId};
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::http::answer::Answer;
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{Doc, Needs, Of, Route, schema};
use crate::scim::Tolerance;
use crate::store::{self, Scope};

/// Requests that are looked at for the names of unknown attributes.
const SHAPES: i64 = 20;
/// Missing resources that are told.
const UNRESOLVED_MAX: i64 = 10;

/// Routes of the health of directories.
pub const ROUTES: &[Route] = &[Route::new(
    Get,
    "/directories/{id}/health",
    Needs::Action("journals.view", Of::Directory),
    || get(read),
    Doc::of("Tells how a directory's client fares, and what to do about it.")
        .answer(200, schema::<Health>),
)];

/// How the client of a directory fares.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryHealth)]
pub struct Health {
    /// The last request; `null` before the first.
    last_contact_at: Option<String>,
    /// The last request that was answered well.
    last_success_at: Option<String>,
    /// Requests of the last hour, day and week.
    errors: Vec<Window>,
    /// Whether Entra ID is about to stop provisioning: `none`, `likely` or `certain`.
    quarantine_forecast: &'static str,
    /// What the forecast rests on.
    quarantine: Quarantine,
    tokens: Vec<Token>,
    /// The tolerances that were used in 30 days.
    tolerances: Vec<Use>,
    /// What an admin should know, the gravest first.
    findings: Vec<Finding>,
}

/// Requests of a time.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthWindow)]
pub struct Window {
    /// How long ago it begins, in seconds.
    window_s: i64,
    requests: i64,
    /// Those that were refused or failed.
    failed: i64,
}

/// What a forecast rests on.
#[derive(Serialize, ToSchema)]
#[schema(as = QuarantineForecast)]
pub struct Quarantine {
    /// Why, in a sentence.
    reason: String,
    window_s: i64,
    requests: i64,
    /// Failures that count.
    failed: i64,
    /// Failures that do not count: references that lead to nothing.
    excused: i64,
}

/// A token of the directory.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthToken)]
pub struct Token {
    id: String,
    name: String,
    expires_at: Option<String>,
    /// When it was last used, to the minute.
    last_used_at: Option<String>,
    /// `live`, `expiring` (within 30 days) or `expired`.
    state: &'static str,
}

/// A tolerance that was used.
#[derive(Serialize, ToSchema)]
#[schema(as = ToleranceUse)]
pub struct Use {
    /// `L1` to `L25`; `D11` for unknown attributes.
    tolerance: String,
    /// What is tolerated.
    meaning: &'static str,
    uses: i64,
    last_used_at: String,
}

/// Something that an admin should know.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthFinding)]
pub struct Finding {
    /// A stable code.
    code: &'static str,
    detail: String,
    what_to_do: String,
}

/// `GET /directories/{id}/health`
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
) -> Answer<Json<Health>> {
    let (now, scope) = (app.runner.clock.now(), &mut app.runner.read(caller.organization()?));
    let mut windows = Vec::with_capacity(WINDOWS_S.len());
    for window_s in WINDOWS_S {
        let counts = store::health::counts(scope, id, now.plus_s(-window_s)).await?;
        windows.push((window_s, counts));
    }
    let mut seen = look(scope, id, now, &windows).await?;
    let names: Vec<String> = seen.unresolved.iter().map(|one| one.resource.clone()).collect();
    let nearest = app.live.nearest(caller.organization()?, &names).await?;
    for (one, nearest) in seen.unresolved.iter_mut().zip(nearest) {
        one.nearest = nearest;
    }
    Ok(Json(shown(&seen, &windows)))
}

/// Reads all that is known of a directory.
async fn look(
    scope: &mut Scope<'_>,
    id: DirectoryId,
    now: Timestamp,
    windows: &[(i64, Counts)],
) -> Result<Seen, Problem> {
    let directory = store::directory::by_id(scope, id).await?;
    let directory = directory.ok_or_else(|| Problem::not_found("directory"))?;
    let start = (Timestamp(i64::MIN), TokenId(uuid::Uuid::nil()));
    let tokens = i64::try_from(TOKENS_MAX).unwrap_or(i64::MAX);
    let tokens = store::directory_token::page(scope, id, start, tokens).await?;
    let of_day = windows.iter().find(|(window_s, _)| *window_s == FORECAST_S);
    let since = now.plus_s(-FORECAST_S);
    let uses_since = now.plus_s(-USES_DAYS * DAY_S);
    let shapes = store::health::with_unknown(scope, id, uses_since, SHAPES).await?;
    Ok(Seen {
        now,
        directory,
        tokens,
        contact: store::health::contact(scope, id).await?,
        day: of_day.map(|(_, counts)| *counts).unwrap_or_default(),
        frequent: store::health::frequent(scope, id, since).await?,
        uses: store::health::tolerances(scope, id, day(uses_since)).await?,
        unknown: names(&shapes),
        unresolved: store::health::waiting(scope, id, UNRESOLVED_MAX).await?,
    })
}

/// The names of unknown attributes in the shapes of requests, each once.
fn names(shapes: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for shape in shapes {
        let shape: Value = serde_json::from_str(shape).unwrap_or_default();
        let unknown = shape.get("unknown").and_then(Value::as_array).into_iter().flatten();
        for name in unknown.filter_map(Value::as_str) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

fn shown(seen: &Seen, windows: &[(i64, Counts)]) -> Health {
    let forecast = domain::forecast(seen);
    let instant = |at: Timestamp| at.to_string();
    let window = |(window_s, counts): &(i64, Counts)| Window {
        window_s: *window_s,
        requests: counts.requests,
        failed: counts.failed,
    };
    let found = domain::findings(seen).into_iter().map(|found| Finding {
        code: found.code,
        detail: found.detail,
        what_to_do: found.what_to_do,
    });
    let Contact { last_contact_at, last_success_at, .. } = seen.contact.unwrap_or_default();
    Health {
        last_contact_at: seen.contact.map(|_| instant(last_contact_at)),
        last_success_at: last_success_at.map(instant),
        errors: windows.iter().map(window).collect(),
        quarantine_forecast: forecast.outlook.as_str(),
        quarantine: Quarantine {
            reason: forecast.reason,
            window_s: FORECAST_S,
            requests: forecast.requests,
            failed: forecast.failed,
            excused: forecast.excused,
        },
        tokens: seen.tokens.iter().map(|token| of_token(token, seen.now)).collect(),
        tolerances: seen.uses.iter().map(of_use).collect(),
        findings: found.collect(),
    }
}

fn of_token(token: &Kept, now: Timestamp) -> Token {
    Token {
        id: token.id.to_string(),
        name: token.name.clone(),
        expires_at: token.expires_at.map(|at| at.to_string()),
        last_used_at: token.last_used_at.map(|at| at.to_string()),
        state: TokenState::of(token, now).as_str(),
    }
}

fn of_use(one: &domain::Use) -> Use {
    let row = Tolerance::ALL.into_iter().find(|row| row.number() == one.number);
    Use {
        tolerance: word(one.number),
        meaning: row.map_or("unknown attributes in a body", Tolerance::meaning),
        uses: one.uses,
        last_used_at: one.last_at.to_string(),
    }
}
