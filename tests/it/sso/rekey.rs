//! A new key: everything that is sealed is sealed anew, and the old key opens nothing any more.

use std::collections::BTreeSet;

use portico::domain::actor::Actor;
use portico::domain::id::{ConnectionId, OrganizationId};
use portico::domain::login::ReturnTo;
use portico::domain::saml::result::Arrived;
use portico::domain::seal::{Place, Seal};
use portico::domain::sealed::Column;
use portico::domain::secret::SecretHash;
use portico::domain::time::Rng;
use portico::flow::{mail, rekey};
use portico::store::{self, sealed};
use serde_json::json;
use sqlx::{Connection, Row};
use uuid::Uuid;

use super::liar::Liar;
use crate::people::receiver::Receiver;
use crate::support::{TestApp, TestServer};

/// The key of every test, and the one that follows it.
const OLD: [u8; 32] = [7; 32];
const NEW: [u8; 32] = [8; 32];
const NEW_TEXT: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";
/// Columns of bytes that are no sealed values: digests, and who holds a lease.
const DIGESTS: [&str; 10] = [
    "holder",
    "hash",
    "address",
    "body_hash",
    "state_hash",
    "browser_hash",
    "nonce_hash",
    "id_hash",
    "handle_hash",
    "token_hash",
];

/// Values that were found sealed: which column, where, and the value.
type Found = Vec<(String, Place, Vec<u8>)>;

async fn all(app: &TestApp) -> Found {
    let conn = &mut app.app.runner.db.conn();
    let mut found = Vec::new();
    for column in Column::ALL {
        for kept in sealed::kept(column) {
            for row in sealed::page(conn, *kept, Uuid::nil(), 100).await.unwrap() {
                let organization = OrganizationId(row.organization_id);
                let place = Place { column, row: row.row_id, organization };
                found.push((format!("{}.{}", kept.name.0, kept.name.1), place, row.sealed));
            }
        }
    }
    for row in sealed::mails(conn, Uuid::nil(), 100).await.unwrap() {
        let (place, value) = mail::kept(&row).expect("a sealed mail");
        found.push(("outbox.payload".to_owned(), place, value));
    }
    let check = store::installation::key_check(conn).await.unwrap().expect("a check value");
    found.push(("installation.key_check".to_owned(), Place::installation(), check));
    found
}

/// What a SAML provider said, waiting for its browser.
async fn arrive(liar: &Liar) {
    let runner = &liar.app.app.runner;
    let organization = OrganizationId::parse(&liar.organization).unwrap();
    let connection_id = ConnectionId::parse(&liar.connection).unwrap();
    let seal = liar.app.app.seal.clone();
    runner
        .write(Actor::System, organization, move |work| {
            let seal = seal.clone();
            Box::pin(async move {
                let id: Uuid = work.id();
                let place = Place { column: Column::SamlResult, row: id, organization };
                let new = Arrived {
                    id,
                    connection_id,
                    handle: SecretHash::of(b"handle"),
                    browser: SecretHash::of(b"browser"),
                    identity: seal.seal(Rng, place, b"{}").unwrap(),
                    return_to: ReturnTo::home(),
                    asks: true,
                    trial: false,
                    expires_at: work.at.plus_s(600),
                    used_at: None,
                };
                Ok(store::saml::arrive(&mut work.scope(), &new).await?)
            })
        })
        .await
        .unwrap();
}

/// At least one value in every column that is sealed.
async fn filled(app: TestApp) -> Liar {
    portico::flow::installation::check_key(&app.app.runner, &app.app.seal).await.unwrap();
    let liar = Liar::new(app, json!({})).await;
    liar.user("ada").await;
    let until = liar.app.app.runner.clock.now().plus_s(3600).to_string();
    liar.change(json!({"trace_until": until})).await.expect(200);
    liar.by(&liar.browser(), "ada", json!({})).await.expect(303);
    liar.start(&liar.browser(), "").await;
    arrive(&liar).await;
    let (operator, here) =
        (liar.app.operator(), format!("/api/v1/organizations/{}", liar.organization));
    let body = json!({"url": "http://127.0.0.1:9999/"});
    let made = operator.post(&format!("{here}/webhooks"), body).await.expect(201);
    let path = format!("/api/v1/webhooks/{}/rotate", made.text_at("/id"));
    operator.post(&path, json!({})).await.expect(201);
    let glass = async |email: &str| {
        let made = operator.post(&format!("{here}/break-glass"), json!({"email": email})).await;
        made.expect(201).text_at("/url")
    };
    let link = glass("one@example.com").await;
    glass("two@example.com").await;
    crate::people::passwords::set_glass(&liar.app, &link).await;
    let body = json!({"email": "grace@example.com", "role": "auditor"});
    operator.post(&format!("{here}/invites"), body).await.expect(201);
    liar
}

