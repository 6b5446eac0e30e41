//! Users as the management surface lists them: filtered, sorted, page by page.
//!
//! One text for each order; an empty parameter filters nothing. The words of `q` are looked for in
//! login, e-mail and names by their keys; given and family name have none and are compared as they
//! are and in lower case.

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use super::user::{Row, user_columns};
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::scim::fold;

/// Who is at home here.
macro_rules! members {
    () => {
        "u.organization_id = $1"
    };
}

/// Who is a guest here.
macro_rules! partners {
    () => {
        "u.organization_id <> $1 and u.id in (
                select p.user_id from grants p
                where p.organization_id = $1 and p.source = 'guest')"
    };
}

/// The conditions of a list of one class, `$2` to `$11`.
macro_rules! listed {
    ($class:ident) => {
        concat!(
            "
        from users u
        where ",
            $class!(),
            "
            and ($2 = '' or u.source = $2)
            and ($3 = '' or $3 = case
                when u.suspended_by <> 0 and u.suspended_by <> 8 then 'suspended'
                when u.last_sign_in_at is not null then 'active'
                when u.invite_ends_at is null then 'provisioned'
                when u.invite_ends_at > $9 then 'invite_pending'
                else 'invite_expired' end)
            and ($4 = '' or exists (
                select 1 from grants g
                where g.organization_id = $1 and g.user_id = u.id and g.role = $4
                    and (g.expires_at is null or g.expires_at > $9)))
            and ($5 = '' or exists (
                select 1 from grants g
                where g.organization_id = $1 and g.user_id = u.id and g.reach = 'resource'
                    and g.resource_kind = $5 and g.resource_key = $6
                    and (g.expires_at is null or g.expires_at > $9)))
            and (not $10 or not exists (
                select 1 from grants g
                where g.organization_id = $1 and g.user_id = u.id
                    and (g.expires_at is null or g.expires_at > $9)))
            and ($7 = '' or u.external_ref = $7)
            and ($8 = '' or u.user_name_key like $8 escape '!' or u.email_key like $8 escape '!'
                or u.display_name_key like $8 escape '!'
                or u.first_name like $11 escape '!' or lower(u.first_name) like $8 escape '!'
                or u.last_name like $11 escape '!' or lower(u.last_name) like $8 escape '!')"
        )
    };
}

