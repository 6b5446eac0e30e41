//! A relying party and providers that lie (sso OC1 to OC25, OA1 to OA7, OA15, OA16).

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::fake::{Fake, Key, unsigned};
use super::id_token::{self, AGE_MAX_S, Expected, Unverified};
use super::*;
use crate::domain::connection::{AssertionAudience, ClientAuth, LEEWAY_S};
use crate::domain::time::Timestamp;

pub(super) const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const NONCE: &str = "the-nonce";

/// Claims that fit, but for what a test changes; `null` takes a claim away.
pub(super) fn claims(issuer: &str, changed: Value) -> Value {
    let now = NOW.seconds();
    let mut claims = json!({
        "iss": issuer, "aud": "portico", "sub": "ada", "nonce": NONCE,
        "iat": now, "exp": now + 300,
    });
    for (name, value) in changed.as_object().unwrap().clone() {
        claims[name.as_str()] = value;
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn expected(issuer: &str) -> Expected<'_> {
    Expected {
        issuer,
        client_id: "portico",
        nonce: SecretHash::of(NONCE.as_bytes()),
        access_token: Some("the-access-token"),
        now: NOW,
        leeway_s: LEEWAY_S,
    }
}

const ISSUER: &str = "https://idp.example";

fn keys(keys: &[&Key]) -> Keys {
    let set: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
    Keys::parse(json!({"keys": set}).to_string().as_bytes()).unwrap()
}

/// How a token is judged: its code, or `None` when it is believed.
fn judged(token: &str, keys: &Keys) -> Option<&'static str> {
    match id_token::verify(token, keys, &expected(ISSUER)) {
        Ok(_) => None,
        Err(Unverified::UnknownKey) => Some("unknown key"),
        Err(Unverified::Refused(refusal)) => Some(refusal.code.as_str()),
    }
}

#[test]
fn a_token_is_believed_only_when_every_claim_fits() {
    let key = Key::new("k1");
    let keys = keys(&[&key]);
    let now = NOW.seconds();
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(b"the-access-token")[..16]);
    let other = URL_SAFE_NO_PAD.encode(&Sha256::digest(b"another")[..16]);
    let cases = [
        (json!({}), None),
        (json!({"aud": ["portico"]}), None),
        (json!({"aud": ["portico", "other"], "azp": "portico"}), None),
        (json!({"at_hash": hash}), None),
        (json!({"exp": now - LEEWAY_S + 1}), None),
        (json!({"iat": now + LEEWAY_S, "nbf": now + LEEWAY_S}), None),
        (json!({"iat": now - AGE_MAX_S}), None),
        (json!({"email_verified": "true", "_claim_sources": {"src1": {"endpoint": "x"}}}), None),
        (json!({"iss": "https://idp.example/"}), Some("issuer_mismatch")),
        (json!({"aud": "other"}), Some("audience_mismatch")),
        (json!({"aud": null}), Some("audience_mismatch")),
        (json!({"aud": ["portico", "other"]}), Some("audience_mismatch")),
        (json!({"azp": "other"}), Some("audience_mismatch")),
        (json!({"sub": null}), Some("subject_missing")),
        (json!({"nonce": "another"}), Some("nonce_invalid")),
        (json!({"nonce": null}), Some("nonce_invalid")),
        (json!({"exp": now - LEEWAY_S}), Some("expired")),
        (json!({"exp": null}), Some("token_invalid")),
        (json!({"iat": null}), Some("token_invalid")),
        (json!({"iat": now - AGE_MAX_S - 1}), Some("expired")),
        (json!({"iat": now + LEEWAY_S + 1}), Some("not_yet_valid")),
        (json!({"nbf": now + LEEWAY_S + 1}), Some("not_yet_valid")),
        (json!({"nbf": "soon"}), Some("token_invalid")),
        (json!({"at_hash": other}), Some("token_invalid")),
    ];
    for (changed, code) in cases {
        let token = key.sign(&claims(ISSUER, changed.clone()));
        assert_eq!(judged(&token, &keys), code, "{changed}");
    }
}

#[test]
fn the_type_of_a_token_is_jwt_or_not_said_r18() {
    let key = Key::new("k1");
    let keys = keys(&[&key]);
    let header = |typ: Value| {
        let mut header = json!({"alg": "ES256", "kid": "k1", "typ": typ});
        header.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        header
    };
    for (typ, code) in [
        (json!("JWT"), None),
        (json!("jwt"), None),
        (json!(null), None),
        (json!("logout+jwt"), Some("token_invalid")),
        (json!("at+jwt"), Some("token_invalid")),
        (json!("JOSE"), Some("token_invalid")),
    ] {
        let token = key.sign_with(&header(typ.clone()), &claims(ISSUER, json!({})));
        assert_eq!(judged(&token, &keys), code, "{typ}");
    }
}

