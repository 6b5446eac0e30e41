//! Our own relying party signs in at the development provider.

use http::{Request, Response};
use url::form_urlencoded;

use super::*;
use crate::domain::connection::{ClientAuth, LEEWAY_S, Oidc, Secrets};
use crate::domain::secret::SecretHash;
use crate::domain::sign_in::Refused as Code;
use crate::outbound::http::Guarded;
use crate::outbound::oidc::{Answered, Ask, Providers};

/// What stands on each page.
const MARK: &str = "Development identity provider";
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
            subject: "ada".to_owned(),
            name: "<Ada>".to_owned(),
            email: "ada@example.com".to_owned(),
        };
        let provider = DevProvider::start(vec![ada], Arc::clone(&clock)).await.unwrap();
        provider.allow_redirect(BACK);
        let party = Providers::new(Guarded::new(true), Arc::clone(&clock));
        let oidc = Oidc {
            issuer: provider.issuer().to_owned(),
            client_id: provider.client_id().to_owned(),
            auth: ClientAuth::Basic,
            scopes: vec!["openid".to_owned()],
            secret_expires_at: None,
            leeway_s: LEEWAY_S,
        };
        let secrets =
            Secrets { client_secret: provider.client_secret().to_owned(), next: None };
        Self { provider, clock, party, oidc, secrets }
    }

    async fn url(&self) -> url::Url {
        let ask = Ask {
            redirect_uri: BACK,
            state: "the-state",
            nonce: "the-nonce",
            verifier: "the-verifier",
            login_hint: None,
        };
        self.party.authorization_url(&self.oidc, &ask).await.unwrap()
    }

    /// Presses a button of the page.
    async fn choose(&self, account: &str) -> Response<Vec<u8>> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(self.url().await.query_pairs()).append_pair("subject", account);
        let request = Request::post(format!("{}/authorize", self.provider.issuer()))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.finish().into_bytes())
            .unwrap();
        Guarded::new(true).send(request, 1 << 20).await.unwrap()
    }

    async fn page(&self, url: &url::Url) -> (u16, String) {
        let request = Request::get(url.as_str()).body(Vec::new()).unwrap();
        let answer = Guarded::new(true).send(request, 1 << 20).await.unwrap();
        (answer.status().as_u16(), String::from_utf8(answer.into_body()).unwrap())
    }

    async fn code(&self) -> String {
        let answer = self.choose("ada").await;
        let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(BACK));
        let sent: HashMap<_, _> = back.query_pairs().into_owned().collect();
        assert_eq!((&*sent["state"], &*sent["iss"]), ("the-state", self.provider.issuer()));
        sent["code"].clone()
    }

    async fn redeem(&self, code: &str, verifier: &str) -> Result<Value, Code> {
        let answered = Answered {
            oidc: &self.oidc,
            secrets: &self.secrets,
            redirect_uri: BACK,
            code,
            iss: Some(self.provider.issuer()),
            verifier,
            nonce: SecretHash::of(b"the-nonce"),
            needed: "sub",
            wanted: Some("not-there"),
        };
        let claims = self.party.redeem(&answered).await.map_err(|refusal| refusal.code)?;
        Ok(Value::Object(claims))
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
    assert_eq!(rig.redeem(&code, "another").await, Err(Code::ProviderError));
    assert_eq!(rig.redeem(&code, "the-verifier").await, Err(Code::ProviderError));
    let code = rig.code().await;
    rig.clock.advance_s(CODE_S + 1);
    assert_eq!(rig.redeem(&code, "the-verifier").await, Err(Code::ProviderError));
}

#[tokio::test]
async fn only_the_client_itself_redeems() {
    let mut rig = Rig::new().await;
    let code = rig.code().await;
    rig.secrets.client_secret = "wrong".to_owned();
    assert_eq!(rig.redeem(&code, "the-verifier").await, Err(Code::ProviderError));
    rig.secrets.client_secret = rig.provider.client_secret().to_owned();
    assert!(rig.redeem(&code, "the-verifier").await.is_ok());
}

#[tokio::test]
async fn each_page_says_what_it_is_and_unregistered_addresses_get_nothing() {
    let rig = Rig::new().await;
    let (status, page) = rig.page(&rig.url().await).await;
    assert_eq!(status, 200);
    assert!(page.contains(MARK) && page.contains("value=\"ada\""), "{page}");
    assert!(!page.contains("<Ada>"));
    let mut elsewhere = rig.url().await;
    let query = elsewhere.query().unwrap().replace("callback", "elsewhere");
    elsewhere.set_query(Some(&query));
    let (status, page) = rig.page(&elsewhere).await;
    assert_eq!(status, 400);
    assert!(page.contains(MARK) && page.contains("not registered"), "{page}");
    assert_eq!(rig.choose("nobody").await.status(), 400);
}
