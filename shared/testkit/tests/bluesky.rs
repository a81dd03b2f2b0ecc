//! The fake Bluesky server against what was measured on a real one.

mod http;

use std::time::Duration;

use http::{get, http, ok};
use oncepost_testkit::{Bluesky, Cue, Fake};
use reqwest::{Client, Response};
use serde_json::{Value, json};

const KEY: &str = "3lk2abcdefg22";

struct Author<'a> {
    fake: &'a Fake<Bluesky>,
    http: Client,
    access: String,
    refresh: String,
    did: String,
}

impl<'a> Author<'a> {
    async fn new(fake: &'a Fake<Bluesky>, name: &str) -> Self {
        let session = log_in(fake, name, 200).await;
        let part = |field: &str| session[field].as_str().expect("a text").to_owned();
        Self { fake, http: http(), access: part("accessJwt"), refresh: part("refreshJwt"), did: part("did") }
    }

    async fn call(&self, method: &str, token: &str, body: &Value) -> reqwest::Result<Response> {
        let url = format!("{}/xrpc/com.atproto.{method}", self.fake.url());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http.post(url).bearer_auth(token).header("content-type", "application/json").body(body).send().await
    }

    fn write(&self, key: &str, text: &str) -> Value {
        let record = json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-01-01T00:00:00.000Z"});
        json!({"repo": self.did, "collection": "app.bsky.feed.post", "rkey": key, "record": record})
    }

    async fn put(&self, body: &Value, status: u16) -> Value {
        ok(self.call("repo.putRecord", &self.access, body).await, status).await
    }

    async fn create(&self, body: &Value, status: u16) -> Value {
        ok(self.call("repo.createRecord", &self.access, body).await, status).await
    }

    async fn look_up(&self, key: &str, status: u16) -> Value {
        let query = format!("repo={}&collection=app.bsky.feed.post&rkey={key}", self.did);
        get(&format!("{}/xrpc/com.atproto.repo.getRecord?{query}", self.fake.url()), status).await
    }

    async fn upload(&self, bytes: Vec<u8>, status: u16) -> Value {
        let url = format!("{}/xrpc/com.atproto.repo.uploadBlob", self.fake.url());
        let call = self.http.post(url).bearer_auth(&self.access).header("content-type", "image/png").body(bytes);
        ok(call.send().await, status).await
    }
}

async fn log_in(fake: &Fake<Bluesky>, name: &str, status: u16) -> Value {
    let body = json!({"identifier": Bluesky::handle(name), "password": Bluesky::password(name)});
    http::send(&format!("{}/xrpc/com.atproto.server.createSession", fake.url()), &body, status).await
}

#[tokio::test]
async fn a_put_may_be_repeated_and_overwrites_unless_forbidden() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    let first = alice.put(&alice.write(KEY, "one"), 200).await;
    assert_eq!(first["uri"], format!("at://{}/app.bsky.feed.post/{KEY}", alice.did));
    assert!(first["commit"]["rev"].is_string());

    let same = alice.put(&alice.write(KEY, "one"), 200).await;
    assert_eq!((&same["cid"], same.get("commit")), (&first["cid"], None), "nothing was changed");
    let mut guarded = alice.write(KEY, "one");
    guarded["swapRecord"] = Value::Null;
    assert_eq!(alice.put(&guarded, 200).await["cid"], first["cid"]);

    guarded["record"]["text"] = json!("two");
    let refused = alice.put(&guarded, 400).await;
    assert_eq!(refused["error"], "InvalidSwap");
    assert_eq!(refused["message"], format!("Record was at {}", first["cid"].as_str().expect("a cid")));

    let over = alice.put(&alice.write(KEY, "two"), 200).await;
    assert_ne!(over["cid"], first["cid"]);
    assert_eq!((fake.posts().len(), fake.count_of("two"), fake.count_of("one")), (1, 1, 0));
    guarded["record"]["text"] = json!("three");
    guarded["swapRecord"] = over["cid"].clone();
    alice.put(&guarded, 200).await;
}

#[tokio::test]
async fn a_new_record_may_be_demanded_and_concurrent_puts_make_one() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    let mut guarded = alice.write(KEY, "one");
    guarded["swapRecord"] = Value::Null;
    let puts = futures::future::join_all((0..4).map(|_| alice.put(&guarded, 200))).await;
    assert!(puts.iter().all(|put| put["cid"] == puts[0]["cid"]));
    assert_eq!(fake.posts().len(), 1);
}

