//! What is particular to Facebook.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Command, Content, Finding, Fix, Landed, ListReason, Media, Scope, State, Worth};
use kit::{
    graph::{self, before, body, content, refused},
    rows::{self, RETRY, fix},
    servers::{Raw, files, png},
    site::stand,
    stand::{Ended, Stand, picture, says, thread},
};
use oncepost_channels::{Secret, facebook::TABLE};
use serde_json::{Value, json};
use testkit::{Answer, Cue, End, Facebook, Fake};

const DRAFT: &str = "make post";
const PUBLISH: &str = "publish post";
const SEND: &str = "upload video";
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("facebook", "https://graph.facebook.com", says("x")).account;
    let never = |code, finer, failure| refused(PUBLISH, code, finer).is(failure, Worth::Never, Scope::Post).in_doubt();
    let retry = |code, finer, failure| refused(PUBLISH, code, finer).is(failure, RETRY, Scope::Post).in_doubt();
    let limited = |code, finer| refused(PUBLISH, code, finer).is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account);
    let restricted =
        |finer| refused(PUBLISH, 100, finer).is(Code::ACCOUNT_RESTRICTED, fix(Fix::Account), Scope::Account).in_doubt();
    let permission = |step, code, finer| {
        before(step, code, finer).is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account)
    };
    let again = body(368, 0, "You've already posted this. Posting the same content repeatedly isn't allowed.");
    let mut cases = vec![
        before("renew token", 101, 0).is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App),
        never(506, 0, Code::DUPLICATE_REFUSED),
        never(100, 1_366_051, Code::DUPLICATE_REFUSED),
        rows::point(PUBLISH, 400, again).is(Code::DUPLICATE_REFUSED, Worth::Never, Scope::Post).in_doubt(),
        limited(368, 1_390_008).in_doubt(),
        limited(80_001, 0),
    ];
    cases.extend([1_404_078, 4_854_002, 1_404_112, 1_404_006].map(restricted));
    cases.extend([permission(DRAFT, 210, 0), permission(DRAFT, 283, 0), permission(SEND, 100, 1_363_042)]);
    cases.extend([retry(1_609_005, 0, Code::MEDIA_UNREACHABLE), retry(100, 1_609_005, Code::MEDIA_UNREACHABLE)]);
    cases.extend(
        [1_609_008, 2_061_006, 1_349_125, 1_404_102, 1_346_003].map(|finer| never(100, finer, Code::CONTENT_REFUSED)),
    );
    cases.extend([1_366_046, 2_069_019].map(|finer| never(100, finer, Code::MEDIA_REFUSED)));
    cases.push(never(324, 0, Code::MEDIA_REFUSED));
    cases.extend([1_363_023, 1_363_022].map(|finer| content(SEND, 100, finer, Code::MEDIA_REFUSED)));
    cases.extend([1_363_030, 1_363_019, 1_363_037].map(|finer| retry(6001, finer, Code::MEDIA_NOT_READY)));
    cases.extend([
        retry(6000, 7, Code::MEDIA_NOT_READY),
        before("check page", 100, 0).is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::Account),
        permission("upload photo", 100, 33),
        permission(DRAFT, 100, 33),
        content(DRAFT, 100, 7, Code::CONTENT_REFUSED),
        refused("publish at once", 100, 0).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
        refused("publish comment", 100, 0).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
    ]);
    cases.extend(graph::shared(PUBLISH));
    rows::check(&TABLE, &account, &cases);
}

struct Scene {
    fake: Fake<Facebook>,
    stand: Arc<Stand>,
    files: Raw,
}

impl Scene {
    async fn new(text: &str) -> Self {
        Self::of(says(text), "jpg", 0, png()).await
    }

    async fn photos(text: &str, photos: usize) -> Self {
        Self::of(says(text), "jpg", photos, png()).await
    }

    /// A video of so many bytes.
    async fn video(text: &str, bytes: usize) -> Self {
        let mut video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
        video.resize(bytes, 7);
        let scene = Self::of(says(text), "mp4", 1, video).await;
        scene.fake.set(|knobs| (knobs.piece, knobs.video_ms) = (400, 30_000));
        scene
    }

    async fn of(content: Content, ending: &str, media: usize, file: Vec<u8>) -> Self {
        let (fake, files) = (Fake::<Facebook>::start().await, files(file).await);
        let file = |n| Media { url: format!("{}/{n}.{ending}", files.url()), alt: Some(format!("number {n}")) };
        let content = Content { media: (0..media).map(file).collect(), ..content };
        let stand = Arc::new(stand("facebook", &fake.url(), content));
        Self { fake, stand, files }
    }

