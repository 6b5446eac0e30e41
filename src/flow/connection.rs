//! Verbs on connections: make, change, delete.
//!
//! Client secrets are sealed here. What identities hang on cannot be changed while there are any
//! (LI12); a connection that is switched off or deleted ends its sessions at once.

mod check;
mod key;
mod saml;
mod sent;

use super::access;
use super::condition::Condition;
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::sign_in::claims;
use super::work::Work;
use crate::domain::connection::{CONNECTIONS_MAX, Connection, Kind, Secrets, Status};
use crate::domain::event::Happened;
use crate::domain::id::ConnectionId;
use crate::domain::seal::{Place, Seal};
use crate::domain::sealed::Column;
use crate::domain::time::Timestamp;
use crate::store;
use crate::store::connection_end::{End, Kind as EndKind};

pub use key::{begin_trial, public_keys, test_secret};
pub use saml::SamlSent;
pub use sent::{JitSent, LinkSent, OidcSent, Sent};

/// Makes a connection.
///
/// # Errors
/// 422 for fields that do not fit; 409 when the organization has as many as it may have.
pub async fn create(work: &mut Work, seal: &Seal, sent: &Sent) -> Result<Connection, Problem> {
    let (mut connection, secrets) = check::new(work, sent).await?;
    let start = (Timestamp(i64::MIN), ConnectionId(uuid::Uuid::nil()));
    let most = i64::try_from(CONNECTIONS_MAX).unwrap_or(i64::MAX);
    let present = store::connection::page(&mut work.scope(), start, most).await?;
    if present.len() >= CONNECTIONS_MAX {
        let detail = format!("An organization has at most {CONNECTIONS_MAX} connections.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let ring = sent.saml.as_ref().and_then(|saml| saml.ring.as_ref());
    connection.secret = Some(match ring {
        Some(ring) => super::saml::sealed_ring(work, &connection, ring)?,
        None => sealed(work, seal, &connection, &secrets)?,
    });
    store::connection::insert(&mut work.scope(), &connection).await?;
    super::saml_metadata::note(work, &connection).await?;
    note_ends(work, &connection).await?;
    work.record(
        Happened::to("connection.created", "connection", connection.id)
            .named(&connection.name)
            .with("provider", connection.provider.as_str())
            .with("status", connection.status.as_str()),
    );
    Ok(connection)
}

/// Changes a connection: what was not sent stays.
///
/// # Errors
/// 404; 412 when it changed meanwhile; 422 for fields that do not fit; 409 `identity-bound` when
/// identities hang on what would change.
pub async fn change(
    work: &mut Work,
    seal: &Seal,
    (id, condition): (ConnectionId, &Condition),
    sent: &Sent,
) -> Result<Connection, Problem> {
    let found = by_id(work, id).await?;
    condition.meet(found.version)?;
    // What a SAML connection keeps sealed is keys of ours, which nobody sends.
    let old_secrets = match found.settings.kind() {
        Kind::Oidc => secrets(seal, &found)?,
        Kind::Saml => Secrets { client_secret: String::new(), next: None },
    };
    let (mut changed, new_secrets) =
        check::over(work, (found.clone(), old_secrets.clone()), sent).await?;
    if found.rebinds(&changed) && store::identity::are_at(&mut work.scope(), id).await? {
        let detail = "People are linked by this connection, so its issuer, tenant and subject \
                      claim cannot change: make a new connection beside it.";
        return Err(Problem::new(Code::IdentityBound, detail));
    }
    let mut attributes = differences(&found, &changed);
    if new_secrets != old_secrets {
        changed.secret = Some(sealed(work, seal, &changed, &new_secrets)?);
        attributes.push("client_secret");
    }
    if attributes.is_empty() {
        return Ok(found);
    }
    changed.updated_at = work.at;
    if !store::connection::update(&mut work.scope(), &changed).await? {
        return Err(Problem::stale());
    }
    super::saml_metadata::note(work, &changed).await?;
    note_ends(work, &changed).await?;
    if changed.status != Status::Active {
        store::session::delete_of_connection(&mut work.scope(), id).await?;
    } else if found.domains.iter().any(|listed| !changed.domains.contains(listed)) {
        store::session::delete_resting_on_domain(&mut work.scope(), id).await?;
    }
    end_claims(work, &changed).await?;
    work.record(
        Happened::to("connection.updated", "connection", id)
            .named(&changed.name)
            .with("attributes", attributes)
            .with("status", changed.status.as_str()),
    );
    Ok(Connection { version: changed.version + 1, ..changed })
}

/// Deletes a connection with its identities, sessions and journal.
///
/// # Errors
/// 404; 412 when it changed meanwhile.
pub async fn delete(
    work: &mut Work,
    id: ConnectionId,
    condition: &Condition,
) -> Result<(), Problem> {
    access::hold_rules(work).await?;
    let found = by_id(work, id).await?;
    condition.meet(found.version)?;
    let claimed = claims::everybody(work, id).await?;
    if !store::connection::delete(&mut work.scope(), id).await? {
        return Err(Problem::not_found("connection"));
    }
    work.record(Happened::to("connection.deleted", "connection", id).named(&found.name));
    // What its claims gave goes with it.
    access::facts_changed(work, None, &claimed).await
}

/// Forgets claims that rules read no longer, and applies rules without them.
async fn end_claims(work: &mut Work, changed: &Connection) -> Result<(), Problem> {
    let known = store::claim::names_at(&mut work.scope(), changed.id).await?;
    let gone: Vec<String> =
        known.into_iter().filter(|name| !changed.settings.rule_claims.contains(name)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    access::hold_rules(work).await?;
    let claimed = claims::everybody(work, changed.id).await?;
    for name in gone {
        store::claim::delete_name(&mut work.scope(), changed.id, &name).await?;
    }
    access::facts_changed(work, None, &claimed).await
}

/// Keeps what of the connection ends, so that it is told ahead.
pub(super) async fn note_ends(work: &mut Work, connection: &Connection) -> Result<(), Problem> {
    let end = |at: i64| End {
        kind: EndKind::ClientSecret,
        name: EndKind::ClientSecret.as_str().to_owned(),
        at: Timestamp(at),
    };
    let secret = connection.settings.oidc.secret_expires_at.map(end);
    let saml = connection.settings.saml.as_ref();
    let certificates = saml.into_iter().flat_map(|saml| &saml.certificate_ends).map(|ending| End {
        kind: EndKind::Certificate,
        name: ending.thumbprint.clone(),
        at: Timestamp(ending.at),
    });
    let ends: Vec<End> = secret.into_iter().chain(certificates).collect();
    Ok(store::connection_end::replace(&mut work.scope(), connection.id, &ends).await?)
}

async fn by_id(work: &mut Work, id: ConnectionId) -> Result<Connection, Problem> {
    let found = store::connection::by_id(&mut work.scope(), id).await?;
    found.ok_or_else(|| Problem::not_found("connection"))
}

/// What the token endpoint knows us by.
///
/// # Errors
/// 500 when no key opens it: the installation's keys are not what they were.
pub fn secrets(seal: &Seal, connection: &Connection) -> Result<Secrets, Problem> {
    let sealed = connection.secret.as_deref().unwrap_or_default();
    let plain = seal.open(place(connection), sealed).map_err(Problem::internal)?;
    serde_json::from_slice(&plain).map_err(Problem::internal)
}

fn sealed(
    work: &Work,
    seal: &Seal,
    connection: &Connection,
    secrets: &Secrets,
) -> Result<Vec<u8>, Problem> {
    let plain = serde_json::to_vec(secrets).map_err(Problem::internal)?;
    seal.seal(work.rng, place(connection), &plain).map_err(Problem::internal)
}

const fn place(connection: &Connection) -> Place {
    Place {
        column: Column::ConnectionSecret,
        row: connection.id.0,
        organization: connection.organization_id,
    }
}

fn differences(old: &Connection, new: &Connection) -> Vec<&'static str> {
    let (before, after) = (&old.settings, &new.settings);
    [
        ("name", old.name != new.name),
        ("status", old.status != new.status),
        ("provider", old.provider != new.provider),
        ("directory_id", old.directory_id != new.directory_id),
        ("domains", old.domains != new.domains),
        ("link", before.link != after.link),
        ("claims", before.claims != after.claims),
        ("guests_allowed", before.guests_allowed != after.guests_allowed),
        ("tenant_id", before.tenant_id != after.tenant_id),
        ("jit", before.jit != after.jit),
        ("rule_claims", before.rule_claims != after.rule_claims),
        ("trace_until", before.trace_until != after.trace_until),
        ("oidc", before.oidc != after.oidc),
        ("saml", before.saml != after.saml),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// The fields of a request, checked into `fields`.
struct Checking<'w> {
    work: &'w mut Work,
    fields: Fields,
}
