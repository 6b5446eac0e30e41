//! A second opinion: what the pipeline accepts, saml-rs accepts with the same identity (G13).
//!
//! saml-rs is another verifier, by other hands, in pure Rust. It judges the signature and names the
//! assertion that it would trust; both must name the same person. It is asked about the messages of
//! the corpus that are not encrypted, and about mutations of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::domain::saml::identity::Identity;
use saml_rs::crypto::verify_signature;
use saml_rs::util::Value;
use saml_rs::xml::{ExtractorField, extract};

use super::case::{Case, all, run};

/// Mutations of each message.
const MUTATIONS: usize = 40;

/// What saml-rs makes of a message: the ids, the issuer, the name and the attributes.
fn opinion(text: &str, certificates: &[String]) -> Result<[String; 4], String> {
    let (verified, content) =
        verify_signature(text, certificates).map_err(|error| error.to_string())?;
    let content = content.filter(|_| verified).ok_or("it does not verify")?;
    let fields = [
        ExtractorField::new("id", &["Assertion"]).attrs(&["ID"]),
        ExtractorField::new("issuer", &["Assertion", "Issuer"]),
        ExtractorField::new("name", &["Assertion", "Subject", "NameID"]),
        ExtractorField::new("values", &["Assertion", "AttributeStatement", "Attribute"])
            .aggregate(&["Name"], &["AttributeValue"]),
    ];
    let read = extract(&content, &fields).map_err(|error| error.to_string())?;
    let field = |name: &str| read.get_str(name).unwrap_or_default().trim().to_owned();
    let email = match read.get("values") {
        Some(Value::Object(pairs)) => pairs.iter().find(|(name, _)| name == "email"),
        _ => None,
    };
    let email = match email {
        Some((_, Value::Str(email))) => email.clone(),
        _ => String::new(),
    };
    Ok([field("id"), field("issuer"), field("name"), email])
}

fn ours(identity: &Identity) -> [String; 4] {
    let name = identity.name_id.as_ref().map(|name| name.value.clone()).unwrap_or_default();
    let email = identity.value("email").unwrap_or_default().to_owned();
    [identity.assertion_id.clone(), identity.issuer.clone(), name, email]
}

fn certificates(case: &Case) -> Vec<String> {
    case.saml().certificates
}

/// Messages that saml-rs can be asked about.
fn plain() -> Vec<Case> {
    let cases = all("accepted");
    cases.into_iter().filter(|case| case.run().work.decrypted == 0).collect()
}

/// What saml-rs does not take, though it is right: told here, so that nothing hides behind it.
const NOT_TAKEN: [&str; 0] = [];

#[test]
fn saml_rs_names_the_same_person_for_every_accepted_message_g13() {
    let mut wrong = Vec::new();
    for case in plain() {
        let identity = case.run().outcome.unwrap();
        let text = String::from_utf8(case.message.clone()).unwrap();
        if NOT_TAKEN.contains(&case.name.as_str()) {
            continue;
        }
        match opinion(&text, &certificates(&case)) {
            Ok(theirs) if theirs == ours(&identity) => {}
            other => wrong.push(format!("{}: {other:?}, not {:?}", case.name, ours(&identity))),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// SplitMix64: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap()
    }
}

/// Moves, doubles, renames or drops a piece between two tags: what wrapping is made of.
fn mutated(text: &str, numbers: &mut Numbers) -> String {
    let cuts: Vec<usize> = text.match_indices('<').map(|(at, _)| at).collect();
    let (one, two) = (numbers.below(cuts.len()), numbers.below(cuts.len()));
    let (from, to) = (cuts[one.min(two)], cuts[one.max(two)]);
    let piece = &text[from..to];
    match numbers.below(6) {
        0 => format!("{}{}", &text[..from], &text[to..]),
        1 => format!("{}{piece}{}", &text[..to], &text[to..]),
        2 => {
            let at = cuts[numbers.below(cuts.len())];
            format!("{}{piece}{}", &text[..at], &text[at..])
        }
        3 => text.replacen("ada-1815", "eve-666", 1),
        4 => text.replacen("_assertion", "_evil", 1 + numbers.below(3)),
        _ => format!("{}<!--x-->{}", &text[..from], &text[from..]),
    }
}

#[test]
fn whatever_is_accepted_of_mutated_messages_names_the_signed_person_and_saml_rs_agrees_g13() {
    let (mut accepted, mut refused) = (0, 0);
    for (seed, case) in plain().into_iter().enumerate() {
        let numbers = &mut Numbers(seed as u64);
        let was = ours(&case.run().outcome.unwrap());
        let text = String::from_utf8(case.message.clone()).unwrap();
        for _ in 0..MUTATIONS {
            let mutation = mutated(&text, numbers);
            let asked = (!case.saml().allow_idp_initiated).then_some("_request").or(Some("none"));
            match run(&case.saml(), &STANDARD.encode(&mutation), asked).outcome {
                Err(_) => refused += 1,
                Ok(identity) => {
                    accepted += 1;
                    assert_eq!(ours(&identity), was, "{}\n{mutation}", case.name);
                    let theirs = opinion(&mutation, &certificates(&case));
                    assert_eq!(theirs.as_ref(), Ok(&was), "{}\n{mutation}", case.name);
                }
            }
        }
    }
    assert!(accepted > 10 && refused > 800, "{accepted} accepted, {refused} refused");
}
