# SPDX-License-Identifier: MIT
"""What the end-to-end tests stand on: the real presenced on the real
presence-emulator, each started on free ports in a directory of its own, and a
client that is only a socket and the protocol's text.

It knows nothing of how the daemon is made, and shares no code with it. Its law:
whatever a test started is ended when the test is, ends well (status 0 on
SIGTERM, nothing from a sanitizer), and leaves nothing behind.

Environment:
    PRESENCED, PRESENCECTL, PRESENCE_EMULATOR   the programs; else those of
    abs_top_builddir                            this build, else of the newest
    E2E_WRAPPER      put before each program: "valgrind -q --error-exitcode=99"
    E2E_TIME_SCALE   stretches every time (default: 1, with a wrapper 8)
"""

import atexit
import ctypes
import glob
import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TOP = os.environ.get("abs_top_srcdir") or os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
)
WRAPPER = shlex.split(os.environ.get("E2E_WRAPPER", ""))
SCALE = float(os.environ.get("E2E_TIME_SCALE") or (8 if WRAPPER else 1))
# Nothing takes this long, and nothing waits for it but what fails.
PATIENCE = 20 * SCALE
USER_ID = "e2e-daemon"
PR_SET_PDEATHSIG = 1


def newest_build():
    found = glob.glob(os.path.join(TOP, "build*/src/daemon/presenced"))
    newest = max(found, key=os.path.getmtime, default=None)
    return os.path.join(os.path.dirname(newest), "../..") if newest else "."


BUILD = os.environ.get("abs_top_builddir") or newest_build()


def program(variable, path):
    return os.environ.get(variable) or os.path.join(BUILD, path)


PRESENCED = program("PRESENCED", "src/daemon/presenced")
PRESENCECTL = program("PRESENCECTL", "presencectl")
PRESENCE_EMULATOR = program("PRESENCE_EMULATOR", "src/emulator/presence-emulator")


def scaled(seconds):
    """A time for this machine, in seconds."""
    return seconds * SCALE


def span(seconds):
    """The same as the configuration writes it."""
    return "%dms" % round(scaled(seconds) * 1000)


def eventually(what, condition):
    """Waits for condition() to be true, and returns what it returned."""
    end = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.005)


def strict_json(text):
    """One JSON text as RFC 8259 has it: no duplicate names, no NaN."""

    def unique(pairs):
        names = [name for name, _ in pairs]
        if len(names) != len(set(names)):
            raise AssertionError("duplicate names: %r" % text)
        return dict(pairs)

    def constant(name):
        raise AssertionError("%s is no JSON: %r" % (name, text))

    if isinstance(text, bytes):
        text = text.decode("utf-8", "strict")
    return json.loads(text, object_pairs_hook=unique, parse_constant=constant)


LIBC = ctypes.CDLL(None)


def end_with_us():
    """In a child: a test that is killed takes along what it started."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(words, before=(), **popen):
    return subprocess.Popen(
        [*before, *WRAPPER, *words],
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_us,
        **popen,
    )


def put_first(pid):
    """Before whatever else the machine does, where we may (as root), so that a
    time that is measured is the program's own."""
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(pid, policy, os.sched_param(10))
    except PermissionError:
        print("not root: times are those of a machine that does other things", flush=True)


def check_clean(said, name):
    """A sanitizer's report is a failure, whatever the exit status."""
    for mark in (b"AddressSanitizer", b"LeakSanitizer", b"runtime error:"):
        if mark in said:
            raise AssertionError(
                "%s: a sanitizer says:\n%s" % (name, said.decode(errors="replace"))
            )


class Refused(Exception):
    """The daemon answered with an error; error is its object."""

    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.error = error
        self.code = error["code"]
        self.data = error["data"]
        self.kind = error["data"]["kind"]


class Client:
    """One connection. Lines go out as they are given and come in checked."""

    def __init__(self, path):
        self.last_id = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.lines.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, method, **params):
        """Sends a request and returns its id."""
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method}
        if params:
            request["params"] = params
        self.send(json.dumps(request).encode() + b"\n")
        return self.last_id

    def line(self):
        """The next line, or b"" when the daemon has closed."""
        line = self.lines.readline()
        if line and not line.endswith(b"\n"):
            raise AssertionError("closed within a line: %r" % line[-200:])
        return line

    def reply(self):
        """The next line as a reply or a batch of them."""
        line = self.line()
        if not line:
            raise AssertionError("closed, and a reply is missing")
        reply = strict_json(line)
        for one in reply if isinstance(reply, list) else [reply]:
            check_reply(one)
        return reply

    def result(self):
        return result_of(self.reply())

    def call(self, method, **params):
        """The result; an error is raised as Refused."""
        wanted = self.ask(method, **params)
        reply = self.reply()
        if reply["id"] != wanted:
            raise AssertionError("asked %r, answered %r" % (wanted, reply["id"]))
        return result_of(reply)

    def refusal(self, method, **params):
        """The error; a result is a failure."""
        try:
            result = self.call(method, **params)
        except Refused as refused:
            return refused
        raise AssertionError("not refused: %.500r" % result)

    def here_now(self, *channels, **params):
        return self.call("here_now", channels=list(channels), **params)

    def end_of_requests(self):
        self.socket.shutdown(socket.SHUT_WR)

    def is_at_end(self):
        try:
            return self.line() == b""
        except ConnectionResetError:
            return True


