"""Messages that must be refused, each with the fault that it must be refused by."""

import base64
import re

from lxml import etree

from messages import (
    A, ACS, DS, ENVELOPED, EXC, IDP, NS, P, SP, after_issuer, assertion, attribute, b64, response,
    sign, sign_by_xmlsec1, signed_assertion, signed_both, signed_response, template,
)
from sealing import sealed, wrapped

EVIL = {"name_id": "eve-666", "attributes": attribute("email", ["eve@example.com"])}
OBJECT = f'<ds:Object xmlns:ds="{DS}">%s</ds:Object>'


def tree(text):
    return etree.fromstring(text)


def text_of(root):
    return etree.tostring(root).decode()


def part(root, path):
    return root.find(path, NS)


def evil(text):
    """The same message about somebody else, with what was signed gone wrong."""
    return text.replace("ada-1815", "eve-666").replace("ada@example.com", "eve@example.com")


def cut_signature(text):
    return re.sub(r"<ds:Signature.*?</ds:Signature>", "", text, count=1, flags=re.S)


def signature_of(text):
    return re.search(r"<ds:Signature.*?</ds:Signature>", text, flags=re.S)[0]


def assertion_of(text):
    return re.search(r"<saml:Assertion.*</saml:Assertion>", text, flags=re.S)[0]


def before_end(text, addition, of="samlp:Response"):
    return text.replace(f"</{of}>", f"{addition}</{of}>", 1)


def wrapping(case):
    """A1 to A16 and their relatives: what was signed is not what is read."""
    signed, whole = signed_assertion(), signed_response()
    original, signature = assertion_of(signed), signature_of(signed)
    other = assertion(**EVIL, assertion_id="_evil")

    holder = evil(cut_signature(whole)).replace('ID="_response"', 'ID="_evil"')
    holder = holder.replace('ID="_assertion"', 'ID="_evil2"')
    kept = signature_of(whole)
    within = kept.replace("</ds:Signature>", cut_signature(whole) + "</ds:Signature>")
    case("signature_shape/xsw1", "the signed response within its own signature", ["A1", "G5"],
         after_issuer(holder, within, "_evil"))
    case("assertions/xsw2", "the signed response beside its signature", ["A2", "G5"],
         after_issuer(holder, cut_signature(whole) + kept, "_evil"))
    case("assertions/xsw3", "a forged assertion before the signed one", ["A3", "G5"],
         signed.replace(original, other + original))
    forged = other.replace("</saml:Assertion>", original + "</saml:Assertion>")
    case("assertions/xsw4", "a forged assertion around the signed one", ["A4", "G5"],
         signed.replace(original, forged))
    bare = cut_signature(original)
    holder = after_issuer(other, signature, "_evil")
    case("signature_shape/xsw5", "a forged assertion with the signature, the signed one after it",
         ["A5", "G5"], signed.replace(original, holder + bare))
    holder = after_issuer(other, signature.replace("</ds:Signature>", bare + "</ds:Signature>"),
                          "_evil")
    case("signature_shape/xsw6", "the signed assertion within the signature of a forged one",
         ["A6", "G5"], signed.replace(original, holder))
    extension = f"<samlp:Extensions>{other}</samlp:Extensions>"
    case("assertions/xsw7", "a forged assertion in the extensions", ["A7", "G5"],
         after_issuer(signed, extension, "_response"))
    inside = signature.replace("</ds:Signature>", OBJECT % bare + "</ds:Signature>")
    case("signature_shape/xsw8", "the signed assertion in an Object", ["A8", "G6"],
         signed.replace(original, after_issuer(other, inside, "_evil")))

    second = signature.replace("</ds:SignedInfo>", "</ds:SignedInfo>"
                               + re.search(r"<ds:SignedInfo.*</ds:SignedInfo>", signature, re.S)[0])
    case("signature_shape/two-signed-infos", "two SignedInfo, one for each check", ["A9", "A23", "G6"],
         evil(signed).replace(evil(signature), second))
    case("assertions/evil-after", "a forged assertion after the signed one", ["A10", "G5"],
         before_end(signed, other))
    case("duplicate_id/forged-twin", "a forged element with the id of the signed one", ["A11", "G4"],
         after_issuer(signed, '<samlp:Extensions><x:y xmlns:x="urn:x" ID="_assertion"/>'
                      "</samlp:Extensions>", "_response"))
    case("foreign_id/xml-id", "the id of the signed element as xml:id elsewhere", ["A12", "G4"],
         evil(signed).replace("<saml:Subject>", '<saml:Subject xml:id="_assertion">'))
    case("foreign_id/other-letters", "a decoy with Id in place of ID", ["A13", "G4"],
         signed.replace("<saml:Subject>", '<saml:Subject Id="_other">'))
    advice = other.replace("<saml:AuthnStatement",
                           f"<saml:Advice>{original}</saml:Advice><saml:AuthnStatement", 1)
    case("assertions/signed-in-advice", "the signed assertion in the advice of a forged one",
         ["A14", "G5"], signed.replace(original, advice))
    outer = response(other, response_id="_evil0", extensions=(
        f"<samlp:Extensions>{whole}</samlp:Extensions>"))
    case("assertions/signed-in-extensions", "the signed response in the extensions of a forged one",
         ["A15", "G5"], outer)
    case("assertions/unsigned-copy", "an unsigned copy beside the signed one", ["A16", "A35", "G5"],
         before_end(signed, cut_signature(other)))
    case("signature_shape/copied-signature", "a forged assertion with a signature of another",
         ["A22", "A27", "G6"], signed.replace(original, after_issuer(other, signature, "_evil")))
    case("signature_shape/at-the-end", "a signature that is the last child", ["G6"],
         before_end(cut_signature(signed), "", "x").replace(
             "</saml:Assertion>", signature + "</saml:Assertion>"))
    case("signature_shape/of-the-other", "the response's signature refers to the assertion", ["A25", "G6"],
         after_issuer(cut_signature(signed), signature, "_response"))
    case("root/bare-assertion", "an assertion without response", ["A51", "G4"], sign(assertion()))
    case("root/foreign", "another root", ["A51", "G4"],
         f'<x:Envelope xmlns:x="urn:x">{signed}</x:Envelope>')
    case("root/version", "another version", ["G4"], signed_response(version="1.1"))
    case("outside_root/second-root", "a second root", ["A51", "G2"], signed + evil(signed))
    case("outside_root/text", "text after the root", ["G2"], signed + "eve")
    case("assertions/none", "a success without assertion", ["G5"], response(""))
    case("assertions/encrypted-and-plain", "a plain one beside an encrypted one", ["A48", "G5"],
         response(sign(assertion()) + sealed(sign(assertion(**EVIL, assertion_id="_evil")))))
    case("id/none", "a root without id", ["G4"], signed.replace(' ID="_response"', ""))
    case("id/unusable", "an id that is no name", ["G4"], signed.replace('"_response"', '"1 2"'))


