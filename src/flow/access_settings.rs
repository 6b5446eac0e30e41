//! Access settings: permissions that are denied to one user, whatever her roles give.

use std::collections::BTreeSet;

use super::condition::Condition;
use super::fields::Fields;
use super::grant::hold_user;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::platform::{Definition, PermissionSet};
use crate::store;
use crate::store::access_settings::AccessSettings;

/// The permissions that a list of keys denies.
///
/// # Errors
/// 422 with each key that is unknown or stands twice, and when the platform has no access settings.
pub fn check(platform: &Definition, denied: &[String]) -> Result<PermissionSet, Problem> {
    if !platform.users.access_settings {
        let detail = "The platform uses no access settings.";
        return Err(Problem::invalid("/denied", "not-offered", detail));
    }
    let mut fields = Fields::new();
    let mut set = PermissionSet::new();
    for (at, key) in denied.iter().enumerate() {
        let pointer = format!("/denied/{at}");
        let found = platform.permission_index(key);
        let detail = "The platform has no such permission.";
        let Some(found) = fields.found(found, &pointer, "unknown", detail) else { continue };
        if set.contains(found) {
            fields.wrong(&pointer, "twice", "This permission stands in the list twice.");
        }
        set.insert(found);
    }
    fields.done()?;
    Ok(set)
}

/// Denies these permissions to a user, and no others.
///
/// # Errors
/// 404; 412 when they changed meanwhile, 428 without a condition; as [`check`].
pub async fn replace(
    work: &mut Work,
    user: UserId,
    condition: &Condition,
    denied: &[String],
) -> Result<AccessSettings, Problem> {
    if *condition == Condition::None {
        let detail = "Send If-Match with the ETag of the settings that you read.";
        return Err(Problem::new(Code::PreconditionRequired, detail));
    }
    let platform = std::sync::Arc::clone(&work.platform);
    let set = check(&platform, denied)?;
    hold_user(work, user).await?;
    let found = store::access_settings::of_user(&mut work.scope(), user).await?;
    condition.meet(found.version)?;
    let key = |index| platform.permission(index).map(|row| row.key.clone());
    let settings = AccessSettings { denied: set.iter().filter_map(key).collect(), ..found.clone() };
    if settings == found {
        return Ok(found);
    }
    let at = work.at;
    if !store::access_settings::put(&mut work.scope(), user, &settings, at).await? {
        return Err(Problem::stale());
    }
    let (before, after): (BTreeSet<&String>, BTreeSet<&String>) =
        (found.denied.iter().collect(), settings.denied.iter().collect());
    let only = |one: &BTreeSet<&String>, other: &BTreeSet<&String>| -> Vec<String> {
        one.difference(other).map(|key| (*key).clone()).collect()
    };
    let changed = Happened::to("user.access_settings_changed", "user", user);
    let changed = changed.with("denied", only(&after, &before));
    work.record(changed.with("no_longer_denied", only(&before, &after)));
    work.changed(Change::User(user));
    Ok(AccessSettings { version: found.version + 1, ..settings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::platform::preset;

    fn pointers(platform: &str, denied: &[&str]) -> Vec<String> {
        let platform = Definition::parse(preset(platform).unwrap(), platform).unwrap();
        let denied: Vec<String> = denied.iter().map(|key| (*key).to_owned()).collect();
        let refused = check(&platform, &denied).err();
        let errors = refused.map(|problem| problem.errors).unwrap_or_default();
        errors.into_iter().map(|error| format!("{} {}", error.pointer, error.code)).collect()
    }

    #[test]
    fn every_key_that_denies_nothing_is_pointed_to() {
        assert_eq!(pointers("vms", &["cameras.view", "users.suspend"]), [""; 0]);
        let wrong = ["cameras.view", "cameras.vew", "cameras.view"];
        assert_eq!(pointers("vms", &wrong), ["/denied/1 unknown", "/denied/2 twice"]);
        assert_eq!(pointers("camera-fleet", &[]), ["/denied not-offered"]);
    }
}
