//! What is particular to Instagram.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Command, Content, Finding, Fix, Landed, Media, OnDoubt, Scope, State, Worth};
use kit::{
    graph::{self, before, body, content, refused},
    rows::{self, RETRY, fix},
    servers::{Raw, files, png},
    site::stand,
    stand::{Ended, Stand, picture, says},
};
use oncepost_channels::{Http, HttpOptions, Registry, instagram::TABLE};
use serde_json::json;
use testkit::{Answer, Cue, End, Fake, Instagram};

const MAKE: &str = "make container";
const READ: &str = "read container";
const PUBLISH: &str = "publish container";
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("instagram", "https://graph.instagram.com", says("x")).account;
    let post = |finer, code| refused(PUBLISH, 24, finer).is(code, RETRY, Scope::Post).in_doubt();
    let restricted = |finer| refused(PUBLISH, 4, finer).is(Code::ACCOUNT_RESTRICTED, fix(Fix::Account), Scope::Account);
    let permission = |step| before(step, 100, 33).is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account);
    let comment = refused("publish comment", 100, 0).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    let mut cases = vec![
        restricted(2_207_051).in_doubt(),
        restricted(2_207_050),
        refused(PUBLISH, 9, 2_207_042).is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account),
    ];
    cases.extend(
        [2_207_027, 2_207_008, 2_207_006, 2_207_020, 2_207_032, 2_207_053, 2_207_082]
            .map(|finer| post(finer, Code::MEDIA_NOT_READY)),
    );
    cases.push(refused(PUBLISH, -1, 2_207_001).is(Code::OUT_OF_ORDER, RETRY, Scope::Channel).in_doubt());
    cases.extend([2_207_003, 2_207_052, 2_207_077].map(|finer| post(finer, Code::MEDIA_UNREACHABLE)));
    cases.extend(
        [2_207_004, 2_207_005, 2_207_009, 2_207_023, 2_207_026, 2_207_057]
            .map(|finer| content(MAKE, 36_000, finer, Code::MEDIA_REFUSED)),
    );
    cases.extend([2_207_010, 2_207_028, 2_207_081].map(|finer| content(MAKE, 100, finer, Code::CONTENT_REFUSED)));
    cases.extend([
        permission(MAKE),
        permission("check account"),
        content(MAKE, 100, 2_207_035, Code::CONTENT_REFUSED),
        comment,
    ]);
    cases.extend(graph::shared(PUBLISH));
    rows::check(&TABLE, &account, &cases);
}

struct Scene {
    fake: Fake<Instagram>,
    stand: Arc<Stand>,
    files: Raw,
}

impl Scene {
    /// A post with a picture, on the fake.
    async fn new(text: &str) -> Self {
        Self::of(text, "jpg", 1, png()).await
    }

    async fn of(text: &str, ending: &str, media: usize, file: Vec<u8>) -> Self {
        let (fake, files) = (Fake::<Instagram>::start().await, files(file).await);
        let file = |n| Media { url: format!("{}/{n}.{ending}", files.url()), alt: Some(format!("number {n}")) };
        let content = Content { media: (0..media).map(file).collect(), ..says(text) };
        let stand = Arc::new(stand("instagram", &fake.url(), content));
        Self { fake, stand, files }
    }

    /// The same with settings of the post.
    fn with(mut self, name: &str, value: &str) -> Self {
        let stand = Arc::get_mut(&mut self.stand).unwrap();
        stand.draft.0.settings.insert(name.into(), value.into());
        self
    }

    fn twin(&self, text: &str) -> Stand {
        self.stand.another(picture(text, &self.files.url()))
    }

    fn pass(&self, span: Duration) {
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn settle(&self) -> Vec<Ended> {
        self.stand.settle(|span| self.fake.advance(span)).await
    }

    /// How often `method` was called on paths with this ending.
    fn calls(&self, method: &str, ending: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.method == method && call.path.ends_with(ending)).count()
    }

    /// It is out, once.
    fn is_out_once(&self, containers: usize) {
        let (comments, posts): (Vec<_>, Vec<_>) =
            self.fake.posts().into_iter().partition(|post| post.native["kind"] == "comment");
        assert_eq!((self.stand.state(), posts.len()), (State::Published, 1), "{:?}", self.stand.target());
        assert_eq!(self.stand.receipts()[0].id, posts[0].id);
        assert_eq!(comments.len() + 1, self.stand.receipts().len(), "{comments:?}");
        assert_eq!(self.calls("POST", "/media"), containers, "containers that were made");
    }
}

