#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The saved cache: what survives a restart, a kill at any moment, a full disk and
a damaged file, and how old it says that it is.

    E2E_KILLS=200 tests/e2e-snapshot.py KilledAtAnyMoment    as "make deep" does
"""

import os
import random
import shutil
import subprocess
import threading
import time

from e2e.harness import Case, Refused, eventually, main

KILLS = int(os.environ.get("E2E_KILLS", "10"))
N_PEOPLE = 300
# Long enough that nothing here is too old, however slow the machine is.
LASTING = ("cache.stale_if_error=300s",)


def clock():
    """That by which the daemon tells an age."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SavedCase(Case):
    def setUp(self):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator()
        self.state = self.bench.path("state")
        os.mkdir(self.state, 0o700)
        self.file = os.path.join(self.state, "cache")

    def start(self, *options, origin=None):
        return self.bench.daemon(
            origin or self.emulator,
            *LASTING,
            *options,
            env={**os.environ, "STATE_DIRECTORY": self.state},
        )

    def counters(self, daemon):
        with daemon.client() as client:
            return client.call("stats")["counters"]

    def here_now(self, daemon, channel, **params):
        with daemon.client() as client:
            return client.here_now(channel, **params)

    def uuids(self, result, channel):
        occupants = result["channels"][channel]["occupants"]
        return [one["uuid"] for one in occupants]

    def stop(self, daemon):
        daemon.end()
        return daemon


class Restarted(SavedCase):
    def test_what_was_held_is_told_with_its_true_age(self):
        self.emulator.join("lobby", "ana", "bo")
        daemon = self.start()
        before = clock()
        self.here_now(daemon, "lobby")
        after = clock()
        self.stop(daemon)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        # Nobody answers any more, so that what is told is what was saved.
        self.emulator.end()
        daemon = self.start()
        self.assertEqual(self.counters(daemon)["snapshot_entries"], 1)
        asked = clock()
        result = self.here_now(daemon, "lobby", timeout=0)
        told = clock()
        self.assertEqual(self.uuids(result, "lobby"), ["ana", "bo"])
        # An age is told in milliseconds, rounded down.
        self.assertGreaterEqual(result["cache"]["age"], asked - after - 0.001)
        self.assertLessEqual(result["cache"]["age"], told - before)

    def test_with_the_origin_down_what_was_saved_is_served_as_stale(self):
        self.emulator.join("lobby", "ana")
        daemon = self.start("cache.ttl=100ms", "cache.stale_while_revalidate=0s")
        self.here_now(daemon, "lobby")
        self.stop(daemon)
        self.emulator.end()
        time.sleep(0.2)
        daemon = self.start("cache.ttl=100ms", "cache.stale_while_revalidate=0s")
        result = self.here_now(daemon, "lobby")
        self.assertEqual(self.uuids(result, "lobby"), ["ana"])
        cache = result["cache"]
        self.assertTrue(cache["stale"], cache)
        self.assertGreaterEqual(cache["age"], 0.2)
        self.assertLess(cache["ttl"], 0)
        self.assertEqual(cache["detail"], "upstream_unreachable")
        # What was not saved is not there, and that is no "nobody".
        with daemon.client() as client:
            refused = client.refusal("here_now", channels="hall")
        self.assertEqual(refused.kind, "upstream_unreachable")

    def test_what_was_asked_for_is_asked_for_anew_by_itself(self):
        self.emulator.join("lobby", "ana")
        daemon = self.start()
        self.here_now(daemon, "lobby")
        self.stop(daemon)
        self.emulator.join("lobby", "bo")
        daemon = self.start("cache.refresh_at=10%")

        def is_new():
            result = self.here_now(daemon, "lobby", timeout=0)
            return self.uuids(result, "lobby") == ["ana", "bo"]

        eventually("the new answer", is_new)

    def test_nothing_is_loaded_that_is_too_old(self):
        self.emulator.join("lobby", "ana")
        daemon = self.start()
        self.here_now(daemon, "lobby")
        self.stop(daemon)
        time.sleep(1.1)
        daemon = self.start("cache.stale_if_error=1s")
        self.assertEqual(self.counters(daemon)["snapshot_entries"], 0)

    def test_off_means_neither_saved_nor_loaded(self):
        daemon = self.start("cache.snapshot=off")
        self.here_now(daemon, "lobby")
        self.stop(daemon)
        self.assertEqual(os.listdir(self.state), [])
        daemon = self.start()
        self.here_now(daemon, "lobby")
        self.stop(daemon)
        daemon = self.start("cache.snapshot=off")
        self.assertEqual(self.counters(daemon)["snapshot_entries"], 0)

    def test_an_idle_daemon_does_not_write_again_and_again(self):
        daemon = self.start(
            "cache.snapshot_interval=100ms",
            "cache.stale_if_error=1s",
            "cache.stale_while_revalidate=0s",
            "cache.ttl=100ms",
            "cache.idle_after=1s",
        )
        self.here_now(daemon, "lobby")
        eventually("a first file", lambda: os.path.exists(self.file))

        def is_quiet():
            before = self.counters(daemon)["snapshots"]
            time.sleep(0.5)
            return self.counters(daemon)["snapshots"] == before

        eventually("no more of them", is_quiet)


