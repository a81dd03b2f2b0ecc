//! The fake Mastodon server against what is known of the real one.

mod http;

use std::time::Duration;

use http::{get, http, ok};
use oncepost_testkit::{Cue, End, Fake, Mastodon};
use reqwest::{Client, Response, multipart};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);

struct Author<'a> {
    fake: &'a Fake<Mastodon>,
    http: Client,
    token: String,
}

impl<'a> Author<'a> {
    fn new(fake: &'a Fake<Mastodon>, name: &str) -> Self {
        Self { fake, http: http(), token: Mastodon::token(name) }
    }

    async fn post(&self, key: &str, body: &Value) -> reqwest::Result<Response> {
        let url = format!("{}/api/v1/statuses", self.fake.url());
        self.http.post(url).bearer_auth(&self.token).header("Idempotency-Key", key).json(body).send().await
    }

    async fn posted(&self, key: &str, text: &str) -> String {
        let body = ok(self.post(key, &json!({"status": text})).await, 200).await;
        body["id"].as_str().expect("an id").to_owned()
    }

    async fn get(&self, path: &str, status: u16) -> Value {
        ok(self.http.get(format!("{}{path}", self.fake.url())).bearer_auth(&self.token).send().await, status).await
    }

    async fn upload(&self, status: u16) -> String {
        let part = multipart::Part::bytes(vec![1, 2, 3]).file_name("a.png").mime_str("image/png").expect("a type");
        let form = multipart::Form::new().part("file", part).text("description", "three bytes");
        let url = format!("{}/api/v2/media", self.fake.url());
        let body = ok(self.http.post(url).bearer_auth(&self.token).multipart(form).send().await, status).await;
        assert_eq!(body["description"], "three bytes");
        body["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn a_key_gives_the_same_post_for_an_hour_whatever_the_body() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let first = alice.posted("k", "one").await;
    assert_eq!(alice.posted("k", "another body").await, first);
    fake.advance(HOUR - Duration::from_secs(1));
    assert_eq!(alice.posted("k", "one").await, first);
    fake.advance(Duration::from_secs(2));
    assert_ne!(alice.posted("k", "one").await, first);
    assert_eq!(fake.duplicates().len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_an_account_and_outlives_no_failure_and_no_post() {
    let fake = Fake::<Mastodon>::start().await;
    let (alice, bob) = (Author::new(&fake, "alice"), Author::new(&fake, "bob"));
    let blank = ok(alice.post("k", &json!({"status": " "})).await, 422).await;
    assert_eq!(blank["error"], "Validation failed: Text can't be blank");
    let first = alice.posted("k", "one").await;
    assert_ne!(bob.posted("k", "one").await, first);

    let url = format!("{}/api/v1/statuses/{first}", fake.url());
    ok(alice.http.delete(&url).bearer_auth(&bob.token).send().await, 404).await;
    let gone = ok(alice.http.delete(&url).bearer_auth(&alice.token).send().await, 200).await;
    assert_eq!(gone["text"], "one");
    let again = ok(alice.post("k", &json!({"status": "one"})).await, 404).await;
    assert_eq!(again["error"], "Record not found");
    assert_eq!(fake.count_of("one"), 1, "bob's");
}

#[tokio::test]
async fn a_repeat_while_the_first_is_being_processed_makes_two_posts() {
    let fake = Fake::<Mastodon>::start().await;
    fake.set(|knobs| knobs.processing_ms = 1000);
    let alice = Author::new(&fake, "alice");
    let (one, two) = tokio::join!(alice.posted("k", "twice"), alice.posted("k", "twice"));
    assert_ne!(one, two);
    assert_eq!(fake.duplicates().len(), 1);
    assert_eq!(fake.count_of("twice"), 2);
}

#[tokio::test]
async fn a_server_that_lost_its_keys_posts_again() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let first = alice.posted("k", "one").await;
    fake.platform().forget_keys();
    assert_ne!(alice.posted("k", "one").await, first);
}

#[tokio::test]
async fn threads_hang_together_and_fail_without_their_start() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let first = alice.posted("k1", "one").await;
    let reply = json!({"status": "two", "in_reply_to_id": first});
    assert_eq!(ok(alice.post("k2", &reply).await, 200).await["in_reply_to_id"], Value::from(first));
    let lost = json!({"status": "three", "in_reply_to_id": "42"});
    ok(alice.post("k3", &lost).await, 404).await;
}

#[tokio::test]
async fn media_may_need_time_and_serve_once() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let ready = alice.upload(200).await;
    fake.set(|knobs| knobs.media_processing_ms = 60_000);
    let slow = alice.upload(202).await;
    assert_eq!(alice.get(&format!("/api/v1/media/{slow}"), 206).await["url"], Value::Null);

    let early = ok(alice.post("k", &json!({"status": "x", "media_ids": [slow]})).await, 422).await;
    assert_eq!(early["error"], "Cannot attach files that have not finished processing. Try again in a moment!");
    fake.advance(Duration::from_secs(60));
    assert!(alice.get(&format!("/api/v1/media/{slow}"), 200).await["url"].is_string());

    let both = ok(alice.post("k", &json!({"status": "", "media_ids": [slow, ready]})).await, 200).await;
    assert_eq!(both["media_attachments"].as_array().map(Vec::len), Some(2));
    let again = ok(alice.post("k2", &json!({"status": "x", "media_ids": [ready]})).await, 422).await;
    assert_eq!(again["error"], format!("Media {ready} not found or already attached to another post"));
}

#[tokio::test]
async fn forms_are_read_like_json() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let media = alice.upload(200).await;
    let form = [("status", "grüße & co"), ("media_ids[]", &media), ("visibility", "unlisted")];
    let url = format!("{}/api/v1/statuses", fake.url());
    let body = ok(alice.http.post(url).bearer_auth(&alice.token).form(&form).send().await, 200).await;
    assert_eq!((&body["content"], &body["visibility"]), (&json!("<p>grüße &amp; co</p>"), &json!("unlisted")));
    assert_eq!(body["media_attachments"][0]["id"], Value::from(media));
}

