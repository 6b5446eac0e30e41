"""Canaille as an OpenID provider on loopback, for tests: one person with a password, one client.

    python provider.py REDIRECT_URI POST_LOGOUT_REDIRECT_URI

It takes a free port and prints `listening <issuer>` on stdout once it answers. Everything is kept
in memory, and it ends when its standard input does. The client's id and secret and the person's
password stand below: they are known to everybody and are for tests alone."""

import datetime
import logging
import os
import socket
import sys
import threading

from werkzeug.serving import make_server

CLIENT_ID = "portico"
CLIENT_SECRET = "for-tests-only-and-known-to-everybody"
PASSWORD = "correct horse battery staple"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def made(port):
    from canaille import create_app

    return create_app({
        "SECRET_KEY": "for-tests-only-and-known-to-everybody",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE_DATABASE": "memory",
        "CANAILLE": {"JAVASCRIPT": False, "LOGGING": {"version": 1}},
        "CANAILLE_OIDC": {},
        "TESTING": False,
    })


def fill(app, redirect_uri, back):
    from canaille.app import models

    now = datetime.datetime.now(datetime.timezone.utc)
    with app.app_context(), app.backend.session():
        ada = models.User(
            formatted_name="Ada Lovelace", given_name="Ada", family_name="Lovelace",
            user_name="ada-1815", emails=["ada@example.com"], password=PASSWORD)
        app.backend.save(ada)
        client = models.Client(
            client_id=CLIENT_ID, client_secret=CLIENT_SECRET, client_name="Portico",
            client_id_issued_at=now, contacts=[], grant_types=["authorization_code"],
            response_types=["code"], redirect_uris=[redirect_uri],
            post_logout_redirect_uris=[back], scope=["openid", "profile", "email"],
            client_uri=redirect_uri, token_endpoint_auth_method="client_secret_basic")
        app.backend.save(client)
        # An audience is a client that is kept already.
        client.audience = [client]
        app.backend.save(client)


def main():
    logging.disable(logging.CRITICAL)
    port = free_port()
    app = made(port)
    fill(app, *sys.argv[1:3])
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening http://127.0.0.1:{port}", flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
