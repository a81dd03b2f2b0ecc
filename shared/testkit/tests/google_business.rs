//! The fake Google Business Profile against what is known of the real one.

mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Fake, GoogleBusiness};
use reqwest::Method;
use serde_json::{Value, json};

struct Owner<'a> {
    fake: &'a Fake<GoogleBusiness>,
    name: &'a str,
}

impl Owner<'_> {
    async fn call(&self, method: Method, path: &str, body: Option<&Value>, status: u16) -> Value {
        let request = http().request(method, format!("{}/v4/{path}", self.fake.url()));
        let request = request.bearer_auth(GoogleBusiness::token(self.name));
        let request = if let Some(body) = body { request.json(body) } else { request };
        ok(request.send().await, status).await
    }

    fn posts(&self) -> String {
        format!("{}/localPosts", GoogleBusiness::location(self.name))
    }

    async fn post(&self, body: &Value, status: u16) -> Value {
        self.call(Method::POST, &self.posts(), Some(body), status).await
    }

    async fn say(&self, text: &str) -> Value {
        self.post(&json!({"summary": text, "topicType": "STANDARD"}), 200).await
    }

    async fn list(&self, query: &str) -> Value {
        self.call(Method::GET, &format!("{}?{query}", self.posts()), None, 200).await
    }
}

#[tokio::test]
async fn a_post_is_live_at_once_or_looked_at_first() {
    let fake = Fake::<GoogleBusiness>::start().await;
    let alice = Owner { fake: &fake, name: "alice" };
    let live = alice.say("at once").await;
    assert_eq!((&live["state"], &json!(fake.posts()[0].id)), (&json!("LIVE"), &live["name"]));
    assert!(live["searchUrl"].as_str().is_some_and(|url| url.starts_with("https://")));
    fake.set(|knobs| knobs.processing_s = 60);
    let later = alice.say("later").await;
    let name = later["name"].as_str().expect("a name");
    assert_eq!((&later["state"], &later["searchUrl"], fake.posts().len()), (&json!("PROCESSING"), &Value::Null, 1));
    fake.advance(Duration::from_secs(61));
    assert_eq!(alice.call(Method::GET, name, None, 200).await["state"], "LIVE");
    assert_eq!(fake.posts().len(), 2);
    alice.call(Method::DELETE, name, None, 200).await;
    alice.call(Method::GET, name, None, 404).await;
    assert_eq!(fake.posts().len(), 1);
}

#[tokio::test]
async fn a_rejected_post_is_told_in_a_success_and_never_seen() {
    let fake = Fake::<GoogleBusiness>::start().await;
    fake.set(|knobs| knobs.rejects = true);
    let alice = Owner { fake: &fake, name: "alice" };
    assert_eq!(alice.say("call 555").await["state"], "REJECTED");
    assert_eq!((fake.posts().len(), alice.list("").await["localPosts"][0]["state"].clone()), (0, json!("REJECTED")));
}

#[tokio::test]
async fn posts_are_listed_page_by_page_newest_first() {
    let fake = Fake::<GoogleBusiness>::start().await;
    let alice = Owner { fake: &fake, name: "alice" };
    assert_eq!(alice.list("").await, json!({}));
    for n in 0..3 {
        alice.say(&format!("post {n}")).await;
    }
    let first = alice.list("pageSize=2").await;
    let second = alice.list(&format!("pageSize=2&pageToken={}", first["nextPageToken"].as_str().expect("more"))).await;
    let texts = |page: &Value| {
        let posts = page["localPosts"].as_array().expect("posts").iter();
        posts.map(|post| post["summary"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((texts(&first), texts(&second)), (vec!["post 2".into(), "post 1".into()], vec!["post 0".into()]));
    assert_eq!(second["nextPageToken"], Value::Null);
    fake.list_late(Duration::from_secs(60));
    alice.say("late").await;
    assert_eq!(texts(&alice.list("").await).len(), 3);
    fake.advance(Duration::from_secs(61));
    assert_eq!(texts(&alice.list("").await).len(), 4);
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_its_kind() {
    let fake = Fake::<GoogleBusiness>::start().await;
    let (alice, bob) = (Owner { fake: &fake, name: "alice" }, Owner { fake: &fake, name: "bob" });
    for wrong in [
        json!({"summary": "x", "topicType": "NEWS"}),
        json!({"summary": "x".repeat(1501), "topicType": "STANDARD"}),
        json!({"summary": "x", "topicType": "EVENT"}),
        json!({"summary": "x", "topicType": "STANDARD", "callToAction": {"actionType": "BOOK"}}),
        json!({"summary": "x", "topicType": "STANDARD", "media": [{"mediaFormat": "VIDEO", "sourceUrl": "https://a.example"}]}),
    ] {
        assert_eq!(alice.post(&wrong, 400).await["error"]["status"], "INVALID_ARGUMENT", "{wrong}");
    }
    let refused = bob.call(Method::GET, &alice.posts(), None, 403).await;
    assert_eq!(refused["error"]["status"], "PERMISSION_DENIED");
    fake.platform().grant("bob", "openid");
    bob.call(Method::GET, &bob.posts(), None, 403).await;
    fake.platform().revoke("bob");
    assert_eq!(bob.call(Method::GET, &bob.posts(), None, 401).await["error"]["status"], "UNAUTHENTICATED");
    fake.set(|knobs| knobs.calls_per_minute = 1);
    assert_eq!(alice.call(Method::GET, &alice.posts(), None, 429).await["error"]["status"], "RESOURCE_EXHAUSTED");
    fake.advance(Duration::from_secs(61));
    alice.call(Method::GET, &alice.posts(), None, 200).await;
    assert_eq!(fake.posts().len(), 0);
}