def check_reply(reply):
    outcome = set(reply) - {"jsonrpc", "id"}
    if reply.get("jsonrpc") != "2.0" or "id" not in reply:
        raise AssertionError("not a reply: %.500r" % reply)
    if outcome not in ({"result"}, {"error"}):
        raise AssertionError("neither result nor error, or both: %.500r" % reply)
    if "error" in reply:
        error = reply["error"]
        if set(error) != {"code", "message", "data"}:
            raise AssertionError("not an error: %.500r" % error)
        if not {"kind", "category", "retryable"} <= set(error["data"]):
            raise AssertionError("not an error's data: %.500r" % error)


def result_of(reply):
    if "error" in reply:
        raise Refused(reply["error"])
    return reply["result"]


class Process:
    """A program that runs, with what it says in a file."""

    def __init__(self, name, words, log, **popen):
        self.name = name
        self.log = log
        self.said_last = b""
        with open(log, "ab") as file:
            self.process = spawn(words, stderr=file, **popen)

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        if os.path.exists(self.log):
            with open(self.log, "rb") as file:
                self.said_last = file.read()
        return self.said_last

    def fail(self, why):
        said = self.said().decode(errors="replace")
        raise AssertionError("%s %s; it said:\n%s" % (self.name, why, said[-4000:]))

    def is_running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Waits for the end; returns the exit status."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            self.fail("does not end")
        self.close_pipe()
        check_clean(self.said(), self.name)
        return status

    def kill(self):
        if self.is_running():
            self.process.kill()
        self.process.wait()
        self.close_pipe()

    def close_pipe(self):
        if self.process.stdout:
            self.process.stdout.close()

    def end(self):
        """Ends it as systemd would. May be called again."""
        if self.process.returncode is None:
            if self.is_running():
                self.signal(signal.SIGTERM)
            status = self.wait()
            if status != 0:
                self.fail("ended with status %d" % status)

    def is_sanitized(self):
        with open("/proc/%d/maps" % self.pid, encoding="utf-8") as file:
            return "libasan" in file.read()

    def rss(self):
        """Kilobytes of anonymous memory."""
        with open("/proc/%d/status" % self.pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1])
        raise AssertionError("no RssAnon")


