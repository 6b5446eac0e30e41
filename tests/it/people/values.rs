//! What must stand nowhere: values of somebody who is forgotten, in any cell of the database;
//! names, addresses and secrets in logs, events and journals, after a walk through all doors.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{accept, browser, invite, somebody, user};
use crate::support::{Caller, SignIn, TestApp};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const DAY_S: i64 = 86_400;

/// Values of one person that nothing else says.
const HERS: [&str; 7] =
    ["zoraqx", "Wyvernly", "Quillmark", "sub-7781-q", "ext-9942-q", "Xanthic duty", "ref-31337-q"];
const EMAIL: &str = "zoraqx@quill.example";
const HER_PASSWORD: &str = "nineteen-owls-hum";

fn pushed(active: bool) -> Value {
    json!({"schemas": [CORE], "userName": "zoraqx", "externalId": "ext-9942-q", "active": active,
        "name": {"givenName": "Wyvernly", "familyName": "Quillmark"}, "title": "Xanthic duty",
        "emails": [{"value": EMAIL, "type": "work", "primary": true}]})
}

/// The log of this process, as its lines are written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Begins to write, all that we say and what libraries tell.
    fn begin() -> Self {
        let (log, filter) = (Self::default(), "info,portico=trace");
        let lines = log.clone();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(move || lines.clone())
            .try_init()
            .expect("each test has a process of its own");
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

async fn id(app: &TestApp, place: &str, login: &str) -> String {
    user(app, place, login).await["id"].as_str().unwrap_or_else(|| panic!("no {login}")).to_owned()
}

/// Everything a list of the management surface says, page after page.
async fn all(app: &TestApp, path: &str) -> String {
    let (mut text, mut after) = (String::new(), String::new());
    loop {
        let page = app.operator().get(&format!("{path}?limit=100{after}")).await.expect(200);
        text += &page.text();
        match page.json()["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return text,
        }
    }
}

/// What somebody leaves who came by a directory, signed in, was traced, and asked again and again.
async fn lived(app: &TestApp, acme: &str) -> (String, String) {
    let (directory, token) = app.directory(acme, "strict").await;
    let scim = app.scim(&token);
    let made = scim.post("/Users", pushed(true)).await.expect(201);
    let id = made.text_at("/id");
    scim.post("/Users", pushed(true)).await.expect(409);
    scim.get("/Users?filter=userName%20eq%20%22zoraqx%22").await.expect(200);
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Crew", "members": [{"value": id}]});
    scim.post("/Groups", group).await.expect(201);
    let rules = format!("/api/v1/organizations/{acme}/mapping-rules");
    let rule = json!({"name": "Duty", "when": "title eq \"Xanthic duty\"", "role": "auditor"});
    app.operator().post(&rules, rule).await.expect(201);
    let sign_in = SignIn::connect(app, acme, &directory, &[]).await;
    let connection = format!("/api/v1/connections/{}", sign_in.connection);
    let until = app.app.runner.clock.now().plus_s(DAY_S).to_string();
    let traced = json!({"trace_until": until, "rule_claims": ["team"]});
    app.operator().patch(&connection, traced).await.expect(200);
    let jar = browser(app);
    let claims = json!({"email": EMAIL, "team": ["Quillmark team"], "name": "Wyvernly"});
    sign_in.by_with(&jar, "ext-9942-q", claims.clone()).await;
    jar.get("/me").await.expect(200);
    // Refused ones, under a subject that nobody knows, leave their traces too.
    sign_in.by_with(&browser(app), "sub-7781-q", claims.clone()).await.expect(403);
    let relink = json!({"connection": sign_in.connection, "subject": "sub-7781-q"});
    let path = format!("/api/v1/users/{id}/identities/relink");
    app.operator().post(&path, relink).await;
    let again = app.operator().with_header("idempotency-key", "key-1");
    let grant = json!({"role": "annotator"});
    again.post(&format!("/api/v1/users/{id}/grants"), grant).await.expect(201);
    let edit = json!({"description": "Xanthic duty", "external_ref": "ref-31337-q"});
    app.operator().patch(&format!("/api/v1/users/{id}"), edit).await;
    (directory, id)
}

async fn found(app: &TestApp, values: &[&str]) -> Vec<String> {
    let cells = app.database().cells().await;
    assert!(cells.len() > 100, "the database is read");
    let mut places = Vec::new();
    for cell in cells {
        for value in values {
            if cell.holds(value) {
                places.push(format!("{value} in {}", cell.place));
            }
        }
    }
    places.sort();
    places.dedup();
    places
}

on_both_engines! {
    async fn who_is_forgotten_stands_in_no_cell_of_the_database(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (directory, id) = lived(&app, &acme).await;
        app.run_worker().await;
        assert!(!found(&app, &["zoraqx", "Quillmark"]).await.is_empty(), "she was there");
        let off = json!({"status": "disabled"});
        app.operator().patch(&format!("/api/v1/directories/{directory}"), off).await.expect(200);
        // Rules are the admin's: what they compare with is no trace of hers.
        let rules = format!("/api/v1/organizations/{acme}/mapping-rules");
        let rule = app.operator().get(&rules).await.expect(200).text_at("/data/0/id");
        app.operator().delete(&format!("/api/v1/mapping-rules/{rule}")).await.expect(204);
        let path = format!("/api/v1/users/{id}/erase");
        app.operator().post(&path, json!({})).await.expect(204);
        app.run_worker().await;
        assert_eq!(found(&app, &HERS).await, Vec::<String>::new());
    }

    async fn who_came_by_an_invite_and_is_forgotten_stands_in_no_cell_either(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let body = json!({"email": EMAIL, "first_name": "Wyvernly", "last_name": "Quillmark",
            "description": "Xanthic duty", "role": "org-admin"});
        let sent = app.operator().with_header("idempotency-key", "key-2");
        sent.post(&format!("/api/v1/organizations/{acme}/invites"), body).await.expect(201);
        let zora = accept(&app, &app.mail_to(EMAIL).await.link()).await;
        zora.get("/me").await.expect(200);
        let token = json!({"name": "Script of zoraqx", "permissions": ["users.view"]});
        zora.post("/api/v1/me/tokens", token).await.expect(201);
        let bob = json!({"email": "bob@example.com", "role": "auditor"});
        zora.post(&format!("/api/v1/organizations/{acme}/invites"), bob).await.expect(201);
        app.run_worker().await;
        // Mail that waits for her goes with her.
        browser(&app).post_form("/password/forgot", &[("user_name", EMAIL)]).await.expect(200);
        let id = id(&app, &acme, "zoraqx").await;
        let path = format!("/api/v1/users/{id}/erase");
        app.operator().post(&path, json!({})).await.expect(204);
        assert_eq!(found(&app, &HERS).await, Vec::<String>::new());
        let before = app.mails_to(EMAIL).await.len();
        app.advance_s(DAY_S);
        assert_eq!(app.mails_to(EMAIL).await.len(), before);
    }

    async fn an_export_holds_all_that_is_kept_of_a_person(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (_, id) = lived(&app, &acme).await;
        app.run_worker().await;
        let path = format!("/api/v1/users/{id}/export");
        let told = app.operator().get(&path).await.expect(200);
        assert_eq!(told.header("cache-control"), "no-store");
        assert_eq!(told.at("/groups/0/display_name"), "Crew");
        assert_eq!(told.at("/claims/0/values/0"), "Quillmark team");
        assert_eq!(told.at("/denied"), json!([]));
        assert_eq!(told.at("/profile/title"), "Xanthic duty");
        assert_eq!(told.at("/password/is_set"), false);
        assert!(!told.at("/identities").as_array().unwrap().is_empty(), "{told}");
        let events = told.at("/events");
        let events = events.as_array().unwrap();
        assert!(events.iter().any(|event| event["type"] == "user.created"), "{told}");
        assert!(events.iter().all(|event| event["organization_id"] == acme.as_str()));
        let grants = told.at("/grants");
        let grants = grants.as_array().unwrap();
        let roles: Vec<&Value> = grants.iter().map(|grant| &grant["role"]).collect();
        assert!(roles.contains(&&json!("auditor")), "{roles:?}");
        assert!(!told.at("/sign_ins").as_array().unwrap().is_empty());
        let stranger = json!({"email": "ann@example.com", "role": "auditor"});
        invite(&app, &acme, stranger).await.expect(201);
        let ann = accept(&app, &app.mail_to("ann@example.com").await.link()).await;
        ann.get(&path).await.expect_problem(403, "forbidden");
    }

    async fn logs_events_and_journals_hold_no_values_after_a_walk_through_all_doors(app: TestApp) {
        let log = Log::begin();
        let acme = app.organization("Acme").await;
        let mut secrets = walk(&app, &acme).await;
        app.run_worker().await;
        let journal = |id: &str| format!("/api/v1/directories/{id}/requests");
        let directories = format!("/api/v1/organizations/{acme}/directories");
        let directories = app.operator().get(&directories).await.expect(200);
        let directory = directories.text_at("/data/0/id");
        let mut told = all(&app, &format!("/api/v1/organizations/{acme}/events")).await;
        told += &app.operator().get(&journal(&directory)).await.expect(200).text();
        let lines = log.text();
        assert!(lines.lines().count() > 20, "the log is written: {lines}");
        secrets.push(HER_PASSWORD.to_owned());
        let values = HERS.iter().map(|value| (*value).to_owned()).chain(secrets.iter().cloned());
        for value in values {
            let small = value.to_lowercase();
            for (place, text) in [("the log", &lines), ("feed or journal", &told)] {
                let at = text.to_lowercase().find(&small);
                let near = at.map(|at| text.get(at.saturating_sub(200)..(at + 80).min(text.len())));
                assert_eq!(near, None, "{value} in {place}");
            }
        }
        // Secrets are kept by their digests alone.
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        assert_eq!(found(&app, &secrets).await, Vec::<String>::new());
    }
}

/// Goes through every door, right and wrong; answers the secrets that were given out.
async fn walk(app: &TestApp, acme: &str) -> Vec<String> {
    let mut secrets = by_invite(app, acme).await;
    secrets.extend(by_directory(app, acme).await);
    by_password(app, acme).await;
    secrets
}

async fn by_invite(app: &TestApp, acme: &str) -> Vec<String> {
    let invites = format!("/api/v1/organizations/{acme}/invites");
    let grace = somebody(app, acme, "grace@example.com", "org-admin").await;
    let body = json!({"email": EMAIL, "first_name": "Wyvernly", "last_name": "Quillmark",
        "description": "Xanthic duty", "role": "auditor"});
    grace.post(&invites, body.clone()).await.expect(201);
    grace.post(&invites, body).await.expect(409);
    let wrong = json!({"email": "zoraqx", "role": "nobody"});
    grace.post(&invites, wrong).await.expect(422);
    let link = app.mail_to(EMAIL).await.link();
    let secret = link.rsplit('/').next().unwrap().to_owned();
    browser(app).get(&link).await.expect(200);
    browser(app).post_form(&link, &[("password", "zoraqx")]).await.expect(422);
    let zora = browser(app);
    zora.post_form(&link, &[("password", HER_PASSWORD)]).await.expect(303);
    browser(app).get(&link).await.expect(410);
    zora.get("/me").await.expect(200);
    grace.get(&format!("/api/v1/organizations/{acme}/users?q=zoraqx")).await.expect(200);
    let id = id(app, acme, "zoraqx").await;
    let edit = json!({"external_ref": "ref-31337-q", "display_name": "Wyvernly Quillmark"});
    grace.patch(&format!("/api/v1/users/{id}"), edit).await.expect(200);
    let token = json!({"name": "Of zoraqx", "permissions": ["users.view"]});
    let personal = grace.post("/api/v1/me/tokens", token).await.expect(201).text_at("/token");
    app.bearer(&personal).get(&format!("/api/v1/users/{id}")).await.expect(200);
    app.bearer("ppt_zoraqx_wrong").get("/api/v1/me/tokens").await.expect(401);
    vec![secret, personal, zora.cookie("portico-session").unwrap()]
}

async fn by_directory(app: &TestApp, acme: &str) -> Vec<String> {
    let (directory, token) = app.directory(acme, "strict").await;
    let scim = app.scim(&token);
    let made = scim.post("/Users", pushed(true)).await.expect(201).text_at("/id");
    scim.post("/Users", pushed(true)).await.expect(409);
    scim.post("/Users", json!({"schemas": [CORE], "userName": {"x": 1}})).await.expect(400);
    for filter in ["userName%20eq%20%22zoraqx%22", "nothing%20xx", "emails.value%20eq%20%22zoraqx"]
    {
        scim.get(&format!("/Users?filter={filter}")).await;
    }
    let change = json!({"schemas": [PATCH], "Operations": [
        {"op": "replace", "path": "nickName", "value": "Wyvernly"},
        {"op": "replace", "path": "emails[value eq \"zoraqx@nowhere\"].value", "value": "x"}]});
    scim.patch(&format!("/Users/{made}"), change).await;
    scim.get("/Users/nobody").await.expect(404);
    let sign_in = SignIn::connect(app, acme, &directory, &[]).await;
    sign_in.by_with(&browser(app), "ext-9942-q", json!({"email": EMAIL})).await.expect(303);
    sign_in.by_with(&browser(app), "sub-7781-q", json!({"email": EMAIL})).await.expect(403);
    let asked = json!({"subject": {"type": "user", "id": "x", "properties": {"user_name": "zoraqx"}},
        "action": {"name": "gallery.view"}, "resource": {"type": "organization", "id": acme}});
    app.operator().post("/access/v1/evaluation", asked).await.expect(200);
    scim.delete(&format!("/Users/{made}")).await.expect(204);
    vec![token]
}

async fn by_password(app: &TestApp, acme: &str) {
    let fields = |password: &'static str| [("user_name", EMAIL), ("password", password)];
    browser(app).post_form("/sign-in/password", &fields("Quillmark-wrong")).await.expect(403);
    browser(app).post_form("/sign-in/password", &fields(HER_PASSWORD)).await.expect(303);
    let forgot: &Caller = &browser(app);
    forgot.post_form("/password/forgot", &[("user_name", EMAIL)]).await.expect(200);
    let elsewhere = app.anonymous();
    elsewhere.post_form("/sign-in/password", &fields(HER_PASSWORD)).await.expect(403);
    browser(app).get("/password/reset/zoraqx").await.expect(404);
    browser(app).get("/invite/zoraqx").await.expect(404);
    browser(app).get("/zoraqx").await.expect(404);
    let id = id(app, acme, "zoraqx").await;
    app.operator().get(&format!("/api/v1/users/{id}/export")).await.expect(200);
    app.operator().delete(&format!("/api/v1/users/{id}")).await.expect(204);
}
