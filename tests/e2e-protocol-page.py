#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presenced-protocol(7) is the contract, so the daemon is held to it: its
examples are asked and answered as they stand, and its methods, parameters,
errors and counters are those that there are."""

import json
import os
import re

from e2e.harness import TOP, SharedCase, main, strict_json

PAGE = os.path.join(TOP, "doc", "presenced-protocol.7")
# Members whose value is another one each time; their kind is not.
MOVING = set(
    "age ttl since at took uptime bytes epoch version default_timeout clients"
    " retry_after".split()
)
NO_SUCH = "this method has no such parameter"


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def plain(text):
    """Of the page's literal text, what a reader sees."""
    return text.replace("\\(dq", '"').replace("\\&", "").replace("\\-", "-")


def examples():
    """Lines ("> ..." or "< ..."), those that were broken put together."""
    lines = []
    for block in re.findall(r"(?ms)^\.Bd -literal\n(.*?)^\.Ed$", read(PAGE)):
        for line in plain(block).splitlines():
            if line.startswith(("> ", "< ")):
                lines.append(line)
            else:
                assert line.startswith("    "), line
                lines[-1] += line[4:]
    return lines


def section(name):
    return re.search(r"(?ms)^\.Sh %s\n(.*?)(?=^\.Sh )" % name, read(PAGE))[1]


class Page(SharedCase):
    maxDiff = None

    daemon_options = (
        # So long that nothing is refreshed or grows stale on a slow machine.
        "cache.ttl=5min",
        "cache.where_now_ttl=5min",
        "cache.state_ttl=5min",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.emulator.join("lobby", "ana", "bo")
        cls.emulator.group("rooms", "lobby", "hall")

    def same(self, shown, told, path="reply"):
        """The same members and values; of what moves, the same kind."""
        self.assertIs(type(told), type(shown), path)
        if isinstance(shown, dict):
            self.assertEqual(list(told), list(shown), path)
            for name, value in shown.items():
                if name in MOVING and not isinstance(value, dict):
                    self.assertIs(type(told[name]), type(value), path + "." + name)
                else:
                    self.same(value, told[name], path + "." + name)
        elif isinstance(shown, list):
            self.assertEqual(len(told), len(shown), path)
            for i, value in enumerate(shown):
                self.same(value, told[i], "%s[%d]" % (path, i))
        else:
            self.assertEqual(told, shown, path)

    def test_examples_are_answered_as_they_stand(self):
        self.emulator.fault("status", status=403, match={"channel": "vip"})
        lines = examples()
        self.assertGreater(len(lines), 30)
        for line in lines:
            mark, text = line[0], line[2:]
            shown = strict_json(text)
            if mark == ">":
                self.client.send(text.encode() + b"\n")
                continue
            with self.subTest(line=text[:70]):
                told = self.client.reply()
                if isinstance(shown, list):
                    told.sort(key=lambda reply: reply["id"])
                self.same(shown, told)
        # And none of them was answered twice.
        wanted = self.client.ask("ping")
        self.assertEqual(self.client.reply()["id"], wanted)

    def parameters(self):
        """method -> its parameters, of the methods that have an entry."""
        found, method = {}, None
        queries, terms, _ = section("QUERIES").split(".Ss ")
        terms = set(re.findall(r"(?m)^\.It Cm (\w+)$", terms))
        for line in (queries + section("OTHER METHODS")).splitlines():
            if match := re.fullmatch(r"\.It Li (\w+)", line):
                method = match[1]
                found[method] = set()
            elif method and (match := re.match(r"(?:\.It )?\.?Cm (.*)$", line)):
                found[method] |= set(re.findall(r"\w+", match[1])) - {"Cm"}
            elif method and (match := re.fullmatch(r"Parameters as of", line)):
                found[method] |= found["get_state"]
        for method in ("here_now", "where_now", "get_state", "set_state"):
            found[method] |= terms
        return found

    def test_methods_are_those_that_there_are(self):
        self.assertEqual(
            set(self.parameters()), set(self.client.call("hello")["capabilities"])
        )

    def test_parameters_are_those_that_each_method_has(self):
        methods = self.parameters()
        every = set().union(*methods.values())
        self.assertGreater(len(every), 12)
        for method, has in methods.items():
            for param in every:
                with self.subTest(method=method, param=param):
                    # null is none of any parameter's values.
                    refused = self.client.refusal(method, **{param: None})
                    self.assertEqual(refused.code, -32602)
                    self.assertEqual(refused.data["param"], param)
                    if param in has:
                        self.assertNotEqual(refused.error["message"], NO_SUCH)
                    else:
                        self.assertEqual(refused.error["message"], NO_SUCH)

    def test_every_parameter_the_code_knows_is_on_the_page(self):
        names = re.findall(
            r'\[PARAM_\w+\] = TEXT\("(\w+)"\)', read("src/wire/proto_request.c")
        )
        self.assertEqual(set(names), set().union(*self.parameters().values()))

    def test_errors_are_those_that_the_code_has(self):
        rows = re.findall(
            r"(?m)^\.It (-\d+) Ta (\w+) Ta (yes|no|if 5xx) Ta", section("REFUSALS")
        )
        code = read("src/wire/proto_reply.c") + read("src/model/problem.c")
        self.assertEqual(
            {row[0] for row in rows}, set(re.findall(r"-32\d\d\d", code))
        )
        kinds = set(re.findall(r'\{-32\d+, "(\w+)"', code))
        kinds |= set(re.findall(r'(?m)^\t\treturn "([a-z_]+)";', code)) - {"none"}
        self.assertEqual({row[1] for row in rows}, kinds)

    def test_counters_are_those_that_there_are(self):
        rows = re.findall(
            r"(?m)^\.It Li (\w+)( , No now)?\n(.*)\.$", section("COUNTERS")
        )
        told = self.client.call("stats")["counters"]
        self.assertEqual([row[0] for row in rows], list(told))
        table = re.sub(r"\\\n\s*|/\*.*?\*/", " ", read("src/core/stats.h"))
        for name, now, meaning in rows:
            kind, text = re.search(
                r'X\(%s, (\w+), +((?:"[^"]*" *)+)\)' % name, table
            ).groups()
            self.assertEqual(kind, "GAUGE" if now else "COUNTER", name)
            text = "".join(re.findall(r'"([^"]*)"', text))
            self.assertEqual(meaning.lower(), text.lower(), name)


if __name__ == "__main__":
    main()
