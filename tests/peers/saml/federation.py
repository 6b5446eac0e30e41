"""Metadata as federations sign it, by signxml and the program xmlsec1: what is taken where a
certificate is pinned, and what is not."""

from messages import DS, ENVELOPED, KEYS, P, sign, sign_by_xmlsec1, template

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
IDP = "https://idp.example/metadata"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SHA1 = {"signature": f"{DS}rsa-sha1", "digest": f"{DS}sha1"}


def certificate(name):
    return "".join((KEYS / f"{name}.pem").read_text().splitlines()[1:-1])


def entity(entity_id=IDP, key="idp", of="_entity", before="", inside="", sso="https://idp.example/sso"):
    """A provider; `before` stands where a signature does."""
    of = f' ID="{of}"' if of else ""
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}"{of} entityID="{entity_id}"'
        f' validUntil="2030-01-01T00:00:00Z">{before}{inside}'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{P}"><md:KeyDescriptor use="signing">'
        f'<ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>{certificate(key)}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        f'<md:SingleSignOnService Binding="{REDIRECT}" Location="{sso}"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def several(*entities, of="_all", before=""):
    return f'<md:EntitiesDescriptor xmlns:md="{MD}" ID="{of}">{before}{"".join(entities)}</md:EntitiesDescriptor>'


def by_xmlsec1(text, key="federation"):
    """Fills the first empty signature of a document."""
    kinds = ("--id-attr:ID", f"{MD}:EntityDescriptor", "--id-attr:ID", f"{MD}:EntitiesDescriptor")
    return sign_by_xmlsec1(text, None, "(//*[local-name()='Signature'])[1]", key, kinds)


def signed(key="federation", of="_entity", **o):
    how = {name: o.pop(name) for name in ("signature", "digest", "canonical", "transforms", "info")
           if name in o}
    return by_xmlsec1(entity(before=template(of, **how), **o), key)


def add_accepted(case):
    case("signed-by-signxml", "a provider, signed by signxml", ["G32", "SI24"],
         sign(entity(), "federation"))
    case("signed-by-xmlsec1", "a provider, signed by xmlsec1", ["G32", "SI24"], signed())
    case("all-signed", "several providers, signed as a whole", ["G31", "G32"], by_xmlsec1(several(
        entity("https://other.example", of=None), entity(of=None), before=template("_all"))),
        wanted=IDP)
    case("by-a-curve", "signed by a key on a curve", ["G32"], signed(
        "idp-ec", signature="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        pinned=["idp-ec"])
    case("second-of-two", "signed by the second of two pinned certificates", ["G32", "SI20"],
         signed(), pinned=["rogue", "federation"])
    case("one-transform", "one transform, and the default canonicalization", ["G32"], signed(
        canonical=C14N, transforms=f'<ds:Transform Algorithm="{ENVELOPED}"/>'))
    case("commented", "with a comment", ["G32"], "<!-- ours -->\n" + signed(inside="<!-- here -->"))
    case("not-pinned", "signed by somebody, and nothing is pinned", ["G32"], signed("rogue"),
         pinned=[])


def add_refused(case):
    case("unsigned", "not signed", ["A54", "G32"], entity(), "not signed")
    case("by-another-key", "signed by another key", ["A54", "G32"], signed("rogue"),
         "no pinned certificate")
    case("by-the-provider", "signed by the provider's own key", ["A54"], signed("idp"),
         "no pinned certificate")
    fake = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate('federation')}" \
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    case("certificate-faked", "another key, and the pinned certificate beside it", ["A39", "A54"],
         signed("rogue", info=fake), "no pinned certificate")
    case("changed", "changed after it was signed", ["A54"],
         signed().replace("idp.example/sso", "evil.example/sso"), "no pinned certificate")
    case("another-certificate", "the provider's certificate was replaced", ["A54"],
         signed().replace(certificate("idp"), certificate("rogue")), "no pinned certificate")
    case("part-signed", "one of several providers is signed", ["A54"],
         several(signed(), entity("https://evil.example", of="_evil")), "elsewhere")
    case("signed-within", "the signed document within another", ["A1", "A54"], entity(
        "https://evil.example", "rogue", "_evil",
        inside=f"<md:Extensions>{signed()}</md:Extensions>"), "elsewhere")
    case("signature-moved", "a forged root before the signed one, with its signature", ["A4", "A54"],
         moved(), "refers to something else")
    case("same-id", "a forged root with the id of the signed one", ["A11", "A54"], moved("_entity"),
         "an id stands twice")
    case("two-signatures", "signed twice", ["A54"],
         entity(before=template("_entity") + template("_entity")), "more than once")
    case("signature-last", "the signature is not at the beginning", ["A54"],
         signed().replace("<ds:Signature", "<md:Extensions/><ds:Signature", 1),
         "elsewhere")
    case("sha1", "SHA-1", ["A41", "A54"], signed(**SHA1), "algorithm")
    case("xpath", "a transform that runs", ["A43", "A54"], entity(before=template(
        "_entity", transforms=f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform '
        'Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath>'
        "</ds:Transform>")), "transforms")
    case("void", "no reference", ["A42", "A54"], entity(before=template("_entity").replace(
        "<ds:Reference", "<ds:Ref").replace("</ds:Reference", "</ds:Ref")), "shape")
    case("whole-document", "it refers to the whole document", ["A42", "A54"],
         entity(before=template("_entity").replace('URI="#_entity"', 'URI=""')),
         "refers to something else")
    case("abroad", "it refers to an address", ["A42", "A54"], entity(before=template(
        "_entity").replace('URI="#_entity"', 'URI="http://127.0.0.1:1/x"')),
        "refers to something else")
    case("keys-abroad", "keys that are fetched", ["A44", "A54"], entity(before=template(
        "_entity", info='<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/x"/></ds:KeyInfo>')),
        "shape")
    case("no-id", "the root has no id", ["A54"], entity(of=None, before=template("_entity")), "no ID")
    case("xml-id", "xml:id", ["A12", "A54"], signed().replace(
        "<md:IDPSSODescriptor", '<md:IDPSSODescriptor xml:id="x"'), "namespace")
    case("doctype", "a document type", ["A46", "A54"], "<!DOCTYPE x>" + signed(), "doctype")
    case("only-weak", "a pinned certificate that cannot be used", ["A54", "G9"], signed(),
         "no pinned certificate", pinned=["idp-weak"])


def moved(of="_evil"):
    """The signed document hides in the extensions of a forged one that has its signature."""
    whole = signed()
    begin, end = whole.index("<ds:Signature"), whole.index("</ds:Signature>") + len("</ds:Signature>")
    signature, rest = whole[begin:end], whole[:begin] + whole[end:]
    return entity("https://evil.example", "rogue", of, before=signature,
                  inside=f"<md:Extensions>{rest}</md:Extensions>")
