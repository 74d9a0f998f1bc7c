# SPDX-License-Identifier: MIT
"""What the cases stand on: the installed service in a machine that has booted,
an origin in that machine's network, and clients of its sockets."""

import http.server
import json
import os
import shutil
import threading
import unittest

from e2e.harness import Client, Refused
from systemd.machine import eventually

SERVICE = "presenced.service"
SOCKET = "presenced.socket"
SOCKET_PATH = "/run/presenced/presenced.sock"
CONFIG = "/etc/presenced/presenced.conf.d/check.conf"
DROPINS = "/etc/systemd/system/presenced.service.d"
CREDENTIALS = "/etc/credstore"
STUCK = "/usr/local/lib/presenced-stuck.so"
BODY = {"status": 200, "message": "OK", "service": "Presence"}


class Origin(http.server.ThreadingHTTPServer):
    """Answers in the machine, from here: everybody is in every channel. Channels
    called slow are answered after let_go()."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, machine):
        self.targets = []
        self.uuids = ["ana"]
        self.is_down = False
        self.asked_slow = threading.Event()
        self.gate = threading.Event()
        opened = threading.Thread(target=self.open, args=(machine,))
        opened.start()
        opened.join()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def open(self, machine):
        # A thread of its own, for it stays in that network.
        machine.enter_network()
        super().__init__(("127.0.0.1", 0), Handler)

    def reset(self):
        self.targets = []
        self.uuids = ["ana"]
        self.is_down = False
        self.gate.set()
        self.asked_slow = threading.Event()
        self.gate = threading.Event()

    def handle_error(self, request, client_address):
        pass  # a daemon that ended while it was being answered


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        origin = self.server
        origin.targets.append(self.path)
        if "/slow" in self.path:
            gate = origin.gate
            origin.asked_slow.set()
            gate.wait(60)
        status = 503 if origin.is_down else 200
        uuids = origin.uuids
        body = json.dumps({**BODY, "occupancy": len(uuids), "uuids": uuids}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class ServiceCase(unittest.TestCase):
    """Each case begins with the service stopped and configured anew, and the
    socket open."""

    machine = None  # both are set once, by whoever runs the cases
    origin = None

    def setUp(self):
        self.systemctl("stop", SERVICE, SOCKET)
        self.origin.reset()
        for directory in (DROPINS, os.path.dirname(CONFIG), CREDENTIALS):
            shutil.rmtree(self.machine.path(directory), ignore_errors=True)
        # An answer saved by the last case would be one less asked of the origin.
        self.machine.run("sh", "-c", "rm -f /var/lib/private/presenced*/cache")
        self.configure()
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed")
        self.cursor = self.journal_cursor()
        self.systemctl("start", SOCKET)

    # ---- the machine ----

    def systemctl(self, *words, **options):
        return self.machine.run("systemctl", *words, **options)

    def show(self, name, unit=SERVICE):
        return self.machine.said("systemctl", "show", "-P", name, unit).strip()

    def is_active(self, unit=SERVICE):
        return self.show("ActiveState", unit) == "active"

    def main_pid(self):
        """Of the daemon, as processes are numbered in the machine; 0 for none."""
        return int(self.show("MainPID"))

    def configure(self, text="", path=CONFIG):
        port = self.origin.server_port
        head = "[upstream]\norigin = http://127.0.0.1:%d\n" % port
        self.machine.put(path, head + text)

    def is_answered_by_another(self, pid, channel="lobby"):
        """Waits until a daemon that is not pid answers."""
        eventually("another daemon", lambda: self.main_pid() not in (0, pid))
        self.assertEqual(self.here_now(channel)["total_occupancy"], 1)

    def drop_in(self, text):
        self.machine.put(os.path.join(DROPINS, "check.conf"), "[Service]\n" + text)
        self.systemctl("daemon-reload")

    def journal_cursor(self):
        lines = self.machine.said("journalctl", "-n1", "-o", "json").splitlines()
        return json.loads(lines[-1])["__CURSOR"]

    def journal(self, unit=SERVICE):
        """What the unit has said since the case began, an object an entry."""
        self.machine.run("journalctl", "--sync")
        said = self.machine.said(
            *("journalctl", "-o", "json", "--all", "--after-cursor", self.cursor),
            *("_SYSTEMD_UNIT=" + unit, "+", "UNIT=" + unit),
        )
        return [json.loads(line) for line in said.splitlines() if line[:1] == "{"]

    def messages(self, unit=SERVICE):
        return [str(entry.get("MESSAGE")) for entry in self.journal(unit)]

    def eventually_said(self, text):
        eventually(
            "the journal to say " + text,
            lambda: any(text in message for message in self.messages()),
        )

    # ---- its clients ----

    def connect(self, path=SOCKET_PATH):
        client = Client(self.machine.path(path))
        client.socket.settimeout(120)
        self.addCleanup(client.close)
        return client

    def here_now(self, channel, path=SOCKET_PATH, **params):
        client = self.connect(path)
        try:
            return client.here_now(channel, **params)
        finally:
            client.close()


class Crowd:
    """Clients that ask again and again, each as fast as it can."""

    def __init__(self, path, n):
        self.path = path
        self.answered = [0] * n
        self.sent_away = 0  # by a daemon that was ending
        self.failures = []  # connections refused, and worse
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(i,)) for i in range(n)]
        for thread in self.threads:
            thread.start()

    def ask(self, i):
        raise NotImplementedError

    def wait_until_each_was_answered(self):
        """Once more than until now."""
        before = list(self.answered)
        eventually(
            "an answer for each client",
            lambda: self.failures
            or all(now > then for now, then in zip(self.answered, before)),
        )

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


class Comers(Crowd):
    """Each connects, asks, closes, and comes again."""

    def ask(self, i):
        while not self.is_over.is_set():
            try:
                client = Client(self.path)
            except OSError as error:
                self.failures.append("connect: %r" % error)
                return
            with client:
                client.socket.settimeout(120)
                try:
                    client.here_now("lobby")
                    self.answered[i] += 1
                except Refused as refused:
                    if refused.kind != "shutting_down":
                        self.failures.append("answer: %r" % refused.error)
                        return
                    self.sent_away += 1
                except (AssertionError, ConnectionError):
                    self.sent_away += 1  # closed before it was read


class Stayers(Crowd):
    """Each connects once and means to stay."""

    def ask(self, i):
        try:
            with Client(self.path) as client:
                client.socket.settimeout(120)
                while not self.is_over.is_set():
                    client.here_now("lobby")
                    self.answered[i] += 1
        except (AssertionError, OSError, Refused) as error:
            self.failures.append(repr(error))