#[test]
fn only_the_providers_own_keys_and_strong_algorithms_verify_oa6() {
    let (key, stranger) = (Key::new("k1"), Key::new("k1"));
    let known = keys(&[&key]);
    let good = claims(ISSUER, json!({}));
    assert_eq!(judged(&stranger.sign(&good), &known), Some("signature_invalid"));
    let mut cut = key.sign(&good);
    cut.truncate(cut.rfind('.').unwrap() + 1);
    assert_eq!(judged(&cut, &known), Some("signature_invalid"));
    let none = format!("{}.", unsigned(&json!({"alg": "none"}), &good.to_string()));
    assert_eq!(judged(&none, &known), Some("signature_invalid"));
    let public = json!({"alg": "HS256", "kid": "k1"});
    let token = stranger.sign_with(&public, &good);
    assert_eq!(judged(&token, &known), Some("signature_invalid"));
    let embedded = json!({"alg": "ES256", "jwk": stranger.jwk(), "kid": "k1"});
    assert_eq!(judged(&stranger.sign_with(&embedded, &good), &known), Some("signature_invalid"));
    let unknown = json!({"alg": "ES256", "kid": "k2"});
    assert_eq!(judged(&key.sign_with(&unknown, &good), &known), Some("unknown key"));
    let critical = json!({"alg": "ES256", "kid": "k1", "crit": ["x"]});
    assert_eq!(judged(&key.sign_with(&critical, &good), &known), Some("token_invalid"));
}

#[test]
fn a_token_without_kid_fits_a_single_key_only_oc6_oc7() {
    let (key, other) = (Key::new("k1"), Key::new("k2"));
    let token = key.sign_with(&json!({"alg": "ES256"}), &claims(ISSUER, json!({})));
    assert_eq!(judged(&token, &keys(&[&key])), None);
    assert_eq!(judged(&token, &keys(&[&key, &other])), Some("signature_invalid"));
}

#[test]
fn a_claim_that_stands_twice_is_refused_r10() {
    let key = Key::new("k1");
    let good = claims(ISSUER, json!({})).to_string();
    for name in ["iss", "aud", "sub", "exp", "nonce", "other"] {
        let twice = format!("{{\"{name}\": 1, \"other\": 2, {}", &good[1..]);
        let token = key.sign_text(&json!({"alg": "ES256", "kid": "k1"}), &twice);
        assert_eq!(judged(&token, &keys(&[&key])), Some("token_invalid"), "{name}");
    }
}

pub(super) struct Rig {
    pub(super) fake: Fake,
    clock: Arc<Clock>,
    pub(super) providers: Providers,
    pub(super) oidc: Oidc,
    pub(super) secrets: Secrets,
}

impl Rig {
    pub(super) async fn new(keys: &[&Key]) -> Self {
        let fake = Fake::start(keys).await;
        let clock = Arc::new(Clock::manual(NOW));
        let providers = Providers::new(Guarded::new(true), Arc::clone(&clock));
        let oidc = Oidc {
            issuer: fake.issuer.clone(),
            client_id: "portico".to_owned(),
            auth: ClientAuth::Basic,
            scopes: vec!["openid".to_owned(), "email".to_owned()],
            secret_expires_at: None,
            leeway_s: LEEWAY_S,
            assertion_audience: AssertionAudience::TokenEndpoint,
        };
        let secrets = Secrets { client_secret: "a+b:c".to_owned(), next: None };
        Self { fake, clock, providers, oidc, secrets }
    }

    /// Lets the token endpoint give this token.
    pub(super) fn gives(&self, token: &str) {
        self.fake.says("/token", &json!({"id_token": token, "access_token": "the-access-token"}));
    }

    pub(super) fn ask(&self) -> Ask<'_> {
        Ask {
            secrets: &self.secrets,
            redirect_uri: "https://portico.example/cb",
            state: "s",
            nonce: "n",
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            login_hint: Some("ada@x.org"),
            fresh: false,
        }
    }

    pub(super) fn answered(&self) -> Answered<'_> {
        Answered {
            oidc: &self.oidc,
            tenant: None,
            secrets: &self.secrets,
            redirect_uri: "https://portico.example/cb",
            code: "the-code",
            iss: None,
            verifier: "the-verifier",
            nonce: SecretHash::of(NONCE.as_bytes()),
            needed: "sub",
            wanted: &[],
            fresh_since: None,
            seen: None,
        }
    }

    pub(super) async fn redeem(&self) -> Result<Map<String, Value>, &'static str> {
        let redeemed = self.providers.redeem(&self.answered()).await;
        redeemed.map(|found| found.claims).map_err(|refusal| refusal.code.as_str())
    }
}