def parsers(case):
    """A17 to A26, A32, A46, A47: what two parsers read differently, and what XML can do."""
    signed = signed_assertion()
    entity = '<!DOCTYPE r [<!ENTITY i "_assertion">]>'
    case("doctype/entity-in-id", "an entity in the id", ["A17", "A46", "G2", "SI22"],
         entity + signed.replace('ID="_assertion"', 'ID="&i;"'))
    case("doctype/quotes", "a document type that two parsers end in different places",
         ["A18", "G2"], '<!DOCTYPE r SYSTEM "x\'" [<!ENTITY a "\'>">]>' + evil(signed))
    case("doctype/external", "an external entity", ["A46", "G2"],
         '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
         + signed.replace("ada-1815", "&x;"))
    case("doctype/parameter", "a parameter entity from elsewhere", ["A46", "G2"],
         '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd">%x;]>' + signed)
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    case("doctype/billion-laughs", "entities of entities", ["A46", "G2"],
         f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]>' + signed.replace("ada-1815", "&l9;"))
    case("doctype/attribute-laughs", "entities of entities in an attribute", ["A46", "G2"],
         f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]>' + signed.replace(ACS, "&l9;", 1))
    case("doctype/plain", "a document type that says nothing", ["A46", "G2"],
         "<!DOCTYPE Response>" + signed)
    case("entity/unknown", "an entity that nobody declares", ["A47", "G2"],
         signed.replace("ada-1815", "&eve;"))
    case("namespace/unbound", "a prefix that nobody declares", ["A19", "G2"],
         signed.replace("<saml:Subject>", "<saml:Subject><y:z/>"))
    case("namespace/relative", "a relative namespace, which canonicalizes to nothing",
         ["A21", "A26", "G2"], signed.replace("<saml:Subject>", '<saml:Subject xmlns:y="1">'))
    case("namespace/reserved", "the prefix xml for something else", ["A19", "G2"],
         signed.replace("<saml:Subject>", '<saml:Subject xmlns:xml="urn:x">'))
    case("namespace/entity", "an entity in a namespace", ["A19", "G2"],
         signed.replace("<saml:Subject>", '<saml:Subject xmlns:y="urn:&#120;">'))
    case("foreign_id/polluted", "samlp:ID beside ID", ["A26", "G4"],
         signed.replace(' ID="_response"', ' samlp:ID="_assertion" ID="_response"'))
    case("namespace/confused", "a response's status in another namespace", ["A26", "G7"],
         signed.replace("samlp:Status>", "saml:Status>"))
    case("duplicate_attribute/twice", "an attribute twice", ["A26", "G2"],
         signed.replace(' ID="_assertion"', ' ID="_evil" ID="_assertion"'))
    case("duplicate_attribute/two-prefixes", "an attribute twice under two prefixes", ["A26", "G2"],
         signed.replace("<saml:Subject>",
                        '<saml:Subject xmlns:y="urn:x" xmlns:z="urn:x" y:a="1" z:a="2">'))
    case("signature_shape/forged-digest", "a forged digest elsewhere", ["A20", "G7"],
         after_issuer(evil(signed), f'<samlp:Extensions><ds:DigestValue xmlns:ds="{DS}">AAAA'
                      "</ds:DigestValue></samlp:Extensions>", "_response"), fault="element")
    digest = re.search(r"<ds:DigestValue>(.*?)</ds:DigestValue>", signed)[1]
    case("comment/in-digest", "a comment in the digest", ["A24", "G2"],
         evil(signed).replace(digest, f"AAAA<!--{digest}-->"))
    case("processing_instruction/in-name", "an instruction that swallows a part of the name",
         ["A32", "A47", "G2"],
         signed_assertion(name_id="<?p not-?>admin@example.com"))
    for place, old in (("name", "ada-1815"), ("audience", SP), ("recipient-group", "ada@example.com")):
        new = old[:3] + "<!---->" + old[3:]
        case(f"comment/in-{place}", f"a comment in the {place}", ["A47", "G2"],
             signed.replace(f">{old}<", f">{new}<"))
    case("cdata/in-name", "a CDATA section in the name", ["A47", "G2"],
         signed.replace(">ada-1815<", "><![CDATA[ada-1815]]><"))
    case("comment/outside", "a comment before the root", ["A47", "G2"], "<!--x-->" + signed)
    case("processing_instruction/late-declaration", "a declaration that is not the first", ["G2"],
         " <?xml version='1.0'?>" + signed)
    case("encoding/latin", "another encoding is declared", ["A51", "G1"],
         '<?xml version="1.0" encoding="ISO-8859-1"?>' + signed)
    case("encoding/utf-16", "UTF-16", ["A51", "G1"], signed.encode("utf-16"))
    case("encoding/not-utf-8", "bytes that are no UTF-8", ["G1"],
         signed.encode().replace(b"ada-1815", b"ada\xff"))
    case("not_well_formed/nul", "a zero byte", ["G1"], signed.replace("ada-1815", "ada\0"))
    case("not_well_formed/open", "an element that does not end", ["A37", "A51", "G2"],
         signed.replace("</samlp:Response>", ""))
    case("not_well_formed/crossed", "end tags that do not match", ["A51", "G2"],
         signed.replace("</saml:Subject></", "</saml:Subjekt></").replace("</saml:Subject>", "</saml:X>"))
    case("not_well_formed/no-quotes", "an attribute without quotes", ["A37", "G2"],
         signed.replace('Version="2.0"', "Version=2.0"))
    case("not_well_formed/no-space", "attributes without a space between", ["A37", "G2"],
         signed.replace('"_response" ', '"_response"'))
    case("not_well_formed/empty", "nothing", ["A37", "G1"], "")
    case("text/between", "text where the schema has none", ["G7"],
         signed.replace("<samlp:Status>", "eve<samlp:Status>"))
    case("element/unknown", "an element that the schema does not have", ["G7"],
         signed.replace("<samlp:Status>", '<samlp:Eve/><samlp:Status>'))
    case("element/two-subjects", "two subjects", ["G7"], sign_late(
        assertion().replace("<saml:Subject>", "<saml:Subject></saml:Subject><saml:Subject>")))


