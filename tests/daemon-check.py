#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presenced's command line, and what the code, the file it is installed with and
its manual page say of each key."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = os.environ.get("abs_top_srcdir", ".")
PROGRAM = os.environ.get("PRESENCED") or os.path.join(
    os.environ.get("abs_top_builddir", "."), "src/daemon/presenced"
)


def run(*arguments, **environment):
    return subprocess.run(
        [PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def shown(output):
    """section.key -> (value, place, is_later), as --check printed it."""
    keys = {}
    for line in output.splitlines():
        match = re.fullmatch(r"([a-z_]+\.\S+) =( \S.*?)? +# (.*)", line)
        if match:
            place, _, later = match[3].partition(", ")
            keys[match[1]] = ((match[2] or "").strip(), place, bool(later))
    return keys


def unexpanded(value):
    """The default as documents have it, without this host and user."""
    value = value.replace(os.uname().nodename, "HOSTNAME")
    return re.sub(r"user:%d\b" % os.geteuid(), "user:UID", value)


class Bench(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="daemon-check.")
        self.addCleanup(shutil.rmtree, self.directory)
        self.file = os.path.join(self.directory, "p.conf")

    def write(self, text, name="p.conf"):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def check(self, *arguments, **environment):
        done = run("--check", "-c", self.file, *arguments, **environment)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return shown(done.stdout)


class Check(Bench):
    def test_layers_win_one_over_the_other_and_say_where_they_are(self):
        self.write("[cache]\nttl = 4s\nhold_off = 2s\nidle_after = 30s\n")
        self.write("\n[cache]\nttl = 5s\nhold_off = 3s\n", "p.conf.d/10.conf")
        self.write("[cache]\nttl = 6s\n[ttl]\na:b.* = 9s\n", "p.conf.d/20.conf")
        keys = self.check("-o", "cache.ttl=7s", "--option=cache.ttl=8s")
        self.assertEqual(keys["cache.ttl"], ("8s", "-o", False))
        self.assertEqual(
            keys["cache.hold_off"], ("3s", self.file + ".d/10.conf:4", False)
        )
        self.assertEqual(keys["cache.idle_after"], ("30s", self.file + ":4", False))
        self.assertEqual(keys["cache.max_bytes"], ("64M", "default", False))
        self.assertEqual(keys["ttl.a:b.*"], ("9s", self.file + ".d/20.conf:4", False))

    def test_what_is_not_in_use_is_said_so(self):
        self.write("[upstream]\nmode = stream\n")
        keys = self.check()
        self.assertEqual(keys["upstream.mode"], ("stream", self.file + ":2", False))
        self.assertTrue(keys["http.listen"][2])
        self.assertFalse(keys["cache.ttl"][2])

    def test_errors_are_told_each_in_a_line_and_the_exit_code_is_1(self):
        self.write("[cache]\nttl = 3\nttll = 3s\n")
        done = run("--check", "-c", self.file, "-o", "log.level=loud")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(
            done.stderr.splitlines(),
            [
                self.file + ':2: [cache] ttl: "3" is not a time like 500ms, 3s, '
                "5min or 1h",
                self.file + ':3: unknown key "ttll" in [cache]; did you mean "ttl"?',
                '-o: [log] level: "loud" is none of error, warning, info, debug',
            ],
        )

    def test_a_bad_configuration_does_not_start(self):
        self.write("[cache]\nttl = 3\n")
        done = run("-c", self.file)
        self.assertEqual(done.returncode, 78)
        self.assertIn(self.file + ":2: [cache] ttl", done.stderr)

    def test_a_named_file_must_exist(self):
        done = run("--check", "-c", self.file)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, self.file + ": No such file or directory\n")

    def test_a_secret_is_never_shown(self):
        self.write("very secret\n", "token")
        self.write("[upstream]\nauth_token_file = token\n")
        done = run("--check", "-c", self.file, CREDENTIALS_DIRECTORY=self.directory)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("very secret", done.stdout + done.stderr)
        done = run("--check", "-o", "upstream.secret_key_file=sec-c-pasted")
        self.assertEqual(done.returncode, 1)
        self.assertIn("[upstream] secret_key_file", done.stderr)
        self.assertNotIn("pasted", done.stdout + done.stderr)

    def test_what_is_shown_can_be_given_back(self):
        self.write("[cache]\nttl = 4s\n[ttl]\nroom.* = 2s\n[poll]\nchannels = a, b\n")
        keys = self.check()
        self.write("")
        options = []
        for key, (value, _, _) in keys.items():
            options += ["-o", key + "=" + value]
        again = self.check(*options)
        self.assertEqual(
            {key: value[0] for key, value in keys.items()},
            {key: value[0] for key, value in again.items()},
        )


class CommandLine(Bench):
    def test_help_and_version(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--check", "--config", "SECTION.KEY=VALUE", "presenced.conf(5)"):
            self.assertIn(word, done.stdout)
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^presenced [0-9.]+\n$")

    def test_mistakes_are_2(self):
        for arguments in (["--chek-it"], ["lobby"], ["-c"], ["-x"]):
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("Try 'presenced --help'.", done.stderr)
            self.assertEqual(done.stdout, "")


class Documents(Bench):
    def setUp(self):
        super().setUp()
        self.write("")
        self.keys = self.check()
        self.assertGreater(len(self.keys), 50)
        self.defaults = {
            key: unexpanded(value) for key, (value, _, _) in self.keys.items()
        }

    def test_the_installed_file_has_every_key_with_its_default(self):
        section, keys, words = None, {}, False
        for line in read("etc/presenced.conf").splitlines():
            if match := re.fullmatch(r"\[([a-z]+)\]", line):
                section = match[1]
            elif match := re.fullmatch(r"#(\S+) =(.*)", line):
                if section != "ttl":
                    self.assertTrue(words, line + " has no sentence before it")
                    keys[section + "." + match[1]] = match[2].strip()
            else:
                self.assertRegex(line, r"^(# .*|#|)$")
            words = line.startswith("# ")
        self.assertEqual(keys, self.defaults)

    def test_the_installed_file_loads_with_all_its_comments_taken_away(self):
        text = re.sub(r"(?m)^#(?=\S+ =)", "", read("etc/presenced.conf"))
        text = text.replace("UID", str(os.geteuid()))
        self.write(text)
        keys = self.check()
        self.assertEqual(keys.pop("ttl.lobby")[0], "1s")
        self.assertEqual(keys.pop("ttl.news.*")[0], "30s")
        for key, (value, place, _) in keys.items():
            self.assertTrue(place.startswith(self.file), key)
            if key != "upstream.user_id":
                self.assertEqual(value, self.keys[key][0])

    def page(self):
        """section.key -> (default, its text), as presenced.conf(5) has them."""
        section, key, keys = None, None, {}
        for line in read("doc/presenced.conf.5").splitlines():
            if match := re.fullmatch(r"\.Ss Section (\S+)", line):
                section, key = match[1], None
            elif line.startswith(".Sh"):
                section = None
            elif match := re.fullmatch(r"\.It Cm (\S+) =(.*)", line):
                self.assertIsNotNone(section)
                key = section + "." + match[1]
                keys[key] = (match[2].strip(), "")
            elif key and section:
                keys[key] = (keys[key][0], keys[key][1] + line + "\n")
        return keys

    def test_the_manual_page_has_every_key_with_its_default(self):
        page = self.page()
        self.assertEqual({key: value for key, (value, _) in page.items()}, self.defaults)
        for key, (_, text) in page.items():
            self.assertGreater(len(text), 10, key)

    def test_the_manual_page_says_what_is_not_in_use(self):
        for key, (_, text) in self.page().items():
            self.assertEqual("Not in use yet." in text, self.keys[key][2], key)

    def test_the_manual_page_says_what_needs_a_restart(self):
        """The table in the code says which keys a reload puts in force."""
        rows = read("src/daemon/config_keys.c").split("config_key keys[]")[1]
        rows = re.findall(r"(?ms)^    ([A-Z]+)\((.*?)\),\n(?=    |\n|\})", rows)
        self.assertEqual(len(rows), len(self.keys))
        live = set()
        for macro, row in rows:
            section, name = (["access"] * (macro == "RULE") + re.findall(r"\w+", row))[:2]
            self.assertIn(section + "." + name, self.keys)
            if macro == "RULE" or "CONFIG_LIVE" in row:
                live.add(section + "." + name)
        for key, (_, text) in self.page().items():
            with self.subTest(key=key):
                is_later = self.keys[key][2]
                self.assertEqual(
                    "Needs a restart." in text, not is_later and key not in live
                )

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_has_nothing_to_say_of_the_pages(self):
        for page in ("presenced.8", "presenced.conf.5", "presenced-protocol.7"):
            done = subprocess.run(
                ["mandoc", "-T", "lint", os.path.join(TOP, "doc", page)],
                capture_output=True,
                text=True,
                check=False,
            )
            # Which other pages this machine has is not the page's fault.
            said = [
                line
                for line in (done.stdout + done.stderr).splitlines()
                if "mandoc.db" not in line and "manual not found" not in line
            ]
            self.assertEqual(said, [])


if __name__ == "__main__":
    unittest.main(verbosity=1)
