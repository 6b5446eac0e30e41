//! People of an organization in their browsers, with the roles that a test gives them.

use serde_json::{Value, json};

use super::world::World;
use crate::support::{Caller, Reply, SignIn};

/// An organization whose people sign in.
pub struct People<'a> {
    pub world: World<'a>,
    sign_in: SignIn,
}

/// Somebody in her browser.
pub struct Person {
    pub id: String,
    pub browser: Caller,
}

impl<'a> People<'a> {
    pub async fn new(world: World<'a>) -> Self {
        let (organization, directory) = (&world.organization, &world.directory);
        let sign_in = SignIn::connect(world.app, organization, directory, &[]).await;
        Self { world, sign_in }
    }

    /// Pushes a user, gives her roles and signs her in.
    pub async fn person(&self, name: &str, grants: &[Value]) -> Person {
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{name}@acme.example"), "externalId": name, "active": true});
        let id = self.world.scim.post("/Users", body).await.expect(201).text_at("/id");
        for grant in grants {
            self.give(&id, grant.clone()).await;
        }
        let browser = self.sign_in_again(name).await;
        Person { id, browser }
    }

    /// Signs somebody in anew.
    pub async fn sign_in_again(&self, name: &str) -> Caller {
        let browser = self.world.app.browser().with_header("origin", &self.world.app.url);
        self.sign_in.by(&browser, name).await;
        browser.get("/me").await.expect(200);
        browser
    }

    /// Gives a role by the operator, and answers the id of the first grant.
    pub async fn give(&self, user: &str, grant: Value) -> String {
        let given = self.world.operator.post(&format!("/api/v1/users/{user}/grants"), grant).await;
        given.expect(201).text_at("/data/0/id")
    }

    /// A path of the organization.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/organizations/{}/{rest}", self.world.organization)
    }

    /// Makes a role of the organization's own by the operator, and answers its id.
    pub async fn role(&self, role: Value) -> String {
        self.world.operator.post(&self.path("roles"), role).await.expect(201).text_at("/id")
    }
}

/// The pointers of a refusal's fields.
pub fn pointers(refused: &Reply) -> Vec<String> {
    let errors = refused.at("/errors");
    let pointer = |error: &Value| error["pointer"].as_str().unwrap().to_owned();
    errors.as_array().into_iter().flatten().map(pointer).collect()
}
