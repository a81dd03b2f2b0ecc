// node-wpapi, the WordPress project's own client for Node, against a site at argv[2] with the user and password that follow.
import assert from "node:assert/strict";
import WPAPI from "wpapi";

const [url, username, password] = process.argv.slice(2);
const wp = new WPAPI({ endpoint: `${url}/wp-json`, username, password, auth: true });

assert.equal((await wp.users().me().context("edit")).capabilities.publish_posts, true);

const media = await wp.media().file(Buffer.from("png"), "a.png").create({ alt_text: "a pixel" });
assert.match(media.source_url, /a\.png$/);
assert.equal((await wp.media().id(media.id)).alt_text, "a pixel");

const draft = await wp.posts().create({ title: "Hello", content: "<p>x</p>", slug: "key", featured_media: media.id });
assert.equal(draft.status, "draft");
assert.equal((await wp.posts().slug("key").status("draft"))[0].id, draft.id);
assert.equal((await wp.posts().slug("key")).length, 0);

const post = await wp.posts().id(draft.id).update({ status: "publish" });
assert.equal(post.status, "publish");
// Again: the same post with the same date.
assert.equal((await wp.posts().id(draft.id).update({ status: "publish" })).date_gmt, post.date_gmt);

const twin = await wp.posts().create({ title: "Twin", slug: "key", status: "publish" });
assert.equal(twin.slug, "key-2");
await wp.posts().id(twin.id).delete({ force: true });
const code = (wanted) => (error) => error.code === wanted;
await assert.rejects(async () => wp.posts().id(twin.id), code("rest_post_invalid_id"));
await assert.rejects(async () => wp.posts().create({ title: "" }), code("empty_content"));

const stranger = new WPAPI({ endpoint: `${url}/wp-json`, username, password: "wrong", auth: true });
await assert.rejects(async () => stranger.posts().create({ title: "x" }), code("rest_cannot_create"));
console.log(post.id);
