//! What is particular to Google Business Profile.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{
    AttemptKind, Code, Command, Content, Draft, Finding, Fix, Landed, ListReason, Outcome, Scope, State, Worth,
};
use kit::{
    rows::{self, Case, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says},
};
use oncepost_channels::{Secret, google_business::TABLE};
use serde_json::json;
use testkit::{Cue, End, Fake, GoogleBusiness};

const NAME: &str = "google-business";
const CREATE: &str = "create local post";
const RENEW: &str = "renew token";

/// The body of an error. Kept for as long as the test runs.
fn said(status: &str) -> &'static str {
    format!(r#"{{"error":{{"code":1,"message":"words","status":"{status}"}}}}"#).leak()
}

fn reason(reason: &str) -> &'static str {
    format!(r#"{{"error":{{"code":1,"message":"words","errors":[{{"reason":"{reason}"}}]}}}}"#).leak()
}

fn worded(message: &str) -> &'static str {
    format!(r#"{{"error":{{"code":1,"message":"{message}"}}}}"#).leak()
}

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand(NAME, "https://mybusiness.googleapis.com", says("x")).account;
    let permission = |case: Case| case.is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, fix(Fix::Reconnect), Scope::Account);
    let app = |case: Case| case.is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App);
    let app_limit = |case: Case| case.is(Code::RATE_LIMITED_APP, RETRY, Scope::App);
    let limit = |case: Case| case.is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account);
    let nowhere = |case: Case| case.is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::Account);
    rows::check(
        &TABLE,
        &account,
        &[
            nowhere(point(CREATE, 404, said("NOT_FOUND"))),
            nowhere(free("list local posts", 404, said("NOT_FOUND"))),
            free("read local post", 404, said("NOT_FOUND")).is(Code::REFERENCE_GONE, Worth::Never, Scope::Post),
            point(CREATE, 400, said("INVALID_ARGUMENT")).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
            dead(free(RENEW, 400, r#"{"error":"invalid_grant"}"#)),
            app(free(RENEW, 401, r#"{"error":"invalid_client"}"#)),
            app(free(RENEW, 400, r#"{"error":"unauthorized_client"}"#)),
            dead(free("check token", 400, r#"{"error":"invalid_token"}"#)),
            dead(point(CREATE, 401, said("UNAUTHENTICATED"))),
            app_limit(point(CREATE, 403, reason("quotaExceeded"))),
            app_limit(point(CREATE, 403, reason("dailyLimitExceeded"))),
            app_limit(point(CREATE, 403, reason("rateLimitExceeded"))),
            limit(point(CREATE, 403, reason("userRateLimitExceeded"))),
            limit(point(CREATE, 429, reason("userRateLimitExceeded"))),
            limit(point(CREATE, 429, worded("Quota exceeded for limit 'Requests per minute per user'"))),
            app_limit(point(CREATE, 429, said("RESOURCE_EXHAUSTED"))),
            app(point(CREATE, 403, reason("accessNotConfigured"))),
            app(point(CREATE, 403, worded("Google My Business API has not been used in project 17 before"))),
            permission(point(CREATE, 403, reason("insufficientPermissions"))),
            permission(point(CREATE, 403, worded("Request had insufficient authentication scopes."))),
            permission(point(CREATE, 403, reason("forbidden"))),
            permission(point(CREATE, 403, said("PERMISSION_DENIED"))),
        ],
    );
}

struct Scene {
    fake: Fake<GoogleBusiness>,
    stand: Stand,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<GoogleBusiness>::start().await;
        let stand = stand(NAME, &fake.url(), content);
        Self { fake, stand }
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    fn pass(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    /// It is out, and Google has one post of it.
    fn is_out_once(&self) {
        let records = self.fake.platform().records().len();
        assert_eq!((self.stand.state(), self.fake.posts().len(), records), (State::Published, 1, 1));
        assert_eq!(self.stand.receipts()[0].id, self.fake.posts()[0].id);
    }
}

fn set(content: Content, settings: &[(&str, &str)]) -> Content {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Content { settings, ..content }
}

fn linked(text: &str) -> Content {
    Content { link: Some("https://shop.example/x".into()), ..says(text) }
}

#[tokio::test]
async fn a_link_is_behind_a_button_and_a_picture_is_named_by_its_address() {
    let file = files(png()).await;
    let content = Content { link: Some("https://shop.example/x".into()), ..picture("New in", &file.url()) };
    let scene = Scene::new(set(content, &[("language", "en")])).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let native = &scene.fake.posts()[0].native;
    assert_eq!(
        native,
        &json!({
            "languageCode": "en",
            "summary": "New in",
            "topicType": "STANDARD",
            "callToAction": {"actionType": "LEARN_MORE", "url": "https://shop.example/x"},
            "media": [{"mediaFormat": "PHOTO", "sourceUrl": format!("{}/a.jpg", file.url())}],
        })
    );
    let url = scene.stand.receipts()[0].url.clone().unwrap();
    assert!(url.starts_with("https://local.google.com/"), "{url}");
    for (action, link, sent) in [
        ("book", linked("x"), json!({"actionType": "BOOK", "url": "https://shop.example/x"})),
        ("call", says("x"), json!({"actionType": "CALL"})),
    ] {
        let scene = Scene::new(set(link, &[("call_to_action", action)])).await;
        assert_eq!(scene.stand.attempt().await.failure, None);
        assert_eq!(scene.fake.posts()[0].native["callToAction"], sent);
    }
}

#[tokio::test]
async fn a_picture_that_google_would_not_take_from_its_address_is_refused_before_anything_is_sent() {
    let mut gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
    gif.resize(100, 0);
    let file = files(gif).await;
    let scene = Scene::new(picture("New in", &file.url())).await;
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::MEDIA_REFUSED, Landed::No));
    assert_eq!((scene.stand.state(), scene.fake.calls().len()), (State::Failed, 0));
    assert!(failure.said.text.starts_with("media 1 of 1 ("), "it says which: {failure:?}");
    assert!(scene.stand.target().handles.is_empty(), "a better file may be put at the address");
    let mut large = png();
    large.resize(5_600_000, 0);
    let file = files(large).await;
    let scene = Scene::new(picture("New in", &file.url())).await;
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert!(failure.code == Code::MEDIA_REFUSED && failure.said.text.contains("5600000 bytes"), "{failure:?}");
}

#[tokio::test]
async fn an_event_has_its_time_and_an_offer_its_terms() {
    let times = [("title", "Opening"), ("start", "2026-12-01"), ("end", "2026-12-02T18:30")];
    let event = Scene::new(set(linked("Come"), &[&times[..], &[("type", "event")]].concat())).await;
    assert_eq!(event.stand.attempt().await.failure, None);
    let schedule = json!({
        "startDate": {"year": 2026, "month": 12, "day": 1},
        "endDate": {"year": 2026, "month": 12, "day": 2},
        "endTime": {"hours": 18, "minutes": 30},
    });
    let native = &event.fake.posts()[0].native;
    assert_eq!(native["event"], json!({"title": "Opening", "schedule": schedule}));
    assert_eq!((&native["topicType"], &native["callToAction"]["actionType"]), (&json!("EVENT"), &json!("LEARN_MORE")));
    let more = [("type", "offer"), ("coupon", "ONCE"), ("terms", "one each")];
    let offer = Scene::new(set(linked("Half price"), &[&times[..], &more[..]].concat())).await;
    assert_eq!(offer.stand.attempt().await.failure, None);
    let native = &offer.fake.posts()[0].native;
    let terms =
        json!({"couponCode": "ONCE", "redeemOnlineUrl": "https://shop.example/x", "termsConditions": "one each"});
    assert_eq!((&native["offer"], &native["callToAction"]), (&terms, &json!(null)));
    assert_eq!(native["event"]["title"], "Opening");
}

#[tokio::test]
async fn m17_o02_a_post_that_is_looked_at_first_is_not_published_until_it_is_live() {
    let scene = Scene::new(says("hello")).await;
    scene.fake.set(|knobs| knobs.processing_s = 600);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.stand.state(), scene.stand.receipts().len()), (State::Processing, 0));
    let kinds = scene.settle().await;
    assert!(kinds.len() > 1 && kinds.iter().all(|kind| *kind == AttemptKind::Poll), "{kinds:?}");
    scene.is_out_once();
}

#[tokio::test]
async fn m17_a_rejection_is_a_failure_at_once_or_later() {
    for processing_s in [0, 600] {
        let scene = Scene::new(says("hello")).await;
        scene.fake.set(|knobs| (knobs.processing_s, knobs.rejects) = (processing_s, true));
        scene.stand.attempt().await;
        scene.settle().await;
        let failure = scene.stand.target().last_failure.unwrap();
        assert_eq!((failure.code, failure.landed, failure.worth), (Code::CONTENT_REFUSED, Landed::No, Worth::Never));
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Failed, 0));
        assert_eq!(scene.fake.publish_calls().len(), 1);
    }
}

#[tokio::test]
async fn a_post_that_somebody_deletes_while_it_is_looked_at_is_gone_and_a_new_one_is_not_seen_yet() {
    let gone = json!({"error": {"code": 404, "status": "NOT_FOUND", "message": "Requested entity was not found."}});
    for (seconds, state) in [(120, State::Processing), (660, State::Failed)] {
        let scene = Scene::new(says("hello")).await;
        scene.fake.set(|knobs| knobs.processing_s = 3600);
        scene.stand.attempt().await;
        scene.pass(seconds);
        scene.fake.cue(Cue::refuse(404, &gone).on("GET", "/localPosts/"));
        assert_eq!(scene.stand.attempt().await.kind, AttemptKind::Poll);
        assert_eq!(scene.stand.state(), state, "after {seconds} s");
        if state == State::Failed {
            assert_eq!(scene.stand.target().last_failure.unwrap().code, Code::REFERENCE_GONE);
        } else {
            scene.settle().await;
            scene.is_out_once();
        }
    }
}

/// A post of unknown name is looked for, and a refusal of that question is none of the post.
#[tokio::test]
async fn a_verdict_that_could_not_be_asked_for_is_none() {
    let scene = Scene::new(says("hello")).await;
    let repeat = scene.stand.channel.safety(&scene.stand.account.card()).repeat;
    scene.stand.begin();
    let attempt = scene.stand.target().attempt;
    scene.stand.ask(&Command::Arm { attempt, step: CREATE.into(), part: 0 });
    let (outcome, on_doubt) = (Outcome::Processing, scene.stand.account.on_doubt);
    scene.stand.ask(&Command::Finish { attempt, outcome, repeat, on_doubt, trace: None });
    scene.pass(60);
    let wrong = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "words"}});
    scene.fake.cue(Cue::refuse(400, &wrong).on("GET", "/localPosts"));
    let ended = scene.stand.attempt().await;
    assert_eq!((ended.kind, scene.stand.state()), (AttemptKind::Poll, State::Processing), "{:?}", ended.failure);
}

