//! Break-glass users: few, with a password and one-time codes, for the day on which the identity
//! provider fails (K10).
//!
//! Each holds every role that must keep a holder. No directory and no connection reaches her.

use super::link::add;
use super::totp_place;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::mail::Notice;
use crate::domain::organization::is_mail_address;
use crate::domain::password::tries::Purpose;
use crate::domain::password::{BREAK_GLASS_MAX, BREAK_GLASS_S, totp};
use crate::domain::platform::LoginType;
use crate::domain::time::Timestamp;
use crate::domain::user::Source;
use crate::flow::announcement::notify_owners;
use crate::flow::problem::{Code, Problem};
use crate::flow::work::Work;
use crate::flow::{access, grant, user};
use crate::store;

/// A break-glass user that was made, with her link: the only time that it is shown.
#[derive(Clone, Debug)]
pub struct Made {
    /// Her id.
    pub user: UserId,
    /// The path of the link by which she sets password and codes.
    pub link: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Makes a break-glass user, or gives the one with this login a new link.
///
/// # Errors
/// 422 for an address that is none; 409 for a login of somebody else, and for more than there may
/// be.
pub async fn make(work: &mut Work, email: &str) -> Result<Made, Problem> {
    if !is_mail_address(email) {
        return Err(Problem::invalid("/email", "email", "This is not a mail address."));
    }
    access::hold_rules(work).await?;
    store::organization::hold(&mut work.scope()).await?;
    let found = store::user::by_user_name(&mut work.scope(), None, email).await?;
    let id = match found {
        Some(found) if found.break_glass => found.id,
        Some(_) => {
            let detail = "Somebody else has this login: break-glass users have one of their own.";
            return Err(Problem::new(Code::Conflict, detail));
        }
        None => anew(work, email).await?,
    };
    grant::hold_user(work, id).await?;
    let place = totp_place(work.organization, id);
    let secret = totp::draw(work.rng);
    let sealed = work.seal.seal(work.rng, place, &secret).map_err(Problem::internal)?;
    let at = work.at;
    store::password::void_links(&mut work.scope(), id, at).await?;
    let text = add(work, id, (Purpose::BreakGlass, BREAK_GLASS_S), Some(sealed)).await?;
    work.record(Happened::to("user.break_glass_made", "user", id));
    notify_owners(work, email, Notice::BreakGlassMade).await?;
    let link = format!("/password/reset/{text}");
    Ok(Made { user: id, link, expires_at: work.at.plus_s(BREAK_GLASS_S) })
}

async fn anew(work: &mut Work, email: &str) -> Result<UserId, Problem> {
    let there = store::password::break_glass(&mut work.scope(), BREAK_GLASS_MAX).await?;
    if there >= BREAK_GLASS_MAX {
        let detail = format!("There are {BREAK_GLASS_MAX} break-glass users: remove one first.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let platform = std::sync::Arc::clone(&work.platform);
    let kept = platform.roles().iter().filter(|role| role.keep_one);
    let grants = kept.map(|role| grant::New { role: role.key.clone(), ..grant::New::default() });
    let new = user::New {
        user_name: email.to_owned(),
        email: Some(email.to_owned()),
        login_type: Some(LoginType::Password),
        grants: grants.collect(),
        ..user::New::default()
    };
    let made = user::make(work, &new, (Source::Api, None)).await?;
    store::way_in::set_break_glass(&mut work.scope(), made.id).await?;
    Ok(made.id)
}
