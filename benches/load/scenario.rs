//! The scenarios, in the order in which the state for them comes to be.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::Plan;
use super::client::{Ask, Load, Target, load};
use super::report::{Row, Table};
use super::server::{Engine, OPERATOR_TOKEN, Server};

const CONNECTIONS: usize = 16;

/// The filter of the n-th ask.
type Filter = fn(usize) -> String;

/// One run on one engine.
struct Run<'t> {
    engine: &'t Engine,
    plan: &'t Plan,
    table: &'t mut Table,
    server: Server,
    scim: Target,
    api: Target,
    organization: String,
    base: String,
}

/// CPU milliseconds an answer, and answers a second.
#[derive(Clone, Copy)]
struct Cost {
    cpu_ms: f64,
    rate: f64,
}

impl Cost {
    fn of(load: &Load, cpu_ms: f64) -> Self {
        let answers = load.answers.max(1) as f64;
        Self { cpu_ms: cpu_ms / answers, rate: answers / load.seconds }
    }

    fn text(self) -> String {
        format!("{:.3} CPU ms, {:.0}/s", self.cpu_ms, self.rate)
    }
}

struct Limits {
    bare: Cost,
    select: Cost,
    commit: Cost,
}

/// Runs everything on one engine.
pub async fn run(engine: &Engine, plan: &Plan, table: &mut Table) {
    eprintln!("{}:", engine.name());
    let limits = limits(engine, plan).await;
    let server = Server::portico(engine).await;
    let api = Target::new(&server.base, OPERATOR_TOKEN);
    let (organization, base, token) = set_up(&api).await;
    let scim = Target::new(&server.base, token);
    let mut run = Run { engine, plan, table, server, scim, api, organization, base };
    let ids = run.populate(&limits).await;
    run.reads(&limits, &ids).await;
    run.entra_cycle().await;
    run.bulk().await;
    run.members(&ids).await;
    run.decisions(&limits, &ids).await;
    run.memory();
}

async fn limits(engine: &Engine, plan: &Plan) -> Limits {
    let words = match engine {
        Engine::Sqlite => vec!["sqlite"],
        Engine::Postgres(url) => vec!["postgres", url.as_str()],
    };
    let server = Server::limit(&words, matches!(engine, Engine::Postgres(_))).await;
    let target = Target::new(&server.base, "");
    let seconds = plan.seconds;
    let mut costs = Vec::new();
    for (method, path) in
        [(Method::GET, "/bare"), (Method::GET, "/select"), (Method::POST, "/commit")]
    {
        let before = server.cpu_ms();
        let make = move |n: usize| {
            let path = if path == "/select" { format!("{path}/{}", n % 1000) } else { path.into() };
            let holds = Some("ada@example.com".to_owned());
            vec![Ask { method: method.clone(), path, body: None, status: 200, holds }]
        };
        let load = load(&target, CONNECTIONS, usize::MAX, seconds, make).await;
        costs.push(Cost::of(&load, server.cpu_ms() - before));
    }
    Limits { bare: costs[0], select: costs[1], commit: costs[2] }
}

/// An organization with sites, a directory and two rules; answers its id, SCIM base and token.
async fn set_up(api: &Target) -> (String, String, String) {
    let made = |path: &str, body: Value| Ask::send(Method::POST, path, body, 201);
    let slug = format!("bench-{}", std::process::id());
    let organization =
        api.ask(&made("/api/v1/organizations", json!({"name": "Bench", "slug": slug}))).await;
    let organization = organization["id"].as_str().expect("an id").to_owned();
    let here = format!("/api/v1/organizations/{organization}");
    let sites: Vec<Value> = (0..500)
        .map(|n| json!({"kind": "site", "key": format!("s{n}"), "name": format!("Site {n}")}))
        .collect();
    let batch = Ask::send(
        Method::POST,
        format!("{here}/resources/batch"),
        json!({"resources": sites}),
        200,
    );
    api.ask(&batch).await;
    let directory = json!({"name": "Entra", "profile": "entra"});
    let directory = api.ask(&made(&format!("{here}/directories"), directory)).await;
    let directory = directory["id"].as_str().expect("an id").to_owned();
    let token = json!({"name": "bench"});
    let token = api.ask(&made(&format!("/api/v1/directories/{directory}/tokens"), token)).await;
    let rule = json!({
        "name": "Managers by site",
        "when": "groups.display sw \"Site \"",
        "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) managers$"},
        "role": "operation-manager",
        "resources": ["site:{site}"],
    });
    api.ask(&made(&format!("{here}/mapping-rules"), rule)).await;
    let token = token["token"].as_str().expect("a token").to_owned();
    (organization, format!("/scim/{directory}/v2"), token)
}

