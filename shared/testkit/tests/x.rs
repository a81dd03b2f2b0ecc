//! The fake X against what is known of the real one.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, X};
use reqwest::{Client, Response, multipart};
use serde_json::{Value, json};

struct Author<'a> {
    fake: &'a Fake<X>,
    http: Client,
    token: String,
}

impl<'a> Author<'a> {
    fn new(fake: &'a Fake<X>, name: &str) -> Self {
        Self { fake, http: http(), token: X::token(name) }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/2/{path}", self.fake.url())
    }

    async fn send(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        self.http.post(self.url(path)).bearer_auth(&self.token).json(body).send().await
    }

    async fn post(&self, text: &str) -> String {
        let made = ok(self.send("tweets", &json!({"text": text})).await, 201).await;
        made["data"]["id"].as_str().expect("an id").to_owned()
    }

    async fn get(&self, path: &str, status: u16) -> Value {
        ok(self.http.get(self.url(path)).bearer_auth(&self.token).send().await, status).await
    }

    async fn part(&self, path: &str, field: (&'static str, &'static str), bytes: usize, status: u16) -> Value {
        let part = multipart::Part::bytes(vec![7; bytes]).file_name("media");
        let form = multipart::Form::new().part("media", part).text(field.0, field.1);
        ok(self.http.post(self.url(path)).bearer_auth(&self.token).multipart(form).send().await, status).await
    }

