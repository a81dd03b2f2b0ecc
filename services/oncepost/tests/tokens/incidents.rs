//! The incidents of other tools that concern tokens, by their ids.

use std::time::Duration;

use channels::Secret;
use domain::{Code, Fix, PauseScope, Scope, State, Worth};
use ledger::Ledger;
use serde_json::json;
use testkit::{Answer, Cue, End, Facebook, TikTok, X, YouTube};
use vault::record::State as Health;

use crate::stand::{DAY, HOUR, MINUTE, Stand, video};

const SECOND: Duration = Duration::from_secs(1);

/// YouTube: a tool stored what a reconnect did not bring, and a life of 31 years, and asked for a reconnect every day.
#[tokio::test(start_paused = true)]
async fn t01_a_reconnect_without_a_refresh_token_and_with_a_life_of_31_years_needs_no_other() {
    let stand = Stand::<YouTube>::giving(video(4096)).await;
    stand.connect("main").await;
    let mut again = stand.tokens("main");
    again.secrets.insert("refresh_token".into(), Secret::new(""));
    again.expires_at = Some(stand.runtime.now() + 31 * 365 * DAY);
    stand.vault.connect(&stand.name("main"), again, "a person").await.unwrap();
    // Its access token ends after an hour, whatever was said.
    stand.runtime.sleep(2 * HOUR).await;
    testkit::fake::Platform::expire(stand.platform(), "main");
    for day in 0..2 {
        let content = domain::Content { text: stand.text(), media: stand.media("v.mp4"), ..Default::default() };
        let target = stand.send("main", MINUTE, content).await;
        stand.all_out(HOUR).await;
        assert_eq!(stand.target(target).await.state, State::Published, "day {day}");
        stand.runtime.sleep(DAY).await;
    }
    assert!(stand.calls_to("POST", "/token") >= 2, "each day's token was renewed");
    assert_eq!(stand.health("main").await, Health::Ok);
}

/// X: errors that say nothing about the token were taken for its death, and the account was disconnected.
#[tokio::test(start_paused = true)]
async fn t02_a_refresh_that_is_refused_for_another_reason_disconnects_nobody() {
    let html = Answer::text(500, "text/html", "<html>Internal Server Error</html>");
    let ends = [
        End::Refuse(html),
        End::RateLimit { seconds: 60 },
        End::Outage,
        End::CutBefore,
        End::Refuse(Answer::json(429, &json!({"title": "Too Many Requests"}))),
    ];
    let stand = Stand::<X>::start().await;
    stand.connect("main").await;
    for (n, end) in ends.into_iter().enumerate() {
        stand.runtime.sleep(3 * HOUR).await;
        let before = stand.calls_to("POST", "/oauth2/token");
        stand.cue(Cue::new(end.clone()).on("POST", "/oauth2/token").times(2));
        let target = stand.post("main", Duration::ZERO).await;
        let end = stand.runtime.now() + HOUR;
        while stand.calls_to("POST", "/oauth2/token") < before + 2 {
            stand.tick(end).await;
            let health = stand.health("main").await;
            assert_ne!(health, Health::NeedsReconnect, "{n}: {end:?}");
        }
        stand.all_out(4 * HOUR).await;
        let target = stand.target(target).await;
        assert_eq!(target.tries, 1, "{end:?}: waiting for a token costs no try");
        assert_eq!(stand.ledger.pauses().await.unwrap(), [], "{end:?}: nothing was held");
    }
    assert_eq!(stand.health("main").await, Health::Ok);
}

/// X: several workers used the same single-use refresh token at once, and X withdrew all of the account's tokens.
#[tokio::test(start_paused = true)]
async fn t04_thirty_targets_at_one_instant_make_one_refresh() {
    for is_known in [true, false] {
        let mut stand = Stand::<X>::quiet(Vec::new()).await;
        stand.connect("main").await;
        // Either its end is known, or the platform ends it sooner than it said.
        stand.runtime.sleep(if is_known { 2 * HOUR } else { 10 * MINUTE }).await;
        stand.move_up();
        testkit::fake::Platform::expire(stand.platform(), "main");
        for _ in 0..30 {
            stand.post("main", Duration::ZERO).await;
        }
        for name in ["w1", "w2", "w3", "w4"] {
            stand.work(name);
        }
        stand.schedule();
        stand.all_out(HOUR).await;
        assert_eq!(stand.calls_to("POST", "/oauth2/token"), 1, "known: {is_known}");
        assert_eq!(stand.publishes_with(201), 30);
        assert_eq!(stand.publishes_with(401) > 0, !is_known, "a known end is seen to before the first call");
        assert!(stand.ledger.targets().iter().all(|target| target.tries == 1), "it costs no try");
        assert!(!matches!(stand.health("main").await, Health::NeedsReconnect));
    }
}