    /// The same with a setting of the post.
    fn with(mut self, name: &str, value: &str) -> Self {
        Arc::get_mut(&mut self.stand).unwrap().draft.0.settings.insert(name.into(), value.into());
        self
    }

    /// The same with a setting of the account.
    fn on(mut self, name: &str, value: &str) -> Self {
        Arc::get_mut(&mut self.stand).unwrap().account.settings.insert(name.into(), value.into());
        self
    }

    fn pass(&self, span: Duration) {
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn settle(&self) -> Vec<Ended> {
        self.stand.settle(|span| self.fake.advance(span)).await
    }

    fn calls(&self) -> Vec<String> {
        self.fake.calls().into_iter().map(|call| format!("{} {}", call.method, call.path)).collect()
    }

    /// How often `method` was called on paths with this ending.
    fn count(&self, method: &str, ending: &str) -> usize {
        self.calls().iter().filter(|call| call.starts_with(method) && call.ends_with(ending)).count()
    }

    /// It is out, once.
    fn is_out_once(&self) {
        let (comments, posts): (Vec<_>, Vec<_>) =
            self.fake.posts().into_iter().partition(|post| post.native["kind"] == "comment");
        assert_eq!((self.stand.state(), posts.len()), (State::Published, 1), "{:?}", self.stand.target());
        assert_eq!(self.stand.receipts()[0].id, posts[0].id);
        assert_eq!(comments.len() + 1, self.stand.receipts().len(), "{comments:?}");
    }
}

fn kinds(attempts: &[Ended]) -> Vec<AttemptKind> {
    attempts.iter().map(|ended| ended.kind).collect()
}

fn error(code: i64, finer: u64, message: &str) -> Value {
    serde_json::from_str(body(code, finer, message)).unwrap()
}

/// For the n-th call to be cut off by the worker's death: the worker dies while the call is held, and the platform then carries it out.
async fn dies_at(scene: &Scene, n: u64) {
    scene.fake.cue(Cue { hold_before: true, path: Some("/".into()), nth: Some(n), ..Cue::default() });
    let dying = scene.stand.clone();
    let worker = scene.stand.http.runtime().spawn(async move { dying.attempt().await });
    scene.fake.until(|stage| stage.calls().len() == usize::try_from(n).unwrap()).await;
    worker.abort();
    scene.fake.release();
    scene.fake.until(|stage| stage.calls().iter().all(|call| call.did != "working")).await;
}

#[tokio::test]
async fn a_post_is_made_unpublished_and_published_by_its_id() {
    let page = Facebook::page_id("main");
    let scene = Scene::new("hello").await.on("api_version", "v26.0").on("page_id", &page);
    assert_eq!(scene.stand.attempt().await.failure, None);
    let post = scene.fake.posts()[0].clone();
    let expected =
        [format!("POST /v26.0/{page}/feed"), format!("POST /v26.0/{}", post.id), format!("GET /v26.0/{}", post.id)];
    assert_eq!(scene.calls(), expected);
    assert_eq!(scene.fake.publish_calls().len(), 1);
    assert_eq!(scene.stand.receipts()[0].url, Some(post.url));
}

#[tokio::test]
async fn a_link_is_a_field_of_its_own_and_beside_photos_stands_in_the_text() {
    let scene = Scene::of(Content { link: Some("https://a.example".into()), ..says("read") }, "jpg", 0, png()).await;
    scene.stand.attempt().await;
    let post = scene.fake.posts()[0].clone();
    assert_eq!((post.text.as_str(), &post.native["link"]), ("read", &json!("https://a.example")));
    let scene = Scene::of(Content { link: Some("https://a.example".into()), ..says("see") }, "jpg", 1, png()).await;
    scene.stand.attempt().await;
    let post = scene.fake.posts()[0].clone();
    assert_eq!((post.text.as_str(), &post.native["link"]), ("see\n\nhttps://a.example", &Value::Null));
}

#[tokio::test]
async fn photos_are_uploaded_unpublished_and_shown_in_order() {
    for draft in ["first", "none"] {
        let scene = Scene::photos("three", 3).await.on("draft", draft);
        assert_eq!(scene.stand.attempt().await.failure, None);
        scene.is_out_once();
        assert_eq!((scene.count("POST", "/photos"), scene.fake.publish_calls().len()), (3, 1));
        let native = scene.fake.posts()[0].native.clone();
        let alts: Vec<_> = (0..3).map(|n| native["photos"][n]["alt_text"].clone()).collect();
        assert_eq!(alts, [json!("number 0"), json!("number 1"), json!("number 2")]);
    }
}

#[tokio::test]
async fn a_file_that_is_no_photo_is_refused_before_it_is_sent() {
    let scene = Scene::of(says("x"), "jpg", 1, b"\0\0\0\x18ftypavif\0\0\0\0".to_vec()).await;
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, scene.fake.calls().len()), (Code::MEDIA_REFUSED, 0));
}

