// SPDX-License-Identifier: MIT
// What the SDK asks and is told at once.

import assert from "node:assert/strict";
import { eventually, refusal, uuids } from "./stand.mjs";

const MOOD = { mood: "ok", depth: { n: [1, 2.5, null] } };

// ana and bo in the lobby, ana with a state; ana in the hall; a group of both.
async function furnish(place) {
    await place.world({
        group: { name: "teams", add: ["lobby", "hall", "attic"] },
        join: [
            { channel: "lobby", uuid: "ana", state: MOOD },
            { channel: "lobby", uuid: "bo" },
            { channel: "hall", uuid: "ana" },
            { channel: "yard", uuid: "cy" },
        ],
    });
}

function assertLobbyAndHall(answer) {
    assert.equal(answer.totalChannels, 2);
    assert.equal(answer.totalOccupancy, 3);
    assert.deepEqual(Object.keys(answer.channels).sort(), ["hall", "lobby"]);
    assert.equal(answer.channels.lobby.occupancy, 2);
    assert.deepEqual(uuids(answer.channels.lobby), ["ana", "bo"]);
    assert.deepEqual(uuids(answer.channels.hall), ["ana"]);
}

function stateOf(channel, uuid) {
    return channel.occupants.find((occupant) => occupant.uuid === uuid).state;
}

