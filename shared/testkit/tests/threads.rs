//! The fake Threads against what is known of the real one.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, Threads};
use serde_json::{Value, json};

struct Author<'a> {
    fake: &'a Fake<Threads>,
    token: String,
}

impl<'a> Author<'a> {
    fn new(fake: &'a Fake<Threads>, name: &str) -> Self {
        Self { fake, token: Threads::token(name) }
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)], status: u16) -> Value {
        let url = format!("{}/v1.0/{path}", self.fake.url());
        let token = [("access_token", self.token.as_str())];
        ok(http().post(url).form(&[fields, &token].concat()).send().await, status).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)], status: u16) -> Value {
        let url = format!("{}/v1.0/{path}", self.fake.url());
        ok(http().get(url).query(query).bearer_auth(&self.token).send().await, status).await
    }

    async fn container(&self, fields: &[(&str, &str)]) -> String {
        self.post("me/threads", fields, 200).await["id"].as_str().expect("an id").to_owned()
    }

    async fn text(&self, text: &str) -> String {
        self.container(&[("media_type", "TEXT"), ("text", text)]).await
    }

    async fn state(&self, container: &str) -> Value {
        self.get(container, &[("fields", "status,error_message")], 200).await
    }

    async fn publish(&self, container: &str, status: u16) -> Value {
        self.post("me/threads_publish", &[("creation_id", container)], status).await
    }
}

async fn believing() -> Fake<Threads> {
    let fake = Fake::<Threads>::start().await;
    fake.set(|knobs| knobs.fetches = false);
    fake
}

