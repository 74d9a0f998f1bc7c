#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presenced's life: how it starts or says why not, reloads, drains and ends,
against an origin that answers when it is told to."""

import ctypes
import fcntl
import http.server
import json
import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest

PROGRAM = os.environ.get("PRESENCED") or os.path.join(
    os.environ.get("abs_top_builddir", "."), "src/daemon/presenced"
)
# Nothing here takes long; this is for a machine that does other things too.
PATIENCE = 30
BODY = (
    b'{"status":200,"message":"OK","occupancy":1,"uuids":["ana"],"service":"Presence"}'
)


class Origin(http.server.ThreadingHTTPServer):
    """Everybody is in every channel; those called slow answer after let_go()."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths = []
        self.asked_slow = threading.Event()
        self.gate = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def let_go(self):
        self.gate.set()

    def close(self):
        self.gate.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # a daemon that ended while it was being answered


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.paths.append(self.path)
        if "/slow" in self.path:
            self.server.asked_slow.set()
            self.server.gate.wait(PATIENCE)
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("rb")

    def ask(self, method, **params):
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")

    def answer(self):
        line = self.lines.readline()
        return json.loads(line) if line else None

    def call(self, method, **params):
        self.ask(method, **params)
        return self.answer()

    def close(self):
        self.lines.close()
        self.socket.close()


