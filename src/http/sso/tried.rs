//! What a trial of a connection shows to the administrator who made it.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::place::Place;
use crate::app::App;
use crate::flow::sign_in::Tried;
use crate::http::cookie::Cookie;
use crate::http::page;

/// Values of one claim that are shown.
const SHOWN_MAX: usize = 20;

#[derive(Template)]
#[template(path = "sso/tried.html")]
struct TriedPage {
    connection: String,
    refused: Option<(&'static str, String)>,
    found: Vec<(&'static str, String)>,
    sent: Vec<(String, String)>,
}

/// The page after a trial; the login is over.
pub fn page(app: &App, place: &Place, tried: Tried) -> Response {
    let asserted = &tried.asserted;
    let found = [
        ("Subject", Some(asserted.subject.clone())),
        ("Link value", asserted.link.clone()),
        ("E-mail", asserted.email.clone()),
        ("Rule", tried.rule.map(str::to_owned)),
        ("User", tried.user.clone()),
        ("Roles", (!tried.roles.is_empty()).then(|| tried.roles.join(", "))),
        ("Notes", (!asserted.notes.is_empty()).then(|| asserted.notes.join(" "))),
    ];
    let found = found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut sent: Vec<(String, String)> =
        asserted.claims.iter().map(|(name, values)| (name.clone(), shown(values))).collect();
    sent.extend(asserted.withheld.iter().map(|name| (name.clone(), "left out".to_owned())));
    let connection = place.connection.name.clone();
    let shown = TriedPage { connection, refused: tried.refused, found, sent };
    let mut response = page::page(StatusCode::OK, &shown);
    if let Some(cleared) = Cookie::Login.clear(&app.public) {
        response.headers_mut().append(header::SET_COOKIE, cleared);
    }
    response
}

fn shown(values: &[String]) -> String {
    let some: Vec<&str> = values.iter().take(SHOWN_MAX).map(String::as_str).collect();
    match values.len().checked_sub(SHOWN_MAX) {
        Some(more) if more > 0 => format!("{} and {more} more", some.join(", ")),
        _ => some.join(", "),
    }
}
