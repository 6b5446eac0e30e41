//! The request under which a task runs: its id is told by every event of its works (scim S17).
//!
//! It travels in a task-local value; the runner takes it along into the task of a write. What the
//! gateway does by itself has none.

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task answers; `None` outside of one.
#[must_use]
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Answers a request under its id.
pub async fn under<F: Future>(id: String, answer: F) -> F::Output {
    CURRENT.scope(id, answer).await
}
