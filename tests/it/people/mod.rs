//! People: invites and their mail, passwords, users in lists and in bulk, imports.

mod bounds;
mod bulk;
mod imports;
mod invites;
mod invites_by_directory;
mod invites_by_people;
mod lists;
mod mails;
mod meetings;
mod notices;
mod operator_tokens;
mod pages;
pub mod passwords;
mod platforms;
mod privacy;
mod races;
pub mod receiver;
mod requirements;
mod retention;
mod secrets;
mod tokens;
mod values;
mod vision;
mod webhook_order;
mod webhooks;
mod webhooks_kill;

use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

/// A password that nobody guesses.
pub const PASSWORD: &str = "the-hare-runs-at-dawn";

/// A browser that sends what a page of ours sends.
pub fn browser(app: &TestApp) -> Caller {
    app.browser().with_header("origin", &app.url)
}

/// Invites somebody and answers the invite.
pub async fn invite(app: &TestApp, organization: &str, body: Value) -> Reply {
    let path = format!("/api/v1/organizations/{organization}/invites");
    app.operator().post(&path, body).await
}

/// Invites Ada to be an auditor.
pub async fn invite_ada(app: &TestApp, organization: &str) -> Reply {
    let body = json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace",
        "description": "Engines", "role": "auditor"});
    invite(app, organization, body).await.expect(201)
}

/// Accepts the invite of a mail with a password, and answers the signed-in browser.
pub async fn accept(app: &TestApp, link: &str) -> Caller {
    let browser = browser(app);
    let joined = browser.post_form(link, &[("password", PASSWORD)]).await;
    assert_eq!((joined.status, joined.header("location")), (303, "/me"), "{joined}");
    browser
}

/// Somebody new with a role for the whole organization, signed in by password.
pub async fn somebody(app: &TestApp, organization: &str, email: &str, role: &str) -> Caller {
    invite(app, organization, json!({"email": email, "role": role})).await.expect(201);
    let link = app.mail_to(email).await.link();
    accept(app, &link).await
}

/// The user with this login, as lists show her.
pub async fn user(app: &TestApp, organization: &str, login: &str) -> Value {
    let path = format!("/api/v1/organizations/{organization}/users?q={login}");
    let found = app.operator().get(&path).await.expect(200);
    found.json()["data"][0].clone()
}