/// A page of one class by a key, forwards or back; `$12` is the key before it, `$13` the id.
macro_rules! ordered {
    ($class:ident, $key:literal, forwards) => {
        concat!(
            "
        select ",
            user_columns!(),
            listed!($class),
            "
            and ($15 or (",
            $key,
            ", u.id) > ($12, $13))
        order by ",
            $key,
            ", u.id
        limit $14 + 0"
        )
    };
    ($class:ident, $key:literal, back) => {
        concat!(
            "
        select ",
            user_columns!(),
            listed!($class),
            "
            and ($15 or (",
            $key,
            ", u.id) < ($12, $13))
        order by ",
            $key,
            " desc, u.id desc
        limit $14 + 0"
        )
    };
}

sql! {
    BY_AGE = concat!("
        select ", user_columns!(), listed!(members), "
            and (u.created_at, u.id) > ($12, $13)
        order by u.created_at, u.id
        limit $14 + 0");
    BY_AGE_BACK = concat!("
        select ", user_columns!(), listed!(members), "
            and (u.created_at, u.id) < ($12, $13)
        order by u.created_at desc, u.id desc
        limit $14 + 0");
    BY_NAME = concat!("
        select ", user_columns!(), listed!(members), "
            and ($12 = '' or (u.user_name_key, u.id) > ($12, $13))
        order by u.user_name_key, u.id
        limit $14 + 0");
    BY_NAME_BACK = concat!("
        select ", user_columns!(), listed!(members), "
            and ($12 = '' or (u.user_name_key, u.id) < ($12, $13))
        order by u.user_name_key desc, u.id desc
        limit $14 + 0");
    PARTNERS_BY_AGE = concat!("
        select ", user_columns!(), listed!(partners), "
            and (u.created_at, u.id) > ($12, $13)
        order by u.created_at, u.id
        limit $14 + 0");
    PARTNERS_BY_AGE_BACK = concat!("
        select ", user_columns!(), listed!(partners), "
            and (u.created_at, u.id) < ($12, $13)
        order by u.created_at desc, u.id desc
        limit $14 + 0");
    PARTNERS_BY_NAME = concat!("
        select ", user_columns!(), listed!(partners), "
            and ($12 = '' or (u.user_name_key, u.id) > ($12, $13))
        order by u.user_name_key, u.id
        limit $14 + 0");
    PARTNERS_BY_NAME_BACK = concat!("
        select ", user_columns!(), listed!(partners), "
            and ($12 = '' or (u.user_name_key, u.id) < ($12, $13))
        order by u.user_name_key desc, u.id desc
        limit $14 + 0");
    BY_EMAIL = ordered!(members, "coalesce(u.email_key, u.user_name_key)", forwards);
    BY_EMAIL_BACK = ordered!(members, "coalesce(u.email_key, u.user_name_key)", back);
    BY_SHOWN = ordered!(members, "coalesce(u.display_name_key, u.user_name_key)", forwards);
    BY_SHOWN_BACK = ordered!(members, "coalesce(u.display_name_key, u.user_name_key)", back);
    BY_SEEN = ordered!(members, "coalesce(u.last_sign_in_at, 0)", forwards);
    BY_SEEN_BACK = ordered!(members, "coalesce(u.last_sign_in_at, 0)", back);
    PARTNERS_BY_EMAIL = ordered!(partners, "coalesce(u.email_key, u.user_name_key)", forwards);
    PARTNERS_BY_EMAIL_BACK = ordered!(partners, "coalesce(u.email_key, u.user_name_key)", back);
    PARTNERS_BY_SHOWN =
        ordered!(partners, "coalesce(u.display_name_key, u.user_name_key)", forwards);
    PARTNERS_BY_SHOWN_BACK =
        ordered!(partners, "coalesce(u.display_name_key, u.user_name_key)", back);
    PARTNERS_BY_SEEN = ordered!(partners, "coalesce(u.last_sign_in_at, 0)", forwards);
    PARTNERS_BY_SEEN_BACK = ordered!(partners, "coalesce(u.last_sign_in_at, 0)", back);
    OF_DIRECTORY = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and u.directory_id = $2
        order by u.id
        limit $3 + 0");
    DETACH = "
        update users
        set directory_id = null, suspended_by = $3, version = version + 1, updated_at = $4
        where organization_id = $1 and id = $2";
    DROP_VALUES = "
        delete from user_values
        where organization_id = $1 and user_id = $2";
}

/// What a list is narrowed to; what is empty narrows nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Guests, not those who are at home here.
    pub partners: bool,
    /// Where they came from.
    pub source: String,
    /// What they are at present.
    pub status: String,
    /// Who holds this role.
    pub role: String,
    /// Who has a grant on exactly this resource: kind and folded key.
    pub resource: Option<(String, String)>,
    /// The platform's own id.
    pub external_ref: String,
    /// Words in login, e-mail or names.
    pub words: String,
    /// Who holds nothing.
    pub without_access: bool,
}

/// The order of a list and where its page begins, by the last item of the page before.
#[derive(Clone, Debug)]
pub enum Order {
    /// By creation.
    Age {
        /// Newest first.
        back: bool,
        /// The last item's instant and id.
        after: Option<(Timestamp, UserId)>,
    },
    /// By the key of the login.
    Name {
        /// From the end.
        back: bool,
        /// The last item's key and id.
        after: Option<(String, UserId)>,
    },
    /// By something else that a list shows.
    Key {
        /// By what.
        by: Key,
        /// From the end.
        back: bool,
        /// The last item's key and id.
        after: Option<(At, UserId)>,
    },
}

/// What else a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The e-mail, folded; the login where there is none.
    Email,
    /// The name to be shown, folded; the login where there is none.
    Shown,
    /// The last sign-in; those who never signed in first.
    Seen,
}

/// Where a page of such a list begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// Behind a text.
    Text(String),
    /// Behind an instant.
    Instant(i64),
}

impl Key {
    /// The key of a user.
    #[must_use]
    pub fn of(self, user: &User) -> At {
        let text = |text: Option<&str>| At::Text(fold(text.unwrap_or(&user.user_name)));
        match self {
            Self::Email => text(user.email.as_deref()),
            Self::Shown => text(user.display_name.as_deref()),
            Self::Seen => At::Instant(user.last_sign_in_at.map_or(0, |at| at.0)),
        }
    }

    const fn statement(self, back: bool, partners: bool) -> &'static str {
        match (self, back, partners) {
            (Self::Email, false, false) => BY_EMAIL,
            (Self::Email, true, false) => BY_EMAIL_BACK,
            (Self::Shown, false, false) => BY_SHOWN,
            (Self::Shown, true, false) => BY_SHOWN_BACK,
            (Self::Seen, false, false) => BY_SEEN,
            (Self::Seen, true, false) => BY_SEEN_BACK,
            (Self::Email, false, true) => PARTNERS_BY_EMAIL,
            (Self::Email, true, true) => PARTNERS_BY_EMAIL_BACK,
            (Self::Shown, false, true) => PARTNERS_BY_SHOWN,
            (Self::Shown, true, true) => PARTNERS_BY_SHOWN_BACK,
            (Self::Seen, false, true) => PARTNERS_BY_SEEN,
            (Self::Seen, true, true) => PARTNERS_BY_SEEN_BACK,
        }
    }
}

/// A page of users who are at home here, or of guests.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    filter: &Filter,
    order: &Order,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let statement = match (order, filter.partners) {
        (Order::Age { back: false, .. }, false) => BY_AGE,
        (Order::Age { back: true, .. }, false) => BY_AGE_BACK,
        (Order::Name { back: false, .. }, false) => BY_NAME,
        (Order::Name { back: true, .. }, false) => BY_NAME_BACK,
        (Order::Age { back: false, .. }, true) => PARTNERS_BY_AGE,
        (Order::Age { back: true, .. }, true) => PARTNERS_BY_AGE_BACK,
        (Order::Name { back: false, .. }, true) => PARTNERS_BY_NAME,
        (Order::Name { back: true, .. }, true) => PARTNERS_BY_NAME_BACK,
        (Order::Key { by, back, .. }, partners) => by.statement(*back, partners),
    };
    let (kind, key) = filter.resource.clone().unwrap_or_default();
    let query = scope
        .query(statement)
        .bind(filter.source.clone())
        .bind(filter.status.clone())
        .bind(filter.role.clone())
        .bind(kind)
        .bind(key)
        .bind(filter.external_ref.clone())
        .bind(pattern(&fold(&filter.words)))
        .bind(now.0)
        .bind(filter.without_access)
        .bind(pattern(&filter.words));
    let query = match order {
        Order::Age { back, after } => {
            let edge = if *back {
                (Timestamp(i64::MAX), UserId(Uuid::max()))
            } else {
                (Timestamp(i64::MIN), UserId(Uuid::nil()))
            };
            let (at, id) = after.unwrap_or(edge);
            query.bind(at.0).bind(id.0)
        }
        Order::Name { after, .. } => {
            let (key, id) = after.clone().unwrap_or((String::new(), UserId(Uuid::nil())));
            query.bind(key).bind(id.0)
        }
        Order::Key { by, after, .. } => {
            let first = after.is_none();
            let start = match by {
                Key::Seen => At::Instant(0),
                Key::Email | Key::Shown => At::Text(String::new()),
            };
            let (at, id) = after.clone().unwrap_or((start, UserId(Uuid::nil())));
            let query = match at {
                At::Text(text) => query.bind(text),
                At::Instant(at) => query.bind(at),
            };
            let query = query.bind(id.0).bind(limit).bind(first);
            return query.all::<Row>().await?.into_iter().map(User::try_from).collect();
        }
    };
    query.bind(limit).all::<Row>().await?.into_iter().map(User::try_from).collect()
}

/// The pattern that finds a text anywhere; empty for an empty text.
fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// The first users of a directory by id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_directory(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let query = scope.query(OF_DIRECTORY).bind(directory.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(User::try_from).collect()
}

/// Makes a user of a directory one of the organization itself, with who suspends her from now on.
/// Her memberships must be gone before.
///
/// # Errors
/// [`StoreError::Unique`] (`users_local_user_name_key`) when a user of the organization has her
/// login.
pub async fn detach(scope: &mut Scope<'_>, user: &User, at: Timestamp) -> Result<(), StoreError> {
    scope.query(DROP_VALUES).bind(user.id.0).execute().await?;
    scope.query(DETACH).bind(user.id.0).bind(user.suspended_by.0).bind(at.0).execute().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_its_text_by_the_letter() {
        assert_eq!(pattern(""), "");
        assert_eq!(pattern("a_b%c!"), "%a!_b!%c!!%");
    }
}
