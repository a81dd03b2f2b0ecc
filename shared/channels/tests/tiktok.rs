//! What is particular to TikTok.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{
    AttemptKind, Code, Command, Content, Draft, Failure, Finding, Fix, Landed, ListReason, Scope, State, Worth,
};
use kit::{
    canary::Canary,
    crash::dies_at,
    rows::{self, Case, RETRY, fix, free, point},
    servers::{Raw, files, jpeg, movie, mp4, png},
    site::stand,
    stand::{Stand, picture},
};
use oncepost_channels::{AccountCard, Secret, tiktok::TABLE};
use runtime::Clock;
use serde_json::{Value, json};
use testkit::{Answer, Cue, End, Fake, TikTok};

const STATUS: &str = "ask status";
const LAST: &str = "upload last chunk";
const POST: &str = "post pictures";
const REFRESH: &str = "refresh token";
const MIB: usize = 1 << 20;
/// Two chunks.
const LONG: usize = 11 * MIB;

/// A refusal as the API writes it. Kept for as long as the test runs.
fn said(code: &str) -> &'static str {
    format!(r#"{{"data":{{}},"error":{{"code":"{code}","message":"said","log_id":"1"}}}}"#).leak()
}

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("tiktok", "https://open.tiktokapis.example", picture("x", "https://a.example")).account;
    // Where nothing is told, TikTok is left alone for a minute, and after a cap of 24 hours for an hour: that stands outside.
    let api = |status, code| point(POST, status, said(code));
    let bytes = |status| point(LAST, status, "").is(Code::MEDIA_NOT_READY, RETRY, Scope::Post).in_doubt();
    let limited = |case: Case| case.is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, fix(Fix::Reconnect), Scope::Account);
    let permission = |case: Case| case.is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account);
    let app = |case: Case| case.is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App);
    let gone = |case: Case| case.is(Code::REFERENCE_GONE, Worth::Never, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            bytes(400),
            bytes(403),
            bytes(404),
            bytes(416),
            limited(point(LAST, 429, "")).in_doubt(),
            dead(free(REFRESH, 200, r#"{"error":"invalid_grant","error_description":"Refresh token is expired."}"#)),
            app(free(REFRESH, 401, r#"{"error":"invalid_client"}"#)),
            app(free(REFRESH, 400, r#"{"error":"invalid_request"}"#)),
            dead(api(401, "access_token_invalid")),
            permission(api(401, "scope_not_authorized")),
            permission(api(401, "scope_permission_missed")),
            limited(api(403, "spam_risk_too_many_posts")),
            limited(api(403, "spam_risk_too_many_pending_share")),
            api(403, "spam_risk_user_banned_from_posting").is(
                Code::ACCOUNT_RESTRICTED,
                fix(Fix::Account),
                Scope::Account,
            ),
            api(403, "reached_active_user_cap").is(Code::RATE_LIMITED_APP, RETRY, Scope::App),
            app(api(403, "unaudited_client_can_only_post_to_private_accounts")),
            api(403, "url_ownership_unverified").is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::Post),
            api(403, "privacy_level_option_mismatch").is(Code::BAD_SETTING, fix(Fix::Content), Scope::Post),
            api(403, "spam_risk_text").is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
            api(400, "invalid_file_upload").is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post),
            gone(free(STATUS, 400, said("invalid_publish_id"))),
            gone(free(STATUS, 404, said("token_not_authorized_for_specified_publish_id"))),
            limited(api(429, "rate_limit_exceeded")),
            limited(point(POST, 429, "<html>")),
            api(400, "invalid_params").is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
        ],
    );
}

struct Scene {
    fake: Fake<TikTok>,
    stand: Arc<Stand>,
    _files: Option<Raw>,
}

impl Scene {
    fn of(fake: Fake<TikTok>, content: Content, files: Option<Raw>) -> Self {
        let stand = Arc::new(stand("tiktok", &fake.url(), content));
        Self { fake, stand, _files: files }
    }

    async fn with(file: Vec<u8>, settings: &[(&str, &str)]) -> Self {
        let files = files(file).await;
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let content = Content { settings, ..picture("look #this", &files.url()) };
        Self::of(Fake::<TikTok>::start().await, content, Some(files))
    }

    async fn video() -> Self {
        Self::with(mp4(LONG), &[]).await
    }

    async fn small() -> Self {
        Self::with(mp4(64), &[]).await
    }

    fn account(&mut self) -> &mut oncepost_channels::Account {
        &mut Arc::get_mut(&mut self.stand).unwrap().account
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    async fn fails(&self) -> Failure {
        self.stand.attempt().await.failure.expect("a failure")
    }

    fn pass(&self, span: Duration) {
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    fn calls(&self, path: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.path.contains(path)).count()
    }

    fn listed(&self) -> Option<ListReason> {
        self.stand.target().listed.map(|listed| listed.reason)
    }

    /// One post is out, and the ledger knows it.
    fn is_out_once(&self) {
        let posts = self.fake.posts();
        assert_eq!((self.stand.state(), posts.len()), (State::Published, 1), "{:?}", self.stand.target());
        assert_eq!(self.stand.receipts()[0].id, posts[0].id);
    }
}

#[tokio::test]
async fn a_video_is_uploaded_in_chunks_and_its_last_chunk_alone_is_the_publish_point() {
    let scene = Scene::video().await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let calls: Vec<_> =
        scene.fake.calls().into_iter().map(|call| (call.path, call.status.unwrap(), call.publishes)).collect();
    let api = |path: &str| (format!("/v2/post/publish/{path}/"), 200, false);
    let wanted = [
        api("creator_info/query"),
        api("video/init"),
        ("/video/".to_owned(), 206, false),
        ("/video/".to_owned(), 201, true),
        api("status/fetch"),
    ];
    assert_eq!(calls, wanted);
    scene.is_out_once();
    let post = &scene.fake.posts()[0];
    assert_eq!((post.text.as_str(), &post.native["privacy_level"]), ("look #this", &json!("PUBLIC_TO_EVERYONE")));
    assert_eq!(scene.stand.receipts()[0].url, Some(format!("https://www.tiktok.com/@main/video/{}", post.id)));
}

#[tokio::test]
async fn a_crash_between_any_two_steps_goes_on_and_does_not_start_over() {
    for (method, path, inits) in [
        ("POST", "creator_info", 1),
        // Its answer died with the worker: nothing comes of an upload without bytes.
        ("POST", "video/init", 2),
        ("PUT", "/video/", 1),
        ("POST", "status/fetch", 1),
    ] {
        let scene = Scene::video().await;
        dies_at(&scene.fake, &scene.stand, method, path).await;
        scene.settle().await;
        scene.is_out_once();
        assert_eq!((scene.calls("video/init"), scene.fake.publish_calls().len()), (inits, 1), "{path}");
    }
    let scene = Scene::video().await;
    scene.fake.cue(Cue { hold_after: true, ..Cue::default() });
    let dying = scene.stand.clone();
    let worker = scene.stand.http.runtime().spawn(async move { dying.attempt().await });
    scene.fake.until(|stage| stage.posts().len() == 1).await;
    worker.abort();
    scene.fake.release();
    assert_eq!(scene.settle().await, [AttemptKind::Look]);
    scene.is_out_once();
    assert_eq!((scene.calls("video/init"), scene.fake.publish_calls().len()), (1, 1), "the last chunk");
}

#[tokio::test]
async fn a_chunk_whose_answer_is_lost_is_not_sent_twice() {
    for (end, puts) in [(End::CutAfter, 2), (End::CutBefore, 3)] {
        let scene = Scene::video().await;
        scene.fake.cue(Cue::new(end).on("PUT", "/video/"));
        let failure = scene.fails().await;
        assert_eq!(
            (failure.landed, failure.step.as_str(), scene.stand.state()),
            (Landed::No, "upload chunk", State::Retrying)
        );
        assert_eq!(scene.settle().await, [AttemptKind::Send]);
        scene.is_out_once();
        assert_eq!((scene.calls("video/init"), scene.calls("/video/") - 1), (1, puts), "TikTok says what it has");
    }
}

#[tokio::test]
async fn a_last_chunk_that_did_not_arrive_is_sent_again_into_the_same_upload() {
    let scene = Scene::video().await;
    scene.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(scene.fails().await.landed, Landed::Unknown);
    let kinds = scene.settle().await;
    assert_eq!((kinds[0], kinds.last()), (AttemptKind::Look, Some(&AttemptKind::Send)));
    scene.is_out_once();
    assert_eq!((scene.calls("video/init"), scene.fake.publish_calls().len()), (1, 2));
}

#[tokio::test]
async fn a_last_chunk_that_arrived_is_found_by_its_publish_id_however_long_tiktok_works_on_it() {
    let scene = Scene::video().await;
    scene.fake.set(|knobs| (knobs.processing_ms, knobs.moderation_ms) = (600_000, 60_000));
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.fails().await.landed, Landed::Unknown);
    let finding = scene.stand.find(0).await.unwrap();
    assert_eq!(finding, Finding::CannotTell("TikTok has it all and still works on it".into()));
    assert!(scene.settle().await.iter().all(|kind| *kind == AttemptKind::Look));
    scene.is_out_once();
    assert_eq!(scene.fake.publish_calls().len(), 1);
}

#[tokio::test]
async fn an_address_that_has_ended_is_left_for_a_new_upload_once_it_is_sure_that_nothing_is_out() {
    let scene = Scene::video().await;
    scene.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(scene.fails().await.landed, Landed::Unknown);
    scene.fake.platform().end_uploads();
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.calls("video/init"), 2);
    let late = Scene::video().await;
    late.fake.cue(Cue::refuse(503, &json!({})).on("PUT", "/video/"));
    assert_eq!(late.fails().await.code, Code::OUT_OF_ORDER);
    late.pass(Duration::from_secs(3400));
    late.settle().await;
    late.is_out_once();
    assert_eq!((late.calls("video/init"), late.fake.publish_calls().len()), (2, 1), "known by our own clock");
}

#[tokio::test]
async fn an_upload_goes_on_with_the_bytes_it_began_with_whatever_the_address_gives_by_then() {
    let changing = Raw::start(|mut stream, n| async move {
        kit::servers::read_request(&mut stream).await?;
        let file = mp4(LONG + n);
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", file.len());
        kit::servers::say(&mut stream, &head).await?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, &file).await
    })
    .await;
    let content = picture("look", &changing.url());
    let scene = Scene::of(Fake::<TikTok>::start().await, content, Some(changing));
    scene.fake.cue(Cue::new(End::CutAfter).on("PUT", "/video/"));
    assert_eq!(scene.fails().await.landed, Landed::No);
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.calls("video/init"), 1);
}

