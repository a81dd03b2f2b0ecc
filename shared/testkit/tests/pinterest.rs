//! The fake Pinterest against what is known of the real one.

mod clients;
mod http;

use std::{collections::BTreeMap, time::Duration};

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, Pinterest};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Pinner<'a> {
    fake: &'a Fake<Pinterest>,
    board: String,
    token: String,
}

impl<'a> Pinner<'a> {
    fn new(fake: &'a Fake<Pinterest>, name: &str) -> Self {
        Self { fake, board: Pinterest::board(name), token: Pinterest::token(name) }
    }

    async fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        let url = format!("{}/v5/{path}", self.fake.url());
        ok(http().post(url).json(body).bearer_auth(&self.token).send().await, status).await
    }

    async fn get(&self, path: &str, status: u16) -> Value {
        let url = format!("{}/v5/{path}", self.fake.url());
        ok(http().get(url).bearer_auth(&self.token).send().await, status).await
    }

    async fn pin(&self, source: Value, more: Value, status: u16) -> Value {
        let mut body = json!({"board_id": self.board, "media_source": source});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.post("pins", &body, status).await
    }

    async fn say(&self, title: &str) -> String {
        let pin = self.pin(believed(), json!({"title": title}), 201).await;
        pin["id"].as_str().expect("an id").to_owned()
    }
}

fn believed() -> Value {
    json!({"source_type": "image_url", "url": "https://cdn.example/a.jpg"})
}

/// One whose pictures need not be there.
async fn believing() -> Fake<Pinterest> {
    let fake = Fake::<Pinterest>::start().await;
    fake.set(|knobs| knobs.fetches = false);
    fake
}

#[tokio::test(flavor = "multi_thread")]
async fn pinterests_own_sdk_takes_it_for_pinterest() {
    let fake = believing().await;
    let (id, secret) = Pinterest::CLIENT;
    let (token, refresh, board) = (Pinterest::token("ann"), Pinterest::refresh_token("ann"), Pinterest::board("ann"));
    let saw = clients::python(
        "pinterest",
        &["pinterest-api-sdk==0.2.7"],
        &[&fake.url(), &token, &refresh, id, secret, &board],
    )
    .await;
    assert_eq!((&saw["who"], &saw["stored"], &saw["state"]), (&json!("ann"), &json!(204), &json!("succeeded")));
    assert_eq!(saw["listed"], json!([saw["second"], saw["first"]]), "page after page, newest first");
    let refusals = ["board", "source", "stranger"].map(|name| saw["refusals"][name].clone());
    assert_eq!(refusals, [json!([404, 40]), json!([400, 1]), json!([401, 2])]);
    assert!(saw["refusals"]["again"].is_array(), "a refresh token is good once: {saw}");
    let posts = fake.posts();
    assert_eq!(
        (posts.len(), posts[0].text.as_str(), &posts[0].native["alt_text"]),
        (2, "Grüße & co\na pixel", &json!("a pixel"))
    );
}

#[tokio::test]
async fn the_same_pin_twice_is_two_pins() {
    let fake = believing().await;
    let ann = Pinner::new(&fake, "ann");
    assert_ne!(ann.say("once").await, ann.say("once").await);
    assert_eq!(fake.count_of("once"), 2);
}

#[tokio::test]
async fn pictures_are_looked_into_and_words_are_counted() {
    let fake = Fake::<Pinterest>::start().await;
    let ann = Pinner::new(&fake, "ann");
    let url = |address: &str| json!({"source_type": "image_url", "url": address});
    let gone = ann.pin(url("http://127.0.0.1:1/a.jpg"), json!({}), 400).await;
    assert!(gone["message"].as_str().is_some_and(|text| text.contains("unable to reach")), "{gone}");
    ann.pin(url(&format!("{}/_control/posts", fake.url())), json!({}), 400).await;
    ann.pin(json!({"source_type": "image_base64", "content_type": "image/png", "data": "bm8="}), json!({}), 400).await;
    fake.set(|knobs| knobs.fetches = false);
    let items =
        |n: usize| json!({"source_type": "multiple_image_urls", "items": vec![json!({"url": "https://a.example"}); n]});
    for (n, status) in [(1, 400), (2, 201), (5, 201), (6, 400)] {
        ann.pin(items(n), json!({}), status).await;
    }
    ann.pin(json!({"source_type": "poem"}), json!({}), 400).await;
    for (name, most) in [("title", 100), ("description", 800), ("alt_text", 500), ("link", 2048)] {
        ann.pin(believed(), json!({name: "x".repeat(most)}), 201).await;
        ann.pin(believed(), json!({name: "x".repeat(most + 1)}), 400).await;
    }
}

#[tokio::test]
async fn boards_are_their_owners() {
    let fake = believing().await;
    let (ann, mut bob) = (Pinner::new(&fake, "ann"), Pinner::new(&fake, "bob"));
    ann.say("hers").await;
    bob.board = ann.board.clone();
    assert_eq!(bob.pin(believed(), json!({}), 404).await["code"], 40);
    bob.get(&format!("boards/{}/pins", ann.board), 404).await;
    bob.board = "things".into();
    assert_eq!(bob.pin(believed(), json!({}), 400).await["code"], 1);
    assert_eq!(ann.get(&format!("boards/{}", ann.board), 200).await["name"], "Things");
}

