//! The fake Discord against what is known of the real one, and against somebody else's client.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Answer, Cue, Discord, End, Fake, fake::Platform as _};
use reqwest::{Method, multipart};
use serde_json::{Value, json};

struct Bot<'a> {
    fake: &'a Fake<Discord>,
    token: String,
    channel: String,
}

impl<'a> Bot<'a> {
    fn new(fake: &'a Fake<Discord>, name: &str) -> Self {
        Self { fake, token: Discord::token(name), channel: Discord::channel(name) }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v10/channels/{}{path}", self.fake.url(), self.channel);
        http().request(method, url).header("authorization", format!("Bot {}", self.token))
    }

    async fn post(&self, body: &Value, status: u16) -> Value {
        ok(self.request(Method::POST, "/messages").json(body).send().await, status).await
    }

    async fn list(&self, query: &str) -> Vec<String> {
        let listed = ok(self.request(Method::GET, &format!("/messages?{query}")).send().await, 200).await;
        let ids =
            listed.as_array().expect("a list").iter().map(|message| message["content"].as_str().expect("text").into());
        ids.collect()
    }
}

#[tokio::test]
async fn a_nonce_gives_the_same_message_for_a_while_if_it_is_enforced() {
    let fake = Fake::<Discord>::start().await;
    let (alice, bob) = (Bot::new(&fake, "alice"), Bot::new(&fake, "bob"));
    let body = json!({"content": "one", "nonce": "n", "enforce_nonce": true});
    let first = alice.post(&body, 200).await;
    assert_eq!((&alice.post(&body, 200).await["id"], &first["nonce"]), (&first["id"], &json!("n")));
    assert_ne!(bob.post(&body, 200).await["id"], first["id"], "a nonce belongs to its author");
    assert_ne!(alice.post(&json!({"content": "one", "nonce": "n"}), 200).await["id"], first["id"], "not enforced");
    fake.advance(Duration::from_secs(181));
    assert_ne!(alice.post(&body, 200).await["id"], first["id"]);
    let long = alice.post(&json!({"content": "x", "nonce": "n".repeat(26)}), 400).await;
    assert_eq!(long["errors"]["nonce"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
}

#[tokio::test]
async fn refusals_have_a_code_and_forms_say_which_field() {
    let fake = Fake::<Discord>::start().await;
    let mut bot = Bot::new(&fake, "alice");
    let long = bot.post(&json!({"content": "x".repeat(2001)}), 400).await;
    assert_eq!(
        (&long["code"], &long["errors"]["content"]["_errors"][0]["code"]),
        (&json!(50035), &json!("BASE_TYPE_MAX_LENGTH"))
    );
    assert_eq!(bot.post(&json!({"content": " "}), 400).await["code"], 50006);
    let reply = json!({"content": "x", "message_reference": {"message_id": "17"}});
    assert_eq!(bot.post(&reply, 400).await["errors"]["message_reference"]["_errors"][0]["message"], "Unknown message");
    fake.platform().silence("alice");
    assert_eq!(bot.post(&json!({"content": "x"}), 403).await["code"], 50013);
    bot.channel = "17".into();
    assert_eq!(bot.post(&json!({"content": "x"}), 404).await["code"], 10003);
    fake.platform().revoke("alice");
    assert_eq!(bot.post(&json!({"content": "x"}), 401).await["message"], "401: Unauthorized");
}

#[tokio::test]
async fn listings_go_both_ways_may_lag_and_are_empty_to_the_blind() {
    let fake = Fake::<Discord>::start().await;
    let bot = Bot::new(&fake, "alice");
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(bot.post(&json!({"content": text}), 200).await["id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(bot.list("limit=2").await, ["three", "two"]);
    assert_eq!(bot.list(&format!("limit=1&after={}", ids[0])).await, ["two"]);
    assert_eq!(bot.list(&format!("before={}", ids[1])).await, ["one"]);
    fake.list_late(Duration::from_secs(30));
    bot.post(&json!({"content": "late"}), 200).await;
    assert_eq!(bot.list("limit=1").await, ["three"]);
    fake.advance(Duration::from_secs(30));
    assert_eq!(bot.list("limit=1").await, ["late"]);
    fake.platform().blind("alice");
    assert_eq!(bot.list("limit=1").await, [""; 0]);
    assert!(ok(bot.request(Method::GET, "").send().await, 200).await["last_message_id"].is_string());
    fake.platform().silence("alice");
    fake.platform().restore("alice");
    bot.post(&json!({"content": "again"}), 200).await;
    fake.advance(Duration::from_secs(30));
    assert_eq!(bot.list("limit=1").await, ["again"], "it may what it could at first");
}

#[tokio::test]
async fn files_come_with_their_descriptions() {
    let fake = Fake::<Discord>::start().await;
    let bot = Bot::new(&fake, "alice");
    let body = json!({"content": "see", "attachments": [{"id": 0, "filename": "a.png", "description": "a pixel"}]});
    let form = || {
        let file = multipart::Part::bytes(vec![1, 2, 3]).file_name("a.png");
        multipart::Form::new().text("payload_json", body.to_string()).part("files[0]", file)
    };
    let made = ok(bot.request(Method::POST, "/messages").multipart(form()).send().await, 200).await;
    assert_eq!((&made["attachments"][0]["description"], &made["content"]), (&json!("a pixel"), &json!("see")));
    fake.set(|knobs| knobs.max_file = 2);
    assert_eq!(ok(bot.request(Method::POST, "/messages").multipart(form()).send().await, 413).await["code"], 40005);
}

#[tokio::test]
async fn a_webhook_knows_no_nonce_and_answers_only_to_those_who_wait() {
    let fake = Fake::<Discord>::start().await;
    let url = format!("{}{}", fake.url(), Discord::hook("alice"));
    let post = async |url: &str, status| {
        ok(http().post(url).json(&json!({"content": "x", "nonce": "n"})).send().await, status).await
    };
    assert_eq!(post(&url, 204).await, "");
    let waited = format!("{url}?wait=true");
    assert_ne!(post(&waited, 200).await["id"], post(&waited, 200).await["id"]);
    assert_eq!(fake.posts().len(), 3);
    assert_eq!(post(&format!("{url}x"), 401).await["code"], 50027);
    fake.platform().revoke("alice");
    assert_eq!(post(&url, 404).await["code"], 10015);
}

#[tokio::test]
async fn too_many_refusals_shut_the_caller_out() {
    let fake = Fake::<Discord>::start().await;
    fake.set(|knobs| (knobs.most_refusals, knobs.messages_per_window) = (2, 1));
    let bot = Bot::new(&fake, "alice");
    bot.post(&json!({"content": "one"}), 200).await;
    for _ in 0..2 {
        let limited = bot.post(&json!({"content": "two"}), 429).await;
        assert!(limited["retry_after"].as_f64().is_some_and(|seconds| seconds > 0.0), "{limited}");
    }
    assert!(bot.post(&json!({"content": "two"}), 429).await.as_str().is_some_and(|page| page.contains("1015")));
    fake.advance(Duration::from_secs(601));
    bot.post(&json!({"content": "two"}), 200).await;
}

#[tokio::test]
async fn discord_py_works_with_it() {
    let fake = Fake::<Discord>::start().await;
    fake.cue(Cue::new(End::RateLimit { seconds: 1 }).saying("two"));
    let missing = json!({"message": "Missing Permissions", "code": 50013});
    let missing = Answer::json(403, &missing).with("content-type", "application/json");
    fake.cue(Cue::new(End::Refuse(missing)).saying("silenced"));
    let hook = Discord::hook("alice");
    let (id, token) = hook.trim_start_matches("/api/webhooks/").split_once('/').expect("an id and a token");
    let arguments = [&fake.url(), &Discord::token("alice"), &Discord::channel("alice"), id, token];
    let said =
        clients::python("discord", &["discord.py==2.6.4", "audioop-lts==0.2.2; python_version>='3.13'"], &arguments)
            .await;
    assert_eq!((&said["me"], &said["same"], &said["reply"]), (&json!("alice"), &json!(true), &json!(true)));
    assert_eq!((&said["file"], &said["history"]), (&json!(["a.png"]), &json!(["one", "two", ""])));
    let refused =
        json!({"long": [400, 50035], "empty": [400, 50006], "silenced": [403, 50013], "channel": [404, 10003]});
    assert_eq!((&said["refused"], &said["hook"]), (&refused, &json!(["by the other door", true])));
    assert_eq!((&said["unwaited"], fake.posts().len()), (&json!(true), 5));
    assert_eq!(
        fake.publish_calls().iter().filter(|call| call.status == Some(429)).count(),
        1,
        "it waited and came back"
    );
}
