//! Group push as Okta does it: look by name, create, rename, members, PUT, unlink.

use http::Method;
use serde_json::{Value, json};

use super::check;
use super::members::{self, MEMBERS_A_PATCH, MEMBERS_READ_MAX};
use super::people::{Person, Team, leaves};
use super::player::Player;
use super::{found, group, patch};
use crate::outbound::scim_client::{Answer, Ask};
use crate::scim::catalog::GROUP_URN;

/// A group that is pushed and then unlinked.
const UNLINKED: &str = "Portico simulation, unlinked";

/// A member: her number and her id.
type Member<'p> = (u32, &'p str);

/// Pushes the groups, and one more that is then unlinked.
pub(super) async fn play(player: &Player) {
    player.each("groups", 0..player.groups, |m| push(player, m)).await;
    if player.groups > 0 {
        unlink(player).await;
    }
}

fn named(name: &str) -> Ask {
    let filter = format!("displayName eq \"{name}\"");
    found("Groups", &filter).with("startIndex", "1").with("count", "100")
}

/// The group of this name, created where it is not there.
async fn link(player: &Player, name: &str) -> Option<Box<str>> {
    let look = |answer: &Answer| check::one_or_none(answer)?.map(check::id).transpose();
    if let Some(id) = player.ask("K11 find group", named(name), look).await? {
        return Some(id);
    }
    let sent = json!({"schemas": [GROUP_URN], "displayName": name, "members": []});
    let ask = Ask::new(Method::POST, ["Groups"]).sending(sent.clone());
    player.ask("K11 push group", ask, |answer| check::created(answer, &sent)).await
}

async fn push(player: &Player, m: u32) {
    let team = Team { number: m, of: player.groups };
    let Some(id) = link(player, &team.display()).await else { return };
    let all: Vec<Member<'_>> =
        team.members(player.users).filter_map(|n| player.people.get(n).map(|id| (n, id))).collect();
    for batch in all.chunks(MEMBERS_A_PATCH) {
        let add = json!([{"op": "add", "path": "members", "value": shown(batch)}]);
        player.ask("K13 add members", patch("Groups", &id, add), check::changed).await;
    }
    let ids: Vec<&str> = all.iter().map(|(_, id)| *id).collect();
    members::check(player, "K13 read members", &id, (&ids, &[])).await;
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    for (place, member) in ids.iter().enumerate() {
        if leaves(place) { &mut gone } else { &mut left }.push(*member);
    }
    if left.len() > MEMBERS_READ_MAX || m.is_multiple_of(3) {
        remove(player, &id, &gone).await;
    } else {
        replace(player, &id, (&team.display(), &left), m).await;
    }
    members::check(player, "K13 read members", &id, (&left, &gone)).await;
    rename(player, &id, &team.display()).await;
    player.teams.set(m, id);
}

async fn remove(player: &Player, id: &str, gone: &[&str]) {
    for batch in gone.chunks(MEMBERS_A_PATCH) {
        let one =
            |id: &&str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
        let operations = batch.iter().map(one).collect();
        player.ask("K13 remove members", patch("Groups", id, operations), check::changed).await;
    }
}

/// The full list: "push now" by PATCH, or PUT as applications made with the wizard do.
async fn replace(player: &Player, id: &str, (name, left): (&str, &[&str]), m: u32) {
    let list: Value = left.iter().map(|id| json!({"value": id})).collect();
    if m % 3 == 1 {
        let operations = json!([{"op": "replace", "path": "members", "value": list}]);
        player.ask("K13 push all members", patch("Groups", id, operations), check::changed).await;
        return;
    }
    let whole = json!({"schemas": [GROUP_URN], "id": id, "displayName": name, "members": list});
    let ask = Ask::new(Method::PUT, ["Groups", id]).sending(whole);
    let kept = |answer: &Answer| check::read(answer, id, &json!({"displayName": name}));
    player.ask("K14 put group", ask, kept).await;
}

/// Renames a group and gives it its name back.
async fn rename(player: &Player, id: &str, name: &str) {
    let renamed = format!("{name} (renamed)");
    for to in [renamed.as_str(), name] {
        let value = json!({"id": id, "displayName": to});
        let ask = patch("Groups", id, json!([{"op": "replace", "value": value}]));
        player.ask("K12 rename group", ask, check::changed).await;
        player.ask("K11 find group", named(to), |answer| check::only(answer, id)).await;
    }
}

async fn unlink(player: &Player) {
    let Some(id) = link(player, UNLINKED).await else { return };
    let ask = Ask::new(Method::DELETE, ["Groups", &id]);
    player.ask("K15 unlink group", ask, |answer| check::status(answer, &[204])).await;
    let unknown = |answer: &Answer| check::refused(answer, 404, None);
    player.ask("K15 read unlinked group", group(&id), unknown).await;
}

fn shown(members: &[Member<'_>]) -> Value {
    members.iter().map(|(n, id)| json!({"value": id, "display": Person(*n).login()})).collect()
}
