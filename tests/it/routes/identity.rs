//! Identity actions equal ownership: who may use them, how young her sign-in must be, what is told.

use portico::domain::platform::Action;
use portico::domain::session::FRESH_S;
use portico::http::route::{Method, Needs, Route};
use serde_json::{Value, json};

use super::place::Place;
use super::{Surface, call, rows};
use crate::support::{Caller, TestApp};

fn identity_rows() -> impl Iterator<Item = (&'static Surface, &'static Route)> {
    rows().filter(|(_, row)| match row.needs {
        Needs::Action(action, _) => Action::by_key(action).is_some_and(Action::is_identity),
        _ => false,
    })
}

/// How many events a person made.
async fn told(app: &TestApp, place: &Place, who: &str) -> usize {
    app.run_worker().await;
    let (mut count, mut after) = (0, String::new());
    loop {
        let path = format!("/api/v1/organizations/{}/events?limit=100{after}", place.organization);
        let page = app.operator().get(&path).await.expect(200);
        let data = page.at("/data");
        let own = |event: &&Value| event["actor"]["id"] == who;
        count += data.as_array().unwrap().iter().filter(own).count();
        match page.at("/next").as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return count,
        }
    }
}

async fn send(who: &Caller, method: Method, path: &str, body: &Value) -> u16 {
    let body = Some(("application/json", body.to_string().into_bytes()));
    who.send(method.as_str().parse().unwrap(), path, body).await.status
}

on_both_engines! {
    async fn an_identity_action_needs_a_sign_in_of_less_than_ten_minutes(app: TestApp) {
        let acme = Place::of(&app, "acme").await;
        let ada = acme.admin(&app).await;
        let rules = format!("/api/v1/organizations/{}/mapping-rules", acme.organization);
        app.advance_s(FRESH_S - 1);
        ada.get(&rules).await.expect(200);
        app.advance_s(1);
        let roles = format!("/api/v1/organizations/{}/roles", acme.organization);
        let look = async || {
            let all = [app.operator().get(&rules).await, app.operator().get(&roles).await];
            all.map(|list| list.expect(200).json())
        };
        let before = look().await;
        assert!(identity_rows().count() > 20);
        for (surface, row) in identity_rows() {
            let reply = call(&ada, row.method, &acme.path(surface, row)).await;
            reply.expect_problem(403, "forbidden");
            assert!(reply.text_at("/detail").contains("sign in again"), "{reply}");
        }
        assert_eq!(look().await, before);
        // What is no identity action goes on.
        ada.get(&format!("/api/v1/organizations/{}/users", acme.organization)).await.expect(200);
        let again = acme.admin(&app).await;
        again.get(&rules).await.expect(200);
    }

    async fn each_use_of_an_identity_action_is_an_event(app: TestApp) {
        let acme = Place::of(&app, "acme").await;
        let ada = acme.admin(&app).await;
        let org = format!("/api/v1/organizations/{}", acme.organization);
        let rule = json!({"name": "R", "when": "title pr", "role": "auditor"});
        let role = json!({"label": "R", "permissions": ["gallery.view"]});
        let directory = json!({"name": "More", "profile": "strict"});
        let mut known = told(&app, &acme, &acme.user).await;
        for (method, path, body) in [
            (Method::Post, format!("{org}/roles"), role),
            (Method::Patch, format!("/api/v1/roles/{}", acme.role), json!({"label": "L"})),
            (Method::Delete, format!("/api/v1/roles/{}", acme.role), json!({})),
            (Method::Post, format!("{org}/mapping-rules"), rule),
            (Method::Patch, format!("/api/v1/mapping-rules/{}", acme.rule), json!({"name": "N"})),
            (Method::Delete, format!("/api/v1/mapping-rules/{}", acme.rule), json!({})),
            (Method::Post, format!("{org}/domains"), json!({"domain": "more.example"})),
            (Method::Post, format!("{org}/directories"), directory),
            (Method::Patch, format!("/api/v1/directories/{}", acme.directory),
                json!({"role_ceiling": "org-admin"})),
            (Method::Post, format!("/api/v1/directories/{}/tokens", acme.directory),
                json!({"name": "T"})),
            (Method::Post, format!("/api/v1/directories/{}/clients", acme.directory),
                json!({"name": "C"})),
            (Method::Delete, format!("/api/v1/directory-tokens/{}", acme.directory_token),
                json!({})),
            (Method::Delete, format!("/api/v1/directory-clients/{}", acme.directory_client),
                json!({})),
            (Method::Patch, format!("/api/v1/connections/{}", acme.sign_in.connection),
                json!({"name": "S"})),
        ] {
            app.advance_s(1);
            let status = send(&ada, method, &path, &body).await;
            assert!((200..300).contains(&status), "{} {path}: {status}", method.as_str());
            let now = told(&app, &acme, &acme.user).await;
            assert!(now > known, "{} {path} is told by no event", method.as_str());
            known = now;
        }
    }
}