def sign_late(text):
    return response(sign(text))


def signatures(case):
    """A38 to A44: signatures that are missing, foreign, weak, or do something."""
    signed, both = signed_assertion(), signed_both()
    case("signature_missing/response", "the response's signature is gone, and it is wanted",
         ["A38", "G12", "SI34"], signed_assertion(), require="response")
    case("signature_missing/assertion", "the assertion's is missing, and it is wanted",
         ["A38", "G12"], signed_response(), require="assertion")
    case("signature_missing/one-of-both", "one of two that are wanted", ["A38", "G12"],
         signed_assertion(), require="both")
    case("signature_missing/both", "both are gone", ["A38", "A30"], response(assertion()))
    case("no_certificate/none", "the connection has no certificate", ["A30", "G9"],
         signed_assertion(), certificates=[])
    case("no_certificate/none-unsigned", "the connection has none, and nothing is signed",
         ["A30", "G9"], response(assertion()), certificates=[])
    case("no_certificate/weak", "a key of 1024 bits", ["G9", "SI26"], signed_assertion("idp-weak"),
         certificates=["idp-weak"])
    case("signature_invalid/rogue", "a stranger's signature with her certificate", ["A34", "A39", "G9"],
         signed_both("rogue"))
    case("signature_invalid/two-signers", "the assertion and the response are signed by two keys",
         ["G10", "G11"], sign(response(sign(assertion(), "idp")), "idp-ec"),
         certificates=["idp", "idp-ec"])
    case("signature_invalid/changed", "what was signed has changed", ["G11"], evil(signed))
    case("signature_invalid/outer-broken", "the inner one holds, the outer one does not",
         ["G11"], both.replace("11:59:58Z", "11:59:59Z"))
    inner = sign(response(sign(assertion()).replace("ada-1815", "eve-666")))
    case("signature_invalid/inner-broken", "the outer one holds, the inner one does not",
         ["A49", "G11"], inner)
    case("signature_invalid/by-another-key", "signed by the key for encryption", ["G10"],
         signed_assertion("sp"))
    weak = template("_assertion", signature="http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                    digest="http://www.w3.org/2000/09/xmldsig#sha1")
    node = "//*[local-name()='Signature']"
    case("algorithm/sha1", "SHA-1", ["A41", "G6", "SI28"], sign_by_xmlsec1(
        response(after_issuer(assertion(), weak)), "_assertion", node))
    weak = template("_assertion", digest="http://www.w3.org/2000/09/xmldsig#sha1")
    case("algorithm/sha1-digest", "a digest by SHA-1", ["A41", "G6"], sign_by_xmlsec1(
        response(after_issuer(assertion(), weak)), "_assertion", node))
    hmac = signed.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256")
    case("algorithm/hmac", "HMAC, with the certificate as its key", ["A40", "G6"], hmac)
    value = re.search(r"<ds:SignatureValue>(.*?)</ds:SignatureValue>", signed, re.S)[1]
    case("signature_invalid/empty-value", "an empty SignatureValue", ["A42", "G6"],
         signed.replace(value, ""))
    reference = re.search(r"<ds:Reference.*</ds:Reference>", signed, re.S)[0]
    case("signature_shape/no-reference", "no Reference", ["A42", "G6"], signed.replace(reference, ""))
    case("too_many_signatures/two-references", "two References", ["A42", "G3"],
         signed.replace(reference, reference * 2))
    for name, uri in (
        ("whole", ""), ("xpointer", "#xpointer(/)"), ("xpointer-id", "#xpointer(id('_assertion'))"),
        ("external", "http://127.0.0.1:1/x"), ("file", "file:///etc/hostname"),
        ("other", "#_response"),
    ):
        case(f"signature_shape/uri-{name}", f"a Reference to {uri or 'everything'}", ["A42", "G6"],
             signed.replace('URI="#_assertion"', f'URI="{uri}"'))
    case("signature_shape/uri-none", "a Reference without URI", ["A42", "G6"],
         signed.replace(' URI="#_assertion"', ""))
    xslt = ('<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><x:stylesheet '
            'xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/></ds:Transform>')
    xpath = ('<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
             "<ds:XPath>count(//. | //@*)</ds:XPath></ds:Transform>")
    for name, transform in (("xslt", xslt), ("xpath", xpath)):
        case(f"algorithm/{name}", f"a transform by {name}", ["A43", "G6"],
             re.sub(r"<ds:Transform .*?/>", transform, signed, count=1))
    third = f'<ds:Transform Algorithm="{EXC}"/></ds:Transforms>'
    case("signature_shape/three-transforms", "three transforms", ["A43", "G6"],
         signed.replace("</ds:Transforms>", third))
    case("algorithm/not-enveloped", "canonicalized first", ["G6"], signed.replace(ENVELOPED, EXC))
    case("algorithm/with-comments", "canonicalization with comments", ["G6"],
         signed.replace(f'CanonicalizationMethod Algorithm="{EXC}"',
                        f'CanonicalizationMethod Algorithm="{EXC}WithComments"'))
    retrieval = (f'<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/key"/></ds:KeyInfo>')
    case("signature_shape/retrieval", "the key is to be fetched", ["A44", "G6"],
         re.sub(r"<ds:KeyInfo>.*?</ds:KeyInfo>", retrieval, signed, flags=re.S))
    case("signature_shape/manifest", "a Manifest", ["G6"],
         signed.replace("</ds:Signature>", OBJECT % "<ds:Manifest/>" + "</ds:Signature>"))


def encrypted(case):
    """A29, A48 to A50: what is encrypted."""
    inner = sign(assertion())
    case("signature_missing/encrypted", "encrypted and signed by nobody", ["A48", "G14"],
         response(sealed(assertion(**EVIL))))
    case("signature_invalid/encrypted-rogue", "encrypted and signed by a stranger", ["A48", "G14"],
         response(sealed(sign(assertion(**EVIL), "rogue"))))
    case("signature_invalid/encrypted-broken", "a broken signature inside a signed response",
         ["A49", "G14"], sign(response(sealed(evil(inner)))))
    case("encryption_algorithm/rsa-1_5", "RSA without OAEP", ["A50", "G16", "SI28"],
         response(sealed(inner, transport="rsa-1_5")))
    case("encryption_algorithm/cbc-unsigned", "CBC, and the response is not signed", ["A50", "G16"],
         response(sealed(inner, method="aes128-cbc")))
    case("encryption_algorithm/triple-des", "Triple DES", ["G16"],
         sign(response(sealed(inner, method="tripledes-cbc"))))
    case("encryption_algorithm/label", "a label of OAEP", ["G16"],
         response(sealed(inner, params='<xenc:OAEPparams>YQ==</xenc:OAEPparams>')))
    mends = {
        "tag": lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]),
        "short-tag": lambda octets: octets[:-8],
        "body": lambda octets: octets[:20] + bytes([octets[20] ^ 1]) + octets[21:],
        "nonce-alone": lambda octets: octets[:12],
        "tag-alone": lambda octets: octets[:28],
        "empty": lambda octets: b"",
    }
    for name, mend in mends.items():
        case(f"decryption/gcm-{name}", f"AES-GCM, changed: {name}", ["A29", "A50", "G16"],
             response(sealed(inner, mend=mend)))
    mends = {
        "short": lambda octets: octets[:16],
        "uneven": lambda octets: octets[:-3],
        "flipped": lambda octets: octets[:-17] + bytes([octets[-17] ^ 255]) + octets[-16:],
    }
    for name, mend in mends.items():
        case(f"decryption/cbc-{name}", f"AES-CBC, changed: {name}", ["A50", "G16"],
             response(sealed(inner, method="aes256-cbc", mend=mend)), legacy_cbc=True)
    case("decryption/cbc-forged", "AES-CBC that opens to something unsigned", ["A48", "A50", "G16"],
         response(sealed(assertion(**EVIL), method="aes256-cbc")), legacy_cbc=True)
    case("decryption/wrong-key", "for another key", ["A50", "G17"],
         response(sealed(inner, to=("rogue",))))
    case("decryption/short-key", "a wrapped key of another length", ["A50", "G16"],
         response(sealed(inner, keys=wrapped(b"0123456789abcdef"))))
    case("root/nested", "an encrypted assertion within an encrypted one", ["G15"],
         response(sealed(sealed(inner))))
    case("outside_root/encrypted", "a text with two roots", ["G15"], response(sealed(inner + inner)))
    case("doctype/encrypted", "a document type within what is encrypted", ["G15"],
         response(sealed("<!DOCTYPE a>" + inner)))
    name = f'<saml:EncryptedID xmlns:saml="{A}"/>'
    case("encrypted_part/name", "an encrypted name", ["G18"], sign_late(assertion(name_xml=name)))
    case("encrypted_part/attribute", "an encrypted attribute", ["G18"],
         sign_late(assertion(attributes="<saml:EncryptedAttribute/>")))


