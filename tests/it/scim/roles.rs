//! The platform's roles as read-only resources (N7, K21).

use reqwest::Method;
use serde_json::{Value, json};

use super::{USER, client, filter, refused};
use crate::support::TestApp;

const ROLE: &str = "urn:okta:scim:schemas:core:1.0:Role";

fn ids(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    assert_eq!(list["itemsPerPage"], json!(resources.len()), "{list}");
    resources.iter().map(|role| role["id"].as_str().unwrap().to_owned()).collect()
}

on_both_engines! {
    async fn roles_are_those_of_the_platform_n7(app: TestApp) {
        let scim = client(&app, "okta").await;
        let list = scim.get("/Roles").await.expect(200).json();
        let listed = app.operator().get("/api/v1/roles").await.expect(200).json();
        let listed: Vec<(&Value, &Value)> = listed["data"].as_array().unwrap().iter()
            .map(|role| (&role["key"], &role["label"])).collect();
        let roles = list["Resources"].as_array().unwrap();
        let shown: Vec<(&Value, &Value)> =
            roles.iter().map(|role| (&role["id"], &role["displayName"])).collect();
        assert_eq!(shown, listed);
        assert_eq!(list["totalResults"], json!(roles.len()));
        for role in roles {
            let path = format!("/Roles/{}", role["id"].as_str().unwrap());
            let reply = scim.get(&path).await.expect(200);
            assert_eq!(reply.json(), *role);
            assert_eq!(role["schemas"], json!([ROLE]));
            assert_eq!(role["meta"]["resourceType"], "Role");
            let location = role["meta"]["location"].as_str().unwrap();
            assert!(location.ends_with(&format!("/scim/v2{path}")), "{location}");
            assert_eq!(role["meta"]["version"], reply.header("etag"));
            let again = scim.clone().with_header("if-none-match", reply.header("etag"));
            again.get(&path).await.expect(304);
        }
        refused(&scim.get("/Roles/nothing").await, 404, None);
    }

    async fn roles_are_declared_like_any_type_k21(app: TestApp) {
        let scim = client(&app, "okta").await;
        let types = scim.get("/ResourceTypes").await.expect(200).json();
        assert_eq!(ids(&types), ["User", "Group", "Role"]);
        let declared = scim.get("/ResourceTypes/Role").await.expect(200).json();
        assert_eq!(types["Resources"][2], declared);
        assert_eq!((&declared["endpoint"], &declared["schema"]), (&json!("/Roles"), &json!(ROLE)));
        let schema = scim.get(&format!("/Schemas/{ROLE}")).await.expect(200).json();
        let attributes = schema["attributes"].as_array().unwrap();
        assert!(attributes.iter().all(|a| a["mutability"] == "readOnly"), "{schema}");
        let names: Vec<&Value> = attributes.iter().map(|a| &a["name"]).collect();
        let role = scim.get("/Roles?count=1").await.expect(200).at("/Resources/0");
        let beside = ["id", "schemas", "meta"];
        let shown = role.as_object().unwrap().keys();
        assert!(shown.filter(|key| !beside.contains(&key.as_str()))
            .all(|key| names.contains(&&json!(key))), "{role}");
        let schemas = scim.get("/Schemas").await.expect(200).json();
        assert!(ids(&schemas).contains(&ROLE.to_owned()));
    }

    async fn roles_are_paged_filtered_sorted_and_projected_n7(app: TestApp) {
        let scim = client(&app, "okta").await;
        let all = ids(&scim.get("/Roles").await.expect(200).json());
        assert!(all.len() > 2);
        let one = scim.get("/Roles?count=1&startIndex=1").await.expect(200).json();
        assert_eq!((ids(&one), &one["totalResults"]), (all[..1].to_vec(), &json!(all.len())));
        assert_eq!(one["startIndex"], json!(1));
        let mut walked = Vec::new();
        for start in 1..=all.len() + 1 {
            let page = scim.get(&format!("/Roles?count=1&startIndex={start}")).await.json();
            assert_eq!(page["totalResults"], json!(all.len()));
            walked.extend(ids(&page));
        }
        assert_eq!(walked, all);
        let of = async |text: &str| {
            ids(&scim.get(&filter("/Roles", text)).await.expect(200).json())
        };
        assert_eq!(of(&format!("id eq \"{}\"", all[1])).await, all[1..2]);
        assert!(of(&format!("id eq \"{}\"", all[1].to_uppercase())).await.is_empty());
        let label = scim.get(&format!("/Roles/{}", all[1])).await.text_at("/displayName");
        let quoted = json!(label.to_uppercase());
        assert_eq!(of(&format!("displayName eq {quoted}")).await, all[1..2]);
        assert_eq!(of("meta.resourceType eq \"Role\" and displayName pr").await, all);
        assert_eq!(of(&format!("{ROLE}:displayName pr")).await, all);
        refused(&scim.get(&filter("/Roles", "userName pr")).await, 400, Some("invalidFilter"));
        let sorted = scim.get("/Roles?sortBy=id&attributes=id").await.expect(200).json();
        let mut by_id = all.clone();
        by_id.sort();
        assert_eq!(ids(&sorted), by_id);
        assert_eq!(sorted["Resources"][0], json!({"id": by_id[0], "schemas": [ROLE]}));
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "sortBy": "id", "sortOrder": "descending", "count": 1});
        let found = scim.post("/Roles/.search", search).await.expect(200).json();
        assert_eq!(ids(&found), by_id[by_id.len() - 1..]);
    }

    async fn nobody_writes_roles_and_users_only_carry_them_n7(app: TestApp) {
        let scim = client(&app, "okta").await;
        let id = scim.get("/Roles?count=1").await.expect(200).text_at("/Resources/0/id");
        let body = json!({"schemas": [ROLE], "displayName": "Mine"}).to_string();
        for (method, path) in [
            (Method::POST, "/Roles".to_owned()),
            (Method::PUT, format!("/Roles/{id}")),
            (Method::PATCH, format!("/Roles/{id}")),
            (Method::DELETE, format!("/Roles/{id}")),
            (Method::GET, "/Roles/.search/x".to_owned()),
        ] {
            let sent = Some(("application/scim+json", body.clone().into_bytes()));
            let reply = scim.send(method.clone(), &path, sent).await;
            if method == Method::GET {
                refused(&reply, 404, None);
            } else {
                refused(&reply, 405, None);
                assert!(reply.header("allow").contains("GET"), "{reply}");
            }
        }
        let carried = json!({"schemas": [USER], "userName": "ada", "roles": [{"value": id}],
            "entitlements": [{"value": "anything", "type": "License"}]});
        let made = scim.post("/Users", carried.clone()).await.expect(201).json();
        assert_eq!((&made["roles"], &made["entitlements"]), {
            (&carried["roles"], &carried["entitlements"])
        });
        // What a user carries gives nothing by itself.
        let user = made["id"].as_str().unwrap();
        let shown = app.operator().get(&format!("/api/v1/users/{user}/access")).await;
        assert_eq!(shown.expect(200).at("/grants"), json!([]));
    }
}
