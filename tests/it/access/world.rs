//! An organization with a directory, seen from its three sides: SCIM, operator, decisions.

use portico::domain::actor::Actor;
use portico::domain::id::{DirectoryId, OrganizationId, UserId};
use portico::domain::time::Timestamp;
use portico::domain::user::{Source, SuspendedBy, User};
use portico::store;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

/// An organization with a directory.
pub struct World<'a> {
    pub app: &'a TestApp,
    pub organization: String,
    pub directory: String,
    pub scim: Caller,
    pub operator: Caller,
}

impl<'a> World<'a> {
    pub async fn new(app: &'a TestApp) -> Self {
        Self::named(app, "Acme").await
    }

    /// The same with another name.
    pub async fn named(app: &'a TestApp, name: &str) -> Self {
        let organization = app.organization(name).await;
        let (directory, token) = app.directory(&organization, "strict").await;
        let (scim, operator) = (app.scim(&token), app.operator());
        Self { app, organization, directory, scim, operator }
    }

    pub fn id(&self) -> OrganizationId {
        OrganizationId::parse(&self.organization).unwrap()
    }

    /// Pushes a user and answers her id.
    pub async fn user(&self, name: &str) -> String {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{name}@acme.example"),
            "active": true,
        });
        self.scim.post("/Users", body).await.expect(201).text_at("/id")
    }

    /// Pushes a group and answers its id.
    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": members,
        });
        self.scim.post("/Groups", body).await.expect(201).text_at("/id")
    }

    async fn patch(&self, path: &str, operation: Value) -> Reply {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        self.scim.patch(path, body).await
    }

    pub async fn join(&self, group: &str, user: &str) {
        let operation = json!({"op": "add", "path": "members", "value": [{"value": user}]});
        let reply = self.patch(&format!("/Groups/{group}"), operation).await;
        assert!(matches!(reply.status, 200 | 204), "{reply}");
    }

    pub async fn leave(&self, group: &str, user: &str) {
        let path = format!("members[value eq \"{user}\"]");
        let operation = json!({"op": "remove", "path": path});
        let reply = self.patch(&format!("/Groups/{group}"), operation).await;
        assert!(matches!(reply.status, 200 | 204), "{reply}");
    }

    pub async fn rename(&self, group: &str, name: &str) -> u16 {
        let operation = json!({"op": "replace", "path": "displayName", "value": name});
        self.patch(&format!("/Groups/{group}"), operation).await.status
    }

    pub async fn set(&self, user: &str, path: &str, value: Value) {
        let operation = json!({"op": "replace", "path": path, "value": value});
        let reply = self.patch(&format!("/Users/{user}"), operation).await;
        assert!(matches!(reply.status, 200 | 204), "{reply}");
    }

    /// Makes a group a member of another by its type; the status.
    pub async fn put_in(&self, group: &str, member: &str) -> u16 {
        let value = json!([{"value": member, "type": "Group"}]);
        let operation = json!({"op": "add", "path": "members", "value": value});
        self.patch(&format!("/Groups/{group}"), operation).await.status
    }

    /// Writes users below the SCIM surface: every tenth is a baker, the others are inspectors.
    pub async fn fill(&self, count: usize) -> Vec<UserId> {
        let directory = DirectoryId::parse(&self.directory).unwrap();
        let runner = &self.app.app.runner;
        runner
            .write(Actor::System, self.id(), move |work| {
                Box::pin(async move {
                    let mut ids = Vec::new();
                    for n in 0..count {
                        let title = if n % 10 == 0 { "Baker" } else { "Inspector" };
                        let user = user(work.id(), directory, n, title, work.at);
                        store::user::insert(&mut work.scope(), &user).await?;
                        ids.push(user.id);
                    }
                    Ok(ids)
                })
            })
            .await
            .unwrap()
    }

    /// Registers a site.
    pub async fn site(&self, key: &str) {
        let path = format!("/api/v1/organizations/{}/resources/site/{key}", self.organization);
        let reply = self.operator.put(&path, json!({"name": key})).await;
        assert!(matches!(reply.status, 200 | 201), "{reply}");
    }

    /// Registers a resource (`kind:key`), or puts it into another one.
    pub async fn put(&self, resource: &str, parent: Option<&str>) {
        let (kind, key) = resource.split_once(':').unwrap();
        let path = format!("/api/v1/organizations/{}/resources/{kind}/{key}", self.organization);
        let reply = self.operator.put(&path, json!({"name": key, "parent": parent})).await;
        assert!(matches!(reply.status, 200 | 201), "{reply}");
    }

    pub async fn remove_site(&self, key: &str) -> u16 {
        let path = format!("/api/v1/organizations/{}/resources/site/{key}", self.organization);
        self.operator.delete(&format!("{path}?cascade=true")).await.status
    }

    /// Makes a rule and answers its id.
    pub async fn rule(&self, body: Value) -> String {
        let path = format!("/api/v1/organizations/{}/mapping-rules", self.organization);
        self.operator.post(&path, body).await.expect(201).text_at("/id")
    }

    /// A rule that gives field-worker on `site:lyon` to a group.
    pub async fn lyon_rule(&self) -> String {
        self.rule(json!({"name": "Lyon crew", "when": "groups.display eq \"Lyon crew\"",
            "role": "field-worker", "resources": ["site:lyon"]}))
            .await
    }

    pub async fn ask(&self, user: &str, permission: &str, site: &str) -> Value {
        let body = json!({
            "subject": {"type": "user", "id": user},
            "action": {"name": permission},
            "resource": {"type": "site", "id": site},
        });
        self.operator.post("/access/v1/evaluation", body).await.expect(200).json()
    }

    pub async fn may(&self, user: &str, permission: &str, site: &str) -> bool {
        self.ask(user, permission, site).await["decision"].as_bool().unwrap()
    }

    pub async fn why_not(&self, user: &str, permission: &str, site: &str) -> String {
        let answer = self.ask(user, permission, site).await;
        assert_eq!(answer["decision"], false, "{answer}");
        answer["context"]["reason"]["code"].as_str().unwrap().to_owned()
    }

    /// Roles and resources that rules give a user, as they are kept, sorted.
    pub async fn kept(&self, user: &str) -> Vec<String> {
        let user = UserId::parse(user).unwrap();
        let mut scope = self.app.app.runner.read(self.id());
        let grants = portico::store::grant::of_user(&mut scope, user).await.unwrap();
        let mut kept: Vec<String> = grants
            .iter()
            .map(|grant| format!("{} {}", grant.role, grant.reach.resource().unwrap_or_default()))
            .collect();
        kept.sort();
        kept
    }

    /// Data of the events of a name about a user, oldest first.
    pub async fn events(&self, name: &str, subject: &str) -> Vec<Value> {
        let worker = self.work().await;
        let mut seen = Vec::new();
        for _ in 0..200 {
            let mut conn = self.app.app.runner.db.conn();
            if !portico::store::event::are_unplaced(&mut conn).await.unwrap() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let mut scope = self.app.app.runner.read(self.id());
        let names = [name.to_owned()];
        for event in portico::store::event::after(&mut scope, 0, &names, 10_000).await.unwrap() {
            if event.subject.1 == subject {
                seen.push(serde_json::from_str(&event.data).unwrap());
            }
        }
        worker.end().await;
        seen
    }

    /// Starts the worker of this process.
    pub async fn work(&self) -> Working {
        Working::start(&self.app.app)
    }
}

