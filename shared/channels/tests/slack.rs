//! What is particular to Slack.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{AttemptKind, Code, Content, Draft, Finding, Fix, Landed, ListReason, Media, Scope, State, Worth};
use kit::{
    canary::Canary,
    rows::{self, Case, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Answer, Secret, Standing, slack::TABLE};
use serde_json::json;
use testkit::{Cue, End, Fake, Slack};

const POST: &str = "post message";
const HOOK: &str = "post to webhook";

/// A refusal with status 200.
const fn said(body: &'static str) -> Case {
    point(POST, 200, body)
}

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("slack", "https://slack.com", says("x")).account;
    let (reconnect, permission, setup) = (fix(Fix::Reconnect), fix(Fix::Permission), fix(Fix::Setup));
    let limited = |case: Case| case.is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, reconnect, Scope::Account);
    let forbidden = |case: Case| case.is(Code::PERMISSION_MISSING, permission, Scope::Account);
    let gone = |case: Case| case.is(Code::ENDPOINT_GONE, setup, Scope::Account);
    let refused = |case: Case| case.is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    let half_done = |case: Case| case.is(Code::ERROR_AFTER_SEND, RETRY, Scope::Channel).in_doubt();
    rows::check(
        &TABLE,
        &account,
        &[
            limited(point(POST, 429, r#"{"ok":false,"error":"ratelimited"}"#)),
            limited(said(r#"{"ok":false,"error":"ratelimited"}"#)),
            limited(said(r#"{"ok":false,"error":"rate_limited"}"#)),
            limited(said(r#"{"ok":false,"error":"message_limit_exceeded"}"#)),
            said(r#"{"ok":false,"error":"token_expired"}"#).is(Code::TOKEN_EXPIRED, reconnect, Scope::Account),
            dead(said(r#"{"ok":false,"error":"invalid_auth"}"#)),
            dead(said(r#"{"ok":false,"error":"token_revoked"}"#)),
            dead(said(r#"{"ok":false,"error":"account_inactive"}"#)),
            dead(said(r#"{"ok":false,"error":"not_authed"}"#)),
            dead(free("refresh token", 200, r#"{"ok":false,"error":"invalid_refresh_token"}"#)),
            free("refresh token", 200, r#"{"ok":false,"error":"bad_client_secret"}"#).is(
                Code::APP_MISCONFIGURED,
                setup,
                Scope::App,
            ),
            free("refresh token", 200, r#"{"ok":false,"error":"invalid_client_id"}"#).is(
                Code::APP_MISCONFIGURED,
                setup,
                Scope::App,
            ),
            forbidden(said(r#"{"ok":false,"error":"missing_scope","needed":"chat:write"}"#)),
            forbidden(said(r#"{"ok":false,"error":"no_permission"}"#)),
            forbidden(said(r#"{"ok":false,"error":"not_in_channel"}"#)),
            forbidden(said(r#"{"ok":false,"error":"restricted_action"}"#)),
            forbidden(said(r#"{"ok":false,"error":"restricted_action_read_only_channel"}"#)),
            forbidden(said(r#"{"ok":false,"error":"restricted_action_thread_only_channel"}"#)),
            forbidden(said(r#"{"ok":false,"error":"restricted_action_non_threadable_channel"}"#)),
            forbidden(said(r#"{"ok":false,"error":"ekm_access_denied"}"#)),
            forbidden(said(r#"{"ok":false,"error":"access_denied"}"#)),
            gone(said(r#"{"ok":false,"error":"channel_not_found"}"#)),
            gone(said(r#"{"ok":false,"error":"is_archived"}"#)),
            gone(said(r#"{"ok":false,"error":"team_not_found"}"#)),
            said(r#"{"ok":false,"error":"thread_not_found"}"#).is(Code::REFERENCE_GONE, Worth::Never, Scope::Post),
            said(r#"{"ok":false,"error":"invalid_blocks","errors":["invalid slack file [json-pointer:/blocks/1]"]}"#)
                .is(Code::MEDIA_NOT_READY, RETRY, Scope::Post),
            free("complete upload", 200, r#"{"ok":false,"error":"file_not_found"}"#).is(
                Code::MEDIA_NOT_READY,
                RETRY,
                Scope::Post,
            ),
            refused(said(r#"{"ok":false,"error":"msg_too_long"}"#)),
            refused(said(r#"{"ok":false,"error":"msg_blocks_too_long"}"#)),
            refused(said(r#"{"ok":false,"error":"no_text"}"#)),
            refused(said(r#"{"ok":false,"error":"invalid_blocks"}"#)),
            refused(said(r#"{"ok":false,"error":"invalid_blocks_format"}"#)),
            refused(said(r#"{"ok":false,"error":"too_many_attachments"}"#)),
            refused(said(r#"{"ok":false,"error":"invalid_arguments"}"#)),
            free("get upload address", 200, r#"{"ok":false,"error":"file_upload_size_restricted"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            free("upload file", 413, "").is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post),
            half_done(said(r#"{"ok":false,"error":"internal_error"}"#)),
            half_done(said(r#"{"ok":false,"error":"fatal_error"}"#)),
            half_done(point("post files", 200, r#"{"ok":false,"error":"service_unavailable"}"#)),
            half_done(said(r#"{"ok":false,"error":"request_timeout"}"#)),
            refused(point(HOOK, 400, "invalid_payload")),
            refused(point(HOOK, 400, "invalid_blocks")),
            refused(point(HOOK, 400, "no_text")),
            dead(point(HOOK, 403, "invalid_token")),
            forbidden(point(HOOK, 403, "action_prohibited")),
            gone(point(HOOK, 404, "channel_not_found")),
            dead(point(HOOK, 404, "no_service")),
            gone(point(HOOK, 410, "channel_is_archived")),
        ],
    );
}

#[test]
fn d01_a_refusal_that_nobody_knows_is_in_doubt_although_it_has_status_200() {
    let account = stand("slack", "https://slack.com", says("x")).account;
    let judged = |step, status: u16, body: &'static str| {
        let (headers, at) = (Default::default(), jiff::Timestamp::UNIX_EPOCH);
        let failure = TABLE.judge(&Answer { step, point: true, status, headers, body: body.into(), at }, &account);
        (failure.code, failure.landed)
    };
    assert_eq!(judged(POST, 200, r#"{"ok":false,"error":"something_new"}"#), (Code::NO_PROOF, Landed::Unknown));
    assert_eq!(judged(POST, 503, r#"{"ok":false,"error":"invalid_auth"}"#), (Code::ERROR_AFTER_SEND, Landed::Unknown));
    assert_eq!(judged(HOOK, 500, "rollup_error"), (Code::ERROR_AFTER_SEND, Landed::Unknown));
    assert_eq!(judged(HOOK, 404, "<html>lost</html>"), (Code::UNCLEAR_ANSWER, Landed::Unknown));
}

struct Scene {
    fake: Fake<Slack>,
    stand: Stand,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Slack>::start().await;
        let stand = stand("slack", &fake.url(), content);
        Self { fake, stand }
    }

    async fn by_hook(content: Content) -> Self {
        let mut scene = Self::new(content).await;
        scene.set("via", "webhook");
        scene.set("proof", "ok");
        scene
    }

    fn set(&mut self, name: &str, value: &str) {
        self.stand.account.settings.insert(name.into(), value.into());
    }

    fn pass(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    fn called(&self, path: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.path.contains(path)).count()
    }
}

#[tokio::test]
async fn e01_d01_slacks_own_word_that_something_failed_inside_is_in_doubt() {
    for (code, landed) in [("internal_error", 0), ("fatal_error", 1), ("request_timeout", 1)] {
        let scene = Scene::new(says("once")).await;
        let body = json!({"ok": false, "error": code});
        scene.fake.cue(if landed == 1 { Cue::say(200, &body) } else { Cue::refuse(200, &body) });
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::ERROR_AFTER_SEND, Landed::Unknown), "{code}");
        assert_eq!(scene.fake.posts().len(), landed);
        scene.settle().await;
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1), "{code}");
    }
}

#[tokio::test]
async fn a_look_goes_by_the_mark_and_takes_nobody_elses() {
    let scene = Scene::new(says("same words")).await;
    let ours = scene.stand.another(says("same words"));
    let twin = scene.stand.another(says("same words"));
    twin.attempt().await;
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "it carries another target's mark");
    ours.attempt().await;
    assert_eq!(ours.find(0).await.unwrap(), Finding::Found(ours.receipts()[0].clone()));
    assert_ne!(ours.receipts()[0].id, twin.receipts()[0].id);
    // Both are older than what this one could have sent.
    scene.pass(120);
    assert_eq!(scene.stand.another(says("same words")).find(0).await.unwrap(), Finding::Absent);
}

#[tokio::test]
async fn where_slack_shows_no_marks_a_likeness_is_for_a_person_and_nothing_is_sent_again() {
    let text = "a & b <c> https://example.org/x?a=1&b=2";
    let scene = Scene::new(says(text)).await;
    scene.fake.set(|knobs| knobs.shows_metadata = false);
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let finding = scene.stand.find(0).await.unwrap();
    assert!(matches!(&finding, Finding::CannotTell(why) if why.contains("carries no mark")), "{finding:?}");
    scene.stand.taken.lock().unwrap().push(scene.fake.posts()[0].id.clone());
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
    scene.stand.taken.lock().unwrap().clear();
    scene.settle().await;
    assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
    assert_eq!(scene.fake.posts().len(), 1);
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes_and_waits_out_a_late_history() {
    let scene = Scene::new(says("deep down")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(120)));
    scene.stand.attempt().await;
    for n in 0..210 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
    }
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "not listed yet");
    let kinds = scene.settle().await;
    assert!(kinds.iter().all(|kind| *kind == AttemptKind::Look), "{kinds:?}");
    assert_eq!((scene.stand.state(), scene.fake.count_of("deep down")), (State::Published, 1));
}

#[tokio::test]
async fn m15_d15_a_thread_answers_its_beginning_and_a_lost_part_is_found_in_it() {
    let scene = Scene::new(thread(&["again", "again", "again"])).await;
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::NO_ANSWER);
    assert_eq!(scene.settle().await, [AttemptKind::Look, AttemptKind::Send]);
    let posts = scene.fake.posts();
    let root = posts[0].id.clone();
    let roots: Vec<_> = posts.iter().map(|post| post.native["thread_ts"].clone()).collect();
    assert_eq!(roots, [json!(null), json!(root), json!(root)]);
    let ids: Vec<_> = scene.stand.receipts().into_iter().map(|receipt| receipt.id).collect();
    assert_eq!(ids, posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>());
    assert_eq!(scene.called("conversations.replies"), 1);
}

#[tokio::test]
async fn o04_d15_a_person_who_gives_a_parts_address_lets_the_rest_go_on() {
    let mut scene = Scene::new(thread(&["one", "two"])).await;
    scene.set("look_up", "none");
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.settle().await;
    let seen = scene.fake.posts()[0].clone();
    let attempt = scene.stand.target().attempt;
    let receipt = domain::Receipt { id: seen.url.clone(), url: Some(seen.url) };
    scene.stand.ask(&domain::Command::Out { attempt, part: 0, receipt });
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
    assert_eq!(scene.fake.posts()[1].native["thread_ts"], json!(seen.id));
}

#[tokio::test]
async fn settings_of_the_post_reach_the_message_and_a_text_goes_out_as_it_is() {
    let settings = [("unfurl_links".to_owned(), "false".to_owned())].into();
    let content = Content { settings, link: Some("https://example.org/?a&b".into()), ..says("<!channel> & *hi*") };
    let scene = Scene::new(content).await;
    scene.stand.attempt().await;
    assert_eq!(scene.fake.posts()[0].text, "&lt;!channel&gt; &amp; *hi*\n\nhttps://example.org/?a&amp;b");
    let url = scene.stand.receipts()[0].url.clone().unwrap();
    assert_eq!(url, scene.fake.posts()[0].url);
    let settings = [("format".to_owned(), "mrkdwn".to_owned())].into();
    let marked = scene.stand.another(Content { settings, ..says("<https://x.example|x> *hi*") });
    marked.attempt().await;
    assert_eq!(scene.fake.posts()[1].text, "<https://x.example|x> *hi*");
}

#[test]
fn what_slack_would_cut_off_is_refused_before() {
    let stand = stand("slack", "https://slack.com", says("x"));
    let codes = |content: Content| -> Vec<_> {
        stand.channel.check(&Draft(content)).into_iter().map(|objection| (objection.path, objection.code)).collect()
    };
    assert_eq!(codes(says(&"x".repeat(4000))), []);
    assert_eq!(codes(says(&"&".repeat(1000))), [("text".to_owned(), Code::TEXT_TOO_LONG)], "escaped it is longer");
    assert_eq!(codes(picture(&"x".repeat(3000), "https://cdn.example")), []);
    assert_eq!(codes(picture(&"x".repeat(3001), "https://cdn.example")), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    let settings = [("format".to_owned(), "html".to_owned())].into();
    assert_eq!(codes(Content { settings, ..says("x") }), [("settings.format".to_owned(), Code::BAD_SETTING)]);
}

#[tokio::test]
async fn a_picture_is_uploaded_once_and_shown_by_the_message_when_slack_is_ready() {
    let file = files(png()).await;
    let scene = Scene::new(picture("look", &file.url())).await;
    scene.fake.set(|knobs| knobs.file_processing_ms = 30_000);
    let failure = scene.stand.attempt().await.failure.unwrap();
    // Not ready: the refusal proves that nothing is out, and what Slack has not got ready is uploaded anew.
    assert_eq!((failure.code, failure.landed), (Code::MEDIA_NOT_READY, Landed::No));
    let kept = scene.stand.target().handles["file.0.0"].clone();
    assert!(kept.starts_with("image F"), "{kept}");
    scene.pass(40);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.called("/upload/v1/"), scene.fake.posts().len()), (State::Published, 1, 1));
    let blocks = scene.fake.posts()[0].native["blocks"].clone();
    assert_eq!((&blocks[0]["text"]["text"], &blocks[1]["alt_text"]), (&json!("look"), &json!("a pixel")));
}

#[tokio::test]
async fn an_upload_goes_on_after_a_crash_between_any_two_steps() {
    let file = files(png()).await;
    for (n, path) in ["files.getUploadURLExternal", "/upload/v1/", "files.completeUploadExternal"].iter().enumerate() {
        let scene = Scene::new(picture("look", &file.url())).await;
        scene.fake.cue(Cue::new(End::CutAfter).on("POST", path));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.landed, scene.fake.publish_calls().len()), (Landed::No, 0), "{path}");
        scene.settle().await;
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1), "{path}");
        // The last one was done and its answer lost: Slack completes nothing twice, so the file is made anew.
        assert_eq!(scene.called("/upload/v1/"), if n == 0 { 1 } else { 2 }, "{path}");
    }
}

fn video(text: &str, url: &str) -> Content {
    Content { media: vec![Media { url: format!("{url}/a.mp4"), alt: None }], ..says(text) }
}

#[tokio::test]
async fn m17_a_video_is_out_only_when_slack_says_where_it_is_shown() {
    let file = files(b"\0\0\0\x20ftypmp42\0\0\0\0mp42isom".to_vec()).await;
    let scene = Scene::new(video("see", &file.url())).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.stand.receipts()[0].id, scene.fake.posts()[0].id);
    assert_eq!((scene.fake.posts()[0].text.as_str(), scene.called("chat.postMessage")), ("see", 0));

    let late = Scene::new(video("late", &file.url())).await;
    late.fake.cue(Cue::default().list_late(Duration::from_secs(120)));
    let failure = late.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::NO_PROOF, Landed::Unknown), "accepted is not shown");
    let kinds = late.settle().await;
    assert!(kinds.iter().all(|kind| *kind == AttemptKind::Look), "{kinds:?}");
    assert_eq!((late.stand.state(), late.fake.posts().len(), late.called("/upload/v1/")), (State::Published, 1, 1));

    let lost = Scene::new(video("lost", &file.url())).await;
    lost.fake.cue(Cue::new(End::CutBefore));
    lost.stand.attempt().await;
    lost.settle().await;
    assert_eq!((lost.stand.state(), lost.fake.posts().len(), lost.called("/upload/v1/")), (State::Published, 1, 1));
}

/// Without `files:read` nobody could prove that the video is out.
#[tokio::test]
async fn a_video_whose_place_could_not_be_asked_for_is_refused_before_anything_is_visible() {
    let file = files(b"\0\0\0\x20ftypmp42\0\0\0\0mp42isom".to_vec()).await;
    let scene = Scene::new(video("see", &file.url())).await;
    scene.fake.platform().access().grant("main", &["chat:write", "channels:history", "files:write"]);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::PERMISSION_MISSING, Landed::No));
    assert_eq!((failure.said.text.as_str(), scene.called("files.info")), ("files:read", 1));
    assert_eq!((scene.fake.posts().len(), scene.fake.publish_calls().len()), (0, 0));
}

#[tokio::test]
async fn o10_a_webhooks_ok_is_proof_only_where_the_account_says_so() {
    let mut scene = Scene::by_hook(says("x")).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.stand.receipts()[0].id, scene.stand.key(0), "our own id: Slack gives none");
    scene.stand.account.settings.remove("proof");
    let strict = scene.stand.another(says("y"));
    let failure = strict.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::NO_PROOF, Landed::Unknown));
    let wrong = strict.channel.check_account(&strict.account.card());
    assert!(wrong.len() == 1 && wrong[0].contains("settings.proof"), "{wrong:?}");
    // Whatever else has status 200 is no proof, with or without consent.
    let scene = Scene::by_hook(says("z")).await;
    scene.fake.cue(Cue::new(End::Say(testkit::Answer::text(200, "text/html", "ok, soon"))));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::NO_PROOF);
}

#[tokio::test]
async fn a_webhook_shows_pictures_by_address_and_no_videos() {
    let (pictures, videos) = (files(png()).await, files(b"\0\0\0\x20ftypmp42".to_vec()).await);
    let scene = Scene::by_hook(picture("look", &pictures.url())).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let block = scene.fake.posts()[0].native["blocks"][1].clone();
    assert_eq!(block["image_url"], json!(format!("{}/a.jpg", pictures.url())));
    let scene = Scene::by_hook(video("see", &videos.url())).await;
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.fake.calls().len()), (Code::MEDIA_REFUSED, Landed::No, 0));
    assert!(failure.said.text.starts_with("media 1 of 1 ("), "it says which: {failure:?}");
    assert!(scene.stand.target().handles.is_empty(), "a better file may be put at the address");
}

#[tokio::test]
async fn a_webhooks_picture_is_looked_at_once_however_often_it_is_tried() {
    let pictures = files(png()).await;
    let scene = Scene::by_hook(picture("look", &pictures.url())).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 5 }));
    assert_eq!(scene.settle().await.len(), 2);
    assert_eq!((scene.stand.state(), pictures.connections()), (State::Published, 1));
}

#[tokio::test]
async fn an_upload_address_of_another_scheme_is_slacks_fault_and_not_the_pictures() {
    let pictures = files(png()).await;
    let scene = Scene::new(picture("look", &pictures.url())).await;
    let ticket = json!({"ok": true, "upload_url": "ftp://files.slack.test/x", "file_id": "F1"});
    scene.fake.cue(Cue::refuse(200, &ticket).on("POST", "files.getUploadURLExternal"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::STRANGE_ANSWER, Landed::No));
    scene.settle().await;
    assert_eq!(scene.stand.state(), State::Published);
}

#[tokio::test]
async fn neither_tokens_nor_the_webhooks_address_are_in_log_lines_errors_or_words() {
    let canary = Canary::listen();
    let echo = json!({"ok": false, "error": "invalid_arguments", "errors": ["xoxb-main in hush-main-hush"]});
    let mut shown = String::new();
    for cue in [Cue::default(), Cue::new(End::CutAfter), Cue::new(End::Outage), Cue::refuse(400, &echo)] {
        for scene in [Scene::new(says("quiet")).await, Scene::by_hook(says("quiet")).await] {
            scene.fake.cue(cue.clone());
            shown += &format!("{:?} {:?}\n", scene.stand.attempt().await, scene.stand.target());
        }
    }
    let mut nowhere = stand("slack", "http://127.0.0.1:1", says("quiet"));
    nowhere.account.settings.insert("via".into(), "webhook".into());
    shown += &format!("{:?}\n", nowhere.attempt().await);
    nowhere.account.secrets.insert("webhook_url".into(), Secret::new("hush-main-hush"));
    shown += &format!("{:?}\n", nowhere.another(says("x")).attempt().await);
    let heard = canary.heard();
    assert!(heard.contains("platform call") && heard.contains("hyper"));
    for secret in ["xoxb-main", "hush-main-hush", "services/T0001"] {
        assert!(!heard.contains(secret) && !shown.contains(secret), "{secret}\n{shown}");
    }
}

#[tokio::test]
async fn credentials_are_checked_without_posting_anything() {
    let mut scene = Scene::new(says("x")).await;
    let standing = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(standing, Standing::good("main"));
    scene.fake.platform().access().grant("main", &["files:write"]);
    let standing = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(standing.missing, ["chat:write", "channels:history", "files:read"]);
    scene.fake.platform().access().grant("main", &["chat:write", "groups:history"]);
    let standing = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(standing.missing, ["files:write", "files:read"]);
    scene.fake.platform().access().revoke("main");
    let dead = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!((dead.code, dead.said.status), (Code::TOKEN_REVOKED, Some(200)));
    scene.set("via", "webhook");
    assert!(scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap().unknown);
    assert!(scene.fake.publish_calls().is_empty());
}

#[tokio::test]
async fn t01_t04_tokens_are_rotated_and_a_lost_answer_is_told_apart_from_a_refusal() {
    let mut scene = Scene::new(says("x")).await;
    let refresh = async |scene: &Scene| scene.stand.channel.refresh(&scene.stand.account).await;
    assert_eq!(refresh(&scene).await.unwrap(), None, "without rotation there is nothing to renew");
    let (access, token) = scene.fake.platform().access().rotate("main", scene.fake.now());
    let secrets = [("bot_token", access), ("refresh_token", token), ("client_id", "app".into())];
    scene.stand.account.secrets.extend(secrets.map(|(name, value)| (name.to_owned(), Secret::new(value))));
    scene.stand.account.secrets.insert("client_secret".into(), Secret::new("wrong-secret"));
    let refused = refresh(&scene).await.unwrap_err();
    assert_eq!((refused.code, refused.landed, refused.scope), (Code::APP_MISCONFIGURED, Landed::No, Scope::App));
    scene.stand.account.secrets.insert("client_secret".into(), Secret::new("app-secret"));
    let tokens = refresh(&scene).await.unwrap().unwrap();
    assert!(tokens.expires_at.unwrap() > scene.fake.now() + Duration::from_secs(11 * 3600));
    let again = refresh(&scene).await.unwrap_err();
    assert_eq!((again.code, again.landed), (Code::TOKEN_REVOKED, Landed::No), "a refresh token is good once");
    scene.stand.account.secrets.insert("refresh_token".into(), tokens.refresh.unwrap());
    for cue in [Cue::new(End::CutAfter), Cue::new(End::Outage), Cue::say(200, &json!({"ok": true, "access_token": ""}))]
    {
        scene.fake.cue(cue.on("POST", "oauth.v2.access"));
        assert_eq!(refresh(&scene).await.unwrap_err().landed, Landed::Unknown);
    }
    scene.stand.account.base_url = "http://127.0.0.1:1".parse().unwrap();
    assert_eq!(refresh(&scene).await.unwrap_err().landed, Landed::No, "surely not sent");
}

#[tokio::test]
async fn a_look_that_is_not_allowed_says_so_and_leaves_the_doubt() {
    let scene = Scene::new(says("x")).await;
    scene.fake.platform().access().grant("main", &["chat:write"]);
    let failure = scene.stand.find(0).await.unwrap_err();
    assert_eq!((failure.code, failure.said.text.as_str()), (Code::PERMISSION_MISSING, "channels:history"));
}
