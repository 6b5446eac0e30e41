//! The base itself: queries over users, groups and roles at once (C57, C93).

use axum::extract::State;

use super::answer::Answer;
use super::guard::{Base, Caller};
use super::list::{self, Question};
use super::request::{Asked, Payload, USER_BODY_MAX};
use crate::app::App;
use crate::scim::list::Query;

/// `GET` of the base.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    asked: Asked,
) -> Answer {
    let query = &asked.query;
    list::everything(Question { app: &app, caller: &caller, base: &base, query }).await
}

/// `POST /.search`
pub async fn search(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    Payload(body): Payload<USER_BODY_MAX>,
) -> Answer {
    let query = &Query::from_search(body)?;
    list::everything(Question { app: &app, caller: &caller, base: &base, query }).await
}