#[tokio::test]
async fn a_video_plays_no_longer_than_the_creator_may_post_and_is_of_a_size_that_tiktok_takes() {
    let fits = Scene::with(movie(60, 720, 1280), &[]).await;
    fits.fake.set(|knobs| knobs.longest_video_s = 60);
    assert_eq!(fits.stand.attempt().await.failure, None);
    fits.is_out_once();
    for (file, words) in [
        (movie(61, 720, 1280), "this creator may post up to 60 s"),
        (movie(2, 720, 1280), "plays"),
        (movie(60, 320, 1280), "320x1280 pixels"),
        (movie(60, 720, 5000), "720x5000 pixels"),
    ] {
        let scene = Scene::with(file, &[]).await;
        scene.fake.set(|knobs| knobs.longest_video_s = 60);
        let failure = scene.fails().await;
        assert_eq!((failure.code, failure.landed, failure.scope), (Code::MEDIA_REFUSED, Landed::No, Scope::Post));
        assert!(failure.said.text.contains(words), "{failure:?}");
        assert_eq!(scene.calls("init"), 0);
    }
}

#[tokio::test]
async fn d02_a_token_that_dies_in_mid_poll_never_uploads_again() {
    let mut scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.processing_ms = 60_000);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.stand.state(), scene.stand.receipts().len()), (State::Processing, 0));
    for _ in 0..3 {
        scene.fake.cue(Cue { expire_token: true, ..Cue::default() }.on("POST", "status/fetch"));
        scene.pass(Duration::from_secs(30));
        let ended = scene.stand.attempt().await;
        assert_eq!(ended.kind, AttemptKind::Poll);
        let failure = ended.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::TOKEN_REVOKED, Landed::Unknown), "it could not be asked");
        assert_eq!((scene.stand.state(), scene.listed()), (State::Processing, None));
    }
    let account = scene.account();
    for (name, value) in [
        ("refresh_token", TikTok::refresh_token("main")),
        ("client_id", TikTok::CLIENT_KEY.to_owned()),
        ("client_secret", TikTok::CLIENT_SECRET.to_owned()),
    ] {
        account.secrets.insert(name.to_owned(), Secret::new(value));
    }
    let tokens = scene.stand.channel.refresh(&scene.stand.account).await.unwrap().unwrap();
    scene.account().secrets.insert("access_token".into(), tokens.access);
    assert!(scene.settle().await.iter().all(|kind| *kind == AttemptKind::Poll));
    scene.is_out_once();
    assert_eq!((scene.calls("video/init"), scene.fake.publish_calls().len()), (1, 1));
}

