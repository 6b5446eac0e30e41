//! What field-vision asks of its admin page, line by line: FV1 to FV38.

use reqwest::Method;
use serde_json::{Value, json};

use super::{accept, browser, invite, somebody, user};
use crate::support::{Caller, Reply, TestApp};

const DAY_S: i64 = 86_400;
const EDGE: &str = "edge-of-the-form-9876543210";
const HEADER: &str = "Email,First name,Last name,Description(optional)\n";

async fn id(app: &TestApp, organization: &str, login: &str) -> String {
    user(app, organization, login).await["id"].as_str().unwrap().to_owned()
}

async fn register(app: &TestApp, organization: &str, resource: &str, body: Value) {
    let path = format!("/api/v1/organizations/{organization}/resources/{resource}");
    app.operator().put(&path, body).await.expect(201);
}

async fn allowed(app: &TestApp, organization: &str, user: &str, ask: (&str, &str, &str)) -> bool {
    let (permission, kind, key) = ask;
    let key = if key.is_empty() { organization } else { key };
    let ask = json!({"subject": {"type": "user", "id": user}, "action": {"name": permission},
        "resource": {"type": kind, "id": key}, "context": {"organization": organization}});
    let asked = app.operator().post("/access/v1/evaluation", ask).await.expect(200);
    asked.at("/decision").as_bool().unwrap()
}

