//! What bounds the work on a message: sizes and numbers at their edges (G1, G3, A36, A37, A45).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::domain::saml::fault::Fault;
use portico::outbound::saml::preflight::{self, MESSAGE_MAX, Root};
use portico::outbound::saml::verify;

use super::case::all;

const OPEN: &str = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
                    ID=\"_r\" Version=\"2.0\"><samlp:Extensions>";
const CLOSE: &str = "</samlp:Extensions><samlp:Status><samlp:StatusCode Value=\"urn:x\"/>\
                     </samlp:Status></samlp:Response>";

/// A response that reports an error, with this within its extensions.
fn with(inside: &str) -> String {
    format!("{OPEN}{inside}{CLOSE}")
}

fn fault(text: &str) -> Option<Fault> {
    preflight::check(text, Root::Response).err().map(|found| found.fault)
}

#[test]
fn a_message_has_768_kb_at_most_g1() {
    let empty = with("").len();
    assert_eq!(fault(&with(&" ".repeat(MESSAGE_MAX - empty))), None);
    assert_eq!(fault(&with(&" ".repeat(MESSAGE_MAX - empty + 1))), Some(Fault::TooLarge));
    let most = STANDARD.encode(vec![b' '; MESSAGE_MAX]);
    assert_eq!(verify::decode(&most).unwrap().len(), MESSAGE_MAX);
    let more = STANDARD.encode(vec![b' '; MESSAGE_MAX + 1]);
    assert_eq!(verify::decode(&more).unwrap_err().fault, Fault::TooLarge);
    assert_eq!(verify::decode(&"A".repeat(20_000_000)).unwrap_err().fault, Fault::TooLarge);
}

#[test]
fn base64_may_have_white_space_and_nothing_else_g1() {
    assert_eq!(verify::decode(" QU\r\nJD\t").unwrap(), "ABC");
    for bad in ["QUJD=", "QU_D", "QUJD%", "QUJ", "QUJDx", "é"] {
        assert_eq!(verify::decode(bad).unwrap_err().fault, Fault::Encoding, "{bad}");
    }
}

#[test]
fn a_message_has_20_000_elements_at_most_g3() {
    // Response, Extensions, Status, StatusCode besides.
    assert_eq!(fault(&with(&"<x/>".repeat(20_000 - 4))), None);
    assert_eq!(fault(&with(&"<x/>".repeat(20_000 - 3))), Some(Fault::TooManyElements));
}

#[test]
fn a_message_is_24_deep_at_most_g3() {
    let nested = |depth: usize| with(&format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth)));
    assert_eq!(fault(&nested(22)), None);
    assert_eq!(fault(&nested(23)), Some(Fault::TooDeep));
    assert_eq!(fault(&nested(5_000)), Some(Fault::TooDeep));
}

#[test]
fn an_element_has_64_attributes_and_32_declarations_at_most_g3() {
    let attributes = |many: usize| {
        let all: String = (0..many).map(|n| format!(" a{n}=\"1\"")).collect();
        with(&format!("<x{all}/>"))
    };
    assert_eq!(fault(&attributes(64)), None);
    assert_eq!(fault(&attributes(65)), Some(Fault::TooManyElements));
    let declarations = |many: usize| {
        let all: String = (0..many).map(|n| format!(" xmlns:a{n}=\"urn:{n}\"")).collect();
        with(&format!("<x{all}/>"))
    };
    assert_eq!(fault(&declarations(32)), None);
    assert!(fault(&declarations(33)).is_some());
    assert!(fault(&declarations(10_000)).is_some());
}

#[test]
fn a_message_has_two_signatures_and_one_reference_each_at_most_g3_a45() {
    let cases = all("accepted");
    let signed = cases.iter().find(|case| case.name.ends_with("okta/both-signed")).unwrap();
    let text = String::from_utf8(signed.message.clone()).unwrap();
    let at = text.find("<ds:Signature").unwrap();
    let end = text.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let many = format!("{}{}", &text[..at], text[at..end].repeat(400)) + &text[end..];
    assert!(fault(&many).is_some());
    let at = text.find("<ds:Reference").unwrap();
    let end = text.find("</ds:Reference>").unwrap() + "</ds:Reference>".len();
    let one = &text[at..end];
    let many = format!("{}{}{}", &text[..at], one.repeat(500), &text[end..]);
    assert_eq!(fault(&many), Some(Fault::TooManySignatures));
}

#[test]
fn broken_messages_end_early_and_never_reach_a_verifier_a36_a37() {
    let cases = all("accepted");
    let whole = &cases[0];
    for cut in (0..whole.message.len()).step_by(37) {
        let mut case = whole.clone();
        case.message.truncate(cut);
        let verdict = case.run();
        assert!(verdict.outcome.is_err(), "cut at {cut}");
        assert_eq!(verdict.work.verified, 0, "cut at {cut}");
    }
}
