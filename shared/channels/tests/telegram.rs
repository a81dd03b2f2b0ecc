//! What is particular to Telegram.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{
    AttemptKind, Code, Content, Draft, Finding, Fix, Landed, ListReason, Media, OnDoubt, Scope, State, Worth,
};
use kit::{
    canary::Canary,
    rows::{self, RETRY, fix, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Secret, Standing, telegram::TABLE};
use serde_json::json;
use testkit::{Cue, End, Fake, Telegram};

const SEND: &str = "send message";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("telegram", "https://api.telegram.org", says("x")).account;
    let (reconnect, permission, setup) = (fix(Fix::Reconnect), fix(Fix::Permission), fix(Fix::Setup));
    let refused = |body| point(SEND, 400, body);
    rows::check(
        &TABLE,
        &account,
        &[
            point(SEND, 401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#).is(
                Code::TOKEN_REVOKED,
                reconnect,
                Scope::Account,
            ),
            point(SEND, 404, r#"{"ok":false,"error_code":404,"description":"Not Found"}"#).is(
                Code::TOKEN_REVOKED,
                reconnect,
                Scope::Account,
            ),
            point(SEND, 403, r#"{"error_code":403,"description":"Forbidden: user is deactivated"}"#).is(
                Code::ENDPOINT_GONE,
                setup,
                Scope::Account,
            ),
            point(SEND, 403, r#"{"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#).is(
                Code::PERMISSION_MISSING,
                permission,
                Scope::Account,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: need administrator rights in the channel chat"}"#)
                .is(Code::PERMISSION_MISSING, permission, Scope::Account),
            refused(r#"{"error_code":400,"description":"Bad Request: CHAT_ADMIN_REQUIRED"}"#).is(
                Code::PERMISSION_MISSING,
                permission,
                Scope::Account,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: CHAT_WRITE_FORBIDDEN"}"#).is(
                Code::PERMISSION_MISSING,
                permission,
                Scope::Account,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat"}"#)
                .is(Code::APP_MISCONFIGURED, RETRY, Scope::Account),
            refused(r#"{"error_code":400,"description":"Bad Request: chat not found"}"#).is(
                Code::ENDPOINT_GONE,
                setup,
                Scope::Account,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: message thread not found"}"#).is(
                Code::ENDPOINT_GONE,
                setup,
                Scope::Account,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: message to be replied not found"}"#).is(
                Code::REFERENCE_GONE,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: message is too long"}"#).is(
                Code::CONTENT_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: MEDIA_CAPTION_TOO_LONG"}"#).is(
                Code::CONTENT_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: can't parse entities: Unsupported start tag"}"#)
                .is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
            refused(r#"{"error_code":400,"description":"Bad Request: message text is empty"}"#).is(
                Code::CONTENT_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: failed to get HTTP URL content"}"#).is(
                Code::MEDIA_UNREACHABLE,
                RETRY,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: WEBPAGE_CURL_FAILED"}"#).is(
                Code::MEDIA_UNREACHABLE,
                RETRY,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: wrong file identifier/HTTP URL specified"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: wrong type of the web page content"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: WEBPAGE_MEDIA_EMPTY"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: PHOTO_INVALID_DIMENSIONS"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(r#"{"error_code":400,"description":"Bad Request: IMAGE_PROCESS_FAILED"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            point(SEND, 413, "<html>").is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post),
            point(SEND, 429, r#"{"error_code":429,"description":"Too Many Requests: retry after 5"}"#).is(
                Code::RATE_LIMITED_ACCOUNT,
                RETRY,
                Scope::Account,
            ),
        ],
    );
}

#[test]
fn an_answer_of_a_proxy_in_front_is_no_refusal() {
    let account = stand("telegram", "https://api.telegram.org", says("x")).account;
    for (status, page) in
        [(401, "<h1>Sign in</h1>"), (403, "All rights reserved"), (404, "?"), (400, "too long; rights")]
    {
        let answer = oncepost_channels::Answer {
            step: SEND,
            point: true,
            status,
            headers: Default::default(),
            body: page.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let failure = TABLE.judge(&answer, &account);
        assert_eq!((failure.code, failure.landed), (Code::UNCLEAR_ANSWER, Landed::Unknown), "{status}");
    }
}

struct Scene {
    fake: Fake<Telegram>,
    stand: Stand,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Telegram>::start().await;
        let stand = stand("telegram", &fake.url(), content);
        Self { fake, stand }
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    fn methods(&self) -> Vec<String> {
        self.fake.calls().into_iter().map(|call| call.path.rsplit('/').next().unwrap().to_owned()).collect()
    }
}

fn written(text: &str, settings: &[(&str, &str)]) -> Content {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Content { settings, ..says(text) }
}

#[tokio::test]
async fn o05_d03_of_an_unknown_outcome_a_person_is_asked_and_nothing_is_sent_again() {
    for cue in [Cue::new(End::CutAfter), Cue::new(End::CutBefore), Cue::new(End::Outage)] {
        let scene = Scene::new(says("once")).await;
        scene.fake.cue(cue);
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!(failure.landed, Landed::Unknown);
        assert_eq!(scene.settle().await, []);
        assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
        assert_eq!(scene.fake.publish_calls().len(), 1);
        assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
    }
}

#[tokio::test]
async fn an_account_may_choose_at_least_once() {
    let mut scene = Scene::new(says("twice")).await;
    scene.stand.account.on_doubt = OnDoubt::Resend;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
}

#[tokio::test]
async fn the_token_is_in_no_log_line_span_error_or_words() {
    let canary = Canary::listen();
    let echo = json!({"ok": false, "error_code": 400, "description": format!("no: /bot{}/x", Telegram::token("main"))});
    let cues = [
        Cue::default(),
        Cue::new(End::CutAfter),
        Cue::new(End::Malformed),
        Cue::new(End::Outage),
        Cue::default().slow_after(Duration::from_secs(60)),
        Cue::refuse(400, &echo),
        Cue::new(End::RateLimit { seconds: 9 }),
    ];
    let mut shown = String::new();
    for cue in cues {
        let scene = Scene::new(says("hush")).await;
        scene.fake.cue(cue);
        shown += &format!("{:?} {:?}\n", scene.stand.attempt().await, scene.stand.target());
    }
    let mut nowhere = stand("telegram", "http://127.0.0.1:1", says("hush"));
    shown +=
        &format!("{:?} {:?}\n", nowhere.attempt().await, nowhere.channel.check_credentials(&nowhere.account).await);
    nowhere.account.base_url = "http://no-such-host.invalid/".parse().unwrap();
    nowhere.account.settings.insert("insecure".into(), "true".into());
    shown += &format!("{:?}\n", nowhere.another(says("hush")).attempt().await);
    let bad = "123:canary/../secret";
    nowhere.account.secrets.insert("bot_token".into(), Secret::new(bad));
    shown += &format!("{:?}\n", nowhere.another(says("hush")).attempt().await);
    let heard = canary.heard();
    assert!(heard.contains("platform call") && heard.contains("hyper"), "our spans and the libraries' lines are heard");
    let token = Telegram::token("main");
    for secret in [token.as_str(), token.split_once(':').unwrap().1, "canary", "AA-main"] {
        assert!(!heard.contains(secret), "a log line holds the token");
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_it_is_part_of_an_address() {
    let mut scene = Scene::new(says("x")).await;
    for bad in ["no-colon", "1:a/b", "1:a?b", ":x", "1: "] {
        scene.stand.account.secrets.insert("bot_token".into(), Secret::new(bad));
        let failure = scene.stand.another(says("x")).attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::CREDENTIALS_MISSING, Landed::No), "{bad}");
    }
    assert!(scene.fake.calls().is_empty());
}

#[tokio::test]
async fn lengths_are_counted_in_utf_16_without_the_marks() {
    let stand = stand("telegram", "https://api.telegram.org", says("x"));
    let codes = |content: Content| -> Vec<_> {
        stand.channel.check(&Draft(content)).into_iter().map(|objection| (objection.path, objection.code)).collect()
    };
    assert_eq!(codes(says(&"😀".repeat(2048))), []);
    assert_eq!(codes(says(&"😀".repeat(2049))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    let bold = format!("<b>{}</b>", "x".repeat(4096));
    assert_eq!(codes(written(&bold, &[("parse_mode", "HTML")])), []);
    assert_eq!(codes(says(&bold)), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    let caption = |length: usize| picture(&"x".repeat(length), "https://cdn.example");
    assert_eq!(codes(caption(1024)), []);
    assert_eq!(codes(caption(1025)), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    for (name, value) in [("parse_mode", "Markdown"), ("link_preview", "no"), ("protect_content", "")] {
        assert_eq!(codes(written("x", &[(name, value)])), [(format!("settings.{name}"), Code::BAD_SETTING)]);
    }
}

#[tokio::test]
async fn settings_of_the_post_reach_the_message() {
    let settings = [("parse_mode", "MarkdownV2"), ("disable_notification", "true"), ("link_preview", "false")];
    let content = Content { link: Some("https://example.org/a_b".into()), ..written(r"*bold* \& done\.", &settings) };
    let scene = Scene::new(content).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let post = &scene.fake.posts()[0];
    assert_eq!(post.text, "bold & done.\n\nhttps://example.org/a_b");
    assert_eq!(post.native["messages"][0]["link_preview_options"], json!({"is_disabled": true}));
    assert_eq!(post.native["silent"], json!(true));
}

fn media(urls: &[String]) -> Content {
    let media = urls.iter().map(|url| Media { url: url.clone(), alt: None }).collect();
    Content { media, ..says("see") }
}

#[tokio::test]
async fn one_file_is_a_photo_or_a_video_and_several_are_an_album() {
    let mp4 = b"\0\0\0\x20ftypmp42\0\0\0\0mp42isom".to_vec();
    let (pictures, videos, gifs) = (files(png()).await, files(mp4).await, files(b"GIF89a\x01\0".to_vec()).await);
    let (picture, video, gif) = (format!("{}/a", pictures.url()), format!("{}/b", videos.url()), gifs.url());
    let cases = [
        (vec![picture.clone()], "sendPhoto"),
        (vec![video.clone()], "sendVideo"),
        (vec![gif.clone()], "sendAnimation"),
        (vec![picture.clone(), video.clone()], "sendMediaGroup"),
    ];
    for (urls, method) in cases {
        let scene = Scene::new(media(&urls)).await;
        assert_eq!(scene.stand.attempt().await.failure, None, "{method}");
        assert_eq!((scene.methods(), scene.fake.posts()[0].text.as_str()), (vec![method.to_owned()], "see"));
        let messages = scene.fake.posts()[0].native["messages"].clone();
        assert_eq!(messages.as_array().map(Vec::len), Some(urls.len()));
        assert!(messages[0]["source"].as_str().is_some_and(|name| name.starts_with("file0.")), "{messages}");
    }
    let mixed = Scene::new(media(&[picture, gif])).await;
    let failure = mixed.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, mixed.fake.publish_calls().len()), (Code::MEDIA_REFUSED, 0));
}

#[tokio::test]
async fn an_account_may_let_telegram_fetch_the_files() {
    let urls = ["https://cdn.example/a.png".to_owned(), "https://cdn.example/b.mp4?x=1".to_owned()];
    let mut scene = Scene::new(media(&urls)).await;
    scene.stand.account.settings.insert("media".into(), "address".into());
    assert_eq!(scene.stand.attempt().await.failure, None);
    let messages = scene.fake.posts()[0].native["messages"].clone();
    assert_eq!((&messages[0]["source"], &messages[1]["source"]), (&json!(urls[0]), &json!(urls[1])));
    assert!(messages[0]["photo"].is_array() && messages[1]["video"].is_object());
}

#[tokio::test]
async fn e02_a_file_that_telegram_could_not_fetch_is_tried_again_and_one_that_is_none_is_not() {
    for (why, posts) in [("failed to get HTTP URL content", 1), ("wrong type of the web page content", 0)] {
        let mut scene = Scene::new(media(&["https://cdn.example/a.png".to_owned()])).await;
        scene.stand.account.settings.insert("media".into(), "address".into());
        let text = format!("Bad Request: {why}");
        scene.fake.cue(Cue::refuse(400, &json!({"ok": false, "error_code": 400, "description": text})));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.landed, failure.scope), (Landed::No, Scope::Post));
        scene.settle().await;
        assert_eq!(scene.fake.posts().len(), posts, "{why}");
    }
}

#[tokio::test]
async fn m15_each_part_of_a_thread_answers_the_one_before() {
    let scene = Scene::new(thread(&["one", "two", "three"])).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let posts = scene.fake.posts();
    let replies: Vec<_> =
        posts.iter().map(|post| post.native["messages"][0]["reply_to_message"]["message_id"].clone()).collect();
    assert_eq!(replies, [json!(null), json!(1), json!(2)]);
    let receipts = scene.stand.receipts();
    assert_eq!(receipts[2].id, format!("{}/3", Telegram::chat("main")));
    assert_eq!(receipts[2].url.as_deref(), Some("https://t.me/main/3"));
}

#[tokio::test]
async fn d15_a_person_who_finds_a_part_lets_the_rest_go_on() {
    let scene = Scene::new(thread(&["one", "two", "three"])).await;
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    scene.stand.attempt().await;
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.stand.receipts().len()), (State::InDoubt, 1));
    let seen = scene.fake.posts()[1].clone();
    let attempt = scene.stand.target().attempt;
    // A person gives the address where they saw it, which then stands for the id.
    let receipt = domain::Receipt { id: seen.url.clone(), url: Some(seen.url) };
    scene.stand.ask(&domain::Command::Out { attempt, part: 1, receipt });
    scene.settle().await;
    let texts: Vec<_> = scene.fake.posts().into_iter().map(|post| post.text).collect();
    assert_eq!((scene.stand.state(), texts), (State::Published, vec!["one".to_owned(), "two".into(), "three".into()]));
    assert_eq!(scene.fake.posts()[2].native["messages"][0]["reply_to_message"]["message_id"], json!(2));
}

#[tokio::test]
async fn a_chat_that_has_moved_is_followed_once_and_nothing_is_out_twice() {
    let scene = Scene::new(says("moving")).await;
    let new = scene.fake.platform().migrate("main");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::APP_MISCONFIGURED, Landed::No, RETRY));
    assert_eq!(scene.stand.target().handles["chat_id"], new.to_string());
    assert_eq!(scene.settle().await, [AttemptKind::Send]);
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
    let receipt = &scene.stand.receipts()[0];
    assert_eq!(receipt.id, format!("{new}/1"));
    let private = format!("https://t.me/c/{}/1", new.to_string().trim_start_matches("-100"));
    assert_eq!(receipt.url.as_deref(), Some(private.as_str()));
}

#[tokio::test]
async fn r01_the_wait_stands_in_the_body_and_is_kept_to_the_second() {
    let scene = Scene::new(says("x")).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 37 }));
    let before = scene.fake.now();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert!(failure.not_before().unwrap() >= before + Duration::from_secs(37), "{failure:?}");
    assert_eq!((failure.scope, scene.stand.target().tries), (Scope::Account, 0));
}

