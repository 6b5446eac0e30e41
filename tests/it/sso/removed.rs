//! Who was deleted by her directory, and who has her names after her (S18, S29).

use serde_json::json;

use crate::support::{SignIn, TestApp};

on_both_engines! {
    async fn who_was_deleted_gets_in_nowhere_and_a_newer_one_inherits_nothing_s29(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let scim = app.scim(&token);
        let provider = SignIn::connect(&app, &organization, &directory, &[]).await;
        let browser = || app.browser().with_header("origin", &app.url);
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "externalId": "ext-ada"});
        let ada = scim.post("/Users", body.clone()).await.expect(201).text_at("/id");
        let grants = format!("/api/v1/users/{ada}/grants");
        app.operator().post(&grants, json!({"role": "auditor"})).await.expect(201);
        let first = browser();
        provider.by(&first, "ext-ada").await;
        first.get("/me").await.expect(200);
        scim.delete(&format!("/Users/{ada}")).await.expect(204);
        first.get("/me").await.expect_problem(401, "unauthenticated");
        // Her sign-in finds nobody and makes nobody.
        app.advance_s(1);
        let refused = provider.by(&browser(), "ext-ada").await;
        assert_eq!(refused.status, 403, "{refused}");
        assert!(refused.text().contains("user_removed"), "{refused}");
        assert_eq!(scim.get("/Users").await.expect(200).at("/totalResults"), 0);
        // A newer user takes the name at her first sign-in, and nothing else.
        app.advance_s(1);
        let newer = scim.post("/Users", body).await.expect(201).text_at("/id");
        assert_ne!(newer, ada);
        let second = browser();
        provider.by(&second, "ext-ada").await;
        let me = second.get("/me").await.expect(200);
        assert_eq!((me.at("/user/id"), me.at("/roles")), (json!(newer), json!([])));
    }
}
