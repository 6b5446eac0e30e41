//! What camera-fleet and media-cloud ask of users, invites and tokens, line by line: FL1 to FL4,
//! FL14 to FL18, FL38 to FL40, ME1 to ME5, ME19 to ME22.

use serde_json::{Value, json};

use super::{PASSWORD, accept, browser, invite, somebody, user};
use crate::support::{Caller, TestApp};

async fn id(app: &TestApp, organization: &str, login: &str) -> String {
    user(app, organization, login).await["id"].as_str().unwrap().to_owned()
}

async fn allowed(app: &TestApp, organization: &str, user: &str, permission: &str) -> bool {
    let ask = json!({"subject": {"type": "user", "id": user}, "action": {"name": permission},
        "resource": {"type": "organization", "id": organization}});
    let asked = app.operator().post("/access/v1/evaluation", ask).await.expect(200);
    asked.at("/decision").as_bool().unwrap()
}

async fn group(app: &TestApp, organization: &str) {
    let path = format!("/api/v1/organizations/{organization}/resources/group/north");
    app.operator().put(&path, json!({"name": "North"})).await.expect(201);
}

fn standard(email: &str) -> Value {
    json!({"email": email, "role": "standard", "resources": ["group:north"]})
}

on_both_engines! {
    of "camera-fleet":
    async fn an_admin_sees_edits_and_invites_the_teammates_of_her_own_fl1_to_fl4(app: TestApp) {
        let acme = app.organization("Acme").await;
        let globex = app.organization("Globex").await;
        group(&app, &acme).await;
        let admin = somebody(&app, &acme, "grace@example.com", "admin").await;
        let users = format!("/api/v1/organizations/{acme}/users");
        let invites = format!("/api/v1/organizations/{acme}/invites");
        // FL3: the form offers the roles that she may give.
        let roles = format!("/api/v1/organizations/{acme}/roles?assignable=true");
        let offered = admin.get(&roles).await.expect(200);
        let offered: Vec<Value> = offered.at("/data").as_array().unwrap().clone();
        let keys: Vec<&Value> = offered.iter().map(|role| &role["key"]).collect();
        assert_eq!(keys, ["admin", "standard"]);
        admin.post(&invites, standard("ada@example.com")).await.expect(201);
        // FL1: all who are enrolled, those too who have not come yet.
        let listed = admin.get(&users).await.expect(200);
        assert_eq!(listed.at("/data").as_array().unwrap().len(), 2);
        // FL2.
        let ada = id(&app, &acme, "ada").await;
        let edit = json!({"first_name": "Ada", "description": "Installer"});
        let edited = admin.patch(&format!("/api/v1/users/{ada}"), edit).await.expect(200);
        assert_eq!(edited.at("/description"), "Installer");
        // FL4: nobody is invited into another organization.
        let there = format!("/api/v1/organizations/{globex}/invites");
        admin.post(&there, standard("eve@example.com")).await.expect_problem(404, "not-found");
        app.run_worker().await;
    }

    async fn inviting_a_standard_user_and_an_admin_are_two_permissions_fl14_fl15(app: TestApp) {
        let acme = app.organization("Acme").await;
        group(&app, &acme).await;
        let admin = somebody(&app, &acme, "grace@example.com", "admin").await;
        let grace = id(&app, &acme, "grace").await;
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let to_admin = |email: &str| json!({"email": email, "role": "admin"});
        admin.post(&invites, standard("ada@example.com")).await.expect(201);
        admin.post(&invites, to_admin("bea@example.com")).await.expect(201);
        let standard_user = accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let ada = id(&app, &acme, "ada").await;
        for body in [standard("cleo@example.com"), to_admin("cleo@example.com")] {
            standard_user.post(&invites, body).await.expect_problem(403, "forbidden");
        }
        for permission in ["users.invite_standard", "users.invite_admin"] {
            assert!(allowed(&app, &acme, &grace, permission).await, "{permission}");
            assert!(!allowed(&app, &acme, &ada, permission).await, "{permission}");
        }
        app.run_worker().await;
    }

    async fn only_an_admin_views_edits_removes_and_the_last_one_stays_fl16_to_fl18(app: TestApp) {
        let acme = app.organization("Acme").await;
        group(&app, &acme).await;
        let admin = somebody(&app, &acme, "grace@example.com", "admin").await;
        let grace = id(&app, &acme, "grace").await;
        let invites = format!("/api/v1/organizations/{acme}/invites");
        admin.post(&invites, standard("ada@example.com")).await.expect(201);
        let ada = accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let users = format!("/api/v1/organizations/{acme}/users");
        let path = format!("/api/v1/users/{grace}");
        ada.get(&users).await.expect_problem(403, "forbidden");
        ada.get(&path).await.expect_problem(403, "forbidden");
        ada.patch(&path, json!({"description": "x"})).await.expect_problem(403, "forbidden");
        ada.delete(&path).await.expect_problem(403, "forbidden");
        let bulk = format!("/api/v1/organizations/{acme}/users/remove");
        ada.post(&bulk, json!({"ids": [grace]})).await.expect_problem(403, "forbidden");
        admin.delete(&path).await.expect_problem(409, "last-holder");
        let all = admin.post(&bulk, json!({"ids": [grace]})).await.expect(200);
        assert_eq!(all.at("/results/0/problem/code"), "last-holder", "{all}");
        let suspend = format!("{path}/suspend");
        app.operator().post(&suspend, json!({})).await.expect_problem(409, "last-holder");
    }

    async fn personal_tokens_are_three_permissions_and_die_with_owners_fl38_to_fl40(app: TestApp) {
        let acme = app.organization("Acme").await;
        let grace = somebody(&app, &acme, "grace@example.com", "admin").await;
        let admin = somebody(&app, &acme, "hedy@example.com", "admin").await;
        let hedy = id(&app, &acme, "hedy").await;
        let own = "/api/v1/me/tokens";
        // FL39: a name and a scope, shown once, sent as a bearer.
        let new = json!({"name": "Script", "permissions": ["users.view"]});
        let made = admin.post(own, new.clone()).await.expect(201);
        let token = made.text_at("/token");
        let listed = admin.get(own).await.expect(200);
        assert_eq!(listed.at("/data/0/name"), "Script");
        assert_eq!(listed.at("/data/0/permissions"), json!(["users.view"]));
        assert!(!listed.text().contains(&token));
        let users = format!("/api/v1/organizations/{acme}/users");
        let by = app.bearer(&token);
        by.get(&users).await.expect(200);
        by.post(&format!("/api/v1/organizations/{acme}/invites"), standard("x@example.com")).await
            .expect_problem(403, "forbidden");
        // FL38: to make her own, to see those of others and to revoke them are three permissions.
        let grace_made = grace.post(own, new.clone()).await.expect(201).text_at("/id");
        let theirs = format!("/api/v1/organizations/{acme}/tokens?kind=personal");
        let path = format!("/api/v1/tokens/{grace_made}");
        for permission in ["tokens.create", "tokens.view", "tokens.revoke"] {
            assert!(allowed(&app, &acme, &hedy, permission).await, "{permission}");
        }
        admin.get(&theirs).await.expect(200);
        admin.delete(&path).await.expect(204);
        // FL40: it rests with her, and dies with her.
        let verb = |verb: &str| format!("/api/v1/users/{hedy}/{verb}");
        app.operator().post(&verb("suspend"), json!({})).await.expect(200);
        by.get(&users).await.expect_problem(401, "unauthenticated");
        app.operator().post(&verb("resume"), json!({})).await.expect(200);
        by.get(&users).await.expect(200);
        app.operator().delete(&format!("/api/v1/users/{hedy}")).await.expect(204);
        by.get(&users).await.expect_problem(401, "unauthenticated");
        app.run_worker().await;
    }
}

