//! A place where statements run, narrowed to one organization.

use super::db::Conn;
use super::dialect::ByEngine;
use super::query::Query;
use crate::domain::id::OrganizationId;

/// The only way to reach an organization's tables: each statement gets the organization as `$1`.
pub struct Scope<'a> {
    conn: Conn<'a>,
    organization: OrganizationId,
}

impl<'a> Scope<'a> {
    /// Narrows a connection to an organization.
    #[must_use]
    pub const fn new(conn: Conn<'a>, organization: OrganizationId) -> Self {
        Self { conn, organization }
    }

    /// Whose tables these are.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Whether the engine is PostgreSQL, for the few statements of [`dialect`](super::dialect).
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        self.conn.is_postgres()
    }

    /// Begins a statement whose `$1` is the organization; the first `bind` is `$2`.
    pub fn query(&mut self, sql: &'static str) -> Query<'_> {
        Query::new(self.conn.again(), sql).bind(self.organization.0)
    }

    /// Begins a statement that differs by engine; else as [`Scope::query`].
    pub(super) fn query_on(&mut self, sql: ByEngine) -> Query<'_> {
        let postgres = self.is_postgres();
        self.query(sql.on(postgres))
    }
}
