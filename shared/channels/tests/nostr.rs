//! What is particular to Nostr.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{
    AttemptKind, Code, Command, Content, Draft, Finding, Fix, Landed, ListReason, Receipt, Scope, State, Worth,
};
use kit::{
    canary::Canary,
    crash,
    rows::{self, Case, RETRY, fix, point},
    servers::{files, png},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Secret, nostr::TABLE};
use serde_json::{Value, json};
use testkit::{Answer, Cue, End, Fake, Mastodon, Nostr};

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("nostr", "https://relay.example", says("x")).account;
    let said = |body| point("send event", 400, body);
    let account_is = |case: Case, code, worth| case.is(code, fix(worth), Scope::Account);
    rows::check(
        &TABLE,
        &account,
        &[
            said(r#"{"code":"rate-limited","text":"rate-limited: slow down there chief"}"#).is(
                Code::RATE_LIMITED_ACCOUNT,
                RETRY,
                Scope::Account,
            ),
            account_is(
                said(r#"{"code":"auth-required","text":"auth-required: who are you"}"#),
                Code::TOKEN_REVOKED,
                Fix::Reconnect,
            ),
            account_is(
                said(r#"{"code":"restricted","text":"restricted: not for you"}"#),
                Code::PERMISSION_MISSING,
                Fix::Permission,
            ),
            account_is(
                said(r#"{"code":"blocked","text":"blocked: you are banned"}"#),
                Code::PERMISSION_MISSING,
                Fix::Permission,
            ),
            account_is(said(r#"{"code":"pow","text":"pow: difficulty 25>=24"}"#), Code::APP_MISCONFIGURED, Fix::Setup),
            said(r#"{"code":"invalid","text":"invalid: 1000000000 is too old"}"#).is(
                Code::CONTENT_REFUSED,
                RETRY,
                Scope::Post,
            ),
            said(r#"{"code":"invalid","text":"invalid: 280 characters should be enough for anybody"}"#).is(
                Code::CONTENT_REFUSED,
                Worth::Never,
                Scope::Post,
            ),
            said(r#"{"code":"error","text":"error: could not connect to the database"}"#).in_doubt().is(
                Code::OUT_OF_ORDER,
                RETRY,
                Scope::Channel,
            ),
        ],
    );
}

/// A target on so many relays, of which so many must have it.
struct Scene {
    relays: Vec<Fake<Nostr>>,
    stand: Arc<Stand>,
}

impl Scene {
    async fn new(content: Content) -> Self {
        Self::on(1, None, content).await
    }

    async fn on(relays: usize, quorum: Option<&str>, content: Content) -> Self {
        let mut fakes = Vec::new();
        for _ in 0..relays {
            fakes.push(Fake::<Nostr>::start().await);
        }
        let mut stand = stand("nostr", &fakes[0].url(), content);
        let further: Vec<_> = fakes[1..].iter().map(|fake| fake.url().replace("http", "ws")).collect();
        stand.account.settings.insert("relays".into(), further.join(", "));
        stand.account.settings.extend(quorum.map(|quorum| ("quorum".into(), quorum.into())));
        assert_eq!(stand.channel.check_account(&stand.account.card()), [""; 0]);
        Self { relays: fakes, stand: Arc::new(stand) }
    }

    fn cue(&self, relay: usize, end: End) {
        self.relays[relay].cue(Cue::new(end));
    }

    fn posts(&self) -> Vec<usize> {
        self.relays.iter().map(|relay| relay.posts().len()).collect()
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        let ended = self.stand.settle(|span| self.relays.iter().for_each(|relay| relay.advance(span))).await;
        ended.into_iter().map(|ended| ended.kind).collect()
    }

    /// The part's signed event, as it is kept.
    fn kept(&self) -> Value {
        serde_json::from_str(&self.stand.target().handles["event.0"]).unwrap()
    }
}

fn refusal(words: &str) -> End {
    End::Refuse(Answer::text(400, "text/plain", words))
}

#[tokio::test]
async fn d03_a_signed_event_is_sent_again_as_it_was_and_is_one_note() {
    for accepts in [false, true] {
        let scene = Scene::new(says("once")).await;
        scene.relays[0].set(|knobs| knobs.accepts_duplicates = accepts);
        scene.cue(0, End::CutAfter);
        assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
        let kept = scene.kept();
        assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
        let calls = scene.relays[0].publish_calls();
        assert_eq!((calls.len(), &calls[0].digest, scene.posts()), (2, &calls[1].digest, vec![1]));
        let receipt = scene.stand.receipts().remove(0);
        assert_eq!((&json!(receipt.id), &scene.relays[0].posts()[0].native), (&kept["id"], &kept));
        assert!(receipt.url.unwrap().starts_with("https://njump.me/note1"));
    }
}

#[tokio::test]
async fn m15_a_crash_between_any_two_steps_sends_the_event_that_was_kept() {
    let scene = Scene::new(thread(&["one", "two"])).await;
    crash::dies_at(&scene.relays[0], &scene.stand, "EVENT", "/").await;
    let kept = scene.kept();
    scene.settle().await;
    let posts = scene.relays[0].posts();
    assert_eq!((scene.stand.state(), posts.len(), &posts[0].native), (State::Published, 2, &kept));
    let tags = posts[1].native["tags"].clone();
    let relay = format!("{}/", scene.relays[0].url().replace("http", "ws"));
    let me = Nostr::public_key("main");
    assert!(tags.as_array().unwrap().contains(&json!(["e", posts[0].id, relay, "root", me])), "{tags}");
    assert!(tags.as_array().unwrap().contains(&json!(["p", me])), "{tags}");
}

#[tokio::test]
async fn a_thread_names_its_root_and_what_each_part_answers() {
    let scene = Scene::new(thread(&["one", "two", "three"])).await;
    scene.stand.attempt().await;
    let posts = scene.relays[0].posts();
    let marked: Vec<_> = posts[2].native["tags"].as_array().unwrap().iter().filter(|tag| tag[0] == "e").collect();
    let named: Vec<_> = marked.iter().map(|tag| (&tag[1], &tag[3])).collect();
    let (root, before) = (json!(posts[0].id), json!(posts[1].id));
    assert_eq!(named, [(&root, &json!("root")), (&before, &json!("reply"))]);
}

#[tokio::test]
async fn o04_d15_a_person_may_give_a_parts_address() {
    let scene = Scene::new(thread(&["one", "two"])).await;
    scene.cue(0, End::CutAfter);
    scene.stand.attempt().await;
    let seen = scene.relays[0].posts()[0].id.clone();
    let attempt = scene.stand.target().attempt;
    let receipt = Receipt { id: format!("https://njump.me/{seen}"), url: None };
    scene.stand.ask(&Command::Out { attempt, part: 0, receipt });
    scene.settle().await;
    let posts = scene.relays[0].posts();
    assert_eq!((scene.stand.state(), posts.len()), (State::Published, 2));
    assert!(posts[1].native["tags"].to_string().contains(&seen));
}

#[tokio::test]
async fn several_relays_get_the_same_event_and_a_quorum_is_enough() {
    let scene = Scene::on(3, None, says("x")).await;
    scene.cue(1, refusal("blocked: no"));
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!((scene.stand.state(), scene.posts()), (State::Published, vec![1, 0, 1]));
    assert_eq!(scene.relays[0].posts()[0].native, scene.relays[2].posts()[0].native);
}

#[tokio::test]
async fn a_note_that_too_few_have_is_in_doubt_until_enough_have_it() {
    let scene = Scene::on(2, None, says("x")).await;
    scene.cue(1, End::CutBefore);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.landed, scene.posts()), (Landed::Unknown, vec![1, 0]));
    assert!(failure.said.text.contains("1 of 2 relays have it, 2 are wanted"), "{failure:?}");
    assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
    assert_eq!((scene.stand.state(), scene.posts()), (State::Published, vec![1, 1]));
    // A relay that will never have it leaves it to a person, who is told where it is.
    let scene = Scene::on(2, None, says("x")).await;
    scene.relays[1].platform().block("main");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.landed, failure.holds_siblings()), (Landed::Unknown, false));
    let kinds = scene.settle().await;
    assert!(kinds.iter().all(|kind| *kind == AttemptKind::Repeat) && scene.posts() == [1, 0], "{kinds:?}");
    assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(why) if why.contains("1 of 2")));
}

