//! What is wrong with accounts: one look per reason.

use channels::{Secret, SecretSource};
use domain::Code;
use oncepost_forecast::{Ask, Verdict};
use runtime::Runtime;
use vault::{Connect, record::Word};

use crate::world::{Given, HOUR, NOON, World, good, listed, name, only, plan, told, with, world, world_of};

const MAIN: &str = "acme/told/main";

/// A world with an account of these credentials and a post due in three hours.
async fn due(connect: Connect) -> World {
    let world = world();
    world.connect(MAIN, connect).await;
    world.schedule(plan(MAIN, 180)).await;
    world
}

/// The token ends in an hour: two before the post.
fn ending(world: &World, connect: Connect) -> Connect {
    Connect { expires_at: Some(world.later(60)), ..connect }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_well_or_of_which_nothing_is_known_is_no_risk() {
    let world = due(good()).await;
    assert!(world.look().await.targets.is_empty(), "it was never checked");
    world.vault.check(&name(MAIN)).await.unwrap();
    let report = world.look().await;
    assert_eq!((report.looked_at, report.will_fail, report.at_risk, report.causes.len()), (1, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn t01_a_token_that_ends_before_and_that_nothing_renews_fails_its_post() {
    let world = world();
    world.connect(MAIN, ending(&world, with(&[("token", "t")]))).await;
    let before = world.schedule(plan(MAIN, 50)).await;
    let after = world.schedule(plan(MAIN, 180)).await;
    let report = world.look().await;
    assert_eq!(
        only(&report, "will_fail token_ends"),
        "The token of acme/told/main ends at 2026-06-01 13:00:00Z, and cannot be renewed: it has no refresh token."
    );
    assert_eq!(report.targets[0].target, after, "not {before:?}, whose token is good");
    assert_eq!(report.targets[0].risks[0].by, world.later(180));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_will_be_renewed_in_time_is_no_risk() {
    let world = world();
    world.connect(MAIN, ending(&world, good())).await;
    world.schedule(plan(MAIN, 180)).await;
    assert!(world.look().await.targets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_key_nothing_is_renewed() {
    let secret = |text: &str| SecretSource::Value(Secret::new(text));
    let mut account = listed("main", secret("t"), &[("answer", "ending")]);
    account.secrets.insert("refresh_token".into(), secret("r"));
    let given = Given { listed: vec![account], without_key: true, ..Given::default() };
    let world = world_of(given, Runtime::simulated(7, NOON.parse().unwrap()));
    world.vault.check(&name(MAIN)).await.unwrap();
    world.schedule(plan(MAIN, 180)).await;
    let said = only(&world.look().await, "will_fail token_ends");
    assert!(said.contains("there is no key in vault.keys"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_right_to_renew_that_is_over_fails_what_comes_after() {
    let world = world();
    let ends = Connect { refresh_expires_at: Some(world.later(30)), ..ending(&world, good()) };
    world.connect(MAIN, ends).await;
    world.schedule(plan(MAIN, 180)).await;
    assert!(world.look().await.targets.is_empty(), "renewed until then, it gives a new right");
    world.runtime.sleep(HOUR / 2).await;
    assert!(only(&world.look().await, "will_fail token_ends").contains("the right to renew it ends at"));
}

#[tokio::test(start_paused = true)]
async fn t02_a_lost_answer_to_a_renewal_is_a_risk_for_what_comes_after_the_tokens_end() {
    let world = world();
    world.connect(MAIN, told(ending(&world, good()), "renewal", "lost")).await;
    world.schedule(plan(MAIN, 30)).await;
    world.schedule(plan(MAIN, 180)).await;
    world.vault.refresh(&name(MAIN)).await.unwrap_err();
    let said = only(&world.look().await, "at_risk renewal_in_doubt");
    assert!(said.contains("was lost; it is tried again at 2026-06-01 12:59:00Z"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn renewals_that_fail_are_a_risk_and_one_that_is_refused_fails_the_post() {
    let world = world();
    world.connect(MAIN, told(ending(&world, good()), "renewal", "failing")).await;
    world.schedule(plan(MAIN, 180)).await;
    world.vault.refresh(&name(MAIN)).await.unwrap_err();
    let said = only(&world.look().await, "at_risk renewal_fails");
    assert!(said.contains("Renewing it failed (HTTP 401: no)"), "{said}");
    world.connect(MAIN, told(Connect::default(), "renewal", "refused")).await;
    world.vault.refresh(&name(MAIN)).await.unwrap_err();
    let report = world.look().await;
    let risk = &report.targets[0].risks[0];
    assert_eq!((risk.verdict, risk.code), (Verdict::WillFail, Some(Code::TOKEN_REVOKED)), "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn t06_a_dead_token_fails_everything_on_its_account_and_is_told_once() {
    let world = due(told(with(&[("token", "t")]), "answer", "dead")).await;
    world.schedule(plan(MAIN, 240)).await;
    world.runtime.sleep(HOUR / 6).await;
    world.vault.check(&name(MAIN)).await.unwrap();
    let report = world.look().await;
    assert_eq!((report.will_fail, report.causes.len()), (2, 1), "{report:#?}");
    let cause = &report.causes[0];
    assert_eq!(
        (cause.risk.reason.name(), cause.targets, cause.accounts.as_slice()),
        ("needs_reconnect", 2, &[MAIN.to_owned()][..])
    );
    assert_eq!((cause.risk.code, cause.first), (Some(Code::TOKEN_REVOKED), world.later(170)));
    assert!(
        report.targets[0].risks[0].sentence.contains("dead since 2026-06-01 12:10:00Z (HTTP 401: no)"),
        "{report:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_pause_that_came_of_a_dead_token_is_not_told_besides() {
    use domain::PauseScope;
    use ledger::{Ledger, PauseAsk};
    let world = due(told(with(&[("token", "t")]), "answer", "dead")).await;
    world.runtime.sleep(HOUR / 6).await;
    world.vault.check(&name(MAIN)).await.unwrap();
    let ask = PauseAsk { scope: name(MAIN).pause_scope(), reason: "by hand".into(), by: "ann".into() };
    world.ledger.pause(ask).await.unwrap();
    assert_eq!(crate::world::risks(&world.look().await.targets[0]), ["will_fail needs_reconnect", "at_risk paused"]);
    let machines = |pauses: Vec<domain::Pause>| {
        pauses.into_iter().map(|pause| domain::Pause { code: Some(Code::TOKEN_REVOKED), ..pause }).collect()
    };
    let report = world.forecast().look(&Ask::ahead(24 * HOUR), machines).await.unwrap();
    only(&report, "will_fail needs_reconnect");
    let everywhere = |_| {
        let pause = domain::Pause {
            id: world.runtime.id(),
            scope: PauseScope::All,
            reason: "all".into(),
            code: None,
            by: "ann".into(),
            since: world.runtime.now(),
        };
        vec![pause]
    };
    let report = world.forecast().look(&Ask::ahead(24 * HOUR), everywhere).await.unwrap();
    assert_eq!(report.targets[0].risks.len(), 2, "a wider pause is another matter");
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named() {
    let world = due(told(good(), "answer", "poor")).await;
    world.vault.check(&name(MAIN)).await.unwrap();
    let report = world.look().await;
    let said = only(&report, "will_fail permission_missing");
    assert_eq!(said, "acme/told/main lacks a permission since 2026-06-01 12:00:00Z: write.");
    assert_eq!(report.causes[0].risk.code, Some(Code::PERMISSION_MISSING));
}

#[tokio::test(start_paused = true)]
async fn a_restricted_account_fails_its_posts() {
    let world = due(told(good(), "answer", "restricted")).await;
    world.vault.check(&name(MAIN)).await.unwrap();
    assert!(only(&world.look().await, "will_fail restricted").contains("has restricted acme/told/main since"));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_switched_off_is_a_risk() {
    let world = due(good()).await;
    let word = Word { by: "ann".into(), at: world.runtime.now(), note: "campaign is over".into() };
    world.vault.switch(&name(MAIN), Some(word)).await.unwrap();
    let said = only(&world.look().await, "at_risk disabled");
    assert_eq!(said, "acme/told/main was switched off by ann at 2026-06-01 12:00:00Z: campaign is over.");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_removed_is_missed() {
    let world = due(good()).await;
    world.vault.remove(&name(MAIN)).await.unwrap();
    only(&world.look().await, "will_fail unknown_account");
}

#[tokio::test(start_paused = true)]
async fn settings_that_do_not_suffice_and_secrets_that_are_not_there_are_told() {
    let slip = listed("slip", SecretSource::Value(Secret::new("t")), &[("anser", "x")]);
    let lost = listed("lost", SecretSource::File("/nowhere/token".into()), &[]);
    let given = Given { listed: vec![slip, lost], ..Given::default() };
    let world = world_of(given, Runtime::simulated(7, NOON.parse().unwrap()));
    world.schedule(plan("acme/told/slip", 60)).await;
    let said = only(&world.look().await, "will_fail account_settings");
    assert!(said.contains("settings.anser is none that the channel knows; is answer meant?"), "{said}");
    world.runtime.sleep(2 * HOUR).await;
    world.schedule(plan("acme/told/lost", 60)).await;
    let ask = Ask { account: Some(name("acme/told/lost")), ..Ask::ahead(24 * HOUR) };
    let said = only(&world.look_for(&ask).await, "at_risk credentials");
    assert!(said.contains("secret \"token\": /nowhere/token cannot be read"), "{said}");
}