fn codes(answer: &Value) -> (Value, Value) {
    (answer["error"]["code"].clone(), answer["error"]["error_subcode"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn pythreads_takes_it_for_threads() {
    let fake = believing().await;
    let saw = clients::script("threads", &[&fake.url(), &Threads::token("ann"), &Threads::account_id("ann")]).await;
    assert_eq!(saw["states"], json!(["FINISHED", "PUBLISHED"]));
    assert_eq!(saw["account"]["username"], "ann");
    let listed = &saw["listed"]["data"];
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["id"]), (Some(1), &saw["third"]), "answers are not in it");
    assert_eq!((&listed[0]["media_type"], &listed[0]["text"]), (&json!("CAROUSEL_ALBUM"), &json!("three")));
    assert!(saw["limit"].to_string().contains(r#""quota_usage":2"#), "{}", saw["limit"]);
    let refusals = ["again", "long", "gone"].map(|name| saw["refusals"][name].clone());
    assert_eq!(refusals, [json!([24, 4_279_009]), json!([100, null]), json!([100, 33])]);
    let posts = fake.posts();
    assert_eq!((posts.len(), &posts[1].native["reply_to_id"]), (3, &saw["first"]));
    assert_eq!(
        (&posts[0].native["reply_control"], posts[0].text.as_str()),
        (&json!("mentioned_only"), "Grüße & co 🎉")
    );
}

#[tokio::test]
async fn a_new_container_may_be_unknown_to_the_publish_call_though_it_is_ready() {
    let fake = believing().await;
    fake.set(|knobs| knobs.unknown_ms = 30_000);
    let ann = Author::new(&fake, "ann");
    let container = ann.text("soon").await;
    assert_eq!(ann.state(&container).await["status"], "FINISHED");
    assert_eq!(codes(&ann.publish(&container, 400).await), (json!(24), json!(4_279_009)));
    fake.advance(Duration::from_secs(31));
    ann.publish(&container, 200).await;
    assert_eq!(ann.state(&container).await["status"], "PUBLISHED");
}

#[tokio::test]
async fn a_second_publish_of_a_container_is_refused_or_posts_again_as_the_knob_says() {
    let fake = believing().await;
    fake.set(|knobs| knobs.ready_after_publish_ms = 20_000);
    let ann = Author::new(&fake, "ann");
    let container = ann.text("once").await;
    ann.publish(&container, 200).await;
    assert_eq!(ann.state(&container).await["status"], "FINISHED", "still");
    assert_eq!(codes(&ann.publish(&container, 400).await), (json!(24), json!(4_279_009)));
    fake.set(|knobs| knobs.single_use = false);
    ann.publish(&container, 200).await;
    assert_eq!(fake.count_of("once"), 2);
}

#[tokio::test]
async fn a_video_is_worked_on_and_what_is_wrong_with_it_is_said_in_a_word() {
    let fake = Fake::<Threads>::start().await;
    let ann = Author::new(&fake, "ann");
    let video = |address: &str| vec![("media_type", "VIDEO".to_owned()), ("video_url", address.to_owned())];
    let page = format!("{}/_control/posts", fake.url());
    for (address, why) in [(page.as_str(), "INVALID_FRAME_RATE"), ("http://127.0.0.1:1/", "FAILED_DOWNLOADING_VIDEO")] {
        let fields = video(address);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let state = ann.state(&ann.container(&fields).await).await;
        assert_eq!((&state["status"], &state["error_message"]), (&json!("ERROR"), &json!(why)));
    }
    let picture = [("media_type", "IMAGE"), ("image_url", "http://127.0.0.1:1/")];
    let refused = ann.post("me/threads", &picture, 400).await;
    assert_eq!(refused["error"]["message"], "The media could not be fetched from this URI");

    fake.set(|knobs| (knobs.fetches, knobs.video_ms) = (false, 60_000));
    let film = ann.container(&[("media_type", "VIDEO"), ("video_url", "https://cdn.example/a.mp4")]).await;
    assert_eq!(ann.state(&film).await["status"], "IN_PROGRESS");
    assert_eq!(codes(&ann.publish(&film, 400).await), (json!(9007), json!(2_207_027)));
    fake.advance(Duration::from_secs(25 * 3600));
    assert_eq!(ann.state(&film).await["status"], "EXPIRED");
}

#[tokio::test]
async fn texts_are_counted_with_emoji_as_bytes_and_links_once_each() {
    let fake = believing().await;
    let ann = Author::new(&fake, "ann");
    let refused = async |text: &str| ann.post("me/threads", &[("media_type", "TEXT"), ("text", text)], 400).await;
    assert_eq!(refused(&"x".repeat(501)).await["error"]["message"], "Param text must be at most 500 characters long.");
    assert_eq!(codes(&refused(&"🎉".repeat(126)).await).0, 100);
    ann.text(&"🎉".repeat(125)).await;
    let links = |n: usize| (0..n).map(|n| format!("https://a.example/{n} ")).collect::<String>();
    assert_eq!(refused(&links(6)).await["error"]["message"], "THREADS_API__LINK_LIMIT_EXCEEDED");
    ann.text(&format!("{}{}", links(5), links(5))).await;
}

#[tokio::test]
async fn posts_and_answers_have_listings_and_quotas_of_their_own() {
    let fake = believing().await;
    fake.set(|knobs| (knobs.quota, knobs.reply_quota) = (1, 1));
    let ann = Author::new(&fake, "ann");
    let first = ann.publish(&ann.text(" one ").await, 200).await["id"].clone();
    let answer = [("media_type", "TEXT"), ("text", "two"), ("reply_to_id", first.as_str().expect("an id"))];
    fake.cue(Cue::default().list_late(Duration::from_secs(60)));
    let second = ann.publish(&ann.container(&answer).await, 200).await["id"].clone();
    for container in [ann.text("three").await, ann.container(&answer).await] {
        assert_eq!(codes(&ann.publish(&container, 400).await).0, 9);
    }
    let fields = [("fields", "text,replied_to,media_type")];
    let posts = ann.get("me/threads", &fields, 200).await;
    assert_eq!(posts["data"], json!([{"id": first, "text": "one", "media_type": "TEXT_POST"}]));
    assert_eq!(ann.get("me/replies", &fields, 200).await["data"], json!([]));
    fake.advance(Duration::from_secs(61));
    let answers = ann.get("me/replies", &fields, 200).await;
    assert_eq!((&answers["data"][0]["id"], &answers["data"][0]["replied_to"]["id"]), (&second, &first));
    fake.advance(Duration::from_secs(24 * 3600));
    ann.publish(&ann.text("three").await, 200).await;
}

#[tokio::test]
async fn tokens_and_limits_are_those_of_the_family() {
    let fake = believing().await;
    let mut ann = Author::new(&fake, "ann");
    let query = [("grant_type", "th_refresh_token"), ("access_token", ann.token.as_str())];
    let granted = ok(http().get(format!("{}/refresh_access_token", fake.url())).query(&query).send().await, 200).await;
    ann.token = granted["access_token"].as_str().expect("a token").into();
    ann.publish(&ann.text("with the new one").await, 200).await;
    fake.cue(Cue::new(End::RateLimit { seconds: 61 }));
    let container = ann.text("x").await;
    let url = format!("{}/v1.0/me/threads_publish", fake.url());
    let form = [("creation_id", container.as_str()), ("access_token", ann.token.as_str())];
    let limited = http().post(url).form(&form).send().await.expect("an answer");
    let usage: Value = limited.headers()["x-business-use-case-usage"].to_str().expect("text").parse().expect("JSON");
    assert_eq!(usage[Threads::account_id("ann")][0]["estimated_time_to_regain_access"], 2);
    assert_eq!(limited.status().as_u16(), 400);
    fake.platform().forbid("ann");
    assert_eq!(codes(&ann.publish(&container, 403).await).0, 10);
    fake.platform().revoke("ann");
    assert_eq!(codes(&ann.publish(&container, 400).await), (json!(190), json!(460)));
}