#[tokio::test]
async fn m17_what_is_refused_after_it_was_accepted_has_failed_with_its_reason_in_words() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| (knobs.processing_ms, knobs.fails_with) = (20_000, "frame_rate_check_failed".into()));
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.stand.state(), State::Processing, "accepted is not published");
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::MEDIA_REFUSED, Landed::No, Scope::Post));
    assert_eq!(failure.said.text, "the video must have 23 to 60 frames a second; nothing was published");
    assert_eq!(failure.said.code.as_deref(), Some("frame_rate_check_failed"));
    assert_eq!((scene.stand.state(), scene.listed()), (State::Failed, Some(ListReason::Permanent)));
    assert_eq!((scene.fake.posts().len(), scene.fake.publish_calls().len()), (0, 1));
    // Sent again by a person, it begins anew, and does not stumble over the old verdict.
    scene.fake.set(|knobs| knobs.fails_with = String::new());
    scene.stand.ask(&Command::Retry);
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn a_verdict_about_the_account_is_a_verdict_all_the_same() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| (knobs.processing_ms, knobs.fails_with) = (20_000, "auth_removed".into()));
    assert_eq!(scene.stand.attempt().await.failure, None);
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((scene.stand.state(), failure.code, failure.landed), (State::Failed, Code::TOKEN_REVOKED, Landed::No));
    assert!(failure.holds_siblings());
}

