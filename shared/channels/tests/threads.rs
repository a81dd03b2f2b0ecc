//! What is particular to Threads.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Command, Content, Finding, Fix, Landed, Media, Part, Scope, State, Worth};
use kit::{
    graph::{self, before, body, content, refused},
    rows::{self, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Ended, Stand, says, thread},
};
use oncepost_channels::threads::TABLE;
use serde_json::{Value, json};
use testkit::{Cue, End, Fake, Threads};

const MAKE: &str = "make container";
const READ: &str = "read container";
const PUBLISH: &str = "publish container";
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("threads", "https://graph.threads.net", says("x")).account;
    let post = |finer, code| refused(PUBLISH, 24, finer).is(code, RETRY, Scope::Post);
    let restricted = |finer| {
        let case = refused(PUBLISH, 4, finer).is(Code::ACCOUNT_RESTRICTED, fix(Fix::Account), Scope::Account);
        case.in_doubt()
    };
    let quota = point(PUBLISH, 400, body(9, 0, "You reached maximum number of posts")).is(
        Code::RATE_LIMITED_ACCOUNT,
        RETRY,
        Scope::Account,
    );
    let broken = |why, code, worth| free(READ, 400, body(0, 0, why)).is(code, worth, Scope::Post);
    let said = |why, code| point(PUBLISH, 400, body(100, 0, why)).is(code, Worth::Never, Scope::Post).in_doubt();
    let unfetched = point(PUBLISH, 400, body(-1, 0, "The media could not be fetched from this URI"));
    let mut cases = vec![
        post(4_279_009, Code::MEDIA_NOT_READY),
        restricted(2_207_051),
        restricted(4_279_013),
        quota,
        post(2_207_027, Code::MEDIA_NOT_READY).in_doubt(),
        post(2_207_008, Code::MEDIA_NOT_READY).in_doubt(),
        post(2_207_052, Code::MEDIA_UNREACHABLE).in_doubt(),
        unfetched.is(Code::MEDIA_UNREACHABLE, RETRY, Scope::Post).in_doubt(),
        broken("FAILED_DOWNLOADING_VIDEO", Code::MEDIA_UNREACHABLE, RETRY),
        broken("FAILED_PROCESSING_AUDIO", Code::MEDIA_NOT_READY, RETRY),
        broken("INVALID_BIT_RATE", Code::MEDIA_REFUSED, Worth::Never),
        said("THREADS_API__LINK_LIMIT_EXCEEDED", Code::CONTENT_REFUSED),
        said("Param text must be at most 500 characters long.", Code::CONTENT_REFUSED),
        before("check account", 100, 33).is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account),
        before(MAKE, 100, 33).is(Code::STRANGE_ANSWER, RETRY, Scope::Post),
        content(MAKE, 100, 0, Code::CONTENT_REFUSED),
        content(MAKE, 36_000, 2_207_004, Code::MEDIA_REFUSED),
        content(MAKE, 352, 2_207_026, Code::MEDIA_REFUSED),
    ];
    cases.extend(graph::shared(PUBLISH));
    rows::check(&TABLE, &account, &cases);
}

struct Scene {
    fake: Fake<Threads>,
    stand: Arc<Stand>,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Threads>::start().await;
        fake.set(|knobs| knobs.fetches = false);
        let stand = Arc::new(stand("threads", &fake.url(), content));
        Self { fake, stand }
    }

    fn pass(&self, span: Duration) {
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn settle(&self) -> Vec<Ended> {
        self.stand.settle(|span| self.fake.advance(span)).await
    }

    fn containers(&self) -> usize {
        self.fake.calls().iter().filter(|call| call.method == "POST" && call.path.ends_with("/threads")).count()
    }

    /// All of it is out, each part once, in order.
    fn is_out(&self, texts: &[&str]) {
        let posts = self.fake.posts();
        assert_eq!(self.stand.state(), State::Published, "{:?}", self.stand.target());
        assert_eq!(posts.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(), texts);
        let ids: Vec<_> = posts.iter().map(|post| post.id.clone()).collect();
        assert_eq!(self.stand.receipts().into_iter().map(|receipt| receipt.id).collect::<Vec<_>>(), ids);
        for (n, post) in posts.iter().enumerate().skip(1) {
            assert_eq!(post.native["reply_to_id"], json!(ids[n - 1]), "each answers the one before");
        }
    }
}

fn error(code: i64, finer: u64, message: &str) -> Value {
    serde_json::from_str(body(code, finer, message)).unwrap()
}

fn kinds(attempts: &[Ended]) -> Vec<AttemptKind> {
    attempts.iter().map(|ended| ended.kind).collect()
}

fn media(names: &[&str]) -> Vec<Media> {
    let media = |name: &&str| Media { url: format!("https://cdn.example/{name}"), alt: Some((*name).into()) };
    names.iter().map(media).collect()
}

