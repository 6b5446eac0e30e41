//! Files of people: checked, sent, sent again; a role for one row; bounds.

use reqwest::Method;
use serde_json::{Value, json};

use super::{accept, invite_ada, somebody, user};
use crate::support::{Caller, Reply, TestApp};

pub const HEADER: &str = "Email,First name,Last name,Description(optional)\n";
const EDGE: &str = "edge-of-the-form-0123456789";

/// A file with fields beside it, as a page sends them: path, media type and body.
fn form(organization: &str, file: &[u8], fields: &[(&str, &str)]) -> (String, String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!(
                "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .as_bytes(),
        );
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"people\"";
    body.extend_from_slice(format!("--{EDGE}\r\n{head}\r\n\r\n").as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{EDGE}--\r\n").as_bytes());
    let path = format!("/api/v1/organizations/{organization}/invites/import");
    (path, format!("multipart/form-data; boundary={EDGE}"), body)
}

/// Sends a file with fields beside it.
pub async fn import(
    who: &Caller,
    organization: &str,
    file: &[u8],
    fields: &[(&str, &str)],
) -> Reply {
    let (path, media, body) = form(organization, file, fields);
    who.send(Method::POST, &path, Some((&media, body))).await
}

/// The same, where the other side may die.
async fn try_import(who: &Caller, organization: &str, file: &[u8]) -> Option<Reply> {
    let (path, media, body) = form(organization, file, &[]);
    who.attempt(Method::POST, &path, Some((&media, body))).await.ok()
}

fn counts(reply: &Reply) -> [i64; 5] {
    let count = |name: &str| reply.at(&format!("/{name}")).as_i64().unwrap();
    ["valid", "invalid", "invited", "skipped", "failed"].map(count)
}

fn statuses(reply: &Reply) -> Vec<Value> {
    let rows = reply.at("/rows").as_array().unwrap().clone();
    rows.into_iter().map(|row| row["status"].clone()).collect()
}

on_both_engines! {
    async fn a_file_is_checked_then_sent_and_sent_again_invites_nobody_twice(app: TestApp) {
        let acme = app.organization("Acme").await;
        let file = format!("{HEADER}ada@example.com,Ada,Lovelace,Engines\nbob@example.com,Bob,B,\n");
        let role = ("role", "auditor");
        let checked =
            import(&app.operator(), &acme, file.as_bytes(), &[role, ("dry_run", "true")]).await;
        assert_eq!(counts(&checked.expect(200)), [2, 0, 0, 0, 0]);
        assert!(user(&app, &acme, "ada").await.is_null(), "a check sends nothing");
        let sent = import(&app.operator(), &acme, file.as_bytes(), &[role]).await.expect(200);
        assert_eq!(counts(&sent), [2, 0, 2, 0, 0]);
        assert_eq!(statuses(&sent), ["invited", "invited"]);
        let ada = user(&app, &acme, "ada").await;
        assert_eq!((&ada["status"], &ada["description"]), (&json!("invite_pending"), &json!("Engines")));
        assert_eq!(ada["roles"][0]["role"], "auditor");
        let again = import(&app.operator(), &acme, file.as_bytes(), &[role]).await.expect(200);
        assert_eq!(counts(&again), [2, 0, 0, 2, 0]);
        assert_eq!(app.mails_to("ada@example.com").await.len(), 1);
        let link = app.mail_to("ada@example.com").await.link();
        let browser = accept(&app, &link).await;
        assert_eq!(browser.get("/me").await.expect(200).at("/roles/0/role"), "auditor");
        let told = app.events(&acme, "user.created,invite.sent,grant.added,user.access_changed").await;
        assert_eq!(told.len(), 8);
    }

    async fn nothing_is_sent_while_a_row_is_wrong_unless_the_caller_says_so(app: TestApp) {
        let acme = app.organization("Acme").await;
        let file = format!("{HEADER}ada@example.com,Ada,Lovelace,\nnobody,,B,\n");
        let refused = import(&app.operator(), &acme, file.as_bytes(), &[]).await.expect(200);
        assert_eq!(counts(&refused), [1, 1, 0, 0, 0]);
        let wrong = refused.at("/rows/1");
        assert_eq!((&wrong["line"], &wrong["status"]), (&json!(3), &json!("invalid")));
        let codes: Vec<String> = wrong["errors"].as_array().unwrap().iter()
            .map(|one| format!("{} {}", one["column"].as_str().unwrap(), one["code"].as_str().unwrap()))
            .collect();
        assert_eq!(codes, ["Email email", "First name missing"]);
        assert!(user(&app, &acme, "ada").await.is_null());
        let skip = [("skip_invalid", "true")];
        let sent = import(&app.operator(), &acme, file.as_bytes(), &skip).await.expect(200);
        assert_eq!(counts(&sent), [1, 1, 1, 0, 0]);
        app.run_worker().await;
    }

    async fn a_row_may_have_a_role_of_its_own_and_only_one_that_the_caller_gives(app: TestApp) {
        let acme = app.organization("Acme").await;
        let planner = somebody(&app, &acme, "pm@example.com", "operation-project-manager").await;
        let file = "Email,First name,Last name,Description,Role,Resources\n\
            a@example.com,A,B,,field-worker,\nb@example.com,A,B,,org-admin,\n\
            c@example.com,A,B,,king,\n";
        let sent = import(&planner, &acme, file.as_bytes(), &[("skip_invalid", "1")]).await;
        let sent = sent.expect(200);
        assert_eq!(statuses(&sent), ["invited", "invalid", "invalid"]);
        assert_eq!(sent.at("/rows/1/errors/0/code"), "forbidden");
        assert_eq!(sent.at("/rows/2/errors/0/code"), "unknown");
        let general = import(&planner, &acme, HEADER.as_bytes(), &[("role", "org-admin")]).await;
        general.expect_problem(403, "forbidden");
        app.run_worker().await;
    }

    async fn who_is_here_is_skipped_and_who_left_is_told(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        let (_, token) = app.directory(&acme, "strict").await;
        let scim = app.scim(&token);
        let bob = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "bob", "active": true,
            "emails": [{"value": "bob@example.com", "type": "work"}]});
        let bob = scim.post("/Users", bob).await.expect(201).text_at("/id");
        scim.delete(&format!("/Users/{bob}")).await.expect(204);
        let file = format!("{HEADER}ADA@example.com,Ada,L,\nbob@example.com,Bob,B,\n");
        let checked =
            import(&app.operator(), &acme, file.as_bytes(), &[("dry_run", "true")]).await;
        let checked = checked.expect(200);
        assert_eq!(statuses(&checked), ["skipped", "invalid"]);
        assert_eq!(checked.at("/rows/1/errors/0/code"), "left-by-directory");
        app.run_worker().await;
    }

    async fn a_workbook_is_taken_as_well_and_templates_can_be_downloaded(app: TestApp) {
        let acme = app.organization("Acme").await;
        let csv = app.operator().get("/api/v1/invites/template.csv").await.expect(200);
        assert_eq!(csv.text(), HEADER.replace('\n', "\r\n"));
        let book = app.operator().get("/api/v1/invites/template.xlsx").await.expect(200);
        assert!(book.header("content-disposition").contains("people.xlsx"), "{}", book.status);
        for file in [csv.body.as_slice(), &book.body] {
            let sent = import(&app.operator(), &acme, file, &[]).await.expect(200);
            assert_eq!(counts(&sent), [0, 0, 0, 0, 0]);
        }
        app.anonymous().get("/api/v1/invites/template.csv").await.expect_problem(401, "unauthenticated");
    }

    async fn a_file_that_is_none_or_too_large_is_refused(app: TestApp) {
        let acme = app.organization("Acme").await;
        let wrong = import(&app.operator(), &acme, b"Name\n", &[]).await;
        wrong.expect_problem(422, "invalid");
        assert_eq!(wrong.at("/errors/0/code"), "header");
        let large = vec![b'x'; portico::domain::import::BYTES_MAX + 1];
        import(&app.operator(), &acme, &large, &[]).await.expect_problem(413, "too-large");
        let unknown = import(&app.operator(), &acme, HEADER.as_bytes(), &[("colour", "red")]).await;
        unknown.expect_problem(422, "invalid");
        let path = format!("/api/v1/organizations/{acme}/invites/import");
        app.operator().post(&path, json!({})).await.expect_problem(415, "unsupported-media-type");
    }

    async fn imports_do_not_count_for_the_day_and_a_full_day_does_not_stop_them(app: TestApp) {
        let acme = app.organization("Acme").await;
        let lines: String = (0..20).map(|at| format!("u{at}@example.com,U,{at},\n")).collect();
        let file = format!("{HEADER}{lines}");
        let sent = import(&app.operator(), &acme, file.as_bytes(), &[]).await.expect(200);
        assert_eq!(counts(&sent)[2], 20);
        crate::people::secrets::copy_invites(&app, portico::domain::invite::A_DAY_MAX - 1).await;
        let one = json!({"email": "last@example.com"});
        crate::people::invite(&app, &acme, one).await.expect(201);
        let more = json!({"email": "more@example.com"});
        crate::people::invite(&app, &acme, more).await.expect_problem(429, "rate-limited");
        let file = format!("{HEADER}more@example.com,More,M,\n");
        let sent = import(&app.operator(), &acme, file.as_bytes(), &[]).await.expect(200);
        assert_eq!(counts(&sent)[2], 1);
        app.run_worker().await;
    }

    async fn two_imports_of_one_file_at_once_invite_each_person_once(app: TestApp) {
        let acme = app.organization("Acme").await;
        let lines: String =
            (0..50).map(|at| format!("u{at}@example.com,U,{at},\n")).collect();
        let file = format!("{HEADER}{lines}");
        let (one, other) = (app.operator(), app.operator());
        let (a, b) = tokio::join!(
            import(&one, &acme, file.as_bytes(), &[]),
            import(&other, &acme, file.as_bytes(), &[]),
        );
        let (a, b) = (counts(&a.expect(200)), counts(&b.expect(200)));
        assert_eq!(a[2] + b[2], 50, "{a:?} {b:?}");
        assert_eq!(a[4] + b[4], 0, "{a:?} {b:?}");
        for at in [0, 49] {
            assert_eq!(app.mails_to(&format!("u{at}@example.com")).await.len(), 1);
        }
    }
}

