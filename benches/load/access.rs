//! Access: decisions over HTTP, and what mapping rules add to a write.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Ask, load};
use super::scenario::{CONNECTIONS, Cost, Limits, Run};
use super::users::user;

/// Rules that an organization may have.
const RULES: usize = 500;

impl Run<'_> {
    pub(super) async fn decisions(&mut self, limits: &Limits, ids: &Arc<Vec<String>>) {
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

    /// Creates with one rule, and with as many as an organization may have.
    pub(super) async fn mapping(&mut self) {
        let mut costs = Vec::new();
        for rules in [0, RULES - 1] {
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
        let scenario = format!("create under {RULES} rules, one of which gives (CPU)");
        self.row(&scenario, (with.text(), without.text()), ratio, "<= 1.30");
    }
}