fn kinds(attempts: &[Ended]) -> Vec<AttemptKind> {
    attempts.iter().map(|ended| ended.kind).collect()
}

fn video() -> Vec<u8> {
    b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec()
}

#[tokio::test]
async fn a_container_is_made_awaited_and_published() {
    let mut scene = Scene::new("look https://example.org #tag").await;
    let own = Instagram::account_id("main");
    let settings = [("api_version".to_owned(), "v26.0".to_owned()), ("user_id".to_owned(), own.clone())];
    Arc::get_mut(&mut scene.stand).unwrap().account.settings.extend(settings);
    assert_eq!(scene.stand.attempt().await.failure, None);
    let calls: Vec<_> = scene.fake.calls().into_iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    let container = calls[1].rsplit('/').next().unwrap().to_owned();
    let post = scene.fake.posts()[0].clone();
    let expected = [
        format!("POST /v26.0/{own}/media"),
        format!("GET /v26.0/{container}"),
        format!("POST /v26.0/{own}/media_publish"),
        format!("GET /v26.0/{}", post.id),
    ];
    assert_eq!(calls, expected);
    assert_eq!(
        (post.native["media_type"].clone(), post.native["alt_text"].clone()),
        (json!("IMAGE"), json!("number 0"))
    );
    assert_eq!(scene.stand.receipts()[0].url, Some(post.url));
}

#[tokio::test]
async fn a_reel_carries_its_settings_and_is_awaited_for_as_long_as_it_takes() {
    let scene = Scene::of("reel", "mp4", 1, video()).await.with("share_to_feed", "false").with("thumb_offset", "1500");
    scene.fake.set(|knobs| knobs.video_ms = 240_000);
    let before = scene.stand.clock.clone();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::MEDIA_NOT_READY, Landed::No, Scope::Post));
    let now = runtime::Clock::now(&*before);
    assert!(
        failure.not_before().unwrap() >= now + Duration::from_secs(59),
        "the platform asks for one question a minute"
    );
    scene.settle().await;
    scene.is_out_once(1);
    let native = scene.fake.posts()[0].native.clone();
    let told = ["media_type", "share_to_feed", "thumb_offset"].map(|name| native[name].clone());
    assert_eq!(told, [json!("VIDEO"), json!("false"), json!("1500")]);
}

#[tokio::test]
async fn an_address_that_does_not_say_what_it_is_is_looked_into() {
    for (file, kind) in [(png(), "IMAGE"), (video(), "VIDEO")] {
        let scene = Scene::of("what", "php", 1, file).await;
        assert_eq!(scene.stand.attempt().await.failure, None);
        assert_eq!(scene.fake.posts()[0].native["media_type"], kind);
    }
}

#[tokio::test]
async fn a_carousel_goes_out_in_order() {
    let scene = Scene::of("three", "jpg", 3, png()).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.is_out_once(4);
    let native = scene.fake.posts()[0].native.clone();
    let alts: Vec<_> = (0..3).map(|n| native["children"][n]["alt_text"].clone()).collect();
    assert_eq!(
        (native["media_type"].clone(), alts),
        (json!("CAROUSEL_ALBUM"), vec![json!("number 0"), json!("number 1"), json!("number 2")])
    );
}

#[tokio::test]
async fn a_crash_between_any_two_steps_resumes_and_does_not_start_over() {
    // Two children, their states, the parent, its state, the publish call, the post's address.
    let steps = 8;
    for n in 1..=steps {
        let scene = Scene::of("once", "jpg", 2, png()).await;
        scene.fake.cue(Cue { hold_before: true, path: Some("/".into()), nth: Some(n), ..Cue::default() });
        let dying = scene.stand.clone();
        let worker = scene.stand.http.runtime().spawn(async move { dying.attempt().await });
        scene.fake.until(|stage| stage.calls().len() == usize::try_from(n).unwrap()).await;
        worker.abort();
        let stored = scene.stand.target().handles.len();
        scene.fake.release();
        scene.fake.until(|stage| stage.calls().iter().all(|call| call.did != "working")).await;
        scene.settle().await;
        // Only the container whose id was on its way when the worker died is made again.
        let lost = usize::from([1, 3, 5].contains(&n));
        scene.is_out_once(3 + lost);
        assert_eq!(stored, usize::try_from(n / 2).unwrap().min(3), "handles stored before step {n}");
        assert_eq!(scene.fake.publish_calls().len(), 1, "step {n}");
    }
}

