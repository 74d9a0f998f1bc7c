#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What bash, zsh and fish offer behind presencectl and presenced is what those
programs take: the commands and options of their --help, no more and no less."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

TOP = os.environ.get("abs_top_srcdir", ".")
BUILD = os.environ.get("abs_top_builddir", ".")
PRESENCECTL = os.environ.get("PRESENCECTL") or os.path.join(BUILD, "presencectl")
PRESENCED = os.environ.get("PRESENCED") or os.path.join(BUILD, "src/daemon/presenced")
# What "presencectl channels" says where a daemon holds something.
HELD = """NAME    KIND     LEVEL
lobby   channel  uuids
game.1  channel  uuids
rooms   group    uuids
ana     where    uuids
"""
ZSH_STUBS = """
compadd() { while [[ $1 == -* ]]; do
    [[ $1 == -S ]] && shift; shift; done; print -rl -- ${(P)1} }
_describe() { print -rl -- ${(P)@[-1]} }
_arguments() { print -rl -- "$@" }
"""


def run(*words, **options):
    return subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def flags_of(text):
    """The long options that a --help lists."""
    return set(re.findall(r"(?m)^  (?:-\w, |    )(--[a-z-]+)", text))


def path_of(shell, name):
    return os.path.abspath(os.path.join(TOP, "etc", shell, name))


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cli-completions.")
        self.addCleanup(shutil.rmtree, self.directory)
        self.environment = dict(os.environ)
        self.environment["HOME"] = self.directory
        self.environment["PATH"] = self.directory + ":" + os.environ["PATH"]
        self.environment["PRESENCED_SOCKET"] = os.path.join(self.directory, "none")
        self.write("held", HELD)
        self.write(
            "presencectl",
            '#!/bin/sh\n[ "$1" != channels ] || exec cat %s/held\nexec %s "$@"\n'
            % (self.directory, shlex.quote(os.path.abspath(PRESENCECTL))),
        )
        self.write(
            "presenced",
            '#!/bin/sh\nexec %s "$@"\n' % shlex.quote(os.path.abspath(PRESENCED)),
        )

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def need(self, shell):
        if shutil.which(shell):
            return
        if os.environ.get("CI") == "true":
            self.fail(shell + " is not installed, and CI skips nothing")
        self.skipTest(shell + " is not installed")

    def shell(self, *words):
        done = run(*words, env=self.environment, cwd=self.directory)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout.splitlines()

    def commands(self):
        """name -> (summary, long options), as presencectl tells them."""
        text = run(PRESENCECTL, "--help").stdout
        found = re.findall(r"(?m)^  ([a-z-]+) +(.*)$", text.split("Options:")[0])
        self.assertGreater(len(found), 10)
        return {
            name: (summary, flags_of(run(PRESENCECTL, name, "--help").stdout))
            for name, summary in found
        }

    def check_presencectl(self, offers):
        """offers(words) is the set of what is offered for the last of words."""
        commands = self.commands()
        self.assertEqual(offers([""]), set(commands))
        self.assertEqual(offers(["--"]), flags_of(run(PRESENCECTL, "--help").stdout))
        for name, (_, flags) in commands.items():
            with self.subTest(command=name):
                self.assertEqual(offers([name, "--"]), flags)
        self.assertEqual(offers(["-s", "/x", "hello", "--"]), commands["hello"][1])
        for name in ("here-now", "get-state", "set-state", "explain", "flush"):
            self.assertEqual(offers([name, ""]), {"lobby", "game.1"}, name)
        self.assertEqual(offers(["here-now", "-g", ""]), {"rooms"})
        self.assertEqual(
            offers(["log-level", ""]), {"error", "warning", "info", "debug"}
        )
        self.assertEqual(offers(["ping", ""]), set())

    def check_presenced(self, offers):
        self.assertEqual(offers(["--"]), flags_of(run(PRESENCED, "--help").stdout))
        shown = run(PRESENCED, "--check", "-c", "/dev/null").stdout
        keys = set(re.findall(r"(?m)^([a-z_]+\.[a-z_]+ ?=)", shown))
        self.assertGreater(len(keys), 50)
        self.assertEqual(
            offers(["-o", ""]), {key.replace(" ", "") for key in keys}
        )


