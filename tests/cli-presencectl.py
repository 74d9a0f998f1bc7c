#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presencectl as its users meet it, against a daemon that says what it is told."""

import errno
import fcntl
import json
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import unittest

PROGRAM = os.environ.get("PRESENCECTL") or os.path.join(
    os.environ.get("abs_top_builddir", "."), "presencectl"
)
CACHE = '"cache":{"hit":true,"age":0.412,"ttl":2.588,"stale":false,"source":"poll"}'
HERE_NOW = (
    '{"total_channels":2,"total_occupancy":2,"channels":{"lobby":{"channel_name":'
    '"lobby","occupancy":2,"occupants":[{"uuid":"ana","state":{"n": 1.50,'
    '"big":12345678901234567890}},{"uuid":"bob","state":null}]},"game":{"channel_name"'
    ':"game","occupancy":0,"occupants":[]}},' + CACHE + "}"
)
COMMANDS = (
    "here-now where-now get-state set-state status stats channels explain flush reload"
    " log-level ping hello"
).split()


class Daemon:
    """Takes one client after another and answers each line with reply(request)."""

    def __init__(self, path, reply):
        self.path = path
        self.reply = reply
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as lines:
                self.serve(client, lines)

    def serve(self, client, lines):
        for line in lines:
            request = json.loads(line)
            self.requests.append(request)
            reply = self.reply(request)
            if reply is None:
                return
            try:
                client.sendall(reply.encode())
            except BrokenPipeError:
                return

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join()


def result(text):
    return lambda request: '{"jsonrpc":"2.0","id":%d,"result":%s}\n' % (
        request["id"],
        text,
    )


def error(code, message, **data):
    return lambda request: json.dumps(
        {
            "jsonrpc": "2.0",
            "id": request["id"],
            "error": {"code": code, "message": message, "data": data},
        }
    ) + "\n"


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cli-presencectl.")
        self.path = os.path.join(self.directory, "s")
        self.daemon = None
        self.addCleanup(shutil.rmtree, self.directory)

    def serve(self, reply):
        self.daemon = Daemon(self.path, reply)
        self.addCleanup(self.daemon.close)

    def ctl(self, *arguments, env=None, path=None, **options):
        environment = dict(os.environ, PRESENCED_SOCKET=path or self.path)
        environment.update(env or {})
        return subprocess.run(
            [PROGRAM, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
            **options,
        )

    def asks(self, *arguments, answer="{}"):
        """The one request that these arguments make."""
        if not self.daemon:
            self.serve(result(answer))
        self.daemon.reply = result(answer)
        before = len(self.daemon.requests)
        done = self.ctl("--json", *arguments)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(self.daemon.requests), before + 1)
        request = self.daemon.requests[-1]
        self.assertEqual(request["jsonrpc"], "2.0")
        return request["method"], request.get("params")

    def says(self, code, words, *arguments, **options):
        """Ends with this code, nothing on stdout, and these words on stderr."""
        done = self.ctl(*arguments, **options)
        self.assertEqual(done.stdout, b"")
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, done.stderr.decode())
        self.assertEqual(done.returncode, code)
        return done.stderr.decode()


