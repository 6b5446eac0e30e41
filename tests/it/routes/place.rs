//! An organization with one of everything, and the paths that name it.

use portico::http::route::{Needs, Of, Route};
use serde_json::{Value, json};

use super::nonsense::UNKNOWN;
use super::{SCIM, Surface};
use crate::support::{Caller, SignIn, TestApp};

/// An organization with one of everything that a path can name.
pub struct Place {
    pub organization: String,
    pub directory: String,
    pub directory_token: String,
    pub directory_client: String,
    pub domain: String,
    pub rule: String,
    pub role: String,
    pub user: String,
    pub group: String,
    pub grant: String,
    pub invite: String,
    pub webhook: String,
    pub identity: String,
    pub sign_in: SignIn,
    /// The directory's token as its client sends it.
    pub token: String,
}

impl Place {
    pub async fn of(app: &TestApp, name: &str) -> Self {
        let organization = app.organization(name).await;
        let (directory, token) = app.directory(&organization, "strict").await;
        let operator = app.operator();
        let tokens = operator.get(&format!("/api/v1/directories/{directory}/tokens")).await;
        let directory_token = tokens.expect(200).text_at("/data/0/id");
        let path = format!("/api/v1/directories/{directory}/clients");
        let client = operator.post(&path, json!({"name": "Client"})).await.expect(201);
        let directory_client = client.text_at("/id");
        let make = async |list: &str, body: Value| {
            let path = format!("/api/v1/organizations/{organization}/{list}");
            operator.post(&path, body).await.expect(201).text_at("/id")
        };
        let domain = make("domains", json!({"domain": format!("{name}.example")})).await;
        let rule = json!({"name": "Rule", "when": "groups.display eq \"Crew\"",
            "role": "field-worker"});
        let rule = make("mapping-rules", rule).await;
        let role = json!({"label": "Own", "permissions": ["gallery.view"]});
        let role = make("roles", role).await;
        let scim = app.scim(&token);
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "externalId": "ext-ada", "active": true});
        let user = scim.post("/Users", user).await.expect(201).text_at("/id");
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Crew", "members": [{"value": user}]});
        let group = scim.post("/Groups", group).await.expect(201).text_at("/id");
        let path = format!("/api/v1/users/{user}/grants");
        let grant = operator.post(&path, json!({"role": "org-admin"})).await.expect(201);
        let grant = grant.text_at("/data/0/id");
        let invite = make("invites", json!({"email": format!("eve@{name}.example")})).await;
        let webhook = make("webhooks", json!({"url": "https://hooks.example/in"})).await;
        let sign_in = SignIn::connect(app, &organization, &directory, &[]).await;
        // Grace signed in once, so that there is an identity.
        let grace = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "grace", "externalId": "ext-grace", "active": true});
        let grace = scim.post("/Users", grace).await.expect(201).text_at("/id");
        sign_in.by(&app.browser(), "ext-grace").await;
        let identities = operator.get(&format!("/api/v1/users/{grace}/identities")).await;
        let identity = identities.expect(200).text_at("/data/0/id");
        app.run_worker().await;
        Self {
            organization,
            directory,
            directory_token,
            directory_client,
            domain,
            rule,
            role,
            user,
            group,
            grant,
            invite,
            webhook,
            identity,
            sign_in,
            token,
        }
    }

    /// Ada, who may do everything here, in her browser.
    pub async fn admin(&self, app: &TestApp) -> Caller {
        let browser = app.browser().with_header("origin", &app.url);
        self.sign_in.by(&browser, "ext-ada").await;
        browser.get("/me").await.expect(200);
        browser
    }

    /// Whoever may do what a row is for.
    pub fn insider(&self, app: &TestApp, surface: &Surface) -> Caller {
        if surface.errors == SCIM { app.bearer(&self.token) } else { app.operator() }
    }

    /// The path of a row, with the organization's own objects in it.
    pub fn path(&self, surface: &Surface, row: &Route) -> String {
        let id = match row.needs {
            Needs::Action(_, Of::Organization) => &self.organization,
            Needs::Action(_, Of::Directory) => &self.directory,
            Needs::Action(_, Of::DirectoryToken) => &self.directory_token,
            Needs::Action(_, Of::DirectoryClient) => &self.directory_client,
            Needs::Action(_, Of::Domain) => &self.domain,
            Needs::Action(_, Of::MappingRule) => &self.rule,
            Needs::Action(_, Of::Role) => &self.role,
            Needs::Action(_, Of::User | Of::Person) => &self.user,
            Needs::Action(_, Of::Group) => &self.group,
            Needs::Action(_, Of::Grant) => &self.grant,
            Needs::Action(_, Of::Invite) => &self.invite,
            Needs::Action(_, Of::Webhook) => &self.webhook,
            Needs::Action(_, Of::Identity) => &self.identity,
            Needs::Action(_, Of::Connection) => &self.sign_in.connection,
            Needs::Scim(_) if row.path.starts_with("/Users") => &self.user,
            Needs::Scim(_) if row.path.starts_with("/Groups") => &self.group,
            _ => UNKNOWN,
        };
        let fill = |name: &str| match name {
            "org" => self.organization.clone(),
            "directory" => self.directory.clone(),
            "kind" => "site".to_owned(),
            "key" => "lyon".to_owned(),
            _ => id.to_owned(),
        };
        filled(&format!("{}{}", surface.prefix, row.path), fill)
    }

    /// The path of a row with something else for each of its own parameters.
    pub fn path_with(&self, surface: &Surface, row: &Route, id: &str) -> String {
        let prefix = filled(surface.prefix, |_| self.directory.clone());
        format!("{prefix}{}", filled(row.path, |_| id.to_owned()))
    }

    /// Its own objects, to see that a stranger left them alone.
    pub async fn look(&self, app: &TestApp) -> Vec<Value> {
        let organization = format!("organizations/{}", self.organization);
        let mut seen = Vec::new();
        for path in [
            organization.clone(),
            format!("{organization}/domains"),
            format!("{organization}/directories"),
            format!("directories/{}/tokens", self.directory),
            format!("directories/{}/clients", self.directory),
            format!("{organization}/mapping-rules"),
            format!("{organization}/roles"),
            format!("{organization}/connections"),
            format!("{organization}/users"),
            format!("users/{}/access", self.user),
        ] {
            let reply = app.operator().get(&format!("/api/v1/{path}")).await.expect(200);
            seen.push(reply.json());
        }
        let scim = app.scim(&self.token);
        seen.push(scim.get(&format!("/Users/{}", self.user)).await.expect(200).json());
        seen.push(scim.get(&format!("/Groups/{}", self.group)).await.expect(200).json());
        seen
    }
}

/// A path with its `{parameters}` filled.
pub fn filled(path: &str, fill: impl Fn(&str) -> String) -> String {
    let fill = |step: &str| match step.strip_prefix('{').and_then(|step| step.strip_suffix('}')) {
        Some(name) => fill(name.trim_start_matches('*')),
        None => step.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}
