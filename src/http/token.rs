//! The token of a person or organization that a request brings: whether it holds, and for what.

use crate::app::App;
use crate::domain::access::decision::Question;
use crate::domain::actor::Actor;
use crate::domain::api_token::{ApiToken, Kind};
use crate::domain::organization::Status;
use crate::domain::platform::Action;
use crate::domain::resource::{ResourceRef, fold};
use crate::domain::secret::{TokenKind, read_token};
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::store;

/// Resources above one another that are looked at.
const ABOVE_MAX: usize = 32;

/// The live token that a text is; `None` for one that is none of these, unknown, over, or whose
/// owner or organization is switched off.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn of(app: &App, text: &str) -> Result<Option<ApiToken>, Problem> {
    let kinds = [TokenKind::Personal, TokenKind::Organization];
    let Some(sent) = read_token(text).filter(|sent| kinds.contains(&sent.kind)) else {
        return Ok(None);
    };
    let runner = &app.runner;
    let found = store::api_token::by_public_part(&mut runner.db.conn(), sent.public).await?;
    let Some((token, hash)) = found else { return Ok(None) };
    let now = runner.clock.now();
    if !hash.matches(sent.secret.as_bytes()) || !token.is_live(now) {
        return Ok(None);
    }
    let id = token.organization_id;
    let organization = store::organization::by_id(&mut runner.db.conn(), id).await?;
    if organization.is_none_or(|found| found.status != Status::Active) {
        return Ok(None);
    }
    if let Some(owner) = token.owner {
        let owner = store::user::by_id(&mut runner.read(id), owner).await?;
        if owner.is_none_or(|owner| !owner.is_enabled()) {
            return Ok(None);
        }
    }
    if token.is_worth_touching(now) {
        let own = token.id;
        runner
            .write(actor(&token), id, move |work| {
                Box::pin(async move { flow::api_token::touch(work, own).await })
            })
            .await?;
    }
    Ok(Some(token))
}

/// Who acts by a token.
#[must_use]
pub const fn actor(token: &ApiToken) -> Actor {
    match (token.kind, token.owner) {
        (Kind::Personal, Some(owner)) => Actor::User(owner),
        _ => Actor::Token(token.id, token.creator),
    }
}

/// Lets a token do a built-in action: its list holds it, and so does its owner, if it is a
/// person's, now.
///
/// # Errors
/// 403 otherwise.
pub async fn check(app: &App, token: &ApiToken, action: &str) -> Result<(), Problem> {
    let refused = || {
        let detail = format!("This token does not allow `{action}`.");
        Problem::new(Code::Forbidden, detail)
    };
    let known = Action::by_key(action).filter(|action| token.kind.may_hold(*action));
    let known = known.filter(|_| token.holds(action)).ok_or_else(refused)?;
    let Some(user) = token.owner else { return Ok(()) };
    let platform = &app.runner.platform;
    let row = platform.permission(platform.action(known)).ok_or_else(refused)?;
    let at = app.runner.clock.now();
    let question = Question { user, permission: &row.key, resource: None, at };
    match app.live.allows(token.organization_id, &question).await? {
        true => Ok(()),
        false => Err(refused()),
    }
}

/// Lets a token that is confined to resources reach one of them, or one below.
///
/// # Errors
/// 403 otherwise.
pub async fn check_resource(
    app: &App,
    token: &ApiToken,
    (kind, key): (&str, &str),
) -> Result<(), Problem> {
    let Some(confined) = token.confined() else { return Ok(()) };
    let confined: Vec<ResourceRef> = confined.collect();
    let is_named = |kind: &str, key: &str| {
        confined.iter().any(|one| one.kind() == kind && one.folded_key() == key)
    };
    let mut here = Some((kind.to_owned(), fold(key).into_owned()));
    for _ in 0..ABOVE_MAX {
        let Some((kind, key)) = here.take() else { break };
        if is_named(&kind, &key) {
            return Ok(());
        }
        let scope = &mut app.runner.read(token.organization_id);
        let place = store::resource::place(scope, &kind, &key).await?;
        here = place.and_then(|place| place.parent_kind.zip(place.parent_key));
    }
    Err(Problem::new(Code::Forbidden, "This token is confined to other resources."))
}