def semantics(case):
    """G19 to G28, A28, A52, A55: signed by the right key, and yet not for us, here and now."""
    code = "urn:oasis:names:tc:SAML:2.0:status:"
    failed = (f'<samlp:StatusCode Value="{code}Responder"><samlp:StatusCode '
              f'Value="{code}AuthnFailed"/></samlp:StatusCode>'
              "<samlp:StatusMessage>&lt;b&gt;no&lt;/b&gt;</samlp:StatusMessage>")
    case("status/unsigned", "the provider reports an error", ["G19", "SI8"],
         response("", status=failed))
    case("status/signed", "the provider reports an error and signs it", ["G19"],
         sign(response("", status=failed)))
    case("status/with-assertion", "an error, and an assertion with it", ["G19"],
         signed_response(status=failed))
    case("destination/other", "for another address", ["A52", "G20", "SI4"],
         signed_assertion(destination="https://sp.example/sso/2/acs"))
    case("destination/missing", "signed, and for no address", ["G20"],
         signed_response(destination=""))
    case("issuer/response", "another issuer around it", ["A52", "G21"],
         signed_assertion(issuer="https://other.example/metadata"))
    case("issuer/assertion", "another issuer", ["A52", "G21"],
         signed_assertion(assertion_issuer="https://idp.example/staging"))
    case("issuer/format", "an issuer of another kind", ["G21"], sign_late(assertion().replace(
        "<saml:Issuer>", '<saml:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:'
        'emailAddress">', 1)))
    case("issuer/space", "an issuer with a space", ["G21"],
         signed_assertion(assertion_issuer=IDP + " "))
    case("in_response_to/other", "the answer to another request", ["A55", "G22"],
         signed_assertion(irt="_other"))
    case("in_response_to/response-alone", "the confirmation names no request", ["A55", "G22"],
         signed_assertion(irt="", response_irt="_request"))
    case("in_response_to/confirmation-alone", "the response names no request", ["A55", "G22"],
         signed_assertion(response_irt=""))
    case("in_response_to/differ", "two different requests", ["A55", "G22"],
         signed_assertion(irt="_other", response_irt="_request"))
    case("in_response_to/solicited-elsewhere", "an answer, and this browser asked nothing",
         ["A55", "G22"], signed_response(), in_response_to="none", allow_idp_initiated=True)
    case("in_response_to/unasked-confirmation", "no request outside, one inside", ["A55", "G22"],
         signed_response(response_irt=""), in_response_to="none", allow_idp_initiated=True)
    case("unsolicited/off", "begun at the provider, and the connection does not let it", ["G22"],
         signed_response(irt=""), in_response_to="none")
    case("conditions/none", "no conditions", ["A28", "G23"], signed_assertion(conditions=""))
    empty = '<saml:Conditions NotOnOrAfter="2026-01-15T12:05:00Z"/>'
    case("conditions/two", "two conditions", ["G23"], signed_assertion(conditions=empty * 2))
    case("conditions/unknown", "a condition that nobody knows", ["G23"], signed_assertion(
        restriction=f'<saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience>'
        "</saml:AudienceRestriction><saml:Condition/>"))
    case("audience/none", "no restriction of the audience", ["A28", "G23"],
         signed_assertion(conditions=empty))
    case("audience/other", "for another audience", ["A52", "G23"],
         signed_assertion(audience="https://sp.example/sso/2/metadata"))
    case("audience/one-of-two", "the second restriction is not ours", ["G23"], signed_assertion(
        restriction="".join(f"<saml:AudienceRestriction><saml:Audience>{one}</saml:Audience>"
                            "</saml:AudienceRestriction>" for one in (SP, "https://o.example"))))
    case("confirmation/none", "nothing confirms", ["G24"], signed_assertion(confirmation=""))
    case("confirmation/method", "another method than bearer", ["G24"], sign_late(
        assertion().replace("cm:bearer", "cm:sender-vouches")))
    case("confirmation/no-data", "a confirmation without data", ["G24"], signed_assertion(data=""))
    case("confirmation/recipient", "for another recipient", ["A52", "G24"],
         signed_assertion(recipient="https://sp.example/sso/2/acs"))
    case("confirmation/no-end", "a confirmation without end", ["G24"], signed_assertion(data=(
        f'<saml:SubjectConfirmationData InResponseTo="_request" Recipient="{ACS}"/>')))
    case("confirmation/beginning", "a confirmation with a beginning", ["G24"], signed_assertion(data=(
        f'<saml:SubjectConfirmationData InResponseTo="_request" Recipient="{ACS}"'
        ' NotBefore="2026-01-15T11:00:00Z" NotOnOrAfter="2026-01-15T12:05:00Z"/>')))
    for name, part in (("conditions", {"until": "2026-01-15T11:57:00Z"}),
                       ("confirmation", {"data_end": "2026-01-15T11:57:00Z"}),
                       ("session", {"session_end": "2026-01-15T11:57:00Z"}),
                       ("response", {"issued": "2026-01-15T11:49:59Z"}),
                       ("assertion", {"assertion_issued": "2026-01-15T11:49:59Z"})):
        case(f"expired/{name}", f"over: {name}", ["A28", "G25"], signed_both(**part))
    for name, part in (("conditions", {"from_": "2026-01-15T12:03:01Z"}),
                       ("response", {"issued": "2026-01-15T12:03:01Z"}),
                       ("assertion", {"assertion_issued": "2026-01-15T12:03:01Z"}),
                       ("authn", {"authn_at": "2026-01-15T12:03:01Z"})):
        case(f"not_yet_valid/{name}", f"in the future: {name}", ["G25"], signed_both(**part))
    case("time/zone", "a time with a zone", ["G25"],
         signed_assertion(until="2026-01-15T13:05:00+01:00"))
    case("time/none", "no time at all", ["G25"], sign_late(assertion().replace(
        ' IssueInstant="2026-01-15T11:59:55Z"', "")))
    case("authn_statement/none", "nobody signed in", ["G27"], signed_assertion(authn=""))
    case("authn_context/other", "another class than is demanded", ["G27", "SI5"],
         signed_assertion(), authn_context=["urn:oasis:names:tc:SAML:2.0:ac:classes:X509"])
    case("subject/none", "no name and no attribute", ["G28"], signed_assertion(name_id=""))
    case("subject/empty", "an empty name", ["G28"],
         signed_assertion(name_xml="<saml:NameID>  </saml:NameID>"))
    case("subject/too-long", "a name of 257 letters", ["G28"], signed_assertion(name_id="a" * 257))
    case("subject/transient", "a name for one time", ["G28"], signed_assertion(
        name_format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"))
    case("subject/several-values", "the attribute has two values", ["G28"], signed_assertion(
        attributes=attribute("uid", ["ada", "eve"])), claims={"subject": "uid"})
    case("subject/friendly-name", "only the friendly name fits", ["G29", "SI33"], signed_assertion(
        attributes=attribute("urn:oid:x", ["ada"], friendly="uid")), claims={"subject": "uid"})
    case("subject/two-formats", "the name stands with two formats", ["G29"], signed_assertion(
        attributes=attribute("uid", ["ada"], None) + attribute("uid", ["eve"])),
        claims={"subject": "uid"})


def add(case):
    for group in (wrapping, parsers, signatures, encrypted, semantics):
        group(case)
    assert P and b64 and base64 and tree and text_of and part