#[tokio::test]
async fn where_too_few_relays_can_be_reached_nothing_is_sent_to_any() {
    let scene = Scene::on(2, Some("2"), says("x")).await;
    scene.relays[1].go_dark().await;
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.posts()), (Code::UNREACHABLE, Landed::No, vec![0, 0]));
    assert_eq!((scene.stand.state(), scene.stand.target().armed), (State::Retrying, None));
    scene.relays[1].come_back().unwrap();
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.posts()), (State::Published, vec![1, 1]));
    let one = Scene::on(2, Some("1"), says("x")).await;
    one.relays[1].go_dark().await;
    assert_eq!(one.stand.attempt().await.failure, None);
}

#[tokio::test]
async fn t06_a_relay_that_asks_is_shown_who_we_are() {
    for late in [false, true] {
        let scene = Scene::new(says("x")).await;
        scene.relays[0].set(|knobs| (knobs.wants_auth, knobs.challenges_late) = (true, late));
        assert_eq!(scene.stand.attempt().await.failure, None, "late: {late}");
        let said: Vec<_> = scene.relays[0].calls().into_iter().map(|call| call.method).collect();
        assert_eq!(said, ["EVENT", "AUTH", "EVENT"]);
        let lost = scene.stand.another(says("y"));
        scene.relays[0].cue(Cue::new(End::CutAfter).nth(2));
        lost.attempt().await;
        let id = scene.relays[0].posts()[1].id.clone();
        assert!(matches!(lost.find(0).await.unwrap(), Finding::Found(found) if found.id == id), "late: {late}");
    }
    let scene = Scene::new(says("x")).await;
    scene.relays[0].set(|knobs| knobs.wants_auth = true);
    scene.relays[0].platform().block("main");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::PERMISSION_MISSING, Landed::No, Scope::Account));
    assert_eq!(scene.posts(), [0]);
}

