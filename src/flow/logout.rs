//! Logouts that a provider tells us of behind the browser: each counts once, and ends the sessions
//! that it means (R14).

use super::problem::Problem;
use super::work::Work;
use crate::domain::event::Happened;
use crate::domain::id::ConnectionId;
use crate::domain::logout::LogoutToken;
use crate::domain::secret::SecretHash;
use crate::store;

/// Uses a logout token up and ends the sessions that it means: exactly the named one, or all of the
/// person. Answers how many ended; `None` when it was used before.
///
/// # Errors
/// 404 when the connection is gone; 503 when the database does not answer.
pub async fn by_provider(
    work: &mut Work,
    connection: ConnectionId,
    token: &LogoutToken,
) -> Result<Option<usize>, Problem> {
    let id = SecretHash::of(token.id.as_bytes());
    let scope = &mut work.scope();
    if store::connection::by_id(scope, connection).await?.is_none() {
        return Err(Problem::not_found("connection"));
    }
    let scope = &mut work.scope();
    if !store::logout_token::consume(scope, connection, id, token.expires_at).await? {
        return Ok(None);
    }
    let meant = (token.session.as_deref(), token.subject.as_deref());
    let ended = store::session::delete_by_provider(&mut work.scope(), connection, meant).await?;
    for (session, user) in &ended {
        work.record(
            Happened::to("session.ended", "user", *user)
                .with("session_id", session.to_string())
                .with("connection_id", connection.to_string())
                .with("by", "provider"),
        );
    }
    Ok(Some(ended.len()))
}