#[tokio::test]
async fn a_thread_is_a_container_per_part_and_settings_go_with_the_first() {
    let settings = [("reply_control", "mentioned_only"), ("topic_tag", "rust")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let scene =
        Scene::new(Content { settings, link: Some("https://a.example".into()), ..thread(&["one", "two"]) }).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.is_out(&["one\n\nhttps://a.example", "two"]);
    let posts = scene.fake.posts();
    let told = |n: usize| ["media_type", "reply_control", "topic_tag"].map(|name| posts[n].native[name].clone());
    assert_eq!(told(0), [json!("TEXT_POST"), json!("mentioned_only"), json!("rust")]);
    assert_eq!(told(1), [json!("TEXT_POST"), json!(null), json!(null)]);
    assert_eq!(scene.stand.receipts()[1].url.as_deref(), Some(posts[1].url.as_str()));
    let calls: Vec<_> = scene.fake.calls().into_iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    assert_eq!((calls[0].as_str(), calls[2].as_str()), ("POST /v1.0/me/threads", "POST /v1.0/me/threads_publish"));
    assert_eq!((calls.len(), scene.containers()), (8, 2));
}

#[tokio::test]
async fn pictures_and_videos_go_out_alone_and_together() {
    for (names, kind) in
        [(&["a.png"][..], "IMAGE"), (&["a.mp4"], "VIDEO"), (&["a.jpg", "b.mp4", "c.png"], "CAROUSEL_ALBUM")]
    {
        let scene = Scene::new(Content { media: media(names), ..says("look") }).await;
        assert_eq!(scene.stand.attempt().await.failure, None);
        scene.is_out(&["look"]);
        let native = scene.fake.posts()[0].native.clone();
        assert_eq!(native["media_type"], kind);
        if names.len() > 1 {
            let alts: Vec<_> = (0..3).map(|n| native["children"][n]["alt_text"].clone()).collect();
            assert_eq!(alts, names.iter().map(|name| json!(name)).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn d15_a_crash_between_any_two_steps_resumes_and_does_not_start_over() {
    // Of each part: container, its state, the publish call, the post's address.
    for n in 1..=8 {
        let scene = Scene::new(thread(&["one", "two"])).await;
        scene.fake.cue(Cue { hold_before: true, path: Some("/".into()), nth: Some(n), ..Cue::default() });
        let dying = scene.stand.clone();
        let worker = scene.stand.http.runtime().spawn(async move { dying.attempt().await });
        scene.fake.until(|stage| stage.calls().len() == usize::try_from(n).unwrap()).await;
        worker.abort();
        scene.fake.release();
        scene.fake.until(|stage| stage.calls().iter().all(|call| call.did != "working")).await;
        scene.settle().await;
        scene.is_out(&["one", "two"]);
        // Only the container whose id was on its way when the worker died is made again.
        assert_eq!(scene.containers(), 2 + usize::from([1, 5].contains(&n)), "step {n}");
        assert_eq!(scene.fake.publish_calls().len(), 2, "step {n}");
    }
}

#[tokio::test]
async fn d01_a_restriction_after_the_publish_call_is_in_doubt_and_the_container_settles_it() {
    for finer in [2_207_051, 4_279_013] {
        let scene = Scene::new(says("blocked, or so it says")).await;
        scene.fake.cue(Cue::say(400, &error(4, finer, "Action is blocked")));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::ACCOUNT_RESTRICTED, Landed::Unknown));
        assert!(matches!(scene.stand.ask(&Command::Retry), domain::Answer::Refused(_)));
        assert_eq!(kinds(&scene.settle().await), [AttemptKind::Look]);
        scene.is_out(&["blocked, or so it says"]);
        assert_eq!(scene.fake.publish_calls().len(), 1);
    }
}

#[tokio::test]
async fn e05_a_container_that_is_not_known_yet_is_waited_for_and_then_made_anew() {
    let scene = Scene::new(says("soon")).await;
    scene.fake.set(|knobs| knobs.unknown_ms = 30_000);
    let made = runtime::Clock::now(&*scene.stand.clock);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::MEDIA_NOT_READY, Landed::No, Scope::Post));
    assert!(failure.not_before().unwrap() >= made + MINUTE - Duration::from_secs(1));
    scene.settle().await;
    scene.is_out(&["soon"]);
    assert_eq!(scene.containers(), 1, "the same container");

    let scene = Scene::new(says("never")).await;
    scene.fake.cue(Cue::refuse(400, &error(24, 4_279_009, "Media Not Found")).times(3));
    scene.settle().await;
    scene.is_out(&["never"]);
    assert_eq!(scene.containers(), 2, "another, after the first stayed unknown for a minute");

    let scene = Scene::new(says("never at all")).await;
    scene.fake.set(|knobs| knobs.unknown_ms = 86_400_000);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Failed, 0), "few tries");
}

