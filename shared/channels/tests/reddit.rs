//! What is particular to Reddit.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Content, Draft, Failure, Finding, Fix, Landed, Scope, State, Worth};
use kit::{
    crash::dies_at,
    rows::{self, Case, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Account, Secret, TokenLife, reddit::TABLE};
use serde_json::{Value, json};
use testkit::{Cue, End, Fake, Reddit, fake::Platform};

const SUBMIT: &str = "submit post";
const COMMENT: &str = "submit comment";
const UPLOAD: &str = "upload image";
const RENEW: &str = "renew token";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("reddit", "https://oauth.reddit.com", says("x")).account;
    let (reconnect, permission, restricted) = (fix(Fix::Reconnect), fix(Fix::Permission), fix(Fix::Account));
    let limited = |case: Case| case.is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account);
    let refused = |case: Case| case.is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    let gone = |case: Case| case.is(Code::REFERENCE_GONE, Worth::Never, Scope::Post);
    let there = |case: Case| case.is(Code::PERMISSION_MISSING, permission, Scope::Post);
    let spoiled = |case: Case| case.is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post);
    let held = |case: Case| case.is(Code::ACCOUNT_RESTRICTED, restricted, Scope::Account);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, reconnect, Scope::Account);
    let setup = |case: Case| case.is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App);
    rows::check(
        &TABLE,
        &account,
        &[
            limited(point(SUBMIT, 200, r#"{"json":{"errors":[["RATELIMIT","take a break","ratelimit"]]}}"#)),
            limited(point(SUBMIT, 200, r#"{"json":{"errors":[["SUBREDDIT_RATELIMIT","too much","sr"]]}}"#)),
            point(SUBMIT, 200, r#"{"json":{"errors":[["ALREADY_SUB","that link has already been submitted","url"]]}}"#)
                .is(Code::DUPLICATE_REFUSED, RETRY, Scope::Post)
                .in_doubt(),
            gone(point(SUBMIT, 200, r#"{"json":{"errors":[["SUBREDDIT_NOEXIST","doesn't exist","sr"]]}}"#)),
            there(point(SUBMIT, 200, r#"{"json":{"errors":[["SUBREDDIT_NOTALLOWED","not allowed","sr"]]}}"#)),
            there(point(SUBMIT, 200, r#"{"json":{"errors":[["SUBREDDIT_NO_ACCESS","no access","sr"]]}}"#)),
            there(point(SUBMIT, 200, r#"{"json":{"errors":[["BANNED_FROM_SUBREDDIT","banned","sr"]]}}"#)),
            refused(point(
                SUBMIT,
                200,
                r#"{"json":{"errors":[["SUBMIT_VALIDATION_FLAIR_REQUIRED","flair","flair"]]}}"#,
            )),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["NO_SELFS","no text posts","sr"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["NO_LINKS","no links","sr"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["NO_TEXT","we need something here","title"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["NO_URL","a url is required","url"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["BAD_URL","check that url","url"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["TOO_LONG","this is too long","title"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["TOO_SHORT","this is too short","title"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["INVALID_OPTION","not valid","kind"]]}}"#)),
            refused(point(SUBMIT, 200, r#"{"json":{"errors":[["DOMAIN_BANNED","not allowed here","url"]]}}"#)),
            gone(point(COMMENT, 200, r#"{"json":{"errors":[["THREAD_LOCKED","comments are locked","parent"]]}}"#)),
            gone(point(COMMENT, 200, r#"{"json":{"errors":[["TOO_OLD","archived","parent"]]}}"#)),
            gone(point(COMMENT, 200, r#"{"json":{"errors":[["DELETED_COMMENT","has been deleted","parent"]]}}"#)),
            held(point(SUBMIT, 200, r#"{"json":{"errors":[["IN_TIMEOUT","try later",""]]}}"#)),
            held(point(SUBMIT, 200, r#"{"json":{"errors":[["VERIFIED_USER_REQUIRED","verify",""]]}}"#)),
            held(point(SUBMIT, 200, r#"{"json":{"errors":[["BAD_CAPTCHA","care to try these again?","captcha"]]}}"#)),
            dead(point(SUBMIT, 200, r#"{"json":{"errors":[["USER_REQUIRED","Please log in to do that.",null]]}}"#)),
            dead(free(RENEW, 400, r#"{"message":"Bad Request","error":"invalid_grant"}"#)),
            setup(free(RENEW, 401, r#"{"message":"Unauthorized","error":401}"#)),
            setup(free(RENEW, 400, r#"{"error":"unsupported_grant_type"}"#)),
            dead(point(SUBMIT, 401, r#"{"message":"Unauthorized","error":401}"#)),
            there(point(SUBMIT, 403, r#"{"reason":"private","message":"Forbidden","error":403}"#)),
            point(SUBMIT, 403, r#"{"message":"Forbidden","error":403}"#).is(
                Code::PERMISSION_MISSING,
                permission,
                Scope::Account,
            ),
            gone(point(SUBMIT, 404, r#"{"message":"Not Found","error":404}"#)),
            spoiled(free(UPLOAD, 413, "<Error><Code>EntityTooLarge</Code></Error>")),
            spoiled(free(UPLOAD, 400, "<Error><Code>EntityTooLarge</Code></Error>")),
            spoiled(free("lease upload", 400, r#"{"message":"Bad Request","error":400}"#)),
            point(SUBMIT, 429, r#"{"message":"Too Many Requests","error":429}"#).is(
                Code::RATE_LIMITED_APP,
                RETRY,
                Scope::App,
            ),
        ],
    );
}

#[test]
fn a_page_and_a_code_that_nobody_knows_are_no_refusal() {
    let account = stand("reddit", "https://oauth.reddit.com", says("x")).account;
    for (status, page) in [
        (200, r#"{"json":{"errors":[["SOMETHING_NEW","what?",null]]}}"#),
        (200, r#"{"json":{"errors":[]}}"#),
        (403, "<html>whoa there, pardner! blocked</html>"),
        (404, "<html>page not found</html>"),
        (500, "<html>Our CDN was unable to reach our servers</html>"),
    ] {
        let answer = oncepost_channels::Answer {
            step: SUBMIT,
            point: true,
            status,
            headers: Default::default(),
            body: page.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(TABLE.judge(&answer, &account).landed, Landed::Unknown, "{status} {page}");
    }
}

struct Scene {
    fake: Fake<Reddit>,
    stand: Arc<Stand>,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Reddit>::start().await;
        let stand = Arc::new(stand("reddit", &fake.url(), content));
        Self { fake, stand }
    }

    fn pass(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    fn native(&self, name: &str) -> Value {
        self.fake.posts()[0].native[name].clone()
    }
}

fn with_settings(content: Content, settings: &[(&str, &str)]) -> Content {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Content { settings: settings.collect(), ..content }
}

fn link(title: &str, url: &str) -> Content {
    Content { link: Some(url.into()), ..says(title) }
}

#[tokio::test]
async fn a_text_a_link_and_their_settings_reach_the_subreddit() {
    let settings = [("subreddit", "/r/rust/"), ("flair_text", "news"), ("nsfw", "true")];
    let scene = Scene::new(with_settings(says("Title\n\nSome *text* & more"), &settings)).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.native("subreddit"), scene.native("title")), (json!("rust"), json!("Title")));
    assert_eq!((scene.native("selftext"), scene.native("over_18")), (json!("Some *text* & more"), json!(true)));
    assert_eq!(scene.native("link_flair_text"), "news");
    let receipt = scene.stand.receipts()[0].clone();
    assert!(
        receipt.id.starts_with("t3_") && receipt.url.unwrap().starts_with("https://www.reddit.com/r/rust/comments/")
    );

    let shared = scene.stand.another(link("Look at this", "https://a.example/"));
    assert_eq!(shared.attempt().await.failure, None);
    let post = scene.fake.posts()[1].native.clone();
    assert_eq!(
        (&post["is_self"], &post["url"], &post["subreddit"]),
        (&json!(false), &json!("https://a.example/"), &json!("test"))
    );
}

#[tokio::test]
async fn a_post_without_a_subreddit_is_not_sent() {
    let mut scene = Scene::new(says("Title")).await;
    Arc::get_mut(&mut scene.stand).unwrap().account.settings.remove("subreddit");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::BAD_SETTING, Landed::No, Scope::Post));
    assert!(failure.said.text.contains("\"subreddit\"") && scene.fake.calls().is_empty());
}

#[tokio::test]
async fn what_reddit_would_refuse_is_refused_before() {
    let stand = stand("reddit", "https://oauth.reddit.com", says("x"));
    let objections = |content: Content| {
        let found = stand.channel.check(&Draft(content)).into_iter();
        found.map(|objection| (objection.path, objection.code)).collect::<Vec<_>>()
    };
    for (name, value) in
        [("subreddit", "two words"), ("kind", "poll"), ("nsfw", "yes"), ("spoiler", "1"), ("kind", "link")]
    {
        let wanted = [(format!("settings.{name}"), Code::BAD_SETTING)];
        assert_eq!(objections(with_settings(says("x"), &[(name, value)])), wanted, "{name} = {value}");
    }
    let both = with_settings(link("Title\ntext", "https://a.example/"), &[("kind", "link")]);
    assert_eq!(objections(both), [("settings.kind".to_owned(), Code::BAD_SETTING)]);
    assert_eq!(objections(says(&"x".repeat(301))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    assert_eq!(objections(says(&format!("Title\n{}", "x".repeat(40_000)))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    let shown = |content: Content| Content { media: picture("", "https://a.example").media, ..content };
    assert_eq!(objections(shown(says("Title"))), []);
    assert_eq!(objections(shown(says("Title\ntext"))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    let told = |content: Content| stand.channel.check(&Draft(shown(content))).remove(0);
    let titled = |content: Content| with_settings(content, &[("title", "A title")]);
    let (lines, both, linked) =
        ("the text has more than one line", "there is a text besides the setting \"title\"", "there is a link");
    for (content, wrong, remedy) in [
        (says("Title\ntext"), lines.to_owned(), "make the text one line"),
        (link("Title", "https://a.example/"), linked.to_owned(), "leave the link out"),
        (
            link("Title\ntext", "https://a.example/"),
            format!("{lines}, and {linked}"),
            "make the text one line, and leave the link out",
        ),
        (titled(says("text")), both.to_owned(), "leave one of the two out"),
        (titled(says("more\ntext")), both.to_owned(), "leave the text out"),
        (titled(link("", "https://a.example/")), linked.to_owned(), "leave the link out"),
    ] {
        let objection = told(content);
        let message = format!("Reddit takes a title beside a picture and nothing else, and {wrong}");
        assert_eq!((objection.message, objection.remedy.as_str()), (message, remedy));
    }
    assert_eq!(objections(shown(thread(&["Title", "comment"]))), [("thread".to_owned(), Code::THREAD_NOT_TAKEN)]);
    let mut comment = thread(&["Title", "comment"]);
    comment.thread[0].media = picture("", "https://a.example").media;
    assert_eq!(objections(comment), [("thread[0].media".to_owned(), Code::TOO_MANY_MEDIA)]);
    let comment = "x".repeat(10_001);
    assert_eq!(objections(thread(&["Title", &comment])), [("thread[0].text".to_owned(), Code::TEXT_TOO_LONG)]);
    assert_eq!(
        objections(with_settings(link("Title", "https://a.example/"), &[("kind", "link"), ("nsfw", "false")])),
        []
    );
}

#[tokio::test]
async fn further_parts_are_comments_each_under_the_one_before() {
    let scene = Scene::new(thread(&["Title\ntext", "one", "two"])).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let ids: Vec<_> = scene.stand.receipts().into_iter().map(|receipt| receipt.id).collect();
    let posts = scene.fake.posts();
    let parents: Vec<_> = posts[1..].iter().map(|post| post.native["parent_id"].clone()).collect();
    assert_eq!(parents, [json!(ids[0]), json!(ids[1])]);
    assert!(scene.stand.receipts()[1].url.as_ref().unwrap().starts_with("https://www.reddit.com/r/test/comments/"));
}

#[tokio::test]
async fn o01_a_refused_comment_does_not_post_again() {
    let scene = Scene::new(thread(&["Title", "first comment"])).await;
    let locked = json!({"json": {"errors": [["THREAD_LOCKED", "comments are locked", "parent"]]}});
    scene.fake.cue(Cue::refuse(200, &locked).on("POST", "api/comment"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, scene.stand.receipts().len()), (Code::REFERENCE_GONE, 1));
    scene.settle().await;
    assert_eq!(scene.fake.posts().len(), 1);
    scene.stand.ask(&domain::Command::Retry);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2), "only the comment was missing");
}

#[tokio::test]
async fn a_crash_between_any_two_steps_resumes_and_makes_one_post() {
    for (path, made) in [("api/submit", 1), ("api/comment", 2)] {
        let scene = Scene::new(thread(&["Title", "comment"])).await;
        dies_at(&scene.fake, &scene.stand, "POST", path).await;
        assert_eq!(scene.fake.posts().len(), made, "{path}");
        scene.settle().await;
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2), "{path}");
        assert_eq!(scene.fake.publish_calls().len(), 2, "{path}: nothing was sent twice");
    }
}

#[tokio::test]
async fn d14_a_lost_post_is_looked_up_and_the_lag_of_the_listing_waited_out() {
    let scene = Scene::new(says("Title\ntext")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(500)));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    let attempts = scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert!(attempts.len() > 1 && attempts.iter().all(|ended| ended.kind == AttemptKind::Look), "{attempts:?}");
    assert_eq!(attempts[0].finding, Some(Finding::Absent), "which proves nothing so soon");
    assert_eq!(
        (scene.stand.state(), scene.fake.posts().len(), scene.fake.publish_calls().len()),
        (State::Published, 1, 1)
    );
}

#[tokio::test]
async fn a_post_that_never_arrived_goes_out_after_twenty_minutes() {
    let scene = Scene::new(says("Title")).await;
    let before = scene.fake.now();
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    assert_eq!(scene.settle().await.last(), Some(&AttemptKind::Send));
    assert!(scene.fake.posts()[0].created_at >= before + Duration::from_secs(1200));
    assert_eq!(scene.fake.posts().len(), 1);
}

#[tokio::test]
async fn a_look_takes_nothing_that_is_another_posts() {
    let scene = Scene::new(says("Same title\ntext")).await;
    scene.stand.another(says("Same title\ntext")).attempt().await;
    scene.pass(120);
    let ours = scene.stand.another(says("Same title\ntext"));
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "it was made before ours could have been");
    scene.stand.another(says("Other title\ntext")).attempt().await;
    scene.stand.another(with_settings(says("Same title\ntext"), &[("subreddit", "elsewhere")])).attempt().await;
    scene.stand.another(with_settings(link("Same title", "https://a.example/"), &[("kind", "link")])).attempt().await;
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "title, subreddit and kind are others");
    let twin = scene.stand.another(says("Same title\ntext"));
    twin.attempt().await;
    let twins = twin.receipts()[0].clone();
    ours.taken.lock().unwrap().push(twins.id.clone());
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
    ours.taken.lock().unwrap().clear();
    let Finding::Found(found) = ours.find(0).await.unwrap() else { panic!("it is there") };
    assert_eq!(found.id, twins.id);
}

#[tokio::test]
async fn a_title_that_reddit_has_tidied_up_is_still_ours() {
    let scene = Scene::new(with_settings(says("text & more <3"), &[("title", "Two  spaces &\ttabs")])).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    assert_eq!(scene.fake.posts()[0].native["title"], "Two spaces & tabs");
    assert_eq!(scene.settle().await, [AttemptKind::Look]);
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
}

#[tokio::test]
async fn of_several_with_our_title_the_one_with_our_text_is_ours() {
    let scene = Scene::new(says("Title\nours")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let ours = scene.fake.posts()[0].id.clone();
    for text in ["Title\nbefore", "Title\nafter"] {
        scene.stand.another(says(text)).attempt().await;
    }
    let Finding::Found(found) = scene.stand.find(0).await.unwrap() else { panic!("it is there") };
    assert_eq!(found.id, ours);
}

#[tokio::test]
async fn a_post_that_a_filter_removed_is_out_all_the_same() {
    let scene = Scene::new(thread(&["Title\ntext", "comment"])).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.fake.platform().remove(&scene.fake.posts()[0].id, &scene.fake);
    scene.fake.cue(Cue::new(End::CutAfter).on("POST", "api/comment"));
    scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes() {
    let scene = Scene::new(says("Deep down")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..120 {
        scene.stand.another(says(&format!("Later {n}"))).attempt().await;
    }
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
    let asked = |end: &str| scene.fake.calls().iter().filter(|call| call.path.ends_with(end)).count();
    assert_eq!((asked("/submitted"), asked("/me")), (2, 1), "the account's name is remembered");
}

#[tokio::test]
async fn m17_a_picture_is_accepted_and_published_only_when_it_is_listed() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Look", &file.url())).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.stand.state(), scene.stand.receipts().len()), (State::Processing, 0));
    let paths: Vec<_> = scene.fake.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(paths, ["/api/media/asset.json", "/media-store", "/api/submit"]);
    let twin = scene.stand.another(with_settings(link("Look", "https://a.example/"), &[("subreddit", "elsewhere")]));
    twin.attempt().await;
    let attempts = scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert!(attempts.len() > 1 && attempts.iter().all(|ended| ended.kind == AttemptKind::Poll), "{attempts:?}");
    let post = &scene.fake.posts()[0];
    assert_eq!((scene.stand.state(), scene.stand.receipts()[0].id.as_str()), (State::Published, post.id.as_str()));
    assert!(post.native["url"].as_str().unwrap().contains("/media-store/rte_images/"), "{post:?}");
}

#[tokio::test]
async fn m15_the_comments_go_out_once_the_picture_is_listed() {
    let file = files(png()).await;
    let media = picture("Look", &file.url()).media;
    let scene = Scene::new(Content { media, ..thread(&["Look", "and a word"]) }).await;
    scene.stand.attempt().await;
    assert_eq!(scene.stand.state(), State::Processing);
    scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert_eq!((scene.stand.state(), scene.stand.receipts().len()), (State::Published, 2));
    assert_eq!(scene.fake.posts().len(), 2);
}

#[tokio::test]
async fn d02_a_token_that_dies_in_mid_poll_is_no_verdict() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Look", &file.url())).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.fake.cue(Cue::refuse(401, &json!({"message": "Unauthorized", "error": 401})).on("GET", "/submitted"));
    scene.pass(30);
    let ended = scene.stand.attempt().await;
    let failure = ended.failure.unwrap();
    assert_eq!((ended.kind, failure.landed), (AttemptKind::Poll, Landed::Unknown), "{failure:?}");
    assert_eq!((scene.stand.state(), scene.stand.target().listed), (State::Processing, None));
    scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::Published, 1));
}

#[tokio::test]
async fn m07_o02_a_picture_that_is_never_made_is_not_shown_as_published() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Look", &file.url())).await;
    scene.fake.set(|knobs| knobs.loses_images = true);
    scene.stand.attempt().await;
    for _ in 0..10 {
        scene.pass(1000);
        assert_eq!(scene.stand.attempt().await.kind, AttemptKind::Poll);
    }
    assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::Processing, 1));
}

#[tokio::test]
async fn a_picture_whose_answer_was_lost_is_looked_for_like_any_post() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Look", &file.url())).await;
    scene.fake.set(|knobs| knobs.image_after_s = 900);
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    let attempts = scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert!(attempts.iter().all(|ended| ended.kind == AttemptKind::Look), "{attempts:?}");
    assert_eq!(
        (scene.stand.state(), scene.fake.posts().len(), scene.fake.publish_calls().len()),
        (State::Published, 1, 1)
    );
}

#[tokio::test]
async fn a_picture_is_uploaded_once_and_refused_where_it_is_none_or_too_large() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Look", &file.url())).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }));
    scene.stand.attempt().await;
    scene.settle().await;
    let uploads = scene.fake.calls().iter().filter(|call| call.path == "/media-store").count();
    assert_eq!((scene.stand.state(), uploads), (State::Published, 1));
    scene.fake.set(|knobs| knobs.max_upload_bytes = 10);
    let large = scene.stand.another(picture("Large", &file.url()));
    assert_eq!(large.attempt().await.failure.unwrap().code, Code::MEDIA_REFUSED);
    let video = files(b"\0\0\0\x20ftypmp42".to_vec()).await;
    let film = scene.stand.another(picture("Film", &video.url()));
    assert_eq!(film.attempt().await.failure.unwrap().code, Code::MEDIA_REFUSED);
}

#[tokio::test]
async fn a_crash_while_a_picture_goes_up_makes_one_post() {
    for (path, uploads) in [("asset.json", 1), ("media-store", 2), ("api/submit", 1)] {
        let file = files(png()).await;
        let scene = Scene::new(picture("Look", &file.url())).await;
        dies_at(&scene.fake, &scene.stand, "POST", path).await;
        scene.settle().await;
        let calls = scene.fake.calls();
        let uploaded = calls.iter().filter(|call| call.path == "/media-store").count();
        assert_eq!((scene.stand.state(), scene.fake.posts().len(), uploaded), (State::Published, 1, uploads), "{path}");
        assert_eq!(scene.fake.publish_calls().len(), 1, "{path}");
    }
}

async fn sent_link(scene: &Scene) -> Failure {
    scene.stand.attempt().await.failure.unwrap()
}

#[tokio::test]
async fn a_link_that_another_has_posted_is_refused_for_good() {
    let scene = Scene::new(link("Ours", "https://a.example/")).await;
    scene.stand.another(link("Theirs", "https://a.example/")).attempt().await;
    let failure = sent_link(&scene).await;
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::DUPLICATE_REFUSED, Landed::No, Worth::Never));
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Failed, 1));
}

#[tokio::test]
async fn a_link_that_is_refused_after_a_doubt_is_out_and_found() {
    let scene = Scene::new(link("Ours", "https://a.example/")).await;
    // Listed only after absence has been believed: the link itself is what prevents the second post.
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(1500)));
    assert_eq!(sent_link(&scene).await.landed, Landed::Unknown);
    let attempts = scene.stand.settle(|span| scene.fake.advance(span)).await;
    let refused = attempts.iter().find(|ended| ended.kind == AttemptKind::Send).unwrap().failure.as_ref().unwrap();
    assert_eq!((refused.code, refused.landed), (Code::DUPLICATE_REFUSED, Landed::Unknown));
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
    assert_eq!(scene.stand.receipts()[0].id, scene.fake.posts()[0].id);
}

#[tokio::test]
async fn a_link_that_is_refused_while_its_own_post_is_listed_is_settled_at_once() {
    // How many looks it takes until absence is believed.
    let absent = Scene::new(link("Ours", "https://a.example/")).await;
    absent.fake.cue(Cue::new(End::CutBefore));
    sent_link(&absent).await;
    let looks = absent.settle().await.iter().filter(|kind| **kind == AttemptKind::Look).count();

    let scene = Scene::new(link("Ours", "https://a.example/")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    sent_link(&scene).await;
    // So many looks fail to see it, as if a cache in front of the listing were behind.
    let empty = json!({"kind": "Listing", "data": {"after": null, "children": []}});
    scene.fake.cue(Cue::refuse(200, &empty).on("GET", "/submitted").times(looks as u64));
    let attempts = scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert_eq!(attempts.last().map(|ended| ended.kind), Some(AttemptKind::Send), "{attempts:?}");
    assert!(attempts.iter().all(|ended| ended.failure.is_none()), "{attempts:?}");
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
}

#[tokio::test]
async fn a_rate_limit_before_does_not_make_a_strangers_link_ours() {
    let scene = Scene::new(link("Ours", "https://a.example/")).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }));
    assert_eq!(sent_link(&scene).await.code, Code::RATE_LIMITED_ACCOUNT);
    scene.stand.another(link("Theirs", "https://a.example/")).attempt().await;
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!(
        (scene.stand.state(), failure.code, failure.landed),
        (State::Failed, Code::DUPLICATE_REFUSED, Landed::No)
    );
}

#[tokio::test]
async fn o06_the_limiter_of_posts_is_waited_out_to_the_second() {
    let scene = Scene::new(says("One")).await;
    scene.fake.set(|knobs| knobs.post_every_s = 550);
    scene.stand.attempt().await;
    let next = scene.stand.another(says("Two"));
    let told = scene.fake.now() + Duration::from_secs(545);
    let failure = next.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, next.target().tries), (Code::RATE_LIMITED_ACCOUNT, Scope::Account, 0));
    assert!(failure.not_before().unwrap() >= told, "the seconds count, not the \"9 minutes\": {failure:?}");
    next.settle(|span| scene.fake.advance(span)).await;
    assert_eq!((next.state(), scene.fake.publish_calls().len()), (State::Published, 3));
}

#[tokio::test]
async fn r01_too_many_calls_are_a_matter_of_the_app() {
    let scene = Scene::new(says("One")).await;
    scene.fake.set(|knobs| knobs.calls_per_window = 1);
    scene.stand.attempt().await;
    let told = scene.fake.now() + Duration::from_secs(590);
    let failure = scene.stand.another(says("Two")).attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::RATE_LIMITED_APP, Scope::App, Landed::No));
    assert!(failure.not_before().unwrap() >= told, "{failure:?}");
}

#[tokio::test]
async fn t07_a_ban_from_one_subreddit_does_not_hold_the_account() {
    let scene = Scene::new(says("One")).await;
    scene.fake.platform().ban("main", "test");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.holds_siblings()), (Code::PERMISSION_MISSING, Scope::Post, false));
    let elsewhere = scene.stand.another(with_settings(says("Two"), &[("subreddit", "elsewhere")]));
    assert_eq!(elsewhere.attempt().await.failure, None);
    scene.fake.platform().close("elsewhere");
    let closed = scene.stand.another(with_settings(says("Three"), &[("subreddit", "elsewhere")]));
    assert_eq!(closed.attempt().await.failure.unwrap().code, Code::REFERENCE_GONE);
}

#[tokio::test]
async fn we_say_who_we_are() {
    let mut scene = Scene::new(says("One")).await;
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.settings.insert("user_agent".into(), "curl/8".into());
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::RATE_LIMITED_APP, "a name that many share");
    Arc::get_mut(&mut scene.stand).unwrap().account.settings.remove("user_agent");
    scene.settle().await;
    assert_eq!(scene.stand.state(), State::Published);
}

#[tokio::test]
async fn credentials_are_checked_without_publishing() {
    let scene = Scene::new(says("One")).await;
    let check = async || scene.stand.channel.check_credentials(&scene.stand.account).await;
    assert_eq!(check().await.unwrap().who, "main");
    scene.fake.platform().suspend("main");
    let failure = check().await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::ACCOUNT_RESTRICTED, Scope::Account));
    scene.fake.platform().expire("main");
    assert_eq!(check().await.unwrap_err().code, Code::TOKEN_REVOKED);
}

#[tokio::test]
async fn t08_an_ended_token_is_renewed_and_the_refresh_token_stays() {
    let scene = Scene::new(says("One")).await;
    let channel = scene.stand.channel.clone();
    assert!(matches!(channel.about().tokens, TokenLife::Refreshed { refresh_life: None, .. }));
    scene.fake.platform().expire("main");
    let before = scene.fake.now();
    let tokens = channel.refresh(&scene.stand.account).await.unwrap().unwrap();
    assert!(tokens.refresh.is_none(), "nothing replaces the one that is stored");
    assert!(tokens.expires_at.unwrap() >= before + Duration::from_secs(3590));
    assert!(tokens.scopes.unwrap().contains(&"submit".to_owned()));
    let mut account = scene.stand.account.clone();
    account.secrets.insert("access_token".into(), tokens.access);
    assert_eq!(channel.check_credentials(&account).await.unwrap().who, "main");
    assert!(channel.refresh(&account).await.unwrap().is_some(), "it is good again and again");
    scene.pass(3601);
    assert_eq!(channel.check_credentials(&account).await.unwrap_err().code, Code::TOKEN_REVOKED);
}

#[tokio::test]
async fn t02_o07_only_a_dead_refresh_token_is_a_reason_to_reconnect() {
    let scene = Scene::new(says("One")).await;
    let refresh = async |account: Account| scene.stand.channel.refresh(&account).await.unwrap_err();
    let ours = || scene.stand.account.clone();
    scene.fake.cue(Cue::new(End::Outage).on("POST", "access_token"));
    let outage = refresh(ours()).await;
    assert_eq!((outage.code, outage.worth, outage.landed), (Code::OUT_OF_ORDER, RETRY, Landed::No));
    scene.fake.cue(Cue::new(End::CutAfter).on("POST", "access_token"));
    let lost = refresh(ours()).await;
    assert_eq!(
        (lost.worth, lost.landed),
        (RETRY, Landed::No),
        "a lost answer costs nothing: the refresh token stays good"
    );
    let mut stranger = ours();
    stranger.secrets.insert("client_secret".into(), Secret::new("wrong"));
    let app = refresh(stranger).await;
    assert_eq!((app.code, app.scope), (Code::APP_MISCONFIGURED, Scope::App));
    scene.fake.platform().revoke("main");
    let dead = refresh(ours()).await;
    assert_eq!((dead.code, dead.scope), (Code::TOKEN_REVOKED, Scope::Account));
    assert!(dead.holds_siblings());
}

#[tokio::test]
async fn a_picture_travels_encrypted_or_not_at_all() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Look", &file.url())).await;
    let fields = json!([{"name": "key", "value": "k"}]);
    let lease = json!({"args": {"action": "http://store.example/", "fields": fields}});
    scene.fake.cue(Cue::refuse(200, &lease).on("POST", "asset.json"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::STRANGE_ANSWER, Landed::No));
    assert!(!failure.holds_siblings(), "the account can do nothing about it");
    assert!(failure.said.text.contains("store.example must be https"), "{failure:?}");
    assert!(scene.fake.publish_calls().is_empty());
}

#[tokio::test]
async fn what_an_account_says_wrongly_is_told() {
    let stand = stand("reddit", "https://oauth.reddit.com", says("x"));
    for (name, value) in [("subreddit", "two words"), ("auth_url", "somewhere")] {
        let mut account = stand.account.clone();
        account.settings.insert(name.into(), value.into());
        let wrong = stand.channel.check_account(&account.card());
        assert!(wrong.len() == 1 && wrong[0].contains(name), "{wrong:?}");
    }
    let mut account = stand.account.clone();
    account.settings.insert("auth_url".into(), "http://auth.example".into());
    let failure = stand.channel.refresh(&account).await.unwrap_err();
    assert_eq!(failure.code, Code::APP_MISCONFIGURED, "secrets do not travel in the clear");
}