#[tokio::test]
async fn a_verdict_that_a_look_finds_is_told_by_the_next_try() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.fails_with = "duration_check_failed".into());
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.fails().await.landed, Landed::Unknown);
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((scene.stand.state(), failure.code), (State::Failed, Code::MEDIA_REFUSED));
    assert_eq!((scene.calls("video/init"), scene.fake.publish_calls().len()), (1, 1), "not uploaded again for it");
}

#[tokio::test]
async fn what_tiktok_failed_at_by_itself_is_sent_again() {
    for processing_ms in [0, 30_000] {
        let scene = Scene::small().await;
        scene.fake.set(|knobs| (knobs.processing_ms, knobs.fails_with) = (processing_ms, "internal".into()));
        let failure = scene.stand.attempt().await.failure;
        if processing_ms == 0 {
            let failure = failure.unwrap();
            assert_eq!((failure.code, failure.landed, failure.worth), (Code::OUT_OF_ORDER, Landed::No, RETRY));
        }
        scene.fake.set(|knobs| knobs.fails_with = String::new());
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.calls("video/init"), 2);
    }
}

#[tokio::test]
async fn e10_a_cap_that_tiktok_names_after_it_took_the_post_is_waited_for_and_costs_no_try() {
    // Within ten minutes TikTok is asked once more before anything is sent again.
    for (minutes, state) in [(1, State::InDoubt), (20, State::Retrying)] {
        let scene = Scene::small().await;
        scene.fake.set(|knobs| (knobs.processing_ms, knobs.fails_with) = (20_000, "spam_risk_too_many_posts".into()));
        assert_eq!(scene.stand.attempt().await.failure, None);
        scene.pass(minutes * Duration::from_secs(60));
        let told = scene.fails().await;
        assert_eq!((told.code, told.landed), (Code::RATE_LIMITED_ACCOUNT, Landed::No));
        assert!(told.said.text.contains("counted over the last 24 hours"), "{told:?}");
        let (target, now) = (scene.stand.target(), scene.stand.clock.now());
        assert_eq!((target.state, target.tries, target.last_failure), (state, 0, Some(told)));
        assert!(target.next_at.unwrap().duration_since(now).as_secs() >= 3590, "{:?}", target.next_at);
        scene.fake.set(|knobs| knobs.fails_with = String::new());
        scene.settle().await;
        scene.is_out_once();
    }
}

#[tokio::test]
async fn every_reason_has_its_own_failure() {
    let table = [
        ("file_format_check_failed", Code::MEDIA_REFUSED, Scope::Post),
        ("duration_check_failed", Code::MEDIA_REFUSED, Scope::Post),
        ("picture_size_check_failed", Code::MEDIA_REFUSED, Scope::Post),
        ("video_pull_failed", Code::MEDIA_UNREACHABLE, Scope::Post),
        ("publish_cancelled", Code::CONTENT_REFUSED, Scope::Post),
        ("auth_removed", Code::TOKEN_REVOKED, Scope::Account),
        ("spam_risk_too_many_posts", Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        ("spam_risk_user_banned_from_posting", Code::ACCOUNT_RESTRICTED, Scope::Account),
        ("spam_risk_text", Code::CONTENT_REFUSED, Scope::Post),
        ("spam_risk", Code::CONTENT_REFUSED, Scope::Post),
        ("nobody_knows", Code::CONTENT_REFUSED, Scope::Post),
    ];
    for (reason, code, scope) in table {
        let scene = Scene::small().await;
        scene.fake.set(|knobs| knobs.fails_with = reason.into());
        let failure = scene.fails().await;
        assert_eq!((failure.code, failure.scope, failure.landed), (code, scope, Landed::No), "{reason}");
        assert!(failure.said.text.contains("; nothing was published"), "{failure:?}");
    }
}

#[tokio::test]
async fn m06_m07_what_is_never_decided_outlives_the_worker_and_ends_with_a_person() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.processing_ms = 1_000_000_000);
    assert_eq!(scene.stand.attempt().await.failure, None);
    let mut polls = 0;
    while scene.listed().is_none() {
        scene.pass(Duration::from_secs(1000));
        assert_eq!(scene.stand.attempt().await.kind, AttemptKind::Poll);
        polls += 1;
        assert!(polls < 250);
    }
    assert_eq!((scene.stand.state(), scene.listed()), (State::Processing, Some(ListReason::StillProcessing)));
    assert_eq!((scene.calls("video/init"), scene.fake.publish_calls().len()), (1, 1));
}

