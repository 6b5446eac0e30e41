//! Verbs on organizations: create, change, and the operator's own at first start.

use super::problem::{Code, FieldError, Problem};
use super::runner::Runner;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::OrganizationId;
use crate::domain::organization::{
    CLAIMS_AGE_S, Kind, NAME_MAX, Organization, SESSION_S, Settings, Slug, Status,
};
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
    let slug = Slug::parse(&new.slug).ok_or_else(|| {
        let detail = "A slug has 1 to 63 of a-z, 0-9 and -, and is not an id.";
        Problem::invalid("/slug", "slug", detail)
    })?;
    let organization = Organization {
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
    };
    hold_to_rules(&organization)?;
    Ok(organization)
}

/// What holds of every organization, new or changed.
fn hold_to_rules(organization: &Organization) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, code: &str, detail: String| {
        errors.push(FieldError { pointer: pointer.to_owned(), code: code.to_owned(), detail });
    };
    let name = &organization.name;
    if name.trim().is_empty() || name.chars().count() > NAME_MAX {
        wrong("/name", "length", format!("A name has 1 to {NAME_MAX} characters."));
    }
    let settings = &organization.settings;
    for (pointer, seconds, range) in [
        ("/session_idle_s", settings.session_idle_s, SESSION_S),
        ("/session_max_s", settings.session_max_s, SESSION_S),
        ("/claims_max_age_s", settings.claims_max_age_s, CLAIMS_AGE_S),
    ] {
        if !range.contains(&seconds) {
            let (least, most) = (range.start(), range.end());
            wrong(pointer, "range", format!("This is a number from {least} to {most}."));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
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
/// 422 for a field that does not fit, 412 when it has changed, 409 for a slug that is taken.
pub async fn save(work: &mut Work, changed: Organization) -> Result<Organization, Problem> {
    hold_to_rules(&changed)?;
    let changed = Organization { updated_at: work.at, ..changed };
    let saved = store::organization::update(&mut work.scope(), &changed).await.map_err(taken)?;
    if !saved {
        return Err(Problem::stale());
    }
    work.record(Happened::to("organization.updated", "organization", changed.id));
    work.changed(Change::Organization);
    Ok(Organization { version: changed.version + 1, ..changed })
}
