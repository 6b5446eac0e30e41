//! What is mailed besides invites and passwords: identity actions to those who hold a role that
//! must keep a holder, warnings to the technical contacts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{browser, invite, somebody, user};
use crate::support::mail::Mail;
use crate::support::{Caller, TestApp};

const DAY_S: i64 = 86_400;
const CONTACT: &str = "it@example.com";

async fn contact(app: &TestApp, organization: &str) {
    let path = format!("/api/v1/organizations/{organization}");
    let body = json!({"technical_contacts": [CONTACT]});
    app.operator().patch(&path, body).await.expect(200);
}

/// Sends what an administrator sends; answers the id of what it made, if it made anything.
async fn act(who: &Caller, method: &str, path: &str, body: Value) -> String {
    let body = Some(("application/json", body.to_string().into_bytes()));
    let reply = who.send(method.parse().unwrap(), path, body).await;
    assert!((200..300).contains(&reply.status), "{method} {path}: {reply}");
    if reply.status == 201 { reply.text_at("/id") } else { String::new() }
}

/// The mails beyond those that were there.
async fn new(app: &TestApp, address: &str, seen: &mut usize) -> Vec<Mail> {
    let mails = app.mails_to(address).await;
    let fresh = mails[*seen..].to_vec();
    *seen = mails.len();
    fresh
}

