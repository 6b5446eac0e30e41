//! Groups as Entra provisions them: match, create, members in batches, then changes.

use http::Method;
use serde_json::{Value, json};

use super::check;
use super::members::{self, MEMBERS_A_PATCH};
use super::people::{Team, leaves};
use super::player::Player;
use super::{found, group, patch};
use crate::outbound::scim_client::{Answer, Ask};
use crate::scim::catalog::GROUP_URN;

/// What Entra adds to the schemas of each group.
const FOREIGN_URN: &str =
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// Creates the groups and fills them.
pub(super) async fn first_cycle(player: &Player) {
    player.each("groups", 0..player.groups, |m| provision(player, m)).await;
}

/// Some members leave each group, and some groups change their name and back.
pub(super) async fn changes(player: &Player, flagged: bool) {
    player.each("group changes", 0..player.groups, |m| change(player, m, flagged)).await;
}

const fn team(player: &Player, number: u32) -> Team {
    Team { number, of: player.groups }
}

async fn provision(player: &Player, m: u32) {
    let team = team(player, m);
    let name = team.display();
    let known = player
        .ask("E13 match group", named(&name), |answer| {
            let Some(group) = check::one_or_none(answer)? else { return Ok(None) };
            check::covers(group, &json!({"externalId": team.external_id()}))?;
            check::lacks(group, "members")?;
            check::id(group).map(Some)
        })
        .await;
    let id = match known {
        None => return,
        Some(Some(id)) => id,
        Some(None) => {
            let Some(id) = create(player, team).await else { return };
            id
        }
    };
    let all: Vec<&str> = team.members(player.users).filter_map(|n| player.people.get(n)).collect();
    for batch in all.chunks(MEMBERS_A_PATCH) {
        let add = json!([{"op": "Add", "path": "members", "value": listed(batch)}]);
        player.ask("E14 add members", patch("Groups", &id, add), check::changed).await;
    }
    let bare = group(&id).with("excludedAttributes", "members");
    let without = |answer: &Answer| {
        check::read(answer, &id, &json!({"displayName": name}))?;
        check::lacks(&answer.body, "members")
    };
    player.ask("E13 read group", bare, without).await;
    members::check(player, "E14 read members", &id, (&all, &[])).await;
    player.teams.set(m, id);
}

async fn create(player: &Player, team: Team) -> Option<Box<str>> {
    let (name, external_id) = (team.display(), team.external_id());
    let sent = json!({
        "schemas": [GROUP_URN, FOREIGN_URN],
        "externalId": external_id,
        "displayName": name,
        "meta": {"resourceType": "Group"},
    });
    let kept = json!({
        "schemas": [GROUP_URN],
        "externalId": external_id,
        "displayName": name,
        "meta": {"resourceType": "Group"},
    });
    let ask = Ask::new(Method::POST, ["Groups"]).sending(sent);
    let id = player.ask("E12 create group", ask, |answer| check::created(answer, &kept)).await?;
    player.ask("E13 match group", named(&name), |answer| check::only(answer, &id)).await;
    Some(id)
}

async fn change(player: &Player, m: u32, flagged: bool) {
    let Some(id) = player.teams.get(m) else { return };
    let team = team(player, m);
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    for (place, n) in team.members(player.users).enumerate() {
        if let Some(member) = player.people.get(n) {
            if leaves(place) { &mut gone } else { &mut left }.push(member);
        }
    }
    for batch in gone.chunks(MEMBERS_A_PATCH) {
        let ask = patch("Groups", id, removal(batch, flagged));
        player.ask("E14 remove members", ask, check::changed).await;
    }
    members::check(player, "E14 read members", id, (&left, &gone)).await;
    if m.is_multiple_of(5) {
        rename(player, team, id).await;
    }
}

fn removal(batch: &[&str], flagged: bool) -> Value {
    if flagged {
        let one =
            |id: &&str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
        return batch.iter().map(one).collect();
    }
    json!([{"op": "Remove", "path": "members", "value": listed(batch)}])
}

async fn rename(player: &Player, team: Team, id: &str) {
    let name = team.display();
    for to in [format!("{name} (renamed)"), name] {
        let operations = json!([{"op": "Replace", "path": "displayName", "value": to}]);
        let ask = patch("Groups", id, operations);
        player.ask("E15 rename group", ask, check::changed).await;
        // The letter case of a name does not matter.
        let ask = named(&to.to_uppercase());
        player.ask("E13 match group", ask, |answer| check::only(answer, id)).await;
    }
}

fn named(name: &str) -> Ask {
    let filter = format!("displayName eq \"{name}\"");
    found("Groups", &filter).with("excludedAttributes", "members")
}

fn listed(members: &[&str]) -> Value {
    members.iter().map(|id| json!({"$ref": null, "value": id})).collect()
}
