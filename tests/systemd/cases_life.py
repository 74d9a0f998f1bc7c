# SPDX-License-Identifier: MIT
"""How the service starts, is watched, restarts and ends."""

import os
import signal
import threading
import time

from systemd.machine import eventually
from systemd.service import SERVICE, SOCKET, SOCKET_PATH, STUCK, Comers, ServiceCase

# Of src/base/message.h.
CONFIG_REFUSED = "da81e53e523e45538e4ecd36bdae1cdc"


class Activation(ServiceCase):
    def test_the_first_connection_starts_the_daemon(self):
        self.assertTrue(self.is_active(SOCKET))
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.assertEqual(self.here_now("lobby")["total_occupancy"], 1)
        self.assertTrue(self.is_active())
        self.assertIn("socket=" + SOCKET_PATH, "\n".join(self.messages()))

    def test_ten_restarts_refuse_no_connection_of_50_clients(self):
        crowd = Comers(self.machine.path(SOCKET_PATH), 50)
        self.addCleanup(crowd.end)
        pids = set()
        crowd.wait_until_each_was_answered()
        for _ in range(10):
            pids.add(self.main_pid())
            self.systemctl("restart", SERVICE)
            crowd.wait_until_each_was_answered()
        pids.add(self.main_pid())
        crowd.end()
        self.assertEqual(crowd.failures, [])
        self.assertEqual(len(pids), 11, "ten restarts, eleven daemons")
        print(
            "answered %d, sent away by one that ended %d, refused 0 ... "
            % (sum(crowd.answered), crowd.sent_away),
            end="",
        )

    def test_a_broken_configuration_is_not_started_again_and_again(self):
        self.configure("[cache]\nttl = 3\n")
        self.systemctl("stop", SOCKET)
        started = self.systemctl("start", SERVICE, check=False)
        self.assertNotEqual(started.returncode, 0)
        self.assertEqual(self.show("ExecMainStatus"), "78")
        self.assertEqual(self.show("NRestarts"), "0")
        self.assertIn("check.conf:4: [cache] ttl", "\n".join(self.messages()))
        # And it is seen where people look first.
        status = self.systemctl("status", "-l", SERVICE, check=False).stdout
        self.assertIn("check.conf:4: [cache] ttl", status)
        self.assertIn("configuration refused, see the log", status)


class Journal(ServiceCase):
    def entry_of(self, field, value):
        """The first entry of the daemon's that has that."""
        found = [e for e in self.journal() if e.get(field) == value]
        self.assertTrue(found, "no entry with %s=%s" % (field, value))
        return found[0]

    def test_each_field_of_a_line_is_one_of_the_journal(self):
        self.here_now("lobby")
        self.origin.is_down = True
        self.connect().ask("here_now", channels=["hall"])
        self.eventually_said("upstream request failed")
        entry = self.entry_of("PRESENCED_STATUS", "503")
        self.assertEqual(entry["PRESENCED_KIND"], "upstream_error")
        self.assertEqual(entry["PRIORITY"], "4")
        self.assertEqual(entry["SYSLOG_IDENTIFIER"], "presenced")
        self.assertIn("status=503", entry["MESSAGE"])
        ready = [e for e in self.journal() if "ready" in e["MESSAGE"][:6]]
        self.assertEqual(ready[0]["PRESENCED_SOCKET"], SOCKET_PATH)

    def test_the_catalogue_explains_what_somebody_has_to_do(self):
        self.configure("[cache]\nttl = 3\n")
        self.systemctl("start", SERVICE, check=False)
        entry = self.entry_of("MESSAGE_ID", CONFIG_REFUSED)
        self.assertIn("check.conf:4", entry["PRESENCED_PROBLEM"])
        said = self.machine.said(
            *("journalctl", "-x", "--no-pager", "-n", "1"),
            "MESSAGE_ID=" + CONFIG_REFUSED,
        )
        self.assertIn("Subject: The configuration of presenced is wrong", said)
        self.assertIn("is not started again by itself", said)
        # With what is wrong in it.
        explained = said[said.index("Subject:") :]
        self.assertIn("check.conf:4: [cache] ttl", explained)
        listed = self.machine.said("journalctl", "--list-catalog")
        self.assertGreaterEqual(listed.count(" presenced: "), 8)


