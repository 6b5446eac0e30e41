//! Directories and their tokens over HTTP.

use portico::domain::directory::TOKENS_MAX;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp};

async fn make(app: &TestApp, organization: &str, body: Value) -> Reply {
    let path = format!("/api/v1/organizations/{organization}/directories");
    app.operator().post(&path, body).await
}

async fn make_token(app: &TestApp, directory: &str, body: Value) -> Reply {
    app.operator().post(&format!("/api/v1/directories/{directory}/tokens"), body).await
}

async fn tokens(app: &TestApp, directory: &str) -> Vec<Value> {
    let path = format!("/api/v1/directories/{directory}/tokens?limit=100");
    app.operator().get(&path).await.expect(200).at("/data").as_array().unwrap().clone()
}

async fn patch(app: &TestApp, directory: &str, patch: Value) -> Reply {
    app.operator().patch(&format!("/api/v1/directories/{directory}"), patch).await
}

on_both_engines! {
    async fn a_directory_says_what_to_enter_at_its_provider(app: TestApp) {
        let organization = app.organization("Acme").await;
        for profile in ["strict", "generic", "entra", "okta"] {
            let body = json!({"name": "People", "profile": profile});
            let made = make(&app, "acme", body).await.expect(201);
            let id = made.text_at("/id");
            let base = format!("{}/scim/{id}/v2", app.url);
            assert_eq!(made.at("/scim_base_url"), base);
            assert_eq!(made.at("/okta/base_url"), base);
            assert!(made.text_at("/entra/tenant_url").starts_with(&base), "{made}");
            assert_eq!(made.at("/organization_id"), organization);
            let read = app.operator().get(&format!("/api/v1/directories/{id}")).await.expect(200);
            assert_eq!(read.json(), made.json());
        }
    }

    async fn an_option_that_is_not_offered_is_refused_rather_than_ignored(app: TestApp) {
        app.organization("Acme").await;
        for (field, value) in [
            ("profile", json!("Entra")),
            ("on_provision", json!("mail")),
            ("unknown_members", json!("keep")),
            ("max_removals", json!({"window_s": 60})),
            ("max_removals", json!({"count": 0, "window_s": 60})),
            ("max_removals", json!({"count": 1, "window_s": 59})),
            ("max_removals", json!({"share": 1.5, "window_s": 60})),
            ("max_removals", json!({"count": 1})),
            ("role_ceiling", json!(["no-such-role"])),
            ("domains", json!(["018f0000-0000-7000-8000-000000000000"])),
            ("colour", json!("red")),
        ] {
            let mut body = json!({"name": "People", "profile": "strict"});
            body[field] = value;
            let refused = make(&app, "acme", body).await;
            refused.expect_problem(422, "invalid");
            let pointer = refused.text_at("/errors/0/pointer");
            assert!(pointer.starts_with(&format!("/{field}")), "{refused}");
        }
        let path = "/api/v1/organizations/acme/directories";
        assert_eq!(app.operator().get(path).await.expect(200).at("/data"), json!([]));
    }

    async fn a_domain_of_another_organization_cannot_be_listed(app: TestApp) {
        for name in ["Acme", "Globex"] {
            app.organization(name).await;
        }
        let path = "/api/v1/organizations/globex/domains";
        let body = json!({"domain": "globex.example", "verified": true});
        let theirs = app.operator().post(path, body).await.expect(201).text_at("/id");
        let body = json!({"name": "People", "profile": "strict", "domains": [theirs]});
        make(&app, "acme", body.clone()).await.expect_problem(422, "invalid");
        let made = make(&app, "globex", body).await.expect(201);
        assert_eq!(made.at("/domains"), json!([theirs]));
        // A domain that is given up leaves the directory.
        app.operator().delete(&format!("/api/v1/domains/{theirs}")).await.expect(204);
        let path = format!("/api/v1/directories/{}", made.text_at("/id"));
        assert_eq!(app.operator().get(&path).await.expect(200).at("/domains"), json!([]));
    }

    async fn a_token_is_shown_once_and_kept_as_a_digest(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "entra").await;
        let listed = tokens(&app, &directory).await;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["scopes"], json!(["scim.read", "scim.write"]));
        assert_eq!(listed[0]["created_by"]["kind"], "operator");
        let secret = token.rsplit('_').next().unwrap();
        for path in ["tokens", ""] {
            let path = format!("/api/v1/directories/{directory}/{path}");
            let shown = app.operator().get(path.trim_end_matches('/')).await.expect(200).text();
            assert!(!shown.contains(secret), "the secret is shown again");
        }
        let other = make_token(&app, &directory, json!({"name": "Second"})).await.expect(201);
        assert_ne!(other.text_at("/token"), token);
    }

    async fn a_token_that_cannot_be_is_refused(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, _) = app.directory(&organization, "strict").await;
        for (body, pointer) in [
            (json!({"name": ""}), "/name"),
            (json!({"name": "a", "scopes": []}), "/scopes"),
            (json!({"name": "a", "scopes": ["scim.all"]}), "/scopes/0"),
            (json!({"name": "a", "expires_at": "2026-11-21T10:00:00Z"}), "/expires_at"),
            (json!({"name": "a", "expires_at": "tomorrow"}), "/expires_at"),
        ] {
            let refused = make_token(&app, &directory, body).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
        }
        assert_eq!(tokens(&app, &directory).await.len(), 1);
    }

    async fn a_directory_has_so_many_tokens_and_a_revoked_one_makes_room(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, _) = app.directory(&organization, "strict").await;
        let mut last = String::new();
        for _ in 1..TOKENS_MAX {
            let made = make_token(&app, &directory, json!({"name": "One more"})).await;
            last = made.expect(201).text_at("/id");
        }
        let body = json!({"name": "Too many"});
        make_token(&app, &directory, body.clone()).await.expect_problem(409, "conflict");
        let path = format!("/api/v1/directory-tokens/{last}");
        app.operator().delete(&path).await.expect(204);
        app.operator().delete(&path).await.expect_problem(404, "not-found");
        make_token(&app, &directory, body).await.expect(201);
        assert_eq!(tokens(&app, &directory).await.len(), TOKENS_MAX);
    }

    async fn a_change_leaves_alone_what_it_does_not_name(app: TestApp) {
        app.organization("Acme").await;
        let body = json!({"name": "People", "profile": "strict"});
        let before = make(&app, "acme", body).await.expect(201);
        let id = before.text_at("/id");
        let after = patch(&app, &id, json!({"status": "disabled"})).await.expect(200);
        let mut wanted = before.json();
        wanted["status"] = json!("disabled");
        assert_eq!(after.json(), wanted);
        assert_ne!(after.header("etag"), before.header("etag"));
        let who = app.operator().with_header("if-match", before.header("etag"));
        let path = format!("/api/v1/directories/{id}");
        let stale = who.patch(&path, json!({"name": "Other"})).await;
        stale.expect_problem(412, "precondition-failed");
        for wrong in [json!({"name": null}), json!({"status": "off"}), json!({"name": ""})] {
            patch(&app, &id, wrong).await.expect_problem(422, "invalid");
        }
        assert_eq!(app.operator().get(&path).await.json(), wanted);
    }
}
