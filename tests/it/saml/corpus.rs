//! Every message of the corpus: accepted with the identity that it names, or refused by its fault.

use portico::domain::saml::fault::Fault;
use portico::domain::saml::identity::asserted;
use portico::domain::time::Timestamp;

use super::case::all;

/// Faults that the pre-flight finds in what was sent: nothing behind it sees such a message.
fn is_of_the_preflight(fault: &str) -> bool {
    let last = Fault::ALL.iter().position(|one| *one == Fault::Algorithm).unwrap();
    Fault::ALL.iter().take(last + 1).any(|one| one.as_str() == fault)
}

#[test]
fn every_accepted_message_is_accepted_with_its_identity() {
    let mut wrong = Vec::new();
    for case in all("accepted") {
        let identity = match case.run().outcome {
            Ok(identity) => identity,
            Err(found) => {
                wrong.push(format!("{}: {}: refused, {found}", case.name, case.title));
                continue;
            }
        };
        let found = asserted(&case.connection(), &identity).unwrap();
        let said = case.identity.clone().expect("an accepted case names an identity");
        let until = case.session_until.as_deref().map(|text| Timestamp::parse(text).unwrap());
        if (&found.subject, &found.email) != (&said.subject, &said.email) {
            wrong.push(format!("{}: {found:?}", case.name));
        }
        if found.session_until != until {
            wrong.push(format!("{}: until {:?}", case.name, found.session_until));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_refused_message_is_refused_by_its_fault_and_no_verifier_sees_what_the_preflight_refuses() {
    let mut wrong = Vec::new();
    for case in all("refused") {
        let verdict = case.run();
        let fault = case.fault.clone().expect("a refused case names a fault");
        let folder = case.name.split('/').nth(1).unwrap();
        if folder != fault {
            wrong.push(format!("{}: stands in the folder of another fault", case.name));
        }
        let found = match verdict.outcome {
            Ok(identity) => match asserted(&case.connection(), &identity) {
                Ok(who) => {
                    wrong.push(format!("{}: ACCEPTED as {}", case.name, who.subject));
                    continue;
                }
                Err(refusal) => refusal.detail.split(':').next().unwrap().to_owned(),
            },
            Err(found) => found.fault.as_str().to_owned(),
        };
        if found != fault {
            wrong.push(format!("{}: {}: refused by {found}", case.name, case.title));
        }
        // A text that was encrypted is looked at after what was around it.
        let sealed = case.shows.iter().any(|number| number == "G15");
        if is_of_the_preflight(&fault) && !sealed && verdict.work.verified > 0 {
            wrong.push(format!("{}: a verifier saw it", case.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_fault_of_a_message_has_a_message_that_shows_it() {
    let elsewhere = [
        // Shown where forms, sizes, time and databases are.
        Fault::Form,
        Fault::TooLarge,
        Fault::TooManyElements,
        Fault::TooDeep,
        Fault::NotFresh,
        Fault::Replayed,
        Fault::Busy,
        Fault::Metadata,
        // What the primitive answers is what it was given: nothing that is sent shows otherwise.
        Fault::SignatureScope,
    ];
    let shown: Vec<String> = all("refused").into_iter().filter_map(|case| case.fault).collect();
    let missing: Vec<&str> = Fault::ALL
        .iter()
        .filter(|fault| !elsewhere.contains(fault))
        .map(|fault| fault.as_str())
        .filter(|code| !shown.iter().any(|one| one == code))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn a_verdict_is_the_same_each_time_and_the_work_is_bounded() {
    for case in all("accepted").into_iter().chain(all("refused")) {
        let (one, two) = (case.run(), case.run());
        assert_eq!(one.work, two.work, "{}", case.name);
        assert_eq!(one.outcome.is_ok(), two.outcome.is_ok(), "{}", case.name);
        assert!(one.work.verified <= 8, "{}: {:?}", case.name, one.work);
        assert!(one.work.decrypted <= 8, "{}: {:?}", case.name, one.work);
        assert!(one.work.elements <= 200, "{}: {:?}", case.name, one.work);
    }
}
