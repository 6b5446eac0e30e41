//! Many invites in one statement, and who of many addresses is here already: for imports.
//!
//! Rows go as one JSON array, so that hundreds cost about as much as a few. All are added or none.

use serde::Serialize;
use uuid::Uuid;

use super::error::StoreError;
use super::outbox::Job;
use super::scope::Scope;
use crate::domain::invite::Invite;
use crate::domain::platform::LoginType;
use crate::domain::time::Timestamp;
use crate::scim::fold;

sql_by_engine! {
    INSERT = [
        "insert into invites (organization_id, id, user_id, class, email, email_key, first_name,
            last_name, description, login_type, language, grants, state, token_hash, invited_by,
            inviter_id, imported, sends, delivery, expiry_told, created_at, sent_at, expires_at,
            updated_at) ",
        {
            "select $1::uuid, (value->>'id')::uuid, (value->>'user')::uuid,",
            "select $1, unhex(value->>'id', '-'), unhex(value->>'user', '-'),",
        },
        " value->>'class', value->>'email', value->>'email_key', value->>'first_name',
            value->>'last_name', value->>'description', value->>'login_type',
            value->>'language', value->>'grants', value->>'state', ",
        {
            "decode(value->>'token', 'hex'), value->>'invited_by', (value->>'inviter')::uuid,
             true, 1, value->>'delivery', false, $3::bigint, $3::bigint, $4::bigint, $3::bigint
             from jsonb_array_elements($2::jsonb)",
            "unhex(value->>'token'), value->>'invited_by', unhex(value->>'inviter', '-'),
             true, 1, value->>'delivery', false, $3, $3, $4, $3
             from json_each($2)",
        },
    ];
    ENQUEUE = [
        "insert into outbox (organization_id, id, kind, key, payload, run_at, attempts,
            created_at) ",
        {
            "select $1::uuid, (value->>0)::uuid, value->>1, value->>2, value->>3, $3::bigint, 0,
                 $3::bigint
             from jsonb_array_elements($2::jsonb)",
            "select $1, unhex(value->>0, '-'), value->>1, value->>2, value->>3, $3, 0, $3
             from json_each($2)",
        },
    ];
    /// PostgreSQL joins what is given: among hundreds of ids, as a filter of the organization's
    /// users, it would look at each for each.
    AWAIT = [
        "update users
         set invite_ends_at = $3, login_type = $4 ",
        {
            "from (
                 select distinct value::uuid as id
                 from jsonb_array_elements_text($2::jsonb) as listed (value)) as given
             where users.organization_id = $1 and users.id = given.id",
            "where organization_id = $1 and id in (select unhex(value, '-') from json_each($2))",
        },
    ];
    /// Logins and addresses of users, and addresses of pending invites, among these keys; and
    /// whether a directory has suspended the user.
    PRESENT = [
        "select user_name_key, suspended_by & 1 = 1 and directory_id is not null
         from users
         where organization_id = $1 and user_name_key ",
        texts,
        " union all
         select email_key, suspended_by & 1 = 1 and directory_id is not null
         from users
         where organization_id = $1 and directory_id is not null and email_key ",
        texts,
        " union all
         select email_key, false
         from invites
         where organization_id = $1 and class = 'member' and state = 'pending' and email_key ",
        texts,
    ];
}

#[derive(Serialize)]
struct Row<'i> {
    id: Uuid,
    user: Option<Uuid>,
    class: &'static str,
    email: &'i str,
    email_key: String,
    first_name: Option<&'i str>,
    last_name: Option<&'i str>,
    description: Option<&'i str>,
    login_type: Option<&'static str>,
    language: &'static str,
    grants: String,
    state: &'static str,
    token: Option<String>,
    invited_by: String,
    inviter: Option<Uuid>,
    delivery: &'static str,
}

impl<'i> Row<'i> {
    fn of(invite: &'i Invite) -> Result<Self, StoreError> {
        Ok(Self {
            id: invite.id.0,
            user: invite.user.map(|id| id.0),
            class: invite.class.as_str(),
            email: &invite.email,
            email_key: fold(&invite.email),
            first_name: invite.first_name.as_deref(),
            last_name: invite.last_name.as_deref(),
            description: invite.description.as_deref(),
            login_type: invite.login_type.map(LoginType::key),
            language: invite.language.as_str(),
            grants: text(&invite.grants)?,
            state: invite.state.as_str(),
            token: invite.token.map(|token| crate::domain::secret::hex(&token.0)),
            invited_by: text(&invite.invited_by)?,
            inviter: invite.inviter.map(|id| id.0),
            delivery: invite.delivery.as_str(),
        })
    }
}

/// Adds invites that came with a file; all have one beginning and one end.
///
/// # Errors
/// [`StoreError::Unique`] (`invites_pending_key`) when one waits for any of the addresses.
pub async fn insert(scope: &mut Scope<'_>, invites: &[Invite]) -> Result<(), StoreError> {
    let Some(first) = invites.first() else { return Ok(()) };
    let rows: Result<Vec<Row<'_>>, StoreError> = invites.iter().map(Row::of).collect();
    let query = scope.query_on(INSERT).bind(text(&rows?)?);
    query.bind(first.created_at.0).bind(first.expires_at.0).execute().await?;
    let users: Vec<Uuid> = invites.iter().filter_map(|one| one.user).map(|id| id.0).collect();
    let query = scope.query_on(AWAIT).bind(text(&users)?).bind(first.expires_at.0);
    query.bind(first.login_type.map(LoginType::key)).execute().await?;
    Ok(())
}

/// Leaves jobs that may run from `at` on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn enqueue(scope: &mut Scope<'_>, jobs: &[Job], at: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<_> =
        jobs.iter().map(|job| (job.id.0, &job.kind, &job.key, &job.payload)).collect();
    scope.query_on(ENQUEUE).bind(text(&rows)?).bind(at.0).execute().await?;
    Ok(())
}

/// Which of these addresses, folded, is somebody's here or was invited; and whether a directory has
/// suspended her.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn present(
    scope: &mut Scope<'_>,
    keys: &[String],
) -> Result<Vec<(String, bool)>, StoreError> {
    scope.query_on(PRESENT).bind(text(&keys)?).all::<(String, bool)>().await
}

fn text(rows: &(impl Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|_| StoreError::unreadable("rows"))
}
