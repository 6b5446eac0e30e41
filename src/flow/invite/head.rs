//! What the mails of invites say: read once for all that are sent together.

use std::sync::Arc;

use crate::domain::id::UserId;
use crate::domain::invite::{DAY_S, Invite, Offered};
use crate::domain::mail::{Letter, Mail, plain_name};
use crate::domain::organization::Organization;
use crate::flow::access;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// What the mails of one sending have in common.
pub(super) struct Head {
    organization: String,
    inviter: String,
    roles: Vec<String>,
}

/// Reads what mails of these grants say.
pub(super) async fn head(
    work: &mut Work,
    organization: &Organization,
    (inviter, grants): (Option<UserId>, &[Offered]),
) -> Result<Head, Problem> {
    let platform = Arc::clone(&work.platform);
    let by = match inviter {
        Some(id) => store::user::by_id(&mut work.scope(), id).await?,
        None => None,
    };
    let roles = access::roles(&mut work.scope(), &platform).await?;
    let label = |offered: &Offered| {
        let role = roles.index(&offered.role).and_then(|index| roles.role(index))?;
        role.listed.then(|| plain_name(&role.label))
    };
    Ok(Head {
        organization: plain_name(&organization.name),
        inviter: by.map(|user| plain_name(user.shown())).unwrap_or_default(),
        roles: grants.iter().filter_map(label).collect(),
    })
}

impl Head {
    /// The mail that brings an invite.
    pub(super) fn written(&self, invite: &Invite, link: &str) -> Mail {
        let letter = Letter::Invite {
            organization: self.organization.clone(),
            inviter: self.inviter.clone(),
            name: plain_name(&invite.name()),
            roles: self.roles.clone(),
            link: format!("/invite/{link}"),
            days: invite.expires_at.since_s(invite.sent_at).div_euclid(DAY_S).max(1),
        };
        Mail { to: invite.email.clone(), language: invite.language, letter }
    }
}
