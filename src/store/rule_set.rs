//! The rule set of an organization: the row that mapping locks first.
//!
//! Whoever changes a fact holds it shared, whoever changes rules or resources holds it alone, until
//! commit; facts are read only after. So a change of facts and an edit of rules never miss each
//! other. The row is made when it is first asked for.

use sqlx::FromRow;

use super::dialect;
use super::error::StoreError;
use super::scope::Scope;

sql! {
    READ = "
        select version, applied_version, state, users_total, users_done, error, roles_version
        from rule_sets
        where organization_id = $1";
    CREATE = "
        insert into rule_sets (organization_id, version, applied_version, state, users_total,
            users_done)
        values ($1, 1, 1, 'idle', 0, 0)
        on conflict do nothing";
    NOTE = "
        update rule_sets
        set applied_version = $2, state = $3, users_total = $4, users_done = $5, error = $6
        where organization_id = $1";
    SAVE = "
        update rule_sets
        set version = $2, applied_version = $3, state = $4, users_total = $5, users_done = $6,
            error = $7
        where organization_id = $1";
    ROLES_EDITED = "
        update rule_sets
        set roles_version = roles_version + 1
        where organization_id = $1";
}

/// How the row is held until commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// With others who change facts.
    Shared,
    /// Alone: rules or resources change.
    Alone,
}

/// Whether rules still have to be applied in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is left to do.
    Idle,
    /// Gains are being applied.
    Running,
    /// The last run failed; it is tried again.
    Failed,
}

impl State {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Idle, Self::Running, Self::Failed].into_iter().find(|state| state.as_str() == text)
    }
}

/// The rule set of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// Counts edits of the rules.
    pub version: i64,
    /// The newest version whose outcome every user has.
    pub applied_version: i64,
    /// Whether something is left to do.
    pub state: State,
    /// How many users the run is about.
    pub users_total: i64,
    /// How many of them are done.
    pub users_done: i64,
    /// Why the last run failed.
    pub error: Option<String>,
    /// Counts edits of the roles that the organization made.
    pub roles_version: i64,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self {
            version: 1,
            applied_version: 1,
            state: State::Idle,
            users_total: 0,
            users_done: 0,
            error: None,
            roles_version: 1,
        }
    }
}

#[derive(FromRow)]
struct Row {
    version: i64,
    applied_version: i64,
    state: String,
    users_total: i64,
    users_done: i64,
    error: Option<String>,
    roles_version: i64,
}

impl TryFrom<Row> for RuleSet {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.version,
            applied_version: row.applied_version,
            state: State::parse(&row.state).ok_or_else(|| StoreError::unreadable("state"))?,
            users_total: row.users_total,
            users_done: row.users_done,
            error: row.error,
            roles_version: row.roles_version,
        })
    }
}

/// The rule set, without holding it; a new organization has an empty one.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn read(scope: &mut Scope<'_>) -> Result<RuleSet, StoreError> {
    let row = scope.query(READ).optional::<Row>().await?;
    row.map_or_else(|| Ok(RuleSet::default()), RuleSet::try_from)
}

/// Holds the rule set until commit. It comes before every other lock.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn hold(scope: &mut Scope<'_>, hold: Hold) -> Result<RuleSet, StoreError> {
    let sql = dialect::hold_rule_set(scope.is_postgres(), hold);
    if let Some(row) = scope.query(sql).optional::<Row>().await? {
        return row.try_into();
    }
    scope.query(CREATE).execute().await?;
    scope.query(sql).one::<Row>().await?.try_into()
}

/// Notes progress: everything but the version. Nobody needs to hold the rule set for this, and
/// nobody who holds it shared is kept waiting.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn note(scope: &mut Scope<'_>, set: &RuleSet) -> Result<(), StoreError> {
    scope
        .query(NOTE)
        .bind(set.applied_version)
        .bind(set.state.as_str())
        .bind(set.users_total)
        .bind(set.users_done)
        .bind(set.error.clone())
        .execute()
        .await?;
    Ok(())
}

/// Writes the rule set; the caller holds it alone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn save(scope: &mut Scope<'_>, set: &RuleSet) -> Result<(), StoreError> {
    scope
        .query(SAVE)
        .bind(set.version)
        .bind(set.applied_version)
        .bind(set.state.as_str())
        .bind(set.users_total)
        .bind(set.users_done)
        .bind(set.error.clone())
        .execute()
        .await?;
    Ok(())
}

/// Counts an edit of the organization's roles; the caller holds the rule set alone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn roles_edited(scope: &mut Scope<'_>) -> Result<(), StoreError> {
    scope.query(ROLES_EDITED).execute().await?;
    Ok(())
}
