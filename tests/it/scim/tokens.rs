//! Who may speak: tokens of directories (C163 to C169, S1 to S7).

use reqwest::Method;
use serde_json::json;

use super::{NOBODY, made_user, refused, user};
use crate::support::TestApp;

const ROUTES: [(&str, &str); 5] = [
    ("GET", "/Users"),
    ("POST", "/Users"),
    ("GET", "/Groups/x"),
    ("POST", "/Groups/.search"),
    ("GET", "/Schemas"),
];

on_both_engines! {
    async fn nobody_gets_in_without_a_good_token(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (_, token) = app.directory(&organization, "generic").await;
        let mistyped = token.replace(|c: char| c.is_ascii_lowercase(), "x");
        let forged = {
            // Well formed and with its checksum right, but of nobody.
            use portico::domain::secret::{TokenKind, new_token};
            new_token(TokenKind::Directory, portico::domain::time::Rng).text
        };
        let senders = [
            app.anonymous(),
            app.anonymous().with_header("authorization", "Bearer"),
            app.anonymous().with_header("authorization", &token),
            app.bearer(&mistyped),
            app.bearer(&forged),
            app.bearer(&token).with_header("authorization", &format!("Bearer {token}")),
            app.operator(),
        ];
        for (number, sender) in senders.into_iter().enumerate() {
            let scim = sender.with_scim();
            for (method, path) in ROUTES {
                let method: Method = method.parse().unwrap();
                let reply = scim.send(method, path, Some(("text/html", b"<".to_vec()))).await;
                refused(&reply, 401, None);
                let challenge = reply.header("www-authenticate");
                assert!(challenge.starts_with("Bearer realm="), "{reply}");
                assert_eq!(challenge.contains("invalid_token"), number > 0, "{reply}");
            }
        }
        let query = app.anonymous().with_scim().get(&format!("/Users?access_token={token}")).await;
        refused(&query, 401, None);
    }

    async fn the_scheme_may_be_in_any_letter_case_or_basic(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (_, token) = app.directory(&organization, "generic").await;
        let any = app.anonymous().with_header("authorization", &format!("bEaReR {token}"));
        any.with_scim().get("/Users").await.expect(200);
        use base64::Engine;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("portico:{token}"));
        let basic = app.anonymous().with_header("authorization", &format!("Basic {pair}"));
        basic.with_scim().get("/Users").await.expect(200);
    }

    async fn a_token_is_of_one_directory_and_tells_it_alone(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (one, token) = app.directory(&organization, "generic").await;
        let (other, _) = app.directory(&organization, "okta").await;
        let caller = app.bearer(&token);
        let id = made_user(&app.scim(&token), "ada").await;
        caller.get(&format!("/scim/{one}/v2/Users/{id}")).await.expect(200);
        caller.get(&format!("/scim/{}/v2/Users/{id}", one.to_uppercase())).await.expect(200);
        for elsewhere in [&*other, "anything", NOBODY] {
            let reply = caller.get(&format!("/scim/{elsewhere}/v2/Users/{id}")).await;
            refused(&reply, 401, None);
        }
    }

    async fn a_revoked_token_and_a_disabled_directory_are_refused_at_once(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let scim = app.scim(&token);
        made_user(&scim, "ada").await;
        let path = format!("/api/v1/directories/{directory}");
        let operator = app.operator();
        operator.patch(&path, json!({"status": "disabled"})).await.expect(200);
        let reply = scim.get("/Users").await;
        refused(&reply, 403, None);
        operator.patch(&path, json!({"status": "active"})).await.expect(200);
        assert_eq!(scim.get("/Users").await.expect(200).at("/totalResults"), json!(1));
        let tokens = operator.get(&format!("{path}/tokens")).await.expect(200);
        let id = tokens.text_at("/data/0/id");
        operator.delete(&format!("/api/v1/directory-tokens/{id}")).await.expect(204);
        refused(&scim.get("/Users").await, 401, None);
    }

    async fn a_token_does_what_its_scopes_say_and_until_it_ends(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let path = format!("/api/v1/directories/{directory}/tokens");
        let body = json!({"name": "reader", "scopes": ["scim.read"], "expires_at": "2026-11-22T10:00:00Z"});
        let made = app.operator().post(&path, body).await.expect(201);
        let reader = app.scim(&made.text_at("/token"));
        let id = made_user(&app.scim(&token), "ada").await;
        reader.get(&format!("/Users/{id}")).await.expect(200);
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
        reader.post("/Users/.search", search).await.expect(200);
        for reply in [
            reader.post("/Users", user("eve")).await,
            reader.put(&format!("/Users/{id}"), user("eve")).await,
            reader.delete(&format!("/Users/{id}")).await,
        ] {
            refused(&reply, 403, None);
        }
        app.advance_s(24 * 60 * 60);
        refused(&reader.get("/Users").await, 401, None);
    }

    async fn too_many_bad_tokens_are_told_to_wait_and_good_ones_are_not(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (_, token) = app.directory(&organization, "generic").await;
        let bad = app.scim("pds_wrong");
        let mut waits = 0;
        for _ in 0..100 {
            let reply = bad.get("/Users").await;
            if reply.status == 429 {
                refused(&reply, 429, None);
                assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
                waits += 1;
            }
        }
        assert!(waits > 0);
        app.scim(&token).get("/Users").await.expect(200);
    }
}
