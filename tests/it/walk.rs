//! The main job, told as one story over the public interfaces alone.
//!
//! A company connects its directory, two rules turn its groups into roles on sites, and at each
//! step the platform asks who may do what, and why. One of the rules serves five hundred groups.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, SignIn, TestApp};

/// Groups that one rule serves.
const GROUPS: usize = 500;
/// People who are each in several of these groups.
const MANAGERS: usize = 20;
/// Requests that the directory's client has under way.
const AT_ONCE: usize = 8;
/// The rule that names one group.
const PLAIN: &str = "Lyon crew";
/// The rule that serves every group of a form.
const EACH: &str = "Site managers";

/// A company whose directory is connected.
struct Company<'a> {
    app: &'a TestApp,
    id: String,
    directory: String,
    domain: Value,
    scim: Caller,
}

impl<'a> Company<'a> {
    /// Sets the company up: a verified domain, sites, a directory with its token, and two rules.
    async fn set_up(app: &'a TestApp) -> Self {
        let id = app.organization("Acme").await;
        let (directory, token) = app.directory(&id, "strict").await;
        let scim = app.scim(&token);
        let mut company = Self { app, id, directory, domain: Value::Null, scim };
        let domain = json!({"domain": "acme.example", "verified": true});
        company.domain = company.make("domains", domain).await;
        assert_eq!(company.domain["state"], "verified");
        company.add_sites().await;
        company.add_rules().await;
        app.run_worker().await;
        let path = format!("/api/v1/organizations/{}/mapping-rules/status", company.id);
        let status = app.operator().get(&path).await.expect(200).json();
        assert_eq!(status["state"], "idle", "{status}");
        assert_eq!(status["version"], status["applied_version"], "{status}");
        company
    }

    async fn add_sites(&self) {
        for (key, name) in [("lyon", "Lyon"), ("paris", "Paris")] {
            let path = format!("/api/v1/organizations/{}/resources/site/{key}", self.id);
            let made = self.app.operator().put(&path, json!({"name": name})).await.expect(201);
            assert_eq!((made.at("/kind"), made.at("/key")), (json!("site"), json!(key)));
        }
    }

    /// Registers the numbered sites in one batch.
    async fn add_numbered_sites(&self) {
        let site = |n: usize| json!({"kind": "site", "key": site(n), "name": format!("Site {n}")});
        let sites: Vec<Value> = (0..GROUPS).map(site).collect();
        let path = format!("/api/v1/organizations/{}/resources/batch", self.id);
        let put = self.app.operator().post(&path, json!({"resources": sites})).await;
        assert_eq!(put.expect(200).at("/created"), GROUPS);
        self.app.run_worker().await;
    }

