//! What a connection is known by and that ends: client secrets and certificates, and which notices
//! of their ends were told.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{ConnectionId, OrganizationId};
use crate::domain::time::Timestamp;

sql! {
    OF_CONNECTION = "
        select kind, name, expires_at
        from connection_ends
        where organization_id = $1 and connection_id = $2
        order by kind, name
        limit $3 + 0";
    PUT = "
        insert into connection_ends (organization_id, connection_id, kind, name, expires_at)
        values ($1, $2, $3, $4, $5)
        on conflict (connection_id, kind, name) do update
        set expires_at = excluded.expires_at, noticed_days = null";
    DELETE = "
        delete from connection_ends
        where organization_id = $1 and connection_id = $2 and kind = $3 and name = $4";
    ENDING = "
        select organization_id, connection_id, kind, name, expires_at, noticed_days
        from connection_ends
        where expires_at > $1 and expires_at <= $2
            and (expires_at > $3 or (expires_at = $3 and connection_id > $4)
                or (expires_at = $3 and connection_id = $4 and name > $5))
        order by expires_at, connection_id, name
        limit $6 + 0";
    NOTE = "
        update connection_ends
        set noticed_days = $5
        where organization_id = $1 and connection_id = $2 and kind = $3 and name = $4
            and expires_at = $6 and (noticed_days is null or noticed_days > $5)";
}

/// Ends that one connection has.
pub const ENDS_MAX: i64 = 100;

/// What can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A client secret; its name is `client_secret`.
    ClientSecret,
    /// A certificate of the provider; its name is its thumbprint.
    Certificate,
}

impl Kind {
    /// The word that is stored and told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecret => "client_secret",
            Self::Certificate => "certificate",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        [Self::ClientSecret, Self::Certificate]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| StoreError::unreadable("kind"))
    }
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// What ends.
    pub kind: Kind,
    /// Which of its kind.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// An end that comes near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// What ends, and when.
    pub end: End,
    /// The nearest notice that was told, in days before the end.
    pub told: Option<i64>,
}

/// Makes these the ends of a connection, those of one kind or of all; an end that stays as it is
/// keeps its notices.
///
/// # Errors
/// [`StoreError::Reference`] when the connection is gone.
pub async fn replace(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    ends: &[End],
) -> Result<(), StoreError> {
    let query = scope.query(OF_CONNECTION).bind(connection.0).bind(ENDS_MAX);
    let mut present = Vec::new();
    for (kind, name, at) in query.all::<(String, String, i64)>().await? {
        present.push(End { kind: Kind::parse(&kind)?, name, at: Timestamp(at) });
    }
    let stays = |old: &&End| ends.iter().any(|new| (new.kind, &new.name) == (old.kind, &old.name));
    for gone in present.iter().filter(|old| !stays(old)) {
        let query = scope.query(DELETE).bind(connection.0).bind(gone.kind.as_str());
        query.bind(gone.name.clone()).execute().await?;
    }
    for new in ends.iter().filter(|new| !present.contains(new)) {
        let query = scope.query(PUT).bind(connection.0).bind(new.kind.as_str());
        query.bind(new.name.clone()).bind(new.at.0).execute().await?;
    }
    Ok(())
}

/// Ends after `span.0` and until `span.1`, in order, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn ending(
    conn: &mut Conn<'_>,
    span: (Timestamp, Timestamp),
    (at, connection, name): (Timestamp, Uuid, &str),
    limit: i64,
) -> Result<Vec<Ending>, StoreError> {
    let query = conn.query(ENDING).bind(span.0.0).bind(span.1.0).bind(at.0).bind(connection);
    let query = query.bind(name.to_owned()).bind(limit);
    let rows = query.all::<(Uuid, Uuid, String, String, i64, Option<i64>)>().await?;
    let read = |(organization, connection, kind, name, at, told): (_, _, String, _, _, _)| {
        Ok(Ending {
            organization: OrganizationId(organization),
            connection: ConnectionId(connection),
            end: End { kind: Kind::parse(&kind)?, name, at: Timestamp(at) },
            told,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Notes that a notice is told; false when it, or a nearer one, was told already, or the end is
/// another one by now.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn note(scope: &mut Scope<'_>, ending: &Ending, days: i64) -> Result<bool, StoreError> {
    let end = &ending.end;
    let query = scope.query(NOTE).bind(ending.connection.0).bind(end.kind.as_str());
    let query = query.bind(end.name.clone()).bind(days).bind(end.at.0);
    Ok(query.execute().await? == 1)
}
