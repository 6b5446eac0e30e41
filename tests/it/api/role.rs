//! Permissions and roles over HTTP.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp};

async fn matrix(app: &TestApp, accept: &str) -> Reply {
    app.operator().with_header("accept", accept).get("/api/v1/roles/matrix").await.expect(200)
}

fn keys(reply: &Reply) -> Vec<String> {
    let data = reply.at("/data");
    let key = |item: &Value| item["key"].as_str().unwrap().to_owned();
    data.as_array().unwrap().iter().map(key).collect()
}

on_both_engines! {
    async fn roles_come_whole_with_their_effective_permissions(app: TestApp) {
        let roles = app.operator().get("/api/v1/roles").await.expect(200);
        assert_eq!(roles.at("/next"), Value::Null);
        let data = roles.at("/data");
        let find = |key: &str| {
            data.as_array().unwrap().iter().find(|role| role["key"] == key).cloned().unwrap()
        };
        let admin = find("org-admin");
        assert_eq!(admin["keep_one"], true);
        assert_eq!(admin["id"], Value::Null);
        assert_eq!(admin["scope"], "organization");
        let permissions = app.operator().get("/api/v1/permissions").await.expect(200);
        assert_eq!(admin["permissions"].as_array().unwrap().len(), keys(&permissions).len());
        assert!(keys(&permissions).contains(&"directories.manage".to_owned()));
        assert!(!find("field-worker")["permissions"].as_array().unwrap().is_empty());
    }

    async fn an_organization_has_the_platforms_roles(app: TestApp) {
        app.organization("Acme").await;
        let all = app.operator().get("/api/v1/roles").await.expect(200);
        for query in ["", "?assignable=false", "?assignable=true"] {
            let path = format!("/api/v1/organizations/acme/roles{query}");
            let here = app.operator().get(&path).await.expect(200);
            assert_eq!(keys(&here), keys(&all));
        }
        let nowhere = app.operator().get("/api/v1/organizations/nowhere/roles").await;
        nowhere.expect_problem(404, "not-found");
    }

    async fn the_matrix_comes_in_three_forms(app: TestApp) {
        let whole = matrix(&app, "application/json").await;
        let roles = whole.at("/roles");
        let labels: Vec<String> = roles.as_array().unwrap().iter()
            .map(|role| role["label"].as_str().unwrap().to_owned()).collect();
        let row = whole.at("/categories/0/rows/0");
        assert_eq!(row["roles"]["org-admin"], json!(true));
        let csv = matrix(&app, "text/csv").await;
        assert_eq!(csv.media_type(), "text/csv");
        let head = csv.text().lines().next().unwrap().to_owned();
        assert_eq!(head, format!("Category,Feature,{}", labels.join(",")));
        let markdown = matrix(&app, "text/markdown").await;
        assert_eq!(markdown.media_type(), "text/markdown");
        assert!(!markdown.text().contains("Gateway"));
        assert!(csv.text().contains("Gateway,"));
    }
}