#[tokio::test]
async fn a_repeated_create_fails_without_a_reason() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    alice.create(&alice.write(KEY, "one"), 200).await;
    for text in ["one", "other"] {
        let again = alice.create(&alice.write(KEY, text), 500).await;
        assert_eq!(again, json!({"error": "InternalServerError", "message": "Internal Server Error"}));
    }
    assert_eq!(fake.posts().len(), 1);
    let mut keyless = alice.write(KEY, "two");
    keyless["rkey"] = Value::Null;
    let (a, b) = (alice.create(&keyless, 200).await, alice.create(&keyless, 200).await);
    assert_ne!(a["uri"], b["uri"]);
    assert_eq!(fake.duplicates().len(), 1);
}

#[tokio::test]
async fn records_are_found_by_key_and_listed_by_key() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    assert_eq!(alice.look_up(KEY, 400).await["error"], "RecordNotFound");
    let cid = alice.put(&alice.write(KEY, "one"), 200).await["cid"].clone();
    let found = alice.look_up(KEY, 200).await;
    assert_eq!((&found["cid"], &found["value"]["text"]), (&cid, &json!("one")));
    alice.put(&alice.write("3lk2abcdefg24", "two"), 200).await;
    alice.put(&alice.write("3lk2abcdefg23", "between"), 200).await;

    let list = format!("{}/xrpc/com.atproto.repo.listRecords?repo={}&limit=2", fake.url(), alice.did);
    let texts = |page: &Value| -> Vec<String> {
        let records = page["records"].as_array().expect("a list");
        records.iter().map(|record| record["value"]["text"].as_str().expect("a text").to_owned()).collect()
    };
    let page = get(&list, 200).await;
    assert_eq!(texts(&page), ["two", "between"]);
    let next = get(&format!("{list}&cursor={}", page["cursor"].as_str().expect("a cursor")), 200).await;
    assert_eq!(texts(&next), ["one"]);
}

#[tokio::test]
async fn records_are_checked() {
    let fake = Fake::<Bluesky>::start().await;
    let (alice, bob) = (Author::new(&fake, "alice").await, Author::new(&fake, "bob").await);
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
    assert_eq!(family.len(), 25);
    let message =
        async |text: &str| alice.put(&alice.write(KEY, text), 400).await["message"].as_str().map(str::to_owned);
    let says =
        |got: Option<String>, wanted: &str| assert!(got.as_ref().is_some_and(|got| got.contains(wanted)), "{got:?}");
    says(message(&"x".repeat(301)).await, "grapheme too big (maximum 300, got 301) at $.record.text");
    says(message(&family.repeat(300)).await, "string too big (maximum 3000, got 7500)");
    alice.put(&alice.write(KEY, &family.repeat(100)), 200).await;

    let bad_key = alice.put(&alice.write("my-own-key", "x"), 400).await;
    assert_eq!(bad_key["error"], "InvalidRequest");
    says(bad_key["message"].as_str().map(str::to_owned), "Invalid TID string");
    let foreign = ok(alice.call("repo.putRecord", &bob.access, &alice.write(KEY, "x")).await, 403).await;
    assert_eq!(foreign["error"], "AccountNotFound");
}

#[tokio::test]
async fn blobs_are_known_by_their_content() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    let blob = alice.upload(b"pixels".to_vec(), 200).await["blob"].clone();
    assert_eq!(alice.upload(b"pixels".to_vec(), 200).await["blob"], blob);
    assert_eq!(alice.upload(vec![0; (5 << 20) + 1], 413).await["error"], "PayloadTooLarge");

    let mut post = alice.write(KEY, "look");
    let image = json!({"image": blob, "alt": "pixels"});
    post["record"]["embed"] = json!({"$type": "app.bsky.embed.images", "images": [image]});
    alice.put(&post, 200).await;
    fake.platform().forget_blobs();
    post["record"]["text"] = json!("look again");
    assert_eq!(alice.put(&post, 400).await["error"], "BlobNotFound");
    post["record"]["embed"]["images"] = json!([image, image, image, image, image]);
    assert_eq!(alice.put(&post, 400).await["error"], "InvalidRequest");
}

