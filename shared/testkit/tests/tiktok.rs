//! The fake TikTok against what is known of the real one.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, TikTok};
use reqwest::{Client, Response};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

struct Creator<'a> {
    fake: &'a Fake<TikTok>,
    http: Client,
    token: String,
}

impl<'a> Creator<'a> {
    fn new(fake: &'a Fake<TikTok>, name: &str) -> Self {
        Self { fake, http: http(), token: TikTok::token(name) }
    }

    async fn send(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        let url = format!("{}/v2/{path}", self.fake.url());
        self.http.post(url).bearer_auth(&self.token).json(body).send().await
    }

    /// What stands in `data`, and that all is well.
    async fn data(&self, path: &str, body: &Value) -> Value {
        let answer = ok(self.send(path, body).await, 200).await;
        assert_eq!(answer["error"]["code"], "ok");
        answer["data"].clone()
    }

    /// The code of a refusal.
    async fn refused(&self, path: &str, body: &Value, status: u16) -> String {
        ok(self.send(path, body).await, status).await["error"]["code"].as_str().expect("a code").to_owned()
    }

    async fn begin(&self, bytes: usize, chunk: usize) -> (String, String) {
        let begun = self.data("post/publish/video/init/", &video("hello", bytes, chunk)).await;
        let text = |name: &str| begun[name].as_str().expect("a text").to_owned();
        (text("publish_id"), text("upload_url"))
    }

    async fn put(&self, url: &str, first: usize, end: usize, total: usize) -> u16 {
        let range = format!("bytes {first}-{}/{total}", end - 1);
        let request = self.http.put(url).header("content-type", "video/mp4").header("content-range", range);
        request.body(vec![7; end - first]).send().await.expect("an answer").status().as_u16()
    }

    async fn status(&self, id: &str) -> Value {
        self.data("post/publish/status/fetch/", &json!({"publish_id": id})).await
    }

    async fn refresh(&self, token: &str, status: u16) -> Value {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_key", TikTok::CLIENT_KEY),
            ("client_secret", TikTok::CLIENT_SECRET),
        ];
        let url = format!("{}/v2/oauth/token/", self.fake.url());
        ok(self.http.post(url).form(&form).send().await, status).await
    }
}

fn video(title: &str, bytes: usize, chunk: usize) -> Value {
    json!({
        "post_info": {"title": title, "privacy_level": "PUBLIC_TO_EVERYONE"},
        "source_info": {
            "source": "FILE_UPLOAD", "video_size": bytes, "chunk_size": chunk, "total_chunk_count": bytes / chunk,
        },
    })
}