class Bench(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="daemon-life.")
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = os.path.join(self.directory, "s")
        self.log = os.path.join(self.directory, "log")
        self.file = os.path.join(self.directory, "p.conf")
        self.origin = Origin()
        self.addCleanup(self.origin.close)
        self.write("")

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def spawn(self, *options, path=None, **popen):
        words = [PROGRAM, "-c", self.file]
        for option in (
            "server.socket=" + (path or self.path),
            "upstream.origin=http://127.0.0.1:%d" % self.origin.server_port,
            *options,
        ):
            words += ["-o", option]
        with open(self.log, "ab") as log:
            daemon = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **popen
            )
        self.addCleanup(self.put_down, daemon)
        return daemon

    def put_down(self, daemon):
        if daemon.poll() is None:
            daemon.kill()
        daemon.wait()

    def wait_for(self, is_true, what):
        end = time.monotonic() + PATIENCE
        while not is_true():
            self.assertLess(time.monotonic(), end, what + "; log:\n" + self.said())
            time.sleep(0.01)

    def said(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def wait_until_said(self, text):
        self.wait_for(lambda: text in self.said(), "never said " + text)

    def start(self, *options, **popen):
        daemon = self.spawn(*options, **popen)
        self.wait_until_said("msg=ready")
        return daemon

    def connect(self):
        client = Client(self.path)
        self.addCleanup(client.close)
        return client

    def ends(self, daemon, code=0):
        self.assertEqual(daemon.wait(PATIENCE), code, self.said())

    def fails(self, daemon):
        """It ends with 1 and one line of the log; its text."""
        self.ends(daemon, 1)
        lines = self.said().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("level=error", lines[0])
        return re.search(r'msg="(.*?)"', lines[0])[1]


class Start(Bench):
    def test_it_answers_and_its_socket_is_as_configured(self):
        daemon = self.start("server.mode=0600")
        mode = os.stat(self.path).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        client = self.connect()
        self.assertEqual(client.call("ping")["result"], {})
        result = client.call("here_now", channels="lobby")["result"]
        self.assertEqual(result["total_occupancy"], 1)
        self.assertEqual(len(self.origin.paths), 1)
        daemon.send_signal(signal.SIGTERM)
        self.ends(daemon)
        self.assertFalse(os.path.exists(self.path))
        self.assertIsNone(client.answer())

    def test_a_stale_socket_is_replaced(self):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        self.start()
        self.assertEqual(self.connect().call("ping")["result"], {})

    def test_a_live_socket_is_not(self):
        first = self.start()
        os.truncate(self.log, 0)
        said = self.fails(self.spawn())
        self.assertIn("somebody serves this socket already", said)
        self.assertIn("give another", said)
        self.assertIsNone(first.poll())
        self.assertEqual(self.connect().call("ping")["result"], {})

    def test_a_file_in_the_sockets_place_stays(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("precious")
        self.assertIn("something else at the socket's path", self.fails(self.spawn()))
        with open(self.path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_a_missing_directory_is_told(self):
        daemon = self.spawn(path=os.path.join(self.directory, "none", "s"))
        self.assertIn("directory does not exist", self.fails(daemon))

    def test_a_broken_configuration_is_78_so_that_nobody_tries_again(self):
        self.write("[cache]\nttl = 3\n")
        self.ends(self.spawn(), 78)
        self.assertIn(self.file + ":2: [cache] ttl", self.said())

    def test_what_has_no_effect_yet_is_told_at_the_start(self):
        self.write("[http]\nlisten = 127.0.0.1:8080\n")
        self.start()
        self.assertRegex(
            self.said(), "level=warning .*no effect yet.* section=http key=listen"
        )

    def test_too_few_descriptors_are_fewer_clients_and_a_warning(self):
        def limit():
            # Root may raise hard limits; it is not to, here.
            pr_capbset_drop, cap_sys_resource = 24, 24
            ctypes.CDLL(None).prctl(pr_capbset_drop, cap_sys_resource, 0, 0, 0)
            resource.setrlimit(resource.RLIMIT_NOFILE, (258, 258))

        self.start(preexec_fn=limit)
        self.assertRegex(
            self.said(), "level=warning .*max_clients=1024 serving=2\n"
        )
        for _ in range(2):
            self.assertEqual(self.connect().call("ping")["result"], {})
        refused = self.connect().answer()
        self.assertEqual(refused["error"]["code"], -32012)
        self.assertIsNone(refused["id"])

    def test_a_low_soft_limit_is_raised(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < 1024 + 256:
            self.skipTest("the hard limit is too low to raise anything")
        daemon = self.start(
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        )
        limits = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        self.assertEqual(limits, (1024 + 256, hard))
        self.assertNotIn("level=warning", self.said())

    def listen_as_systemd(self, **environment):
        notify = os.path.join(self.directory, "notify")
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.settimeout(PATIENCE)
        told.bind(notify)
        return told, {**os.environ, "NOTIFY_SOCKET": notify, **environment}

    def hear(self, told, pattern):
        """The next message that fits; others are passed over."""
        while True:
            message = told.recv(4096).decode()
            if re.match(pattern, message):
                return message

    def test_systemd_is_told(self):
        told, environment = self.listen_as_systemd()
        daemon = self.start("server.drain_timeout=2s", env=environment)
        self.assertEqual(told.recv(4096), b"READY=1")
        self.assertEqual(
            told.recv(4096),
            b"STATUS=0 clients, 0 keys held, no queries yet, upstream ok",
        )
        daemon.send_signal(signal.SIGHUP)
        self.assertRegex(told.recv(4096), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.assertEqual(told.recv(4096), b"READY=1")
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(
            self.hear(told, "STOPPING=1\n"),
            "STOPPING=1\nEXTEND_TIMEOUT_USEC=8000000\n"
            "STATUS=answering those who wait",
        )
        self.ends(daemon)

    def test_systemds_watchdog_hears_that_it_lives(self):
        told, environment = self.listen_as_systemd(WATCHDOG_USEC="600000")
        daemon = self.start(env=environment)
        for _ in range(3):
            self.hear(told, "WATCHDOG=1$")
        # One that stands still is silent: what it has told is read, and then
        # no more comes.
        daemon.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, daemon.pid, os.WSTOPPED)
        told.settimeout(1)
        self.assertRaises(TimeoutError, self.hear, told, "nothing")
        daemon.send_signal(signal.SIGCONT)
        told.settimeout(PATIENCE)
        self.hear(told, "WATCHDOG=1$")

    def test_a_refused_reload_is_in_the_status_until_a_good_one(self):
        told, environment = self.listen_as_systemd()
        daemon = self.start(env=environment)
        self.write("[cache]\nttl = 2\n")
        daemon.send_signal(signal.SIGHUP)
        self.hear(told, "STATUS=last reload refused, see the log; 0 clients")
        self.write("")
        daemon.send_signal(signal.SIGHUP)
        self.hear(told, "STATUS=0 clients")


class Handed(Bench):
    """Started with sockets that systemd has opened, as systemd hands them."""

    def spawn_with(self, sockets, names, *options):
        def lay_out():
            # Beyond where they are to be first, so that none is overwritten.
            high = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 100) for s in sockets]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)

        words = ["sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', PROGRAM, "-c", self.file]
        for option in (
            "upstream.origin=http://127.0.0.1:%d" % self.origin.server_port,
            *options,
        ):
            words += ["-o", option]
        with open(self.log, "ab") as log:
            daemon = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "LISTEN_FDS": str(len(sockets)),
                    "LISTEN_FDNAMES": ":".join(names),
                },
                close_fds=False,
                preexec_fn=lay_out,
            )
        self.addCleanup(self.put_down, daemon)
        return daemon

    def listen(self, path):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.bind(path)
        sock.listen()
        return sock

    def test_it_serves_what_it_is_handed_and_leaves_it_at_its_end(self):
        sock = self.listen(self.path)
        daemon = self.spawn_with([sock], ["presenced"])
        self.assertEqual(self.connect().call("ping")["result"], {})
        self.wait_until_said("socket=" + self.path)
        self.assertNotIn("level=warning", self.said())
        daemon.send_signal(signal.SIGTERM)
        self.ends(daemon)
        self.assertTrue(os.path.exists(self.path))
        # Whoever comes meanwhile waits for the next one.
        client = self.connect()
        client.ask("ping")
        self.spawn_with([sock], ["presenced"])
        self.assertEqual(client.answer()["result"], {})

    def test_settings_of_a_socket_that_is_not_ours_are_told(self):
        self.spawn_with([self.listen(self.path)], ["presenced"], "server.mode=0666")
        self.wait_until_said("msg=ready")
        self.assertRegex(
            self.said(), "level=warning .*systemd's; change its unit.* key=mode"
        )

    def test_one_of_another_name_is_refused(self):
        daemon = self.spawn_with([self.listen(self.path)], ["http"])
        self.assertIn("that nobody would serve", self.fails(daemon))
        self.assertIn("name=http", self.said())

    def test_one_too_many_is_refused(self):
        sockets = [self.listen(self.path), self.listen(self.path + "2")]
        daemon = self.spawn_with(sockets, ["presenced", "presenced"])
        self.assertIn("that nobody would serve", self.fails(daemon))

    def test_what_is_no_listening_stream_socket_is_refused(self):
        with socket.socket(socket.AF_INET) as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            daemon = self.spawn_with([sock], ["presenced"])
            self.assertIn("no listening Unix stream socket", self.fails(daemon))