#[tokio::test]
async fn listings_have_bookmarks_may_lag_and_write_times_with_a_zone_or_without() {
    let fake = believing().await;
    let ann = Pinner::new(&fake, "ann");
    for title in ["one", "two", "three"] {
        ann.say(title).await;
    }
    fake.cue(Cue::default().list_late(DAY));
    let late = ann.say("late").await;
    let path = format!("boards/{}/pins?page_size=2", ann.board);
    let page = ann.get(&path, 200).await;
    assert_eq!((&page["items"][0]["title"], &page["items"][1]["title"]), (&json!("three"), &json!("two")));
    let bookmark = page["bookmark"].as_str().expect("a bookmark");
    let rest = ann.get(&format!("{path}&bookmark={bookmark}"), 200).await;
    assert_eq!((&rest["items"][0]["title"], &rest["bookmark"]), (&json!("one"), &Value::Null));
    let time = async || ann.get(&format!("pins/{late}"), 200).await["created_at"].as_str().expect("a time").len();
    assert_eq!(time().await, 19);
    fake.set(|knobs| knobs.zoneless = false);
    assert_eq!(time().await, 25);
}

#[tokio::test]
async fn a_video_is_registered_stored_and_worked_on() {
    let fake = believing().await;
    fake.set(|knobs| knobs.video_ms = 60_000);
    let ann = Pinner::new(&fake, "ann");
    let registered = ann.post("media", &json!({"media_type": "video"}), 201).await;
    let id = registered["media_id"].as_str().expect("an id").to_owned();
    let state = async || ann.get(&format!("media/{id}"), 200).await["status"].clone();
    let store = async |fields: &BTreeMap<String, String>, status: u16| {
        let mut form = reqwest::multipart::Form::new();
        for (name, value) in fields {
            form = form.text(name.clone(), value.clone());
        }
        let form = form.part("file", reqwest::multipart::Part::bytes(b"video".as_slice()).file_name("a.mp4"));
        let url = registered["upload_url"].as_str().expect("an address");
        ok(http().post(url).multipart(form).send().await, status).await
    };
    let mut fields: BTreeMap<String, String> =
        serde_json::from_value(registered["upload_parameters"].clone()).expect("fields");
    assert_eq!(state().await, "registered");
    let signature = fields.insert("x-amz-signature".into(), "forged".into()).expect("a signature");
    store(&fields, 403).await;
    fields.insert("x-amz-signature".into(), signature);
    store(&fields, 204).await;
    assert_eq!(state().await, "processing");
    let source = json!({"source_type": "video_id", "media_id": id, "cover_image_key_frame_time": 1});
    ann.pin(source.clone(), json!({}), 400).await;
    fake.advance(Duration::from_secs(61));
    assert_eq!(state().await, "succeeded");
    let bare = ann.pin(json!({"source_type": "video_id", "media_id": id}), json!({}), 400).await;
    assert!(bare["message"].as_str().is_some_and(|text| text.contains("cover_image_url")), "{bare}");
    Pinner::new(&fake, "bob").pin(source.clone(), json!({}), 404).await;
    ann.pin(source.clone(), json!({}), 201).await;
    fake.platform().break_videos();
    assert_eq!(state().await, "failed");
    ann.pin(source, json!({}), 400).await;
}

#[tokio::test]
async fn tokens_end_and_are_renewed_once_each() {
    let fake = believing().await;
    let mut ann = Pinner::new(&fake, "ann");
    let (id, secret) = Pinterest::CLIENT;
    let renew = async |secret: &str, token: &str, status: u16| {
        let request = http().post(format!("{}/v5/oauth/token", fake.url())).basic_auth(id, Some(secret));
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        ok(request.form(&fields).send().await, status).await
    };
    let first = Pinterest::refresh_token("ann");
    renew("wrong", &first, 401).await;
    let tokens = renew(secret, &first, 200).await;
    renew(secret, &first, 400).await;
    ann.token = tokens["access_token"].as_str().expect("a token").into();
    assert_eq!(ann.get("user_account", 200).await["username"], "ann");
    fake.advance(31 * DAY);
    assert_eq!(ann.get("user_account", 401).await["code"], 2);
    let next = renew(secret, tokens["refresh_token"].as_str().expect("a token"), 200).await;
    fake.advance(61 * DAY);
    renew(secret, next["refresh_token"].as_str().expect("a token"), 400).await;
    ann.token = Pinterest::token("ann");
    ann.get("user_account", 200).await;
    fake.cue(Cue { expire_token: true, ..Cue::default().on("GET", "user_account") });
    ann.get("user_account", 401).await;
    fake.platform().restore("ann");
    ann.get("user_account", 200).await;
    fake.platform().revoke("ann");
    ann.get("user_account", 401).await;
}

#[tokio::test]
async fn limits_tell_seconds() {
    let fake = believing().await;
    let ann = Pinner::new(&fake, "ann");
    let limited = async || {
        let request = http().get(format!("{}/v5/user_account", fake.url())).bearer_auth(&ann.token);
        let answer = request.send().await.expect("an answer");
        let reset = answer.headers()["x-ratelimit-reset"].to_str().expect("text").parse::<u64>().expect("a number");
        (answer.status().as_u16(), reset)
    };
    assert_eq!(limited().await, (200, 1));
    fake.cue(Cue::new(End::RateLimit { seconds: 90 }).on("GET", "user_account"));
    assert_eq!(limited().await, (429, 90));
    fake.set(|knobs| knobs.calls_a_day = 1);
    let (status, reset) = limited().await;
    assert!(status == 429 && reset > 86_000, "{status} {reset}");
    fake.advance(DAY);
    assert_eq!(limited().await.0, 200);
}
