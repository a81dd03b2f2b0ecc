//! The fake Reddit against what is known of the real one, and PRAW against the fake.

mod clients;
mod http;

use std::time::Duration;

use clients::Client;
use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, Reddit, fake::Platform};
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::{Value, json};

const AGENT: &str = "test:oncepost-testkit:1";

struct Author<'a> {
    fake: &'a Fake<Reddit>,
    token: String,
}

impl<'a> Author<'a> {
    fn new(fake: &'a Fake<Reddit>, name: &str) -> Self {
        Self { fake, token: Reddit::token(name) }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        http()
            .request(method, format!("{}/{path}", self.fake.url()))
            .header("user-agent", AGENT)
            .bearer_auth(&self.token)
    }

    async fn get(&self, path: &str, status: u16) -> Value {
        ok(self.request(Method::GET, path).send().await, status).await
    }

    async fn submit(&self, more: &[(&str, &str)]) -> Value {
        let mut form = vec![("api_type", "json"), ("sr", "test"), ("kind", "self")];
        form.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
        form.extend(more);
        ok(self.request(Method::POST, "api/submit").form(&form).send().await, 200).await["json"].clone()
    }

    async fn refusal(&self, more: &[(&str, &str)]) -> Value {
        self.submit(more).await["errors"][0][0].clone()
    }

    async fn renewed(&self, refresh_token: &str, status: u16) -> Value {
        let (id, secret) = Reddit::CLIENT;
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let request = http().post(format!("{}/api/v1/access_token", self.fake.url())).header("user-agent", AGENT);
        ok(request.basic_auth(id, Some(secret)).form(&form).send().await, status).await
    }
}

#[tokio::test]
async fn praw_works_against_the_fake() {
    let fake = Fake::<Reddit>::start().await;
    fake.platform().close("nowhere");
    let client = Client::python("reddit.py", &["praw==7.8.1"]).await;
    let (id, secret) = Reddit::CLIENT;
    let first = client.run(&[&fake.url(), id, secret, &Reddit::refresh_token("ann")]).await;
    assert_eq!((fake.posts()[0].id.as_str(), fake.posts().len()), (first.as_str(), 5));
}

#[tokio::test]
async fn every_refusal_of_a_post_has_the_status_of_success() {
    let fake = Fake::<Reddit>::start().await;
    let ann = Author::new(&fake, "ann");
    let long = "x".repeat(301);
    fake.platform().ban("ann", "Elsewhere");
    fake.platform().close("closed");
    for (form, code) in [
        ([("title", ""), ("text", "x")], "NO_TEXT"),
        ([("title", long.as_str()), ("text", "x")], "TOO_LONG"),
        ([("title", "x"), ("kind", "poll")], "INVALID_OPTION"),
        ([("title", "x"), ("kind", "link")], "NO_URL"),
        ([("title", "x"), ("sr", "elsewhere")], "SUBREDDIT_NOTALLOWED"),
        ([("title", "x"), ("sr", "closed")], "SUBREDDIT_NOEXIST"),
    ] {
        assert_eq!(ann.refusal(&form).await, code, "{form:?}");
    }
    assert_eq!(ann.refusal(&[("title", "x"), ("kind", "link"), ("url", "nowhere")]).await, "BAD_URL");
    assert!(fake.posts().is_empty());
}

#[tokio::test]
async fn a_subreddit_takes_a_link_once_unless_asked_again_and_a_text_as_often_as_it_comes() {
    let fake = Fake::<Reddit>::start().await;
    let (ann, bob) = (Author::new(&fake, "ann"), Author::new(&fake, "bob"));
    let link = [("title", "x"), ("kind", "link"), ("url", "https://a.example/"), ("resubmit", "false")];
    assert!(ann.submit(&link).await["data"]["name"].as_str().is_some_and(|name| name.starts_with("t3_")));
    assert_eq!(bob.refusal(&link).await, "ALREADY_SUB");
    bob.submit(&[link[0], link[1], link[2], ("resubmit", "true")]).await;
    bob.submit(&[link[0], link[1], link[2], link[3], ("sr", "elsewhere")]).await;
    for _ in 0..2 {
        ann.submit(&[("title", "twice"), ("text", "x"), ("resubmit", "false")]).await;
    }
    assert_eq!((fake.posts().len(), fake.duplicates().len()), (5, 2));
}

#[tokio::test]
async fn the_limiter_of_posts_tells_its_seconds_and_says_its_minutes() {
    let fake = Fake::<Reddit>::start().await;
    fake.set(|knobs| knobs.post_every_s = 600);
    let ann = Author::new(&fake, "ann");
    ann.submit(&[("title", "one")]).await;
    let limited = ann.submit(&[("title", "two")]).await;
    assert_eq!(limited["errors"][0][0], "RATELIMIT");
    assert!(limited["ratelimit"].as_f64().is_some_and(|seconds| (590.0..=601.0).contains(&seconds)), "{limited}");
    assert!(
        limited["errors"][0][1]
            .as_str()
            .is_some_and(|words| words.contains("9 minutes") || words.contains("10 minutes"))
    );
    ann.submit(&[("title", "elsewhere"), ("sr", "elsewhere")]).await;
    fake.advance(Duration::from_secs(601));
    ann.submit(&[("title", "two")]).await;
    fake.cue(Cue::new(End::RateLimit { seconds: 30 }));
    assert_eq!(ann.submit(&[("title", "three"), ("sr", "third")]).await["ratelimit"], 30.2);
    assert_eq!(fake.posts().len(), 3);
}

