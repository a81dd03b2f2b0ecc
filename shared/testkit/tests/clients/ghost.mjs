// Ghost's own client for its Admin API, against a site at argv[2] with the key argv[3].
import GhostAdminAPI from "@tryghost/admin-api";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";

const [url, key] = process.argv.slice(2);
const api = new GhostAdminAPI({ url, key, version: "v5.0" });

assert.equal((await api.site.read()).title, "Blog");

writeFileSync("a.png", "png");
const image = await api.images.upload({ file: "a.png" });
assert.match(image.url, /a\.png$/);

const draft = await api.posts.add({ title: "Hello", slug: "key", feature_image: image.url });
assert.equal(draft.status, "draft");
assert.equal((await api.posts.read({ slug: "key" })).id, draft.id);
assert.equal((await api.posts.browse({ filter: "slug:key" }))[0].id, draft.id);

// The client takes the id out of what it is given: each call gets an object of its own.
const publish = (more) => api.posts.edit({ id: draft.id, status: "published", updated_at: draft.updated_at, ...more });
const post = await publish();
assert.equal(post.status, "published");
// Again with the old time: nothing changes, so nothing collides.
assert.equal((await publish()).published_at, post.published_at);
await assert.rejects(
  publish({ title: "Other" }),
  (error) => error.type === "UpdateCollisionError" && error.code === "UPDATE_COLLISION",
);
await assert.rejects(api.posts.edit({ id: draft.id, title: "x" }), (error) => error.type === "ValidationError");
await assert.rejects(api.posts.add({ title: "x".repeat(256) }), (error) => /255 characters/.test(error.context));

const twin = await api.posts.add({ title: "Twin", slug: "key", status: "published" });
assert.equal(twin.slug, "key-2");
await api.posts.delete({ id: twin.id });
await assert.rejects(api.posts.read({ id: twin.id }), (error) => error.type === "NotFoundError");

const stranger = new GhostAdminAPI({ url, key: key.slice(0, -1) + (key.endsWith("0") ? "1" : "0"), version: "v5.0" });
await assert.rejects(stranger.posts.browse(), (error) => error.type === "UnauthorizedError");
console.log(post.id);
