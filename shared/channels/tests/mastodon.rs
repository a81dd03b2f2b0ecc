//! What is particular to Mastodon.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use domain::{AttemptKind, Code, Content, Draft, Finding, Fix, Landed, Scope, State, Worth};
use kit::{
    rows::{self, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::mastodon::TABLE;
use serde_json::json;
use testkit::{Cue, End, Fake, Mastodon};

const CREATE: &str = "create status";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("mastodon", "https://mastodon.example", says("x")).account;
    let (reconnect, permission, restricted) = (fix(Fix::Reconnect), fix(Fix::Permission), fix(Fix::Account));
    rows::check(
        &TABLE,
        &account,
        &[
            point(CREATE, 401, r#"{"error":"The access token expired"}"#).is(
                Code::TOKEN_EXPIRED,
                reconnect,
                Scope::Account,
            ),
            free("verify credentials", 401, r#"{"error":"The access token is invalid"}"#).is(
                Code::TOKEN_REVOKED,
                reconnect,
                Scope::Account,
            ),
            point(CREATE, 403, r#"{"error":"This action is outside the authorized scopes"}"#).is(
                Code::PERMISSION_MISSING,
                permission,
                Scope::Account,
            ),
            point(CREATE, 403, r#"{"error":"This action is not allowed"}"#).is(
                Code::PERMISSION_MISSING,
                permission,
                Scope::Account,
            ),
            point(CREATE, 403, r#"{"error":"Your login is currently disabled"}"#).is(
                Code::ACCOUNT_RESTRICTED,
                restricted,
                Scope::Account,
            ),
            point(CREATE, 403, r#"{"error":"Your account has been suspended"}"#).is(
                Code::ACCOUNT_RESTRICTED,
                restricted,
                Scope::Account,
            ),
            point(CREATE, 403, r#"{"error":"Your login is missing a confirmed e-mail address"}"#).is(
                Code::ACCOUNT_RESTRICTED,
                restricted,
                Scope::Account,
            ),
            point(CREATE, 404, r#"{"error":"Record not found"}"#).is(Code::REFERENCE_GONE, Worth::Never, Scope::Post),
            point(CREATE, 410, "").is(Code::ACCOUNT_RESTRICTED, restricted, Scope::Account),
            point(
                CREATE,
                422,
                r#"{"error":"Cannot attach files that have not finished processing. Try again in a moment!"}"#,
            )
            .is(Code::MEDIA_NOT_READY, RETRY, Scope::Post),
            point(CREATE, 422, r#"{"error":"Media 12 not found or already attached to another post"}"#)
                .is(Code::UNCLEAR_ANSWER, RETRY, Scope::Post)
                .in_doubt(),
            point(CREATE, 422, r#"{"error":"Validation failed: Uri has already been taken"}"#)
                .is(Code::DUPLICATE_REFUSED, RETRY, Scope::Post)
                .in_doubt(),
            point(CREATE, 422, r#"{"error":"Duplicate record: not unique"}"#)
                .is(Code::DUPLICATE_REFUSED, RETRY, Scope::Post)
                .in_doubt(),
            point(CREATE, 422, r#"{"error":"Validation failed: Text can't be blank"}"#).is(
                Code::CONTENT_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            point(CREATE, 422, r#"{"error":"Character limit of 500 exceeded"}"#).is(
                Code::CONTENT_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            free("upload media", 422, r#"{"error":"Validation failed: File is invalid"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            free("await media", 422, r#"{"error":"Error processing thumbnail"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            free("upload media", 413, "<html>").is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post),
            point(CREATE, 400, r#"{"error":"param is missing"}"#).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
            point(CREATE, 429, r#"{"error":"Too many requests"}"#).is(
                Code::RATE_LIMITED_ACCOUNT,
                RETRY,
                Scope::Account,
            ),
        ],
    );
}

#[test]
fn an_answer_of_a_proxy_in_front_is_no_refusal() {
    let account = stand("mastodon", "https://mastodon.example", says("x")).account;
    for (status, page) in
        [(404, "<html><h1>404 Not Found</h1></html>"), (403, "<html>Attention Required!</html>"), (422, "?")]
    {
        let answer = oncepost_channels::Answer {
            step: CREATE,
            point: true,
            status,
            headers: Default::default(),
            body: page.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let failure = TABLE.judge(&answer, &account);
        assert_eq!((failure.code, failure.landed), (Code::UNCLEAR_ANSWER, Landed::Unknown), "{status}");
    }
}

struct Scene {
    fake: Fake<Mastodon>,
    stand: Stand,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Mastodon>::start().await;
        let stand = stand("mastodon", &fake.url(), content);
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

    fn uploads(&self) -> usize {
        self.fake.calls().iter().filter(|call| call.path == "/api/v2/media").count()
    }
}

#[tokio::test]
async fn settings_of_the_post_and_the_account_reach_the_status() {
    let settings = [("visibility", "unlisted"), ("spoiler_text", "careful"), ("sensitive", "true")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let content = Content { settings: settings.into(), link: Some("https://example.org/x".into()), ..says("hello") };
    let mut scene = Scene::new(content).await;
    scene.stand.account.settings.extend([("visibility".into(), "private".into()), ("language".into(), "de".into())]);
    scene.stand.attempt().await;
    let post = &scene.fake.posts()[0];
    assert_eq!(post.text, "hello\n\nhttps://example.org/x");
    let native = |name: &str| post.native[name].clone();
    assert_eq!((native("visibility"), native("language")), (json!("unlisted"), json!("de")));
    assert_eq!((native("spoiler_text"), native("sensitive")), (json!("careful"), json!(true)));
    assert_eq!(scene.stand.receipts()[0].url.as_deref(), Some(post.url.as_str()));
}

#[tokio::test]
async fn settings_that_mastodon_does_not_know_are_refused_before() {
    let stand = stand("mastodon", "https://mastodon.example", says("x"));
    let objections = |name: &str, value: &str| {
        let settings = [(name.to_owned(), value.to_owned())].into();
        stand
            .channel
            .check(&Draft(Content { settings, ..says("x") }))
            .into_iter()
            .map(|o| (o.path, o.code))
            .collect::<Vec<_>>()
    };
    for (name, value) in [("visibility", "friends"), ("sensitive", "yes"), ("language", "English")] {
        assert_eq!(objections(name, value), [(format!("settings.{name}"), Code::BAD_SETTING)]);
    }
    for (name, value) in [("visibility", "direct"), ("sensitive", "false"), ("language", "pt-BR"), ("other", "thing")] {
        assert_eq!(objections(name, value), []);
    }
    assert_eq!(
        objections("spoiler_text", &"x".repeat(500)),
        [("settings.spoiler_text".to_owned(), Code::TEXT_TOO_LONG)]
    );
}

#[tokio::test]
async fn a_picture_is_awaited_and_carries_its_description() {
    let file = files(png()).await;
    let scene = Scene::new(picture("look", &file.url())).await;
    // The platform's clock stands still while the client waits by its own: it gives up, and comes back without uploading again.
    scene.fake.set(|knobs| knobs.media_processing_ms = 30_000);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::MEDIA_NOT_READY, Landed::No, RETRY));
    assert_eq!((scene.uploads(), scene.fake.publish_calls().len()), (1, 0));
    scene.pass(60);
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.uploads(), 1, "the upload of the first try was used");
    let attached = &scene.fake.posts()[0].native["media_attachments"][0];
    assert_eq!((attached["description"].clone(), attached["type"].clone()), (json!("a pixel"), json!("image")));
}

#[tokio::test]
async fn an_upload_that_the_server_threw_away_is_made_again() {
    let file = files(png()).await;
    let scene = Scene::new(picture("look", &file.url())).await;
    scene.fake.cue(Cue::refuse(422, &json!({"error": "Cannot attach files that have not finished processing."})));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::MEDIA_NOT_READY);
    let first = scene.stand.target().handles["media.0.0"].clone();
    scene.fake.cue(Cue::refuse(404, &json!({"error": "Record not found"})).on("GET", "/api/v1/media/"));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.uploads(), scene.fake.posts().len()), (State::Published, 2, 1));
    let attached = scene.fake.posts()[0].native["media_attachments"][0]["id"].clone();
    assert_ne!(attached, json!(first));
}

#[tokio::test]
async fn a_used_up_upload_is_a_sign_that_the_post_exists() {
    let file = files(png()).await;
    let scene = Scene::new(picture("", &file.url())).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    // The server has lost the key, and its listing lags: all that is left is the refusal of the used upload.
    scene.fake.platform().forget_keys();
    let posts = scene.fake.posts();
    scene.stand.taken.lock().unwrap().push(posts[0].id.clone());
    scene.pass(80);
    let ended = scene.stand.attempt().await;
    assert_eq!((ended.kind, ended.failure.unwrap().landed), (AttemptKind::Repeat, Landed::Unknown));
    scene.stand.taken.lock().unwrap().clear();
    scene.settle().await;
    assert_eq!((scene.stand.receipts()[0].id.as_str(), scene.fake.posts().len()), (posts[0].id.as_str(), 1));
    assert_eq!(scene.uploads(), 1);
}

#[tokio::test]
async fn a_server_that_lost_the_key_is_not_asked_to_post_again() {
    let scene = Scene::new(says("once #rust https://example.org/a/very/long/address/indeed & <b>\n\nagain")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.fake.platform().forget_keys();
    assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
    assert_eq!(
        (scene.stand.state(), scene.fake.posts().len(), scene.fake.publish_calls().len()),
        (State::Published, 1, 1)
    );
}

#[tokio::test]
async fn after_the_keys_hour_the_listing_decides_and_its_lag_is_waited_out() {
    let scene = Scene::new(says("late")).await;
    let minutes = |n: u64| Duration::from_secs(60 * n);
    scene.fake.cue(Cue::new(End::CutAfter).list_late(minutes(60)));
    scene.stand.attempt().await;
    scene.pass(56 * 60);
    scene.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(scene.stand.attempt().await.kind, AttemptKind::Repeat);
    let attempts = scene.stand.settle(|span| scene.fake.advance(span)).await;
    assert!(attempts.iter().all(|ended| ended.kind == AttemptKind::Look), "{attempts:?}");
    assert_eq!(
        attempts[0].finding,
        Some(Finding::Absent),
        "not listed yet, which proves nothing so soon after the last call"
    );
    assert_eq!(
        (scene.stand.state(), scene.fake.posts().len(), scene.fake.publish_calls().len()),
        (State::Published, 1, 2)
    );
}

#[tokio::test]
async fn after_the_keys_hour_a_post_that_never_arrived_goes_out() {
    let scene = Scene::new(says("late")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    scene.pass(3600);
    assert_eq!(scene.settle().await, [AttemptKind::Look, AttemptKind::Send]);
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
}

/// A twin says the same, and its outcome is not known either: its post must not be taken for ours, nor ours for its.
#[tokio::test]
async fn d20_while_a_twin_is_not_settled_only_our_own_key_tells() {
    let scene = Scene::new(says("twins")).await;
    let twin = scene.stand.another(says("twins"));
    scene.fake.cue(Cue::new(End::CutAfter));
    twin.attempt().await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    scene.stand.rival.store(true, SeqCst);
    assert_eq!(scene.settle().await, [AttemptKind::Repeat], "the twin's post is listed, and left to it");
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
    assert_ne!(scene.stand.receipts()[0].id, scene.fake.posts()[0].id);

    let late = scene.stand.another(says("twins"));
    scene.fake.cue(Cue::new(End::CutBefore));
    late.attempt().await;
    scene.pass(3600);
    late.rival.store(true, SeqCst);
    let ended = late.attempt().await;
    assert!(
        matches!(ended.finding, Some(Finding::CannotTell(_))),
        "after the key's hour it waits for the twin: {ended:?}"
    );
}

#[tokio::test]
async fn a_lagging_listing_is_not_believed_while_the_key_is_good() {
    let scene = Scene::new(says("lagging")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(600)));
    scene.stand.attempt().await;
    assert_eq!(scene.settle().await, [AttemptKind::Repeat], "the look finds nothing; the key does");
    assert_eq!(
        (scene.stand.state(), scene.fake.posts().len(), scene.fake.publish_calls().len()),
        (State::Published, 1, 2)
    );
}

#[tokio::test]
async fn a_look_takes_neither_older_posts_nor_those_of_other_targets_nor_other_texts() {
    let scene = Scene::new(says("same words")).await;
    let earlier = scene.stand.another(says("same words"));
    earlier.attempt().await;
    scene.pass(120);
    // From here on is our target's time.
    let ours = scene.stand.another(says("same words"));
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "it was made before ours could have been");
    let other = scene.stand.another(says("other words"));
    other.attempt().await;
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "it says something else");
    let twin = scene.stand.another(says("same words"));
    twin.attempt().await;
    let twins = twin.receipts()[0].clone();
    ours.taken.lock().unwrap().push(twins.id.clone());
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
    ours.taken.lock().unwrap().clear();
    assert_eq!(ours.find(0).await.unwrap(), Finding::Found(twins));
}

#[tokio::test]
async fn a_look_knows_a_part_by_its_place_in_the_thread() {
    let scene = Scene::new(thread(&["again", "again", "again"])).await;
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, scene.stand.receipts().len()), (Code::NO_ANSWER, 1));
    scene.fake.platform().forget_keys();
    scene.settle().await;
    let posts = scene.fake.posts();
    let ids: Vec<_> = scene.stand.receipts().into_iter().map(|receipt| receipt.id).collect();
    assert_eq!(ids, posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>());
    let replies: Vec<_> = posts.iter().map(|post| post.native["in_reply_to_id"].clone()).collect();
    assert_eq!(replies, [json!(null), json!(ids[0]), json!(ids[1])]);
}

#[tokio::test]
async fn o04_d15_a_person_who_gives_a_parts_address_lets_the_rest_go_on() {
    let mut scene = Scene::new(thread(&["one", "two"])).await;
    scene.stand.account.settings.insert("idempotency_key".into(), "ignored".into());
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(24 * 3600)));
    scene.stand.attempt().await;
    let seen = scene.fake.posts()[0].clone();
    let attempt = scene.stand.target().attempt;
    let receipt = domain::Receipt { id: seen.url.clone(), url: Some(seen.url) };
    scene.stand.ask(&domain::Command::Out { attempt, part: 0, receipt });
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
    assert_eq!(scene.fake.posts()[1].native["in_reply_to_id"], json!(seen.id));
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes() {
    let scene = Scene::new(says("deep down")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..90 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
    }
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
    let calls = scene.fake.calls();
    assert_eq!(
        calls.iter().filter(|call| call.path.ends_with("verify_credentials")).count(),
        1,
        "the account's id is remembered"
    );
}

#[tokio::test]
async fn a_look_that_fails_leaves_the_doubt_and_says_why() {
    let scene = Scene::new(says("x")).await;
    scene.fake.platform().revoke("main");
    let failure = scene.stand.find(0).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.landed, failure.step.as_str()),
        (Code::TOKEN_REVOKED, Landed::No, "verify credentials")
    );
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_to_the_second() {
    let scene = Scene::new(says("x")).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 900 }));
    let before = scene.fake.now();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!(failure.code, Code::RATE_LIMITED_ACCOUNT);
    assert!(failure.not_before().unwrap() >= before + Duration::from_secs(900), "{failure:?}");
    assert_eq!(scene.stand.target().tries, 0);
}

