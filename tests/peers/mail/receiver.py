"""A receiver of webhooks for tests, that verifies by the library of Standard Webhooks.

    receiver.py FOLDER [PORT]

Prints its port. Lines on stdin command it: `secret S`, `now T` (what its clock says, in seconds
of Unix: the gateway's clock stands still in tests), `fail N` (the next N are answered 500), `stall N`
(the next N are answered after a while), `hold S` (all about the subject S are answered after a
while), `delay N` (every answer takes N milliseconds), `redirect URL` (all are sent there), `down`
(all are answered 500) and `up`, `gone`. Each message that verifies is written to
FOLDER as `<number> <id> <type> <subject>`; each that does not, as `bad`.
"""

import datetime
import http.server
import json
import pathlib
import sys
import threading
import time

import standardwebhooks.webhooks
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

FOLDER = pathlib.Path(sys.argv[1])
STALL_S = 3
LOCK = threading.Lock()
STATE = {"secret": None, "fail": 0, "stall": 0, "gone": False, "count": 0, "now": None,
         "hold": None, "delay": 0, "redirect": None, "down": False}


class Clock(datetime.datetime):
    """What the library reads the time from: a message that is five minutes old does not verify."""

    @classmethod
    def now(cls, tz=None):
        told = STATE["now"]
        return super().now(tz) if told is None else cls.fromtimestamp(told, tz)


standardwebhooks.webhooks.datetime = Clock


def note(line):
    with LOCK:
        STATE["count"] += 1
        with open(FOLDER / "log", "a", encoding="utf-8") as log:
            log.write(f"{STATE['count']} {line}\n")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes messages."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with LOCK:
            fails, stalls = STATE["fail"] > 0, STATE["stall"] > 0
            STATE["fail"] -= fails
            STATE["stall"] -= stalls and not fails
        if STATE["gone"]:
            return self.answer(410)
        if STATE["redirect"]:
            note("redirected")
            return self.answer(302, STATE["redirect"])
        if fails or STATE["down"]:
            return self.answer(500)
        if STATE["delay"]:
            time.sleep(STATE["delay"] / 1000)
        if stalls:
            time.sleep(STALL_S)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            told = Webhook(STATE["secret"]).verify(body, headers)
        except WebhookVerificationError:
            note("bad")
            return self.answer(400)
        subject = f"{told['subject']['kind']}:{told['subject']['id']}"
        if subject == STATE["hold"]:
            time.sleep(STALL_S)
        assert json.loads(body)["id"] == headers["webhook-id"]
        note(f"{headers['webhook-id']} {told['type']} {subject}")
        return self.answer(204)

    def answer(self, status, location=None):
        self.send_response(status)
        if location:
            self.send_header("location", location)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer.request_queue_size = 128
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        with LOCK:
            if word in ("secret", "hold", "redirect"):
                STATE[word] = rest
            elif word in ("fail", "stall", "now", "delay"):
                STATE[word] = int(rest)
            elif word in ("down", "up"):
                STATE["down"] = word == "down"
            elif word == "gone":
                STATE["gone"] = True
