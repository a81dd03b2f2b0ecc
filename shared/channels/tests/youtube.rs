//! What is particular to YouTube.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{
    AttemptKind, Code, Command, Content, Draft, Finding, Fix, Landed, ListReason, Media, Scope, State, Worth,
};
use kit::{
    crash::dies_at,
    rows::{self, Case, RETRY, fix, free, point},
    servers::{Raw, files, mp4, png},
    site::stand,
    stand::{Stand, picture, says},
};
use oncepost_channels::{Secret, youtube::TABLE};
use serde_json::{Value, json};
use testkit::{Cue, End, Fake, YouTube};

const PUBLISH: &str = "make public";
const BEGIN: &str = "begin upload";
const SEND: &str = "upload: send bytes";
const RENEW: &str = "renew token";
const MIB: usize = 1 << 20;
/// How the start of the SHA-256 of nothing is written.
const EMPTY: &str = "e3b0c44298fc1c14";

/// The body of an error. Kept for as long as the test runs.
fn said(reason: &str) -> &'static str {
    format!(r#"{{"error":{{"code":1,"message":"words","errors":[{{"domain":"d","reason":"{reason}"}}]}}}}"#).leak()
}

fn worded(message: &str) -> &'static str {
    format!(r#"{{"error":{{"code":1,"message":"{message}"}}}}"#).leak()
}

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("youtube", "https://www.googleapis.com", says("x")).account;
    let held = |case: Case| case.is(Code::ACCOUNT_RESTRICTED, fix(Fix::Account), Scope::Account);
    let content = |reason| point(PUBLISH, 400, said(reason)).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    let media = |case: Case| case.is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post);
    let permission = |case: Case| case.is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account);
    let gone = |case: Case| case.is(Code::REFERENCE_GONE, Worth::Never, Scope::Post);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, fix(Fix::Reconnect), Scope::Account);
    let app = |case: Case| case.is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App);
    let app_limit = |case: Case| case.is(Code::RATE_LIMITED_APP, RETRY, Scope::App);
    let limit = |case: Case| case.is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account);
    let unready = |status| free(SEND, status, "").is(Code::MEDIA_NOT_READY, RETRY, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            held(free(BEGIN, 401, said("youtubeSignupRequired"))),
            limit(free(BEGIN, 400, said("uploadLimitExceeded"))),
            limit(free(BEGIN, 403, said("uploadLimitExceeded"))),
            content("invalidTitle"),
            content("invalidDescription"),
            content("invalidTags"),
            content("invalidCategoryId"),
            content("invalidPublishAt"),
            content("invalidRecordingDetails"),
            content("invalidVideoMetadata"),
            content("defaultLanguageNotSet"),
            media(free(BEGIN, 400, said("invalidFilename"))),
            media(free(SEND, 400, said("mediaBodyRequired"))),
            media(free("set thumbnail", 400, said("imageFormatUnsupported"))),
            media(free(SEND, 413, "<html>")),
            permission(point(PUBLISH, 403, said("forbiddenPrivacySetting"))),
            permission(point(PUBLISH, 403, said("forbiddenLicenseSetting"))),
            held(point(PUBLISH, 403, said("authenticatedUserAccountSuspended"))),
            held(point(PUBLISH, 403, said("authenticatedUserNotChannel"))),
            held(point(PUBLISH, 403, said("channelClosed"))),
            held(point(PUBLISH, 403, said("channelSuspended"))),
            held(point(PUBLISH, 403, said("accountDelegationForbidden"))),
            gone(point(PUBLISH, 404, said("videoNotFound"))),
            gone(free("add to playlist", 404, said("playlistNotFound"))),
            unready(404),
            unready(410),
            free(BEGIN, 409, worded("ALREADY_EXISTS")).is(Code::OUT_OF_ORDER, RETRY, Scope::Channel),
            media(free(BEGIN, 400, said("badContent"))),
            dead(free(
                RENEW,
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
            )),
            app(free(RENEW, 401, r#"{"error":"invalid_client"}"#)),
            app(free(RENEW, 400, r#"{"error":"unauthorized_client"}"#)),
            dead(free("check token", 400, r#"{"error":"invalid_token"}"#)),
            dead(point(PUBLISH, 401, said("authError"))),
            app_limit(point(PUBLISH, 403, said("quotaExceeded"))),
            app_limit(point(PUBLISH, 403, said("dailyLimitExceeded"))),
            app_limit(point(PUBLISH, 403, said("rateLimitExceeded"))),
            limit(point(PUBLISH, 403, said("userRateLimitExceeded"))),
            limit(point(PUBLISH, 429, said("userRateLimitExceeded"))),
            limit(point(PUBLISH, 429, worded("Quota exceeded for limit 'Queries per minute per user'"))),
            app_limit(point(PUBLISH, 429, said("rateLimitExceeded"))),
            app(point(PUBLISH, 403, said("accessNotConfigured"))),
            app(point(PUBLISH, 403, worded("YouTube Data API v3 has not been used in project 17 before"))),
            permission(point(PUBLISH, 403, said("insufficientPermissions"))),
            permission(point(PUBLISH, 403, worded("Request had insufficient authentication scopes."))),
            permission(point(PUBLISH, 403, said("forbidden"))),
            permission(point(PUBLISH, 403, r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#)),
        ],
    );
}

struct Scene {
    fake: Fake<YouTube>,
    _file: Raw,
    stand: Arc<Stand>,
}

impl Scene {
    async fn new(bytes: usize, settings: &[(&str, &str)]) -> Self {
        let (fake, file) = (Fake::<YouTube>::start().await, files(mp4(bytes)).await);
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let content = Content { settings, ..picture("Title\nAbout it", &file.url()) };
        let stand = Arc::new(stand("youtube", &fake.url(), content));
        Self { fake, _file: file, stand }
    }

    async fn small() -> Self {
        Self::new(1000, &[]).await
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    fn videos(&self) -> Vec<Value> {
        self.fake.platform().videos(self.fake.now())
    }

    fn calls(&self, method: &str, path: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.method == method && call.path.starts_with(path)).count()
    }

    /// How many pieces of a file were taken.
    fn pieces(&self) -> usize {
        let is_piece = |call: &&testkit::Call| call.method == "PUT" && call.digest != EMPTY;
        let calls = self.fake.calls();
        calls
            .iter()
            .filter(is_piece)
            .filter(|call| call.path.starts_with("/upload/") && matches!(call.status, Some(200 | 308)))
            .count()
    }

    /// It is out, and YouTube has one video of it.
    fn is_out_once(&self) {
        assert_eq!((self.stand.state(), self.fake.posts().len(), self.videos().len()), (State::Published, 1, 1));
        assert_eq!(self.stand.receipts()[0].id, self.fake.posts()[0].id);
    }
}

#[tokio::test]
async fn a_video_is_private_until_it_is_whole_and_then_made_public() {
    let settings =
        [("tags", "rust, once only"), ("category", "28"), ("made_for_kids", "false"), ("made_with_ai", "true")];
    let scene = Scene::new(1000, &settings).await;
    scene.fake.cue(Cue::refuse(500, &json!({})));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    let video = &scene.videos()[0];
    assert_eq!((&video["status"]["privacyStatus"], scene.fake.posts().len()), (&json!("private"), 0));
    let mark = format!("oncepost-{}", scene.stand.key(0));
    assert_eq!(video["snippet"]["tags"], json!(["rust", "once only", mark]));
    assert_eq!(scene.settle().await, [AttemptKind::Look, AttemptKind::Send]);
    scene.is_out_once();
    let native = &scene.fake.posts()[0].native;
    assert_eq!(native["snippet"]["tags"], json!(["rust", "once only"]), "the mark is gone");
    let snippet = ["title", "description", "categoryId"].map(|field| native["snippet"][field].as_str().unwrap());
    assert_eq!(snippet, ["Title", "About it", "28"]);
    assert_eq!(
        native["status"],
        json!({"privacyStatus": "public", "selfDeclaredMadeForKids": false, "containsSyntheticMedia": true})
    );
    let url = format!("https://www.youtube.com/watch?v={}", scene.fake.posts()[0].id);
    assert_eq!(scene.stand.receipts()[0].url, Some(url));
}

#[tokio::test]
async fn an_unlisted_or_private_video_is_what_was_asked_for() {
    for privacy in ["unlisted", "private"] {
        let scene = Scene::new(1000, &[("privacy", privacy), ("tags", "a")]).await;
        assert_eq!(scene.stand.attempt().await.failure, None);
        let video = &scene.videos()[0];
        assert_eq!((&video["status"]["privacyStatus"], &video["snippet"]["tags"]), (&json!(privacy), &json!(["a"])));
        assert_eq!(scene.stand.state(), State::Published);
    }
}

#[tokio::test]
async fn a_large_file_goes_in_pieces_each_from_where_the_session_says() {
    let scene = Scene::new(9 * MIB + 5, &[]).await;
    scene.settle().await;
    scene.is_out_once();
    assert_eq!((scene.calls("POST", "/upload/"), scene.pieces()), (1, 3));
    // The session takes less than it is sent.
    let slow = Scene::new(MIB + 5, &[]).await;
    slow.fake.set(|knobs| knobs.takes_at_most = 256 * 1024);
    assert_eq!(slow.stand.attempt().await.failure, None);
    slow.is_out_once();
    assert_eq!(slow.pieces(), 5);
}

#[tokio::test]
async fn an_upload_that_broke_off_goes_on_at_the_byte_the_session_names() {
    let scene = Scene::new(MIB, &[]).await;
    scene.fake.set(|knobs| knobs.takes_at_most = 256 * 1024);
    scene.fake.cue(Cue::new(End::CutBefore).on("PUT", "/upload/").nth(2));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.stand.state()), (Code::OUT_OF_ORDER, Landed::No, State::Retrying));
    scene.settle().await;
    scene.is_out_once();
    assert_eq!((scene.calls("POST", "/upload/"), scene.pieces()), (1, 4), "none is sent that it has");
}

#[tokio::test]
async fn an_upload_that_takes_longer_than_an_attempt_goes_on_with_the_next_and_costs_no_try() {
    let scene = Scene::new(MIB, &[]).await;
    scene.fake.set(|knobs| knobs.takes_at_most = 256 * 1024);
    scene.fake.cue(Cue { hold_before: true, ..Cue::default() }.on("PUT", "/upload/"));
    let sending = scene.stand.clone();
    let attempt = scene.stand.http.runtime().spawn(async move { sending.attempt().await });
    scene.fake.until(|stage| stage.calls().iter().any(|call| call.method == "PUT")).await;
    scene.stand.clock.advance(Duration::from_secs(61));
    scene.fake.release();
    let failure = attempt.await.unwrap().failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::TOO_SLOW, Landed::No, Scope::System));
    assert!(failure.said.text.starts_with("262144 of 1048576 bytes"), "{failure:?}");
    assert_eq!((scene.stand.state(), scene.stand.target().tries), (State::Retrying, 0));
    scene.settle().await;
    scene.is_out_once();
    assert_eq!((scene.calls("POST", "/upload/"), scene.pieces()), (1, 4));
}

#[tokio::test]
async fn d02_a_crash_between_any_two_steps_leaves_one_video() {
    let cover = files(png()).await;
    for (method, path) in [
        ("POST", "/upload/youtube/v3/videos"),
        ("PUT", "/upload/youtube/v3/videos"),
        ("POST", "/thumbnails/set"),
        ("GET", "/playlistItems"),
        ("POST", "/playlistItems"),
    ] {
        let thumbnail = format!("{}/t.png", cover.url());
        let scene = Scene::new(1000, &[("thumbnail", &thumbnail), ("playlist", "PL17")]).await;
        dies_at(&scene.fake, &scene.stand, method, path).await;
        assert_eq!(scene.fake.posts().len(), 0, "{method} {path}");
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.fake.publish_calls().len(), 1, "{method} {path}");
        assert_eq!(scene.fake.platform().playlist("PL17"), [scene.stand.receipts()[0].id.clone()], "{method} {path}");
        assert_eq!(scene.fake.posts()[0].native["thumbnail"], json!(png().len()));
    }
}

#[tokio::test]
async fn d02_a_lost_answer_to_the_last_byte_is_settled_by_the_session() {
    let scene = Scene::small().await;
    scene.fake.cue(Cue::new(End::CutAfter).on("PUT", "/upload/"));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::No);
    assert_eq!((scene.videos().len(), scene.fake.posts().len()), (1, 0));
    scene.settle().await;
    scene.is_out_once();
    assert_eq!((scene.calls("POST", "/upload/"), scene.calls("GET", "/youtube/v3/playlistItems")), (1, 0));
}

