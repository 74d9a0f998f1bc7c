# SPDX-License-Identifier: MIT
"""Who gets at what: credentials, users, instances, and the sandbox."""

import os
import re
import shutil

from systemd.machine import eventually
from systemd.service import CREDENTIALS, SERVICE, SOCKET_PATH, ServiceCase

TOKEN = "p0F2AkF0Gl-token-in-no-log"
SECRET = "sec-c-secret-in-no-log"
INSTANCES = ("eu", "us")
# Higher is more exposed; what systemd calls "OK" ends at 5, ours at this.
EXPOSURE_MAX = 1.4
MANUAL = "/usr/local/share/man/man8/presenced.8"


class Credentials(ServiceCase):
    SETTINGS = "auth_token_file = auth_token\nsecret_key_file = secret_key\n"

    def put_credentials(self):
        self.machine.put(CREDENTIALS + "/presenced.auth_token", TOKEN + "\n", 0o600)
        self.machine.put(CREDENTIALS + "/presenced.secret_key", SECRET + "\n", 0o600)
        self.configure(self.SETTINGS + "publish_key = pub\n")

    def test_they_are_read_and_used(self):
        self.put_credentials()
        self.assertEqual(self.here_now("lobby")["total_occupancy"], 1)
        self.assertIn("auth=" + TOKEN, self.origin.targets[-1])
        self.assertIn("signature=v2.", self.origin.targets[-1])
        # And still, where the configuration is checked and read again.
        self.systemctl("reload", SERVICE)
        self.here_now("hall")
        self.assertIn("auth=" + TOKEN, self.origin.targets[-1])

    def test_missing_ones_are_no_error_until_the_configuration_wants_them(self):
        self.assertEqual(self.here_now("lobby")["total_occupancy"], 1)
        self.assertNotIn("auth=", self.origin.targets[-1])
        self.configure(self.SETTINGS)
        restarted = self.systemctl("restart", SERVICE, check=False)
        self.assertNotEqual(restarted.returncode, 0)
        self.assertEqual(self.show("ExecMainStatus"), "78")
        self.assertIn("auth_token_file: cannot be read", "\n".join(self.messages()))

    def test_nothing_secret_is_shown_logged_or_left(self):
        self.put_credentials()
        self.configure(
            self.SETTINGS + "publish_key = pub\n[log]\nlevel = debug\n"
        )
        self.here_now("lobby")
        self.origin.is_down = True
        for channel in ("a", "b", "c"):
            self.connect().ask("here_now", channels=[channel])
        self.eventually_said("upstream request failed")
        self.systemctl("reload", SERVICE)
        pid = self.main_pid()
        self.assertEqual(self.show("LimitCORE"), "0")
        places = {
            "show": self.systemctl("show", SERVICE).stdout,
            "status": self.systemctl("status", "-l", SERVICE, check=False).stdout,
            "journal": repr(self.journal()),
            "processes": self.machine.said("ps", "-efww"),
            "environment": self.machine.said("cat", "/proc/%d/environ" % pid),
        }
        for directory in ("/var/lib/private/presenced", "/run/presenced"):
            for top, _, names in os.walk(self.machine.path(directory)):
                for name in filter(lambda n: not n.endswith(".sock"), names):
                    with open(os.path.join(top, name), encoding="latin-1") as file:
                        places[name] = file.read()
        self.assertIn("upstream request failed", places["journal"])
        for secret in (TOKEN, SECRET):
            for place, text in places.items():
                self.assertNotIn(secret, text, place)


class Users(ServiceCase):
    USERS = ("alice", "bob", "carol")

    def setUp(self):
        super().setUp()
        for user in self.USERS:
            self.machine.run("useradd", user, check=False)
        for user in self.USERS[:2]:
            self.machine.run("usermod", "-a", "-G", "presence", user)

    def ask_as(self, user):
        return self.machine.run(
            *("runuser", "-u", user, "--", "/usr/local/bin/presencectl"),
            *("--json", "here-now", "lobby"),
            check=False,
        )

    def test_rules_by_user_work_and_the_group_opens_the_socket(self):
        self.configure("[access]\nquery = user:alice\n")
        self.assertEqual(self.ask_as("alice").returncode, 0)
        bob = self.ask_as("bob")
        self.assertEqual(bob.returncode, 1, bob.stdout)
        self.assertIn("permission_denied", bob.stdout)
        carol = self.ask_as("carol")
        self.assertEqual(carol.returncode, 3, carol.stdout)
        self.assertIn("ermission denied", carol.stdout)
        mode = os.stat(self.machine.path(SOCKET_PATH)).st_mode
        self.assertEqual(mode & 0o777, 0o660)

    def test_the_daemon_is_nobody(self):
        self.here_now("lobby")
        status = self.machine.said("cat", "/proc/%d/status" % self.main_pid())
        for line in ("CapEff:\t0{16}", "CapBnd:\t0{16}", "NoNewPrivs:\t1", "Seccomp:\t2"):
            self.assertRegex(status, line)
        uid = int(re.search(r"^Uid:\t(\d+)", status, re.M)[1])
        self.assertTrue(61184 <= uid <= 65519, "a dynamic user's: %d" % uid)


