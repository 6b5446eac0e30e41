//! An organization with a directory, a connection and a certified provider behind it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use portico::domain::time::Clock;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

/// Our name at the provider.
pub const CLIENT_ID: &str = "portico";
/// Our secret there.
pub const CLIENT_SECRET: &str = "a-secret+for:tests/only%";

/// A certified provider as a process of its own; it ends with its test.
pub struct Peer {
    /// Its issuer.
    pub issuer: String,
    child: Child,
}

impl Peer {
    /// A provider with one client that answers to this address, and more said of it.
    pub fn start(redirect_uri: &str, accounts: &Value, more: &Value) -> Self {
        let program =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/oidc/provider.mjs").to_owned();
        let mut client = json!({
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [redirect_uri],
            "accounts": accounts,
        });
        for (name, value) in more.as_object().unwrap() {
            client[name.as_str()] = value.clone();
        }
        client.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let mut child = Command::new("node")
            .args([program.as_str(), "0", "--until-stdin-closes"])
            .env("PEER_OIDC", client.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there: run scripts/setup");
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).expect("the provider says where it listens");
        let issuer = line.trim().strip_prefix("listening ").unwrap_or_else(|| {
            panic!("the provider did not start ({line:?}): run npm ci in tests/peers/oidc")
        });
        Self { issuer: issuer.to_owned(), child }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// All that a sign-in needs.
pub struct Rig {
    pub app: TestApp,
    pub peer: Peer,
    pub organization: String,
    pub token: String,
    pub connection: String,
    pub start_url: String,
}

impl Rig {
    /// An active connection that is paired with the only directory.
    pub async fn new(app: TestApp) -> Self {
        Self::with(app, json!({}), json!({})).await
    }

    /// The same with more said of the connection and of the provider's accounts.
    pub async fn with(app: TestApp, more: Value, accounts: Value) -> Self {
        // The provider reads the machine's clock.
        let behind = Clock::System.now().since_s(app.app.runner.clock.now());
        app.advance_s(behind);
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let path = format!("/api/v1/organizations/{organization}/connections");
        let mut body = json!({
            "name": "Acme SSO", "kind": "oidc", "status": "draft",
            "oidc": {
                "issuer": "http://127.0.0.1:1",
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
            },
        });
        for (name, value) in more.as_object().unwrap() {
            body[name.as_str()] = value.clone();
        }
        let made = app.operator().post(&path, body).await.expect(201);
        let (connection, start_url) = (made.text_at("/id"), made.text_at("/start_url"));
        assert_eq!(made.text_at("/directory_id"), directory);
        let client = json!({
            "backchannel_logout_uri": made.text_at("/backchannel_logout_uri"),
            "backchannel_logout_session_required": true,
            "post_logout_redirect_uris": [made.text_at("/post_logout_redirect_uri")],
        });
        let peer = Peer::start(&made.text_at("/redirect_uri"), &accounts, &client);
        let rig = Self { app, peer, organization, token, connection, start_url };
        let change = json!({"status": "active", "oidc": {"issuer": rig.peer.issuer}});
        rig.change(change).await.expect(200);
        rig
    }

    /// Changes the connection.
    pub async fn change(&self, change: Value) -> Reply {
        self.app.operator().patch(&format!("/api/v1/connections/{}", self.connection), change).await
    }

    /// A user whom the directory pushes, over SCIM.
    pub async fn user(&self, document: Value) -> String {
        let mut document = document;
        document["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);
        let made = self.app.scim(&self.token).post("/Users", document).await;
        made.expect(201).text_at("/id")
    }

    /// Switches a user off or on, as her directory does.
    pub async fn set_active(&self, id: &str, active: bool) {
        let patch = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": active}],
        });
        let path = format!("/Users/{id}");
        self.app.scim(&self.token).patch(&path, patch).await.expect(200);
    }

    /// Ada, known to the directory by what the provider calls her.
    pub async fn ada(&self) -> String {
        let id = "ada@example.com";
        self.user(json!({
            "userName": "ada", "externalId": id, "displayName": "Ada Lovelace", "active": true,
            "emails": [{"value": id, "type": "work"}],
        }))
        .await
    }

    /// Goes to the provider as a login and stops before the answer is brought back.
    pub async fn answer(&self, browser: &Caller, login: &str) -> String {
        let mut reply = browser.get(&self.start(login)).await.expect(303);
        for _ in 0..10 {
            let here = reply.request.split_once(' ').unwrap().1.to_owned();
            let next = url::Url::parse(&here).unwrap().join(reply.header("location")).unwrap();
            if next.as_str().starts_with(&self.app.url) {
                return next.into();
            }
            reply = browser.get(next.as_str()).await;
        }
        panic!("the provider sends nobody back\n{reply}")
    }

    /// Where a sign-in as a login begins.
    pub fn start(&self, login: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("login_hint", login)
            .finish();
        format!("{}?{query}", self.start_url)
    }

    /// Goes the whole way and answers what the browser shows at its end.
    pub async fn sign_in(&self, browser: &Caller, login: &str) -> Reply {
        // Entries of one instant have no order.
        self.app.advance_s(1);
        browser.follow(&self.start(login)).await
    }

    /// The journal, newest first.
    pub async fn journal(&self) -> Vec<Value> {
        let path = format!("/api/v1/connections/{}/sign-ins", self.connection);
        let page = self.app.operator().get(&path).await.expect(200);
        page.at("/data").as_array().unwrap().clone()
    }

    /// A refusal as a program reads it, and its entry in the journal.
    pub async fn refused(&self, reply: &Reply, code: &str) -> Value {
        assert_eq!(reply.status, 403, "{reply}");
        let request_id = reply.header("x-request-id");
        let shown = reply.text();
        assert!(shown.contains(code) && shown.contains(request_id), "{reply}");
        let journal = self.journal().await;
        let of_it = |entry: &&Value| entry["request_id"] == request_id;
        let entry = journal.iter().find(of_it).expect("an entry of this request").clone();
        assert_eq!(entry["outcome"], "refused", "{entry}");
        assert_eq!(entry["code"], code, "{entry}");
        assert!(entry["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{entry}");
        entry
    }
}
