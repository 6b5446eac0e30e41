//! Why a decision is what it is, in words: the grants that gave it, or the first numbered
//! condition that failed.

use super::decision::{Decision, Question, Reason, decide, live_with};
use super::snapshot::{HeldGrant, HeldReach, Snapshot};

/// A decision with its words.
#[derive(Clone, Debug)]
pub struct Explanation<'s> {
    /// The decision, with the grants that gave it.
    pub decision: Decision<'s>,
    /// The number of the first condition that failed; `None` when allowed.
    pub condition: Option<u8>,
    /// One sentence for people.
    pub words: String,
    /// When not covered: the live grants that have the permission elsewhere.
    pub elsewhere: Vec<&'s HeldGrant>,
}

/// Decides and says why.
#[must_use]
pub fn explain<'s>(snapshot: &'s Snapshot, question: &Question<'_>) -> Explanation<'s> {
    let decision = decide(snapshot, question);
    let elsewhere = if decision.reason == Reason::NotCovered {
        elsewhere(snapshot, question)
    } else {
        Vec::new()
    };
    let words = if decision.allowed {
        let given: Vec<String> =
            decision.grants.iter().map(|grant| grant_words(snapshot, grant)).collect();
        format!("Given by {}.", given.join("; "))
    } else {
        refusal_words(snapshot, question, decision.reason)
    };
    Explanation { condition: condition(decision.reason), decision, words, elsewhere }
}

/// The number of the condition that a reason says has failed.
#[must_use]
pub const fn condition(reason: Reason) -> Option<u8> {
    match reason {
        Reason::Held => None,
        Reason::UserUnknown | Reason::UserNotEnabled | Reason::OrganizationNotActive => Some(1),
        Reason::PermissionUnknown | Reason::NoGrant => Some(2),
        Reason::ResourceUnknown | Reason::NotCovered => Some(3),
        Reason::DeniedBySettings => Some(4),
        Reason::ParentNotAllowed => Some(5),
        Reason::NoLicence => Some(6),
    }
}

fn elsewhere<'s>(snapshot: &'s Snapshot, question: &Question<'_>) -> Vec<&'s HeldGrant> {
    let permission = snapshot.definition().permission_index(question.permission);
    match (snapshot.user(question.user), permission) {
        (Some(user), Some(permission)) => {
            live_with(snapshot, user, permission, question.at).collect()
        }
        _ => Vec::new(),
    }
}

/// "role `auditor` for the whole organization, by rule `Vision auditors`".
fn grant_words(snapshot: &Snapshot, grant: &HeldGrant) -> String {
    let reach = match &grant.reach {
        HeldReach::Organization => "for the whole organization".to_owned(),
        HeldReach::Nothing => "on no resource yet".to_owned(),
        reach => format!("on `{}`", snapshot.reach_text(reach).unwrap_or_default()),
    };
    let role = snapshot.roles().key(grant.role);
    let source = grant.source.key();
    match &grant.source_name {
        Some(name) => format!("role `{role}` {reach}, by {source} `{name}`"),
        None => format!("role `{role}` {reach}, by {source}"),
    }
}

fn refusal_words(snapshot: &Snapshot, question: &Question<'_>, reason: Reason) -> String {
    let permission = question.permission;
    let place = question.resource.map_or_else(
        || "the whole organization".to_owned(),
        |(kind, key)| format!("`{kind}:{key}`"),
    );
    match reason {
        Reason::Held => String::new(),
        Reason::UserUnknown => "There is no such user here.".to_owned(),
        Reason::UserNotEnabled => {
            "The user is suspended or removed, or has not accepted her invite.".to_owned()
        }
        Reason::OrganizationNotActive => {
            "The organization, or the user's home organization, is not active.".to_owned()
        }
        Reason::PermissionUnknown => format!("The platform has no permission `{permission}`."),
        Reason::ResourceUnknown => format!("The organization has no resource {place}."),
        Reason::NoGrant => format!("No live grant of the user has `{permission}`."),
        Reason::NotCovered => {
            format!("Grants of the user have `{permission}`, but none covers {place}.")
        }
        Reason::DeniedBySettings => {
            format!("The user's access settings deny `{permission}`.")
        }
        Reason::ParentNotAllowed => {
            format!("The user's parent is not allowed `{permission}` on {place}.")
        }
        Reason::NoLicence => {
            let level = licence_label(snapshot, permission).unwrap_or_default();
            format!("`{permission}` needs a licence of level `{level}`, and the user has none.")
        }
    }
}

