//! What limits a user beyond her roles: access settings, the user whose sub-user she is, licences.

use portico::domain::actor::Actor;
use portico::domain::id::UserId;
use portico::flow;
use portico::flow::problem::Problem;
use serde_json::{Value, json};

use super::asking::{WHOLE, actions, cell, resources, subjects, walk};
use super::world::World;
use crate::support::{Reply, TestApp};

/// Cameras 1 and 2, and a customer who has the first.
async fn cameras(app: &TestApp) -> (World<'_>, String) {
    let acme = World::new(app).await;
    acme.put("camera:1", None).await;
    acme.put("camera:2", None).await;
    let body = json!({"user_name": "ada", "grants": [{"role": "customer",
        "resources": ["camera:1"]}]});
    let path = format!("/api/v1/organizations/{}/users", acme.organization);
    let ada = acme.operator.post(&path, body).await.expect(201).text_at("/id");
    (acme, ada)
}

async fn give(acme: &World<'_>, user: &str, role: &str, resource: &str) -> String {
    let path = format!("/api/v1/users/{user}/grants");
    let body = json!({"role": role, "resources": [resource]});
    acme.operator.post(&path, body).await.expect(201).text_at("/data/0/id")
}

fn settings(user: &str) -> String {
    format!("/api/v1/users/{user}/access-settings")
}

async fn deny(acme: &World<'_>, user: &str, denied: Value) -> Reply {
    let read = acme.operator.get(&settings(user)).await.expect(200);
    let caller = acme.operator.clone().with_header("if-match", read.header("etag"));
    caller.put(&settings(user), json!({"denied": denied})).await
}

/// Makes a sub-user on cameras, below the API: she is made in her parent's own session.
async fn sub_user(
    acme: &World<'_>,
    parent: &str,
    name: &str,
    cameras: &[&str],
) -> Result<String, Problem> {
    let parent = UserId::parse(parent).unwrap();
    let grants = cameras.iter().map(|camera| flow::grant::New {
        role: "sub_user".to_owned(),
        resources: vec![format!("camera:{camera}")],
        ..Default::default()
    });
    let new = flow::user::New {
        user_name: name.to_owned(),
        grants: grants.collect(),
        ..Default::default()
    };
    let runner = &acme.app.app.runner;
    let made = runner
        .write(Actor::User(parent), acme.id(), move |work| {
            let new = new.clone();
            Box::pin(async move { flow::sub_user::create(work, parent, &new).await })
        })
        .await?;
    Ok(made.id.to_string())
}

