//! Whether a group's members are those that were sent.

use std::collections::HashSet;

use serde_json::Value;

use super::check::{self, Checked};
use super::group;
use super::player::Player;
use crate::outbound::scim_client::Answer;

/// Members of one PATCH.
pub(super) const MEMBERS_A_PATCH: usize = 1_000;
/// Larger groups are not read back member by member, so that memory stays bounded.
pub(super) const MEMBERS_READ_MAX: usize = 10_000;

/// Reads a group and looks for those who should be in it, and for those who should not.
///
/// Others may be there: the server may have been in use before.
pub(super) async fn check(
    player: &Player,
    operation: &'static str,
    id: &str,
    (there, gone): (&[&str], &[&str]),
) {
    if there.len() > MEMBERS_READ_MAX {
        return;
    }
    let judge = |answer: &Answer| {
        check::status(answer, &[200])?;
        agree(&answer.body, there, gone)
    };
    player.ask(operation, group(id), judge).await;
}

fn agree(body: &Value, there: &[&str], gone: &[&str]) -> Checked<()> {
    let members = body.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let found: HashSet<&str> =
        members.iter().filter_map(|one| one.get("value").and_then(Value::as_str)).collect();
    if found.len() != members.len() {
        return Err("members holds one twice, or one without a value".to_owned());
    }
    let missing = there.iter().filter(|id| !found.contains(**id)).count();
    let left = gone.iter().filter(|id| found.contains(**id)).count();
    match (missing, left) {
        (0, 0) => Ok(()),
        _ => Err(format!("{missing} members are missing, {left} that were removed are there")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_that_are_missing_or_left_or_twice_are_wrong() {
        let body = json!({"members": [{"value": "a"}, {"value": "b"}]});
        assert_eq!(agree(&body, &["a"], &["c"]), Ok(()));
        assert!(agree(&body, &["c"], &[]).is_err());
        assert!(agree(&body, &["a"], &["b"]).is_err());
        assert_eq!(agree(&json!({}), &[], &["b"]), Ok(()));
        let twice = json!({"members": [{"value": "a"}, {"value": "a"}]});
        assert!(agree(&twice, &["a"], &[]).is_err());
    }
}