#[tokio::test]
async fn d14_a_lost_post_is_found_by_its_words_and_kind_once_it_is_live() {
    let times = [("type", "event"), ("title", "Opening"), ("start", "2026-12-01"), ("end", "2026-12-02")];
    let scene = Scene::new(set(says("Come\n\nall of you"), &times)).await;
    scene.fake.set(|knobs| knobs.processing_s = 300);
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    let kinds = scene.settle().await;
    assert!(kinds.len() > 1 && kinds.iter().all(|kind| *kind == AttemptKind::Look), "{kinds:?}");
    scene.is_out_once();
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn a_lost_post_that_google_rejects_is_left_to_a_person_and_not_sent_again() {
    let scene = Scene::new(says("hello")).await;
    scene.fake.set(|knobs| knobs.rejects = true);
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::InDoubt, 1));
    assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(why) if why.contains("rejected")));
}

#[tokio::test]
async fn a_post_that_never_arrived_goes_out_once_its_absence_is_sure() {
    let scene = Scene::new(says("late")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    let kinds = scene.settle().await;
    assert_eq!((kinds.first(), kinds.last()), (Some(&AttemptKind::Look), Some(&AttemptKind::Send)));
    let calls = scene.fake.publish_calls();
    assert!(calls[1].at.duration_since(calls[0].at).as_secs() >= 600, "ten minutes, for listings that lag");
    scene.is_out_once();
}

#[tokio::test]
async fn a_listing_that_lags_makes_no_second_post() {
    let scene = Scene::new(says("late")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(8 * 60)));
    scene.stand.attempt().await;
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn a_look_takes_neither_older_posts_nor_other_ones_nor_those_of_other_targets() {
    let scene = Scene::new(says("same words")).await;
    scene.stand.attempt().await;
    scene.pass(120);
    let ours = scene.stand.another(says("same words"));
    let event = [("type", "event"), ("title", "T"), ("start", "2026-12-01"), ("end", "2026-12-02")];
    for other in [says("other words"), set(says("same words"), &event)] {
        assert_eq!(scene.stand.another(other).attempt().await.failure, None);
    }
    assert_eq!(
        ours.find(0).await.unwrap(),
        Finding::Absent,
        "one is too old, one says something else, one is an event"
    );
    let twin = scene.stand.another(says("same words"));
    twin.attempt().await;
    let twins = twin.receipts()[0].clone();
    assert_eq!(ours.find(0).await.unwrap(), Finding::Found(twins.clone()));
    ours.taken.lock().unwrap().push(twins.id);
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
}

#[tokio::test]
async fn a_post_of_which_no_time_is_told_may_be_an_old_one() {
    let scene = Scene::new(says("same words")).await;
    let name = "accounts/1/locations/2/localPosts/9";
    let listed = |summary: &str| {
        json!({"localPosts": [{
            "name": name, "summary": summary, "topicType": "STANDARD", "state": "LIVE", "searchUrl": "https://g.example/9",
        }]})
    };
    let finds = async |summary: &str| {
        scene.fake.cue(Cue::refuse(200, &listed(summary)).on("GET", "/localPosts"));
        scene.stand.find(0).await.unwrap()
    };
    let undated = finds("same words").await;
    assert!(matches!(&undated, Finding::CannotTell(why) if why.contains(name)), "{undated:?}");
    assert_eq!(finds("other words").await, Finding::Absent);
    scene.stand.taken.lock().unwrap().push(name.into());
    assert_eq!(finds("same words").await, Finding::Absent, "the ledger knows whose it is");
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes() {
    let scene = Scene::new(says("deep down")).await;
    scene.fake.set(|knobs| knobs.calls_per_minute = 10_000);
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..120 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
    }
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
}

#[tokio::test]
async fn r01_the_quota_of_a_minute_is_the_apps() {
    let scene = Scene::new(says("x")).await;
    scene.fake.set(|knobs| knobs.calls_per_minute = 0);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::RATE_LIMITED_APP, Landed::No, Scope::App));
    assert_eq!((scene.stand.state(), scene.stand.target().tries), (State::Retrying, 0));
}