class Requests(Case):
    def test_here_now_without_names_is_the_global_query(self):
        self.assertEqual(self.asks("here-now"), ("here_now", None))

    def test_names_become_arrays_and_are_cut_at_commas(self):
        self.assertEqual(
            self.asks("here-now", "a,b", 'c "d"', "-g", "g", "--group", "h,i"),
            (
                "here_now",
                {"channels": ["a", "b", 'c "d"'], "channel_groups": ["g", "h", "i"]},
            ),
        )

    def test_every_option_becomes_its_parameter(self):
        self.assertEqual(
            self.asks(
                *"here-now a --state --no-uuids --limit 5 --offset=2 --after u".split(),
                *"--max-age 0.5 --stale-if-error 0 --timeout 3".split(),
            ),
            (
                "here_now",
                {
                    "channels": ["a"],
                    "include_state": True,
                    "include_uuids": False,
                    "limit": 5,
                    "offset": 2,
                    "after": "u",
                    "max_age": 0.5,
                    "stale_if_error": 0,
                    "timeout": 3,
                },
            ),
        )

    def test_where_now_takes_a_user_or_none(self):
        self.assertEqual(self.asks("where-now", "a,na"), ("where_now", {"uuid": "a,na"}))
        self.assertEqual(self.asks("where-now"), ("where_now", None))

    def test_get_state_takes_channels_groups_and_a_user(self):
        self.assertEqual(
            self.asks("get-state", "a", "-g", "g", "-u", "ana"),
            ("get_state", {"channels": ["a"], "channel_groups": ["g"], "uuid": "ana"}),
        )
        self.assertEqual(
            self.asks("get-state", "-gg"), ("get_state", {"channel_groups": ["g"]})
        )

    def test_set_state_sends_the_state_as_typed(self):
        typed = '{"n": 1.50,\n"big":12345678901234567890}'
        raw = self.record_line("set-state", "a", "--state", typed, "--uuid", "ana")
        self.assertIn('"state":{"n": 1.50, "big":12345678901234567890}', raw)

    def record_line(self, *arguments):
        path = os.path.join(self.directory, "raw")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            child = subprocess.Popen(
                [PROGRAM, "-s", path, *arguments], stdout=subprocess.PIPE
            )
            client, _ = listener.accept()
            with client, client.makefile("rb") as lines:
                line = lines.readline().decode()
                client.sendall(b'{"jsonrpc":"2.0","id":1,"result":{"state":{}}}\n')
            child.communicate(timeout=60)
        return line

    def test_the_other_commands_ask_for_what_they_are_called(self):
        for name in "status stats channels reload ping hello".split():
            self.assertEqual(self.asks(name), (name, None))
        self.assertEqual(self.asks("flush", "a"), ("flush", {"channels": ["a"]}))
        self.assertEqual(self.asks("flush"), ("flush", None))
        self.assertEqual(self.asks("explain", "a,b"), ("explain", {"channel": "a,b"}))
        self.assertEqual(
            self.asks("log-level", "debug"), ("log_level", {"level": "debug"})
        )

    def test_options_stand_anywhere_until_two_dashes(self):
        expected = ("here_now", {"channels": ["a", "b"], "limit": 1})
        self.assertEqual(self.asks("--limit", "1", "here-now", "a", "b"), expected)
        self.assertEqual(self.asks("here-now", "a", "--limit", "1", "b"), expected)
        self.assertEqual(
            self.asks("here-now", "--", "-x", "--limit"),
            ("here_now", {"channels": ["-x", "--limit"]}),
        )
        self.assertEqual(
            self.asks("--state", '{"a":1}', "set-state", "c"),
            ("set_state", {"channels": ["c"], "state": {"a": 1}}),
        )
        self.assertEqual(
            self.asks("--state", "here-now", "c"),
            ("here_now", {"channels": ["c"], "include_state": True}),
        )

    def test_posixly_correct_changes_nothing(self):
        self.serve(result("{}"))
        done = self.ctl(
            "here-now", "a", "--limit", "1", "--json", env={"POSIXLY_CORRECT": "1"}
        )
        self.assertEqual(done.returncode, 0)
        self.assertEqual(
            self.daemon.requests[0]["params"], {"channels": ["a"], "limit": 1}
        )

    def test_socket_option_goes_before_the_environment(self):
        self.serve(result("{}"))
        done = self.ctl("-s", self.path, "ping", path="/nowhere/at/all")
        self.assertEqual(done.returncode, 0)


