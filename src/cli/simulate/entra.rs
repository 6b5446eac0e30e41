//! Microsoft Entra ID: a first full cycle, a cycle of changes, then who leaves.
//!
//! The numbers of operations are those of the register of requirements. With the flag
//! `aadOptscim062020` in the URL the second PATCH dialect is played, as Entra does.

use http::Method;
use serde_json::{Value, json};

use super::check;
use super::entra_groups;
use super::people::Person;
use super::player::Player;
use super::{Provider, found, patch, user, users};
use crate::outbound::scim_client::{Answer, Ask, Manners};
use crate::scim::catalog::{ENTERPRISE_URN, USER_URN};
use crate::telemetry::Stopwatch;

/// Entra provisions with about as many requests at once.
pub(super) const CONNECTIONS: usize = 8;

pub(super) const MANNERS: Manners =
    Manners { user_agent: None, content_type: "application/scim+json" };

/// What nobody is named.
const NOBODY: &str = "6f1c0f2e-8c3d-4c55-a7a4-2f6f6e1d9b01";

/// Plays it all.
pub(super) async fn play(player: &Player, flagged: bool) {
    let nobody = users().with("filter", format!("userName eq \"{NOBODY}\""));
    let well = player.ask("E1 test connection", nobody, check::none).await.is_some();
    let probe = found("Groups", &format!("displayName eq \"{NOBODY}\""));
    let probe = probe.with("excludedAttributes", "members");
    if !well || player.ask("E2 probe groups", probe, check::none).await.is_none() {
        return player.stop("the connection test failed, and Entra would not begin");
    }
    let watch = Stopwatch::start();
    player.each("users", 0..player.users, |n| provision(player, n)).await;
    player.first_cycle(watch.elapsed());
    entra_groups::first_cycle(player).await;
    player.each("changes", 0..player.users, |n| change(player, n, flagged)).await;
    entra_groups::changes(player, flagged).await;
    let leaving = (0..player.users).filter(|n| n % 10 == 0);
    player.each("deactivations", leaving, |n| leave(player, n)).await;
}

fn body(person: Person) -> Value {
    json!({
        "schemas": [USER_URN, ENTERPRISE_URN],
        "externalId": person.external_id(Provider::Entra),
        "userName": person.login(),
        "active": true,
        "displayName": person.display(),
        "title": person.title(),
        "emails": [{"primary": true, "type": "work", "value": person.login()}],
        "meta": {"resourceType": "User"},
        "name": {
            "formatted": person.display(),
            "givenName": person.given(),
            "familyName": person.family(),
        },
        "roles": [],
        ENTERPRISE_URN: {
            "department": person.department(),
            "employeeNumber": person.employee_number(),
        },
    })
}

/// Matches a user, creates her where she is not there, and reads her back.
async fn provision(player: &Player, n: u32) {
    let person = Person(n);
    let sent = body(person);
    let known = player
        .ask("E3 match user", matching(person), |answer| {
            let Some(user) = check::one_or_none(answer)? else { return Ok(None) };
            check::covers(user, &json!({"externalId": person.external_id(Provider::Entra)}))?;
            check::id(user).map(Some)
        })
        .await;
    let id = match known {
        None => return,
        Some(Some(id)) => {
            let ask = patch("Users", &id, again(person));
            player.ask("E7 update matched user", ask, check::changed).await.map(|()| id)
        }
        Some(None) => {
            let ask = Ask::new(Method::POST, ["Users"]).sending(sent.clone());
            player.ask("E4 create user", ask, |answer| check::created(answer, &sent)).await
        }
    };
    let Some(id) = id else { return };
    player.ask("E6 read user", user(&id), |answer| check::read(answer, &id, &sent)).await;
    if n % 25 == 1 {
        let ask = Ask::new(Method::POST, ["Users"]).sending(sent);
        let taken = |answer: &Answer| check::refused(answer, 409, Some("uniqueness"));
        player.ask("E5 create user twice", ask, taken).await;
        player.ask("E3 match user", matching(person), |answer| check::only(answer, &id)).await;
    }
    player.people.set(n, id);
}

fn matching(person: Person) -> Ask {
    let external_id = person.external_id(Provider::Entra);
    found("Users", &format!("externalId eq \"{external_id}\""))
}

/// All that is mapped, for a user who was there before.
fn again(person: Person) -> Value {
    let department = format!("{ENTERPRISE_URN}:department");
    let number = format!("{ENTERPRISE_URN}:employeeNumber");
    let work = "emails[type eq \"work\"].value";
    json!([
        {"op": "Replace", "path": "active", "value": "True"},
        {"op": "Replace", "path": "displayName", "value": person.display()},
        {"op": "Replace", "path": "title", "value": person.title()},
        {"op": "Replace", "path": work, "value": person.login()},
        {"op": "Replace", "path": "emails[type eq \"work\"].primary", "value": "True"},
        {"op": "Replace", "path": "name.formatted", "value": person.display()},
        {"op": "Replace", "path": "name.givenName", "value": person.given()},
        {"op": "Replace", "path": "name.familyName", "value": person.family()},
        {"op": "Replace", "path": department, "value": person.department()},
        {"op": "Replace", "path": number, "value": person.employee_number()},
    ])
}

