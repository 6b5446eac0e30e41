//! Organizations over HTTP.

use serde_json::json;

use crate::support::TestApp;

on_both_engines! {
    async fn an_organization_that_was_made_is_read_back_by_id_and_by_slug(app: TestApp) {
        let operator = app.operator();
        let body = json!({"name": "Acme GmbH", "slug": "acme", "external_ref": "crm-1"});
        let made = operator.post("/api/v1/organizations", body).await.expect(201);
        let id = made.text_at("/id");
        for name in [id.as_str(), "acme"] {
            let read = operator.get(&format!("/api/v1/organizations/{name}")).await.expect(200);
            assert_eq!(read.json(), made.json());
            assert_eq!(read.header("etag"), made.header("etag"));
        }
        assert_eq!(made.json()["kind"], "customer");
        assert_eq!(made.json()["external_ref"], "crm-1");
    }
}
