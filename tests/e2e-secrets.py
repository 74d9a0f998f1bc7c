#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A token and a secret key are told to nobody but the service: not by the log at
its most talkative, no reply, no listing, no /proc file, no core. Whatever is
said is gathered, and searched for them at the end."""

import json
import os
import resource
import shutil
import signal
import subprocess
import urllib.parse

from e2e.harness import (
    PRESENCECTL,
    PRESENCED,
    WRAPPER,
    Case,
    Refused,
    eventually,
    main,
    span,
)

TOKEN = "tOkEn+0/q83=.nobody-says-me"
NEW_TOKEN = "nEwEr+1/q84=.nobody-says-me"
KEY = "sEc-c-k3y/nobody-says-me+="
BAD = "bAd-0ne nobody-says-me"  # no secret: it has a blank
# However somebody might write it.
NEEDLES = [
    form
    for secret in (TOKEN, NEW_TOKEN, KEY, BAD)
    for form in (secret, urllib.parse.quote(secret, safe=""), secret.encode().hex())
] + ["nobody-says-me"]
SOMEBODY = 61001


def missing(case, why):
    if os.environ.get("CI") == "true":
        case.fail(why)
    case.skipTest(why)


class Secrets(Case):
    def setUp(self):
        self.bench = self.new_bench()
        self.said = []  # (by whom, text)

    def secret(self, name, text):
        path = self.bench.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(path, 0o600)
        return path

    def options(self):
        return (
            "log.level=debug",
            "cache.hold_off=0s",
            "cache.negative_ttl=0s",
            "upstream.publish_key=pub-c-1",
            "upstream.auth_token_file=" + self.secret("token", TOKEN),
            "upstream.secret_key_file=" + self.secret("key", KEY),
        )

    def start(self, *options):
        self.emulator = self.bench.emulator()
        self.daemon = self.bench.daemon(self.emulator, *self.options(), *options)
        self.client = self.bench.client(self.daemon)

    def hear(self, who, text):
        self.said.append((who, text if isinstance(text, str) else str(text)))

    def ask(self, method, **params):
        """Whatever comes of it; returns the error's code."""
        try:
            self.hear(method, self.client.call(method, **params))
        except Refused as refused:
            self.hear(method, refused.error)
            return refused.code
        return 0

    def check_silence(self, n):
        """Nobody said it, and there was something to hear."""
        self.assertGreaterEqual(len(self.said), n)
        for who, text in self.said:
            self.assertNotEqual(text, "", who)
            for needle in NEEDLES:
                self.assertNotIn(needle, text, who)

    def check_was_sent(self, secret):
        """Or there was nothing to keep secret."""
        auth = [
            urllib.parse.parse_qs(request["query"]).get("auth")
            for request in self.emulator.requests()
        ]
        self.assertIn([secret], auth)

    def test_in_no_reply_and_no_log_whatever_fails(self):
        self.start(
            "upstream.connect_timeout=" + span(0.4),
            "upstream.request_timeout=" + span(0.5),
        )
        echo = {
            "error": True,
            "service": "Access Manager",
            "message": TOKEN + " and " + urllib.parse.quote(KEY, safe=""),
            "payload": {"channels": ["x"]},
        }
        self.ask("here_now", channels="well")
        self.check_was_sent(TOKEN)
        codes = set()
        faults = [
            ("status", {"status": status})
            for status in (400, 402, 403, 404, 414, 429, 500, 503)
        ]
        faults += [
            ("status", {"reason": "token_expired"}),
            ("reset", {}),
            ("latency", {"latency": 60}),
        ]
        faults += [
            ("false_ok", {"status": status, "body": json.dumps({**echo, "status": status})})
            for status in (400, 402, 403, 500)
        ]
        faults += [("false_ok", {"status": 200, "body": TOKEN})]
        for n, (kind, more) in enumerate(faults):
            self.emulator.fault(kind, **more)
            codes.add(self.ask("here_now", channels="c%d" % n))
            codes.add(self.ask("where_now", uuid="u%d" % n))
            self.ask("set_state", channels="c%d" % n, state={"n": n})
            self.emulator.heal()
            for method in ("status", "stats", "channels", "hello"):
                self.ask(method)
            self.ask("explain", channel="c%d" % n)
        self.assertGreaterEqual(len(codes - {0}), 6, codes)
        self.check_reloads()
        self.daemon.end()
        log = self.daemon.said().decode()
        self.assertIn("level=debug", log)
        self.hear("log", log)
        self.check_silence(100)

    def check_reloads(self):
        """Good ones, and those that are refused, by both ways."""
        self.secret("token", NEW_TOKEN)
        self.hear("reload", self.client.call("reload"))
        self.ask("here_now", channels="after")
        self.check_was_sent(NEW_TOKEN)
        for name, text in (("token", BAD), ("token", ""), ("key", "x" * 20000 + KEY)):
            self.secret(name, text)
            self.assertEqual(self.ask("reload"), -32013)
            said = self.daemon.said().count(b"keeping the old")
            self.daemon.signal(signal.SIGHUP)
            eventually(
                "a refusal",
                lambda n=said: self.daemon.said().count(b"keeping the old") > n,
            )
            # The origin's word that the token has expired has it read again.
            self.emulator.fault("status", reason="token_expired")
            self.ask("here_now", channels="again-" + name + str(len(text)))
            self.emulator.heal()
            self.secret("token", NEW_TOKEN)
            self.secret("key", KEY)

    def test_in_no_listing_and_no_message_of_the_command_line(self):
        words = [PRESENCED, "--check", "-c", os.devnull]
        for option in self.options():
            words += ["-o", option]
        self.check_command(words, 0)
        # A secret where its file's name belongs is refused, and not repeated
        # as what is wrong with the file.
        self.secret("token", BAD)
        self.secret("key", "")
        self.start_in_vain()
        self.check_silence(3)

    def check_command(self, words, status):
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual(done.returncode, status, done.stderr)
        self.hear(" ".join(words[:2]), done.stdout + done.stderr)

    def start_in_vain(self):
        for secret in ("token", "key"):
            name = {"token": "auth_token_file", "key": "secret_key_file"}[secret]
            self.check_command(
                [
                    PRESENCED, "-c", os.devnull,
                    "-o", "server.socket=" + self.bench.path("none"),
                    "-o", "upstream.%s=%s" % (name, self.bench.path(secret)),
                ],
                1,
            )

    @staticmethod
    def read(path):
        """What is in it, or that even we may not read it."""
        try:
            with open(path, "rb") as file:
                return file.read().decode(errors="replace")
        except PermissionError:
            return "closed"

    def test_in_nothing_that_the_kernel_shows_of_the_process(self):
        self.start()
        self.ask("here_now", channels="lobby")
        proc = "/proc/%d" % self.daemon.pid
        for name in ("environ", "cmdline", "comm", "status", "maps"):
            self.hear(name, self.read(os.path.join(proc, name)))
        for task in os.listdir(proc + "/task"):
            with open("%s/task/%s/children" % (proc, task), encoding="ascii") as file:
                self.assertEqual(file.read(), "", "it has no children to tell it to")
        try:
            fds = [os.readlink("%s/fd/%s" % (proc, fd)) for fd in os.listdir(proc + "/fd")]
        except PermissionError:
            fds = ["closed"]
        self.hear("fds", fds)
        for words in (["status"], ["stats"], ["channels"], ["explain", "lobby"]):
            self.check_command([PRESENCECTL, "-s", self.daemon.path, *words], 0)
        self.check_silence(9)