fn user(id: UserId, directory: DirectoryId, n: usize, title: &str, at: Timestamp) -> User {
    let user_name = format!("user-{n}@acme.example");
    let document = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name, "title": title, "active": true});
    User {
        id,
        directory: Some(directory),
        source: Source::Directory,
        user_name,
        external_id: None,
        email: None,
        display_name: None,
        first_name: None,
        last_name: None,
        description: None,
        external_ref: None,
        suspended_by: SuspendedBy(0),
        document: document.to_string(),
        version: 1,
        created_at: at,
        updated_at: at,
        last_sign_in_at: None,
        login_type: None,
        invite_ends_at: None,
        break_glass: false,
        parent: None,
    }
}

/// A sequence that looks random and is the same each time (a linear congruence).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A worker that runs until it is ended.
pub struct Working {
    stop: tokio_util::sync::CancellationToken,
    handle: tokio::task::JoinHandle<()>,
}

impl Working {
    pub fn start(app: &portico::app::App) -> Self {
        let stop = tokio_util::sync::CancellationToken::new();
        let worker = portico::worker::Worker {
            runner: app.runner.clone(),
            feed: app.feed.clone(),
            retention: Default::default(),
            journal: app.journal.clone(),
            mailer: app.mailer.clone(),
            guarded: app.guarded.clone(),
            reading: portico::worker::saml_metadata::Reading::of(app),
            dns: app.dns.clone(),
        };
        let handle = portico::worker::start(worker, stop.clone());
        Self { stop, handle }
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.handle.await.unwrap();
    }
}
