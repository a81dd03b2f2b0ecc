//! The fake Facebook against what is known of the real one.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Facebook, Fake};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Page<'a> {
    fake: &'a Fake<Facebook>,
    token: String,
}

impl<'a> Page<'a> {
    fn new(fake: &'a Fake<Facebook>, name: &str) -> Self {
        Self { fake, token: Facebook::token(name) }
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)], status: u16) -> Value {
        let url = format!("{}/v25.0/{path}", self.fake.url());
        ok(http().post(url).form(fields).bearer_auth(&self.token).send().await, status).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)], status: u16) -> Value {
        let url = format!("{}/v25.0/{path}", self.fake.url());
        let token = [("access_token", self.token.as_str())];
        ok(http().get(url).query(query).query(&token).send().await, status).await
    }

    async fn made(&self, path: &str, fields: &[(&str, &str)]) -> String {
        self.post(path, fields, 200).await["id"].as_str().expect("an id").to_owned()
    }

    async fn draft(&self, text: &str) -> String {
        self.made("me/feed", &[("message", text), ("published", "false")]).await
    }

    async fn publish(&self, id: &str, status: u16) -> Value {
        self.post(id, &[("is_published", "true")], status).await
    }

    async fn is_published(&self, id: &str) -> Value {
        self.get(id, &[("fields", "is_published")], 200).await["is_published"].clone()
    }

    async fn state(&self, id: &str) -> Value {
        self.get(id, &[("fields", "status,published")], 200).await["status"].clone()
    }
}

