// SPDX-License-Identifier: MIT
// Runs every case on one emulator, a few at a time, each under a subscribe key of
// its own; says each, and the sum in the words that tests/tally reads.

import { Emulator, PATIENCE_MS, Place, Scene, SDK_VERSION } from "./stand.mjs";
import { cases as queries } from "./cases_queries.mjs";
import { cases as live } from "./cases_live.mjs";
import { cases as trouble } from "./cases_trouble.mjs";

const AT_ONCE = 4;
const wanted = process.argv.slice(2);
const cases = [...queries, ...live, ...trouble].filter(
    ({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
);
const tally = { passed: 0, failed: 0 };

function say(passed, name, error) {
    const number = tally.passed + tally.failed + 1;
    tally[passed ? "passed" : "failed"]++;
    console.log(`${passed ? "ok" : "not ok"} ${number} - ${name}`);
    if (error) console.log(String(error.stack ?? error).replace(/^/gm, "# "));
}

// Twice what anything in it may wait for.
function withinLimit(promise) {
    let timer;
    const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("does not end")), 2 * PATIENCE_MS);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

// Each in a world of its own, so that none finds what another left.
async function runCase(emulator, { name, run }, number) {
    const place = new Place(emulator, `key-${number}`);
    const scene = new Scene(place);
    let failure;
    try {
        await withinLimit(run(scene, place));
    } catch (error) {
        failure = error;
    }
    try {
        await scene.end();
    } catch (error) {
        failure ??= error;
    }
    say(!failure, name, failure);
}

// Most of them wait most of the time, so some run beside each other.
async function runAll(emulator) {
    let next = 0;
    async function runNext() {
        while (next < cases.length) {
            const number = next++;
            await runCase(emulator, cases[number], number);
        }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, runNext));
}

// A promise of the SDK's that nobody awaits is a failure like any other.
process.on("unhandledRejection", (error) => say(false, "nothing is rejected unheard", error));

console.log(`# pubnub ${SDK_VERSION} on node ${process.versions.node}`);
console.log(`1..${cases.length + 1}`);
const emulator = await Emulator.begin();
await runAll(emulator);
try {
    await emulator.end();
    say(true, "the emulator ended well and said nothing");
} catch (error) {
    say(false, "the emulator ended well and said nothing", error);
}
console.log(`# TOTAL: ${tally.passed + tally.failed}`);
console.log(`# PASS: ${tally.passed}`);
console.log(`# FAIL: ${tally.failed}`);
process.exit(tally.failed === 0 && tally.passed > 1 ? 0 : 1);
