//! Our own metadata at a connection: what an administrator gives to her provider (G34).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Sp;
use super::compose::escaped;
use crate::domain::saml::key::Use;

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// Names that we ask for: those that last.
const FORMATS: [&str; 3] = [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
];
/// How assertions may be encrypted for us.
const ENCRYPTIONS: [&str; 4] = [
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
];

/// What our metadata shows.
pub struct Shown<'s> {
    /// Who we are there.
    pub sp: Sp<'s>,
    /// Our certificates, as DER, the oldest first.
    pub keys: &'s [(Use, Vec<u8>)],
    /// Whether requests are signed.
    pub signs: bool,
    /// What people know us as.
    pub name: &'s str,
    /// Whom the provider's administrator may write to.
    pub contact: Option<&'s str>,
}

/// Writes our metadata.
#[must_use]
pub fn write(shown: &Shown<'_>) -> String {
    let keys: String = shown.keys.iter().map(|(used_for, der)| key(*used_for, der)).collect();
    let formats: String =
        FORMATS.iter().map(|one| format!("<md:NameIDFormat>{one}</md:NameIDFormat>")).collect();
    let contact = shown.contact.map_or_else(String::new, |address| {
        format!(
            "<md:ContactPerson contactType=\"technical\"><md:EmailAddress>mailto:{}</md:EmailAddress>\
             </md:ContactPerson>",
            escaped(address)
        )
    });
    let name = escaped(shown.name);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"{MD}\" \
         xmlns:ds=\"{DS}\" xmlns:mdui=\"{MDUI}\" entityID=\"{entity}\"><md:SPSSODescriptor \
         AuthnRequestsSigned=\"{signs}\" WantAssertionsSigned=\"true\" \
         protocolSupportEnumeration=\"{PROTOCOL}\"><md:Extensions><mdui:UIInfo>\
         <mdui:DisplayName xml:lang=\"en\">{name}</mdui:DisplayName></mdui:UIInfo></md:Extensions>\
         {keys}<md:SingleLogoutService Binding=\"{REDIRECT}\" Location=\"{slo}\"/>\
         <md:SingleLogoutService Binding=\"{POST}\" Location=\"{slo}\"/>{formats}\
         <md:AssertionConsumerService Binding=\"{POST}\" Location=\"{acs}\" index=\"0\" \
         isDefault=\"true\"/></md:SPSSODescriptor>{contact}</md:EntityDescriptor>\n",
        entity = escaped(shown.sp.entity_id),
        signs = shown.signs,
        slo = escaped(shown.sp.slo_url),
        acs = escaped(shown.sp.acs_url),
    )
}

fn key(used_for: Use, der: &[u8]) -> String {
    let methods: String = match used_for {
        Use::Signing => String::new(),
        Use::Encryption => ENCRYPTIONS
            .iter()
            .map(|one| format!("<md:EncryptionMethod Algorithm=\"{one}\"/>"))
            .collect(),
    };
    format!(
        "<md:KeyDescriptor use=\"{}\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo>{methods}</md:KeyDescriptor>",
        used_for.as_str(),
        STANDARD.encode(der),
    )
}
