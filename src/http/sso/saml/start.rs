//! `GET /sso/{connection}/start` where the connection speaks SAML: a request goes to the provider
//! (G33).
//!
//! What comes back with the answer is a handle without meaning, and only hashes of it, of the
//! request's id and of the browser's secret are kept (K5).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::place::Place;
use super::post::{self, Going};
use super::{Addresses, ring_of, saml_of, unwritten};
use crate::app::App;
use crate::domain::language::Language;
use crate::domain::login::{LIFE_S, Login, ReturnTo};
use crate::domain::saml::Binding;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::time::Rng;
use crate::flow::problem::Problem;
use crate::http::cookie::Cookie;
use crate::outbound::saml::compose;
use crate::outbound::saml::redirect::{self, Carries};

/// A request that was written, and what must be remembered of it.
pub struct Begun {
    /// What is kept until the answer comes.
    pub login: Login,
    /// What the browser gets.
    pub response: Response,
}

/// Writes a request.
///
/// # Errors
/// [`Problem`] when it cannot be written or signed.
pub async fn begin(
    app: &App,
    place: &Place,
    (return_to, fresh, trial): (ReturnTo, bool, bool),
    language: Language,
) -> Result<Begun, Problem> {
    let saml = saml_of(place)?.clone();
    let addresses = Addresses::of(app, place.connection.id);
    let (now, relay_state, browser) = (app.runner.clock.now(), draw(Rng), draw(Rng));
    let request = compose::draw_id(Rng);
    let xml = compose::authn_request(&addresses.sp(), &saml, (&request, now), fresh);
    let response = match saml.sso_binding {
        Binding::Redirect => {
            let key =
                if saml.sign_requests { ring_of(app, place)?.signing().cloned() } else { None };
            let (to, relay) = (saml.sso_url.clone(), relay_state.clone());
            let written = move || {
                let key = key.as_ref().map(|key| key.secret.as_slice());
                redirect::sent(&to, (Carries::Request, &xml), Some(&relay), key)
            };
            let url = app.saml.run(written).await.and_then(|url| url).map_err(unwritten)?;
            redirected(url.as_str())?
        }
        Binding::Post => {
            let (to, relay) = (saml.sso_url.clone(), Some(relay_state.clone()));
            let going = Going { to, carries: Carries::Request, xml, relay_state: relay };
            let going = match saml.sign_requests {
                true => post::signed(app, place, going).await?,
                false => going,
            };
            post::shown(&going, language, false)
        }
    };
    let login = Login {
        id: app.runner.id(),
        organization_id: place.connection.organization_id,
        connection_id: place.connection.id,
        state: SecretHash::of(relay_state.as_bytes()),
        browser: SecretHash::of(browser.as_bytes()),
        nonce: SecretHash::of(request.as_bytes()),
        verifier: Vec::new(),
        return_to,
        created_at: now,
        expires_at: now.plus_s(LIFE_S),
        used_at: None,
        fresh,
        trial,
    };
    Ok(Begun { login, response: with_cookie(app, response, &browser)? })
}

/// A redirect that nobody keeps.
///
/// # Errors
/// 500 when the address is no header.
pub fn redirected(to: &str) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(to).map_err(Problem::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Sets the pending cookie.
///
/// # Errors
/// 500 when it is no header.
pub fn with_cookie(app: &App, mut response: Response, browser: &str) -> Result<Response, Problem> {
    let cookie = Cookie::Login.set(browser, &app.public);
    let cookie = cookie.ok_or_else(|| Problem::internal("the login cookie is no header"))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
