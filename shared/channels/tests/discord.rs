//! What is particular to Discord.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{
    AppId, AttemptKind, Code, Content, Draft, Failure, Finding, Fix, Landed, ListReason, Plan, Policy, Scope, State,
    Worth, plan,
};
use kit::{
    canary::Canary,
    rows::{self, Case, RETRY, fix, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Secret, Standing, discord::TABLE};
use serde_json::json;
use testkit::{Answer, Cue, Discord, End, Fake};

const POST: &str = "create message";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("discord", "https://discord.com", says("x")).account;
    let (reconnect, permission, setup) = (fix(Fix::Reconnect), fix(Fix::Permission), fix(Fix::Setup));
    let said = |status, body| point(POST, status, body);
    let dead = |case: Case| case.is(Code::TOKEN_REVOKED, reconnect, Scope::Account);
    let forbidden = |case: Case| case.is(Code::PERMISSION_MISSING, permission, Scope::Account);
    let gone = |case: Case| case.is(Code::ENDPOINT_GONE, setup, Scope::Account);
    let lost = |case: Case| case.is(Code::REFERENCE_GONE, Worth::Never, Scope::Post);
    let refused = |case: Case| case.is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            dead(said(401, r#"{"message":"401: Unauthorized","code":0}"#)),
            dead(point("execute webhook", 401, r#"{"message":"Invalid Webhook Token","code":50027}"#)),
            forbidden(said(403, r#"{"message":"Missing Access","code":50001}"#)),
            forbidden(said(403, r#"{"message":"Missing Permissions","code":50013}"#)),
            forbidden(said(403, r#"{"message":"Cannot send messages to this user","code":50007}"#)),
            forbidden(said(403, r#"{"message":"Unauthorized","code":40001}"#)),
            forbidden(said(403, r#"{"message":"internal network error","code":40333}"#)),
            forbidden(said(403, r#"{"message":"Thread is locked","code":160005}"#)),
            said(403, r#"{"message":"You need to verify your account","code":40002}"#).is(
                Code::ACCOUNT_RESTRICTED,
                fix(Fix::Account),
                Scope::Account,
            ),
            gone(said(404, r#"{"message":"Unknown Channel","code":10003}"#)),
            gone(said(404, r#"{"message":"Unknown Webhook","code":10015}"#)),
            gone(said(400, r#"{"message":"Thread is archived","code":50083}"#)),
            gone(said(400, r#"{"message":"Cannot send messages in a non-text channel","code":50008}"#)),
            lost(said(404, r#"{"message":"Unknown Message","code":10008}"#)),
            lost(said(
                400,
                r#"{"message":"Invalid Form Body","code":50035,"errors":{"message_reference":{"_errors":[{"message":"Unknown message"}]}}}"#,
            )),
            refused(said(
                400,
                r#"{"message":"Invalid Form Body","code":50035,"errors":{"content":{"_errors":[{"message":"Must be 2000 or fewer in length."}]}}}"#,
            )),
            refused(said(400, r#"{"message":"Cannot send an empty message","code":50006}"#)),
            refused(said(400, r#"{"message":"Message was blocked by automatic moderation","code":200000}"#)),
            refused(said(400, r#"{"message":"Title was blocked by automatic moderation","code":200001}"#)),
            said(413, r#"{"message":"Request entity too large","code":40005}"#).is(
                Code::MEDIA_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            said(429, r#"{"message":"You are being rate limited.","global":false}"#).is(
                Code::RATE_LIMITED_ACCOUNT,
                RETRY,
                Scope::Account,
            ),
        ],
    );
}

struct Scene {
    fake: Fake<Discord>,
    stand: Stand,
}

impl Scene {
    async fn new(content: Content) -> Self {
        let fake = Fake::<Discord>::start().await;
        let stand = stand("discord", &fake.url(), content);
        Self { fake, stand }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.stand.account.settings.insert(name.into(), value.into());
    }

    fn pass(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    /// One attempt that the platform answers so, without doing anything.
    async fn refused(&self, answer: Answer) -> Failure {
        self.fake.cue(Cue::new(End::Refuse(answer)));
        self.stand.attempt().await.failure.unwrap()
    }
}

#[tokio::test]
async fn d03_inside_the_two_minutes_the_same_nonce_gives_the_same_message() {
    let mut scene = Scene::new(says("once")).await;
    scene.stand.policy = Policy { attempt_limit: Duration::from_secs(30), ..Policy::default() };
    scene.fake.cue(Cue::new(End::CutAfter));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
    assert_eq!((scene.fake.posts().len(), scene.fake.publish_calls().len()), (1, 2));
    assert_eq!((scene.stand.state(), &scene.stand.receipts()[0].id), (State::Published, &scene.fake.posts()[0].id));
}

#[tokio::test]
async fn the_nonce_is_not_trusted_longer_than_is_safe_and_the_channel_is_read_instead() {
    for (limit, wait, planned) in [(30, 70, Plan::Repeat), (30, 80, Plan::Look), (120, 0, Plan::Look)] {
        let mut scene = Scene::new(says("x")).await;
        scene.stand.policy = Policy { attempt_limit: Duration::from_secs(limit), ..Policy::default() };
        scene.fake.cue(Cue::new(End::CutAfter));
        scene.stand.attempt().await;
        let (target, repeat) = (scene.stand.target(), scene.stand.channel.about().repeat);
        let at = target.armed.as_ref().unwrap().first_at + Duration::from_secs(wait);
        assert_eq!(plan(&target, repeat, &scene.stand.policy, at), planned, "{limit} {wait}");
    }
    let scene = Scene::new(says("late")).await;
    scene.fake.set(|knobs| knobs.nonce_kept_s = 0);
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(120)));
    scene.stand.attempt().await;
    let kinds = scene.settle().await;
    assert!(kinds.iter().all(|kind| *kind == AttemptKind::Look), "{kinds:?}");
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
}

#[tokio::test]
async fn a_message_that_never_arrived_is_sent_again_when_the_channel_surely_does_not_have_it() {
    let scene = Scene::new(says("x")).await;
    scene.stand.another(says("before")).attempt().await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    assert_eq!(scene.settle().await.last(), Some(&AttemptKind::Send));
    assert_eq!((scene.stand.state(), scene.fake.count_of("x")), (State::Published, 1));
}

#[tokio::test]
async fn an_empty_channel_is_not_believed_to_be_empty_by_a_bot_that_may_not_read() {
    let scene = Scene::new(says("unseen")).await;
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "nobody ever said anything here");
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.fake.platform().blind("main");
    let finding = scene.stand.find(0).await.unwrap();
    assert!(matches!(&finding, Finding::CannotTell(why) if why.contains("may not read")), "{finding:?}");
    scene.settle().await;
    assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
    assert_eq!((scene.fake.posts().len(), scene.fake.publish_calls().len()), (1, 1));
}

#[tokio::test]
async fn a_look_takes_neither_older_messages_nor_those_of_others() {
    let scene = Scene::new(says("same words")).await;
    for lists_nonces in [true, false] {
        scene.fake.set(|knobs| knobs.lists_nonces = lists_nonces);
        scene.stand.another(says("same words")).attempt().await;
        scene.pass(120);
        let ours = scene.stand.another(says("same words"));
        assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "it was made before ours could have been");
        let twin = scene.stand.another(says("same words"));
        twin.attempt().await;
        let twins = twin.receipts()[0].clone();
        ours.taken.lock().unwrap().push(twins.id.clone());
        assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
        ours.taken.lock().unwrap().clear();
        // Without its nonce only the ledger could tell them apart.
        let expected = if lists_nonces { Finding::Absent } else { Finding::Found(twins) };
        assert_eq!(ours.find(0).await.unwrap(), expected);
    }
    let mut hook = scene.stand.another(says("by the other door"));
    hook.account.settings.insert("via".into(), "webhook".into());
    hook.attempt().await;
    assert_eq!(
        scene.stand.another(says("by the other door")).find(0).await.unwrap(),
        Finding::Absent,
        "a webhook said it"
    );
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes_and_knows_files_by_their_names() {
    let file = files(png()).await;
    let scene = Scene::new(picture("", &file.url())).await;
    scene.fake.set(|knobs| knobs.lists_nonces = false);
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..110 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
    }
    let twin = scene.stand.another(picture("", &file.url()));
    twin.attempt().await;
    let Finding::Found(receipt) = scene.stand.find(0).await.unwrap() else { panic!("it is there") };
    assert_eq!(receipt.id, scene.fake.posts()[0].id);
    assert_ne!(receipt.id, twin.receipts()[0].id);
}

#[tokio::test]
async fn m15_d15_each_part_answers_the_one_before_and_a_lost_one_is_found() {
    let scene = Scene::new(thread(&["again", "again", "again"])).await;
    scene.fake.set(|knobs| knobs.lists_nonces = false);
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    scene.stand.attempt().await;
    scene.settle().await;
    let posts = scene.fake.posts();
    let ids: Vec<_> = posts.iter().map(|post| json!(post.id)).collect();
    let replies: Vec<_> = posts.iter().map(|post| post.native["reference"].clone()).collect();
    assert_eq!(replies, [json!(null), ids[0].clone(), ids[1].clone()]);
    assert_eq!((scene.stand.state(), scene.stand.receipts().len()), (State::Published, 3));
}

#[tokio::test]
async fn r01_r03_a_rate_limit_holds_whom_it_concerns_and_as_long_as_told() {
    let mut scene = Scene::new(says("x")).await;
    scene.stand.account.app = Some(AppId::new("our-bot").unwrap());
    let limited =
        |global: bool| json!({"message": "You are being rate limited.", "retry_after": 64.57, "global": global});
    let say = |body: &serde_json::Value, scope: &str| {
        Answer::json(429, body).with("Retry-After", 65).with("X-RateLimit-Scope", scope)
    };
    let cases = [
        (say(&limited(false), "user"), Code::RATE_LIMITED_ACCOUNT, Scope::Account, 65),
        (say(&limited(false), "shared"), Code::RATE_LIMITED_ACCOUNT, Scope::Account, 65),
        (say(&limited(true), "user"), Code::RATE_LIMITED_APP, Scope::App, 65),
        (say(&limited(false), "global"), Code::RATE_LIMITED_APP, Scope::App, 65),
        (Answer::json(429, &limited(false)), Code::RATE_LIMITED_ACCOUNT, Scope::Account, 64),
        // The edge says no, and for how long it means it is not to be believed.
        (
            Answer::text(429, "text/html", "error code: 1015").with("Retry-After", 5),
            Code::RATE_LIMITED_APP,
            Scope::App,
            600,
        ),
        (Answer::text(429, "text/html", "error code: 1015"), Code::RATE_LIMITED_APP, Scope::App, 600),
    ];
    for (answer, code, scope, seconds) in cases {
        let mut post = Scene { stand: scene.stand.another(says("x")), ..Scene::new(says("x")).await };
        post.stand.account.base_url = post.fake.url().parse().unwrap();
        let before = post.stand.http.runtime().now();
        let failure = post.refused(answer).await;
        assert_eq!((failure.code, failure.scope, failure.landed), (code, scope, Landed::No), "{failure:?}");
        let wait = failure.not_before().unwrap().duration_since(before).as_secs();
        assert!((seconds..seconds + 5).contains(&wait), "{failure:?}");
        assert_eq!(post.stand.target().tries, 0);
    }
    // Without an app there is nobody else to hold: the account is.
    scene.stand.account.app = None;
    let alone = scene.refused(say(&limited(true), "global")).await;
    assert_eq!((alone.code, alone.scope), (Code::RATE_LIMITED_ACCOUNT, Scope::Account));
}

#[tokio::test]
async fn t06_t07_what_counts_as_an_invalid_request_is_never_tried_again_by_itself() {
    let refusals = [(401, 0), (403, 50001), (403, 50013), (404, 10003), (404, 10015)];
    for (status, code) in refusals {
        let scene = Scene::new(says("x")).await;
        let failure = scene.refused(Answer::json(status, &json!({"message": "no", "code": code}))).await;
        assert!(failure.holds_siblings(), "{failure:?}");
        assert_eq!(scene.settle().await, []);
        assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::Failed, 1), "{status} {code}");
    }
}

#[tokio::test]
async fn o04_d15_a_person_who_gives_a_parts_address_lets_the_rest_go_on() {
    let mut scene = Scene::new(thread(&["one", "two"])).await;
    scene.set("look_up", "none");
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.settle().await;
    let seen = scene.fake.posts()[0].clone();
    let attempt = scene.stand.target().attempt;
    let receipt = domain::Receipt { id: seen.url.clone(), url: Some(seen.url) };
    scene.stand.ask(&domain::Command::Out { attempt, part: 0, receipt });
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
    assert_eq!(scene.fake.posts()[1].native["reference"], json!(seen.id));
}

#[tokio::test]
async fn settings_of_the_post_and_the_account_reach_the_message() {
    let settings = [("mentions", "all"), ("link_preview", "false"), ("silent", "true")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let content = Content { settings, link: Some("https://example.org/".into()), ..says("hello") };
    let mut scene = Scene::new(content).await;
    scene.set("api_version", "9");
    scene.stand.attempt().await;
    let post = &scene.fake.posts()[0];
    assert_eq!((post.text.as_str(), &post.native["flags"]), ("hello\n\nhttps://example.org/", &json!(4 | 4096)));
    assert_eq!(post.native["allowed_mentions"]["parse"], json!(["users", "roles", "everyone"]));
    assert!(scene.fake.publish_calls()[0].path.starts_with("/api/v9/channels/"));
    scene.set("api_version", "../../x");
    scene.stand.another(says("quiet @everyone")).attempt().await;
    assert!(scene.fake.publish_calls()[1].path.starts_with("/api/v10/channels/"), "what is no number is no version");
    assert_eq!(scene.fake.posts()[1].native["allowed_mentions"]["parse"], json!([]));
    assert_eq!(scene.stand.receipts()[0].url.as_deref(), Some(post.url.as_str()));
}

#[test]
fn what_discord_would_refuse_is_refused_before() {
    let stand = stand("discord", "https://discord.com", says("x"));
    let codes = |content: Content| -> Vec<_> {
        stand.channel.check(&Draft(content)).into_iter().map(|objection| (objection.path, objection.code)).collect()
    };
    assert_eq!(codes(says(&"x".repeat(2000))), []);
    assert_eq!(codes(says(&"😀".repeat(1001))), [("text".to_owned(), Code::TEXT_TOO_LONG)]);
    let settings = [("mentions".to_owned(), "some".to_owned())].into();
    assert_eq!(codes(Content { settings, ..says("x") }), [("settings.mentions".to_owned(), Code::BAD_SETTING)]);
}

#[tokio::test]
async fn a_webhooks_message_has_an_id_because_it_is_waited_for_and_a_doubt_is_for_a_person() {
    let mut scene = Scene::new(thread(&["one", "two"])).await;
    scene.set("via", "webhook");
    assert_eq!(scene.stand.attempt().await.failure, None);
    let ids: Vec<_> = scene.fake.posts().into_iter().map(|post| post.id).collect();
    assert_eq!(scene.stand.receipts().into_iter().map(|receipt| receipt.id).collect::<Vec<_>>(), ids);
    let lost = scene.stand.another(says("lost"));
    scene.fake.cue(Cue::new(End::CutAfter));
    lost.attempt().await;
    lost.settle(|span| scene.fake.advance(span)).await;
    assert_eq!(lost.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
    assert_eq!((scene.fake.count_of("lost"), scene.fake.publish_calls().len()), (1, 3));
}

#[tokio::test]
async fn neither_tokens_nor_the_webhooks_address_are_in_log_lines_errors_or_words() {
    let canary = Canary::listen();
    let echo = json!({"message": "bot.main and hush-main-hush-hush", "code": 50035});
    let mut shown = String::new();
    for cue in [Cue::default(), Cue::new(End::CutAfter), Cue::new(End::Outage), Cue::refuse(400, &echo)] {
        for via in ["bot", "webhook"] {
            let mut scene = Scene::new(says("quiet")).await;
            scene.set("via", via);
            scene.fake.cue(cue.clone());
            shown += &format!("{:?} {:?}\n", scene.stand.attempt().await, scene.stand.target());
        }
    }
    let mut nowhere = stand("discord", "http://127.0.0.1:1", says("quiet"));
    nowhere.account.settings.insert("via".into(), "webhook".into());
    shown += &format!("{:?}\n", nowhere.attempt().await);
    nowhere.account.secrets.insert("webhook_url".into(), Secret::new("https://discord.test/hush-main-hush-hush"));
    shown += &format!("{:?}\n", nowhere.another(says("x")).attempt().await);
    let heard = canary.heard();
    assert!(heard.contains("platform call") && heard.contains("hyper"));
    for secret in ["bot.main", "hush-main-hush", "webhooks/3"] {
        assert!(!heard.contains(secret) && !shown.contains(secret), "{secret}\n{shown}");
    }
}

#[tokio::test]
async fn credentials_are_checked_without_sending_anything() {
    let mut scene = Scene::new(says("x")).await;
    let good = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(good, Standing::good("main"));
    scene.set("via", "webhook");
    let good = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!(good, Standing::good("main's hook"));
    scene.fake.platform().revoke("main");
    let gone = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!(gone.code, Code::ENDPOINT_GONE);
    scene.set("via", "bot");
    let dead = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap_err();
    assert_eq!(dead.code, Code::TOKEN_REVOKED);
    assert!(scene.fake.publish_calls().is_empty());
}
