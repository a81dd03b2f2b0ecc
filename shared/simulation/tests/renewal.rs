//! Tokens that end, are refused, or are renewed by an answer that is lost: no account is lost that its platform would have let us
//! keep.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use channels::{Account, Accounts, RefreshRepeat, Secret, SecretSource};
use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use kit::{HOUR, MINUTE, Stand, account, connect};
use ledger::{CredentialPut, CredentialRow, CredentialStore, RecordKind};
use oncepost_simulation::Cue;
use tokio::task::JoinHandle;
use vault::{
    AccountName, Connect, Vault,
    record::{Health, Pace, State, Word},
};

async fn open(vault: &Vault, name: &AccountName) -> Result<Account, Failure> {
    vault.open(&name.tenant, &name.channel, &name.account).await
}

async fn state(vault: &Vault, name: &AccountName) -> State {
    vault.view(name).await.unwrap().unwrap().state
}

fn expired() -> Failure {
    Failure {
        code: Code::TOKEN_EXPIRED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        step: "create post".into(),
        said: PlatformWords::default(),
    }
}

fn token(account: &Account) -> &str {
    account.secrets["access_token"].reveal()
}

#[tokio::test(start_paused = true)]
async fn t04_of_many_that_meet_an_ended_token_at_once_one_renews_it() {
    let stand = Stand::new(1, RefreshRepeat::Kills);
    let name = account("main");
    stand.connect(&stand.process(), &name).await;
    stand.runtime.sleep(3 * HOUR).await;
    let processes: Vec<_> = (0..40).map(|_| stand.process()).collect();
    let opened = futures::future::join_all(processes.iter().map(|vault| open(vault, &name))).await;
    let tokens: Vec<_> = opened.iter().map(|account| token(account.as_ref().unwrap())).collect();
    assert!(tokens.iter().all(|one| *one == tokens[0]), "all have the same new token");
    let seen = stand.logins.seen(&name.to_string());
    assert_eq!((seen.refreshes, seen.replays), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn t04_of_many_whose_token_was_refused_one_renews_it_and_all_send_again() {
    let stand = Stand::new(2, RefreshRepeat::Kills);
    let name = account("main");
    stand.connect(&stand.process(), &name).await;
    stand.runtime.sleep(10 * MINUTE).await;
    let processes: Vec<_> = (0..40).map(|_| stand.process()).collect();
    let held = open(&processes[0], &name).await.unwrap();
    stand.logins.end(&name.to_string());
    let seen_to = futures::future::join_all(processes.iter().map(|vault| vault.see_to(&held, expired()))).await;
    for failure in seen_to {
        assert_eq!((failure.code, failure.landed), (Code::TOKEN_PENDING, Landed::No));
        assert!(failure.not_before().is_some_and(|at| at <= stand.runtime.now()), "at once: {failure:?}");
    }
    assert_eq!(stand.logins.seen(&name.to_string()).refreshes, 1);
}

#[tokio::test(start_paused = true)]
async fn t02_a_platform_that_is_out_of_order_disconnects_nobody() {
    let stand = Stand::new(3, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    stand.runtime.sleep(3 * HOUR).await;
    for _ in 0..5 {
        stand.logins.cue(Cue::OutOfOrder);
        let failure = open(&vault, &name).await.unwrap_err();
        assert_eq!(failure.code, Code::TOKEN_PENDING);
        assert!(failure.is_free(), "it costs no try");
        // Asked again at once, nothing is asked of the platform.
        assert_eq!(open(&vault, &name).await.unwrap_err().code, Code::TOKEN_PENDING);
        assert_ne!(state(&vault, &name).await, State::NeedsReconnect);
        stand.runtime.sleep_until(failure.not_before().unwrap()).await;
    }
    open(&vault, &name).await.unwrap();
    assert_eq!(stand.logins.seen(&name.to_string()).refreshes, 1);
}

#[tokio::test(start_paused = true)]
async fn t01_a_reconnect_that_brings_no_refresh_token_leaves_the_stored_one() {
    let stand = Stand::new(4, RefreshRepeat::Harmless);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    let mut ask = connect(stand.logins.log_in(&name.to_string()));
    let kept = ask.secrets["refresh_token"].clone();
    vault.connect(&name, ask.clone(), "test").await.unwrap();
    ask.secrets.insert("refresh_token".into(), Secret::new(" "));
    // A life of 31 years, as one tool stored it.
    ask.expires_at = Some(stand.runtime.now() + 31 * 365 * 24 * HOUR);
    vault.connect(&name, ask, "test").await.unwrap();
    assert_eq!(open(&vault, &name).await.unwrap().secrets["refresh_token"], kept);
    assert_eq!(vault.view(&name).await.unwrap().unwrap().record.token.ends, None, "it is not believed");
    stand.runtime.sleep(3 * HOUR).await;
    open(&vault, &name).await.unwrap();
    assert_eq!(stand.logins.seen(&name.to_string()).refreshes, 1, "it is renewed when its usual life is over");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_loses_only_what_the_platform_gave_away_unheard() {
    use RefreshRepeat::{Harmless, Kills, Refused, Within};
    // What a second use does, what was lost, and whether the account may be lost.
    let table = [
        (Harmless, Cue::LostBefore, false),
        (Harmless, Cue::LostAfter, false),
        (Within(HOUR), Cue::LostBefore, false),
        (Within(HOUR), Cue::LostAfter, false),
        (Kills, Cue::LostBefore, false),
        (Kills, Cue::LostAfter, true),
        (Refused, Cue::LostBefore, false),
        (Refused, Cue::LostAfter, true),
    ];
    for (n, (repeat, cue, may_be_lost)) in (10..).zip(table) {
        let stand = Stand::new(n, repeat);
        let (vault, name) = (stand.process(), account("main"));
        stand.connect(&vault, &name).await;
        // Ten minutes before its end, as a keeper would.
        stand.runtime.sleep(2 * HOUR - 10 * MINUTE).await;
        stand.logins.cue(cue);
        vault.renew_due(&name).await.unwrap_err();
        let before = token(&open(&vault, &name).await.unwrap()).to_owned();
        let until = stand.runtime.now() + HOUR;
        while stand.runtime.now() < until {
            let _ = vault.renew_due(&name).await;
            stand.runtime.sleep(MINUTE).await;
        }
        let story = format!("{repeat:?}, {cue:?}");
        let opened = open(&vault, &name).await;
        assert_eq!(opened.is_err(), may_be_lost, "{story}: {opened:?}");
        match opened {
            Ok(account) => assert_ne!(token(&account), before, "{story}"),
            Err(failure) => {
                assert_eq!(failure.worth, Worth::AfterFix { fix: Fix::Reconnect }, "{story}");
                assert_eq!(state(&vault, &name).await, State::NeedsReconnect, "{story}");
                stand.connect(&vault, &name).await;
                open(&vault, &name).await.unwrap();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_repeat_would_kill_it_waits_for_the_tokens_last_moment() {
    let stand = Stand::new(20, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    let ends = vault.view(&name).await.unwrap().unwrap().ends.unwrap();
    stand.runtime.sleep(HOUR).await;
    stand.logins.cue(Cue::LostAfter);
    vault.refresh(&name).await.unwrap_err();
    // A person who asks once more must not be the one who ends it, and is told until when and why.
    let told = vault.refresh(&name).await.unwrap_err();
    assert!(matches!(told, vault::VaultError::NotYet { until, .. } if until == ends - MINUTE), "{told}");
    assert!(told.to_string().contains("the answer to the last renewal was lost"), "{told}");
    while stand.runtime.now() < ends - 2 * MINUTE {
        let _ = vault.renew_due(&name).await;
        open(&vault, &name).await.unwrap();
        stand.runtime.sleep(MINUTE).await;
    }
    assert_eq!(stand.logins.seen(&name.to_string()).replays, 0, "the connection lived as long as it could");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_while_it_renews_leaves_a_doubt_and_no_lock() {
    let stand = Stand::new(21, RefreshRepeat::Within(HOUR));
    let name = account("main");
    stand.connect(&stand.process(), &name).await;
    stand.runtime.sleep(3 * HOUR).await;
    let runtime = stand.runtime.sibling().mortal();
    let doomed = stand.vault(runtime.clone());
    stand.logins.cue(Cue::LostAfter);
    let asking = open(&doomed, &name);
    // It has asked the platform, which has renewed, and waits for the answer.
    assert!(stand.runtime.within(5 * std::time::Duration::from_secs(1), asking).await.is_none());
    runtime.kill();
    let vault = stand.process();
    let failure = open(&vault, &name).await.unwrap_err();
    assert_eq!(failure.code, Code::TOKEN_PENDING, "its lease is not over");
    stand.runtime.sleep(6 * MINUTE).await;
    let _ = open(&vault, &name).await;
    stand.runtime.sleep(MINUTE).await;
    open(&vault, &name).await.unwrap();
    let seen = stand.logins.seen(&name.to_string());
    assert_eq!((seen.refreshes, seen.unheard, seen.replays), (2, 1, 1));
}

/// An account whose renewal has just begun, for somebody who asks for it: the platform has not answered yet.
async fn renewing(stand: &Stand) -> (Vault, AccountName, JoinHandle<Result<Account, Failure>>) {
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    stand.runtime.sleep(3 * HOUR).await;
    let asking = {
        let (vault, name) = (vault.clone(), name.clone());
        stand.runtime.spawn(async move { open(&vault, &name).await })
    };
    stand.runtime.sleep(std::time::Duration::from_millis(100)).await;
    (vault, name, asking)
}

#[tokio::test(start_paused = true)]
async fn new_tokens_are_stored_before_they_are_used_however_long_the_ledger_is_away() {
    let stand = Stand::new(22, RefreshRepeat::Kills);
    let (_, name, asking) = renewing(&stand).await;
    stand.ledger.set_away(true);
    stand.runtime.sleep(2 * MINUTE).await;
    assert_eq!(stand.logins.seen(&name.to_string()).refreshes, 1);
    assert!(!asking.is_finished(), "not used: another process could not know of it");
    stand.ledger.set_away(false);
    let account = asking.await.unwrap().unwrap();
    assert_eq!(token(&open(&stand.process(), &name).await.unwrap()), token(&account), "all processes have it");
    assert_eq!(stand.logins.seen(&name.to_string()).refreshes, 1);
}

#[tokio::test(start_paused = true)]
async fn what_people_change_during_a_renewal_costs_neither_the_new_tokens_nor_the_change() {
    let stand = Stand::new(30, RefreshRepeat::Kills);
    let (vault, name, asking) = renewing(&stand).await;
    let console = stand.process();
    let word = Word { by: "a person".into(), at: stand.runtime.now(), note: "for now".into() };
    console.switch(&name, Some(word.clone())).await.unwrap();
    let rate = Some(Pace { burst: 1, per_ms: 60_000 });
    console.connect(&name, Connect { rate, ..Connect::default() }, "a person").await.unwrap();
    assert!(!asking.is_finished(), "it is under way");
    let renewed = asking.await.unwrap().unwrap();
    let account = open(&stand.process(), &name).await.unwrap();
    assert_eq!(token(&account), token(&renewed), "the new tokens are stored");
    let record = vault.view(&name).await.unwrap().unwrap().record;
    assert_eq!((record.disabled, record.rate), (Some(word), rate));
    stand.runtime.sleep(3 * HOUR).await;
    open(&vault, &name).await.unwrap();
    let seen = stand.logins.seen(&name.to_string());
    assert_eq!((seen.refreshes, seen.replays), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_access_token_that_a_person_brings_during_a_renewal_stays_and_so_does_the_right_to_renew() {
    let stand = Stand::new(35, RefreshRepeat::Kills);
    let (vault, name, asking) = renewing(&stand).await;
    let secrets = [("access_token".to_owned(), Secret::new("theirs"))].into();
    let brought = Connect { secrets, scopes: Some(vec!["wide".into()]), ..Connect::default() };
    stand.process().connect(&name, brought, "a person").await.unwrap();
    assert!(!asking.is_finished(), "it is under way");
    assert_eq!(token(&asking.await.unwrap().unwrap()), "theirs");
    assert_eq!(token(&open(&stand.process(), &name).await.unwrap()), "theirs");
    assert_eq!(vault.view(&name).await.unwrap().unwrap().record.token.scopes, Some(vec!["wide".to_owned()]));
    stand.runtime.sleep(MINUTE).await;
    vault.refresh(&name).await.unwrap();
    assert_ne!(token(&open(&vault, &name).await.unwrap()), "theirs");
    let seen = stand.logins.seen(&name.to_string());
    assert_eq!((seen.refreshes, seen.replays), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_right_after_a_renewal_does_not_disconnect() {
    let stand = Stand::new(23, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    stand.runtime.sleep(std::time::Duration::from_secs(5)).await;
    let held = open(&vault, &name).await.unwrap();
    let failure = vault.see_to(&held, expired()).await;
    assert_eq!(failure.code, Code::TOKEN_PENDING);
    assert!(failure.not_before().unwrap() > stand.runtime.now() + 50 * std::time::Duration::from_secs(1));
    assert_eq!(stand.logins.seen(&name.to_string()).refreshes, 0);
    assert_ne!(state(&vault, &name).await, State::NeedsReconnect);
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_refuses_each_new_token_is_not_asked_for_ever() {
    let stand = Stand::new(24, RefreshRepeat::Harmless);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    let mut refreshes = 0;
    for _ in 0..10 {
        stand.runtime.sleep(2 * MINUTE).await;
        let held = open(&vault, &name).await.unwrap();
        let failure = vault.see_to(&held, expired()).await;
        let now = stand.logins.seen(&name.to_string()).refreshes;
        if now == refreshes {
            assert_eq!(failure.worth, Worth::AfterFix { fix: Fix::Reconnect });
            assert_eq!(state(&vault, &name).await, State::NeedsReconnect);
            assert_eq!(now, 3);
            return;
        }
        refreshes = now;
    }
    panic!("it was renewed {refreshes} times, and every new token was refused");
}

#[tokio::test(start_paused = true)]
async fn t06_a_withdrawn_login_is_told_at_once_and_a_reconnect_mends_it() {
    let stand = Stand::new(25, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    stand.runtime.sleep(10 * MINUTE).await;
    let held = open(&vault, &name).await.unwrap();
    stand.logins.revoke(&name.to_string());
    let failure = vault.see_to(&held, expired()).await;
    assert_eq!(failure.worth, Worth::AfterFix { fix: Fix::Reconnect });
    assert!(failure.holds_siblings());
    let view = vault.view(&name).await.unwrap().unwrap();
    assert_eq!(
        (view.state, view.record.health.failure.map(|failure| failure.code)),
        (State::NeedsReconnect, Some(Code::TOKEN_REVOKED))
    );
    stand.connect(&vault, &name).await;
    assert_eq!(vault.check(&name).await.unwrap().state, State::Ok);
}

#[tokio::test(start_paused = true)]
async fn t07_a_missing_permission_is_no_ended_token() {
    let stand = Stand::new(26, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    stand.runtime.sleep(10 * MINUTE).await;
    let held = open(&vault, &name).await.unwrap();
    let lacks =
        Failure { code: Code::PERMISSION_MISSING, worth: Worth::AfterFix { fix: Fix::Permission }, ..expired() };
    assert_eq!(vault.see_to(&held, lacks.clone()).await, lacks);
    assert_eq!(state(&vault, &name).await, State::LacksPermission);
    assert_eq!(stand.logins.seen(&name.to_string()).refreshes, 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_sealed_shows_in_the_store() {
    let stand = Stand::new(27, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    let mut ask = connect(stand.logins.log_in(&name.to_string()));
    ask.secrets.insert("refresh_token".into(), Secret::new("hush-refresh"));
    vault.connect(&name, ask, "test").await.unwrap();
    let app = domain::AppId::new("ours").unwrap();
    let secrets = [("client_id", "hush-id"), ("client_secret", "hush-secret")];
    vault
        .put_app(&app, secrets.map(|(name, secret)| (name.to_owned(), Secret::new(secret))).into(), "test")
        .await
        .unwrap();
    for kind in ledger::RecordKind::ALL {
        for row in ledger::CredentialStore::rows(&*stand.ledger, kind).await.unwrap() {
            let sealed = String::from_utf8_lossy(row.sealed.as_deref().unwrap_or_default()).into_owned();
            let shown = format!("{row:?} {} {sealed}", row.open);
            assert!(!shown.contains("hush") && !shown.contains("access-"), "{shown}");
        }
    }
    let shown = format!("{:?} {:?}", vault.view(&name).await.unwrap(), Connect::default());
    assert!(!shown.contains("hush"), "{shown}");
    assert_eq!(vault.apps().await.unwrap()[0].holds, ["client_id", "client_secret"]);
}

#[tokio::test(start_paused = true)]
async fn another_persons_tokens_are_refused_unless_they_are_meant_and_then_nothing_of_the_first_is_kept() {
    let stand = Stand::new(28, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    let first = vault.check(&name).await.unwrap().record.health.who;
    let mut theirs = connect(stand.logins.log_in("somebody-else"));
    theirs.secrets.remove("refresh_token");
    let refused = vault.connect(&name, theirs.clone(), "test").await.unwrap_err().to_string();
    assert!(refused.contains(&first) && refused.contains("somebody-else"), "{refused}");
    assert_eq!(vault.check(&name).await.unwrap().record.health.who, first, "nothing was stored");
    vault.connect(&name, Connect { another: true, ..theirs }, "test").await.unwrap();
    let secrets = open(&vault, &name).await.unwrap().secrets;
    assert!(!secrets.contains_key("refresh_token"), "it would bring the first one back");
    assert_eq!(vault.check(&name).await.unwrap().record.health.who, "somebody-else");
    // The same person again is no other.
    let same = Connect { another: false, ..connect(stand.logins.log_in("somebody-else")) };
    vault.connect(&name, same, "test").await.unwrap();
    assert!(open(&vault, &name).await.unwrap().secrets.contains_key("refresh_token"));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_nobody_put_in_connects_nothing() {
    let stand = Stand::new(29, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    let app = domain::AppId::new("ours").unwrap();
    let ask = || Connect { app: Some(app.clone()), ..connect(stand.logins.log_in("main")) };
    let refused = vault.connect(&name, ask(), "test").await.unwrap_err().to_string();
    assert!(refused.contains("no app ours") && refused.contains("oncepost apps put ours"), "{refused}");
    vault.put_app(&app, [("client_id".to_owned(), Secret::new("id"))].into(), "test").await.unwrap();
    vault.connect(&name, ask(), "test").await.unwrap();
    assert_eq!(vault.view(&name).await.unwrap().unwrap().record.holds, ["access_token", "refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_brings_new_tokens_for_an_account_whose_app_and_server_an_operator_chose() {
    let stand = Stand::new(31, RefreshRepeat::Kills);
    let (vault, name) = (stand.process(), account("main"));
    let app = domain::AppId::new("ours").unwrap();
    vault.put_app(&app, [("client_id".to_owned(), Secret::new("id"))].into(), "test").await.unwrap();
    let ask = || connect(stand.logins.log_in("main"));
    vault.connect(&name, Connect { app: Some(app.clone()), ..ask() }, "operator").await.unwrap();
    let theirs = Connect { tenants_own: true, base_url: None, ..ask() };
    vault.connect(&name, theirs.clone(), "tenant").await.unwrap();
    let elsewhere = Some("https://mine.example".parse().unwrap());
    let refused = vault.connect(&name, Connect { base_url: elsewhere.clone(), ..theirs.clone() }, "tenant").await;
    assert!(refused.unwrap_err().to_string().contains("for operators to connect"));
    let both = Connect { app: Some(app), base_url: elsewhere, ..theirs };
    let refused = vault.connect(&account("new"), both, "tenant").await.unwrap_err();
    assert!(refused.to_string().contains("for operators to connect"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_another_process_has_connected_is_known_to_whoever_asks_however_shortly_before_it_looked() {
    let stand = Stand::new(32, RefreshRepeat::Harmless);
    let (console, intake, name) = (stand.process(), stand.process(), account("main"));
    intake.catch_up().await;
    stand.connect(&console, &name).await;
    intake.catch_up().await;
    assert!(intake.find(&name.tenant, &name.channel, &name.account).is_some());
    // Many who ask at once are answered by one reading or two.
    let before = stand.runtime.uptime();
    futures::future::join_all((0..100).map(|_| intake.catch_up())).await;
    assert!(stand.runtime.uptime() <= before + 3 * std::time::Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_tells_nothing_of_its_secrets() {
    let stand = Stand::new(33, RefreshRepeat::Harmless);
    let (vault, name) = (stand.process(), account("main"));
    stand.connect(&vault, &name).await;
    let row = stand.ledger.row(RecordKind::Account, &name.to_string()).await.unwrap().unwrap();
    let sealed = stand.keys.seal(&format!("account/{name}"), br#"{"secrets":"hush"}"#, &stand.runtime).unwrap();
    let CredentialRow { kind, name: row_name, version, open, .. } = row;
    let put = CredentialPut { kind, name: row_name, expected: Some(version), open, sealed: Some(sealed) };
    stand.ledger.put(put).await.unwrap().unwrap();
    let error = vault.refresh(&name).await.unwrap_err();
    assert!(error.to_string().contains("not of a form"), "{error}");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

/// An account as the settings list it, with a login of its own.
fn listed(stand: &Stand, name: &AccountName) -> Account<SecretSource> {
    let Connect { base_url, secrets, .. } = connect(stand.logins.log_in(&name.to_string()));
    Account {
        tenant: name.tenant.clone(),
        channel: name.channel.clone(),
        id: name.account.clone(),
        app: None,
        base_url: base_url.unwrap(),
        secrets: secrets.into_iter().map(|(name, secret)| (name, SecretSource::Value(secret))).collect(),
        settings: Default::default(),
        on_doubt: Default::default(),
        rate: None,
        app_rate: None,
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_from_the_settings_are_kept_only_once_they_were_renewed() {
    let stand = Stand::new(34, RefreshRepeat::Kills);
    let name = account("main");
    let sealed = async || {
        let row = stand.ledger.row(RecordKind::Account, &name.to_string()).await.unwrap().unwrap();
        let sealed = stand.keys.open(&format!("account/{name}"), &row.sealed.unwrap()).unwrap();
        String::from_utf8(sealed.to_vec()).unwrap()
    };
    let ours = listed(&stand, &name);
    let vault = stand.listing(stand.runtime.sibling(), [ours.clone()]);
    let first = open(&vault, &name).await.unwrap();
    let off = Word { by: "a person".into(), at: stand.runtime.now(), note: String::new() };
    vault.switch(&name, Some(off.clone())).await.unwrap();
    vault.switch(&name, None).await.unwrap();
    let kept = sealed().await;
    assert!(
        first.secrets.values().all(|secret| !kept.contains(secret.reveal())),
        "the settings' tokens are not copied"
    );
    vault.refresh(&name).await.unwrap();
    let again = stand.listing(stand.runtime.sibling(), [ours]);
    let renewed = open(&again, &name).await.unwrap();
    assert_ne!(token(&renewed), token(&first));
    let kept = sealed().await;
    assert!(renewed.secrets.values().all(|secret| kept.contains(secret.reveal())), "the renewed ones are kept");
    // Other ones are put into the settings: they count, and are noticed by a record that holds none as well.
    let others = stand.listing(stand.runtime.sibling(), [listed(&stand, &name)]);
    let second = open(&others, &name).await.unwrap();
    others.check(&name).await.unwrap();
    others.switch(&name, Some(off.clone())).await.unwrap();
    assert_eq!(token(&open(&others, &name).await.unwrap()), token(&second));
    let kept = sealed().await;
    assert!(second.secrets.values().chain(renewed.secrets.values()).all(|secret| !kept.contains(secret.reveal())));
    let record = async |vault: &Vault| vault.view(&name).await.unwrap().unwrap().record;
    let third = stand.listing(stand.runtime.sibling(), [listed(&stand, &name)]);
    assert_eq!(record(&third).await.health, Health::default(), "what was known of the others counts no more");
    assert_ne!(record(&others).await.health, Health::default());
    assert_eq!(record(&third).await.disabled, Some(off), "other tokens switch nothing on");
}
