//! Whatever is sent, the answer is a SCIM error and never HTML, plain text or a fault of ours (C8).

use reqwest::Method;
use serde_json::{Value, json};

use super::{NOBODY, PATCH, USER, client, group, made_group, made_user, refused, user};
use crate::support::{Caller, Reply, TestApp};

const SCIM: &str = "application/scim+json";

async fn sent(scim: &Caller, method: Method, path: &str, kind: &str, body: &[u8]) -> Reply {
    scim.send(method, path, Some((kind, body.to_vec()))).await
}

on_both_engines! {
    async fn malformed_bodies_are_refused_as_scim_errors(app: TestApp) {
        let scim = client(&app, "generic").await;
        let id = made_user(&scim, "ada").await;
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(70), "]".repeat(70));
        let nul = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"a\\u0000b\"}}");
        let bodies: Vec<(&[u8], &str)> = vec![
            (b"", "invalidSyntax"),
            (b"[]", "invalidSyntax"),
            (b"\"x\"", "invalidSyntax"),
            (b"null", "invalidSyntax"),
            (b"{\"a\":", "invalidSyntax"),
            (b"{} trailing", "invalidSyntax"),
            (b"{\"a\":1,\"a\":2}", "invalidSyntax"),
            (b"{\"a\":1e400}", "invalidSyntax"),
            (b"{\"a\":\"\\ud800\"}", "invalidSyntax"),
            (b"{\"a\":\"\xff\"}", "invalidSyntax"),
            (b"<html></html>", "invalidSyntax"),
            (deep.as_bytes(), "invalidSyntax"),
            (nul.as_bytes(), "invalidValue"),
            (b"{}", "invalidSyntax"),
            (b"{\"schemas\":\"urn:scim:schemas:core:1.0\",\"userName\":\"a\"}", "invalidSyntax"),
        ];
        for (method, path) in [
            (Method::POST, "/Users".to_owned()),
            (Method::PUT, format!("/Users/{id}")),
            (Method::PATCH, format!("/Users/{id}")),
            (Method::POST, "/Groups".to_owned()),
            (Method::POST, "/Users/.search".to_owned()),
        ] {
            for (body, scim_type) in &bodies {
                let reply = sent(&scim, method.clone(), &path, SCIM, body).await;
                refused(&reply, 400, Some(scim_type));
            }
        }
    }

    async fn values_that_do_not_fit_are_named(app: TestApp) {
        let scim = client(&app, "generic").await;
        for (over, named) in [
            (json!({"userName": null}), "userName"),
            (json!({"userName": "  "}), "userName"),
            (json!({"userName": 5}), "userName"),
            (json!({"active": "maybe"}), "active"),
            (json!({"emails": [{"primary": true, "value": "a"}, {"primary": true, "value": "b"}]}), "emails"),
            (json!({"name": "Ada"}), "name"),
            (json!({"userName": "x".repeat(600)}), "userName"),
        ] {
            let mut body = user("ada");
            for (name, value) in over.as_object().unwrap() {
                body[name] = value.clone();
            }
            let reply = scim.post("/Users", body).await;
            refused(&reply, 400, Some("invalidValue"));
            assert!(reply.text_at("/detail").contains(named), "{reply}");
        }
    }

    async fn other_media_types_codings_and_sizes_are_refused(app: TestApp) {
        let scim = client(&app, "generic").await;
        let body = user("ada").to_string();
        for kind in ["text/plain", "text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            refused(&sent(&scim, Method::POST, "/Users", kind, body.as_bytes()).await, 415, None);
        }
        let zipped = scim.clone().with_header("content-encoding", "gzip");
        refused(&zipped.post("/Users", user("ada")).await, 415, None);
        let large = format!("{{\"userName\":\"{}\"}}", "x".repeat(1024 * 1024));
        refused(&sent(&scim, Method::POST, "/Users", SCIM, large.as_bytes()).await, 413, None);
        for kind in ["application/json", "application/scim+json; charset=utf-8", "application/json;charset=UTF-8"] {
            let name = user(kind).to_string();
            sent(&scim, Method::POST, "/Users", kind, name.as_bytes()).await.expect(201);
        }
    }

    async fn unknown_paths_methods_ids_and_versions_are_scim_errors(app: TestApp) {
        let scim = client(&app, "generic").await;
        for path in [
            "/Nothing", "/Users/x/y", "/users", &format!("/Users/{NOBODY}"), "/Users/%00", "/Users/%ff",
            "/Users/a%2Fb", "/Users/1 or 1=1", "/Groups/..%2f", "/Schemas/urn:nothing",
            "/ResourceTypes/Nothing", &format!("/Groups/{NOBODY}?excludedAttributes=members"),
        ] {
            refused(&scim.get(path).await, 404, None);
        }
        let patch = json!({"schemas": [PATCH], "Operations": []});
        refused(&scim.patch(&format!("/Users/{NOBODY}"), patch).await, 404, None);
        refused(&scim.put(&format!("/Users/{NOBODY}"), user("x")).await, 404, None);
        refused(&scim.delete("/Users/%20").await, 404, None);
        for (method, path) in [
            (Method::DELETE, "/Users"), (Method::PUT, "/Users"), (Method::POST, "/Users/x"),
            (Method::PATCH, "/Groups"), (Method::GET, "/Users/x/.search"),
            (Method::POST, "/ServiceProviderConfig"), (Method::DELETE, "/Schemas"),
            (Method::PUT, "/ResourceTypes"), (Method::GET, "/Bulk"), (Method::OPTIONS, "/Users"),
        ] {
            let reply = scim.send(method, path, None).await;
            if path == "/Users/x/.search" {
                refused(&reply, 404, None);
                continue;
            }
            refused(&reply, 405, None);
            assert!(!reply.header("allow").is_empty(), "{reply}");
        }
        let anybody = app.anonymous();
        refused(&anybody.get("/scim/v1/Users").await, 400, Some("invalidVers"));
        refused(&anybody.get("/scim/some-directory/v3/Users").await, 400, Some("invalidVers"));
        refused(&anybody.get("/scim/nothing/at/all").await, 404, None);
        refused(&anybody.get("/scim").await, 404, None);
        refused(&scim.get("/Me").await, 501, None);
        refused(&scim.post("/Bulk", json!({})).await, 400, Some("invalidSyntax"));
    }

    async fn trailing_slashes_and_unknown_parameters_mean_nothing(app: TestApp) {
        let scim = client(&app, "generic").await;
        let id = made_user(&scim, "ada").await;
        for path in ["/Users/", "/Users?", "/Users?&", "/Users/?foo=bar&", &format!("/Users/{id}/?aadOptscim062020")] {
            scim.get(path).await.expect(200);
        }
        let plain = scim.clone().with_header("accept", "text/html").with_header("user-agent", "");
        assert_eq!(plain.get("/Users").await.expect(200).media_type(), SCIM);
    }

    async fn a_stranger_learns_nothing_of_the_next_organization(app: TestApp) {
        let scim = client(&app, "generic").await;
        let stranger = client(&app, "okta").await;
        let id = made_user(&scim, "ada").await;
        let theirs = made_group(&scim, "G", &[&id]).await;
        let change = json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "externalId", "value": "x"}]});
        for path in [format!("/Users/{id}"), format!("/Groups/{theirs}")] {
            let unknown = stranger.get(&path.replace(|c: char| c.is_ascii_hexdigit(), "0")).await;
            let foreign = stranger.get(&path).await;
            refused(&foreign, 404, None);
            assert_eq!(unknown.status, foreign.status);
            refused(&stranger.delete(&path).await, 404, None);
            refused(&stranger.patch(&path, change.clone()).await, 404, None);
            refused(&stranger.put(&path, if path.starts_with("/U") { user("x") } else { group("x", &[]) }).await, 404, None);
        }
        assert_eq!(stranger.get("/Users").await.at("/totalResults"), json!(0));
        stranger.post("/Users", user("ada")).await.expect(201);
        scim.get(&format!("/Users/{id}")).await.expect(200);
    }
}

