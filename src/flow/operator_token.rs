//! Tokens of the operator: made at the command line, shown once.

use super::problem::Problem;
use super::work::Work;
use crate::domain::event::Happened;
use crate::domain::id::TokenId;
use crate::domain::secret::{TokenKind, new_token};
use crate::store;

/// Longest name, in characters.
pub const NAME_MAX: usize = 100;
const DAY_S: i64 = 86_400;

/// What a new token is given.
#[derive(Clone, Debug)]
pub struct New {
    /// What people call it.
    pub name: String,
    /// Address ranges that may use it, as CIDRs; empty for all.
    pub addresses: Vec<String>,
    /// Days until it ends; `None` for a token without end.
    pub expires_in_days: Option<i64>,
}

/// Makes a token in the operator's organization and answers its text: the only time it is shown.
///
/// # Errors
/// 422 for a name that does not fit.
pub async fn create(work: &mut Work, new: &New) -> Result<String, Problem> {
    if new.name.trim().is_empty() || new.name.chars().count() > NAME_MAX {
        let detail = format!("A name has 1 to {NAME_MAX} characters.");
        return Err(Problem::invalid("/name", "length", detail));
    }
    let token = new_token(TokenKind::Operator, work.rng);
    let id: TokenId = work.id();
    let kept = store::operator_token::New {
        id,
        name: &new.name,
        public_part: &token.public,
        hash: token.hash,
        addresses: &new.addresses,
        created_at: work.at,
        expires_at: new.expires_in_days.map(|days| work.at.plus_s(days * DAY_S)),
    };
    store::operator_token::insert(&mut work.conn(), &kept).await?;
    work.record(Happened::to("operator_token.created", "operator_token", id).named(&new.name));
    Ok(token.text)
}
