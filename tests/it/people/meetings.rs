//! A SCIM create that meets somebody: a pending invite, a user without directory, anybody else;
//! under the profiles of Entra and Okta too.

use serde_json::{Value, json};

use super::{PASSWORD, accept, browser, invite, invite_ada, somebody, user};
use crate::support::{Caller, TestApp};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What each provider sends when it brings somebody.
fn pushed(profile: &str, login: &str, email: &str) -> Value {
    let emails = json!([{"primary": true, "type": "work", "value": email}]);
    match profile {
        "entra" => json!({"schemas": [CORE, ENTERPRISE], "externalId": format!("oid-{login}"),
            "userName": login, "active": true, "displayName": "A B", "emails": emails,
            "meta": {"resourceType": "User"}, "name": {"familyName": "B", "givenName": "A"},
            ENTERPRISE: {"employeeNumber": "7"}}),
        "okta" => {
            json!({"schemas": [CORE], "userName": login, "externalId": format!("00u-{login}"),
            "name": {"givenName": "A", "familyName": "B"}, "emails": emails, "displayName": "A B",
            "locale": "en-US", "groups": [], "active": true})
        }
        _ => json!({"schemas": [CORE], "userName": login, "externalId": format!("ext-{login}"),
            "active": true, "emails": emails}),
    }
}

/// A directory that lists a verified domain, and its client.
async fn listing(app: &TestApp, organization: &str, profile: &str, domain: &str) -> Caller {
    let domains = format!("/api/v1/organizations/{organization}/domains");
    let body = json!({"domain": domain, "verified": true});
    let domain = app.operator().post(&domains, body).await.expect(201).text_at("/id");
    let directories = format!("/api/v1/organizations/{organization}/directories");
    let body = json!({"name": "People", "profile": profile, "domains": [domain]});
    let id = app.operator().post(&directories, body).await.expect(201).text_at("/id");
    let tokens = format!("/api/v1/directories/{id}/tokens");
    let made = app.operator().post(&tokens, json!({"name": "t"})).await.expect(201);
    app.scim(&made.text_at("/token"))
}

async fn conflicts(app: &TestApp, organization: &str) -> Vec<Value> {
    let path = format!("/api/v1/organizations/{organization}/conflicts");
    app.operator().get(&path).await.expect(200).at("/data").as_array().unwrap().clone()
}

async fn invite_status(app: &TestApp, id: &str) -> String {
    app.operator().get(&format!("/api/v1/invites/{id}")).await.expect(200).text_at("/status")
}