class Results(Case):
    def test_table_for_people(self):
        self.serve(result(HERE_NOW))
        done = self.ctl("here-now", "lobby", "game", "--state")
        self.assertEqual(done.stderr, b"")
        self.assertEqual(
            done.stdout.decode(),
            "CHANNEL  OCCUPANTS  UUID  STATE\n"
            'lobby            2  ana   {"n": 1.50,"big":12345678901234567890}\n'
            "lobby            2  bob   -\n"
            "game             0  -     -\n"
            "2 channels, 2 occupants\n"
            "age 0.4s, fresh, from poll\n",
        )
        self.assertEqual(done.returncode, 0)

    def test_json_is_the_result_byte_for_byte(self):
        self.serve(result(HERE_NOW))
        for arguments in (["--json", "here-now", "lobby"], ["here-now", "-j"]):
            done = self.ctl(*arguments)
            self.assertEqual(done.stdout.decode(), HERE_NOW + "\n")
            self.assertEqual(done.returncode, 0)

    def test_ping_tells_how_long_it_took(self):
        self.serve(result("{}"))
        self.assertRegex(
            self.ctl("ping").stdout.decode(), r"^the daemon answered in \d+\.\d{3} ms\n$"
        )

    def test_large_answer_is_shown_whole(self):
        people = ",".join('{"uuid":"user-%06d","state":null}' % i for i in range(50000))
        self.serve(
            result(
                '{"total_channels":1,"total_occupancy":50000,"channels":{"a":'
                '{"occupancy":50000,"occupants":[%s]}},%s}' % (people, CACHE)
            )
        )
        lines = self.ctl("here-now", "a").stdout.decode().splitlines()
        self.assertEqual(len(lines), 50003)
        self.assertEqual(lines[50000], "a            50000  user-049999")

    def test_result_of_another_protocol_is_told(self):
        self.serve(result('{"channels":7}'))
        self.says(1, ["error:", "--json"], "here-now")
        self.assertEqual(self.ctl("--json", "here-now").returncode, 0)

    def test_full_disk_is_told(self):
        self.serve(result(HERE_NOW))
        with open("/dev/full", "w", encoding="ascii") as full:
            for arguments in (["here-now"], ["--json", "here-now"], ["--help"]):
                done = self.ctl(*arguments, stdout=full)
                self.assertIn(os.strerror(errno.ENOSPC), done.stderr.decode())
                self.assertEqual(done.returncode, 1)


