//! Queries over all types at once (C57, C73, C93).

use serde_json::{Value, json};

use super::{GROUP, USER, client, filter, made_group, made_user, refused};
use crate::support::{Caller, TestApp};

/// What a resource is called, whatever it is.
fn names(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    assert_eq!(list["itemsPerPage"], json!(resources.len()), "{list}");
    let name = |resource: &Value| {
        let name = resource.get("userName").or_else(|| resource.get("displayName"));
        name.map_or("-", |name| name.as_str().unwrap()).replace(' ', "_")
    };
    resources.iter().map(name).collect()
}

/// u1, G1, u2, G2, u3 in order of creation; u1 is in both groups.
async fn five(app: &TestApp, scim: &Caller) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (number, name) in ["u1", "G1", "u2", "G2", "u3"].into_iter().enumerate() {
        ids.push(match number % 2 {
            0 => made_user(scim, name).await,
            _ => made_group(scim, name, &[&ids[0]]).await,
        });
        app.advance_s(1);
    }
    ids
}

async fn roles(scim: &Caller) -> Vec<String> {
    names(&scim.get("/Roles").await.expect(200).json())
}

on_both_engines! {
    async fn the_base_lists_users_groups_and_roles_with_one_total_c57(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = five(&app, &scim).await;
        let roles = roles(&scim).await;
        let stored = ["u1", "G1", "u2", "G2", "u3"].map(str::to_owned).to_vec();
        let all = [stored, roles].concat();
        let list = scim.get("").await.expect(200).json();
        assert_eq!((names(&list), &list["totalResults"]), (all.clone(), &json!(all.len())));
        assert_eq!(list["startIndex"], json!(1));
        // Each resource is what it is at its own address.
        for (number, path) in [(0, "Users"), (1, "Groups"), (2, "Users")] {
            let whole = scim.get(&format!("/{path}/{}", ids[number])).await.expect(200).json();
            assert_eq!(list["Resources"][number], whole);
        }
        assert_eq!(list["Resources"][1]["members"][0]["value"], json!(ids[0]));
        for start in 1..=all.len() + 1 {
            let page = scim.get(&format!("?startIndex={start}&count=2")).await.expect(200).json();
            let wanted: Vec<String> = all.iter().skip(start - 1).take(2).cloned().collect();
            assert_eq!((names(&page), &page["totalResults"]), (wanted, &json!(all.len())));
        }
        // By cursor too.
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = scim.get(&format!("?count=3&cursor={cursor}")).await.expect(200).json();
            found.extend(names(&page));
            assert_eq!(page["totalResults"], json!(all.len()));
            match page.get("nextCursor") {
                Some(next) => cursor = next.as_str().unwrap().to_owned(),
                None => break,
            }
        }
        assert_eq!(found, all);
    }

    async fn an_attribute_that_a_type_lacks_is_unassigned_there_c73(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = five(&app, &scim).await;
        let roles = roles(&scim).await.join(" ");
        let with_roles = |stored: &str| format!("{stored} {roles}");
        for (text, found) in [
            ("meta.resourceType eq \"User\"", "u1 u2 u3".to_owned()),
            ("meta.resourceType eq \"Group\"", "G1 G2".to_owned()),
            ("meta.resourceType eq \"Role\"", roles.clone()),
            ("meta.resourceType ne \"Role\" and meta.resourceType ne \"User\"", "G1 G2".to_owned()),
            ("userName pr", "u1 u2 u3".to_owned()),
            ("not (userName pr)", with_roles("G1 G2")),
            ("userName eq null", with_roles("G1 G2")),
            ("userName eq \"U2\"", "u2".to_owned()),
            ("userName ne \"u2\"", with_roles("u1 G1 G2 u3")),
            ("displayName sw \"g\" and not (meta.resourceType eq \"Role\")", "G1 G2".to_owned()),
            ("displayName eq \"g1\" or userName eq \"u3\"", "G1 u3".to_owned()),
            ("emails[type eq \"work\"]", String::new()),
            ("colour eq \"red\"", String::new()),
            ("colour pr or userName eq \"u1\"", "u1".to_owned()),
            (&format!("members eq \"{}\"", ids[0]), "G1 G2".to_owned()),
            (&format!("groups.value eq \"{}\"", ids[1]), "u1".to_owned()),
            (&format!("id eq \"{}\"", ids[3]), "G2".to_owned()),
            (&format!("id eq \"{}\" or id eq \"{}\"", ids[3], ids[4]), "G2 u3".to_owned()),
            (&format!("schemas eq \"{GROUP}\""), "G1 G2".to_owned()),
            (&format!("{USER}:userName sw \"u\""), "u1 u2 u3".to_owned()),
        ] {
            let list = scim.get(&filter("", text)).await.expect(200).json();
            assert_eq!(names(&list).join(" "), found, "{text}");
            assert_eq!(list["totalResults"], json!(found.split_whitespace().count()), "{text}");
        }
        for text in ["", "password pr", "active gt true", "displayName", "userName eq 5"] {
            refused(&scim.get(&filter("", text)).await, 400, Some("invalidFilter"));
        }
    }

    async fn the_base_is_searched_by_post_sorted_and_projected_c93(app: TestApp) {
        let scim = client(&app, "generic").await;
        five(&app, &scim).await;
        let search = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
        let stored = "not (meta.resourceType eq \"Role\")";
        let body = json!({"schemas": [search], "filter": stored, "sortBy": "userName",
            "sortOrder": "descending", "attributes": ["userName"], "startIndex": 2, "count": 3});
        let list = scim.post("/.search", body).await.expect(200).json();
        // Descending: those without the attribute first, in order of creation.
        assert_eq!(list["totalResults"], json!(5));
        let found: Vec<Value> =
            list["Resources"].as_array().unwrap().iter().map(|r| r["userName"].clone()).collect();
        assert_eq!(found, [Value::Null, json!("u3"), json!("u2")]);
        let keys: Vec<&String> = list["Resources"][0].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "schemas"]);
        let path = format!("{}&excludedAttributes=members,meta&sortBy=displayName", filter("", stored));
        let list = scim.get(&path).await.expect(200).json();
        assert_eq!(names(&list), ["G1", "G2", "u1", "u2", "u3"]);
        let group = list["Resources"][0].as_object().unwrap();
        assert!(group.get("members").is_none() && group.get("meta").is_none());
        refused(&scim.get("?sortBy=colour").await, 400, Some("invalidPath"));
        refused(&scim.post("/.search", json!({"count": 1})).await, 400, Some("invalidSyntax"));
        let bad = json!({"schemas": [search], "filter": "x"});
        refused(&scim.post("/.search", bad).await, 400, Some("invalidFilter"));
    }

    async fn the_base_keeps_directories_apart_s26(app: TestApp) {
        let (one, other) = (client(&app, "generic").await, client(&app, "okta").await);
        five(&app, &one).await;
        let roles = roles(&other).await;
        let list = other.get("").await.expect(200).json();
        assert_eq!((names(&list), &list["totalResults"]), (roles.clone(), &json!(roles.len())));
        refused(&app.anonymous().with_scim().get("").await, 401, None);
    }

    async fn pages_of_the_base_stay_right_when_something_goes_c86(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = five(&app, &scim).await;
        let page = async |start: usize| {
            let path = format!("?startIndex={start}&count=2&attributes=userName,displayName");
            scim.get(&path).await.expect(200).json()
        };
        assert_eq!(names(&page(1).await), ["u1", "G1"]);
        assert_eq!(names(&page(3).await), ["u2", "G2"]);
        scim.delete(&format!("/Groups/{}", ids[1])).await.expect(204);
        assert_eq!(names(&page(1).await), ["u1", "u2"]);
        assert_eq!(names(&page(3).await), ["G2", "u3"]);
        made_user(&scim, "u4").await;
        assert_eq!(names(&page(5).await)[0], "u4");
    }
}
