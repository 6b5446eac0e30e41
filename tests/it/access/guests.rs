//! Guests: people of the operator who hold something in a customer's organization.

use portico::domain::actor::Actor;
use portico::domain::change::Change;
use portico::domain::id::OrganizationId;
use portico::domain::organization::{Organization, Status};
use portico::store;
use serde_json::{Value, json};

use super::people::{People, Person};
use super::world::World;
use crate::support::TestApp;

/// The operator's own organization, with people who sign in there.
pub async fn home(app: &TestApp) -> People<'_> {
    let all = app.operator().get("/api/v1/organizations?limit=100").await.expect(200).at("/data");
    let operator = |one: &&Value| one["kind"] == "operator";
    let found = all.as_array().unwrap().iter().find(operator).unwrap();
    let organization = found["id"].as_str().unwrap().to_owned();
    let (directory, token) = app.directory(&organization, "strict").await;
    let (scim, operator) = (app.scim(&token), app.operator());
    People::new(World { app, organization, directory, scim, operator }).await
}

fn here(acme: &World<'_>, role: &str, resources: &[&str]) -> Value {
    json!({"role": role, "resources": resources, "organization": acme.organization})
}

async fn decision(acme: &World<'_>, user: &str, permission: &str, site: &str) -> Value {
    let body = json!({
        "subject": {"type": "user", "id": user},
        "action": {"name": permission},
        "resource": {"type": "site", "id": site},
        "context": {"organization": acme.organization},
    });
    acme.operator.post("/access/v1/evaluation", body).await.expect(200).json()
}

async fn code(acme: &World<'_>, user: &str) -> String {
    let answer = decision(acme, user, "media.view", "lyon").await;
    answer["context"]["reason"]["code"].as_str().unwrap().to_owned()
}

async fn set_status(app: &TestApp, organization: &str, status: Status) {
    let id = OrganizationId::parse(organization).unwrap();
    let written = app.app.runner.write(Actor::System, id, move |work| {
        Box::pin(async move {
            let found = store::organization::by_id(&mut work.conn(), id).await?.unwrap();
            let changed = Organization { status, ..found };
            assert!(store::organization::update(&mut work.scope(), &changed).await?);
            work.changed(Change::Organization);
            Ok(())
        })
    });
    written.await.unwrap();
}

/// Acme with a site and Vera of the operator as its guest.
async fn acme_and_vera<'a>(app: &'a TestApp) -> (World<'a>, People<'a>, Person, String) {
    let acme = World::new(app).await;
    acme.site("lyon").await;
    let home = home(app).await;
    let vera = home.person("vera", &[]).await;
    let grant = home.give(&vera.id, here(&acme, "operation-manager", &["site:lyon"])).await;
    (acme, home, vera, grant)
}