#[tokio::test]
async fn d03_a_connection_that_dies_after_we_have_shown_who_we_are_is_in_doubt() {
    let scene = Scene::new(says("x")).await;
    scene.relays[0].set(|knobs| knobs.wants_auth = true);
    scene.relays[0].cue(Cue::new(End::CutAfter).nth(2));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.posts()), (Code::NO_ANSWER, Landed::Unknown, vec![1]));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.posts()), (State::Published, vec![1]));
    let scene = Scene::new(says("x")).await;
    scene.relays[0].set(|knobs| knobs.wants_auth = true);
    scene.relays[0].cue(Cue::new(End::CutBefore).on("AUTH", "/"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.landed, scene.posts()), (Landed::No, vec![0]), "refused before, and nothing was sent since");
}

#[tokio::test]
async fn a_refused_repeat_is_looked_into_by_the_events_id() {
    let scene = Scene::new(says("x")).await;
    scene.cue(0, End::CutAfter);
    scene.stand.attempt().await;
    scene.relays[0].platform().block("main");
    assert_eq!(scene.settle().await, [AttemptKind::Repeat, AttemptKind::Look]);
    assert_eq!((scene.stand.state(), scene.posts()), (State::Published, vec![1]));
    let scene = Scene::new(says("x")).await;
    scene.cue(0, End::CutBefore);
    scene.stand.attempt().await;
    scene.relays[0].platform().block("main");
    let kinds = scene.settle().await;
    assert_eq!(kinds.first(), Some(&AttemptKind::Repeat));
    assert_eq!((scene.stand.state(), scene.posts()), (State::Failed, vec![0]), "surely nowhere: the refusal stands");
}