class Refusals(SavedCase):
    def setUp(self):
        super().setUp()
        self.emulator.join("lobby", "ana")
        daemon = self.start()
        self.here_now(daemon, "lobby")
        self.stop(daemon)

    def is_refused(self, reason, *options):
        """It starts without, says so in one line, and serves."""
        daemon = self.start(*options)
        self.assertEqual(self.counters(daemon)["snapshots_refused"], 1)
        self.assertEqual(self.counters(daemon)["snapshot_entries"], 0)
        said = [line for line in daemon.said().splitlines() if b"saved cache" in line]
        self.assertEqual(len(said), 1, said)
        self.assertIn(b"level=warning", said[0])
        self.assertIn(reason.encode(), said[0])
        self.here_now(daemon, "lobby")
        return daemon

    def contents(self):
        with open(self.file, "rb") as file:
            return bytearray(file.read())

    def put(self, contents):
        with open(self.file, "wb") as file:
            file.write(contents)

    def test_damaged_in_the_middle(self):
        contents = self.contents()
        contents[len(contents) // 2] ^= 0x10
        self.put(contents)
        self.stop(self.is_refused("damaged"))
        # And it is whole again.
        daemon = self.start()
        self.assertEqual(self.counters(daemon)["snapshots_refused"], 0)

    def test_cut(self):
        for n in (0, 1, 20, len(self.contents()) - 1):
            with self.subTest(n=n):
                contents = self.contents()
                self.put(contents[:n])
                self.stop(self.is_refused("damaged"))

    def test_of_another_version(self):
        contents = self.contents()
        contents[7] += 1
        self.put(contents)
        self.is_refused("another version")

    def test_of_another_key_set(self):
        self.is_refused("another service or key set", "upstream.subscribe_key=other")

    def test_readable_by_others(self):
        os.chmod(self.file, 0o644)
        self.is_refused("for it alone")

    def test_a_link_is_not_followed(self):
        elsewhere = self.bench.path("elsewhere")
        os.rename(self.file, elsewhere)
        os.symlink(elsewhere, self.file)
        size = os.stat(elsewhere).st_size
        self.stop(self.is_refused("for it alone"))
        self.assertFalse(os.path.islink(self.file))
        self.assertEqual(os.stat(elsewhere).st_size, size)

    def test_something_that_is_no_file(self):
        os.unlink(self.file)
        os.mkfifo(self.file, 0o600)
        self.is_refused("for it alone")

    def test_too_large(self):
        with open(self.file, "ab") as file:
            file.truncate(10 << 20)
        self.is_refused("max_bytes", "cache.max_bytes=1M")

    def test_of_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        os.chown(self.file, 1, 1)
        self.is_refused("daemon's user")


class DiskTrouble(SavedCase):
    def test_a_directory_that_goes_is_told_once_and_it_serves_on(self):
        daemon = self.start("cache.snapshot_interval=100ms")
        self.here_now(daemon, "lobby")
        eventually("a saved cache", lambda: os.path.exists(self.file))
        shutil.rmtree(self.state)

        def has_failed():
            return self.counters(daemon)["snapshots_failed"] >= 3

        eventually("three failures", has_failed)
        self.assertEqual(daemon.said().count(b"cannot save the cache"), 1)
        self.assertEqual(self.here_now(daemon, "lobby")["total_occupancy"], 0)
        os.mkdir(self.state, 0o700)
        eventually("a saved cache", lambda: os.path.exists(self.file))
        eventually("a line", lambda: b"the cache is saved again" in daemon.said())

    def test_a_full_disk_leaves_the_old_file_and_the_service(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "none", self.state],
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            self.skipTest("cannot mount: %r" % done.stderr)
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=False)
        self.emulator.join("lobby", "ana")
        daemon = self.start("cache.snapshot_interval=100ms")
        self.here_now(daemon, "lobby")
        eventually("a saved cache", lambda: os.path.exists(self.file))
        self.emulator.join("arena", *("u%06d%s" % (i, "x" * 80) for i in range(4000)))
        self.here_now(daemon, "arena")

        def has_failed():
            return self.counters(daemon)["snapshots_failed"] >= 3

        eventually("three failures", has_failed)
        self.assertEqual(daemon.said().count(b"cannot save the cache"), 1)
        self.assertIn(b"No space left", daemon.said())
        self.assertEqual(self.here_now(daemon, "arena")["total_occupancy"], 4000)
        daemon.kill()
        # The old one is whole.
        daemon = self.start()
        self.assertEqual(self.counters(daemon)["snapshot_entries"], 1)
        daemon.kill()


