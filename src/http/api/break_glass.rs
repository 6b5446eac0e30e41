//! Break-glass users: made by the operator, or by who holds a role that must keep a holder (K10).

use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::flow;
use crate::http::answer::{Answer, created_once};
use crate::http::extract::Body;
use crate::http::guard::Caller;
use crate::http::route::Method::Post;
use crate::http::route::{Doc, Needs, Of, Route, schema};

/// Routes of break-glass users.
pub const ROUTES: &[Route] = &[Route::new(
    Post,
    "/organizations/{org}/break-glass",
    Needs::Action("users.break_glass", Of::Organization),
    || post(make),
    Doc::of("Makes a break-glass user, or gives one a new link; at most 3 an organization.")
        .body(schema::<New>)
        .answer(201, schema::<Made>),
)];

/// A break-glass user to be made.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBreakGlass)]
pub struct New {
    /// Her login, where she is written to.
    email: String,
}

/// A break-glass user with her link.
#[derive(Serialize, ToSchema)]
#[schema(as = BreakGlass)]
pub struct Made {
    user_id: String,
    email: String,
    /// Where she sets password and one-time codes, once; shown only here.
    url: String,
    /// When the link ends.
    expires_at: String,
}

/// `POST /organizations/{org}/break-glass`
async fn make(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let organization = caller.organization()?;
    let email = new.email.trim().to_owned();
    let login = email.clone();
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let login = login.clone();
            Box::pin(async move { flow::password::make(work, &login).await })
        })
        .await?;
    let base = app.public.url.as_str().trim_end_matches('/');
    let body = Made {
        user_id: made.user.to_string(),
        email,
        url: format!("{base}{}", made.link),
        expires_at: made.expires_at.to_string(),
    };
    Ok(created_once(body, "url"))
}
