//! Verbs on e-mail domains: claim and give up.

use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::domain_name::{DOMAINS_MAX, Domain, DomainName, State};
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
    };
    store::domain::insert(&mut work.scope(), &domain).await.map_err(taken)?;
    work.record(
        Happened::to("domain.added", "domain", domain.id).with("domain", domain.name.as_str()),
    );
    if verified {
        work.record(
            Happened::to("domain.verified", "domain", domain.id)
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

/// Gives a domain up: it leaves the directories and connections that listed it.
///
/// # Errors
/// 404 when there is none.
pub async fn delete(work: &mut Work, id: DomainId) -> Result<(), Problem> {
    let found = store::domain::by_id(&mut work.scope(), id).await?;
    let domain = found.ok_or_else(|| Problem::not_found("domain"))?;
    unlist(work, id).await?;
    store::domain::delete(&mut work.scope(), id).await?;
    work.record(Happened::to("domain.removed", "domain", id).with("domain", domain.name.as_str()));
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
