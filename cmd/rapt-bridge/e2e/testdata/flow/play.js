// Plays a scene to the function node of a flow, on a clock of its own: node play.js <function> <scene>.
//
// A scene is a list of { topic, payload }: a message; { after }: so many seconds with a tick each five; { bridge }: from now on
// the bridge answers each command with this outcome, or with none; { sleep }: so many seconds in which nothing runs; { restart }:
// Node-RED comes back after so many seconds, and finds what is retained.
const [source, scene] = process.argv.slice(2);
const began = Date.UTC(2026, 10, 1, 10);
let now = began;
class Clock extends Date {
    constructor(...given) {
        if (given.length) super(...given);
        else super(now);
    }
    static now() { return now; }
}
const run = new Function("msg", "flow", "node", "Date", source);
const played = { sent: [], told: [], status: {} };
const node = { status: s => { played.status = s; } };
let store = {}, retained, outcome = "";

function play(topic, payload) {
    const flow = { get: key => store[key], set: (key, value) => { store[key] = value; } };
    const [commands, kept, told] = run({ topic, payload }, flow, node, Clock) || [[], [], []];
    if (kept.length) retained = JSON.parse(kept[kept.length - 1].payload);
    played.told.push(...told.map(t => t.payload));
    for (const command of commands) {
        const [, family, id, key] = command.topic.split("/");
        played.sent.push([(now - began) / 1000, id, key, command.payload].join(" "));
        const value = { ON: true, OFF: false }[command.payload] ?? Number(command.payload);
        if (outcome) play(["rapt", family, id, "result"].join("/"), { key, value, outcome, error: "the cloud is away" });
    }
}

for (const part of JSON.parse(scene)) {
    if (part.bridge !== undefined) outcome = part.bridge;
    if (part.sleep) now += part.sleep * 1000;
    if (part.after) {
        for (const end = now + part.after * 1000; now < end;) {
            now += 5000;
            play("tick", now);
        }
    }
    if (part.restart) {
        now += part.restart * 1000;
        store = {};
        play(part.topic, JSON.parse(JSON.stringify(retained)));
    } else if (part.topic) {
        play(part.topic, part.payload);
    }
}
played.retained = retained;
console.log(JSON.stringify(played));
