"""Messages of providers, made and signed by programs that are not ours: signxml and xmlsec1."""

import base64
import pathlib
import subprocess
import tempfile

from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)

ROOT = pathlib.Path(__file__).resolve().parents[3] / "conformance/saml"
KEYS = ROOT / "keys"

P = "urn:oasis:names:tc:SAML:2.0:protocol"
A = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
NS = {"p": P, "a": A, "ds": DS, "xenc": XENC}

IDP = "https://idp.example/metadata"
SP = "https://sp.example/sso/1/metadata"
ACS = "https://sp.example/sso/1/acs"
REQUEST = "_request"
NOW = "2026-01-15T12:00:00Z"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"


def pem(name):
    return (KEYS / f"{name}.key").read_bytes(), (KEYS / f"{name}.pem").read_bytes()


def attribute(name, values, name_format=BASIC, friendly=None, raw=False):
    friendly = f' FriendlyName="{friendly}"' if friendly else ""
    typed = "" if raw else (
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string"'
    )
    values = "".join(f"<saml:AttributeValue{typed}>{value}</saml:AttributeValue>" for value in values)
    name_format = f' NameFormat="{name_format}"' if name_format else ""
    return f'<saml:Attribute Name="{name}"{name_format}{friendly}>{values}</saml:Attribute>'


def assertion(**o):
    """The text of an assertion; every part can be replaced, or left out by an empty text."""
    get = o.get
    irt = get("irt", REQUEST)
    irt_attr = f' InResponseTo="{irt}"' if irt else ""
    name_format = get("name_format", PERSISTENT)
    name_format = f' Format="{name_format}"' if name_format else ""
    name = get("name_id", "ada-1815")
    name_xml = get("name_xml", f'<saml:NameID{name_format}>{name}</saml:NameID>' if name else "")
    data = get("data", (
        f'<saml:SubjectConfirmationData{irt_attr} Recipient="{get("recipient", ACS)}"'
        f' NotOnOrAfter="{get("data_end", "2026-01-15T12:05:00Z")}"/>'
    ))
    confirmation = get("confirmation", (
        f'<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">{data}'
        "</saml:SubjectConfirmation>"
    ))
    restriction = get("restriction", (
        f'<saml:AudienceRestriction><saml:Audience>{get("audience", SP)}</saml:Audience>'
        "</saml:AudienceRestriction>"
    ))
    conditions = get("conditions", (
        f'<saml:Conditions NotBefore="{get("from_", "2026-01-15T11:55:00Z")}"'
        f' NotOnOrAfter="{get("until", "2026-01-15T12:05:00Z")}">{restriction}</saml:Conditions>'
    ))
    session_end = get("session_end")
    session_end = f' SessionNotOnOrAfter="{session_end}"' if session_end else ""
    authn = get("authn", (
        f'<saml:AuthnStatement AuthnInstant="{get("authn_at", "2026-01-15T11:59:50Z")}"'
        f' SessionIndex="_session"{session_end}>'
        "<saml:AuthnContext><saml:AuthnContextClassRef>"
        f'{get("context", PASSWORD)}'
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
    ))
    attributes = get("attributes", attribute("email", ["ada@example.com"]))
    attributes = f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else ""
    return (
        f'<saml:Assertion xmlns:saml="{A}" ID="{get("assertion_id", "_assertion")}"'
        f' Version="{get("assertion_version", "2.0")}"'
        f' IssueInstant="{get("assertion_issued", "2026-01-15T11:59:55Z")}">'
        f'<saml:Issuer>{get("assertion_issuer", IDP)}</saml:Issuer>'
        f"<saml:Subject>{name_xml}{confirmation}</saml:Subject>"
        f'{conditions}{get("advice", "")}{authn}{attributes}</saml:Assertion>'
    )