#[tokio::test]
async fn x02_what_is_prepared_goes_out_though_its_addresses_give_nothing_any_more() {
    for ending in ["jpg", "php"] {
        let (fake, gone) = (Fake::<Facebook>::start().await, files(png()).await);
        let media = vec![Media { url: format!("{}/a.{ending}", gone.url()), alt: None }];
        let stand = stand("facebook", &fake.url(), Content { media, ..says("prepared") });
        fake.cue(Cue::refuse(400, &error(32, 0, "(#32) Page request limit reached")));
        stand.attempt().await;
        drop(gone);
        stand.settle(|span| fake.advance(span)).await;
        assert_eq!((stand.state(), fake.posts().len()), (State::Published, 1), "{ending}");
    }
}

#[tokio::test]
async fn a_photo_that_was_uploaded_long_ago_is_uploaded_anew() {
    let scene = Scene::photos("tomorrow", 1).await;
    scene.fake.cue(Cue::refuse(400, &error(32, 0, "(#32) Page request limit reached")).on("POST", "/feed"));
    scene.stand.attempt().await;
    scene.pass(Duration::from_secs(25 * 3600));
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.count("POST", "/photos"), 2);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_resumes_and_does_not_start_over() {
    // Two photos, the unpublished post, the publish call, the post's address.
    for n in 1..=5 {
        let scene = Scene::photos("once", 2).await;
        dies_at(&scene, n).await;
        scene.settle().await;
        scene.is_out_once();
        let lost = |step| usize::from(n == step);
        assert_eq!(scene.count("POST", "/photos"), 2 + lost(1) + lost(2), "step {n}");
        assert_eq!(scene.count("POST", "/feed"), 1 + lost(3), "step {n}");
        assert_eq!((scene.fake.publish_calls().len(), scene.fake.platform().drafts()), (1, lost(3)), "step {n}");
    }
}

#[tokio::test]
async fn what_was_to_be_unpublished_and_is_out_all_the_same_is_not_made_twice() {
    // With the answer, and without it.
    for end in [End::Normal, End::CutAfter] {
        let scene = Scene::photos("too early", 1).await;
        scene.fake.set(|knobs| knobs.publishes_drafts = true);
        scene.fake.cue(Cue::new(end.clone()).on("POST", "/feed"));
        let began = scene.fake.now();
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.count("POST", "/feed"), 1, "{end:?}");
        let waited = scene.fake.now() >= began + 5 * MINUTE;
        assert_eq!(waited, end == End::CutAfter, "without an answer, the listing is given its time");
    }
}

#[tokio::test]
async fn what_may_be_out_and_cannot_be_told_apart_is_a_matter_for_a_person() {
    for twins in [0, 1] {
        let scene = Scene::photos("", 1).await;
        scene.fake.set(|knobs| knobs.publishes_drafts = true);
        scene.fake.cue(Cue::new(End::CutAfter).on("POST", "/feed"));
        scene.stand.attempt().await;
        for _ in 0..twins {
            scene.stand.another(scene.stand.draft.0.clone()).attempt().await;
        }
        scene.settle().await;
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::InDoubt, 1 + twins));
        assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
    }
}

#[tokio::test]
async fn a_photo_without_a_text_may_be_a_colleagues_and_is_not_taken() {
    let scene = Scene::photos("", 1).await.on("draft", "none");
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    let colleague = scene.stand.another(scene.stand.draft.0.clone());
    colleague.attempt().await;
    let finding = scene.stand.find(0).await.unwrap();
    assert!(matches!(&finding, Finding::CannotTell(why) if why.contains(&colleague.receipts()[0].id)), "{finding:?}");
    scene.stand.taken.lock().unwrap().push(colleague.receipts()[0].id.clone());
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "the ledger knows whose it is");
}

#[tokio::test]
async fn d01_a_restriction_after_the_publish_call_is_in_doubt_and_the_post_settles_it() {
    for draft in ["first", "none"] {
        let scene = Scene::new("restricted, or so it says").await.on("draft", draft);
        scene.fake.cue(Cue::say(400, &error(368, 1_404_112, "Your account is limited")));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::ACCOUNT_RESTRICTED, Landed::Unknown));
        assert!(!failure.holds_siblings());
        assert!(matches!(scene.stand.ask(&Command::Retry), domain::Answer::Refused(_)), "no person's retry either");
        assert_eq!(kinds(&scene.settle().await), [AttemptKind::Look]);
        scene.is_out_once();
    }
}