/// People of a file whose import is killed.
const KILLED: usize = 1_500;

async fn a_killed_import_is_sent_again(mut server: crate::support::TestServer) {
    let operator = server.operator();
    let body = json!({"name": "Acme", "slug": "acme"});
    operator.post("/api/v1/organizations", body).await.expect(201);
    let lines: String = (0..KILLED).map(|at| format!("k{at}@example.com,K,{at},\n")).collect();
    let file = format!("{HEADER}{lines}");
    let sending = {
        let (operator, file) = (operator.clone(), file.clone());
        tokio::spawn(async move { try_import(&operator, "acme", file.as_bytes()).await })
    };
    let count = async |operator: &Caller| {
        let path = "/api/v1/organizations/acme/users?q=k0@example.com";
        operator.get(path).await.expect(200).at("/data").as_array().unwrap().len()
    };
    while count(&operator).await == 0 && !sending.is_finished() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.kill();
    assert!(sending.await.unwrap().is_none(), "too fast to be killed");
    server.start().await;
    let sent = import(&server.operator(), "acme", file.as_bytes(), &[]).await.expect(200);
    let [valid, invalid, invited, skipped, failed] = counts(&sent);
    assert_eq!((valid, invalid, failed), (i64::try_from(KILLED).unwrap(), 0, 0));
    assert!(invited > 0 && skipped > 0 && invited + skipped == valid, "{invited} {skipped}");
    let again = import(&server.operator(), "acme", file.as_bytes(), &[]).await.expect(200);
    assert_eq!(counts(&again)[2..], [0, valid, 0]);
    // Each has one invite.
    let (mut found, mut after) = (std::collections::HashSet::new(), String::new());
    loop {
        let path = format!("/api/v1/organizations/acme/invites?limit=100{after}");
        let page = server.operator().get(&path).await.expect(200).json();
        for one in page["data"].as_array().unwrap() {
            assert!(found.insert(one["email"].as_str().unwrap().to_owned()), "{one}");
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(found.len(), KILLED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_killed_is_sent_again_on_sqlite() {
    a_killed_import_is_sent_again(crate::support::TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_killed_is_sent_again_on_postgres() {
    a_killed_import_is_sent_again(crate::support::TestServer::postgres().await).await;
}
