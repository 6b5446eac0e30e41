//! Decisions over HTTP, beside an answer of the bare framework.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::client::{Ask, load};
use super::scenario::{CONNECTIONS, Cost, Limits, Run, SITES};
use super::users::GROW_S;

impl Run<'_> {
    pub(super) async fn decisions(&mut self, limits: &Limits, ids: &Arc<Vec<String>>) {
        let (organization, ids, count) = (self.organization.clone(), Arc::clone(ids), ids.len());
        let ask = move |n: usize| {
            let body = json!({
                "subject": {"type": "user", "id": ids[n * 31 % ids.len()]},
                "action": {"name": "work_orders.edit"},
                "resource": {"type": "site", "id": format!("s{}", n % SITES)},
                "context": {"organization": organization},
            });
            let path = "/access/v1/evaluation".to_owned();
            let holds = Some("\"decision\":".to_owned());
            vec![Ask { method: Method::POST, path, body: Some(body), status: 200, holds }]
        };
        // What is measured is an answer from memory, so everybody is asked about once before.
        load(&self.api, CONNECTIONS, count, GROW_S, ask.clone()).await;
        let before = self.server.cpu_ms();
        let load = load(&self.api, CONNECTIONS, usize::MAX, self.plan.seconds, ask).await;
        let cost = Cost::of(&load, self.server.cpu_ms() - before);
        let ratio = cost.rate / limits.bare.rate;
        self.row("decision over HTTP (rate)", (cost.text(), limits.bare.text()), ratio, ">= 0.60");
    }
}
