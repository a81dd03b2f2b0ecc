//! What is particular to Bluesky.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{AttemptKind, Code, Content, Finding, Fix, Landed, Scope, State, Worth};
use kit::{
    rows::{self, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::bluesky::TABLE;
use serde_json::json;
use testkit::{Bluesky, Cue, End, Fake};

const PUT: &str = "put record";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("bluesky", "https://bsky.example", says("x")).account;
    rows::check(
        &TABLE,
        &account,
        &[
            point(PUT, 429, r#"{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}"#).is(
                Code::RATE_LIMITED_ACCOUNT,
                RETRY,
                Scope::Account,
            ),
            point(PUT, 401, r#"{"error":"AccountTakedown","message":"Account has been taken down"}"#).is(
                Code::ACCOUNT_RESTRICTED,
                fix(Fix::Account),
                Scope::Account,
            ),
            free(
                "create session",
                401,
                r#"{"error":"AuthenticationRequired","message":"Invalid identifier or password"}"#,
            )
            .is(Code::TOKEN_REVOKED, fix(Fix::Reconnect), Scope::Account),
            free("refresh session", 401, r#"{"error":"AuthenticationRequired","message":"Bad token"}"#).is(
                Code::TOKEN_EXPIRED,
                RETRY,
                Scope::Account,
            ),
            point(PUT, 401, r#"{"error":"AuthMissing","message":"Authentication Required"}"#).is(
                Code::TOKEN_EXPIRED,
                RETRY,
                Scope::Account,
            ),
            point(PUT, 400, r#"{"error":"ExpiredToken","message":"Token has expired"}"#).is(
                Code::TOKEN_EXPIRED,
                RETRY,
                Scope::Account,
            ),
            point(PUT, 400, r#"{"error":"InvalidToken","message":"Token could not be verified"}"#).is(
                Code::TOKEN_EXPIRED,
                RETRY,
                Scope::Account,
            ),
            point(PUT, 401, r#"{"error":"ExpiredToken","message":"Token has expired"}"#).is(
                Code::TOKEN_EXPIRED,
                RETRY,
                Scope::Account,
            ),
            point(PUT, 401, r#"{"error":"InvalidToken","message":"Token could not be verified"}"#).is(
                Code::TOKEN_EXPIRED,
                RETRY,
                Scope::Account,
            ),
            point(PUT, 403, r#"{"error":"AccountNotFound","message":"Could not find repo"}"#).is(
                Code::PERMISSION_MISSING,
                fix(Fix::Permission),
                Scope::Account,
            ),
            point(PUT, 400, r#"{"error":"InvalidSwap","message":"Record was at bafy"}"#)
                .is(Code::DUPLICATE_REFUSED, RETRY, Scope::Post)
                .in_doubt(),
            point(PUT, 400, r#"{"error":"BlobNotFound","message":"Could not find blob: bafk"}"#).is(
                Code::MEDIA_NOT_READY,
                RETRY,
                Scope::Post,
            ),
            point(PUT, 400, r#"{"error":"BlobTooLarge","message":"This file is too large."}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            free("upload blob", 413, r#"{"error":"PayloadTooLarge","message":"request entity too large"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            free("get record", 400, r#"{"error":"RecordNotFound","message":"Could not locate record"}"#).is(
                Code::REFERENCE_GONE,
                Worth::Never,
                Scope::Post,
            ),
            free("upload blob", 400, r#"{"error":"InvalidRequest","message":"Request encoding is required"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            point(PUT, 400, r#"{"error":"InvalidRequest","message":"grapheme too big"}"#).is(
                Code::CONTENT_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
        ],
    );
}

struct Scene {
    fake: Fake<Bluesky>,
    stand: Stand,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Bluesky>::start().await;
        let stand = stand("bluesky", &fake.url(), content);
        Self { fake, stand }
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    fn calls(&self, method: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.path.ends_with(method)).count()
    }
}

#[tokio::test]
async fn links_tags_and_languages_are_in_the_record() {
    let settings = [("language".to_owned(), "de, en".to_owned())].into();
    let scene =
        Scene::new(Content { settings, link: Some("https://example.org/ü".into()), ..says("Grüße #Möwe") }).await;
    scene.stand.attempt().await;
    let record = scene.fake.posts()[0].native["value"].clone();
    assert_eq!(
        (record["text"].clone(), record["langs"].clone()),
        (json!("Grüße #Möwe\n\nhttps://example.org/ü"), json!(["de", "en"]))
    );
    let facet = |n: usize| (record["facets"][n]["index"].clone(), record["facets"][n]["features"][0].clone());
    let link = json!({"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org/ü"});
    assert_eq!(facet(0), (json!({"byteStart": 16, "byteEnd": 38}), link));
    let tag = json!({"$type": "app.bsky.richtext.facet#tag", "tag": "Möwe"});
    assert_eq!(facet(1), (json!({"byteStart": 8, "byteEnd": 14}), tag));
    let receipt = &scene.stand.receipts()[0];
    assert!(
        receipt.id.starts_with("at://did:plc:")
            && receipt.url.as_ref().unwrap().starts_with("https://bsky.app/profile/did:plc:")
    );
}

#[tokio::test]
async fn the_key_and_the_time_are_stored_before_the_first_write_and_never_change() {
    let scene = Scene::new(says("x")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    let handle = scene.stand.target().handles["record.0"].clone();
    assert_eq!(scene.settle().await, [AttemptKind::Look, AttemptKind::Send]);
    let post = &scene.fake.posts()[0];
    assert_eq!(handle, format!("{} {}", post.id, post.native["value"]["createdAt"].as_str().unwrap()));
    assert_eq!(scene.calls("createSession"), 1, "one login serves all attempts");
}

#[tokio::test]
async fn a_write_that_landed_twice_is_one_record() {
    let scene = Scene::new(says("x")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let sibling = scene.stand.another(says("x"));
    // The same target, sent again as if the look had been wrong: the platform makes it harmless.
    let command = domain::Command::Decide(domain::Decision::SendAgain { attempt: 1 });
    assert_eq!(scene.stand.state(), State::InDoubt);
    assert!(matches!(scene.stand.ask(&command), domain::Answer::Refused(_)));
    scene.settle().await;
    assert_eq!((scene.fake.posts().len(), scene.stand.state()), (1, State::Published));
    sibling.attempt().await;
    assert_eq!(scene.fake.posts().len(), 2, "another target has another key");
}

#[tokio::test]
async fn another_text_under_our_key_is_for_a_person() {
    let scene = Scene::new(says("ours")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let post = scene.fake.posts()[0].clone();
    let mut native = post.native.clone();
    native["value"]["text"] = json!("edited by someone");
    scene.fake.change(&post.id, "edited by someone", native);
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
    scene.settle().await;
    assert_eq!(
        (scene.stand.state(), scene.fake.publish_calls().len()),
        (State::InDoubt, 1),
        "nothing is written over it"
    );
}

#[tokio::test]
async fn a_token_that_ends_in_an_upload_is_renewed_on_the_way() {
    let file = files(png()).await;
    let scene = Scene::new(picture("x", &file.url())).await;
    scene.fake.cue(Cue { expire_token: true, ..Cue::default() }.on("POST", "uploadBlob"));
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.calls("createSession"), scene.calls("refreshSession"), scene.calls("uploadBlob")), (1, 1, 2));
    let image = &scene.fake.posts()[0].native["value"]["embed"]["images"][0];
    assert_eq!((image["alt"].clone(), image["image"]["mimeType"].clone()), (json!("a pixel"), json!("image/png")));
}

#[tokio::test]
async fn d02_a_token_that_ends_at_the_write_does_not_start_over() {
    let file = files(png()).await;
    let scene = Scene::new(picture("x", &file.url())).await;
    scene.fake.cue(Cue { expire_token: true, ..Cue::default() });
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::TOKEN_EXPIRED, Landed::No, RETRY));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
    assert_eq!((scene.calls("uploadBlob"), scene.calls("refreshSession")), (1, 1));
}

#[tokio::test]
async fn a_token_about_to_end_is_renewed_ahead() {
    let scene = Scene::new(thread(&["one", "two"])).await;
    scene.stand.attempt().await;
    let two_hours = Duration::from_secs(2 * 3600 - 200);
    scene.stand.clock.advance(two_hours);
    scene.fake.advance(two_hours);
    let later = scene.stand.another(says("later"));
    assert_eq!(later.attempt().await.failure, None);
    assert_eq!((scene.calls("createSession"), scene.calls("refreshSession")), (1, 1));
}

#[tokio::test]
async fn t04_many_at_once_log_in_once_and_renew_once() {
    let scene = Scene::new(says("0")).await;
    let several = |from: usize| (from..from + 5).map(|n| scene.stand.another(says(&n.to_string()))).collect::<Vec<_>>();
    let (first, second) = (several(1), several(6));
    futures::future::join_all(first.iter().map(Stand::attempt)).await;
    let three_hours = Duration::from_secs(3 * 3600);
    scene.stand.clock.advance(three_hours);
    scene.fake.advance(three_hours);
    futures::future::join_all(second.iter().map(Stand::attempt)).await;
    assert_eq!((scene.calls("createSession"), scene.calls("refreshSession")), (1, 1));
    assert_eq!((scene.fake.posts().len(), scene.fake.publish_calls().len()), (10, 10));
}

#[tokio::test]
async fn a_revoked_password_is_found_out_at_the_login_and_holds_the_account() {
    let scene = Scene::new(says("x")).await;
    scene.stand.attempt().await;
    scene.fake.platform().revoke("main");
    let next = scene.stand.another(says("y"));
    assert_eq!(next.attempt().await.failure.unwrap().code, Code::TOKEN_EXPIRED);
    let span = Duration::from_secs(3600);
    next.clock.advance(span);
    let failure = next.attempt().await.failure.unwrap();
    assert_eq!(
        (failure.code, failure.scope, failure.step.as_str()),
        (Code::TOKEN_REVOKED, Scope::Account, "create session")
    );
    assert!(failure.holds_siblings());
}

#[tokio::test]
async fn o07_an_outage_at_the_renewal_is_no_dead_account_and_no_new_login() {
    let scene = Scene::new(says("x")).await;
    scene.stand.attempt().await;
    let span = Duration::from_secs(3 * 3600);
    scene.stand.clock.advance(span);
    scene.fake.advance(span);
    scene.fake.cue(Cue::new(End::Outage).on("POST", "refreshSession"));
    let next = scene.stand.another(says("y"));
    let failure = next.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::OUT_OF_ORDER, Landed::No, RETRY));
    next.settle(|span| scene.fake.advance(span)).await;
    assert_eq!((next.state(), scene.calls("createSession")), (State::Published, 1));
}

