//! Pages of people in four languages: no sentence is missing, each field has its label, and nothing
//! runs in them.

use std::collections::BTreeSet;

use serde_json::json;

use super::{PASSWORD, accept, browser, invite, somebody};
use crate::support::{Caller, Reply, SignIn, TestApp};

const LANGUAGES: [&str; 4] = ["en", "fr", "de", "es"];
/// What a page may say in every language: names and values.
const NAMES: [&str; 16] = [
    "English",
    "Français",
    "Deutsch",
    "Español",
    "Acme",
    "grace",
    "grace@example.com",
    "Auditor",
    "Code",
    "gone",
    "not-found",
    "forbidden",
    "invalid",
    "login_type_mismatch",
    "Portico",
    "Okta",
];

/// The sentences of a page: what stands between tags.
fn sentences(page: &str) -> BTreeSet<String> {
    let body = page.split("</style>").nth(1).unwrap_or(page);
    let title = page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    let texts = body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    let texts = texts.chain(title.map(|title| title.trim_end_matches(" - Portico")));
    texts.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// Whether people who cannot see or use a mouse can use it, and nothing runs in it.
#[track_caller]
fn is_accessible(page: &Reply, language: &str) {
    let text = page.text();
    assert!(text.contains(&format!("<html lang=\"{language}\">")), "{language}: {text}");
    assert!(text.contains("<h1>") && text.contains("<title>"), "{text}");
    assert!(!text.contains("<script") && !text.contains(" onclick"), "{text}");
    for input in text.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let id = input.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
        let labelled = id.is_some_and(|id| text.contains(&format!("<label for=\"{id}\">")));
        assert!(labelled || input.contains("type=\"hidden\""), "{input}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}

/// The same page in each language; `status` is what all answer.
async fn in_each(
    status: u16,
    secrets: &[&str],
    ask: impl AsyncFn(Caller, String) -> Reply,
    app: &TestApp,
) {
    let mut english = BTreeSet::new();
    for language in LANGUAGES {
        let asked = ask(browser(app), format!("lang={language}")).await.expect(status);
        is_accessible(&asked, language);
        let read = browser(app).with_header("accept-language", language);
        let read = ask(read, String::new()).await.expect(status);
        is_accessible(&read, language);
        let said = sentences(&asked.text());
        if language == "en" {
            english = said;
            continue;
        }
        for sentence in said.intersection(&english) {
            let known = NAMES.contains(&sentence.as_str())
                || secrets.iter().any(|secret| sentence.contains(secret))
                || sentence.chars().all(|c| !c.is_alphabetic() || c.is_ascii_hexdigit());
            assert!(known, "{language} does not say: {sentence}");
        }
    }
}

fn path(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

on_both_engines! {
    async fn the_pages_of_an_invite_speak_four_languages(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (directory, _) = app.directory(&acme, "strict").await;
        SignIn::connect(&app, &acme, &directory, &[]).await;
        let grace = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let ada = json!({"email": "ada@example.com", "role": "auditor"});
        grace.post(&invites, ada).await.expect(201);
        let link = app.mail_to("ada@example.com").await.link();
        in_each(200, &[], async |who, query| who.get(&path(&link, &query)).await, &app).await;
        for weak in ["short", "password1234", "ada@example.com"] {
            let fields = [("password", weak)];
            let ask = async |who: Caller, query: String| {
                who.post_form(&path(&link, &query), &fields).await
            };
            in_each(422, &[], ask, &app).await;
        }
        // Nothing but a page of ours may send the form.
        let elsewhere = async |who: Caller, query: String| {
            let who = who.with_header("sec-fetch-site", "cross-site");
            who.post_form(&path(&link, &query), &[("password", PASSWORD)]).await
        };
        in_each(403, &[], elsewhere, &app).await;
        accept(&app, &link).await;
        in_each(410, &[], async |who, query| who.get(&path(&link, &query)).await, &app).await;
        let unknown = format!("{}/invite/nothing", app.url);
        in_each(404, &[], async |who, query| who.get(&path(&unknown, &query)).await, &app).await;
        let bob = json!({"email": "bob@example.com"});
        invite(&app, &acme, bob).await.expect(201);
        let link = app.mail_to("bob@example.com").await.link();
        app.advance_s(8 * 86_400);
        in_each(410, &[], async |who, query| who.get(&path(&link, &query)).await, &app).await;
        app.run_worker().await;
    }

    async fn the_pages_of_passwords_speak_four_languages(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let get = async |who: Caller, at: &str, query: String| who.get(&path(at, &query)).await;
        let sign_in = "/sign-in/password";
        in_each(200, &[], async |who, query| get(who, sign_in, query).await, &app).await;
        let wrong = [("user_name", "grace@example.com"), ("password", "nothing-of-hers")];
        let ask = async |who: Caller, query: String| {
            who.post_form(&path(sign_in, &query), &wrong).await
        };
        in_each(403, &["grace@"], ask, &app).await;
        let forgot = "/password/forgot";
        in_each(200, &[], async |who, query| get(who, forgot, query).await, &app).await;
        let ask = async |who: Caller, query: String| {
            who.post_form(&path(forgot, &query), &[("user_name", "nobody")]).await
        };
        in_each(200, &[], ask, &app).await;
        let glass = format!("/api/v1/organizations/{acme}/break-glass");
        let made = app.operator().post(&glass, json!({"email": "glass@example.com"})).await;
        let link = made.expect(201).text_at("/url");
        let page = browser(&app).get(&link).await.expect(200).text();
        let secret = page.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
        let open = async |who, query| get(who, &link, query).await;
        in_each(200, &[secret], open, &app).await;
        for fields in [
            [("password", "short"), ("code", "000000")],
            [("password", PASSWORD), ("code", "000000")],
        ] {
            let ask = async |who: Caller, query: String| {
                who.post_form(&path(&link, &query), &fields).await
            };
            in_each(422, &[secret], ask, &app).await;
        }
        let unknown = "/password/reset/nothing";
        in_each(404, &[], async |who, query| get(who, unknown, query).await, &app).await;
        app.advance_s(86_400 * 8);
        in_each(410, &[], async |who, query| get(who, &link, query).await, &app).await;
        app.run_worker().await;
    }

    async fn a_new_password_is_said_to_be_set_in_the_language_of_its_page(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut said = BTreeSet::new();
        for language in LANGUAGES {
            let email = format!("{language}@example.com");
            somebody(&app, &acme, &email, "auditor").await;
            let asked = browser(&app);
            asked.post_form("/password/forgot", &[("user_name", &email)]).await.expect(200);
            let mut mails = Vec::new();
            for _ in 0..100 {
                mails = app.mails_to(&email).await;
                if mails.len() == 2 {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            let link = path(&mails[1].link(), &format!("lang={language}"));
            let done = browser(&app).post_form(&link, &[("password", "a-hare-at-dusk-runs")]).await;
            let done = done.expect(200);
            is_accessible(&done, language);
            assert!(done.text().contains(&format!("/sign-in/password?lang={language}")));
            said.insert(done.text().split("role=\"status\">").nth(1).unwrap().to_owned());
        }
        assert_eq!(said.len(), 4);
        app.run_worker().await;
    }
}
