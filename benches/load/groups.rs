//! Groups: one member in groups of several sizes, many members at once.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Ask, Load};
use super::scenario::{CONNECTIONS, Cost, Run, patch};

/// Members of the largest group that is written at once.
const MEMBERS_MAX: usize = 100_000;

impl Run<'_> {
    /// One member added to and removed from a group of 100, and of 10,000.
    pub(super) async fn members(&mut self, ids: &Arc<Vec<String>>) {
        let mut costs = Vec::new();
        for size in self.plan.groups() {
            let group = self.group(&format!("Site s{} managers", costs.len()), size).await;
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
        let (size, small) = costs[0];
        let (scenario, limit) =
            (format!("one member of a group of {size}"), "0.8 CPU ms".to_owned());
        self.row(&scenario, (small.text(), limit), small.cpu_ms / 0.8, "<= 0.8 CPU ms");
        for (size, cost) in costs.into_iter().skip(1) {
            let scenario = format!("one member of a group of {size} (CPU)");
            let ratio = cost.cpu_ms / small.cpu_ms;
            let target = "<= 1.20 of the small group";
            self.row(&scenario, (cost.text(), small.text()), ratio, target);
        }
    }

    /// A thousand members in one request, all users in one, and groups read without members.
    pub(super) async fn many_members(&mut self) {
        let members = self.first(self.users.min(MEMBERS_MAX)).await;
        let group = self.group("Many", 0).await;
        let path = format!("{}/Groups/{group}", self.base);
        let thousand = &members[..members.len().min(1_000)];
        let body = patch(json!([{"op": "add", "path": "members", "value": thousand}]));
        let cost = self.once(&Ask::send(Method::PATCH, path.clone(), body, 200)).await;
        let scenario = format!("{} members added in one PATCH", thousand.len());
        let limit = "1 s".to_owned();
        self.row(&scenario, (cost.text(), limit), 1.0 / cost.rate, "under 1 s");
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Many",
            "members": members,
        });
        let cost = self.once(&Ask::send(Method::PUT, path.clone(), body, 200)).await;
        let scenario = format!("replace by {} members", members.len());
        let limit = "10 s".to_owned();
        self.row(&scenario, (cost.text(), limit), 1.0 / cost.rate / 10.0, "under 10 s");
        let empty = format!("{}/Groups/{}", self.base, self.group("Few", 1).await);
        let mut costs = Vec::new();
        for path in [empty, path] {
            let ask = move |_| vec![Ask::get(format!("{path}?excludedAttributes=members"), "meta")];
            costs.push(self.measured(CONNECTIONS, usize::MAX, ask).await);
        }
        let (small, large) = (costs[0], costs[1]);
        let ratio = large.cpu_ms / small.cpu_ms;
        let scenario = format!("get a group of {} without members (CPU)", members.len());
        self.row(&scenario, (large.text(), small.text()), ratio, "as a small one");
    }

    /// One request on its own.
    async fn once(&self, ask: &Ask) -> Cost {
        let (before, started) = (self.server.cpu_ms(), std::time::Instant::now());
        self.scim.ask(ask).await;
        let load = Load { answers: 1, seconds: started.elapsed().as_secs_f64() };
        Cost::of(&load, self.server.cpu_ms() - before)
    }

    /// Makes a group with the first `size` users, a thousand members a request.
    pub(super) async fn group(&self, name: &str, size: usize) -> String {
        let path = format!("{}/Groups", self.base);
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name,
        });
        let group = self.scim.ask(&Ask::send(Method::POST, path, body, 201)).await;
        let group = group["id"].as_str().expect("an id").to_owned();
        let members = self.first(size).await;
        for chunk in members.chunks(1000) {
            let body = patch(json!([{"op": "add", "path": "members", "value": chunk}]));
            let path = format!("{}/Groups/{group}", self.base);
            self.scim.ask(&Ask::send(Method::PATCH, path, body, 200)).await;
        }
        group
    }

    /// The first users as members.
    pub(super) async fn first(&self, size: usize) -> Vec<Value> {
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
        members
    }
}
