//! The fake Slack against what is known of the real one, and against somebody else's client.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, Slack};
use serde_json::{Value, json};

struct Bot<'a> {
    fake: &'a Fake<Slack>,
    token: String,
    channel: String,
}

impl<'a> Bot<'a> {
    fn new(fake: &'a Fake<Slack>, name: &str) -> Self {
        Self { fake, token: Slack::token(name), channel: Slack::channel(name) }
    }

    async fn call(&self, method: &str, body: Value) -> Value {
        let url = format!("{}/api/{method}", self.fake.url());
        ok(http().post(url).bearer_auth(&self.token).json(&body).send().await, 200).await
    }

    async fn post(&self, mut body: Value) -> Value {
        body["channel"] = json!(self.channel);
        self.call("chat.postMessage", body).await
    }

    async fn upload(&self, bytes: &'static [u8]) -> String {
        let ticket = self.call("files.getUploadURLExternal", json!({"filename": "a.png", "length": bytes.len()})).await;
        let url = ticket["upload_url"].as_str().expect("an address");
        assert_eq!(ok(http().post(url).body(bytes).send().await, 200).await, json!(format!("OK - {}", bytes.len())));
        ticket["file_id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn a_repeat_is_another_message_and_refusals_have_status_200() {
    let fake = Fake::<Slack>::start().await;
    let mut bot = Bot::new(&fake, "alice");
    let (first, second) = (bot.post(json!({"text": "one"})).await, bot.post(json!({"text": "one"})).await);
    assert!(first["ts"].as_str().is_some_and(|ts| ts < second["ts"].as_str().unwrap_or_default()));
    assert_eq!(fake.duplicates().len(), 1);
    assert_eq!(bot.post(json!({"text": " "})).await, json!({"ok": false, "error": "no_text"}));
    fake.platform().access().close("alice", Some("is_archived"));
    assert_eq!(bot.post(json!({"text": "x"})).await["error"], "is_archived");
    fake.platform().access().grant("alice", &["files:read"]);
    let refused = bot.post(json!({"text": "x"})).await;
    assert_eq!((&refused["error"], &refused["needed"]), (&json!("missing_scope"), &json!("chat:write")));
    fake.platform().access().revoke("alice");
    assert_eq!(bot.call("auth.test", json!({})).await["error"], "token_revoked");
    bot.token = "nonsense".into();
    assert_eq!(bot.call("auth.test", json!({})).await["error"], "invalid_auth");
}

#[tokio::test]
async fn histories_show_marks_to_those_who_ask_and_may_lag() {
    let fake = Fake::<Slack>::start().await;
    let bot = Bot::new(&fake, "alice");
    let mark = json!({"event_type": "m", "event_payload": {"id": "1"}});
    let first = bot.post(json!({"text": "one", "metadata": mark})).await;
    bot.post(json!({"text": "answer", "thread_ts": first["ts"]})).await;
    let history = async |more: Value| {
        let mut body = json!({"channel": bot.channel});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        bot.call("conversations.history", body).await
    };
    let plain = history(json!({})).await;
    assert_eq!(
        (plain["messages"].as_array().map(Vec::len), &plain["messages"][0]["metadata"]),
        (Some(1), &Value::Null)
    );
    assert_eq!(history(json!({"include_all_metadata": true})).await["messages"][0]["metadata"], mark);
    fake.list_late(Duration::from_secs(30));
    bot.post(json!({"text": "late"})).await;
    assert_eq!(history(json!({})).await["messages"][0]["text"], "one");
    fake.advance(Duration::from_secs(30));
    let page = history(json!({"limit": 1})).await;
    assert_eq!((&page["messages"][0]["text"], &page["has_more"]), (&json!("late"), &json!(true)));
    let next = history(json!({"limit": 1, "cursor": page["response_metadata"]["next_cursor"]})).await;
    assert_eq!((&next["messages"][0]["text"], &next["has_more"]), (&json!("one"), &json!(false)));
}

#[tokio::test]
async fn files_are_shown_by_blocks_once_they_are_ready_or_by_completing() {
    let fake = Fake::<Slack>::start().await;
    let bot = Bot::new(&fake, "alice");
    fake.set(|knobs| knobs.file_processing_ms = 10_000);
    let id = bot.upload(b"png").await;
    let block = json!([{"type": "image", "alt_text": "a", "slack_file": {"id": id}}]);
    let early = bot.post(json!({"text": "x", "blocks": block})).await;
    assert_eq!(early["error"], "invalid_blocks");
    let complete = json!({"files": [{"id": id}]});
    assert_eq!(bot.call("files.completeUploadExternal", complete.clone()).await["ok"], true);
    assert_eq!(bot.call("files.completeUploadExternal", complete).await["error"], "file_not_found");
    assert!(
        bot.post(json!({"blocks": block})).await["errors"][0].as_str().is_some_and(|why| why.contains("slack file"))
    );
    fake.advance(Duration::from_secs(10));
    assert_eq!(bot.post(json!({"blocks": block})).await["ok"], true);

    let id = bot.upload(b"mp4").await;
    fake.list_late(Duration::from_secs(5));
    let share = json!({"files": [{"id": id}], "channel_id": bot.channel, "initial_comment": "see"});
    let shared = bot.call("files.completeUploadExternal", share).await;
    assert!(shared["ok"] == true && shared["ts"].is_null());
    let shares = async || bot.call("files.info", json!({"file": id})).await["file"]["shares"].clone();
    assert_eq!(shares().await, json!({}));
    fake.advance(Duration::from_secs(5));
    assert_eq!(shares().await["public"][&bot.channel][0]["ts"], fake.posts()[1].id);
    assert_eq!(fake.posts()[1].text, "see");
}

#[tokio::test]
async fn a_refresh_token_is_good_once() {
    let fake = Fake::<Slack>::start().await;
    let mut bot = Bot::new(&fake, "alice");
    let (access, refresh) = fake.platform().access().rotate("alice", fake.now());
    bot.token = access;
    let exchange = async |refresh: &str| {
        let body = json!({"client_id": "app", "client_secret": "app-secret", "refresh_token": refresh});
        bot.call("oauth.v2.access", body).await
    };
    assert_eq!(bot.call("auth.test", json!({})).await["ok"], true);
    fake.advance(Duration::from_secs(12 * 3600));
    assert_eq!(bot.call("auth.test", json!({})).await["error"], "token_expired");
    let next = exchange(&refresh).await;
    assert_eq!(exchange(&refresh).await["error"], "invalid_refresh_token");
    assert!(next["access_token"].is_string() && next["refresh_token"] != json!(refresh));
}

#[tokio::test]
async fn a_webhook_says_ok_and_no_more() {
    let fake = Fake::<Slack>::start().await;
    let url = format!("{}{}", fake.url(), Slack::hook("alice"));
    let said = async |body: Value, status| ok(http().post(&url).json(&body).send().await, status).await;
    assert_eq!(said(json!({"text": "x"}), 200).await, "ok");
    assert_eq!(said(json!([]), 400).await, "invalid_payload");
    fake.platform().access().close("alice", Some("is_archived"));
    assert_eq!(said(json!({"text": "x"}), 410).await, "channel_is_archived");
    fake.platform().access().revoke("alice");
    assert_eq!(said(json!({"text": "x"}), 404).await, "no_service");
    assert_eq!(fake.posts().len(), 1);
}

#[tokio::test]
async fn slack_sdk_works_with_it() {
    let fake = Fake::<Slack>::start().await;
    fake.cue(Cue::new(End::RateLimit { seconds: 3 }).saying("limited"));
    let (_, refresh) = fake.platform().access().rotate("bob", fake.now());
    let arguments = [fake.url(), Slack::token("alice"), Slack::channel("alice"), Slack::hook("alice"), refresh];
    let said = clients::python("slack", &["slack_sdk==3.37.0"], &arguments.each_ref().map(String::as_str)).await;
    assert_eq!(said["who"], json!(["alice", "chat:write,channels:history,files:write,files:read"]));
    assert_eq!((&said["first"], &said["thread"]), (&json!([true, true]), &json!(true)));
    assert_eq!(said["history"], json!([["one &amp; only <https://x.example/>", "17"]]));
    assert_eq!(said["file"], fake.posts()[2].id);
    assert_eq!((&said["hook"], &said["hook_refused"]), (&json!("ok"), &json!("no_text")));
    let refused = json!({
        "text": [200, "no_text"], "channel": [200, "channel_not_found"], "limited": [429, "ratelimited"],
        "rotated": [200, "invalid_refresh_token"],
    });
    assert_eq!((&said["refused"], &said["rotated"]), (&refused, &json!([43200, "bob"])));
    let texts: Vec<_> = fake.posts().into_iter().map(|post| post.text).collect();
    assert_eq!(texts, ["one &amp; only https://x.example/", "two", "a file", "by the other door"]);
}
