// SPDX-License-Identifier: MIT
// What the SDK makes of an origin that refuses, fails or drops.

import { unlink, writeFile } from "node:fs/promises";
import assert from "node:assert/strict";
import path from "node:path";
import { eventually, refusal } from "./stand.mjs";

const SUBSCRIBES = { op: "subscribe" };

export const cases = [
    {
        name: "a forbidden here_now names the channel",
        async run(scene, place) {
            const guarded = await scene.another("--access");
            await guarded.world({ grant: { token: "t", channel: "lobby" } });
            const w = scene.client("w", {}, guarded);
            w.setToken("t");
            await w.hereNow({ channels: ["lobby"] });
            const status = await refusal(w.hereNow({ channels: ["vip", "lobby"] }));
            assert.equal(status.statusCode, 403);
            assert.equal(status.category, "PNAccessDeniedCategory");
            assert.deepEqual(status.errorData.payload.channels, ["vip"]);
        },
    },
    {
        name: "a forbidden group is named",
        async run(scene) {
            const guarded = await scene.another("--access");
            const w = scene.client("w", { authKey: "k" }, guarded);
            const status = await refusal(w.hereNow({ channelGroups: ["staff"] }));
            assert.equal(status.statusCode, 403);
            assert.deepEqual(status.errorData.payload["channel-groups"], [":staff"]);
        },
    },
    {
        name: "a token that ends, is revoked and comes again",
        async run(scene) {
            const guarded = await scene.another("--access");
            const grant = { token: "t", channel: "lobby" };
            const w = scene.client("w", {}, guarded);
            const ask = () => w.hereNow({ channels: ["lobby"] });
            w.setToken("t");
            await guarded.world({ grant: { ...grant, ttl: 0 } });
            assert.equal((await refusal(ask())).errorData.message, "Token is expired");
            await guarded.world({ revoke: { token: "t" } });
            assert.equal((await refusal(ask())).errorData.message, "Token is revoked");
            await guarded.world({ grant });
            await ask();
        },
    },
    {
        name: "presence may be heard by whom it was granted to",
        async run(scene) {
            const guarded = await scene.another("--access");
            await guarded.world({
                grant: [
                    { auth_key: "plain", channel: "lobby" },
                    { auth_key: "both", channels: ["lobby", "lobby-pnpres"] },
                ],
            });
            const lobby = { channels: ["lobby"], withPresence: true };
            const w = await scene.listener("w", lobby, { authKey: "both" }, guarded);
            await scene.listener("bo", { channels: ["lobby"] }, { authKey: "plain" }, guarded);
            await w.ear.presence("join", "bo");
            const x = scene.client("x", { authKey: "plain" }, guarded);
            x.subscribe(lobby);
            await eventually("the refusal", () => x.ear.heard.status.find(({ error }) => error));
        },
    },
    {
        name: "what the SDK signs is good, and may be anything",
        async run(scene) {
            const secretKey = "sec-c-NotASecretOfAnybody";
            const file = path.join(process.env.INTEROP_DIR, `secret-${process.pid}`);
            await writeFile(file, `${secretKey}\n`, { mode: 0o600 });
            const guarded = await scene.another("--access", "--secret-key-file", file);
            await unlink(file);
            const name = "a!@#$%^&()ŻÓŁ[]{}\"<>?~`/ x+y=z;&'é";
            const what = { channels: [name], withPresence: true };
            const w = await scene.listener("w's (one)", what, { secretKey }, guarded);
            await w.ear.presence("join", w.userId, name);
            await w.publish({ channel: name, message: "by get", meta: { a: "b c" } });
            await w.ear.message("by get");
            await w.publish({ channel: name, message: "by post", sendByPost: true });
            await w.ear.message("by post");
            await w.setState({ channels: [name], state: { a: "ü & +" } });
            assert.equal((await w.hereNow({})).totalOccupancy, 1);
            const statuses = (await guarded.emulator.control("counters")).by_status;
            assert.deepEqual(Object.keys(statuses), ["200"]);
            const other = scene.client("w", { secretKey: "sec-c-Other" }, guarded);
            const status = await refusal(other.hereNow({ channels: [name] }));
            assert.equal(status.statusCode, 403);
        },
    },
    {
        name: "a forbidden subscribe is told as access denied",
        async run(scene) {
            const guarded = await scene.another("--access");
            const w = scene.client("w", {}, guarded);
            w.subscribe({ channels: ["vip"] });
            const status = await eventually("the refusal", () =>
                w.ear.heard.status.find(({ error }) => error),
            );
            assert.equal(
                status.category === "PNConnectionErrorCategory" ? status.error : status.category,
                "PNAccessDeniedCategory",
            );
        },
    },
    {
        name: "a poll that is dropped is taken up again, and nothing is lost",
        async run(scene, place) {
            const w = await scene.listener("w", { channels: ["lobby"], withPresence: true }, {
                retryConfiguration: scene.linear(2, 10),
            });
            await w.ear.presence("join", "w");
            await place.fault("reset", { count: 1, match: SUBSCRIBES });
            // What ends the poll finds the next one reset.
            await place.join("lobby", "first");
            await w.ear.presence("join", "first");
            await place.join("lobby", "second");
            await scene.client("bo").publish({ channel: "lobby", message: "meanwhile" });
            await w.ear.presence("join", "second");
            await w.ear.message("meanwhile");
            const polls = await place.requests("subscribe");
            assert.ok(polls.some(({ fault, status }) => fault === "reset" && status === null));
        },
    },
    {
        name: "a service that is away for a while is waited for",
        async run(scene, place) {
            const w = await scene.listener("w", { channels: ["lobby"] }, {
                retryConfiguration: scene.linear(2, 10),
            });
            await place.fault("status", { status: 503, count: 2, match: SUBSCRIBES });
            const bo = scene.client("bo");
            await bo.publish({ channel: "lobby", message: "before" });
            await w.ear.message("before");
            await bo.publish({ channel: "lobby", message: "after" });
            await w.ear.message("after");
            const polls = await place.requests("subscribe");
            assert.equal(polls.filter(({ status }) => status === 503).length, 2);
        },
    },
    {
        name: "an answer that is no JSON is told as malformed",
        async run(scene, place) {
            await place.fault("html", { match: { op: "here_now" }, count: 1, status: 200 });
            const status = await refusal(scene.client("w").hereNow({ channels: ["lobby"] }));
            assert.equal(status.errorData.status.category, "PNMalformedResponseCategory");
        },
    },
    {
        name: "an error under HTTP 200 is an error",
        async run(scene, place) {
            await place.fault("false_ok", { reason: "not_turned_on" });
            const status = await refusal(scene.client("w").hereNow({ channels: ["lobby"] }));
            assert.equal(status.statusCode, 402);
            assert.equal(status.error, true);
        },
    },
];
