#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Access Manager as clients of presence-emulator meet it: grants by option, by
the control API and by scenario, signatures, and a daemon that signs."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time
import urllib.parse

from e2e.harness import PATIENCE, PRESENCE_EMULATOR, WRAPPER, Case, eventually, main

P = "/v2/presence/sub-key/demo"
SECRET = "sec-c-NotASecretOfAnybody"
LOBBY_REFUSED = (
    b'{"message":"Forbidden","payload":{"channels":["lobby"]},"error":true,'
    b'"service":"Access Manager","status":403}\n'
)


def denied_as(message):
    return (
        b'{"message":"%s","error":true,"service":"Access Manager","status":403}\n'
        % message
    )


def sign(path, publish_key="demo", secret=SECRET, now=None, **params):
    """The target with its signature, as SDKs make it."""
    params["timestamp"] = str(int(time.time()) if now is None else now)
    query = "&".join(
        "%s=%s" % (name, urllib.parse.quote(params[name], safe="~"))
        for name in sorted(params)
    )
    text = "GET\n%s\n%s\n%s\n" % (publish_key, path, query)
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    signature = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return "%s?%s&signature=v2.%s" % (path, query, signature)


class Access(Case):
    def setUp(self):
        self.bench = self.new_bench()

    def begin(self, *options):
        return self.bench.emulator("--access", *options)

    def write(self, name, text):
        path = self.bench.path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def begin_verifying(self, *options):
        key = self.write("secret", SECRET + "\n")
        return self.begin("--secret-key-file", key, *options)

    def assertAnswered(self, emulator, target, status, body=None):
        response, found = emulator.get(target)
        self.assertEqual(response.status, status, (target, found))
        if body is not None:
            self.assertEqual(found, body, target)
        return response

    def refusal(self, emulator, **order):
        with self.assertRaises(AssertionError) as raised:
            emulator.world(**order)
        return str(raised.exception)