#[tokio::test]
async fn a_public_post_is_published_with_its_own_id_and_another_with_its_publish_id() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.moderation_ms = 100_000);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.stand.state(), State::Processing, "complete, and not let out yet");
    scene.settle().await;
    scene.is_out_once();
    let held = Scene::small().await;
    held.fake.set(|knobs| knobs.moderation_ms = 1_000_000_000);
    held.stand.attempt().await;
    held.settle().await;
    let receipt = held.stand.receipts()[0].clone();
    assert!(receipt.id.starts_with("v_pub_file~") && receipt.url.is_none(), "{receipt:?}");
    let waited = held.fake.now().duration_since(held.fake.posts()[0].created_at).as_secs();
    assert!((3600..3600 + 1100).contains(&waited), "{waited}");
    let own = Scene::with(mp4(64), &[("privacy_level", "SELF_ONLY")]).await;
    assert_eq!(own.stand.attempt().await.failure, None);
    assert_eq!((own.stand.state(), own.fake.posts().len()), (State::Published, 1));
    assert!(own.stand.receipts()[0].id.starts_with("v_pub_file~"));
}

#[tokio::test]
async fn the_creators_word_is_obeyed() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.private_accounts = true);
    let failure = scene.fails().await;
    assert_eq!((failure.code, failure.worth, failure.landed), (Code::BAD_SETTING, fix(Fix::Content), Landed::No));
    let offered = "FOLLOWER_OF_CREATOR, MUTUAL_FOLLOW_FRIENDS, SELF_ONLY, not PUBLIC_TO_EVERYONE";
    assert!(failure.said.text.contains(offered), "{failure:?}");
    assert_eq!(scene.calls("init"), 0);
    let mut scene = Scene::small().await;
    scene.fake.set(|knobs| (knobs.private_accounts, knobs.comments_disabled) = (true, true));
    scene.account().settings.insert("privacy_level".into(), "FOLLOWER_OF_CREATOR".into());
    assert_eq!(scene.stand.attempt().await.failure, None);
    let native = &scene.fake.posts()[0].native;
    assert_eq!((&native["privacy_level"], &native["disable_comment"]), (&json!("FOLLOWER_OF_CREATOR"), &json!(true)));
    assert_eq!(native["disable_duet"], Value::Null);
}

#[tokio::test]
async fn an_app_that_was_not_audited_posts_for_the_creator_alone() {
    let mut scene = Scene::small().await;
    scene.fake.set(|knobs| (knobs.private_accounts, knobs.audited) = (true, false));
    scene.account().settings.insert("audited".into(), "false".into());
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.fake.posts()[0].native["privacy_level"], "SELF_ONLY");
    let mut open = Scene::with(mp4(64), &[("privacy_level", "PUBLIC_TO_EVERYONE")]).await;
    open.account().settings.insert("audited".into(), "false".into());
    let failure = open.fails().await;
    assert_eq!((failure.code, open.calls("init")), (Code::BAD_SETTING, 0));
    let wrong = |settings: &[(&str, &str)]| {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        open.stand.channel.check_account(&AccountCard { settings, ..open.stand.account.card() })
    };
    assert_eq!(wrong(&[("audited", "false"), ("privacy_level", "SELF_ONLY")]), [""; 0]);
    let public = wrong(&[("audited", "false"), ("privacy_level", "PUBLIC_TO_EVERYONE")]);
    assert_eq!(public, ["settings.privacy_level must be SELF_ONLY while settings.audited is \"false\""]);
    assert_eq!((wrong(&[("audited", "no")]).len(), wrong(&[("privacy_level", "public")]).len()), (1, 1));
    // An app that does not know it is told by TikTok, before anything is sent.
    let unknowing = Scene::small().await;
    unknowing.fake.set(|knobs| knobs.audited = false);
    let failure = unknowing.fails().await;
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::APP_MISCONFIGURED, Scope::App, Landed::No));
    assert_eq!(unknowing.calls("/video/") - unknowing.calls("video/init"), 0);
}

