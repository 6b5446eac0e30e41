"""Logouts that come by a form, signed by signxml and the program xmlsec1: what is taken, and what
is not."""

from messages import A, IDP, NOW, P, PERSISTENT, SUCCESS, after_issuer, assertion, sign, sign_by_xmlsec1, template

SLO = "https://sp.example/sso/1/slo"


def request(**o):
    get = o.get
    end = get("end", "2026-01-15T12:05:00Z")
    end = f' NotOnOrAfter="{end}"' if end else ""
    destination = get("destination", SLO)
    destination = f' Destination="{destination}"' if destination else ""
    name = get("name", f'<saml:NameID Format="{PERSISTENT}">ada-1815</saml:NameID>')
    return (
        f'<samlp:LogoutRequest xmlns:samlp="{P}" xmlns:saml="{A}" ID="{get("of", "_logout")}"'
        f' Version="2.0" IssueInstant="{get("issued", "2026-01-15T11:59:55Z")}"{end}{destination}>'
        f'<saml:Issuer>{get("issuer", IDP)}</saml:Issuer>{get("extensions", "")}{name}'
        "<samlp:SessionIndex>_session</samlp:SessionIndex></samlp:LogoutRequest>"
    )


def answer(**o):
    get = o.get
    irt = get("irt", "_ours")
    irt = f' InResponseTo="{irt}"' if irt else ""
    return (
        f'<samlp:LogoutResponse xmlns:samlp="{P}" xmlns:saml="{A}" ID="_answer" Version="2.0"'
        f' IssueInstant="{NOW}" Destination="{get("destination", SLO)}"{irt}>'
        f'<saml:Issuer>{get("issuer", IDP)}</saml:Issuer><samlp:Status><samlp:StatusCode Value="'
        f'{get("status", SUCCESS)}"/></samlp:Status></samlp:LogoutResponse>'
    )


def by_xmlsec1(text, of):
    kinds = ("--id-attr:ID", f"{P}:LogoutRequest", "--id-attr:ID", f"{P}:LogoutResponse")
    node = "//*[local-name()='Signature']"
    return sign_by_xmlsec1(after_issuer(text, template(of), of), of, node, "idp", kinds)


def add_accepted(case):
    case("request-by-signxml", "a request, signed by signxml", ["G35", "SI18"], sign(request()))
    case("request-by-xmlsec1", "a request, signed by xmlsec1", ["G35", "SI18"],
         by_xmlsec1(request(), "_logout"))
    case("request-by-a-curve", "a request, signed by a key on a curve", ["G35"],
         sign(request(), "idp-ec"), certificates=["idp", "idp-ec"])
    case("request-without-end", "a request that names no end", ["G35"], sign(request(end="")))
    case("request-with-extensions", "a request with extensions", ["G35", "SI32"], sign(request(
        extensions='<samlp:Extensions><x xmlns="urn:x:y"/></samlp:Extensions>')))
    case("response-by-signxml", "an answer, signed by signxml", ["G35"], sign(answer()),
         carries="response")
    case("response-by-xmlsec1", "an answer, signed by xmlsec1", ["G35"],
         by_xmlsec1(answer(), "_answer"), carries="response")
    case("response-that-failed", "an answer that says that it did not work", ["G35"], sign(answer(
        status="urn:oasis:names:tc:SAML:2.0:status:Responder")), carries="response")


def add_refused(case):
    case("unsigned", "not signed", ["A38", "G35"], request(), "signature_missing")
    case("answer-unsigned", "an answer that is not signed", ["A38", "G35"], answer(),
         "signature_missing", carries="response")
    case("by-another-key", "signed by another key, whose certificate is in it", ["A39", "G35"],
         sign(request(), "rogue"), "signature_invalid")
    case("changed", "another person than was signed", ["G35"],
         sign(request()).replace("ada-1815", "bob-1815"), "signature_invalid")
    case("sha1", "SHA-1", ["A41", "G35"], by_sha1(), "algorithm")
    inner = sign(assertion())
    case("around-an-assertion", "around a signed assertion", ["A33", "G35"],
         request(extensions=inner), "assertions")
    case("assertion-in-extensions", "a signed assertion in the extensions", ["A33", "G35"],
         request(extensions=f"<samlp:Extensions>{inner}</samlp:Extensions>"), "assertions")
    whole = sign(request())
    case("signature-of-another", "the signature of another message", ["A1", "G35"],
         whole.replace('ID="_logout"', 'ID="_evil"'), "signature_shape")
    case("signature-late", "the signature is not right after the issuer", ["G6", "G35"],
         late(whole), "signature_shape")
    case("signed-within", "the signed request in the extensions of a forged one", ["A33", "G35"],
         request(of="_evil", extensions=f"<samlp:Extensions>{whole}</samlp:Extensions>"), "element")
    case("assertion-as-logout", "a signed assertion sent as a logout", ["A33"], inner, "root")
    case("answer-as-request", "an answer sent as a request", ["A33"], sign(answer()), "root")
    case("elsewhere", "for another address", ["A52", "G35"],
         sign(request(destination="https://other.example/slo")), "destination")
    case("nowhere", "without a destination, though signed", ["G35"], sign(request(destination="")),
         "destination")
    case("by-another-provider", "of another provider", ["A52", "G35"],
         sign(request(issuer="https://other.example")), "issuer")
    case("over", "its end was more than three minutes ago", ["G35"],
         sign(request(end="2026-01-15T11:57:00Z")), "expired")
    case("old", "issued eleven minutes ago", ["G35"],
         sign(request(issued="2026-01-15T11:49:00Z")), "expired")
    case("too-early", "issued in the future", ["G35"],
         sign(request(issued="2026-01-15T12:03:01Z")), "not_yet_valid")
    case("two-names", "two names", ["G7"], sign(request(
        name="<saml:NameID>ada-1815</saml:NameID><saml:NameID>bob</saml:NameID>")), "element")
    case("encrypted-name", "an encrypted name", ["G18"], sign(request(
        name="<saml:EncryptedID/>")), "encrypted_part")
    case("doctype", "a document type", ["A46"], "<!DOCTYPE x>" + whole, "doctype")
    case("comment", "a comment within the name", ["A47"],
         whole.replace("ada-1815", "ada<!-- -->-1815"), "comment")
    case("answer-to-nothing", "an answer that does not say what it answers", ["A55"],
         sign(answer(irt="")), "in_response_to", carries="response")


def by_sha1():
    text = template("_logout", "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                    "http://www.w3.org/2000/09/xmldsig#sha1")
    kinds = ("--id-attr:ID", f"{P}:LogoutRequest")
    return sign_by_xmlsec1(after_issuer(request(), text, "_logout"), "_logout",
                           "//*[local-name()='Signature']", "idp", kinds)


def late(whole):
    begin, end = whole.index("<ds:Signature"), whole.index("</ds:Signature>") + len("</ds:Signature>")
    signature, rest = whole[begin:end], whole[:begin] + whole[end:]
    return rest.replace("<samlp:SessionIndex>", signature + "<samlp:SessionIndex>")
