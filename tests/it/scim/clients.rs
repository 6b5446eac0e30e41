//! OAuth 2.0 client credentials: a directory's clients get tokens for an hour (RFC 6749, S4, K16).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::domain::directory_client::{CLIENTS_MAX, TOKEN_LIFE_S};
use portico::domain::secret::{TokenKind, new_token};
use portico::domain::time::Rng;
use portico::flow::provision::credential::NOTED_S;
use reqwest::Method;
use serde_json::{Value, json};

use super::{made_user, refused, user};
use crate::support::{Caller, Reply, TestApp};

const TOKEN: &str = "/oauth2/token";

/// A client as its provider keeps it.
struct Kept {
    id: String,
    secret: String,
}

async fn made(app: &TestApp, directory: &str, body: Value) -> Kept {
    let path = format!("/api/v1/directories/{directory}/clients");
    let made = app.operator().post(&path, body).await.expect(201);
    Kept { id: made.text_at("/client_id"), secret: made.text_at("/client_secret") }
}

/// A directory with a client of both scopes.
async fn place(app: &TestApp) -> (String, Kept) {
    let organization = app.organization("Acme").await;
    let (directory, _) = app.directory(&organization, "generic").await;
    let kept = made(app, &directory, json!({"name": "Provider"})).await;
    (directory, kept)
}

async fn ask(who: &Caller, fields: &[(&str, &str)]) -> Reply {
    who.post_form(TOKEN, fields).await
}

async fn by_form(app: &TestApp, kept: &Kept, more: &[(&str, &str)]) -> Reply {
    let mut fields = vec![("grant_type", "client_credentials"), ("client_id", &kept.id)];
    fields.push(("client_secret", &kept.secret));
    fields.extend(more);
    ask(&app.anonymous(), &fields).await
}

fn basic(app: &TestApp, id: &str, secret: &str) -> Caller {
    let pair = STANDARD.encode(format!("{id}:{secret}"));
    app.anonymous().with_header("authorization", &format!("Basic {pair}"))
}

async fn token(app: &TestApp, kept: &Kept) -> Caller {
    let given = by_form(app, kept, &[]).await.expect(200);
    app.scim(&given.text_at("/access_token"))
}

/// Fails unless this is an error as RFC 6749 §5.2 has it, to be kept by nobody.
#[track_caller]
fn fails(reply: &Reply, status: u16, error: &str) {
    assert_eq!(reply.status, status, "{reply}");
    assert_eq!(reply.media_type(), "application/json", "{reply}");
    assert_eq!(reply.header("cache-control"), "no-store", "{reply}");
    assert_eq!(reply.at("/error"), error, "{reply}");
    let described = reply.text_at("/error_description");
    assert!(described.chars().all(|letter| matches!(letter, ' '..='~') && letter != '"'));
    let challenge = reply.header("www-authenticate");
    assert_eq!(challenge.starts_with("Basic realm="), status == 401, "{reply}");
}

