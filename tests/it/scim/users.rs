//! Users from create to delete.

use serde_json::json;

use super::{
    ENTERPRISE, USER, client, filter, made_group, made_user, members, operations, refused, user,
};
use crate::support::TestApp;

on_both_engines! {
    async fn a_user_is_created_read_changed_and_deleted(app: TestApp) {
        let scim = client(&app, "generic").await;
        let body = json!({
            "schemas": [USER, ENTERPRISE], "id": "mine", "userName": "Ada@example.org",
            "externalId": "X1", "name": {"givenName": "Ada", "familyName": "Lovelace"},
            "emails": [{"value": "ada@example.org", "type": "work", "primary": true}],
            "title": null, "roles": [], "meta": {"resourceType": "User"},
            ENTERPRISE: {"department": "Engines"}, "unknownThing": 1, "password": "x",
        });
        let made = scim.post("/Users", body).await.expect(201);
        let id = made.text_at("/id");
        assert_ne!(id, "mine");
        assert_eq!(made.header("location"), made.text_at("/meta/location"));
        assert_eq!(made.header("location"), format!("{}/scim/v2/Users/{id}", app.url));
        assert_eq!(made.header("etag"), made.text_at("/meta/version"));
        assert_eq!(made.text_at("/meta/created"), made.text_at("/meta/lastModified"));
        assert_eq!(made.at("/active"), json!(true));
        assert_eq!(made.at("/schemas"), json!([USER, ENTERPRISE]));
        for absent in ["title", "roles", "unknownThing", "password", "groups"] {
            assert!(made.json().get(absent).is_none(), "{absent}\n{made}");
        }

        let read = scim.get(&format!("/Users/{id}")).await.expect(200);
        assert_eq!(read.json(), made.json());

        app.advance_s(1);
        let changed = scim
            .patch(&format!("/Users/{id}"), operations(json!([
                {"op": "replace", "path": "name.givenName", "value": "Augusta"},
                {"op": "add", "path": "nickName", "value": "Countess"},
                {"op": "remove", "path": ENTERPRISE},
            ])))
            .await
            .expect(200);
        assert_eq!(changed.text_at("/name/givenName"), "Augusta");
        assert_eq!(changed.at("/schemas"), json!([USER]));
        assert_ne!(changed.header("etag"), made.header("etag"));
        assert!(changed.text_at("/meta/lastModified") > made.text_at("/meta/lastModified"));

        let replaced =
            scim.put(&format!("/Users/{id}"), user("ADA@example.org")).await.expect(200);
        assert_eq!(replaced.text_at("/userName"), "ADA@example.org");
        assert!(replaced.json().get("name").is_none(), "{replaced}");
        assert!(replaced.json().get("externalId").is_none(), "{replaced}");
        assert_eq!(replaced.at("/active"), json!(true));

        scim.delete(&format!("/Users/{id}")).await.expect(204);
        refused(&scim.get(&format!("/Users/{id}")).await, 404, None);
        refused(&scim.delete(&format!("/Users/{id}")).await, 404, None);
        let listed = scim.get(&filter("/Users", "userName eq \"ada@example.org\"")).await;
        assert_eq!(listed.at("/totalResults"), json!(0));
        let again = made_user(&scim, "ada@example.org").await;
        assert_ne!(again, id);
    }

    async fn a_write_that_changes_nothing_leaves_version_and_time(app: TestApp) {
        let scim = client(&app, "generic").await;
        let body = json!({"schemas": [USER], "userName": "ada", "title": "Countess"});
        let made = scim.post("/Users", body.clone()).await.expect(201);
        let path = format!("/Users/{}", made.text_at("/id"));
        app.advance_s(60);
        let same = scim.put(&path, body).await.expect(200);
        assert_eq!(same.json(), made.json());
        let add = operations(json!([{"op": "add", "path": "title", "value": "Countess"}]));
        assert_eq!(scim.patch(&path, add).await.expect(200).json(), made.json());
        assert_eq!(scim.patch(&path, operations(json!([]))).await.expect(200).json(), made.json());
    }

    async fn a_patch_that_fails_leaves_no_trace(app: TestApp) {
        let scim = client(&app, "generic").await;
        let made = scim.post("/Users", user("ada")).await.expect(201);
        let path = format!("/Users/{}", made.text_at("/id"));
        let failing = scim
            .patch(&path, operations(json!([
                {"op": "add", "path": "title", "value": "x"},
                {"op": "replace", "path": "active", "value": false},
                {"op": "replace", "path": "colour", "value": "red"},
            ])))
            .await;
        refused(&failing, 400, Some("invalidPath"));
        assert_eq!(scim.get(&path).await.expect(200).json(), made.json());
    }

    async fn a_taken_name_is_a_conflict_in_any_letter_case_and_can_be_found(app: TestApp) {
        let scim = client(&app, "generic").await;
        let first = json!({"schemas": [USER], "userName": "Ada", "externalId": "X1"});
        let made = scim.post("/Users", first).await.expect(201);
        for (body, attribute) in [
            (json!({"schemas": [USER], "userName": "aDA"}), "userName"),
            (json!({"schemas": [USER], "userName": "eve", "externalId": "X1"}), "externalId"),
        ] {
            let reply = scim.post("/Users", body).await;
            refused(&reply, 409, Some("uniqueness"));
            assert!(reply.text_at("/detail").contains(attribute), "{reply}");
        }
        for text in ["userName eq \"ADA\"", "externalId eq \"X1\""] {
            let found = scim.get(&filter("/Users", text)).await.expect(200);
            assert_eq!(found.at("/Resources/0/id"), made.at("/id"), "{found}");
        }
        let other = made_user(&scim, "eve").await;
        let rename = operations(json!([{"op": "replace", "path": "userName", "value": "ADA"}]));
        refused(&scim.patch(&format!("/Users/{other}"), rename).await, 409, Some("uniqueness"));
        // Letter case distinguishes external ids.
        let exact = json!({"schemas": [USER], "userName": "max", "externalId": "x1"});
        scim.post("/Users", exact).await.expect(201);
    }

    async fn a_deactivated_user_stays_a_member_and_can_be_found(app: TestApp) {
        let scim = client(&app, "generic").await;
        let id = made_user(&scim, "ada").await;
        let group = made_group(&scim, "Engineers", &[&id]).await;
        let path = format!("/Users/{id}");
        let off = operations(json!([{"op": "replace", "value": {"active": false}}]));
        let reply = scim.patch(&path, off).await.expect(200);
        assert_eq!(reply.at("/active"), json!(false));
        assert_eq!(reply.at("/groups/0/value"), json!(group));
        // Leaving `active` out, or removing it, revives nobody.
        assert_eq!(scim.put(&path, user("ada")).await.expect(200).at("/active"), json!(false));
        let found = scim.get(&filter("/Users", "active eq false")).await.expect(200);
        assert_eq!(found.at("/totalResults"), json!(1));
        let remove = operations(json!([{"op": "remove", "path": "active"}]));
        let removed = scim.patch(&path, remove).await.expect(200);
        assert!(removed.json().get("active").is_none(), "{removed}");
        let kept = app.operator().get(&format!("/api/v1/users/{id}")).await.expect(200);
        assert_eq!(kept.at("/status"), json!("suspended"));
        assert_eq!(members(&scim, &group).await, [id]);
    }

    async fn texts_come_back_as_they_were_sent(app: TestApp) {
        let scim = client(&app, "generic").await;
        let body = json!({
            "schemas": [USER], "userName": "  Zoe\u{308} \u{1f600} ",
            "phoneNumbers": [{"value": "+49 (0) 30 / 1234", "type": "mobile"}],
            "nickName": "%_\\ \"x\" </script>", "locale": "English (odd)",
        });
        let made = scim.post("/Users", body.clone()).await.expect(201);
        let read = scim.get(&format!("/Users/{}", made.text_at("/id"))).await.expect(200).json();
        for name in ["userName", "phoneNumbers", "nickName", "locale"] {
            assert_eq!(read[name], body[name]);
        }
    }

    async fn an_answer_below_the_directory_points_there_and_not_to_the_host_header(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let base = format!("/scim/{directory}/v2");
        let caller = app.bearer(&token);
        let made = caller.post(&format!("{base}/Users"), user("ada")).await.expect(201);
        let wanted = format!("{}{base}/Users/{}", app.url, made.text_at("/id"));
        assert_eq!(made.text_at("/meta/location"), wanted);
        let other = app.scim(&token).with_header("x-forwarded-host", "evil.example");
        let read = other.get(&format!("/Users/{}", made.text_at("/id"))).await.expect(200);
        assert!(read.text_at("/meta/location").starts_with(&format!("{}/scim/v2/", app.url)));
    }
}
