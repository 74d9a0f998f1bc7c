#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Malformed input of every kind: the documented error each time, the connection
alive afterwards, and another client served meanwhile."""

import random
import threading
import time

from e2e.harness import SharedCase, main, scaled

PARSE = (-32700, "parse_error")
REQUEST = (-32600, "invalid_request")
METHOD = (-32601, "method_not_found")
PARAMS = (-32602, "invalid_params")


def request(rest, id=b"7"):
    return b'{"jsonrpc":"2.0","id":%s,%s}' % (id, rest)


def ask(params, method=b"here_now"):
    return request(b'"method":"%s","params":%s' % (method, params))


PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
HELD = b'{"channels":"a","x":%s}'

# Lines that are not one JSON text.
NO_JSON = {
    "bare word": b"hello",
    "half a text": b'{"jsonrpc":"2.0","id":1,"meth',
    "open string": b'{"jsonrpc":"2.0","id":1,"method":"ping}',
    "single quotes": b"{'jsonrpc':'2.0','id':1,'method':'ping'}",
    "single quoted name": b"{\"jsonrpc\":\"2.0\",\"id\":1,'method':\"ping\"}",
    "no quotes": b'{jsonrpc:"2.0",id:1,method:"ping"}',
    "trailing comma": b'{"jsonrpc":"2.0","id":1,"method":"ping",}',
    "comment": b'{"jsonrpc":"2.0","id":1,/* hi */"method":"ping"}',
    "trailing bytes": PING + b" x",
    "two texts": PING + PING,
    "trailing bracket": PING + b"]",
    "NaN": ask(HELD % b"NaN"),
    "Infinity": ask(HELD % b"-Infinity"),
    "True": ask(HELD % b"True"),
    "leading zero": ask(HELD % b"01"),
    "leading plus": ask(HELD % b"+1"),
    "bare point": ask(HELD % b".5"),
    "point at the end": ask(HELD % b"1."),
    "hexadecimal": ask(HELD % b"0x10"),
    "bare exponent": ask(HELD % b"1e"),
    "duplicate names": b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    "duplicate parameters": ask(b'{"channels":"a","channels":"b"}'),
    "duplicates by escape": b'{"jsonrpc":"2.0","id":1,"\\u0069d":2,"method":"ping"}',
    "duplicates deep down": ask(
        b'{"channels":"a","uuid":"u","state":{"x":[{"k":1,"k":2}]}}', b"set_state"
    ),
    "bad UTF-8": ask(b'{"channels":"\xff"}'),
    "cut UTF-8": ask(b'{"channels":"\xe2\x82"}'),
    "overlong UTF-8": ask(b'{"channels":"\xc0\xaf"}'),
    "surrogate in UTF-8": ask(b'{"channels":"\xed\xa0\x80"}'),
    "beyond Unicode": ask(b'{"channels":"\xf4\x90\x80\x80"}'),
    "Latin-1": ask(b'{"channels":"caf\xe9"}'),
    "lone high surrogate": ask(b'{"channels":"\\ud800"}'),
    "lone low surrogate": ask(b'{"channels":"\\udc00x"}'),
    "surrogates the wrong way": ask(b'{"channels":"\\udc00\\ud800"}'),
    "unknown escape": ask(b'{"channels":"\\x41"}'),
    "short escape": ask(b'{"channels":"\\u12"}'),
    "tab in a string": ask(b'{"channels":"a\tb"}'),
    "NUL in a string": ask(b'{"channels":"a\0b"}'),
    "NUL behind": PING + b"\0",
    "byte order mark": b"\xef\xbb\xbf" + PING,
    "form feed": b"\x0c" + PING,
    "UTF-16": PING.decode().encode("utf-16-le"),
    "binary": bytes(set(range(256)) - {10}) * 8,
    "too deep an array": b"[" * 33 + b"]" * 33,
    "too deep an object": b'{"a":' * 33 + b"1" + b"}" * 33,
    "too deep a state": ask(
        b'{"channels":"a","uuid":"u","state":%s}'
        % (b'{"a":' * 31 + b"1" + b"}" * 31),
        b"set_state",
    ),
    "very deep": b"[" * 30000,
    "HTTP": b"GET / HTTP/1.1",
}

# JSON, but no request.
NO_REQUEST = {
    "a number": b"42",
    "a string": b'"ping"',
    "null": b"null",
    "true": b"true",
    "an empty object": b"{}",
    "an empty batch": b"[]",
    "a batch of 65": b"[" + b",".join([PING] * 65) + b"]",
    "no jsonrpc": b'{"id":7,"method":"ping"}',
    "another jsonrpc": b'{"jsonrpc":"1.0","id":7,"method":"ping"}',
    "jsonrpc a number": b'{"jsonrpc":2.0,"id":7,"method":"ping"}',
    "no method": b'{"jsonrpc":"2.0","id":7}',
    "method a number": request(b'"method":1'),
    "method null": request(b'"method":null'),
    "params a string": ask(b'"lobby"'),
    "params a number": ask(b"1"),
    "params null": ask(b"null"),
    "params true": ask(b"true"),
    "id a fraction": request(b'"method":"ping"', b"1.5"),
    "id with a point": request(b'"method":"ping"', b"1.0"),
    "id with an exponent": request(b'"method":"ping"', b"1e3"),
    "id true": request(b'"method":"ping"', b"true"),
    "id an array": request(b'"method":"ping"', b"[1]"),
    "id an object": request(b'"method":"ping"', b"{}"),
    "id too long": request(b'"method":"ping"', b'"' + b"i" * 257 + b'"'),
}

# Requests that ask for what is not to be had; with the parameter at fault.
BAD_PARAMS = {
    "params an array": (ask(b'["lobby"]'), None),
    "unknown parameter": (ask(b'{"channels":"a","colour":1}'), "colour"),
    "a parameter of another method": (ask(b'{"channels":"a","uuid":"u"}'), "uuid"),
    "channels a number": (ask(b'{"channels":5}'), "channels"),
    "channels an object": (ask(b'{"channels":{}}'), "channels"),
    "channels of numbers": (ask(b'{"channels":[1]}'), "channels"),
    "no channels": (ask(b'{"channels":[]}'), "channels"),
    "empty channels": (ask(b'{"channels":""}'), "channels"),
    "an empty name": (ask(b'{"channels":"a,,b"}'), "channels"),
    "an empty name in an array": (ask(b'{"channels":["a",""]}'), "channels"),
    "a comma in an array": (ask(b'{"channels":["a,b"]}'), "channels"),
    "the name .": (ask(b'{"channels":"."}'), "channels"),
    "the name ..": (ask(b'{"channels":["a",".."]}'), "channels"),
    "a control character": (ask(b'{"channels":"a\\u0007"}'), "channels"),
    "an escaped NUL": (ask(b'{"channels":"a\\u0000b"}'), "channels"),
    "a name of 93": (ask(b'{"channels":"%s"}' % ("é" * 93).encode()), "channels"),
    "513 names": (
        ask(b'{"channels":"%s"}' % b",".join(b"n%d" % n for n in range(513))),
        "channels",
    ),
    "a wildcard group": (ask(b'{"channel_groups":"g.*"}'), "channel_groups"),
    "groups a number": (ask(b'{"channel_groups":1}'), "channel_groups"),
    "include_uuids a number": (
        ask(b'{"channels":"a","include_uuids":1}'),
        "include_uuids",
    ),
    "include_state a string": (
        ask(b'{"channels":"a","include_state":"yes"}'),
        "include_state",
    ),
    "limit negative": (ask(b'{"channels":"a","limit":-1}'), "limit"),
    "limit a fraction": (ask(b'{"channels":"a","limit":1.5}'), "limit"),
    "limit a string": (ask(b'{"channels":"a","limit":"3"}'), "limit"),
    "limit null": (ask(b'{"channels":"a","limit":null}'), "limit"),
    "offset negative": (ask(b'{"channels":"a","offset":-5}'), "offset"),
    "after a number": (ask(b'{"channels":"a","after":1}'), "after"),
    "max_age negative": (ask(b'{"channels":"a","max_age":-1}'), "max_age"),
    "max_age a string": (ask(b'{"channels":"a","max_age":"1"}'), "max_age"),
    "timeout too long": (ask(b'{"channels":"a","timeout":61}'), "timeout"),
    "timeout negative": (ask(b'{"channels":"a","timeout":-0.1}'), "timeout"),
    "stale_if_error true": (
        ask(b'{"channels":"a","stale_if_error":true}'),
        "stale_if_error",
    ),
    "uuid a number": (ask(b'{"uuid":5}', b"where_now"), "uuid"),
    "uuid empty": (ask(b'{"uuid":""}', b"where_now"), "uuid"),
    "uuid of control characters": (ask(b'{"uuid":"\\n"}', b"where_now"), "uuid"),
    "no state": (ask(b'{"channels":"a"}', b"set_state"), "state"),
    "a state that is an array": (
        ask(b'{"channels":"a","state":[]}', b"set_state"),
        "state",
    ),
    "a state that is a string": (
        ask(b'{"channels":"a","state":"{}"}', b"set_state"),
        "state",
    ),
    "a state that is null": (
        ask(b'{"channels":"a","state":null}', b"set_state"),
        "state",
    ),
    "a state for nowhere": (ask(b'{"state":{}}', b"set_state"), None),
    "the state of nowhere": (ask(b"{}", b"get_state"), None),
    "a parameter for ping": (ask(b'{"loud":true}', b"ping"), "loud"),
}


class Other(threading.Thread):
    """A client that asks all the time, to see whether it is served."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client
        self.done = threading.Event()
        self.answers = 0
        self.slowest = 0
        self.trouble = None

    def run(self):
        try:
            while not self.done.is_set():
                began = time.monotonic()
                self.client.here_now("lobby")
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answers += 1
                time.sleep(0.001)
        except Exception as error:
            self.trouble = error

    def stop(self):
        self.done.set()
        self.join()


