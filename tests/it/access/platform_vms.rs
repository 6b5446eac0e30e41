//! `vms`, cell by cell: who may what on whose cameras and intercoms, and with which licences.
//!
//! People get their roles from SCIM groups by mapping rules; every cell is asked over HTTP. What
//! limits users beyond their roles is shown in `limits`.

use serde_json::{Value, json};

use super::asking::{Cell, WHOLE, actions, cell, resources, subjects, walk};
use super::world::World;
use crate::support::{Caller, SignIn, TestApp};

const LEVELS: [&str; 3] = ["basic", "standard", "premium"];

/// Permission, what it is on, and one letter for each of administrator, customer and sub_user.
const TABLE: [(&str, &str, &str); 24] = [
    ("cameras.view", "camera", "yyy"),
    ("cameras.manage", "camera", "y.."),
    ("locations.manage", "location", "y.."),
    ("intercoms.manage", "intercom", "y.."),
    ("intercoms.view", "intercom", "yyy"),
    ("intercoms.open", "intercom", "yyy"),
    ("analytics.basic.view", "camera", "yyy"),
    ("analytics.standard.view", "camera", "yyy"),
    ("analytics.premium.view", "camera", "yyy"),
    ("analytics.basic.configure", "camera", "yy."),
    ("analytics.standard.configure", "camera", "yy."),
    ("analytics.premium.configure", "camera", "yy."),
    ("sub_users.create", WHOLE, "yy."),
    ("users.view", WHOLE, "y.."),
    ("users.edit", WHOLE, "y.."),
    ("users.remove", WHOLE, "y.."),
    ("users.invite", WHOLE, "y.."),
    ("users.resync", WHOLE, "y.."),
    ("users.impersonate", WHOLE, "y.."),
    ("users.access_settings.edit", WHOLE, "y.."),
    ("sub_users.edit", WHOLE, "y.."),
    ("licences.manage", WHOLE, "y.."),
    ("billing_events.view", WHOLE, "y.."),
    ("billing_events.replay", WHOLE, "y.."),
];

/// The level that a permission needs.
fn level(permission: &str) -> Option<&'static str> {
    let level = permission.strip_prefix("analytics.")?.split('.').next()?;
    LEVELS.into_iter().find(|known| *known == level)
}

/// Two homes with a camera and an intercom each, a camera in neither, and their people.
struct Homes<'a> {
    acme: World<'a>,
    /// Administrator of the whole organization.
    admin: String,
    /// Administrator of `location:home`.
    janitor: String,
    /// Customer of `location:home`.
    customer: String,
    /// With the role of sub-users on `location:home`.
    sub_user: String,
}

async fn homes(app: &TestApp) -> Homes<'_> {
    let acme = World::new(app).await;
    acme.put("csa:east", None).await;
    for home in ["home", "away"] {
        let location = format!("location:{home}");
        acme.put(&location, None).await;
        acme.put(&format!("camera:{home}-1"), Some(&location)).await;
        acme.put(&format!("intercom:{home}-door"), Some(&location)).await;
    }
    acme.put("camera:loose", None).await;
    acme.rule(json!({"name": "Admins", "when": "groups.display eq \"Admins\"",
        "role": "administrator"}))
        .await;
    for role in ["administrator", "customer", "sub_user"] {
        acme.rule(json!({"name": role, "when": format!("groups.display sw \"{role} of \""),
            "each": {"attribute": "groups.display",
                "pattern": format!("^{role} of location (?<key>.+)$")},
            "role": role, "resources": ["location:{key}"]}))
            .await;
    }
    let mut users = Vec::new();
    for name in ["admin", "janitor", "customer", "sub-user"] {
        users.push(acme.user(name).await);
    }
    let [admin, janitor, customer, sub_user] = <[String; 4]>::try_from(users).unwrap();
    acme.group("Admins", &[&admin]).await;
    acme.group("administrator of location home", &[&janitor]).await;
    acme.group("customer of location home", &[&customer]).await;
    acme.group("sub_user of location home", &[&sub_user]).await;
    Homes { acme, admin, janitor, customer, sub_user }
}

impl Homes<'_> {
    async fn allocate(&self, user: &str, level: &str, total: i64) -> Value {
        let path = format!("/api/v1/users/{user}/licences/{level}");
        self.acme.operator.put(&path, json!({"total": total})).await.expect(200).json()
    }

    fn people(&self) -> [(&String, usize, bool); 4] {
        let whole = true;
        [
            (&self.admin, 0, whole),
            (&self.janitor, 0, !whole),
            (&self.customer, 1, !whole),
            (&self.sub_user, 2, !whole),
        ]
    }

    /// The cells of the whole table, when everybody has licences of these levels.
    fn cells(&self, licensed: &[&str]) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (permission, on, held) in TABLE {
            let free = level(permission).is_none_or(|level| licensed.contains(&level));
            for (user, at, whole) in self.people() {
                let held = held.as_bytes()[at] == b'y';
                let mut ask = |place: &str, covered: bool| {
                    let reason = match (held, covered, free) {
                        (false, ..) => "no-grant",
                        (true, false, _) => "not-covered",
                        (true, true, false) => "no-licence",
                        (true, true, true) => "held",
                    };
                    cells.push(cell(user, permission, place, reason));
                };
                let by_any_grant = permission == "sub_users.create" && at == 1;
                ask(WHOLE, whole || by_any_grant);
                for place in ["home", "away"] {
                    let own = whole || place == "home";
                    match on {
                        "location" => ask(&format!("location:{place}"), own),
                        "camera" => ask(&format!("camera:{place}-1"), own),
                        "intercom" => ask(&format!("intercom:{place}-door"), own),
                        _ => {}
                    }
                }
                if on == "camera" {
                    ask("camera:loose", whole);
                }
            }
        }
        cells
    }
}