def response(inner, **o):
    get = o.get
    irt = get("response_irt", o.get("irt", REQUEST))
    irt = f' InResponseTo="{irt}"' if irt else ""
    destination = get("destination", ACS)
    destination = f' Destination="{destination}"' if destination else ""
    status = get("status", f'<samlp:StatusCode Value="{SUCCESS}"/>')
    issuer = get("issuer", IDP)
    issuer = f'<saml:Issuer xmlns:saml="{A}">{issuer}</saml:Issuer>' if issuer else ""
    return (
        f'<samlp:Response xmlns:samlp="{P}" ID="{get("response_id", "_response")}"'
        f' Version="{get("version", "2.0")}"'
        f' IssueInstant="{get("issued", "2026-01-15T11:59:58Z")}"{destination}{irt}>'
        f'{issuer}{get("extensions", "")}<samlp:Status>{status}</samlp:Status>{inner}'
        "</samlp:Response>"
    )


def sign(text, key="idp", algorithm=None, digest="sha256", c14n=EXC, of=None, info=True):
    """Signs the root of a text by signxml, the signature right after the issuer."""
    root = etree.fromstring(text)
    place = etree.SubElement(root, f"{{{DS}}}Signature", Id="placeholder", nsmap={"ds": DS})
    issuer = root.find("a:Issuer", NS)
    if issuer is not None:
        issuer.addnext(place)
    else:
        root.insert(0, place)
    secret, certificate = pem(key)
    algorithm = algorithm or ("ecdsa-sha256" if key.startswith("idp-ec") else "rsa-sha256")
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod[algorithm.upper().replace("-", "_")],
        digest_algorithm=DigestAlgorithm[digest.upper()],
        c14n_algorithm=CanonicalizationMethod(c14n),
    )
    signer.namespaces = {"ds": DS}
    signed = signer.sign(
        root, key=secret, cert=certificate if info else None,
        reference_uri="#" + (of or root.get("ID")), id_attribute="ID",
    )
    return etree.tostring(signed).decode()


def signed_assertion(key="idp", signing=None, **o):
    return response(sign(assertion(**o), key, **(signing or {})), **o)


def signed_response(key="idp", signing=None, **o):
    return sign(response(assertion(**o), **o), key, **(signing or {}))


def signed_both(key="idp", signing=None, **o):
    signing = signing or {}
    return sign(response(sign(assertion(**o), key, **signing), **o), key, **signing)


def template(of, signature="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
             digest="http://www.w3.org/2001/04/xmlenc#sha256", canonical=EXC, transforms=None,
             reference=None, info="<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>", prefixes=None):
    """An empty signature for xmlsec1 to fill."""
    inclusive = (
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"/>' if prefixes else ""
    )
    if transforms is None:
        transforms = (
            f'<ds:Transform Algorithm="{ENVELOPED}"/>'
            f'<ds:Transform Algorithm="{canonical}">{inclusive}</ds:Transform>'
        )
    reference = reference or (
        f'<ds:Reference URI="#{of}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference>'
    )
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{canonical}"/>'
        f'<ds:SignatureMethod Algorithm="{signature}"/>{reference}</ds:SignedInfo>'
        f"<ds:SignatureValue/>{info}</ds:Signature>"
    )


def after_issuer(text, addition, of="_assertion"):
    """Puts a text behind the issuer of the element with that ID."""
    at = text.index(f'ID="{of}"')
    at = text.index("</saml:Issuer>", at) + len("</saml:Issuer>")
    return text[:at] + addition + text[at:]


def xmlsec1(*arguments, stdin=None):
    return subprocess.run(["xmlsec1", *arguments], input=stdin, capture_output=True, check=True)


def sign_by_xmlsec1(text, of, node, key="idp", extra=()):
    """Fills the empty signature of a text by the program xmlsec1."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "in.xml", pathlib.Path(folder) / "out.xml"
        source.write_text(text)
        xmlsec1(
            "--sign", "--privkey-pem", f"{KEYS / key}.key,{KEYS / key}.pem",
            "--id-attr:ID", f"{A}:Assertion", "--id-attr:ID", f"{P}:Response",
            "--node-xpath", node, *extra, "--output", str(target), str(source),
        )
        text = target.read_text()
    return text.split("?>", 1)[1].strip() if text.startswith("<?xml") else text


def b64(data):
    return base64.b64encode(data).decode()
