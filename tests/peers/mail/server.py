"""A mail server for tests: TLS, sign-in, and recipients that make trouble.

    server.py FOLDER CERT KEY MODE

MODE is `starttls` or `tls`. Prints its port, then writes each mail that it takes into FOLDER. What
comes to `gone@...` is refused for good, to `busy@...` for now (twice), to `slow@...` taken late.
"""

import asyncio
import pathlib
import socket
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, SMTP

FOLDER, CERT, KEY, MODE = sys.argv[1:5]
USER, PASSWORD = b"portico", b"let+me in"
SLOW_S = 2


class Taking:
    """Takes mail, or does not."""

    def __init__(self):
        self.busy = 0
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if not session.authenticated:
            return "530 5.7.0 sign in first"
        if address.startswith("gone@"):
            return f"550 5.1.1 <{address}>: no such user"
        if address.startswith("busy@") and self.busy < 2:
            self.busy += 1
            return "451 4.3.2 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("slow@"):
            await asyncio.sleep(SLOW_S)
        self.count += 1
        name = pathlib.Path(FOLDER) / f"{time.time_ns():020}-{self.count}.eml"
        part = name.with_suffix(".part")
        part.write_bytes(envelope.content)
        part.rename(name)
        return "250 OK"


def signed_in(server, session, envelope, mechanism, auth):
    """Lets in whoever knows the password."""
    good = auth.login == USER and auth.password == PASSWORD
    return AuthResult(success=good)


class Server(Controller):
    """The server with TLS asked for, or from the start."""

    def factory(self):
        return SMTP(
            self.handler,
            hostname="mail.test",
            tls_context=CONTEXT if MODE == "starttls" else None,
            require_starttls=MODE == "starttls",
            authenticator=signed_in,
            auth_required=True,
            auth_require_tls=MODE == "starttls",
        )


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(CERT, KEY)

if __name__ == "__main__":
    implicit = CONTEXT if MODE == "tls" else None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(Taking(), hostname="127.0.0.1", port=port, ssl_context=implicit)
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop()
