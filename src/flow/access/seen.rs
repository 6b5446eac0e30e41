//! What rules see of a person: her directory's document, her groups, and the claims of her sign-ins
//! as far as her directory does not speak of the same.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::domain::id::{DirectoryId, UserId};
use crate::domain::mapping::{GroupFacts, Outcome, Profile, RuleSet, Selection};
use crate::domain::time::Timestamp;
use crate::domain::user::{Source, User};
use crate::flow::problem::Problem;
use crate::store::claim::{self, Claims};
use crate::store::profile::{Group, Person};
use crate::store::{self, Scope};

/// The claim that a directory which sends groups outranks.
const GROUPS: &str = "groups";

/// The claims of these people that count now; nothing is read where no rule reads claims.
pub(super) async fn claims(
    scope: &mut Scope<'_>,
    rules: &RuleSet,
    people: &[(UserId, Option<DirectoryId>)],
    now: Timestamp,
) -> Result<HashMap<UserId, Claims>, Problem> {
    if !rules.reads_claims() || people.is_empty() {
        return Ok(HashMap::new());
    }
    let users: Vec<UserId> = people.iter().map(|(user, _)| *user).collect();
    let mut found = claim::of_users(scope, &users, now).await?;
    let mut senders: HashMap<DirectoryId, bool> = HashMap::new();
    for (user, directory) in people {
        let (Some(claims), Some(directory)) = (found.get_mut(user), directory) else { continue };
        if !claims.contains_key(GROUPS) {
            continue;
        }
        let sends = match senders.get(directory) {
            Some(known) => *known,
            None => {
                let sends = claim::sends_groups(scope, *directory).await?;
                senders.insert(*directory, sends);
                sends
            }
        };
        if sends {
            claims.remove(GROUPS);
        }
    }
    Ok(found)
}

/// Those of these users whom rules reach: as the statements that hold them say.
pub(super) async fn reached(
    scope: &mut Scope<'_>,
    users: &[User],
) -> Result<HashSet<UserId>, Problem> {
    let of_sign_ins = |user: &&User| {
        user.directory.is_none() && matches!(user.source, Source::Invite | Source::Api)
    };
    let maybe: Vec<UserId> = users.iter().filter(of_sign_ins).map(|user| user.id).collect();
    let mut reached = store::identity::linked(scope, &maybe).await?;
    let surely = |user: &&User| user.directory.is_some() || user.source == Source::Sso;
    reached.extend(users.iter().filter(surely).map(|user| user.id));
    Ok(reached)
}

/// What rules would give a person, were every resource registered. Rules reach people of
/// directories and of sign-ins only.
pub(super) fn candidates(
    rules: &RuleSet,
    person: &Person,
    (groups, claims): (&[Group], Option<&Claims>),
    selection: &Selection,
) -> Result<Outcome, Problem> {
    if !person.reached {
        return Ok(Outcome::default());
    }
    let document: Map<String, Value> =
        serde_json::from_str(&person.document).map_err(Problem::internal)?;
    let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
    let facts = groups.iter().zip(&ids).map(|(group, id)| GroupFacts {
        value: id,
        display: &group.display_name,
        external_id: group.external_id.as_deref(),
    });
    let mut profile = Profile::new(person.id, person.directory_id, &document).with_groups(facts);
    let of_directory = person.directory_id.is_some();
    for (name, values) in claims.into_iter().flatten() {
        // What the directory says itself outranks what a sign-in says.
        if !(of_directory && says(&document, name)) {
            profile = profile.with_claim(name, values.iter().map(String::as_str));
        }
    }
    Ok(rules.candidates(&profile, selection))
}

/// Whether a document says anything under a name, of its own or in an extension.
fn says(document: &Map<String, Value>, name: &str) -> bool {
    let is_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    let holds = |map: &Map<String, Value>| {
        map.iter().any(|(key, value)| key.eq_ignore_ascii_case(name) && is_something(value))
    };
    let extension =
        |(key, value): (&String, &Value)| key.contains(':') && value.as_object().is_some_and(holds);
    holds(document) || document.iter().any(extension)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_says_what_it_holds_in_any_letter_case_and_in_extensions() {
        let document = json!({"Department": "x", "title": "", "emails": [], "active": false,
            "urn:e:User": {"costCenter": "1"}});
        let document = document.as_object().unwrap();
        for (name, said) in [
            ("department", true),
            ("title", false),
            ("emails", false),
            ("active", true),
            ("costcenter", true),
            ("groups", false),
        ] {
            assert_eq!(says(document, name), said, "{name}");
        }
    }
}