#[tokio::test]
async fn without_its_session_an_upload_is_known_by_its_mark_and_never_by_being_the_newest() {
    let scene = Scene::small().await;
    scene.fake.cue(Cue::new(End::CutAfter).on("PUT", "/upload/"));
    scene.stand.attempt().await;
    let ours = scene.videos()[0]["id"].clone();
    scene.fake.platform().lose_sessions();
    let other = scene.stand.another(scene.stand.draft.0.clone());
    assert_eq!(other.attempt().await.failure, None);
    scene.settle().await;
    assert_eq!((json!(scene.stand.receipts()[0].id), scene.videos().len()), (ours, 2));
}

#[tokio::test]
async fn an_upload_that_is_not_listed_yet_is_waited_for_and_not_made_twice() {
    let scene = Scene::small().await;
    scene.fake.platform().uploads_lag(400);
    scene.fake.cue(Cue::new(End::CutAfter).on("PUT", "/upload/"));
    scene.stand.attempt().await;
    scene.fake.platform().lose_sessions();
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn a_session_that_ended_before_the_last_byte_is_begun_anew() {
    let scene = Scene::new(9 * MIB, &[]).await;
    scene.fake.cue(Cue::new(End::CutAfter).on("PUT", "/upload/"));
    scene.stand.attempt().await;
    scene.fake.platform().lose_sessions();
    scene.settle().await;
    scene.is_out_once();
    assert_eq!((scene.calls("POST", "/upload/"), scene.calls("GET", "/youtube/v3/playlistItems")), (2, 0));
}

#[tokio::test]
async fn m17_o02_a_video_that_is_still_worked_on_is_not_published() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.processing_s = 600);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.stand.state(), scene.stand.receipts().len()), (State::Processing, 0));
    let kinds = scene.settle().await;
    assert!(kinds.len() > 1 && kinds.iter().all(|kind| *kind == AttemptKind::Poll), "{kinds:?}");
    scene.is_out_once();
}

