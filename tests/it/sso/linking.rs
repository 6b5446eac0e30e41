//! Linking by proof, making people at their first sign-in, and what claims give them (LI4 to LI8).

use serde_json::{Value, json};

use super::liar::{Asked, Liar};
use crate::people::passwords::mailed_link;
use crate::people::{PASSWORD, accept, invite};
use crate::support::{Reply, TestApp};

/// A connection without a directory, for people of one verified domain.
async fn open(app: TestApp, more: Value) -> Liar {
    let liar = Liar::new(app, json!({})).await;
    liar.domain("acme.example").await;
    let mut change = json!({"directory_id": null});
    for (name, value) in more.as_object().unwrap() {
        change[name.as_str()] = value.clone();
    }
    liar.change(change).await.expect(200);
    liar
}

async fn local(liar: &Liar, name: &str, role: Option<&str>) -> String {
    let path = format!("/api/v1/organizations/{}/users", liar.organization);
    let grants: Vec<Value> = role.into_iter().map(|role| json!({"role": role})).collect();
    let body = json!({"user_name": name, "email": format!("{name}@acme.example"),
        "grants": grants});
    liar.app.operator().post(&path, body).await.expect(201).text_at("/id")
}

async fn settings(liar: &Liar, change: Value) {
    let path = format!("/api/v1/organizations/{}", liar.organization);
    liar.app.operator().patch(&path, change).await.expect(200);
}

async fn rule(liar: &Liar, when: &str, role: &str) {
    let path = format!("/api/v1/organizations/{}/mapping-rules", liar.organization);
    let body = json!({"name": when, "when": when, "role": role});
    liar.app.operator().post(&path, body).await.expect(201);
    liar.app.run_worker().await;
}

async fn me(liar: &Liar, subject: &str, claims: Value) -> Reply {
    let browser = liar.browser();
    liar.by(&browser, subject, claims).await.expect(303);
    browser.get("/me").await.expect(200)
}

fn roles(reply: &Reply) -> Vec<String> {
    let list = reply.at("/roles");
    list.as_array().unwrap().iter().map(|role| role["role"].as_str().unwrap().to_owned()).collect()
}

async fn events(liar: &Liar, name: &str) -> Vec<Value> {
    liar.app.events(&liar.organization, name).await
}

