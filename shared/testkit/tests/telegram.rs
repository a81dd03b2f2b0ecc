//! The fake Telegram Bot API against what is known of the real one, and against somebody else's client.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, Telegram};
use reqwest::multipart;
use serde_json::{Value, json};

struct Bot<'a> {
    fake: &'a Fake<Telegram>,
    token: String,
    chat: String,
}

impl<'a> Bot<'a> {
    fn new(fake: &'a Fake<Telegram>, name: &str) -> Self {
        Self { fake, token: Telegram::token(name), chat: Telegram::chat(name).to_string() }
    }

    fn url(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.fake.url(), self.token)
    }

    async fn call(&self, method: &str, mut body: Value, status: u16) -> Value {
        if body["chat_id"].is_null() {
            body["chat_id"] = json!(self.chat);
        }
        ok(http().post(self.url(method)).json(&body).send().await, status).await
    }

    async fn refusal(&self, method: &str, body: Value, status: u16) -> String {
        let said = self.call(method, body, status).await;
        assert_eq!((&said["ok"], &said["error_code"]), (&json!(false), &json!(status)));
        said["description"].as_str().expect("a description").to_owned()
    }
}

#[tokio::test]
async fn a_repeat_is_another_message() {
    let fake = Fake::<Telegram>::start().await;
    let bot = Bot::new(&fake, "alice");
    let first = bot.call("sendMessage", json!({"text": "one"}), 200).await;
    let second = bot.call("sendMessage", json!({"text": "one", "chat_id": "@alice"}), 200).await;
    assert_eq!((&first["result"]["message_id"], &second["result"]["message_id"]), (&json!(1), &json!(2)));
    assert_eq!(
        first["result"]["chat"],
        json!({"id": Telegram::chat("alice"), "title": "alice", "username": "alice", "type": "channel"})
    );
    assert_eq!(fake.duplicates().len(), 1);
}

#[tokio::test]
async fn lengths_are_counted_in_utf_16_and_without_marks() {
    let fake = Fake::<Telegram>::start().await;
    let bot = Bot::new(&fake, "alice");
    for fits in [
        json!({"text": "😀".repeat(2048)}),
        json!({"text": format!("<b>{}</b>", "x".repeat(4096)), "parse_mode": "HTML"}),
    ] {
        bot.call("sendMessage", fits, 200).await;
    }
    for (text, why) in [("😀".repeat(2049), "message is too long"), ("  ".into(), "message text is empty")] {
        assert_eq!(bot.refusal("sendMessage", json!({"text": text}), 400).await, format!("Bad Request: {why}"));
    }
    let photo = |caption: String| json!({"photo": "https://cdn.example/a.png", "caption": caption});
    bot.call("sendPhoto", photo("x".repeat(1024)), 200).await;
    assert_eq!(
        bot.refusal("sendPhoto", photo("x".repeat(1025)), 400).await,
        "Bad Request: message caption is too long"
    );
}

#[tokio::test]
async fn an_album_is_two_to_ten_files_and_goes_out_whole() {
    let fake = Fake::<Telegram>::start().await;
    let bot = Bot::new(&fake, "alice");
    let media =
        json!([{"type": "photo", "media": "attach://a", "caption": "both"}, {"type": "video", "media": "attach://b"}]);
    let file = |name: &str| multipart::Part::bytes(vec![1, 2, 3]).file_name(name.to_owned());
    let form = multipart::Form::new().text("chat_id", bot.chat.clone()).text("media", media.to_string());
    let form = form.part("a", file("a.png")).part("b", file("b.mp4"));
    let sent = ok(http().post(bot.url("sendMediaGroup")).multipart(form).send().await, 200).await;
    assert_eq!(sent["result"].as_array().map(Vec::len), Some(2));
    assert_eq!((fake.posts().len(), fake.posts()[0].text.as_str()), (1, "both"));
    let one = json!({"media": [{"type": "photo", "media": "https://cdn.example/a.png"}]});
    assert_eq!(bot.refusal("sendMediaGroup", one, 400).await, "Bad Request: expected 2 to 10 items in an album");
    fake.set(|knobs| knobs.max_photo = 2);
    let form = multipart::Form::new().text("chat_id", bot.chat.clone()).part("photo", file("a.png"));
    ok(http().post(bot.url("sendPhoto")).multipart(form).send().await, 413).await;
}