#[tokio::test]
async fn d14_please_retry_after_the_deed_makes_one_post_however_often_it_is_said() {
    for draft in ["first", "none"] {
        let scene = Scene::photos("seven of seven", 1).await.on("draft", draft);
        let retry = error(2, 0, "An unexpected error has occurred. Please retry your request later.");
        scene.fake.cue(Cue::say(500, &retry).always());
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.fake.publish_calls().len(), 1);
    }
}

#[tokio::test]
async fn a_publish_call_that_is_carried_out_late_is_not_overtaken() {
    for draft in ["first", "none"] {
        let scene = Scene::new("late").await.on("draft", draft);
        scene.fake.cue(Cue { hold_before: true, ..Cue::default() });
        assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::NO_ANSWER);
        scene.pass(2 * MINUTE);
        let ended = scene.stand.attempt().await;
        assert_eq!((ended.kind, ended.finding), (AttemptKind::Look, Some(Finding::Absent)));
        assert_eq!(scene.stand.state(), State::InDoubt, "too early to count");
        scene.fake.release();
        scene.fake.until(|stage| stage.posts().len() == 1).await;
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.fake.publish_calls().len(), 1);
    }
}

#[tokio::test]
async fn publishing_a_post_that_is_published_is_no_second_post_whatever_is_answered() {
    for takes_repeats in [true, false] {
        let scene = Scene::new("once").await;
        scene.fake.set(|knobs| knobs.takes_repeats = takes_repeats);
        scene.fake.cue(Cue::new(End::CutAfter));
        scene.stand.attempt().await;
        // The post says for a while that it is not published.
        let stale = json!({"id": "1", "is_published": false});
        scene.fake.cue(Cue::refuse(200, &stale).on("GET", "/v25.0/").times(6));
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.fake.publish_calls().len(), 2);
    }
}

#[tokio::test]
async fn a_post_that_is_said_to_repeat_itself_is_out() {
    let scene = Scene::new("once").await;
    scene.fake.cue(Cue::say(400, &error(506, 0, "(#506) Duplicate status message")));
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.is_out_once();
}

#[tokio::test]
async fn a_post_that_repeats_the_last_one_is_refused_for_good() {
    let scene = Scene::new("again").await;
    scene.fake.set(|knobs| knobs.guards_drafts = true);
    scene.stand.attempt().await;
    let twin = scene.stand.another(says("again"));
    let failure = twin.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::DUPLICATE_REFUSED, Landed::No, Worth::Never));
    assert_eq!((twin.state(), scene.fake.posts().len(), scene.fake.publish_calls().len()), (State::Failed, 1, 2));
}

#[tokio::test]
async fn a_look_takes_no_other_post_whatever_stands_on_top() {
    let scene = Scene::photos("same words", 1).await.on("draft", "none");
    let content = scene.stand.draft.0.clone();
    scene.stand.another(content.clone()).attempt().await;
    scene.pass(2 * MINUTE);
    scene.fake.cue(Cue::new(End::CutAfter).list_late(10 * MINUTE));
    scene.stand.attempt().await;
    let (other, twin) = (scene.stand.another(says("other words")), scene.stand.another(content));
    other.attempt().await;
    twin.attempt().await;
    let found = |finding: Finding| matches!(finding, Finding::Found(receipt) if receipt.id == twin.receipts()[0].id);
    assert!(found(scene.stand.find(0).await.unwrap()));
    scene.stand.taken.lock().unwrap().push(twin.receipts()[0].id.clone());
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "neither older nor taken nor on top");
    scene.pass(10 * MINUTE);
    let ours = scene.fake.posts()[1].id.clone();
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(receipt) if receipt.id == ours));
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes() {
    let scene = Scene::new("deep down").await.on("draft", "none");
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..60 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
    }
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
    assert_eq!(scene.count("GET", "/published_posts"), 2);
}

#[tokio::test]
async fn e01_an_address_or_a_post_that_cannot_be_read_proves_nothing() {
    let missing = error(100, 33, "Unsupported get request.");
    let scene = Scene::new("live").await;
    scene.fake.cue(Cue::refuse(400, &missing).on("GET", "/v25.0/"));
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.is_out_once();
    assert!(scene.stand.receipts()[0].url.as_ref().unwrap().ends_with(&scene.fake.posts()[0].id));

    let scene = Scene::new("live").await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.fake.cue(Cue::refuse(400, &missing).on("GET", "/v25.0/").times(3));
    assert_eq!(kinds(&scene.settle().await), [AttemptKind::Look; 4]);
    scene.is_out_once();
}

