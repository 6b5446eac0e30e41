//! Mail about what happened: identity actions for those who hold a role that must keep a holder,
//! warnings for the technical contacts, and notices for one person.
//!
//! It is left by the transaction in which the thing happened, so that nothing is told that was
//! taken back. One transaction writes one mail to each reader about all identity actions in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::mail::post;
use super::problem::Problem;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::announcement::{Announced, Noun, Verb, of};
use crate::domain::event::Happened;
use crate::domain::id::{ConnectionId, DirectoryId, OrganizationId, UserId};
use crate::domain::mail::{Act, Letter, Mail, Notice, plain_name};
use crate::domain::organization::{Kind, Organization};
use crate::store::{self, Scope};

/// Acts that one mail lists; the rest is in the feed.
pub const ACTS_MAX: usize = 50;
/// What marks these mails in the outbox.
const KEY: &str = "notice";

/// Leaves a notice for somebody.
pub(super) async fn notify(
    work: &mut Work,
    (to, subject): (&str, &str),
    about: Notice,
) -> Result<(), Problem> {
    tell(work, &BTreeSet::from([to.to_owned()]), (about, subject, None)).await
}

/// Leaves a notice for somebody about something that ends.
pub(super) async fn notify_of_end(
    work: &mut Work,
    (to, subject, until): (&str, &str, String),
    about: Notice,
) -> Result<(), Problem> {
    tell(work, &BTreeSet::from([to.to_owned()]), (about, subject, Some(until))).await
}

/// Leaves a notice for everybody who holds a role that must keep a holder.
pub(super) async fn notify_owners(
    work: &mut Work,
    subject: &str,
    about: Notice,
) -> Result<(), Problem> {
    let organization = work.organization;
    let readers = owners(work, organization).await?;
    tell(work, &readers, (about, subject, None)).await
}

/// Leaves a notice for those who hold such a role in the operator's own organization.
pub(super) async fn notify_operator(work: &mut Work, about: Notice) -> Result<(), Problem> {
    let readers = owners_of_operator(work).await?;
    tell(work, &readers, (about, "", None)).await
}

/// Leaves the mails that tell of what happened in a work, beside its events.
pub(super) async fn leave(work: &mut Work, happened: &[Happened]) -> Result<(), Problem> {
    let mut acts: BTreeMap<(Noun, Verb, String), usize> = BTreeMap::new();
    for one in happened.iter().filter(|one| !one.quiet && one.elsewhere.is_none()) {
        match of(one) {
            Some(Announced::Act(noun, verb)) if is_somebody(&work.actor) => {
                let name = one.named.clone().unwrap_or_default();
                *acts.entry((noun, verb, name)).or_default() += 1;
            }
            Some(Announced::Warning(about)) => warn(work, one, about).await?,
            _ => {}
        }
    }
    if acts.is_empty() { Ok(()) } else { tell_acts(work, acts).await }
}

/// Whether an identity action is hers: what the gateway or a provider does is none.
const fn is_somebody(actor: &Actor) -> bool {
    matches!(actor, Actor::User(_) | Actor::Token(..) | Actor::Operator(_))
}

async fn tell_acts(
    work: &mut Work,
    acts: BTreeMap<(Noun, Verb, String), usize>,
) -> Result<(), Problem> {
    let id = work.organization;
    let readers = owners(work, id).await?;
    if readers.is_empty() {
        return Ok(());
    }
    let Some(organization) = here(work).await? else { return Ok(()) };
    let listed = acts.into_iter().take(ACTS_MAX);
    let written = listed.map(|((noun, verb, name), count)| {
        let name = if noun == Noun::Domain { name.replace('.', "[.]") } else { plain_name(&name) };
        Act { noun, verb, name, count }
    });
    let letter = Letter::Acts {
        organization: plain_name(&organization.name),
        by: by(work).await?,
        acts: written.collect(),
        at: work.at.to_string(),
    };
    send(work, &organization, &readers, &letter).await
}