/// Columns of bytes in the schema, but for ids and digests.
async fn columns_of_bytes(app: &TestApp) -> BTreeSet<String> {
    let url = app.database().url();
    let rows: Vec<(String, String)> = if url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let sql = "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c
            where m.type = 'table' and lower(c.type) = 'blob'
                and c.name <> 'id' and c.name not like '%\\_id' escape '\\'";
        let rows = sqlx::query(sql).fetch_all(&mut conn).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    } else {
        let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
        let sql = "select table_name::text, column_name::text from information_schema.columns
            where table_schema = 'public' and data_type = 'bytea'";
        let rows = sqlx::query(sql).fetch_all(&mut conn).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let sealed = |(_, column): &(String, String)| {
        !DIGESTS.contains(&column.as_str()) && !column.ends_with("_hash") && column != "checksum"
    };
    rows.into_iter().filter(sealed).map(|(table, column)| format!("{table}.{column}")).collect()
}

on_both_engines! {
    async fn after_a_new_key_the_old_one_opens_nothing_and_everything_opens(app: TestApp) {
        let liar = filled(app).await;
        let app = &liar.app;
        let before = all(app).await;
        let (old, both) = (Seal::new(vec![OLD]), Seal::new(vec![NEW, OLD]));
        let mut plain = Vec::new();
        for (name, place, value) in &before {
            plain.push(old.open(*place, value).unwrap_or_else(|_| panic!("{name}")));
        }
        // Every column of bytes that is no id and no digest is among those that are sealed anew.
        let mut named: BTreeSet<String> = before.iter().map(|(name, ..)| name.clone()).collect();
        assert!(named.remove("outbox.payload"));
        assert_eq!(columns_of_bytes(app).await, named);
        let done = rekey::rekey(&app.app.runner, &both).await.unwrap();
        let count = u64::try_from(before.len()).unwrap();
        assert_eq!((done.sealed, done.current, done.closed), (count - 1, 0, 0));
        let (new, after) = (Seal::new(vec![NEW]), all(app).await);
        assert_eq!(after.len(), before.len());
        for ((name, place, value), plain) in after.iter().zip(&plain) {
            assert!(old.open(*place, value).is_err(), "the old key opens {name}");
            let opened = new.open(*place, value).unwrap_or_else(|_| panic!("{name}"));
            if *place != Place::installation() {
                assert_eq!(&opened, plain, "{name}");
            }
        }
        // Digests of the old key are still known, though nobody has the key.
        let marked = old.mark("login", "ada").unwrap();
        assert!(!new.marks("login", "ada").contains(&marked));
        portico::flow::installation::check_key(&app.app.runner, &new).await.unwrap();
        assert!(new.marks("login", "ada").contains(&marked));
        // Once more there is nothing to do; back again all is as it was, and waits to be sent.
        let again = rekey::rekey(&app.app.runner, &new).await.unwrap();
        assert_eq!((again.sealed, again.current, again.closed), (0, count - 1, 0));
        rekey::rekey(&app.app.runner, &Seal::new(vec![OLD, NEW])).await.unwrap();
        assert!(app.mail_to("grace@example.com").await.link().contains("/invite/"));
    }

    async fn a_value_that_no_key_opens_is_left_and_the_key_is_not_taken_over(app: TestApp) {
        let liar = filled(app).await;
        let before = all(&liar.app).await;
        let stranger = Seal::new(vec![NEW, [9; 32]]);
        let done = rekey::rekey(&liar.app.app.runner, &stranger).await.unwrap();
        assert_eq!((done.sealed, done.current), (0, 0));
        assert_eq!(done.closed, u64::try_from(before.len()).unwrap() - 1);
        let values = |all: Found| all.into_iter().map(|(.., value)| value).collect::<Vec<_>>();
        assert_eq!(values(all(&liar.app).await), values(before));
        liar.app.run_worker().await;
    }
}

async fn a_new_key_signs_as_before(mut server: TestServer, name: &str) {
    let mut receiver = Receiver::start(name);
    let operator = server.operator();
    let body = json!({"name": "Acme", "slug": "acme"});
    operator.post("/api/v1/organizations", body).await.expect(201);
    let body = json!({"url": receiver.url(), "types": ["user.created"]});
    let made = operator.post("/api/v1/organizations/acme/webhooks", body).await.expect(201);
    receiver.command(&format!("secret {}", made.text_at("/secret")));
    // The new key stands in front, beside the running server.
    let old = std::mem::replace(&mut server.secret_key, NEW_TEXT.to_owned());
    server.secret_key = format!("{NEW_TEXT},{old}");
    let said = server.command(&["rekey"]).output().expect("the program starts");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(text.contains("Sealed 1 secrets"), "{text}");
    server.stop().await;
    server.secret_key = NEW_TEXT.to_owned();
    server.start().await;
    let path = format!("/api/v1/webhooks/{}/test", made.text_at("/id"));
    server.operator().post(&path, json!({})).await.expect(202);
    assert_eq!(receiver.came(1).await[0][1], "webhook.test");
    server.stop().await;
    let refused = server.command(&["rekey"]).env("PORTICO_SECRET_KEY", &old).output().unwrap();
    assert!(!refused.status.success(), "the old key is not this database's any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_signed_as_before_under_a_new_key_on_sqlite() {
    a_new_key_signs_as_before(TestServer::sqlite().await, "rekey-sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_signed_as_before_under_a_new_key_on_postgres() {
    a_new_key_signs_as_before(TestServer::postgres().await, "rekey-postgres").await;
}
