#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""[access]: rules × methods × users, with real users: each client's process
takes on its user and groups, connects, and hands the connection to the test. The
daemon has a passwd and a group file of its own, mounted where nobody else sees
them. Prints the tables it has found true."""

import array
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

from e2e.harness import (
    PRESENCECTL,
    PRESENCED,
    WRAPPER,
    Case,
    Client,
    Refused,
    eventually,
    main,
)

# What is called so in the daemon's own files.
UIDS = {"root": 0, "ana": 61001, "bob": 61002, "carl": 61003, "dora": 61004}
GIDS = {"root": 0, "ana": 61001, "web": 62001, "staff": 62002}
NAMELESS = 62009
# Who comes: user, group, and further groups. Of dora's the last one counts, so
# all forty have to be read.
PEOPLE = {
    "root": (0, 0, []),
    "ana": (61001, 61001, []),
    "bob": (61002, 62001, []),
    "carl": (61003, 61003, [62002]),
    "dora": (61004, 61004, [*range(63000, 63039), 62002]),
    "erin": (61005, 62009, []),
}

# What is said, and whom it is to let in: our reading, not the daemon's.
RULES = {
    "": "",
    "*": "root ana bob carl dora erin",
    "user:root": "root",
    "user:ana": "ana",
    "user:61002": "bob",
    "group:web": "bob",
    "group:staff": "carl dora",
    "group:62009": "erin",
    "user:ana, group:staff , user:root": "root ana carl dora",
}

METHODS = {
    "query": [
        ("here_now", {"channels": "lobby"}),
        ("here_now", {"channel_groups": "halls"}),
        ("where_now", {"uuid": "somebody"}),
        ("get_state", {"channels": "lobby"}),
        ("channels", {}),
        ("explain", {"channel": "lobby"}),
    ],
    "global": [("here_now", {})],
    "set_state": [("set_state", {"channels": "lobby", "state": {}})],
    "admin": [("flush", {}), ("reload", {}), ("log_level", {"level": "info"})],
    "anyone": [("hello", {}), ("ping", {}), ("status", {}), ("stats", {})],
}


def say(text):
    print(text, flush=True)


def missing(case, why):
    if os.environ.get("CI") == "true":
        case.fail(why)
    case.skipTest(why)


def connect_as(path, uid, gid, groups):
    """A connection that was made by somebody else."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            made = socket.socket(socket.AF_UNIX)
            made.connect(path)
            theirs.sendmsg(
                [b"."],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [made.fileno()]))],
            )
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        _, messages, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    os.waitpid(child, 0)
    fds = array.array("i")
    for _, _, data in messages:
        fds.frombytes(data[:4])
    return socket.socket(fileno=fds[0])


class Taken(Client):
    """A client on a connection that is there already."""

    def __init__(self, connection):  # pylint: disable=super-init-not-called
        self.last_id = 0
        self.socket = connection
        self.socket.settimeout(60)
        self.lines = self.socket.makefile("rb")