#[tokio::test]
async fn characters_are_counted_as_the_server_counts_them() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let long_address = format!("https://example.org/{}", "x".repeat(600));
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    for fits in ["x".repeat(500), format!("{} {long_address}", "x".repeat(476)), family.repeat(500)] {
        ok(alice.post(&fits, &json!({"status": fits})).await.and_then(Response::error_for_status), 200).await;
    }
    for too_long in ["x".repeat(501), format!("{} {long_address}", "x".repeat(477))] {
        let body = ok(alice.post("k", &json!({"status": too_long})).await, 422).await;
        assert_eq!(body["error"], "Validation failed: Text character limit of 500 exceeded");
    }
    let mention = format!("{} @bob@example.org", "x".repeat(495));
    ok(alice.post("m", &json!({"status": mention})).await, 200).await;
    let spoiler = json!({"status": "x".repeat(400), "spoiler_text": "y".repeat(101)});
    ok(alice.post("s", &spoiler).await, 422).await;
    let instance = get(&format!("{}/api/v2/instance", fake.url()), 200).await;
    assert_eq!(instance["configuration"]["statuses"]["max_characters"], 500);
    assert_eq!(instance["configuration"]["statuses"]["characters_reserved_per_url"], 23);
}

#[tokio::test]
async fn listings_are_newest_first_and_may_lag() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let me = alice.get("/api/v1/accounts/verify_credentials", 200).await;
    let list = format!("/api/v1/accounts/{}/statuses?limit=2&exclude_reblogs=true", me["id"].as_str().expect("id"));
    for text in ["one", "two", "three"] {
        alice.posted(text, text).await;
    }
    fake.list_late(Duration::from_secs(30));
    let late = alice.posted("four", "four").await;
    let texts =
        |page: Value| page.as_array().map(|all| all.iter().map(|post| post["content"].clone()).collect::<Vec<_>>());
    assert_eq!(texts(alice.get(&list, 200).await), Some(vec![json!("<p>three</p>"), json!("<p>two</p>")]));
    // By its id it is there at once.
    assert_eq!(alice.get(&format!("/api/v1/statuses/{late}"), 200).await["id"], Value::from(late.clone()));
    assert_eq!(alice.get(&format!("/api/v1/statuses/{late}/source"), 200).await["text"], "four");
    fake.advance(Duration::from_secs(30));
    assert_eq!(texts(alice.get(&list, 200).await), Some(vec![json!("<p>four</p>"), json!("<p>three</p>")]));
}

