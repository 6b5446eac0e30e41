//! Many new users at once, for bulk requests: all are strangers to the organization, or they are
//! created one by one.

use super::{Client, uniqueness};
use crate::domain::change::Change;
use crate::domain::directory::OnProvision;
use crate::domain::event::Happened;
use crate::domain::user::User;
use crate::flow::access;
use crate::flow::problem::{Code, Problem};
use crate::flow::work::Work;
use crate::scim::Resource;
use crate::store;

/// Creates users all at once. Who is refused must be created alone: to learn which key was taken,
/// to be revived or adopted, or to be told of those whom she meets.
///
/// # Errors
/// 409 when a userName or externalId of any is taken, or any of them may meet somebody: then none
/// was created.
pub async fn create(
    work: &mut Work,
    client: Client,
    documents: &[Resource],
) -> Result<Vec<User>, Problem> {
    if client.on_provision == OnProvision::Invite {
        let detail = "Each of these users gets a mail: they are created one by one.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    access::hold_rules(work).await?;
    let provisioned = |document| User::provisioned(work.id(), client.directory, document, work.at);
    let users: Vec<User> = documents.iter().map(provisioned).collect();
    let scope = &mut work.scope();
    if store::user_batch::may_meet(scope, client.directory, &users).await? {
        let detail = "These users may meet others: they are created one by one.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    store::user_batch::insert(scope, &users).await.map_err(uniqueness)?;
    for user in &users {
        work.record(Happened::to("user.created", "user", user.id));
        work.changed(Change::User(user.id));
        access::user_came(work, user).await?;
    }
    Ok(users)
}
