//! One run on one engine: the limits, an organization, and the scenarios in the order in which the
//! state for them comes to be.

use reqwest::Method;
use serde_json::{Value, json};

use super::Plan;
use super::client::{Ask, Load, Target, load};
use super::report::{Row, Table};
use super::server::{Engine, OPERATOR_TOKEN, Server};

pub(super) const CONNECTIONS: usize = 16;

/// Sites of the organization.
pub(super) const SITES: usize = 10_000;

/// Resources in a batch.
const BATCH: usize = 1_000;

/// One run on one engine.
pub(super) struct Run<'t> {
    pub(super) engine: &'t Engine,
    pub(super) plan: &'t Plan,
    pub(super) table: &'t mut Table,
    pub(super) server: Server,
    pub(super) scim: Target,
    pub(super) api: Target,
    pub(super) organization: String,
    pub(super) base: String,
    /// How many users there are, apart from those of the cycles.
    pub(super) users: usize,
}

/// CPU milliseconds an answer, and answers a second.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) cpu_ms: f64,
    pub(super) rate: f64,
}

impl Cost {
    pub(super) fn of(load: &Load, cpu_ms: f64) -> Self {
        let answers = load.answers.max(1) as f64;
        Self { cpu_ms: cpu_ms / answers, rate: answers / load.seconds }
    }

    pub(super) fn text(self) -> String {
        format!("{:.3} CPU ms, {:.0}/s", self.cpu_ms, self.rate)
    }
}

pub(super) struct Limits {
    pub(super) bare: Cost,
    pub(super) select: Cost,
    pub(super) commit: Cost,
}

/// Runs everything on one engine.
pub async fn run(engine: &Engine, plan: &Plan, table: &mut Table) {
    eprintln!("{}:", engine.name());
    let limits = limits(engine, plan).await;
    let server = Server::portico(engine).await;
    let api = Target::new(&server.base, OPERATOR_TOKEN);
    let (organization, base, token) = set_up(&api).await;
    let scim = Target::new(&server.base, token);
    let (table, users) = (table, 0);
    let mut run = Run { engine, plan, table, server, scim, api, organization, base, users };
    let mut small = None;
    for size in plan.populations() {
        let ids = run.grow(size, &limits).await;
        small = Some(run.reads(&limits, &ids, small).await);
        if size == plan.users {
            run.entra_cycle().await;
            run.bulk().await;
            run.pages().await;
            run.members(&ids).await;
            run.many_members().await;
            run.spread().await;
            run.decisions(&limits, &ids).await;
            run.sign_ins(&limits).await;
            run.people(&limits).await;
        }
    }
    // These touch everybody, which would take an hour of a million.
    if !plan.full {
        run.mapping().await;
        run.wide_edit().await;
    }
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
    for first in (0..SITES).step_by(BATCH) {
        let sites: Vec<Value> = (first..first + BATCH)
            .map(|n| json!({"kind": "site", "key": format!("s{n}"), "name": format!("Site {n}")}))
            .collect();
        let path = format!("{here}/resources/batch");
        api.ask(&Ask::send(Method::POST, path, json!({"resources": sites}), 200)).await;
    }
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

pub(super) fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

impl Run<'_> {
    /// Adds a line to the table.
    pub(super) fn row(
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

    /// Asks over some connections, and answers what an answer cost.
    pub(super) async fn measured<F>(&self, connections: usize, count: usize, make: F) -> Cost
    where
        F: Fn(usize) -> Vec<Ask> + Send + Sync + 'static,
    {
        let before = self.server.cpu_ms();
        let load = load(&self.scim, connections, count, self.plan.seconds, make).await;
        Cost::of(&load, self.server.cpu_ms() - before)
    }

    fn memory(&mut self) {
        let mib = self.server.memory_mib();
        let limit = "60 MiB at 20,000, 400 MiB at 1,000,000 users".to_owned();
        let scenario = format!("memory after all this, {} users", self.users);
        self.row(&scenario, (format!("{mib:.0} MiB"), limit), mib / 400.0, "<= 1.00");
    }
}
