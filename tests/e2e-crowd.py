#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thousand clients that ask the same thing at the same moment."""

import resource

from e2e.harness import Case, main, scaled


class Crowd(Case):
    N = 1000

    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.N + 300
        if hard < wanted:
            self.skipTest("only %d files may be open" % hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        bench = self.new_bench()
        self.emulator = bench.emulator()
        daemon = bench.daemon(
            self.emulator,
            "server.max_clients=%d" % (self.N + 10),
            "server.max_clients_per_uid=%d" % (self.N + 10),
            "server.default_timeout=60s",
            "upstream.request_timeout=60s",
            "cache.ttl=5min",
        )
        self.emulator.join("hall", *("u%d" % n for n in range(10)))
        # So long that every one of them has asked before the answer is there.
        self.emulator.fault("latency", latency=scaled(1))
        self.crowd = [bench.client(daemon) for _ in range(self.N)]

    def ask_all(self, **params):
        for client in self.crowd:
            client.ask("here_now", channels="hall", **params)
        return [client.result() for client in self.crowd]

    def test_1000_clients_asking_one_cold_channel_cost_one_request(self):
        results = self.ask_all()
        self.assertEqual(len(results), self.N)
        self.assertEqual(self.emulator.counters()["total"], 1)
        first = results[0]["channels"]
        self.assertEqual(first["hall"]["occupancy"], 10)
        for result in results:
            self.assertEqual(result["channels"], first)
        caches = [result["cache"] for result in results]
        self.assertTrue(all(cache["fwd"] == "miss" for cache in caches))
        collapsed = [cache for cache in caches if cache.get("collapsed")]
        self.assertEqual(len(collapsed), self.N - 1)

    def test_1000_clients_that_want_it_new_cost_two_at_most(self):
        # Those who asked after the first was sent share the second.
        self.ask_all(max_age=0)
        self.assertLessEqual(self.emulator.counters()["total"], 2)


if __name__ == "__main__":
    main()
