//! What is particular to WordPress.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Content, Draft, Finding, Fix, Landed, Media, Part, Scope, State, Worth};
use kit::{
    crash::dies_at,
    rows::{self, Case, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::wordpress::TABLE;
use serde_json::{Value, json};
use testkit::{Cue, End, Fake, WordPress};

const DRAFT: &str = "write draft";
const PUBLISH: &str = "publish draft";
const UPLOAD: &str = "upload media";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("wordpress", "https://blog.example", says("x")).account;
    let (reconnect, permission) = (fix(Fix::Reconnect), fix(Fix::Permission));
    let held = |case: Case, code| case.is(code, permission, Scope::Account);
    let refused = |case: Case, code| case.is(code, Worth::Never, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            point(PUBLISH, 429, "<html>Too Many Requests</html>").is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account),
            point(PUBLISH, 401, r#"{"code":"rest_cannot_edit","message":"Sorry"}"#).is(
                Code::TOKEN_REVOKED,
                reconnect,
                Scope::Account,
            ),
            free("find draft", 400, r#"{"code":"rest_invalid_param","message":"Invalid parameter(s): status"}"#).is(
                Code::TOKEN_REVOKED,
                reconnect,
                Scope::Account,
            ),
            held(free(UPLOAD, 403, r#"{"code":"rest_cannot_create","message":"Sorry"}"#), Code::PERMISSION_MISSING),
            held(point(PUBLISH, 403, r#"{"code":"rest_cannot_publish","message":"Sorry"}"#), Code::PERMISSION_MISSING),
            held(point(PUBLISH, 403, r#"{"code":"rest_cannot_edit","message":"Sorry"}"#), Code::PERMISSION_MISSING),
            held(free(DRAFT, 403, r#"{"code":"rest_cannot_assign_term","message":"Sorry"}"#), Code::PERMISSION_MISSING),
            held(free("read post", 403, r#"{"code":"rest_forbidden","message":"Sorry"}"#), Code::PERMISSION_MISSING),
            refused(
                point(PUBLISH, 404, r#"{"code":"rest_post_invalid_id","message":"Invalid"}"#),
                Code::REFERENCE_GONE,
            ),
            point(PUBLISH, 404, r#"{"code":"rest_no_route","message":"No route was found"}"#).is(
                Code::APP_MISCONFIGURED,
                fix(Fix::Setup),
                Scope::Account,
            ),
            free(DRAFT, 400, r#"{"code":"rest_invalid_featured_media","message":"Invalid featured media ID."}"#).is(
                Code::MEDIA_NOT_READY,
                RETRY,
                Scope::Post,
            ),
            refused(
                free(UPLOAD, 500, r#"{"code":"rest_upload_sideload_error","message":"Sorry, this file type"}"#),
                Code::MEDIA_REFUSED,
            ),
            refused(
                free(DRAFT, 500, r#"{"code":"db_insert_error","message":"Could not insert"}"#),
                Code::CONTENT_REFUSED,
            ),
            refused(
                free(DRAFT, 500, r#"{"code":"db_update_error","message":"Could not update"}"#),
                Code::CONTENT_REFUSED,
            ),
            refused(free(UPLOAD, 413, "<html>413</html>"), Code::MEDIA_REFUSED),
            refused(
                free(UPLOAD, 400, r#"{"code":"rest_upload_file_too_big","message":"too big"}"#),
                Code::MEDIA_REFUSED,
            ),
            refused(free(DRAFT, 413, "<html>413</html>"), Code::CONTENT_REFUSED),
            refused(free(DRAFT, 400, r#"{"code":"rest_invalid_param","message":"tags"}"#), Code::CONTENT_REFUSED),
            refused(
                free(DRAFT, 400, r#"{"code":"rest_invalid_json","message":"Invalid JSON"}"#),
                Code::CONTENT_REFUSED,
            ),
            refused(free(DRAFT, 400, r#"{"code":"empty_content","message":"empty"}"#), Code::CONTENT_REFUSED),
        ],
    );
}

#[test]
fn a_page_of_a_host_or_a_plugin_is_no_refusal() {
    let account = stand("wordpress", "https://blog.example", says("x")).account;
    let pages = [
        (403, "<html>Your access to this site has been limited</html>"),
        (404, "<html>Not found</html>"),
        (400, "<html>Bad request</html>"),
        (500, "<html><h1>Error establishing a database connection</h1></html>"),
        (500, r#"{"code":"db_update_error","message":"Could not update post in the database."}"#),
        (500, r#"{"code":"internal_server_error","message":"There has been a critical error on this website."}"#),
        (200, "<br />\n<b>Warning</b>: Undefined variable"),
    ];
    for (status, page) in pages {
        let answer = oncepost_channels::Answer {
            step: PUBLISH,
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
    fake: Fake<WordPress>,
    stand: Arc<Stand>,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<WordPress>::start().await;
        let stand = Arc::new(stand("wordpress", &fake.url(), content));
        Self { fake, stand }
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    /// What was called, in order, with ids left out.
    fn wire(&self) -> Vec<String> {
        let bare = |path: &str| {
            let path = path.trim_start_matches("/wp-json/wp/v2/");
            path.split('/')
                .map(|part| if part.parse::<u64>().is_ok() { "ID" } else { part })
                .collect::<Vec<_>>()
                .join("/")
        };
        self.fake.calls().iter().map(|call| format!("{} {}", call.method, bare(&call.path))).collect()
    }

    fn native(&self, name: &str) -> Value {
        self.fake.posts()[0].native[name].clone()
    }
}

fn with_settings(content: Content, settings: &[(&str, &str)]) -> Content {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Content { settings: settings.collect(), ..content }
}

#[tokio::test]
async fn a_draft_is_made_first_and_then_published_by_its_id() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Hello\n\nworld", &file.url())).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.wire(), ["POST media", "POST media/ID", "GET posts", "POST posts", "POST posts/ID"]);
    let receipt = scene.stand.receipts()[0].clone();
    assert_eq!(receipt.url.as_deref(), Some("https://blog.test/hello/"), "readers see no slug of ours");
    assert_eq!((scene.native("status"), scene.native("slug")), (json!("publish"), json!("hello")));
    assert_eq!(scene.native("content")["raw"], "<p>world</p>", "the only picture is the featured one");
    assert_eq!(scene.native("featured")["alt_text"], "a pixel");
    assert!(scene.fake.platform().drafts().is_empty());
}

#[tokio::test]
async fn settings_of_the_post_and_the_account_reach_the_article() {
    let file = files(png()).await;
    let settings = [
        ("title", "Tom & <Jerry>"),
        ("slug", "The Chase"),
        ("tags", "3, 4"),
        ("excerpt", "short"),
        ("featured_image", "none"),
    ];
    let content = Content { link: Some("https://a.example/".into()), ..picture("look [gallery]", &file.url()) };
    let mut scene = Scene::new(with_settings(content, &settings)).await;
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.settings.extend([("categories".into(), "7".into()), ("tags".into(), "9".into())]);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(
        (scene.native("title")["raw"].clone(), scene.native("slug")),
        (json!("Tom &amp; &lt;Jerry&gt;"), json!("the-chase"))
    );
    assert_eq!((scene.native("tags"), scene.native("categories")), (json!([3, 4]), json!([7])));
    assert_eq!((scene.native("featured_media"), scene.native("excerpt")["raw"].clone()), (json!(0), json!("short")));
    let html = scene.native("content")["raw"].as_str().unwrap().to_owned();
    assert!(html.starts_with("<p>look &#91;gallery]</p>\n<p><a href=\"https://a.example/\">"), "{html}");
    assert!(html.contains("alt=\"a pixel\""), "{html}");
}

#[tokio::test]
async fn a_thread_is_one_article_with_the_pictures_in_their_places() {
    let file = files(png()).await;
    let media = |n: u32| Media { url: format!("{}/{n}.png", file.url()), alt: None };
    let mut content = thread(&["Title\none", "two"]);
    content.media = vec![media(1), media(2)];
    content.thread[0] = Part { text: "two".into(), media: vec![media(3)] };
    let scene = Scene::new(content).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let html = scene.native("content")["raw"].as_str().unwrap().to_owned();
    let order: Vec<_> = html.lines().map(|line| &line[..line.len().min(10)]).collect();
    assert_eq!(order, ["<p>one</p>", "<figure cl", "<p>two</p>", "<figure cl"]);
    assert_eq!(scene.fake.posts().len(), 1);
}

#[tokio::test]
async fn what_wordpress_would_refuse_is_refused_before() {
    let stand = stand("wordpress", "https://blog.example", says("x"));
    let objections = |content: Content| {
        let found = stand.channel.check(&Draft(content)).into_iter();
        found.map(|objection| (objection.path, objection.code)).collect::<Vec<_>>()
    };
    for (name, value) in [("tags", "news"), ("categories", "1,,2"), ("categories", "0"), ("featured_image", "last")] {
        let wanted = [(format!("settings.{name}"), Code::BAD_SETTING)];
        assert_eq!(objections(with_settings(says("x"), &[(name, value)])), wanted);
    }
    assert_eq!(objections(with_settings(says("x"), &[("tags", "1, 2"), ("featured_image", "none")])), []);
    assert_eq!(objections(says(&"x".repeat(65_536))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    assert_eq!(objections(says(&format!("Title\n{}", "x".repeat(65_536)))), []);
    let untitled = Content { text: String::new(), ..picture("", "https://a.example") };
    assert_eq!(objections(untitled), [("settings.title".to_owned(), Code::NOTHING_TO_SAY)]);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_resumes_and_makes_one_post() {
    let steps = [
        ("POST", "/wp/v2/media", 2),
        ("POST", "/wp/v2/media/", 1),
        ("GET", "/wp/v2/posts", 1),
        ("POST", "/wp/v2/posts", 1),
        ("POST", "/wp/v2/posts/", 1),
    ];
    for (method, path, uploads) in steps {
        let file = files(png()).await;
        let scene = Scene::new(picture("Hello\nworld", &file.url())).await;
        dies_at(&scene.fake, &scene.stand, method, path).await;
        scene.settle().await;
        let step = format!("{method} {path}");
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1), "{step}");
        assert!(scene.fake.platform().drafts().is_empty(), "{step}: no second draft is left behind");
        let wire = scene.wire();
        assert_eq!(wire.iter().filter(|call| *call == "POST media").count(), uploads, "{step}: {wire:?}");
        assert_eq!(wire.iter().filter(|call| *call == "POST posts").count(), 1, "{step}: {wire:?}");
    }
}

#[tokio::test]
async fn a_draft_whose_answer_was_lost_is_found_by_its_slug() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::CutAfter).on("POST", "/wp/v2/posts"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::OUT_OF_ORDER, Landed::No));
    let [(id, slug)] = scene.fake.platform().drafts().try_into().unwrap();
    assert!(slug.ends_with(&scene.stand.target().id.0.simple().to_string()), "{slug}");
    assert_eq!(scene.settle().await, [AttemptKind::Send]);
    assert_eq!(scene.stand.receipts()[0].id, id.to_string());
    assert_eq!(scene.fake.posts().len(), 1);
}

#[tokio::test]
async fn a_draft_that_is_found_again_gets_what_the_post_says_now() {
    let mut scene = Scene::new(says("Hello\nold")).await;
    scene.fake.cue(Cue::new(End::CutAfter).on("POST", "/wp/v2/posts"));
    scene.stand.attempt().await;
    Arc::get_mut(&mut scene.stand).unwrap().draft = Draft(says("Hello\nnew"));
    scene.settle().await;
    assert_eq!(scene.fake.posts()[0].text, "Hello\nnew");
    assert_eq!(scene.fake.posts().len(), 1);
}

#[tokio::test]
async fn d14_a_lost_publish_is_looked_up_by_its_id_and_never_by_its_likeness() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    let twin = scene.stand.another(says("Hello"));
    twin.attempt().await;
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "the twin's post is not ours");
    assert_eq!(scene.settle().await, [AttemptKind::Look, AttemptKind::Send]);
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
}

#[tokio::test]
async fn a_publish_that_lands_twice_is_one_post() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let handles = scene.stand.target().handles;
    // The look says "not there": a cache in front of the site is behind.
    let draft = json!({"id": handles["draft"].parse::<u64>().unwrap(), "status": "draft"});
    scene.fake.cue(Cue::refuse(200, &draft).on("GET", "/wp/v2/posts/"));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::Published, 2));
    assert_eq!((scene.fake.posts().len(), scene.native("slug")), (1, json!("hello")));
}

#[tokio::test]
async fn a_post_that_somebody_took_away_is_for_a_person() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let id = scene.stand.target().handles["draft"].parse().unwrap();
    scene.fake.platform().set_status(id, "trash");
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(why) if why.contains("trash")));
    scene.fake.platform().erase(id);
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(why) if why.contains("deleted")));
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn a_draft_that_somebody_deleted_is_not_made_again_unasked() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }));
    scene.stand.attempt().await;
    scene.fake.platform().erase(scene.stand.target().handles["draft"].parse().unwrap());
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((scene.stand.state(), failure.code), (State::Failed, Code::REFERENCE_GONE));
    scene.stand.ask(&domain::Command::Retry);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1), "a person asked for it");
}

#[tokio::test]
async fn uploads_that_the_site_lost_are_made_again() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Hello", &file.url())).await;
    let gone = json!({"code": "rest_invalid_featured_media", "message": "Invalid featured media ID."});
    scene.fake.cue(Cue::refuse(400, &gone).on("POST", "/wp/v2/posts"));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::MEDIA_NOT_READY);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
    assert_eq!(scene.wire().iter().filter(|call| *call == "POST media").count(), 2);
}

#[tokio::test]
async fn a_permanent_500_is_not_tried_again_and_again() {
    let file = files(b"GIF89a".to_vec()).await;
    let scene = Scene::new(picture("Hello", &file.url())).await;
    let refusal =
        json!({"code": "rest_upload_sideload_error", "message": "Sorry, you are not allowed this file type."});
    scene.fake.cue(Cue::refuse(500, &refusal).on("POST", "/wp/v2/media"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.stand.state()), (Code::MEDIA_REFUSED, Landed::No, State::Failed));
}

#[tokio::test]
async fn a_site_in_maintenance_is_tried_again_not_before_it_said() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.set(|knobs| knobs.maintenance = true);
    let told = scene.fake.now() + Duration::from_secs(600);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::OUT_OF_ORDER, Landed::No, Scope::Channel));
    assert!(failure.not_before().unwrap() >= told && failure.said.text.contains("maintenance"), "{failure:?}");
    scene.fake.set(|knobs| knobs.maintenance = false);
    scene.settle().await;
    assert_eq!(scene.stand.state(), State::Published);
}

#[tokio::test]
async fn credentials_are_checked_without_publishing() {
    let scene = Scene::new(says("Hello")).await;
    let check = async || scene.stand.channel.check_credentials(&scene.stand.account).await;
    let standing = check().await.unwrap();
    assert_eq!((standing.who.as_str(), standing.missing.len(), standing.unknown), ("main", 0, false));
    scene.fake.platform().make_contributor("main");
    assert_eq!(check().await.unwrap().missing, ["publish_posts", "upload_files"]);
    scene.fake.platform().revoke("main");
    let failure = check().await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::TOKEN_REVOKED, Scope::Account));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.step.as_str()), (Code::TOKEN_REVOKED, "find draft"), "the site hides its drafts");
    assert!(scene.fake.posts().is_empty());
}

#[tokio::test]
async fn the_version_of_the_api_can_be_set() {
    let mut scene = Scene::new(says("Hello")).await;
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.settings.insert("api_version".into(), "wp/v3".into());
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::APP_MISCONFIGURED, Scope::Account));
    assert!(scene.fake.calls()[0].path.starts_with("/wp-json/wp/v3/"));
}