#[tokio::test]
async fn x01_a_file_whose_address_does_not_say_what_it_is_is_fetched_once() {
    let scene = Scene::of(says("look"), "file", 1, png()).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.fake.posts().len(), scene.files.connections()), (1, 1));
}

#[tokio::test]
async fn a_video_is_sent_in_the_pieces_that_are_asked_for_and_published_when_facebook_has_decided() {
    let scene = Scene::video("look", 1100).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Processing, 0), "accepted is not published");
    assert_eq!(scene.calls(), ["POST /v25.0/me/videos"; 5], "begun, three pieces, told to publish");
    let attempts = scene.settle().await;
    assert!(attempts.len() > 1 && attempts.iter().all(|ended| ended.kind == AttemptKind::Poll), "{attempts:?}");
    scene.is_out_once();
    let post = scene.fake.posts()[0].clone();
    assert_eq!((post.text.as_str(), &post.native), ("look", &json!({"video": "video", "bytes": 1100})));
    assert_eq!(scene.stand.receipts()[0].url, Some(post.url));
}

#[tokio::test]
async fn a_reel_goes_to_the_address_that_is_given() {
    let scene = Scene::video("short", 1100).await.with("video_as", "reel");
    assert_eq!(scene.stand.attempt().await.failure, None);
    let calls = scene.calls();
    let id = calls[2].rsplit('/').next().unwrap().to_owned();
    let expected = [
        "POST /v25.0/me/video_reels".to_owned(),
        format!("GET /v25.0/{id}"),
        format!("POST /video-upload/v25.0/{id}"),
        "POST /v25.0/me/video_reels".to_owned(),
    ];
    assert_eq!(calls, expected);
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.fake.posts()[0].native, json!({"video": "reel", "bytes": 1100}));
    assert!(scene.stand.receipts()[0].url.as_ref().unwrap().contains("/reel/"));
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_video_resumes_and_does_not_start_over() {
    for (kind, steps) in [("video", 5), ("reel", 4)] {
        for n in 1..=steps {
            let scene = Scene::video("once", 1100).await.with("video_as", kind);
            dies_at(&scene, n).await;
            scene.settle().await;
            scene.is_out_once();
            assert_eq!(scene.fake.posts()[0].native["bytes"], 1100, "{kind}, step {n}");
            // Only an upload whose id was on its way when the worker died is begun again.
            let begun = scene.fake.publish_calls().len();
            assert_eq!(begun, 1, "{kind}, step {n}: told to publish once");
        }
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_facebook_says_that_it_stands() {
    for (kind, path) in [("video", "/videos"), ("reel", "/video-upload")] {
        let scene = Scene::video("once", 1100).await.with("video_as", kind);
        let nth = if kind == "video" { 3 } else { 1 };
        scene.fake.cue(Cue::new(End::CutAfter).on("POST", path).nth(nth));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.landed, failure.step.as_str()), (Landed::No, SEND));
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.fake.posts()[0].native["bytes"], 1100);
        assert_eq!(scene.fake.publish_calls().len(), 1);
    }
}

#[tokio::test]
async fn a_video_whose_publish_call_is_in_doubt_answers_by_its_id() {
    for kind in ["video", "reel"] {
        for (end, calls) in [(End::CutAfter, 1), (End::CutBefore, 2)] {
            let scene = Scene::video("once", 1100).await.with("video_as", kind);
            scene.fake.cue(Cue::new(end.clone()));
            assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
            let attempts = scene.settle().await;
            assert_eq!(attempts[0].kind, AttemptKind::Look);
            scene.is_out_once();
            assert_eq!(scene.fake.publish_calls().len(), calls, "{kind}, {end:?}");
        }
    }
}

#[tokio::test]
async fn a_video_that_is_still_worked_on_in_a_doubt_is_waited_for() {
    let scene = Scene::video("slow", 1100).await;
    scene.fake.set(|knobs| knobs.video_ms = 1_800_000);
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let attempts = scene.settle().await;
    assert!(attempts.iter().all(|ended| ended.kind == AttemptKind::Look), "{attempts:?}");
    assert_eq!(attempts[0].finding, Some(Finding::CannotTell("Facebook still works on the video".into())));
    scene.is_out_once();
}

#[tokio::test]
async fn a_flag_that_nobody_has_confirmed_is_no_proof_and_no_reason_to_send_again() {
    let scene = Scene::video("flagged", 1100).await;
    scene.fake.set(|knobs| knobs.flags_unfinished = true);
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    // It says "upload_complete", so it surely was not published, whatever the flag says; "ready" leaves it open.
    let ready = json!({"id": "1", "published": true, "status": {
        "video_status": "ready", "publishing_phase": {"status": "not_started"},
    }});
    scene.fake.cue(Cue::refuse(200, &ready).on("GET", "/v25.0/").always());
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::InDoubt, 1));
    assert!(scene.stand.target().listed.is_some(), "a person is asked");
}

