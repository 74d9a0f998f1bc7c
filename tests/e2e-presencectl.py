#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presencectl against the real daemon: each command, its exit status, and with
--json the daemon's own bytes."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

from e2e.harness import PATIENCE, PRESENCECTL, WRAPPER, SharedCase, check_clean, main

# Members whose value is another at each ask.
MOVING = re.compile(r'"(age|ttl|uptime|bytes_in|bytes_out|at)":-?[0-9.]+')


class Ctl(SharedCase):
    daemon_options = (
        "cache.ttl=5min",
        "cache.where_now_ttl=5min",
        "cache.state_ttl=5min",
        "cache.hold_off=0",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.emulator.join("lobby", "bo", state={"mood": "calm", "n": 1})
        cls.emulator.join("lobby", "ana")
        cls.emulator.join("hall", "ana")
        cls.emulator.group("rooms", "lobby", "hall")

    def ctl(self, *words, path=None):
        done = subprocess.run(
            [*WRAPPER, PRESENCECTL, *words],
            env=dict(os.environ, PRESENCED_SOCKET=path or self.daemon.path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        check_clean(done.stderr, "presencectl")
        return done

    def shown(self, *words):
        done = self.ctl(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode()

    def shown_on_terminal(self, n_columns, *words):
        """Its lines, as long as it printed them."""
        ours, theirs = pty.openpty()
        size = struct.pack("HHHH", 24, n_columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        done = subprocess.run(
            [*WRAPPER, PRESENCECTL, "-s", self.daemon.path, *words],
            env=dict(os.environ, TERM="xterm", NO_COLOR="1"),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:
                break  # so ends a terminal whose other side has closed
            if not some:
                break
            shown += some
        os.close(ours)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return shown.decode().replace("\r\n", "\n").splitlines()

    @staticmethod
    def width(text):
        return sum(
            0
            if unicodedata.combining(letter)
            else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
            for letter in text
        )

    def test_tables_fit_wide_and_narrow_terminals_whatever_the_names(self):
        channel = "\u5927\u304d\u306a\u90e8\u5c4b" * 12 + "e\u0301"
        uuid = "\u65e5\u672c\u8a9e\u30e6\u30fc\u30b6\u30fc" * 9
        self.emulator.join(channel, uuid, state={"mood": "x" * 200})
        self.client.here_now(channel, "lobby")
        for n_columns in (40, 80, 200):
            for words in (
                ["here-now", channel, "lobby", "--state"],
                ["where-now", uuid],
                ["channels"],
                ["status"],
                ["stats"],
                ["hello"],
            ):
                lines = self.shown_on_terminal(n_columns, *words)
                for line in lines:
                    # The sentence below a table is wrapped by the terminal.
                    if not line.startswith("age "):
                        self.assertLessEqual(self.width(line), n_columns, line)
            for line in self.shown_on_terminal(n_columns, "explain", channel):
                if ":" not in line:
                    self.assertLessEqual(self.width(line), n_columns, line)
        narrow = self.shown_on_terminal(40, "channels")
        self.assertIn("NAME       lobby", narrow)
        self.assertTrue(
            any(re.fullmatch("BYTES +[0-9]+", line) for line in narrow), narrow
        )

    def check_json(self, words, method, params):
        """What it prints is what the daemon sends to anybody."""
        self.client.send(
            json.dumps(
                {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            ).encode()
            + b"\n"
        )
        line = self.client.line().decode()
        start = line.index('"result":') + len('"result":')
        expected = line[start:].rstrip("\n")[:-1]
        printed = self.shown("--json", *words)
        self.assertTrue(printed.endswith("\n"))
        self.assertEqual(
            MOVING.sub(r'"\1":0', printed[:-1]), MOVING.sub(r'"\1":0', expected)
        )

    def test_json_is_what_the_daemon_sends(self):
        self.client.here_now("lobby", "hall", include_state=True)
        self.client.call("here_now", channel_groups="rooms")
        self.client.call("where_now", uuid="ana")
        self.client.call("get_state", channels="lobby", uuid="bo")
        for words, method, params in (
            (["here-now", "lobby"], "here_now", {"channels": ["lobby"]}),
            (["here-now", "lobby", "hall"], "here_now", {"channels": "lobby,hall"}),
            (["here-now", "lobby,hall"], "here_now", {"channels": "lobby,hall"}),
            (["here-now", "-g", "rooms"], "here_now", {"channel_groups": "rooms"}),
            (
                ["here-now", "lobby", "--state"],
                "here_now",
                {"channels": "lobby", "include_state": True},
            ),
            (
                ["here-now", "lobby", "--no-uuids"],
                "here_now",
                {"channels": "lobby", "include_uuids": False},
            ),
            (
                ["here-now", "lobby", "--limit", "1", "--offset", "1"],
                "here_now",
                {"channels": "lobby", "limit": 1, "offset": 1},
            ),
            (
                ["here-now", "lobby", "--after", "ana", "--max-age", "300"],
                "here_now",
                {"channels": "lobby", "after": "ana"},
            ),
            (["where-now", "ana"], "where_now", {"uuid": "ana"}),
            (
                ["get-state", "lobby", "-u", "bo"],
                "get_state",
                {"channels": "lobby", "uuid": "bo"},
            ),
            (["ping"], "ping", {}),
            (["hello"], "hello", {}),
            (["channels"], "channels", {}),
        ):
            with self.subTest(words=words):
                self.check_json(words, method, params)

    def test_the_json_of_status_and_stats_is_the_daemons(self):
        status = json.loads(self.shown("--json", "status"))
        self.assertEqual(status["upstream"]["state"], "ok")
        self.assertEqual(status["epoch"], self.client.call("status")["epoch"])
        stats = json.loads(self.shown("--json", "stats"))
        self.assertEqual(set(stats), {"since", "counters"})
        self.assertEqual(
            set(stats["counters"]), set(self.client.call("stats")["counters"])
        )

    def test_here_now_shows_who_is_there_and_how_old_that_is(self):
        text = self.shown("here-now", "lobby", "nobody-here")
        for word in ("lobby", "ana", "bo", "nobody-here", "poll"):
            self.assertIn(word, text)
        self.assertRegex(text, r"age|fresh")
        self.assertNotIn("calm", text)
        self.assertIn("calm", self.shown("here-now", "lobby", "--state"))
        counted = self.shown("here-now", "lobby", "--no-uuids")
        self.assertNotIn("ana", counted)
        self.assertIn("2", counted)

    def test_here_now_without_names_is_of_all_channels(self):
        result = json.loads(self.shown("--json", "here-now", "--max-age", "0"))
        self.assertLessEqual({"lobby", "hall"}, set(result["channels"]))
        text = self.shown("here-now")
        self.assertIn("lobby", text)
        self.assertIn("hall", text)

    def test_where_now_shows_the_channels(self):
        text = self.shown("where-now", "ana")
        self.assertIn("lobby", text)
        self.assertIn("hall", text)
        self.shown("where-now")

    def test_a_state_that_is_set_is_shown(self):
        self.emulator.join("set", "cy")
        self.shown("set-state", "set", "--state", '{"mood":"set","n":1.50}', "-u", "cy")
        self.assertIn(
            '{"mood":"set","n":1.50}', self.shown("--json", "get-state", "set", "-u", "cy")
        )
        self.assertIn("set", self.shown("get-state", "set", "--uuid", "cy"))
        self.assertIn(
            '{"mood":"set","n":1.50}', self.shown("--json", "here-now", "set", "--state")
        )

    def test_status_stats_channels_ping_and_hello_are_for_people_too(self):
        self.client.here_now("lobby")
        self.assertIn("ok", self.shown("status"))
        self.assertIn("upstream_requests", self.shown("stats"))
        self.assertIn("lobby", self.shown("channels"))
        self.shown("ping")
        self.assertIn("presenced", self.shown("hello"))

    def test_explain_tells_what_is_held_and_how_it_was_fetched(self):
        text = self.shown("explain", "unheard-of")
        self.assertIn("nothing is held of it", text)
        self.assertIn("when somebody asks", text)
        self.client.here_now("lobby")
        lines = self.shown("explain", "lobby").splitlines()
        self.assertRegex(lines[1], r"^lobby +channel ")
        self.assertRegex(lines[3], r"^FETCHED +SECONDS +OUTCOME")
        self.assertRegex(lines[4], r"^20\d\d-.*Z +[0-9.]+ +ok ")
        self.assertRegex(lines[-1], r"^next request.*: ")

    def test_log_level_is_changed_until_told_otherwise(self):
        self.assertEqual(
            self.shown("log-level", "debug"),
            "the daemon's log level is debug, and was info\n",
        )
        self.assertEqual(
            self.shown("log-level", "info"),
            "the daemon's log level is info, and was debug\n",
        )
        done = self.ctl("log-level", "loud")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"error, warning, info or debug", done.stderr)

    def test_reload_of_an_unchanged_configuration_changes_nothing(self):
        self.assertEqual(self.shown("reload"), "reloaded; nothing changed\n")

    def test_flush_makes_it_forget(self):
        self.client.here_now("forgotten")
        self.shown("flush", "forgotten")
        self.assertFalse(self.client.here_now("forgotten")["cache"]["hit"])
        flushed = json.loads(self.shown("--json", "flush"))
        self.assertGreaterEqual(flushed["flushed"], 1)

    def test_what_the_daemon_refuses_is_status_1_and_its_kind(self):
        self.emulator.fault("status", status=403, match={"channel": "vip"})
        done = self.ctl("here-now", "vip")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"upstream_denied", done.stderr)
        self.assertIn(b"vip", done.stderr)
        done = self.ctl("--json", "here-now", "vip")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        done = self.ctl("here-now", "unheld", "--timeout", "0")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"deadline_exceeded", done.stderr)

    def test_a_wrong_command_line_is_status_2_and_asks_nothing(self):
        before = self.client.call("stats")["counters"]["requests"]
        for words in (
            [],
            ["no-such-command"],
            ["here-now", "--no-such-option"],
            ["here-now", "lobby", "--limit", "many"],
            ["set-state", "lobby"],
            ["set-state", "lobby", "--state", "[1]"],
            ["set-state", "lobby", "--state", "{"],
            ["ping", "extra"],
            ["-s"],
        ):
            with self.subTest(words=words):
                done = self.ctl(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, b"")
                self.assertNotEqual(done.stderr, b"")
        after = self.client.call("stats")["counters"]["requests"]
        self.assertEqual(after, before + 1)

    def test_no_daemon_is_status_3(self):
        for path in (self.bench.path("nobody"), self.bench.directory, "/dev/null"):
            with self.subTest(path=path):
                done = self.ctl("ping", path=path)
                self.assertEqual(done.returncode, 3)
                self.assertEqual(done.stdout, b"")
                self.assertIn(path.encode(), done.stderr)

    def test_the_socket_may_be_given_as_an_option(self):
        done = self.ctl("-s", self.daemon.path, "ping", path="/nonexistent")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_help_and_version_need_no_daemon(self):
        for words in (["--help"], ["here-now", "--help"], ["--version"]):
            done = self.ctl(*words, path="/nonexistent")
            self.assertEqual(done.returncode, 0)
            self.assertNotEqual(done.stdout, b"")


if __name__ == "__main__":
    main()
