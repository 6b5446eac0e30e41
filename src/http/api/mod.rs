//! The management surface: a table of routes for each noun.

mod connection;
mod connection_body;
mod directory;
mod domain;
mod event;
mod grant;
mod group;
mod mapping_rule;
mod organization;
mod permit;
mod resource;
mod role;
mod user;

use super::route::Route;

/// The tables, noun by noun, in the order in which the API description shows them.
const TABLES: &[&[Route]] = &[
    organization::ROUTES,
    domain::ROUTES,
    directory::ROUTES,
    connection::ROUTES,
    role::ROUTES,
    resource::ROUTES,
    mapping_rule::ROUTES,
    user::ROUTES,
    grant::ROUTES,
    group::ROUTES,
    event::ROUTES,
];

/// Every route below `/api/v1`.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().copied().flatten()
}