class Grants(Access):
    def test_what_is_not_granted_is_refused_as_the_service_does(self):
        emulator = self.begin()
        response = self.assertAnswered(
            emulator, P + "/channel/lobby?uuid=w", 403, LOBBY_REFUSED
        )
        self.assertEqual(
            response.headers["Content-Type"], "text/javascript; charset=UTF-8"
        )
        self.assertEqual(response.headers["Transfer-Encoding"], "chunked")
        self.assertAnswered(
            emulator, "/v2/subscribe/demo/lobby/0?uuid=w", 403, LOBBY_REFUSED
        )
        self.assertAnswered(
            emulator, "/publish/p/demo/0/lobby/0/1?uuid=w", 403, LOBBY_REFUSED
        )
        self.assertAnswered(emulator, "/time/0", 200)
        self.assertEqual(emulator.truth("lobby"), [])

    def test_grants_come_by_option_by_order_and_by_scenario(self):
        scenario = self.write(
            "scenario",
            '0 {"grant":{"token":"by-scenario","channel":"lobby","ttl":3600}}\n',
        )
        emulator = self.begin(
            "--grant", '{"auth_key":"by-option","channels":["lobby"]}',
            "--scenario", scenario,
        )
        emulator.world(
            grant=[
                {"everyone": True, "channels": ["hall*"], "may": ["read", "write"]},
                {"token": "by-order", "channel_groups": "teams", "may": "manage"},
            ]
        )
        for auth in ("by-option", "by-scenario"):
            self.assertAnswered(emulator, P + "/channel/lobby?auth=" + auth, 200)
        self.assertAnswered(emulator, P + "/channel/hall-2?uuid=w", 200)
        self.assertAnswered(emulator, "/publish/p/demo/0/hall/0/1", 200)
        self.assertAnswered(
            emulator,
            "/v1/channel-registration/sub-key/demo/channel-group/teams"
            "?add=lobby&auth=by-order",
            200,
        )
        shown = emulator.control("access")
        self.assertEqual((shown["on"], shown["verifies"]), (True, False))
        (by_option, by_scenario, everyone, by_order) = shown["grants"]
        self.assertEqual(
            by_option,
            {
                "subscribe_key": "demo",
                "auth_key": "by-option",
                "channels": ["lobby"],
                "channel_groups": [],
                "may": ["read"],
                "expires_in": None,
                "revoked": False,
            },
        )
        self.assertTrue(0 < by_scenario["expires_in"] <= 3600)
        self.assertEqual(everyone["everyone"], True)
        self.assertEqual(everyone["may"], ["read", "write"])
        self.assertEqual(by_order["channel_groups"], ["teams"])

    def test_grants_end_by_their_time_and_by_being_revoked(self):
        emulator = self.begin()
        emulator.world(
            grant=[
                {"token": "brief", "channel": "lobby", "ttl": 0.2},
                {"token": "t", "channel": "lobby"},
                {"auth_key": "k", "channel": "lobby"},
            ]
        )
        target = P + "/channel/lobby?auth="
        eventually("the end", lambda: emulator.get(target + "brief")[0].status == 403)
        self.assertAnswered(
            emulator, target + "brief", 403, denied_as(b"Token is expired")
        )
        self.assertAnswered(emulator, target + "t", 200)
        emulator.world(revoke=[{"token": "t"}, {"auth_key": "k"}])
        self.assertAnswered(
            emulator, target + "t", 403, denied_as(b"Token is revoked")
        )
        self.assertAnswered(emulator, target + "k", 403, LOBBY_REFUSED)
        self.assertEqual(
            [grant["revoked"] for grant in emulator.control("access")["grants"]],
            [False, True],
        )
        emulator.world(clear=True)
        self.assertEqual(len(emulator.control("access")["grants"]), 2)
        emulator.world(revoke={"all": True})
        self.assertEqual(emulator.control("access")["grants"], [])

    def test_a_grant_that_is_none_is_refused_and_says_what_is_wanted(self):
        emulator = self.begin()
        for grant in (
            {},
            {"token": "t"},
            {"channel": "lobby"},
            {"token": "t", "auth_key": "k", "channel": "lobby"},
            {"token": 7, "channel": "lobby"},
            {"everyone": False, "channel": "lobby"},
            {"token": "t", "channel": "lobby", "may": "fly"},
            {"token": "t", "channel": "lobby", "ttl": -1},
            {"token": "t", "channel": "lobby", "until": 1},
        ):
            self.assertIn("token, auth_key", self.refusal(emulator, grant=grant), grant)
        for revoke in ({}, {"token": "t", "all": True}, {"all": False}, {"tokens": "t"}):
            self.assertIn("all (true)", self.refusal(emulator, revoke=revoke), revoke)
        self.assertIn(
            "nothing was granted", self.refusal(emulator, revoke={"token": "t"})
        )
        self.assertEqual(emulator.control("access")["grants"], [])

    def test_a_command_line_that_means_nothing_is_refused(self):
        empty = self.write("empty", "\n")
        long = self.write("long", "a" * 5000)
        odd = self.write("odd", "sec-c key\n")
        for options, said in (
            (["--grant", "{}"], "--access"),
            (["--secret-key-file", empty], "--access"),
            (["--access", "--grant", "{}"], "--grant: wanted"),
            (["--access", "--grant", "[]"], "not one JSON object"),
            (["--access", "--secret-key-file", empty], "empty"),
            (["--access", "--secret-key-file", long], "long"),
            (["--access", "--secret-key-file", odd], "odd"),
            (["--access", "--secret-key-file", empty + "/no"], "empty/no"),
        ):
            done = subprocess.run(
                [*WRAPPER, PRESENCE_EMULATOR, "--listen", "127.0.0.1:0", *options],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            self.assertIn(done.returncode, (1, 2), done.stderr)
            self.assertIn(said, done.stderr)
            self.assertNotIn("sec-c", done.stderr)


class Signatures(Access):
    def test_who_signs_may_do_everything(self):
        emulator = self.begin_verifying()
        for path in ("/channel/lobby,ha%20ll", "", "/uuid/ana"):
            self.assertAnswered(emulator, sign(P + path, uuid="w@x", auth="?"), 200)
        self.assertAnswered(
            emulator, sign(P + "/channel/lobby/heartbeat", uuid="ana", heartbeat="30"), 200
        )
        self.assertEqual(emulator.truth("lobby"), ["ana"])

    def test_another_signature_is_refused_and_none_is_judged_by_its_grants(self):
        emulator = self.begin_verifying(
            "--grant", '{"auth_key":"k","channels":["lobby"]}'
        )
        lobby = P + "/channel/lobby"
        wrong = denied_as(b"Invalid Signature")
        self.assertAnswered(emulator, sign(lobby, secret="sec-c-Other", uuid="w"), 403, wrong)
        self.assertAnswered(emulator, sign(lobby, publish_key="other", uuid="w"), 403, wrong)
        self.assertAnswered(emulator, sign(lobby, uuid="w") + "&state=1", 403, wrong)
        self.assertAnswered(
            emulator,
            sign(lobby, now=int(time.time()) - 3600, uuid="w"),
            400,
            b'{"message":"Invalid Timestamp","error":true,'
            b'"service":"Access Manager","status":400}\n',
        )
        self.assertAnswered(emulator, lobby + "?uuid=w", 403, LOBBY_REFUSED)
        self.assertAnswered(emulator, lobby + "?uuid=w&auth=k", 200)

    def test_the_publish_key_is_the_one_that_was_said(self):
        emulator = self.begin_verifying("--publish-key", "pub-c-1")
        lobby = P + "/channel/lobby"
        self.assertAnswered(emulator, sign(lobby, publish_key="pub-c-1"), 200)
        self.assertAnswered(emulator, sign(lobby), 403)


class Daemon(Access):
    def begin_daemon(self, emulator, **secrets):
        options = ["upstream.publish_key=demo"]
        for name, text in secrets.items():
            options.append("upstream.%s=%s" % (name, self.write(name, text + "\n")))
        return self.bench.daemon(emulator, *options)

    def test_a_daemon_that_signs_is_let_through(self):
        emulator = self.begin_verifying()
        emulator.join("lobby", "ana")
        emulator.join("hall ø'1", "bo")
        daemon = self.begin_daemon(emulator, secret_key_file=SECRET)
        client = self.bench.client(daemon)
        found = client.here_now("lobby", "hall ø'1", include_state=True)
        self.assertEqual(found["total_occupancy"], 2)
        self.assertEqual(client.call("where_now", uuid="ana")["channels"], ["lobby"])
        client.call("set_state", channels=["lobby"], uuid="ana", state={"a": "ü & +"})
        state = client.call("get_state", uuid="ana", channels=["lobby"], max_age=0)
        self.assertEqual(state["channels"], {"lobby": {"a": "ü & +"}})
        statuses = {request["status"] for request in emulator.requests(P)}
        self.assertEqual(statuses, {200})

    def test_a_daemon_with_another_key_is_refused(self):
        emulator = self.begin_verifying()
        daemon = self.begin_daemon(emulator, secret_key_file="sec-c-Other")
        refused = self.bench.client(daemon).refusal("here_now", channels=["lobby"])
        self.assertEqual(refused.data["category"], "PNAccessDeniedCategory", refused.error)
        self.assertNotIn("sec-c", json.dumps(refused.error))

    def test_a_daemon_with_a_token_has_what_was_granted_to_it(self):
        emulator = self.begin("--grant", '{"token":"p0thing","channel":"lobby"}')
        emulator.join("lobby", "ana")
        daemon = self.begin_daemon(emulator, auth_token_file="p0thing")
        client = self.bench.client(daemon)
        self.assertEqual(client.here_now("lobby")["total_occupancy"], 1)
        refused = client.refusal("here_now", channels=["lobby", "vip"])
        self.assertEqual(refused.data["category"], "PNAccessDeniedCategory", refused.error)


if __name__ == "__main__":
    main()
