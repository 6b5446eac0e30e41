//! Verbs on organizations: create, change, and the operator's own at first start.

use super::problem::{Code, FieldError, Problem};
use super::runner::Runner;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::OrganizationId;
use crate::domain::organization::{Kind, NAME_MAX, Organization, Settings, Slug, Status};
use crate::store;

/// What a new organization is given.
#[derive(Clone, Debug)]
pub struct New {
    /// Its name as people write it.
    pub name: String,
    /// Its short name in URLs.
    pub slug: String,
    /// What it is.
    pub kind: Kind,
    /// The platform's own id for it.
    pub external_ref: Option<String>,
    /// What it chose.
    pub settings: Settings,
}

/// Creates an organization; the work's scope is the new organization itself.
///
/// # Errors
/// 422 for a name or slug that does not fit, 409 for a slug that is taken.
pub async fn create(work: &mut Work, new: &New) -> Result<Organization, Problem> {
    let organization = check(work, new)?;
    store::organization::insert(&mut work.conn(), &organization).await.map_err(taken)?;
    work.record(Happened::to("organization.created", "organization", organization.id));
    Ok(organization)
}

fn check(work: &Work, new: &New) -> Result<Organization, Problem> {
    let mut errors = Vec::new();
    let slug = Slug::parse(&new.slug);
    if slug.is_none() {
        errors.push(FieldError {
            pointer: "/slug".to_owned(),
            code: "slug".to_owned(),
            detail: "A slug has 1 to 63 of a-z, 0-9 and -, and is not an id.".to_owned(),
        });
    }
    if new.name.trim().is_empty() || new.name.chars().count() > NAME_MAX {
        errors.push(FieldError {
            pointer: "/name".to_owned(),
            code: "length".to_owned(),
            detail: format!("A name has 1 to {NAME_MAX} characters."),
        });
    }
    let Some(slug) = slug.filter(|_| errors.is_empty()) else {
        return Err(Problem::fields(errors));
    };
    Ok(Organization {
        id: work.organization,
        slug,
        name: new.name.clone(),
        kind: new.kind,
        external_ref: new.external_ref.clone(),
        status: Status::Active,
        settings: new.settings.clone(),
        version: 1,
        created_at: work.at,
        updated_at: work.at,
    })
}

fn taken(error: store::StoreError) -> Problem {
    match error {
        store::StoreError::Unique(_) => {
            Problem::new(Code::Conflict, "This slug is taken: choose another one.")
        }
        other => other.into(),
    }
}

/// The organization of kind `operator`; it is made when there is none yet.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn ensure_operator(runner: &Runner) -> Result<OrganizationId, Problem> {
    let found = store::organization::of_kind(&mut runner.db.conn(), Kind::Operator).await?;
    if let Some(organization) = found {
        return Ok(organization.id);
    }
    let new = New {
        name: "Operator".to_owned(),
        slug: "operator".to_owned(),
        kind: Kind::Operator,
        external_ref: None,
        settings: Settings::default(),
    };
    let created = runner
        .write(Actor::System, runner.id(), move |work| {
            let new = new.clone();
            Box::pin(async move { create(work, &new).await })
        })
        .await;
    match created {
        Ok(organization) => Ok(organization.id),
        // Another process made it in the meantime.
        Err(problem) => store::organization::of_kind(&mut runner.db.conn(), Kind::Operator)
            .await?
            .map(|organization| organization.id)
            .ok_or(problem),
    }
}

/// Saves a changed organization if nobody changed it meanwhile.
///
/// # Errors
/// 412 when it has changed, 409 for a slug that is taken.
pub async fn save(work: &mut Work, changed: Organization) -> Result<Organization, Problem> {
    let changed = Organization { updated_at: work.at, ..changed };
    let saved = store::organization::update(&mut work.scope(), &changed).await.map_err(taken)?;
    if !saved {
        return Err(Problem::stale());
    }
    work.record(Happened::to("organization.updated", "organization", changed.id));
    work.changed(Change::Organization);
    Ok(Organization { version: changed.version + 1, ..changed })
}