#[tokio::test]
async fn m17_a_late_rejection_is_a_failure_with_its_reason() {
    for (reason, code) in [("copyright", Code::CONTENT_REFUSED), ("length", Code::MEDIA_REFUSED)] {
        let scene = Scene::small().await;
        scene.fake.set(|knobs| (knobs.processing_s, knobs.rejects) = (600, reason.into()));
        scene.stand.attempt().await;
        assert_eq!(scene.stand.state(), State::Processing);
        scene.settle().await;
        let failure = scene.stand.target().last_failure.unwrap();
        assert_eq!((scene.stand.state(), failure.code, failure.landed), (State::Failed, code, Landed::No));
        assert!(failure.said.text.ends_with(reason), "{failure:?}");
    }
}

#[tokio::test]
async fn a_rejection_for_the_accounts_sake_is_a_verdict_and_holds_the_account() {
    for reason in ["uploaderAccountClosed", "uploaderAccountSuspended"] {
        let scene = Scene::small().await;
        scene.fake.set(|knobs| (knobs.processing_s, knobs.rejects) = (600, reason.into()));
        scene.stand.attempt().await;
        scene.settle().await;
        let target = scene.stand.target();
        let failure = target.last_failure.unwrap();
        assert_eq!((target.state, target.listed.unwrap().reason), (State::Failed, ListReason::Permanent), "{reason}");
        assert_eq!((failure.code, failure.landed), (Code::ACCOUNT_RESTRICTED, Landed::No));
        assert!(failure.holds_siblings(), "{failure:?}");
    }
}

