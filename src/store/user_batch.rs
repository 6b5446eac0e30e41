//! Many new users in one statement, for bulk requests.
//!
//! Rows go as one JSON array, so that a hundred users cost about as much as a few. All are added or
//! none: who wants to know which key was taken adds them one by one.

use serde::Serialize;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::DirectoryId;
use crate::domain::user::{User, index_values};
use crate::scim::fold;

sql_by_engine! {
    INSERT = [
        "insert into users (organization_id, id, directory_id, source, user_name, user_name_key,
            external_id, email, email_key, display_name, display_name_key, first_name, last_name,
            description, external_ref, suspended_by, document, version, created_at, updated_at) ",
        {
            "select $1::uuid, (value->>'id')::uuid, (value->>'directory')::uuid,",
            "select $1, unhex(value->>'id', '-'), unhex(value->>'directory', '-'),",
        },
        " value->>'source', value->>'user_name', value->>'user_name_key', value->>'external_id',
            value->>'email', value->>'email_key', value->>'display_name',
            value->>'display_name_key', value->>'first_name', value->>'last_name',
            value->>'description', value->>'external_ref', ",
        {
            "(value->>'suspended_by')::bigint, value->>'document', (value->>'version')::bigint,
             (value->>'created_at')::bigint, (value->>'updated_at')::bigint
             from jsonb_array_elements($2::jsonb)",
            "value->>'suspended_by', value->>'document', value->>'version',
             value->>'created_at', value->>'updated_at'
             from json_each($2)",
        },
    ];
    /// Whether anybody has one of these logins or addresses elsewhere in the organization, waits to
    /// be removed, or is awaited by a group: an array of login and address each.
    MAY_MEET = [
        "select exists (
            select 1
            from ",
        {
            "jsonb_array_elements($2::jsonb) as given
             cross join lateral (
                 select 1
                 from users u
                 where u.organization_id = $1 and u.user_name_key = given.value->>0
                     and (u.directory_id is null or u.directory_id <> $3)
                 offset 0) as namesake",
            "json_each($2) as given
             cross join users u
             where u.organization_id = $1 and u.user_name_key = given.value->>0
                 and (u.directory_id is null or u.directory_id <> $3)",
        },
        " union all
            select 1
            from ",
        {
            "jsonb_array_elements($2::jsonb) as given
             cross join lateral (
                 select 1
                 from users u
                 where u.organization_id = $1 and u.email_key = given.value->>1
                     and (u.directory_id is null or u.directory_id <> $3)
                 offset 0) as neighbour",
            "json_each($2) as given
             cross join users u
             where u.organization_id = $1 and u.email_key = given.value->>1
                 and (u.directory_id is null or u.directory_id <> $3)",
        },
        " union all
            select 1
            from users
            where organization_id = $1 and leaving
            union all
            select 1
            from pending_members
            where organization_id = $1 and directory_id = $3)",
    ];
    /// The values that clients match on; a user without a directory has none.
    ADD_VALUES = [
        "insert into user_values (organization_id, directory_id, user_id, path, value_key) ",
        {
            "select $1::uuid, (value->>0)::uuid, (value->>1)::uuid, value->>2, value->>3
             from jsonb_array_elements($2::jsonb)",
            "select $1, unhex(value->>0, '-'), unhex(value->>1, '-'), value->>2, value->>3
             from json_each($2)
             where true",
        },
        " on conflict do nothing",
    ];
}

#[derive(Serialize)]
struct Row<'u> {
    id: uuid::Uuid,
    directory: Option<uuid::Uuid>,
    source: &'static str,
    user_name: &'u str,
    user_name_key: String,
    external_id: Option<&'u str>,
    email: Option<&'u str>,
    email_key: Option<String>,
    display_name: Option<&'u str>,
    display_name_key: Option<String>,
    first_name: Option<&'u str>,
    last_name: Option<&'u str>,
    description: Option<&'u str>,
    external_ref: Option<&'u str>,
    suspended_by: i64,
    document: &'u str,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl<'u> From<&'u User> for Row<'u> {
    fn from(user: &'u User) -> Self {
        Self {
            id: user.id.0,
            directory: user.directory.map(|id| id.0),
            source: user.source.as_str(),
            user_name: &user.user_name,
            user_name_key: fold(&user.user_name),
            external_id: user.external_id.as_deref(),
            email: user.email.as_deref(),
            email_key: user.email.as_deref().map(fold),
            display_name: user.display_name.as_deref(),
            display_name_key: user.display_name.as_deref().map(fold),
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            description: user.description.as_deref(),
            external_ref: user.external_ref.as_deref(),
            suspended_by: user.suspended_by.0,
            document: &user.document,
            version: user.version,
            created_at: user.created_at.0,
            updated_at: user.updated_at.0,
        }
    }
}

/// Adds users who never signed in, with their indexed values.
///
/// # Errors
/// [`StoreError::Unique`], as of one: then none was added.
pub async fn insert(scope: &mut Scope<'_>, users: &[User]) -> Result<(), StoreError> {
    let rows: Vec<Row<'_>> = users.iter().map(Row::from).collect();
    scope.query_on(INSERT).bind(text(&rows)?).execute().await?;
    let mut values = Vec::new();
    for user in users {
        let Some(directory) = user.directory else { continue };
        let found = index_values(&user.resource()).into_iter();
        values.extend(found.map(|(path, key)| (directory.0, user.id.0, path, key)));
    }
    if !values.is_empty() {
        scope.query_on(ADD_VALUES).bind(text(&values)?).execute().await?;
    }
    Ok(())
}

/// Whether any of these users may meet somebody who is there, so that each must be looked at.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn may_meet(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    users: &[User],
) -> Result<bool, StoreError> {
    let keys: Vec<_> =
        users.iter().map(|user| (fold(&user.user_name), user.email.as_deref().map(fold))).collect();
    let query = scope.query_on(MAY_MEET).bind(text(&keys)?).bind(directory.0);
    Ok(query.one::<(bool,)>().await?.0)
}

fn text(rows: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|_| StoreError::unreadable("rows"))
}