#[tokio::test]
async fn settings_reach_the_post_and_the_unknown_are_refused_before() {
    let settings = [
        ("disable_duet", "true"),
        ("disable_stitch", "false"),
        ("is_aigc", "true"),
        ("brand_organic_toggle", "true"),
        ("video_cover_timestamp_ms", "1500"),
    ];
    let scene = Scene::with(mp4(64), &settings).await;
    assert_eq!(scene.stand.channel.check(&scene.stand.draft), []);
    assert_eq!(scene.stand.attempt().await.failure, None);
    let native = &scene.fake.posts()[0].native;
    for (name, value) in settings {
        assert_eq!(native[name].to_string(), value, "{name}");
    }
    assert!(native.get("auto_add_music").is_none());
    for (name, value) in [
        ("privacy_level", "PUBLIC"),
        ("disable_duet", "yes"),
        ("video_cover_timestamp_ms", "1s"),
        ("photo_cover_index", "1"),
    ] {
        let settings = [(name.to_owned(), value.to_owned())].into();
        let objections = scene.stand.channel.check(&Draft(Content { settings, ..picture("x", "https://a.example") }));
        assert_eq!((objections.len(), objections[0].path.clone()), (1, format!("settings.{name}")), "{objections:?}");
    }
    let private = [("brand_content_toggle", "true"), ("privacy_level", "SELF_ONLY")];
    let settings = private.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let objections = scene.stand.channel.check(&Draft(Content { settings, ..picture("x", "https://a.example") }));
    assert_eq!(objections.into_iter().map(|objection| objection.code).collect::<Vec<_>>(), [Code::BAD_SETTING]);
}

#[tokio::test]
async fn texts_are_counted_in_utf_16_and_go_with_one_video_or_with_pictures() {
    let scene = Scene::small().await;
    let media = |name: &str| domain::Media { url: format!("https://a.example/{name}"), alt: None };
    let codes = |text: &str, names: &[&str]| {
        let content = Content { media: names.iter().map(|name| media(name)).collect(), ..kit::stand::says(text) };
        let objections = scene.stand.channel.check(&Draft(content));
        objections.into_iter().map(|objection| objection.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&"🎉".repeat(1100), &["a.mp4"]), []);
    assert_eq!(codes(&"🎉".repeat(1101), &["a.mp4"]), [Code::TEXT_TOO_LONG]);
    assert_eq!(codes(&"x".repeat(2201), &["a"]), [Code::TEXT_TOO_LONG], "it may be a video");
    assert_eq!(
        (codes(&"x".repeat(4000), &["a.jpg"; 35]), codes(&"x".repeat(4001), &["a.jpg"])),
        (vec![], vec![Code::TEXT_TOO_LONG])
    );
    assert_eq!(
        (codes("x", &["a.jpg"; 36]), codes("x", &["a.mp4", "b.jpg"])),
        (vec![Code::TOO_MANY_MEDIA], vec![Code::TOO_MANY_MEDIA])
    );
    assert_eq!((codes("x", &[]), codes("", &[])), (vec![Code::NOTHING_TO_SAY], vec![Code::NOTHING_TO_SAY]));
}

#[tokio::test]
async fn e10_a_cap_names_its_window_and_the_next_try_and_costs_nothing() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.posts_per_day = 0);
    let failure = scene.fails().await;
    assert_eq!((failure.code, failure.scope), (Code::RATE_LIMITED_ACCOUNT, Scope::Account));
    let at = failure.not_before().unwrap();
    let words = at.strftime("counted over the last 24 hours; tried again then, next at %Y-%m-%d %H:%M UTC").to_string();
    assert!(failure.said.text.contains(&words), "{failure:?}");
    assert!(at.duration_since(scene.fake.now()).as_secs() > 3500);
    assert_eq!((scene.stand.state(), scene.stand.target().tries, scene.calls("init")), (State::Retrying, 0, 0));
    scene.fake.set(|knobs| knobs.posts_per_day = 20);
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn a_refusal_with_a_status_of_success_is_one_but_not_at_a_publish_point() {
    let scene = Scene::small().await;
    let banned = json!({"data": {}, "error": {"code": "spam_risk_user_banned_from_posting", "message": "Banned."}});
    scene.fake.cue(Cue::refuse(200, &banned).on("POST", "creator_info"));
    let failure = scene.fails().await;
    assert_eq!((failure.code, failure.landed, failure.said.status), (Code::ACCOUNT_RESTRICTED, Landed::No, Some(200)));
    let pictures = Scene::with(jpeg(), &[]).await;
    pictures.fake.cue(Cue::refuse(200, &banned));
    assert_eq!(pictures.fails().await.landed, Landed::Unknown);
}

#[tokio::test]
async fn t09_the_apps_cap_of_creators_holds_the_app_and_blames_nobody() {
    let scene = Scene::small().await;
    scene.fake.set(|knobs| knobs.creators_per_day = 0);
    let failure = scene.fails().await;
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::RATE_LIMITED_APP, Scope::App, Landed::No));
    assert_eq!((scene.stand.state(), scene.stand.target().tries), (State::Retrying, 0));
}

