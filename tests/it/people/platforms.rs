//! Users and invites in the words of the platforms: FL1 to FL4, FL14 to FL18, FL38 to FL40; ME1 to
//! ME5, ME19 to ME22; FV1 to FV22.

use serde_json::json;

use super::{PASSWORD, accept, browser, invite, somebody, user};
use crate::support::TestApp;

async fn id(app: &TestApp, organization: &str, login: &str) -> String {
    user(app, organization, login).await["id"].as_str().unwrap().to_owned()
}

on_both_engines! {
    of "camera-fleet":
    async fn an_admin_of_a_camera_fleet_has_her_user_view_and_others_none(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "admin").await;
        let group = format!("/api/v1/organizations/{acme}/resources/group/north");
        app.operator().put(&group, json!({"name": "North"})).await.expect(201);
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let body = json!({"email": "ada@example.com", "role": "standard",
            "resources": ["group:north"]});
        admin.post(&invites, body).await.expect(201);
        let standard = accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let users = format!("/api/v1/organizations/{acme}/users");
        let listed = admin.get(&users).await.expect(200);
        assert_eq!(listed.at("/data").as_array().unwrap().len(), 2, "FL1");
        standard.get(&users).await.expect_problem(403, "forbidden");
        let more = json!({"email": "bob@example.com", "role": "standard"});
        standard.post(&invites, more).await.expect_problem(403, "forbidden");
        let ada = id(&app, &acme, "ada").await;
        let edit = json!({"description": "Installer"});
        admin.patch(&format!("/api/v1/users/{ada}"), edit).await.expect(200);
        let grace = id(&app, &acme, "grace").await;
        let last = admin.delete(&format!("/api/v1/users/{grace}")).await;
        last.expect_problem(409, "last-holder");
        let own = "/api/v1/me/tokens";
        let token = json!({"name": "Script", "permissions": ["users.view"]});
        standard.post(own, token.clone()).await.expect_problem(403, "forbidden");
        let made = admin.post(own, token).await.expect(201);
        app.bearer(&made.text_at("/token")).get(&users).await.expect(200);
        admin.delete(&format!("/api/v1/users/{ada}")).await.expect(204);
        standard.get("/me").await.expect(401);
    }
}

on_both_engines! {
    of "media-cloud":
    async fn an_owner_of_a_media_cloud_alone_adds_users_with_a_login_type(app: TestApp) {
        let acme = app.organization("Acme").await;
        let owner = somebody(&app, &acme, "grace@example.com", "owner").await;
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let add = |email: &str, role: &str| {
            json!({"email": email, "role": role, "login_type": "password"})
        };
        owner.post(&invites, add("ada@example.com", "developer")).await.expect(201);
        let ada = accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let found = user(&app, &acme, "ada").await;
        assert_eq!(found["roles"][0]["role"], "image-developer", "an old name is never shown");
        assert_eq!(found["login_type"], "password");
        let refused = ada.post(&invites, add("b@example.com", "accountant")).await;
        refused.expect_problem(403, "forbidden");
        let bare = owner.post(&invites, add("c@example.com", "image-source-specific")).await;
        bare.expect_problem(422, "invalid");
        assert_eq!(bare.at("/errors/0/code"), "resources-required");
        // An image role and a video role together; then another role instead.
        let id = found["id"].as_str().unwrap();
        let grants = format!("/api/v1/users/{id}/grants");
        owner.post(&grants, json!({"role": "video-analyst"})).await.expect(201);
        assert_eq!(user(&app, &acme, "ada").await["roles"].as_array().unwrap().len(), 2);
        owner.delete(&format!("/api/v1/users/{id}")).await.expect(204);
        ada.get("/me").await.expect(401);
        let grace = crate::people::user(&app, &acme, "grace").await;
        let path = format!("/api/v1/users/{}", grace["id"].as_str().unwrap());
        owner.delete(&path).await.expect_problem(409, "last-holder");
    }
}

on_both_engines! {
    async fn a_day_in_the_life_of_a_user(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        for key in ["lyon", "paris"] {
            let site = format!("/api/v1/organizations/{acme}/resources/site/{key}");
            app.operator().put(&site, json!({"name": key})).await.expect(201);
        }
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let body = json!({"email": "ada@example.com", "first_name": "Ada",
            "last_name": "Lovelace", "description": "Engines", "role": "project-manager",
            "sites": ["lyon"]});
        let sent = admin.post(&invites, body).await.expect(201);
        let old = app.mail_to("ada@example.com").await.link();
        assert_eq!(user(&app, &acme, "ada").await["status"], "invite_pending");
        app.advance_s(8 * 86_400);
        assert_eq!(user(&app, &acme, "ada").await["status"], "invite_expired");
        // Her admin signs in anew: sessions end too.
        let admin = browser(&app);
        let fields = [("user_name", "grace@example.com"), ("password", PASSWORD)];
        admin.post_form("/sign-in/password", &fields).await.expect(303);
        let resend = format!("/api/v1/invites/{}/resend", sent.text_at("/id"));
        admin.post(&resend, json!({})).await.expect(200);
        browser(&app).get(&old).await.expect(404);
        let ada = accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let found = user(&app, &acme, "ada").await;
        assert_eq!((&found["status"], &found["class"]), (&json!("active"), &json!("member")));
        assert!(found["last_sign_in_at"].as_str().unwrap().starts_with("2026-11-29"));
        let edit = json!({"description": "Analytical engines", "first_name": "Augusta"});
        let path = format!("/api/v1/users/{}", found["id"].as_str().unwrap());
        admin.patch(&path, edit).await.expect(200);
        let remove = format!("/api/v1/organizations/{acme}/users/remove");
        let done = admin.post(&remove, json!({"ids": [found["id"]]})).await.expect(200);
        assert_eq!(done.at("/results/0/status"), "removed");
        ada.get("/me").await.expect(401);
        assert!(user(&app, &acme, "ada").await.is_null());
        let again = json!({"email": "ada@example.com"});
        invite(&app, &acme, again).await.expect(201);
        app.run_worker().await;
    }
}