#[tokio::test]
async fn pictures_that_the_server_threw_away_are_uploaded_again() {
    let file = files(png()).await;
    let scene = Scene::new(picture("x", &file.url())).await;
    scene.fake.cue(Cue::refuse(429, &json!({"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"})));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::RATE_LIMITED_ACCOUNT);
    scene.fake.platform().forget_blobs();
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len(), scene.calls("uploadBlob")), (State::Published, 1, 2));
}

#[tokio::test]
async fn a_picture_over_the_limit_or_of_another_kind_is_refused() {
    let mut large = png();
    large.resize(1_000_001, 0);
    let (large, video) = (files(large).await, files(b"\0\0\0\x20ftypmp42".to_vec()).await);
    for file in [large, video] {
        let scene = Scene::new(picture("x", &file.url())).await;
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!(
            (failure.code, failure.scope, scene.fake.publish_calls().len()),
            (Code::MEDIA_REFUSED, Scope::Post, 0)
        );
    }
}

#[tokio::test]
async fn d15_a_resumed_thread_names_its_predecessors() {
    let scene = Scene::new(thread(&["one", "two", "three"])).await;
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    scene.stand.attempt().await;
    scene.settle().await;
    let posts = scene.fake.posts();
    let name = |n: usize| json!({"uri": posts[n].id, "cid": posts[n].native["cid"]});
    let reply = |n: usize| posts[n].native["value"]["reply"].clone();
    assert_eq!((posts.len(), reply(0)), (3, json!(null)));
    assert_eq!(
        (reply(1), reply(2)),
        (json!({"root": name(0), "parent": name(0)}), json!({"root": name(0), "parent": name(1)}))
    );
}