#[tokio::test]
async fn e05_a_container_unknown_after_a_doubt_may_be_used_up_and_none_is_made_anew() {
    let scene = Scene::new(says("once")).await;
    // For longer than we wait it says "ready", though it was published, and lists nothing; a second publish call does not know it.
    scene.fake.set(|knobs| knobs.ready_after_publish_ms = 900_000);
    scene.fake.cue(Cue::new(End::CutAfter).list_late(15 * MINUTE));
    scene.stand.attempt().await;
    let attempts = scene.settle().await;
    let sent = attempts.iter().find(|ended| ended.kind == AttemptKind::Send).expect("surely not published, it seemed");
    let failure = sent.failure.clone().unwrap();
    assert_eq!((failure.code, failure.landed), (Code::MEDIA_NOT_READY, Landed::Unknown));
    scene.is_out(&["once"]);
    assert_eq!(scene.containers(), 1);
}

#[tokio::test]
async fn a_look_knows_a_part_by_its_place_and_takes_no_others() {
    for (says_replied_to, cut) in [(true, 1), (true, 2), (true, 3), (false, 3)] {
        let scene = Scene::new(thread(&["again ", "again", "again"])).await;
        scene.fake.set(|knobs| knobs.says_replied_to = says_replied_to);
        scene.fake.cue(Cue::new(End::CutAfter).nth(cut).list_late(MINUTE / 2));
        scene.stand.attempt().await;
        // Somebody else's target says the same, as a post and as an answer to the first part, and stands on top.
        let twin = scene.stand.another(thread(&["again", "again"]));
        twin.attempt().await;
        scene.stand.taken.lock().unwrap().extend(twin.receipts().into_iter().map(|receipt| receipt.id));
        let attempts = scene.settle().await;
        assert_eq!(attempts[0].kind, AttemptKind::Look);
        let twins: Vec<_> = twin.receipts().into_iter().map(|receipt| receipt.id).collect();
        let posts = scene.fake.posts().into_iter().map(|post| post.id).filter(|id| !twins.contains(id));
        let ids: Vec<_> = scene.stand.receipts().into_iter().map(|receipt| receipt.id).collect();
        assert_eq!((scene.stand.state(), ids), (State::Published, posts.collect()), "cut at {cut}");
        assert_eq!(scene.fake.publish_calls().len(), 5, "each once");
    }
}

#[tokio::test]
async fn a_look_takes_no_answer_to_another_post() {
    let scene = Scene::new(thread(&["one", "two"])).await;
    // Not ours, a moment earlier, and nobody has it on record.
    scene.stand.another(thread(&["something else", "two"])).attempt().await;
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    scene.stand.attempt().await;
    scene.settle().await;
    assert_eq!(scene.stand.receipts()[1].id, scene.fake.posts()[3].id);
}

#[tokio::test]
async fn a_look_takes_no_post_of_another_kind() {
    let scene = Scene::new(says("same words")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(10 * MINUTE));
    scene.stand.attempt().await;
    scene.stand.another(Content { media: media(&["a.jpg"]), ..says("same words") }).attempt().await;
    scene.stand.another(says("other words")).attempt().await;
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
    scene.pass(10 * MINUTE);
    let ours = scene.fake.posts()[0].id.clone();
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(receipt) if receipt.id == ours));
}

#[tokio::test]
async fn published_but_not_listed_yet_is_asked_again_and_never_sent() {
    let scene = Scene::new(says("unlisted")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(20 * MINUTE));
    scene.stand.attempt().await;
    let attempts = scene.settle().await;
    assert_eq!(attempts[0].finding, Some(Finding::CannotTell("it is published, but not listed yet".into())));
    scene.is_out(&["unlisted"]);
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn an_expired_container_is_made_anew_and_a_lost_one_is_a_matter_for_a_person() {
    let scene = Scene::new(says("tomorrow")).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }));
    scene.stand.attempt().await;
    scene.pass(Duration::from_secs(25 * 3600));
    scene.settle().await;
    scene.is_out(&["tomorrow"]);
    assert_eq!(scene.containers(), 2);

    let scene = Scene::new(says("lost")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    scene.fake.platform().lose_containers();
    scene.fake.cue(Cue::refuse(400, &error(24, 4_279_009, "Media Not Found")).on("GET", "/v1.0/1").always());
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len(), scene.containers()), (State::InDoubt, 0, 1));
}

