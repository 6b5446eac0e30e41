"""Writes the corpus of SAML messages anew: `python generate.py`, with `requirements.txt` installed
and the program xmlsec1 on the PATH. Keys are made when they are missing; what stands in the folders
`accepted`, `refused`, `logout` and `metadata` is replaced. `python generate.py logout metadata` writes
only those two."""

import datetime
import json
import shutil
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

import accepted
import federation
import logouts
import refused
from messages import KEYS, ROOT

AT = datetime.datetime(2026, 1, 1)
NAMES = {
    "idp": ("rsa", 2048, 3650), "idp-ec": ("ec", ec.SECP256R1(), 3650),
    "idp-ec384": ("ec", ec.SECP384R1(), 3650), "idp-old": ("rsa", 2048, -30),
    "idp-weak": ("rsa", 1024, 3650), "rogue": ("rsa", 2048, 3650),
    "federation": ("rsa", 2048, 3650), "sp": ("rsa", 2048, 3650), "sp-old": ("rsa", 2048, 3650),
}


def make(name, kind, size, days):
    key = rsa.generate_private_key(65537, size) if kind == "rsa" else ec.generate_private_key(size)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test {name}")])
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(AT - datetime.timedelta(days=60))
        .not_valid_after(AT + datetime.timedelta(days=days)).sign(key, hashes.SHA256())
    )
    KEYS.mkdir(parents=True, exist_ok=True)
    (KEYS / f"{name}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (KEYS / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def write(kind, folder, title, shows, message, **differs):
    folder_path = ROOT / kind / folder
    folder_path.mkdir(parents=True)
    if kind == "refused":
        differs.setdefault("fault", folder.split("/")[0])
        folder = differs["fault"] + "/" + folder.split("/")[1]
        folder_path.rmdir()
        if folder_path.parent.exists() and not any(folder_path.parent.iterdir()):
            folder_path.parent.rmdir()
        folder_path = ROOT / kind / folder
        folder_path.mkdir(parents=True)
    put(folder_path, "response.xml", title, shows, message, differs)


def write_beside(kind, outcome, name, title, shows, message, fault=None, **differs):
    """A logout or metadata: what it is refused for stands in the case, not in its folder."""
    folder_path = ROOT / kind / outcome / name
    folder_path.mkdir(parents=True)
    if fault:
        differs["fault"] = fault
    put(folder_path, f"{kind}.xml", title, shows, message, differs)


def put(folder_path, file, title, shows, message, differs):
    octets = message if isinstance(message, bytes) else message.encode()
    (folder_path / file).write_bytes(octets)
    lines = [f"title = {json.dumps(title)}", f"shows = {json.dumps(shows)}"]
    tables = {key: value for key, value in differs.items() if isinstance(value, dict)}
    for key, value in differs.items():
        if key not in tables:
            lines.append(f"{key} = {json.dumps(value)}")
    for key, value in tables.items():
        lines += ["", f"[{key}]"] + [f"{name} = {json.dumps(said)}" for name, said in value.items()]
    (folder_path / "case.toml").write_text("\n".join(lines) + "\n")


def main():
    for name, how in NAMES.items():
        if not (KEYS / f"{name}.key").exists():
            make(name, *how)
    wanted = sys.argv[1:] or ["accepted", "refused", "logout", "metadata"]
    for kind, cases in (("logout", logouts), ("metadata", federation)):
        if kind in wanted:
            shutil.rmtree(ROOT / kind, ignore_errors=True)
            for outcome in ("accepted", "refused"):
                getattr(cases, f"add_{outcome}")(
                    lambda *case, _at=(kind, outcome), **differs: write_beside(*_at, *case, **differs))
    for kind, cases in (("accepted", accepted), ("refused", refused)):
        if kind not in wanted:
            continue
        shutil.rmtree(ROOT / kind, ignore_errors=True)
        cases.add(lambda *case, _kind=kind, **differs: write(_kind, *case, **differs))
    print(sum(1 for _ in ROOT.rglob("case.toml")), "cases")


if __name__ == "__main__":
    main()