#[tokio::test]
async fn pictures_are_asked_for_in_one_call_which_is_the_publish_point() {
    let settings = [("title", "A walk"), ("auto_add_music", "true"), ("photo_cover_index", "0")];
    let scene = Scene::with(jpeg(), &settings).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let paths: Vec<_> = scene.fake.calls().into_iter().map(|call| (call.path, call.publishes)).collect();
    let api = |path: &str, publishes| (format!("/v2/post/publish/{path}/"), publishes);
    assert_eq!(paths, [api("creator_info/query", false), api("content/init", true), api("status/fetch", false)]);
    scene.is_out_once();
    let post = &scene.fake.posts()[0];
    assert_eq!((post.text.as_str(), &post.native["title"]), ("look #this", &json!("A walk")));
    assert_eq!(post.native["auto_add_music"], true);
    assert_eq!(scene.stand.receipts()[0].url, Some(format!("https://www.tiktok.com/@main/photo/{}", post.id)));
}

#[tokio::test]
async fn pictures_that_tiktok_does_not_take_are_not_asked_for() {
    let scene = Scene::with(png(), &[]).await;
    let failure = scene.fails().await;
    assert_eq!((failure.code, failure.landed), (Code::MEDIA_REFUSED, Landed::No));
    assert_eq!(scene.fake.publish_calls().len(), 0);
    assert!(failure.said.text.starts_with("media 1 of "), "it says which: {failure:?}");
    assert!(scene.stand.target().handles.is_empty(), "a better file may be put at the address");
    let unverified = Scene::with(jpeg(), &[]).await;
    unverified.fake.set(|knobs| knobs.verified_prefix = "https://media.example/".into());
    let failure = unverified.fails().await;
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::APP_MISCONFIGURED, Scope::Post, Landed::No));
    assert!(!failure.holds_siblings());
}

#[tokio::test]
async fn pictures_whose_answer_was_lost_are_found_among_what_is_public_and_only_there() {
    let scene = Scene::with(jpeg(), &[]).await;
    // A video that says the same, and pictures that belong to another target.
    let video = files(mp4(64)).await;
    assert_eq!(scene.stand.another(picture("look #this", &video.url())).attempt().await.failure, None);
    let twin = scene.stand.another(scene.stand.draft.0.clone());
    assert_eq!(twin.attempt().await.failure, None);
    scene.stand.taken.lock().unwrap().push(twin.receipts()[0].id.clone());
    scene.fake.set(|knobs| knobs.moderation_ms = 300_000);
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.fails().await.landed, Landed::Unknown);
    let finding = scene.stand.find(0).await.unwrap();
    assert!(matches!(&finding, Finding::CannotTell(why) if why.contains("says the same yet")), "{finding:?}");
    assert!(scene.settle().await.iter().all(|kind| *kind == AttemptKind::Look));
    let posts = scene.fake.posts();
    assert_eq!((scene.stand.state(), posts.len()), (State::Published, 3));
    assert_eq!(scene.stand.receipts()[0].id, posts[2].id);
    assert_eq!(scene.fake.publish_calls().len(), 3);
}

#[tokio::test]
async fn pictures_that_cannot_be_looked_for_are_left_to_a_person_and_never_sent_again() {
    for privacy in ["PUBLIC_TO_EVERYONE", "SELF_ONLY"] {
        let scene = Scene::with(jpeg(), &[("privacy_level", privacy)]).await;
        scene.fake.set(|knobs| knobs.lists_photos = false);
        scene.fake.cue(Cue::new(End::CutBefore));
        assert_eq!(scene.fails().await.landed, Landed::Unknown);
        scene.settle().await;
        assert_eq!((scene.stand.state(), scene.listed()), (State::InDoubt, Some(ListReason::Undecidable)));
        assert_eq!(scene.fake.publish_calls().len(), 1);
    }
}

#[tokio::test]
async fn a_publish_id_that_tiktok_does_not_know_proves_nothing() {
    let scene = Scene::small().await;
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.fails().await.landed, Landed::Unknown);
    scene.fake.platform().forget();
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.listed()), (State::InDoubt, Some(ListReason::Undecidable)));
    assert_eq!((scene.calls("video/init"), scene.fake.posts().len()), (1, 1));
}

#[tokio::test]
async fn an_upload_address_is_a_secret() {
    let canary = Canary::listen();
    let scene = Scene::video().await;
    scene.fake.cue(Cue::refuse(403, &json!({"message": "no"})));
    let failure = scene.fails().await;
    let stored = scene.stand.target().handles["upload"].clone();
    let token = stored.split("upload_token=").nth(1).unwrap().split('"').next().unwrap();
    assert!(token.len() == 16 && !format!("{failure:?}").contains(token));
    let heard = canary.heard();
    assert!(heard.contains("platform call") && !heard.contains(token));
    let whole = Scene::video().await;
    whole.fake.set(|knobs| knobs.processing_ms = 60_000);
    assert_eq!(whole.stand.attempt().await.failure, None);
    let stored = whole.stand.target().handles["upload"].clone();
    assert!(stored.contains("v_pub_file~") && !stored.contains("upload_token"), "{stored}");
}

