//! Okta: existence checks and creates, profile pushes by PUT, deactivations, import and groups.
//!
//! It never deletes a user (K8). Catalogue applications deactivate by PATCH, those made with the
//! wizard by PUT; both are played.

use http::Method;
use serde_json::{Value, json};

use super::check;
use super::okta_groups;
use super::people::Person;
use super::player::Player;
use super::{Provider, found, import, patch, user};
use crate::outbound::scim_client::{Answer, Ask, Manners};
use crate::scim::catalog::USER_URN;
use crate::telemetry::Stopwatch;

/// Requests at once.
pub(super) const CONNECTIONS: usize = 4;

pub(super) const MANNERS: Manners = Manners {
    user_agent: Some("Okta SCIM Client 1.0.0"),
    content_type: "application/scim+json; charset=utf-8",
};

/// Plays it all.
pub(super) async fn play(player: &Player) {
    for (endpoint, count) in [("Users", "2"), ("Users", "1"), ("Groups", "1")] {
        let ask = Ask::new(Method::GET, [endpoint]).with("startIndex", "1").with("count", count);
        let judge = |answer: &Answer| check::page(answer, 1).map(|_| ());
        if player.ask("K10 test connection", ask, judge).await.is_none() {
            return player.stop("the connection test failed, and Okta would not begin");
        }
    }
    let watch = Stopwatch::start();
    player.each("users", 0..player.users, |n| provision(player, n)).await;
    player.first_cycle(watch.elapsed());
    player
        .each("profile pushes", (0..player.users).filter(|n| n % 3 == 0), |n| push(player, n))
        .await;
    let leaving = (0..player.users).filter(|n| n % 5 == 0);
    player.each("deactivations", leaving, |n| leave(player, n)).await;
    okta_groups::play(player).await;
    import::users(player).await;
    import::groups(player).await;
}

fn body(person: Person) -> Value {
    json!({
        "schemas": [USER_URN],
        "userName": person.login(),
        "name": {"givenName": person.given(), "familyName": person.family()},
        "emails": [{"primary": true, "value": person.login(), "type": "work"}],
        "displayName": person.display(),
        "locale": "en-US",
        "externalId": person.external_id(Provider::Okta),
        "groups": [],
        "active": true,
    })
}

fn existing(person: Person) -> Ask {
    let filter = format!("userName eq \"{}\"", person.login());
    found("Users", &filter).with("startIndex", "1").with("count", "100")
}

async fn provision(player: &Player, n: u32) {
    let person = Person(n);
    let kept = body(person);
    let known = player
        .ask("K1 check user", existing(person), |answer| {
            let Some(user) = check::one_or_none(answer)? else { return Ok(None) };
            check::covers(user, &json!({"userName": person.login()}))?;
            check::id(user).map(Some)
        })
        .await;
    let id = match known {
        None => return,
        Some(Some(id)) => put(player, "K9 reassign user", &id, &kept).await.then_some(id),
        Some(None) => {
            let mut sent = kept.clone();
            // Okta sends one that nobody knows, even where passwords are not synchronised (K7).
            merge(&mut sent, &json!({"password": format!("Random-{n}-{}", person.given())}));
            let ask = Ask::new(Method::POST, ["Users"]).sending(sent);
            let created = |answer: &Answer| {
                check::lacks(&answer.body, "password")?;
                check::created(answer, &kept)
            };
            player.ask("K2 create user", ask, created).await
        }
    };
    let Some(id) = id else { return };
    let read = |answer: &Answer| {
        check::lacks(&answer.body, "password")?;
        check::read(answer, &id, &kept)
    };
    player.ask("K4 read user", user(&id), read).await;
    player.people.set(n, id);
}

/// A profile push: what is there, with what has changed, as a whole.
async fn push(player: &Player, n: u32) {
    let Some(id) = player.people.get(n) else { return };
    let person = Person(n);
    let changes = json!({
        "name": {"givenName": person.given(), "familyName": format!("{}-Ōta", person.family())},
        "nickName": person.given(),
        "title": person.title(),
    });
    put(player, "K5 push profile", id, &changes).await;
    if n.is_multiple_of(7) {
        let operations = json!([{"op": "replace", "value": {"password": format!("New-{n}")}}]);
        player.ask("K7 push password", patch("Users", id, operations), check::changed).await;
    }
}

/// Reads a user, sends her back with these values, and looks whether they came to stay.
async fn put(player: &Player, operation: &'static str, id: &str, changes: &Value) -> bool {
    let there = |answer: &Answer| {
        check::read(answer, id, &json!({}))?;
        Ok(answer.body.clone())
    };
    let Some(mut whole) = player.ask("K4 read user", user(id), there).await else { return false };
    merge(&mut whole, changes);
    let ask = Ask::new(Method::PUT, ["Users", id]).sending(whole);
    let kept = |answer: &Answer| check::read(answer, id, changes);
    if player.ask(operation, ask, kept).await.is_none() {
        return false;
    }
    player.ask("K4 read user", user(id), kept).await.is_some()
}

fn merge(whole: &mut Value, changes: &Value) {
    if let (Some(whole), Some(changes)) = (whole.as_object_mut(), changes.as_object()) {
        whole.extend(changes.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}

/// Deactivates a user, in one way or the other; half of them are assigned again.
async fn leave(player: &Player, n: u32) {
    let Some(id) = player.people.get(n) else { return };
    let by_patch = n.is_multiple_of(10);
    if !set_active(player, id, by_patch, false).await {
        return;
    }
    player.ask("K1 check user", existing(Person(n)), |answer| check::only(answer, id)).await;
    if n % 20 < 10 {
        set_active(player, id, by_patch, true).await;
    }
}

async fn set_active(player: &Player, id: &str, by_patch: bool, active: bool) -> bool {
    let after = json!({"active": active});
    if !by_patch {
        let operation = if active { "K9 reassign user" } else { "K6 deactivate user, PUT" };
        return put(player, operation, id, &after).await;
    }
    let operation = if active { "K6 reactivate user" } else { "K6 deactivate user" };
    let operations = json!([{"op": "replace", "value": after}]);
    let sent = player.ask(operation, patch("Users", id, operations), check::changed).await;
    let kept = |answer: &Answer| check::read(answer, id, &after);
    sent.is_some() && player.ask("K4 read user", user(id), kept).await.is_some()
}
