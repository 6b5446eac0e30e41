//! Verbs on organizations: create, change, delete, and the operator's own at first start.

use super::condition::Condition;
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::runner::Runner;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::OrganizationId;
use crate::domain::language::Language;
use crate::domain::organization::{
    CLAIMS_MAX_AGE_S, CONTACTS_MAX, EXTERNAL_REF_MAX, Kind, NAME_MAX, Organization, SESSION_IDLE_S,
    SESSION_MAX_S, Settings, Slug, Status, is_mail_address,
};
use crate::domain::time::SECOND_US;
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
/// 422 for fields that do not fit, 409 for a slug that is taken.
pub async fn create(work: &mut Work, new: &New) -> Result<Organization, Problem> {
    let mut fields = Fields::new();
    let detail = "A slug has 1 to 63 of a-z, 0-9 and -, and is not an id.";
    let slug = fields.found(Slug::parse(&new.slug), "/slug", "slug", detail);
    check(&mut fields, &new.name, new.external_ref.as_deref(), &new.settings);
    let Some(slug) = slug.filter(|_| fields.are_right()) else {
        return Err(fields.refusal());
    };
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
        deleted_at: None,
    };
    store::organization::insert(&mut work.conn(), &organization).await.map_err(taken)?;
    work.record(Happened::to("organization.created", "organization", organization.id));
    Ok(organization)
}

fn check(fields: &mut Fields, name: &str, external_ref: Option<&str>, settings: &Settings) {
    fields.text("/name", name, NAME_MAX);
    fields.optional_text("/external_ref", external_ref, EXTERNAL_REF_MAX);
    let Settings { session_idle_s, session_max_s, claims_max_age_s, technical_contacts, .. } =
        settings;
    for (pointer, value, (least, most)) in [
        ("/session_idle_s", *session_idle_s, SESSION_IDLE_S),
        ("/session_max_s", *session_max_s, SESSION_MAX_S),
        ("/claims_max_age_s", *claims_max_age_s, CLAIMS_MAX_AGE_S),
    ] {
        fields.range(pointer, value, least, most);
    }
    if technical_contacts.len() > CONTACTS_MAX {
        let detail = format!("At most {CONTACTS_MAX} addresses are written to.");
        fields.wrong("/technical_contacts", "length", detail);
    }
    for (at, contact) in technical_contacts.iter().enumerate().take(CONTACTS_MAX) {
        if !is_mail_address(contact) {
            let pointer = format!("/technical_contacts/{at}");
            fields.wrong(&pointer, "email", "This is not a mail address.");
        }
    }
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

/// A change of an organization: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Its name as people write it.
    pub name: Option<String>,
    /// The platform's own id for it; `Some(None)` clears it.
    pub external_ref: Option<Option<String>>,
    /// `active` or `suspended`; the operator alone may change it.
    pub status: Option<String>,
    /// Seconds without a request after which a session ends.
    pub session_idle_s: Option<i64>,
    /// Seconds after which a session ends.
    pub session_max_s: Option<i64>,
    /// Seconds for which claims of the last sign-in count.
    pub claims_max_age_s: Option<i64>,
    /// Addresses that are written to when something ends or fails.
    pub technical_contacts: Option<Vec<String>>,
    /// The language of mail.
    pub language: Option<String>,
    /// Whether people sign in by a connection alone.
    pub require_sso: Option<bool>,
    /// Whether addresses in verified domains link without further proof.
    pub silent_link_verified_domains: Option<bool>,
}

/// Changes the organization of the work. `active` for a deleted one brings it back, as long as it
/// was not purged.
///
/// # Errors
/// 404, 412 when it changed meanwhile, 422 for fields that do not fit, 403 when somebody else than
/// the operator changes the status, 409 for the operator's own.
pub async fn change(
    work: &mut Work,
    condition: &Condition,
    patch: &Patch,
) -> Result<Organization, Problem> {
    let found = load(work).await?;
    condition.meet(found.version)?;
    let changed = over(&found, patch)?;
    if changed.status != found.status || changed.deleted_at != found.deleted_at {
        may_change_status(work, &found)?;
    }
    if changed == found {
        return Ok(found);
    }
    let attributes = differences(&found, &changed);
    if changed.settings.claims_max_age_s != found.settings.claims_max_age_s {
        let age_us = changed.settings.claims_max_age_s.saturating_mul(SECOND_US);
        store::claim::set_age(&mut work.scope(), age_us).await?;
    }
    save(work, changed, |id| {
        Happened::to("organization.updated", "organization", id).with("attributes", attributes)
    })
    .await
}

