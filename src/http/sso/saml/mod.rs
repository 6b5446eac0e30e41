//! SAML for browsers: requests to providers, their answers, our metadata, and logouts.
//!
//! The work on messages is behind the wall of [`crate::outbound::saml`]; what it accepts ends as
//! every sign-in does. Forms of providers come from other sites, so that a sign-in has two steps
//! here (K2).

mod acs;
mod form;
mod metadata;
mod post;
mod proceed;
mod slo;
pub mod start;
mod words;

use axum::routing::{get, post};

pub use slo::leave;

use super::place::Place;
use crate::app::App;
use crate::domain::saml::Saml;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::key::Ring;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::route::Method::{Get, Post};
use crate::http::route::{Doc, Needs, Route};
use crate::outbound::saml::Sp;

/// What strangers may call: counted and limited.
pub const OPEN: &[Route] = &[
    Route::new(
        Post,
        "/sso/{connection}/acs",
        Needs::Nothing,
        || post(acs::acs),
        Doc::of("Takes a SAML response."),
    ),
    Route::new(
        Get,
        "/sso/{connection}/continue",
        Needs::Nothing,
        || get(proceed::come),
        Doc::of("Ends a SAML sign-in: begins the session, or asks first who it is.")
            .query(&[("result", "The handle of what was verified.")]),
    ),
    Route::new(
        Post,
        "/sso/{connection}/continue",
        Needs::Nothing,
        || post(proceed::agree),
        Doc::of("Ends a SAML sign-in that was begun at the provider: the person agreed."),
    ),
    Route::new(
        Get,
        "/sso/{connection}/metadata",
        Needs::Nothing,
        || get(metadata::metadata),
        Doc::of("Our SAML metadata at a connection."),
    ),
    Route::new(
        Get,
        "/sso/{connection}/slo",
        Needs::Nothing,
        || get(slo::by_redirect),
        Doc::of("Takes a SAML logout request or response by redirect."),
    ),
    Route::new(
        Post,
        "/sso/{connection}/slo",
        Needs::Nothing,
        || post(slo::by_form),
        Doc::of("Takes a SAML logout request or response by a form."),
    ),
];

/// Our addresses at a connection.
pub struct Addresses {
    /// Our entity id: the address of our metadata.
    pub entity_id: String,
    /// Where answers come.
    pub acs: String,
    /// Where logouts come.
    pub slo: String,
}

impl Addresses {
    /// Those of a connection.
    #[must_use]
    pub fn of(app: &App, id: crate::domain::id::ConnectionId) -> Self {
        let url = |end| super::place::url(app, id, end);
        Self { entity_id: url("metadata"), acs: url("acs"), slo: url("slo") }
    }

    /// Who we are there.
    #[must_use]
    pub fn sp(&self) -> Sp<'_> {
        Sp { entity_id: &self.entity_id, acs_url: &self.acs, slo_url: &self.slo }
    }
}

/// What is configured of the provider; a connection of another kind is none here.
fn saml_of(place: &Place) -> Result<&Saml, Problem> {
    place.connection.settings.saml.as_ref().ok_or_else(|| Problem::not_found("connection"))
}

/// A message of ours that could not be written.
fn unwritten(found: Found) -> Problem {
    match found.fault {
        Fault::Busy => Problem::unavailable("The message to the provider was not ready in time."),
        _ => Problem::internal(found),
    }
}

/// Our keys there.
fn ring_of(app: &App, place: &Place) -> Result<Ring, Problem> {
    flow::saml::ring(&app.seal, &place.connection)
}