#[tokio::test]
async fn a_new_video_that_is_not_seen_everywhere_yet_is_still_being_decided_about() {
    type Answer = fn(&Value) -> Value;
    let unknown: Answer = |_| json!({"items": []});
    let private: Answer = |video| {
        let mut video = video.clone();
        video["status"]["privacyStatus"] = json!("private");
        json!({"items": [video]})
    };
    for (seen, code) in [(unknown, Code::REFERENCE_GONE), (private, Code::APP_MISCONFIGURED)] {
        for (minutes, state) in [(2, State::Processing), (11, State::Failed)] {
            let scene = Scene::small().await;
            scene.fake.set(|knobs| knobs.processing_s = 3600);
            scene.stand.attempt().await;
            let span = minutes * Duration::from_secs(60);
            scene.stand.clock.advance(span);
            scene.fake.advance(span);
            let answer = seen(&scene.videos()[0]);
            scene.fake.cue(Cue::refuse(200, &answer).on("GET", "/youtube/v3/videos"));
            assert_eq!(scene.stand.attempt().await.kind, AttemptKind::Poll);
            let target = scene.stand.target();
            assert_eq!(target.state, state, "{code} after {minutes} minutes: {:?}", target.last_failure);
            if state == State::Failed {
                assert_eq!(target.last_failure.unwrap().code, code);
            } else {
                scene.settle().await;
                scene.is_out_once();
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_youtube_cannot_use_is_uploaded_anew_once_a_person_has_sent_it_again() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| (knobs.processing_s, knobs.fails) = (600, "codec".into()));
    scene.stand.attempt().await;
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((scene.stand.state(), failure.code), (State::Failed, Code::MEDIA_REFUSED));
    assert!(failure.said.code.is_some(), "it shows who refused: {failure:?}");
    assert!(failure.said.text.contains("codec"));
    scene.fake.set(|knobs| (knobs.processing_s, knobs.fails) = (0, String::new()));
    scene.stand.ask(&Command::Retry);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.stand.state(), scene.videos().len()), (State::Published, 2));
}

