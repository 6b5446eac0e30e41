//! Our own relying party signs in at the development provider.

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;
use url::form_urlencoded;

use super::*;
use crate::domain::connection::{AssertionAudience, ClientAuth, LEEWAY_S, Oidc, Secrets};
use crate::domain::sign_in::Refused;
use crate::outbound::http::Guarded;
use crate::outbound::oidc::{Answered, Ask, Providers};

const BACK: &str = "http://127.0.0.1:1/callback";

struct Rig {
    provider: DevProvider,
    clock: Arc<Clock>,
    party: Providers,
    oidc: Oidc,
    secrets: Secrets,
}

impl Rig {
    async fn new() -> Self {
        let clock = Arc::new(Clock::manual(Timestamp(1_800_000_000_000_000)));
        let ada = Account {
            sub: "ada".to_owned(),
            name: "Ada".to_owned(),
            email: "ada@example.com".to_owned(),
            note: "<manager>".to_owned(),
        };
        let provider = DevProvider::start(0, vec![ada], Arc::clone(&clock)).await.unwrap();
        provider.register(BACK);
        let party = Providers::new(Guarded::new(true), Arc::clone(&clock));
        let oidc = Oidc {
            issuer: provider.issuer().to_owned(),
            client_id: provider.client_id().to_owned(),
            auth: ClientAuth::Basic,
            scopes: vec!["openid".to_owned()],
            secret_expires_at: None,
            leeway_s: LEEWAY_S,
            assertion_audience: AssertionAudience::TokenEndpoint,
        };
        let secrets = Secrets { client_secret: provider.client_secret().to_owned(), next: None };
        Self { provider, clock, party, oidc, secrets }
    }

    async fn url(&self) -> url::Url {
        let ask = Ask {
            secrets: &self.secrets,
            redirect_uri: BACK,
            state: "the-state",
            nonce: "the-nonce",
            verifier: "the-verifier",
            login_hint: None,
            fresh: false,
        };
        self.party.authorization_url(&self.oidc, &ask).await.unwrap()
    }

    /// Presses a button of the page.
    async fn choose(&self, account: &str) -> Response {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(self.url().await.query_pairs()).append_pair("account", account);
        let request = Request::post("/authorize")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.finish()))
            .unwrap();
        self.provider.router().oneshot(request).await.unwrap()
    }

    async fn code(&self) -> String {
        let answer = self.choose("ada").await;
        let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(BACK));
        let sent: HashMap<_, _> = back.query_pairs().into_owned().collect();
        assert_eq!((&*sent["state"], &*sent["iss"]), ("the-state", self.provider.issuer()));
        sent["code"].clone()
    }

    async fn redeem(&self, code: &str, verifier: &str) -> Result<serde_json::Value, Refused> {
        let answered = Answered {
            oidc: &self.oidc,
            tenant: None,
            secrets: &self.secrets,
            redirect_uri: BACK,
            code,
            iss: Some(self.provider.issuer()),
            verifier,
            nonce: SecretHash::of(b"the-nonce"),
            needed: "sub",
            wanted: &["not-there"],
            fresh_since: None,
            seen: None,
        };
        let found = self.party.redeem(&answered).await.map_err(|refusal| refusal.code)?;
        Ok(serde_json::Value::Object(found.claims))
    }
}

#[tokio::test]
async fn a_whole_sign_in_passes_every_check_of_the_relying_party() {
    let rig = Rig::new().await;
    let code = rig.code().await;
    let claims = rig.redeem(&code, "the-verifier").await.unwrap();
    assert_eq!((&claims["sub"], &claims["email"]), (&json!("ada"), &json!("ada@example.com")));
    assert!(rig.provider.issuer().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn a_code_counts_once_for_a_minute_with_its_verifier() {
    let rig = Rig::new().await;
    let code = rig.code().await;
    assert_eq!(rig.redeem(&code, "another").await, Err(Refused::ProviderError));
    assert_eq!(rig.redeem(&code, "the-verifier").await, Err(Refused::ProviderError));
    let code = rig.code().await;
    rig.clock.advance_s(CODE_LIFE_S);
    assert_eq!(rig.redeem(&code, "the-verifier").await, Err(Refused::ProviderError));
}

#[tokio::test]
async fn only_the_client_itself_redeems() {
    let mut rig = Rig::new().await;
    let code = rig.code().await;
    rig.secrets.client_secret = "wrong".to_owned();
    assert_eq!(rig.redeem(&code, "the-verifier").await, Err(Refused::ProviderError));
    rig.secrets.client_secret = rig.provider.client_secret().to_owned();
    rig.oidc.auth = ClientAuth::Post;
    assert!(rig.redeem(&code, "the-verifier").await.is_ok());
}

#[tokio::test]
async fn each_page_says_what_it_is_and_unregistered_addresses_get_nothing() {
    let rig = Rig::new().await;
    let get = |url: url::Url| {
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        let request = Request::get(path).body(Body::empty()).unwrap();
        let router = rig.provider.router();
        async move {
            let answer = router.oneshot(request).await.unwrap();
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        }
    };
    let (status, page) = get(rig.url().await).await;
    assert_eq!(status, 200);
    assert!(page.contains("Development provider") && page.contains("value=\"ada\""), "{page}");
    assert!(!page.contains("<manager>"));
    let mut elsewhere = rig.url().await;
    let query = elsewhere.query().unwrap().replace("callback", "elsewhere");
    elsewhere.set_query(Some(&query));
    let (status, page) = get(elsewhere).await;
    assert_eq!(status, 400);
    assert!(page.contains("Development provider") && page.contains("not registered"), "{page}");
    assert_eq!(rig.choose("nobody").await.status(), 400);
}