#[tokio::test]
async fn a_code_is_redeemed_with_basic_authentication_and_the_verifier() {
    let key = Key::new("k1");
    let rig = Rig::new(&[&key]).await;
    rig.gives(&key.sign(&claims(&rig.oidc.issuer, json!({}))));
    assert_eq!(rig.redeem().await.unwrap()["sub"], "ada");
    let (head, body) = rig.fake.heard("/token").remove(0);
    // portico:a%2Bb%3Ac, form-encoded before it is put together
    assert!(head.contains("authorization: Basic cG9ydGljbzphJTJCYiUzQWM="), "{head}");
    assert!(head.contains("user-agent: portico/"), "{head}");
    assert!(body.contains("code=the-code") && body.contains("code_verifier=the-verifier"));
    assert!(!body.contains("client_secret"));
    assert_eq!(rig.fake.heard("/userinfo").len(), 0);
}

#[tokio::test]
async fn the_secret_goes_into_the_form_when_so_configured() {
    let key = Key::new("k1");
    let mut rig = Rig::new(&[&key]).await;
    rig.oidc.auth = ClientAuth::Post;
    rig.gives(&key.sign(&claims(&rig.oidc.issuer, json!({}))));
    rig.redeem().await.unwrap();
    let (head, body) = rig.fake.heard("/token").remove(0);
    assert!(!head.contains("authorization:"));
    assert!(body.contains("client_id=portico&client_secret=a%2Bb%3Ac"), "{body}");
}

#[tokio::test]
async fn a_refused_secret_is_followed_by_the_next_one() {
    let mut rig = Rig::new(&[&Key::new("k1")]).await;
    let refused =
        || (401, "application/json", "no-store", r#"{"error": "invalid_client"}"#.to_owned());
    rig.fake.says_so("/token", refused());
    assert_eq!(rig.redeem().await, Err("provider_error"));
    assert_eq!(rig.fake.heard("/token").len(), 1);
    rig.secrets.next = Some("next".to_owned());
    assert_eq!(rig.redeem().await, Err("provider_error"));
    assert_eq!(rig.fake.heard("/token").len(), 3);
}

#[tokio::test]
async fn the_browser_is_sent_with_pkce_state_and_nonce() {
    let rig = Rig::new(&[]).await;
    let ask = rig.ask();
    let url = rig.providers.authorization_url(&rig.oidc, &ask).await.unwrap();
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    let sent = |name: &str| query.get(name).map(String::as_str);
    assert_eq!(sent("tenant"), Some("1"));
    assert_eq!(sent("response_type"), Some("code"));
    assert_eq!(sent("scope"), Some("openid email"));
    assert_eq!(sent("code_challenge"), Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
    assert_eq!(sent("code_challenge_method"), Some("S256"));
    assert_eq!((sent("state"), sent("nonce")), (Some("s"), Some("n")));
    assert_eq!(sent("login_hint"), Some("ada@x.org"));
}

#[tokio::test]
async fn the_issuer_of_the_answer_is_compared_before_the_code_is_sent_oa1() {
    let key = Key::new("k1");
    let rig = Rig::new(&[&key]).await;
    rig.gives(&key.sign(&claims(&rig.oidc.issuer, json!({}))));
    let mut answered = rig.answered();
    answered.iss = Some("https://evil.example");
    let refused = rig.providers.redeem(&answered).await.unwrap_err();
    assert_eq!(refused.code, Refused::IssuerMismatch);
    assert_eq!(rig.fake.heard("/token").len(), 0);
    answered.iss = Some(&rig.oidc.issuer);
    assert!(rig.providers.redeem(&answered).await.is_ok());
}

#[tokio::test]
async fn a_promised_issuer_may_not_be_missing_r2() {
    let rig = Rig::new(&[]).await;
    let mut document = rig.fake.document();
    document["authorization_response_iss_parameter_supported"] = json!(true);
    rig.fake.says("/.well-known/openid-configuration", &document);
    assert_eq!(rig.redeem().await, Err("issuer_mismatch"));
}

#[tokio::test]
async fn a_discovery_document_must_be_of_the_issuer_and_stay_on_safe_urls_oc16() {
    let changes = [
        (json!({"issuer": "https://other.example"}), "issuer_mismatch"),
        (json!({"token_endpoint": "http://idp.example/token"}), "provider_error"),
        (json!({"jwks_uri": "http://169.254.169.254/keys"}), "provider_error"),
        (json!({"userinfo_endpoint": "file:///etc/passwd"}), "provider_error"),
        (json!({"authorization_endpoint": "javascript:alert(1)"}), "provider_error"),
        (json!({"token_endpoint": null}), "provider_error"),
        (json!({"require_pushed_authorization_requests": true}), "provider_error"),
        (json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}), "issuer_mismatch"),
    ];
    for (changed, code) in changes {
        let rig = Rig::new(&[]).await;
        let mut document = rig.fake.document();
        for (name, value) in changed.as_object().unwrap().clone() {
            document[name.as_str()] = value;
        }
        rig.fake.says("/.well-known/openid-configuration", &document);
        assert_eq!(rig.redeem().await, Err(code), "{changed}");
    }
}