#[tokio::test]
async fn listings_are_newest_first_in_pages_and_may_lag() {
    let fake = Fake::<Reddit>::start().await;
    let ann = Author::new(&fake, "ann");
    for title in ["one", "two", "three"] {
        ann.submit(&[("title", title)]).await;
    }
    fake.list_late(Duration::from_secs(60));
    let late = ann.submit(&[("title", "late")]).await;
    let page = ann.get("user/ann/submitted?sort=new&limit=2&raw_json=1", 200).await;
    let titles = |page: &Value| {
        let children = page["data"]["children"].as_array().expect("children").clone();
        children.into_iter().map(|child| child["data"]["title"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(titles(&page), ["three", "two"]);
    let after = page["data"]["after"].as_str().expect("another page").to_owned();
    let last = ann.get(&format!("user/ann/submitted?limit=2&after={after}"), 200).await;
    assert_eq!((titles(&last), &last["data"]["after"]), (vec![json!("one")], &json!(null)));
    fake.advance(Duration::from_secs(60));
    assert_eq!(titles(&ann.get("user/ann/submitted", 200).await)[0], "late");
    let id = late["data"]["name"].as_str().expect("a name").to_owned();
    fake.platform().remove(&id, &fake);
    let removed = ann.get("user/ann/submitted?limit=1", 200).await["data"]["children"][0]["data"].clone();
    assert_eq!((&removed["selftext"], &removed["removed_by_category"]), (&json!("[removed]"), &json!("moderator")));
}

#[tokio::test]
async fn a_picture_is_accepted_without_an_id_and_listed_later() {
    let fake = Fake::<Reddit>::start().await;
    let ann = Author::new(&fake, "ann");
    let form = [("filepath", "a.png"), ("mimetype", "image/png")];
    let lease = ok(ann.request(Method::POST, "api/media/asset.json").form(&form).send().await, 200).await;
    let place = format!("http:{}", lease["args"]["action"].as_str().expect("a place"));
    let upload = async |bytes: usize, status: u16| {
        let mut form = multipart::Form::new();
        for field in lease["args"]["fields"].as_array().expect("fields") {
            let of = |name: &str| field[name].as_str().expect("text").to_owned();
            form = form.text(of("name"), of("value"));
        }
        let form = form.part("file", multipart::Part::bytes(vec![1; bytes]).file_name("a.png"));
        // The store wants neither a token nor a name.
        ok(http().post(&place).multipart(form).send().await, status).await
    };
    let taken = upload(3, 201).await;
    let xml = taken.as_str().expect("XML");
    let address = xml.split("<Location>").nth(1).and_then(|rest| rest.split("</").next()).expect("an address");
    let strange = [("title", "x"), ("kind", "image"), ("url", "https://a.example/b.png")];
    assert_eq!(ann.refusal(&strange).await, "BAD_URL");
    let made = ann.submit(&[("title", "x"), ("kind", "image"), ("url", address)]).await;
    assert!(made["data"]["id"].is_null() && made["data"]["websocket_url"].is_string(), "{made}");
    let listed = async || ann.get("user/ann/submitted", 200).await["data"]["dist"].clone();
    assert_eq!((listed().await, fake.posts().len()), (json!(0), 1));
    fake.advance(Duration::from_secs(91));
    assert_eq!(listed().await, 1);
    fake.set(|knobs| (knobs.loses_images, knobs.max_upload_bytes) = (true, 2));
    ann.submit(&[("title", "lost"), ("kind", "image"), ("url", address)]).await;
    assert_eq!(fake.posts().len(), 1);
    upload(3, 400).await;
}

#[tokio::test]
async fn tokens_end_are_renewed_and_revoked() {
    let fake = Fake::<Reddit>::start().await;
    let mut ann = Author::new(&fake, "ann");
    assert_eq!(ann.get("api/v1/me", 200).await["name"], "ann");
    fake.platform().expire("ann");
    assert_eq!(ann.get("api/v1/me", 401).await["error"], 401);
    let renewed = ann.renewed(&Reddit::refresh_token("ann"), 200).await;
    assert_eq!((&renewed["expires_in"], &renewed["refresh_token"]), (&json!(3600), &Value::Null));
    ann.token = renewed["access_token"].as_str().expect("a token").to_owned();
    ann.get("api/v1/me", 200).await;
    fake.advance(Duration::from_secs(3601));
    ann.get("api/v1/me", 401).await;
    ann.renewed(&Reddit::refresh_token("ann"), 200).await;
    fake.platform().revoke("ann");
    assert_eq!(ann.renewed(&Reddit::refresh_token("ann"), 400).await["error"], "invalid_grant");
    let strange = http().post(format!("{}/api/v1/access_token", fake.url())).header("user-agent", AGENT);
    ok(strange.basic_auth("someone", Some("else")).send().await, 401).await;
}

#[tokio::test]
async fn calls_are_counted_and_the_nameless_turned_away() {
    let fake = Fake::<Reddit>::start().await;
    fake.set(|knobs| knobs.calls_per_window = 1);
    let ann = Author::new(&fake, "ann");
    let first = ann.request(Method::GET, "api/v1/me").send().await.expect("an answer");
    let header = |name: &str| first.headers()[name].to_str().expect("text").to_owned();
    assert_eq!((header("x-ratelimit-used"), header("x-ratelimit-remaining")), ("1".to_owned(), "0.0".to_owned()));
    assert_eq!(ann.get("api/v1/me", 429).await["message"], "Too Many Requests");
    let nameless = http().get(format!("{}/api/v1/me", fake.url())).header("user-agent", "python-requests/2.32");
    ok(nameless.bearer_auth(Reddit::token("bob")).send().await, 429).await;
    ok(http().get(format!("{}/api/v1/me", fake.url())).bearer_auth(Reddit::token("bob")).send().await, 429).await;
    Author::new(&fake, "bob").get("api/v1/me", 200).await;
}