fn photos(images: &[&str]) -> Value {
    json!({
        "post_info": {"title": "t", "description": "look", "privacy_level": "PUBLIC_TO_EVERYONE"},
        "source_info": {"source": "PULL_FROM_URL", "photo_images": images, "photo_cover_index": 0},
        "post_mode": "DIRECT_POST",
        "media_type": "PHOTO",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn makervox_publish_takes_it_for_tiktok() {
    let fake = Fake::<TikTok>::start().await;
    let arguments = [&fake.url(), "alice", TikTok::CLIENT_KEY, TikTok::CLIENT_SECRET];
    let saw = clients::script("tiktok", &arguments).await;
    assert_eq!(saw["creator"]["creator_username"], "alice");
    let complete = json!([true, "PUBLISH_COMPLETE"]);
    assert_eq!((&saw["first"], &saw["own"]), (&complete, &complete));
    let posts = fake.posts();
    let id: u64 = posts[0].id.parse().expect("a number");
    assert_eq!(saw["status"]["publicaly_available_post_id"], json!([id]));
    assert_eq!(
        (&posts[1].native["privacy_level"], &posts[1].native["disable_duet"]),
        (&json!("SELF_ONLY"), &json!(true))
    );
    assert_eq!(saw["listed"], json!(["filler 2", "filler 1", "filler 0", "one #tag"]), "what everybody sees");
    assert_eq!(saw["failed"], json!([false, "FAILED"]));
    assert_eq!(saw["spent"], json!({"kind": "TikTokApiError", "code": "invalid_grant"}));
    assert_eq!(saw["offered"]["kind"], "PublishError", "{saw}");
    assert_eq!(saw["limited"], json!({"kind": "TikTokApiError", "code": "rate_limit_exceeded"}));
    assert_eq!(posts.len(), 5);
}

#[tokio::test]
async fn a_video_goes_out_by_itself_once_its_last_byte_is_there() {
    let fake = Fake::<TikTok>::start().await;
    let alice = Creator::new(&fake, "alice");
    let (total, chunk) = (11 * MIB, 5 * MIB);
    let (id, url) = alice.begin(total, chunk).await;
    assert_eq!(alice.put(&url, chunk, total, total).await, 416, "in their order");
    assert_eq!(alice.put(&url, 0, chunk, total).await, 206);
    assert_eq!(alice.status(&id).await, json!({"status": "PROCESSING_UPLOAD", "uploaded_bytes": chunk}));
    assert_eq!(alice.put(&url, 0, chunk, total).await, 416, "once each");
    assert_eq!(alice.put(&url, chunk, 2 * chunk, total).await, 416, "the last chunk takes the rest with it");
    assert!(fake.posts().is_empty());
    assert_eq!(alice.put(&url, chunk, total, total).await, 201);
    assert_eq!((fake.posts().len(), fake.publish_calls().len()), (1, 2));
    assert_eq!(alice.put(&url, chunk, total, total).await, 416, "there is no second post in it");
    assert_eq!(fake.posts().len(), 1);
}

#[tokio::test]
async fn an_id_comes_after_the_moderation_and_for_the_public_only() {
    let fake = Fake::<TikTok>::start().await;
    fake.set(|knobs| (knobs.processing_ms, knobs.moderation_ms) = (20_000, 60_000));
    let alice = Creator::new(&fake, "alice");
    let (id, url) = alice.begin(9, 9).await;
    alice.put(&url, 0, 9, 9).await;
    assert_eq!(alice.status(&id).await["status"], "PROCESSING_UPLOAD");
    fake.advance(Duration::from_secs(21));
    assert_eq!(alice.status(&id).await, json!({"status": "PUBLISH_COMPLETE", "uploaded_bytes": 9}));
    let list = ("video/list/?fields=id,title,create_time", json!({"max_count": 20}));
    assert_eq!(alice.data(list.0, &list.1).await["videos"], json!([]));
    fake.advance(Duration::from_secs(60));
    let post: u64 = fake.posts()[0].id.parse().expect("a number");
    assert_eq!(alice.status(&id).await["publicaly_available_post_id"], json!([post]));
    let listed = alice.data(list.0, &list.1).await;
    assert_eq!((&listed["videos"][0]["title"], &listed["has_more"]), (&json!("hello"), &json!(false)));
    assert_eq!(
        Creator::new(&fake, "bob").refused("post/publish/status/fetch/", &json!({"publish_id": id}), 400).await,
        "token_not_authorized_for_specified_publish_id"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_video_is_told_later() {
    let fake = Fake::<TikTok>::start().await;
    fake.set(|knobs| knobs.fails_with = "frame_rate_check_failed".into());
    let alice = Creator::new(&fake, "alice");
    let (id, url) = alice.begin(9, 9).await;
    assert_eq!(alice.put(&url, 0, 9, 9).await, 201);
    let told = alice.status(&id).await;
    assert_eq!((&told["status"], &told["fail_reason"]), (&json!("FAILED"), &json!("frame_rate_check_failed")));
    assert!(fake.posts().is_empty());
}

#[tokio::test]
async fn chunks_keep_their_rules_and_addresses_their_time() {
    let fake = Fake::<TikTok>::start().await;
    let alice = Creator::new(&fake, "alice");
    let init = "post/publish/video/init/";
    for (bytes, chunk, chunks) in [(20 * MIB, MIB, 20), (20 * MIB, 5 * MIB, 5), (65 * MIB, 65 * MIB, 1), (9, 5, 1)] {
        let mut body = video("x", bytes, chunk);
        body["source_info"]["total_chunk_count"] = json!(chunks);
        assert_eq!(alice.refused(init, &body, 400).await, "invalid_params", "{bytes}/{chunk}");
    }
    let (id, url) = alice.begin(9, 9).await;
    fake.advance(Duration::from_secs(3601));
    assert_eq!(alice.put(&url, 0, 9, 9).await, 403);
    fake.platform().forget();
    assert_eq!(alice.put(&url, 0, 9, 9).await, 404);
    let asked = json!({"publish_id": id});
    assert_eq!(alice.refused("post/publish/status/fetch/", &asked, 400).await, "invalid_publish_id");
}

#[tokio::test]
async fn audiences_are_the_creators_and_apps_that_were_not_audited_reach_nobody() {
    let fake = Fake::<TikTok>::start().await;
    fake.set(|knobs| (knobs.private_accounts, knobs.comments_disabled) = (true, true));
    let alice = Creator::new(&fake, "alice");
    let creator = alice.data("post/publish/creator_info/query/", &json!({})).await;
    assert_eq!((&creator["creator_username"], &creator["comment_disabled"]), (&json!("alice"), &json!(true)));
    let options = json!(["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]);
    assert_eq!(creator["privacy_level_options"], options);
    let init = "post/publish/video/init/";
    assert_eq!(alice.refused(init, &video("x", 9, 9), 403).await, "privacy_level_option_mismatch");
    fake.set(|knobs| knobs.audited = false);
    let refused = alice.refused(init, &video("x", 9, 9), 403).await;
    assert_eq!(refused, "unaudited_client_can_only_post_to_private_accounts");
    let mut own = video("x", 9, 9);
    own["post_info"]["privacy_level"] = json!("SELF_ONLY");
    alice.data(init, &own).await;
}

#[tokio::test]
async fn caps_are_the_creators_and_the_apps_and_do_not_say_until_when() {
    let fake = Fake::<TikTok>::start().await;
    fake.set(|knobs| (knobs.posts_per_day, knobs.creators_per_day) = (2, 1));
    let (alice, bob) = (Creator::new(&fake, "alice"), Creator::new(&fake, "bob"));
    let (init, query) = ("post/publish/video/init/", "post/publish/creator_info/query/");
    alice.begin(9, 9).await;
    assert_eq!(bob.refused(init, &video("x", 9, 9), 403).await, "reached_active_user_cap");
    assert_eq!(bob.refused(query, &json!({}), 403).await, "reached_active_user_cap");
    alice.begin(9, 9).await;
    assert_eq!(alice.refused(init, &video("x", 9, 9), 403).await, "spam_risk_too_many_posts");
    assert_eq!(alice.refused(query, &json!({}), 403).await, "spam_risk_too_many_posts");
    fake.set(|knobs| (knobs.posts_per_day, knobs.creators_per_day) = (100, 100));
    for _ in 0..3 {
        alice.begin(9, 9).await;
    }
    let limited = alice.send(init, &video("x", 9, 9)).await.expect("an answer");
    assert_eq!((limited.status().as_u16(), limited.headers().get("retry-after")), (429, None), "six a minute");
    fake.cue(Cue::new(End::RateLimit { seconds: 9 }).on("POST", "creator_info"));
    let cued = bob.send(query, &json!({})).await.expect("an answer");
    assert_eq!(cued.headers()["retry-after"], "9");
}

#[tokio::test]
async fn pictures_are_out_with_the_request_for_them_from_verified_addresses() {
    let fake = Fake::<TikTok>::start().await;
    let alice = Creator::new(&fake, "alice");
    let init = "post/publish/content/init/";
    let gone = format!("{}/nothing-there", fake.url());
    let begun = alice.data(init, &photos(&[&gone])).await;
    let told = alice.status(begun["publish_id"].as_str().expect("an id")).await;
    assert_eq!(told["fail_reason"], "photo_pull_failed");
    assert_eq!((fake.publish_calls().len(), fake.posts().len()), (1, 0));
    fake.set(|knobs| knobs.verified_prefix = "https://media.example/".into());
    assert_eq!(alice.refused(init, &photos(&[&gone]), 403).await, "url_ownership_unverified");
    assert_eq!(alice.refused(init, &photos(&[]), 400).await, "invalid_params");
}

#[tokio::test]
async fn a_refresh_token_works_until_the_next_one_is_given_out() {
    let fake = Fake::<TikTok>::start().await;
    let mut alice = Creator::new(&fake, "alice");
    let one = alice.refresh(&TikTok::refresh_token("alice"), 200).await;
    assert_eq!((&one["expires_in"], &one["refresh_expires_in"]), (&json!(7200), &json!(180 * 86_400)));
    assert_eq!(alice.refresh(&TikTok::refresh_token("alice"), 400).await["error"], "invalid_grant");
    alice.refresh(one["refresh_token"].as_str().expect("a token"), 200).await;
    alice.token = one["access_token"].as_str().expect("a token").to_owned();
    alice.data("post/publish/creator_info/query/", &json!({})).await;
    fake.advance(Duration::from_secs(7201));
    assert_eq!(alice.refused("post/publish/creator_info/query/", &json!({}), 401).await, "access_token_invalid");
    alice.token = TikTok::token("bob");
    fake.platform().withhold("bob", "video.publish");
    assert_eq!(alice.refused("post/publish/creator_info/query/", &json!({}), 401).await, "scope_not_authorized");
    fake.platform().revoke("bob");
    assert_eq!(alice.refused("post/publish/creator_info/query/", &json!({}), 401).await, "access_token_invalid");
}
