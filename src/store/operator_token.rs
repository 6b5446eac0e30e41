//! Tokens of the operator: looked up by their public part, compared by hash.

use std::net::IpAddr;

use ipnet::IpNet;
use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use crate::domain::id::TokenId;
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

sql! {
    BY_PUBLIC_PART = "
        select id, hash, addresses, expires_at
        from operator_tokens
        where public_part = $1 and revoked_at is null";
    INSERT = "
        insert into operator_tokens (id, name, public_part, hash, addresses, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
}

/// A token as it is kept.
#[derive(Clone, Debug)]
pub struct OperatorToken {
    /// Its id.
    pub id: TokenId,
    /// The digest of its secret.
    pub hash: SecretHash,
    /// Address ranges that may use it, as CIDRs; empty for all.
    pub addresses: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl OperatorToken {
    /// Whether it may be used from an address: a range that cannot be read admits nobody.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let within =
            |range: &String| range.parse::<IpNet>().is_ok_and(|net| net.contains(&address));
        self.addresses.is_empty() || self.addresses.iter().any(within)
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    hash: Vec<u8>,
    addresses: String,
    expires_at: Option<i64>,
}

/// The token with this public part, unless it was revoked.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_public_part(
    conn: &mut Conn<'_>,
    public_part: &str,
) -> Result<Option<OperatorToken>, StoreError> {
    let row = conn.query(BY_PUBLIC_PART).bind(public_part.to_owned()).optional::<Row>().await?;
    row.map(|row| {
        Ok(OperatorToken {
            id: TokenId(row.id),
            hash: SecretHash::from_slice(&row.hash)
                .ok_or_else(|| StoreError::unreadable("hash"))?,
            addresses: row.addresses.split_whitespace().map(str::to_owned).collect(),
            expires_at: row.expires_at.map(Timestamp),
        })
    })
    .transpose()
}

/// What is kept of a new token.
pub struct New<'a> {
    /// Its id.
    pub id: TokenId,
    /// What people call it.
    pub name: &'a str,
    /// Its index key.
    pub public_part: &'a str,
    /// The digest of its secret.
    pub hash: SecretHash,
    /// Address ranges that may use it, as CIDRs.
    pub addresses: &'a [String],
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Adds a token.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(conn: &mut Conn<'_>, new: &New<'_>) -> Result<(), StoreError> {
    conn.query(INSERT)
        .bind(new.id.0)
        .bind(new.name.to_owned())
        .bind(new.public_part.to_owned())
        .bind(new.hash.0.to_vec())
        .bind(new.addresses.join(" "))
        .bind(new.created_at.0)
        .bind(new.expires_at.map(|at| at.0))
        .execute()
        .await?;
    Ok(())
}