#[tokio::test]
async fn a_look_believes_only_what_the_id_is_the_hash_of() {
    let scene = Scene::new(says("x")).await;
    scene.cue(0, End::CutBefore);
    scene.stand.attempt().await;
    let mut forged = scene.kept();
    forged["content"] = json!("not ours");
    let answer = format!("{}\n{}", json!(["EVENT", "oncepost", forged]), json!(["EOSE", "oncepost"]));
    scene.relays[0].cue(Cue::new(End::Refuse(Answer::text(200, "text/plain", answer))).on("REQ", "/"));
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent);
}

#[tokio::test]
async fn an_event_that_has_grown_too_old_is_signed_anew_if_it_surely_is_nowhere() {
    let scene = Scene::new(says("x")).await;
    scene.relays[0].set(|knobs| knobs.oldest_s = 600);
    scene.relays[0].go_dark().await;
    scene.stand.attempt().await;
    let first = scene.kept();
    let later = Duration::from_secs(3600);
    scene.stand.clock.advance(later);
    scene.relays[0].advance(later);
    scene.relays[0].come_back().unwrap();
    scene.settle().await;
    let out = scene.relays[0].posts();
    assert_eq!((scene.stand.state(), out.len(), out[0].id == first["id"]), (State::Published, 1, false));
    // In doubt it stays as it is: a new one would be a second note.
    let scene = Scene::new(says("x")).await;
    scene.cue(0, End::CutAfter);
    scene.stand.attempt().await;
    let first = scene.kept();
    scene.relays[0].set(|knobs| knobs.oldest_s = 0);
    scene.relays[0].advance(later);
    scene.settle().await;
    assert_eq!((scene.posts(), scene.kept()), (vec![1], first));
}

#[tokio::test]
async fn an_ok_without_an_id_refuses_and_an_answer_about_another_event_is_not_ours() {
    let scene = Scene::new(says("x")).await;
    let nameless = json!(["OK", "", false, "invalid: Bad signature"]).to_string();
    scene.cue(0, End::Refuse(Answer::text(200, "text/plain", nameless)));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::CONTENT_REFUSED, Landed::No));
    let scene = Scene::new(says("x")).await;
    let other = json!(["OK", "ab".repeat(32), false, "blocked: the other"]);
    let notice = json!(["NOTICE", "hello"]);
    let ours = scene.stand.another(says("y"));
    scene.cue(0, End::Say(Answer::text(200, "text/plain", format!("{notice}\n{other}"))));
    let failure = ours.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::NO_ANSWER, Landed::Unknown));
    ours.settle(|span| scene.relays[0].advance(span)).await;
    assert_eq!((ours.state(), scene.posts()), (State::Published, vec![1]));
}

#[tokio::test]
async fn files_are_told_of_with_what_they_were_and_words_are_tagged() {
    let file = files(png()).await;
    let settings = [("content_warning".to_owned(), "pixels".to_owned())].into();
    let content = Content { settings, link: Some("https://example.org/".into()), ..picture("see #Möwe", &file.url()) };
    let scene = Scene::new(content).await;
    scene.stand.attempt().await;
    let post = &scene.relays[0].posts()[0];
    let url = format!("{}/a.jpg", file.url());
    assert_eq!(post.text, format!("see #Möwe\n\nhttps://example.org/\n{url}"));
    let tags = post.native["tags"].as_array().unwrap();
    assert!(tags.contains(&json!(["t", "möwe"])) && tags.contains(&json!(["content-warning", "pixels"])), "{tags:?}");
    let told = tags.iter().find(|tag| tag[0] == "imeta").unwrap();
    assert_eq!(
        (&told[1], &told[2], &told[5], &told[6]),
        (&json!(format!("url {url}")), &json!("m image/png"), &json!("dim 1x1"), &json!("alt a pixel"))
    );
    assert_eq!(file.connections(), 1);
}

