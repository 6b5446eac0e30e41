//! Verbs on the keys of repeated requests: the first one runs, its repeats get its answer.
//!
//! A key is taken before the request runs and gets its answer after. When a process dies between,
//! nobody knows whether the request was carried out: its repeats are refused, so that nothing is
//! ever done twice.

use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::time::Timestamp;
use crate::store;
use crate::store::idempotency::{First, Kept};

/// How long a key is remembered, in seconds.
pub const LIFE_S: i64 = 86_400;

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the first one: run it.
    First,
    /// It was answered before, so.
    Again {
        /// The status.
        status: u16,
        /// The body, without secrets.
        body: String,
    },
}

/// Takes the key for the first request, or finds the answer that it got.
///
/// # Errors
/// 409 `idempotency-mismatch` when the key was used for another request; 409 `conflict` while the
/// first request has no answer.
pub async fn begin(work: &mut Work, first: &First) -> Result<Turn, Problem> {
    let (at, before) = (work.at, work.at.plus_s(-LIFE_S));
    if store::idempotency::reserve(&mut work.conn(), first, at, before).await? {
        return Ok(Turn::First);
    }
    let kept = store::idempotency::find(&mut work.conn(), &first.caller, &first.key).await?;
    match kept {
        Some(kept) => judge(first, kept, before),
        None => Err(Problem::new(Code::Conflict, "The key was freed meanwhile: try again.")),
    }
}

fn judge(first: &First, kept: Kept, before: Timestamp) -> Result<Turn, Problem> {
    if kept.created_at <= before {
        return Err(Problem::new(Code::Conflict, "The key ended meanwhile: try again."));
    }
    if kept.route != first.route || kept.body_hash != first.body_hash {
        let detail = "This key was used for another request within the last day: draw a new one.";
        return Err(Problem::new(Code::IdempotencyMismatch, detail));
    }
    match u16::try_from(kept.status) {
        Ok(status) if status != 0 => Ok(Turn::Again { status, body: kept.body }),
        _ => {
            let detail = "The first request under this key has no answer yet: try again later, or \
                          look whether it was carried out.";
            Err(Problem::new(Code::Conflict, detail))
        }
    }
}

/// Keeps the answer of the first request.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn finish(
    work: &mut Work,
    first: &First,
    status: u16,
    body: &str,
) -> Result<(), Problem> {
    Ok(store::idempotency::finish(&mut work.conn(), first, status, body).await?)
}

/// Frees the key of a request that was refused, so that it may be sent again.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn release(work: &mut Work, first: &First) -> Result<(), Problem> {
    Ok(store::idempotency::release(&mut work.conn(), first).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(body: u8) -> First {
        let named = |text: &str| text.to_owned();
        First {
            caller: named("c"),
            key: named("k"),
            route: named("POST /x"),
            body_hash: vec![body],
        }
    }

    fn kept(status: i64) -> Kept {
        let (route, body) = ("POST /x".to_owned(), "{}".to_owned());
        Kept { route, body_hash: vec![1], status, body, created_at: Timestamp(10) }
    }

    #[test]
    fn a_repeat_gets_the_first_answer_and_another_request_is_refused() {
        let again = judge(&first(1), kept(201), Timestamp(9)).unwrap();
        assert_eq!(again, Turn::Again { status: 201, body: "{}".to_owned() });
        let code = |first: &First, kept, before| judge(first, kept, before).unwrap_err().code;
        assert_eq!(code(&first(2), kept(201), Timestamp(9)), Code::IdempotencyMismatch);
        let elsewhere = First { route: "POST /y".to_owned(), ..first(1) };
        assert_eq!(code(&elsewhere, kept(201), Timestamp(9)), Code::IdempotencyMismatch);
        assert_eq!(code(&first(1), kept(0), Timestamp(9)), Code::Conflict);
        assert_eq!(code(&first(1), kept(201), Timestamp(10)), Code::Conflict);
    }
}