on_both_engines! {
    async fn a_person_is_made_at_her_first_sign_in_with_the_default_role_li5_li10(app: TestApp) {
        let liar = open(app, json!({"jit": {"enabled": true, "default_role": "auditor"}})).await;
        let claims = json!({"email": "Ada@Acme.example", "given_name": "Ada",
            "family_name": "Lovelace", "name": "Ada Lovelace"});
        let first = me(&liar, "s-1", claims.clone()).await;
        assert_eq!(first.at("/user/user_name"), "Ada@Acme.example");
        assert_eq!(first.at("/user/display_name"), "Ada Lovelace");
        assert_eq!(roles(&first), ["auditor"]);
        assert_eq!(first.at("/roles/0/source"), "sso");
        assert_eq!(liar.journal().await.remove(0)["rule"], "LI5");
        // The second time she is known, and her names follow the provider.
        let claims = json!({"email": "ada@acme.example", "family_name": "King", "name": "Ada King"});
        let second = me(&liar, "s-1", claims).await;
        assert_eq!(second.at("/user/id"), first.at("/user/id"));
        assert_eq!((second.at("/user/last_name"), second.at("/user/display_name")),
            (json!("King"), json!("Ada King")));
        assert_eq!(liar.journal().await.remove(0)["rule"], "LI1");
        let linked = events(&liar, "identity.linked").await;
        assert_eq!((linked.len(), &linked[0]["data"]["rule"]), (1, &json!("LI5")));
        assert_eq!(events(&liar, "user.created").await.len(), 1);
    }

    async fn nobody_is_made_where_that_is_off_or_the_domain_is_not_ours_li5(app: TestApp) {
        let liar = open(app, json!({})).await;
        let by = async |subject: &'static str, email: &'static str| {
            liar.by(&liar.browser(), subject, json!({"email": email})).await
        };
        liar.refused(&by("s-1", "ada@acme.example").await, "jit_off").await;
        liar.refused(&by("s-1", "ada@other.example").await, "unknown_user").await;
        liar.change(json!({"jit": {"enabled": true}})).await.expect(200);
        liar.refused(&by("s-1", "ada@other.example").await, "domain_not_verified").await;
        // Without a role she would be nobody: nothing of her is left.
        liar.refused(&by("s-1", "ada@acme.example").await, "no_role").await;
        let path = format!("/api/v1/organizations/{}/users", liar.organization);
        let users = liar.app.operator().get(&path).await.expect(200);
        assert_eq!(users.at("/data"), json!([]));
        assert_eq!(events(&liar, "user.created").await, [] as [Value; 0]);
        liar.change(json!({"jit": {"default_role": "auditor"}})).await.expect(200);
        by("s-1", "ada@acme.example").await.expect(303);
    }

    async fn who_was_removed_is_not_made_again_and_nobody_inherits_her_li1_li8(app: TestApp) {
        let liar = open(app, json!({"jit": {"enabled": true, "default_role": "auditor"}})).await;
        let claims = json!({"email": "ada@acme.example"});
        let ada = me(&liar, "s-1", claims.clone()).await.text_at("/user/id");
        liar.app.operator().delete(&format!("/api/v1/users/{ada}")).await.expect(204);
        let reply = liar.by(&liar.browser(), "s-1", claims.clone()).await;
        liar.refused(&reply, "user_removed").await;
        // Her address, reused by somebody new, is a new person.
        let other = me(&liar, "s-2", claims).await;
        assert_ne!(other.at("/user/id"), ada);
    }

    async fn claims_feed_the_rules_at_every_sign_in_and_end_with_their_age_li7(app: TestApp) {
        let liar = open(app, json!({"jit": {"enabled": true, "default_role": "auditor"},
            "rule_claims": ["roles"], "claims": {"roles": "https://acme.example/roles"}})).await;
        rule(&liar, "claims.roles eq \"planner\"", "operation-manager").await;
        let claims = |roles: Value| {
            json!({"email": "ada@acme.example", "https://acme.example/roles": roles})
        };
        let first = me(&liar, "s-1", claims(json!(["planner", "x"]))).await;
        // A rule gave her something, so the default role is not needed.
        assert_eq!(roles(&first), ["operation-manager"]);
        let path = format!("/api/v1/users/{}/access", first.text_at("/user/id"));
        let access = liar.app.operator().get(&path).await.expect(200);
        assert_eq!(access.at("/grants/0/why/matched/0/value"), "planner");
        assert_eq!(roles(&me(&liar, "s-1", claims(json!("other"))).await), [""; 0]);
        assert_eq!(roles(&me(&liar, "s-1", claims(json!("planner"))).await).len(), 1);
        settings(&liar, json!({"claims_max_age_s": 3600})).await;
        liar.app.advance_s(3601);
        portico::flow::sign_in::claims::end_due(&liar.app.app.runner).await.unwrap();
        let access = liar.app.operator().get(&path).await.expect(200);
        assert_eq!(access.at("/grants"), json!([]));
    }

    async fn groups_left_out_for_their_number_are_not_no_groups_en5(app: TestApp) {
        let liar = open(app, json!({"jit": {"enabled": true}, "rule_claims": ["groups"]})).await;
        rule(&liar, "claims.groups eq \"g-1\"", "auditor").await;
        let email = "ada@acme.example";
        let with = json!({"email": email, "groups": ["g-1"]});
        assert_eq!(roles(&me(&liar, "s-1", with).await), ["auditor"]);
        let over = json!({"email": email, "_claim_names": {"groups": "src1"}});
        assert_eq!(roles(&me(&liar, "s-1", over.clone()).await), ["auditor"]);
        // What was known goes on from when it came, not from the last sign-in.
        liar.app.advance_s(31 * 86_400);
        portico::flow::sign_in::claims::end_due(&liar.app.app.runner).await.unwrap();
        assert_eq!(roles(&me(&liar, "s-1", over).await), [""; 0]);
        let none = json!({"email": email});
        assert_eq!(roles(&me(&liar, "s-1", none).await), [""; 0]);
    }

    async fn a_directory_outranks_the_claims_of_its_people_li7(app: TestApp) {
        let liar = Liar::new(app, json!({"rule_claims": ["groups", "department", "level"]})).await;
        let ada = liar.user("ada").await;
        rule(&liar, "claims.groups eq \"g-1\"", "auditor").await;
        rule(&liar, "claims.department eq \"it\"", "read-only").await;
        rule(&liar, "claims.level eq \"gold\"", "operation-manager").await;
        let claims = json!({"groups": ["g-1"], "department": "it", "level": "gold"});
        let all = roles(&me(&liar, "ada", claims.clone()).await);
        assert_eq!(all.len(), 3, "{all:?}");
        // From now on the directory speaks of departments and of groups.
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Other"});
        liar.scim.post("/Groups", group).await.expect(201);
        let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "value": {extension: {"department": "hr"}}}]});
        let patched = liar.scim.patch(&format!("/Users/{ada}"), patch).await;
        assert!([200, 204].contains(&patched.status), "{patched}");
        let claims = json!({"groups": ["g-1", "g-2"], "department": "it", "level": "gold"});
        assert_eq!(roles(&me(&liar, "ada", claims).await), ["operation-manager"]);
    }

    async fn a_user_of_the_organization_is_linked_only_by_proof_li4(app: TestApp) {
        let liar = open(app, json!({})).await;
        let ada = local(&liar, "ada", None).await;
        let claims = json!({"email": "ada@acme.example"});
        let reply = liar.by(&liar.browser(), "s-1", claims.clone()).await;
        let entry = liar.refused(&reply, "proof_needed").await;
        assert_eq!(entry["user_id"], ada);
        settings(&liar, json!({"silent_link_verified_domains": true})).await;
        let linked = me(&liar, "s-1", claims).await;
        assert_eq!(linked.at("/user/id"), ada);
        assert_eq!(liar.journal().await.remove(0)["rule"], "LI4");
        // Somebody with another subject and the same address is not she.
        liar.change(json!({"jit": {"enabled": true, "default_role": "auditor"}})).await.expect(200);
        let again = json!({"email": "ada@acme.example"});
        let reply = liar.by(&liar.browser(), "s-2", again).await;
        liar.refused(&reply, "email_taken").await;
        // Owners are never linked silently.
        local(&liar, "boss", Some("org-admin")).await;
        let reply = liar.by(&liar.browser(), "s-3", json!({"email": "boss@acme.example"})).await;
        liar.refused(&reply, "proof_needed").await;
    }

    async fn her_password_is_proof_in_the_same_walk_li4(app: TestApp) {
        let liar = open(app, json!({})).await;
        let ada = local(&liar, "ada", Some("auditor")).await;
        // Her first password comes by her mailbox.
        let forgot = [("user_name", "ada")];
        liar.browser().post_form("/password/forgot", &forgot).await.expect(200);
        let link = mailed_link(&liar.app, "ada@acme.example", 1).await;
        liar.browser().post_form(&link, &[("password", PASSWORD)]).await.expect(200);
        let claims = json!({"email": "ada@acme.example"});
        let browser = liar.browser();
        let asked = liar.start(&browser, "return_to=/me%3Ftab%3Droles").await;
        liar.gives(&liar.key.sign(&liar.claims(&asked, "s-1", claims.clone())));
        let page = browser.get(&asked.back("c")).await;
        liar.refused(&page, "proof_needed").await;
        let page = page.text();
        let link = page.split("class=\"button\" href=\"").nth(1).unwrap();
        let link = link.split('"').next().unwrap().replace("&#38;", "&");
        assert!(link.contains("/sign-in/password?"), "{link}");
        assert!(page.contains("Sign in with a password"), "{page}");
        // A wrong password is no proof, and keeps the place.
        let form = browser.get(&link).await.expect(200).text();
        let to = form.split("name=\"return_to\" value=\"").nth(1).unwrap();
        let to = to.split('"').next().unwrap().replace("&#38;", "&");
        let sent = |password| {
            [("user_name", "ada"), ("password", password), ("return_to", &*to)]
        };
        let wrong = browser.post_form("/sign-in/password", &sent("not-the-password")).await;
        let wrong = wrong.expect(403);
        assert!(wrong.text().contains(&to), "{to}: {wrong}");
        let right = browser.post_form("/sign-in/password", &sent(PASSWORD)).await.expect(303);
        liar.app.advance_s(1);
        let again = browser.get(right.header("location")).await.expect(303);
        let to = url::Url::parse(again.header("location")).unwrap();
        let query = to.query_pairs().into_owned().collect();
        let asked = Asked { to, query };
        liar.gives(&liar.key.sign(&liar.claims(&asked, "s-1", claims.clone())));
        let back = browser.get(&asked.back("c")).await.expect(303);
        assert_eq!(back.header("location"), "/me?tab=roles");
        assert_eq!(liar.journal().await.remove(0)["rule"], "LI4");
        assert_eq!(me(&liar, "s-1", claims).await.at("/user/id"), ada);
    }

    async fn whoever_is_bound_to_a_password_is_not_asked_for_proof_in_vain(app: TestApp) {
        let liar = open(app, json!({})).await;
        let body = json!({"email": "bob@acme.example", "role": "auditor"});
        invite(&liar.app, &liar.organization, body).await.expect(201);
        accept(&liar.app, &liar.app.mail_to("bob@acme.example").await.link()).await;
        let claims = json!({"email": "bob@acme.example"});
        let reply = liar.by(&liar.browser(), "s-2", claims).await;
        liar.refused(&reply, "login_type_mismatch").await;
    }

    async fn a_young_session_of_the_very_user_is_proof_li4(app: TestApp) {
        let liar = open(app, json!({})).await;
        let ada = local(&liar, "ada", None).await;
        // She is known at a second connection, by the hand of the operator.
        let path = format!("/api/v1/organizations/{}/connections", liar.organization);
        let second = json!({"name": "Second", "kind": "oidc", "oidc": {
            "issuer": liar.provider.issuer, "client_id": "portico", "client_secret": "s"}});
        let second = liar.app.operator().post(&path, second).await.expect(201);
        let relink = json!({"connection": second.text_at("/id"), "subject": "x-1"});
        let path = format!("/api/v1/users/{ada}/identities/relink");
        let moved = liar.app.operator().post(&path, relink).await.expect(201);
        assert_eq!(moved.at("/rule"), "LI8");
        let browser = liar.browser();
        let start = browser.get(&second.text_at("/start_url")).await.expect(303);
        let to = url::Url::parse(start.header("location")).unwrap();
        let query = to.query_pairs().into_owned().collect();
        let asked = Asked { to, query };
        liar.gives(&liar.key.sign(&liar.claims(&asked, "x-1", json!({}))));
        browser.get(&asked.back("c")).await.expect(303);
        // An identity elsewhere is one: by an address alone she is joined to no second one.
        let reply = liar.by(&browser, "s-1", json!({"email": "ada@acme.example"})).await;
        assert_eq!(reply.status, 403, "{reply}");
    }

    async fn an_administrator_parts_and_moves_links_and_their_history_stays_li8(app: TestApp) {
        let liar = Liar::new(app, json!({})).await;
        let (ada, bob) = (liar.user("ada").await, liar.user("bob").await);
        let browser = liar.browser();
        liar.by(&browser, "ada", json!({})).await.expect(303);
        let operator = liar.app.operator();
        let identities = format!("/api/v1/users/{ada}/identities");
        let listed = operator.get(&identities).await.expect(200);
        assert_eq!((listed.at("/data/0/subject"), listed.at("/data/0/rule")),
            (json!("ada"), json!("LI2")));
        let relink = format!("{identities}/relink");
        let to = |subject: &str| json!({"connection": liar.connection, "subject": subject});
        let moved = operator.post(&relink, to("ada-2")).await.expect(201);
        browser.get("/me").await.expect(401);
        liar.by(&browser, "ada-2", json!({})).await.expect(303);
        assert_eq!(browser.get("/me").await.expect(200).at("/user/id"), ada);
        let listed = operator.get(&identities).await.expect(200);
        assert_eq!(listed.at("/data").as_array().unwrap().len(), 2);
        assert_eq!(listed.at("/data/1/ended_by"), "relinked");
        let theirs = format!("/api/v1/users/{bob}/identities/relink");
        operator.post(&theirs, to("ada-2")).await.expect_problem(409, "conflict");
        operator.post(&theirs, to("")).await.expect_problem(422, "invalid");
        let path = format!("/api/v1/identities/{}", moved.text_at("/id"));
        operator.delete(&path).await.expect(204);
        operator.delete(&path).await.expect_problem(404, "not-found");
        browser.get("/me").await.expect(401);
        assert_eq!(events(&liar, "identity.relinked").await.len(), 1);
        assert_eq!(events(&liar, "identity.unlinked").await.len(), 1);
    }
}
