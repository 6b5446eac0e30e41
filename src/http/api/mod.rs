//! The management surface: a table of routes for each noun.

mod access_settings;
mod break_glass;
mod conflict;
mod connection;
mod connection_body;
mod connection_key;
mod connection_saml;
mod connection_shown;
mod custom_role;
mod custom_role_preview;
pub mod description;
mod directory;
mod directory_client;
mod directory_settings;
mod directory_token;
mod domain;
mod event;
mod exchange;
mod grant;
mod grant_change;
mod group;
mod health;
mod held;
mod idempotency;
mod identity;
mod import;
mod import_form;
mod invite;
mod licence;
mod mapping_preview;
mod mapping_rule;
mod organization;
mod permit;
mod resource;
mod role;
mod token;
mod user;
mod visible;
mod webhook;

use axum::Router;
use axum::middleware::from_fn_with_state;

use super::route::{Method, Route, mount_with};
use crate::app::App;

/// The tables, noun by noun, in the order in which the API description shows them.
const TABLES: &[&[Route]] = &[
    organization::ROUTES,
    domain::ROUTES,
    directory::ROUTES,
    directory_token::ROUTES,
    directory_client::ROUTES,
    held::ROUTES,
    exchange::ROUTES,
    health::ROUTES,
    connection::ROUTES,
    connection_key::ROUTES,
    role::ROUTES,
    custom_role::ROUTES,
    custom_role_preview::ROUTES,
    resource::ROUTES,
    mapping_rule::ROUTES,
    mapping_preview::ROUTES,
    user::ROUTES,
    import::ROUTES,
    invite::ROUTES,
    break_glass::ROUTES,
    identity::ROUTES,
    grant::ROUTES,
    access_settings::ROUTES,
    licence::ROUTES,
    visible::ROUTES,
    grant_change::ROUTES,
    group::ROUTES,
    conflict::ROUTES,
    event::ROUTES,
    webhook::ROUTES,
    token::ROUTES,
];

/// Every route below `/api/v1`.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().copied().flatten()
}

/// The router of the surface: POST takes an `Idempotency-Key`.
pub fn router(app: &App) -> Router<App> {
    mount_with(app, routes(), |row, handler| match row.method {
        Method::Post => handler.route_layer(from_fn_with_state(app.clone(), idempotency::layer)),
        _ => handler,
    })
}
