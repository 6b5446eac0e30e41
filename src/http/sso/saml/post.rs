//! The page that carries a message of ours to a provider by a form (K6).
//!
//! It sends itself where scripts run; without them there is its button. Where messages are signed
//! the signature stands within.

use askama::Template;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::place::Place;
use super::ring_of;
use super::words::{Words, words};
use crate::app::App;
use crate::domain::language::Language;
use crate::flow::problem::Problem;
use crate::http::page;
use crate::outbound::saml::redirect::Carries;
use crate::outbound::saml::sign;

#[derive(Template)]
#[template(path = "sso/post.html")]
struct PostForm<'a> {
    action: &'a str,
    title: &'static str,
    name: &'static str,
    message: &'a str,
    relay_state: &'a str,
    words: &'static Words,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Going {
    /// Where it goes.
    pub to: String,
    /// Whether it asks or answers.
    pub carries: Carries,
    /// The message.
    pub xml: String,
    /// What the provider sends back.
    pub relay_state: Option<String>,
}

/// The message with a signature within.
///
/// # Errors
/// 500 when there is no key; 503 when it could not be signed in time.
pub async fn signed(app: &App, place: &Place, going: Going) -> Result<Going, Problem> {
    let key = ring_of(app, place)?.signing().cloned();
    let key = key.ok_or_else(|| Problem::internal("there is no key to sign with"))?;
    let xml = going.xml.clone();
    let job = move || sign::enveloped(&xml, &key);
    let xml = app.saml.run(job).await.and_then(|xml| xml).map_err(super::unwritten)?;
    Ok(Going { xml, ..going })
}

/// The page; its title says whether the person signs in or out.
pub fn shown(going: &Going, language: Language, leaving: bool) -> Response {
    let words = words(language);
    let message = STANDARD.encode(&going.xml);
    let form = PostForm {
        action: &going.to,
        title: if leaving { words.leaving } else { words.on_its_way },
        name: going.carries.parameter(),
        message: &message,
        relay_state: going.relay_state.as_deref().unwrap_or_default(),
        words,
    };
    page::sending(&going.to, &form)
}
