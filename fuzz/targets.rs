//! What must hold for any bytes: no panic, bounded work, and the laws of each parser.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portico::domain::connection::{Connection, Jit, Link, Oidc, Provider, Settings, Status};
use portico::domain::id::{ConnectionId, OrganizationId};
use portico::domain::import;
use portico::domain::secret::SecretHash;
use portico::domain::sign_in::asserted;
use portico::domain::time::Timestamp;
use portico::outbound::oidc::id_token;
use portico::outbound::oidc::keys::Keys;
use portico::outbound::saml::preflight::{self, Root};
use portico::outbound::saml::{metadata, redirect};
use portico::scim::catalog::{GROUP, USER};
use portico::scim::filter::{self, eval};
use portico::scim::path::Path;
use portico::scim::{Dialect, Notes, Resource, ResourceType, bulk, json, patch, quirk};
use serde_json::{Map, Value, json};

const DIALECTS: [Dialect; 4] = [Dialect::Strict, Dialect::Generic, Dialect::Entra, Dialect::Okta];
const TYPES: [&ResourceType; 2] = [&USER, &GROUP];
/// The resource that filters judge and patches change.
const SAMPLE: &str = r#"{
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ada@example.com", "active": true, "displayName": "Ada Löwe",
    "name": {"givenName": "Ada", "familyName": "Löwe"},
    "emails": [
        {"value": "ada@example.com", "type": "work", "primary": true},
        {"value": "ada@home.example", "type": "home"}
    ],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
        "department": "Quality", "manager": {"value": "m"}
    }
}"#;

fn sample() -> Map<String, Value> {
    serde_json::from_str(SAMPLE).unwrap_or_default()
}

/// What is printed reads as what was parsed, and means the same.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let document = sample();
    for dialect in DIALECTS {
        let Ok(parsed) = filter::parse(text, dialect) else { continue };
        let printed = parsed.to_string();
        let again = filter::parse(&printed, dialect);
        assert!(again.as_ref().is_ok_and(|again| *again == parsed), "{text} became {printed}");
        for rt in TYPES {
            let (Ok(first), Ok(second)) = (parsed.resolve(rt), again.as_ref().unwrap().resolve(rt))
            else {
                continue;
            };
            assert_eq!(eval(&first, &document), eval(&second, &document), "{text}");
        }
    }
}

/// A path is read or refused.
pub fn path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for dialect in DIALECTS {
        for rt in TYPES {
            let read = Path::parse(text, rt, dialect);
            assert_eq!(read.is_ok(), Path::parse(text, rt, dialect).is_ok(), "{text}");
        }
    }
}

/// What a patch makes of a resource is a resource, and the same patch makes the same of it.
pub fn patch(bytes: &[u8]) {
    let Ok(body) = json::read_object(bytes) else { return };
    let before = Resource::from_stored(sample());
    for dialect in DIALECTS {
        let (mut body, notes) = (body.clone(), &mut Notes::default());
        quirk::mend_patch(&mut body, &USER, dialect, notes);
        let Ok(parsed) = patch::parse(body, &USER, "id", dialect, notes) else { continue };
        let Ok(once) = patch::apply(&parsed, &USER, &before, dialect, notes) else { continue };
        assert!(once.user_name().is_some_and(|name| !name.is_empty()), "the login went");
        let text = once.to_text();
        assert!(json::read_object(text.as_bytes()).is_ok(), "{text}");
        let again = patch::apply(&parsed, &USER, &before, dialect, notes);
        assert!(again.is_ok_and(|again| again == once), "two runs differ");
    }
}

/// A bulk body is planned or refused; every operation is planned exactly once.
pub fn bulk(bytes: &[u8]) {
    let Ok(body) = json::read_object(bytes) else { return };
    for dialect in DIALECTS {
        let notes = &mut Notes::default();
        let Ok(parsed) = bulk::parse(body.clone(), dialect, notes) else { continue };
        let units = bulk::plan(&parsed.operations);
        let mut planned: Vec<usize> =
            units.iter().flat_map(|unit| unit.positions().iter().copied()).collect();
        planned.sort_unstable();
        planned.dedup();
        assert!(planned.len() <= parsed.operations.len(), "more was planned than asked");
    }
}

/// A SAML message passes the pre-flight or not; what passes is bounded, and passes again.
pub fn preflight(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let roots = [Root::Response, Root::Assertion, Root::LogoutRequest, Root::LogoutResponse];
    let passed: Vec<_> =
        roots.iter().filter_map(|root| preflight::check(text, *root).ok()).collect();
    assert!(passed.len() <= 1, "one message has two roots");
    for checked in passed {
        assert!(checked.work.elements <= 20_000 && checked.work.depth <= 24, "unbounded");
        assert!(checked.work.signatures <= 2 && !checked.id.is_empty(), "{checked:?}");
        assert!(!text.contains("<!") && !text.contains("<?x-"), "markup passed: {text}");
    }
}

