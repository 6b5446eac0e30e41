//! The metadata of SAML providers, read again: what a look may change, and what it never does
//! (G32).
//!
//! A look that fails changes nothing: the last good metadata stays, and the failure is told once.
//! An entity id never changes by a look.

use super::problem::Problem;
use super::work::Work;
use crate::domain::connection::Connection;
use crate::domain::event::Happened;
use crate::domain::id::ConnectionId;
use crate::domain::saml::Saml;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::time::Timestamp;
use crate::store;
use crate::store::saml_metadata::Look;

/// How long after a failure the next look is due, in seconds.
pub const AGAIN_S: i64 = 3600;
/// Between two looks for a key that nobody knows, in seconds.
pub const COOLDOWN_S: i64 = 300;

/// Notes when the metadata of a connection is due, or that it is not read any more.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn note(work: &mut Work, connection: &Connection) -> Result<(), Problem> {
    let saml = connection.settings.saml.as_ref();
    let due = saml.filter(|saml| saml.metadata_url.is_some()).and_then(|saml| saml.metadata_due_at);
    match due {
        Some(due) => {
            let look = Look { due_at: Timestamp(due), tried_at: work.at, failed: None };
            store::saml_metadata::put(&mut work.scope(), connection.id, &look).await?;
        }
        None if saml.is_some() => {
            store::saml_metadata::delete(&mut work.scope(), connection.id).await?;
        }
        None => {}
    }
    Ok(())
}

/// Takes a look for a newer key, if the last one is long enough ago.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn claim(work: &mut Work, id: ConnectionId) -> Result<bool, Problem> {
    let at = work.at;
    let times = (at, at.plus_s(-COOLDOWN_S));
    Ok(store::saml_metadata::claim(&mut work.scope(), id, times).await?)
}

/// Writes what a look found; answers the connection where it is there still.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn looked(
    work: &mut Work,
    id: ConnectionId,
    found: &Result<Saml, Found>,
) -> Result<Option<Connection>, Problem> {
    let Some(connection) = store::connection::by_id(&mut work.scope(), id).await? else {
        return Ok(None);
    };
    let Some(present) = &connection.settings.saml else { return Ok(None) };
    let asked = |new: &Saml| {
        new.metadata_url == present.metadata_url
            && new.metadata_certificates == present.metadata_certificates
    };
    let found = match found {
        // It was configured anew meanwhile: what the former settings led to says nothing.
        Ok(new) if !asked(new) => return Ok(Some(connection)),
        Ok(new) if new.idp_entity_id != present.idp_entity_id => {
            Err(Fault::Metadata.with("it is of another entityID than before"))
        }
        other => other.clone(),
    };
    match found {
        Ok(new) => succeeded(work, connection, new).await.map(Some),
        Err(why) => {
            failed(work, id, &why).await?;
            Ok(Some(connection))
        }
    }
}

async fn succeeded(
    work: &mut Work,
    connection: Connection,
    new: Saml,
) -> Result<Connection, Problem> {
    let present = connection.settings.saml.clone().unwrap_or_default();
    let mut merged = present.clone();
    merged.sso_url = new.sso_url;
    merged.sso_binding = new.sso_binding;
    merged.slo_url = new.slo_url;
    merged.slo_binding = new.slo_binding;
    merged.slo_response_url = new.slo_response_url;
    merged.certificates = new.certificates;
    merged.certificate_ends = new.certificate_ends;
    merged.metadata_valid_until = new.metadata_valid_until;
    let same = Saml { metadata_due_at: present.metadata_due_at, ..merged.clone() } == present;
    merged.metadata_due_at = new.metadata_due_at;
    let mut changed = connection;
    changed.settings.saml = Some(merged);
    note(work, &changed).await?;
    if same {
        return Ok(changed);
    }
    changed.updated_at = work.at;
    if !store::connection::update(&mut work.scope(), &changed).await? {
        return Err(Problem::stale());
    }
    super::connection::note_ends(work, &changed).await?;
    work.record(
        Happened::to("connection.metadata_changed", "connection", changed.id)
            .named(&changed.name)
            .with("certificates_changed", certificates_differ(&present, &changed)),
    );
    Ok(Connection { version: changed.version + 1, ..changed })
}

fn certificates_differ(before: &Saml, after: &Connection) -> bool {
    after.settings.saml.as_ref().is_some_and(|saml| saml.certificates != before.certificates)
}

async fn failed(work: &mut Work, id: ConnectionId, why: &Found) -> Result<(), Problem> {
    let before = store::saml_metadata::failed(&mut work.scope(), id).await?;
    let look =
        Look { due_at: work.at.plus_s(AGAIN_S), tried_at: work.at, failed: Some(why.to_string()) };
    store::saml_metadata::put(&mut work.scope(), id, &look).await?;
    if before.is_none() {
        work.record(
            Happened::to("connection.metadata_failed", "connection", id)
                .with("fault", why.fault.as_str())
                .with("found", why.found.clone()),
        );
    }
    Ok(())
}