class End(Bench):
    def ask_slowly(self):
        client = self.connect()
        client.ask("here_now", channels="slow")
        self.assertTrue(self.origin.asked_slow.wait(PATIENCE))
        return client

    def test_who_waits_is_answered_and_nobody_else_is_served(self):
        daemon = self.start()
        idle = self.connect()
        self.assertEqual(idle.call("ping")["result"], {})
        client = self.ask_slowly()
        daemon.send_signal(signal.SIGTERM)
        self.assertIsNone(idle.answer())
        self.assertRaises(OSError, Client, self.path)
        client.ask("ping")
        refused = client.answer()
        self.assertEqual(refused["error"]["data"]["kind"], "shutting_down")
        self.assertIsNone(daemon.poll())
        self.origin.let_go()
        self.assertEqual(client.answer()["result"]["total_occupancy"], 1)
        self.assertIsNone(client.answer())
        self.ends(daemon)

    def test_who_still_waits_after_drain_timeout_is_told(self):
        daemon = self.start("server.drain_timeout=100ms")
        client = self.ask_slowly()
        daemon.send_signal(signal.SIGINT)
        answer = client.answer()
        self.assertEqual(answer["error"]["code"], -32030)
        self.assertEqual(answer["error"]["data"]["kind"], "shutting_down")
        self.assertIsNone(client.answer())
        self.ends(daemon)
        self.assertIn("drain_timeout is over", self.said())

    def test_a_second_signal_ends_it_at_once(self):
        daemon = self.start("server.drain_timeout=10min")
        self.ask_slowly()
        daemon.send_signal(signal.SIGTERM)
        self.wait_until_said("msg=ending")
        self.assertIsNone(daemon.poll())
        daemon.send_signal(signal.SIGTERM)
        self.ends(daemon)

    def test_a_client_that_reads_nothing_does_not_keep_it(self):
        daemon = self.start("server.drain_timeout=100ms")
        client = self.ask_slowly()
        for _ in range(2000):
            client.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
        daemon.send_signal(signal.SIGTERM)
        self.ends(daemon)


