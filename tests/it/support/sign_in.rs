//! A connection with a provider behind it that says what a test wants.

use std::sync::Arc;

use portico::domain::time::Clock;
use serde_json::{Value, json};

use super::app::TestApp;
use super::caller::Caller;
use super::provider::{Fake, Key};
use super::reply::Reply;

/// Our name at the provider.
const CLIENT_ID: &str = "portico";
/// Our secret there.
const CLIENT_SECRET: &str = "not-told-again";
/// How long a token holds, in seconds.
const TOKEN_S: i64 = 300;

/// Where people of an organization sign in.
pub struct SignIn {
    /// The connection's id.
    pub connection: String,
    provider: Fake,
    key: Key,
    start_url: String,
    clock: Arc<Clock>,
}

impl SignIn {
    /// Connects a provider whose subjects are the external ids of a directory.
    pub async fn connect(
        app: &TestApp,
        organization: &str,
        directory: &str,
        domains: &[&str],
    ) -> Self {
        let key = Key::new("first");
        let provider = Fake::start(&[&key]).await;
        let path = format!("/api/v1/organizations/{organization}/connections");
        let body = json!({"name": "Sign-in", "kind": "oidc", "directory_id": directory,
            "domains": domains,
            "oidc": {"issuer": provider.issuer, "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET}});
        let made = app.operator().post(&path, body).await.expect(201);
        assert!(!made.text().contains(CLIENT_SECRET), "a secret is shown");
        let start_url = made.text_at("/start_url");
        assert!(start_url.starts_with(&app.url), "{made}");
        let (connection, clock) = (made.text_at("/id"), Arc::clone(&app.app.runner.clock));
        Self { connection, provider, key, start_url, clock }
    }

    /// Goes the whole way; the provider says that she is `subject`.
    pub async fn by(&self, browser: &Caller, subject: &str) -> Reply {
        self.by_with(browser, subject, json!({})).await
    }

    /// The same; the provider says more of her.
    pub async fn by_with(&self, browser: &Caller, subject: &str, more: Value) -> Reply {
        let start = browser.get(&format!("{}?return_to=/me", self.start_url)).await;
        assert!((300..400).contains(&start.status), "{start}");
        let to = url::Url::parse(start.header("location")).unwrap();
        assert!(to.as_str().starts_with(&self.provider.issuer), "{start}");
        let asked = |name: &str| {
            let found = to.query_pairs().find(|(asked, _)| asked == name);
            found.unwrap_or_else(|| panic!("{name} is not asked\n{start}")).1.into_owned()
        };
        assert_eq!(asked("code_challenge_method"), "S256");
        let now = self.clock.now().seconds();
        let mut claims = json!({"iss": self.provider.issuer, "aud": CLIENT_ID,
            "sub": subject, "nonce": asked("nonce"), "iat": now, "exp": now + TOKEN_S});
        let more = more.as_object().expect("claims are an object").clone();
        claims.as_object_mut().expect("claims are an object").extend(more);
        let token = self.key.sign(&claims);
        let told = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
        self.provider.says("/token", &told);
        let back = format!("{}?code=c&state={}", asked("redirect_uri"), asked("state"));
        browser.get(&back).await
    }
}