async fn import(who: &Caller, organization: &str, file: &str, more: &[(&str, &str)]) -> Reply {
    let mut body = String::new();
    for (name, value) in more {
        body += &format!(
            "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body += &format!(
        "--{EDGE}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\n\r\n\
         {file}\r\n--{EDGE}--\r\n"
    );
    let path = format!("/api/v1/organizations/{organization}/invites/import");
    let media = format!("multipart/form-data; boundary={EDGE}");
    who.send(Method::POST, &path, Some((&media, body.into_bytes()))).await
}

on_both_engines! {
    async fn only_admins_see_the_page_invite_and_manage_fv1(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let grace = id(&app, &acme, "grace").await;
        let org = format!("/api/v1/organizations/{acme}");
        admin.get(&format!("{org}/users")).await.expect(200);
        for role in ["project-manager", "read-only", "data-scientist", "auditor", "annotator",
            "gallery-viewer", "operation-manager", "field-worker"] {
            let who = somebody(&app, &acme, &format!("{role}@example.com"), role).await;
            let body = json!({"email": "x@example.com", "role": "field-worker"});
            for refused in [
                who.get(&format!("{org}/users")).await,
                who.get(&format!("{org}/invites")).await,
                who.post(&format!("{org}/invites"), body).await,
                who.patch(&format!("/api/v1/users/{grace}"), json!({"description": "x"})).await,
                who.delete(&format!("/api/v1/users/{grace}")).await,
            ] {
                assert_eq!(refused.status, 403, "{role}: {refused}");
            }
        }
    }

    async fn a_list_has_the_fields_of_the_page_fv2_to_fv9(app: TestApp) {
        let acme = app.organization("Acme").await;
        let body = json!({"email": "Ada@example.com", "first_name": "Ada", "last_name": "Lovelace",
            "description": "Engines", "role": "auditor"});
        invite(&app, &acme, body).await.expect(201);
        let link = app.mail_to("Ada@example.com").await.link();
        let ada = user(&app, &acme, "ada").await;
        assert_eq!((&ada["first_name"], &ada["last_name"]), (&json!("Ada"), &json!("Lovelace")));
        assert_eq!(ada["description"], "Engines", "FV3");
        assert_eq!((&ada["roles"][0]["role"], &ada["roles"][0]["resource"]),
            (&json!("auditor"), &Value::Null), "FV4");
        assert_eq!(ada["email"], "Ada@example.com", "FV5");
        assert_eq!((&ada["status"], &ada["last_sign_in_at"]), (&json!("invite_pending"), &Value::Null));
        app.advance_s(7 * DAY_S);
        assert_eq!(user(&app, &acme, "ada").await["status"], "invite_expired", "FV8");
        let path = format!("/api/v1/organizations/{acme}/invites?status=expired");
        let sent = app.operator().get(&path).await.expect(200).text_at("/data/0/id");
        browser(&app).get(&link).await.expect(410);
        let resend = format!("/api/v1/invites/{sent}/resend");
        app.operator().post(&resend, json!({})).await.expect(200);
        accept(&app, &app.mail_to("Ada@example.com").await.link()).await;
        let ada = user(&app, &acme, "ada").await;
        assert_eq!(ada["status"], "active", "FV6");
        assert!(ada["last_sign_in_at"].as_str().unwrap().starts_with("2026-11-28"), "FV9: {ada}");
        app.operator().post(&resend, json!({})).await.expect_problem(409, "conflict");
    }

    async fn two_tabs_and_an_invite_lands_in_its_own_fv10_fv11_fv38(app: TestApp) {
        let acme = app.organization("Acme").await;
        let globex = app.organization("Globex").await;
        let vendor = app.operator().get("/api/v1/organizations/operator").await.expect(200);
        let vendor = vendor.text_at("/id");
        somebody(&app, &vendor, "eve@vendor.example", "annotator").await;
        let eve = id(&app, &vendor, "eve").await;
        invite(&app, &acme, json!({"email": "ada@example.com", "role": "auditor"})).await.expect(201);
        for place in [&acme, &globex] {
            let ask = json!({"email": "eve@vendor.example", "class": "partner", "role": "annotator"});
            let asked = invite(&app, place, ask).await.expect(201);
            assert_eq!(asked.at("/class"), "partner");
            let confirm = format!("/api/v1/invites/{}/confirm", asked.text_at("/id"));
            app.operator().post(&confirm, json!({"user_id": eve})).await.expect(200);
        }
        let tab = async |place: &str, class: &str| {
            let path = format!("/api/v1/organizations/{place}/users?class={class}");
            let listed = app.operator().get(&path).await.expect(200);
            let data = listed.at("/data").as_array().unwrap().clone();
            data.into_iter().map(|one| one["user_name"].clone()).collect::<Vec<Value>>()
        };
        assert_eq!(tab(&acme, "member").await, ["ada@example.com"]);
        assert_eq!(tab(&acme, "partner").await, ["eve@vendor.example"]);
        assert_eq!(tab(&globex, "partner").await, ["eve@vendor.example"]);
        // FV38: taken away here, she stays elsewhere and at home.
        let remove = format!("/api/v1/organizations/{acme}/users/remove");
        let done = app.operator().post(&remove, json!({"ids": [eve]})).await.expect(200);
        assert_eq!(done.at("/results/0/status"), "removed");
        assert!(tab(&acme, "partner").await.is_empty());
        assert_eq!(tab(&globex, "partner").await, ["eve@vendor.example"]);
        app.operator().get(&format!("/api/v1/users/{eve}")).await.expect(200);
        app.run_worker().await;
    }

    async fn an_invite_asks_an_email_a_role_and_sites_fv12_to_fv17(app: TestApp) {
        let acme = app.organization("Acme").await;
        for key in ["lyon", "paris"] {
            register(&app, &acme, &format!("site/{key}"), json!({"name": key})).await;
        }
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let org = format!("/api/v1/organizations/{acme}");
        // FV15, FV16: what the form offers.
        let offered = admin.get(&format!("{org}/roles?assignable=true")).await.expect(200);
        let offered = offered.at("/data").as_array().unwrap().clone();
        let keys: Vec<&str> = offered.iter().map(|role| role["key"].as_str().unwrap()).collect();
        assert!(keys.contains(&"auditor") && !keys.contains(&"site-access"), "{keys:?}");
        let sites = admin.get(&format!("{org}/resources?kind=site")).await.expect(200);
        assert_eq!(sites.at("/data").as_array().unwrap().len(), 2);
        let invites = format!("{org}/invites");
        for email in ["", "ada", "ada@", "a b@example.com"] {
            let body = json!({"email": email, "role": "auditor"});
            admin.post(&invites, body).await.expect_problem(422, "invalid");
        }
        // FV13, FV14: names and description may be left out.
        let bare = json!({"email": "bob@example.com", "role": "auditor"});
        admin.post(&invites, bare).await.expect(201);
        let body = json!({"email": "ada@example.com", "role": "auditor", "sites": ["lyon"]});
        admin.post(&invites, body).await.expect(201);
        // FV12, FV17: it makes the user, her login is the address, and a mail says how to go on.
        let ada = user(&app, &acme, "ada").await;
        assert_eq!(ada["user_name"], "ada@example.com");
        let mail = app.mail_to("ada@example.com").await;
        assert!(mail.text.contains("Acme") && mail.link().contains("/invite/"), "{}", mail.text);
        let ada = ada["id"].as_str().unwrap().to_owned();
        accept(&app, &mail.link()).await;
        assert!(allowed(&app, &acme, &ada, ("media.view", "site", "lyon")).await);
        assert!(!allowed(&app, &acme, &ada, ("media.view", "site", "paris")).await);
    }

    async fn all_but_the_email_is_changed_later_fv18_fv19(app: TestApp) {
        let acme = app.organization("Acme").await;
        register(&app, &acme, "site/lyon", json!({"name": "Lyon"})).await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let body = json!({"email": "ada@example.com", "first_name": "Ada", "role": "auditor"});
        admin.post(&invites, body).await.expect(201);
        let path = format!("/api/v1/users/{}", id(&app, &acme, "ada").await);
        let change = json!({"first_name": "Augusta", "last_name": "King", "description": "Engines",
            "display_name": "Augusta King"});
        let changed = admin.patch(&path, change).await.expect(200);
        assert_eq!(changed.at("/display_name"), "Augusta King");
        for field in ["email", "user_name"] {
            let refused = admin.patch(&path, json!({field: "eve@example.com"})).await;
            refused.expect_problem(422, "invalid");
        }
        // Role and sites, before she has come.
        let access = admin.get(&format!("{path}/access")).await.expect(200);
        let etag = access.header("etag").to_owned();
        let with = admin.clone().with_header("if-match", &etag);
        let grants = json!({"grants": [{"role": "project-manager", "resources": ["site:lyon"]}]});
        with.put(&format!("{path}/grants"), grants).await.expect(200);
        let ada = user(&app, &acme, "ada").await;
        let roles: Vec<&str> = ada["roles"].as_array().unwrap().iter()
            .map(|role| role["role"].as_str().unwrap()).collect();
        assert!(roles.contains(&"project-manager") && roles.contains(&"site-access"), "{roles:?}");
        assert!(!roles.contains(&"auditor"), "{roles:?}");
        app.run_worker().await;
    }

    async fn removing_resending_and_removing_many_fv20_to_fv22(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let sent = admin.post(&invites, json!({"email": "ada@example.com", "role": "auditor"}));
        let sent = sent.await.expect(201);
        let old = app.mail_to("ada@example.com").await.link();
        let resend = format!("/api/v1/invites/{}/resend", sent.text_at("/id"));
        admin.post(&resend, json!({})).await.expect(200);
        let new = app.mail_to("ada@example.com").await.link();
        assert_ne!(old, new, "FV21: a new link");
        browser(&app).get(&old).await.expect(404);
        let ada = accept(&app, &new).await;
        admin.post(&resend, json!({})).await.expect_problem(409, "conflict");
        let ada_id = id(&app, &acme, "ada").await;
        admin.delete(&format!("/api/v1/users/{ada_id}")).await.expect(204);
        ada.get("/me").await.expect(401);
        assert!(!allowed(&app, &acme, &ada_id, ("gallery.view", "organization", "")).await, "FV20");
        let mut ids = vec![json!(id(&app, &acme, "grace").await)];
        for at in 0..3 {
            somebody(&app, &acme, &format!("u{at}@example.com"), "auditor").await;
            ids.push(json!(id(&app, &acme, &format!("u{at}")).await));
        }
        let remove = format!("/api/v1/organizations/{acme}/users/remove");
        let done = admin.post(&remove, json!({"ids": ids})).await.expect(200);
        let results = done.at("/results").as_array().unwrap().clone();
        assert_eq!(results[0]["problem"]["code"], "last-holder", "FV22: {done}");
        assert!(results[1..].iter().all(|one| one["status"] == "removed"), "{done}");
    }

    async fn people_come_by_a_file_with_one_set_of_permissions_fv23_to_fv27(app: TestApp) {
        let acme = app.organization("Acme").await;
        register(&app, &acme, "site/lyon", json!({"name": "Lyon"})).await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        // FV27, FV24: the template has the columns in their order.
        let template = admin.get("/api/v1/invites/template.csv").await.expect(200);
        let columns = "Email,First name,Last name,Description(optional)";
        assert!(template.text().trim_start_matches('\u{feff}').starts_with(columns), "{template}");
        admin.get("/api/v1/invites/template.xlsx").await.expect(200);
        let more = [("role", "auditor"), ("sites", "lyon"), ("dry_run", "true")];
        // FV26: what is wrong with the structure stops, and is said.
        let wrong = "First name,Email\nAda,ada@example.com\n";
        let refused = import(&admin, &acme, wrong, &more).await;
        assert!(refused.status >= 400 || refused.at("/invalid") != 0, "{refused}");
        // FV24: e-mail and names are mandatory, a description is not.
        let rows = format!("{HEADER}ada@example.com,Ada,Lovelace,\n,Bob,B,x\nc@example.com,,C,\n");
        let checked = import(&admin, &acme, &rows, &more).await.expect(200);
        assert_eq!((checked.at("/valid"), checked.at("/invalid")), (json!(1), json!(2)), "{checked}");
        assert_eq!(checked.at("/rows/1/errors/0/column"), "Email");
        assert!(user(&app, &acme, "ada").await.is_null(), "a check sends nothing");
        // FV25: all rows get what the file was sent with.
        let rows = format!("{HEADER}ada@example.com,Ada,Lovelace,\nbob@example.com,Bob,B,Crew\n");
        let sent = import(&admin, &acme, &rows, &more[..2]).await.expect(200);
        assert_eq!(sent.at("/invited"), 2, "{sent}");
        for login in ["ada", "bob"] {
            let found = user(&app, &acme, login).await;
            let roles = found["roles"].as_array().unwrap();
            assert!(roles.iter().any(|role| role["role"] == "auditor"), "{found}");
            assert!(app.mail_to(&format!("{login}@example.com")).await.link().contains("/invite/"));
        }
    }

    async fn roles_are_global_or_of_a_part_of_the_platform_fv28_fv29(app: TestApp) {
        let acme = app.organization("Acme").await;
        let roles = format!("/api/v1/organizations/{acme}/roles");
        let listed = app.operator().get(&roles).await.expect(200);
        let listed = listed.at("/data").as_array().unwrap().clone();
        let keys: Vec<&str> = listed.iter().map(|role| role["key"].as_str().unwrap()).collect();
        for key in ["org-admin", "project-manager", "read-only", "data-scientist", "auditor",
            "annotator", "gallery-viewer", "operation-project-manager", "operation-manager",
            "field-worker"] {
            assert!(keys.contains(&key), "{key}: {keys:?}");
        }
        somebody(&app, &acme, "pm@example.com", "project-manager").await;
        let pm = id(&app, &acme, "pm@").await;
        for (permission, held) in [("datasets.edit", true), ("audit.view", true),
            ("users.view", false), ("users.invite", false), ("teams.edit", false),
            ("tokens.create", false)] {
            assert_eq!(allowed(&app, &acme, &pm, (permission, "organization", "")).await, held,
                "{permission}");
        }
    }

    async fn business_roles_hold_by_team_or_for_the_whole_organization_fv30_to_fv32(app: TestApp) {
        let acme = app.organization("Acme").await;
        for team in ["north", "south"] {
            register(&app, &acme, &format!("team/{team}"), json!({"name": team})).await;
            let site = json!({"name": team, "parent": format!("team:{team}")});
            register(&app, &acme, &format!("site/{team}-1"), site).await;
        }
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let body = json!({"email": "om@example.com", "role": "operation-manager",
            "resources": ["team:north"]});
        app.operator().post(&invites, body).await.expect(201);
        accept(&app, &app.mail_to("om@example.com").await.link()).await;
        somebody(&app, &acme, "all@example.com", "operation-manager").await;
        let (om, all) = (id(&app, &acme, "om@").await, id(&app, &acme, "all@").await);
        for (site, by_team) in [("north-1", true), ("south-1", false)] {
            let ask = ("work_orders.edit", "site", site);
            assert_eq!(allowed(&app, &acme, &om, ask).await, by_team, "FV30 {site}");
            assert!(allowed(&app, &acme, &all, ask).await, "FV31 {site}");
        }
        // FV32: somebody who is no admin invites some users, and no others.
        let opm = somebody(&app, &acme, "opm@example.com", "operation-project-manager").await;
        let to = |email: &str, role: &str| json!({"email": email, "role": role});
        opm.post(&invites, to("fw@example.com", "field-worker")).await.expect(201);
        for role in ["operation-manager", "auditor", "org-admin", "operation-project-manager"] {
            let refused = opm.post(&invites, to("x@example.com", role)).await;
            refused.expect_problem(403, "forbidden");
        }
        app.run_worker().await;
    }

    async fn sign_in_is_set_up_by_oidc_and_saml_and_its_end_is_told_fv33_to_fv37(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let connections = format!("/api/v1/organizations/{acme}/connections");
        let tenant = "11111111-2222-4333-8444-555555555555";
        let entra = json!({"name": "Entra", "kind": "oidc", "provider": "entra", "status": "draft",
            "tenant_id": tenant, "oidc": {
                "issuer": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
                "client_id": "app-id", "client_secret": "of-the-app",
                "secret_expires_at": "2026-12-21T10:00:00Z"}});
        let made = admin.post(&connections, entra).await.expect(201);
        // FV33: what the customer enters at her provider is shown, the secret is not.
        assert!(made.text_at("/redirect_uri").ends_with("/callback"), "{made}");
        assert!(!made.text().contains("of-the-app"));
        // FV36: the end is told ahead.
        portico::flow::expiry::tell(&app.app.runner).await.unwrap();
        let told = app.events(&acme, "connection.secret_expiring").await;
        assert_eq!(told[0]["data"]["days"], 30);
        let mails = app.mails_to("grace@example.com").await;
        assert!(mails.iter().any(|mail| mail.subject == "Acme: a client secret ends soon"));
        // FV37: its name may be another one later.
        let path = format!("/api/v1/connections/{}", made.text_at("/id"));
        let renamed = admin.patch(&path, json!({"name": "Staff"})).await.expect(200);
        assert_eq!(renamed.at("/name"), "Staff");
        // FV34: by SAML, what the customer has not sent yet is named.
        let saml = json!({"name": "SAML", "kind": "saml", "status": "draft", "saml": {}});
        let lacking = admin.post(&connections, saml).await;
        lacking.expect_problem(422, "invalid");
        for (at, field) in ["idp_entity_id", "sso_url", "certificates"].iter().enumerate() {
            let pointer = lacking.at(&format!("/errors/{at}/pointer"));
            assert_eq!(pointer, format!("/saml/{field}"), "{lacking}");
        }
        // FV35: one directory; who takes accounts of every one must say whose are meant.
        let every = json!({"name": "Everybody", "kind": "oidc", "oidc": {"client_id": "app-id",
            "issuer": "https://login.microsoftonline.com/common/v2.0", "client_secret": "s"}});
        let refused = admin.post(&connections, every).await;
        refused.expect_problem(422, "invalid");
        assert_eq!(refused.at("/errors/0/pointer"), "/tenant_id", "{refused}");
        app.run_worker().await;
    }
}
