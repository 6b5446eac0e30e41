//! Users as the management surface lists them: filtered, sorted, page by page.
//!
//! One text for each order; an empty parameter filters nothing. The words of `q` are looked for in
//! login, e-mail and names by their keys; given and family name have none and are compared as they
//! are and in lower case.

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use super::user::{Row, user_columns};
use crate::domain::id::UserId;
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

/// A page of one class by a key: the first or a later one forwards, the first one back, or a later
/// one back; `$12` is how many, `$13` the key before it, `$14` the id. They are not compared as a
/// pair, since SQLite finds no place in an index of expressions by one.
macro_rules! ordered {
    ($class:ident, $key:literal, forwards) => {
        concat!(
            "
        select ",
            user_columns!(),
            listed!($class),
            "
            and ",
            $key,
            " >= $13 and (",
            $key,
            " > $13 or u.id > $14)
        order by ",
            $key,
            ", u.id
        limit $12 + 0"
        )
    };
    ($class:ident, $key:literal, last) => {
        concat!(
            "
        select ",
            user_columns!(),
            listed!($class),
            "
        order by ",
            $key,
            " desc, u.id desc
        limit $12 + 0"
        )
    };
    ($class:ident, $key:literal, back) => {
        concat!(
            "
        select ",
            user_columns!(),
            listed!($class),
            "
            and ",
            $key,
            " <= $13 and (",
            $key,
            " < $13 or u.id < $14)
        order by ",
            $key,
            " desc, u.id desc
        limit $12 + 0"
        )
    };
}

/// Declares the statements of every order, and which one a page needs.
macro_rules! orders {
    ($($by:ident, $key:literal: $forwards:ident $last:ident $back:ident,
        $guests_forwards:ident $guests_last:ident $guests_back:ident;)+) => {
        sql! {
            $($forwards = ordered!(members, $key, forwards);
            $last = ordered!(members, $key, last);
            $back = ordered!(members, $key, back);
            $guests_forwards = ordered!(partners, $key, forwards);
            $guests_last = ordered!(partners, $key, last);
            $guests_back = ordered!(partners, $key, back);)+
        }

        const fn statement(order: &Order, partners: bool) -> &'static str {
            match (order.by, order.back, order.after.is_some(), partners) {
                $((By::$by, false, _, false) => $forwards,
                (By::$by, true, false, false) => $last,
                (By::$by, true, true, false) => $back,
                (By::$by, false, _, true) => $guests_forwards,
                (By::$by, true, false, true) => $guests_last,
                (By::$by, true, true, true) => $guests_back,)+
            }
        }
    };
}

orders! {
    Age, "u.created_at": BY_AGE BY_AGE_LAST BY_AGE_BACK,
        GUESTS_BY_AGE GUESTS_BY_AGE_LAST GUESTS_BY_AGE_BACK;
    Name, "u.user_name_key": BY_NAME BY_NAME_LAST BY_NAME_BACK,
        GUESTS_BY_NAME GUESTS_BY_NAME_LAST GUESTS_BY_NAME_BACK;
    Email, "coalesce(u.email_key, u.user_name_key)": BY_EMAIL BY_EMAIL_LAST BY_EMAIL_BACK,
        GUESTS_BY_EMAIL GUESTS_BY_EMAIL_LAST GUESTS_BY_EMAIL_BACK;
    Shown, "coalesce(u.display_name_key, u.user_name_key)": BY_SHOWN BY_SHOWN_LAST BY_SHOWN_BACK,
        GUESTS_BY_SHOWN GUESTS_BY_SHOWN_LAST GUESTS_BY_SHOWN_BACK;
    Seen, "coalesce(u.last_sign_in_at, 0)": BY_SEEN BY_SEEN_LAST BY_SEEN_BACK,
        GUESTS_BY_SEEN GUESTS_BY_SEEN_LAST GUESTS_BY_SEEN_BACK;
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

/// The order of a list and where its page begins.
#[derive(Clone, Debug)]
pub struct Order {
    /// By what.
    pub by: By,
    /// From the end.
    pub back: bool,
    /// The last item of the page before, by its key and id.
    pub after: Option<(At, UserId)>,
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Creation.
    Age,
    /// The login, folded.
    Name,
    /// The e-mail, folded; the login where there is none.
    Email,
    /// The name to be shown, folded; the login where there is none.
    Shown,
    /// The last sign-in; those who never signed in first.
    Seen,
}

/// Where a page of a list begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// Behind a text.
    Text(String),
    /// Behind an instant.
    Instant(i64),
}

impl By {
    /// The key of a user.
    #[must_use]
    pub fn of(self, user: &User) -> At {
        let text = |text: Option<&str>| At::Text(fold(text.unwrap_or(&user.user_name)));
        match self {
            Self::Age => At::Instant(user.created_at.0),
            Self::Name => text(None),
            Self::Email => text(user.email.as_deref()),
            Self::Shown => text(user.display_name.as_deref()),
            Self::Seen => At::Instant(user.last_sign_in_at.map_or(0, |at| at.0)),
        }
    }

    /// Whether its keys are instants, not texts.
    #[must_use]
    pub const fn is_instant(self) -> bool {
        matches!(self, Self::Age | Self::Seen)
    }

    /// What no key comes before.
    const fn least(self) -> At {
        if self.is_instant() { At::Instant(i64::MIN) } else { At::Text(String::new()) }
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
    let (kind, key) = filter.resource.clone().unwrap_or_default();
    let query = scope
        .query(statement(order, filter.partners))
        .bind(filter.source.clone())
        .bind(filter.status.clone())
        .bind(filter.role.clone())
        .bind(kind)
        .bind(key)
        .bind(filter.external_ref.clone())
        .bind(pattern(&fold(&filter.words)))
        .bind(now.0)
        .bind(filter.without_access)
        .bind(pattern(&filter.words))
        .bind(limit);
    let begin = (order.by.least(), UserId(Uuid::nil()));
    let query = match order.after.clone().or((!order.back).then_some(begin)) {
        Some((At::Text(key), id)) => query.bind(key).bind(id.0),
        Some((At::Instant(key), id)) => query.bind(key).bind(id.0),
        None => query,
    };
    query.all::<Row>().await?.into_iter().map(User::try_from).collect()
}

/// The pattern that finds a text anywhere; empty for an empty text.
fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
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