fn user(n: usize) -> Value {
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

fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

impl Run<'_> {
    fn row(
        &mut self,
        scenario: &str,
        (ours, limit): (String, String),
        ratio: f64,
        target: &'static str,
    ) {
        let ratio = format!("{ratio:.2}");
        let engine = self.engine.name();
        self.table.add(Row { scenario: scenario.to_owned(), engine, ours, limit, ratio, target });
    }

    async fn measured<F>(&self, connections: usize, count: usize, make: F) -> Cost
    where
        F: Fn(usize) -> Vec<Ask> + Send + Sync + 'static,
    {
        let before = self.server.cpu_ms();
        let load = load(&self.scim, connections, count, self.plan.seconds, make).await;
        Cost::of(&load, self.server.cpu_ms() - before)
    }

    /// Creates the population; the first seconds of it are the measure of a create.
    async fn populate(&mut self, limits: &Limits) -> Arc<Vec<String>> {
        let base = self.base.clone();
        let create =
            move |n: usize| vec![Ask::send(Method::POST, format!("{base}/Users"), user(n), 201)];
        let users = self.plan.users;
        let before = self.server.cpu_ms();
        let done = load(&self.scim, CONNECTIONS, users, u64::MAX / 2, create).await;
        let cost = Cost::of(&done, self.server.cpu_ms() - before);
        self.row(
            "create, durable, 16 connections (rate)",
            (cost.text(), limits.commit.text()),
            cost.rate / limits.commit.rate,
            ">= 0.60 PostgreSQL, >= 0.50 SQLite; <= 0.4 CPU ms",
        );
        let mut ids = Vec::new();
        for n in (0..users).step_by((users / 1000).max(1)).take(1000) {
            let path =
                format!("{}/Users?filter=userName%20eq%20%22user{n}@example.com%22", self.base);
            let found = self.scim.ask(&Ask::get(path, "\"totalResults\":1")).await;
            ids.push(found["Resources"][0]["id"].as_str().expect("an id").to_owned());
        }
        Arc::new(ids)
    }

    async fn reads(&mut self, limits: &Limits, ids: &Arc<Vec<String>>) {
        let (users, target) = (self.plan.users, "<= 2.00");
        let (base, ids) = (self.base.clone(), Arc::clone(ids));
        let get = move |n: usize| {
            let id = &ids[n * 7919 % ids.len()];
            vec![Ask::get(format!("{base}/Users/{id}"), id.as_str())]
        };
        let cost = self.measured(CONNECTIONS, usize::MAX, get).await;
        let ratio = cost.cpu_ms / limits.select.cpu_ms;
        self.row("get by id (CPU)", (cost.text(), limits.select.text()), ratio, target);
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
            let scenario = format!("filter {name} (CPU)");
            self.row(&scenario, (cost.text(), limits.select.text()), ratio, target);
        }
    }

    /// Filter, create, read, patch: what Entra does for a new user.
    async fn entra_cycle(&mut self) {
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

    /// Bulk requests of 1,000 new users, one after another.
    async fn bulk(&mut self) {
        const USERS: usize = 1_000;
        let path = format!("{}/Bulk", self.base);
        let ask = move |n: usize| {
            let create = |at: usize| {
                let data = user(50_000_000 + n * USERS + at);
                json!({"method": "POST", "path": "/Users", "bulkId": at.to_string(), "data": data})
            };
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                "failOnErrors": 1,
                "Operations": (0..USERS).map(create).collect::<Vec<_>>(),
            });
            // The last one was made, so none before it failed.
            let holds = Some(format!("\"bulkId\":\"{}\",\"location\"", USERS - 1));
            vec![Ask { holds, ..Ask::send(Method::POST, path.clone(), body, 200) }]
        };
        let mut cost = self.measured(1, usize::MAX, ask).await;
        cost.cpu_ms /= USERS as f64;
        cost.rate *= USERS as f64;
        let limit = "4,000 users/s".to_owned();
        self.row("bulk of 1,000 creates", (cost.text(), limit), cost.rate / 4_000.0, ">= 1.00");
    }

    /// One member added to and removed from a group of 100, and of 10,000.
    async fn members(&mut self, ids: &Arc<Vec<String>>) {
        let mut costs = Vec::new();
        for (name, size) in [("Site s1 managers", 100), ("Site s2 managers", 10_000)] {
            let size = size.min(self.plan.users - 1);
            let group = self.group(name, size).await;
            let (base, ids) = (self.base.clone(), Arc::clone(ids));
            let path = format!("{base}/Groups/{group}");
            let add_and_remove = move |n: usize| {
                let id = &ids[ids.len() - 1 - n % 8];
                let value = json!([{"value": id}]);
                let ask = |op: &str| {
                    let body = patch(json!([{"op": op, "path": "members", "value": value}]));
                    Ask::send(Method::PATCH, path.clone(), body, 200)
                };
                vec![ask("Add"), ask("Remove")]
            };
            let mut cost = self.measured(1, usize::MAX, add_and_remove).await;
            cost.cpu_ms /= 2.0;
            cost.rate *= 2.0;
            costs.push((size, cost));
        }
        let (small, large) = (costs[0], costs[1]);
        let scenario = format!("one member of a group of {}", small.0);
        let limit = "0.8 CPU ms".to_owned();
        self.row(&scenario, (small.1.text(), limit), small.1.cpu_ms / 0.8, "<= 0.8 CPU ms");
        let scenario = format!("one member of a group of {} (CPU)", large.0);
        let ratio = large.1.cpu_ms / small.1.cpu_ms;
        self.row(&scenario, (large.1.text(), small.1.text()), ratio, "<= 1.20 of the small group");
    }

    /// Makes a group with the first `size` users, a thousand members a request.
    async fn group(&self, name: &str, size: usize) -> String {
        let path = format!("{}/Groups", self.base);
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name,
        });
        let group = self.scim.ask(&Ask::send(Method::POST, path, body, 201)).await;
        let group = group["id"].as_str().expect("an id").to_owned();
        let mut members: Vec<Value> = Vec::new();
        let mut start = 1;
        while members.len() < size {
            let path = format!("{}/Users?attributes=id&count=100&startIndex={start}", self.base);
            let page = self.scim.ask(&Ask::get(path, "Resources")).await;
            let found = page["Resources"].as_array().expect("a page").clone();
            assert!(!found.is_empty(), "there are {size} users");
            start += found.len();
            members.extend(found.iter().map(|user| json!({"value": user["id"]})));
        }
        members.truncate(size);
        for chunk in members.chunks(1000) {
            let body = patch(json!([{"op": "add", "path": "members", "value": chunk}]));
            let path = format!("{}/Groups/{group}", self.base);
            self.scim.ask(&Ask::send(Method::PATCH, path, body, 200)).await;
        }
        group
    }

    async fn decisions(&mut self, limits: &Limits, ids: &Arc<Vec<String>>) {
        let (organization, ids) = (self.organization.clone(), Arc::clone(ids));
        let ask = move |n: usize| {
            let body = json!({
                "subject": {"type": "user", "id": ids[n * 31 % ids.len()]},
                "action": {"name": "work_orders.edit"},
                "resource": {"type": "site", "id": format!("s{}", n % 500)},
                "context": {"organization": organization},
            });
            let path = "/access/v1/evaluation".to_owned();
            let holds = Some("\"decision\":".to_owned());
            vec![Ask { method: Method::POST, path, body: Some(body), status: 200, holds }]
        };
        let before = self.server.cpu_ms();
        let load = load(&self.api, CONNECTIONS, usize::MAX, self.plan.seconds, ask).await;
        let cost = Cost::of(&load, self.server.cpu_ms() - before);
        let ratio = cost.rate / limits.bare.rate;
        self.row("decision over HTTP (rate)", (cost.text(), limits.bare.text()), ratio, ">= 0.60");
    }

    fn memory(&mut self) {
        let mib = self.server.memory_mib();
        let limit = "60 MiB at 20,000, 400 MiB at 1,000,000 users".to_owned();
        self.row("memory after all this", (format!("{mib:.0} MiB"), limit), mib / 400.0, "<= 1.00");
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
