//! Mapping: what rules add to a write, access by a thousand groups, and an edit of a rule that
//! touches everybody.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Ask, Load, load};
use super::scenario::{CONNECTIONS, Cost, Run, patch};
use super::users::user;

/// Rules that an organization may have.
const RULES: usize = 500;

/// Groups whose names stand for sites.
const GROUPS: usize = 1_000;

/// Members of each of them.
const IN_GROUP: usize = 100;

/// Connections that create users while a wide edit is applied.
const MEANWHILE: usize = 4;

/// Seconds after which a wide edit is given up.
const EDIT_S: f64 = 600.0;

impl Run<'_> {
    /// Gives access by groups: a thousand, spread over all users.
    pub(super) async fn spread(&mut self) {
        let members = self.first(self.users.min(GROUPS * IN_GROUP)).await;
        let each = members.len().div_ceil(GROUPS);
        let before = self.server.cpu_ms();
        let started = std::time::Instant::now();
        for (n, chunk) in members.chunks(each).enumerate() {
            let name = format!("Site s{} managers", 1_000 + n);
            let group = self.group(&name, 0).await;
            let body = patch(json!([{"op": "add", "path": "members", "value": chunk}]));
            let path = format!("{}/Groups/{group}", self.base);
            self.scim.ask(&Ask::send(Method::PATCH, path, body, 200)).await;
        }
        let load = Load { answers: members.len(), seconds: started.elapsed().as_secs_f64() };
        let cost = Cost::of(&load, self.server.cpu_ms() - before);
        let scenario = format!("a member who gets a role, {each} in a PATCH");
        let (limit, target) = ("0.8 CPU ms".to_owned(), "<= 0.8 CPU ms");
        self.row(&scenario, (cost.text(), limit), cost.cpu_ms / 0.8, target);
    }

    /// The last rule that there may be gives everybody a role; users are created meanwhile.
    pub(super) async fn wide_edit(&mut self) {
        let (base, first) = (self.base.clone(), 30_000_000);
        let create = move |n: usize| {
            vec![Ask::send(Method::POST, format!("{base}/Users"), user(first + n), 201)]
        };
        let before = self.measured(MEANWHILE, usize::MAX, create).await;
        let rules = format!("/api/v1/organizations/{}/mapping-rules", self.organization);
        let rule = json!({
            "name": "Everybody", "when": "active eq true", "role": "operation-manager",
            "resources": ["site:s0"],
        });
        let started = std::time::Instant::now();
        self.api.ask(&Ask::send(Method::POST, rules.clone(), rule, 201)).await;
        let (mut meanwhile, mut round) = (Load { answers: 0, seconds: 0.0 }, 0);
        loop {
            round += 1;
            let (base, first) = (self.base.clone(), 100_000_000 + round * 1_000_000);
            let create = move |n: usize| {
                vec![Ask::send(Method::POST, format!("{base}/Users"), user(first + n), 201)]
            };
            let done = load(&self.scim, MEANWHILE, usize::MAX, 1, create).await;
            meanwhile.answers += done.answers;
            meanwhile.seconds += done.seconds;
            if self.is_idle().await {
                break;
            }
            assert!(meanwhile.seconds < EDIT_S, "the edit is still applied");
        }
        let seconds = started.elapsed().as_secs_f64();
        let scenario = format!("rule edit that touches {} users, in the background", self.users);
        let ours = (format!("{seconds:.1} s"), "60 s".to_owned());
        self.row(&scenario, ours, seconds / 60.0, "under 60 s");
        let rate = meanwhile.answers as f64 / meanwhile.seconds;
        let ours = (format!("{rate:.0}/s"), format!("{:.0}/s", before.rate));
        self.row("creates meanwhile (time)", ours, before.rate / rate, "<= 1.50");
    }

    /// Waits until what rules give is given.
    async fn idle(&self) {
        let started = std::time::Instant::now();
        while !self.is_idle().await {
            assert!(started.elapsed().as_secs_f64() < EDIT_S, "the edit is still applied");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    async fn is_idle(&self) -> bool {
        let path = format!("/api/v1/organizations/{}/mapping-rules/status", self.organization);
        let status = self.api.ask(&Ask::get(path, "state")).await;
        status["state"] == "idle" && status["version"] == status["applied_version"]
    }

    /// Creates with one rule, and with all but one that an organization may have.
    pub(super) async fn mapping(&mut self) {
        let mut costs = Vec::new();
        for rules in [0, RULES - 2] {
            for n in 0..rules {
                let rule = json!({
                    "name": format!("Department {n}"),
                    "when": format!("department eq \"Department {n}\""),
                    "role": "operation-manager",
                    "resources": [format!("site:s{n}")],
                });
                let path = format!("/api/v1/organizations/{}/mapping-rules", self.organization);
                self.api.ask(&Ask::send(Method::POST, path, rule, 201)).await;
            }
            self.idle().await;
            let (base, first) = (self.base.clone(), 20_000_000 + rules * 10_000);
            let create = move |n: usize| {
                let mut body: Value = user(first + n);
                let department = json!({"department": format!("Department {}", n % RULES)});
                body["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = department;
                vec![Ask::send(Method::POST, format!("{base}/Users"), body, 201)]
            };
            costs.push(self.measured(CONNECTIONS, usize::MAX, create).await);
        }
        let (without, with) = (costs[0], costs[1]);
        let ratio = with.cpu_ms / without.cpu_ms;
        let scenario = format!("create under {} rules, one of which gives (CPU)", RULES - 1);
        self.row(&scenario, (with.text(), without.text()), ratio, "<= 1.30");
    }
}