#[tokio::test]
async fn m07_a_video_may_take_as_long_as_it_takes() {
    let scene = Scene::video("long", 1100).await;
    scene.fake.set(|knobs| knobs.video_ms = 6 * 3_600_000);
    scene.stand.attempt().await;
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.stand.target().tries, 1);
}

#[tokio::test]
async fn m17_a_video_that_facebook_refuses_later_fails_with_its_reason() {
    let scene = Scene::video("too long", 1100).await;
    scene.stand.attempt().await;
    scene.fake.platform().break_videos("The video is too long for a page");
    let attempts = scene.settle().await;
    let failure = attempts.last().unwrap().failure.clone().unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::MEDIA_REFUSED, Landed::No, Worth::Never));
    assert!(failure.said.code.is_some(), "it shows who refused: {failure:?}");
    assert!(failure.said.text.contains("too long for a page"), "{failure:?}");
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Failed, 0));
}

#[tokio::test]
async fn a_video_that_is_refused_in_a_doubt_fails_with_its_reason() {
    let scene = Scene::video("too long", 1100).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.fake.platform().break_videos("The video is too long for a page");
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Failed, 0));
    assert!(scene.stand.target().last_failure.unwrap().said.text.contains("too long for a page"));
}

#[tokio::test]
async fn d02_a_token_that_dies_while_a_video_is_asked_about_starts_nothing_over() {
    let scene = Scene::video("later", 1100).await;
    scene.stand.attempt().await;
    scene.fake.cue(Cue { expire_token: true, ..Cue::default().on("GET", "/v25.0/") });
    scene.pass(MINUTE);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, scene.stand.state()), (Code::TOKEN_EXPIRED, State::Processing));
    scene.fake.platform().restore("main");
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.count("POST", "/videos"), 5);
}

#[tokio::test]
async fn a_refused_publish_call_of_a_video_may_be_made_again_by_a_person() {
    let scene = Scene::video("later", 1100).await;
    scene.fake.set(|knobs| knobs.shows_unfinished = false);
    scene.fake.cue(Cue::refuse(403, &error(283, 0, "(#283) Requires pages_manage_posts permission")));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::PERMISSION_MISSING);
    assert_eq!(scene.stand.ask(&Command::Retry), domain::Answer::Done);
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.count("POST", "/videos"), 6, "told to publish once more, and nothing else");
}

#[tokio::test]
async fn m15_the_comment_goes_out_once_the_video_is_decided() {
    let scene = Scene::video("first", 1100).await.with("first_comment", "and a word");
    scene.stand.attempt().await;
    assert_eq!((scene.stand.state(), scene.fake.platform().comments().len()), (State::Processing, 0));
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.fake.platform().comments(), ["and a word"]);
    assert_eq!(scene.stand.receipts().len(), 2);
}

#[tokio::test]
async fn o01_a_comment_that_is_refused_leaves_the_post_as_it_is() {
    let scene = Scene::new("a post").await.with("first_comment", "and a word");
    scene.fake.cue(Cue::refuse(400, &error(100, 0, "The comment is not allowed")).on("POST", "/comments"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.stand.state()), (Code::CONTENT_REFUSED, Landed::No, State::Failed));
    assert_eq!(scene.stand.receipts().len(), 1, "the post is out, and on record");
    scene.stand.ask(&Command::Retry);
    scene.settle().await;
    scene.is_out_once();
    assert_eq!((scene.count("POST", "/feed"), scene.fake.platform().comments()), (1, vec!["and a word".into()]));
}

#[tokio::test]
async fn o01_a_comment_of_which_nothing_is_heard_is_looked_for_and_a_strangers_is_not_taken() {
    for (end, kind) in [(End::CutAfter, AttemptKind::Look), (End::CutBefore, AttemptKind::Send)] {
        let scene = Scene::new("a post").await.with("first_comment", "nice");
        scene.fake.cue(Cue::new(end).on("POST", "/comments"));
        assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
        let post = scene.stand.receipts()[0].id.clone();
        scene.fake.platform().strange_comment(&post, "nice", &scene.fake);
        let attempts = scene.settle().await;
        assert_eq!(attempts.last().unwrap().kind, kind, "{attempts:?}");
        scene.is_out_once();
        assert_eq!((scene.fake.platform().comments().len(), scene.count("POST", "/feed")), (2, 1));
    }
}

