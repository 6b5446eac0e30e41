//! Connections and their journals: make, read, list, change, delete.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get, patch, post};

use super::connection_body::{Change, New};
use super::connection_shown::{Connection, SignIn, Test, Trace};
use super::{connection_saml, permit};
use crate::app::App;
use crate::domain::connection as domain;
use crate::domain::id::{ConnectionId, OrganizationId, SignInId};
use crate::domain::seal::Place;
use crate::domain::sign_in::Entry;
use crate::flow;
use crate::flow::connection::Sent;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, Page, ShownOnce, versioned};
use crate::http::extract::{Body, IfMatch, Paging, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::http::sso;
use crate::store;

const IN_ORGANIZATION: Needs = Needs::Action("connections.manage", Of::Organization);
const OF_ITSELF: Needs = Needs::Action("connections.manage", Of::Connection);

/// Routes of connections.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/connections",
        IN_ORGANIZATION,
        || post(create),
        Doc::of("Makes a connection.").body(schema::<New>).answer(201, schema::<Connection>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/connections",
        IN_ORGANIZATION,
        || get(list),
        Doc::of("Lists connections in order of creation.")
            .query(PAGED)
            .answer(200, page::<Connection>),
    ),
    Route::new(
        Get,
        "/connections/{id}",
        OF_ITSELF,
        || get(read),
        Doc::of("Reads a connection.").answer(200, schema::<Connection>),
    ),
    Route::new(
        Patch,
        "/connections/{id}",
        OF_ITSELF,
        || patch(change),
        Doc::of("Changes a connection; `draft` and `disabled` end its sessions.")
            .body(schema::<Change>)
            .answer(200, schema::<Connection>),
    ),
    Route::new(
        Delete,
        "/connections/{id}",
        OF_ITSELF,
        || delete(remove),
        Doc::of("Deletes a connection with its identities, sessions and journal.").nothing(),
    ),
    Route::new(
        Post,
        "/connections/{id}/test",
        OF_ITSELF,
        || post(test),
        Doc::of(
            "Tries a connection out, also before it is active, and begins a trial by a person.",
        )
        .answer(200, schema::<Test>),
    ),
    Route::new(
        Get,
        "/connections/{id}/sign-ins/{sign_in}/trace",
        OF_ITSELF,
        || get(trace),
        Doc::of("Reads what a sign-in brought, where traces were on: for 24 hours.")
            .answer(200, schema::<Trace>),
    ),
    Route::new(
        Get,
        "/connections/{id}/sign-ins",
        Needs::Action("journals.view", Of::Connection),
        || get(sign_ins),
        Doc::of("Reads the journal of sign-ins, newest first.")
            .query(PAGED)
            .answer(200, page::<SignIn>),
    ),
];

/// Refuses an issuer that would not be asked.
fn check_issuer(app: &App, sent: &Sent) -> Result<(), Problem> {
    let issuer = sent.oidc.as_ref().and_then(|oidc| oidc.issuer.as_deref());
    let Some(issuer) = issuer else { return Ok(()) };
    app.providers
        .check_issuer(issuer)
        .map_err(|refused| Problem::invalid("/oidc/issuer", "url", format!("{refused}.")))
}

/// `POST /organizations/{org}/connections`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let organization = caller.organization()?;
    if let Some(role) = new.default_role() {
        permit::rule(&app, &caller, organization, role).await?;
    }
    let sent = new.sent(&app).await?;
    check_issuer(&app, &sent)?;
    let seal = app.seal.clone();
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (sent, seal) = (sent.clone(), seal.clone());
            Box::pin(async move { flow::connection::create(work, &seal, &sent).await })
        })
        .await?;
    shown(&app, StatusCode::CREATED, made)
}

/// `GET /organizations/{org}/connections`
async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Answer<Json<Page<Connection>>> {
    let after = (paging.after.0, ConnectionId(paging.after.1));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::connection::page(scope, after, paging.limit + 1).await?;
    let next = |item: &domain::Connection| cursor(item.created_at, item.id.0);
    Ok(Json(Page::map(found, paging.limit, next, |item| Connection::of(&app, item))))
}