    async fn add_rules(&self) {
        self.make(
            "mapping-rules",
            json!({"name": PLAIN, "when": "groups.display eq \"Lyon field workers\"",
                "role": "field-worker", "resources": ["site:lyon"]}),
        )
        .await;
        self.make(
            "mapping-rules",
            json!({"name": EACH, "when": "groups.display sw \"Site \"",
                "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) managers$"},
                "role": "operation-manager", "resources": ["site:{site|slug}"]}),
        )
        .await;
    }

    /// POSTs to a list of the organization, and answers what was made.
    async fn make(&self, list: &str, body: Value) -> Value {
        let path = format!("/api/v1/organizations/{}/{list}", self.id);
        self.app.operator().post(&path, body).await.expect(201).json()
    }

    async fn push_user(&self, name: &str) -> String {
        push_user(&self.scim, name).await
    }

    /// Pushes a group with its members, and answers its id.
    async fn push_group(&self, name: &str, members: &[&String]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": members,
        });
        self.scim.post("/Groups", group).await.expect(201).text_at("/id")
    }

    /// Sends one PATCH operation.
    async fn patch(&self, path: &str, operation: Value) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        let reply = self.scim.patch(path, body).await;
        assert!(matches!(reply.status, 200 | 204), "{reply}");
    }

    /// Asks as the platform does, and answers the decision with its context.
    async fn ask(&self, user: &str, permission: &str, site: &str) -> Value {
        let question = json!({
            "subject": {"type": "user", "id": user},
            "action": {"name": permission},
            "resource": {"type": "site", "id": site},
        });
        let path = "/access/v1/evaluation";
        self.app.operator().post(path, question).await.expect(200).json()
    }

    async fn may(&self, user: &str, permission: &str, site: &str) -> bool {
        self.ask(user, permission, site).await["decision"].as_bool().unwrap()
    }

    /// Why she may not: the reason's code.
    async fn refusal(&self, user: &str, permission: &str, site: &str) -> String {
        let answer = self.ask(user, permission, site).await;
        assert_eq!(answer["decision"], false, "{answer}");
        answer["context"]["reason"]["code"].as_str().unwrap().to_owned()
    }

    /// Role and resource of all that she holds.
    async fn holds(&self, user: &str) -> BTreeSet<(String, String)> {
        let access = self.access(user).await;
        let word = |grant: &Value, name: &str| grant[name].as_str().unwrap_or("").to_owned();
        let grants = access["grants"].as_array().unwrap().iter();
        grants.map(|grant| (word(grant, "role"), word(grant, "resource"))).collect()
    }

    async fn access(&self, user: &str) -> Value {
        let path = format!("/api/v1/users/{user}/access");
        self.app.operator().get(&path).await.expect(200).json()
    }

    async fn user(&self, user: &str) -> Value {
        self.app.operator().get(&format!("/api/v1/users/{user}")).await.expect(200).json()
    }
}

/// Pushes a user as a SCIM client does, and answers her id.
async fn push_user(scim: &Caller, name: &str) -> String {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("{name}@acme.example"),
        "externalId": format!("ext-{name}"),
        "name": {"givenName": name, "familyName": "Example"},
        "emails": [{"value": format!("{name}@acme.example"), "primary": true}],
        "active": true,
    });
    let made = scim.post("/Users", user).await.expect(201);
    assert_eq!(made.media_type(), "application/scim+json");
    made.text_at("/id")
}

