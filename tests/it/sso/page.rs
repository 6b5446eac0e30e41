//! The pages: what they tell, what they do not tell, and the headers that guard them.

use serde_json::json;

use super::rig::Rig;
use crate::support::TestApp;

#[tokio::test]
async fn a_domain_leads_to_its_connection_and_nobody_learns_who_exists() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let browser = rig.app.browser();
    let find = |email: &'static str| {
        let browser = browser.clone();
        async move { browser.post_form("/sign-in", &[("email", email), ("return_to", "/x")]).await }
    };
    let before = find("ada@example.com").await.expect(200);
    let path = format!("/api/v1/organizations/{}/domains", rig.organization);
    let body = json!({"domain": "example.com", "verified": true});
    let domain = rig.app.operator().post(&path, body).await.expect(201).text_at("/id");
    rig.change(json!({"domains": [domain]})).await.expect(200);
    let known = find("ada@example.com").await.expect(303);
    let unknown = find("nobody@example.com").await.expect(303);
    let hidden = |location: &str| location.replace("ada", "X").replace("nobody", "X");
    assert_eq!(hidden(known.header("location")), hidden(unknown.header("location")));
    assert!(known.header("location").starts_with(&rig.start_url));
    assert!(known.header("location").contains("return_to=%2Fx"));
    let elsewhere = find("ada@elsewhere.example").await.expect(200);
    assert_eq!(elsewhere.text(), before.text());
    rig.change(json!({"status": "disabled"})).await.expect(200);
    assert_eq!(find("ada@example.com").await.expect(200).text(), before.text());
}

#[tokio::test]
async fn the_short_name_of_an_organization_leads_to_its_connection() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let browser = rig.app.browser();
    let found = browser.post_form("/sign-in", &[("organization", "Acme")]).await.expect(303);
    assert!(found.header("location").starts_with(&rig.start_url));
    browser.post_form("/sign-in", &[("organization", "unknown")]).await.expect(200);
}

#[tokio::test]
async fn every_page_is_guarded_by_its_headers() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let browser = rig.app.browser().with_header("accept", "text/html");
    let refused = browser.get(&format!("/sso/{}/callback?state=x", rig.connection)).await;
    for page in [browser.get("/sign-in").await, browser.get("/signed-out").await, refused] {
        assert_eq!(page.media_type(), "text/html", "{page}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{page}");
        assert!(policy.contains("frame-ancestors 'none'"), "{page}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.text().contains("<html lang=\"en\">"));
        assert!(!page.text().contains("password"), "there is no password sign-in");
    }
}

#[tokio::test]
async fn a_program_gets_its_refusal_as_a_problem() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let program = rig.app.browser().with_header("accept", "application/json");
    let reply = program.get(&format!("/sso/{}/callback?state=x&code=y", rig.connection)).await;
    reply.expect_problem(403, "state_invalid");
}

#[tokio::test]
async fn a_target_that_leads_away_and_an_unknown_connection_are_refused() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let browser = rig.app.browser();
    for bad in ["//evil.example", "https://evil.example", "/%5Cevil.example", "%2F%2Fevil.example"]
    {
        browser.get(&format!("{}?return_to={bad}", rig.start_url)).await.expect(400);
    }
    browser.get("/sso/018f0000-0000-7000-8000-000000000000/start").await.expect(404);
    browser.get("/sso/nonsense/callback").await.expect(404);
    assert_eq!(rig.journal().await.len(), 0);
}

#[tokio::test]
async fn pages_speak_four_languages_by_the_query_or_by_the_browser() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let browser = rig.app.browser();
    for (lang, heading, signed_out) in [
        ("en", "Sign in", "You are signed out"),
        ("fr", "Se connecter", "Vous êtes déconnecté"),
        ("de", "Anmelden", "Sie sind abgemeldet"),
        ("es", "Iniciar sesión", "Ha cerrado la sesión"),
    ] {
        let asked = browser.get(&format!("/sign-in?lang={lang}&return_to=/x")).await.expect(200);
        let reader = rig.app.browser().with_header("accept-language", &format!("nl, {lang};q=0.5"));
        for page in [asked, reader.get("/sign-in?return_to=/x").await.expect(200)] {
            assert!(page.text().contains(&format!("<html lang=\"{lang}\">")), "{page}");
            assert!(page.text().contains(&format!("<h1>{heading}</h1>")), "{page}");
            assert!(page.text().contains("value=\"/x\""), "{page}");
            assert!(page.text().contains("?lang=de&#38;return_to=%2Fx"), "{page}");
        }
        let left = browser.get(&format!("/signed-out?lang={lang}")).await.expect(200);
        assert!(left.text().contains(signed_out), "{left}");
        let refused = reader.get(&format!("/sso/{}/callback?state=x", rig.connection)).await;
        assert!(refused.text().contains(&format!("<html lang=\"{lang}\">")), "{refused}");
    }
    let german = rig.app.browser().with_header("accept-language", "de-AT");
    let refused = german.get(&format!("/sso/{}/callback?state=x", rig.connection)).await;
    assert!(refused.text().contains("Diese Anmeldung hat nicht in diesem Browser begonnen."));
    // A form that was sent in a language is answered in it.
    let form = [("email", "ada@nowhere.example"), ("lang", "fr")];
    let answered = browser.post_form("/sign-in", &form).await.expect(200);
    assert!(answered.text().contains("Aucune connexion"), "{answered}");
}