    async fn refresh(&self, token: &str, status: u16) -> Value {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let request = self.http.post(self.url("oauth2/token")).basic_auth(X::CLIENT_ID, Some(X::CLIENT_SECRET));
        ok(request.form(&form).send().await, status).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tweepy_takes_it_for_x() {
    let fake = Fake::<X>::start().await;
    let saw = clients::script("x", &[&fake.url(), &X::token("alice")]).await;
    assert_eq!(saw["me"], json!({"id": X::user_id("alice"), "username": "alice"}));
    let [reply, first] = saw["timeline"].as_array().expect("a list").as_slice() else { panic!("two posts: {saw}") };
    assert_eq!((&reply["id"], &first["id"]), (&saw["reply"], &saw["first"]));
    assert_eq!((&reply["answers"], &first["answers"]), (&json!([saw["first"]]), &json!([])));
    assert_eq!(first["expanded"], json!(["https://example.org/x"]));
    assert!(first["text"].as_str().is_some_and(|text| text.starts_with("Tom &amp; Ann https://t.co/")), "{first}");
    assert_eq!(saw["paged"].as_array().map(Vec::len), Some(8), "every post once, page after page");
    let refusals =
        ["again", "too_long", "stranger", "limited"].map(|name| saw[name]["kind"].as_str().unwrap_or_default());
    assert_eq!(refusals, ["Forbidden", "BadRequest", "Unauthorized", "TooManyRequests"], "{saw}");
    assert!(saw["again"]["text"].as_str().is_some_and(|text| text.contains("duplicate content")), "{saw}");
    assert_eq!((&saw["deleted"], fake.posts().len()), (&json!(true), 7));
}

#[tokio::test]
async fn a_text_is_refused_again_for_a_day_without_saying_which_post_it_was() {
    let fake = Fake::<X>::start().await;
    let (alice, bob) = (Author::new(&fake, "alice"), Author::new(&fake, "bob"));
    let first = alice.post("again").await;
    bob.post("again").await;
    let refusal = ok(alice.send("tweets", &json!({"text": "again"})).await, 403).await;
    assert_eq!(refusal["detail"], "You are not allowed to create a Tweet with duplicate content.");
    assert!(!refusal.to_string().contains(&first));
    fake.advance(Duration::from_secs(24 * 3600 + 1));
    alice.post("again").await;
}

#[tokio::test]
async fn unknown_fields_and_lost_parents_are_refused() {
    let fake = Fake::<X>::start().await;
    let alice = Author::new(&fake, "alice");
    ok(alice.send("tweets", &json!({"text": "x", "client_id": "k"})).await, 400).await;
    let lost = json!({"text": "x", "reply": {"in_reply_to_tweet_id": "17"}});
    let refusal = ok(alice.send("tweets", &lost).await, 404).await;
    assert!(refusal["type"].as_str().is_some_and(|kind| kind.ends_with("/resource-not-found")), "{refusal}");
    assert!(fake.posts().is_empty());
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_takes_its_family_with_it() {
    let fake = Fake::<X>::start().await;
    let mut alice = Author::new(&fake, "alice");
    let one = alice.refresh(&X::refresh_token("alice"), 200).await;
    assert_eq!((&one["expires_in"], one["scope"].as_str().is_some()), (&json!(7200), true));
    alice.token = one["access_token"].as_str().expect("a token").to_owned();
    alice.get("users/me", 200).await;
    let next = one["refresh_token"].as_str().expect("a token").to_owned();
    assert_eq!(alice.refresh(&X::refresh_token("alice"), 400).await["error"], "invalid_request");
    alice.get("users/me", 401).await;
    alice.refresh(&next, 400).await;
}

#[tokio::test]
async fn an_access_token_ends_after_two_hours() {
    let fake = Fake::<X>::start().await;
    let mut alice = Author::new(&fake, "alice");
    let one = alice.refresh(&X::refresh_token("alice"), 200).await;
    alice.token = one["access_token"].as_str().expect("a token").to_owned();
    fake.advance(Duration::from_secs(7100));
    alice.get("users/me", 200).await;
    fake.advance(Duration::from_secs(101));
    assert_eq!(alice.get("users/me", 401).await["title"], "Unauthorized");
}

#[tokio::test]
async fn limits_stand_in_the_header_fields_the_hidden_ones_too() {
    let fake = Fake::<X>::start().await;
    fake.set(|knobs| knobs.posts_per_day = 2);
    let alice = Author::new(&fake, "alice");
    alice.post("one").await;
    let second = alice.send("tweets", &json!({"text": "two"})).await.expect("an answer");
    let left = |answer: &Response, name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(
        (left(&second, "x-rate-limit-remaining"), left(&second, "x-user-limit-24hour-remaining")),
        ("98".into(), "0".into())
    );
    let third = alice.send("tweets", &json!({"text": "three"})).await.expect("an answer");
    assert_eq!(
        (third.status().as_u16(), left(&third, "x-rate-limit-remaining")),
        (429, "97".into()),
        "with calls left"
    );
    Author::new(&fake, "bob").post("three").await;
    fake.cue(Cue::new(End::RateLimit { seconds: 90 }));
    let cued = Author::new(&fake, "bob").send("tweets", &json!({"text": "four"})).await.expect("an answer");
    let reset: i64 = left(&cued, "x-rate-limit-reset").parse().expect("a number");
    assert!((90..=92).contains(&(reset - fake.now().as_second())));
}

#[tokio::test]
async fn without_credits_nothing_is_answered() {
    let fake = Fake::<X>::start().await;
    fake.set(|knobs| knobs.out_of_credits = true);
    assert_eq!(Author::new(&fake, "alice").get("users/me", 402).await["title"], "CreditsDepleted");
}

#[tokio::test]
async fn a_video_is_put_together_from_its_segments_and_worked_on() {
    let fake = Fake::<X>::start().await;
    fake.set(|knobs| knobs.media_processing_ms = 5000);
    let alice = Author::new(&fake, "alice");
    let begin = json!({"media_type": "video/mp4", "total_bytes": 30, "media_category": "tweet_video"});
    let begun = ok(alice.send("media/upload/initialize", &begin).await, 200).await;
    let id = begun["data"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(begun["data"]["media_key"], format!("7_{id}"));
    let append = format!("media/upload/{id}/append");
    let finalize = format!("media/upload/{id}/finalize");
    alice.part(&append, ("segment_index", "0"), 20, 200).await;
    ok(alice.send(&finalize, &json!({})).await, 400).await;
    alice.part(&append, ("segment_index", "1"), 10, 200).await;
    alice.part(&append, ("segment_index", "1000"), 10, 400).await;
    let finished = ok(alice.send(&finalize, &json!({})).await, 200).await;
    assert_eq!(finished["data"]["processing_info"]["check_after_secs"], 1);
    let post = json!({"text": "watch", "media": {"media_ids": [id]}});
    let early = ok(alice.send("tweets", &post).await, 400).await;
    assert_eq!(early["errors"][0]["message"], "Your media IDs are invalid.");
    fake.advance(Duration::from_secs(5));
    let status = alice.get(&format!("media/upload?command=STATUS&media_id={id}"), 200).await;
    assert_eq!(status["data"]["processing_info"]["state"], "succeeded");
    let made = ok(alice.send("tweets", &post).await, 201).await;
    assert!(made["data"]["text"].as_str().is_some_and(|text| text.starts_with("watch https://t.co/")), "{made}");
    fake.advance(Duration::from_secs(86_400));
    ok(alice.send("tweets", &json!({"text": "later", "media": {"media_ids": [id]}})).await, 400).await;
}

#[tokio::test]
async fn pictures_are_described_and_do_not_go_with_a_video() {
    let fake = Fake::<X>::start().await;
    let alice = Author::new(&fake, "alice");
    let upload = alice.part("media/upload", ("media_category", "tweet_image"), 10, 200).await;
    let id = upload["data"]["id"].clone();
    let alt = json!({"id": id, "metadata": {"alt_text": {"text": "ten bytes"}}});
    ok(alice.send("media/metadata", &alt).await, 200).await;
    ok(alice.send("tweets", &json!({"media": {"media_ids": [id]}})).await, 201).await;
    assert_eq!(fake.posts()[0].native["alt_texts"], json!(["ten bytes"]));
    let gif = json!({"media_type": "image/gif", "total_bytes": 1, "media_category": "tweet_gif"});
    let gif = ok(alice.send("media/upload/initialize", &gif).await, 200).await["data"]["id"].clone();
    let gif = gif.as_str().expect("an id");
    alice.part(&format!("media/upload/{gif}/append"), ("segment_index", "0"), 1, 200).await;
    ok(alice.send(&format!("media/upload/{gif}/finalize"), &json!({})).await, 200).await;
    ok(alice.send("tweets", &json!({"media": {"media_ids": [id, gif]}})).await, 403).await;
}