/// The key of a numbered site.
fn site(n: usize) -> String {
    format!("s-{n:03}")
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> BTreeSet<(String, String)> {
    pairs.into_iter().map(|(role, resource)| (role.to_owned(), resource.to_owned())).collect()
}

on_both_engines! {
    async fn a_group_of_the_directory_becomes_a_role_on_a_site_and_says_why(app: TestApp) {
        let acme = Company::set_up(&app).await;
        let ada = acme.push_user("ada").await;
        assert_eq!(acme.refusal(&ada, "work_orders.view", "lyon").await, "no-grant");
        let crew = acme.push_group("Lyon field workers", &[&ada]).await;

        // The group's answer came when the access was there.
        let yes = acme.ask(&ada, "work_orders.execute", "lyon").await;
        assert_eq!(yes["decision"], true, "{yes}");
        assert_eq!(yes["context"]["reason"]["code"], "held");
        let grant = &yes["context"]["grants"][0];
        assert_eq!(grant["role"], "field-worker");
        assert_eq!(grant["resource"], "site:lyon");
        assert_eq!((&grant["source"], &grant["source_name"]), (&json!("rule"), &json!(PLAIN)));
        assert_eq!(acme.refusal(&ada, "work_orders.execute", "paris").await, "not-covered");
        assert_eq!(acme.refusal(&ada, "work_orders.edit", "lyon").await, "no-grant");
        assert_eq!(acme.refusal(&ada, "nothing.known", "lyon").await, "permission-unknown");
        assert_eq!(acme.refusal(&ada, "site.view", "berlin").await, "resource-unknown");

        let access = acme.access(&ada).await;
        let grant = &access["grants"][0];
        assert_eq!(grant["source_name"], PLAIN);
        let matched = &grant["why"]["matched"][0];
        assert_eq!(matched["attribute"], "groups.display");
        assert_eq!(matched["value"], "Lyon field workers");
        let user = acme.user(&ada).await;
        assert_eq!(user["user_name"], "ada@acme.example");
        assert_eq!(user["status"], "provisioned");
        assert_eq!(user["roles"][0]["role"], "field-worker");
        assert_eq!(user["roles"][0]["source_name"], PLAIN);

        let leave = json!({"op": "remove", "path": format!("members[value eq \"{ada}\"]")});
        acme.patch(&format!("/Groups/{crew}"), leave).await;
        assert_eq!(acme.refusal(&ada, "work_orders.execute", "lyon").await, "no-grant");
        assert_eq!(acme.holds(&ada).await, pairs([]));
    }

    async fn one_rule_serves_five_hundred_groups(app: TestApp) {
        let acme = Company::set_up(&app).await;
        acme.add_numbered_sites().await;
        let mut managers = Vec::new();
        for n in 0..MANAGERS {
            managers.push(acme.push_user(&format!("manager-{n}")).await);
        }
        // Several at a time, as providers push: the same person gains on several sites at once.
        let pushes = (0..GROUPS).map(|n| {
            let (acme, manager) = (&acme, &managers[n % MANAGERS]);
            async move {
                acme.push_group(&format!("Site {} managers", site(n)), &[manager]).await;
            }
        });
        stream::iter(pushes).buffer_unordered(AT_ONCE).collect::<()>().await;
        for (n, manager) in managers.iter().enumerate() {
            let own: BTreeSet<(String, String)> = (n..GROUPS)
                .step_by(MANAGERS)
                .map(|n| ("operation-manager".to_owned(), format!("site:{}", site(n))))
                .collect();
            assert_eq!(acme.holds(manager).await, own);
            assert!(acme.may(manager, "work_orders.edit", &site(n)).await);
            let other = site((n + 1) % GROUPS);
            assert_eq!(acme.refusal(manager, "work_orders.edit", &other).await, "not-covered");
        }
        // Whoever is in two of them holds both, and each says its own group.
        let ada = acme.push_user("ada").await;
        acme.push_group("Site Lyon managers", &[&ada]).await;
        acme.push_group("Site Paris managers", &[&ada]).await;
        let both = [("operation-manager", "site:lyon"), ("operation-manager", "site:paris")];
        assert_eq!(acme.holds(&ada).await, pairs(both));
        for grant in acme.access(&ada).await["grants"].as_array().unwrap() {
            let city = if grant["resource"] == "site:lyon" { "Lyon" } else { "Paris" };
            let group = format!("Site {city} managers");
            assert_eq!(grant["why"]["matched"][0]["value"], group, "{grant}");
            assert_eq!(grant["source_name"], EACH);
        }
    }

    async fn a_group_that_names_no_site_gives_nothing_and_says_so(app: TestApp) {
        let acme = Company::set_up(&app).await;
        let ada = acme.push_user("ada").await;
        acme.push_group("Site Lyons managers", &[&ada]).await;
        let access = acme.access(&ada).await;
        assert_eq!(access["grants"], json!([]));
        let unresolved = &access["unresolved"][0];
        assert_eq!(unresolved["resource"], "site:lyons", "{access}");
        assert_eq!(unresolved["nearest"], "site:lyon", "{access}");
        // The site that comes later is hers without a word from the directory.
        let path = format!("/api/v1/organizations/{}/resources/site/lyons", acme.id);
        app.operator().put(&path, json!({"name": "Lyons"})).await.expect(201);
        app.run_worker().await;
        assert_eq!(acme.holds(&ada).await, pairs([("operation-manager", "site:lyons")]));
        assert_eq!(acme.access(&ada).await["unresolved"], json!([]));
    }

    async fn who_is_deactivated_may_nothing_until_she_is_back(app: TestApp) {
        let acme = Company::set_up(&app).await;
        let (ada, bob) = (acme.push_user("ada").await, acme.push_user("bob").await);
        acme.push_group("Lyon field workers", &[&ada, &bob]).await;
        let path = format!("/Users/{ada}");
        acme.patch(&path, json!({"op": "replace", "path": "active", "value": false})).await;
        let code = acme.refusal(&ada, "work_orders.execute", "lyon").await;
        assert_eq!(code, "user-not-enabled");
        assert_eq!(acme.user(&ada).await["status"], "suspended");
        assert_eq!(acme.scim.get(&path).await.expect(200).json()["active"], false);
        assert!(acme.may(&bob, "work_orders.execute", "lyon").await);

        acme.patch(&path, json!({"op": "replace", "value": {"active": true}})).await;
        assert!(acme.may(&ada, "work_orders.execute", "lyon").await);
        assert_eq!(acme.user(&ada).await["status"], "provisioned");

        acme.scim.send(Method::DELETE, &path, None).await.expect(204);
        assert_eq!(acme.scim.get(&path).await.status, 404);
        assert_eq!(acme.refusal(&ada, "work_orders.execute", "lyon").await, "user-unknown");
        app.operator().get(&format!("/api/v1/users/{ada}")).await.expect_problem(404, "not-found");
        assert!(acme.may(&bob, "work_orders.execute", "lyon").await);
    }

    async fn who_signs_in_is_the_person_of_the_directory_until_it_says_otherwise(app: TestApp) {
        let acme = Company::set_up(&app).await;
        let ada = acme.push_user("ada").await;
        acme.push_group("Lyon field workers", &[&ada]).await;
        let domain = acme.domain["id"].as_str().unwrap();
        let sign_in = SignIn::connect(&app, &acme.id, &acme.directory, &[domain]).await;
        let browser = app.browser();
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let back = sign_in.by(&browser, "ext-ada").await;
        assert!((300..400).contains(&back.status), "{back}");
        let me = browser.get("/me").await.expect(200).json();
        assert_eq!(me["user"]["id"], ada.as_str());
        assert_eq!(me["organization"]["slug"], "acme");
        assert_eq!(me["roles"][0]["role"], "field-worker");
        assert_eq!(me["roles"][0]["resource"], "site:lyon");
        assert_eq!(acme.user(&ada).await["status"], "active");

        let stranger = app.browser();
        let refused = sign_in.by(&stranger, "ext-nobody").await;
        assert_eq!(refused.status, 403, "{refused}");
        stranger.get("/me").await.expect_problem(401, "unauthenticated");

        // What the directory says ends the session at once, and the next sign-in too.
        let path = format!("/Users/{ada}");
        acme.patch(&path, json!({"op": "replace", "path": "active", "value": false})).await;
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let refused = sign_in.by(&browser, "ext-ada").await;
        assert_eq!(refused.status, 403, "{refused}");
        acme.patch(&path, json!({"op": "replace", "path": "active", "value": true})).await;
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        sign_in.by(&browser, "ext-ada").await;
        browser.get("/me").await.expect(200);
    }

    async fn an_organization_decides_nothing_about_the_people_of_another(app: TestApp) {
        let acme = Company::set_up(&app).await;
        let ada = acme.push_user("ada").await;
        acme.push_group("Lyon field workers", &[&ada]).await;
        let other = app.organization("Globex").await;
        let (_, token) = app.directory(&other, "strict").await;
        let stranger = app.scim(&token);
        stranger.get(&format!("/Users/{ada}")).await.expect(404);
        stranger.delete(&format!("/Users/{ada}")).await.expect(404);
        let found = stranger.get("/Users?filter=userName%20eq%20%22ada@acme.example%22").await;
        assert_eq!(found.expect(200).json()["totalResults"], 0);
        // The same names are free there, and mean other people.
        let twin = push_user(&stranger, "ada").await;
        assert_ne!(twin, ada);
        let code = acme.refusal(&twin, "work_orders.execute", "lyon").await;
        assert_eq!(code, "resource-unknown");
        assert!(acme.may(&ada, "work_orders.execute", "lyon").await);
    }
}