class Emulator(Process):
    """An origin that runs, and its control API."""

    def __init__(self, log, *options):
        words = list(options)
        if "--listen" not in words and "--tls" not in words:
            words += ["--listen", "127.0.0.1:0"]
        super().__init__(
            "presence-emulator",
            [PRESENCE_EMULATOR, "--control", "127.0.0.1:0", *words],
            log,
            stdout=subprocess.PIPE,
        )
        self.origins = []
        self.control_port = None
        self.read_ports()

    def read_ports(self):
        """It says where it listens, and then that it is ready."""
        for line in self.process.stdout:
            words = line.decode().split()
            if words[0] == "ready":
                return
            if words[:2] == ["listening", "on"]:
                self.origins.append(words[2])
            elif words[0] == "control":
                self.control_port = int(words[2].split(":")[2].split("/")[0])
        self.kill()
        self.fail("did not begin")

    @property
    def origin(self):
        return self.origins[0]

    @property
    def address(self):
        return self.origin.split("//")[1]

    def get(self, target):
        """What a client of the service would ask; returns (response, body)."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def control(self, path, order=None, method=None):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.control_port, timeout=PATIENCE
        )
        try:
            body = None if order is None else json.dumps(order)
            connection.request(
                method or ("POST" if body else "GET"), "/_emulator/" + path, body
            )
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise AssertionError("%s: %d %r" % (path, response.status, answer))
        return json.loads(answer)

    def world(self, **order):
        return self.control("world", order)

    def join(self, channel, *uuids, **more):
        self.world(join={"channel": channel, "uuids": uuids, **more})

    def leave(self, channel, uuid):
        self.world(leave={"channel": channel, "uuid": uuid})

    def group(self, name, *channels):
        self.world(group={"name": name, "add": list(channels)})

    def fault(self, kind, **more):
        return self.control("faults", {"kind": kind, **more})["id"]

    def answer_with(self, body, **match):
        """This body, under HTTP 200, in place of the true one."""
        return self.fault("false_ok", status=503, body=body, match=match)

    def heal(self):
        self.control("faults", method="DELETE")

    def counters(self):
        return self.control("counters")

    def count(self, op="here_now"):
        return self.counters()["by_op"].get(op, 0)

    def forget_requests(self):
        self.control("requests", method="DELETE")

    def requests(self, text=""):
        """The requests whose path holds text, oldest first."""
        every = self.control("requests")["requests"]
        return [request for request in every if text in request["path"]]

    def truth(self, channel):
        """Who is in a channel, sorted as the daemon sorts."""
        channels = self.control("truth?channel=" + channel)["channels"]
        occupants = channels.get(channel, {"occupants": []})["occupants"]
        return sorted(one["uuid"] for one in occupants)


class Daemon(Process):
    """A presenced that runs on an origin. Options win over the defaults here,
    which only take away what no test but a few should meet."""

    DEFAULTS = (
        "upstream.user_id=" + USER_ID,
        "upstream.max_requests_per_second=100000",
        "upstream.burst=100000",
        "log.target=stderr",
    )

    def __init__(self, directory, log, origin, *options, **popen):
        self.path = os.path.join(directory, "socket")
        for option in options:
            if option.startswith("server.socket="):
                self.path = option.split("=", 1)[1]
        words = [PRESENCED, "-c", os.devnull]
        for option in (
            "server.socket=" + self.path,
            "upstream.origin=" + origin,
            *self.stretched(),
            *self.DEFAULTS,
            *options,
        ):
            words += ["-o", option]
        super().__init__("presenced", words, log, stdout=subprocess.DEVNULL, **popen)

    @staticmethod
    def stretched():
        """Under valgrind an answer takes longer, and so may a request."""
        if SCALE == 1:
            return []
        return [
            "upstream.connect_timeout=" + span(2),
            "upstream.request_timeout=" + span(4),
            "cache.stale_after_wait=" + span(1.8),
            "server.default_timeout=%ds" % min(scaled(5), 60),
        ]

    def wait_ready(self):
        def answers():
            if not self.is_running():
                self.fail("did not begin")
            try:
                with self.client() as client:
                    return client.call("ping") == {}
            except (FileNotFoundError, ConnectionRefusedError, PermissionError):
                return False  # not bound, not listening, or its mode not set

        eventually("presenced", answers)
        return self

    def client(self):
        return Client(self.path)


class Bench:
    """A directory and what runs in it. close() ends it all, last first."""

    open_benches = []

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="presenced-e2e.")
        self.running = []
        self.clients = []
        self.all = []
        self.open_benches.append(self)

    def path(self, name):
        return os.path.join(self.directory, name)

    def add(self, process):
        self.running.append(process)
        self.all.append(process)
        return process

    def emulator(self, *options):
        log = self.path("emulator-%d.log" % len(self.all))
        return self.add(Emulator(log, *options))

    def daemon(self, origin, *options, ready=True, **popen):
        if isinstance(origin, Emulator):
            origin = origin.origin
        log = self.path("presenced-%d.log" % len(self.all))
        daemon = self.add(Daemon(self.directory, log, origin, *options, **popen))
        return daemon.wait_ready() if ready else daemon

    def client(self, daemon):
        client = daemon.client()
        self.clients.append(client)
        return client

    def close(self):
        """Everything is ended, even if one of them does not end well."""
        if self not in self.open_benches:
            return
        self.open_benches.remove(self)
        while self.clients:
            self.clients.pop().close()
        trouble = None
        while self.running:
            process = self.running.pop()
            try:
                process.end()
            except AssertionError as error:
                trouble = trouble or error
        shutil.rmtree(self.directory)
        if trouble:
            raise trouble

    def abandon(self):
        """As close(), for a test that was interrupted."""
        for process in self.running:
            process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def abandon_all():
    while Bench.open_benches:
        Bench.open_benches.pop().abandon()


class Case(unittest.TestCase):
    """A test case; new_bench() is closed with the test. Where it failed, what
    the daemons said is shown."""

    bench = None  # of the class, if its tests share one

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        self.benches = []
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.show_logs()
        return result

    def show_logs(self):
        for bench in self.benches or [self.bench]:
            for process in bench.all if bench else []:
                said = process.said().decode(errors="replace")
                if said:
                    print("--- %s said:\n%s" % (process.name, said[-6000:]), file=sys.stderr)

    def new_bench(self):
        bench = Bench()
        self.benches.append(bench)
        self.addCleanup(bench.close)
        return bench

    def assertRefused(self, refused, code, kind, category, retryable):
        found = (
            refused.code,
            refused.kind,
            refused.data["category"],
            refused.data["retryable"],
        )
        self.assertEqual(found, (code, kind, category, retryable), refused.error)


class SharedCase(Case):
    """One emulator and one daemon for all tests of a class: each keeps to
    channels of its own, and leaves no faults behind."""

    emulator_options = ()
    daemon_options = ()

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)
        cls.emulator = cls.bench.emulator(*cls.emulator_options)
        cls.daemon = cls.bench.daemon(cls.emulator, *cls.daemon_options)

    def setUp(self):
        self.client = self.new_client()
        self.addCleanup(self.emulator.heal)

    def new_client(self):
        client = self.daemon.client()
        self.addCleanup(client.close)
        return client


def uuids_of(entry):
    return [occupant["uuid"] for occupant in entry["occupants"]]


def main():
    for path in (PRESENCED, PRESENCECTL, PRESENCE_EMULATOR):
        if not os.access(path, os.X_OK):
            sys.exit("there is no %s to test" % path)
    atexit.register(abandon_all)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main()