#[tokio::test]
async fn a_duplicate_that_youtube_rejects_says_so() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.rejects_duplicates = true);
    scene.stand.attempt().await;
    let again = scene.stand.another(scene.stand.draft.0.clone());
    let failure = again.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, again.state()), (Code::DUPLICATE_REFUSED, Landed::No, State::Failed));
}

#[tokio::test]
async fn a_doubt_about_a_video_that_is_still_worked_on_leads_to_its_verdict_without_another_call() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.processing_s = 600);
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    let kinds = scene.settle().await;
    assert_eq!(kinds[..3], [AttemptKind::Look, AttemptKind::Send, AttemptKind::Poll]);
    assert_eq!(scene.fake.publish_calls().len(), 1);
    scene.is_out_once();
}

#[tokio::test]
async fn uploads_of_an_app_without_an_audit_stay_private_and_the_failure_says_so() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.audited = false);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::APP_MISCONFIGURED, Landed::No, Scope::App));
    assert!(failure.said.text.contains("audit") && failure.holds_siblings(), "{failure:?}");
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Failed, 0));
    // After the audit the same upload is made public.
    scene.fake.set(|knobs| knobs.audited = true);
    scene.stand.ask(&Command::Retry);
    scene.stand.attempt().await;
    scene.is_out_once();
}

#[tokio::test]
async fn r01_t09_the_days_quota_is_the_apps_and_ends_at_midnight_in_california() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.inserts_per_day = 0);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::RATE_LIMITED_APP, Landed::No, Scope::App));
    let at = failure.not_before().unwrap().in_tz("America/Los_Angeles").unwrap();
    assert_eq!((at.hour(), at.minute(), at.second()), (0, 1, 0));
    assert_eq!((scene.stand.state(), scene.stand.target().tries), (State::Retrying, 0));
    scene.fake.set(|knobs| (knobs.inserts_per_day, knobs.units_per_day) = (100, 49));
    let failure = scene.stand.another(scene.stand.draft.0.clone()).attempt().await.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.code, failure.landed), (PUBLISH, Code::RATE_LIMITED_APP, Landed::No));
}