#[tokio::test]
async fn credentials_are_checked_without_sending_anything() {
    let scene = Scene::new(says("x")).await;
    let check = || scene.stand.channel.check_credentials(&scene.stand.account);
    assert_eq!(check().await.unwrap(), Standing::good("main_bot"));
    scene.fake.platform().kick("main");
    assert_eq!(check().await.unwrap().missing, ["membership of the chat"]);
    scene.fake.platform().revoke("main");
    assert_eq!(check().await.unwrap_err().code, Code::TOKEN_REVOKED);
    assert!(scene.fake.publish_calls().is_empty());
}

#[tokio::test]
async fn an_account_without_a_chat_says_so() {
    let mut scene = Scene::new(says("x")).await;
    scene.stand.account.settings.clear();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::CREDENTIALS_MISSING, Scope::System));
    assert!(failure.said.text.contains("chat_id"), "{failure:?}");
}

#[tokio::test]
async fn a_token_that_telegram_does_not_know_is_called_that() {
    let mut scene = Scene::new(says("once")).await;
    let unknown = oncepost_channels::Secret::new("123456:AA-nobody");
    scene.stand.account.secrets.insert("bot_token".into(), unknown);
    let sent = scene.stand.attempt().await.failure.unwrap();
    let asked = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    for failure in [sent, asked] {
        assert_eq!((failure.code, failure.landed), (Code::TOKEN_REVOKED, Landed::No));
        assert_eq!(failure.said.text, "Not Found (Telegram knows no bot with this token)");
    }
}
