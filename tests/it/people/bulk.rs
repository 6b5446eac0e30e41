//! Removing many at once: an answer for each, and somebody must stay.

use serde_json::{Value, json};

use super::{browser, invite, somebody, user};
use crate::support::{Caller, TestApp};

async fn remove(who: &Caller, organization: &str, ids: &[&str]) -> Value {
    let path = format!("/api/v1/organizations/{organization}/users/remove");
    who.post(&path, json!({"ids": ids})).await.expect(200).json()
}

async fn id(app: &TestApp, organization: &str, login: &str) -> String {
    user(app, organization, login).await["id"].as_str().unwrap().to_owned()
}

on_both_engines! {
    async fn each_user_has_an_answer_and_the_others_go_when_one_fails(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let ada = somebody(&app, &acme, "ada@example.com", "auditor").await;
        invite(&app, &acme, json!({"email": "bob@example.com"})).await.expect(201);
        let link = app.mail_to("bob@example.com").await.link();
        let ids = [
            id(&app, &acme, "ada").await,
            id(&app, &acme, "grace").await,
            id(&app, &acme, "bob").await,
        ];
        let nobody = "018f0000-0000-7000-8000-000000000000";
        let all = [ids[0].as_str(), &ids[1], &ids[2], nobody, "x"];
        let done = remove(&admin, &acme, &all).await;
        let status = |at: usize| done["results"][at]["status"].as_str().unwrap().to_owned();
        let code = |at: usize| done["results"][at]["problem"]["code"].clone();
        assert_eq!((status(0), status(2)), ("removed".to_owned(), "removed".to_owned()));
        assert_eq!(code(1), "last-holder");
        assert!(code(3) == "not-found" || code(3) == "forbidden", "{done}");
        assert_eq!(code(4), "not-found");
        ada.get("/me").await.expect(401);
        browser(&app).get(&link).await.expect(404);
        admin.get("/me").await.expect(200);
        assert_eq!(app.events(&acme, "user.removed").await.len(), 2);
    }

    async fn all_admins_together_stay_although_each_alone_could_go(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        somebody(&app, &acme, "hedy@example.com", "org-admin").await;
        let (grace, hedy) = (id(&app, &acme, "grace").await, id(&app, &acme, "hedy").await);
        let done = remove(&app.operator(), &acme, &[&grace, &hedy]).await;
        for at in 0..2 {
            assert_eq!(done["results"][at]["problem"]["code"], "last-holder", "{done}");
        }
        let done = remove(&app.operator(), &acme, &[&grace]).await;
        assert_eq!(done["results"][0], json!({"id": grace, "status": "removed"}));
    }

    async fn two_who_remove_each_other_at_once_leave_one(app: TestApp) {
        let acme = app.organization("Acme").await;
        let one = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let other = somebody(&app, &acme, "hedy@example.com", "org-admin").await;
        let (grace, hedy) = (id(&app, &acme, "grace").await, id(&app, &acme, "hedy").await);
        let path = format!("/api/v1/organizations/{acme}/users/remove");
        let (a, b) = tokio::join!(
            one.post(&path, json!({"ids": [hedy]})),
            other.post(&path, json!({"ids": [grace]})),
        );
        let removed = |reply: &crate::support::Reply| {
            reply.status == 200 && reply.json()["results"][0]["status"] == "removed"
        };
        assert!(removed(&a) != removed(&b), "{a}\n{b}");
    }

    async fn a_guest_loses_what_she_holds_here_and_stays_at_home(app: TestApp) {
        let acme = app.organization("Acme").await;
        let people = "/api/v1/organizations/operator/users";
        let eve = json!({"user_name": "eve", "email": "eve@vendor.example"});
        let eve = app.operator().post(people, eve).await.expect(201).text_at("/id");
        let give = json!({"role": "annotator", "organization": acme});
        app.operator().post(&format!("/api/v1/users/{eve}/grants"), give).await.expect(201);
        let done = remove(&app.operator(), &acme, &[&eve]).await;
        assert_eq!(done["results"][0]["status"], "removed", "{done}");
        let partners = format!("/api/v1/organizations/{acme}/users?class=partner");
        let listed = app.operator().get(&partners).await.expect(200);
        assert_eq!(listed.at("/data"), json!([]));
        app.operator().get(&format!("/api/v1/users/{eve}")).await.expect(200);
        app.run_worker().await;
    }

    async fn a_call_removes_a_bounded_number(app: TestApp) {
        let acme = app.organization("Acme").await;
        let path = format!("/api/v1/organizations/{acme}/users/remove");
        let ids = |count: usize| json!({"ids": vec!["x"; count]});
        app.operator().post(&path, ids(1_000)).await.expect(200);
        for count in [0, 1_001] {
            app.operator().post(&path, ids(count)).await.expect_problem(422, "invalid");
        }
    }
}
