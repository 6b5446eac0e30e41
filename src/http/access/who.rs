//! Who may ask about whom, and which organization is in question.
//!
//! The operator's token asks about everybody; a person asks about herself. The organization is the
//! one that the context names, else the one that the resource is, else the user's home. Whatever
//! is not known becomes a refusal with a reason, never an error.

use serde_json::{Map, Value};

use super::body::{Evaluation, Resource, Subject, malformed, missing};
use crate::app::App;
use crate::domain::access::{Question, Reason};
use crate::domain::actor::Actor;
use crate::domain::api_token::Kind;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::platform::{self, ORGANIZATION};
use crate::domain::time::Timestamp;
use crate::flow::access::live::Answer;
use crate::flow::operator_use::used;
use crate::flow::problem::{Code, Problem};
use crate::http::guard::Caller;
use crate::scim::fold;
use crate::store;

/// The only type of subjects.
pub const USER: &str = "user";

/// A question whose parts are found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The organization in question.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
    /// What: the key of a permission.
    pub permission: String,
    /// On what; `None` for the whole organization.
    pub resource: Option<(String, String)>,
}

/// A question as it can be answered.
#[derive(Clone, Debug)]
pub enum Asked {
    /// By a decision.
    Found(Found),
    /// At once: something in it is not known.
    Unknown(Reason),
}

/// The answer to a question with something unknown in it.
pub const fn unknown(reason: Reason) -> Answer {
    Answer { allowed: false, reason, version: 0, grants: Vec::new() }
}

/// What the context says of the organization.
///
/// # Errors
/// 400 when it says it in another form than a text.
pub fn named_organization(context: Option<&Map<String, Value>>) -> Result<Option<String>, Problem> {
    match context.and_then(|context| context.get(ORGANIZATION)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => Ok(Some(id.clone())),
        Some(_) => {
            let detail = "context.organization is the id of an organization.";
            Err(malformed("/context/organization", "type", detail))
        }
    }
}

/// The organization that the context or the resource names; `Err` with the reason when it names
/// one that cannot be.
pub fn place(
    context: Option<&Map<String, Value>>,
    resource: Option<&Resource>,
) -> Result<Result<Option<OrganizationId>, Reason>, Problem> {
    let of_resource = resource.filter(|resource| resource.r#type.as_deref() == Some(ORGANIZATION));
    let named = named_organization(context)?;
    let text = match (&named, of_resource.and_then(|resource| resource.id.as_deref())) {
        (Some(id), _) => id.as_str(),
        (None, Some(id)) => id,
        (None, None) => return Ok(Ok(None)),
    };
    Ok(OrganizationId::parse(text).map(Some).map_err(|_| Reason::ResourceUnknown))
}

/// The user that a subject names, in an organization or at her home.
///
/// # Errors
/// 400 when it names nobody; 503 when the database does not answer.
pub async fn user(
    app: &App,
    subject: &Subject,
    place: Option<OrganizationId>,
) -> Result<Option<(OrganizationId, UserId)>, Problem> {
    let (kind, login) = (subject.kind()?, subject.user_name());
    if subject.id.is_none() && login.is_none() {
        return Err(missing("/subject/id"));
    }
    if kind != USER {
        return Ok(None);
    }
    if let Some(id) = &subject.id {
        let Ok(user) = UserId::parse(id) else { return Ok(None) };
        let home = match place {
            Some(place) => Some(place),
            None => app.live.home(user).await?,
        };
        return Ok(home.map(|home| (home, user)));
    }
    let (Some(login), Some(place)) = (login, place) else { return Ok(None) };
    let found = store::profile::by_user_name(&mut app.runner.read(place), &fold(login)).await?;
    Ok(match found.as_slice() {
        [only] => Some((place, *only)),
        _ => None,
    })
}

/// Finds the parts of a question.
///
/// # Errors
/// 400 for a part that is missing; 403 for a person who asks about another one; 503 when the
/// database does not answer.
pub async fn find(app: &App, caller: &Caller, asked: &Evaluation) -> Result<Asked, Problem> {
    let subject = asked.subject.as_ref().ok_or_else(|| missing("/subject"))?;
    let action = asked.action.as_ref().ok_or_else(|| missing("/action"))?;
    let resource = asked.resource.as_ref().ok_or_else(|| missing("/resource"))?;
    let (name, kind) = (action.named()?, resource.kind()?);
    let id = resource.id.as_deref().ok_or_else(|| missing("/resource/id"))?;
    let place = match place(asked.context.as_ref(), Some(resource))? {
        Ok(place) => place,
        Err(reason) => return Ok(Asked::Unknown(reason)),
    };
    let place = match own(caller, place) {
        Ok(place) => place,
        Err(reason) => return Ok(Asked::Unknown(reason)),
    };
    let found = user(app, subject, place).await?;
    admit(caller, found)?;
    let Some((organization, user)) = found else {
        return Ok(Asked::Unknown(Reason::UserUnknown));
    };
    told(app, caller, organization, "evaluation").await?;
    let whole = kind == ORGANIZATION;
    if whole && OrganizationId::parse(id) != Ok(organization) {
        return Ok(Asked::Unknown(Reason::ResourceUnknown));
    }
    let resource = (!whole).then(|| (kind.to_owned(), id.to_owned()));
    Ok(Asked::Found(Found { organization, user, permission: name.to_owned(), resource }))
}

/// The organization in question: that of a token of an organization, and no other.
fn own(caller: &Caller, named: Option<OrganizationId>) -> Result<Option<OrganizationId>, Reason> {
    let token = caller.token.as_deref().filter(|token| token.kind == Kind::Organization);
    match (token.map(|token| token.organization_id), named) {
        (None, named) => Ok(named),
        (Some(own), named) if named.is_none_or(|named| named == own) => Ok(Some(own)),
        _ => Err(Reason::ResourceUnknown),
    }
}

/// Tells the feed of an organization that an operator's token asks about its people.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn told(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    what: &str,
) -> Result<(), Problem> {
    let Actor::Operator(token) = caller.actor else { return Ok(()) };
    let call = format!("POST /access/v1/{what}");
    used(&app.runner, &app.uses, (token, organization), &call).await
}