#[tokio::test]
async fn d01_a_restriction_after_the_publish_call_is_in_doubt_and_the_container_settles_it() {
    let scene = Scene::new("blocked, or so it says").await;
    let answer: serde_json::Value = serde_json::from_str(body(4, 2_207_051, "Action is blocked")).unwrap();
    scene.fake.cue(Cue::say(400, &answer));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::ACCOUNT_RESTRICTED, Landed::Unknown));
    assert_eq!(scene.stand.state(), State::InDoubt);
    assert!(!failure.holds_siblings());
    assert!(matches!(scene.stand.ask(&Command::Retry), domain::Answer::Refused(_)), "no person's retry either");
    assert_eq!(kinds(&scene.settle().await), [AttemptKind::Look]);
    scene.is_out_once(1);
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn d01_a_restriction_that_is_true_sends_the_same_container_again_when_it_surely_was_not_published() {
    let scene = Scene::new("blocked indeed").await;
    let answer: serde_json::Value = serde_json::from_str(body(4, 2_207_051, "Action is blocked")).unwrap();
    scene.fake.cue(Cue::refuse(400, &answer));
    scene.stand.attempt().await;
    let began = scene.fake.now();
    let attempts = scene.settle().await;
    let (last, looks) = kinds(&attempts).split_last().map(|(last, looks)| (*last, looks.to_vec())).unwrap();
    assert!(last == AttemptKind::Send && looks.iter().all(|kind| *kind == AttemptKind::Look), "{attempts:?}");
    assert!(scene.fake.now() >= began + 5 * MINUTE);
    scene.is_out_once(1);
}

#[tokio::test]
async fn ready_is_read_twice_before_it_counts() {
    let scene = Scene::new("slow").await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    let reads = |scene: &Scene| scene.fake.calls().iter().filter(|call| call.method == "GET").count();
    scene.pass(MINUTE);
    let early = reads(&scene);
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent);
    assert_eq!(reads(&scene), early + 1, "too early to count, whatever it says");
    scene.pass(5 * MINUTE);
    let before = runtime::Clock::now(&*scene.stand.clock);
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent);
    assert_eq!(reads(&scene), early + 4, "twice the container, once the listing");
    assert!(runtime::Clock::now(&*scene.stand.clock) >= before + Duration::from_secs(30), "tens of seconds apart");
}

#[tokio::test]
async fn a_publish_call_that_is_carried_out_late_is_not_overtaken() {
    let scene = Scene::new("late").await;
    scene.fake.cue(Cue { hold_before: true, ..Cue::default() });
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::NO_ANSWER);
    scene.pass(2 * MINUTE);
    let ended = scene.stand.attempt().await;
    assert_eq!((ended.kind, ended.finding), (AttemptKind::Look, Some(Finding::Absent)), "ready, still");
    assert_eq!(scene.stand.state(), State::InDoubt);
    scene.fake.release();
    scene.fake.until(|stage| stage.posts().len() == 1).await;
    scene.settle().await;
    scene.is_out_once(1);
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn a_container_that_could_be_published_twice_is_not() {
    let scene = Scene::new("once").await;
    // It says "ready" for two minutes after it was published, and would be published again.
    scene.fake.set(|knobs| (knobs.single_use, knobs.ready_after_publish_ms) = (false, 120_000));
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let attempts = scene.settle().await;
    assert_eq!(attempts[0].finding, Some(Finding::Absent), "ready, it says");
    assert!(attempts.iter().all(|ended| ended.kind == AttemptKind::Look), "{attempts:?}");
    scene.is_out_once(1);
}