on_both_engines! {
    // FL11, FV10
    async fn a_guest_holds_what_the_operator_gave_her_until_it_ends(app: TestApp) {
        let (acme, home, vera, _) = acme_and_vera(&app).await;
        assert_eq!(code(&acme, &vera.id).await, "held");
        assert_eq!(acme.why_not(&vera.id, "media.view", "lyon").await, "resource-unknown");
        let access = acme.operator.get(&format!("/api/v1/users/{}/access", vera.id)).await;
        let access = access.expect(200);
        assert_eq!(access.at("/grants/0/organization_id"), acme.organization.as_str());
        assert_eq!(access.at("/grants/0/source"), "guest");
        assert_eq!(access.at("/grants/0/expires_at"), "2027-02-19T10:00:00.000000Z");
        // What she holds there is nothing at home.
        let at_home = acme.operator.get(&home.path("users?role=operation-manager")).await;
        assert_eq!(at_home.expect(200).at("/data"), json!([]));
        let search = json!({"subject": {"type": "user"}, "action": {"name": "media.view"},
            "resource": {"type": "site", "id": "lyon"},
            "context": {"organization": acme.organization}});
        let found = acme.operator.post("/access/v1/search/subject", search).await.expect(200);
        assert_eq!(found.at("/results"), json!([{"type": "user", "id": vera.id}]));
        let added = app.events(&acme.organization, "grant.added").await;
        assert_eq!(added[0]["data"]["source"], "guest");
        app.advance_s(90 * 24 * 60 * 60);
        assert_eq!(code(&acme, &vera.id).await, "no-grant");
    }

    // FV38: one giver, one role, several organizations; each ends alone.
    async fn one_giver_makes_her_a_guest_in_several_organizations(app: TestApp) {
        let (acme, home, vera, grant) = acme_and_vera(&app).await;
        let globex = World::named(&app, "Globex").await;
        globex.site("lyon").await;
        let there = home.give(&vera.id, here(&globex, "operation-manager", &["site:lyon"])).await;
        assert_ne!(there, grant);
        for world in [&acme, &globex] {
            assert_eq!(code(world, &vera.id).await, "held");
            let added = app.events(&world.organization, "grant.added").await;
            assert_eq!((added.len(), &added[0]["data"]["role"]), (1, &json!("operation-manager")));
        }
        // The same once more is the same grant.
        let again = home.give(&vera.id, here(&globex, "operation-manager", &["site:lyon"])).await;
        assert_eq!(again, there);
        acme.operator.delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        assert_eq!(code(&acme, &vera.id).await, "user-unknown");
        assert_eq!(code(&globex, &vera.id).await, "held");
    }

    async fn what_happens_to_a_guest_at_home_counts_everywhere_at_once(app: TestApp) {
        let (acme, home, vera, grant) = acme_and_vera(&app).await;
        assert_eq!(code(&acme, &vera.id).await, "held");
        home.world.set(&vera.id, "active", json!(false)).await;
        assert_eq!(code(&acme, &vera.id).await, "user-not-enabled");
        home.world.set(&vera.id, "active", json!(true)).await;
        assert_eq!(code(&acme, &vera.id).await, "held");
        set_status(&app, &home.world.organization, Status::Suspended).await;
        assert_eq!(code(&acme, &vera.id).await, "organization-not-active");
        set_status(&app, &home.world.organization, Status::Active).await;
        assert_eq!(code(&acme, &vera.id).await, "held");
        set_status(&app, &acme.organization, Status::Suspended).await;
        assert_eq!(code(&acme, &vera.id).await, "organization-not-active");
        set_status(&app, &acme.organization, Status::Active).await;
        acme.operator.delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        assert_eq!(code(&acme, &vera.id).await, "user-unknown");
        home.give(&vera.id, here(&acme, "operation-manager", &["site:lyon"])).await;
        assert_eq!(code(&acme, &vera.id).await, "held");
        home.world.scim.delete(&format!("/Users/{}", vera.id)).await.expect(204);
        assert_eq!(code(&acme, &vera.id).await, "user-unknown");
        // Where she was a guest, the feed tells of the end of both grants, and of nothing else.
        let removed = app.events(&acme.organization, "grant.removed").await;
        let told = |at: usize| (&removed[at]["subject"]["id"], &removed[at]["data"]["source"]);
        assert_eq!((removed.len(), told(1)), (2, (&json!(vera.id), &json!("guest"))));
        assert!(app.events(&acme.organization, "user.removed").await.is_empty());
    }

    // FV38: taking away what she holds here leaves her elsewhere as she is.
    async fn an_organization_sees_of_a_guest_who_she_is_and_takes_what_she_holds(app: TestApp) {
        let (acme, _home, vera, grant) = acme_and_vera(&app).await;
        let acme = People::new(acme).await;
        let ada = acme.person("ada", &[json!({"role": "org-admin"})]).await;
        let partners = ada.browser.get(&acme.path("users?class=partner")).await.expect(200);
        assert_eq!(partners.at("/data/0/id"), vera.id.as_str());
        assert_eq!(partners.at("/data/0/class"), "partner");
        assert_eq!(partners.at("/data/0/user_name"), "");
        assert_eq!(partners.at("/data/0/roles/0/role"), "operation-manager");
        assert_eq!(partners.at("/data").as_array().unwrap().len(), 1);
        let members = ada.browser.get(&acme.path("users?class=member")).await.expect(200);
        assert_eq!(members.at("/data/0/id"), ada.id.as_str());
        assert_eq!(members.at("/data").as_array().unwrap().len(), 1);
        let path = format!("/api/v1/users/{}", vera.id);
        assert_eq!(ada.browser.get(&path).await.expect(200).at("/external_id"), Value::Null);
        let access = ada.browser.get(&format!("{path}/access")).await.expect(200);
        assert_eq!(access.at("/grants/0/id"), grant.as_str());
        for (method, rest) in [("PATCH", ""), ("DELETE", ""), ("POST", "/suspend"),
            ("POST", "/resume"), ("POST", "/grants"), ("PUT", "/grants"), ("GET", "/sessions"),
            ("DELETE", "/sessions")] {
            let body = Some(("application/json", b"{}".to_vec()));
            let path = format!("{path}{rest}");
            let reply = ada.browser.send(method.parse().unwrap(), &path, body).await;
            reply.expect_problem(403, "not-home");
        }
        let bob = acme.person("bob", &[]).await;
        bob.browser.get(&path).await.expect_problem(403, "forbidden");
        let other = app.organization("Other").await;
        let (directory, token) = app.directory(&other, "strict").await;
        let other = World { app: &app, organization: other, directory, scim: app.scim(&token),
            operator: app.operator() };
        let other = People::new(other).await;
        let eve = other.person("eve", &[json!({"role": "org-admin"})]).await;
        eve.browser.get(&path).await.expect_problem(404, "not-found");
        ada.browser.delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        ada.browser.get(&path).await.expect_problem(404, "not-found");
    }

    async fn a_guest_acts_where_she_is_one_as_far_as_her_roles_there_reach(app: TestApp) {
        let (acme, home, vera, _) = acme_and_vera(&app).await;
        let users = format!("/api/v1/organizations/{}/users", acme.organization);
        vera.browser.get(&users).await.expect_problem(403, "forbidden");
        home.give(&vera.id, here(&acme, "operation-project-manager", &[])).await;
        vera.browser.get(&users).await.expect(200);
        let other = app.organization("Other").await;
        let elsewhere = format!("/api/v1/organizations/{other}/users");
        vera.browser.get(&elsewhere).await.expect_problem(404, "not-found");
        let herself = json!({"subject": {"type": "user", "id": vera.id},
            "action": {"name": "users.view"},
            "resource": {"type": "organization", "id": acme.organization}});
        let answer = vera.browser.post("/access/v1/evaluation", herself).await.expect(200);
        assert_eq!(answer.at("/decision"), true);
    }

    async fn only_the_operator_makes_guests_and_only_of_its_own_people(app: TestApp) {
        let (acme, home, vera, _) = acme_and_vera(&app).await;
        let ada = acme.user("ada").await;
        let other = app.organization("Other").await;
        let path = format!("/api/v1/users/{ada}/grants");
        let abroad = json!({"role": "field-worker", "organization": other});
        let refused = acme.operator.post(&path, abroad).await;
        refused.expect_problem(422, "invalid");
        assert_eq!(refused.at("/errors/0/pointer"), "/organization");
        let path = format!("/api/v1/users/{}/grants", vera.id);
        for organization in ["nowhere", "018f0000-0000-7000-8000-000000000000"] {
            let body = json!({"role": "field-worker", "organization": organization});
            acme.operator.post(&path, body).await.expect_problem(422, "invalid");
        }
        let boss = home.person("boss", &[json!({"role": "org-admin"})]).await;
        let body = here(&acme, "field-worker", &["site:lyon"]);
        boss.browser.post(&path, body.clone()).await.expect_problem(403, "forbidden");
        let body = here(&acme, "field-worker", &["site:paris"]);
        acme.operator.post(&path, body).await.expect_problem(422, "invalid");
    }
}
