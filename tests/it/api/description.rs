//! The API's description of itself over HTTP.

use crate::support::TestApp;

on_both_engines! {
    async fn anybody_reads_the_description(app: TestApp) {
        let document = app.anonymous().get("/api/openapi.json").await.expect(200);
        assert_eq!(document.at("/openapi"), "3.1.0");
        assert_eq!(document.media_type(), "application/json");
        let users = document.at("/paths/~1api~1v1~1organizations~1{org}~1users/get");
        assert_eq!(users["tags"][0], "users");
    }

    async fn the_page_is_plain_and_lets_no_script_in(app: TestApp) {
        let page = app.anonymous().get("/api/docs").await.expect(200);
        assert_eq!(page.media_type(), "text/html");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(page.text().contains("<html lang=\"en\">"));
        assert!(!page.text().contains("<script"));
    }
}