#[tokio::test]
async fn d05_a_container_that_never_says_it_is_published_is_not_sent_again_and_again() {
    let scene = Scene::new("once").await;
    scene.fake.set(|knobs| (knobs.single_use, knobs.ready_after_publish_ms) = (false, 86_400_000));
    scene.fake.cue(Cue::new(End::CutAfter).always());
    scene.stand.attempt().await;
    scene.settle().await;
    assert_eq!((scene.fake.posts().len(), scene.fake.publish_calls().len()), (1, 1));
    assert_eq!(scene.stand.state(), State::InDoubt);
    assert!(scene.stand.target().listed.is_some(), "a person is asked");
}

#[tokio::test]
async fn published_but_not_listed_yet_is_asked_again_and_never_sent() {
    let mut scene = Scene::new("unlisted").await;
    // Not even for an account that wants to be sent again in doubt.
    Arc::get_mut(&mut scene.stand).unwrap().account.on_doubt = OnDoubt::Resend;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(16_000)));
    scene.stand.attempt().await;
    let attempts = scene.settle().await;
    let told = attempts[0].finding.clone();
    assert_eq!(told, Some(Finding::CannotTell("it is published, but not listed yet".into())));
    let resent = attempts.iter().find(|ended| ended.kind == AttemptKind::Send).and_then(|ended| ended.failure.clone());
    let resent = resent.expect("the looks are used up, and the account says: send again");
    assert_eq!((resent.code, resent.landed, resent.step.as_str()), (Code::NO_PROOF, Landed::Unknown, READ));
    scene.is_out_once(1);
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn a_look_takes_no_other_post_whatever_stands_on_top() {
    let scene = Scene::new("same words").await;
    let earlier = scene.twin("same words");
    earlier.attempt().await;
    scene.pass(2 * MINUTE);
    scene.fake.cue(Cue::new(End::CutAfter).nth(1).list_late(10 * MINUTE));
    scene.stand.attempt().await;
    let (other, twin) = (scene.twin("other words"), scene.twin("same words"));
    other.attempt().await;
    twin.attempt().await;
    assert!(
        matches!(scene.stand.find(0).await.unwrap(), Finding::Found(receipt) if receipt.id == twin.receipts()[0].id)
    );
    scene.stand.taken.lock().unwrap().push(twin.receipts()[0].id.clone());
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)), "neither older nor taken nor on top");
    scene.pass(10 * MINUTE);
    let ours = scene.fake.posts()[1].id.clone();
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(receipt) if receipt.id == ours));
}

#[tokio::test]
async fn of_several_pictures_without_a_text_none_is_taken() {
    let scene = Scene::new("").await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
    scene.twin("").attempt().await;
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes() {
    let scene = Scene::new("deep down").await;
    scene.fake.set(|knobs| knobs.quota = 1000);
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..60 {
        scene.twin(&format!("later {n}")).attempt().await;
    }
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
}

#[tokio::test]
async fn an_expired_container_is_made_anew() {
    let scene = Scene::of("tomorrow", "jpg", 2, png()).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }));
    scene.stand.attempt().await;
    scene.pass(Duration::from_secs(25 * 3600));
    scene.settle().await;
    scene.is_out_once(6);
}

#[tokio::test]
async fn an_expired_container_whose_publish_call_is_in_doubt_is_looked_for_before() {
    for (end, containers) in [(End::CutAfter, 1), (End::CutBefore, 2)] {
        let scene = Scene::new("tomorrow").await;
        // That it was published is never shown.
        scene.fake.set(|knobs| knobs.ready_after_publish_ms = 48 * 3_600_000);
        scene.fake.cue(Cue::new(end));
        scene.stand.attempt().await;
        scene.pass(Duration::from_secs(25 * 3600));
        scene.settle().await;
        scene.is_out_once(containers);
    }
}

#[tokio::test]
async fn a_container_that_nobody_knows_any_more_is_a_matter_for_a_person() {
    let scene = Scene::new("lost").await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    scene.fake.platform().lose_containers();
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::InDoubt, 0));
    assert!(scene.stand.target().listed.is_some());
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn x03_a_container_that_reports_an_error_is_not_waited_for() {
    let scene = Scene::new("broken").await;
    scene.fake.set(|knobs| knobs.picture_ms = 600_000);
    scene.stand.attempt().await;
    scene.fake.platform().break_containers("Media upload has failed with error code 2207026");
    scene.pass(2 * MINUTE);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.worth, failure.step.as_str()), (Code::MEDIA_REFUSED, Worth::Never, READ));
    assert!(failure.said.text.contains("2207026"), "{failure:?}");
    assert_eq!(scene.stand.state(), State::Failed);
}

