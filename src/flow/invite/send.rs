//! Sending an invite: its user, the roles that wait for her, the link and the mail, in one
//! transaction.

use std::sync::Arc;

use super::head::head;
use super::{load, partner};
use crate::domain::access::grant::Source as GrantSource;
use crate::domain::event::Happened;
use crate::domain::id::{InviteId, UserId};
use crate::domain::invite::{A_DAY_MAX, Class, DAY_S, Delivery, Invite, Offered, SENDS_MAX, State};
use crate::domain::language::Language;
use crate::domain::organization::{Organization, is_mail_address};
use crate::domain::platform::LoginType;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::tombstone::Name;
use crate::domain::user::{Source, Suspender, User};
use crate::flow::fields::Fields;
use crate::flow::mail::{self, About};
use crate::flow::problem::{Code, Problem};
use crate::flow::user::{self, TEXT_MAX};
use crate::flow::work::Work;
use crate::flow::{access, grant};
use crate::scim::fold;
use crate::store;

/// Users with one address that are looked at.
const MET_MAX: i64 = 10;

/// Whom to invite, and to what.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// Her address; her login too.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Shown under the name.
    pub description: Option<String>,
    /// `member` (unless said) or `partner`.
    pub class: Option<String>,
    /// `sso` or `password`; as she likes unless said.
    pub login_type: Option<String>,
    /// The language of the mail; the organization's unless said.
    pub language: Option<String>,
    /// Roles that wait for her.
    pub grants: Vec<grant::New>,
    /// Whether she stands in a file: no daily limit counts her.
    pub imported: bool,
}

/// The words of a new invite, checked.
struct Checked {
    class: Class,
    login_type: Option<LoginType>,
    language: Language,
}

/// Invites somebody.
///
/// # Errors
/// 422 for fields that do not fit; 409 `conflict` for somebody who is here or invited already, 409
/// `left-by-directory` for somebody whom a directory deactivated or deleted; 429 for too many in a
/// day.
pub async fn create(work: &mut Work, new: &New) -> Result<Invite, Problem> {
    let organization = organization(work).await?;
    let checked = check(work, new, organization.settings.language)?;
    access::hold_rules(work).await?;
    store::organization::hold(&mut work.scope()).await?;
    if !new.imported {
        check_day(work).await?;
    }
    if checked.class == Class::Partner {
        let invite = draft(work, new, &checked, None);
        return partner::ask(work, invite, &new.grants).await;
    }
    let user = person(work, new, &checked).await?;
    let (mut invite, link) = linked(work, draft(work, new, &checked, Some(user.id)));
    let source = (GrantSource::Invite, invite.id.to_string());
    let before = grant::live(work, user.id).await?;
    for (at, wanted) in new.grants.iter().enumerate() {
        let place = format!("/grants/{at}");
        grant::give_as(work, user.id, (wanted, &place), source.clone()).await?;
    }
    invite.grants = offered(work, &new.grants).await?;
    store::invite::insert(&mut work.scope(), &invite).await.map_err(waiting)?;
    store::way_in::set_invite(&mut work.scope(), user.id, Some(invite.expires_at)).await?;
    work.record(told("invite.sent", &invite));
    grant::tell(work, user.id, &before).await?;
    post(work, &organization, &invite, &link).await?;
    Ok(invite)
}

pub(super) async fn organization(work: &mut Work) -> Result<Organization, Problem> {
    let id = work.organization;
    let found = store::organization::by_id(&mut work.conn(), id).await?;
    found.ok_or_else(|| Problem::not_found("organization"))
}

fn check(work: &Work, new: &New, language: Language) -> Result<Checked, Problem> {
    let mut fields = Fields::new();
    if !is_mail_address(&new.email) {
        fields.wrong("/email", "email", "This is not a mail address.");
    }
    fields.optional_text("/first_name", new.first_name.as_deref(), TEXT_MAX);
    fields.optional_text("/last_name", new.last_name.as_deref(), TEXT_MAX);
    fields.optional_text("/description", new.description.as_deref(), TEXT_MAX);
    if new.grants.len() > grant::GRANTS_MAX {
        let detail = format!("At most {} roles are given at once.", grant::GRANTS_MAX);
        fields.wrong("/grants", "length", detail);
    }
    if new.grants.iter().any(|grant| grant.expires_at.is_some()) {
        fields.wrong("/grants", "not-offered", "What an invite gives has no end of its own.");
    }
    let class = new.class.as_deref().map_or(Some(Class::Member), Class::parse);
    let class = fields.found(class, "/class", "value", "class is `member` or `partner`.");
    let offered = |kind: &&LoginType| work.platform.users.login_types.contains(kind);
    let login_type = new.login_type.as_deref().and_then(|word| {
        let kind = LoginType::by_key(word);
        let kind = kind.as_ref().filter(offered).copied();
        fields.found(kind, "/login_type", "not-offered", "The platform does not offer this.")
    });
    let language = new.language.as_deref().map_or(Some(language), |tag| {
        let detail = "language is `en`, `fr`, `de` or `es`.";
        fields.found(Language::parse(tag), "/language", "value", detail)
    });
    match class.zip(language).filter(|_| fields.are_right()) {
        Some((class, language)) => Ok(Checked { class, login_type, language }),
        None => Err(fields.refusal()),
    }
}