/// Who acts, by name; `None` for the operator.
async fn by(work: &mut Work) -> Result<Option<String>, Problem> {
    let Some(user) = work.actor.answers() else { return Ok(None) };
    Ok(Some(shown(work, user).await?.unwrap_or_else(|| user.to_string())))
}

async fn shown(work: &mut Work, user: UserId) -> Result<Option<String>, Problem> {
    let found = match store::user::by_id(&mut work.scope(), user).await? {
        Some(found) => Some(found),
        None => store::guest::by_id(&mut work.scope(), user).await?,
    };
    Ok(found.map(|user| plain_name(user.shown())))
}

async fn warn(work: &mut Work, happened: &Happened, about: Notice) -> Result<(), Problem> {
    let Some(organization) = here(work).await? else { return Ok(()) };
    let contacts = organization.settings.technical_contacts.iter().cloned();
    let mut readers: BTreeSet<String> = contacts.collect();
    if readers.is_empty() || about == Notice::WebhookDisabled {
        readers.extend(owners(work, organization.id).await?);
    }
    if about == Notice::RoleVacant {
        // Nobody here may be left to read it: the operator can fill the role.
        readers.extend(owners_of_operator(work).await?);
    }
    let subject = name_of(work, happened).await?;
    let until = happened.data.get("expires_at").and_then(|end| end.as_str()).map(str::to_owned);
    tell(work, &readers, (about, &subject, until)).await
}

/// What a mail calls the subject of a warning.
async fn name_of(work: &mut Work, happened: &Happened) -> Result<String, Problem> {
    if let Some(name) = &happened.named {
        return Ok(name.clone());
    }
    let named = match happened.kind {
        "directory" => match happened.id.parse().map(DirectoryId) {
            Ok(id) => store::directory::by_id(&mut work.scope(), id).await?.map(|found| found.name),
            Err(_) => None,
        },
        "connection" => match happened.id.parse().map(ConnectionId) {
            Ok(id) => store::connection::by_id(&mut work.scope(), id).await?.map(|one| one.name),
            Err(_) => None,
        },
        _ => None,
    };
    Ok(named.unwrap_or_default())
}

/// Where those are written to who hold a role that must keep a holder.
async fn owners(work: &mut Work, place: OrganizationId) -> Result<BTreeSet<String>, Problem> {
    let (platform, at) = (Arc::clone(&work.platform), work.at);
    let mut readers = BTreeSet::new();
    for role in platform.roles().iter().filter(|role| role.keep_one) {
        let scope = &mut Scope::new(work.conn(), place);
        readers.extend(store::holder::addresses(scope, &role.key, at).await?);
    }
    Ok(readers)
}

/// The same in the operator's own organization.
async fn owners_of_operator(work: &mut Work) -> Result<BTreeSet<String>, Problem> {
    match store::organization::of_kind(&mut work.conn(), Kind::Operator).await? {
        Some(operator) => owners(work, operator.id).await,
        None => Ok(BTreeSet::new()),
    }
}

async fn here(work: &mut Work) -> Result<Option<Organization>, Problem> {
    let id = work.organization;
    Ok(store::organization::by_id(&mut work.conn(), id).await?)
}

async fn tell(
    work: &mut Work,
    readers: &BTreeSet<String>,
    (about, subject, until): (Notice, &str, Option<String>),
) -> Result<(), Problem> {
    if readers.is_empty() {
        return Ok(());
    }
    let Some(organization) = here(work).await? else { return Ok(()) };
    let letter = Letter::Notice {
        organization: plain_name(&organization.name),
        about,
        subject: plain_name(subject),
        at: work.at.to_string(),
        until,
    };
    send(work, &organization, readers, &letter).await
}

async fn send(
    work: &mut Work,
    organization: &Organization,
    readers: &BTreeSet<String>,
    letter: &Letter,
) -> Result<(), Problem> {
    let language = organization.settings.language;
    for to in readers {
        let mail = Mail { to: to.clone(), language, letter: letter.clone() };
        post(work, &mail, (KEY, None)).await?;
    }
    Ok(())
}