on_both_engines! {
    async fn b_a_pending_invite_is_superseded_under_every_profile(app: TestApp) {
        for profile in ["strict", "generic", "entra", "okta"] {
            let place = app.organization(profile).await;
            let email = format!("ada@{profile}.example");
            let body = json!({"email": email, "role": "auditor"});
            let sent = invite(&app, &place, body).await.expect(201);
            let link = app.mail_to(&email).await.link();
            let (_, token) = app.directory(&place, profile).await;
            let scim = app.scim(&token);
            let upper = email.to_uppercase();
            let made = scim.post("/Users", pushed(profile, "ada.b", &upper)).await.expect(201);
            assert_eq!(made.at("/id"), sent.at("/user_id"), "{profile}: one person");
            assert_eq!(made.at("/active"), true);
            let found = scim.get("/Users?filter=userName%20eq%20%22ADA.B%22").await.expect(200);
            assert_eq!(found.at("/totalResults"), 1, "{profile}");
            assert_eq!(invite_status(&app, &sent.text_at("/id")).await, "superseded");
            let ada = user(&app, &place, "ada").await;
            assert_eq!(ada["status"], "provisioned");
            assert_eq!(ada["roles"][0]["source"], "invite", "what the invite gave stays");
            browser(&app).get(&link).await.expect(404);
            // A 409 names something that this directory's filter finds.
            scim.post("/Users", pushed(profile, "ada.b", &upper)).await.expect(409);
            assert!(conflicts(&app, &place).await.is_empty());
        }
    }

    async fn b_an_invite_is_superseded_in_a_bulk_request_too(app: TestApp) {
        let acme = app.organization("Acme").await;
        let sent = invite_ada(&app, &acme).await;
        app.run_worker().await;
        let (_, token) = app.directory(&acme, "strict").await;
        let operation = |login: &str, email: &str| json!({"method": "POST", "path": "/Users",
            "bulkId": login, "data": pushed("strict", login, email)});
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [operation("ada", "ada@example.com"), operation("bob", "b@example.com")]});
        let done = app.scim(&token).post("/Bulk", body).await.expect(200);
        assert_eq!(done.at("/Operations/0/status"), "201", "{done}");
        assert!(done.text_at("/Operations/0/location").ends_with(&sent.text_at("/user_id")));
        assert_eq!(done.at("/Operations/1/status"), "201");
        assert_eq!(invite_status(&app, &sent.text_at("/id")).await, "superseded");
    }

    async fn c_adoption_ends_sessions_password_and_personal_tokens(app: TestApp) {
        for profile in ["strict", "entra", "okta"] {
            let place = app.organization(profile).await;
            let domain = format!("{profile}.example");
            let email = format!("ada@{domain}");
            let scim = listing(&app, &place, profile, &domain).await;
            // She proved the address by opening the link that was sent there.
            let body = json!({"email": email, "role": "auditor"});
            let sent = invite(&app, &place, body).await.expect(201);
            let ada = accept(&app, &app.mail_to(&email).await.link()).await;
            ada.get("/me").await.expect(200);
            let made = scim.post("/Users", pushed(profile, &email, &email)).await.expect(201);
            assert_eq!(made.at("/id"), sent.at("/user_id"), "{profile}: she is adopted");
            ada.get("/me").await.expect(401);
            let fields = [("user_name", email.as_str()), ("password", PASSWORD)];
            browser(&app).post_form("/sign-in/password", &fields).await.expect(403);
            assert_eq!(app.events(&place, "user.adopted").await.len(), 1);
            assert_eq!(user(&app, &place, "ada").await["roles"][0]["role"], "auditor");
        }
    }

    async fn c_personal_tokens_end_with_adoption(app: TestApp) {
        let acme = app.organization("Acme").await;
        let scim = listing(&app, &acme, "strict", "acme.example").await;
        // Somebody else stays an administrator.
        somebody(&app, &acme, "grace@elsewhere.example", "org-admin").await;
        let hedy = somebody(&app, &acme, "hedy@acme.example", "org-admin").await;
        let body = json!({"name": "Script", "permissions": ["users.view"]});
        let token = hedy.post("/api/v1/me/tokens", body).await.expect(201).text_at("/token");
        let path = format!("/api/v1/users/{}/access",
            user(&app, &acme, "hedy").await["id"].as_str().unwrap());
        let grant = app.operator().get(&path).await.expect(200).text_at("/grants/0/id");
        let pushed = pushed("strict", "hedy@acme.example", "hedy@acme.example");
        // While she holds a role that must keep a holder, no directory takes her over.
        let other = scim.post("/Users", pushed.clone()).await.expect(201).text_at("/id");
        assert_eq!(conflicts(&app, &acme).await.len(), 1);
        let users = format!("/api/v1/organizations/{acme}/users");
        app.bearer(&token).get(&users).await.expect(200);
        scim.delete(&format!("/Users/{other}")).await.expect(204);
        app.operator().delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        scim.post("/Users", pushed).await.expect(201);
        assert_eq!(app.events(&acme, "user.adopted").await.len(), 1);
        app.bearer(&token).get(&users).await.expect(401);
        hedy.get("/me").await.expect(401);
    }

    async fn c_who_is_not_adopted_stands_among_the_conflicts_with_the_reason(app: TestApp) {
        let acme = app.organization("Acme").await;
        let scim = listing(&app, &acme, "entra", "acme.example").await;
        let glass = format!("/api/v1/organizations/{acme}/break-glass");
        app.operator().post(&glass, json!({"email": "glass@acme.example"})).await.expect(201);
        let users = format!("/api/v1/organizations/{acme}/users");
        let api = json!({"user_name": "api@acme.example", "email": "api@acme.example"});
        app.operator().post(&users, api).await.expect(201);
        somebody(&app, &acme, "boss@acme.example", "org-admin").await;
        somebody(&app, &acme, "out@unproved.example", "auditor").await;
        for (email, reason) in [
            ("glass@acme.example", "break-glass"),
            ("api@acme.example", "email-not-proved"),
            ("boss@acme.example", "holds-kept-role"),
            ("out@unproved.example", "domain-not-verified"),
        ] {
            let before = user(&app, &acme, email).await;
            let made = scim.post("/Users", pushed("entra", email, email)).await.expect(201);
            assert_ne!(made.at("/id"), before["id"], "{email}");
            let told = app.events(&acme, "user.duplicate_suspected").await;
            let last = told.last().unwrap();
            assert_eq!(last["subject"]["id"], made.at("/id"), "{email}");
            let listed = conflicts(&app, &acme).await;
            let text = serde_json::to_string(&listed).unwrap();
            assert!(text.contains(&format!("\"{reason}\"")), "{email}: {text}");
            app.advance_s(1);
        }
        assert_eq!(app.events(&acme, "user.adopted").await.len(), 0);
        app.run_worker().await;
    }

    async fn c_a_guest_is_nobody_whom_a_directory_meets(app: TestApp) {
        let acme = app.organization("Acme").await;
        let vendor = app.operator().get("/api/v1/organizations/operator").await.expect(200);
        let vendor = vendor.text_at("/id");
        somebody(&app, &vendor, "eve@acme.example", "annotator").await;
        let eve = user(&app, &vendor, "eve").await["id"].as_str().unwrap().to_owned();
        let grant = json!({"role": "annotator", "organization": acme});
        app.operator().post(&format!("/api/v1/users/{eve}/grants"), grant).await.expect(201);
        let scim = listing(&app, &acme, "okta", "acme.example").await;
        let made = scim.post("/Users", pushed("okta", "eve@acme.example", "eve@acme.example"))
            .await.expect(201);
        assert_ne!(made.text_at("/id"), eve);
        app.operator().get(&format!("/api/v1/users/{eve}")).await.expect(200);
        app.run_worker().await;
    }

    async fn on_provision_invite_writes_to_each_once_under_the_profiles_of_providers(app: TestApp) {
        for profile in ["entra", "okta"] {
            let place = app.organization(profile).await;
            let (directory, token) = app.directory(&place, profile).await;
            let path = format!("/api/v1/directories/{directory}");
            let mode = json!({"on_provision": "invite"});
            app.operator().patch(&path, mode).await.expect(200);
            let scim = app.scim(&token);
            let email = format!("ada@{profile}.example");
            let made = scim.post("/Users", pushed(profile, "ada", &email)).await.expect(201);
            assert_eq!(made.at("/active"), true, "to its client she is active");
            assert_eq!(user(&app, &place, "ada").await["status"], "invite_pending");
            assert_eq!(app.mails_to(&email).await.len(), 1);
            let same = format!("/Users/{}", made.text_at("/id"));
            scim.put(&same, pushed(profile, "ada", &email)).await.expect(200);
            assert_eq!(app.mails_to(&email).await.len(), 1, "{profile}: one mail");
            // Who has no address gets no mail, and is there all the same.
            let mut bare = pushed(profile, "bob", "x@y.example");
            bare.as_object_mut().unwrap().remove("emails");
            scim.post("/Users", bare).await.expect(201);
            assert_eq!(user(&app, &place, "bob").await["status"], "provisioned");
            // She leaves before she ever came: the link is dead.
            let link = app.mail_to(&email).await.link();
            scim.delete(&same).await.expect(204);
            browser(&app).get(&link).await.expect(404);
        }
    }

    async fn an_accept_against_a_scim_create_of_the_same_person_has_one_winner(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (_, token) = app.directory(&acme, "entra").await;
        let scim = app.scim(&token);
        for at in 0..8 {
            let email = format!("p{at}@example.com");
            let sent = invite(&app, &acme, json!({"email": email, "role": "auditor"})).await;
            let sent = sent.expect(201);
            let (id, invited) = (sent.text_at("/id"), sent.text_at("/user_id"));
            let link = app.mail_to(&email).await.link();
            let jar = browser(&app);
            let fields = [("password", PASSWORD)];
            let (joined, made) = tokio::join!(
                jar.post_form(&link, &fields),
                scim.post("/Users", pushed("entra", &email, &email))
            );
            let made = made.expect(201).text_at("/id");
            let status = invite_status(&app, &id).await;
            if joined.status == 303 {
                assert_eq!(status, "accepted");
                assert_ne!(made, invited, "who accepted is a user of her own");
                jar.get("/me").await.expect(200);
            } else {
                assert_eq!((joined.status, status.as_str()), (404, "superseded"), "{joined}");
                assert_eq!(made, invited);
                jar.get("/me").await.expect(401);
            }
        }
        let ended = app.events(&acme, "invite.accepted").await.len()
            + app.events(&acme, "invite.superseded").await.len();
        assert_eq!(ended, 8);
    }
}