on_both_engines! { of "vms":
    async fn what_is_denied_to_a_user_is_refused_at_once_whatever_her_roles_give(app: TestApp) {
        let (acme, ada) = cameras(&app).await;
        let refused = deny(&acme, &ada, json!(["cameras.vew", "users.view", "users.view"])).await;
        refused.expect_problem(422, "invalid");
        assert_eq!(refused.at("/errors/0/pointer"), "/denied/0");
        assert_eq!(refused.at("/errors/1/pointer"), "/denied/2");
        let blind = acme.operator.put(&settings(&ada), json!({"denied": []})).await;
        blind.expect_problem(428, "precondition-required");

        walk(&acme, &[cell(&ada, "cameras.view", "camera:1", "held")]).await;
        let set = deny(&acme, &ada, json!(["sub_users.create", "cameras.view"])).await.expect(200);
        assert_eq!(set.at("/denied"), json!(["cameras.view", "sub_users.create"]));
        let cells = [
            cell(&ada, "cameras.view", "camera:1", "denied-by-settings"),
            cell(&ada, "cameras.view", "camera:2", "not-covered"),
            cell(&ada, "sub_users.create", WHOLE, "denied-by-settings"),
            cell(&ada, "intercoms.view", "camera:1", "held"),
        ];
        walk(&acme, &cells).await;
        assert_eq!(resources(&acme, &ada, "cameras.view", "camera").await, [""; 0]);
        assert_eq!(subjects(&acme, "cameras.view", "camera:1").await, [""; 0]);
        assert_eq!(actions(&acme, &ada, "camera:1").await, ["intercoms.view", "intercoms.open"]);
        let path = format!("/api/v1/users/{ada}/access?permission=cameras.view&resource=camera:1");
        let explained = acme.operator.get(&path).await.expect(200);
        assert_eq!(explained.at("/decision/condition"), 4);

        let stale = acme.operator.clone().with_header("if-match", "W/\"0\"");
        let stale = stale.put(&settings(&ada), json!({"denied": []})).await;
        stale.expect_problem(412, "precondition-failed");
        app.advance_s(1);
        deny(&acme, &ada, json!(["sub_users.create"])).await.expect(200);
        walk(&acme, &[cell(&ada, "cameras.view", "camera:1", "held")]).await;
        let told = app.events(&acme.organization, "user.access_settings_changed").await;
        assert_eq!(told.len(), 2);
        assert_eq!(told[1]["data"]["no_longer_denied"], json!(["cameras.view"]));
    }

    async fn the_preview_of_access_settings_is_what_setting_them_does(app: TestApp) {
        let (acme, ada) = cameras(&app).await;
        deny(&acme, &ada, json!(["cameras.view"])).await.expect(200);
        let before = actions(&acme, &ada, "camera:1").await;
        let denied = json!(["intercoms.open", "users.view"]);
        let path = format!("{}/preview", settings(&ada));
        let shown = acme.operator.post(&path, json!({"denied": denied})).await.expect(200);
        let on = |permission: &str| json!([{"permission": permission, "resource": "camera:1"}]);
        assert_eq!(shown.at("/gained"), on("cameras.view"));
        assert_eq!(shown.at("/lost"), on("intercoms.open"));
        assert_eq!(actions(&acme, &ada, "camera:1").await, before, "nothing was written");
        deny(&acme, &ada, denied).await.expect(200);
        let after = actions(&acme, &ada, "camera:1").await;
        assert_eq!(after, ["cameras.view", "intercoms.view", "sub_users.create"]);
    }

    // VM22
    async fn a_sub_user_may_what_her_own_grants_and_her_parent_may_both(app: TestApp) {
        let (acme, ada) = cameras(&app).await;
        let sub = sub_user(&acme, &ada, "sub", &["1", "2"]).await.unwrap();
        let on = |key: &str, reason: &'static str| {
            cell(&sub, "cameras.view", &format!("camera:{key}"), reason)
        };
        walk(&acme, &[on("1", "held"), on("2", "parent-not-allowed")]).await;
        assert_eq!(resources(&acme, &sub, "cameras.view", "camera").await, ["1"]);
        let grant = give(&acme, &ada, "customer", "camera:2").await;
        walk(&acme, &[on("1", "held"), on("2", "held")]).await;
        acme.operator.delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        walk(&acme, &[on("1", "held"), on("2", "parent-not-allowed")]).await;
        // What the sub-user was never given, her parent's grants do not give.
        give(&acme, &ada, "customer", "camera:2").await;
        let less = sub_user(&acme, &ada, "less", &["2"]).await.unwrap();
        walk(&acme, &[
            cell(&less, "cameras.view", "camera:1", "not-covered"),
            cell(&less, "cameras.view", "camera:2", "held"),
            cell(&less, "sub_users.create", WHOLE, "no-grant"),
        ])
        .await;

        deny(&acme, &ada, json!(["cameras.view"])).await.expect(200);
        walk(&acme, &[on("1", "parent-not-allowed")]).await;
        deny(&acme, &ada, json!([])).await.expect(200);
        let state = async |verb: &str| {
            let path = format!("/api/v1/users/{ada}/{verb}");
            acme.operator.post(&path, json!({})).await.expect(200);
        };
        state("suspend").await;
        walk(&acme, &[on("1", "parent-not-allowed")]).await;
        state("resume").await;
        walk(&acme, &[on("1", "held")]).await;
        acme.operator.delete(&format!("/api/v1/users/{ada}")).await.expect(204);
        walk(&acme, &[on("1", "user-unknown")]).await;
        let gone = app.events(&acme.organization, "user.removed").await;
        assert_eq!(gone.len(), 3, "she and her sub-users");
    }

    // VM23
    async fn a_sub_user_uses_the_licences_of_her_parent(app: TestApp) {
        let (acme, ada) = cameras(&app).await;
        let sub = sub_user(&acme, &ada, "sub", &["1"]).await.unwrap();
        let on = |reason: &'static str| cell(&sub, "analytics.basic.view", "camera:1", reason);
        walk(&acme, &[on("parent-not-allowed")]).await;
        let path = |user: &str| format!("/api/v1/users/{user}/licences/basic");
        let own = acme.operator.put(&path(&sub), json!({"total": 1})).await;
        own.expect_problem(409, "conflict");
        acme.operator.put(&path(&ada), json!({"total": 1})).await.expect(200);
        walk(&acme, &[on("held")]).await;
        let shown = acme.operator.get(&settings(&sub)).await.expect(200);
        let offered = ["cameras.view", "intercoms.view", "intercoms.open", "analytics.basic.view"];
        assert_eq!(shown.at("/offered"), json!(offered));
        acme.operator.put(&path(&ada), json!({"total": 0})).await.expect(200);
        walk(&acme, &[on("parent-not-allowed")]).await;
    }

    async fn sub_users_are_one_level_deep_twenty_at_most_and_hold_one_role(app: TestApp) {
        let (acme, ada) = cameras(&app).await;
        let first = sub_user(&acme, &ada, "sub-0", &["1"]).await.unwrap();
        let deeper = sub_user(&acme, &first, "deeper", &["1"]).await.unwrap_err();
        assert_eq!(deeper.code.as_str(), "conflict");
        for n in 1..flow::sub_user::SUB_USERS_MAX {
            sub_user(&acme, &ada, &format!("sub-{n}"), &[]).await.unwrap();
        }
        let over = sub_user(&acme, &ada, "over", &[]).await.unwrap_err();
        assert_eq!(over.code.as_str(), "conflict");
        let grants = vec![flow::grant::New { role: "customer".to_owned(), ..Default::default() }];
        let user_name = "more".to_owned();
        let new = flow::user::New { user_name, grants, ..Default::default() };
        let parent = UserId::parse(&ada).unwrap();
        let more = acme.app.app.runner
            .write(Actor::User(parent), acme.id(), move |work| {
                let new = new.clone();
                Box::pin(async move { flow::sub_user::create(work, parent, &new).await })
            })
            .await
            .unwrap_err();
        assert_eq!(more.errors[0].pointer, "/grants/0/role");
    }

    async fn licences_are_counted_within_bounds_by_known_levels(app: TestApp) {
        let (acme, ada) = cameras(&app).await;
        let put = async |level: &str, total: i64| {
            let path = format!("/api/v1/users/{ada}/licences/{level}");
            acme.operator.put(&path, json!({"total": total})).await
        };
        put("gold", 1).await.expect_problem(404, "not-found");
        put("basic", -1).await.expect_problem(422, "invalid");
        put("basic", flow::licence::TOTAL_MAX + 1).await.expect_problem(422, "invalid");
        put("basic", flow::licence::TOTAL_MAX).await.expect(200);
        app.advance_s(1);
        let shown = put("basic", 3).await.expect(200).json();
        assert_eq!(shown, json!({"level": "basic", "label": "Basic", "total": 3}));
        let told = app.events(&acme.organization, "licence.allocated").await;
        assert_eq!(told.len(), 2);
        assert_eq!(told[1]["data"]["before"], flow::licence::TOTAL_MAX);
    }
}

on_both_engines! {
    async fn a_platform_without_access_settings_and_sub_users_refuses_them(app: TestApp) {
        let acme = World::new(&app).await;
        let ada = acme.user("ada").await;
        let refused = deny(&acme, &ada, json!(["site.view"])).await;
        refused.expect_problem(422, "invalid");
        assert_eq!(refused.at("/errors/0/code"), "not-offered");
        let none = sub_user(&acme, &ada, "sub", &[]).await.unwrap_err();
        assert_eq!(none.code.as_str(), "conflict");
    }
}
