//! The Redirect binding: what is sent is received, and nothing else is.

use super::*;
use crate::domain::saml::key::Use;
use crate::domain::time::Timestamp;
use crate::outbound::saml::keypair;

const TO: &str = "https://idp.example/slo";

fn pair() -> (Vec<u8>, Certificate) {
    let key = keypair::make(Use::Signing, "test", Timestamp(0)).unwrap();
    (key.secret, Certificate::from_der(key.certificate).unwrap())
}

fn query(key: Option<&[u8]>, relay: Option<&str>) -> String {
    let url = sent(TO, (Carries::Request, "<a>ä</a>"), relay, key).unwrap();
    url.query().unwrap().to_owned()
}

#[test]
fn what_is_sent_is_received_and_its_signature_holds_g35() {
    let (key, certificate) = pair();
    let sent = query(Some(&key), Some("a b&c=d"));
    let received = received(&sent).unwrap();
    assert_eq!(received.text, "<a>ä</a>");
    assert_eq!(received.relay_state.as_deref(), Some("a b&c=d"));
    assert_eq!(received.verify(&[pair().1, certificate]), Ok(()));
    assert_eq!(received.verify(&[pair().1]).unwrap_err().fault, Fault::SignatureInvalid);
    assert_eq!(received.verify(&[]).unwrap_err().fault, Fault::NoCertificate);
}

#[test]
fn a_signature_covers_the_letters_of_the_query_as_they_came_g35_en7() {
    let (key, certificate) = pair();
    let sent = query(Some(&key), Some("x/y"));
    let certificates = [certificate];
    // The same value in other letters is not what was signed.
    let lower = sent.replacen("%2F", "%2f", 1);
    assert_ne!(lower, sent);
    assert!(received(&lower).unwrap().verify(&certificates).is_err());
    let unsigned = sent.replace("&RelayState=x%2Fy", "");
    assert!(received(&unsigned).unwrap().verify(&certificates).is_err());
    let other = sent.replace("RelayState=x%2Fy", "RelayState=z");
    assert!(received(&other).unwrap().verify(&certificates).is_err());
}

#[test]
fn a_query_without_signature_is_read_and_does_not_verify() {
    let (_, certificate) = pair();
    let received = received(&query(None, None)).unwrap();
    assert_eq!(received.verify(&[certificate]).unwrap_err().fault, Fault::SignatureMissing);
}

#[test]
fn parameters_that_are_missing_doubled_or_alone_are_refused() {
    let good = query(None, Some("r"));
    let bad = [
        String::new(),
        "RelayState=r".to_owned(),
        format!("{good}&RelayState=r"),
        format!("{good}&{good}"),
        format!("{good}&SAMLResponse=x"),
        format!("{good}&SigAlg=x"),
        format!("{good}&Signature=QQ%3D%3D"),
    ];
    for bad in bad {
        assert_eq!(received(&bad).unwrap_err().fault, Fault::Form, "{bad}");
    }
    let long = format!("{good}&x={}", "a".repeat(QUERY_MAX));
    assert_eq!(received(&long).unwrap_err().fault, Fault::TooLarge);
}

#[test]
fn sha1_is_not_taken() {
    let (key, certificate) = pair();
    let weak = query(Some(&key), None).replace(
        "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256",
        "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1",
    );
    assert_eq!(
        received(&weak).unwrap().verify(&[certificate]).unwrap_err().fault,
        Fault::Algorithm
    );
}

#[test]
fn a_message_inflates_to_128_kb_at_most_a57() {
    let deflated = |bytes: usize| {
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
        deflated.write_all(&vec![b' '; bytes]).unwrap();
        deflated.finish().unwrap()
    };
    assert_eq!(inflate(&deflated(INFLATED_MAX)).unwrap().len(), INFLATED_MAX);
    for bytes in [INFLATED_MAX + 1, 64 * 1024 * 1024] {
        assert_eq!(inflate(&deflated(bytes)).unwrap_err().fault, Fault::TooLarge);
    }
    assert_eq!(inflate(b"\xff\xff\xff").unwrap_err().fault, Fault::Encoding);
}

#[test]
fn a_query_that_the_address_has_already_is_kept() {
    let url = sent("https://idp.example/slo?tenant=7", (Carries::Response, "<a/>"), None, None);
    assert!(url.unwrap().as_str().starts_with("https://idp.example/slo?tenant=7&SAMLResponse="));
}
