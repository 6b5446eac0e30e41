//! Sealed values of all tables, for sealing them anew.
//!
//! [`kept`] answers for each column that is sealed where its values stand: whoever adds a column
//! says so here. Rows come in order of their ids, a batch at a time.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::sealed::Column;

macro_rules! sealed {
    ($table:literal, $key:literal, $row:literal, $column:literal) => {
        concat!(
            "
            select organization_id, ",
            $key,
            " as id, ",
            $row,
            " as row_id, ",
            $column,
            " as sealed
            from ",
            $table,
            "
            where ",
            $column,
            " is not null and ",
            $key,
            " > $1
            order by ",
            $key,
            "
            limit $2 + 0"
        )
    };
}

macro_rules! reseal {
    ($table:literal, $key:literal, $column:literal) => {
        concat!(
            "
            update ",
            $table,
            "
            set ",
            $column,
            " = $3
            where organization_id = $1 and ",
            $key,
            " = $2 and ",
            $column,
            " = $4"
        )
    };
}

sql! {
    CONNECTIONS = sealed!("connections", "id", "id", "secret");
    CONNECTION = reseal!("connections", "id", "secret");
    LOGINS = sealed!("logins", "id", "id", "verifier");
    LOGIN = reseal!("logins", "id", "verifier");
    SAML_RESULTS = sealed!("saml_results", "id", "id", "identity");
    SAML_RESULT = reseal!("saml_results", "id", "identity");
    TRACES = sealed!("sign_in_traces", "sign_in_id", "sign_in_id", "sealed");
    TRACE = reseal!("sign_in_traces", "sign_in_id", "sealed");
    SESSIONS = sealed!("sessions", "id", "id", "id_token");
    SESSION = reseal!("sessions", "id", "id_token");
    PASSWORDS = sealed!("passwords", "user_id", "user_id", "totp");
    PASSWORD = reseal!("passwords", "user_id", "totp");
    PASSWORD_LINKS = sealed!("password_links", "id", "user_id", "totp");
    PASSWORD_LINK = reseal!("password_links", "id", "totp");
    WEBHOOKS = sealed!("webhooks", "id", "id", "secret");
    WEBHOOK = reseal!("webhooks", "id", "secret");
    OLD_WEBHOOKS = sealed!("webhooks", "id", "id", "old_secret");
    OLD_WEBHOOK = reseal!("webhooks", "id", "old_secret");
    /// What the outbox keeps of mails: texts with a sealed part.
    MAILS = "
        select organization_id, id, payload
        from outbox
        where kind = 'mail' and id > $1
        order by id
        limit $2 + 0";
    MAIL = "
        update outbox
        set payload = $3
        where organization_id = $1 and id = $2 and payload = $4";
}

/// A column of a table that holds sealed values, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Its table and name.
    pub name: (&'static str, &'static str),
    read: &'static str,
    write: &'static str,
}

const fn at(name: (&'static str, &'static str), read: &'static str, write: &'static str) -> Kept {
    Kept { name, read, write }
}

/// Where values that are sealed for a column stand. Mails stand in texts of the outbox and have
/// verbs of their own here, the check value has one in `installation`, cursors are not kept.
#[must_use]
pub const fn kept(column: Column) -> &'static [Kept] {
    match column {
        Column::ConnectionSecret => {
            const { &[at(("connections", "secret"), CONNECTIONS, CONNECTION)] }
        }
        Column::LoginVerifier => const { &[at(("logins", "verifier"), LOGINS, LOGIN)] },
        Column::SamlResult => {
            const { &[at(("saml_results", "identity"), SAML_RESULTS, SAML_RESULT)] }
        }
        Column::SignInTrace => const { &[at(("sign_in_traces", "sealed"), TRACES, TRACE)] },
        Column::SessionIdToken => const { &[at(("sessions", "id_token"), SESSIONS, SESSION)] },
        Column::PasswordTotp => {
            const {
                &[
                    at(("passwords", "totp"), PASSWORDS, PASSWORD),
                    at(("password_links", "totp"), PASSWORD_LINKS, PASSWORD_LINK),
                ]
            }
        }
        Column::WebhookSecret => {
            const {
                &[
                    at(("webhooks", "secret"), WEBHOOKS, WEBHOOK),
                    at(("webhooks", "old_secret"), OLD_WEBHOOKS, OLD_WEBHOOK),
                ]
            }
        }
        Column::Mail | Column::ScimCursor | Column::Installation => &[],
    }
}

/// A sealed value and where it stands.
#[derive(Clone, Debug, FromRow)]
pub struct Sealed {
    /// Whose it is.
    pub organization_id: Uuid,
    /// Which row holds it.
    pub id: Uuid,
    /// Which row it is bound to.
    pub row_id: Uuid,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

/// Sealed values of all organizations in order of their ids, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    conn: &mut Conn<'_>,
    kept: Kept,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Sealed>, StoreError> {
    conn.query(kept.read).bind(after).bind(limit).all().await
}

/// Replaces a sealed value if nobody changed it meanwhile; answers whether it did.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn reseal(
    scope: &mut Scope<'_>,
    (kept, old): (Kept, &Sealed),
    new: Vec<u8>,
) -> Result<bool, StoreError> {
    let query = scope.query(kept.write).bind(old.id).bind(new).bind(old.sealed.clone());
    Ok(query.execute().await? == 1)
}

/// What the outbox keeps of a mail, and whose it is.
#[derive(Clone, Debug, FromRow)]
pub struct Mail {
    /// Whose it is.
    pub organization_id: Uuid,
    /// The job.
    pub id: Uuid,
    /// What is kept.
    pub payload: String,
}

/// Mails that wait, in order of their ids, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn mails(conn: &mut Conn<'_>, after: Uuid, limit: i64) -> Result<Vec<Mail>, StoreError> {
    conn.query(MAILS).bind(after).bind(limit).all().await
}

/// Replaces what is kept of a mail, if it waits still as it was; answers whether it did.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn reseal_mail(
    scope: &mut Scope<'_>,
    old: &Mail,
    new: String,
) -> Result<bool, StoreError> {
    let query = scope.query(MAIL).bind(old.id).bind(new).bind(old.payload.clone());
    Ok(query.execute().await? == 1)
}
