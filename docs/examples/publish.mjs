#!/usr/bin/env node
// Schedules a post through RabbitMQ and waits until it is out.
//
//     npm install
//     node publish.mjs acme mastodon main "Hello from Node"
//
// Options: --at RFC3339, --key KEY, --wait SECONDS, --url AMQP_URL
// Exit codes: 0 published, 1 it did not go out (or needs a person), 2 refused, 3 no answer in time.

import { createHash, randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import amqp from "amqplib";

const [SCHEDULE, REJECTED, EVENTS] = ["oncepost.schedule", "oncepost.schedule.rejected", "oncepost.events"];
const FINAL = new Set(["target.published", "target.failed", "target.expired", "target.cancelled"]);

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    at: { type: "string", default: new Date().toISOString() },
    key: { type: "string", default: `example/${randomUUID()}` }, // what the post *is*, so that a repeat is recognised
    wait: { type: "string", default: "60" },
    url: { type: "string", default: process.env.ONCEPOST_AMQP ?? "amqp://guest:guest@localhost:5672/%2f" },
  },
});
const [tenant, channelName, account, text] = positionals;
if (text === undefined) {
  console.error("usage: publish.mjs TENANT CHANNEL ACCOUNT TEXT [--at TIME] [--key KEY] [--wait SECONDS] [--url URL]");
  process.exit(64);
}

// Choosing the post's id ourselves lets us recognise its events. Derived from the key, it is the same on every try.
const post = uuidFrom(`oncepost:${tenant}/${options.key}`);
const message = {
  version: 1,
  idempotency_key: options.key,
  tenant,
  post,
  content: { text },
  publish_at: options.at,
  targets: [{ channel: channelName, account }],
};

const connection = await amqp.connect(options.url);
const channel = await connection.createConfirmChannel();

// Listen before sending, so that nothing is missed. A service would use a durable queue of its own instead.
const { queue: inbox } = await channel.assertQueue("", { exclusive: true });
for (const topic of ["post.accepted", "target.*"]) await channel.bindQueue(inbox, EVENTS, topic);

let finish;
const outcome = new Promise((resolve) => (finish = resolve));

await channel.consume(
  inbox,
  ({ content }) => {
    const event = JSON.parse(content);
    if (event.post !== post) return;
    print({ event: event.name, out: event.out, diagnosis: event.diagnosis });
    if (FINAL.has(event.name) || event.needs_person) finish(event.name === "target.published" ? 0 : 1);
  },
  { noAck: true },
);
await channel.consume(REJECTED, (refusal) => {
  // Others' refusals stay unacknowledged and return to the queue when we close.
  if (refusal.properties.correlationId !== post) return;
  print({ refused: JSON.parse(refusal.content).problems });
  channel.ack(refusal);
  finish(2);
});

await send(Buffer.from(JSON.stringify(message)));
print({ confirmed: options.key, post });

const timer = setTimeout(finish, 1000 * Number(options.wait), 3);
process.exitCode = await outcome;
clearTimeout(timer);
await channel.close();
await connection.close();

// Resolves when the broker has stored the message on disk. If it fails, send the same message again: the idempotency key
// makes that harmless. A message that no queue takes, because oncepost is not set up, is returned, then confirmed.
async function send(body) {
  let returned = false;
  channel.once("return", () => (returned = true));
  channel.publish(SCHEDULE, "", body, {
    contentType: "application/json",
    persistent: true,
    mandatory: true,
    correlationId: post, // comes back with a refusal
  });
  await channel.waitForConfirms();
  if (returned) throw new Error(`nothing is bound to ${SCHEDULE}: is oncepost running?`);
}

function uuidFrom(name) {
  const bytes = createHash("sha256").update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80; // version 8: of our own making
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function print(value) {
  console.log(JSON.stringify(value));
}