on_both_engines! {
    async fn a_client_gets_a_token_for_an_hour_by_form_and_by_basic_s4(app: TestApp) {
        let (directory, kept) = place(&app).await;
        let grant = [("grant_type", "client_credentials")];
        for given in [
            by_form(&app, &kept, &[]).await,
            ask(&basic(&app, &kept.id, &kept.secret), &grant).await,
        ] {
            let given = given.expect(200);
            assert_eq!(given.media_type(), "application/json");
            assert_eq!(given.header("cache-control"), "no-store");
            assert_eq!(given.at("/token_type"), "Bearer");
            assert_eq!(given.at("/expires_in"), TOKEN_LIFE_S);
            assert_eq!(given.at("/scope"), "scim.read scim.write");
            let text = given.text_at("/access_token");
            let id = made_user(&app.scim(&text), "ada").await;
            let at = format!("/scim/{directory}/v2/Users/{id}");
            app.bearer(&text).get(&at).await.expect(200);
            app.scim(&text).delete(&format!("/Users/{id}")).await.expect(204);
            // It opens its directory and nothing else.
            app.bearer(&text).get("/api/v1/organizations").await.expect(401);
        }
        let scim = token(&app, &kept).await;
        app.advance_s(TOKEN_LIFE_S - 1);
        scim.get("/Users").await.expect(200);
        app.advance_s(1);
        refused(&scim.get("/Users").await, 401, None);
    }

    async fn the_configuration_names_the_ways_that_work(app: TestApp) {
        let told = app.anonymous().with_scim().get("/ServiceProviderConfig").await.expect(200);
        let schemes = told.at("/authenticationSchemes").as_array().unwrap().clone();
        let types: Vec<&Value> = schemes.iter().map(|scheme| &scheme["type"]).collect();
        assert_eq!(types, ["oauthbearertoken", "oauth2", "httpbasic"]);
        assert_eq!(schemes.iter().filter(|scheme| scheme["primary"] == true).count(), 1);
    }

    async fn a_secret_is_shown_once_and_is_no_token_itself(app: TestApp) {
        let (directory, kept) = place(&app).await;
        let path = format!("/api/v1/directories/{directory}/clients");
        let listed = app.operator().get(&path).await.expect(200);
        assert_eq!(listed.at("/data/0/client_id"), kept.id.as_str());
        assert_eq!(listed.at("/data/0/token_url"), format!("{}{TOKEN}", app.url));
        let secret = kept.secret.rsplit('_').next().unwrap();
        assert!(!listed.text().contains(secret), "the secret is shown again");
        refused(&app.scim(&kept.secret).get("/Users").await, 401, None);
        let read = app.operator().get(&format!("/api/v1/directories/{directory}")).await;
        assert_eq!(read.at("/oauth2_token_url"), format!("{}{TOKEN}", app.url));
    }

    async fn a_token_does_no_more_than_was_asked_for_and_than_its_client_may(app: TestApp) {
        let (directory, kept) = place(&app).await;
        let given = by_form(&app, &kept, &[("scope", "scim.read")]).await.expect(200);
        assert_eq!(given.at("/scope"), "scim.read");
        let reader = app.scim(&given.text_at("/access_token"));
        reader.get("/Users").await.expect(200);
        refused(&reader.post("/Users", user("eve")).await, 403, None);
        let body = json!({"scopes": ["scim.read"]});
        let narrow = made(&app, &directory, body).await;
        assert_eq!(by_form(&app, &narrow, &[]).await.expect(200).at("/scope"), "scim.read");
        for scope in ["scim.write", "scim.read scim.write", "openid", "scim.read,scim.write"] {
            fails(&by_form(&app, &narrow, &[("scope", scope)]).await, 400, "invalid_scope");
        }
    }

    async fn a_request_that_is_none_is_told_in_the_words_of_the_rfc(app: TestApp) {
        let (_, kept) = place(&app).await;
        let (id, secret) = (kept.id.as_str(), kept.secret.as_str());
        let grant = ("grant_type", "client_credentials");
        let (own, shown) = (("client_id", id), ("client_secret", secret));
        let nobody = app.anonymous();
        for fields in [&[own, shown][..], &[grant, grant, own, shown], &[grant, own, shown, own]] {
            fails(&ask(&nobody, fields).await, 400, "invalid_request");
        }
        let twice = [grant, own, shown, ("scope", "scim.read"), ("scope", "scim.read")];
        fails(&ask(&nobody, &twice).await, 400, "invalid_request");
        for grant in ["password", "authorization_code", "CLIENT_CREDENTIALS"] {
            let reply = ask(&nobody, &[("grant_type", grant), own, shown]).await;
            fails(&reply, 400, "unsupported_grant_type");
        }
        let known = basic(&app, id, secret);
        fails(&ask(&known, &[grant, own, shown]).await, 400, "invalid_request");
        fails(&ask(&known, &[grant, ("client_id", "x")]).await, 400, "invalid_request");
        ask(&known, &[grant, own]).await.expect(200);
        let json = json!({"grant_type": "client_credentials"});
        fails(&known.post(TOKEN, json).await, 415, "invalid_request");
        let form = "application/x-www-form-urlencoded";
        let long = format!("grant_type={}", "x".repeat(20_000)).into_bytes();
        let reply = known.send(Method::POST, TOKEN, Some((form, long))).await;
        fails(&reply, 413, "invalid_request");
        let reply = known.get(&format!("{TOKEN}?grant_type=client_credentials")).await;
        fails(&reply, 405, "invalid_request");
        assert!(reply.header("allow").contains("POST"), "{reply}");
        let host = app.anonymous().with_header("host", "evil.example");
        fails(&ask(&host, &[grant, own, shown]).await, 421, "invalid_request");
        let nul = nobody.post_form(&format!("{TOKEN}?a=%00"), &[grant, own, shown]).await;
        fails(&nul, 400, "invalid_request");
    }

    async fn a_client_that_does_not_prove_itself_gets_nothing(app: TestApp) {
        let (directory, kept) = place(&app).await;
        let other = made(&app, &directory, json!({"name": "Other"})).await;
        let forged = new_token(TokenKind::ClientSecret, Rng).text;
        let grant = ("grant_type", "client_credentials");
        for (id, secret) in [
            (kept.id.as_str(), other.secret.as_str()),
            (&other.id, &kept.secret),
            (&kept.id, &forged),
            (&kept.id, "x"),
            ("x", &kept.secret),
            (&directory, &kept.secret),
        ] {
            let fields = [grant, ("client_id", id), ("client_secret", secret)];
            fails(&ask(&app.anonymous(), &fields).await, 401, "invalid_client");
            fails(&ask(&basic(&app, id, secret), &[grant]).await, 401, "invalid_client");
        }
        fails(&ask(&app.anonymous(), &[grant]).await, 401, "invalid_client");
        fails(&ask(&app.operator(), &[grant]).await, 401, "invalid_client");
        let fields = [grant, ("client_id", &*kept.id)];
        fails(&ask(&app.anonymous(), &fields).await, 401, "invalid_client");
    }

    async fn too_many_failures_are_told_to_wait_and_good_clients_are_not_s7(app: TestApp) {
        let (_, kept) = place(&app).await;
        let mut waits = 0;
        for _ in 0..100 {
            let bad = Kept { id: kept.id.clone(), secret: "pcs_wrong".to_owned() };
            let reply = by_form(&app, &bad, &[]).await;
            if reply.status == 429 {
                assert_eq!(reply.header("cache-control"), "no-store");
                assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
                waits += 1;
            }
        }
        assert!(waits > 0);
        by_form(&app, &kept, &[]).await.expect(200);
    }

    async fn a_client_that_goes_takes_its_tokens_along_at_once(app: TestApp) {
        let (directory, kept) = place(&app).await;
        let other = made(&app, &directory, json!({})).await;
        let (scim, kept_on) = (token(&app, &kept).await, token(&app, &other).await);
        scim.get("/Users").await.expect(200);
        let path = format!("/api/v1/directory-clients/{}", kept.id);
        app.operator().delete(&path).await.expect(204);
        refused(&scim.get("/Users").await, 401, None);
        fails(&by_form(&app, &kept, &[]).await, 401, "invalid_client");
        app.operator().delete(&path).await.expect_problem(404, "not-found");
        app.operator().patch(&path, json!({"name": "x"})).await.expect_problem(404, "not-found");
        kept_on.get("/Users").await.expect(200);
        // Both attempts stand in the feed, once a minute each.
        for _ in 0..3 {
            fails(&by_form(&app, &kept, &[]).await, 401, "invalid_client");
            refused(&scim.get("/Users").await, 401, None);
        }
        app.events_once("acme", "directory.client_refused", 1).await;
        app.events_once("acme", "directory_token.refused", 1).await;
        app.advance_s(NOTED_S);
        fails(&by_form(&app, &kept, &[]).await, 401, "invalid_client");
        refused(&scim.get("/Users").await, 401, None);
        let told = app.events_once("acme", "directory.client_refused", 2).await;
        assert_eq!(told[0]["data"]["client_id"], kept.id.as_str());
        app.events_once("acme", "directory_token.refused", 2).await;
        app.operator()
            .delete(&format!("/api/v1/directories/{directory}?users=keep"))
            .await
            .expect(204);
        refused(&kept_on.get("/Users").await, 401, None);
        fails(&by_form(&app, &other, &[]).await, 401, "invalid_client");
    }

    async fn a_disabled_directory_gives_no_tokens_and_believes_none_s6(app: TestApp) {
        let (directory, kept) = place(&app).await;
        let scim = token(&app, &kept).await;
        let path = format!("/api/v1/directories/{directory}");
        app.operator().patch(&path, json!({"status": "disabled"})).await.expect(200);
        refused(&scim.get("/Users").await, 403, None);
        fails(&by_form(&app, &kept, &[]).await, 400, "unauthorized_client");
        app.operator().patch(&path, json!({"status": "active"})).await.expect(200);
        scim.get("/Users").await.expect(200);
        let path = "/api/v1/organizations/acme";
        app.operator().patch(path, json!({"status": "suspended"})).await.expect(200);
        refused(&scim.get("/Users").await, 403, None);
        fails(&by_form(&app, &kept, &[]).await, 400, "unauthorized_client");
    }

    async fn what_a_client_does_is_told_under_its_id_and_its_use_is_seen(app: TestApp) {
        let (directory, kept) = place(&app).await;
        let used = async || {
            let path = format!("/api/v1/directories/{directory}/clients");
            app.operator().get(&path).await.expect(200).at("/data/0/last_used_at")
        };
        assert_eq!(used().await, Value::Null);
        let scim = token(&app, &kept).await;
        let first = used().await;
        assert!(first.is_string());
        app.advance_s(NOTED_S + 1);
        made_user(&scim, "ada").await;
        for _ in 0..100 {
            if used().await != first {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the use of a token is not noted");
    }

    async fn a_directory_has_so_many_clients(app: TestApp) {
        let (directory, _) = place(&app).await;
        for _ in 1..CLIENTS_MAX {
            made(&app, &directory, json!({})).await;
        }
        let path = format!("/api/v1/directories/{directory}/clients");
        let one_more = app.operator().post(&path, json!({})).await;
        one_more.expect_problem(409, "conflict");
        for (body, pointer) in [
            (json!({"name": ""}), "/name"),
            (json!({"scopes": []}), "/scopes"),
            (json!({"expires_at": "2026-11-21T10:00:00Z"}), "/expires_at"),
            (json!({"secret": "mine"}), "/secret"),
        ] {
            let refused = app.operator().post(&path, body).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
        }
    }

    async fn a_client_ends_at_its_end_with_all_its_tokens(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, _) = app.directory(&organization, "generic").await;
        let body = json!({"expires_at": "2026-11-21T10:10:00Z"});
        let kept = made(&app, &directory, body).await;
        let given = by_form(&app, &kept, &[]).await.expect(200);
        assert_eq!(given.at("/expires_in"), 600);
        let scim = app.scim(&given.text_at("/access_token"));
        app.advance_s(599);
        scim.get("/Users").await.expect(200);
        app.advance_s(1);
        refused(&scim.get("/Users").await, 401, None);
        fails(&by_form(&app, &kept, &[]).await, 401, "invalid_client");
    }
}
