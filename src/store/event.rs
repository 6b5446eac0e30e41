//! Events: written with what they tell, placed in the feed after commit.

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::event::Event;

sql! {
    INSERT = "
        insert into events (organization_id, id, name, occurred_at, actor, subject_kind,
            subject_id, data)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
}

/// Adds an event without a place in the feed: the sequencer gives it one after commit.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(scope: &mut Scope<'_>, event: &Event) -> Result<(), StoreError> {
    let actor = serde_json::to_string(&event.actor).map_err(|_| StoreError::unreadable("actor"))?;
    let data = serde_json::to_string(&event.data).map_err(|_| StoreError::unreadable("data"))?;
    scope
        .query(INSERT)
        .bind(event.id.0)
        .bind(event.name)
        .bind(event.occurred_at.0)
        .bind(actor)
        .bind(event.subject.0)
        .bind(event.subject.1.clone())
        .bind(data)
        .execute()
        .await?;
    Ok(())
}
