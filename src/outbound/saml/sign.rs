//! Signs messages of ours that go by a form: the signature stands within, right after the issuer.
//!
//! The template is written here and filled by samael's primitive over our own text; nothing of a
//! stranger but escaped text and addresses is in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::pkey::PKey;
use samael::crypto::{Crypto, CryptoProvider};

use super::tree::Element;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::key::Key;

/// Where our messages end their issuer.
const AFTER: &str = "</saml:Issuer>";

/// The message with a signature of its root, as it goes into a form.
///
/// # Errors
/// [`Fault::Metadata`] when the message or the key is none.
pub fn enveloped(xml: &str, key: &Key) -> Result<String, Found> {
    let broken = || Fault::Metadata.with("the message or the key cannot be used");
    let id = Element::read(xml)?.attribute("ID").ok_or_else(broken)?.to_owned();
    let (before, after) = xml.split_once(AFTER).ok_or_else(broken)?;
    let text = format!("{before}{AFTER}{}{after}", template(&id, &key.certificate));
    let secret = PKey::private_key_from_pkcs8(&key.secret).map_err(|_| broken())?;
    // The primitive reads the older form of RSA keys.
    let secret = secret.rsa().and_then(|rsa| rsa.private_key_to_der()).map_err(|_| broken())?;
    Crypto::sign_xml(&text, &secret).map_err(|_| broken())
}

fn template(id: &str, certificate: &[u8]) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\
         <ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue></ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        STANDARD.encode(certificate),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::saml::key::Use;
    use crate::domain::time::{Rng, Timestamp};
    use crate::outbound::saml::certificate::Certificate;
    use crate::outbound::saml::preflight::{self, Root};
    use crate::outbound::saml::reader::Work;
    use crate::outbound::saml::{Sp, compose, keypair, signature};

    #[test]
    fn a_signed_message_passes_our_own_verifier_and_a_changed_one_does_not() {
        let now = Timestamp::parse("2026-01-15T12:00:00Z").unwrap();
        let key = keypair::make(Use::Signing, "sp", now).unwrap();
        let certificates = [Certificate::from_der(key.certificate.clone()).unwrap()];
        let sp = Sp { entity_id: "https://sp.example/<&\"'>", acs_url: "", slo_url: "" };
        let id = compose::draw_id(Rng);
        let xml =
            compose::logout_response(&sp, "https://x.example?a=b&c", ("_q", None), (&id, now));
        let signed = enveloped(&xml, &key).unwrap();
        let verify = |text: &str| {
            let checked = preflight::check(text, Root::LogoutResponse)?;
            signature::verify(&checked, Root::LogoutResponse, &certificates, &mut Work::default())
        };
        assert!(verify(&signed).unwrap().text().contains(&id));
        let changed = signed.replacen("InResponseTo=\"_q\"", "InResponseTo=\"_z\"", 1);
        assert_eq!(verify(&changed).unwrap_err().fault, Fault::SignatureInvalid);
        assert_eq!(verify(&xml).unwrap_err().fault, Fault::SignatureMissing);
    }
}