#[tokio::test]
async fn an_expired_token_is_a_400_and_can_be_refreshed_twice() {
    let fake = Fake::<Bluesky>::start().await;
    let mut alice = Author::new(&fake, "alice").await;
    fake.cue(Cue { expire_token: true, ..Cue::default() });
    let expired = alice.put(&alice.write(KEY, "one"), 400).await;
    assert_eq!(expired, json!({"error": "ExpiredToken", "message": "Token has expired"}));

    let refresh =
        async |token: &str, status| ok(alice.call("server.refreshSession", token, &Value::Null).await, status).await;
    let (one, two) = (refresh(&alice.refresh, 200).await, refresh(&alice.refresh, 200).await);
    assert_eq!(one["refreshJwt"], two["refreshJwt"]);
    fake.advance(Duration::from_secs(2 * 3600));
    assert_eq!(refresh(&alice.refresh, 400).await["message"], "Token has been revoked");
    let third = refresh(one["refreshJwt"].as_str().expect("a token"), 200).await;
    assert_eq!(refresh(third["accessJwt"].as_str().expect("a token"), 400).await["error"], "InvalidToken");
    alice.access = third["accessJwt"].as_str().expect("a token").to_owned();
    alice.put(&alice.write(KEY, "one"), 200).await;
    fake.advance(Duration::from_secs(7200));
    assert_eq!(alice.put(&alice.write(KEY, "two"), 400).await["error"], "ExpiredToken");
}

#[tokio::test]
async fn access_can_be_missing_wrong_and_taken_away() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    let url = format!("{}/xrpc/com.atproto.repo.putRecord", fake.url());
    assert_eq!(http::send(&url, &alice.write(KEY, "x"), 401).await["error"], "AuthMissing");
    let garbage = ok(alice.call("repo.putRecord", "garbage", &alice.write(KEY, "x")).await, 400).await;
    assert_eq!(garbage["error"], "InvalidToken");
    let wrong_kind = ok(alice.call("repo.putRecord", &alice.refresh, &alice.write(KEY, "x")).await, 400).await;
    assert_eq!(wrong_kind["message"], "Invalid token type");

    fake.platform().take_down("alice");
    assert_eq!(alice.put(&alice.write(KEY, "x"), 401).await["error"], "AccountTakedown");
    assert_eq!(log_in(&fake, "alice", 401).await["error"], "AccountTakedown");
    fake.platform().restore("alice");
    fake.platform().revoke("alice");
    let refused = ok(alice.call("server.refreshSession", &alice.refresh, &Value::Null).await, 400).await;
    assert_eq!(refused, json!({"error": "ExpiredToken", "message": "Token has been revoked"}));
    assert_eq!(log_in(&fake, "alice", 401).await["message"], "Invalid identifier or password");
    assert!(fake.posts().is_empty());
}

#[tokio::test]
async fn a_deleted_session_keeps_its_access_token() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    ok(alice.call("server.deleteSession", &alice.refresh, &Value::Null).await, 200).await;
    ok(alice.call("server.refreshSession", &alice.refresh, &Value::Null).await, 400).await;
    alice.put(&alice.write(KEY, "still"), 200).await;
}

#[tokio::test]
async fn limits_are_told_in_epoch_seconds_and_logins_are_limited() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    fake.set(|knobs| knobs.calls_per_window = 1);
    let over = alice.call("repo.putRecord", &alice.access, &alice.write(KEY, "x")).await.expect("an answer");
    let reset: i64 = over.headers()["ratelimit-reset"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=300).contains(&(reset - fake.now().as_second())));
    assert_eq!(over.headers()["ratelimit-policy"], "1;w=300");
    assert_eq!(over.headers().get("retry-after"), None);
    assert_eq!(ok(Ok(over), 429).await["error"], "RateLimitExceeded");

    fake.set(|knobs| knobs.calls_per_window = 1000);
    for _ in 1..30 {
        log_in(&fake, "alice", 200).await;
    }
    log_in(&fake, "alice", 429).await;
    fake.advance(Duration::from_secs(301));
    log_in(&fake, "alice", 200).await;
}

#[tokio::test]
async fn a_session_tells_whether_its_account_is_in_use() {
    let fake = Fake::<Bluesky>::start().await;
    let alice = Author::new(&fake, "alice").await;
    let url = format!("{}/xrpc/com.atproto.server.getSession", fake.url());
    let session = async || ok(alice.http.get(&url).bearer_auth(&alice.access).send().await, 200).await;
    let active = session().await;
    assert_eq!((&active["handle"], &active["active"]), (&json!("alice.test"), &json!(true)));
    fake.platform().deactivate("alice");
    let inactive = session().await;
    assert_eq!((&inactive["active"], &inactive["status"]), (&json!(false), &json!("deactivated")));
    fake.platform().restore("alice");
    assert_eq!(session().await["active"], true);
}