#[tokio::test]
async fn a_location_that_is_missing_or_not_ours_holds_the_account() {
    let mut scene = Scene::new(says("x")).await;
    scene.stand.account.settings.insert("location".into(), GoogleBusiness::location("other"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::PERMISSION_MISSING, Scope::Account));
    let mut scene = Scene::new(says("x")).await;
    scene.stand.account.settings.insert("location".into(), "locations/2".into());
    assert_eq!(scene.stand.channel.check_account(&scene.stand.account.card()).len(), 1);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.fake.calls().len()), (Code::APP_MISCONFIGURED, Landed::No, 0));
}

#[tokio::test]
async fn credentials_are_checked_and_renewed() {
    let mut scene = Scene::new(says("x")).await;
    let (channel, account) = (&scene.stand.channel, &mut scene.stand.account);
    let good = channel.check_credentials(account).await.unwrap();
    assert_eq!((good.who, good.missing.len()), (GoogleBusiness::location("main"), 0));
    scene.fake.platform().grant("main", "openid");
    let scope = "https://www.googleapis.com/auth/business.manage";
    assert_eq!(channel.check_credentials(account).await.unwrap().missing, [scope]);
    for (name, value) in [
        ("refresh_token", GoogleBusiness::refresh_token("main")),
        ("client_id", GoogleBusiness::CLIENT.0.to_owned()),
        ("client_secret", GoogleBusiness::CLIENT.1.to_owned()),
    ] {
        account.secrets.insert(name.to_owned(), Secret::new(value));
    }
    let tokens = channel.refresh(account).await.unwrap().unwrap();
    assert_eq!((tokens.refresh, tokens.scopes), (None, Some(vec!["openid".to_owned()])));
    scene.fake.platform().revoke("main");
    assert_eq!(channel.check_credentials(account).await.unwrap_err().code, Code::TOKEN_EXPIRED);
    assert_eq!(channel.refresh(account).await.unwrap_err().code, Code::TOKEN_REVOKED);
}