class SavedCache(ServiceCase):
    """Below /var/lib/private, for a user that is made anew with each start."""

    FILE = "/var/lib/private/presenced/cache"

    def setUp(self):
        super().setUp()
        self.machine.run("rm", "-f", self.FILE)

    def loaded(self):
        return self.connect().call("stats")["counters"]["snapshot_entries"]

    def survives(self, go_down):
        self.configure("[cache]\nstale_if_error = 300s\nsnapshot_interval = 200ms\n")
        asked = time.clock_gettime(time.CLOCK_BOOTTIME)
        self.here_now("lobby")
        eventually("a saved cache", lambda: self.is_saved("lobby"))
        self.origin.is_down = True
        # Whatever is held was asked for before this.
        down = time.clock_gettime(time.CLOCK_BOOTTIME)
        pid = self.main_pid()
        go_down(pid)
        eventually("another daemon", lambda: self.main_pid() not in (0, pid))
        eventually("its answer", lambda: self.loaded() == 1)
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        result = self.here_now("lobby", timeout=0, stale_if_error=300)
        after = time.clock_gettime(time.CLOCK_BOOTTIME)
        self.assertEqual(result["total_occupancy"], 1)
        age = result["cache"]["age"]
        self.assertGreaterEqual(age, before - down - 0.001)
        self.assertLessEqual(age, after - asked)

    def is_saved(self, channel):
        path = self.machine.path(self.FILE)
        if not os.path.exists(path):
            return False
        with open(path, "rb") as file:
            return channel.encode() in file.read()

    def test_it_survives_a_restart_with_its_true_age(self):
        self.survives(lambda _: self.systemctl("restart", SERVICE))
        info = os.stat(self.machine.path(self.FILE))
        self.assertEqual(info.st_mode & 0o777, 0o600)
        self.assertTrue(61184 <= info.st_uid <= 65519, info.st_uid)

    def test_it_survives_a_kill_likewise(self):
        self.survives(lambda pid: self.machine.run("kill", "-KILL", str(pid)))

    def test_a_damaged_one_is_refused_and_explained(self):
        self.configure("[cache]\nstale_if_error = 300s\n")
        self.here_now("lobby")
        self.systemctl("stop", SERVICE)
        self.machine.run("truncate", "-s", "-1", self.FILE)
        self.here_now("lobby")
        self.eventually_said("saved cache refused, starting without")
        self.assertEqual(self.loaded(), 0)
        self.assertTrue(self.is_active())


class Watchdog(ServiceCase):
    """As installed it waits 30 s; here fewer."""

    def start(self, more=""):
        self.assertIn("\nWatchdogSec=30s\n", self.systemctl("cat", SERVICE).stdout)
        self.drop_in("WatchdogSec=4s\nTimeoutAbortSec=1s\n" + more)
        self.systemctl("start", SERVICE)
        return self.main_pid()

    def is_killed_and_started_again(self, pid):
        self.is_answered_by_another(pid)
        self.assertEqual(self.show("NRestarts"), "1")
        self.eventually_said("Watchdog timeout")

    def test_a_daemon_that_stands_still_is_killed_and_started_again(self):
        pid = self.start()
        self.machine.run("kill", "-STOP", str(pid))
        self.is_killed_and_started_again(pid)

    def test_a_callback_that_never_returns_likewise(self):
        pid = self.start("Environment=LD_PRELOAD=%s\n" % STUCK)
        client = self.connect()
        client.call("ping")
        client.send(b"stuck\n")
        self.is_killed_and_started_again(pid)

    def test_a_daemon_that_lives_is_left_alone(self):
        pid = self.start()
        self.connect().call("ping")
        self.assertFalse(threading.Event().wait(10))
        self.assertEqual(self.main_pid(), pid)

    def test_the_status_says_how_it_is(self):
        self.start()
        self.here_now("lobby")
        self.here_now("lobby")
        wanted = "1 keys held, 50 % of 2 queries answered at once, upstream ok"
        eventually("the status", lambda: wanted in self.show("StatusText"))


class End(ServiceCase):
    def test_a_stop_answers_who_waits_and_has_the_time_it_asks_for(self):
        # systemd's own patience would be over long before the answer.
        self.configure("request_timeout = 30s\n[server]\ndrain_timeout = 40s\n")
        self.drop_in("TimeoutStopSec=2s\n")
        client = self.connect()
        client.ask("here_now", channels=["slow"], timeout=30)
        self.assertTrue(self.origin.asked_slow.wait(60))
        self.systemctl("stop", "--no-block", SERVICE, SOCKET)
        self.eventually_said("ending")
        self.assertFalse(threading.Event().wait(5))
        self.assertEqual(self.show("ActiveState"), "deactivating")
        self.assertEqual(self.show("StatusText"), "answering those who wait")
        self.origin.gate.set()
        self.assertEqual(client.result()["total_occupancy"], 1)
        self.assertTrue(client.is_at_end())
        eventually("its end", lambda: self.show("ActiveState") == "inactive")
        self.assertEqual(self.show("Result"), "success")

    def test_a_killed_daemon_is_started_again(self):
        self.systemctl("start", SERVICE)
        pid = self.main_pid()
        self.machine.run("kill", "-" + str(int(signal.SIGKILL)), str(pid))
        self.is_answered_by_another(pid)

    def test_the_socket_goes_with_its_unit_and_nothing_is_left(self):
        self.here_now("lobby")
        self.systemctl("stop", SOCKET)
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.assertFalse(os.path.exists(self.machine.path(SOCKET_PATH)))
