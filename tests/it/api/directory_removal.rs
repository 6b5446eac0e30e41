//! The end of a directory over HTTP, and what becomes of its users.

use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

const USERS: &str = "/api/v1/organizations/acme/users";

/// A directory with Ada in the group `Auditors`, who is an auditor by a rule of the directory.
struct Rig {
    directory: String,
    scim: Caller,
    ada: String,
    rule: String,
}

async fn rig(app: &TestApp) -> Rig {
    app.organization("Acme").await;
    let (directory, token) = app.directory("acme", "strict").await;
    let scim = app.scim(&token);
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada", "active": true});
    let ada = scim.post("/Users", body).await.expect(201).text_at("/id");
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Auditors", "members": [{"value": ada}]});
    scim.post("/Groups", body).await.expect(201);
    let body = json!({"name": "Auditors", "directory": directory,
        "when": "groups.display eq \"Auditors\"", "role": "auditor"});
    let rules = "/api/v1/organizations/acme/mapping-rules";
    let rule = app.operator().post(rules, body).await.expect(201).text_at("/id");
    Rig { directory, scim, ada, rule }
}

async fn remove(app: &TestApp, rig: &Rig, query: &str) -> Reply {
    app.operator().delete(&format!("/api/v1/directories/{}{query}", rig.directory)).await
}

async fn give(app: &TestApp, user: &str, role: &str) {
    let path = format!("/api/v1/users/{user}/grants");
    app.operator().post(&path, json!({"role": role})).await.expect(201);
}

async fn ada(app: &TestApp, rig: &Rig) -> Reply {
    app.operator().get(&format!("/api/v1/users/{}", rig.ada)).await
}

/// The directory, its token and its rule are gone.
async fn assert_gone(app: &TestApp, rig: &Rig) {
    for path in [format!("directories/{}", rig.directory), format!("mapping-rules/{}", rig.rule)] {
        let reply = app.operator().get(&format!("/api/v1/{path}")).await;
        reply.expect_problem(404, "not-found");
    }
    assert_eq!(rig.scim.get("/Users").await.status, 401);
    let groups = app.operator().get("/api/v1/organizations/acme/groups").await.expect(200);
    assert_eq!(groups.at("/data"), json!([]));
}

on_both_engines! {
    async fn users_that_are_kept_lose_what_rules_gave_them_and_nothing_else(app: TestApp) {
        let rig = rig(&app).await;
        give(&app, &rig.ada, "field-worker").await;
        remove(&app, &rig, "?users=keep").await.expect(204);
        assert_gone(&app, &rig).await;
        let kept = ada(&app, &rig).await.expect(200);
        assert_eq!(kept.at("/directory_id"), Value::Null);
        assert_eq!(kept.at("/status"), "provisioned");
        assert_eq!(kept.at("/roles/0/role"), "field-worker");
        assert_eq!(kept.at("/roles").as_array().unwrap().len(), 1);
    }

    async fn users_that_are_suspended_wait_for_an_admin(app: TestApp) {
        let rig = rig(&app).await;
        remove(&app, &rig, "?users=suspend").await.expect(204);
        assert_gone(&app, &rig).await;
        let left = ada(&app, &rig).await.expect(200);
        assert_eq!(left.at("/suspended_by"), json!(["admin"]));
        let path = format!("/api/v1/users/{}/resume", rig.ada);
        let resumed = app.operator().post(&path, json!({})).await.expect(200);
        assert_eq!(resumed.at("/status"), "provisioned");
    }

    async fn users_that_are_removed_are_gone(app: TestApp) {
        let rig = rig(&app).await;
        remove(&app, &rig, "?users=remove").await.expect(204);
        assert_gone(&app, &rig).await;
        ada(&app, &rig).await.expect_problem(404, "not-found");
        remove(&app, &rig, "?users=remove").await.expect_problem(404, "not-found");
    }

    async fn what_becomes_of_its_users_must_be_said(app: TestApp) {
        let rig = rig(&app).await;
        for query in ["", "?users=", "?users=forget"] {
            let refused = remove(&app, &rig, query).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), "/users");
        }
        rig.scim.get("/Users").await.expect(200);
        assert_eq!(ada(&app, &rig).await.at("/roles/0/role"), "auditor");
    }

    async fn a_directory_with_the_last_holder_of_a_role_stays(app: TestApp) {
        let rig = rig(&app).await;
        give(&app, &rig.ada, "org-admin").await;
        for users in ["remove", "suspend"] {
            let refused = remove(&app, &rig, &format!("?users={users}")).await;
            refused.expect_problem(409, "last-holder");
        }
        rig.scim.get("/Users").await.expect(200);
        remove(&app, &rig, "?users=keep").await.expect(204);
        assert_eq!(ada(&app, &rig).await.at("/roles/0/role"), "org-admin");
    }

    async fn a_login_that_is_taken_holds_the_end_up_until_it_is_free(app: TestApp) {
        let rig = rig(&app).await;
        let local = app.operator().post(USERS, json!({"user_name": "ADA"})).await.expect(201);
        let refused = remove(&app, &rig, "?users=keep").await;
        refused.expect_problem(409, "conflict");
        assert!(refused.text_at("/detail").contains(&rig.ada), "{refused}");
        let path = format!("/api/v1/users/{}", local.text_at("/id"));
        app.operator().delete(&path).await.expect(204);
        remove(&app, &rig, "?users=keep").await.expect(204);
        assert_gone(&app, &rig).await;
    }
}