#[tokio::test]
async fn replies_need_what_they_reply_to() {
    let fake = Fake::<Telegram>::start().await;
    let bot = Bot::new(&fake, "alice");
    let lost = json!({"text": "two", "reply_parameters": {"message_id": 7}});
    assert_eq!(bot.refusal("sendMessage", lost, 400).await, "Bad Request: message to be replied not found");
}

#[tokio::test]
async fn chats_move_bots_are_kicked_and_tokens_die() {
    let fake = Fake::<Telegram>::start().await;
    let mut bot = Bot::new(&fake, "alice");
    let new = fake.platform().migrate("alice");
    let moved = bot.call("sendMessage", json!({"text": "x"}), 400).await;
    assert_eq!((&moved["parameters"]["migrate_to_chat_id"], fake.posts().len()), (&json!(new), 0));
    bot.chat = new.to_string();
    bot.call("sendMessage", json!({"text": "x"}), 200).await;
    let other = json!({"text": "x", "chat_id": Telegram::chat("bob")});
    assert_eq!(bot.refusal("sendMessage", other, 400).await, "Bad Request: chat not found");
    fake.platform().kick("alice");
    assert!(bot.refusal("sendMessage", json!({"text": "x"}), 403).await.starts_with("Forbidden: bot was kicked"));
    fake.platform().revoke("alice");
    assert_eq!(bot.refusal("getMe", json!({}), 401).await, "Unauthorized");
    bot.token = "123:nonsense".into();
    assert_eq!(bot.refusal("getMe", json!({}), 404).await, "Not Found");
}

#[tokio::test]
async fn limits_are_told_in_the_body() {
    let fake = Fake::<Telegram>::start().await;
    fake.set(|knobs| knobs.messages_per_minute = 1);
    let bot = Bot::new(&fake, "alice");
    bot.call("sendMessage", json!({"text": "one"}), 200).await;
    let over = bot.call("sendMessage", json!({"text": "two"}), 429).await;
    assert!(over["parameters"]["retry_after"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{over}");
    fake.advance(Duration::from_secs(61));
    bot.call("sendMessage", json!({"text": "two"}), 200).await;
}

#[tokio::test]
async fn python_telegram_bot_works_with_it() {
    let fake = Fake::<Telegram>::start().await;
    fake.cue(Cue::new(End::RateLimit { seconds: 7 }).saying("limited"));
    let refused = |status, text: &str| json!({"ok": false, "error_code": status, "description": text});
    fake.cue(Cue::refuse(403, &refused(403, "Forbidden: bot was kicked from the channel chat")).saying("kicked"));
    let mut moved = refused(400, "Bad Request: group chat was upgraded to a supergroup chat");
    moved["parameters"] = json!({"migrate_to_chat_id": -100_555});
    fake.cue(Cue::refuse(400, &moved).saying("moved"));
    fake.cue(Cue { expire_token: true, ..Cue::default() }.saying("revoked"));
    let chat = Telegram::chat("alice");
    let arguments = [fake.url(), Telegram::token("alice"), chat.to_string()];
    let said =
        clients::python("telegram", &["python-telegram-bot==22.5"], &arguments.each_ref().map(String::as_str)).await;
    assert_eq!((&said["me"], &said["member"]), (&json!("alice_bot"), &json!("administrator")));
    assert_eq!(said["first"], json!([chat, 1, "plain & simple"]));
    assert_eq!(said["reply"], json!(["bold & more", 1]));
    assert_eq!((&said["photo"], &said["album"]), (&json!(["a picture", 32]), &json!([4, 5, "an album"])));
    let refused = &said["refused"];
    assert_eq!(refused["long"], "Message is too long");
    assert!(refused["marks"].as_str().is_some_and(|text| text.contains("parse entities")), "{refused}");
    assert_eq!(refused["chat"], "Chat not found");
    assert!(refused["limited"].as_str().is_some_and(|text| text.contains("Retry in 7")), "{refused}");
    assert!(refused["kicked"].as_str().is_some_and(|text| text.contains("kicked")), "{refused}");
    assert_eq!(refused["moved"], "-100555");
    assert!(refused["revoked"].as_str().is_some(), "{refused}");
    assert_eq!(fake.posts().len(), 4);
}