#[tokio::test]
async fn an_upload_address_that_cannot_be_used_is_not_kept_and_another_is_asked_for() {
    let scene = Scene::small().await;
    for address in ["http://files.example/x", "x"] {
        let begun = json!({"data": {"publish_id": "1", "upload_url": address}, "error": {"code": "ok", "message": ""}});
        scene.fake.cue(Cue::refuse(200, &begun).on("POST", "video/init"));
        let failure = scene.fails().await;
        assert_eq!((failure.code, failure.landed), (Code::STRANGE_ANSWER, Landed::No), "{address}");
        assert!(!scene.stand.target().handles.contains_key("upload"), "{address}");
        scene.pass(Duration::from_secs(60));
    }
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn credentials_are_checked_with_the_permission_that_publishing_takes() {
    let scene = Scene::small().await;
    let standing = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!((standing.who.as_str(), standing.missing.len(), standing.unknown), ("main", 0, false));
    scene.fake.platform().withhold("main", "video.publish");
    let standing = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(standing.missing, ["video.publish"]);
    scene.fake.platform().revoke("main");
    let failure = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::TOKEN_REVOKED, Scope::Account));
    assert!(scene.fake.publish_calls().is_empty());
}

#[tokio::test]
async fn t08_a_refresh_token_is_good_once_and_a_lost_answer_is_unknown() {
    let mut scene = Scene::small().await;
    assert_eq!(scene.stand.channel.refresh(&scene.stand.account).await, Ok(None), "there is nothing to renew by");
    let with = [
        ("client_id", TikTok::CLIENT_KEY),
        ("client_secret", TikTok::CLIENT_SECRET),
        ("refresh_token", "refresh-main"),
    ];
    scene.account().secrets.extend(with.map(|(name, value)| (name.to_owned(), Secret::new(value))));
    let refresh = async |scene: &Scene| scene.stand.channel.refresh(&scene.stand.account).await;
    let tokens = refresh(&scene).await.unwrap().unwrap();
    let lives = |at: Option<jiff::Timestamp>| at.unwrap().duration_since(scene.fake.now()).as_secs();
    assert!((7190..=7200).contains(&lives(tokens.expires_at)));
    assert!((179 * 86_400..=180 * 86_400).contains(&lives(tokens.refresh_expires_at)));
    assert!(tokens.scopes.unwrap().contains(&"video.publish".to_owned()));
    let again = refresh(&scene).await.unwrap_err();
    assert_eq!(
        (again.code, again.landed, again.said.code.as_deref()),
        (Code::TOKEN_REVOKED, Landed::No, Some("invalid_grant"))
    );
    scene.account().secrets.insert("refresh_token".into(), tokens.refresh.unwrap());
    let lost = [
        Cue::new(End::CutAfter),
        Cue::refuse(502, &json!({})),
        Cue::new(End::Refuse(Answer::text(200, "text/html", "<html>"))),
    ];
    for cue in lost {
        scene.fake.cue(cue.on("POST", "oauth/token"));
        assert_eq!(refresh(&scene).await.unwrap_err().landed, Landed::Unknown);
    }
    scene.account().secrets.insert("client_secret".into(), Secret::new("wrong"));
    assert_eq!(refresh(&scene).await.unwrap_err().code, Code::APP_MISCONFIGURED);
    // With something to renew it by, a token that is refused has most likely ended.
    scene.fake.platform().revoke("main");
    assert_eq!(scene.fails().await.code, Code::TOKEN_EXPIRED);
}

/// What TikTok fetches itself cannot be made to fit here: a PNG is refused before it is asked, whatever its address says.
#[tokio::test]
async fn a_png_is_refused_at_intake_or_before_the_publish_point() {
    let file = files(png()).await;
    let named = |name: &str| Content {
        media: vec![domain::Media { url: format!("{}/{name}", file.url()), alt: None }],
        text: "Look".into(),
        ..Content::default()
    };
    let scene = Scene::of(Fake::<TikTok>::start().await, named("a.png"), None);
    let objections = scene.stand.channel.check(&scene.stand.draft);
    assert!(objections.iter().any(|objection| objection.path == "media[0].url"), "{objections:?}");
    let scene = Scene::of(Fake::<TikTok>::start().await, named("a"), None);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::MEDIA_REFUSED, Landed::No), "{failure:?}");
    assert!(scene.fake.publish_calls().is_empty());
}
