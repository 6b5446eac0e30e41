//! Who may invite whom to what, at sending and again at accepting; sites; partners; removal.

use serde_json::{Value, json};

use super::{accept, browser, invite, somebody, user};
use crate::support::{Caller, Reply, TestApp};

async fn by(who: &Caller, organization: &str, body: Value) -> Reply {
    who.post(&format!("/api/v1/organizations/{organization}/invites"), body).await
}

async fn site(app: &TestApp, organization: &str, key: &str) {
    let path = format!("/api/v1/organizations/{organization}/resources/site/{key}");
    app.operator().put(&path, json!({"name": key})).await.expect(201);
}

on_both_engines! {
    async fn people_invite_to_roles_that_theirs_assign_and_to_no_others(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let planner = somebody(&app, &acme, "pm@example.com", "operation-project-manager").await;
        let auditor = somebody(&app, &acme, "aud@example.com", "auditor").await;
        let to = |email: &str, role: &str| json!({"email": email, "role": role});
        by(&admin, &acme, to("a@example.com", "org-admin")).await.expect(201);
        by(&planner, &acme, to("b@example.com", "field-worker")).await.expect(201);
        for role in ["auditor", "org-admin", "operation-manager"] {
            let refused = by(&planner, &acme, to("c@example.com", role)).await;
            refused.expect_problem(403, "forbidden");
        }
        let refused = by(&auditor, &acme, to("d@example.com", "field-worker")).await;
        refused.expect_problem(403, "forbidden");
        let mail = app.mail_to("a@example.com").await;
        assert_eq!(mail.subject, "grace@example.com invites you to Acme".replace("@example.com",
            " example com"), "a login in a mail is no link");
    }

    async fn access_to_sites_is_chosen_apart_from_the_role(app: TestApp) {
        let acme = app.organization("Acme").await;
        for key in ["lyon", "paris"] {
            site(&app, &acme, key).await;
        }
        let body = json!({"email": "ada@example.com", "role": "auditor", "sites": ["lyon"]});
        invite(&app, &acme, body).await.expect(201);
        let link = app.mail_to("ada@example.com").await.link();
        let page = browser(&app).get(&link).await.expect(200);
        assert!(page.text().contains("lyon") && !page.text().contains("paris"), "{page}");
        accept(&app, &link).await;
        let ada = user(&app, &acme, "ada").await;
        let decide = async |site: &str| {
            let ask = json!({"subject": {"type": "user", "id": ada["id"]},
                "action": {"name": "media.view"}, "resource": {"type": "site", "id": site},
                "context": {"organization": acme}});
            let asked = app.operator().post("/access/v1/evaluation", ask).await.expect(200);
            asked.at("/decision").as_bool().unwrap()
        };
        assert!(decide("lyon").await && !decide("paris").await);
    }

    async fn what_the_inviter_may_not_give_any_more_is_not_given(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let planner = somebody(&app, &acme, "pm@example.com", "operation-project-manager").await;
        let body = json!({"email": "ada@example.com", "role": "field-worker"});
        by(&planner, &acme, body).await.expect(201);
        let link = app.mail_to("ada@example.com").await.link();
        let pm = user(&app, &acme, "pm@").await;
        let path = format!("/api/v1/users/{}/access", pm["id"].as_str().unwrap());
        let access = app.operator().get(&path).await.expect(200);
        let grant = access.text_at("/grants/0/id");
        app.operator().delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        accept(&app, &link).await;
        let ada = user(&app, &acme, "ada").await;
        assert_eq!((&ada["status"], &ada["roles"]), (&json!("active"), &json!([])));
        let told = app.events(&acme, "invite.grants_withheld").await;
        assert_eq!(told[0]["data"]["count"], 1);
    }

    async fn removing_somebody_ends_the_invites_that_she_sent(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let planner = somebody(&app, &acme, "pm@example.com", "operation-project-manager").await;
        for email in ["ada@example.com", "bob@example.com"] {
            let body = json!({"email": email, "role": "field-worker"});
            by(&planner, &acme, body).await.expect(201);
        }
        accept(&app, &app.mail_to("bob@example.com").await.link()).await;
        let link = app.mail_to("ada@example.com").await.link();
        let pm = user(&app, &acme, "pm@").await;
        let path = format!("/api/v1/users/{}", pm["id"].as_str().unwrap());
        app.operator().delete(&path).await.expect(204);
        browser(&app).get(&link).await.expect(404);
        assert!(user(&app, &acme, "ada").await.is_null(), "she came by it alone");
        assert_eq!(user(&app, &acme, "bob").await["status"], "active", "he had accepted");
        planner.get("/me").await.expect(401);
    }

    async fn a_partner_is_asked_for_and_the_operator_agrees(app: TestApp) {
        let acme = app.organization("Acme").await;
        let operator = app.operator();
        let people = "/api/v1/organizations/operator/users";
        let eve = json!({"user_name": "eve@vendor.example", "email": "eve@vendor.example"});
        let eve = operator.post(people, eve).await.expect(201).text_at("/id");
        let ask = |email: &str| json!({"email": email, "class": "partner", "role": "annotator"});
        let there = invite(&app, &acme, ask("eve@vendor.example")).await.expect(201);
        let nobody = invite(&app, &acme, ask("no@vendor.example")).await.expect(201);
        for field in ["/status", "/user_id", "/class", "/grants", "/delivery"] {
            assert_eq!(there.at(field), nobody.at(field), "{field}");
        }
        assert!(app.mails_to("eve@vendor.example").await.is_empty());
        assert!(user(&app, "operator", "no@vendor").await.is_null());
        let path = format!("/api/v1/invites/{}/confirm", there.text_at("/id"));
        let confirmed = operator.post(&path, json!({"user_id": eve})).await.expect(200);
        assert_eq!(confirmed.at("/status"), "accepted");
        let listed = operator
            .get(&format!("/api/v1/organizations/{acme}/users?class=partner"))
            .await
            .expect(200);
        assert_eq!(listed.at("/data/0/id"), json!(eve));
        assert_eq!(listed.at("/data/0/roles/0/source"), "guest");
        operator.post(&path, json!({"user_id": eve})).await.expect_problem(409, "conflict");
        // Removing her here leaves her elsewhere.
        operator.get(&format!("/api/v1/users/{eve}")).await.expect(200);
    }

    async fn at_most_a_thousand_people_are_invited_in_a_day(app: TestApp) {
        let acme = app.organization("Acme").await;
        for at in 0..3 {
            invite(&app, &acme, json!({"email": format!("u{at}@example.com")})).await.expect(201);
        }
        let more = portico::domain::invite::A_DAY_MAX - 3;
        crate::people::secrets::copy_invites(&app, more).await;
        let one = json!({"email": "one@example.com"});
        let refused = invite(&app, &acme, one.clone()).await;
        refused.expect_problem(429, "rate-limited");
        assert_eq!(refused.header("retry-after"), "86400");
        app.advance_s(86_400);
        invite(&app, &acme, one).await.expect(201);
        app.run_worker().await;
    }
}