fn over(found: &Organization, patch: &Patch) -> Result<Organization, Problem> {
    let mut fields = Fields::new();
    let mut changed = found.clone();
    changed.name = patch.name.clone().unwrap_or(changed.name);
    changed.external_ref = patch.external_ref.clone().unwrap_or(changed.external_ref);
    if let Some(text) = &patch.status {
        let detail = "status is `active` or `suspended`.";
        let status = fields.found(Status::parse(text), "/status", "value", detail);
        changed.status = status.unwrap_or(found.status);
        if changed.status == Status::Active {
            changed.deleted_at = None;
        }
    }
    let settings = &mut changed.settings;
    settings.session_idle_s = patch.session_idle_s.unwrap_or(settings.session_idle_s);
    settings.session_max_s = patch.session_max_s.unwrap_or(settings.session_max_s);
    settings.claims_max_age_s = patch.claims_max_age_s.unwrap_or(settings.claims_max_age_s);
    settings.silent_link_verified_domains =
        patch.silent_link_verified_domains.unwrap_or(settings.silent_link_verified_domains);
    if let Some(contacts) = &patch.technical_contacts {
        settings.technical_contacts.clone_from(contacts);
    }
    settings.require_sso = patch.require_sso.unwrap_or(settings.require_sso);
    if let Some(tag) = &patch.language {
        let detail = "language is `en`, `fr`, `de` or `es`.";
        let language = fields.found(Language::parse(tag), "/language", "value", detail);
        settings.language = language.unwrap_or(settings.language);
    }
    check(&mut fields, &changed.name, changed.external_ref.as_deref(), &changed.settings);
    fields.done()?;
    Ok(changed)
}

fn differences(old: &Organization, new: &Organization) -> Vec<&'static str> {
    let (was, is) = (&old.settings, &new.settings);
    [
        ("name", old.name != new.name),
        ("external_ref", old.external_ref != new.external_ref),
        ("status", old.status != new.status),
        ("deleted_at", old.deleted_at != new.deleted_at),
        ("session_idle_s", was.session_idle_s != is.session_idle_s),
        ("session_max_s", was.session_max_s != is.session_max_s),
        ("claims_max_age_s", was.claims_max_age_s != is.claims_max_age_s),
        ("technical_contacts", was.technical_contacts != is.technical_contacts),
        ("language", was.language != is.language),
        ("require_sso", was.require_sso != is.require_sso),
        (
            "silent_link_verified_domains",
            was.silent_link_verified_domains != is.silent_link_verified_domains,
        ),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

fn may_change_status(work: &Work, found: &Organization) -> Result<(), Problem> {
    if !matches!(work.actor, Actor::Operator(_)) {
        let detail = "Only the operator suspends and resumes an organization.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if found.kind == Kind::Operator {
        let detail = "The operator's own organization cannot be suspended or deleted.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    Ok(())
}

/// Deletes the organization of the work: it is suspended at once, the worker purges it later.
/// Deleting it again changes nothing.
///
/// # Errors
/// 422 when `confirm` is not its slug, 404, 403 and 409 as for a change of the status.
pub async fn delete(work: &mut Work, confirm: &str) -> Result<(), Problem> {
    let found = load(work).await?;
    may_change_status(work, &found)?;
    if found.slug.as_str() != confirm {
        let detail = "Send the organization's slug as `confirm`.";
        return Err(Problem::invalid("/confirm", "value", detail));
    }
    if found.deleted_at.is_some() {
        return Ok(());
    }
    let deleted_at = Some(work.at);
    let changed = Organization { status: Status::Suspended, deleted_at, ..found };
    save(work, changed, |id| Happened::to("organization.deleted", "organization", id)).await?;
    Ok(())
}

async fn load(work: &mut Work) -> Result<Organization, Problem> {
    let id = work.organization;
    let found = store::organization::by_id(&mut work.conn(), id).await?;
    found.ok_or_else(|| Problem::not_found("organization"))
}

async fn save(
    work: &mut Work,
    changed: Organization,
    happened: impl FnOnce(OrganizationId) -> Happened,
) -> Result<Organization, Problem> {
    let changed = Organization { updated_at: work.at, ..changed };
    if !store::organization::update(&mut work.scope(), &changed).await.map_err(taken)? {
        return Err(Problem::stale());
    }
    work.record(happened(changed.id));
    work.changed(Change::Organization);
    Ok(Organization { version: changed.version + 1, ..changed })
}
