//! `bulkId:x` in the place of an id (C137, C138).

use serde_json::{Value, json};

use super::super::{ENTERPRISE, sorted};
use super::*;

/// A create of a user with a manager.
fn managed(name: &str, manager: &str) -> Value {
    let mut body = user(name);
    body[ENTERPRISE] = json!({"manager": {"value": manager}});
    made("/Users", name, body)
}

async fn managed_by(scim: &Caller, id: &str) -> Value {
    let read = scim.get(&format!("/Users/{id}")).await.expect(200).json();
    read[ENTERPRISE]["manager"]["value"].clone()
}

/// A PUT of a user.
fn replaced(path: &str, data: &Value) -> Value {
    json!({"method": "PUT", "path": path, "data": data})
}

on_both_engines! {
    async fn references_lead_to_what_is_made_in_whichever_order_c137(app: TestApp) {
        let scim = client(&app, "generic").await;
        let crew = made("/Groups", "g", group("G", &["bulkId:ada", "bulkId:eve"]));
        for reverse in [false, true] {
            let mut all = vec![
                create("ada"), managed("eve", "bulkId:ada"), crew.clone(),
                titled("/Users/bulkId:eve", "x"), joined("/Groups/bulkId:g", "bulkId:bob"),
                managed("bob", "bulkId:eve"),
            ];
            if reverse {
                all.reverse();
            }
            let mut answers = done(&scim, &all).await;
            if reverse {
                answers.reverse();
            }
            assert_eq!(statuses(&answers), ["201", "201", "201", "200", "200", "201"]);
            let [ada, eve, group, bob] = [0, 1, 2, 5].map(|at: usize| id(&answers[at]));
            assert_eq!(managed_by(&scim, &eve).await, json!(ada));
            assert_eq!(managed_by(&scim, &bob).await, json!(eve));
            assert_eq!(members(&scim, &group).await, sorted(&[&ada, &eve, &bob]));
            assert_eq!(scim.get(&format!("/Users/{eve}")).await.text_at("/title"), "x");
            assert_eq!(answers[3]["location"], answers[1]["location"]);
            for path in [ada, eve, bob].map(|id| format!("/Users/{id}")) {
                scim.delete(&path).await.expect(204);
            }
            scim.delete(&format!("/Groups/{group}")).await.expect(204);
        }
    }

    async fn references_stand_in_every_spelling_of_a_change_c137(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ada = made_user(&scim, "ada").await;
        let crew = made_group(&scim, "Crew", &[&ada]).await;
        let (of_ada, of_crew) = (format!("/Users/{ada}"), format!("/Groups/{crew}"));
        let manager_path = format!("{ENTERPRISE}:manager");
        let patch = |path: &str, steps: Value| {
            json!({"method": "PATCH", "path": path, "data": operations(steps)})
        };
        let mut body = user("ada");
        body[ENTERPRISE] = json!({"manager": "bulkId:eve"});
        let answers = done(&scim, &[
            patch(&of_crew, json!([{"op": "add", "value": {"members": [{"value": "bulkId:eve"}]}}])),
            patch(&of_crew, json!([{"op": "add", "path": "members", "value": "bulkId:bob"}])),
            patch(&of_crew, json!([{"op": "remove", "path": "members[value eq \"bulkId:eve\"]"}])),
            patch(&of_ada, json!([{"op": "add", "path": manager_path, "value": "bulkId:bob"}])),
            replaced(&of_ada, &body),
            create("eve"), create("bob"),
        ]).await;
        assert_eq!(statuses(&answers), ["200", "200", "200", "200", "200", "201", "201"]);
        let (eve, bob) = (id(&answers[5]), id(&answers[6]));
        assert_eq!(members(&scim, &crew).await, sorted(&[&ada, &bob]));
        assert_eq!(managed_by(&scim, &ada).await, json!(eve));
        let put = group("Crew", &["bulkId:new", &eve]);
        let answers = done(&scim, &[replaced(&of_crew, &put), create("new")]).await;
        assert_eq!(statuses(&answers), ["200", "201"]);
        assert_eq!(members(&scim, &crew).await, sorted(&[&eve, &id(&answers[1])]));
    }

    async fn a_text_that_looks_like_a_reference_is_a_text_c27(app: TestApp) {
        let scim = client(&app, "generic").await;
        let answers = done(&scim, &[made("/Users", "x", user("bulkId:y"))]).await;
        assert_eq!(statuses(&answers), ["201"]);
        let read = scim.get(&format!("/Users/{}", id(&answers[0]))).await;
        assert_eq!(read.text_at("/userName"), "bulkId:y");
    }

    async fn what_refers_to_nothing_is_an_invalid_value_c138(app: TestApp) {
        let scim = client(&app, "generic").await;
        let taken = made_user(&scim, "taken").await;
        let put = json!({"method": "PUT", "path": format!("/Users/{taken}"), "bulkId": "put",
            "data": user("taken")});
        let answers = done(&scim, &[
            managed("a", "bulkId:nobody"), titled("/Users/bulkId:nobody", "x"), create("taken"),
            made("/Groups", "g", group("G", &["bulkId:taken"])), joined("/Groups/bulkId:g", &taken),
            put, managed("b", "bulkId:put"), managed("c", "bulkId:b"), create("fine"),
        ]).await;
        let expected = ["400", "400", "409", "400", "400", "200", "400", "400", "201"];
        assert_eq!(statuses(&answers), expected);
        for at in [0, 1, 3, 4, 6, 7] {
            assert_eq!(answers[at]["response"]["scimType"], "invalidValue", "{}", answers[at]);
            assert!(answers[at]["response"]["detail"].as_str().unwrap().contains("bulkId:"));
        }
        assert_eq!(total(&scim, "/Users").await, json!(2));
        assert_eq!(total(&scim, "/Groups").await, json!(0));
        let twice = bulk(&[create("x"), made("/Groups", "x", group("X", &[]))]);
        refused(&scim.post("/Bulk", twice).await, 400, Some("invalidSyntax"));
        assert_eq!(total(&scim, "/Users").await, json!(2));
    }

    async fn groups_refer_to_groups_that_come_later_c137(app: TestApp) {
        let scim = client(&app, "generic").await;
        let answers = done(&scim, &[
            made("/Groups", "outer", group("Outer", &["bulkId:middle", "bulkId:ada"])),
            made("/Groups", "middle", group("Middle", &["bulkId:inner"])),
            made("/Groups", "inner", group("Inner", &["bulkId:ada"])),
            create("ada"),
        ]).await;
        assert_eq!(statuses(&answers), ["201"; 4]);
        let [outer, middle, inner, ada] = [0, 1, 2, 3].map(|at: usize| id(&answers[at]));
        assert_eq!(members(&scim, &outer).await, sorted(&[&middle, &ada]));
        assert_eq!(members(&scim, &middle).await, sorted(&[&inner]));
        assert_eq!(members(&scim, &inner).await, sorted(&[&ada]));
        for (answer, version) in answers.iter().zip(["W/\"1\""; 4]) {
            assert_eq!(answer["version"], version);
        }
    }

    async fn groups_that_would_hold_each_other_are_a_conflict_and_leave_nothing_c45(app: TestApp) {
        let scim = client(&app, "generic").await;
        let answers = done(&scim, &[
            made("/Groups", "a", group("A", &["bulkId:b"])),
            made("/Groups", "b", group("B", &["bulkId:c"])),
            made("/Groups", "c", group("C", &["bulkId:a", "bulkId:ada"])),
            made("/Groups", "self", group("Self", &["bulkId:self"])),
            made("/Groups", "fine", group("Fine", &["bulkId:ada"])), create("ada"),
        ]).await;
        assert_eq!(statuses(&answers), ["409", "409", "409", "400", "201", "201"]);
        let said = |at: usize| answers[at]["response"]["detail"].as_str().unwrap().to_owned();
        assert!((0..3).any(|at| said(at).contains("circle of groups")), "{answers:?}");
        assert!(said(3).contains("itself"), "{}", said(3));
        assert_eq!(total(&scim, "/Groups").await, json!(1));
        app.run_worker().await;
        let path = "/api/v1/organizations/of-generic/events?types=group.created";
        let told = app.operator().get(path).await.expect(200);
        assert_eq!(told.at("/data").as_array().map(Vec::len), Some(1));
    }

    async fn a_circle_of_references_is_made_in_two_phases_c137(app: TestApp) {
        let scim = client(&app, "generic").await;
        let answers = done(&scim, &[
            managed("a", "bulkId:b"), managed("b", "bulkId:c"),
            made("/Groups", "g", group("G", &["bulkId:a", "bulkId:c"])),
            managed("c", "bulkId:a"), managed("self", "bulkId:self"),
        ]).await;
        assert_eq!(statuses(&answers), ["201"; 5]);
        let [a, b, c, alone] = [0, 1, 3, 4].map(|at: usize| id(&answers[at]));
        for (one, other) in [(&a, &b), (&b, &c), (&c, &a), (&alone, &alone)] {
            assert_eq!(managed_by(&scim, one).await, json!(other));
        }
        assert_eq!(members(&scim, &id(&answers[2])).await, sorted(&[&a, &c]));
        for answer in &answers {
            let read = scim.get(answer["location"].as_str().unwrap()).await.expect(200);
            assert_eq!(read.header("etag"), answer["version"].as_str().unwrap());
        }
    }

    async fn a_circle_that_cannot_be_made_is_a_conflict_and_leaves_nothing_c137(app: TestApp) {
        let scim = client(&app, "generic").await;
        made_user(&scim, "taken").await;
        let answers = done(&scim, &[
            managed("a", "bulkId:b"), managed("b", "bulkId:taken"), managed("taken", "bulkId:a"),
            managed("d", "bulkId:a"), create("fine"),
        ]).await;
        assert_eq!(statuses(&answers), ["409", "409", "409", "400", "201"]);
        assert_eq!(reasons(&answers)[..3], [None, None, Some("uniqueness")]);
        assert!(answers[0]["response"]["detail"].as_str().unwrap().contains("operation 3"));
        assert_eq!(total(&scim, "/Users").await, json!(2));
        app.run_worker().await;
        let path = "/api/v1/organizations/of-generic/events?types=user.created";
        let told = app.operator().get(path).await.expect(200);
        assert_eq!(told.at("/data").as_array().map(Vec::len), Some(2));
    }
}