export const cases = [
    {
        name: "time is a timetoken",
        async run(scene) {
            const { timetoken } = await scene.client("w").time();
            assert.ok(timetoken > 17e15 && timetoken < 30e15, String(timetoken));
        },
    },
    {
        name: "here_now of an empty channel",
        async run(scene) {
            const answer = await scene.client("w").hereNow({ channels: ["void"] });
            assert.equal(answer.totalOccupancy, 0);
            assert.deepEqual(answer.channels.void, {
                occupants: [],
                name: "void",
                occupancy: 0,
            });
        },
    },
    {
        name: "here_now of many channels, all empty",
        async run(scene) {
            const answer = await scene.client("w").hereNow({ channels: ["void", "null"] });
            assert.deepEqual(answer, { totalChannels: 0, totalOccupancy: 0, channels: {} });
        },
    },
    {
        name: "here_now of one channel",
        async run(scene, place) {
            await furnish(place);
            const answer = await scene.client("w").hereNow({ channels: ["lobby"] });
            assert.equal(answer.totalChannels, 1);
            assert.equal(answer.totalOccupancy, 2);
            assert.deepEqual(uuids(answer.channels.lobby), ["ana", "bo"]);
            assert.equal(stateOf(answer.channels.lobby, "ana"), null);
        },
    },
    {
        name: "here_now of many channels leaves the empty ones out",
        async run(scene, place) {
            await furnish(place);
            const channels = ["lobby", "hall", "attic"];
            assertLobbyAndHall(await scene.client("w").hereNow({ channels }));
        },
    },
    {
        name: "here_now of a group",
        async run(scene, place) {
            await furnish(place);
            const channelGroups = ["teams"];
            assertLobbyAndHall(await scene.client("w").hereNow({ channelGroups }));
        },
    },
    {
        name: "here_now of a group that nobody made",
        async run(scene) {
            const answer = await scene.client("w").hereNow({ channelGroups: ["nobody"] });
            assert.deepEqual(answer, { totalChannels: 0, totalOccupancy: 0, channels: {} });
        },
    },
    {
        name: "here_now of a group and a channel",
        async run(scene, place) {
            await furnish(place);
            const answer = await scene
                .client("w")
                .hereNow({ channels: ["yard"], channelGroups: ["teams"] });
            assert.equal(answer.totalChannels, 3);
            assert.equal(answer.totalOccupancy, 4);
            assert.deepEqual(uuids(answer.channels.yard), ["cy"]);
        },
    },
    {
        name: "here_now of everything",
        async run(scene, place) {
            await furnish(place);
            const answer = await scene.client("w").hereNow({});
            assert.equal(answer.totalChannels, 3);
            assert.equal(answer.totalOccupancy, 4);
            assert.deepEqual(Object.keys(answer.channels).sort(), ["hall", "lobby", "yard"]);
        },
    },
    {
        name: "here_now of everything, where nobody is",
        async run(scene) {
            const answer = await scene.client("w").hereNow({});
            assert.deepEqual(answer, { totalChannels: 0, totalOccupancy: 0, channels: {} });
        },
    },
    {
        name: "here_now with state, of one channel, of many, of a group, of all",
        async run(scene, place) {
            await furnish(place);
            const w = scene.client("w");
            for (const what of [
                { channels: ["lobby"] },
                { channels: ["lobby", "hall"] },
                { channelGroups: ["teams"] },
                {},
            ]) {
                const answer = await w.hereNow({ ...what, includeState: true });
                assert.deepEqual(stateOf(answer.channels.lobby, "ana"), MOOD);
                assert.equal(stateOf(answer.channels.lobby, "bo"), undefined);
            }
        },
    },
    {
        name: "here_now without uuids, of one channel, of many, of a group, of all",
        async run(scene, place) {
            await furnish(place);
            const w = scene.client("w");
            for (const what of [
                { channels: ["lobby"] },
                { channels: ["lobby", "hall"] },
                { channelGroups: ["teams"] },
                {},
            ]) {
                const answer = await w.hereNow({ ...what, includeUUIDs: false });
                assert.equal(answer.channels.lobby.occupancy, 2);
                assert.deepEqual(answer.channels.lobby.occupants, []);
            }
        },
    },
    {
        name: "here_now in pages of limit and offset, the count always whole",
        async run(scene, place) {
            await place.world({ populate: { channel: "big", n: 25 } });
            const w = scene.client("w");
            const seen = [];
            for (let offset = 0; offset < 30; offset += 10) {
                const answer = await w.hereNow({ channels: ["big"], limit: 10, offset });
                assert.equal(answer.channels.big.occupancy, 25);
                assert.ok(answer.channels.big.occupants.length <= 10);
                seen.push(...uuids(answer.channels.big));
            }
            assert.equal(new Set(seen).size, 25);
            assert.equal(seen.length, 25);
        },
    },
    {
        name: "here_now in pages of many channels, each cut by itself",
        async run(scene, place) {
            await place.world({
                populate: [
                    { channel: "big", n: 5, prefix: "b" },
                    { channel: "bigger", n: 7, prefix: "c" },
                ],
            });
            const answer = await scene
                .client("w")
                .hereNow({ channels: ["big", "bigger"], limit: 3, offset: 4 });
            assert.equal(answer.totalOccupancy, 12);
            assert.equal(answer.channels.big.occupants.length, 1);
            assert.equal(answer.channels.bigger.occupants.length, 3);
        },
    },
    {
        name: "here_now with a limit of 0 counts only",
        async run(scene, place) {
            await furnish(place);
            const answer = await scene.client("w").hereNow({ channels: ["lobby"], limit: 0 });
            assert.equal(answer.channels.lobby.occupancy, 2);
            assert.deepEqual(answer.channels.lobby.occupants, []);
        },
    },
    {
        name: "here_now with a limit beyond 1000 is refused",
        async run(scene) {
            const status = await refusal(
                scene.client("w").hereNow({ channels: ["lobby"], limit: 1001 }),
            );
            assert.equal(status.statusCode, 400);
            assert.equal(status.category, "PNBadRequestCategory");
        },
    },
    {
        name: "here_now of more than a page, compressed on its way",
        async run(scene, place) {
            await place.world({ populate: { channel: "big", n: 1500 } });
            const w = scene.client("w");
            const first = await w.hereNow({ channels: ["big"] });
            const second = await w.hereNow({ channels: ["big"], offset: 1000 });
            const seen = [...uuids(first.channels.big), ...uuids(second.channels.big)];
            assert.equal(first.channels.big.occupancy, 1500);
            assert.equal(new Set(seen).size, 1500);
        },
    },
    {
        name: "names that need every escape, in here_now, state and where_now",
        async run(scene) {
            const name = "a!@#$%^&()ŻÓŁ[]{}\"<>?~`/ x+y=z;&é😀";
            const odd = scene.client("who's (there)? 100% ø/ü");
            const state = { [name]: MOOD };
            await odd.setState({ channels: [name], state, withHeartbeat: true });
            const here = await odd.hereNow({ channels: [name], includeState: true });
            assert.equal(here.channels[name].occupancy, 1);
            assert.deepEqual(stateOf(here.channels[name], odd.userId), MOOD);
            assert.deepEqual((await odd.whereNow({})).channels, [name]);
        },
    },
    {
        name: "where_now of somebody, of oneself, and of nobody",
        async run(scene, place) {
            await furnish(place);
            await place.join("yard", "w");
            const w = scene.client("w");
            const ana = await w.whereNow({ uuid: "ana" });
            assert.deepEqual(ana.channels.sort(), ["hall", "lobby"]);
            assert.deepEqual((await w.whereNow({})).channels, ["yard"]);
            assert.deepEqual((await w.whereNow({ uuid: "nobody" })).channels, []);
        },
    },
    {
        name: "set and get state of one channel",
        async run(scene, place) {
            await place.join("lobby", "w");
            const w = scene.client("w");
            const set = await w.setState({ channels: ["lobby"], state: MOOD });
            assert.deepEqual(set.state, MOOD);
            const got = await w.getState({ channels: ["lobby"] });
            assert.deepEqual(got.channels.lobby, MOOD);
            assert.deepEqual((await w.getState({ channels: ["hall"] })).channels.hall, {});
        },
    },
    {
        name: "set and get state of many channels and of another user",
        async run(scene, place) {
            await furnish(place);
            const w = scene.client("ana");
            await w.setState({ channels: ["lobby", "hall"], state: { mood: "new" } });
            // In the multi case the SDK hands out the payload as it came.
            const got = await scene
                .client("w")
                .getState({ uuid: "ana", channels: ["lobby", "hall"] });
            assert.deepEqual(got.channels.channels, {
                lobby: { mood: "new" },
                hall: { mood: "new" },
            });
        },
    },
    {
        name: "set and get state of a group",
        async run(scene, place) {
            await furnish(place);
            const ana = scene.client("ana");
            await ana.setState({ channelGroups: ["teams"], state: { mood: "ours" } });
            const got = await ana.getState({ channelGroups: ["teams"] });
            assert.deepEqual(got.channels.channels.hall, { mood: "ours" });
            assert.deepEqual(got.channels.channels.lobby, { mood: "ours" });
        },
    },
    {
        name: "set state with a heartbeat makes an occupant",
        async run(scene) {
            const w = scene.client("w");
            // The SDK sends it as it is, and a heartbeat's state is by channel.
            const state = { lobby: MOOD };
            await w.setState({ channels: ["lobby"], state, withHeartbeat: true });
            const answer = await w.hereNow({ channels: ["lobby"], includeState: true });
            assert.deepEqual(stateOf(answer.channels.lobby, "w"), MOOD);
        },
    },
    {
        name: "a presence call without a subscription joins and leaves",
        async run(scene) {
            const w = scene.client("w", { enableEventEngine: false, heartbeatInterval: 60 });
            const n = async (wanted) =>
                (await w.hereNow({ channels: ["lobby"] })).totalOccupancy === wanted;
            w.presence({ connected: true, channels: ["lobby"] });
            await eventually("the join", () => n(1));
            w.presence({ connected: false, channels: ["lobby"] });
            await eventually("the leave", () => n(0));
        },
    },
    {
        name: "channel groups: add, list, remove, list all, delete",
        async run(scene) {
            const groups = scene.client("admin").channelGroups;
            const list = async () =>
                (await groups.listChannels({ channelGroup: "g" })).channels.sort();
            assert.deepEqual(await list(), []);
            await groups.addChannels({ channelGroup: "g", channels: ["a", "b", "c"] });
            assert.deepEqual(await list(), ["a", "b", "c"]);
            await groups.removeChannels({ channelGroup: "g", channels: ["b", "x"] });
            assert.deepEqual(await list(), ["a", "c"]);
            assert.deepEqual((await groups.listGroups()).groups, ["g"]);
            await groups.deleteGroup({ channelGroup: "g" });
            assert.deepEqual((await groups.listGroups()).groups, []);
            assert.deepEqual(await list(), []);
        },
    },
    {
        name: "the answers of 2016 say the same",
        async run(scene) {
            const old = await scene.another("--look", "2016");
            await furnish(old);
            const w = scene.client("w", {}, old);
            assertLobbyAndHall(await w.hereNow({ channelGroups: ["teams"] }));
            const one = await w.hereNow({ channels: ["lobby"], includeState: true });
            assert.deepEqual(stateOf(one.channels.lobby, "ana"), MOOD);
            assert.deepEqual((await w.whereNow({ uuid: "cy" })).channels, ["yard"]);
            const got = await w.getState({ uuid: "ana", channels: ["lobby"] });
            assert.deepEqual(got.channels.lobby, MOOD);
        },
    },
];
