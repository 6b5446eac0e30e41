//! Lists: pages, filters, orders, projections, searches by POST.

use serde_json::{Value, json};

use super::{ENTERPRISE, USER, client, filter, made_user, refused};
use crate::support::{Caller, TestApp};

/// Five users whose titles are in another order than their creation.
async fn five(app: &TestApp, scim: &Caller) {
    for (name, title, active) in [
        ("u1", Some("C"), true),
        ("u2", Some("a"), false),
        ("u3", None, true),
        ("u4", Some("B%_\\"), true),
        ("u5", Some("b"), false),
    ] {
        let body = json!({"schemas": [USER, ENTERPRISE], "userName": name, "title": title,
            "active": active, ENTERPRISE: {"department": format!("D-{name}")},
            "emails": [{"value": format!("{name}@work.example"), "type": "work"},
                {"value": format!("{name}@home.example"), "type": "home"}]});
        scim.post("/Users", body).await.expect(201);
        app.advance_s(1);
    }
}

fn names(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    resources.iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
}

on_both_engines! {
    async fn filters_find_what_they_mean(app: TestApp) {
        let scim = client(&app, "generic").await;
        five(&app, &scim).await;
        for (text, found) in [
            ("title pr", "u1 u2 u4 u5"),
            ("not (title pr)", "u3"),
            ("title eq \"B\"", "u5"),
            ("title sw \"b\"", "u4 u5"),
            ("title co \"%_\\\\\"", "u4"),
            ("userName eq \"U1\" or userName eq \"u3\" and active eq true", "u1 u3"),
            ("(userName eq \"u1\" or userName eq \"u2\") and active eq false", "u2"),
            ("active ne false", "u1 u3 u4"),
            ("active eq \"True\"", "u1 u3 u4"),
            ("emails eq \"U2@HOME.example\"", "u2"),
            ("emails[type eq \"work\"].value eq \"u2@home.example\"", ""),
            ("emails[type eq \"home\" and value sw \"u4\"]", "u4"),
            ("emails.type eq \"work\" and emails.value sw \"u4@home\"", "u4"),
            ("department eq \"d-u5\"", "u5"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:USER:department ew \"u1\"", "u1"),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"u1\"", "u1"),
            ("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\" and title gt \"b\"", "u1 u4"),
            ("meta.resourceType eq \"User\" and userName gt \"u4\"", "u5"),
            ("meta.lastModified ge \"2026-11-21T10:00:03Z\"", "u4 u5"),
            ("id eq \"u1\"", ""),
            ("title eq null", "u3"),
            ("displayName eq \"nobody\"", ""),
        ] {
            let list = scim.get(&filter("/Users", text)).await.expect(200).json();
            assert_eq!(names(&list).join(" "), found, "{text}");
            assert_eq!(list["totalResults"], json!(found.split_whitespace().count()), "{text}");
        }
    }

    async fn a_filter_that_cannot_be_read_finds_nothing_and_says_why(app: TestApp) {
        let scim = client(&app, "generic").await;
        made_user(&scim, "ada").await;
        for text in [
            "", "userName", "userName eq", "userName eq ada", "userName xx \"a\"", "(userName pr",
            "userName eq \"a\" garbage", "colour eq \"x\"", "password eq \"x\"", "active gt true",
            "userName eq 'ada'", "emails[type eq \"work\"",
        ] {
            let reply = scim.get(&filter("/Users", text)).await;
            refused(&reply, 400, Some("invalidFilter"));
        }
        let deep = format!("{}userName pr{}", "(".repeat(100), ")".repeat(100));
        refused(&scim.get(&filter("/Users", &deep)).await, 400, Some("invalidFilter"));
    }

    async fn an_order_puts_the_unassigned_last_and_ties_in_order_of_creation(app: TestApp) {
        let scim = client(&app, "generic").await;
        five(&app, &scim).await;
        for (query, order) in [
            ("sortBy=title", "u2 u5 u4 u1 u3"),
            ("sortBy=TITLE&sortOrder=descending", "u3 u1 u4 u5 u2"),
            ("sortBy=active", "u2 u5 u1 u3 u4"),
            ("sortBy=emails.value&startIndex=2&count=2", "u2 u3"),
            ("sortBy=title&filter=active+eq+true", "u4 u1 u3"),
        ] {
            let list = scim.get(&format!("/Users?{query}")).await.expect(200).json();
            assert_eq!(names(&list).join(" "), order, "{query}");
        }
        refused(&scim.get("/Users?sortBy=colour").await, 400, Some("invalidPath"));
        refused(&scim.get("/Users?sortBy=title&sortOrder=up").await, 400, Some("invalidValue"));
    }

    async fn pages_clamp_what_is_odd_and_refuse_what_is_no_number(app: TestApp) {
        let scim = client(&app, "generic").await;
        five(&app, &scim).await;
        for (query, found, start) in [
            ("startIndex=0&count=2", "u1 u2", 1),
            ("startIndex=-5&count=1", "u1", 1),
            ("startIndex=5", "u5", 5),
            ("startIndex=6", "", 6),
            ("startIndex=99999999999999999999999", "", i64::MAX),
            ("count=0", "", 1),
            ("count=-1", "", 1),
            ("count=99999999999999999999999", "u1 u2 u3 u4 u5", 1),
            ("filter=active+eq+true&startIndex=2&count=1", "u3", 2),
        ] {
            let list = scim.get(&format!("/Users?{query}")).await.expect(200).json();
            assert_eq!(names(&list).join(" "), found, "{query}");
            assert_eq!(list["startIndex"], json!(start), "{query}");
            assert_eq!(list["itemsPerPage"], json!(found.split_whitespace().count()), "{query}");
            let total = if query.starts_with("filter") { 3 } else { 5 };
            assert_eq!(list["totalResults"], json!(total), "{query}");
        }
        refused(&scim.get("/Users?count=ten").await, 400, Some("invalidValue"));
        refused(&scim.get("/Users?startIndex=1.5").await, 400, Some("invalidValue"));
    }

    async fn pages_stay_right_when_users_come_and_go_between_them(app: TestApp) {
        let scim = client(&app, "generic").await;
        five(&app, &scim).await;
        let page = async |start: usize| {
            let list = scim.get(&format!("/Users?startIndex={start}&count=2")).await;
            list.expect(200).json()
        };
        assert_eq!(names(&page(1).await), ["u1", "u2"]);
        made_user(&scim, "u6").await;
        let second = page(3).await;
        assert_eq!((names(&second).join(" "), &second["totalResults"]), ("u3 u4".into(), &json!(6)));
        let first = scim.get(&filter("/Users", "userName eq \"u1\"")).await.text_at("/Resources/0/id");
        scim.delete(&format!("/Users/{first}")).await.expect(204);
        assert_eq!(names(&page(1).await), ["u2", "u3"]);
        assert_eq!(names(&page(3).await), ["u4", "u5"]);
        let last = page(5).await;
        assert_eq!((names(&last).join(" "), &last["totalResults"]), ("u6".into(), &json!(5)));
    }

    async fn a_projection_names_what_it_wants_or_does_not(app: TestApp) {
        let scim = client(&app, "generic").await;
        five(&app, &scim).await;
        let keys = async |query: &str| {
            let list = scim.get(&format!("/Users?count=1&{query}")).await.expect(200).json();
            let mut keys: Vec<String> =
                list["Resources"][0].as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys.join(" ")
        };
        assert_eq!(keys("attributes=USERNAME,%20nothing").await, "id schemas userName");
        assert_eq!(keys("attributes=title&attributes=active").await, "active id schemas title");
        assert_eq!(keys("attributes=emails.value").await, "emails id schemas");
        let urn = ENTERPRISE;
        assert_eq!(keys(&format!("attributes={urn}")).await, format!("id schemas {urn}"));
        let rest = keys("excludedAttributes=id,schemas,meta,emails,active").await;
        assert_eq!(rest, format!("id schemas title {urn} userName"));
        let both = scim.get("/Users?attributes=title&excludedAttributes=emails").await;
        refused(&both, 400, Some("invalidValue"));
    }

    async fn a_search_by_post_answers_like_the_list(app: TestApp) {
        let scim = client(&app, "generic").await;
        five(&app, &scim).await;
        let search = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
        let body = json!({"schemas": [search], "filter": "title pr", "sortBy": "title",
            "attributes": ["userName"], "startIndex": 2, "count": 2});
        let found = scim.post("/Users/.search", body).await.expect(200).json();
        assert_eq!(names(&found), ["u5", "u4"]);
        assert_eq!(found["totalResults"], json!(4));
        assert!(found["Resources"][0].get("title").is_none());
        let groups = scim.post("/Groups/.search", json!({"schemas": [search]})).await.expect(200);
        assert_eq!(groups.at("/totalResults"), json!(0));
        refused(&scim.post("/Users/.search", json!({"count": 1})).await, 400, Some("invalidSyntax"));
    }
}
