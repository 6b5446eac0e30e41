//! Invites as they are listed: by what they are at present, oldest first.

use super::error::StoreError;
use super::invite::Row;
use super::scope::Scope;
use crate::domain::id::InviteId;
use crate::domain::invite::Invite;
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, class, email, first_name, last_name, description, login_type, language,
            grants, state, token_hash, invited_by, inviter_id, imported, sends, delivery,
            delivery_error, opened_at, created_at, sent_at, expires_at, accepted_at"
    };
}

sql! {
    PAGE = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0");
    OF_STATE = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and state = $5 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0");
    LIVE = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and state = 'pending' and expires_at > $5
            and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0");
    EXPIRED = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and state = 'pending' and expires_at <= $5
            and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0");
}

/// A page of invites that are `status` now, in the words of
/// [`STATUSES`](crate::domain::invite::STATUSES); of all of them when it is empty.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    (status, now): (&str, Timestamp),
    after: (Timestamp, InviteId),
    limit: i64,
) -> Result<Vec<Invite>, StoreError> {
    let sql = match status {
        "" => PAGE,
        "pending" => LIVE,
        "expired" => EXPIRED,
        _ => OF_STATE,
    };
    let query = scope.query(sql).bind(after.0.0).bind(after.1.0).bind(limit);
    let query = match status {
        "" => query,
        "pending" | "expired" => query.bind(now.0),
        state => query.bind(state.to_owned()),
    };
    query.all::<Row>().await?.into_iter().map(Invite::try_from).collect()
}