#[tokio::test]
async fn e02_a_fetch_that_fails_once_is_tried_again_and_in_the_end_fails() {
    let scene = Scene::of("six", "jpg", 6, png()).await;
    let flaky: serde_json::Value = serde_json::from_str(body(9004, 2_207_052, "Only photo or video")).unwrap();
    scene.fake.cue(Cue::refuse(400, &flaky).on("POST", "/media").nth(4));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::MEDIA_UNREACHABLE, Landed::No, RETRY));
    scene.settle().await;
    scene.is_out_once(8);

    let scene = Scene::of("a film", "mp4", 1, png()).await;
    scene.fake.cue(Cue::refuse(400, &flaky).on("POST", "/media").always());
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Failed, 0));
}

#[tokio::test]
async fn e01_an_address_that_cannot_be_read_does_not_undo_the_post() {
    let scene = Scene::new("live").await;
    let missing: serde_json::Value = serde_json::from_str(body(100, 33, "Unsupported get request.")).unwrap();
    // The second read: the first is the container's.
    scene.fake.cue(Cue::refuse(400, &missing).on("GET", "/v25.0/").nth(2));
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.is_out_once(1);
    assert_eq!(scene.stand.receipts()[0].url, None);
}

#[tokio::test]
async fn e01_a_container_that_cannot_be_read_proves_nothing() {
    let scene = Scene::new("live").await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let missing: serde_json::Value = serde_json::from_str(body(100, 33, "Unsupported get request.")).unwrap();
    scene.fake.cue(Cue::refuse(400, &missing).on("GET", "/v25.0/").times(3));
    let attempts = scene.settle().await;
    assert_eq!(kinds(&attempts), [AttemptKind::Look; 4]);
    scene.is_out_once(1);
}

#[tokio::test]
async fn t06_d02_a_token_that_dies_between_two_steps_holds_the_account_and_nothing_starts_over() {
    // While the container is awaited, and at the publish point.
    for (cue, step) in [(Cue::default().on("GET", "/v25.0/"), READ), (Cue::default(), PUBLISH)] {
        let scene = Scene::new("later").await;
        scene.fake.cue(Cue { expire_token: true, ..cue });
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed, failure.step.as_str()), (Code::TOKEN_EXPIRED, Landed::No, step));
        assert!(failure.holds_siblings());
        scene.fake.platform().restore("main");
        assert_eq!(scene.stand.ask(&Command::Retry), domain::Answer::Done);
        scene.settle().await;
        scene.is_out_once(1);
    }
}

#[tokio::test]
async fn r01_a_limit_is_the_apps_or_the_accounts_and_lasts_as_long_as_told() {
    let app: serde_json::Value = serde_json::from_str(body(4, 0, "Application request limit reached")).unwrap();
    let quota: serde_json::Value =
        serde_json::from_str(body(9, 2_207_042, "You reached maximum number of posts")).unwrap();
    for (answer, code, scope) in
        [(app, Code::RATE_LIMITED_APP, Scope::App), (quota, Code::RATE_LIMITED_ACCOUNT, Scope::Account)]
    {
        let scene = Scene::new("often").await;
        scene.fake.cue(Cue::refuse(400, &answer));
        let before = runtime::Clock::now(&*scene.stand.clock);
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.scope, failure.landed), (code, scope, Landed::No));
        assert!(failure.not_before().unwrap() >= before + 15 * MINUTE, "nobody says for how long");
        assert_eq!(scene.stand.target().tries, 0);
        scene.settle().await;
        scene.is_out_once(1);
    }
}

#[tokio::test]
async fn r02_a_quota_that_is_used_up_frees_itself_and_the_post_goes_out() {
    let scene = Scene::new("the last").await;
    scene.fake.set(|knobs| knobs.quota = 1);
    scene.twin("the first").attempt().await;
    let attempts = scene.stand.attempt().await;
    assert_eq!(attempts.failure.unwrap().code, Code::RATE_LIMITED_ACCOUNT);
    scene.pass(Duration::from_secs(24 * 3600));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
}