class Malformed(SharedCase):
    daemon_options = ("cache.ttl=5min",)

    def setUp(self):
        super().setUp()
        self.other = Other(self.new_client())
        self.other.start()
        self.addCleanup(self.check_other)

    def check_other(self):
        """Whatever was sent here, others were served, and soon."""
        self.other.stop()
        self.assertIsNone(self.other.trouble)
        self.assertGreater(self.other.answers, 0)
        self.assertLess(self.other.slowest, scaled(2))

    def refused(self, line):
        """The error this line is answered with; the connection lives on."""
        self.client.send(line + b"\n")
        reply = self.client.reply()
        self.assertIn("error", reply, reply)
        self.assertEqual(self.client.call("ping"), {})
        return reply

    def check(self, reply, error):
        found = (reply["error"]["code"], reply["error"]["data"]["kind"])
        self.assertEqual(found, error)
        data = reply["error"]["data"]
        self.assertEqual(data["category"], "PNBadRequestCategory")
        self.assertIs(data["retryable"], False)

    def test_what_is_not_json_is_a_parse_error_without_an_id(self):
        for name, line in NO_JSON.items():
            with self.subTest(name):
                reply = self.refused(line)
                self.check(reply, PARSE)
                self.assertIsNone(reply["id"])

    def test_what_is_no_request_is_an_invalid_request(self):
        for name, line in NO_REQUEST.items():
            with self.subTest(name):
                reply = self.refused(line)
                self.check(reply, REQUEST)
                self.assertIn(reply["id"], (None, 7))

    def test_what_is_a_wrong_parameter_is_refused_by_its_name(self):
        for name, (line, param) in BAD_PARAMS.items():
            with self.subTest(name):
                reply = self.refused(line)
                self.check(reply, PARAMS)
                self.assertEqual(reply["id"], 7)
                if param:
                    self.assertEqual(reply["error"]["data"].get("param"), param)

    def test_an_unknown_method_is_said_to_be_one(self):
        for method in (b"here_later", b"", b"HERE_NOW", b"rpc.discover", b"a\\u0000"):
            with self.subTest(method):
                reply = self.refused(request(b'"method":"%s"' % method))
                self.check(reply, METHOD)
                self.assertEqual(reply["id"], 7)

    def test_in_a_batch_each_entry_is_judged_by_itself(self):
        self.client.send(b'[1,%s,{"id":7},[],%s]\n' % (PING, ask(b"[]")))
        replies = self.client.reply()
        self.assertEqual(len(replies), 5)
        codes = sorted(one["error"]["code"] for one in replies if "error" in one)
        self.assertEqual(codes, [-32602, -32600, -32600, -32600])
        self.assertEqual([one["id"] for one in replies if "result" in one], [1])

    def test_the_deepest_that_is_allowed_is_taken(self):
        state = b'{"a":' * 30 + b"1" + b"}" * 30
        self.client.send(
            ask(b'{"channels":"deep","uuid":"u","state":%s}' % state, b"set_state")
            + b"\n"
        )
        line = self.client.line()
        self.assertIn(b'"state":' + state, line)
        self.client.send(b"[" * 32 + b"]" * 32 + b"\n")
        (reply,) = self.client.reply()
        self.check(reply, REQUEST)

    def test_a_line_too_long_is_told_once_and_skipped(self):
        line = b'{"jsonrpc":"2.0","id":7,"method":"ping","x":"%s"}'
        for size in (64 * 1024 + 1, 200 * 1024, 1024 * 1024):
            with self.subTest(size=size):
                long = line % (b"y" * (size - len(line) + 2))
                self.assertEqual(len(long), size)
                reply = self.refused(long)
                self.check(reply, REQUEST)
                self.assertIsNone(reply["id"])

    def test_a_line_as_long_as_allowed_is_taken(self):
        line = PING + b" " * (64 * 1024 - len(PING)) + b"\n"
        self.client.send(line)
        self.assertEqual(self.client.result(), {})

    def test_ten_megabytes_without_a_newline_cost_no_memory(self):
        before = self.daemon.rss()
        piece = b"x" * 65536
        served = self.other.answers
        for _ in range(160):
            self.client.send(piece)
        self.assertLess(self.daemon.rss() - before, 2048)
        reply = self.refused(piece)
        self.check(reply, REQUEST)
        self.other.stop()
        self.assertGreater(self.other.answers, served)

    def test_half_a_line_and_then_a_close_harms_nobody(self):
        for half in (b"", b"{", PING, PING[:-1], b"\xff\xfe", b"x" * 70000):
            gone = self.daemon.client()
            gone.send(half)
            gone.close()
        self.assertEqual(self.client.call("ping"), {})

    def test_half_a_line_and_then_a_half_close_is_not_answered(self):
        half = self.new_client()
        half.send(PING + b"\n" + PING)
        half.end_of_requests()
        self.assertEqual(half.reply()["id"], 1)
        self.assertTrue(half.is_at_end())

    def test_blank_lines_and_carriage_returns_are_nothing(self):
        self.client.send(b"\n\r\n  \n\t\r\n" + PING + b"\r\n")
        self.assertEqual(self.client.result(), {})

    def test_blanks_around_a_request_are_nothing(self):
        self.client.send(b' \t{ "id" : 1 , "jsonrpc":"2.0", "method" :"p\\u0069ng"} \n')
        self.assertEqual(self.client.result(), {})

    def test_noise_never_ends_the_daemon(self):
        """Lines that are nearly right, by the same dice each time."""
        dice = random.Random(20261124)
        seeds = [PING, ask(b'{"channels":["a","b"],"limit":3}'), *NO_JSON.values()]
        seeds = [seed for seed in seeds if len(seed) < 2000]
        for _ in range(400):
            line = bytearray(dice.choice(seeds))
            for _ in range(dice.randrange(1, 4)):
                where = dice.randrange(len(line) + 1)
                what = dice.randrange(3)
                if what == 0:
                    line[where : where + 1] = b""
                elif what == 1:
                    line[where:where] = bytes([dice.randrange(256)])
                else:
                    line[where : where + 1] = bytes([dice.randrange(256)])
            self.client.send(bytes(line) + b"\n")
            self.client.send(b'{"jsonrpc":"2.0","id":"mark","method":"ping"}\n')
            while True:
                reply = self.client.reply()
                if isinstance(reply, dict) and reply["id"] == "mark":
                    break


if __name__ == "__main__":
    main()