#[tokio::test]
async fn a_new_key_is_looked_for_once_oc17_oa5() {
    let (old, new, unknown) = (Key::new("k1"), Key::new("k2"), Key::new("k3"));
    let rig = Rig::new(&[&old]).await;
    let of = |key: &Key| key.sign(&claims(&rig.oidc.issuer, json!({})));
    rig.gives(&of(&old));
    rig.redeem().await.unwrap();
    rig.fake.shows(&[&old, &new]);
    rig.gives(&of(&new));
    rig.redeem().await.unwrap();
    assert_eq!(rig.fake.heard("/keys").len(), 2);
    rig.gives(&of(&unknown));
    for _ in 0..3 {
        assert_eq!(rig.redeem().await, Err("signature_invalid"));
    }
    assert_eq!(rig.fake.heard("/keys").len(), 2);
    rig.clock.advance_s(keep::COOLDOWN_S);
    assert_eq!(rig.redeem().await, Err("signature_invalid"));
    assert_eq!(rig.fake.heard("/keys").len(), 3);
}

#[tokio::test]
async fn user_info_is_asked_only_for_what_is_missing_and_must_name_the_same_person_oc11() {
    let key = Key::new("k1");
    let rig = Rig::new(&[&key]).await;
    rig.gives(&key.sign(&claims(&rig.oidc.issuer, json!({}))));
    let answered = Answered { needed: "oid", wanted: &["email"], ..rig.answered() };
    let ask = || rig.providers.redeem(&answered);
    assert_eq!(ask().await.unwrap_err().code, Refused::ProviderError);
    rig.fake.says("/userinfo", &json!({"sub": "grace", "oid": "1"}));
    assert_eq!(ask().await.unwrap_err().code, Refused::TokenInvalid);
    rig.fake.says("/userinfo", &json!({"sub": "ada", "oid": "1", "iss": "x", "email": "a@x.org"}));
    let claims = ask().await.unwrap().claims;
    assert_eq!((&claims["oid"], &claims["email"]), (&json!("1"), &json!("a@x.org")));
    assert_eq!(claims["iss"], json!(rig.oidc.issuer));
    let (head, _) = rig.fake.heard("/userinfo").remove(0);
    assert!(head.contains("authorization: Bearer the-access-token"), "{head}");
}

#[tokio::test]
async fn a_missing_wanted_claim_stops_nobody() {
    let key = Key::new("k1");
    let rig = Rig::new(&[&key]).await;
    rig.gives(&key.sign(&claims(&rig.oidc.issuer, json!({}))));
    let answered = Answered { wanted: &["email"], ..rig.answered() };
    assert!(rig.providers.redeem(&answered).await.is_ok());
}

#[tokio::test]
async fn an_id_token_has_at_most_64_kb_r10_oa15() {
    let key = Key::new("k1");
    let rig = Rig::new(&[&key]).await;
    let of = |groups: usize| {
        let groups = vec!["0123456789abcdef0123456789abcdef"; groups];
        key.sign(&claims(&rig.oidc.issuer, json!({"groups": groups})))
    };
    rig.gives(&of(1000));
    assert!(rig.redeem().await.is_ok());
    rig.gives(&of(10_000));
    assert_eq!(rig.redeem().await, Err("provider_error"));
}

#[tokio::test]
async fn a_thousand_issuers_are_remembered_and_the_oldest_gives_way() {
    let providers = Providers::new(Guarded::new(true), Arc::new(Clock::manual(NOW)));
    for at in 0..ISSUERS_MAX {
        providers.issuer(&format!("https://{at}.example"));
    }
    let first = providers.issuer("https://0.example");
    providers.issuer("https://one-more.example");
    assert_eq!(providers.known.lock().unwrap().len(), ISSUERS_MAX);
    assert!(Arc::ptr_eq(&first, &providers.issuer("https://0.example")));
    assert!(!providers.known.lock().unwrap().contains_key("https://1.example"));
}