class Template(ServiceCase):
    def units(self, kind):
        return ["presenced@%s.%s" % (name, kind) for name in INSTANCES]

    def setUp(self):
        super().setUp()
        for name in INSTANCES:
            self.configure(
                "subscribe_key = key-%s\nauth_token_file = auth_token\n" % name,
                "/etc/presenced/%s.conf" % name,
            )
            self.machine.put(
                "%s/presenced-%s.auth_token" % (CREDENTIALS, name),
                "token-%s" % name,
                0o600,
            )
        self.systemctl("start", *self.units("socket"))

    def tearDown(self):
        self.systemctl("stop", *self.units("service"), *self.units("socket"))
        for name in INSTANCES:
            os.unlink(self.machine.path("/etc/presenced/%s.conf" % name))

    def path(self, name):
        return "/run/presenced/%s.sock" % name

    def test_two_instances_have_their_own_sockets_keys_and_users(self):
        for name in INSTANCES:
            self.assertEqual(
                self.here_now("lobby", self.path(name))["total_occupancy"], 1
            )
            self.assertIn("/sub-key/key-%s/" % name, self.origin.targets[-1])
            self.assertIn("auth=token-%s" % name, self.origin.targets[-1])
        units = self.units("service")
        self.assertEqual(len({self.show("MainPID", unit) for unit in units}), 2)
        users = {self.show("User", unit) for unit in units}
        self.assertEqual(users, {"presenced-eu", "presenced-us"})
        # Neither needs the other, nor the one that has no name.
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.systemctl("stop", units[0], self.units("socket")[0])
        self.assertEqual(self.here_now("hall", self.path("us"))["total_occupancy"], 1)
        self.assertFalse(os.path.exists(self.machine.path(self.path("eu"))))

    def test_they_reload_each_its_own_file(self):
        for name in INSTANCES:
            self.here_now("lobby", self.path(name))
        self.configure("ttl = 2\n", "/etc/presenced/us.conf")
        eu, us = self.units("service")
        self.systemctl("reload", eu)
        self.assertNotEqual(self.systemctl("reload", us, check=False).returncode, 0)


class Sandbox(ServiceCase):
    def test_systemd_finds_little_exposed_and_the_unit_says_why_it_is(self):
        said = self.machine.said("systemd-analyze", "security", "--no-pager", SERVICE)
        level = float(re.search(r"Overall exposure level for .*: ([\d.]+)", said)[1])
        self.assertLessEqual(level, EXPOSURE_MAX, said)
        unit = self.systemctl("cat", SERVICE).stdout
        left = re.findall(r"^✗ ([A-Za-z]+)=", said, re.M)
        comments = "\n".join(re.findall(r"^#.*", unit, re.M))
        with open(self.machine.path(MANUAL), encoding="utf-8") as file:
            manual = file.read()
        for setting in left:
            self.assertIn(setting + "=", comments, "is not explained")
            self.assertIn(setting + "=", manual, "is not in presenced(8)")
        print("exposure %.1f, left: %s ... " % (level, " ".join(left)), end="")

    def test_systemd_has_nothing_to_say_of_the_units(self):
        man = [] if shutil.which("man") else ["--man=no"]
        for unit in (SERVICE, "presenced.socket", "presenced@eu.service"):
            said = self.machine.said("systemd-analyze", "verify", *man, unit)
            self.assertEqual(said, "")

    def test_names_are_resolved_inside_it(self):
        # Of the machine's own file: it has no other network.
        self.machine.put("/etc/hosts", "127.0.0.1 localhost origin.test\n")
        self.configure()
        port = self.origin.server_port
        self.machine.put(
            "/etc/presenced/presenced.conf.d/z.conf",
            "[upstream]\norigin = http://origin.test:%d\n" % port,
        )
        self.assertEqual(self.here_now("lobby")["total_occupancy"], 1)

    def test_its_limits_are_in_force(self):
        self.here_now("lobby")
        for name, value in (
            ("MemoryMax", str(2**30)),
            ("TasksMax", "300"),
            ("LimitNOFILE", "524288"),
        ):
            self.assertEqual(self.show(name), value)
        eventually("ready", self.is_active)
        self.assertFalse(any("too few descriptors" in m for m in self.messages()))