on_both_engines! {
    async fn each_use_of_an_identity_action_is_mailed_to_all_who_hold_a_kept_role(app: TestApp) {
        let acme = app.organization("Acme").await;
        let grace = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        somebody(&app, &acme, "hedy@example.com", "org-admin").await;
        somebody(&app, &acme, "bob@example.com", "auditor").await;
        let org = format!("/api/v1/organizations/{acme}");
        let rule = json!({"name": "Auditors", "when": "title pr", "role": "auditor"});
        let role = json!({"label": "Guests", "permissions": ["gallery.view"]});
        let okta = json!({"name": "Okta", "kind": "oidc", "status": "draft", "oidc":
            {"issuer": "https://acme.okta.example", "client_id": "c", "client_secret": "s"}});
        let token = json!({"name": "Sync", "permissions": ["users.view"]});
        let mut seen = app.mails_to("hedy@example.com").await.len();
        let bobs = app.mails_to("bob@example.com").await.len();
        let mut made = Vec::new();
        let v1 = |noun: &str, id: &str| format!("/api/v1/{noun}/{id}");
        let people = act(&grace, "POST", &format!("{org}/directories"),
            json!({"name": "People", "profile": "strict"})).await;
        assert_eq!(new(&app, "hedy@example.com", &mut seen).await.len(), 1);
        let people = v1("directories", &people);
        for (list, body, noun, say) in [
            (format!("{people}/tokens"), json!({"name": "Key"}), "directory-tokens",
                "Directory token “Key”"),
            (format!("{people}/clients"), json!({"name": "App"}), "directory-clients",
                "Directory client “App”"),
            (format!("{org}/domains"), json!({"domain": "acme.example"}), "domains",
                "E-mail domain “acme[.]example”"),
            (format!("{org}/mapping-rules"), rule, "mapping-rules", "Mapping rule “Auditors”"),
            (format!("{org}/roles"), role, "roles", "Role “Guests”"),
            (format!("{org}/connections"), okta, "connections", "Connection “Okta”"),
            (format!("{org}/tokens"), token, "tokens", "Token of the organization “Sync”"),
        ] {
            let id = act(&grace, "POST", &list, body).await;
            let told = new(&app, "hedy@example.com", &mut seen).await;
            assert_eq!(told.len(), 1, "{list}");
            assert_eq!(told[0].subject, "Acme: a change of who may sign in");
            assert!(told[0].text.contains(&format!("{say}: created")), "{}", told[0].text);
            assert!(told[0].text.contains("grace") && told[0].html.contains("created"));
            made.push((v1(noun, &id), say));
        }
        for (path, say) in made {
            act(&app.operator(), "DELETE", &path, json!({})).await;
            let told = new(&app, "hedy@example.com", &mut seen).await;
            assert_eq!(told.len(), 1, "{path}");
            assert!(told[0].text.contains(&format!("{say}: removed")), "{}", told[0].text);
            assert!(told[0].text.contains("The operator of the platform"), "{}", told[0].text);
        }
        act(&grace, "PATCH", &people, json!({"name": "All"})).await;
        act(&grace, "DELETE", &format!("{people}?users=keep"), json!({})).await;
        let told = new(&app, "hedy@example.com", &mut seen).await;
        // It is disabled first, then it goes with what it brought.
        assert_eq!(told.len(), 3);
        let removed = |mail: &Mail| mail.text.contains("Directory “All”: removed");
        assert_eq!(told.iter().filter(|mail| removed(mail)).count(), 1);
        assert_eq!(app.mails_to("bob@example.com").await.len(), bobs, "he holds no such role");
        // What is no identity action is not mailed.
        act(&grace, "PATCH", &org, json!({"language": "fr"})).await;
        assert_eq!(new(&app, "hedy@example.com", &mut seen).await.len(), 0);
        act(&grace, "POST", &format!("{org}/domains"), json!({"domain": "b.example"})).await;
        let told = new(&app, "hedy@example.com", &mut seen).await;
        assert_eq!(told[0].subject, "Acme : changement des accès");
    }

    async fn what_an_identity_action_did_not_do_is_not_mailed(app: TestApp) {
        let acme = app.organization("Acme").await;
        let grace = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let seen = app.mails_to("grace@example.com").await.len();
        let rules = format!("/api/v1/organizations/{acme}/mapping-rules");
        let wrong = json!({"name": "R", "when": "not", "role": "auditor"});
        grace.post(&rules, wrong).await.expect(422);
        grace.get(&rules).await.expect(200);
        grace.post(&format!("{rules}/preview"), json!({"rules": []})).await.expect(200);
        assert_eq!(app.mails_to("grace@example.com").await.len(), seen);
    }

    async fn ends_that_come_near_are_mailed_to_the_technical_contacts(app: TestApp) {
        let acme = app.organization("Acme").await;
        contact(&app, &acme).await;
        let (directory, _) = app.directory(&acme, "entra").await;
        let end = "2026-12-21T10:00:00Z";
        let named = json!({"name": "Ending", "expires_at": end});
        for kind in ["tokens", "clients"] {
            let path = format!("/api/v1/directories/{directory}/{kind}");
            app.operator().post(&path, named.clone()).await.expect(201);
        }
        let connections = format!("/api/v1/organizations/{acme}/connections");
        let okta = json!({"name": "Okta", "kind": "oidc", "status": "draft", "oidc":
            {"issuer": "https://acme.okta.example", "client_id": "c", "client_secret": "s",
            "secret_expires_at": end}});
        app.operator().post(&connections, okta).await.expect(201);
        let tokens = format!("/api/v1/organizations/{acme}/tokens");
        let sync = json!({"name": "Sync", "permissions": ["users.view"], "expires_at": end});
        app.operator().post(&tokens, sync).await.expect(201);
        portico::flow::expiry::tell(&app.app.runner).await.unwrap();
        app.advance_s(23 * DAY_S);
        portico::flow::expiry::tell(&app.app.runner).await.unwrap();
        let mails = app.mails_to(CONTACT).await;
        let subjects: BTreeSet<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
        for one in ["a directory secret ends soon", "a client secret ends soon",
            "a token ends soon"] {
            assert!(subjects.contains(format!("Acme: {one}").as_str()), "{one}: {subjects:?}");
        }
        assert!(mails.iter().all(|mail| mail.text.contains("2026-12-21T10:00:00")), "{mails:?}");
        assert!(mails.iter().any(|mail| mail.text.contains("Okta")));
        assert_eq!(app.events(&acme, "token.expiring").await.len(), 1);
        let count = mails.len();
        portico::flow::expiry::tell(&app.app.runner).await.unwrap();
        assert_eq!(app.mails_to(CONTACT).await.len(), count, "each is told once");
    }

    async fn the_end_of_a_personal_token_is_mailed_to_its_owner_alone(app: TestApp) {
        let acme = app.organization("Acme").await;
        contact(&app, &acme).await;
        let grace = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let seen = app.mails_to("grace@example.com").await.len();
        let token = |name: &str, end: &str| json!({"name": name, "permissions": ["users.view"],
            "expires_at": end});
        for (name, end) in [("Script", "2026-12-21T10:00:00Z"), ("Trial", "2026-11-24T10:00:00Z")] {
            grace.post("/api/v1/me/tokens", token(name, end)).await.expect(201);
        }
        portico::flow::expiry::tell(&app.app.runner).await.unwrap();
        assert_eq!(app.mails_to("grace@example.com").await.len(), seen, "made to end soon");
        app.advance_s(23 * DAY_S);
        portico::flow::expiry::tell(&app.app.runner).await.unwrap();
        let told = app.mails_to("grace@example.com").await.pop().unwrap();
        assert_eq!(told.subject, "Acme: a token ends soon");
        assert!(told.text.contains("Script") && told.text.contains("2026-12-21"), "{}", told.text);
        assert!(app.mails_to(CONTACT).await.is_empty());
    }

    async fn failures_are_mailed_to_the_contacts_and_else_to_the_holders(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let (_, token) = app.directory(&acme, "strict").await;
        let ada = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "active": true});
        app.scim(&token).post("/Users", ada).await.expect(201);
        app.run_worker().await;
        app.advance_s(portico::domain::health::STALE_S + 1);
        portico::flow::provision::journal::tell_stale(&app.app.runner).await.unwrap();
        let told = app.mails_to("grace@example.com").await.pop().unwrap();
        assert_eq!(told.subject, "Acme: a directory is silent");
        assert!(told.text.contains("People"), "{}", told.text);
    }

    async fn what_the_brake_holds_is_mailed_once(app: TestApp) {
        let acme = app.organization("Acme").await;
        contact(&app, &acme).await;
        let (directory, token) = app.directory(&acme, "strict").await;
        let path = format!("/api/v1/directories/{directory}");
        let brake = json!({"max_removals": {"count": 1, "window_s": 3600}});
        app.operator().patch(&path, brake).await.expect(200);
        let rules = format!("/api/v1/organizations/{acme}/mapping-rules");
        let rule = json!({"name": "All", "when": "userName pr", "role": "auditor"});
        app.operator().post(&rules, rule).await.expect(201);
        let scim = app.scim(&token);
        let mut ids = Vec::new();
        for at in 0..4 {
            let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": format!("u{at}"), "active": true});
            ids.push(scim.post("/Users", body).await.expect(201).text_at("/id"));
        }
        for id in ids {
            scim.delete(&format!("/Users/{id}")).await.expect(204);
        }
        let mails = app.mails_to(CONTACT).await;
        let held: Vec<&Mail> =
            mails.iter().filter(|mail| mail.subject == "Acme: removals are held").collect();
        assert_eq!(held.len(), 1, "{mails:?}");
        assert!(held[0].text.contains("People"));
    }

    async fn a_role_that_lost_its_last_holder_is_told_to_contacts_and_operator(app: TestApp) {
        let acme = app.organization("Acme").await;
        contact(&app, &acme).await;
        let vendor = app.operator().get("/api/v1/organizations/operator").await.expect(200);
        somebody(&app, &vendor.text_at("/id"), "root@vendor.example", "org-admin").await;
        let rules = format!("/api/v1/organizations/{acme}/mapping-rules");
        let rule = json!({"name": "Boss", "when": "title eq \"Boss\"", "role": "org-admin"});
        app.operator().post(&rules, rule).await.expect(201);
        let (_, token) = app.directory(&acme, "strict").await;
        let boss = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "active": true, "title": "Boss"});
        let scim = app.scim(&token);
        let id = scim.post("/Users", boss).await.expect(201).text_at("/id");
        scim.delete(&format!("/Users/{id}")).await.expect(204);
        assert_eq!(app.events(&acme, "organization.role_vacant").await.len(), 1);
        for address in [CONTACT, "root@vendor.example"] {
            let told = app.mail_to(address).await;
            assert_eq!(told.subject, "Acme: nobody holds a role that must be held");
            assert!(told.text.contains("org-admin"), "{}", told.text);
        }
    }

    async fn tokens_and_webhooks_of_who_left_are_told_to_those_who_stay(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let hedy = somebody(&app, &acme, "hedy@example.com", "org-admin").await;
        let org = format!("/api/v1/organizations/{acme}");
        let token = json!({"name": "Sync", "permissions": ["users.view"]});
        hedy.post(&format!("{org}/tokens"), token).await.expect(201);
        let hook = json!({"name": "Hook", "url": "https://hook.example/"});
        hedy.post(&format!("{org}/webhooks"), hook).await.expect(201);
        let mut seen = app.mails_to("grace@example.com").await.len();
        let id = user(&app, &acme, "hedy").await["id"].as_str().unwrap().to_owned();
        app.operator().delete(&format!("/api/v1/users/{id}")).await.expect(204);
        let told = new(&app, "grace@example.com", &mut seen).await;
        let subjects: BTreeSet<&str> = told.iter().map(|mail| mail.subject.as_str()).collect();
        assert_eq!(subjects, BTreeSet::from(["Acme: the creator of a token left",
            "Acme: the creator of a webhook left"]));
        assert!(told.iter().any(|mail| mail.text.contains("Sync")));
        assert!(told.iter().any(|mail| mail.text.contains("Hook")));
        let tokens = app.operator().get(&format!("{org}/tokens?kind=organization")).await;
        assert_eq!(tokens.expect(200).at("/data/0/creator_left"), true);
    }

    async fn a_partner_who_is_asked_for_is_told_to_the_operator(app: TestApp) {
        let acme = app.organization("Acme").await;
        let vendor = app.operator().get("/api/v1/organizations/operator").await.expect(200);
        somebody(&app, &vendor.text_at("/id"), "root@vendor.example", "org-admin").await;
        let ask = json!({"email": "nobody@vendor.example", "class": "partner", "role": "annotator"});
        invite(&app, &acme, ask).await.expect(201);
        let told = app.mail_to("root@vendor.example").await;
        assert_eq!(told.subject, "Acme: a partner is asked for");
        assert!(!told.text.contains("nobody@vendor"), "it names nobody");
        browser(&app).get("/sign-in").await.expect(200);
    }
}
