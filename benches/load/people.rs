//! People: pages of their list as a console reads them, invites, a file of ten thousand, and events
//! that webhooks are told.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Ask;
use super::scenario::{CONNECTIONS, Cost, Limits, Run};
use super::users::user;

/// Users of a page, and pages that are read of each list.
const PAGE: usize = 100;
const PAGES: usize = 50;
/// Invites: an organization sends a thousand a day.
const INVITES: usize = 900;
/// People of a file.
const ROWS: usize = 10_000;
/// Events that a webhook is told, and webhooks that are told at once.
const EVENTS: usize = 5_000;
const ENDPOINTS: usize = 8;
/// Seconds after which deliveries are given up.
const PATIENCE_S: u64 = 600;

impl Run<'_> {
    /// Everything about people, in the order in which it comes to be.
    pub(super) async fn people(&mut self, limits: &Limits) {
        self.lists().await;
        self.invites(limits).await;
        self.import(limits).await;
        self.webhooks(limits).await;
    }

    fn here(&self) -> String {
        format!("/api/v1/organizations/{}", self.organization)
    }

    /// Pages of the list, by each filter and order, and deep behind the first.
    async fn lists(&mut self) {
        let goal = "3 CPU ms".to_owned();
        let target = "<= 3 CPU ms";
        let mut first = None;
        for (name, query) in [
            ("users, newest last", "sort=created_at"),
            ("users by login", "sort=user_name"),
            ("users by name, backwards", "sort=-display_name"),
            ("members who never signed in", "class=member&status=provisioned"),
            ("users that q finds", "q=user"),
            ("guests, none", "class=partner"),
        ] {
            let path = format!("{}/users?limit={PAGE}&{query}", self.here());
            let cost = self.read(path, PAGES).await;
            let ours = (cost.text(), goal.clone());
            self.row(&format!("page of 100: {name}"), ours, cost.cpu_ms / 3.0, target);
            first = first.or(Some(cost));
        }
        let first = first.expect("a first page");
        let (cost, depth) = self.deep().await;
        let ours = (cost.text(), first.text());
        let scenario = format!("page of 100 users behind {depth}, by cursor (CPU)");
        self.row(&scenario, ours, cost.cpu_ms / first.cpu_ms, "<= 1.50 of the first");
    }

    async fn read(&self, path: String, count: usize) -> Cost {
        let before = self.server.cpu_ms();
        let started = Instant::now();
        for _ in 0..count {
            self.api.ask(&Ask::get(path.clone(), "\"data\"")).await;
        }
        let load = super::client::Load { answers: count, seconds: started.elapsed().as_secs_f64() };
        Cost::of(&load, self.server.cpu_ms() - before)
    }

    /// The last pages, each by the cursor of the one before it.
    async fn deep(&self) -> (Cost, usize) {
        let base = format!("{}/users?limit={PAGE}&sort=created_at", self.here());
        let (mut after, mut depth) = (String::new(), 0);
        let skipped = (self.users / PAGE).saturating_sub(PAGES);
        for _ in 0..skipped {
            let page = self.api.ask(&Ask::get(format!("{base}{after}"), "\"data\"")).await;
            after = format!("&after={}", page["next"].as_str().expect("more"));
            depth += PAGE;
        }
        (self.read(format!("{base}{after}"), PAGES).await, depth)
    }

    async fn invites(&mut self, limits: &Limits) {
        let path = format!("{}/invites", self.here());
        let (api, seconds) = (self.api.clone(), self.plan.seconds);
        let make = move |n: usize| {
            let body = json!({"email": format!("invited-{n}@example.com"), "first_name": "I",
                "last_name": format!("N{n}"), "role": "operation-manager"});
            vec![Ask::send(Method::POST, path.clone(), body, 201)]
        };
        let before = self.server.cpu_ms();
        let load = super::client::load(&api, CONNECTIONS, INVITES, seconds, make).await;
        let cost = Cost::of(&load, self.server.cpu_ms() - before);
        let ours = (cost.text(), limits.commit.text());
        let ratio = cost.rate / limits.commit.rate;
        self.row("invite, with its mail in the outbox (rate)", ours, ratio, "reported");
    }

    /// A file of ten thousand people, checked, sent, and sent again.
    async fn import(&mut self, limits: &Limits) {
        let mut file = "Email,First name,Last name,Description(optional)\n".to_owned();
        for n in 0..ROWS {
            file.push_str(&format!("row-{n}@example.com,Row,N{n},Of a file\n"));
        }
        let before = self.server.memory_mib();
        // As many one-row commits, one after another, as raw sqlx makes them.
        let limit = ROWS as f64 / limits.commit.rate;
        for (name, dry_run, counted) in [
            ("checked", "true", ("valid", ROWS)),
            ("sent", "false", ("invited", ROWS)),
            ("sent again", "false", ("skipped", ROWS)),
        ] {
            let started = Instant::now();
            let answer = self.send_file(&file, dry_run).await;
            let seconds = started.elapsed().as_secs_f64();
            assert_eq!(answer[counted.0], counted.1, "{name}");
            let ours = (format!("{seconds:.2} s"), format!("{limit:.2} s"));
            let scenario = format!("import of {ROWS} people, {name}");
            self.row(&scenario, ours, seconds / limit, "reported");
        }
        let more = self.server.memory_mib() - before;
        let ours = (format!("{more:.0} MiB"), "64 MiB".to_owned());
        self.row("memory that imports took", ours, more / 64.0, "reported");
    }

    async fn send_file(&self, file: &str, dry_run: &str) -> Value {
        let edge = "edge-of-the-form-0123456789";
        let head = "content-disposition: form-data; name=";
        let body = format!(
            "--{edge}\r\n{head}\"dry_run\"\r\n\r\n{dry_run}\r\n\
             --{edge}\r\n{head}\"role\"\r\n\r\noperation-manager\r\n\
             --{edge}\r\n{head}\"file\"; filename=\"people.csv\"\r\n\r\n{file}\r\n--{edge}--\r\n"
        );
        let url = format!("{}{}/invites/import", self.api.base, self.here());
        let request = self.api.http.post(url).bearer_auth(&self.api.token);
        let kind = format!("multipart/form-data; boundary={edge}");
        let answer = request.header("content-type", kind).body(body).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap_or_default());
        serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
    }

    /// The same events to one endpoint, and to several at once.
    async fn webhooks(&mut self, limits: &Limits) {
        let came: Arc<Mutex<HashSet<String>>> = Arc::default();
        let url = receive(Arc::clone(&came)).await;
        let from = jiff::Timestamp::now();
        let (base, first) = (self.base.clone(), 40_000_000);
        let create = move |n: usize| {
            vec![Ask::send(Method::POST, format!("{base}/Users"), user(first + n), 201)]
        };
        let count = EVENTS.min(self.users);
        let made = super::client::load(&self.scim, CONNECTIONS, count, PATIENCE_S, create).await;
        assert_eq!(made.answers, count, "users were made");
        // Places in the feed come after commit.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let span = json!({"from": from.to_string(), "to": jiff::Timestamp::now().to_string()});
        for endpoints in [1, ENDPOINTS] {
            let mut hooks = Vec::new();
            for at in 0..endpoints {
                let body = json!({"url": format!("{url}/{endpoints}-{at}"),
                    "types": ["user.created"]});
                let path = format!("{}/webhooks", self.here());
                let made = self.api.ask(&Ask::send(Method::POST, path, body, 201)).await;
                hooks.push(made["id"].as_str().expect("an id").to_owned());
            }
            came.lock().expect("a set").clear();
            let (before, started) = (self.server.cpu_ms(), Instant::now());
            for hook in &hooks {
                let path = format!("/api/v1/webhooks/{hook}/replay");
                let queued = self.api.ask(&Ask::send(Method::POST, path, span.clone(), 202)).await;
                assert_eq!(queued["queued"], count, "events of the span");
            }
            while came.lock().expect("a set").len() < count * endpoints {
                let waited = started.elapsed().as_secs();
                assert!(waited < PATIENCE_S, "events are delivered");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let seconds = started.elapsed().as_secs_f64();
            let load = super::client::Load { answers: count * endpoints, seconds };
            let cost = Cost::of(&load, self.server.cpu_ms() - before);
            let ours = (cost.text(), limits.commit.text());
            let scenario = format!("events delivered to {endpoints} webhooks (rate)");
            self.row(&scenario, ours, cost.rate / limits.commit.rate, "reported");
            for hook in hooks {
                let path = format!("/api/v1/webhooks/{hook}");
                let gone = Ask { status: 204, ..Ask::send(Method::DELETE, path, json!({}), 204) };
                self.api.ask(&gone).await;
            }
        }
    }
}

/// A receiver that takes every message; each endpoint has a path of its own.
async fn receive(came: Arc<Mutex<HashSet<String>>>) -> String {
    let take = move |axum::extract::Path(at): axum::extract::Path<String>, headers: HeaderMap| {
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        came.lock().expect("a set").insert(format!("{at} {id}"));
        std::future::ready(StatusCode::NO_CONTENT)
    };
    let router = Router::new().route("/{at}", post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it receives") });
    url
}
