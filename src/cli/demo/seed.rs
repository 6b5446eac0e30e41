//! What a demo is filled with, by the same interfaces that customers and directories use.
//!
//! Each step is a request to the router of this process, so that nothing in a demo could not have
//! come to be in earnest.

use anyhow::Context;
use serde_json::{Value, json};

use crate::app::App;
use crate::http::inside::Inside;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A person of the demo, known to the directory and to the demo's provider alike.
pub struct Person {
    /// The provider's subject and SCIM's `externalId`.
    pub subject: &'static str,
    /// Her login and mail address.
    pub mail: &'static str,
    /// First and last name.
    pub name: (&'static str, &'static str),
    /// The groups that the directory puts her in.
    pub groups: &'static [&'static str],
}

/// Who is pushed.
pub const PEOPLE: &[Person] = &[
    Person {
        subject: "demo-ada",
        mail: "ada@acme.example",
        name: ("Ada", "Martin"),
        groups: &["Vision admins"],
    },
    Person {
        subject: "demo-lea",
        mail: "lea@acme.example",
        name: ("Léa", "Dubois"),
        groups: &["Site lyon leads"],
    },
    Person {
        subject: "demo-paul",
        mail: "paul@acme.example",
        name: ("Paul", "Bernard"),
        groups: &["Site paris leads", "Auditors"],
    },
    Person {
        subject: "demo-ines",
        mail: "ines@acme.example",
        name: ("Inès", "Moreau"),
        groups: &["Auditors"],
    },
    Person {
        subject: "demo-noah",
        mail: "noah@acme.example",
        name: ("Noah", "Petit"),
        groups: &[],
    },
];

/// The sites of the demo: key, name, where.
const SITES: &[(&str, &str, &str)] = &[
    ("lyon", "Lyon plant", "Lyon, France"),
    ("paris", "Paris headquarters", "Paris, France"),
    ("hamburg", "Hamburg terminal", "Hamburg, Germany"),
];

/// What was made, for the lines that the demo prints.
pub struct Seeded {
    /// The SCIM base URL of its directory.
    pub scim_base_url: String,
    /// The directory's token.
    pub scim_token: String,
    /// Where employees begin to sign in.
    pub start_url: String,
    /// Where the provider sends them back.
    pub redirect_uri: String,
    /// The connection's id.
    pub connection: String,
    /// The user who manages the site in Lyon.
    pub site_manager: String,
}

/// The demo's provider, as the connection knows it.
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our client secret there.
    pub client_secret: String,
}

/// Fills an empty database.
///
/// # Errors
/// The first request that was refused.
pub async fn fill(app: &App, operator: &str, provider: &Provider) -> anyhow::Result<Seeded> {
    let inside = Inside::of(app)?;
    let api = |token: &str| Session { inside: inside.clone(), token: token.to_owned() };
    let operator = api(operator);
    let made = operator
        .post("/api/v1/organizations", json!({"name": "Acme Industries", "slug": "acme"}))
        .await?;
    let organization = text(&made, "/id")?;
    let here = format!("/api/v1/organizations/{organization}");
    let domain = json!({"domain": "acme.example", "verified": true});
    operator.post(&format!("{here}/domains"), domain).await?;
    for (key, name, location) in SITES {
        let site = json!({"name": name, "location": location});
        operator.put(&format!("{here}/resources/site/{key}"), site).await?;
    }
    let directory = json!({"name": "Entra ID", "profile": "entra"});
    let directory = operator.post(&format!("{here}/directories"), directory).await?;
    let directory_id = text(&directory, "/id")?;
    let token = operator
        .post(&format!("/api/v1/directories/{directory_id}/tokens"), json!({"name": "Demo"}))
        .await?;
    let scim_token = text(&token, "/token")?;
    rules(&operator, &here).await?;
    let connection = connect(&operator, &here, provider).await?;
    let managers = push(&api(&scim_token), &format!("/scim/{directory_id}/v2")).await?;
    Ok(Seeded {
        scim_base_url: text(&directory, "/scim_base_url")?,
        scim_token,
        start_url: text(&connection, "/start_url")?,
        redirect_uri: text(&connection, "/redirect_uri")?,
        connection: text(&connection, "/id")?,
        site_manager: managers,
    })
}

async fn rules(operator: &Session, here: &str) -> anyhow::Result<()> {
    let path = format!("{here}/mapping-rules");
    let rules = [
        json!({
            "name": "Vision admins run the organization",
            "when": "groups.display eq \"Vision admins\"",
            "role": "org-admin",
        }),
        json!({
            "name": "Site managers by site",
            "when": "groups.display sw \"Site \"",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) (?:leads|managers)$"},
            "role": "operation-manager",
            "resources": ["site:{site|slug}"],
        }),
        json!({
            "name": "Auditors read along",
            "when": "groups.display eq \"Auditors\" or department eq \"Audit\"",
            "role": "auditor",
        }),
    ];
    for rule in rules {
        operator.post(&path, rule).await?;
    }
    Ok(())
}

async fn connect(operator: &Session, here: &str, to: &Provider) -> anyhow::Result<Value> {
    let body = json!({
        "name": "Demo provider",
        "kind": "oidc",
        "oidc": {
            "issuer": to.issuer,
            "client_id": to.client_id,
            "client_secret": to.client_secret,
        },
    });
    operator.post(&format!("{here}/connections"), body).await
}

/// Pushes people and groups as a directory does; answers the id of the manager of Lyon.
async fn push(scim: &Session, base: &str) -> anyhow::Result<String> {
    let mut members: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut manager = String::new();
    for person in PEOPLE {
        let made = scim.post(&format!("{base}/Users"), user(person)).await?;
        let id = text(&made, "/id")?;
        if person.groups.contains(&"Site lyon leads") {
            manager.clone_from(&id);
        }
        for group in person.groups {
            match members.iter_mut().find(|(name, _)| name == group) {
                Some((_, ids)) => ids.push(json!({"value": id})),
                None => members.push((group, vec![json!({"value": id})])),
            }
        }
    }
    for (name, ids) in members {
        let group = json!({
            "schemas": [GROUP],
            "externalId": format!("group-{}", name.to_lowercase().replace(' ', "-")),
            "displayName": name,
            "members": ids,
        });
        scim.post(&format!("{base}/Groups"), group).await?;
    }
    Ok(manager)
}

fn user(person: &Person) -> Value {
    let (first, last) = person.name;
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": person.subject,
        "userName": person.mail,
        "active": true,
        "displayName": format!("{first} {last}"),
        "name": {"givenName": first, "familyName": last},
        "emails": [{"primary": true, "type": "work", "value": person.mail}],
        ENTERPRISE: {"department": "Operations"},
    })
}

fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("an answer lacks {pointer}"))
}

/// Calls with one credential.
struct Session {
    inside: Inside,
    token: String,
}

impl Session {
    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.inside.send(("POST", path), &self.token, body).await
    }

    async fn put(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.inside.send(("PUT", path), &self.token, body).await
    }
}
