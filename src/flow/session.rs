//! Verbs on sessions: note their use, end them.

use super::problem::Problem;
use super::work::Work;
use crate::domain::event::Happened;
use crate::domain::id::SessionId;
use crate::domain::session::Session;
use crate::store;

/// Notes that a session was used.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn touch(work: &mut Work, id: SessionId) -> Result<(), Problem> {
    let at = work.at;
    Ok(store::session::touch(&mut work.scope(), id, at).await?)
}

/// Ends a session, as signing out does; answers whether it was there.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn end(work: &mut Work, session: &Session) -> Result<bool, Problem> {
    let ended = store::session::delete(&mut work.scope(), session.id).await?;
    if ended {
        work.record(
            Happened::to("session.ended", "user", session.user_id)
                .with("session_id", session.id.to_string()),
        );
    }
    Ok(ended)
}
