//! Logouts: what is read of them, and what else is not (A33).

use super::*;
use crate::domain::saml::key::Use;
use crate::domain::time::Rng;
use crate::outbound::saml::certificate::Certificate;
use crate::outbound::saml::compose::{draw_id, logout_request, logout_response};
use crate::outbound::saml::{Sp, keypair, redirect};

const SLO: &str = "https://sp.example/slo";
const IDP: &str = "https://idp.example";

fn now() -> Timestamp {
    Timestamp::parse("2026-01-15T12:00:00Z").unwrap()
}

/// A provider that signs, and what is configured of it.
fn provider() -> (Vec<u8>, Saml) {
    let key = keypair::make(Use::Signing, "idp", now()).unwrap();
    let certificate = Certificate::from_der(key.certificate).unwrap().to_base64();
    let saml =
        Saml { idp_entity_id: IDP.to_owned(), certificates: vec![certificate], ..Saml::default() };
    (key.secret, saml)
}

fn asked(text: &str, key: &[u8], carries: Carries) -> Received {
    let url = redirect::sent(SLO, (carries, text), None, Some(key)).unwrap();
    redirect::received(url.query().unwrap()).unwrap()
}

fn request(at: Timestamp) -> String {
    let sp = Sp { entity_id: IDP, acs_url: "", slo_url: "" };
    let name = NameId { value: "ada".to_owned(), ..NameId::default() };
    logout_request(&sp, SLO, (&name, Some("_s")), (&draw_id(Rng), at))
}

#[test]
fn a_logout_is_read_only_as_a_logout_a33() {
    let (key, saml) = provider();
    let run = |text: &str, carries| {
        read(&asked(text, &key, carries), &saml, SLO, now()).map_err(|found| found.fault)
    };
    let good = request(now());
    let Ok(Message::Request(found)) = run(&good, Carries::Request) else { panic!("it is good") };
    assert_eq!(
        (found.name.value.as_str(), found.sessions.as_slice()),
        ("ada", &["_s".to_owned()][..])
    );
    assert_eq!(run(&good, Carries::Response), Err(Fault::Root));
    let assertion =
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_x\"/>";
    let wrapped =
        good.replace("</samlp:LogoutRequest>", &format!("{assertion}</samlp:LogoutRequest>"));
    assert_eq!(run(&wrapped, Carries::Request), Err(Fault::Assertions));
    let twice = good.replacen("<saml:NameID", "<saml:NameID>eve</saml:NameID><saml:NameID", 1);
    assert_eq!(run(&twice, Carries::Request), Err(Fault::Element));
    assert_eq!(
        run(&good.replace(SLO, "https://o.example"), Carries::Request),
        Err(Fault::Destination)
    );
    assert_eq!(run(&good.replace(IDP, "https://o.example"), Carries::Request), Err(Fault::Issuer));
    let sp = Sp { entity_id: IDP, acs_url: "", slo_url: "" };
    let answer = logout_response(&sp, SLO, ("_q", None), ("_i", now()));
    let done = Message::Response { in_response_to: "_q".to_owned(), worked: true };
    assert_eq!(run(&answer, Carries::Response), Ok(done));
}

#[test]
fn a_logout_ends_by_its_times_g35() {
    let (key, saml) = provider();
    let run = |at: Timestamp| {
        read(&asked(&request(at), &key, Carries::Request), &saml, SLO, now())
            .map(drop)
            .map_err(|found| found.fault)
    };
    assert_eq!(run(now()), Ok(()));
    assert_eq!(run(now().plus_s(SKEW_S + 1)), Err(Fault::NotYetValid));
    assert_eq!(run(now().plus_s(-300 - SKEW_S)), Err(Fault::Expired));
    assert_eq!(run(now().plus_s(-AGE_MAX_S - 1)), Err(Fault::Expired));
}