#[tokio::test]
async fn r01_a_limit_is_the_apps_or_the_pages_and_lasts_as_long_as_told() {
    let app = error(4, 0, "(#4) Application request limit reached");
    let page = error(32, 0, "(#32) Page request limit reached");
    for (answer, code, scope) in
        [(app, Code::RATE_LIMITED_APP, Scope::App), (page, Code::RATE_LIMITED_ACCOUNT, Scope::Account)]
    {
        let scene = Scene::new("often").await;
        scene.fake.cue(Cue::refuse(400, &answer).on("POST", "/feed"));
        let before = runtime::Clock::now(&*scene.stand.clock);
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.scope, failure.landed), (code, scope, Landed::No));
        assert!(failure.not_before().unwrap() >= before + 15 * MINUTE, "nobody says for how long");
        assert_eq!(scene.stand.target().tries, 0);
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.count("POST", "/feed"), 2, "a refusal that proves itself is not looked into");
    }
}

#[tokio::test]
async fn e04_posting_too_fast_waits_and_is_not_given_up() {
    let scene = Scene::new("fast").await;
    scene.fake.cue(Cue::refuse(400, &error(368, 1_390_008, "It looks like you're posting too fast.")));
    let before = runtime::Clock::now(&*scene.stand.clock);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::RATE_LIMITED_ACCOUNT, Landed::Unknown));
    assert!(failure.not_before().unwrap() >= before + 15 * MINUTE);
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn t06_d02_a_token_that_dies_between_two_steps_holds_the_account_and_nothing_starts_over() {
    for (cue, step) in [(Cue::default().on("POST", "/feed"), DRAFT), (Cue::default(), PUBLISH)] {
        let scene = Scene::photos("later", 1).await;
        scene.fake.cue(Cue { expire_token: true, ..cue });
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed, failure.step.as_str()), (Code::TOKEN_EXPIRED, Landed::No, step));
        assert!(failure.holds_siblings());
        scene.fake.platform().restore("main");
        assert_eq!(scene.stand.ask(&Command::Retry), domain::Answer::Done);
        scene.settle().await;
        scene.is_out_once();
        assert_eq!((scene.count("POST", "/photos"), scene.fake.platform().drafts()), (1, 0));
    }
}

fn objections(content: Content) -> Vec<(String, Code)> {
    let stand = stand("facebook", "https://graph.facebook.com", content);
    stand.channel.check(&stand.draft).into_iter().map(|objection| (objection.path, objection.code)).collect()
}

#[test]
fn what_facebook_would_refuse_is_refused_before() {
    let one = |path: &str, code| vec![(path.to_owned(), code)];
    assert_eq!(objections(says(&"🎉".repeat(31_603))), []);
    assert_eq!(objections(says(&"🎉".repeat(31_604))), one("text", Code::TEXT_TOO_LONG));
    let mut shown = picture("x", "https://cdn.example");
    shown.media = vec![shown.media[0].clone(); 10];
    assert_eq!(objections(shown.clone()), []);
    shown.media[3].url = "https://cdn.example/a.mp4".into();
    assert_eq!(objections(shown.clone()), one("media", Code::MEDIA_REFUSED));
    shown.media = vec![shown.media[0].clone(); 11];
    assert_eq!(objections(shown), one("media", Code::TOO_MANY_MEDIA));
    assert_eq!(objections(thread(&["one", "two"])), one("thread", Code::THREAD_NOT_TAKEN));
    let set = |name: &str, value: &str| {
        objections(Content { settings: [(name.to_owned(), value.to_owned())].into(), ..says("x") })
    };
    assert_eq!(set("video_as", "film"), one("settings.video_as", Code::BAD_SETTING));
    assert_eq!(set("video_as", "reel"), []);
    assert_eq!(set("first_comment", &"x".repeat(8001)), one("settings.first_comment", Code::TEXT_TOO_LONG));
}

#[tokio::test]
async fn a_video_among_photos_is_refused_though_its_address_does_not_say_what_it_is() {
    let video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    let scene = Scene::of(says("x"), "php", 2, video).await;
    assert_eq!(scene.stand.channel.check(&scene.stand.draft), []);
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::MEDIA_REFUSED);
    assert_eq!(scene.fake.calls().len(), 0);
}

#[test]
fn an_accounts_settings_are_checked() {
    let stand = stand("facebook", "https://graph.facebook.com", says("x"));
    let wrong = |name: &str, value: &str| {
        let mut card = stand.account.card();
        card.settings.insert(name.into(), value.into());
        stand.channel.check_account(&card).len()
    };
    for (name, value) in [("api_version", "25"), ("page_id", "@me"), ("draft", "yes")] {
        assert_eq!(wrong(name, value), 1, "{name} = {value}");
    }
    for (name, value) in [("api_version", "v26.0"), ("page_id", "17841400000000000"), ("draft", "none")] {
        assert_eq!(wrong(name, value), 0, "{name} = {value}");
    }
}