on_both_engines! { of "vms":
    async fn every_cell_is_decided_as_the_table_says_with_and_without_licences(app: TestApp) {
        let homes = homes(&app).await;
        let acme = &homes.acme;
        walk(acme, &homes.cells(&[])).await;
        for (at, level) in LEVELS.iter().enumerate() {
            for (user, ..) in homes.people() {
                homes.allocate(user, level, 2).await;
            }
            walk(acme, &homes.cells(&LEVELS[..=at])).await;
        }
        // Some licences fewer change nothing, the last one does, at once.
        for (user, ..) in homes.people() {
            homes.allocate(user, "basic", 1).await;
        }
        walk(acme, &homes.cells(&LEVELS)).await;
        for (user, ..) in homes.people() {
            homes.allocate(user, "basic", 0).await;
        }
        walk(acme, &homes.cells(&LEVELS[1..])).await;
        let revoked = app.events(&acme.organization, "licence.level_revoked").await;
        assert_eq!(revoked.len(), 4);
        assert_eq!(revoked[0]["data"]["level"], "basic");
        assert_eq!(revoked[0]["data"]["kept_until"], "2026-11-28T10:00:00.000000Z");
    }

    async fn searches_find_what_the_table_says(app: TestApp) {
        let homes = homes(&app).await;
        let acme = &homes.acme;
        for (user, ..) in homes.people() {
            homes.allocate(user, "standard", 1).await;
        }
        for (permission, on, held) in TABLE {
            let free = level(permission).is_none_or(|level| level == "standard");
            let holds = |at: usize| free && held.as_bytes()[at] == b'y';
            let place = match on {
                "location" => "location:home",
                "camera" => "camera:home-1",
                "intercom" => "intercom:home-door",
                _ => WHOLE,
            };
            let may = |at: usize, whole: bool| {
                let by_any_grant = permission == "sub_users.create" && at == 1;
                holds(at) && (on != WHOLE || whole || by_any_grant)
            };
            let mut wanted: Vec<String> = homes.people().into_iter()
                .filter(|(_, at, whole)| may(*at, *whole))
                .map(|(user, ..)| user.clone())
                .collect();
            wanted.sort();
            assert_eq!(subjects(acme, permission, place).await, wanted, "{permission}");
            if on == WHOLE {
                continue;
            }
            for (user, at, whole) in homes.people() {
                let all: &[&str] = match on {
                    "location" => &["away", "home"],
                    "camera" => &["away-1", "home-1", "loose"],
                    _ => &["away-door", "home-door"],
                };
                let own = |key: &&&str| holds(at) && (whole || key.starts_with("home"));
                let wanted: Vec<&str> = all.iter().filter(own).copied().collect();
                assert_eq!(resources(acme, user, permission, on).await, wanted, "{permission}");
            }
        }
        let listed = actions(acme, &homes.sub_user, "camera:home-1").await;
        let wanted =
            ["cameras.view", "intercoms.view", "intercoms.open", "analytics.standard.view"];
        assert_eq!(listed, wanted);
    }

    // VM10
    async fn an_administrator_sees_those_cameras_of_a_user_that_she_may_see_herself(app: TestApp) {
        let homes = homes(&app).await;
        let acme = &homes.acme;
        acme.rule(json!({"name": "Cameras", "when": "groups.display sw \"Camera \"",
            "each": {"attribute": "groups.display", "pattern": "^Camera (?<camera>.+)$"},
            "role": "customer", "resources": ["camera:{camera}"]}))
            .await;
        let ada = acme.user("ada").await;
        for camera in ["home-1", "away-1", "loose"] {
            acme.group(&format!("Camera {camera}"), &[&ada]).await;
        }
        let seen = async |user: &str| resources(acme, user, "cameras.view", "camera").await;
        let both = async |user: &str, admin: &str| {
            let hers = seen(admin).await;
            let mut both = seen(user).await;
            both.retain(|camera| hers.contains(camera));
            both
        };
        assert_eq!(seen(&ada).await, ["away-1", "home-1", "loose"]);
        assert_eq!(both(&ada, &homes.admin).await, ["away-1", "home-1", "loose"]);
        assert_eq!(both(&ada, &homes.janitor).await, ["home-1"]);
        acme.put("camera:loose", Some("location:home")).await;
        assert_eq!(both(&ada, &homes.janitor).await, ["home-1", "loose"]);
        acme.put("camera:home-1", Some("location:away")).await;
        assert_eq!(both(&ada, &homes.janitor).await, ["loose"]);
        assert_eq!(both(&homes.customer, &homes.janitor).await, ["loose"]);
        assert_eq!(both(&homes.customer, &ada).await, ["loose"]);
    }

    // VM9 to VM11, VM14, VM15
    async fn the_cameras_of_a_user_are_listed_as_far_as_the_caller_sees_them(app: TestApp) {
        let homes = homes(&app).await;
        let acme = &homes.acme;
        let sign_in = SignIn::connect(&app, &acme.organization, &acme.directory, &[]).await;
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "grace", "externalId": "ext-grace", "active": true});
        let grace = acme.scim.post("/Users", body).await.expect(201).text_at("/id");
        let path = format!("/api/v1/users/{grace}/grants");
        acme.operator.post(&path, json!({"role": "administrator"})).await.expect(201);
        let browser = app.browser().with_header("origin", &app.url);
        sign_in.by(&browser, "ext-grace").await;

        let list = format!("/api/v1/users/{}/resources?kind=camera", homes.admin);
        let keys = async |caller: &Caller, query: &str| {
            let page = caller.get(&format!("{list}{query}")).await.expect(200);
            let data = page.at("/data");
            let key = |one: &Value| one["key"].as_str().unwrap().to_owned();
            data.as_array().unwrap().iter().map(key).collect::<Vec<_>>()
        };
        let all = ["away-1", "home-1", "loose"];
        assert_eq!(keys(&browser, "&visible_to=me").await, all);
        assert_eq!(keys(&acme.operator, "&visible_to=me").await, all);
        let page = browser.get(&format!("{list}&limit=2")).await.expect(200);
        assert_eq!(page.at("/data/0/location"), json!(null));
        assert_eq!(page.at("/data/1/parent"), "location:home");
        let next = page.text_at("/next");
        assert_eq!(keys(&browser, &format!("&limit=2&after={next}")).await, ["loose"]);

        // What the caller may not see is left out, and only where she asks for that.
        let settings = format!("/api/v1/users/{grace}/access-settings");
        let any = acme.operator.clone().with_header("if-match", "*");
        any.put(&settings, json!({"denied": ["cameras.view"]})).await.expect(200);
        assert_eq!(keys(&browser, "&visible_to=me").await, [""; 0]);
        assert_eq!(keys(&browser, "").await, all);
        // Who has no permission about a kind sees nothing of it.
        let path = format!("/api/v1/users/{}/resources", homes.customer);
        for (kind, seen) in [("camera", 1), ("intercom", 1), ("location", 0), ("csa", 0)] {
            let page = browser.get(&format!("{path}?kind={kind}")).await.expect(200);
            assert_eq!(page.at("/data").as_array().unwrap().len(), seen, "{kind}");
        }
        for query in ["", "?kind=doorbell", "?kind=camera&visible_to=you"] {
            browser.get(&format!("{path}{query}")).await.expect_problem(400, "malformed");
        }
    }

    // VM12, VM13, VM17
    async fn kinds_have_their_statuses_parents_and_columns(app: TestApp) {
        let homes = homes(&app).await;
        let acme = &homes.acme;
        let path = format!("/api/v1/organizations/{}/resources", acme.organization);
        let put = async |name: &str, body: Value| {
            acme.operator.put(&format!("{path}/{name}"), body).await
        };
        for status in ["active", "partially_active", "inactive", "empty"] {
            put("camera/loose", json!({"name": "Loose", "status": status})).await.expect(200);
        }
        for (name, body, pointer) in [
            ("camera/loose", json!({"name": "x", "status": "broken"}), "/status"),
            ("camera/new", json!({"name": "x", "parent": "camera:loose"}), "/parent"),
            ("location/new", json!({"name": "x", "parent": "location:home"}), "/parent"),
            ("intercom/new", json!({"name": "x", "parent": "location:nowhere"}), "/parent"),
            ("doorbell/new", json!({"name": "x"}), "/kind"),
        ] {
            let refused = put(name, body).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{name}");
        }
        let levels = acme.operator.get(&format!("/api/v1/users/{}/licences", homes.admin)).await;
        let labels = |level: &str, label: &str| json!({"level": level, "label": label, "total": 0});
        let expected = [labels("basic", "Basic"), labels("standard", "Standard"),
            labels("premium", "Premium")];
        assert_eq!(levels.expect(200).at("/data"), json!(expected));
        let permissions = acme.operator.get("/api/v1/permissions").await.expect(200).at("/data");
        for ((key, on, _), shown) in TABLE.iter().zip(permissions.as_array().unwrap()) {
            assert_eq!(shown["key"], *key);
            assert_eq!(shown["on"], *on);
            assert_eq!(shown["licence_level"], json!(level(key)));
        }
    }
}