#[tokio::test]
async fn what_google_would_refuse_is_told_before() {
    let scene = Scene::new(says("x")).await;
    let found = |content: Content| {
        let objections = scene.stand.channel.check(&Draft(content));
        objections.into_iter().map(|found| (found.path, found.code)).collect::<Vec<_>>()
    };
    let bad = |name: &str| vec![(format!("settings.{name}"), Code::BAD_SETTING)];
    assert_eq!(found(linked(&"x".repeat(1500))), [], "the link is no part of the text");
    assert_eq!(found(says(&"x".repeat(1501))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    assert_eq!(found(picture("", "https://a.example")), [("text".to_owned(), Code::NOTHING_TO_SAY)]);
    let event = [("type", "event"), ("title", "T"), ("start", "2026-12-02"), ("end", "2026-12-03")];
    assert_eq!(found(set(says("x"), &event)), []);
    for (name, value) in [("title", ""), ("start", "soon"), ("end", "2026-12-01")] {
        let mut wrong = event;
        wrong.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, old)| *old = value);
        assert_eq!(found(set(says("x"), &wrong)), bad(name), "{name}");
    }
    assert_eq!(found(set(says("x"), &[("type", "alert")])), bad("type"));
    assert_eq!(found(set(says("x"), &[("call_to_action", "book")])), bad("call_to_action"), "it leads nowhere");
    assert_eq!(found(set(linked("x"), &[("call_to_action", "buy")])), bad("call_to_action"));
    let offer = [&event[1..], &[("type", "offer"), ("call_to_action", "call")]].concat();
    assert_eq!(found(set(linked("x"), &offer)), bad("call_to_action"));
    assert_eq!(found(set(says("x"), &[("language", "english please")])), bad("language"));
}
