//! Who may give what, and to whom: asked from memory before a write opens.
//!
//! The guard has asked whether the caller may use the call at all. Programs of the operator may
//! give every role; a person gives what roles of hers assign, where she holds them.

use crate::app::App;
use crate::domain::access::Snapshot;
use crate::domain::access::assign::{Above, above_author, may_assign, may_manage};
use crate::domain::access::custom::Draft;
use crate::domain::access::decision::Question;
use crate::domain::access::grant::{Reach, spread};
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::platform::{Role, RoleIndex};
use crate::domain::resource::ResourceRef;
use crate::flow::grant::New;
use crate::flow::problem::{Code, FieldError, Problem};
use crate::http::guard::Caller;

/// Goes on when the caller may give this. What does not fit is left to the flow, which says why.
///
/// # Errors
/// 403 otherwise.
pub async fn give(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    new: &New,
) -> Result<(), Problem> {
    let roles = app.live.roles(organization).await?;
    let resources: Result<Vec<_>, _> =
        new.resources.iter().map(|text| ResourceRef::parse(text)).collect();
    let (Some(role), Ok(resources)) = (roles.index(&new.role), resources) else { return Ok(()) };
    let Ok(grants) = spread(&roles, role, &resources) else { return Ok(()) };
    assign(app, caller, organization, &grants).await
}

/// Goes on when the caller may invite somebody to this: she may give each role, and has the
/// permission that inviting to it needs.
///
/// # Errors
/// 403 otherwise.
pub async fn invite(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    grants: &[New],
) -> Result<(), Problem> {
    for new in grants {
        give(app, caller, organization, new).await?;
    }
    let Some(actor) = caller.actor.answers() else { return Ok(()) };
    let roles = app.live.roles(organization).await?;
    let platform = &app.runner.platform;
    for new in grants {
        let role = roles.index(&new.role).and_then(|index| roles.role(index));
        let Some(role) = role.filter(|role| role.listed) else { continue };
        let Some(needed) = platform.permission(role.invited_with) else { continue };
        let at = app.runner.clock.now();
        let question = Question { user: actor, permission: &needed.key, resource: None, at };
        if !app.live.allows(organization, &question).await? {
            let detail = format!("You need the permission `{}` to invite to this.", needed.key);
            return Err(Problem::new(Code::Forbidden, detail));
        }
    }
    Ok(())
}

/// Goes on when the caller may give a role to whomever a rule reaches, wherever it says: the rule
/// gives it to people and resources that come later too, so only the whole organization is enough.
///
/// # Errors
/// 403 otherwise.
pub async fn rule(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    role: &str,
) -> Result<(), Problem> {
    let roles = app.live.roles(organization).await?;
    let Some(index) = roles.index(role) else { return Ok(()) };
    let confining = roles.role(index).and_then(|role| role.confined_to);
    let grants: Vec<(RoleIndex, Reach)> =
        std::iter::once(index).chain(confining).map(|role| (role, Reach::Organization)).collect();
    assign(app, caller, organization, &grants).await
}

/// Goes on when the caller may give every role of a ceiling to whomever rules reach. Roles that are
/// not known are left to the flow, which says so.
///
/// # Errors
/// 403 otherwise.
pub async fn ceiling(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    keys: Option<&[String]>,
) -> Result<(), Problem> {
    let roles = app.live.roles(organization).await?;
    let named = keys.unwrap_or_default().iter().filter_map(|key| roles.index(key));
    let grants: Vec<(RoleIndex, Reach)> = named.map(|role| (role, Reach::Organization)).collect();
    assign(app, caller, organization, &grants).await
}

/// Goes on when the caller holds, for the whole organization, every permission of a role that she
/// makes or changes, and may give every role whose holders are to give it.
///
/// # Errors
/// 403 with a pointer to each that is above her.
pub async fn author(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    (role, draft): (&Role, &Draft),
) -> Result<(), Problem> {
    let Some(author) = caller.actor.answers() else { return Ok(()) };
    let now = app.runner.clock.now();
    let errors = app
        .live
        .ask(organization, &[author], |snapshot, _| {
            let Some(snapshot) = snapshot else { return Vec::new() };
            let above = above_author(snapshot, author, role, now);
            above.into_iter().map(|one| told(snapshot, draft, one)).collect()
        })
        .await?;
    if errors.is_empty() {
        return Ok(());
    }
    let refused = refused("A role holds nothing that its author does not hold everywhere.");
    Err(Problem { errors, ..refused })
}

/// What is above an author, by its place in what she sent.
fn told(snapshot: &Snapshot, draft: &Draft, above: Above) -> FieldError {
    let definition = snapshot.definition();
    let (list, keys, key, detail) = match above {
        Above::Permission(permission) => (
            "permissions",
            draft.permissions.as_slice(),
            definition.permission(permission).map(|row| row.key.as_str()),
            "You do not have this permission for the whole organization.",
        ),
        Above::Assigner(role) => (
            "assignable_by",
            draft.assignable_by.as_deref().unwrap_or_default(),
            Some(snapshot.roles().key(role)),
            "None of your roles gives this role.",
        ),
    };
    let place = keys.iter().position(|sent| {
        let role = || snapshot.roles().index(sent).map(|role| snapshot.roles().key(role));
        key == Some(sent) || (list == "assignable_by" && role() == key)
    });
    let pointer = place.map_or_else(|| format!("/{list}"), |place| format!("/{list}/{place}"));
    FieldError { pointer, code: "above-author".to_owned(), detail: detail.to_owned() }
}

/// The roles that the caller may give somewhere.
///
/// # Errors
/// 503 when something must be read and the database does not answer.
pub async fn assignable(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<Vec<RoleIndex>, Problem> {
    let roles = app.live.roles(organization).await?;
    let all = roles.iter().map(|(index, _)| index);
    let Some(actor) = caller.actor.answers() else { return Ok(all.collect()) };
    let now = app.runner.clock.now();
    app.live
        .ask(organization, &[actor], |snapshot, _| {
            // Whoever may give it anywhere may give it on nothing yet.
            let may = |role: &RoleIndex| {
                snapshot.is_some_and(|snapshot| {
                    may_assign(snapshot, actor, (*role, &Reach::Nothing), now)
                })
            };
            all.filter(may).collect()
        })
        .await
}

/// Goes on when the caller may give, or take, all of these.
///
/// # Errors
/// 403 otherwise.
pub async fn assign(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    grants: &[(RoleIndex, Reach)],
) -> Result<(), Problem> {
    let Some(actor) = caller.actor.answers() else { return Ok(()) };
    let now = app.runner.clock.now();
    let allowed = app
        .live
        .ask(organization, &[actor], |snapshot, _| {
            snapshot.is_some_and(|snapshot| {
                grants.iter().all(|(role, reach)| may_assign(snapshot, actor, (*role, reach), now))
            })
        })
        .await?;
    if allowed { Ok(()) } else { Err(refused("None of your roles gives this role there.")) }
}

/// Goes on when the caller may give every role that the target holds.
///
/// # Errors
/// 403 otherwise.
pub async fn manage(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    target: UserId,
) -> Result<(), Problem> {
    let Some(actor) = caller.actor.answers() else { return Ok(()) };
    let now = app.runner.clock.now();
    let allowed = app
        .live
        .ask(organization, &[actor, target], |snapshot, _| {
            snapshot.is_some_and(|snapshot| may_manage(snapshot, actor, target, now))
        })
        .await?;
    if allowed { Ok(()) } else { Err(refused("The user holds roles that you may not give.")) }
}

fn refused(detail: &str) -> Problem {
    Problem::new(Code::Forbidden, detail)
}
