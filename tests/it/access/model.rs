//! A slow and obvious reading of the six conditions agrees with what is answered from memory, on
//! worlds that change at random through the real calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::guests;
use super::people::People;
use super::world::{Chance, World};
use crate::support::TestApp;

/// Steps of a history.
const STEPS: usize = 40;
const PERMISSIONS: [&str; 5] =
    ["site.view", "media.view", "work_orders.execute", "audit.view", "users.view"];
const SITES: [&str; 3] = ["a", "b", "c"];
const TEAMS: [&str; 2] = ["east", "west"];
const GROUPS: [&str; 3] = ["Crew a", "Crew b", "Auditors"];
/// Roles that hands give, each with what it may be given on.
const BY_HAND: [(&str, bool); 4] =
    [("field-worker", true), ("operation-manager", true), ("custom-own", true), ("auditor", false)];

/// Where something holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Everywhere,
    On(String),
}

#[derive(Clone, Debug, Default)]
struct Person {
    id: String,
    suspended: bool,
    guest: bool,
    groups: BTreeSet<usize>,
    /// By the id of the grant.
    hand: BTreeMap<String, (String, Reach)>,
}

/// What a world is, written down as plainly as can be.
struct Model {
    people: Vec<Person>,
    /// Registered sites and the team that each lies in.
    sites: BTreeMap<String, Option<String>>,
    roles: BTreeMap<String, BTreeSet<String>>,
}

impl Model {
    /// Everything that a person holds: by hands, and by the rules for her groups.
    fn grants(&self, person: &Person) -> Vec<(String, Reach)> {
        let mut all: Vec<(String, Reach)> = person.hand.values().cloned().collect();
        for group in &person.groups {
            match GROUPS[*group].strip_prefix("Crew ") {
                Some(site) if self.sites.contains_key(site) => {
                    all.push(("operation-manager".to_owned(), Reach::On(format!("site:{site}"))));
                }
                Some(_) => {}
                None => {
                    all.push(("auditor".to_owned(), Reach::Everywhere));
                    all.push(("site-access".to_owned(), Reach::On("team:east".to_owned())));
                }
            }
        }
        all
    }

    /// Whether a reach takes in a site, or (`None`) the whole organization.
    fn reaches(&self, reach: &Reach, site: Option<&str>) -> bool {
        match (reach, site) {
            (Reach::Everywhere, _) => true,
            (Reach::On(_), None) => false,
            (Reach::On(name), Some(site)) => {
                let team = self.sites.get(site).cloned().flatten();
                *name == format!("site:{site}")
                    || team.is_some_and(|team| *name == format!("team:{team}"))
            }
        }
    }

    fn allowed(&self, person: &Person, permission: &str, site: Option<&str>) -> bool {
        // An unknown resource is never allowed.
        if site.is_some_and(|site| !self.sites.contains_key(site)) {
            return false;
        }
        // 1. She is enabled.
        if person.suspended {
            return false;
        }
        let grants = self.grants(person);
        let about_organization = ["audit.view", "users.view"].contains(&permission);
        grants.iter().any(|(role, reach)| {
            // 2. The role has the permission.
            let has = self.roles.get(role).is_some_and(|all| all.contains(permission));
            // 3. The grant covers the resource; the auditor's only with site access.
            let confined = role == "auditor" && !(site.is_none() && about_organization);
            let access = grants
                .iter()
                .any(|(role, reach)| role == "site-access" && self.reaches(reach, site));
            has && self.reaches(reach, site) && (!confined || access)
        })
    }
}

async fn roles(acme: &People<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let all = acme.world.operator.get(&acme.path("roles")).await.expect(200).at("/data");
    let texts = |list: &Value| {
        list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let mut roles: BTreeMap<String, BTreeSet<String>> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|role| (role["key"].as_str().unwrap().to_owned(), texts(&role["permissions"])))
        .collect();
    roles.insert("site-access".to_owned(), BTreeSet::from(["site.view".to_owned()]));
    roles
}

/// Asks every question there is, and compares.
async fn compare(acme: &People<'_>, model: &Model, step: &str) {
    let (mut asked, mut expected) = (Vec::new(), Vec::new());
    for person in &model.people {
        for permission in PERMISSIONS {
            for site in SITES.iter().map(|site| Some(*site)).chain([None]) {
                let resource = match site {
                    Some(site) => json!({"type": "site", "id": site}),
                    None => json!({"type": "organization", "id": acme.world.organization}),
                };
                asked.push(json!({"subject": {"type": "user", "id": person.id},
                    "action": {"name": permission}, "resource": resource}));
                expected.push(model.allowed(person, permission, site));
            }
        }
    }
    let body = json!({"evaluations": asked,
        "context": {"organization": acme.world.organization}});
    let answer = acme.world.operator.post("/access/v1/evaluations", body).await.expect(200);
    let answers = answer.at("/evaluations");
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), expected.len());
    for ((question, answer), expected) in asked.iter().zip(answers).zip(expected) {
        assert_eq!(answer["decision"], expected, "after {step}: {question} {answer}");
    }
}

async fn put_site(acme: &People<'_>, site: &str, team: Option<&str>) {
    let parent = team.map(|team| format!("team:{team}"));
    let path = acme.path(&format!("resources/site/{site}"));
    let reply = acme.world.operator.put(&path, json!({"name": site, "parent": parent})).await;
    assert!([200, 201].contains(&reply.status), "{reply}");
}

