//! People of a file: who is new is invited, many in one transaction.
//!
//! Whoever is here already, or was invited, is left out: a file that is sent again invites nobody
//! twice. The caller has checked the rows; those with other grants come in batches of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::send::told;
use crate::domain::access::grant::{Reach, Source as GrantSource};
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::JobId;
use crate::domain::import::Row;
use crate::domain::invite::{Class, Delivery, Invite, State};
use crate::domain::language::Language;
use crate::domain::platform::LoginType;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::tombstone::Name;
use crate::domain::user::{Source, User};
use crate::flow::mail::{self, About};
use crate::flow::problem::Problem;
use crate::flow::user;
use crate::flow::work::Work;
use crate::flow::{access, grant};
use crate::scim::fold;
use crate::store;
use crate::store::grant::Grant;
use crate::store::outbox::{Job, MAIL};

/// People of one transaction.
pub const AT_ONCE: usize = 500;

/// What everybody of a batch gets.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Roles.
    pub grants: Vec<grant::New>,
    /// How they sign in.
    pub login_type: Option<LoginType>,
    /// The language of the mail; the organization's unless said.
    pub language: Option<Language>,
}

/// What an address is here already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// Somebody, or an invite waits.
    Here,
    /// A directory sent her away.
    Left,
}

/// What these addresses, folded, are here already.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn present(
    work: &mut Work,
    keys: &[String],
) -> Result<BTreeMap<String, Present>, Problem> {
    let mut found = BTreeMap::new();
    for (key, left) in store::invite_batch::present(&mut work.scope(), keys).await? {
        let what = if left { Present::Left } else { Present::Here };
        let entry = found.entry(key).or_insert(what);
        if left {
            *entry = Present::Left;
        }
    }
    let within = work.organization.0;
    let mut traces: BTreeMap<[u8; 32], &String> = BTreeMap::new();
    for key in keys {
        for trace in Name::Email.traces(&work.seal, within, key) {
            traces.insert(trace.hash, key);
        }
    }
    let hashes: Vec<[u8; 32]> = traces.keys().copied().collect();
    for hash in store::tombstone::any_of(&mut work.scope(), Name::Email, &hashes).await? {
        if let Some(key) = <[u8; 32]>::try_from(hash).ok().and_then(|hash| traces.get(&hash)) {
            found.insert((*key).clone(), Present::Left);
        }
    }
    Ok(found)
}

/// Checks what a batch would get, and writes nothing.
///
/// # Errors
/// 422 for grants that do not fit.
pub async fn check_terms(work: &mut Work, grants: &[grant::New]) -> Result<(), Problem> {
    for (at, new) in grants.iter().enumerate() {
        grant::check_only(work, (new, &format!("/grants/{at}"))).await?;
    }
    Ok(())
}

/// Invites those of these people who are new; answers their addresses, folded.
///
/// # Errors
/// 422 for grants that do not fit; 409 when somebody came meanwhile: then none was invited.
pub async fn create_many(
    work: &mut Work,
    rows: &[Row],
    terms: &Terms,
) -> Result<BTreeSet<String>, Problem> {
    access::hold_rules(work).await?;
    let organization = super::send::organization(work).await?;
    let keys: Vec<String> = rows.iter().map(|row| fold(&row.email)).collect();
    let there = present(work, &keys).await?;
    let fresh: Vec<&Row> = rows
        .iter()
        .zip(&keys)
        .filter(|(_, key)| !there.contains_key(*key))
        .map(|(r, _)| r)
        .collect();
    if fresh.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut reaches = Vec::new();
    for (at, new) in terms.grants.iter().enumerate() {
        reaches.extend(grant::reaches(work, (new, &format!("/grants/{at}"))).await?);
    }
    let offered = super::send::offered(work, &terms.grants).await?;
    let language = terms.language.unwrap_or(organization.settings.language);
    let by = super::send::inviter(work);
    let head = super::head::head(work, &organization, (by, &offered)).await?;
    let (mut users, mut invites, mut jobs, mut grants) = (vec![], vec![], vec![], vec![]);
    for row in fresh {
        let user = person(work, row);
        let link = draw(work.rng);
        let invite = Invite {
            language,
            grants: offered.clone(),
            login_type: terms.login_type,
            token: Some(SecretHash::of(link.as_bytes())),
            ..draft(work, row, &user)
        };
        grants.extend(given(work, &invite, &user, &reaches));
        let mail = head.written(&invite, &link);
        let token = SecretHash::of(link.as_bytes()).0;
        let about = About { invite: invite.id, token };
        jobs.push(job(work, &invite, mail::sealed(work, &mail, Some(about))?));
        invites.push(invite);
        users.push(user);
    }
    write(work, (&users, &invites), (&grants, &jobs)).await?;
    tell(work, (&users, &invites), &grants);
    Ok(invites.iter().map(|invite| fold(&invite.email)).collect())
}