/// Whom an owner adds, with a role and a login type.
fn add(email: &str, role: &str, login_type: &str) -> Value {
    json!({"email": email, "role": role, "login_type": login_type})
}

async fn came(app: &TestApp, owner: &Caller, organization: &str, body: Value) -> Caller {
    let invites = format!("/api/v1/organizations/{organization}/invites");
    let email = body["email"].as_str().unwrap().to_owned();
    owner.post(&invites, body).await.expect(201);
    accept(app, &app.mail_to(&email).await.link()).await
}

on_both_engines! {
    of "media-cloud":
    async fn users_of_many_levels_stand_under_one_owner_at_least_me1_me2_me20(app: TestApp) {
        let acme = app.organization("Acme").await;
        // ME2: the operator gives a new organization its first owner; one stays, whoever asks.
        let owner = somebody(&app, &acme, "grace@example.com", "owner").await;
        for (at, role) in ["image-admin", "image-developer", "image-analyst", "video-admin",
            "accountant"].iter().enumerate() {
            let body = add(&format!("u{at}@example.com"), role, "password");
            came(&app, &owner, &acme, body).await;
        }
        let users = format!("/api/v1/organizations/{acme}/users");
        let listed = owner.get(&users).await.expect(200);
        assert_eq!(listed.at("/data").as_array().unwrap().len(), 6, "ME20: all are visible");
        let path = format!("/api/v1/users/{}", id(&app, &acme, "grace").await);
        owner.delete(&path).await.expect_problem(409, "last-holder");
        let grants = format!("{path}/access");
        let grant = app.operator().get(&grants).await.expect(200).text_at("/grants/0/id");
        let taken = owner.delete(&format!("/api/v1/grants/{grant}")).await;
        taken.expect_problem(409, "last-holder");
    }

    async fn adding_users_billing_details_and_the_key_are_the_owners_me3_to_me5(app: TestApp) {
        let acme = app.organization("Acme").await;
        let owner = somebody(&app, &acme, "grace@example.com", "owner").await;
        let admin =
            came(&app, &owner, &acme, add("ada@example.com", "image-admin", "password")).await;
        let (grace, ada) = (id(&app, &acme, "grace").await, id(&app, &acme, "ada").await);
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let more = add("x@example.com", "accountant", "password");
        admin.post(&invites, more.clone()).await.expect_problem(403, "forbidden");
        owner.post(&invites, more).await.expect(201);
        for permission in ["billing.details.manage", "api_key.view", "users.add"] {
            assert!(allowed(&app, &acme, &grace, permission).await, "{permission}");
            assert!(!allowed(&app, &acme, &ada, permission).await, "{permission}");
        }
        let tokens = format!("/api/v1/organizations/{acme}/tokens");
        let key = json!({"name": "Key", "permissions": ["users.view"]});
        admin.post(&tokens, key.clone()).await.expect_problem(403, "forbidden");
        owner.post(&tokens, key).await.expect(201);
        app.run_worker().await;
    }

    async fn adding_asks_email_role_and_login_type_which_is_enforced_me19(app: TestApp) {
        let acme = app.organization("Acme").await;
        let owner = somebody(&app, &acme, "grace@example.com", "owner").await;
        let invites = format!("/api/v1/organizations/{acme}/invites");
        for (body, pointer) in [
            (json!({"role": "accountant", "login_type": "password"}), "missing field `email`"),
            (json!({"email": "nobody", "role": "accountant"}), "/email"),
            (add("a@example.com", "nobody", "password"), "/role"),
            (add("a@example.com", "accountant", "telepathy"), "/login_type"),
        ] {
            let refused = owner.post(&invites, body).await;
            refused.expect_problem(422, "invalid");
            assert!(refused.text().contains(pointer), "{pointer}: {refused}");
        }
        owner.post(&invites, add("sso@example.com", "accountant", "sso")).await.expect(201);
        let link = app.mail_to("sso@example.com").await.link();
        let page = browser(&app).get(&link).await.expect(200);
        assert!(!page.text().contains("type=\"password\""), "{page}");
        let forced = browser(&app).post_form(&link, &[("password", PASSWORD)]).await;
        assert_eq!(forced.status, 403, "{forced}");
        came(&app, &owner, &acme, add("pw@example.com", "accountant", "password")).await;
        let shown = user(&app, &acme, "pw@example.com").await;
        assert_eq!((&shown["login_type"], &shown["roles"][0]["role"]),
            (&json!("password"), &json!("accountant")));
    }

    async fn an_owner_edits_the_role_of_any_user_and_deletes_any_me21_me22(app: TestApp) {
        let acme = app.organization("Acme").await;
        let owner = somebody(&app, &acme, "grace@example.com", "owner").await;
        let ada =
            came(&app, &owner, &acme, add("ada@example.com", "image-developer", "password")).await;
        let path = format!("/api/v1/users/{}", id(&app, &acme, "ada").await);
        let grants = format!("{path}/grants");
        let access = owner.get(&format!("{path}/access")).await.expect(200);
        let etag = access.header("etag").to_owned();
        let with = owner.clone().with_header("if-match", &etag);
        let origin = with.put(&grants, json!({"grants": [{"role": "video-analyst"}]})).await;
        origin.expect(200);
        let roles = user(&app, &acme, "ada").await["roles"].clone();
        assert_eq!(roles.as_array().unwrap().len(), 1, "{roles}");
        assert_eq!(roles[0]["role"], "video-analyst");
        ada.put(&grants, json!({"grants": []})).await.expect_problem(403, "forbidden");
        ada.delete(&path).await.expect_problem(403, "forbidden");
        owner.delete(&path).await.expect(204);
        ada.get("/me").await.expect(401);
        assert!(user(&app, &acme, "ada").await.is_null());
        invite(&app, &acme, add("ada@example.com", "accountant", "password")).await.expect(201);
        app.run_worker().await;
    }
}