async fn world<'a>(app: &'a TestApp) -> (People<'a>, People<'a>, Model, Vec<String>, String) {
    let acme = People::new(World::new(app).await).await;
    for team in TEAMS {
        let path = acme.path(&format!("resources/team/{team}"));
        acme.world.operator.put(&path, json!({"name": team})).await.expect(201);
    }
    let own = acme
        .role(json!({"label": "Own", "scope": "either",
        "permissions": ["media.view"]}))
        .await;
    acme.world
        .rule(json!({"name": "Crews", "when": "groups pr",
        "each": {"attribute": "groups.display", "pattern": "Crew (?<site>.+)"},
        "role": "operation-manager", "resources": ["site:{site}"]}))
        .await;
    acme.world
        .rule(json!({"name": "Auditors", "when": "groups.display eq \"Auditors\"",
        "role": "auditor", "resources": ["team:east"]}))
        .await;
    let mut groups = Vec::new();
    for group in GROUPS {
        groups.push(acme.world.group(group, &[]).await);
    }
    let home = guests::home(app).await;
    let mut people = Vec::new();
    for name in ["ada", "bob", "cleo"] {
        people.push(Person { id: acme.world.user(name).await, ..Person::default() });
    }
    people.push(Person { id: home.world.user("vera").await, guest: true, ..Person::default() });
    let roles = roles(&acme).await;
    (acme, home, Model { people, sites: BTreeMap::new(), roles }, groups, own)
}

async fn give(acme: &People<'_>, model: &mut Model, at: usize, chance: &mut Chance) -> String {
    let (role, on_resources) = BY_HAND[chance.below(BY_HAND.len())];
    let all: Vec<String> = model
        .sites
        .keys()
        .map(|site| format!("site:{site}"))
        .chain(TEAMS.map(|team| format!("team:{team}")))
        .collect();
    let place = all[chance.below(all.len())].clone();
    let everywhere = on_resources && chance.below(4) == 0;
    let mut body = json!({"role": role});
    if !everywhere {
        body["resources"] = json!([place]);
    }
    let person = &mut model.people[at];
    if person.guest {
        body["organization"] = json!(acme.world.organization);
    }
    let path = format!("/api/v1/users/{}/grants", person.id);
    let given = acme.world.operator.post(&path, body.clone()).await.expect(201).at("/data");
    for grant in given.as_array().unwrap() {
        let reach = match grant["resource"].as_str() {
            Some(name) => Reach::On(name.to_owned()),
            None => Reach::Everywhere,
        };
        let role = grant["role"].as_str().unwrap().to_owned();
        person.hand.insert(grant["id"].as_str().unwrap().to_owned(), (role, reach));
    }
    format!("giving {body}")
}

async fn move_site(acme: &People<'_>, model: &mut Model, chance: &mut Chance) -> String {
    let site = SITES[chance.below(SITES.len())];
    if model.sites.contains_key(site) && chance.below(3) == 0 {
        let path = acme.path(&format!("resources/site/{site}?cascade=true"));
        acme.world.operator.delete(&path).await.expect(204);
        model.sites.remove(site);
        let gone = Reach::On(format!("site:{site}"));
        for person in &mut model.people {
            person.hand.retain(|_, (_, reach)| *reach != gone);
        }
        return format!("removing {site}");
    }
    let team = [None, Some(TEAMS[0]), Some(TEAMS[1])][chance.below(3)];
    put_site(acme, site, team).await;
    model.sites.insert(site.to_owned(), team.map(str::to_owned));
    format!("moving {site} to {team:?}")
}

async fn history(app: &TestApp, seed: u64) {
    let (acme, home, mut model, groups, own) = world(app).await;
    let mut chance = Chance(seed);
    for _ in 0..STEPS {
        let at = chance.below(model.people.len());
        let person = model.people[at].clone();
        let step = match chance.below(9) {
            0 | 1 => give(&acme, &mut model, at, &mut chance).await,
            2 | 3 => move_site(&acme, &mut model, &mut chance).await,
            4 | 5 if !person.guest => {
                let group = chance.below(GROUPS.len());
                if model.people[at].groups.remove(&group) {
                    acme.world.leave(&groups[group], &person.id).await;
                } else {
                    model.people[at].groups.insert(group);
                    acme.world.join(&groups[group], &person.id).await;
                }
                format!("moving {at} in or out of {}", GROUPS[group])
            }
            6 => {
                let verb = if person.suspended { "resume" } else { "suspend" };
                let path = format!("/api/v1/users/{}/{verb}", person.id);
                acme.world.operator.post(&path, json!({})).await.expect(200);
                model.people[at].suspended = !person.suspended;
                format!("{verb} {at}")
            }
            7 => {
                let permissions = [
                    json!(["media.view"]),
                    json!(["site.view", "audit.view"]),
                    json!(["users.view", "work_orders.execute"]),
                ][chance.below(3)]
                .clone();
                let path = format!("/api/v1/roles/{own}");
                acme.world
                    .operator
                    .patch(&path, json!({"permissions": permissions}))
                    .await
                    .expect(200);
                model.roles = roles(&acme).await;
                format!("a role of {permissions}")
            }
            _ => match person.hand.keys().next() {
                Some(grant) => {
                    let path = format!("/api/v1/grants/{grant}");
                    acme.world.operator.delete(&path).await.expect(204);
                    model.people[at].hand.remove(grant);
                    format!("taking {grant}")
                }
                None => continue,
            },
        };
        compare(&acme, &model, &step).await;
    }
    drop(home);
}

on_both_engines! {
    async fn what_is_decided_is_what_the_conditions_say(app: TestApp) {
        history(&app, 11).await;
    }

    async fn it_is_so_in_another_world_too(app: TestApp) {
        history(&app, 2_027).await;
    }
}