class KilledAtAnyMoment(SavedCase):
    """While clients ask and it saves all the time. After each kill somebody joins
    everywhere, so that it is seen which answers are from before."""

    CHANNELS = ["room.%d" % i for i in range(20)]

    def setUp(self):
        super().setUp()
        self.random = random.Random(9)
        self.people = ["p%04d" % i for i in range(N_PEOPLE)]
        self.killed = self.newest = None
        for channel in self.CHANNELS:
            self.emulator.join(channel, *self.people)

    def load(self, daemon, is_over):
        """Asks until the daemon goes."""
        try:
            with daemon.client() as client:
                while not is_over.is_set():
                    client.here_now(self.random.choice(self.CHANNELS))
        except (OSError, AssertionError, Refused):
            pass

    def ages_are_true(self, daemon):
        """Whoever does not hold the newest has it from before the kill, and says
        so."""
        with daemon.client() as client:
            for channel in self.CHANNELS:
                asked = clock()
                try:
                    result = client.here_now(channel, timeout=0)
                except Refused:
                    continue  # not held
                people = self.uuids(result, channel)
                self.assertEqual(people, sorted(set(people)))
                self.assertEqual(people[:N_PEOPLE], self.people)
                if self.newest not in people:
                    least = asked - self.killed - 0.001
                    self.assertGreaterEqual(result["cache"]["age"], least)

    def busy_round(self):
        daemon = self.start("cache.snapshot_interval=100ms", "cache.ttl=200ms")
        counters = self.counters(daemon)
        self.assertEqual(counters["snapshots_refused"], 0, daemon.said())
        if self.killed:
            self.ages_are_true(daemon)
        is_over = threading.Event()
        threads = [
            threading.Thread(target=self.load, args=(daemon, is_over))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        # Not before there is something to lose, and then at any moment.
        eventually("a saving", lambda: self.counters(daemon)["snapshots"] > 0)
        time.sleep(self.random.random() * 0.2)
        daemon.kill()
        self.killed = clock()
        is_over.set()
        for thread in threads:
            thread.join()
        return counters["snapshot_entries"]

    def test_what_starts_again_is_never_damaged_and_never_too_young(self):
        n_loaded = 0
        for i in range(KILLS):
            n_loaded += self.busy_round() > 0
            self.newest = "z%04d" % i
            for channel in self.CHANNELS:
                self.emulator.join(channel, self.newest)
        self.assertGreater(n_loaded, 0, "nothing was ever loaded")
        print("killed %d times, loaded %d times" % (KILLS, n_loaded), end=" ")


if __name__ == "__main__":
    main()