/// Metadata is read or refused; what is read has an entity, an address and a key.
pub fn metadata(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = metadata::read(text, None, Timestamp(1_700_000_000_000_000)) else { return };
    assert!(!read.entity_id.is_empty() && !read.certificates.is_empty(), "{read:?}");
    assert!(metadata::is_browsable(&read.sso_url), "{read:?}");
}

/// A logout query is taken apart or refused; nothing verifies without a certificate.
pub fn redirect(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = redirect::received(text) else { return };
    assert!(read.text.len() <= redirect::INFLATED_MAX, "unbounded");
    assert!(read.verify(&[]).is_err(), "it verifies by no key");
}

/// The provider of ID tokens, our name there, and the nonce of the one sign-in.
const ISSUER: &str = "https://op.example";
const CLIENT_ID: &str = "portico";
const NONCE: &str = "n";
/// The instant of that sign-in, in seconds, and the leeway.
const AT_S: i64 = 1_700_000_000;
const LEEWAY_S: i64 = 60;

/// A provider that signs whatever it is given.
struct Signer {
    pair: EcdsaKeyPair,
    keys: Keys,
}

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let key = json!({"kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65)});
    let keys = Keys::parse(json!({"keys": [key]}).to_string().as_bytes()).expect("a set");
    Signer { pair, keys }
});

impl Signer {
    fn sign(&self, claims: &[u8]) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
        let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).expect("it signs");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// The connection where those tokens come.
fn connection() -> Connection {
    let oidc = Oidc { issuer: ISSUER.to_owned(), client_id: CLIENT_ID.to_owned(), ..Oidc::none() };
    Connection {
        id: ConnectionId(uuid::Uuid::nil()),
        organization_id: OrganizationId(uuid::Uuid::nil()),
        name: "Fuzzing".to_owned(),
        status: Status::Active,
        provider: Provider::Generic,
        directory_id: None,
        settings: Settings {
            link: Link::of(Provider::Generic),
            claims: std::collections::BTreeMap::new(),
            guests_allowed: false,
            tenant_id: None,
            jit: Jit::default(),
            rule_claims: vec!["groups".to_owned()],
            trace_until: None,
            oidc,
            saml: None,
        },
        secret: None,
        domains: Vec::new(),
        keys_host: None,
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// Claims that a provider signed are believed only when each of them fits; whom they name has a
/// bounded name and bounded claims.
pub fn id_token(bytes: &[u8]) {
    let expected = id_token::Expected {
        issuer: ISSUER,
        client_id: CLIENT_ID,
        nonce: SecretHash::of(NONCE.as_bytes()),
        access_token: None,
        now: Timestamp(AT_S * 1_000_000),
        leeway_s: LEEWAY_S,
    };
    let token = SIGNER.sign(bytes);
    let Ok(claims) = id_token::verify(&token, &SIGNER.keys, &expected) else { return };
    let text = String::from_utf8_lossy(bytes);
    let read: Value = serde_json::from_slice(bytes).unwrap_or_default();
    assert_eq!(read.as_object(), Some(&claims), "it was read otherwise than it is: {text}");
    let said = |name: &str| claims.get(name).cloned().unwrap_or_default();
    assert!(said("iss") == ISSUER && said("nonce") == NONCE, "{text}");
    let ours = match &said("aud") {
        Value::Array(all) => {
            all.iter().any(|one| one == CLIENT_ID) && (all.len() == 1 || said("azp") == CLIENT_ID)
        }
        one => one == CLIENT_ID,
    };
    assert!(ours && (said("azp").is_null() || said("azp") == CLIENT_ID), "{text}");
    assert!(said("at_hash").is_null(), "there was no access token: {text}");
    let seconds = |name: &str| said(name).as_f64();
    #[expect(clippy::cast_precision_loss, reason = "seconds of our age fit a double")]
    let (now, leeway) = (AT_S as f64, LEEWAY_S as f64);
    assert!(seconds("exp").is_none_or(|exp| exp > now - leeway - 1.0), "it is over: {text}");
    assert!(seconds("iat").is_none_or(|iat| iat < now + leeway + 1.0), "of the future: {text}");
    assert!(seconds("nbf").is_none_or(|nbf| nbf < now + leeway + 1.0), "not yet: {text}");
    let Ok(person) = asserted(&connection(), &claims) else { return };
    assert!((1..=255).contains(&person.subject.chars().count()), "{text}");
    assert!(person.claims.values().all(|values| values.len() <= 1_000), "{text}");
}
/// A file of people is read or refused alike each time, within its bounds, and every row is right or
/// says what is wrong with it.
pub fn import(bytes: &[u8]) {
    let read = import::read(bytes);
    assert_eq!(read, import::read(bytes));
    let Ok(rows) = read else { return };
    assert!(rows.len() <= import::ROWS_MAX);
    for row in rows {
        assert!(row.line > 0 && row.resources.len() <= import::CELL_MAX);
        assert!(!row.errors.is_empty() || row.email.contains('@'), "{row:?}");
        assert!(row.errors.iter().all(|wrong| import::COLUMNS.contains(&wrong.column)));
    }
}