#[tokio::test]
async fn tokens_are_invalid_expired_or_revoked() {
    let fake = Fake::<Mastodon>::start().await;
    let mut alice = Author::new(&fake, "alice");
    let refusal =
        async |alice: &Author<'_>| ok(alice.post("k", &json!({"status": "x"})).await, 401).await["error"].clone();
    fake.cue(Cue { expire_token: true, ..Cue::default() });
    assert_eq!(refusal(&alice).await, "The access token expired");
    fake.platform().restore("alice");
    fake.platform().revoke("alice");
    assert_eq!(refusal(&alice).await, "The access token was revoked");
    alice.token = "something else".into();
    assert_eq!(refusal(&alice).await, "The access token is invalid");
}

#[tokio::test]
async fn limits_are_told_in_iso_8601() {
    let fake = Fake::<Mastodon>::start().await;
    fake.set(|knobs| knobs.calls_per_window = 1);
    let alice = Author::new(&fake, "alice");
    let first = alice.post("k", &json!({"status": "x"})).await.expect("an answer");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "0");
    let second = alice.post("k2", &json!({"status": "y"})).await.expect("an answer");
    let reset: jiff::Timestamp = second.headers()["x-ratelimit-reset"].to_str().expect("text").parse().expect("a time");
    assert!(reset > fake.now());
    assert_eq!(ok(Ok(second), 429).await["error"], "Too many requests");
    fake.advance(Duration::from_secs(301));
    alice.posted("k2", "y").await;

    fake.cue(Cue::new(End::RateLimit { seconds: 90 }));
    let cued = alice.post("k3", &json!({"status": "z"})).await.expect("an answer");
    assert_eq!(
        (cued.status().as_u16(), &cued.headers()["x-ratelimit-remaining"]),
        (429, &"0".parse().expect("header"))
    );
    assert_eq!(fake.posts().len(), 2);
}

#[tokio::test]
async fn an_app_tells_its_scopes_and_a_token_does_nothing_beyond_its_own() {
    let fake = Fake::<Mastodon>::start().await;
    let alice = Author::new(&fake, "alice");
    let app = alice.get("/api/v1/apps/verify_credentials", 200).await;
    assert_eq!(app["scopes"], json!(["read:accounts", "read:statuses", "write:media", "write:statuses"]));
    fake.platform().withhold("alice", "write:statuses");
    fake.platform().withhold("alice", "read:accounts");
    let refused = ok(alice.post("k", &json!({"status": "x"})).await, 403).await;
    assert_eq!(refused["error"], "This action is outside the authorized scopes");
    alice.get("/api/v1/accounts/verify_credentials", 403).await;
    let app = alice.get("/api/v1/apps/verify_credentials", 200).await;
    assert_eq!(app["scopes"], json!(["read:statuses", "write:media"]));
    fake.platform().restore("alice");
    alice.get("/api/v1/accounts/verify_credentials", 200).await;
    alice.posted("k", "x").await;
    fake.set(|knobs| knobs.tells_scopes = false);
    assert_eq!(alice.get("/api/v1/apps/verify_credentials", 200).await["scopes"], Value::Null);
    Author::new(&fake, "bob").posted("k", "x").await;
}