#[tokio::test]
async fn o01_a_comment_that_is_refused_leaves_the_post_as_it_is() {
    let scene = Scene::new("a post").await.with("first_comment", "and a word");
    let refused: serde_json::Value = serde_json::from_str(body(100, 0, "The comment is not allowed")).unwrap();
    scene.fake.cue(Cue::refuse(400, &refused).on("POST", "/comments"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.stand.state()), (Code::CONTENT_REFUSED, Landed::No, State::Failed));
    assert_eq!(scene.stand.receipts().len(), 1, "the post is out, and on record");
    scene.stand.ask(&Command::Retry);
    scene.settle().await;
    scene.is_out_once(1);
    assert_eq!(
        (scene.calls("POST", "/media_publish"), scene.fake.platform().comments()),
        (1, vec!["and a word".into()])
    );
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
        scene.is_out_once(1);
        assert_eq!((scene.fake.platform().comments().len(), scene.calls("POST", "/media_publish")), (2, 1));
    }
}

fn objections(content: Content) -> Vec<(String, Code)> {
    let stand = stand("instagram", "https://graph.instagram.com", content);
    stand.channel.check(&stand.draft).into_iter().map(|objection| (objection.path, objection.code)).collect()
}

#[test]
fn what_instagram_would_refuse_is_refused_before() {
    let seen = |content: Content| objections(content);
    let shown = |text: &str| picture(text, "https://cdn.example");
    let one = |path: &str, code| vec![(path.to_owned(), code)];
    assert_eq!(seen(shown("fine #one @two")), []);
    assert_eq!(seen(says("text alone")), one("media", Code::NOTHING_TO_SAY));
    assert_eq!(seen(shown(&"🎉".repeat(1101))), one("text", Code::TEXT_TOO_LONG));
    assert_eq!(seen(shown(&"🎉".repeat(1100))), []);
    let many = |mark: &str, n: usize| (0..n).map(|n| format!("{mark}x{n} ")).collect::<String>();
    assert_eq!(seen(shown(&many("#", 31))), one("text", Code::CONTENT_REFUSED));
    assert_eq!(seen(shown(&many("@", 21))), one("text", Code::CONTENT_REFUSED));
    assert_eq!(seen(shown(&format!("{}{}", many("#", 30), many("@", 20)))), []);
    let mut crowd = shown("x");
    crowd.media = vec![crowd.media[0].clone(); 11];
    assert_eq!(seen(crowd), one("media", Code::TOO_MANY_MEDIA));
    let set = |name: &str, value: &str| {
        let settings = [(name.to_owned(), value.to_owned())].into();
        seen(Content { settings, ..shown("x") })
    };
    for (name, wrong, right) in [
        ("share_to_feed", "yes", "true"),
        ("thumb_offset", "-1", "1000"),
        ("cover_url", "http://a.example/x.jpg", "https://a.example/x.jpg"),
    ] {
        assert_eq!(set(name, wrong), one(&format!("settings.{name}"), Code::BAD_SETTING));
        assert_eq!(set(name, right), []);
    }
    assert_eq!(set("first_comment", &"x".repeat(2197)), one("settings.first_comment", Code::TEXT_TOO_LONG));
    let thread = kit::stand::thread(&["one", "two"]);
    assert_eq!(seen(Content { media: shown("x").media, ..thread }), one("thread", Code::THREAD_NOT_TAKEN));
}

#[tokio::test]
async fn an_accounts_settings_are_checked() {
    let stand = stand("instagram", "https://graph.instagram.com", says("x"));
    let wrong = |name: &str, value: &str| {
        let mut card = stand.account.card();
        card.settings.insert(name.into(), value.into());
        stand.channel.check_account(&card).len()
    };
    for (name, value) in [("api_version", "25"), ("api_version", "v25"), ("user_id", "@me"), ("login", "meta")] {
        assert_eq!(wrong(name, value), 1, "{name} = {value}");
    }
    for (name, value) in [("api_version", "v26.0"), ("user_id", "17841400000000000"), ("login", "facebook")] {
        assert_eq!(wrong(name, value), 0, "{name} = {value}");
    }
}

