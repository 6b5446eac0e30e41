"""Messages that must be accepted, in the manners of the providers that send them."""

from messages import (
    ACS, BASIC, EXC, PASSWORD, URI, after_issuer, assertion, attribute, response, sign,
    sign_by_xmlsec1, signed_assertion, signed_both, signed_response, template,
)
from sealing import sealed, sealed_by_xmlsec1

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SAML = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
ADA = {"subject": "ada-1815", "email": "ada@example.com"}


def by_xmlsec1(key="idp", node="//*[local-name()='Signature']", **options):
    text = response(after_issuer(assertion(), template("_assertion", **options)))
    return sign_by_xmlsec1(text, "_assertion", node, key)


def add(case):
    """Each case: folder, title, what it shows, the message, and what differs from the usual."""
    entra = (
        attribute(CLAIMS + "name", ["ada@example.com"], None, raw=True)
        + attribute(CLAIMS + "emailaddress", ["ada@example.com"], None, raw=True)
        + attribute("http://schemas.microsoft.com/identity/claims/tenantid", ["t-1"], None, raw=True)
        + attribute("http://schemas.microsoft.com/identity/claims/identityprovider",
                    ["https://idp.example/metadata"], None, raw=True)
    )
    case("entra/assertion-signed", "Entra signs the assertion only", ["G12", "SI31", "EN7"],
         signed_assertion(attributes=entra), identity=ADA)
    case("okta/both-signed", "Okta signs both", ["G11", "SI31", "OK4"], signed_both(),
         identity=ADA, require="both")
    case("okta/email-name", "a NameID that is an address", ["G28"],
         signed_both(name_format=EMAIL, name_id="ada@example.com", attributes=""),
         identity={"subject": "ada@example.com", "email": "ada@example.com"})
    case("keycloak/response-signed", "Keycloak signs the response", ["G12", "G20", "SI31"],
         signed_response(), identity=ADA, require="response")
    case("google/assertion-signed", "Google signs by c14n without prefixes", ["SI31"],
         signed_response(signing={"info": False}), identity=ADA)
    case("adfs/sha512", "SHA-512 for signature and digest", ["G6", "SI28"],
         signed_assertion(signing={"algorithm": "rsa-sha512", "digest": "sha512"}), identity=ADA)
    case("signxml/ecdsa", "ECDSA on P-256", ["G6", "G9", "SI28"],
         signed_assertion("idp-ec"), identity=ADA, certificates=["idp-ec"])
    case("signxml/ecdsa-384", "ECDSA on P-384", ["G6", "G9"],
         signed_response("idp-ec384", {"algorithm": "ecdsa-sha384", "digest": "sha384"}),
         identity=ADA, certificates=["idp-ec384"])
    case("signxml/inclusive", "inclusive canonicalization", ["G6"],
         signed_response(signing={"c14n": C14N}), identity=ADA)
    case("signxml/expired-certificate", "a certificate that is over still verifies",
         ["G9", "SI30"], signed_assertion("idp-old"), identity=ADA, certificates=["idp-old"])
    case("signxml/third-certificate", "the third of four certificates is the one",
         ["G10", "SI20"], signed_assertion(), identity=ADA,
         certificates=["idp-ec", "rogue", "idp", "idp-ec384"])
    case("xmlsec1/assertion-signed", "signed by the program xmlsec1", ["G11"], by_xmlsec1(),
         identity=ADA)
    case("shibboleth/prefix-list", "prefixes that count though nobody uses them", ["G6"],
         by_xmlsec1(prefixes="xs"), identity=ADA)
    case("xmlsec1/enveloped-alone", "one transform, and the default canonicalization", ["G6"],
         by_xmlsec1(canonical=C14N,
                    transforms='<ds:Transform Algorithm="http://www.w3.org/2000/09/'
                               'xmldsig#enveloped-signature"/>'), identity=ADA)

    encrypted = "an encrypted assertion"
    case("shibboleth/encrypted", f"{encrypted} in a signed response", ["G14", "G16", "SI7"],
         sign(response(sealed(assertion()))), identity=ADA, require="response")
    case("shibboleth/encrypted-second-key", "the older of our two keys decrypts",
         ["G17", "SI7"], sign(response(sealed(assertion(), to=("sp-old",)))), identity=ADA,
         require="response")
    case("okta/encrypted-both", f"{encrypted}, signed inside and outside", ["G14", "G15"],
         sign(response(sealed(sign(assertion()), method="aes256-cbc"))), identity=ADA,
         require="both")
    case("entra/encrypted-inner", f"{encrypted}, signed inside alone", ["G14"],
         response(sealed(sign(assertion()))), identity=ADA)
    case("entra/encrypted-cbc-legacy", f"{encrypted} by CBC, and the connection takes it",
         ["G16"], response(sealed(sign(assertion()), method="aes256-cbc")), identity=ADA,
         legacy_cbc=True)
    for digest in ("sha1", "sha256", "sha512"):
        case(f"signxml/oaep-{digest}", f"RSA-OAEP with {digest}", ["G16"],
             response(sealed(sign(assertion()), digest=digest)), identity=ADA)
    case("signxml/oaep-11", "RSA-OAEP of XML Encryption 1.1", ["G16"],
         response(sealed(sign(assertion()), method="aes128-gcm", transport="rsa-oaep",
                         digest="sha256", mask="sha256")), identity=ADA)
    case("shibboleth/key-beside", "the key stands beside what it opens", ["G16"],
         response(sealed(sign(assertion()), beside=True)), identity=ADA)
    case("signxml/two-recipients", "encrypted for somebody else too", ["G16", "G17"],
         response(sealed(sign(assertion()), to=("rogue", "sp"))), identity=ADA)
    case("xmlsec1/encrypted", "encrypted by the program xmlsec1", ["G16"],
         response(sealed_by_xmlsec1(sign(assertion()))), identity=ADA)

    case("signxml/extensions", "extensions and advice of strangers", ["G5", "SI32"],
         signed_response(
             extensions='<samlp:Extensions><x:hint xmlns:x="urn:x">yes</x:hint></samlp:Extensions>',
             advice='<saml:Advice><x:note xmlns:x="urn:x"/></saml:Advice>'), identity=ADA)
    case("signxml/audiences", "one of several audiences, in each of two restrictions", ["G23"],
         signed_assertion(restriction=2 * (
             "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience>"
             "<saml:Audience>https://sp.example/sso/1/metadata</saml:Audience>"
             "</saml:AudienceRestriction>") + "<saml:OneTimeUse/><saml:ProxyRestriction/>"),
         identity=ADA)
    case("signxml/skew", "clocks that differ by less than three minutes", ["G25", "SI21"],
         signed_assertion(from_="2026-01-15T12:02:59Z", until="2026-01-15T11:57:01Z",
                          data_end="2026-01-15T11:57:01Z"), identity=ADA)
    case("signxml/fractions", "times with a fraction", ["G25"],
         signed_assertion(assertion_issued="2026-01-15T11:59:55.123456789Z"), identity=ADA)
    case("signxml/session-end", "a session that ends there ends here", ["G25"],
         signed_assertion(session_end="2026-01-15T13:00:00Z"), identity=ADA,
         session_until="2026-01-15T13:00:00Z")
    case("signxml/two-confirmations", "one of two confirmations is for us", ["G24"],
         signed_assertion(confirmation=(
             '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
             '<saml:SubjectConfirmationData Recipient="https://other.example/acs"'
             ' NotOnOrAfter="2026-01-15T12:05:00Z" InResponseTo="_request"/>'
             '</saml:SubjectConfirmation>'
             '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
             f'<saml:SubjectConfirmationData Recipient="{ACS}" Address="192.0.2.7"'
             ' NotOnOrAfter="2026-01-15T12:05:00Z" InResponseTo="_request"/>'
             '</saml:SubjectConfirmation>')), identity=ADA)
    case("signxml/context", "the class that the connection demands", ["G27", "SI5"],
         signed_assertion(), identity=ADA, authn_context=[PASSWORD])
    case("signxml/unsolicited", "begun at the provider, and the connection lets it", ["G22"],
         signed_response(irt=""), identity=ADA, in_response_to="none", allow_idp_initiated=True)
    case("signxml/subject-attribute", "no NameID, an attribute names the person",
         ["G28", "SI10", "SI11"],
         signed_assertion(name_id="", attributes=attribute(
             "urn:oasis:names:tc:SAML:attribute:subject-id", ["ada@example.com"], URI)
             + attribute("email", ["ada@example.com"])),
         claims={"subject": "urn:oasis:names:tc:SAML:attribute:subject-id"},
         identity={"subject": "ada@example.com", "email": "ada@example.com"})
    case("signxml/transient", "a NameID for one time, an attribute names the person", ["G28"],
         signed_assertion(
             name_format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
             attributes=attribute("uid", ["ada-1815"]) + attribute("email", ["ada@example.com"])),
         claims={"subject": "uid"}, identity=ADA)
    case("signxml/by-name-and-format", "two attributes of one name and two formats", ["G29", "SI33"],
         signed_assertion(attributes=attribute("uid", ["ada-1815"], URI, "mail")
                          + attribute("uid", ["other"], BASIC)
                          + attribute("email", ["ada@example.com"])),
         claims={"subject": "{" + URI + "}uid"}, identity=ADA)
    case("signxml/nested-value", "a NameID as a value, and XML that means nothing to us",
         ["G29", "SI33"],
         signed_assertion(attributes=(
             attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.10",
                       [f'<saml:NameID {SAML}>ada-1815</saml:NameID>'], URI, raw=True)
             + attribute("other", ['<x:y xmlns:x="urn:x"><x:z>1</x:z></x:y>'], URI, raw=True)
             + attribute("email", ["ada@example.com"]))),
         claims={"subject": "urn:oid:1.3.6.1.4.1.5923.1.1.1.10"}, identity=ADA)
    case("signxml/long-name", "a name of 256 letters, whole", ["G28", "SI35"],
         signed_assertion(name_id="ä" * 256), identity={"subject": "ä" * 256, "email": "ada@example.com"})
    case("signxml/entities", "the five entities and numbers", ["G2"],
         signed_assertion(name_id="a&amp;b&lt;&#99;&gt;&quot;&apos;"),
         identity={"subject": "a&b<c>\"'", "email": "ada@example.com"})
    case("signxml/white-space", "white space around the name", ["G28"],
         signed_assertion(name_id="\n   ada-1815\n  "), identity=ADA)
    case("signxml/declaration", "an XML declaration", ["G1"],
         '<?xml version="1.0" encoding="UTF-8"?>\n' + signed_assertion(), identity=ADA)
    case("samlp/no-response-issuer", "a response without issuer", ["G21"],
         signed_assertion(issuer=""), identity=ADA)
    case("signxml/no-destination", "no destination, and the response is not signed", ["G20"],
         signed_assertion(destination=""), identity=ADA)
    assert EXC
