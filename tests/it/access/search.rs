//! Searches: who, on what, and what, page by page.

use serde_json::{Value, json};

use super::world::World;
use crate::support::TestApp;

/// All results of a search, read in pages of `limit`.
pub async fn all(acme: &World<'_>, what: &str, mut body: Value, limit: usize) -> Vec<Value> {
    let (mut found, mut token) = (Vec::new(), String::new());
    for _ in 0..100 {
        body["page"] = json!({"limit": limit, "token": token});
        let reply = acme.operator.post(&format!("/access/v1/search/{what}"), body.clone()).await;
        let page = reply.expect(200).json();
        let results = page["results"].as_array().unwrap();
        assert!(results.len() <= limit);
        found.extend(results.iter().cloned());
        page["page"]["next_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            return found;
        }
    }
    panic!("a search does not end")
}

pub fn ids(found: &[Value], name: &str) -> Vec<String> {
    found.iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

on_both_engines! {
    async fn a_search_finds_exactly_what_decisions_allow(app: TestApp) {
        let acme = World::new(&app).await;
        acme.lyon_rule().await;
        for site in ["lyon", "paris", "berlin"] {
            acme.site(site).await;
        }
        acme.rule(json!({"name": "Everywhere", "when": "groups.display eq \"Chiefs\"",
            "role": "operation-manager"}))
            .await;
        let mut users = Vec::new();
        for n in 0..7 {
            users.push(acme.user(&format!("user-{n}")).await);
        }
        acme.group("Lyon crew", &[&users[0], &users[3], &users[5]]).await;
        acme.group("Chiefs", &[&users[6]]).await;

        let body = json!({"subject": {"type": "user"}, "action": {"name": "work_orders.execute"},
            "resource": {"type": "site", "id": "lyon"},
            "context": {"organization": acme.organization}});
        let mut who = ids(&all(&acme, "subject", body.clone(), 2).await, "id");
        let mut wanted = vec![users[0].clone(), users[3].clone(), users[5].clone()];
        wanted.push(users[6].clone());
        who.sort();
        wanted.sort();
        assert_eq!(who, wanted);

        // The search knows what changed since, and whoever came since.
        let late = acme.user("late").await;
        acme.group("Late chiefs", &[]).await;
        let crew = acme.group("Second", &[&late]).await;
        acme.rename(&crew, "Lyon  crew").await;
        acme.set(&users[0], "active", json!(false)).await;
        let who = ids(&all(&acme, "subject", body, 100).await, "id");
        assert!(!who.contains(&users[0]) && who.contains(&users[3]));

        let on = |user: &str| json!({"subject": {"type": "user", "id": user},
            "action": {"name": "work_orders.execute"}, "resource": {"type": "site"}});
        assert_eq!(ids(&all(&acme, "resource", on(&users[3]), 1).await, "id"), ["lyon"]);
        let everywhere = all(&acme, "resource", on(&users[6]), 1).await;
        assert_eq!(ids(&everywhere, "id"), ["berlin", "lyon", "paris"]);
        assert_eq!(all(&acme, "resource", on(&users[1]), 1).await, Vec::<Value>::new());

        let what = json!({"subject": {"type": "user", "id": users[3]},
            "resource": {"type": "site", "id": "lyon"}});
        let mut names = ids(&all(&acme, "action", what, 1).await, "name");
        names.sort();
        assert_eq!(names, ["site.view", "work_orders.execute", "work_orders.view"]);
    }

    async fn a_page_has_at_most_a_hundred_results(app: TestApp) {
        let acme = World::new(&app).await;
        let body = |limit: i64| json!({"subject": {"type": "user"}, "action": {"name": "x"},
            "resource": {"type": "site", "id": "x"}, "page": {"limit": limit},
            "context": {"organization": acme.organization}});
        let path = "/access/v1/search/subject";
        acme.operator.post(path, body(100)).await.expect(200);
        acme.operator.post(path, body(101)).await.expect_problem(400, "malformed");
        acme.operator.post(path, body(0)).await.expect_problem(400, "malformed");
    }
}