#[tokio::test]
async fn x03_m06_a_video_is_awaited_within_bounds_and_its_error_is_told_at_once() {
    let scene = Scene::new(Content { media: media(&["a.mp4"]), ..says("film") }).await;
    scene.fake.set(|knobs| knobs.video_ms = 300_000);
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::MEDIA_NOT_READY);
    scene.settle().await;
    scene.is_out(&["film"]);
    assert_eq!(scene.containers(), 1);

    let scene = Scene::new(Content { media: media(&["a.mp4"]), ..says("film") }).await;
    scene.fake.set(|knobs| knobs.video_ms = 300_000);
    scene.stand.attempt().await;
    scene.fake.platform().break_containers("INVALID_DURATION");
    scene.pass(2 * MINUTE);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.said.text.as_str()), (Code::MEDIA_REFUSED, "INVALID_DURATION"));
    assert_eq!(scene.stand.state(), State::Failed);
}

#[tokio::test]
async fn r02_a_quota_that_is_used_up_frees_itself_and_answers_have_their_own() {
    let scene = Scene::new(thread(&["one", "two"])).await;
    scene.fake.set(|knobs| knobs.reply_quota = 0);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::RATE_LIMITED_ACCOUNT, Landed::No));
    assert_eq!((scene.stand.receipts().len(), scene.stand.target().tries), (1, 0));
    scene.fake.set(|knobs| knobs.reply_quota = 1000);
    scene.settle().await;
    scene.is_out(&["one", "two"]);
}

fn objections(content: Content) -> Vec<(String, Code)> {
    let stand = stand("threads", "https://graph.threads.net", content);
    stand.channel.check(&stand.draft).into_iter().map(|objection| (objection.path, objection.code)).collect()
}

#[test]
fn what_threads_would_refuse_is_refused_before() {
    let one = |path: &str, code| vec![(path.to_owned(), code)];
    assert_eq!(objections(says(&format!("{}{}", "🎉".repeat(124), "ü".repeat(4)))), []);
    assert_eq!(objections(says(&"🎉".repeat(126))), one("text", Code::TEXT_TOO_LONG), "four bytes each");
    assert_eq!(
        objections(Content { media: vec![media(&["a.jpg"])[0].clone(); 21], ..says("x") }),
        one("media", Code::TOO_MANY_MEDIA)
    );
    for (name, wrong, right) in [("reply_control", "nobody", "followers_only"), ("topic_tag", "a.b", "rust lang")] {
        let set = |value: &str| {
            let settings = [(name.to_owned(), value.to_owned())].into();
            objections(Content { settings, ..says("x") })
        };
        assert_eq!((set(wrong), set(right)), (one(&format!("settings.{name}"), Code::BAD_SETTING), vec![]));
    }
}

#[test]
fn e09_more_links_than_threads_takes_are_refused_before_any_part_is_out() {
    let links = |n: usize| (0..n).map(|n| format!("https://a.example/{n} ")).collect::<String>();
    let part = |text: String| Part { text, media: vec![] };
    let many = Content { thread: vec![part(links(5)), part(format!("{} www.b.example", links(5)))], ..says("x") };
    assert_eq!(objections(many), [("thread[1].text".to_owned(), Code::CONTENT_REFUSED)]);
    assert_eq!(objections(says(&format!("{} https://a.example/0", links(5)))), [], "the same one counts once");
}

#[tokio::test]
async fn credentials_are_checked_and_renewed_without_publishing() {
    let scene = Scene::new(says("x")).await;
    let (channel, mut account) = (scene.stand.channel.clone(), scene.stand.account.clone());
    let standing = channel.check_credentials(&account).await.unwrap();
    assert_eq!((standing.who.as_str(), standing.missing.len(), standing.unknown), ("main", 0, false));
    scene.fake.platform().forbid("main");
    assert_eq!(channel.check_credentials(&account).await.unwrap().missing, ["threads_content_publish"]);
    let tokens = channel.refresh(&account).await.unwrap().unwrap();
    assert_eq!(tokens.expires_at.unwrap().duration_since(scene.fake.now()).as_hours() / 24, 59);
    account.secrets.insert("access_token".into(), tokens.access);
    assert_eq!(channel.check_credentials(&account).await.unwrap().who, "main");
    scene.fake.cue(Cue::new(End::CutAfter).on("GET", "refresh_access_token"));
    assert_eq!(channel.refresh(&account).await.unwrap_err().landed, Landed::No);
    scene.fake.platform().revoke("main");
    assert_eq!(channel.check_credentials(&account).await.unwrap_err().code, Code::TOKEN_REVOKED);
    assert_eq!(channel.refresh(&account).await.unwrap_err().landed, Landed::No);
    assert_eq!(scene.fake.publish_calls().len(), 0);
}

#[tokio::test]
async fn an_address_that_does_not_say_what_it_is_is_looked_into() {
    let file = files(png()).await;
    let media = vec![Media { url: format!("{}/picture", file.url()), alt: None }];
    let scene = Scene::new(Content { media, ..says("what") }).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.fake.posts()[0].native["media_type"], "IMAGE");
}