#[test]
fn what_an_account_says_wrongly_is_told() {
    let stand = stand("nostr", "https://relay.example", says("x"));
    let wrong = |name: &str, value: &str| {
        let mut card = stand.account.card();
        card.settings.insert(name.into(), value.into());
        stand.channel.check_account(&card)
    };
    assert_eq!([wrong("relays", "wss://a.example wss://b.example/x"), wrong("quorum", "1")], [vec![""; 0], vec![]]);
    for (name, value) in [("relays", "a.example"), ("relays", "https://a.example"), ("quorum", "2"), ("quorum", "0")] {
        let wrong = wrong(name, value);
        assert!(wrong.len() == 1 && wrong[0].contains(name), "{name} = {value}: {wrong:?}");
    }
    let long = Draft(says(&"x".repeat(48_001)));
    assert_eq!(stand.channel.check(&long)[0].code, Code::TEXT_TOO_LONG);
}

#[tokio::test]
async fn every_relay_is_spoken_to_encrypted_or_not_at_all() {
    let mut stand = stand("nostr", "https://127.0.0.1:1", says("x"));
    stand.account.settings.insert("relays".into(), "ws://relay.example".into());
    let failure = stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::APP_MISCONFIGURED, Landed::No));
}

#[tokio::test]
async fn o03_what_is_no_relay_was_sent_nothing() {
    let plain = Fake::<Nostr>::start().await;
    let other = Fake::<Mastodon>::start().await;
    for (url, words) in [(plain.url().replace("http", "https"), "no TLS"), (other.url(), "HTTP status 404")] {
        let stand = stand("nostr", &url, says("x"));
        let failure = stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed, failure.scope), (Code::UNREACHABLE, Landed::No, Scope::Channel));
        assert!(failure.said.text.contains(words) && stand.target().armed.is_none(), "{failure:?}");
    }
    assert!(plain.calls().is_empty());
}

#[tokio::test]
async fn a_message_that_is_longer_than_we_read_is_in_doubt() {
    let scene = Scene::new(says("x")).await;
    scene.cue(0, End::Say(Answer::text(200, "text/plain", "x".repeat(65 * 1024))));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::UNCLEAR_ANSWER, Landed::Unknown));
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.posts()), (State::Published, vec![1]));
}

#[tokio::test]
async fn credentials_are_checked_without_sending_anything() {
    let scene = Scene::on(2, None, says("x")).await;
    let check = async || scene.stand.channel.check_credentials(&scene.stand.account).await;
    let good = check().await.unwrap();
    assert!(good.who.starts_with("npub1") && good.missing.is_empty(), "{good:?}");
    scene.relays[1].set(|knobs| (knobs.min_pow, knobs.wants_payment) = (20, true));
    let wanting = check().await.unwrap().missing;
    assert!(wanting.len() == 2 && wanting[0].contains("payment") && wanting[1].contains("20 bits"), "{wanting:?}");
    let mut wrong = stand("nostr", "https://relay.example", says("x")).account;
    wrong.secrets.insert("secret_key".into(), Secret::new("npub1nothing"));
    let failure = scene.stand.channel.check_credentials(&wrong).await.unwrap_err();
    assert!(failure.code == Code::CREDENTIALS_MISSING && failure.said.text.contains("nsec1"), "{failure:?}");
    assert_eq!(scene.posts(), [0, 0]);
}

#[tokio::test]
async fn no_secret_key_is_in_log_lines_errors_handles_or_words() {
    let canary = Canary::listen();
    let secret = Nostr::secret_key("main");
    let mut shown = String::new();
    let mut send = async |end| {
        let scene = Scene::new(says("quiet")).await;
        scene.cue(0, end);
        shown += &format!("{:?} {:?}\n", scene.stand.attempt().await, scene.stand.target());
    };
    for end in [End::Normal, End::CutAfter, End::Outage] {
        send(end).await;
    }
    let heard = canary.heard();
    // A relay never learns the key; were it to say it all the same, it would not be shown.
    drop(canary);
    send(refusal(&format!("invalid: {secret}"))).await;
    assert!(heard.contains("speak over sockets") && !heard.contains(&secret));
    assert!(!shown.contains(&secret), "{shown}");
}
