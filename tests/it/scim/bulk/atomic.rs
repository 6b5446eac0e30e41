//! An operation that fails leaves nothing behind, and its neighbours stand (C140).

use serde_json::{Value, json};

use super::super::sorted;
use super::*;

/// Names and subjects of the events of an organization, oldest first.
async fn events(app: &TestApp, organization: &str, types: &str) -> Vec<Value> {
    app.run_worker().await;
    let path = format!("/api/v1/organizations/{organization}/events?types={types}&limit=100");
    app.operator().get(&path).await.expect(200).at("/data").as_array().unwrap().clone()
}

on_both_engines! {
    async fn what_was_written_before_the_failure_is_gone_with_it(app: TestApp) {
        let scim = client(&app, "generic").await;
        let (ada, bob) = (made_user(&scim, "ada").await, made_user(&scim, "bob").await);
        let crew = made_group(&scim, "Crew", &[]).await;
        made_group(&scim, "Taken", &[]).await;
        app.advance_s(1);
        let path = format!("/Groups/{crew}");
        let both = json!([{"op": "add", "path": "members", "value": [{"value": ada}]},
            {"op": "replace", "path": "displayName", "value": "Taken"}]);
        let both = json!({"method": "PATCH", "path": path, "data": operations(both)});
        // The second of its steps fails after the first wrote rows.
        let steps = json!([{"op": "add", "path": "members", "value": [{"value": ada}]},
            {"op": "remove", "path": "members", "value": [{"value": bob}]},
            {"op": "add", "path": "members", "value": [{"value": NOBODY}]}]);
        let steps = json!({"method": "PATCH", "path": path, "data": operations(steps)});
        let answers = done(&scim, &[both, joined(&path, &bob), steps]).await;
        assert_eq!(statuses(&answers), ["409", "200", "400"]);
        assert_eq!(reasons(&answers), [Some("uniqueness"), None, Some("invalidValue")]);
        assert_eq!(members(&scim, &crew).await, std::slice::from_ref(&bob));
        assert_eq!(scim.get(&path).await.header("etag"), "W/\"2\"");
        let mut told = events(&app, "of-generic", "group.member_added").await;
        told.extend(events(&app, "of-generic", "group.member_removed").await);
        told.extend(events(&app, "of-generic", "group.updated").await);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["data"]["users"], json!([bob]));
    }

    async fn of_new_users_those_that_can_be_made_are_made(app: TestApp) {
        let scim = client(&app, "generic").await;
        made_user(&scim, "u3").await;
        app.advance_s(1);
        let mut all: Vec<Value> = (0..6).map(|at| create(&format!("u{at}"))).collect();
        all.push(made("/Users", "twice", user("U5")));
        all.push(made("/Users", "blank", user(" ")));
        all.push(create("last"));
        let answers = done(&scim, &all).await;
        let expected = ["201", "201", "201", "409", "201", "201", "409", "400", "201"];
        assert_eq!(statuses(&answers), expected);
        assert_eq!(total(&scim, "/Users").await, json!(7));
        let told = events(&app, "of-generic", "user.created").await;
        assert_eq!(told.len(), 7);
        let mut subjects: Vec<&str> =
            told.iter().map(|event| event["subject"]["id"].as_str().unwrap()).collect();
        let created = [0, 1, 2, 4, 5, 8].map(|at: usize| id(&answers[at]));
        assert!(created.iter().all(|id| subjects.contains(&id.as_str())));
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), 7, "nothing is told twice");
    }

    async fn an_inactive_user_of_okta_is_brought_back_among_new_ones_d13(app: TestApp) {
        let scim = client(&app, "okta").await;
        let body = |name: &str| {
            let mut body = user(name);
            body["externalId"] = json!(format!("00u-{name}"));
            body
        };
        let ada = scim.post("/Users", body("ada")).await.expect(201).text_at("/id");
        let off = operations(json!([{"op": "replace", "value": {"active": false}}]));
        scim.patch(&format!("/Users/{ada}"), off).await.expect(200);
        let crew = json!({"method": "POST", "path": "/Groups", "bulkId": "g",
            "data": group("G", &["bulkId:a", "bulkId:b"])});
        let answers = done(&scim, &[
            crew, made("/Users", "b", body("bob")), made("/Users", "a", body("ada")),
        ]).await;
        assert_eq!(statuses(&answers), ["201", "201", "201"]);
        assert_eq!(id(&answers[2]), ada, "it is the same user");
        let crew = members(&scim, &id(&answers[0])).await;
        assert_eq!(crew, sorted(&[&ada, &id(&answers[1])]));
    }

    async fn rules_give_access_to_users_who_came_in_bulk(app: TestApp) {
        let scim = client(&app, "generic").await;
        let rule = json!({"name": "Quality", "when": "title eq \"Inspector\"", "role": "auditor"});
        app.operator()
            .post("/api/v1/organizations/of-generic/mapping-rules", rule)
            .await
            .expect(201);
        let with = |name: &str, title: &str| {
            let mut body = user(name);
            body["title"] = json!(title);
            made("/Users", name, body)
        };
        let inspectors = [("a", "Inspector"), ("b", "Chef"), ("c", "Inspector")];
        let mut all = inspectors.map(|(name, title)| with(name, title)).to_vec();
        assert_eq!(statuses(&done(&scim, &all).await), ["201"; 3]);
        // The first fails, so the others are made one by one.
        all[1] = with("d", "Inspector");
        all[2] = with("e", "Chef");
        assert_eq!(statuses(&done(&scim, &all).await), ["409", "201", "201"]);
        let told = events(&app, "of-generic", "user.access_changed").await;
        assert_eq!(told.len(), 3, "{told:?}");
        let gained = json!([{"role": "auditor", "resource": null}]);
        assert!(told.iter().all(|event| event["data"]["gained"] == gained), "{told:?}");
        assert!(told.iter().all(|event| event["data"]["access_version"].is_i64()), "{told:?}");
    }
}