#[tokio::test]
async fn e10_the_channels_own_cap_is_the_accounts_and_is_left_alone_for_hours() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.uploads_per_channel = 0);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::RATE_LIMITED_ACCOUNT, Scope::Account));
    let wait = failure.not_before().unwrap().duration_since(scene.fake.now());
    assert!((5..=6).contains(&wait.as_hours()), "{wait:?}");
}

#[tokio::test]
async fn d02_a_token_that_dies_in_the_middle_costs_no_second_upload() {
    let mut scene = Scene::new(MIB, &[]).await;
    scene.fake.set(|knobs| knobs.takes_at_most = 256 * 1024);
    let more = [
        ("refresh_token", YouTube::refresh_token("main")),
        ("client_id", YouTube::CLIENT.0.to_owned()),
        ("client_secret", YouTube::CLIENT.1.to_owned()),
    ];
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.secrets.extend(more.map(|(name, value)| (name.to_owned(), Secret::new(value))));
    scene.fake.cue(Cue { expire_token: true, ..Cue::default() }.on("PUT", "/upload/").nth(2));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::TOKEN_EXPIRED, Landed::No, Scope::Account));
    let tokens = scene.stand.channel.refresh(&scene.stand.account).await.unwrap().unwrap();
    assert_eq!(tokens.refresh, None, "t08: Google's refresh tokens do not rotate");
    let left = tokens.expires_at.unwrap().duration_since(scene.fake.now()).as_secs();
    assert!((3590..=3600).contains(&left), "{left}");
    Arc::get_mut(&mut scene.stand).unwrap().account.secrets.insert("access_token".into(), tokens.access);
    scene.stand.ask(&Command::Retry);
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.calls("POST", "/upload/"), 1);
}

#[tokio::test]
async fn t08_a_refresh_token_is_good_again_and_again() {
    let mut scene = Scene::small().await;
    let stand = Arc::get_mut(&mut scene.stand).unwrap();
    for (name, value) in [
        ("refresh_token", YouTube::refresh_token("main")),
        ("client_id", YouTube::CLIENT.0.to_owned()),
        ("client_secret", YouTube::CLIENT.1.to_owned()),
    ] {
        stand.account.secrets.insert(name.to_owned(), Secret::new(value));
    }
    for _ in 0..2 {
        let tokens = stand.channel.refresh(&stand.account).await.unwrap().unwrap();
        assert_eq!(tokens.refresh, None);
        stand.account.secrets.insert("access_token".into(), tokens.access);
        assert_eq!(stand.channel.check_credentials(&stand.account).await.unwrap().missing, [""; 0]);
    }
}

#[tokio::test]
async fn t02_o07_a_renewal_that_fails_says_why() {
    let mut scene = Scene::small().await;
    let stand = Arc::get_mut(&mut scene.stand).unwrap();
    assert_eq!(stand.channel.refresh(&stand.account).await.unwrap(), None, "there is nothing to renew it by");
    for (name, value) in [
        ("refresh_token", YouTube::refresh_token("main")),
        ("client_id", YouTube::CLIENT.0.to_owned()),
        ("client_secret", "another".to_owned()),
    ] {
        stand.account.secrets.insert(name.to_owned(), Secret::new(value));
    }
    let failure = stand.channel.refresh(&stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::APP_MISCONFIGURED, Scope::App));
    stand.account.secrets.insert("client_secret".into(), Secret::new(YouTube::CLIENT.1));
    scene.fake.cue(Cue::new(End::Outage).on("POST", "/token"));
    let failure = stand.channel.refresh(&stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.landed), (Code::OUT_OF_ORDER, Landed::No), "nothing is lost with the answer");
    scene.fake.platform().revoke("main");
    let failure = stand.channel.refresh(&stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.worth), (Code::TOKEN_REVOKED, fix(Fix::Reconnect)));
}

