//! `POST /users/{id}/erase`: one person is forgotten, with what journals kept of her.
//!
//! What events and keyed traces say of her stays: ids and digests, from which nobody reads a value.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::super::permit;
use crate::app::App;
use crate::domain::id::UserId;
use crate::flow;
use crate::http::answer::Answer;
use crate::http::guard::Caller;

/// `POST /users/{id}/erase`
pub async fn erase(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::user::forget(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