#[tokio::test]
async fn credentials_are_checked_with_the_scopes_that_publishing_takes() {
    let fake = Fake::<Mastodon>::start().await;
    let stand = stand("mastodon", &fake.url(), says("x"));
    let check = async || stand.channel.check_credentials(&stand.account).await;
    let good = check().await.unwrap();
    assert_eq!((good.who.as_str(), good.missing.len(), good.unknown), ("main", 0, false));
    // A server that does not say what its apps may do, and one that does not know the call.
    fake.platform().withhold("main", "write:media");
    fake.set(|knobs| knobs.tells_scopes = false);
    assert_eq!(check().await.unwrap(), good);
    fake.set(|knobs| knobs.tells_scopes = true);
    fake.cue(Cue::refuse(404, &json!({"error": "Record not found"})).on("GET", "apps/verify"));
    assert_eq!(check().await.unwrap(), good);
    assert_eq!(check().await.unwrap().missing, ["write:media"]);
    fake.platform().withhold("main", "read:accounts");
    let standing = check().await.unwrap();
    assert_eq!(
        (standing.who.as_str(), standing.missing),
        ("", vec!["read:accounts".to_owned(), "write:media".to_owned()])
    );
    fake.platform().revoke("main");
    let failure = check().await.unwrap_err();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::TOKEN_REVOKED, Scope::Account, Landed::No));
    fake.cue(Cue::new(End::RateLimit { seconds: 60 }).on("GET", "accounts/verify"));
    assert_eq!(check().await.unwrap_err().code, Code::RATE_LIMITED_ACCOUNT);
    assert_eq!((fake.publish_calls().len(), fake.posts().len()), (0, 0));
}

#[tokio::test]
async fn credentials_do_not_travel_in_the_clear_to_be_checked() {
    let mut stand = stand("mastodon", "http://mastodon.example", says("x"));
    assert_eq!(stand.channel.check_credentials(&stand.account).await.unwrap_err().code, Code::APP_MISCONFIGURED);
    stand.account.base_url = "http://127.0.0.1:1/".parse().unwrap();
    assert_eq!(stand.channel.check_credentials(&stand.account).await.unwrap_err().code, Code::UNREACHABLE);
}
