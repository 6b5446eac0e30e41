//! Verbs on the registry of resources: put, put many, remove.
//!
//! The platform owns its resources; here they are named so that access can be given on them. What
//! makes, moves or removes one holds the rule set alone, since rules name resources.

mod draft;
mod remove;

use super::access;
use super::condition::Condition;
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::resource::{ResourceRef, fold};
use crate::store;
use crate::store::resource::Resource;

pub use draft::{ATTRIBUTES_MAX, Draft, TEXT_MAX, URL_MAX};
pub use remove::{CASCADE_MAX, delete};

/// Resources that one batch may put.
pub const BATCH_MAX: usize = 1_000;
/// Resources that an organization may have.
pub const RESOURCES_MAX: i64 = 200_000;

/// What a put did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The resource is new.
    Created,
    /// Something of it changed.
    Updated,
    /// It was so already.
    Unchanged,
}

/// Makes a resource, or changes it to be as sent: what is left out is cleared. Kind and key stay
/// as they were first sent.
///
/// # Errors
/// 422 for fields that do not fit, 412 when it changed meanwhile, 409 when the registry is full.
pub async fn put(
    work: &mut Work,
    draft: &Draft,
    condition: &Condition,
) -> Result<(Resource, Done), Problem> {
    if !stays(work, draft).await? {
        access::hold_rules_alone(work).await?;
    }
    let mut fields = Fields::new();
    let checked = draft::check(work, &mut fields, draft).await?;
    let Some(wanted) = checked.filter(|_| fields.are_right()) else {
        return Err(fields.refusal());
    };
    write(work, &wanted, condition, &mut Room::default()).await
}

/// Puts many resources, all or none; parents may stand anywhere in the batch.
///
/// # Errors
/// As of [`put`], with pointers into the list; 422 for an empty or too long list and for a resource
/// that stands in it twice.
pub async fn put_all(work: &mut Work, drafts: &[Draft]) -> Result<Vec<(Resource, Done)>, Problem> {
    if drafts.is_empty() || drafts.len() > BATCH_MAX {
        let detail = format!("Send 1 to {BATCH_MAX} resources.");
        return Err(Problem::invalid("/resources", "length", detail));
    }
    access::hold_rules_alone(work).await?;
    let mut done = Vec::with_capacity(drafts.len());
    let (mut fields, mut room) = (Fields::new(), Room::default());
    draft::refuse_twice(&mut fields, drafts);
    for at in draft::parents_first(&work.platform, drafts) {
        let Some(draft) = drafts.get(at) else { continue };
        fields.below(format!("/resources/{at}"));
        let wanted = draft::check(work, &mut fields, draft).await?;
        if let Some(wanted) = wanted.filter(|_| fields.are_right()) {
            done.push((at, write(work, &wanted, &Condition::None, &mut room).await?));
        }
    }
    fields.done()?;
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

/// Whether the resource is there and stays where it lies, so that no rule is concerned.
async fn stays(work: &mut Work, draft: &Draft) -> Result<bool, Problem> {
    let scope = &mut work.scope();
    let place = store::resource::place(scope, &draft.kind, &fold(&draft.key)).await?;
    let parent = draft.parent.as_deref().and_then(|text| ResourceRef::parse(text).ok());
    let wanted = parent.map(|parent| (parent.kind().to_owned(), parent.folded_key().into_owned()));
    Ok(place.is_some_and(|place| place.parent_kind.zip(place.parent_key) == wanted))
}

async fn write(
    work: &mut Work,
    wanted: &Resource,
    condition: &Condition,
    room: &mut Room,
) -> Result<(Resource, Done), Problem> {
    let (kind, key) = (&wanted.kind, &wanted.key_folded);
    match store::resource::by_key(&mut work.scope(), kind, key).await? {
        None if *condition != Condition::None => Err(Problem::stale()),
        None => insert(work, wanted, room).await.map(|made| (made, Done::Created)),
        Some(found) => {
            condition.meet(found.version)?;
            update(work, found, wanted).await
        }
    }
}

/// How many more resources fit, once they were counted. Whoever makes one holds the rule set alone,
/// so that nobody else does meanwhile, and a batch counts once.
#[derive(Default)]
struct Room(Option<i64>);

impl Room {
    /// Takes the place of one.
    async fn take(&mut self, work: &mut Work) -> Result<(), Problem> {
        let left = match self.0 {
            Some(left) => left,
            None => RESOURCES_MAX - store::resource::count(&mut work.scope()).await?,
        };
        if left <= 0 {
            let detail = format!("An organization has at most {RESOURCES_MAX} resources.");
            return Err(Problem::new(Code::Conflict, detail));
        }
        self.0 = Some(left - 1);
        Ok(())
    }
}

async fn insert(work: &mut Work, wanted: &Resource, room: &mut Room) -> Result<Resource, Problem> {
    room.take(work).await?;
    store::resource::insert(&mut work.scope(), wanted).await?;
    let name = reference(wanted)?;
    work.record(Happened::to("resource.created", "resource", &name));
    work.changed(Change::Resource(name.clone()));
    access::resources_changed(work, &[name]).await?;
    Ok(wanted.clone())
}

async fn update(
    work: &mut Work,
    found: Resource,
    wanted: &Resource,
) -> Result<(Resource, Done), Problem> {
    let changed = Resource {
        id: found.id,
        key: found.key.clone(),
        version: found.version,
        created_at: found.created_at,
        updated_at: work.at,
        ..wanted.clone()
    };
    let attributes = differences(&found, &changed);
    if attributes.is_empty() {
        return Ok((found, Done::Unchanged));
    }
    if !store::resource::update(&mut work.scope(), &changed).await? {
        return Err(Problem::stale());
    }
    let name = reference(&changed)?;
    work.record(Happened::to("resource.updated", "resource", &name).with("attributes", attributes));
    if changed.parent != found.parent {
        work.changed(Change::Resource(name.clone()));
        access::resources_changed(work, &[name]).await?;
    }
    Ok((Resource { version: changed.version + 1, ..changed }, Done::Updated))
}

fn differences(old: &Resource, new: &Resource) -> Vec<&'static str> {
    [
        ("name", old.name != new.name),
        ("parent", old.parent != new.parent),
        ("status", old.status != new.status),
        ("location", old.location != new.location),
        ("attributes", old.attributes != new.attributes),
        ("url", old.url != new.url),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// The name of a resource that is kept, as it was first sent.
fn reference(resource: &Resource) -> Result<ResourceRef, Problem> {
    ResourceRef::new(&resource.kind, &resource.key).map_err(Problem::internal)
}