/// Facebook: a person changed the password, and a tool tried each post thirty times.
#[tokio::test(start_paused = true)]
async fn t06_a_changed_password_fails_one_post_holds_the_others_and_a_reconnect_lets_them_out() {
    let stand = Stand::<Facebook>::start().await;
    stand.connect("main").await;
    stand.connect("other").await;
    stand.runtime.sleep(5 * MINUTE).await;
    stand.platform().revoke("main");
    let first = stand.post("main", Duration::ZERO).await;
    stand.settle(HOUR).await;
    for _ in 0..12 {
        stand.post("main", Duration::ZERO).await;
    }
    stand.post("other", Duration::ZERO).await;
    stand.settle(HOUR).await;
    assert_eq!((stand.in_state(State::Failed), stand.in_state(State::Held)), (1, 12));
    assert_eq!(stand.in_state(State::Published), 1, "another page is not concerned");
    let failure = stand.target(first).await.last_failure.unwrap();
    assert_eq!((failure.code, failure.said.code.as_deref()), (Code::TOKEN_REVOKED, Some("190/460")));
    assert_eq!(stand.health("main").await, Health::NeedsReconnect);
    let asked = stand.calls().len();
    stand.runtime.sleep(6 * HOUR).await;
    assert_eq!(stand.calls().iter().skip(asked).filter(|call| call.account.as_deref() == Some("main")).count(), 0);

    stand.platform().restore("main");
    stand.connect("main").await;
    let end = stand.runtime.now() + HOUR;
    while stand.in_state(State::Held) > 0 || stand.in_state(State::Published) < 13 {
        stand.tick(end).await;
    }
    assert_eq!(stand.posts().len(), 13);
    assert!(stand.duplicates().is_empty());
    let ours = stand.publish_calls().into_iter().filter(|call| call.account.as_deref() == Some("main"));
    let times: Vec<_> = ours.filter(|call| call.status == Some(200)).map(|call| call.at).collect();
    let span = times.last().unwrap().duration_since(times[0]).as_secs();
    assert!(span >= 20, "twelve go out two seconds apart, and not in a burst: within {span} s");
    assert_eq!(stand.health("main").await, Health::Ok);
}

/// Facebook: who lost a role on a page was told to reconnect, which mends nothing.
#[tokio::test(start_paused = true)]
async fn t07_a_role_that_is_missing_on_the_page_is_no_ended_token() {
    let stand = Stand::<Facebook>::start().await;
    stand.connect("main").await;
    stand.runtime.sleep(5 * MINUTE).await;
    let said = "(#200) The user must be an administrator, editor, or moderator of the page in order to impersonate it.";
    stand.cue(Cue::refuse(403, &json!({"error": {"message": said, "type": "OAuthException", "code": 200}})).always());
    let target = stand.post("main", Duration::ZERO).await;
    stand.settle(HOUR).await;
    let failure = stand.target(target).await.last_failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::PERMISSION_MISSING, Scope::Account));
    assert_eq!(failure.worth, Worth::AfterFix { fix: Fix::Permission });
    assert!(failure.said.text.contains("must be an administrator"), "the platform's words are kept: {failure:?}");
    assert_eq!(stand.health("main").await, Health::LacksPermission);
    assert_eq!(stand.publish_calls().len(), 1, "no second try: {:#?}", stand.codes(target).await);
}

/// X gives a new refresh token with each refresh, and the old one is spent: what is stored is always the newest.
#[tokio::test(start_paused = true)]
async fn t08_x_rotates_and_the_newest_pair_is_stored() {
    let stand = Stand::<X>::start().await;
    stand.connect("main").await;
    let mut seen = std::collections::BTreeSet::from([X::refresh_token("main")]);
    for n in 1..=5 {
        stand.runtime.sleep(3 * HOUR).await;
        stand.post("main", HOUR).await;
        stand.all_out(2 * HOUR).await;
        assert_eq!(stand.calls_to("POST", "/oauth2/token"), n);
        let name = stand.name("main");
        let account = channels::Accounts::open(&stand.vault, &name.tenant, &name.channel, &name.account).await.unwrap();
        assert!(seen.insert(account.secrets["refresh_token"].reveal().to_owned()), "it is a new one each time");
    }
    let refreshes = stand.calls().into_iter().filter(|call| call.path.ends_with("/oauth2/token"));
    assert!(refreshes.into_iter().all(|call| call.status == Some(200)), "no spent token was ever sent");
    // The vault's word for it is the platform's own: its last refresh token is the stored one, and works.
    stand.vault.refresh(&stand.name("main")).await.unwrap();
}

/// TikTok: the app's daily cap of users made every post fail at its time.
#[tokio::test(start_paused = true)]
async fn t09_the_apps_daily_cap_holds_all_of_it_and_fails_nothing() {
    let stand = Stand::<TikTok>::giving(video(4096)).await;
    let creators: Vec<_> = (0..8).map(|n| format!("creator{n}")).collect();
    for id in &creators {
        stand.connect(id).await;
    }
    stand.set(|knobs| knobs.creators_per_day = 2);
    stand.runtime.sleep(5 * MINUTE).await;
    for id in &creators {
        let content = domain::Content { text: stand.text(), media: stand.media("v.mp4"), ..Default::default() };
        stand.send(id, Duration::ZERO, content).await;
        stand.runtime.sleep(10 * SECOND).await;
    }
    stand.runtime.sleep(20 * MINUTE).await;
    assert_eq!(stand.posts().len(), 2, "as many as the app may");
    let told = stand.calls().into_iter().filter(|call| call.status == Some(403)).count();
    assert_eq!(told, 1, "one is told, and nobody else asks");
    assert_eq!(stand.in_state(State::Failed), 0);
    let waiting: Vec<_> =
        stand.ledger.targets().into_iter().filter(|target| target.state != State::Published).collect();
    for target in &waiting {
        let failure = target.last_failure.as_ref().unwrap();
        assert_eq!((failure.code, failure.scope), (Code::RATE_LIMITED_APP, Scope::App), "each says what it waits for");
    }
    assert_eq!(waiting.len(), 6);
    let pauses = stand.ledger.pauses().await.unwrap();
    assert!(pauses.iter().all(|pause| !matches!(pause.scope, PauseScope::Account { .. })), "no account is at fault");

    stand.set(|knobs| knobs.creators_per_day = 1000);
    stand.all_out(2 * DAY).await;
    assert_eq!(stand.posts().len(), 8);
    assert!(stand.ledger.targets().iter().all(|target| target.tries == 1), "it cost no try");
}
