#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A reload changes what it says it changes, while clients are connected: limits,
connections to the origin, whom TLS trusts."""

import os
import resource
import shutil
import socket
import threading

from e2e.harness import Case, eventually, main


class Gate:
    """An origin that answers nobody before it is told to, and knows how many
    connections it has."""

    BODY = b'{"status":200,"message":"OK","payload":{"channels":[]},"service":"Presence"}'

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.origin = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.gate = threading.Event()
        self.threads = []
        self.waiting = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, peer.makefile("rb") as lines:
            for line in lines:
                if line != b"\r\n":
                    continue
                with self.lock:
                    self.waiting += 1
                self.gate.wait()
                with self.lock:
                    self.waiting -= 1
                try:
                    peer.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\n"
                        b"Content-Length: %d\r\n\r\n%s" % (len(self.BODY), self.BODY)
                    )
                except OSError:
                    return

    def close(self):
        self.gate.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Bench(Case):
    def start(self, text, origin=None, *options):
        self.bench = self.new_bench()
        self.write(text)
        self.daemon = self.bench.daemon(
            origin or self.bench.emulator(),
            *options,
            before=["sh", "-c", 'exec "$0" "$@" -c "$CONF"'],
            env={**os.environ, "CONF": self.bench.path("conf")},
        )

    def write(self, text):
        with open(self.bench.path("conf"), "w", encoding="utf-8") as file:
            file.write(text)

    def reload(self, client, text, changed, needs_restart=()):
        self.write(text)
        told = client.call("reload")
        self.assertEqual(told["changed"], list(changed))
        self.assertEqual(told["needs_restart"], list(needs_restart))


class Limits(Bench):
    def is_let_in(self):
        """Whether one more client is."""
        client = self.bench.client(self.daemon)
        try:
            client.ask("ping")
            return client.reply().get("result") == {}
        except (BrokenPipeError, ConnectionResetError):
            return False

    def test_max_clients_up_and_down(self):
        self.start("[server]\nmax_clients = 3\n")
        admin = self.bench.client(self.daemon)
        admin.call("ping")
        # Whoever looked whether the daemon is ready is on its way out.
        eventually("to be alone", lambda: admin.call("status")["clients"] == 1)
        self.assertTrue(self.is_let_in())
        self.assertTrue(self.is_let_in())
        self.assertFalse(self.is_let_in())
        self.reload(admin, "[server]\nmax_clients = 5\n", ["server.max_clients"])
        self.assertTrue(self.is_let_in())
        self.assertTrue(self.is_let_in())
        self.assertFalse(self.is_let_in())
        # Fewer: nobody who is in is sent away, and nobody else comes in.
        self.reload(admin, "[server]\nmax_clients = 1\n", ["server.max_clients"])
        self.assertEqual(admin.call("status")["clients"], 5)
        self.assertFalse(self.is_let_in())
        self.assertEqual(admin.call("stats")["counters"]["clients_refused"], 3)

    def test_more_clients_have_more_descriptors(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < 4000:
            self.skipTest("the hard limit is too low to raise anything")
        self.start("[server]\nmax_clients = 10\n")
        admin = self.bench.client(self.daemon)
        self.reload(admin, "[server]\nmax_clients = 3000\n", ["server.max_clients"])
        soft, _ = resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE)
        self.assertGreaterEqual(soft, 3000 + 256)

    def test_max_clients_per_uid(self):
        self.start("[server]\nmax_clients_per_uid = 100\n")
        admin = self.bench.client(self.daemon)
        admin.call("ping")
        self.reload(
            admin,
            "[server]\nmax_clients_per_uid = 1\n",
            ["server.max_clients_per_uid"],
        )
        self.assertFalse(self.is_let_in())
        self.reload(admin, "", ["server.max_clients_per_uid"])
        self.assertTrue(self.is_let_in())

    def check_in_flight(self, client, gate, n):
        """So many requests are with the origin, while more would go."""
        eventually("%d requests" % n, lambda: gate.waiting >= n)
        for _ in range(20):
            self.assertEqual(gate.waiting, n)
            self.assertEqual(
                client.call("stats")["counters"]["upstream_in_flight"], n
            )

    def test_max_connections_up_and_down(self):
        gate = Gate()
        self.addCleanup(gate.close)
        times = "upstream.connect_timeout=60s", "upstream.request_timeout=60s"
        self.start("[upstream]\nmax_connections = 1\n", gate.origin, *times)
        admin = self.bench.client(self.daemon)
        client = self.bench.client(self.daemon)
        # Questions that never travel together.
        for n in range(9):
            client.ask("where_now", uuid="u%d" % n, timeout=60)
        self.check_in_flight(admin, gate, 1)
        self.reload(
            admin, "[upstream]\nmax_connections = 3\n", ["upstream.max_connections"]
        )
        # It holds from the next request on, at the latest.
        client.ask("where_now", uuid="one more", timeout=60)
        self.check_in_flight(admin, gate, 3)
        self.reload(
            admin, "[upstream]\nmax_connections = 1\n", ["upstream.max_connections"]
        )
        gate.gate.set()
        for _ in range(10):
            self.assertIn("result", client.reply())
        gate.gate.clear()
        for n in range(9):
            client.ask("where_now", uuid="v%d" % n, timeout=60)
        self.check_in_flight(admin, gate, 1)
        gate.gate.set()
        for _ in range(9):
            self.assertIn("result", client.reply())


class Trust(Bench):
    """ca_file: another name, and another authority under the same name."""

    def setUp(self):
        bench = self.new_bench()
        self.ours = bench.path("ours.pem")
        self.other = bench.path("other.pem")
        emulator = bench.emulator("--ca-file", self.ours, "--tls", "127.0.0.1:0,good")
        bench.emulator("--ca-file", self.other, "--tls", "127.0.0.1:0,good")
        self.origin = emulator.origins[0]

    def begin(self, authority):
        self.start(
            "[upstream]\nca_file = %s\n" % authority,
            self.origin,
            "cache.hold_off=0s",
        )
        return self.bench.client(self.daemon)

    def check(self, client, is_trusted):
        if is_trusted:
            client.here_now("lobby", max_age=0)
            return
        refused = client.refusal("here_now", channels="lobby", max_age=0)
        self.assertEqual(refused.data["category"], "PNTLSUntrustedCertificateCategory")

    def test_another_file_is_used_at_once_both_ways(self):
        client = self.begin(self.other)
        self.check(client, False)
        self.reload(
            client,
            "[upstream]\nca_file = %s\n" % self.ours,
            ["upstream.ca_file"],
        )
        self.check(client, True)
        # The connection that was made so is not used by who trusts others.
        self.reload(
            client,
            "[upstream]\nca_file = %s\n" % self.other,
            ["upstream.ca_file"],
        )
        self.check(client, False)

    def test_another_authority_under_the_same_name_is_read(self):
        path = os.path.join(os.path.dirname(self.ours), "ca.pem")
        shutil.copy(self.other, path)
        client = self.begin(path)
        self.check(client, False)
        shutil.copy(self.ours, path)
        client.call("reload")
        self.check(client, True)


if __name__ == "__main__":
    main()