/// `GET /connections/{id}`
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<ConnectionId>) -> Answer {
    let found = present(&app, caller.organization()?, id).await?;
    shown(&app, StatusCode::OK, found)
}

async fn present(
    app: &App,
    organization: OrganizationId,
    id: ConnectionId,
) -> Answer<domain::Connection> {
    let found = store::connection::by_id(&mut app.runner.read(organization), id).await?;
    Ok(found.ok_or_else(|| Problem::not_found("connection"))?)
}

/// `PATCH /connections/{id}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
    IfMatch(condition): IfMatch,
    Body(change): Body<Change>,
) -> Answer {
    let organization = caller.organization()?;
    if let Some(role) = change.default_role() {
        permit::rule(&app, &caller, organization, role).await?;
    }
    let present = present(&app, organization, id).await?;
    let sent = change.sent(&app, &present).await?;
    check_issuer(&app, &sent)?;
    let seal = app.seal.clone();
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (sent, seal, condition) = (sent.clone(), seal.clone(), condition.clone());
            Box::pin(
                async move { flow::connection::change(work, &seal, (id, &condition), &sent).await },
            )
        })
        .await?;
    shown(&app, StatusCode::OK, saved)
}

/// `DELETE /connections/{id}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
    IfMatch(condition): IfMatch,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            let condition = condition.clone();
            Box::pin(async move { flow::connection::delete(work, id, &condition).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /connections/{id}/sign-ins`
async fn sign_ins(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
    paging: Paging,
) -> Answer<Json<Page<SignIn>>> {
    let (at, last) = paging.after;
    let before = (!last.is_nil()).then_some((at, SignInId(last)));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::sign_in::page(scope, id, before, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |item: &Entry| cursor(item.at, item.id.0))))
}

pub(super) fn shown(app: &App, status: StatusCode, found: domain::Connection) -> Answer {
    Ok(versioned(status, found.version, Connection::of(app, found)))
}

/// `POST /connections/{id}/test`
async fn test(State(app): State<App>, caller: Caller, Path(id): Path<ConnectionId>) -> Answer {
    let organization = caller.organization()?;
    let found = present(&app, organization, id).await?;
    let tested = match &found.settings.saml {
        Some(saml) => Err(connection_saml::test(&app, saml).await),
        None => {
            let secrets = flow::connection::secrets(&app.seal, &found)?;
            let tenant = found.settings.tenant_id.as_deref();
            let redirect_uri = sso::url(&app, id, "callback");
            let how = (&secrets, tenant);
            Ok(app.providers.test(&found.settings.oidc, how, &redirect_uri).await)
        }
    };
    let secret = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::connection::begin_trial(work, id).await })
        })
        .await?;
    let test_url = format!("{}?test={secret}", sso::url(&app, id, "start"));
    let shown = match tested {
        Ok(tested) => Test::of(tested, test_url),
        Err(found) => Test::of_saml(found, test_url),
    };
    let mut response = Json(shown).into_response();
    // A repeated request does not get the secret again.
    response.extensions_mut().insert(ShownOnce("test_url"));
    Ok(response)
}

/// `GET /connections/{id}/sign-ins/{sign_in}/trace`
async fn trace(
    State(app): State<App>,
    caller: Caller,
    Path((id, sign_in)): Path<(ConnectionId, String)>,
) -> Answer<Json<Trace>> {
    let organization = caller.organization()?;
    let sign_in = SignInId::parse(&sign_in).map_err(|_| Problem::not_found("sign-in"))?;
    let (scope, now) = (&mut app.runner.read(organization), app.runner.clock.now());
    let sealed = store::sign_in_trace::by_sign_in(scope, (id, sign_in), now).await?;
    let sealed = sealed.ok_or_else(|| Problem::not_found("trace"))?;
    let place = Place { column: flow::sign_in::TRACE, row: sign_in.0, organization };
    let plain = app.seal.open(place, &sealed).map_err(Problem::internal)?;
    let message = serde_json::from_slice(&plain).map_err(Problem::internal)?;
    Ok(Json(Trace { sign_in_id: sign_in.to_string(), message }))
}
