//! What is particular to X.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{AttemptKind, Code, Content, Draft, Finding, Fix, Landed, ListReason, Scope, State, Worth};
use kit::{
    rows::{self, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Secret, x::TABLE};
use serde_json::{Value, json};
use testkit::{Cue, End, Fake, X};

const CREATE: &str = "create post";
const UPLOAD: &str = "upload media";
const REFRESH: &str = "refresh token";
const MIB: usize = 1024 * 1024;

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("x", "https://api.x.example", says("x")).account;
    let (reconnect, setup, restricted) = (fix(Fix::Reconnect), fix(Fix::Setup), fix(Fix::Account));
    let dead = |case: rows::Case| case.is(Code::TOKEN_REVOKED, reconnect, Scope::Account);
    let app = |case: rows::Case| case.is(Code::APP_MISCONFIGURED, setup, Scope::App);
    let limited = |case: rows::Case| case.is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account);
    let held = |case: rows::Case| case.is(Code::ACCOUNT_RESTRICTED, restricted, Scope::Account);
    let repeated = |case: rows::Case| case.is(Code::DUPLICATE_REFUSED, RETRY, Scope::Post).in_doubt();
    let refused = |case: rows::Case| case.is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    let media = |case: rows::Case| case.is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post);
    let unready = |case: rows::Case| case.is(Code::MEDIA_NOT_READY, RETRY, Scope::Post);
    let gone = |case: rows::Case| case.is(Code::REFERENCE_GONE, Worth::Never, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            dead(free(
                REFRESH,
                400,
                r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#,
            )),
            dead(free(REFRESH, 400, r#"{"error":"invalid_grant"}"#)),
            app(free(REFRESH, 400, r#"{"error":"invalid_client"}"#)),
            app(free(REFRESH, 401, r#"{"error":"unauthorized_client"}"#)),
            dead(point(CREATE, 401, r#"{"title":"Unauthorized","type":"about:blank","status":401}"#)),
            app(point(CREATE, 402, r#"{"title":"CreditsDepleted"}"#)),
            app(point(CREATE, 429, r#"{"type":"https://api.twitter.com/2/problems/usage-capped"}"#)),
            limited(point(CREATE, 429, r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#)),
            limited(point(
                CREATE,
                403,
                r#"{"errors":[{"code":185,"message":"User is over daily status update limit"}]}"#,
            )),
            repeated(point(
                CREATE,
                403,
                r#"{"detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank"}"#,
            )),
            repeated(point(CREATE, 403, r#"{"errors":[{"code":187,"message":"Status is a duplicate."}]}"#)),
            app(point(CREATE, 403, r#"{"type":"https://api.twitter.com/2/problems/unsupported-authentication"}"#)),
            app(point(CREATE, 403, r#"{"type":"https://api.x.com/2/problems/client-forbidden"}"#)),
            app(point(CREATE, 403, r#"{"type":"https://api.twitter.com/2/problems/oauth1-permissions"}"#)),
            app(point(
                CREATE,
                403,
                r#"{"errors":[{"code":261,"message":"Application cannot perform write actions"}]}"#,
            )),
            held(point(CREATE, 403, r#"{"errors":[{"code":64,"message":"no"}]}"#)),
            held(point(CREATE, 403, r#"{"errors":[{"code":326,"message":"This account is temporarily locked"}]}"#)),
            held(point(CREATE, 403, r#"{"errors":[{"code":226,"message":"This request looks automated"}]}"#)),
            held(point(CREATE, 403, r#"{"detail":"Your account is suspended","type":"about:blank"}"#)),
            point(CREATE, 403, r#"{"detail":"Your account is not permitted to access this feature."}"#).is(
                Code::PERMISSION_MISSING,
                fix(Fix::Permission),
                Scope::Account,
            ),
            refused(point(CREATE, 403, r#"{"detail":"A maximum of one cashtag is allowed"}"#)),
            refused(point(CREATE, 403, r#"{"detail":"The Tweet contains an invalid URL."}"#)),
            media(point(CREATE, 403, r#"{"detail":"You can only add a maximum of 4 items."}"#)),
            media(point(CREATE, 403, r#"{"detail":"This user is not allowed to post a video longer than 2 minutes"}"#)),
            refused(point(CREATE, 403, r#"{"errors":[{"code":186,"message":"Tweet needs to be a bit shorter."}]}"#)),
            refused(point(CREATE, 403, r#"{"errors":[{"code":433,"message":"reply is not allowed"}]}"#)),
            gone(point(CREATE, 403, r#"{"errors":[{"code":385,"message":"deleted or not visible"}]}"#)),
            gone(point(CREATE, 404, r#"{"type":"https://api.twitter.com/2/problems/resource-not-found"}"#)),
            gone(point(CREATE, 404, r#"{"errors":[{"code":144,"message":"No status found with that ID."}]}"#)),
            unready(free("upload: status", 404, "{}")),
            unready(point(CREATE, 400, r#"{"errors":[{"message":"Your media IDs are invalid."}]}"#)),
            unready(point(CREATE, 400, r#"{"errors":[{"code":324,"message":"Invalid media id"}]}"#)),
            refused(point(CREATE, 400, r#"{"type":"https://api.twitter.com/2/problems/invalid-request"}"#)),
            media(free(UPLOAD, 400, "{}")),
            media(free(UPLOAD, 413, "<html>")),
        ],
    );
}

struct Scene {
    fake: Fake<X>,
    stand: Stand,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<X>::start().await;
        let stand = stand("x", &fake.url(), content);
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

    fn calls(&self, path: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.path.contains(path)).count()
    }

    /// The post is out, and the answer was lost.
    async fn lost(content: Content) -> Self {
        let scene = Self::new(content).await;
        scene.fake.cue(Cue::new(End::CutAfter));
        assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
        scene
    }

    /// The doubt ends with the one post that there is.
    async fn finds_its_post(&self) {
        assert_eq!(self.settle().await, [AttemptKind::Look]);
        let posts = self.fake.posts();
        assert_eq!((self.stand.state(), posts.len(), self.fake.publish_calls().len()), (State::Published, 1, 1));
        assert_eq!(self.stand.receipts()[0].id, posts[0].id);
    }
}

fn mp4(bytes: usize) -> Vec<u8> {
    let mut file = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    file.resize(bytes, 7);
    file
}

#[tokio::test]
async fn settings_of_the_post_reach_it_and_the_unknown_are_refused_before() {
    let settings = [("reply_settings", "verified"), ("made_with_ai", "true")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let link = Some("https://example.org/x".into());
    let scene = Scene::new(Content { settings: settings.into(), link, ..says("hello") }).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let post = &scene.fake.posts()[0];
    assert_eq!(
        (post.text.as_str(), &post.native["reply_settings"]),
        ("hello\n\nhttps://example.org/x", &json!("verified"))
    );
    assert_eq!(scene.stand.receipts()[0].url, Some(format!("https://x.com/i/web/status/{}", post.id)));
    for (name, value) in [("reply_settings", "nobody"), ("made_with_ai", "yes"), ("long", "1")] {
        let settings = [(name.to_owned(), value.to_owned())].into();
        let objections = scene.stand.channel.check(&Draft(Content { settings, ..says("x") }));
        assert_eq!((objections.len(), objections[0].path.clone()), (1, format!("settings.{name}")));
    }
}

#[tokio::test]
async fn a_text_is_measured_as_x_measures_it() {
    let scene = Scene::new(says("x")).await;
    let codes = |text: &str, long: bool| {
        let settings = long.then(|| ("long".to_owned(), "true".to_owned())).into_iter().collect();
        let objections = scene.stand.channel.check(&Draft(Content { settings, ..says(text) }));
        objections.into_iter().map(|objection| objection.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&"日".repeat(140), false), []);
    assert_eq!(codes(&"日".repeat(141), false), [Code::TEXT_TOO_LONG]);
    assert_eq!(codes(&format!("{} example.org/{}", "x".repeat(256), "y".repeat(300)), false), []);
    assert_eq!(codes(&format!("{} example.org", "x".repeat(257)), false), [Code::TEXT_TOO_LONG]);
    assert_eq!(
        (codes(&"x".repeat(25_000), true), codes(&"x".repeat(25_001), true)),
        (vec![], vec![Code::TEXT_TOO_LONG])
    );
}

#[tokio::test]
async fn a_post_is_found_whatever_x_did_to_its_text() {
    for text in [
        "Tom & Ann <3 \"both\"",
        "see https://example.org/a/very/long?q=1&x=2 and (http://b.example/) now",
        "twice https://c.example twice https://c.example",
        "Größe 日本語 🎉\n\n\nend  ",
    ] {
        Scene::lost(says(text)).await.finds_its_post().await;
    }
    let link = Content { link: Some("https://example.org/only-this".into()), ..Content::default() };
    Scene::lost(link).await.finds_its_post().await;
}

#[tokio::test]
async fn a_long_post_is_found_by_its_whole_text() {
    let settings = [("long".to_owned(), "true".to_owned())].into();
    let text = format!("{} https://example.org/end & more", "word ".repeat(100));
    let scene = Scene::new(Content { settings, ..says(&text) }).await;
    scene.fake.set(|knobs| knobs.long_posts = true);
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    scene.finds_its_post().await;
}

#[tokio::test]
async fn a_picture_is_found_by_its_upload_and_its_short_address_is_no_text() {
    let file = files(png()).await;
    for text in ["", "look"] {
        let scene = Scene::lost(picture(text, &file.url())).await;
        assert_eq!(scene.fake.posts()[0].native["alt_texts"], json!(["a pixel"]));
        scene.finds_its_post().await;
    }
}

#[tokio::test]
async fn a_post_with_our_words_and_another_address_is_neither_ours_nor_absence() {
    let scene = Scene::new(says("news https://example.org/a")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    let person = scene.stand.another(says("news https://example.org/b"));
    person.attempt().await;
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
    scene.stand.taken.lock().unwrap().push(person.receipts()[0].id.clone());
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
}

#[tokio::test]
async fn a_look_takes_neither_older_posts_nor_those_of_other_targets_nor_other_texts() {
    let scene = Scene::new(says("same words")).await;
    scene.fake.set(|knobs| knobs.duplicate_window_s = 0);
    scene.stand.another(says("same words")).attempt().await;
    scene.pass(120);
    let ours = scene.stand.another(says("same words"));
    scene.stand.another(says("other words")).attempt().await;
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "one is too old, one says something else");
    let twin = scene.stand.another(says("same words"));
    twin.attempt().await;
    let twins = twin.receipts()[0].clone();
    ours.taken.lock().unwrap().push(twins.id.clone());
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
    ours.taken.lock().unwrap().clear();
    assert_eq!(ours.find(0).await.unwrap(), Finding::Found(twins));
}

#[tokio::test]
async fn d07_a_duplicate_that_x_refuses_is_looked_up_and_found() {
    // The listing lags for longer than anybody has seen: the part is sent again, and the refusal is no failure.
    let scene = Scene::new(says("late")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(14 * 60)));
    scene.stand.attempt().await;
    let kinds = scene.settle().await;
    assert!(kinds.contains(&AttemptKind::Send), "{kinds:?}");
    let (posts, calls) = (scene.fake.posts(), scene.fake.publish_calls());
    assert_eq!((scene.stand.state(), posts.len(), calls.len()), (State::Published, 1, 2));
    assert_eq!((calls[1].status, &scene.stand.receipts()[0].id), (Some(403), &posts[0].id));
}

#[tokio::test]
async fn a_duplicate_of_an_older_post_is_left_to_a_person_and_not_sent_again() {
    let scene = Scene::new(says("good morning")).await;
    scene.stand.another(says("good morning")).attempt().await;
    scene.pass(3600);
    let today = scene.stand.another(says("good morning"));
    let failure = today.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::DUPLICATE_REFUSED, Landed::Unknown));
    today.settle(|span| scene.fake.advance(span)).await;
    assert_eq!((today.state(), today.receipts(), scene.fake.publish_calls().len()), (State::InDoubt, vec![], 2));
    assert_eq!(today.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
}

#[tokio::test]
async fn a_post_that_never_arrived_goes_out_once_its_absence_is_sure() {
    let scene = Scene::new(says("late")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    let kinds = scene.settle().await;
    let looks = kinds.iter().filter(|kind| **kind == AttemptKind::Look).count();
    assert!(looks >= 2 && kinds.last() == Some(&AttemptKind::Send), "{kinds:?}");
    let calls = scene.fake.publish_calls();
    assert!(calls[1].at.duration_since(calls[0].at).as_secs() >= 600, "ten minutes, for listings that lag");
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
}

#[tokio::test]
async fn m15_d15_a_thread_hangs_together_and_is_found_by_its_place() {
    let scene = Scene::new(thread(&["one", "again", "again"])).await;
    scene.fake.set(|knobs| knobs.duplicate_window_s = 0);
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::NO_ANSWER);
    assert_eq!((scene.stand.receipts().len(), scene.stand.state()), (1, State::InDoubt));
    scene.settle().await;
    let posts = scene.fake.posts();
    let ids: Vec<_> = scene.stand.receipts().into_iter().map(|receipt| receipt.id).collect();
    assert_eq!(ids, posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>());
    let parents: Vec<Value> = posts.iter().map(|post| post.native["reply_to"].clone()).collect();
    assert_eq!(parents, [json!(null), json!(ids[0]), json!(ids[1])]);
}

#[tokio::test]
async fn a_thread_whose_start_was_taken_down_ends_and_says_so() {
    let scene = Scene::new(thread(&["one", "two"])).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }).nth(2));
    scene.stand.attempt().await;
    scene.fake.delete(&scene.stand.receipts()[0].id);
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((failure.code, scene.stand.state(), scene.fake.posts().len()), (Code::REFERENCE_GONE, State::Failed, 0));
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes_and_asks_whose_account_it_is_once() {
    let scene = Scene::lost(says("deep down")).await;
    for n in 0..230 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
        if n % 90 == 89 {
            scene.fake.advance(Duration::from_secs(15 * 60));
        }
    }
    for _ in 0..2 {
        assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
    }
    assert_eq!((scene.calls("/users/me"), scene.calls("/tweets") - scene.fake.publish_calls().len()), (1, 6));
}

#[tokio::test]
async fn a_listing_that_only_says_what_is_wrong_proves_no_absence() {
    let scene = Scene::lost(says("x")).await;
    let wrong = json!({"errors": [{"title": "Not Found Error", "detail": "Could not find user"}]});
    scene.fake.cue(Cue::refuse(200, &wrong).on("GET", "/tweets"));
    let failure = scene.stand.find(0).await.unwrap_err();
    assert_eq!((failure.code, failure.landed), (Code::STRANGE_ANSWER, Landed::No));
}

#[tokio::test]
async fn r01_a_limit_is_waited_out_and_the_apps_limit_is_the_apps() {
    let scene = Scene::new(says("x")).await;
    scene.fake.set(|knobs| knobs.posts_per_day = 0);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::RATE_LIMITED_ACCOUNT, Scope::Account), "the hidden cap");
    let day = failure.not_before().unwrap().duration_since(scene.fake.now());
    assert!(day.as_secs() > 23 * 3600, "the day's cap is spent, not the quarter's: {failure:?}");

    let app = Scene::new(says("x")).await;
    app.fake.set(|knobs| knobs.app_posts_per_day = 0);
    let failure = app.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::RATE_LIMITED_APP, Scope::App, Landed::No));

    let quarter = Scene::new(says("x")).await;
    quarter.fake.set(|knobs| knobs.posts_per_window = 0);
    let failure = quarter.stand.attempt().await.failure.unwrap();
    let wait = failure.not_before().unwrap().duration_since(quarter.fake.now()).as_secs();
    assert!((14 * 60..16 * 60).contains(&wait), "a day that is not spent does not count: {failure:?}");
}

#[tokio::test]
async fn t09_credits_and_usage_are_the_apps_matter() {
    let scene = Scene::new(says("x")).await;
    scene.fake.set(|knobs| knobs.out_of_credits = true);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::APP_MISCONFIGURED, Scope::App, Landed::No));
    assert!(failure.holds_siblings() && failure.said.status == Some(402));
    let capped = Scene::new(says("x")).await;
    capped.fake.set(|knobs| knobs.usage_capped = true);
    let failure = capped.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.not_before()), (Code::APP_MISCONFIGURED, Scope::App, None));
}

#[tokio::test]
async fn a_refusal_that_x_never_gave_before_is_in_doubt() {
    let scene = Scene::new(says("x")).await;
    let body = json!({"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "Something new."});
    scene.fake.cue(Cue::say(403, &body));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::UNCLEAR_ANSWER, Landed::Unknown));
    assert_eq!(failure.said.code, None, "a problem of no type has no code");
    scene.finds_its_post().await;
}

fn with_renewal(stand: &mut Stand) {
    for (name, value) in [
        ("refresh_token", X::refresh_token("main")),
        ("client_id", X::CLIENT_ID.to_owned()),
        ("client_secret", X::CLIENT_SECRET.to_owned()),
    ] {
        stand.account.secrets.insert(name.into(), Secret::new(value));
    }
}

#[tokio::test]
async fn a_video_goes_up_in_segments_and_is_awaited() {
    let file = files(mp4(9 * MIB)).await;
    let scene = Scene::new(picture("watch", &file.url())).await;
    // The platform's clock stands still while the client waits by its own: it gives up, and comes back without uploading again.
    scene.fake.set(|knobs| knobs.media_processing_ms = 300_000);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::MEDIA_NOT_READY, Landed::No, RETRY));
    assert_eq!((scene.calls("/append"), scene.calls("/finalize"), scene.fake.publish_calls().len()), (3, 1, 0));
    scene.fake.advance(Duration::from_secs(300));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.calls("/append"), scene.calls("/initialize")), (State::Published, 3, 1));
    assert!(scene.fake.posts()[0].native["media_keys"][0].as_str().unwrap().starts_with("7_"));
}

#[tokio::test]
async fn d02_an_upload_that_breaks_off_goes_on_where_it_stopped() {
    let file = files(mp4(9 * MIB)).await;
    for (path, nth, whole) in [("/append", 2, 3), ("/append", 3, 3), ("/finalize", 1, 3), ("command", 1, 3)] {
        let scene = Scene::new(picture("watch", &file.url())).await;
        let path = if path == "command" { "/2/media/upload" } else { path };
        let method = if nth == 1 && path == "/2/media/upload" { "GET" } else { "POST" };
        scene.fake.cue(Cue::new(End::CutBefore).on(method, path).nth(nth));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::OUT_OF_ORDER, Landed::No), "{path}");
        scene.settle().await;
        let appended =
            scene.fake.calls().iter().filter(|call| call.path.ends_with("/append") && call.status.is_some()).count();
        assert_eq!((appended, scene.calls("/initialize")), (whole, 1), "{path} {nth}");
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
    }
}

#[tokio::test]
async fn an_upload_that_was_put_together_by_a_call_whose_answer_was_lost_is_used() {
    let file = files(mp4(MIB)).await;
    let scene = Scene::new(picture("watch", &file.url())).await;
    scene.fake.cue(Cue::new(End::CutAfter).on("POST", "/finalize"));
    scene.stand.attempt().await;
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.calls("/initialize"), scene.calls("/finalize")), (State::Published, 1, 2));
}

#[tokio::test]
async fn an_upload_that_is_gone_or_about_to_end_is_made_again() {
    let file = files(png()).await;
    let scene = Scene::new(picture("look", &file.url())).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 3600 }));
    scene.stand.attempt().await;
    scene.fake.platform().lose_uploads();
    scene.settle().await;
    assert_eq!(
        (scene.stand.state(), scene.calls("/2/media/upload"), scene.fake.publish_calls().len()),
        (State::Published, 2, 3)
    );

    let short = Scene::new(picture("look", &file.url())).await;
    short.fake.set(|knobs| knobs.media_life_s = 1800);
    short.fake.cue(Cue::new(End::RateLimit { seconds: 3600 }));
    short.stand.attempt().await;
    short.settle().await;
    assert_eq!(
        (short.stand.state(), short.calls("/2/media/upload"), short.fake.publish_calls().len()),
        (State::Published, 2, 2)
    );
}

#[tokio::test]
async fn x03_a_video_that_x_cannot_use_is_the_posts_matter_at_once() {
    let file = files(mp4(MIB)).await;
    let scene = Scene::new(picture("watch", &file.url())).await;
    scene.fake.set(|knobs| knobs.videos_fail = true);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::MEDIA_REFUSED, Scope::Post, Landed::No));
    assert!(failure.said.code.is_some(), "it shows who refused: {failure:?}");
    assert!(failure.said.text.contains("Unsupported video format"), "{failure:?}");
}

#[tokio::test]
async fn media_that_do_not_go_together_or_are_too_large_are_refused_before_they_are_sent() {
    let (video, large) = (
        files(mp4(MIB)).await,
        files({
            let mut file = png();
            file.resize(6 * MIB, 0);
            file
        })
        .await,
    );
    let mut two = picture("watch", &video.url());
    two.media.push(two.media[0].clone());
    for content in [two, picture("look", &large.url())] {
        let scene = Scene::new(content).await;
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, scene.calls("/media")), (Code::MEDIA_REFUSED, 0), "{failure:?}");
    }
}

#[tokio::test]
async fn credentials_are_asked_about_and_a_token_that_ends_is_told_from_one_that_cannot_be_renewed() {
    let mut scene = Scene::new(says("x")).await;
    assert_eq!(scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap().who, "main");
    scene.fake.cue(Cue { expire_token: true, ..Cue::default() });
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.worth), (Code::TOKEN_REVOKED, fix(Fix::Reconnect)));
    with_renewal(&mut scene.stand);
    let failure = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::TOKEN_EXPIRED, Landed::No, Scope::Account));
}

#[tokio::test]
async fn t08_a_renewal_rotates_both_tokens_and_the_old_one_kills_the_family() {
    let mut scene = Scene::new(says("x")).await;
    assert_eq!(scene.stand.channel.refresh(&scene.stand.account).await, Ok(None), "there is nothing to renew by");
    with_renewal(&mut scene.stand);
    let tokens = scene.stand.channel.refresh(&scene.stand.account).await.unwrap().unwrap();
    let life = tokens.expires_at.unwrap().duration_since(scene.stand.http.runtime().now());
    assert!((7190..=7200).contains(&life.as_secs()), "{life}");
    assert!(tokens.scopes.as_ref().unwrap().contains(&"tweet.write".to_owned()));
    let old = scene.stand.account.secrets.insert("refresh_token".into(), tokens.refresh.unwrap()).unwrap();
    scene.stand.account.secrets.insert("access_token".into(), tokens.access);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert!(scene.stand.channel.refresh(&scene.stand.account).await.unwrap().is_some());

    scene.stand.account.secrets.insert("refresh_token".into(), old);
    let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::TOKEN_REVOKED, Landed::No, fix(Fix::Reconnect)));
    let failure = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!(failure.code, Code::TOKEN_EXPIRED, "the whole family is dead");
}

#[tokio::test]
async fn t02_o07_a_renewal_that_fails_says_whether_the_token_may_be_used_up() {
    let mut scene = Scene::new(says("x")).await;
    with_renewal(&mut scene.stand);
    let renew = async |cue: Cue| {
        scene.fake.cue(cue.on("POST", "/oauth2/token"));
        let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
        (failure.code, failure.landed, matches!(failure.worth, Worth::Retry { .. }))
    };
    let outage = renew(Cue::new(End::Outage)).await;
    assert_eq!(outage, (Code::OUT_OF_ORDER, Landed::Unknown, true), "an outage is no dead token");
    let odd = renew(Cue::refuse(400, &json!({"error": "temporarily_unavailable"}))).await;
    assert_eq!(odd, (Code::STRANGE_ANSWER, Landed::No, true));
    let empty = renew(Cue::refuse(200, &json!({"access_token": ""}))).await;
    assert_eq!(empty, (Code::STRANGE_ANSWER, Landed::Unknown, true));
    let cut = renew(Cue::new(End::CutAfter)).await;
    assert_eq!(cut, (Code::OUT_OF_ORDER, Landed::Unknown, true));
    let again = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert_eq!(again.code, Code::TOKEN_REVOKED, "the answer that was lost held the only good token");
    scene.stand.account.secrets.insert("client_secret".into(), Secret::new("wrong"));
    let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::APP_MISCONFIGURED, Scope::App));
}

#[tokio::test]
async fn a_missing_scope_is_told_before_anything_is_out() {
    let scene = Scene::new(says("x")).await;
    scene.fake.platform().withhold("main", "tweet.write");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.fake.posts().len()), (Code::PERMISSION_MISSING, Landed::No, 0));
}

/// Whatever call is cut off, before or after X did its part: each part goes out once, and nothing is uploaded twice without need.
#[tokio::test]
async fn d02_d15_whatever_call_breaks_off_each_part_is_out_once() {
    let file = files(mp4(5 * MIB)).await;
    let mut content = thread(&["one", "two"]);
    content.media = picture("", &file.url()).media;
    let mut broken = 0;
    for end in [End::CutBefore, End::CutAfter] {
        for nth in 1.. {
            let scene = Scene::new(content.clone()).await;
            scene.fake.cue(Cue { path: Some("/2/".into()), ..Cue::new(end.clone()).nth(nth) });
            if scene.stand.attempt().await.failure.is_none() {
                break;
            }
            broken += 1;
            scene.settle().await;
            let texts: Vec<_> = scene.fake.posts().into_iter().map(|post| post.text).collect();
            assert_eq!(
                (scene.stand.state(), texts),
                (State::Published, vec!["one".into(), "two".into()]),
                "{end:?} {nth}"
            );
            let began = scene.calls("/initialize");
            assert!(began == 1 || (began == 2 && nth == 1), "{end:?} {nth}: {began} uploads");
        }
    }
    // initialize, two segments, finalize, status, two posts.
    assert_eq!(broken, 14);
}
