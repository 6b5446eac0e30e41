//! What must hold for any bytes: no panic, bounded work, and the laws of each parser.

use portico::domain::import;
use portico::domain::time::Timestamp;
use portico::outbound::saml::preflight::{self, Root};
use portico::outbound::saml::{metadata, redirect};
use portico::scim::catalog::{GROUP, USER};
use portico::scim::filter::{self, eval};
use portico::scim::path::Path;
use portico::scim::{Dialect, Notes, Resource, ResourceType, bulk, json, patch, quirk};
use serde_json::{Map, Value};

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