class Access(Case):
    # Runs the daemon with files of its own in the place of the system's.
    MOUNT = (
        'mount --bind "$FILES/passwd" /etc/passwd && '
        'mount --bind "$FILES/group" /etc/group && '
        'exec "$0" "$@" -c "$FILES/conf"'
    )

    def setUp(self):
        self.bench = self.new_bench()
        os.chmod(self.bench.directory, 0o755)
        self.write("passwd", self.passwd(UIDS))
        self.write("group", self.group(GIDS))
        self.write("conf", "")
        probe = subprocess.run(["unshare", "--mount", "true"], check=False)
        if probe.returncode:
            missing(self, "this machine grants no mount namespaces")
        self.emulator = self.bench.emulator()
        self.emulator.group("halls", "lobby")
        self.daemon = self.bench.daemon(
            self.emulator,
            "server.mode=0666",
            "cache.ttl=5min",
            before=["unshare", "--mount", "sh", "-c", self.MOUNT],
            env={**os.environ, "FILES": self.bench.directory},
        )
        self.n_reloads = 0

    def write(self, name, text):
        """In place: what is mounted is the file, not its name."""
        with open(self.bench.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    @staticmethod
    def passwd(uids):
        line = "%s:x:%d:%d::/:/bin/false\n"
        return "".join(line % (name, uid, uid) for name, uid in uids.items())

    @staticmethod
    def group(gids):
        return "".join("%s:x:%d:\n" % named for named in gids.items())

    def reload(self, said="msg=reloaded"):
        before = self.daemon.said().decode().count(said)
        self.daemon.signal(signal.SIGHUP)
        eventually(
            "a reload", lambda: self.daemon.said().decode().count(said) > before
        )

    def put_in_force(self, **rules):
        lines = ["%s = %s" % rule for rule in rules.items()]
        self.write("conf", "\n".join(["[access]", *lines, ""]))
        self.reload()

    def people(self):
        """All of them, connected once and for all that follows."""
        clients = {}
        for name, (uid, gid, groups) in PEOPLE.items():
            clients[name] = Taken(connect_as(self.daemon.path, uid, gid, groups))
            self.bench.clients.append(clients[name])
        return clients

    def is_allowed(self, client, method, params):
        try:
            client.call(method, **params)
        except Refused as refused:
            self.assertRefused(
                refused, -32011, "permission_denied", "PNAccessDeniedCategory", False
            )
            return False
        return True

    def allowed(self, client, of_class):
        """Whether all methods of a class are; some and not others is a fault."""
        answers = {
            self.is_allowed(client, method, params)
            for method, params in METHODS[of_class]
        }
        self.assertEqual(len(answers), 1, of_class)
        return answers.pop()

    def test_every_rule_for_every_class_and_everybody(self):
        clients = self.people()
        say("\n%-47s %s" % ("[access] (the other keys empty)", " ".join(clients)))
        for key in ("query", "global", "set_state", "admin"):
            for rule, names in RULES.items():
                rules = dict.fromkeys(("query", "global", "set_state", "admin"), "")
                self.put_in_force(**{**rules, key: rule})
                cells = []
                for name, client in clients.items():
                    found = {one for one in METHODS if self.allowed(client, one)}
                    wanted = {"anyone"} | ({key} if name in names.split() else set())
                    self.assertEqual(found, wanted, (key, rule, name))
                    cells.append(("yes" if key in found else "-").ljust(len(name)))
                say("%-47s %s" % ("%s = %s" % (key, rule), " ".join(cells)))
            methods = ["%s%s" % (method, tuple(params)) for method, params in METHODS[key]]
            say("  yes: all of %s" % ", ".join(methods))

    def test_a_host_with_several_users(self):
        rules = {
            "query": "group:staff, user:ana, group:web",
            "global": "user:ana",
            "set_state": "group:web",
            "admin": "user:root",
        }
        wanted = {
            "query": "ana bob carl dora",
            "global": "ana",
            "set_state": "bob",
            "admin": "root",
            "anyone": " ".join(PEOPLE),
        }
        self.put_in_force(**rules)
        clients = self.people()
        say("")
        for rule in rules.items():
            say("%s = %s" % rule)
        say("%-28s %s" % ("", " ".join(clients)))
        for key, methods in METHODS.items():
            for method, params in methods:
                cells = []
                for name, client in clients.items():
                    found = self.is_allowed(client, method, params)
                    self.assertEqual(found, name in wanted[key].split(), (method, name))
                    cells.append(("yes" if found else "-").ljust(len(name)))
                say("%-28s %s" % (method + " " + " ".join(params), " ".join(cells)))
        # A batch is no way round: each entry is judged for itself.
        clients["carl"].send(
            b'[{"jsonrpc":"2.0","id":1,"method":"here_now","params":{"channels":"a"}},'
            b'{"jsonrpc":"2.0","id":2,"method":"here_now"}]\n'
        )
        replies = {reply["id"]: reply for reply in clients["carl"].reply()}
        self.assertIn("result", replies[1])
        self.assertEqual(replies[2]["error"]["code"], -32011)

    def test_a_reload_holds_for_those_who_are_connected(self):
        clients = self.people()
        self.assertTrue(self.allowed(clients["ana"], "query"))
        self.put_in_force(query="user:bob")
        self.assertFalse(self.allowed(clients["ana"], "query"))
        self.assertTrue(self.allowed(clients["bob"], "query"))
        # A broken configuration leaves the rules as they were.
        self.write("conf", "[access]\nquery = user:nobody-of-that-name\n")
        self.reload("keeping the old one")
        self.assertIn(
            'user:nobody-of-that-name\\": there is no such user',
            self.daemon.said().decode().replace('\\\\"', '\\"'),
        )
        self.assertFalse(self.allowed(clients["ana"], "query"))
        self.assertTrue(self.allowed(clients["bob"], "query"))

    def test_names_are_looked_up_at_each_load(self):
        clients = self.people()
        self.put_in_force(query="group:staff", set_state="user:ana")
        self.assertTrue(self.allowed(clients["carl"], "query"))
        self.assertFalse(self.allowed(clients["bob"], "query"))
        self.write("group", self.group({**GIDS, "staff": 62001}))
        self.write("passwd", self.passwd({**UIDS, "ana": 61002}))
        # Not before it is read again.
        self.assertTrue(self.allowed(clients["carl"], "query"))
        self.reload()
        self.assertFalse(self.allowed(clients["carl"], "query"))
        self.assertTrue(self.allowed(clients["bob"], "query"))
        self.assertTrue(self.allowed(clients["bob"], "set_state"))
        self.assertFalse(self.allowed(clients["ana"], "set_state"))
        # A group that is new, and one that is gone.
        self.write("conf", "[access]\nquery = group:late\n")
        self.reload("keeping the old one")
        self.assertTrue(self.allowed(clients["bob"], "query"))
        self.write("group", self.group({**GIDS, "late": NAMELESS}))
        self.reload()
        self.assertTrue(self.allowed(clients["erin"], "query"))
        self.assertFalse(self.allowed(clients["bob"], "query"))

    def test_the_default_is_everybody_and_root_for_administration(self):
        for name, client in self.people().items():
            for key in METHODS:
                wanted = key != "admin" or name == "root"
                self.assertEqual(self.allowed(client, key), wanted, (name, key))

    def test_presencectl_of_another_user_says_who_may(self):
        program = self.bench.path("presencectl")
        shutil.copy(PRESENCECTL, program)
        os.chmod(program, 0o755)

        def run(*words):
            return subprocess.run(
                [program, "-s", self.daemon.path, *words],
                user=61001,
                group=61001,
                extra_groups=[],
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        self.assertEqual(run("here-now", "lobby").returncode, 0)
        done = run("flush")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("permission_denied", done.stderr)
        self.assertIn("admin", done.stderr)
        self.assertIn("[access]", done.stderr)


@unittest.skipIf(WRAPPER, "under a wrapper the program cannot be moved")
class OwnUser(Case):
    def test_the_daemons_own_user_may_administrate(self):
        bench = self.new_bench()
        os.chmod(bench.directory, 0o755)
        os.chown(bench.directory, 61001, 61001)
        program = bench.path("presenced")
        shutil.copy(PRESENCED, program)
        os.chmod(program, 0o755)
        daemon = bench.daemon(
            bench.emulator(),
            "server.mode=0666",
            before=[
                "setpriv", "--reuid=61001", "--regid=61001", "--clear-groups",
                "sh", "-c", 'cd / && exec %s "$@"' % program,
            ],
        )
        for name, wanted in (("ana", True), ("root", True), ("bob", False)):
            client = Taken(connect_as(daemon.path, *PEOPLE[name]))
            bench.clients.append(client)
            if wanted:
                self.assertIn("flushed", client.call("flush"))
            else:
                self.assertEqual(client.refusal("flush").code, -32011)


if __name__ == "__main__":
    if os.getuid() != 0:
        print("skipped: only root can be somebody else", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    main()
