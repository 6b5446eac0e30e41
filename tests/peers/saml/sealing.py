"""Encrypted assertions: by the library `cryptography`, and by the program xmlsec1."""

import os
import pathlib
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from messages import A, DS, KEYS, P, XENC, b64, xmlsec1

XENC11 = "http://www.w3.org/2009/xmlenc11#"
HASHES = {
    "sha1": (hashes.SHA1(), DS + "sha1"),
    "sha256": (hashes.SHA256(), XENC + "sha256"),
    "sha512": (hashes.SHA512(), XENC + "sha512"),
}
DATA = {
    "aes128-gcm": (XENC11 + "aes128-gcm", 16),
    "aes256-gcm": (XENC11 + "aes256-gcm", 32),
    "aes128-cbc": (XENC + "aes128-cbc", 16),
    "aes256-cbc": (XENC + "aes256-cbc", 32),
    "tripledes-cbc": (XENC + "tripledes-cbc", 24),
}


def public_key(name):
    return x509.load_pem_x509_certificate((KEYS / f"{name}.pem").read_bytes()).public_key()


def body(plain, method, key):
    """The octets of a cipher value."""
    if method.endswith("gcm"):
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plain, None)
    if method == "tripledes-cbc":
        return os.urandom(8 + len(plain) // 8 * 8 + 8)
    pad = 16 - len(plain) % 16
    padded = plain + os.urandom(pad - 1) + bytes([pad])
    vector = os.urandom(16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(padded) + encryptor.finalize()


def wrapped(key, to="sp", transport="rsa-oaep-mgf1p", digest="sha1", mask="sha1", params=""):
    """An EncryptedKey."""
    if transport == "rsa-1_5":
        value = public_key(to).encrypt(key, padding.PKCS1v15())
        method = f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-1_5"/>'
    else:
        algorithm, uri = HASHES[digest]
        oaep = padding.OAEP(mgf=padding.MGF1(HASHES[mask][0]), algorithm=algorithm, label=None)
        value = public_key(to).encrypt(key, oaep)
        space = XENC11 if transport == "rsa-oaep" else XENC
        mgf = (
            f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{XENC11}mgf1{mask}"/>'
            if transport == "rsa-oaep" else ""
        )
        method = (
            f'<xenc:EncryptionMethod Algorithm="{space}{transport}">{params}'
            f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{uri}"/>{mgf}</xenc:EncryptionMethod>'
        )
    return (
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="_key{os.urandom(2).hex()}">{method}'
        f"<xenc:CipherData><xenc:CipherValue>{b64(value)}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey>"
    )


def sealed(plain, method="aes256-gcm", to=("sp",), beside=False, mend=lambda octets: octets,
           keys=None, **transport):
    """An EncryptedAssertion around a text."""
    uri, size = DATA[method]
    key = os.urandom(size)
    value = b64(mend(body(plain.encode(), method, key)))
    keys = keys or "".join(wrapped(key, name, **transport) for name in to)
    within = "" if beside else keys
    info = f'<ds:KeyInfo xmlns:ds="{DS}">{within}</ds:KeyInfo>'
    if beside:
        hint = f'<ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="#{keys.split(chr(34))[3]}"/>'
        info = f'<ds:KeyInfo xmlns:ds="{DS}">{hint}</ds:KeyInfo>'
    return (
        f'<saml:EncryptedAssertion xmlns:saml="{A}"><xenc:EncryptedData xmlns:xenc="{XENC}"'
        f' Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{uri}"/>{info}'
        f"<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData>"
        f"</xenc:EncryptedData>{keys if beside else ''}</saml:EncryptedAssertion>"
    )


def sealed_by_xmlsec1(plain, method="aes256-gcm", size=256, to="sp"):
    """The same by the program xmlsec1."""
    space = XENC11 if method.endswith("gcm") else XENC
    empty = (
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" xmlns:ds="{DS}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{space}{method}"/><ds:KeyInfo><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/>'
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    )
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "plain.xml").write_text(plain)
        (folder / "empty.xml").write_text(empty)
        xmlsec1(
            "--encrypt", "--pubkey-cert-pem", str(KEYS / f"{to}.pem"),
            "--session-key", f"aes-{size}", "--xml-data", str(folder / "plain.xml"),
            "--node-name", f"{A}:Assertion", "--output", str(folder / "out.xml"),
            str(folder / "empty.xml"),
        )
        text = (folder / "out.xml").read_text().split("?>", 1)[-1].strip()
    return f'<saml:EncryptedAssertion xmlns:saml="{A}">{text}</saml:EncryptedAssertion>'


assert P