class Core(Case):
    """The memory of a daemon that knows a secret is for nobody to see."""

    def end_by_abort(self, *options):
        """How the kernel says that it ended: killed, or dumped core."""
        bench = self.new_bench()
        daemon = bench.daemon(
            bench.emulator(),
            *(option.replace("DIR", bench.directory) for option in options),
            cwd=bench.directory,
        )
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(daemon.pid, resource.RLIMIT_CORE, unlimited)
        daemon.signal(signal.SIGABRT)
        info = os.waitid(os.P_PID, daemon.pid, os.WEXITED | os.WNOWAIT)
        daemon.process.wait()
        bench.running.remove(daemon)
        return info.si_code, daemon

    def write_token(self):
        bench = self.new_bench()
        path = bench.path("token")
        with open(path, "w", encoding="utf-8") as file:
            file.write(TOKEN)
        return path

    def test_no_core_of_a_daemon_that_has_a_secret(self):
        if os.getuid() != 0:
            missing(self, "only root may allow cores that its parent does not")
        token = self.write_token()
        code, _ = self.end_by_abort("upstream.auth_token_file=" + token)
        self.assertEqual(code, os.CLD_KILLED)

    def test_its_memory_is_closed_to_its_own_user(self):
        if WRAPPER:
            self.skipTest("under a wrapper the program cannot be moved")
        if os.getuid() != 0:
            missing(self, "only root can start it as somebody else")
        token = self.write_token()
        os.chmod(token, 0o644)
        os.chmod(os.path.dirname(token), 0o755)
        for options, owner in (
            (["upstream.auth_token_file=" + token], 0),
            ([], SOMEBODY),
        ):
            bench = self.new_bench()
            os.chmod(bench.directory, 0o755)
            os.chown(bench.directory, SOMEBODY, SOMEBODY)
            program = bench.path("presenced")
            shutil.copy(PRESENCED, program)
            os.chmod(program, 0o755)
            daemon = bench.daemon(
                bench.emulator(),
                *options,
                before=[
                    "setpriv", "--reuid=%d" % SOMEBODY, "--regid=%d" % SOMEBODY,
                    "--clear-groups",
                    "sh", "-c", 'cd / && exec %s "$@"' % program,
                ],
            )
            # The kernel gives the files of a process that is not to be looked
            # into to root.
            stat = os.stat("/proc/%d/mem" % daemon.pid)
            self.assertEqual(stat.st_uid, owner, options)


if __name__ == "__main__":
    main()