fn with_secrets(scene: &Scene, secrets: &[(&str, &str)]) -> oncepost_channels::Account {
    let mut account = scene.stand.account.clone();
    let (id, secret) = Facebook::CLIENT;
    for (name, value) in [("client_id", id), ("client_secret", secret)].iter().chain(secrets) {
        account.secrets.insert((*name).into(), Secret::new(*value));
    }
    account
}

#[tokio::test]
async fn t07_a_persons_token_and_a_missing_permission_are_no_dead_token() {
    let scene = Scene::new("x").await;
    let check = async |account| scene.stand.channel.check_credentials(&account).await;
    let standing = check(scene.stand.account.clone()).await.unwrap();
    assert_eq!((standing.who.as_str(), standing.missing.len(), standing.unknown), ("main", 0, false));
    let standing = check(with_secrets(&scene, &[])).await.unwrap();
    assert_eq!((standing.missing.len(), standing.expires_at), (0, None), "a page's token has no end");
    scene.fake.platform().forbid("main");
    assert_eq!(check(with_secrets(&scene, &[])).await.unwrap().missing, ["pages_manage_posts"]);
    let mut other = scene.stand.account.clone();
    other.settings.insert("page_id".into(), "17".into());
    assert_eq!(check(other).await.unwrap().missing, ["the token of page 17"]);
    let person = with_secrets(&scene, &[("access_token", &Facebook::person_token("main"))]);
    let failure = check(person).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.scope, failure.worth),
        (Code::APP_MISCONFIGURED, Scope::Account, fix(Fix::Setup))
    );
    scene.fake.platform().revoke("main");
    assert_eq!(check(scene.stand.account.clone()).await.unwrap_err().code, Code::TOKEN_REVOKED);
    assert_eq!(scene.fake.publish_calls().len(), 0);
}

#[tokio::test]
async fn t01_a_pages_token_is_had_anew_from_a_persons() {
    let scene = Scene::new("x").await;
    let refresh = async |account: &oncepost_channels::Account| scene.stand.channel.refresh(account).await;
    assert_eq!(refresh(&scene.stand.account).await, Ok(None), "a page's token has no end");
    let person = Facebook::person_token("main");
    let mut account = with_secrets(&scene, &[("refresh_token", &person), ("access_token", "token-lost")]);
    let tokens = refresh(&account).await.unwrap().unwrap();
    assert_eq!((tokens.access.reveal(), tokens.expires_at), (Facebook::token("main").as_str(), None));
    let days = tokens.refresh_expires_at.unwrap().duration_since(scene.fake.now()).as_hours() / 24;
    assert_eq!((days, tokens.refresh.clone().is_some_and(|token| token.reveal() != person)), (59, true));

    scene.fake.platform().manage("main", "second");
    assert_eq!(refresh(&account).await.unwrap_err().code, Code::APP_MISCONFIGURED, "which of two?");
    account.settings.insert("page_id".into(), Facebook::page_id("second"));
    assert_eq!(refresh(&account).await.unwrap().unwrap().access.reveal(), Facebook::token("second"));
    account.settings.insert("page_id".into(), "17".into());
    assert_eq!(refresh(&account).await.unwrap_err().code, Code::PERMISSION_MISSING);

    account.secrets.insert("refresh_token".into(), tokens.refresh.unwrap());
    scene.fake.advance(Duration::from_secs(61 * 24 * 3600));
    assert_eq!(refresh(&account).await.unwrap_err().code, Code::TOKEN_EXPIRED, "an ended token is not exchanged");
}

#[tokio::test]
async fn t02_a_renewal_without_an_answer_is_no_dead_token() {
    let scene = Scene::new("x").await;
    let account = with_secrets(&scene, &[("refresh_token", &Facebook::person_token("main"))]);
    let empty = Answer::json(200, &json!({"access_token": "", "token_type": "bearer"}));
    for end in [End::CutAfter, End::Outage, End::Malformed, End::Say(empty)] {
        scene.fake.cue(Cue::new(end.clone()).on("GET", "oauth/access_token"));
        let failure = scene.stand.channel.refresh(&account).await.unwrap_err();
        assert!(matches!(failure.worth, Worth::Retry { .. }), "{end:?}: {failure:?}");
        assert!(!format!("{failure:?}").contains("person-main"));
    }
}
