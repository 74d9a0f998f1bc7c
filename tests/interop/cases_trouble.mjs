// SPDX-License-Identifier: MIT
// What the SDK makes of an origin that refuses, fails or drops.

import assert from "node:assert/strict";
import { eventually, refusal } from "./stand.mjs";

const SUBSCRIBES = { op: "subscribe" };

export const cases = [
    {
        name: "a forbidden here_now names the channel",
        async run(scene, place) {
            await place.fault("status", { status: 403, match: { channel: "vip" } });
            const status = await refusal(scene.client("w").hereNow({ channels: ["vip"] }));
            assert.equal(status.statusCode, 403);
            assert.equal(status.category, "PNAccessDeniedCategory");
            assert.deepEqual(status.errorData.payload.channels, ["vip"]);
        },
    },
    {
        name: "a forbidden subscribe is told as access denied",
        async run(scene, place) {
            await place.fault("status", { status: 403, match: { channel: "vip" } });
            const w = scene.client("w");
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