#[tokio::test]
async fn credentials_are_checked_without_publishing() {
    let scene = Scene::new("x").await;
    let check = async || scene.stand.channel.check_credentials(&scene.stand.account).await;
    let standing = check().await.unwrap();
    assert_eq!((standing.who.as_str(), standing.missing.len(), standing.unknown), ("main", 0, false));
    scene.fake.platform().forbid("main");
    assert_eq!(check().await.unwrap().missing, ["instagram_business_content_publish"]);
    scene.fake.cue(Cue::say(200, &json!({"username": "me", "account_type": "PERSONAL"})).on("GET", "/me"));
    assert_eq!(check().await.unwrap_err().code, Code::ACCOUNT_RESTRICTED);
    scene.fake.platform().revoke("main");
    assert_eq!(check().await.unwrap_err().code, Code::TOKEN_REVOKED);
    assert_eq!(scene.fake.publish_calls().len(), 0);
}

#[tokio::test]
async fn with_facebooks_login_the_number_must_be_given_and_nothing_is_renewed() {
    let mut scene = Scene::new("x").await;
    let stand = Arc::get_mut(&mut scene.stand).unwrap();
    stand.account.settings.insert("login".into(), "facebook".into());
    let failure = stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::APP_MISCONFIGURED, Scope::Account, Landed::No));
    stand.account.settings.insert("user_id".into(), Instagram::account_id("main"));
    let standing = stand.channel.check_credentials(&stand.account).await.unwrap();
    assert_eq!(standing.who, "main");
    assert_eq!(stand.channel.refresh(&stand.account).await, Ok(None));
    stand.ask(&Command::Retry);
    scene.settle().await;
    scene.is_out_once(1);
    // The address alone says as much.
    let http = Http::new(HttpOptions::default(), scene.stand.http.runtime().clone()).unwrap();
    let mut account = scene.stand.account.clone();
    account.settings.clear();
    account.base_url = "https://graph.facebook.com".parse().unwrap();
    assert_eq!(Registry::all(http).get("instagram").unwrap().refresh(&account).await, Ok(None));
}

#[tokio::test]
async fn a_token_is_renewed_with_itself() {
    let scene = Scene::new("x").await;
    let (channel, mut account) = (scene.stand.channel.clone(), scene.stand.account.clone());
    let tokens = channel.refresh(&account).await.unwrap().unwrap();
    let days = |tokens: &oncepost_channels::Tokens| {
        tokens.expires_at.unwrap().duration_since(scene.fake.now()).as_hours() / 24
    };
    assert_eq!((days(&tokens), tokens.refresh.is_none()), (59, true));
    account.secrets.insert("access_token".into(), tokens.access.clone());
    assert_eq!(channel.check_credentials(&account).await.unwrap().who, "main");
    assert_eq!(
        channel.refresh(&account).await.unwrap_err().landed,
        Landed::No,
        "younger than a day: an answer that we do not know"
    );
    scene.fake.advance(Duration::from_secs(61 * 24 * 3600));
    let dead = channel.refresh(&account).await.unwrap_err();
    assert_eq!((dead.code, dead.landed), (Code::TOKEN_EXPIRED, Landed::No));
}

#[tokio::test]
async fn t01_t02_a_renewal_without_an_answer_or_a_token_is_no_dead_token() {
    let scene = Scene::new("x").await;
    let refresh = async |end: End| {
        scene.fake.cue(Cue::new(end).on("GET", "refresh_access_token"));
        scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err()
    };
    let empty = Answer::json(200, &json!({"access_token": "", "token_type": "bearer", "expires_in": 1}));
    for end in [End::CutAfter, End::Outage, End::Malformed, End::Say(empty)] {
        let failure = refresh(end.clone()).await;
        assert!(matches!(failure.worth, Worth::Retry { .. }), "{end:?}: {failure:?}");
        assert_eq!(failure.landed, Landed::No, "{end:?}: the old token stays good, whatever was made");
        assert!(!format!("{failure:?}").contains("token-main"));
    }
    let limited = refresh(End::RateLimit { seconds: 60 }).await;
    assert_eq!((limited.code, limited.landed), (Code::RATE_LIMITED_ACCOUNT, Landed::No));
}