/// Some users marry, some get a mobile phone, some a manager.
async fn change(player: &Player, n: u32, flagged: bool) {
    let Some(id) = player.people.get(n) else { return };
    match n % 3 {
        0 if flagged => rename_flagged(player, Person(n), id).await,
        0 => rename(player, Person(n), id).await,
        1 => {
            let number = format!("+49 30 {n:07}");
            let path = "phoneNumbers[type eq \"mobile\"].value";
            let add = json!([{"op": "Add", "path": path, "value": number}]);
            let after = json!({"phoneNumbers": [{"type": "mobile", "value": number}]});
            update(player, "E16 add phone number", id, (add, after)).await;
        }
        _ => {}
    }
    if n % 10 == 5 {
        with_manager(player, n, id).await;
    }
}

async fn rename(player: &Player, person: Person, id: &str) {
    let family = format!("{}-Ōta", person.family());
    let address = format!("new.{}", person.login());
    let department = format!("{ENTERPRISE_URN}:department");
    let operations = json!([
        {"op": "Replace", "path": "name.familyName", "value": family},
        {"op": "Add", "path": "emails[type eq \"work\"].value", "value": address},
        {"op": "Replace", "path": department, "value": "Field service"},
        {"op": "Remove", "path": "title"},
    ]);
    let after = json!({
        "name": {"familyName": family, "givenName": person.given()},
        "emails": [{"type": "work", "value": address}],
        ENTERPRISE_URN: {
            "department": "Field service",
            "employeeNumber": person.employee_number(),
        },
    });
    if update(player, "E7 update user", id, (operations, after)).await {
        let untitled = |answer: &Answer| {
            check::status(answer, &[200])?;
            check::lacks(&answer.body, "title")
        };
        player.ask("E6 read user", user(id), untitled).await;
    }
}

async fn rename_flagged(player: &Player, person: Person, id: &str) {
    let family = format!("{}-Ōta", person.family());
    let number = format!("{ENTERPRISE_URN}:employeeNumber");
    let operations = json!([{"op": "replace", "value": {
        "displayName": format!("{} {family}", person.given()),
        "name.familyName": family,
        "active": true,
        number: "7",
    }}]);
    let after = json!({
        "displayName": format!("{} {family}", person.given()),
        "name": {"familyName": family, "givenName": person.given()},
        "active": true,
        ENTERPRISE_URN: {"employeeNumber": "7", "department": person.department()},
    });
    update(player, "E8 update user", id, (operations, after)).await;
}

async fn with_manager(player: &Player, n: u32, id: &str) {
    let Some(boss) = player.people.get(n / 10) else { return };
    let path = format!("{ENTERPRISE_URN}:manager");
    let value = json!([{"$ref": format!("../Users/{boss}"), "value": boss}]);
    let operations = json!([{"op": "Add", "path": path, "value": value}]);
    let after = json!({ENTERPRISE_URN: {"manager": {"value": boss}}});
    if update(player, "E11 set manager", id, (operations, after)).await {
        let filter = format!("id eq \"{id}\" and manager eq \"{boss}\"");
        let ask = found("Users", &filter).with("attributes", "id");
        player.ask("E11 check manager", ask, |answer| check::only(answer, id)).await;
    }
}

/// Disables a user; some come back, and of the others some are deleted for good.
async fn leave(player: &Player, n: u32) {
    let Some(id) = player.people.get(n) else { return };
    if !set_active(player, "E9 deactivate user", id, false).await {
        return;
    }
    player.ask("E3 match user", matching(Person(n)), |answer| check::only(answer, id)).await;
    if n.is_multiple_of(20) {
        set_active(player, "E10 reactivate user", id, true).await;
    } else if n % 40 == 10 {
        let ask = || Ask::new(Method::DELETE, ["Users", id]);
        let gone = |answer: &Answer| check::status(answer, &[204]);
        if player.ask("E10 delete user", ask(), gone).await.is_some() {
            let unknown = |answer: &Answer| check::refused(answer, 404, None);
            player.ask("E10 delete user twice", ask(), unknown).await;
            player.ask("E6 read deleted user", user(id), unknown).await;
            player.ask("E3 match user", matching(Person(n)), check::none).await;
        }
    }
}

async fn set_active(player: &Player, operation: &'static str, id: &str, active: bool) -> bool {
    let word = if active { "True" } else { "False" };
    let operations = json!([{"op": "Replace", "path": "active", "value": word}]);
    update(player, operation, id, (operations, json!({"active": active}))).await
}

/// Sends operations and reads back what should then be there; tells whether it is.
async fn update(
    player: &Player,
    operation: &'static str,
    id: &str,
    (operations, after): (Value, Value),
) -> bool {
    let ask = patch("Users", id, operations);
    if player.ask(operation, ask, check::changed).await.is_none() {
        return false;
    }
    let read = player.ask("E6 read user", user(id), |answer| check::read(answer, id, &after));
    read.await.is_some()
}
