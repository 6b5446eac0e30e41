//! Verbs on e-mail domains: claim and give up.

use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::connection::CONNECTIONS_MAX;
use crate::domain::domain_name::{DOMAINS_MAX, Domain, DomainName, Method, Record, State, Turn};
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, DomainId};
use crate::domain::secret;
use crate::domain::time::Timestamp;
use crate::store::{self, StoreError};

/// Claims a domain; `verified` says that the operator vouches for it.
///
/// # Errors
/// 422 for a name that cannot be claimed; 409 for one that is claimed here already or was proved
/// to be another's, and when the organization has as many as it may have.
pub async fn create(work: &mut Work, name: &str, verified: bool) -> Result<Domain, Problem> {
    let name = DomainName::claim(name).map_err(|refused| {
        let mut fields = Fields::new();
        fields.wrong("/domain", refused.code(), refused.to_string());
        fields.refusal()
    })?;
    let most = i64::try_from(DOMAINS_MAX).unwrap_or(i64::MAX);
    let start = (Timestamp(i64::MIN), DomainId(uuid::Uuid::nil()));
    if store::domain::page(&mut work.scope(), start, most).await?.len() >= DOMAINS_MAX {
        let detail = format!("An organization claims at most {DOMAINS_MAX} domains.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let domain = Domain {
        id: work.id(),
        organization_id: work.organization,
        name,
        state: if verified { State::Verified } else { State::Pending },
        challenge: secret::draw(work.rng),
        verified_at: verified.then_some(work.at),
        created_at: work.at,
        method: verified.then_some(Method::Operator),
        checked_at: None,
        failing_since: None,
        next_check_at: None,
    };
    store::domain::insert(&mut work.scope(), &domain).await.map_err(taken)?;
    work.record(
        Happened::to("domain.added", "domain", domain.id)
            .named(domain.name.as_str())
            .with("domain", domain.name.as_str()),
    );
    if verified {
        work.record(
            Happened::to("domain.verified", "domain", domain.id)
                .named(domain.name.as_str())
                .with("domain", domain.name.as_str())
                .with("method", "operator"),
        );
    }
    Ok(domain)
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Unique(key) if key.0 == "domains_name_key" => {
            Problem::new(Code::Conflict, "The organization has this domain already.")
        }
        StoreError::Unique(_) => {
            Problem::new(Code::Conflict, "Another organization has proved to own this domain.")
        }
        other => other.into(),
    }
}

/// Takes over what a look for the record of a domain found; answers it as it is now, and what
/// became of it.
///
/// # Errors
/// 404 when there is none; 409 when it was proved to be another's meanwhile.
pub async fn looked(
    work: &mut Work,
    id: DomainId,
    record: Record,
) -> Result<(Domain, Turn), Problem> {
    let found = store::domain::by_id(&mut work.scope(), id).await?;
    let mut domain = found.ok_or_else(|| Problem::not_found("domain"))?;
    let turn = domain.looked(record, work.at);
    store::domain::update(&mut work.scope(), &domain).await.map_err(taken)?;
    let name = domain.name.as_str().to_owned();
    let told = |what| Happened::to(what, "domain", id).named(&name).with("domain", name.clone());
    match turn {
        Turn::Same => {}
        Turn::Proved => work.record(told("domain.verified").with("method", "dns")),
        Turn::Failing => work.record(told("domain.record_missing")),
        Turn::Lost => {
            work.record(told("domain.lost"));
            end_sessions(work, id).await?;
        }
    }
    Ok((domain, turn))
}

/// Ends the sessions of those whose links rest on domains, at connections that list this one: they
/// sign in again, if they still may.
async fn end_sessions(work: &mut Work, id: DomainId) -> Result<(), Problem> {
    let most = i64::try_from(CONNECTIONS_MAX).unwrap_or(i64::MAX);
    for connection in store::domain::connections(&mut work.scope(), id, most).await? {
        store::session::delete_resting_on_domain(&mut work.scope(), connection).await?;
    }
    Ok(())
}

/// Gives a domain up: it leaves the directories and connections that listed it.
///
/// # Errors
/// 404 when there is none.
pub async fn delete(work: &mut Work, id: DomainId) -> Result<(), Problem> {
    let found = store::domain::by_id(&mut work.scope(), id).await?;
    let domain = found.ok_or_else(|| Problem::not_found("domain"))?;
    end_sessions(work, id).await?;
    unlist(work, id).await?;
    store::domain::delete(&mut work.scope(), id).await?;
    let removed = Happened::to("domain.removed", "domain", id).named(domain.name.as_str());
    work.record(removed.with("domain", domain.name.as_str()));
    Ok(())
}

async fn unlist(work: &mut Work, id: DomainId) -> Result<(), Problem> {
    let most = i64::try_from(crate::domain::directory::DIRECTORIES_MAX).unwrap_or(i64::MAX);
    let start = (Timestamp(i64::MIN), DirectoryId(uuid::Uuid::nil()));
    let directories = store::directory::page(&mut work.scope(), start, most).await?;
    for mut directory in directories {
        let before = directory.settings.domains.len();
        directory.settings.domains.retain(|listed| *listed != id);
        if directory.settings.domains.len() == before {
            continue;
        }
        directory.updated_at = work.at;
        if !store::directory::update(&mut work.scope(), &directory).await? {
            return Err(Problem::stale());
        }
    }
    Ok(())
}
