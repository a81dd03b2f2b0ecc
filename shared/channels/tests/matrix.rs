//! What is particular to Matrix.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{
    AttemptKind, Code, Command, Content, Draft, Finding, Fix, Landed, Part, Receipt, RepeatSafety, Scope, State, Worth,
};
use kit::{
    canary::Canary,
    crash,
    rows::{self, Case, RETRY, fix, free, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Secret, Standing, matrix::TABLE};
use serde_json::json;
use testkit::{Cue, End, Fake, Matrix};

const SEND: &str = "send event";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("matrix", "https://matrix.org", says("x")).account;
    let (reconnect, permission, setup) = (fix(Fix::Reconnect), fix(Fix::Permission), fix(Fix::Setup));
    let said = |status, body| point(SEND, status, body);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, reconnect, Scope::Account);
    let restricted = |case: Case| case.is(Code::ACCOUNT_RESTRICTED, fix(Fix::Account), Scope::Account);
    let forbidden = |case: Case| case.is(Code::PERMISSION_MISSING, permission, Scope::Account);
    let gone = |case: Case| case.is(Code::ENDPOINT_GONE, setup, Scope::Account);
    let refused = |case: Case| case.is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            said(429, r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests"}"#).is(
                Code::RATE_LIMITED_ACCOUNT,
                RETRY,
                Scope::Account,
            ),
            dead(free("refresh token", 401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"x","soft_logout":true}"#)),
            dead(free("refresh token", 403, r#"{"errcode":"M_FORBIDDEN","error":"already been used"}"#)),
            said(401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"Access token has expired","soft_logout":true}"#).is(
                Code::TOKEN_EXPIRED,
                reconnect,
                Scope::Account,
            ),
            dead(said(401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"Invalid","soft_logout":false}"#)),
            dead(said(401, r#"{"errcode":"M_MISSING_TOKEN","error":"Missing access token"}"#)),
            restricted(said(401, r#"{"errcode":"M_USER_LOCKED","error":"locked","soft_logout":true}"#)),
            restricted(said(403, r#"{"errcode":"M_USER_DEACTIVATED","error":"deactivated"}"#)),
            restricted(said(403, r#"{"errcode":"M_USER_SUSPENDED","error":"suspended"}"#)),
            restricted(said(403, r#"{"errcode":"M_CONSENT_NOT_GIVEN","error":"consent"}"#)),
            restricted(said(403, r#"{"errcode":"M_RESOURCE_LIMIT_EXCEEDED","error":"limit"}"#)),
            forbidden(said(403, r#"{"errcode":"M_GUEST_ACCESS_FORBIDDEN","error":"Guests"}"#)),
            refused(said(
                403,
                r#"{"errcode":"M_FORBIDDEN","error":"This message has been rejected as probable spam"}"#,
            )),
            forbidden(said(403, r#"{"errcode":"M_FORBIDDEN","error":"User @a:b not in room !c:d"}"#)),
            gone(said(404, r#"{"errcode":"M_NOT_FOUND","error":"Unknown room"}"#)),
            gone(free("resolve alias", 400, r#"{"errcode":"M_INVALID_PARAM","error":"Room alias invalid"}"#)),
            said(405, r#"{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}"#).is(
                Code::APP_MISCONFIGURED,
                setup,
                Scope::Account,
            ),
            free("upload media", 413, r#"{"errcode":"M_TOO_LARGE","error":"too large"}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            refused(said(413, r#"{"errcode":"M_TOO_LARGE","error":"event too large"}"#)),
            said(400, r#"{"errcode":"M_UNKNOWN","error":"Cannot start threads from an event with a relation"}"#).is(
                Code::REFERENCE_GONE,
                Worth::Never,
                Scope::Post,
            ),
            refused(said(400, r#"{"errcode":"M_UNKNOWN","error":"'body' not in content"}"#)),
            refused(said(400, r#"{"errcode":"M_BAD_JSON","error":"bad"}"#)),
            refused(said(400, r#"{"errcode":"M_NOT_JSON","error":"Content not JSON."}"#)),
        ],
    );
}

struct Scene {
    fake: Fake<Matrix>,
    stand: Arc<Stand>,
}

impl Scene {
    async fn new(content: Content) -> Self {
        Self::with(content, &[]).await
    }

    /// On an account with these settings.
    async fn with(content: Content, settings: &[(&str, &str)]) -> Self {
        let fake = Fake::<Matrix>::start().await;
        let mut stand = stand("matrix", &fake.url(), content);
        stand.account.settings.extend(settings.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        Self { fake, stand: Arc::new(stand) }
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    /// The same account after somebody has logged it in anew.
    fn logged_in_anew(&mut self) {
        let stand = Arc::get_mut(&mut self.stand).unwrap();
        stand.account.secrets.insert("access_token".into(), Secret::new(self.fake.platform().log_in("main")));
    }

    fn one_is_out(&self) {
        assert_eq!((self.stand.state(), self.fake.posts().len()), (State::Published, 1));
        assert_eq!(self.stand.receipts()[0].id, self.fake.posts()[0].id);
    }
}

#[tokio::test]
async fn d03_a_repeat_uses_the_same_transaction_and_finds_what_is_out_before_that() {
    let scene = Scene::new(says("once")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(600)));
    scene.stand.attempt().await;
    assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
    let calls = scene.fake.publish_calls();
    assert_eq!((calls.len(), &calls[0].path), (2, &calls[1].path), "not listed yet: the transaction makes it the same");
    scene.one_is_out();
    let scene = Scene::new(says("once")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
    assert_eq!(scene.fake.publish_calls().len(), 1, "listed: nothing is sent again");
    scene.one_is_out();
}

#[tokio::test]
async fn d03_t02_after_a_new_login_nothing_is_repeated_by_its_key() {
    let mut scene = Scene::new(says("once")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(200)));
    scene.stand.attempt().await;
    scene.logged_in_anew();
    let kinds = scene.settle().await;
    assert_eq!(kinds[0], AttemptKind::Repeat);
    assert!(kinds[1..].iter().all(|kind| *kind == AttemptKind::Look), "{kinds:?}");
    assert_eq!(scene.fake.publish_calls().len(), 1);
    scene.one_is_out();
    let mut scene = Scene::new(says("once")).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    scene.logged_in_anew();
    assert_eq!(scene.settle().await.last(), Some(&AttemptKind::Send), "surely not there: sent again");
    scene.one_is_out();
}

#[tokio::test]
async fn a_renewed_token_is_the_same_login() {
    let mut scene = Scene::new(says("once")).await;
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.secrets.insert("refresh_token".into(), Secret::new(Matrix::refresh_token("main")));
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(600)));
    scene.stand.attempt().await;
    let tokens = scene.stand.channel.refresh(&scene.stand.account).await.unwrap().unwrap();
    assert!(tokens.refresh.is_some() && tokens.expires_at > Some(scene.fake.now()));
    let stand = Arc::get_mut(&mut scene.stand).unwrap();
    stand.account.secrets.insert("access_token".into(), tokens.access);
    scene.fake.set(|knobs| knobs.token_life_s = 3600);
    let again = stand.channel.refresh(&stand.account).await;
    assert!(again.is_ok(), "what the first answer gave was not used yet: {again:?}");
    assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
    assert_eq!(scene.fake.publish_calls().len(), 2);
    scene.one_is_out();
}

#[tokio::test]
async fn t06_a_token_that_has_ended_is_told_from_one_that_is_dead() {
    let mut scene = Scene::new(says("x")).await;
    assert_eq!(scene.stand.channel.refresh(&scene.stand.account).await, Ok(None), "nothing to renew it by");
    scene.fake.cue(Cue { expire_token: true, ..Cue::default() });
    let ended = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((ended.code, ended.landed, ended.scope), (Code::TOKEN_EXPIRED, Landed::No, Scope::Account));
    let account = &mut Arc::get_mut(&mut scene.stand).unwrap().account;
    account.secrets.insert("refresh_token".into(), Secret::new("syr.main.OLDDEVICE.7"));
    let dead = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert_eq!((dead.code, dead.landed), (Code::TOKEN_REVOKED, Landed::No));
    scene.fake.platform().revoke("main");
    let dead = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!(dead.code, Code::TOKEN_REVOKED);
}

#[tokio::test]
async fn after_the_keys_time_the_room_is_read() {
    let scene = Scene::new(says("once")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let away = Duration::from_secs(29 * 60);
    scene.stand.clock.advance(away);
    scene.fake.advance(away);
    scene.fake.platform().forget_transactions();
    assert_eq!(scene.settle().await, [AttemptKind::Look]);
    assert_eq!(scene.fake.publish_calls().len(), 1, "it may not be sent by a key that may be forgotten");
    scene.one_is_out();
}

#[tokio::test]
async fn a_look_takes_neither_older_events_nor_those_of_others() {
    for keeps_fields in [true, false] {
        let scene = Scene::new(says("same words")).await;
        scene.fake.set(|knobs| knobs.keeps_fields = keeps_fields);
        scene.stand.another(says("same words")).attempt().await;
        let later = Duration::from_secs(120);
        scene.stand.clock.advance(later);
        scene.fake.advance(later);
        let mut bob = scene.stand.another(says("same words"));
        bob.account.secrets.insert("access_token".into(), Secret::new(Matrix::token("bob")));
        bob.attempt().await;
        let ours = scene.stand.another(says("same words"));
        assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "one is older, the other somebody else's");
        let twin = scene.stand.another(says("same words"));
        twin.attempt().await;
        // Its own mark tells a twin apart; where only words are left, the ledger does, or nobody.
        let mut other = scene.stand.another(says("same words"));
        let token = scene.fake.platform().log_in("main");
        other.account.secrets.insert("access_token".into(), Secret::new(token));
        let found = other.find(0).await.unwrap();
        let expected = if keeps_fields { Finding::Absent } else { Finding::Found(twin.receipts()[0].clone()) };
        assert_eq!(found, expected);
        other.rival.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(matches!(other.find(0).await.unwrap(), Finding::CannotTell(_)), !keeps_fields);
        other.taken.lock().unwrap().push(twin.receipts()[0].id.clone());
        assert_eq!(other.find(0).await.unwrap(), Finding::Absent);
    }
}

#[tokio::test]
async fn what_was_taken_down_may_have_been_ours() {
    let mut scene = Scene::new(says("gone")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    let id = scene.fake.posts()[0].id.clone();
    scene.fake.delete(&id);
    scene.logged_in_anew();
    let finding = scene.stand.find(0).await.unwrap();
    assert!(matches!(&finding, Finding::CannotTell(why) if why.contains(&id)), "{finding:?}");
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes() {
    let scene = Scene::new(says("ours")).await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..110 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
    }
    let Finding::Found(receipt) = scene.stand.find(0).await.unwrap() else { panic!("it is there") };
    assert_eq!(receipt.id, scene.fake.posts()[0].id);
}

#[tokio::test]
async fn several_pictures_are_events_of_their_own_and_uploads_are_not_repeated() {
    let file = files(png()).await;
    let mut content = picture("look", &file.url());
    content.media.push(content.media[0].clone());
    content.thread = vec![Part { text: "more".into(), media: vec![] }];
    for path in ["/upload", "/send/"] {
        let scene = Scene::new(content.clone()).await;
        assert_eq!(scene.stand.channel.parts(&scene.stand.draft), 3);
        let method = if path == "/upload" { "POST" } else { "PUT" };
        crash::dies_at(&scene.fake, &scene.stand, method, path).await;
        scene.settle().await;
        let posts = scene.fake.posts();
        let natives: Vec<_> = posts.iter().map(|post| post.native["content"].clone()).collect();
        assert_eq!((scene.stand.state(), posts.len()), (State::Published, 3));
        assert_eq!((&natives[0]["body"], &natives[0]["msgtype"]), (&json!("look"), &json!("m.image")));
        assert_eq!(natives[0]["info"], json!({"mimetype": "image/png", "size": png().len(), "w": 1, "h": 1}));
        assert_eq!((&natives[1]["body"], &natives[1]["m.relates_to"]), (&json!("a pixel"), &json!(null)));
        let thread = json!({
            "rel_type": "m.thread", "event_id": posts[0].id, "is_falling_back": true,
            "m.in_reply_to": {"event_id": posts[1].id},
        });
        assert_eq!(natives[2]["m.relates_to"], thread);
        let uploads = scene.fake.calls().into_iter().filter(|call| call.path.ends_with("/upload")).count();
        assert_eq!(uploads, if path == "/upload" { 3 } else { 2 }, "what was not stored is not used");
    }
}

#[tokio::test]
async fn m15_d15_a_thread_may_be_answers_and_goes_on_from_a_link_that_a_person_gives() {
    let settings = [("threads".to_owned(), "replies".to_owned())].into();
    let scene = Scene::new(Content { settings, ..thread(&["one", "two"]) }).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(3600)));
    scene.stand.attempt().await;
    let seen = scene.fake.posts()[0].clone();
    let attempt = scene.stand.target().attempt;
    let receipt = Receipt { id: format!("{}?via=matrix.test", seen.url), url: Some(seen.url.clone()) };
    scene.stand.ask(&Command::Out { attempt, part: 0, receipt });
    scene.settle().await;
    let posts = scene.fake.posts();
    assert_eq!((scene.stand.state(), posts.len()), (State::Published, 2));
    assert_eq!(posts[1].native["content"]["m.relates_to"], json!({"m.in_reply_to": {"event_id": seen.id}}));
    assert_eq!(scene.stand.receipts()[1].url.as_deref(), Some(posts[1].url.as_str()));
}

#[tokio::test]
async fn an_alias_is_resolved_once_and_the_post_stays_in_its_room() {
    let scene = Scene::with(thread(&["one", "two"]), &[("room", &Matrix::alias("main"))]).await;
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    scene.stand.attempt().await;
    scene.fake.platform().move_alias("main", "other");
    scene.settle().await;
    let rooms: Vec<_> = scene.fake.posts().iter().map(|post| post.native["room"].clone()).collect();
    assert_eq!((scene.stand.state(), rooms), (State::Published, vec![json!("main"), json!("main")]));
    let nowhere = Scene::with(says("x"), &[("room", "#nowhere")]).await;
    assert_eq!(nowhere.stand.attempt().await.failure.unwrap().code, Code::ENDPOINT_GONE);
    let wrong = Scene::with(says("x"), &[("room", "lobby")]).await;
    let failure = wrong.stand.attempt().await.failure.unwrap();
    assert!(failure.code == Code::CREDENTIALS_MISSING && failure.said.text.contains("lobby"), "{failure:?}");
}

#[tokio::test]
async fn nothing_goes_to_an_encrypted_room() {
    let scene = Scene::new(says("x")).await;
    scene.fake.platform().encrypt("main");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::APP_MISCONFIGURED, Landed::No, Scope::Account));
    assert!(failure.said.text.contains("encrypted") && scene.fake.publish_calls().is_empty(), "{failure:?}");
    let standing = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(standing.missing, ["a room without encryption"]);
}

#[tokio::test]
async fn credentials_are_checked_without_sending_anything() {
    let scene = Scene::new(says("x")).await;
    let good = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(good, Standing::good("@main:matrix.test"));
    scene.fake.platform().ban("main");
    let outside = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!(outside.code, Code::PERMISSION_MISSING);
    assert!(scene.fake.publish_calls().is_empty());
}

#[tokio::test]
async fn r01_a_rate_limit_is_read_to_the_millisecond() {
    let scene = Scene::new(says("x")).await;
    let body = json!({"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 769});
    scene.fake.cue(Cue::new(End::Refuse(testkit::Answer::json(429, &body).with("Retry-After", 0))));
    let before = scene.stand.http.runtime().now();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert!(failure.not_before().unwrap().duration_since(before).as_millis() >= 769, "{failure:?}");
}

#[test]
fn what_a_server_would_refuse_is_refused_before() {
    let stand = stand("matrix", "https://matrix.org", says("x"));
    let codes = |content: Content| -> Vec<_> {
        stand.channel.check(&Draft(content)).into_iter().map(|objection| (objection.path, objection.code)).collect()
    };
    assert_eq!(codes(says(&"x".repeat(59_900))), []);
    let too_long = [("text".to_owned(), Code::TEXT_TOO_LONG)];
    assert_eq!(codes(says(&"x".repeat(60_001))), too_long);
    assert_eq!(codes(says(&"\"".repeat(31_000))), too_long, "each takes two bytes in an event");
    let setting = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let html = Content { settings: setting("format", "html"), ..says(&"x".repeat(31_000)) };
    assert_eq!(codes(html), too_long, "it is written twice");
    let wrong = Content { settings: setting("threads", "tree"), ..says("x") };
    assert_eq!(codes(wrong), [("settings.threads".to_owned(), Code::BAD_SETTING)]);
    assert!(matches!(stand.channel.about().repeat, RepeatSafety::PlatformKey { .. }));
}

#[tokio::test]
async fn no_token_is_in_log_lines_errors_or_words() {
    let canary = Canary::listen();
    let echo = json!({"errcode": "M_BAD_JSON", "error": format!("no {} here", Matrix::token("main"))});
    let mut shown = String::new();
    for cue in [Cue::default(), Cue::new(End::CutAfter), Cue::new(End::Outage), Cue::refuse(400, &echo)] {
        let scene = Scene::new(says("quiet")).await;
        scene.fake.cue(cue);
        shown += &format!("{:?} {:?}\n", scene.stand.attempt().await, scene.stand.target());
    }
    let heard = canary.heard();
    assert!(heard.contains("platform call") && heard.contains("hyper"));
    assert!(!heard.contains("syt.main") && !shown.contains("syt.main"), "{shown}");
}