fn person(work: &Work, row: &Row) -> User {
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let new = user::New {
        user_name: row.email.clone(),
        email: Some(row.email.clone()),
        first_name: filled(&row.first_name),
        last_name: filled(&row.last_name),
        description: row.description.clone(),
        awaited: true,
        ..user::New::default()
    };
    user::drafted(work, &new, (Source::Invite, None))
}

fn draft(work: &Work, row: &Row, user: &User) -> Invite {
    Invite {
        id: work.id(),
        user: Some(user.id),
        class: Class::Member,
        email: row.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        description: row.description.clone(),
        login_type: None,
        language: Language::En,
        grants: Vec::new(),
        state: State::Pending,
        token: None,
        invited_by: work.actor.reference(),
        inviter: super::send::inviter(work),
        imported: true,
        sends: 1,
        delivery: Delivery::Queued,
        delivery_error: None,
        opened_at: None,
        created_at: work.at,
        sent_at: work.at,
        expires_at: work.at.plus_s(work.platform.invite_life_s),
        accepted_at: None,
    }
}

fn given(work: &Work, invite: &Invite, user: &User, reaches: &[(String, Reach)]) -> Vec<Grant> {
    let one = |(role, reach): &(String, Reach)| Grant {
        id: work.id(),
        user_id: user.id,
        role: role.clone(),
        reach: reach.clone(),
        source: GrantSource::Invite,
        source_id: invite.id.to_string(),
        why: Vec::new(),
        expires_at: None,
        created_at: work.at,
    };
    reaches.iter().map(one).collect()
}

fn job(work: &Work, invite: &Invite, payload: String) -> Job {
    Job {
        id: work.id::<JobId>(),
        organization_id: work.organization,
        kind: MAIL.to_owned(),
        key: invite.id.to_string(),
        payload,
        attempts: 0,
    }
}

async fn write(
    work: &mut Work,
    (users, invites): (&[User], &[Invite]),
    (grants, jobs): (&[Grant], &[Job]),
) -> Result<(), Problem> {
    let at = work.at;
    store::user_batch::insert(&mut work.scope(), users).await?;
    store::invite_batch::insert(&mut work.scope(), invites).await?;
    store::grant::insert_all(&mut work.scope(), grants).await?;
    store::invite_batch::enqueue(&mut work.scope(), jobs, at).await?;
    work.left(jobs.len());
    Ok(())
}

fn tell(work: &mut Work, (users, invites): (&[User], &[Invite]), grants: &[Grant]) {
    let each = grants.len().checked_div(users.len()).unwrap_or(0).max(1);
    for ((user, invite), grants) in
        users.iter().zip(invites).zip(grants.chunks(each).map(Some).chain(std::iter::repeat(None)))
    {
        let source = user.source.as_str();
        work.record(Happened::to("user.created", "user", user.id).with("source", source));
        let grants = grants.unwrap_or_default();
        for one in grants {
            work.record(grant::told("grant.added", one));
        }
        if !grants.is_empty() {
            let gained: Vec<_> = grants.iter().map(access::held).collect();
            let gained: Vec<_> = gained.iter().map(access::shown).collect();
            let told = Happened::to(access::ACCESS_CHANGED, "user", user.id);
            work.record(told.with("gained", gained).with("lost", Vec::<String>::new()));
        }
        work.record(told("invite.sent", invite));
        work.changed(Change::User(user.id));
    }
}