on_both_engines! {
    async fn what_the_service_says_about_itself_is_true(app: TestApp) {
        let scim = client(&app, "generic").await;
        let config = app.anonymous().get("/scim/v2/ServiceProviderConfig").await.expect(200);
        assert_eq!(config.media_type(), SCIM);
        for (feature, offered) in
            [("patch", true), ("bulk", true), ("filter", true), ("changePassword", false), ("sort", true), ("etag", true)]
        {
            assert_eq!(config.at(&format!("/{feature}/supported")), json!(offered), "{feature}");
        }
        assert_eq!(config.at("/bulk/maxOperations"), json!(1_000));
        assert_eq!(config.at("/bulk/maxPayloadSize"), json!(8 * 1024 * 1024));
        let max = config.at("/filter/maxResults").as_u64().unwrap();
        assert_eq!(config.at("/pagination/maxPageSize").as_u64().unwrap(), max);
        for path in ["/Schemas", "/ResourceTypes"] {
            refused(&app.anonymous().get(&format!("/scim/v2{path}")).await, 401, None);
            let list = scim.get(path).await.expect(200).json();
            let all = list["Resources"].as_array().unwrap();
            assert_eq!(list["totalResults"], json!(all.len()));
            for document in all {
                let id = document["id"].as_str().unwrap();
                let one = scim.get(&format!("{path}/{id}")).await.expect(200);
                assert_eq!(&one.json(), document);
                assert_eq!(scim.get(one.text_at("/meta/location").as_str()).await.expect(200).json(), one.json());
                let lower = scim.get(&format!("{path}/{}", id.to_lowercase())).await;
                lower.expect(200);
            }
            refused(&scim.get(&format!("{path}?filter=id+eq+%22x%22")).await, 403, None);
        }
        let types: Value = scim.get("/ResourceTypes").await.json();
        assert_eq!(types["Resources"][0]["endpoint"], "/Users");
    }
}