#[tokio::test]
async fn a_thread_whose_first_part_was_deleted_does_not_go_on() {
    let scene = Scene::new(thread(&["one", "two"])).await;
    scene.fake.cue(Cue::new(End::CutBefore).nth(2));
    scene.stand.attempt().await;
    scene.fake.delete(&scene.stand.receipts()[0].id);
    scene.settle().await;
    let failure = scene.stand.target().last_failure.unwrap();
    assert_eq!((scene.stand.state(), failure.code), (State::Failed, Code::REFERENCE_GONE));
}

#[tokio::test]
async fn without_the_stored_key_a_look_proves_nothing() {
    let scene = Scene::new(says("x")).await;
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_to_the_second() {
    let scene = Scene::new(says("x")).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 900 }));
    let before = scene.fake.now().as_second();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!(failure.code, Code::RATE_LIMITED_ACCOUNT);
    assert!(failure.not_before().unwrap().as_second() >= before + 900, "{failure:?}");
}

#[tokio::test]
async fn credentials_are_checked_by_the_session_that_they_open() {
    let fake = Fake::<Bluesky>::start().await;
    let stand = stand("bluesky", &fake.url(), says("x"));
    let check = async || stand.channel.check_credentials(&stand.account).await;
    let good = check().await.unwrap();
    assert_eq!((good.who.as_str(), good.missing.len(), good.unknown), ("main.test", 0, false));
    // A token that has ended is renewed on the way, and nobody is told.
    fake.cue(Cue { expire_token: true, ..Cue::default() }.on("GET", "getSession"));
    assert_eq!(check().await.unwrap(), good);
    let logins = fake.calls().iter().filter(|call| call.path.ends_with("createSession")).count();
    assert_eq!(logins, 1);
    fake.platform().deactivate("main");
    let failure = check().await.unwrap_err();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::ACCOUNT_RESTRICTED, Scope::Account, Landed::No));
    assert_eq!(failure.said.text, "the account is deactivated");
    assert_eq!(failure.worth, fix(Fix::Account));
    fake.platform().restore("main");
    fake.platform().take_down("main");
    assert_eq!(check().await.unwrap_err().code, Code::ACCOUNT_RESTRICTED);
    fake.platform().restore("main");
    fake.platform().revoke("main");
    let failure = check().await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::TOKEN_REVOKED, Scope::Account));
    assert_eq!((fake.publish_calls().len(), fake.posts().len()), (0, 0));
}

#[tokio::test]
async fn a_password_does_not_travel_in_the_clear_to_be_checked() {
    let stand = stand("bluesky", "http://bsky.example", says("x"));
    assert_eq!(stand.channel.check_credentials(&stand.account).await.unwrap_err().code, Code::APP_MISCONFIGURED);
}