fn codes(answer: &Value) -> (Value, Value) {
    (answer["error"]["code"].clone(), answer["error"]["error_subcode"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn metas_own_sdk_takes_it_for_facebook() {
    let fake = Fake::<Facebook>::start().await;
    let (token, person) = (Facebook::token("ann"), Facebook::person_token("ann"));
    let saw = clients::script("facebook", &[&fake.url(), &token, &person, &Facebook::page_id("ann")]).await;
    assert_eq!((&saw["before"]["is_published"], &saw["after"]["is_published"]), (&json!(false), &json!(true)));
    assert_eq!(saw["page_lists"], json!([saw["first"]]), "what is unpublished is not listed");
    assert_eq!(saw["listed"], json!([saw["video"], saw["draft"], saw["first"]]), "page after page, newest first");
    assert_eq!(saw["state"]["status"]["video_status"], "ready");
    assert_eq!((&saw["comments"][0]["id"], &saw["comments"][0]["message"]), (&saw["comment"], &json!("first")));
    assert_eq!(saw["pages"][0]["access_token"], json!(token));
    let refusals = ["nothing", "media", "other", "again"].map(|name| saw["refusals"][name].clone());
    let expected = [json!([400, 100, null]), json!([400, 100, null]), json!([400, 100, 33]), json!([400, 506, null])];
    assert_eq!(refusals, expected);
    let posts = fake.posts();
    assert_eq!((posts.len(), &posts[1].native["photos"][0]["alt_text"]), (5, &json!("a pixel")));
}

#[tokio::test]
async fn an_unpublished_post_is_the_pages_alone_until_it_is_published_by_its_id() {
    let fake = Fake::<Facebook>::start().await;
    let (ann, bob) = (Page::new(&fake, "ann"), Page::new(&fake, "bob"));
    let id = ann.draft("later").await;
    assert_eq!((fake.posts().len(), fake.publish_calls().len(), fake.platform().drafts()), (0, 0, 1));
    assert_eq!(ann.is_published(&id).await, false);
    assert_eq!(codes(&bob.get(&id, &[], 400).await), (json!(100), json!(33)));
    assert_eq!(codes(&bob.publish(&id, 400).await), (json!(100), json!(33)));
    assert_eq!(ann.publish(&id, 200).await, json!({"success": true}));
    assert_eq!((ann.is_published(&id).await, fake.count_of("later")), (json!(true), 1));
}

#[tokio::test]
async fn publishing_again_makes_no_second_post_and_is_answered_as_the_knob_says() {
    let fake = Fake::<Facebook>::start().await;
    let ann = Page::new(&fake, "ann");
    let id = ann.draft("once").await;
    ann.publish(&id, 200).await;
    ann.publish(&id, 200).await;
    fake.set(|knobs| knobs.takes_repeats = false);
    assert_eq!(codes(&ann.publish(&id, 400).await).0, 100);
    assert_eq!(fake.count_of("once"), 1);
}

#[tokio::test]
async fn posts_with_links_or_photos_may_be_out_though_they_were_to_be_unpublished() {
    let fake = Fake::<Facebook>::start().await;
    fake.set(|knobs| knobs.publishes_drafts = true);
    let ann = Page::new(&fake, "ann");
    ann.draft("a text alone").await;
    let fields = [("message", "with a link"), ("link", "https://a.example"), ("published", "false")];
    let id = ann.made("me/feed", &fields).await;
    assert_eq!((fake.posts().len(), fake.count_of("with a link")), (1, 1));
    assert_eq!((ann.is_published(&id).await, ann.publish(&id, 200).await), (json!(true), json!({"success": true})));
    assert_eq!(fake.posts().len(), 1);
}

#[tokio::test]
async fn only_the_very_last_text_is_guarded_and_photos_are_not() {
    let fake = Fake::<Facebook>::start().await;
    fake.set(|knobs| knobs.fetches = false);
    let ann = Page::new(&fake, "ann");
    let say = async |text: &str, status: u16| ann.post("me/feed", &[("message", text)], status).await;
    say("one", 200).await;
    assert_eq!(codes(&say("one", 400).await).0, 506);
    say("two", 200).await;
    say("one", 200).await;
    let photo = [("url", "https://cdn.example/a.jpg"), ("caption", "the same")];
    for _ in 0..7 {
        ann.post("me/photos", &photo, 200).await;
    }
    assert_eq!(fake.count_of("the same"), 7);
    let twin = ann.draft("the same").await;
    ann.publish(&twin, 200).await;
    let twin = ann.draft("the same").await;
    fake.set(|knobs| knobs.guards_drafts = true);
    assert_eq!(codes(&ann.publish(&twin, 400).await).0, 506);
}

#[tokio::test]
async fn photos_are_looked_into_belong_to_their_page_and_are_kept_for_a_day() {
    let fake = Fake::<Facebook>::start().await;
    let ann = Page::new(&fake, "ann");
    let page = format!("{}/_control/posts", fake.url());
    for address in [page.as_str(), "http://127.0.0.1:1/a.jpg"] {
        assert_eq!(codes(&ann.post("me/photos", &[("url", address)], 400).await), (json!(324), json!(2_069_019)));
    }
    fake.set(|knobs| knobs.fetches = false);
    let photo = ann.made("me/photos", &[("url", "https://cdn.example/a.jpg"), ("published", "false")]).await;
    let attached = json!([{"media_fbid": photo}]).to_string();
    let fields = [("attached_media", attached.as_str())];
    Page::new(&fake, "bob").post("me/feed", &fields, 400).await;
    fake.advance(DAY);
    assert_eq!(codes(&ann.post("me/feed", &fields, 400).await).0, 100);
}

#[tokio::test]
async fn a_video_takes_the_bytes_that_it_asks_for_and_is_shown_when_it_is_worked_on() {
    let fake = Fake::<Facebook>::start().await;
    fake.set(|knobs| (knobs.piece, knobs.video_ms) = (4, 60_000));
    let ann = Page::new(&fake, "ann");
    let begun = ann.post("me/videos", &[("upload_phase", "start"), ("file_size", "6")], 200).await;
    assert_eq!((&begun["start_offset"], &begun["end_offset"]), (&json!("0"), &json!("4")));
    let (id, session) = (begun["video_id"].as_str().expect("an id"), begun["upload_session_id"].as_str().expect("one"));
    let transfer = async |offset: &str, bytes: &'static [u8], status: u16| {
        let form = reqwest::multipart::Form::new()
            .text("access_token", ann.token.clone())
            .text("upload_phase", "transfer")
            .text("upload_session_id", session.to_owned())
            .text("start_offset", offset.to_owned())
            .part("video_file_chunk", reqwest::multipart::Part::bytes(bytes).file_name("chunk"));
        let url = format!("{}/v25.0/me/videos", fake.url());
        ok(http().post(url).multipart(form).send().await, status).await
    };
    let finish = [("upload_phase", "finish"), ("upload_session_id", session), ("description", "moving")];
    assert_eq!(transfer("0", b"0123", 200).await, json!({"start_offset": "4", "end_offset": "6"}));
    assert_eq!(codes(&ann.post("me/videos", &finish, 400).await).1, 1_363_019, "not whole yet");
    let wrong = transfer("0", b"0123", 400).await;
    assert_eq!((codes(&wrong).1, &wrong["error"]["error_data"]["start_offset"]), (json!(1_363_037), &json!("4")));
    assert_eq!(transfer("4", b"45", 200).await, json!({"start_offset": "6", "end_offset": "6"}));
    assert_eq!(ann.state(id).await["video_status"], "upload_complete");
    assert_eq!(ann.post("me/videos", &finish, 200).await, json!({"success": true}));
    assert_eq!((ann.state(id).await["video_status"].clone(), fake.posts().len()), (json!("processing"), 0));
    fake.advance(Duration::from_secs(61));
    assert_eq!(ann.state(id).await["video_status"], "ready");
    ann.post("me/videos", &finish, 200).await;
    assert_eq!(fake.count_of("moving"), 1, "told twice, shown once");
}

#[tokio::test]
async fn a_reel_is_sent_from_an_offset_and_may_turn_out_unusable() {
    let fake = Fake::<Facebook>::start().await;
    fake.set(|knobs| knobs.video_ms = 60_000);
    let ann = Page::new(&fake, "ann");
    let begun = ann.post("me/video_reels", &[("upload_phase", "start")], 200).await;
    let (id, address) = (begun["video_id"].as_str().expect("an id"), begun["upload_url"].as_str().expect("an address"));
    let send = async |offset: u64, bytes: &'static [u8], status: u16| {
        let request = http().post(address).header("authorization", format!("OAuth {}", ann.token));
        ok(request.header("offset", offset).header("file_size", 6).body(bytes).send().await, status).await
    };
    send(0, b"0123", 200).await;
    let state = ann.state(id).await;
    assert_eq!(state["uploading_phase"], json!({"status": "in_progress", "bytes_transfered": 4}));
    send(0, b"012345", 400).await;
    send(4, b"45", 200).await;
    let finish = [("upload_phase", "finish"), ("video_id", id), ("video_state", "PUBLISHED"), ("description", "short")];
    ann.post("me/video_reels", &finish, 200).await;
    fake.platform().break_videos("The aspect ratio is not 9:16");
    fake.advance(Duration::from_secs(61));
    let state = ann.state(id).await;
    assert_eq!(state["video_status"], "error");
    assert_eq!(state["processing_phase"]["errors"][0]["message"], "The aspect ratio is not 9:16");
    assert_eq!(fake.posts().len(), 0);
    fake.set(|knobs| knobs.shows_unfinished = false);
    let begun = ann.post("me/video_reels", &[("upload_phase", "start")], 200).await;
    let unfinished = begun["video_id"].as_str().expect("an id");
    assert_eq!(codes(&ann.get(unfinished, &[("fields", "status")], 400).await), (json!(100), json!(33)));
}

#[tokio::test]
async fn tokens_of_persons_end_and_give_those_of_their_pages() {
    let fake = Fake::<Facebook>::start().await;
    let mut person = Page { fake: &fake, token: Facebook::person_token("ann") };
    let fields = [("fields", "id,name,category")];
    assert_eq!(codes(&person.get("me", &fields, 400).await).0, 100, "a person has no category");
    assert_eq!(Page::new(&fake, "ann").get("me", &fields, 200).await["name"], "ann");
    let (id, secret) = Facebook::CLIENT;
    let old = person.token.clone();
    let exchange = async |secret: &str, token: &str, status: u16| {
        let query = [
            ("grant_type", "fb_exchange_token"),
            ("client_id", id),
            ("client_secret", secret),
            ("fb_exchange_token", token),
        ];
        ok(http().get(format!("{}/oauth/access_token", fake.url())).query(&query).send().await, status).await
    };
    exchange("wrong", &old, 400).await;
    person.token = exchange(secret, &old, 200).await["access_token"].as_str().expect("a token").to_owned();
    let pages = person.get("me/accounts", &[("fields", "id,access_token")], 200).await;
    assert_eq!(pages["data"][0]["access_token"], json!(Facebook::token("ann")));
    fake.advance(60 * DAY);
    assert_eq!(codes(&person.get("me/accounts", &[], 400).await), (json!(190), json!(463)));
    assert_eq!(codes(&exchange(secret, &person.token, 400).await), (json!(190), json!(463)));
    let app = Page { fake: &fake, token: format!("{id}|{secret}") };
    let inspect = async || app.get("debug_token", &[("input_token", &Facebook::token("ann"))], 200).await;
    let data = inspect().await["data"].clone();
    assert_eq!((&data["type"], &data["expires_at"]), (&json!("PAGE"), &json!(0)));
    fake.platform().forbid("ann");
    assert!(!inspect().await["data"]["scopes"].to_string().contains("pages_manage_posts"));
    assert_eq!(codes(&Page::new(&fake, "ann").post("me/feed", &[("message", "x")], 403).await).0, 10);
    fake.platform().restore("ann");
    Page::new(&fake, "ann").made("me/feed", &[("message", "x")]).await;
}

#[tokio::test]
async fn limits_tell_minutes_and_listings_may_lag() {
    let fake = Fake::<Facebook>::start().await;
    let ann = Page::new(&fake, "ann");
    fake.cue(Cue::new(End::RateLimit { seconds: 90 }));
    let url = format!("{}/v25.0/me/feed", fake.url());
    let request = http().post(url).form(&[("message", "x")]).bearer_auth(&ann.token);
    let limited = request.send().await.expect("an answer");
    let usage: Value = limited.headers()["x-business-use-case-usage"].to_str().expect("text").parse().expect("JSON");
    let case = &usage[Facebook::page_id("ann")][0];
    assert_eq!((&case["type"], &case["estimated_time_to_regain_access"]), (&json!("pages"), &json!(2)));
    assert_eq!(codes(&ok(Ok(limited), 400).await).0, 80_001);
    fake.cue(Cue::default().list_late(DAY));
    let late = ann.made("me/feed", &[("message", "late")]).await;
    assert_eq!(ann.get("me/published_posts", &[], 200).await["data"], json!([]));
    assert_eq!(ann.is_published(&late).await, true);
    fake.advance(DAY);
    let listed = ann.get("me/published_posts", &[("fields", "message")], 200).await;
    assert_eq!(listed["data"], json!([{"id": late, "message": "late"}]));
}

#[tokio::test]
async fn comments_stand_under_their_post_and_no_listing_shows_them() {
    let fake = Fake::<Facebook>::start().await;
    let ann = Page::new(&fake, "ann");
    let post = ann.made("me/feed", &[("message", "a post")]).await;
    let comments = format!("{post}/comments");
    let comment = ann.made(&comments, &[("message", "first")]).await;
    fake.platform().strange_comment(&post, "first", &fake);
    let under = ann.get(&comments, &[("fields", "message")], 200).await;
    assert_eq!((under["data"].as_array().map(Vec::len), &under["data"][0]["id"]), (Some(2), &json!(comment)));
    let listed = ann.get("me/published_posts", &[], 200).await;
    assert_eq!((listed["data"].as_array().map(Vec::len), &listed["data"][0]["id"]), (Some(1), &json!(post)));
    ann.get(&comment, &[], 400).await;
    assert_eq!(codes(&ann.post("me/feed", &[("message", "a post")], 400).await).0, 506, "it is the last post still");
    assert_eq!((fake.posts().len(), fake.duplicates().len()), (2, 0));
    ann.made(&comments, &[("message", "first")]).await;
    assert_eq!(fake.duplicates()[0].native, json!({"kind": "comment", "object": post}), "a comment that is out twice");
    fake.platform().revoke("ann");
    assert_eq!(codes(&ann.get(&comments, &[], 400).await), (json!(190), json!(460)), "not without a token that works");
}