class Reload(Bench):
    def reload(self, daemon, said):
        daemon.send_signal(signal.SIGHUP)
        self.wait_until_said(said)

    def test_live_keys_change_and_others_wait_for_a_restart(self):
        daemon = self.start()
        client = self.connect()
        self.assertEqual(client.call("flush")["result"], {"flushed": 0})
        self.write(
            "[access]\nadmin =\n[server]\nmode = 0666\n[cache]\nttl = 2s\n"
            "[ttl]\nroom.* = 1h\n"
        )
        self.reload(daemon, "msg=reloaded")
        self.assertEqual(
            client.call("flush")["error"]["data"]["kind"], "permission_denied"
        )
        self.assertRegex(self.said(), "section=cache key=ttl value=2s")
        self.assertRegex(
            self.said(), "level=warning .*waits for a restart.* section=server key=mode"
        )
        ttl = client.call("here_now", channels="room.1")["result"]["cache"]["ttl"]
        self.assertGreater(ttl, 3000)
        ttl = client.call("here_now", channels="lobby")["result"]["cache"]["ttl"]
        self.assertLessEqual(ttl, 2)
        # Back again: what the first reload brought must not be needed any more.
        self.write("")
        os.truncate(self.log, 0)
        self.reload(daemon, "msg=reloaded")
        self.assertIn("flushed", client.call("flush")["result"])
        ttl = client.call("here_now", channels="room.1")["result"]["cache"]["ttl"]
        self.assertLessEqual(ttl, 3)
        daemon.send_signal(signal.SIGTERM)
        self.ends(daemon)

    def test_a_bad_configuration_changes_nothing(self):
        daemon = self.start()
        self.write("[access]\nadmin =\n[cache]\nttl = 2\n")
        self.reload(daemon, "keeping the old one")
        self.assertIn(self.file + ":4: [cache] ttl", self.said().replace('\\"', '"'))
        self.assertNotIn("msg=reloaded", self.said())
        self.assertIn("flushed", self.connect().call("flush")["result"])

    def test_the_method_tells_what_it_did(self):
        self.start()
        client = self.connect()
        self.assertEqual(
            client.call("reload")["result"], {"changed": [], "needs_restart": []}
        )
        token = os.path.join(self.directory, "token")
        with open(token, "w", encoding="utf-8") as file:
            file.write("first\n")
        self.write(
            "[cache]\nttl = 2s\n[server]\nmode = 0600\n[ttl]\nroom.* = 1h\n"
            "[upstream]\nauth_token_file = " + token + "\n"
        )
        told = client.call("reload")["result"]
        self.assertEqual(
            sorted(told["changed"]),
            ["cache.ttl", "ttl.room.*", "upstream.auth_token_file"],
        )
        self.assertEqual(told["needs_restart"], ["server.mode"])
        # It waits until the restart, however often one reloads; the token
        # has changed again where its name has not.
        with open(token, "w", encoding="utf-8") as file:
            file.write("second\n")
        told = client.call("reload")["result"]
        self.assertEqual(told["changed"], ["upstream.auth_token_file"])
        self.assertEqual(told["needs_restart"], ["server.mode"])
        self.assertNotIn("second", self.said())

    def test_a_token_that_is_none_changes_nothing(self):
        token = os.path.join(self.directory, "token")
        with open(token, "w", encoding="utf-8") as file:
            file.write("two words\n")
        self.start()
        client = self.connect()
        self.write(
            "[cache]\nttl = 1h\n[upstream]\nauth_token_file = " + token + "\n"
        )
        error = client.call("reload")["error"]
        self.assertIn(self.file + ":4: [upstream] auth_token_file", error["message"])
        self.assertNotIn("two words", error["message"] + self.said())
        ttl = client.call("here_now", channels="a")["result"]["cache"]["ttl"]
        self.assertLessEqual(ttl, 3)
        self.write("[access]\nadmin =\n[cache]\nttl = 2\n")
        error = client.call("reload")["error"]
        self.assertIn(self.file + ":4: [cache] ttl", error["message"])
        self.assertIn("flushed", client.call("flush")["result"])

    def test_the_log_level_changes(self):
        daemon = self.start()
        self.write("[log]\nlevel = error\n")
        self.reload(daemon, "key=level")
        os.truncate(self.log, 0)
        self.assertEqual(self.connect().call("ping")["result"], {})
        daemon.send_signal(signal.SIGTERM)
        self.ends(daemon)
        self.assertEqual(self.said(), "")

    def test_the_token_is_read_again(self):
        token = os.path.join(self.directory, "token")
        with open(token, "w", encoding="utf-8") as file:
            file.write("first\n")
        daemon = self.start("upstream.auth_token_file=" + token)
        client = self.connect()
        client.call("here_now", channels="a")
        self.assertIn("auth=first", self.origin.paths[-1])
        with open(token, "w", encoding="utf-8") as file:
            file.write("second\n")
        self.reload(daemon, "msg=reloaded")
        client.call("here_now", channels="b")
        self.assertIn("auth=second", self.origin.paths[-1])
        self.assertNotIn("first", self.said())
        self.assertNotIn("second", self.said())


if __name__ == "__main__":
    unittest.main(verbosity=1)
