//! What is particular to Ghost.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Content, Draft, Finding, Fix, Landed, Media, Scope, State, Worth};
use kit::{
    crash::dies_at,
    rows::{self, Case, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Account, Secret, ghost::TABLE};
use serde_json::{Value, json};
use testkit::{Cue, End, Fake, Ghost};

const DRAFT: &str = "write draft";
const PUBLISH: &str = "publish draft";
const UPLOAD: &str = "upload image";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("ghost", "https://blog.example", says("x")).account;
    let reconnect = fix(Fix::Reconnect);
    let limited = |case: Case, code| case.is(code, RETRY, Scope::Account);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, reconnect, Scope::Account);
    let refused = |case: Case, code| case.is(code, Worth::Never, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            limited(
                point(PUBLISH, 429, r#"{"errors":[{"type":"TooManyRequestsError","message":"Too many requests."}]}"#),
                Code::RATE_LIMITED_ACCOUNT,
            ),
            limited(
                point(
                    PUBLISH,
                    401,
                    r#"{"errors":[{"type":"UnauthorizedError","code":"INVALID_JWT","message":"Invalid token: jwt expired"}]}"#,
                ),
                Code::TOKEN_EXPIRED,
            ),
            dead(point(
                PUBLISH,
                401,
                r#"{"errors":[{"type":"UnauthorizedError","code":"INVALID_JWT","message":"Invalid token: invalid signature"}]}"#,
            )),
            dead(free(
                DRAFT,
                400,
                r#"{"errors":[{"type":"BadRequestError","code":"INVALID_JWT","message":"Invalid token"}]}"#,
            )),
            point(PUBLISH, 403, r#"{"errors":[{"type":"NoPermissionError","code":null,"message":"no"}]}"#).is(
                Code::PERMISSION_MISSING,
                fix(Fix::Permission),
                Scope::Account,
            ),
            refused(
                point(PUBLISH, 404, r#"{"errors":[{"type":"NotFoundError","message":"Resource not found"}]}"#),
                Code::REFERENCE_GONE,
            ),
            free(DRAFT, 406, r#"{"errors":[{"type":"RequestNotAcceptableError","message":"version"}]}"#).is(
                Code::APP_MISCONFIGURED,
                fix(Fix::Setup),
                Scope::Account,
            ),
            point(PUBLISH, 409, r#"{"errors":[{"type":"UpdateCollisionError","code":"UPDATE_COLLISION"}]}"#)
                .is(Code::UNCLEAR_ANSWER, RETRY, Scope::Post)
                .in_doubt(),
            refused(free(UPLOAD, 413, "<html>413</html>"), Code::MEDIA_REFUSED),
            refused(
                free(UPLOAD, 415, r#"{"errors":[{"type":"UnsupportedMediaTypeError","message":"valid image"}]}"#),
                Code::MEDIA_REFUSED,
            ),
            refused(free(UPLOAD, 422, r#"{"errors":[{"type":"ValidationError"}]}"#), Code::MEDIA_REFUSED),
            refused(free(DRAFT, 413, "<html>413</html>"), Code::CONTENT_REFUSED),
            refused(
                free(DRAFT, 422, r#"{"errors":[{"type":"ValidationError","context":"maximum length of 255"}]}"#),
                Code::CONTENT_REFUSED,
            ),
            refused(
                free(DRAFT, 400, r#"{"errors":[{"type":"InternalServerError","message":"please try again"}]}"#),
                Code::CONTENT_REFUSED,
            ),
            refused(
                point(PUBLISH, 422, r#"{"errors":[{"type":"ValidationError","message":"cannot edit post"}]}"#),
                Code::CONTENT_REFUSED,
            ),
        ],
    );
}

#[test]
fn a_page_of_a_proxy_in_front_is_no_refusal() {
    let account = stand("ghost", "https://blog.example", says("x")).account;
    for (status, page) in [
        (404, "<html>404 Page not found</html>"),
        (403, "<html>Forbidden</html>"),
        (422, "?"),
        (400, r#"{"errors":[{"type":"InternalServerError","message":"please try again"}]}"#),
        (503, r#"{"errors":[{"type":"MaintenanceError","message":"maintenance"}]}"#),
    ] {
        let answer = oncepost_channels::Answer {
            step: PUBLISH,
            point: true,
            status,
            headers: Default::default(),
            body: page.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(TABLE.judge(&answer, &account).landed, Landed::Unknown, "{status}");
    }
}

struct Scene {
    fake: Fake<Ghost>,
    stand: Arc<Stand>,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Ghost>::start().await;
        let stand = Arc::new(stand("ghost", &fake.url(), content));
        Self { fake, stand }
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    /// What was called, in order, with ids and slugs left out.
    fn wire(&self) -> Vec<String> {
        let bare = |path: &str| {
            let path = path.trim_start_matches("/ghost/api/admin/").trim_end_matches('/');
            let shown = |part: &str| if part.len() >= 24 { "ID".to_owned() } else { part.to_owned() };
            path.split('/').map(shown).collect::<Vec<_>>().join("/")
        };
        self.fake.calls().iter().map(|call| format!("{} {}", call.method, bare(&call.path))).collect()
    }

    fn count(&self, call: &str) -> usize {
        self.wire().iter().filter(|made| *made == call).count()
    }

    fn native(&self, name: &str) -> Value {
        self.fake.posts()[0].native[name].clone()
    }

    fn document(&self) -> Value {
        serde_json::from_str(self.native("lexical").as_str().unwrap()).unwrap()
    }
}

fn with_settings(content: Content, settings: &[(&str, &str)]) -> Content {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Content { settings: settings.collect(), ..content }
}

#[tokio::test]
async fn a_draft_is_made_named_and_then_published_by_its_id() {
    let file = files(png()).await;
    let scene = Scene::new(picture("Hello\n\nworld", &file.url())).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let wire = ["POST images/upload", "GET posts/slug/ID", "POST posts", "PUT posts/ID", "PUT posts/ID"];
    assert_eq!(scene.wire(), wire);
    let receipt = scene.stand.receipts()[0].clone();
    assert_eq!(receipt.url.as_deref(), Some("https://ghost.test/hello/"), "readers see no slug of ours");
    assert_eq!(
        (scene.native("feature_image_alt"), scene.fake.posts()[0].text.as_str()),
        (json!("a pixel"), "Hello\nworld")
    );
    assert_eq!(
        scene.document()["root"]["children"].as_array().unwrap().len(),
        1,
        "the only picture is the featured one"
    );
    assert!(scene.fake.platform().drafts().is_empty() && scene.fake.platform().mails().is_empty());
}

#[tokio::test]
async fn settings_of_the_post_and_the_account_reach_the_article() {
    let settings =
        [("title", "Tom & <Jerry>"), ("slug", "The Chase"), ("tags", "News, #internal"), ("excerpt", "short")];
    let content = Content { link: Some("https://a.example/".into()), ..says("look") };
    let mut scene = Scene::new(with_settings(content, &settings)).await;
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.settings.extend([("visibility".into(), "members".into()), ("tags".into(), "Other".into())]);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.native("title"), scene.native("slug")), (json!("Tom & <Jerry>"), json!("the-chase")));
    assert_eq!(scene.native("tags"), json!([{"name": "News"}, {"name": "#internal"}]));
    assert_eq!((scene.native("visibility"), scene.native("custom_excerpt")), (json!("members"), json!("short")));
    assert_eq!(scene.document()["root"]["children"][1]["children"][0]["url"], "https://a.example/");
}

#[tokio::test]
async fn a_thread_is_one_article_with_the_pictures_in_their_places() {
    let file = files(png()).await;
    let media = |n: u32, alt: &str| Media { url: format!("{}/{n}.png", file.url()), alt: Some(alt.into()) };
    let mut content = thread(&["Title\none", "two"]);
    content.media = vec![media(1, &"long ".repeat(40))];
    content.thread[0].media = vec![media(2, "short")];
    let scene = Scene::new(content).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let document = scene.document();
    let kinds: Vec<_> = document["root"]["children"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["paragraph", "image", "paragraph", "image"]);
    assert_eq!(scene.native("feature_image"), json!(null), "its description is too long there");
}

#[tokio::test]
async fn an_e_mail_goes_out_only_if_the_post_asks_for_it_and_only_once() {
    let mut scene = Scene::new(with_settings(says("Quiet"), &[])).await;
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.settings.insert("newsletter".into(), "weekly".into());
    scene.stand.attempt().await;
    assert!(scene.fake.platform().mails().is_empty(), "an account cannot ask for it");
    let loud = scene.stand.another(with_settings(says("Loud"), &[("newsletter", "weekly")]));
    scene.fake.cue(Cue::new(End::CutAfter));
    loud.attempt().await;
    loud.settle(|span| scene.fake.advance(span)).await;
    assert_eq!((loud.state(), scene.fake.platform().mails().len()), (State::Published, 1));
    assert_eq!(scene.fake.platform().mails()[0].1, "weekly");
}

#[tokio::test]
async fn what_ghost_would_refuse_is_refused_before() {
    let stand = stand("ghost", "https://blog.example", says("x"));
    let objections = |content: Content| {
        let found = stand.channel.check(&Draft(content)).into_iter();
        found.map(|objection| (objection.path, objection.code)).collect::<Vec<_>>()
    };
    for (name, value) in [("visibility", "friends"), ("featured_image", "last")] {
        let wanted = [(format!("settings.{name}"), Code::BAD_SETTING)];
        assert_eq!(objections(with_settings(says("x"), &[(name, value)])), wanted);
    }
    let long = "x".repeat(256);
    assert_eq!(objections(says(&long)), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    let titled = with_settings(says(&long), &[("title", "short")]);
    assert_eq!(objections(titled), []);
    let excerpt = with_settings(says("x"), &[("excerpt", &"x".repeat(301))]);
    assert_eq!(objections(excerpt), [("settings.excerpt".to_owned(), Code::TEXT_TOO_LONG)]);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_resumes_and_makes_one_post() {
    let steps =
        [("POST", "images/upload", 2), ("GET", "posts/slug", 1), ("POST", "admin/posts", 1), ("PUT", "admin/posts", 1)];
    for (method, path, uploads) in steps {
        let file = files(png()).await;
        let scene = Scene::new(picture("Hello\nworld", &file.url())).await;
        dies_at(&scene.fake, &scene.stand, method, path).await;
        scene.settle().await;
        let step = format!("{method} {path}");
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1), "{step}");
        assert!(scene.fake.platform().drafts().is_empty(), "{step}: no second draft is left behind");
        assert_eq!((scene.count("POST images/upload"), scene.count("POST posts")), (uploads, 1), "{step}");
        assert_eq!(scene.native("slug"), "hello", "{step}");
    }
}

#[tokio::test]
async fn a_draft_that_is_found_again_gets_what_the_post_says_now() {
    let mut scene = Scene::new(says("Hello\nold")).await;
    scene.fake.cue(Cue::new(End::CutAfter).on("POST", "admin/posts"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::OUT_OF_ORDER, Landed::No));
    Arc::get_mut(&mut scene.stand).unwrap().draft = Draft(says("Hello\nnew"));
    assert_eq!(scene.settle().await, [AttemptKind::Send]);
    assert_eq!((scene.fake.posts()[0].text.as_str(), scene.count("POST posts")), ("Hello\nnew", 1));
}

#[tokio::test]
async fn a_publish_that_lands_twice_is_one_post() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let id = scene.stand.target().handles["draft"].clone();
    let stale =
        json!({"posts": [{"id": id, "slug": "hello", "status": "draft", "updated_at": "2026-01-01T00:00:00.000Z"}]});
    // A cache in front of the site is behind, twice.
    scene.fake.cue(Cue::refuse(200, &stale).on("GET", "admin/posts").times(2));
    assert_eq!(scene.settle().await, [AttemptKind::Look, AttemptKind::Send]);
    assert_eq!(
        (scene.stand.state(), scene.fake.publish_calls().len(), scene.fake.posts().len()),
        (State::Published, 2, 1)
    );
}

#[tokio::test]
async fn a_collision_is_looked_into_and_the_draft_read_anew() {
    let scene = Scene::new(says("Hello")).await;
    scene
        .fake
        .cue(Cue::refuse(409, &json!({"errors": [{"type": "UpdateCollisionError", "code": "UPDATE_COLLISION"}]})));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::UNCLEAR_ANSWER, Landed::Unknown));
    let id = scene.stand.target().handles["draft"].clone();
    scene.fake.platform().set_status(&id, "draft", &scene.fake);
    assert_eq!(scene.settle().await, [AttemptKind::Look, AttemptKind::Send]);
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
}

#[tokio::test]
async fn a_lost_publish_is_looked_up_by_its_id_and_never_by_its_likeness() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    scene.stand.another(says("Hello")).attempt().await;
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "the twin's post is not ours");
    let id = scene.stand.target().handles["draft"].clone();
    scene.fake.platform().set_status(&id, "scheduled", &scene.fake);
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(why) if why.contains("scheduled")));
    scene.fake.platform().erase(&id);
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(why) if why.contains("deleted")));
}