#[tokio::test]
async fn credentials_are_checked_for_what_publishing_takes() {
    let scene = Scene::small().await;
    let check = || scene.stand.channel.check_credentials(&scene.stand.account);
    let good = check().await.unwrap();
    assert_eq!((good.who.as_str(), good.missing.len(), good.expires_at.is_some()), ("main", 0, true));
    let scope = "https://www.googleapis.com/auth/youtube";
    scene.fake.platform().grant("main", &format!("{scope}.upload {scope}.readonly"));
    assert_eq!(check().await.unwrap().missing, [scope], "uploading is not enough");
    scene.fake.platform().grant("main", scope);
    scene.fake.platform().close_channel("main");
    assert_eq!(check().await.unwrap_err().code, Code::ACCOUNT_RESTRICTED);
    scene.fake.platform().revoke("main");
    assert_eq!(check().await.unwrap_err().code, Code::TOKEN_REVOKED);
}

#[tokio::test]
async fn a_thumbnail_that_is_refused_does_not_hold_the_video() {
    let cover = files(png()).await;
    let address = format!("{}/t.png", cover.url());
    let scene = Scene::new(1000, &[("thumbnail", &address)]).await;
    scene.fake.set(|knobs| knobs.verified = false);
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.is_out_once();
    // One that cannot be fetched is waited for, and then left out.
    let scene = Scene::new(1000, &[("thumbnail", "http://127.0.0.1:1/t.png")]).await;
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!(failure.code, Code::MEDIA_UNREACHABLE);
    assert!(failure.said.text.starts_with("settings.thumbnail (http://127.0.0.1:1/t.png): "), "{failure:?}");
    assert_eq!(scene.stand.state(), State::Retrying);
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn a_video_that_somebody_deleted_is_not_made_again_by_itself() {
    let scene = Scene::small().await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 3600 }));
    scene.stand.attempt().await;
    let id = scene.videos()[0]["id"].as_str().unwrap().to_owned();
    scene.fake.platform().delete_video(&id, &scene.fake);
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((scene.stand.state(), failure.code), (State::Failed, Code::REFERENCE_GONE));
    scene.stand.ask(&Command::Retry);
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn a_look_takes_only_a_video_that_is_public() {
    let scene = Scene::small().await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent);
    let id = scene.videos()[0]["id"].as_str().unwrap().to_owned();
    scene.fake.platform().delete_video(&id, &scene.fake);
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
}

#[tokio::test]
async fn what_youtube_would_refuse_is_told_before() {
    let scene = Scene::small().await;
    let media = vec![Media { url: "https://a.example/a.mp4".into(), alt: None }];
    let found = |content: Content| {
        let objections = scene.stand.channel.check(&Draft(content));
        objections.into_iter().map(|found| (found.path, found.code)).collect::<Vec<_>>()
    };
    let with = |text: &str| Content { media: media.clone(), ..says(text) };
    let set = |name: &str, value: &str| Content { settings: [(name.to_owned(), value.to_owned())].into(), ..with("x") };
    assert_eq!(found(with("Title\nand so on")), []);
    assert_eq!(found(says("no video")), [("media".to_owned(), Code::NOTHING_TO_SAY)]);
    let both = ["media", "settings.title"].map(|path| (path.to_owned(), Code::NOTHING_TO_SAY));
    assert_eq!(found(says("")), both, "what else is missing is told at once");
    assert_eq!(found(picture("x", "https://a.example")), [("media[0].url".to_owned(), Code::MEDIA_REFUSED)]);
    assert_eq!(found(with(&"x".repeat(101))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    assert_eq!(found(with(&format!("x\n{}", "ö".repeat(2500)))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    assert_eq!(found(with("a\nb <3")), [("text".to_owned(), Code::CONTENT_REFUSED)]);
    let tags = vec!["a tag with spaces"; 24].join(",");
    assert_eq!(found(set("tags", &tags)), [("settings.tags".to_owned(), Code::TEXT_TOO_LONG)]);
    for (name, value) in [
        ("privacy", "friends"),
        ("made_for_kids", "no"),
        ("made_with_ai", "1"),
        ("notify_subscribers", ""),
        ("category", "Music"),
        ("thumbnail", "file:///etc/passwd"),
        ("playlist", "a b"),
    ] {
        assert_eq!(found(set(name, value)), [(format!("settings.{name}"), Code::BAD_SETTING)], "{name}");
    }
}