fn licence_label<'s>(snapshot: &'s Snapshot, permission: &str) -> Option<&'s str> {
    let definition = snapshot.definition();
    let level = definition.permission(definition.permission_index(permission)?)?.licence_level?;
    definition.levels.get(usize::from(level.0)).map(|level| level.key.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::UserRow;
    use super::super::grant::Reach;
    use super::super::table::World;
    use super::*;
    use crate::domain::id::UserId;
    use crate::domain::resource::ResourceRef;

    fn words(world: &World, user: UserId, permission: &str, key: &str) -> (Option<u8>, String) {
        let resource = Some(("site", key));
        let question = Question { user, permission, resource, at: World::NOW };
        let explained = explain(&world.snapshot, &question);
        (explained.condition, explained.words)
    }

    #[test]
    fn an_allowed_decision_names_the_grants_that_gave_it() {
        let mut world = World::field_vision();
        let own = Reach::Resource(ResourceRef::parse("site:own").unwrap());
        let user = world.user(&[("operation-manager", own)]);
        let (condition, words) = words(&world, user, "media.view", "own");
        assert_eq!(condition, None);
        assert_eq!(words, "Given by role `operation-manager` on `site:own`, by manual `Ada`.");
    }

    #[test]
    fn a_refused_decision_names_the_first_condition_that_failed() {
        let mut world = World::field_vision();
        let own = Reach::Resource(ResourceRef::parse("site:own").unwrap());
        let user = world.user(&[("operation-manager", own)]);
        for (permission, key, condition, part) in [
            ("media.vew", "own", 2, "no permission `media.vew`"),
            ("audit.view", "own", 2, "No live grant"),
            ("media.view", "other", 3, "none covers `site:other`"),
            ("media.view", "gone", 3, "no resource `site:gone`"),
        ] {
            let (failed, words) = words(&world, user, permission, key);
            assert_eq!(failed, Some(condition), "{words}");
            assert!(words.contains(part), "{words}");
        }
        let nobody = UserId(uuid::Uuid::nil());
        assert_eq!(words(&world, nobody, "media.view", "own").0, Some(1));
    }

    #[test]
    fn what_is_not_covered_names_the_grants_elsewhere() {
        let mut world = World::field_vision();
        let own = Reach::Resource(ResourceRef::parse("site:own").unwrap());
        let user = world.user(&[("operation-manager", own), ("site-access", Reach::Nothing)]);
        let resource = Some(("site", "other"));
        let question = Question { user, permission: "media.view", resource, at: World::NOW };
        assert_eq!(explain(&world.snapshot, &question).elsewhere.len(), 1);
    }

    const LICENSED: &str = "name='x'\nlicences.levels=[{key='basic',label='Basic'}]\n\
        permissions=[{key='a.see',label='S',category='A',on='organization'},\
        {key='a.dig',label='D',category='A',on='organization',licence_level='basic'}]\n\
        roles=[{key='o',label='O',scope='organization',keep_one=true,permissions=['*']},\
        {key='s',label='S',scope='organization',permissions=['a.see']}]";

    #[test]
    fn every_reason_is_told_by_its_condition_and_in_words() {
        let mut world = World::of(LICENSED);
        let whole = |role| [(role, Reach::Organization)];
        let owner = world.row(&whole("o"));
        let suspended = UserRow { enabled: false, ..world.row(&whole("o")) };
        let foreign = UserRow { home_active: false, ..world.row(&whole("o")) };
        let denied = UserRow { denied: vec!["a.see".to_owned()], ..world.row(&whole("o")) };
        let poor = world.row(&[]);
        let child = UserRow { parent: Some(poor.id), ..world.row(&whole("o")) };
        let rows = [&owner, &suspended, &foreign, &denied, &poor, &child];
        rows.into_iter().for_each(|row| world.snapshot.put_user(row.clone()));
        let nobody = UserId(uuid::Uuid::nil());
        for (user, permission, resource, reason, condition, part) in [
            (owner.id, "a.see", None, Reason::Held, None, "Given by role `o`"),
            (nobody, "a.see", None, Reason::UserUnknown, Some(1), "no such user"),
            (suspended.id, "a.see", None, Reason::UserNotEnabled, Some(1), "suspended"),
            (foreign.id, "a.see", None, Reason::OrganizationNotActive, Some(1), "not active"),
            (owner.id, "a.sea", None, Reason::PermissionUnknown, Some(2), "`a.sea`"),
            (poor.id, "a.see", None, Reason::NoGrant, Some(2), "No live grant"),
            (owner.id, "a.see", Some(("k", "1")), Reason::ResourceUnknown, Some(3), "`k:1`"),
            (denied.id, "a.see", None, Reason::DeniedBySettings, Some(4), "settings deny"),
            (child.id, "a.see", None, Reason::ParentNotAllowed, Some(5), "parent"),
            (owner.id, "a.dig", None, Reason::NoLicence, Some(6), "level `basic`"),
        ] {
            let question = Question { user, permission, resource, at: World::NOW };
            let told = explain(&world.snapshot, &question);
            assert_eq!((told.decision.reason, told.condition), (reason, condition));
            assert!(told.words.contains(part), "{}", told.words);
        }
    }
}
