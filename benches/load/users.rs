//! Users: creates, point reads, and what Entra does for a new user.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Ask, Load, Target, load};
use super::scenario::{CONNECTIONS, Cost, Limits, Run, patch};

/// The filter of the n-th ask.
type Filter = fn(usize) -> String;

/// Users that come one by one, for the figure of a create; the others of a population come in bulk.
const ALONE_MAX: usize = 50_000;
/// Users of a bulk request that is measured.
const BULK: usize = 1_000;
/// Users of one that is not: few enough that a slow machine answers in time.
const FEW: usize = 200;
/// Seconds that a population may take to come.
pub(super) const GROW_S: u64 = 6 * 3600;

/// The body of the n-th user.
pub(super) fn user(n: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": format!("ext-{n}"),
        "userName": format!("user{n}@example.com"),
        "active": true,
        "displayName": format!("User {n}"),
        "name": {"givenName": "User", "familyName": n.to_string()},
        "emails": [{"primary": true, "type": "work", "value": format!("user{n}@example.com")}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Quality"},
    })
}

impl Run<'_> {
    /// Creates users until there are so many: the first of them are the measure of a create.
    /// Answers a thousand ids.
    pub(super) async fn grow(&mut self, size: usize, limits: &Limits) -> Arc<Vec<String>> {
        let (base, first) = (self.base.clone(), self.users);
        let create = move |n: usize| {
            vec![Ask::send(Method::POST, format!("{base}/Users"), user(first + n), 201)]
        };
        let (users, alone) = (size, (size - first).min(ALONE_MAX));
        let before = self.server.cpu_ms();
        let done = load(&self.scim, CONNECTIONS, alone, GROW_S, create).await;
        let cost = Cost::of(&done, self.server.cpu_ms() - before);
        self.users = size;
        self.row(
            &format!("create up to {}, durable, 16 connections (rate)", first + alone),
            (cost.text(), limits.commit.text()),
            cost.rate / limits.commit.rate,
            ">= 0.60 PostgreSQL, >= 0.50 SQLite; <= 0.4 CPU ms",
        );
        for start in (first + alone..size).step_by(FEW) {
            self.scim.ask(&self.bulk_of(start, FEW.min(size - start))).await;
        }
        let mut ids = Vec::new();
        for n in (0..users).step_by((users / 1000).max(1)).take(1000) {
            let path =
                format!("{}/Users?filter=userName%20eq%20%22user{n}@example.com%22", self.base);
            let found = self.scim.ask(&Ask::get(path, "\"totalResults\":1")).await;
            ids.push(found["Resources"][0]["id"].as_str().expect("an id").to_owned());
        }
        Arc::new(ids)
    }

    /// Point reads; the cost of a get by id is compared with that of the population before.
    pub(super) async fn reads(
        &mut self,
        limits: &Limits,
        ids: &Arc<Vec<String>>,
        smaller: Option<Cost>,
    ) -> Cost {
        let (users, target) = (self.users, "<= 2.00");
        let (base, ids) = (self.base.clone(), Arc::clone(ids));
        let get = move |n: usize| {
            let id = &ids[n * 7919 % ids.len()];
            vec![Ask::get(format!("{base}/Users/{id}"), id.as_str())]
        };
        let cost = self.measured(CONNECTIONS, usize::MAX, get).await;
        let ratio = cost.cpu_ms / limits.select.cpu_ms;
        let scenario = format!("get by id, {users} users (CPU)");
        self.row(&scenario, (cost.text(), limits.select.text()), ratio, target);
        if let Some(smaller) = smaller {
            let ratio = cost.cpu_ms / smaller.cpu_ms;
            let scenario = format!("get by id, {users} users beside fewer (CPU)");
            self.row(&scenario, (cost.text(), smaller.text()), ratio, "<= 1.20");
        }
        let get = cost;
        let filters: [(&'static str, Filter); 4] = [
            ("userName", |n| format!("userName eq \"user{n}@example.com\"")),
            ("externalId", |n| format!("externalId eq \"ext-{n}\"")),
            ("work e-mail", |n| {
                format!("emails[type eq \"work\"].value eq \"user{n}@example.com\"")
            }),
            ("displayName", |n| format!("displayName eq \"User {n}\"")),
        ];
        for (name, filter) in filters {
            let base = self.base.clone();
            let ask = move |n: usize| {
                let text = filter(n * 7919 % users);
                let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
                vec![Ask::get(format!("{base}/Users?filter={text}"), "\"totalResults\":1,")]
            };
            let cost = self.measured(CONNECTIONS, usize::MAX, ask).await;
            let ratio = cost.cpu_ms / limits.select.cpu_ms;
            let scenario = format!("filter {name}, {users} users (CPU)");
            self.row(&scenario, (cost.text(), limits.select.text()), ratio, target);
        }
        get
    }

    /// A bulk request of the users from this one on.
    fn bulk_of(&self, first: usize, count: usize) -> Ask {
        let create = |at: usize| {
            let data = user(first + at);
            json!({"method": "POST", "path": "/Users", "bulkId": at.to_string(), "data": data})
        };
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "failOnErrors": 1,
            "Operations": (0..count).map(create).collect::<Vec<_>>(),
        });
        // The last one was made, so none before it failed.
        let holds = Some(format!("\"bulkId\":\"{}\",\"location\"", count - 1));
        Ask { holds, ..Ask::send(Method::POST, format!("{}/Bulk", self.base), body, 200) }
    }

    /// Bulk requests of 1,000 new users, one after another.
    pub(super) async fn bulk(&mut self) {
        let (before, started) = (self.server.cpu_ms(), std::time::Instant::now());
        let mut answers = 0;
        while started.elapsed().as_secs() < self.plan.seconds {
            self.scim.ask(&self.bulk_of(50_000_000 + answers, BULK)).await;
            answers += BULK;
        }
        let load = Load { answers, seconds: started.elapsed().as_secs_f64() };
        let cost = Cost::of(&load, self.server.cpu_ms() - before);
        let limit = "4,000 users/s".to_owned();
        self.row("bulk of 1,000 creates", (cost.text(), limit), cost.rate / 4_000.0, ">= 1.00");
    }

    /// Filter, create, read, patch: what Entra does for a new user.
    pub(super) async fn entra_cycle(&mut self) {
        let (scim, base) = (self.scim.clone(), self.base.clone());
        let before = self.server.cpu_ms();
        let started = std::time::Instant::now();
        let seconds = self.plan.seconds;
        let tasks: Vec<_> = (0..8)
            .map(|worker| {
                let (scim, base) = (scim.clone(), base.clone());
                tokio::spawn(async move {
                    let mut done = 0;
                    while started.elapsed().as_secs() < seconds {
                        cycle(&scim, &base, 10_000_000 + worker * 1_000_000 + done).await;
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let mut answers = 0;
        for task in tasks {
            answers += task.await.expect("a cycle");
        }
        let load = Load { answers, seconds: started.elapsed().as_secs_f64() };
        let cost = Cost::of(&load, self.server.cpu_ms() - before);
        let (limit, target) = ("1.2 CPU ms, 500/s".to_owned(), "<= 1.2 CPU ms; >= 500 users/s");
        self.row("Entra cycle, 8 connections", (cost.text(), limit), cost.cpu_ms / 1.2, target);
    }
}

async fn cycle(scim: &Target, base: &str, n: usize) {
    let filter = format!("{base}/Users?filter=externalId%20eq%20%22ext-{n}%22");
    scim.ask(&Ask::get(filter, "\"totalResults\":0")).await;
    let made = Ask::send(Method::POST, format!("{base}/Users"), user(n), 201);
    let made = scim.ask(&made).await;
    let id = made["id"].as_str().expect("an id");
    scim.ask(&Ask::get(format!("{base}/Users/{id}"), id)).await;
    let body = patch(json!([{"op": "Replace", "path": "title", "value": "Engineer"}]));
    scim.ask(&Ask::send(Method::PATCH, format!("{base}/Users/{id}"), body, 200)).await;
}
