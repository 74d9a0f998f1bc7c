// SPDX-License-Identifier: MIT
// What the SDK is told as it happens.

import assert from "node:assert/strict";
import { eventually, scaled } from "./stand.mjs";

const LOBBY = { channels: ["lobby"], withPresence: true };

function hears(uuid, action) {
    return (event) => event.uuid === uuid && event.action === action;
}

async function occupants(scene, channel) {
    return (await scene.client("counter").hereNow({ channels: [channel] })).totalOccupancy;
}

// Both of the SDK's engines: the one of today, and the one before it.
function inBothEngines(name, run) {
    return [true, false].map((enableEventEngine) => ({
        name: `${name} (${enableEventEngine ? "event engine" : "subscription manager"})`,
        run: (scene, place) => run(scene, place, { enableEventEngine }),
    }));
}

export const cases = [
    ...inBothEngines("subscribe joins, and the joiner hears of it", async (scene, place, how) => {
        const ana = await scene.listener("ana", LOBBY, how);
        const join = await ana.ear.presence("join", "ana");
        assert.equal(join.channel, "lobby");
        assert.equal(join.occupancy, 1);
        assert.equal(typeof join.timestamp, "number");
        assert.match(String(join.timetoken), /^\d{17}$/);
        assert.equal(await occupants(scene, "lobby"), 1);
    }),
    ...inBothEngines("another's join and leave are heard, once each", async (scene, place, how) => {
        const w = await scene.listener("w", LOBBY, how);
        const bo = await scene.listener("bo", { channels: ["lobby"] }, how);
        assert.equal((await w.ear.presence("join", "bo")).occupancy, 2);
        bo.unsubscribe({ channels: ["lobby"] });
        assert.equal((await w.ear.presence("leave", "bo")).occupancy, 1);
        // What is told after it was told in order, so nothing comes late.
        await place.join("lobby", "last");
        await w.ear.presence("join", "last");
        assert.equal(w.ear.n("join", "bo"), 1);
        assert.equal(w.ear.n("leave", "bo"), 1);
        assert.equal(await occupants(scene, "lobby"), 2);
    }),
    ...inBothEngines("who goes without a word times out", async (scene, place, how) => {
        const w = await scene.listener("w", LOBBY, how);
        const bo = await scene.listener("bo", { channels: ["lobby"] }, {
            ...how,
            presenceTimeout: scaled(3),
            suppressLeaveEvents: true,
        });
        await w.ear.presence("join", "bo");
        bo.destroy(true);
        const timeout = await w.ear.presence("timeout", "bo");
        assert.equal(timeout.occupancy, 1);
        assert.deepEqual(timeout.state, {});
        assert.equal(w.ear.n("leave", "bo"), 0);
    }),
    ...inBothEngines("who beats in time does not time out", async (scene, place, how) => {
        const w = await scene.listener("w", LOBBY, how);
        await scene.listener("bo", { channels: ["lobby"] }, {
            ...how,
            presenceTimeout: scaled(8), // and it beats every three seconds
        });
        await w.ear.presence("join", "bo");
        const before = await place.count("heartbeat");
        await eventually("more beats", async () => (await place.count("heartbeat")) >= before + 4);
        assert.equal(w.ear.n("timeout", "bo"), 0);
        assert.equal(w.ear.n("join", "bo"), 1);
    }),
    ...inBothEngines("a state set is heard as a change", async (scene, place, how) => {
        const w = await scene.listener("w", LOBBY, how);
        const bo = await scene.listener("bo", { channels: ["lobby"] }, how);
        await w.ear.presence("join", "bo");
        await bo.setState({ channels: ["lobby"], state: { mood: "ok" } });
        const change = await w.ear.presence("state-change", "bo");
        assert.deepEqual(change.state, { mood: "ok" });
        assert.equal(change.occupancy, 2);
    }),
    {
        name: "a state that the SDK remembers goes out with its heartbeats",
        async run(scene) {
            const bo = scene.client("bo", { presenceTimeout: scaled(20) });
            await bo.setState({ channels: ["lobby"], state: { mood: "kept" } });
            bo.subscribe({ channels: ["lobby"] });
            await eventually("the state of an occupant", async () => {
                const answer = await scene
                    .client("w")
                    .hereNow({ channels: ["lobby"], includeState: true });
                return answer.channels.lobby.occupants.some(
                    ({ uuid, state }) => uuid === "bo" && state?.mood === "kept",
                );
            });
        },
    },
    {
        name: "unsubscribing from everything leaves everything",
        async run(scene) {
            const w = await scene.listener("w", {
                channels: ["lobby-pnpres", "hall-pnpres"],
            });
            const bo = await scene.listener("bo", { channels: ["lobby", "hall"] });
            await w.ear.presence("join", "bo", "lobby");
            await w.ear.presence("join", "bo", "hall");
            bo.unsubscribeAll();
            await w.ear.presence("leave", "bo", "lobby");
            await w.ear.presence("leave", "bo", "hall");
        },
    },
    {
        name: "who listens to presence only is no occupant",
        async run(scene, place) {
            const w = await scene.listener("w", { channels: ["lobby-pnpres"] });
            await place.join("lobby", "bo");
            assert.equal((await w.ear.presence("join", "bo")).occupancy, 1);
            assert.equal(w.ear.n("join", "w"), 0);
        },
    },
    {
        name: "a group with presence: joins, leaves and messages of its channels",
        async run(scene, place) {
            await place.world({ group: { name: "teams", add: ["lobby", "hall"] } });
            const w = await scene.listener("w", {
                channelGroups: ["teams"],
                withPresence: true,
            });
            await w.ear.presence("join", "w", "hall");
            await place.join("hall", "bo");
            const join = await w.ear.presence("join", "bo", "hall");
            assert.equal(join.subscription, "teams-pnpres");
            await place.world({ leave: { channel: "hall", uuid: "bo" } });
            await w.ear.presence("leave", "bo", "hall");
            await scene.client("bo").publish({ channel: "lobby", message: "hi" });
            const message = await w.ear.message("hi");
            assert.equal(message.channel, "lobby");
            assert.equal(message.subscription, "teams");
        },
    },
    {
        name: "a channel that joins a group under way is heard",
        async run(scene, place) {
            await place.world({ group: { name: "teams", add: ["lobby"] } });
            const w = await scene.listener("w", { channelGroups: ["teams"], withPresence: true });
            const polls = await place.count("subscribe");
            await scene
                .client("admin")
                .channelGroups.addChannels({ channelGroup: "teams", channels: ["hall"] });
            await eventually(
                "the next poll",
                async () => (await place.count("subscribe")) > polls && (await place.held("w")),
            );
            await place.join("hall", "bo");
            await w.ear.presence("join", "bo", "hall");
        },
    },
    {
        name: "messages by GET and by POST, with their meta and publisher",
        async run(scene) {
            const w = await scene.listener("w", { channels: ["lobby"] });
            const bo = scene.client("bo");
            const sent = await bo.publish({
                channel: "lobby",
                message: "by get",
                meta: { tone: "kind" },
            });
            const got = await w.ear.message("by get");
            assert.equal(got.publisher, "bo");
            assert.equal(got.timetoken, sent.timetoken);
            assert.deepEqual(got.userMetadata, { tone: "kind" });
            await bo.publish({ channel: "lobby", message: "by post", sendByPost: true });
            await w.ear.message("by post");
        },
    },
    {
        name: "a wildcard subscription hears of what is under it",
        async run(scene) {
            const w = await scene.listener("w", { channels: ["game.*"] });
            await scene.client("bo").publish({ channel: "game.7", message: "move" });
            const message = await w.ear.message("move");
            assert.equal(message.channel, "game.7");
            assert.equal(message.subscription, "game.*");
        },
    },
    {
        name: "a channel more or less under way costs nothing of the others",
        async run(scene) {
            const w = await scene.listener("w", { channels: ["lobby"] });
            const bo = scene.client("bo");
            for (let i = 0; i < 5; i++) {
                w.subscribe({ channels: [`hall-${i}`] });
                await bo.publish({ channel: "lobby", message: `m${i}` });
                if (i > 0) w.unsubscribe({ channels: [`hall-${i - 1}`] });
                await bo.publish({ channel: "lobby", message: `n${i}` });
            }
            await w.ear.message("n4");
            for (let i = 0; i < 5; i++) {
                for (const text of [`m${i}`, `n${i}`]) {
                    await w.ear.message(text);
                    const times = w.ear.heard.message.filter((event) => event.message === text);
                    assert.equal(times.length, 1, text);
                }
            }
        },
    },
    {
        name: "a subscription object hears of presence",
        async run(scene, place) {
            const w = scene.client("w");
            const heard = [];
            const subscription = w
                .channel("lobby")
                .subscription({ receivePresenceEvents: true });
            subscription.onPresence = (event) => heard.push(event);
            subscription.subscribe();
            await w.ear.status("PNConnectedCategory");
            await place.join("lobby", "bo");
            await eventually("the join", () => heard.find(hears("bo", "join")));
            subscription.unsubscribe();
            await eventually("its leave", async () => (await occupants(scene, "lobby")) === 1);
        },
    },
    {
        name: "who disconnects and reconnects is told what came meanwhile",
        async run(scene, place) {
            const w = await scene.listener("w", LOBBY);
            await w.ear.presence("join", "w");
            w.disconnect();
            await eventually("no poll", async () => (await place.held("w")) === 0);
            await place.join("lobby", "bo");
            await scene.client("bo").publish({ channel: "lobby", message: "missed" });
            w.reconnect();
            await w.ear.presence("join", "bo");
            await w.ear.message("missed");
        },
    },
    {
        name: "a poll that ends with nothing is followed by the next",
        async run(scene) {
            const brief = await scene.another("--hold", "200ms");
            const w = await scene.listener("w", { channels: ["lobby"] }, {}, brief);
            await eventually("polls", async () => (await brief.count("subscribe")) >= 5);
            await scene.client("bo", {}, brief).publish({ channel: "lobby", message: "hi" });
            await w.ear.message("hi");
        },
    },
];
