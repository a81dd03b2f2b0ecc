//! The fake Instagram against what is known of the real one.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, Instagram};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);

struct Author<'a> {
    fake: &'a Fake<Instagram>,
    token: String,
}

impl<'a> Author<'a> {
    fn new(fake: &'a Fake<Instagram>, name: &str) -> Self {
        Self { fake, token: Instagram::token(name) }
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

    async fn container(&self, fields: &[(&str, &str)]) -> String {
        let made = self.post("me/media", fields, 200).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    async fn picture(&self, caption: &str) -> String {
        self.container(&[("image_url", "https://cdn.example/a.jpg"), ("caption", caption)]).await
    }

    async fn state(&self, container: &str) -> Value {
        self.get(container, &[("fields", "status_code,status")], 200).await["status_code"].clone()
    }

    async fn publish(&self, container: &str, status: u16) -> Value {
        self.post("me/media_publish", &[("creation_id", container)], status).await
    }
}

/// One whose media need not be there.
async fn believing() -> Fake<Instagram> {
    let fake = Fake::<Instagram>::start().await;
    fake.set(|knobs| knobs.fetches = false);
    fake
}

fn codes(answer: &Value) -> (Value, Value) {
    (answer["error"]["code"].clone(), answer["error"]["error_subcode"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn metas_own_sdk_takes_it_for_instagram() {
    let fake = believing().await;
    let saw =
        clients::script("instagram", &[&fake.url(), &Instagram::token("ann"), &Instagram::account_id("ann")]).await;
    assert_eq!(saw["states"], json!(["FINISHED", "PUBLISHED"]));
    let listed = saw["listed"].as_array().expect("a list");
    let ids: Vec<_> = listed.iter().map(|post| post["id"].clone()).collect();
    assert_eq!(ids, [saw["second"].clone(), saw["first"].clone()], "page after page, newest first");
    assert_eq!((&listed[0]["media_type"], &listed[1]["caption"]), (&json!("CAROUSEL_ALBUM"), &json!("Grüße & co")));
    assert_eq!(saw["comments"], json!([{"id": saw["comment"], "text": "first"}]));
    assert_eq!((&saw["limit"]["quota_usage"], &saw["limit"]["config"]["quota_total"]), (&json!(2), &json!(50)));
    let refusals = ["again", "alone", "carousel", "stranger"].map(|name| saw["refusals"][name].clone());
    let expected = [json!([400, 24, 2_207_008]), json!([400, 9004, 2_207_052]), json!([400, 100, 2_207_028])];
    assert_eq!(refusals[..3], expected);
    assert_eq!(refusals[3], json!([401, 190, null]));
    assert_eq!(fake.posts().len(), 3, "with the comment");
}

#[tokio::test]
async fn a_container_is_worked_on_ready_for_a_day_and_then_expired() {
    let fake = believing().await;
    fake.set(|knobs| knobs.video_ms = 60_000);
    let ann = Author::new(&fake, "ann");
    let reel = ann.container(&[("media_type", "REELS"), ("video_url", "https://cdn.example/a.mp4")]).await;
    assert_eq!(ann.state(&reel).await, "IN_PROGRESS");
    assert_eq!(codes(&ann.publish(&reel, 400).await), (json!(9007), json!(2_207_027)));
    fake.advance(Duration::from_secs(61));
    assert_eq!(ann.state(&reel).await, "FINISHED");
    fake.advance(24 * HOUR);
    assert_eq!(ann.state(&reel).await, "EXPIRED");
    assert_eq!(codes(&ann.publish(&reel, 400).await), (json!(-2), json!(2_207_020)));
    assert_eq!(fake.posts().len(), 0);
}

#[tokio::test]
async fn a_second_publish_of_a_container_is_refused_or_posts_again_as_the_knob_says() {
    let fake = believing().await;
    let ann = Author::new(&fake, "ann");
    let container = ann.picture("once").await;
    ann.publish(&container, 200).await;
    assert_eq!(codes(&ann.publish(&container, 400).await), (json!(24), json!(2_207_008)));
    fake.set(|knobs| knobs.single_use = false);
    ann.publish(&container, 200).await;
    assert_eq!(fake.count_of("once"), 2);
}

#[tokio::test]
async fn ready_may_be_said_for_a_while_after_the_publish_call() {
    let fake = believing().await;
    fake.set(|knobs| knobs.ready_after_publish_ms = 20_000);
    let ann = Author::new(&fake, "ann");
    let container = ann.picture("x").await;
    ann.publish(&container, 200).await;
    assert_eq!(ann.state(&container).await, "FINISHED");
    fake.advance(Duration::from_secs(21));
    assert_eq!(ann.state(&container).await, "PUBLISHED");
}

#[tokio::test]
async fn a_container_belongs_to_its_account_and_a_child_to_its_parent() {
    let fake = believing().await;
    let (ann, bob) = (Author::new(&fake, "ann"), Author::new(&fake, "bob"));
    let anns = ann.picture("hers").await;
    assert_eq!(codes(&bob.get(&anns, &[], 400).await), (json!(100), json!(33)));
    assert_eq!(codes(&bob.publish(&anns, 400).await), (json!(24), json!(2_207_008)));
    let path = format!("{}/media", Instagram::account_id("ann"));
    assert_eq!(
        codes(&bob.post(&path, &[("image_url", "https://cdn.example/a.jpg")], 400).await),
        (json!(100), json!(33))
    );
    let child = ann.container(&[("image_url", "https://cdn.example/a.jpg"), ("is_carousel_item", "true")]).await;
    assert_eq!(codes(&ann.publish(&child, 400).await), (json!(24), json!(2_207_008)));
}

#[tokio::test]
async fn media_are_fetched_and_looked_into() {
    let fake = Fake::<Instagram>::start().await;
    let ann = Author::new(&fake, "ann");
    // A list of posts is neither picture nor video; at the other address there is nobody.
    let page = format!("{}/_control/posts", fake.url());
    for address in [page.as_str(), "http://127.0.0.1:1/a.jpg"] {
        assert_eq!(codes(&ann.post("me/media", &[("image_url", address)], 400).await), (json!(9004), json!(2_207_052)));
    }
    let reel = ann.container(&[("media_type", "REELS"), ("video_url", &page)]).await;
    let said = ann.get(&reel, &[("fields", "status_code,status")], 200).await;
    assert_eq!(said["status_code"], "ERROR");
    assert_eq!(said["status"], "Error: Media upload has failed with error code 2207026");
}

#[tokio::test]
async fn captions_and_kinds_are_checked_when_the_container_is_made() {
    let fake = believing().await;
    let ann = Author::new(&fake, "ann");
    let refused = async |fields: &[(&str, &str)]| codes(&ann.post("me/media", fields, 400).await);
    let picture = ("image_url", "https://cdn.example/a.jpg");
    let long = "x".repeat(2201);
    assert_eq!(refused(&[picture, ("caption", &long)]).await, (json!(36004), json!(2_207_010)));
    assert_eq!(refused(&[picture, ("media_type", "POEM")]).await, (json!(100), json!(2_207_023)));
    ann.picture(&long[1..]).await;
}

#[tokio::test]
async fn listings_may_lag_and_show_what_is_asked_for() {
    let fake = believing().await;
    let ann = Author::new(&fake, "ann");
    for caption in ["one", "", "three"] {
        ann.publish(&ann.picture(caption).await, 200).await;
    }
    fake.cue(Cue::default().list_late(HOUR));
    let late = ann.publish(&ann.picture("late").await, 200).await["id"].clone();
    let page = ann.get("me/media", &[("fields", "caption"), ("limit", "2")], 200).await;
    assert_eq!((&page["data"][0]["caption"], page["data"][1].get("caption")), (&json!("three"), None));
    let after = page["paging"]["cursors"]["after"].as_str().expect("a cursor");
    assert!(page["paging"]["next"].is_string());
    let rest = ann.get("me/media", &[("fields", "caption,timestamp"), ("after", after)], 200).await;
    assert_eq!((rest["data"].as_array().map(Vec::len), &rest["data"][0]["caption"]), (Some(1), &json!("one")));
    assert!(rest["data"][0]["timestamp"].as_str().is_some_and(|at| at.ends_with("+0000")), "{rest}");
    assert!(rest["paging"].get("next").is_none());
    let post = ann.get(late.as_str().expect("an id"), &[("fields", "permalink")], 200).await;
    assert!(post["permalink"].as_str().is_some_and(|url| url.starts_with("https://www.instagram.com/p/")));
}

#[tokio::test]
async fn tokens_end_are_exchanged_for_themselves_and_are_taken_back() {
    let fake = believing().await;
    let mut ann = Author::new(&fake, "ann");
    let exchange = async |ann: &Author<'_>, status: u16| {
        let query = [("grant_type", "ig_refresh_token"), ("access_token", ann.token.as_str())];
        ok(http().get(format!("{}/refresh_access_token", fake.url())).query(&query).send().await, status).await
    };
    let old = ann.token.clone();
    let granted = exchange(&ann, 200).await;
    ann.token = granted["access_token"].as_str().expect("a token").into();
    assert_ne!(ann.token, old);
    assert_eq!(ann.get("me", &[("fields", "username")], 200).await["username"], "ann");
    assert_eq!(codes(&exchange(&ann, 400).await).0, 100, "younger than a day");
    fake.advance(25 * HOUR);
    exchange(&ann, 200).await;
    fake.advance(60 * 24 * HOUR);
    assert_eq!(codes(&exchange(&ann, 400).await), (json!(190), json!(463)));
    fake.platform().revoke("ann");
    assert_eq!(codes(&ann.get("me", &[], 400).await), (json!(190), json!(460)));
    fake.platform().restore("ann");
    ann.token = old;
    fake.platform().forbid("ann");
    assert_eq!(codes(&ann.post("me/media", &[], 403).await).0, 10);
    let long = [("grant_type", "ig_exchange_token"), ("access_token", ann.token.as_str()), ("client_secret", "s")];
    ok(http().get(format!("{}/access_token", fake.url())).query(&long).send().await, 200).await;
    ok(http().get(format!("{}/access_token", fake.url())).query(&long[..2]).send().await, 400).await;
}

#[tokio::test]
async fn the_quota_slides_and_limits_tell_minutes() {
    let fake = believing().await;
    fake.set(|knobs| knobs.quota = 1);
    let ann = Author::new(&fake, "ann");
    ann.publish(&ann.picture("one").await, 200).await;
    let next = ann.picture("two").await;
    assert_eq!(codes(&ann.publish(&next, 400).await), (json!(9), json!(2_207_042)));
    let limit = ann.get("me/content_publishing_limit", &[("fields", "quota_usage,config")], 200).await;
    assert_eq!((&limit["data"][0]["quota_usage"], &limit["data"][0]["config"]["quota_total"]), (&json!(1), &json!(1)));
    fake.advance(24 * HOUR - Duration::from_secs(60));
    assert_eq!(codes(&ann.publish(&next, 400).await).0, 9);

    fake.cue(Cue::new(End::RateLimit { seconds: 90 }));
    let url = format!("{}/v25.0/me/media_publish", fake.url());
    let limited = http().post(url).bearer_auth(&ann.token).send().await.expect("an answer");
    let usage: Value = limited.headers()["x-business-use-case-usage"].to_str().expect("text").parse().expect("JSON");
    let case = &usage[Instagram::account_id("ann")][0];
    assert_eq!((&case["type"], &case["estimated_time_to_regain_access"]), (&json!("instagram"), &json!(2)));
    assert_eq!(codes(&ok(Ok(limited), 400).await).0, 80_002);
}

#[tokio::test]
async fn comments_stand_under_their_post_and_are_no_posts() {
    let fake = believing().await;
    let ann = Author::new(&fake, "ann");
    let post = ann.publish(&ann.picture("post").await, 200).await["id"].as_str().expect("an id").to_owned();
    ann.post(&format!("{post}/comments"), &[("message", "first")], 200).await;
    fake.platform().strange_comment(&post, "second", &fake);
    let listed = ann.get(&format!("{post}/comments"), &[("fields", "text,username")], 200).await;
    assert_eq!((&listed["data"][0]["text"], &listed["data"][1]["username"]), (&json!("second"), &json!("ann")));
    assert_eq!(ann.get("me/media", &[], 200).await["data"].as_array().map(Vec::len), Some(1));
    ann.get(listed["data"][1]["id"].as_str().expect("an id"), &[], 400).await;
    assert_eq!((fake.posts().len(), fake.publish_calls().len(), fake.duplicates().len()), (2, 2, 0));
    ann.post(&format!("{post}/comments"), &[("message", "first")], 200).await;
    assert_eq!(fake.duplicates()[0].native, json!({"kind": "comment", "object": post}), "a comment that is out twice");
    ann.post("42/comments", &[("message", "lost")], 400).await;
    fake.platform().revoke("ann");
    let refused = ann.get(&format!("{post}/comments"), &[], 400).await;
    assert_eq!(codes(&refused), (json!(190), json!(460)), "not without a token that works");
}
