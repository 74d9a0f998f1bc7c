// SPDX-License-Identifier: MIT
// What the cases stand on: an emulator that runs, an SDK client of it, and an
// ear that keeps what the client is told. Its law: whatever a case began is
// ended with it, and an emulator that says anything has failed.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import path from "node:path";

// The SDK lives in the build tree, where npm put it.
const require = createRequire(path.join(process.env.INTEROP_DIR, "package.json"));
const PubNub = require("pubnub");
const PROGRAM = process.env.PRESENCE_EMULATOR;
const SCALE = Number(process.env.E2E_TIME_SCALE || 1);

export const SDK_VERSION = require("pubnub/package.json").version;
// Nothing takes this long, and nothing waits for it but what fails.
export const PATIENCE_MS = 40000 * SCALE;

// A time that the SDK or the emulator is told, in seconds.
export function scaled(seconds) {
    return seconds * SCALE;
}

export function pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export async function eventually(what, condition) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
        const found = await condition();
        if (found) return found;
        assert.ok(Date.now() < end, `waited in vain for ${what}`);
        await pause(10);
    }
}

export class Emulator {
    static async begin(...options) {
        const emulator = new Emulator();
        emulator.process = spawn(
            PROGRAM,
            ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--quiet", ...options],
            { stdio: ["ignore", "pipe", "pipe"] },
        );
        emulator.said = "";
        emulator.process.stderr.on("data", (data) => (emulator.said += data));
        emulator.ended = new Promise((resolve) =>
            emulator.process.on("close", (status, signal) => resolve(status ?? signal)),
        );
        for await (const line of createInterface({ input: emulator.process.stdout })) {
            const words = line.split(" ");
            if (words[0] === "listening") emulator.origin = new URL(words[2]).host;
            if (words[0] === "control") emulator.api = words[2];
            if (words[0] === "ready") break;
        }
        assert.ok(emulator.api, `the emulator did not begin: ${emulator.said}`);
        return emulator;
    }

    async control(path, order, method = order ? "POST" : "GET") {
        const response = await fetch(this.api + path, {
            method,
            body: order ? JSON.stringify(order) : undefined,
        });
        const answer = await response.json();
        assert.equal(response.status, 200, `${path}: ${answer.error}`);
        return answer;
    }

    // A sanitizer reports to standard error, and a crash is a status.
    async end() {
        this.process.kill("SIGTERM");
        const status = await this.ended;
        assert.equal(this.said, "", "the emulator said something");
        assert.equal(status, 0, "the emulator's exit status");
    }
}

// A world of an emulator: that of one subscribe key.
export class Place {
    constructor(emulator, key) {
        this.emulator = emulator;
        this.key = key;
    }

    world(order) {
        return this.emulator.control("world", { subscribe_key: this.key, ...order });
    }

    join(channel, ...uuids) {
        return this.world({ join: { channel, uuids } });
    }

    // Acts on this world's requests only.
    fault(kind, { match, ...more } = {}) {
        return this.emulator.control("faults", {
            kind,
            match: { path_contains: `/${this.key}/`, ...match },
            ...more,
        });
    }

    async requests(op) {
        const { requests } = await this.emulator.control(`requests?op=${op}`);
        return requests.filter(({ path }) => path.includes(`/${this.key}/`));
    }

    async count(op) {
        return (await this.requests(op)).length;
    }

    // Long polls that are not answered, and whose client is still there.
    async held(user) {
        const requests = await this.requests("subscribe");
        return requests.filter(
            ({ took, query }) =>
                took === null && new URLSearchParams(query).get("uuid") === user,
        ).length;
    }
}

// Keeps what a client is told, and waits for more of it.
class Ear {
    constructor(pubnub) {
        this.heard = { message: [], presence: [], status: [] };
        pubnub.addListener({
            message: (event) => this.heard.message.push(event),
            presence: (event) => this.heard.presence.push(event),
            status: (event) => this.heard.status.push(event),
        });
    }

    wait(kind, what, matches) {
        return eventually(`${kind}: ${what}; heard ${JSON.stringify(this.heard)}`, () =>
            this.heard[kind].find(matches),
        );
    }

    presence(action, uuid, channel) {
        return this.wait(
            "presence",
            `${action} of ${uuid}`,
            (event) =>
                event.action === action &&
                event.uuid === uuid &&
                (!channel || event.channel === channel),
        );
    }

    message(text) {
        return this.wait("message", text, (event) => event.message === text);
    }

    status(category) {
        return this.wait("status", category, (event) => event.category === category);
    }

    n(action, uuid) {
        return this.heard.presence.filter(
            (event) => event.action === action && event.uuid === uuid,
        ).length;
    }
}

// What one case uses; end() takes all of it down.
export class Scene {
    constructor(place) {
        this.place = place;
        this.clients = [];
        this.emulators = [];
    }

    client(userId, settings = {}, place = this.place) {
        const pubnub = new PubNub({
            subscribeKey: place.key,
            publishKey: "demo",
            userId,
            origin: place.emulator.origin,
            ssl: false,
            ...settings,
        });
        pubnub.ear = new Ear(pubnub);
        this.clients.push(pubnub);
        return pubnub;
    }

    linear(delay, maximumRetry) {
        return PubNub.LinearRetryPolicy({ delay, maximumRetry });
    }

    // Subscribed, with a long poll that is held.
    async listener(userId, what, settings, place = this.place) {
        const pubnub = this.client(userId, settings, place);
        pubnub.subscribe(what);
        await pubnub.ear.status("PNConnectedCategory");
        await eventually("a long poll", () => place.held(userId));
        return pubnub;
    }

    // An emulator of its own.
    async another(...options) {
        const emulator = await Emulator.begin(...options);
        this.emulators.push(emulator);
        return new Place(emulator, this.place.key);
    }

    async end() {
        for (const pubnub of this.clients) {
            pubnub.removeAllListeners();
            pubnub.destroy(true);
        }
        for (const emulator of this.emulators) await emulator.end();
    }
}

// The status that a refused call comes with.
export async function refusal(promise) {
    try {
        const result = await promise;
        assert.fail(`not refused: ${JSON.stringify(result)}`);
    } catch (error) {
        if (!error.status) throw error;
        return error.status;
    }
}

export function uuids(channel) {
    return channel.occupants.map((occupant) => occupant.uuid).sort();
}
