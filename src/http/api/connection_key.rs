//! Our keys at a SAML connection: shown, replaced in two steps (G17, G34).
//!
//! First the next key is added, and stands in our metadata beside the present one. When the
//! provider has read it, the older one is dropped. Nothing stops working between.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::connection::shown;
use crate::app::App;
use crate::domain::id::ConnectionId;
use crate::domain::saml::key::{Key, Use};
use crate::domain::time::Timestamp;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::saml::Turn;
use crate::http::answer::{Answer, Page};
use crate::http::extract::Body;
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Post};
use crate::http::route::{Doc, Needs, Of, Route, page, schema};
use crate::outbound::saml::certificate::Certificate;
use crate::outbound::saml::keypair;
use crate::store;

const NEEDS: Needs = Needs::Action("connections.manage", Of::Connection);

/// Routes of our keys.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/connections/{id}/saml-keys",
        NEEDS,
        || get(list),
        Doc::of("Lists our keys at a SAML connection, the oldest first.")
            .answer(200, page::<ShownKey>),
    ),
    Route::new(
        Post,
        "/connections/{id}/saml-keys",
        NEEDS,
        || post(add),
        Doc::of("Makes the next key: our metadata shows it beside the present one.")
            .body(schema::<NewKey>)
            .answer(201, schema::<super::connection_shown::Connection>),
    ),
    Route::new(
        Delete,
        "/connections/{id}/saml-keys/{use}",
        NEEDS,
        || delete(drop_older),
        Doc::of("Drops the older of two keys: the next one takes its place.").nothing(),
    ),
];

/// The next key.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSamlKey)]
pub struct NewKey {
    /// `signing` or `encryption`.
    r#use: String,
}

/// A key of ours, without its secret half.
#[derive(Serialize, ToSchema)]
#[schema(as = SamlKey)]
pub struct ShownKey {
    /// `signing` or `encryption`.
    r#use: &'static str,
    /// Its certificate, as DER in base64.
    certificate: String,
    created_at: String,
    ends_at: Option<String>,
}

impl From<Key> for ShownKey {
    fn from(from: Key) -> Self {
        let ends_at = Certificate::from_der(from.certificate.clone()).ok();
        Self {
            r#use: from.used_for.as_str(),
            certificate: STANDARD.encode(from.certificate),
            created_at: Timestamp(from.made_at).to_string(),
            ends_at: ends_at.map(|read| read.ends_at.to_string()),
        }
    }
}

/// `GET /connections/{id}/saml-keys`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
) -> Answer<Json<Page<ShownKey>>> {
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::connection::by_id(scope, id).await?;
    let found = found.filter(|found| found.settings.saml.is_some());
    let found = found.ok_or_else(|| Problem::not_found("connection"))?;
    let ring = flow::saml::ring(&app.seal, &found)?;
    Ok(Json(Page::whole(ring.keys.into_iter().map(ShownKey::from).collect())))
}

fn read_use(text: &str, pointer: &str) -> Result<Use, Problem> {
    let detail = "use is `signing` or `encryption`.";
    Use::parse(text).ok_or_else(|| Problem::invalid(pointer, "value", detail))
}

/// `POST /connections/{id}/saml-keys`
async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
    Body(new): Body<NewKey>,
) -> Answer {
    let used_for = read_use(&new.r#use, "/use")?;
    let (organization, now) = (caller.organization()?, app.runner.clock.now());
    let job = move || keypair::make(used_for, "Portico", now);
    let key =
        app.saml.unhurried(job).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let turn = Turn::Add(key);
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let turn = turn.clone();
            Box::pin(async move { flow::saml::turn(work, id, &turn).await })
        })
        .await?;
    shown(&app, StatusCode::CREATED, saved)
}

/// `DELETE /connections/{id}/saml-keys/{use}`
async fn drop_older(
    State(app): State<App>,
    caller: Caller,
    Path((id, used_for)): Path<(ConnectionId, String)>,
) -> Answer<StatusCode> {
    let used_for = Use::parse(&used_for).ok_or_else(|| Problem::not_found("key"))?;
    let (turn, organization) = (Turn::DropOlder(used_for), caller.organization()?);
    app.runner
        .write(caller.actor, organization, move |work| {
            let turn = turn.clone();
            Box::pin(async move { flow::saml::turn(work, id, &turn).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
