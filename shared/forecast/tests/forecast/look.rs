//! What holds back, comes too late or would be refused; what a look reads, and how it says what it did not.

use std::time::Duration;

use domain::{Code, Content, Pause, PauseScope};
use ledger::{Ledger, PauseAsk};
use oncepost_forecast::{Ask, Options, Reason};
use runtime::Runtime;
use vault::Connect;

use crate::world::{Given, HOUR, NOON, Plan, World, app_at, good, name, only, paced, plan, risks, world, world_of};

const MAIN: &str = "acme/told/main";

async fn ready() -> World {
    let world = world();
    world.connect(MAIN, good()).await;
    world
}

async fn pause(world: &World, scope: PauseScope, reason: &str, by: &str) {
    world.ledger.pause(PauseAsk { scope, reason: reason.into(), by: by.into() }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_pause_holds_is_at_risk_with_who_why_since_and_the_deadline() {
    let world = ready().await;
    world.schedule(Plan { deadline: Some(120), ..plan(MAIN, 60) }).await;
    let app = "ours".parse().unwrap();
    pause(&world, PauseScope::App { app }, "another's", "ann").await;
    assert!(world.look().await.targets.is_empty(), "it goes through no app");
    pause(&world, PauseScope::Tenant { tenant: "acme".parse().unwrap() }, "The audit.", "ann").await;
    assert_eq!(
        only(&world.look().await, "at_risk paused"),
        "Held back since 2026-06-01 12:00:00Z by ann, by the pause of tenant:acme: The audit. It expires at 2026-06-01 14:00:00Z."
    );
}

#[tokio::test(start_paused = true)]
async fn o09_a_channel_that_the_settings_switch_off_is_told_as_that() {
    let world = ready().await;
    world.schedule(plan(MAIN, 60)).await;
    let scope = PauseScope::Channel { channel: "told".parse().unwrap() };
    pause(&world, scope, "channels.told.enabled is false in the settings", "settings").await;
    only(&world.look().await, "at_risk channel_off");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_this_program_does_not_know_fails_its_posts() {
    let world = ready().await;
    world.schedule(plan("acme/fax/main", 60)).await;
    let report = world.look().await;
    only(&report, "will_fail unknown_channel");
    assert_eq!(report.causes[0].risk.about.as_deref(), Some("channel:fax"));
}

#[tokio::test(start_paused = true)]
async fn what_the_channel_would_refuse_today_fails() {
    let world = ready().await;
    let content = Content { text: "x".repeat(101), ..Content::default() };
    world.schedule(Plan { content, ..plan(MAIN, 60) }).await;
    let report = world.look().await;
    assert!(only(&report, "will_fail content").starts_with("At text: "), "{report:#?}");
    assert_eq!(report.causes[0].risk.code, Some(Code::TEXT_TOO_LONG));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_before_the_time_fails() {
    let world = ready().await;
    world.schedule(Plan { deadline: Some(30), ..plan(MAIN, 60) }).await;
    assert_eq!(
        only(&world.look().await, "will_fail deadline"),
        "It may be sent at 2026-06-01 13:00:00Z at the earliest, and expires at 2026-06-01 12:30:00Z."
    );
}

#[tokio::test(start_paused = true)]
async fn r01_more_than_the_accounts_pace_lets_out_is_late_or_expires() {
    let world = world();
    world.connect(MAIN, paced(1, Duration::from_secs(240))).await;
    for (minutes, deadline) in [(60, None), (61, None), (62, None), (63, Some(70))] {
        world.schedule(Plan { deadline, ..plan(MAIN, minutes) }).await;
    }
    let report = world.look().await;
    let told: Vec<_> = report.targets.iter().map(|target| (risks(target), target.goes_at)).collect();
    // The second goes three minutes late: that is no news.
    assert_eq!(
        told,
        [(vec!["at_risk pace".to_owned()], world.later(68)), (vec!["will_fail pace".to_owned()], world.later(72)),],
        "{report:#?}"
    );
    let said = &report.targets[0].risks[0].sentence;
    assert!(said.ends_with("it will be 6 min late."), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_app_is_shared_with_tenants_that_were_not_asked_for() {
    let given = Given { defaults: app_at("ours", 1, HOUR), ..Given::default() };
    let world = world_of(given, Runtime::simulated(7, NOON.parse().unwrap()));
    let connect = || Connect { app: Some("ours".parse().unwrap()), ..good() };
    for account in [MAIN, "other/told/main"] {
        world.connect(account, connect()).await;
    }
    world.schedule(Plan { app: Some("ours"), ..plan("other/told/main", 59) }).await;
    world.schedule(Plan { app: Some("ours"), ..plan(MAIN, 60) }).await;
    let ask = Ask { tenant: Some("acme".parse().unwrap()), ..Ask::ahead(24 * HOUR) };
    let report = world.look_for(&ask).await;
    assert!(only(&report, "at_risk pace").contains("the app ours"), "{report:#?}");
    assert_eq!(report.targets[0].goes_at, world.later(119));
    // What is held takes no room.
    pause(&world, name("other/told/main").pause_scope(), "x", "ann").await;
    let hidden = |pauses: Vec<Pause>| pauses.into_iter().filter(|_| false).collect();
    let report = world.forecast().look(&ask, hidden).await.unwrap();
    assert!(report.targets.is_empty(), "{report:#?}");
}

/// A thread of so many parts.
fn thread(account: &str, minutes: i64, parts: usize) -> Plan<'_> {
    let plan = plan(account, minutes);
    let part = |n: usize| domain::Part { text: format!("part {n}"), media: Vec::new() };
    Plan { content: Content { thread: (1..parts).map(part).collect(), ..plan.content }, ..plan }
}

#[tokio::test(start_paused = true)]
async fn more_than_a_platform_takes_of_an_account_is_told_with_the_cap_when_and_what_to_do() {
    let world = world();
    let main = "acme/capped/main";
    world.connect(main, good()).await;
    world.schedule(thread(main, 60, 2)).await;
    world.schedule(plan(main, 70)).await;
    world.schedule(plan(main, 120)).await;
    assert!(
        world.look().await.targets.is_empty(),
        "two parts and one post, and the third when the first parts are an hour old"
    );
    let by = world.later(80);
    let more = world.schedule(Plan { deadline: Some(125), ..plan(main, 80) }).await;
    let report = world.look().await;
    assert_eq!(
        only(&report, "at_risk cap"),
        "Capped takes 3 posts of an account in 1 hour. acme/capped/main reaches that at 2026-06-01 13:10:00Z, and there is room for \
         this one not before 2026-06-01 14:00:00Z."
    );
    let cause = &report.causes[0];
    assert_eq!((report.targets[0].target, cause.risk.by), (more, by));
    assert_eq!(cause.risk.title, "More is due than Capped takes: 3 posts of an account in 1 hour");
    assert_eq!(cause.risk.remedy, "Spread the posts, or move some to another account.");
    let deadline = world.later(110);
    world.schedule(Plan { deadline: Some(110), ..plan(main, 81) }).await;
    let report = world.look().await;
    let told: Vec<_> = report.targets.iter().map(|target| (risks(target), target.risks[0].by)).collect();
    assert_eq!(
        told,
        [(vec!["at_risk cap".to_owned()], by), (vec!["will_fail cap".to_owned()], deadline)],
        "{report:#?}"
    );
    let risk = &report.targets[1].risks[0];
    let expires = deadline.strftime("It expires at %Y-%m-%d %H:%M:%SZ.").to_string();
    assert!(risk.sentence.ends_with(&expires), "{risk:#?}");
    assert!(risk.remedy.ends_with("or give it a later deadline."), "{risk:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_cap_counts_what_the_pace_lets_out() {
    let world = world();
    let main = "acme/capped/main";
    world.connect(main, paced(1, HOUR)).await;
    for minutes in [60, 61, 62, 63] {
        world.schedule(plan(main, minutes)).await;
    }
    let report = world.look().await;
    assert!(report.targets.iter().all(|target| risks(target) == ["at_risk pace"]), "one in an hour: {report:#?}");
}

#[tokio::test(start_paused = true)]
async fn the_cap_of_an_app_is_shared_with_tenants_that_were_not_asked_for() {
    let world = world();
    let connect = || Connect { app: Some("ours".parse().unwrap()), ..good() };
    let secrets = [("client_id".to_owned(), channels::Secret::new("id"))];
    world.vault.put_app(&"ours".parse().unwrap(), secrets.into(), "ann").await.unwrap();
    let (main, other) = ("acme/capped/main", "other/capped/main");
    for account in [main, other] {
        world.connect(account, connect()).await;
    }
    for (account, minutes) in [(other, 10), (main, 10), (main, 20), (other, 20)] {
        world.schedule(Plan { app: Some("ours"), ..plan(account, minutes) }).await;
    }
    let ask = Ask { tenant: Some("acme".parse().unwrap()), ..Ask::ahead(24 * HOUR) };
    assert!(world.look_for(&ask).await.targets.is_empty());
    world.schedule(Plan { app: Some("ours"), ..plan(main, 30) }).await;
    let report = world.look_for(&ask).await;
    assert_eq!(
        only(&report, "at_risk cap"),
        "Capped takes 4 posts of an app in 2 hours. The app ours reaches that at 2026-06-01 12:20:00Z, and there is room for this one at \
         2026-06-01 14:10:00Z, perhaps sooner."
    );
    let cause = &report.causes[0];
    assert_eq!((cause.risk.code, cause.risk.about.as_deref()), (Some(Code::RATE_LIMITED_APP), Some("app:ours")));
    // What is held takes no room.
    pause(&world, name(other).pause_scope(), "x", "ann").await;
    assert!(world.look_for(&ask).await.targets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_look_is_narrowed_by_time_tenant_channel_and_account() {
    let world = world();
    for (account, minutes) in
        [(MAIN, 60), ("acme/fax/main", 61), ("other/told/main", 62), ("acme/told/two", 63), (MAIN, 1500)]
    {
        world.schedule(plan(account, minutes)).await;
    }
    let day = || Ask::ahead(24 * HOUR);
    let asks = [
        (day(), 4),
        (Ask::ahead(48 * HOUR), 5),
        (Ask { tenant: Some("acme".parse().unwrap()), ..day() }, 3),
        (Ask { channel: Some("told".parse().unwrap()), ..day() }, 3),
        (Ask { account: Some(name(MAIN)), ..day() }, 1),
    ];
    for (ask, count) in asks {
        let report = world.look_for(&ask).await;
        assert_eq!(
            (report.looked_at, report.will_fail, report.targets.len()),
            (count, count, count as usize),
            "{ask:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_looked_at_is_counted_over_pages() {
    let mut world = world();
    let first = world.later(1);
    for minutes in 1..=11 {
        world.schedule(plan(MAIN, minutes)).await;
    }
    let looked = |most, count| Options { most, count, page: 2, ..Options::default() };
    for (options, expected) in [(looked(100, 100), (11, 0)), (looked(4, 100), (4, 7)), (looked(4, 3), (4, 3))] {
        world.options = options;
        let report = world.look().await;
        assert_eq!((report.looked_at, report.not_looked_at), expected);
        assert_eq!(report.targets.len() as u64, expected.0);
        assert_eq!(report.targets[0].due_at, first, "the earliest");
    }
}

#[tokio::test(start_paused = true)]
async fn causes_come_by_certainty_then_by_their_first_target() {
    let world = ready().await;
    pause(&world, name(MAIN).pause_scope(), "x", "ann").await;
    world.schedule(plan(MAIN, 10)).await;
    world.schedule(plan("acme/told/gone", 30)).await;
    world.schedule(plan("acme/told/lost", 20)).await;
    world.schedule(plan("acme/fax/main", 25)).await;
    let report = world.look().await;
    let causes: Vec<_> =
        report.causes.iter().map(|cause| (cause.risk.reason, cause.targets, cause.accounts.len())).collect();
    assert_eq!(causes, [(Reason::UnknownAccount, 2, 2), (Reason::UnknownChannel, 1, 1), (Reason::Paused, 1, 1)]);
    assert!(report.causes[0].risk.sentence.starts_with("acme/told/lost "), "the first one's: {report:#?}");
    let told = serde_json::to_value(&report.causes[0]).unwrap();
    assert_eq!((&told["reason"], &told["targets"]), (&"unknown_account".into(), &2.into()), "side by side: {told}");
    assert_eq!(serde_json::from_value::<oncepost_forecast::Cause>(told).unwrap(), report.causes[0]);
    assert_eq!((report.will_fail, report.at_risk, report.targets.len()), (3, 1, 4));
    assert_eq!(report.targets[0].due_at, world.later(10), "targets come by their times");
}
