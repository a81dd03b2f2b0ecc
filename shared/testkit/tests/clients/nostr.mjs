// nostr-tools against the fake relay: shows who it is, publishes, repeats, reads back, and is refused.

import { finalizeEvent, getPublicKey } from "nostr-tools/pure";
import { hexToBytes } from "nostr-tools/utils";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { fetchRelayInformation } from "nostr-tools/nip11";
import WebSocket from "ws";

useWebSocketImplementation(WebSocket);
const [url, key] = process.argv.slice(2);
const secret = hexToBytes(key);
const now = Math.floor(Date.now() / 1000);
const note = (content, more = {}) =>
  finalizeEvent({ kind: 1, created_at: now, tags: [["oncepost", content]], content, ...more }, secret);

const said = { me: getPublicKey(secret) };
said.limitation = (await fetchRelayInformation(url)).limitation;

const relay = await Relay.connect(url);
const refused = async (event) => {
  try {
    await relay.publish(event);
    return null;
  } catch (error) {
    return error.message;
  }
};

const first = note("one \u{1f389} \"quoted\"\nline");
said.stranger = await refused(first);
await relay.auth((template) => finalizeEvent(template, secret));
said.first = [await relay.publish(first), first.id];
said.again = await refused(first);
await relay.publish(note("two", { tags: [["e", first.id, url, "root", said.me]] }));
said.old = await refused(note("old", { created_at: 1_000_000_000 }));
said.long = await refused(note("x".repeat(281)));
const forged = { ...note("true"), content: "false" };
relay.publish(forged).catch(() => {});

const found = await new Promise((resolve) => {
  const events = [];
  relay.subscribe([{ authors: [said.me], kinds: [1] }], {
    onevent: (event) => events.push([event.id, event.content]),
    oneose: () => resolve(events),
  });
});
said.found = found.map(([, content]) => content);
said.byId = await new Promise((resolve) => {
  let seen = null;
  relay.subscribe([{ ids: [first.id] }], { onevent: (event) => (seen = event.sig), oneose: () => resolve(seen === first.sig) });
});
relay.close();
console.log(JSON.stringify(said));
process.exit(0);
