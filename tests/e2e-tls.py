#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTPS to the origin: only to whom the certificate says, and the error that
tells a certificate from a connection."""

import socket
import threading

from e2e.harness import Case, main, uuids_of

KINDS = ("good", "expired", "wrong-host", "untrusted")


class Gruff:
    """Answers whoever speaks TLS as a server of plain HTTP does."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class Tls(Case):
    def setUp(self):
        self.bench = self.new_bench()
        self.authority = self.bench.path("ca.pem")
        words = ["--ca-file", self.authority, "--listen", "127.0.0.1:0"]
        for kind in KINDS:
            words += ["--tls", "127.0.0.1:0," + kind]
        self.emulator = self.bench.emulator(*words)
        self.origins = dict(zip(("plain", *KINDS), self.emulator.origins))
        self.emulator.join("lobby", "ana")

    def client(self, origin, *options):
        self.daemon = self.bench.daemon(
            origin, "upstream.ca_file=" + self.authority, *options
        )
        return self.bench.client(self.daemon)

    def test_a_good_certificate_is_taken(self):
        client = self.client(self.origins["good"])
        result = client.here_now("lobby")
        self.assertEqual(uuids_of(result["channels"]["lobby"]), ["ana"])
        client.call("set_state", channels="lobby", uuid="ana", state={"a": 1})

    def test_a_good_certificate_for_a_name_is_taken(self):
        port = self.origins["good"].rsplit(":", 1)[1]
        client = self.client("https://localhost:" + port)
        self.assertEqual(client.here_now("lobby")["total_occupancy"], 1)

    def check_untrusted(self, kind):
        client = self.client(self.origins[kind])
        for _ in range(2):
            self.assertRefused(
                client.refusal("here_now", channels="lobby"),
                -32023,
                "upstream_unreachable",
                "PNTLSUntrustedCertificateCategory",
                False,
            )
        refused = client.refusal(
            "set_state", channels="lobby", uuid="ana", state={"a": 1}
        )
        self.assertEqual(refused.data["category"], "PNTLSUntrustedCertificateCategory")
        self.assertIs(refused.data["retryable"], False)
        self.assertEqual(self.emulator.counters()["total"], 0)

    def test_an_expired_certificate_is_refused(self):
        self.check_untrusted("expired")

    def test_a_certificate_for_another_host_is_refused(self):
        self.check_untrusted("wrong-host")

    def test_a_certificate_of_nobody_knows_whom_is_refused(self):
        self.check_untrusted("untrusted")

    def test_without_its_authority_a_good_certificate_is_refused(self):
        client = self.bench.client(self.bench.daemon(self.origins["good"]))
        self.assertRefused(
            client.refusal("here_now", channels="lobby"),
            -32023,
            "upstream_unreachable",
            "PNTLSUntrustedCertificateCategory",
            False,
        )

    def test_who_does_not_speak_tls_is_a_failed_connection(self):
        with Gruff() as gruff:
            client = self.client("https://127.0.0.1:%d" % gruff.port)
            self.assertRefused(
                client.refusal("here_now", channels="lobby"),
                -32023,
                "upstream_unreachable",
                "PNTLSConnectionFailedCategory",
                True,
            )

    def test_one_connection_is_used_again(self):
        client = self.client(self.origins["good"])
        for n in range(20):
            client.here_now("lobby", max_age=0)
        self.assertEqual(self.emulator.counters()["total"], 20)


if __name__ == "__main__":
    main()