async fn check_day(work: &mut Work) -> Result<(), Problem> {
    let since = work.at.plus_s(-DAY_S);
    let sent = store::invite::count_since(&mut work.scope(), since, A_DAY_MAX).await?;
    if sent < A_DAY_MAX {
        return Ok(());
    }
    let detail =
        format!("At most {A_DAY_MAX} people are invited in a day; import a file for more.");
    let wait = u64::try_from(DAY_S).ok();
    Err(Problem { retry_after_s: wait, ..Problem::new(Code::RateLimited, detail) })
}

fn draft(work: &Work, new: &New, checked: &Checked, user: Option<UserId>) -> Invite {
    Invite {
        id: work.id(),
        user,
        class: checked.class,
        email: new.email.clone(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        description: new.description.clone(),
        login_type: checked.login_type,
        language: checked.language,
        grants: Vec::new(),
        state: State::Pending,
        token: None,
        invited_by: work.actor.reference(),
        inviter: inviter(work),
        imported: new.imported,
        sends: 0,
        delivery: Delivery::Queued,
        delivery_error: None,
        opened_at: None,
        created_at: work.at,
        sent_at: work.at,
        expires_at: work.at.plus_s(work.platform.invite_life_s),
        accepted_at: None,
    }
}

/// The person who answers for what is given; nobody where a program of the operator sends.
pub(super) fn inviter(work: &Work) -> Option<UserId> {
    work.actor.answers()
}

/// Gives an invite a new link; only its hash is kept.
fn linked(work: &Work, invite: Invite) -> (Invite, String) {
    let link = draw(work.rng);
    let token = Some(SecretHash::of(link.as_bytes()));
    (Invite { token, sends: invite.sends + 1, ..invite }, link)
}

/// What waits for her, in the words of the roles by now.
pub(super) async fn offered(
    work: &mut Work,
    grants: &[grant::New],
) -> Result<Vec<Offered>, Problem> {
    let platform = Arc::clone(&work.platform);
    let roles = access::roles(&mut work.scope(), &platform).await?;
    let key = |sent: &str| roles.index(sent).map_or(sent, |index| roles.key(index)).to_owned();
    let one = |new: &grant::New| Offered { role: key(&new.role), resources: new.resources.clone() };
    Ok(grants.iter().map(one).collect())
}

/// The user who is invited: a new one, or one of the organization who never signed in.
async fn person(work: &mut Work, new: &New, checked: &Checked) -> Result<User, Problem> {
    let key = fold(&new.email);
    if store::invite::pending_to(&mut work.scope(), Class::Member, &key).await?.is_some() {
        return Err(Problem::new(Code::Conflict, WAITS));
    }
    refuse_left(work, &key).await?;
    if let Some(found) = store::user::by_user_name(&mut work.scope(), None, &new.email).await? {
        return again(work, found, checked).await;
    }
    let new = user::New {
        user_name: new.email.clone(),
        email: Some(new.email.clone()),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        description: new.description.clone(),
        login_type: checked.login_type,
        awaited: true,
        grants: Vec::new(),
    };
    user::make(work, &new, (Source::Invite, None)).await
}

const WAITS: &str = "An invite waits for this address already: send it again, or take it back.";

fn waiting(error: store::StoreError) -> Problem {
    match error {
        store::StoreError::Unique(_) => Problem::new(Code::Conflict, WAITS),
        other => other.into(),
    }
}

/// Nobody comes back by an invite whom her directory sent away, and nobody is invited whom it has.
async fn refuse_left(work: &mut Work, key: &str) -> Result<(), Problem> {
    let scope = &mut work.scope();
    let met = store::duplicate::meeting(scope, (key, Some(key)), None, MET_MAX).await?;
    for one in &met {
        let found = store::user::by_id(&mut work.scope(), one.id).await?;
        if found.is_some_and(|user| user.suspended_by.holds(Suspender::Directory)) {
            return Err(left("deactivated"));
        }
    }
    if !met.is_empty() {
        let detail = "A directory brings this person already: give her roles there, or by hand.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let within = work.organization.0;
    for trace in Name::Email.traces(&work.seal, within, key) {
        if store::tombstone::by_trace(&mut work.scope(), trace).await?.is_some() {
            return Err(left("deleted"));
        }
    }
    Ok(())
}

fn left(how: &str) -> Problem {
    let detail = format!("A directory has {how} this person: only the directory brings her back.");
    Problem::new(Code::LeftByDirectory, detail)
}

/// Somebody who is here already and never signed in gets an invite too.
async fn again(work: &mut Work, found: User, checked: &Checked) -> Result<User, Problem> {
    grant::hold_user(work, found.id).await?;
    let bare = found.last_sign_in_at.is_none() && found.parent.is_none() && !found.break_glass;
    if !bare || found.suspended_by.is_suspended() {
        return Err(Problem::new(Code::Conflict, "Somebody with this login is here already."));
    }
    if checked.login_type.is_some() {
        store::way_in::set_login_type(&mut work.scope(), found.id, checked.login_type).await?;
    }
    Ok(found)
}

/// Sends a pending invite again, run out or not: a new link, a new end, and the old link is dead.
///
/// # Errors
/// 404; 409 for one that is over; 429 when it was sent too often.
pub async fn resend(work: &mut Work, id: InviteId) -> Result<Invite, Problem> {
    let found = load(work, id).await?;
    if let Some(user) = found.user {
        grant::hold_user(work, user).await?;
    }
    let found = load(work, id).await?;
    if found.state != State::Pending || found.class == Class::Partner {
        let detail = format!("The invite is {}: it is not sent again.", found.status(work.at));
        return Err(Problem::new(Code::Conflict, detail));
    }
    if found.sends >= SENDS_MAX {
        let detail = format!("An invite is sent at most {SENDS_MAX} times: take it back.");
        return Err(Problem::new(Code::RateLimited, detail));
    }
    let renewed = Invite {
        invited_by: work.actor.reference(),
        inviter: inviter(work),
        delivery: Delivery::Queued,
        delivery_error: None,
        sent_at: work.at,
        expires_at: work.at.plus_s(work.platform.invite_life_s),
        ..found
    };
    let (invite, link) = linked(work, renewed);
    if !store::invite::resend(&mut work.scope(), &invite).await? {
        return Err(Problem::new(Code::Conflict, "The invite is over by now."));
    }
    if let Some(user) = invite.user {
        store::way_in::set_invite(&mut work.scope(), user, Some(invite.expires_at)).await?;
    }
    mail::take_back(work, &invite.id.to_string()).await?;
    work.record(told("invite.resent", &invite));
    let organization = organization(work).await?;
    post(work, &organization, &invite, &link).await?;
    Ok(invite)
}

/// Invites somebody whom a directory has just brought: her mail leads to sign-in, and she is
/// enabled already. Without an address there is nothing to send.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn announce(work: &mut Work, user: &User) -> Result<(), Problem> {
    let Some(email) = user.email.clone().filter(|email| is_mail_address(email)) else {
        return Ok(());
    };
    let key = fold(&email);
    if store::invite::pending_to(&mut work.scope(), Class::Member, &key).await?.is_some() {
        return Ok(());
    }
    let new = New {
        email,
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        imported: true,
        ..New::default()
    };
    let login_type = Some(LoginType::Sso);
    let organization = organization(work).await?;
    let language = organization.settings.language;
    let checked = Checked { class: Class::Member, login_type, language };
    let (invite, link) = linked(work, draft(work, &new, &checked, Some(user.id)));
    store::invite::insert(&mut work.scope(), &invite).await.map_err(waiting)?;
    store::way_in::set_invite(&mut work.scope(), user.id, Some(invite.expires_at)).await?;
    work.record(told("invite.sent", &invite));
    post(work, &organization, &invite, &link).await
}

pub(super) fn told(name: &'static str, invite: &Invite) -> Happened {
    Happened::to(name, "invite", invite.id)
        .with("user_id", invite.user.map(|id| id.to_string()))
        .with("class", invite.class.as_str())
        .with("expires_at", invite.expires_at.to_string())
}

/// Leaves the mail with the link in the outbox.
async fn post(
    work: &mut Work,
    organization: &Organization,
    invite: &Invite,
    link: &str,
) -> Result<(), Problem> {
    let head = head(work, organization, (invite.inviter, &invite.grants)).await?;
    let mail = head.written(invite, link);
    let about = invite.token.map(|token| About { invite: invite.id, token: token.0 });
    mail::post(work, &mail, (&invite.id.to_string(), about)).await
}