class Terminal(Case):
    """On a terminal: colour unless forbidden, and nothing wider than it is."""

    LONG = "x" * 200

    def setUp(self):
        super().setUp()
        self.serve(
            result(
                '{"total_channels":1,"total_occupancy":1,"channels":{"lobby":{'
                '"occupancy":1,"occupants":[{"uuid":"ana","state":{"a":"%s"}}]}},'
                '"cache":{"hit":true,"age":9,"stale":true,"source":"poll"}}' % self.LONG
            )
        )

    def on_terminal(self, n_columns, **environment):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, n_columns, 0, 0))
        environment.setdefault("NO_COLOR", "")
        environment.setdefault("TERM", "xterm")
        done = self.ctl("here-now", "lobby", env=environment, stdout=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:
                break
            if not some:
                break
            shown += some
        os.close(ours)
        self.assertEqual(done.returncode, 0)
        return shown.decode().replace("\r\n", "\n")

    def test_tables_fit(self):
        for n_columns in (40, 60, 132):
            shown = self.on_terminal(n_columns, NO_COLOR="1")
            self.assertIn("\u2026\n", shown)
            row = shown.splitlines()[1]
            self.assertEqual(len(row), n_columns)
            self.assertTrue(row.startswith('lobby            1  ana   {"a":"xx'))

    def test_a_pipe_gets_everything(self):
        self.assertIn(self.LONG, self.ctl("here-now", "lobby").stdout.decode())

    def test_colour_is_for_terminals_that_want_it(self):
        self.assertIn("\033[", self.on_terminal(80))
        self.assertNotIn("\033", self.on_terminal(80, NO_COLOR="1"))
        self.assertNotIn("\033", self.on_terminal(80, TERM="dumb"))
        self.assertNotIn(b"\033", self.ctl("here-now", env={"TERM": "xterm"}).stdout)


class Refusals(Case):
    def test_refusal_says_what_it_is_and_what_to_do(self):
        self.serve(
            error(
                -32020,
                "the service refused\033[2J",
                kind="upstream_denied",
                category="PNAccessDeniedCategory",
                retryable=False,
                status_code=403,
                channels=["private-1", "private\n2"],
            )
        )
        for arguments in (["here-now", "private-1"], ["--json", "here-now"]):
            self.says(
                1,
                [
                    "error: upstream_denied: the service refused\\u001b[2J\n",
                    "  channels: private-1, private\\u000a2\n",
                    "  the service answered 403\n",
                    "auth_token_file",
                ],
                *arguments,
            )

    def test_retry_after_is_told(self):
        self.serve(
            error(-32026, "slow", kind="upstream_rate_limited", retry_after=2.5)
        )
        self.says(1, "worth trying again in 2.500 s", "here-now")

    def test_message_of_several_lines_keeps_them(self):
        self.serve(
            error(-32603, "wrong: a:1: x\nerror: b:2: y\033", kind="internal_error")
        )
        self.says(
            1,
            "error: internal_error: wrong: a:1: x\n  error: b:2: y\\u001b\n",
            "reload",
        )

    def test_kind_we_do_not_know_is_told_all_the_same(self):
        self.serve(error(-32099, "moon", kind="wrong_moon"))
        self.assertEqual(
            self.says(1, [], "here-now"), "error: wrong_moon: moon\n"
        )

    def test_refusal_without_a_kind_shows_its_code(self):
        self.serve(error(-32099, "moon"))
        self.assertEqual(self.says(1, [], "here-now"), "error: -32099: moon\n")

    def test_client_over_a_cap_hears_why(self):
        self.serve(
            lambda request: '{"jsonrpc":"2.0","id":null,"error":{"code":-32012,'
            '"message":"too many clients","data":{"kind":"limit_exceeded"}}}\n'
        )
        self.says(1, "error: limit_exceeded: too many clients", "ping")


class OtherVersion(Case):
    """A daemon of another protocol is told from one that only says no."""

    def serve_as(self, major, other):
        hello = result(
            '{"server":"presenced","version":"9","protocol":{"major":%d,"minor":0}}'
            % major
        )
        self.serve(lambda request: (
            hello if request["method"] == "hello" else other
        )(request))

    def test_what_it_does_not_know_and_what_we_do_not(self):
        for other in (
            error(-32601, "no", kind="method_not_found"),
            error(-32602, "no", kind="invalid_params"),
            error(-32600, "no", kind="invalid_request"),
            error(-1, "no"),
            result('{"channels":7}'),
        ):
            with self.subTest(other=other):
                self.serve_as(2, other)
                self.says(
                    3,
                    ["speaks protocol 1, but protocol 2 is spoken on " + self.path],
                    "here-now",
                )
                self.daemon.close()
                os.unlink(self.path)

    def test_one_of_ours_may_say_no(self):
        self.serve_as(1, error(-32601, "no such", kind="method_not_found"))
        self.says(1, ["method_not_found: no such", "older"], "explain", "a")

    def test_other_refusals_ask_no_second_question(self):
        self.serve_as(2, error(-32011, "no", kind="permission_denied"))
        self.says(1, ["permission_denied", "[access]"], "flush")
        self.assertEqual(len(self.daemon.requests), 1)

    def test_json_is_what_was_sent_whoever_sent_it(self):
        self.serve_as(2, result('{"channels":7}'))
        self.assertEqual(self.ctl("--json", "here-now").stdout, b'{"channels":7}\n')


class NoDaemon(Case):
    def test_no_socket(self):
        self.says(3, ["there is no socket " + self.path, "systemctl status"], "ping")

    def test_socket_left_behind(self):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(self.path)
        self.says(3, ["nobody listens any more on " + self.path, "start"], "ping")

    def test_no_socket_at_all(self):
        with open(self.path, "w", encoding="ascii"):
            pass
        self.says(3, "this is not a socket: " + self.path, "ping")

    def test_no_permission_names_the_group(self):
        import grp  # pylint: disable=import-outside-toplevel

        self.serve(result("{}"))
        group = grp.getgrgid(os.stat(self.path).st_gid).gr_name
        os.chmod(self.path, 0o660)
        drop = self.as_nobody()
        os.chmod(self.directory, 0o711)
        if os.geteuid() == 0:
            self.says(
                3,
                ["permission denied", "group '%s'" % group, "usermod -aG"],
                "ping",
                **drop,
            )
            os.chmod(self.path, 0o600)
        else:
            os.chmod(self.path, 0o400)
        self.says(3, ["permission denied", "only user '"], "ping", **drop)
        os.chmod(self.directory, 0o600)
        self.says(3, ["permission denied", "directory above it"], "ping", **drop)
        os.chmod(self.directory, 0o700)

    def as_nobody(self):
        """For a run as somebody who may not; whoever runs as root may all."""
        if os.geteuid() != 0:
            return {}
        program = os.path.join(self.directory, "presencectl")
        if subprocess.run(
            [PROGRAM, "--version"],
            user=65534,
            group=65534,
            extra_groups=[],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode:
            self.skipTest("the build is not readable for others: " + program)
        return {"user": 65534, "group": 65534, "extra_groups": []}

    def test_daemon_that_goes_away(self):
        self.serve(lambda request: None)
        self.says(3, "went away before it answered", "ping")
        self.says(3, "may have been set", "set-state", "a", "--state", "{}")

    def test_daemon_that_is_something_else(self):
        self.serve(lambda request: "HTTP/1.1 400 Bad Request\r\n")
        self.says(3, "no presenced", "ping")

    def test_daemon_that_does_not_answer(self):
        self.serve(lambda request: "\n")
        # The client's own margin (2 s) is waited out.
        self.says(3, "did not answer in time", "here-now", "--timeout", "0")


class Usage(Case):
    def test_no_command(self):
        self.says(2, ["no command", "--help"])

    def test_unknown_command_names_the_nearest(self):
        self.says(2, "did you mean 'here-now'?", "her-now")
        self.says(2, "did you mean 'stats'?", "stat")
        self.says(2, "did you mean 'set-state'?", "setstate", "--help")
        self.assertNotIn("did you mean", self.says(2, "unknown command", "frobnicate"))

    def test_slips_are_told(self):
        for words, arguments in (
            ("unknown or ambiguous option --bogus", "here-now --bogus"),
            ("unknown option -x", "here-now -x"),
            ("--limit wants a value", "here-now --limit"),
            ("takes no value", "--json=yes ping"),
            ("where-now takes no --limit", "where-now --limit 3"),
            ("--limit wants a whole number", "here-now --limit 1.5"),
            ("--limit wants a whole number", "here-now --limit -1"),
            ("--limit wants a whole number", "here-now --limit 007"),
            ("--max-age wants seconds", "here-now --max-age soon"),
            ("--max-age wants seconds", "here-now --max-age=-1"),
            ("--timeout wants seconds", "here-now --timeout 3s"),
            ("where-now takes one user", "where-now a b"),
            ("ping takes no argument", "ping a"),
            ("reload takes no argument", "reload a"),
            ("explain takes one channel", "explain"),
            ("explain takes one channel", "explain a b"),
            ("log-level takes one of", "log-level"),
            ("log-level takes one of", "log-level info debug"),
            ("get-state needs a channel", "get-state --uuid ana"),
            ("set-state needs --state", "set-state a"),
            ("set-state needs a channel", "set-state --state {}"),
            ("--state wants a JSON object", "set-state a --state [1]"),
            ("at byte 6", 'set-state a --state {"a":'),
        ):
            with self.subTest(arguments=arguments):
                self.says(2, words, *arguments.split())

    def test_state_that_is_nested_too_deep_for_the_daemon_is_told(self):
        deep = '{"a":' + "[" * 29 + "]" * 29 + "}"
        self.assertEqual(self.asks("set-state", "a", "--state", deep)[0], "set_state")
        deep = '{"a":' + "[" * 30 + "]" * 30 + "}"
        self.says(2, "--state wants a JSON object", "set-state", "a", "--state", deep)

    def test_argument_that_is_no_utf8(self):
        self.says(2, "UTF-8", "here-now", b"\xff")
        self.says(2, "UTF-8", "where-now", b"\xff")
        self.says(2, "\\xff\\u001b", b"\xff\033")

    def test_path_that_cannot_be(self):
        self.says(2, os.strerror(errno.ENAMETOOLONG), "-s", "p" * 200, "ping")
        self.says(2, os.strerror(errno.EINVAL), "-s", "", "ping")


class Help(Case):
    def test_overview_names_every_command(self):
        text = self.ctl("--help").stdout.decode()
        for name in COMMANDS:
            self.assertIn("\n  %-10s " % name, text)

    def test_each_command_has_help_with_examples_that_are_understood(self):
        for name in COMMANDS:
            done = self.ctl(name, "--help")
            self.assertEqual(done.returncode, 0)
            text = done.stdout.decode()
            self.assertIn("usage: presencectl", text)
            examples = text.split("Examples:\n")[1].splitlines()
            self.assertTrue(examples)
            for example in examples:
                with self.subTest(example=example):
                    self.assertIn(name, example)
                    # Understood, or it would be 2; and there is no daemon.
                    code = subprocess.run(
                        example.replace("presencectl", '"%s"' % PROGRAM),
                        shell=True,
                        env=dict(os.environ, PRESENCED_SOCKET=self.path),
                        stderr=subprocess.DEVNULL,
                        check=False,
                    ).returncode
                    self.assertEqual(code, 3)

    def test_help_fits_eighty_columns(self):
        for arguments in [["--help"]] + [[name, "--help"] for name in COMMANDS]:
            for line in self.ctl(*arguments).stdout.decode().splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version(self):
        self.assertRegex(
            self.ctl("--version").stdout.decode(), r"^presencectl \d+\.\d+"
        )
        self.assertEqual(self.ctl("ping", "-V").returncode, 0)


class Words(unittest.TestCase):
    """What the daemon may say has its words here."""

    def test_every_reason_for_a_next_request_is_explained(self):
        top = os.environ.get("abs_top_srcdir", ".")
        with open(os.path.join(top, "src/core/words.c"), encoding="utf-8") as file:
            said = re.findall(r'case NEXT_\w+:\n\t+return "([a-z_]+)";', file.read())
        with open(os.path.join(top, "src/cli/overview.c"), encoding="utf-8") as file:
            known = re.findall(r'\{"([a-z_]+)", ?"', file.read())
        self.assertGreater(len(said), 5)
        self.assertEqual(said, known)


class Manual(Case):
    """The page and the help say the same."""

    PAGE = os.path.join(
        os.environ.get("abs_top_srcdir", "."), "doc", "presencectl.1"
    )

    def test_page_has_every_command_and_option(self):
        with open(self.PAGE, encoding="utf-8") as file:
            page = file.read()
        for name in COMMANDS:
            self.assertIn(".It Cm " + name.replace("-", "\\-"), page)
            for line in self.ctl(name, "--help").stdout.decode().splitlines():
                words = line.split()
                if not line.startswith("  ") or not words[0].startswith("-"):
                    continue
                for word in words[:2]:
                    if word.startswith("--"):
                        flag = word.lstrip("-").replace("-", "\\-")
                        self.assertIn("Fl \\-" + flag, page)

    def test_page_is_clean(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is missing")
        done = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "style", self.PAGE],
            stdout=subprocess.PIPE,
            check=False,
        )
        complaints = [
            line
            for line in done.stdout.decode().splitlines()
            # Whether the pages it refers to are installed is not for here.
            if "referenced manual not found" not in line
        ]
        self.assertEqual(complaints, [])


if __name__ == "__main__":
    if not os.access(PROGRAM, os.X_OK):
        sys.exit("no program to test: " + PROGRAM)
    unittest.main()