/// Lets the caller ask about this user: the operator about anybody, a person about herself, a token
/// with `decisions.ask` about everybody of its organization.
///
/// # Errors
/// 403 otherwise.
pub fn admit(caller: &Caller, found: Option<(OrganizationId, UserId)>) -> Result<(), Problem> {
    let about = found.map(|(_, user)| user);
    if let Some(token) = &caller.token {
        let within = found.is_none_or(|(place, _)| place == token.organization_id);
        let free = token.confined().is_none() && token.holds("decisions.ask");
        if !(within && free) {
            let detail = "This token does not allow `decisions.ask` here.";
            return Err(Problem::new(Code::Forbidden, detail));
        }
    }
    match caller.actor {
        Actor::Operator(_) => Ok(()),
        Actor::User(herself) if about == Some(herself) => Ok(()),
        Actor::Token(..) if caller.token.is_some() => Ok(()),
        Actor::User(_) => {
            Err(Problem::new(Code::Forbidden, "A person may ask about herself alone."))
        }
        _ => Err(Problem::new(Code::Forbidden, "This needs the operator's token or a session.")),
    }
}

/// Whether the caller may see which grants gave a decision.
///
/// # Errors
/// 503 when something must be read and the database does not answer.
pub async fn may_explain(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    at: Timestamp,
) -> Result<bool, Problem> {
    if let Some(token) = caller.token.as_ref().filter(|token| token.kind == Kind::Organization) {
        return Ok(token.holds("access.explain"));
    }
    let Actor::User(user) = caller.actor else { return Ok(true) };
    let definition = &app.runner.platform;
    let permission = definition.permission(definition.action(platform::Action::AccessExplain));
    let Some(permission) = permission else { return Ok(false) };
    let question = Question { user, permission: &permission.key, resource: None, at };
    app.live.allows(organization, &question).await
}

impl Found {
    /// The question at an instant.
    pub fn question(&self, at: Timestamp) -> Question<'_> {
        let resource = self.resource.as_ref().map(|(kind, key)| (kind.as_str(), key.as_str()));
        Question { user: self.user, permission: &self.permission, resource, at }
    }
}