#[tokio::test]
async fn a_draft_that_somebody_deleted_is_not_made_again_unasked() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }));
    scene.stand.attempt().await;
    scene.fake.platform().erase(&scene.stand.target().handles["draft"]);
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((scene.stand.state(), failure.code), (State::Failed, Code::REFERENCE_GONE));
    scene.stand.ask(&domain::Command::Retry);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1), "a person asked for it");
}

#[tokio::test]
async fn d02_a_token_that_ends_at_the_publish_does_not_start_over() {
    let scene = Scene::new(says("Hello")).await;
    scene.fake.cue(Cue { expire_token: true, ..Cue::default() });
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::TOKEN_EXPIRED, Landed::No, RETRY));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len(), scene.count("POST posts")), (State::Published, 1, 1));
}

#[tokio::test]
async fn a_video_is_refused_before_anything_is_sent() {
    let file = files(b"\0\0\0\x20ftypmp42".to_vec()).await;
    let scene = Scene::new(picture("Hello", &file.url())).await;
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.worth), (Code::MEDIA_REFUSED, fix(Fix::Content)));
    assert!(scene.fake.calls().is_empty());
}

#[tokio::test]
async fn credentials_are_checked_without_publishing() {
    let scene = Scene::new(says("Hello")).await;
    let check = async |account: Account| scene.stand.channel.check_credentials(&account).await;
    let standing = check(scene.stand.account.clone()).await.unwrap();
    assert!(standing.who.starts_with("integration 6d61696e") && !standing.unknown, "{standing:?}");
    let wrong = |key: &str| {
        let mut account = scene.stand.account.clone();
        account.secrets.insert("admin_api_key".into(), Secret::new(key));
        account
    };
    let other = wrong(&format!("{}ff", Ghost::key("main")));
    assert_eq!(check(other).await.unwrap_err().code, Code::TOKEN_REVOKED);
    assert_eq!(check(wrong("not a key")).await.unwrap_err().code, Code::CREDENTIALS_MISSING);
    scene.stand.clock.advance(Duration::from_secs(600));
    scene.fake.advance(Duration::from_secs(1200));
    let behind = check(scene.stand.account.clone()).await.unwrap_err();
    assert_eq!((behind.code, behind.worth), (Code::TOKEN_EXPIRED, RETRY), "our clock is behind the site's");
    scene.fake.platform().revoke("main");
    assert_eq!(check(scene.stand.account.clone()).await.unwrap_err().code, Code::TOKEN_REVOKED);
}