class Bash(Case):
    def setUp(self):
        super().setUp()
        self.need("bash")

    def offers(self, program, words):
        script = (
            "compopt() { :; }; . %s; COMP_WORDS=(%s); COMP_CWORD=%d; _%s;"
            ' [ ${#COMPREPLY[@]} -eq 0 ] || printf "%%s\\n" "${COMPREPLY[@]}"'
        ) % (
            path_of("bash", program),
            " ".join(shlex.quote(word) for word in [program, *words]),
            len(words),
            program,
        )
        return self.shell("bash", "--norc", "-c", script)

    def sets(self, program):
        def offers(words):
            found = self.offers(program, words)
            self.assertEqual(len(found), len(set(found)))
            return set(found)

        return offers

    def test_presencectl(self):
        self.check_presencectl(self.sets("presencectl"))

    def test_presenced(self):
        self.check_presenced(self.sets("presenced"))

    def test_what_is_begun_is_finished(self):
        self.assertEqual(self.offers("presencectl", ["he"]), ["here-now", "hello"])
        self.assertEqual(
            self.offers("presencectl", ["here-now", "--st"]),
            ["--state", "--stale-if-error"],
        )
        # bash hands "--socket=hel" over as three words.
        for words in (["--socket", "=", "hel"], ["-s", "hel"]):
            self.assertEqual(self.offers("presencectl", words), ["held"])

    def test_it_is_loaded_for_its_program(self):
        for name in ("presencectl", "presenced"):
            self.assertEqual(
                self.shell(
                    "bash", "--norc", "-c", ". %s; complete -p %s"
                    % (path_of("bash", name), name)
                ),
                ["complete -F _%s %s" % (name, name)],
            )

    def test_shellcheck_has_nothing_to_say(self):
        self.need("shellcheck")
        for name in ("presencectl", "presenced"):
            done = run("shellcheck", path_of("bash", name))
            self.assertEqual((done.stdout, done.returncode), ("", 0))


class Zsh(Case):
    def setUp(self):
        super().setUp()
        self.need("zsh")

    def specs(self, program, words):
        """What zsh's own _arguments and _describe are given; the menu that they
        would make of it is theirs."""
        script = "words=(%s); CURRENT=%d; PREFIX=%s; %s\n. %s" % (
            " ".join(shlex.quote(word) for word in [program, *words]),
            len(words) + 1,
            shlex.quote(words[-1]),
            ZSH_STUBS,
            path_of("zsh", "_" + program),
        )
        return self.shell("zsh", "-f", "-c", script)

    def offers(self, program, words):
        specs = self.specs(program, words)
        flags = set()
        for spec in specs:
            flags |= set(re.findall(r"^(?:\([^)]*\)|\*)?(--[a-z-]+)", spec))
        return flags

    def test_commands(self):
        found = self.specs("presencectl", [""])
        expected = [
            name + ":" + summary.replace(":", "\\:")
            for name, (summary, _) in self.commands().items()
        ]
        self.assertEqual(found, expected)

    def test_options(self):
        commands = self.commands()
        for name, (_, flags) in commands.items():
            self.assertEqual(self.offers("presencectl", [name, "--"]), flags, name)
        for words in (["--"], ["-s", "/x", "--"]):
            self.assertEqual(
                self.offers("presencectl", words), commands["hello"][1]
            )
        self.assertEqual(
            self.offers("presenced", ["--"]), flags_of(run(PRESENCED, "--help").stdout)
        )

    def test_operands(self):
        channels = "*:channel:_presencectl_held channel"
        for name in ("here-now", "get-state", "set-state", "flush"):
            self.assertIn(channels, self.specs("presencectl", [name, ""]))
        self.assertIn(channels[1:], self.specs("presencectl", ["explain", ""]))
        self.assertIn(
            ":level:(error warning info debug)",
            self.specs("presencectl", ["log-level", ""]),
        )

    def test_held_names_and_keys(self):
        self.assertEqual(
            self.call("presencectl", "_presencectl_held group"), ["rooms"]
        )
        keys = self.call("presenced", "_presenced_keys")
        self.assertIn("cache.ttl=", keys)
        self.assertGreater(len(keys), 50)

    def call(self, program, function):
        script = "words=(%s '--'); CURRENT=2; %s\n. %s > /dev/null\n%s" % (
            program, ZSH_STUBS, path_of("zsh", "_" + program), function,
        )
        return self.shell("zsh", "-f", "-c", script)

    def test_zsh_can_read_it_and_knows_whose_it_is(self):
        for name in ("presencectl", "presenced"):
            path = path_of("zsh", "_" + name)
            self.shell("zsh", "-f", "-n", path)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.readline(), "#compdef " + name + "\n")


class Fish(Case):
    def setUp(self):
        super().setUp()
        self.need("fish")

    def menu(self, program, words):
        line = " ".join([program, *words])
        lines = self.shell(
            "fish", "--no-config", "-c",
            "source %s; complete -C %s"
            % (path_of("fish", program + ".fish"), shlex.quote(line)),
        )
        return dict(line.partition("\t")[::2] for line in lines)

    def offers(self, program):
        def of(words):
            found = set(self.menu(program, words))
            return {one for one in found if not one.startswith("--")} or {
                one.rstrip("=") for one in found
            }

        return of

    def test_presencectl(self):
        self.check_presencectl(self.offers("presencectl"))
        menu = self.menu("presencectl", [""])
        for name, (summary, _) in self.commands().items():
            self.assertEqual(menu[name], summary)

    def test_presenced(self):
        self.check_presenced(self.offers("presenced"))


if __name__ == "__main__":
    unittest.main()
