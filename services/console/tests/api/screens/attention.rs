//! The first screen, causes, who sees to them, and notes.

use std::time::Duration;

use super::{Browser, Page};
use crate::{
    processes::{beat, beats},
    retrying::{try_once, unreachable},
    world::{ACME, OPERATING, OPERATOR, message, world},
};

const CAUSE: &str = "OP-2001/post/bad_words";
const PAGE: &str = "/causes?group=OP-2001%2Fpost%2Fbad_words";

#[tokio::test(start_paused = true)]
async fn the_first_screen_says_how_far_it_reaches_whose_fault_it_is_and_what_to_do() {
    let world = world();
    let (_, one) = world.accepted(&message("one")).await;
    let (_, two) = world.accepted(&message("two")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/").await.ok();
    page.says("Nothing has failed, but no scheduler is known to run");
    page.says("No scheduler is known to run: nothing goes out");
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    let page = browser.get("/").await.ok();
    page.says("Nothing needs you");
    page.says("Newest publish none yet");
    page.says("Next 24 h 4 targets go out");
    let scope = serde_json::json!({ "scope": "channel:short", "reason": "legal" });
    world.post("/v1/pauses", &scope).await.ok(201);
    world.runtime.sleep(Duration::from_secs(61)).await;
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    browser.get("/").await.ok();
    world.runtime.sleep(Duration::from_secs(1)).await;
    browser.get("/").await.ok().says("Next 24 h 2 targets go out; 2 more are held by a pause");
    world.send(Some(OPERATOR), "DELETE", "/v1/pauses?scope=channel:short", String::new()).await.ok(200);
    world.runtime.sleep(Duration::from_secs(3600 - 62)).await;
    world.publish(&two[1]).await;
    world.fail(&one[0]).await;
    let page = browser.get("/").await.ok();
    page.says("1 target needs you One post, on acme/long/main.");
    world.broker.cut(true);
    let away = browser.get("/").await.ok();
    away.says("The broker does not answer, and 1 target needs you One post, on acme/long/main.");
    world.broker.cut(false);
    page.says("Meanwhile Nothing on long went out that was due since 2026-06-01 13:00:00Z; 1 on other channels did.");
    page.says("Look first at The post: what it says, its media;");
    page.says("The platform refused the content");
    page.says("Whose fault the post itself");
    page.says("The platform said \"we do not take that\" (HTTP 422, code bad_words)");
    page.says("Newest publish now of all that is out");
    world.fail(&two[0]).await;
    browser.get("/").await.ok().says("2 targets need you Only account acme/long/main.");
    world.doubt(&one[1]).await;
    let page = browser.get("/").await.ok();
    page.says("3 targets need you");
    page.says("By 2 causes.");
    for path in [PAGE, "/guide?group=OP-2001%2Fpost%2Fbad_words", "/jobs/new?group=OP-2001%2Fpost%2Fbad_words#discard"]
    {
        assert!(page.text.contains(&format!("href=\"{path}\"")), "{path}: {}", page.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cause_has_a_page_of_its_own_with_its_targets() {
    let world = world();
    let (_, one) = world.accepted(&message("one")).await;
    let (_, two) = world.accepted(&message("two")).await;
    world.at_due_time().await;
    world.fail(&one[0]).await;
    world.fail(&two[0]).await;
    world.doubt(&one[1]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get(PAGE).await.ok();
    page.says("The platform refused the content 2 targets");
    page.says("hello from one");
    page.says("Retry selected…");
    assert_eq!(page.text.matches("type=\"checkbox\"").count(), 2);
    assert!(page.text.contains(&one[0]) && page.text.contains(&two[0]) && !page.text.contains(&one[1]));
    let doubt = browser.get("/causes?group=OP-4001%2Fpost%2Fbad_words").await.ok();
    doubt.says("These may be out. Open each, look on the platform, and record what you saw");
    doubt.is_silent_of("type=\"checkbox\"");
    let part = browser.get(&format!("{PAGE}&account=acme/short/main")).await.ok();
    part.says("Nothing of this cause needs you Only account acme/short/main.");
    browser.get("/causes?group=OP-9999%2Fpost%2F-").await.ok().says("no target is on the list for");
    assert_eq!(browser.get("/causes").await.status, 400);
    assert_eq!(browser.get(&format!("{PAGE}&channel=lnog")).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_cause_is_taken_given_and_let_go() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    let mut olga = Browser::with(&world, OPERATOR).await;
    let mut night = Browser::with(&world, OPERATING).await;
    let group = ("group", CAUSE);
    let page = olga.fill("/", "/assign", &[group, ("back", "/")]).await.ok();
    page.says("You have it now. Everybody sees that.");
    page.says("olga has it, since now");
    page.says("Let it go");
    let page = night.get("/").await.ok();
    page.says("olga has it");
    page.says("Take it over from olga");
    page.is_silent_of("I take it");
    let page = night.fill("/", "/assign", &[group, ("back", "/")]).await.ok();
    page.says("Not done. olga has it since 2026-06-01 13:00:00Z.");
    let to = [group, ("to", "ann"), ("comment", "<b>on it</b>"), ("instead_of", "olga"), ("back", PAGE)];
    let page = night.fill("/", "/assign", &to).await.ok();
    page.says("ann has it now. Nobody but this console has told them.");
    page.says("ann has it, since now , given by night: <b>on it</b>");
    page.is_silent_of("<b>on it</b>");
    night.get(&format!("/targets/{}", targets[0])).await.ok().says("ann has it");
    let page = night.fill(PAGE, "/release", &[group, ("back", "https://evil.example/")]).await.ok();
    page.says("ann does not have it any more: it is free.");
    page.says("1 target needs you");
    let page = night.fill("/", "/assign", &[("target", &targets[0]), ("back", PAGE)]).await.ok();
    page.says("You have it now.");
    let own = format!("/targets/{}", targets[0]);
    let page = night.fill(&own, "/release", &[("target", &targets[0]), ("back", &own)]).await.ok();
    page.says("night does not have it any more");
    assert_eq!(world.state(&targets[0]).await, domain::State::Failed, "nothing about delivery was changed");
}

#[tokio::test(start_paused = true)]
async fn notes_are_left_where_they_are_read_and_removed() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    browser.get("/notes").await.ok().says("Nobody has left a note.");
    let note = [("on", "account:acme/long/main"), ("text", "<i>Ann</i> wakes at nine"), ("back", "/")];
    let page = browser.fill("/", "/notes", &note).await.ok();
    page.says("Noted on account:acme/long/main. Whoever meets it next reads it.");
    page.says("<i>Ann</i> wakes at nine olga, now , on account:acme/long/main");
    page.is_silent_of("<i>Ann</i>");
    for path in [PAGE, "/accounts/acme/long/main", "/notes?kind=account", "/notes?on=account:acme/long/main"] {
        browser.get(path).await.ok().says("<i>Ann</i> wakes at nine");
    }
    browser.get("/notes?kind=channel").await.ok().says("No note fits.");
    let until = [("on", "channel:long"), ("text", "slow"), ("until", "2026-06-01T13:30"), ("back", "/channels")];
    browser
        .fill("/channels", "/notes", &until)
        .await
        .ok()
        .says("slow olga, now , on channel:long , forgotten in 30 min");
    for (field, value) in [("until", "tomorrow"), ("on", "channel:lnog"), ("text", " ")] {
        let mut wrong = until.to_vec();
        wrong.retain(|(name, _)| *name != field);
        wrong.push((field, value));
        browser.fill("/channels", "/notes", &wrong).await.ok().says("Not done.");
    }
    let mut acme = Browser::with(&world, ACME).await;
    let page = acme.get("/notes").await.ok();
    page.says("wakes at nine");
    page.is_silent_of("channel:long");
    let at = page.text.find("action=\"/notes/").unwrap() + "action=\"".len();
    let remove = page.text[at..].split('"').next().unwrap().to_owned();
    acme.fill("/notes", &remove, &[("back", "/notes")])
        .await
        .ok()
        .says("The note on account:acme/long/main is removed.");
    acme.get("/notes").await.ok().is_silent_of("wakes at nine");
    acme.fill("/notes", &remove, &[("back", "/notes")]).await.ok().says("Not done.");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_in_time_is_on_the_first_screen() {
    let world = world();
    let mut late = message("late");
    late["deadline"] = serde_json::json!("2026-06-01T13:30:00Z");
    let (_, targets) = world.accepted(&late).await;
    world.runtime.sleep(std::time::Duration::from_secs(2 * 3600)).await;
    for target in &targets {
        world.apply(target, domain::Command::Wake).await;
    }
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/").await.ok();
    page.says("Not sent in time, since yesterday");
    assert!(targets.iter().all(|target| page.text.contains(&format!("/targets/{target}"))), "{}", page.words());
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_takes_nothing_for_now_is_on_the_first_screen_and_on_channels() {
    let world = world();
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    world.publish(&targets[1]).await;
    try_once(&world, &targets[0]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/").await.ok();
    page.says("Nothing needs you");
    page.says("Being retried 1 next try in");
    page.says("Overdue 0");
    page.says("1 on Long 1 account The platform could not be reached (\"connection refused\") OP-3001");
    page.says("fault of the platform");
    let page = browser.get("/channels").await.ok();
    page.says("Long long open 0 1 1 0 s");
    page.says("Short short open 0 0 1 on time");
    // After twelve minutes of that it is late, though its next try is not due.
    let (mut passed, step) = (0, 240);
    while passed < 720 {
        world.runtime.sleep(Duration::from_secs(step)).await;
        try_once(&world, &targets[0]).await;
        passed += step;
    }
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    let page = browser.get("/").await.ok();
    page.says("Nothing needs you, but 1 target is late");
    page.says("Overdue 1 oldest 12 min ago ; put off: 1");
    page.says("Given up");
    browser.get("/channels").await.ok().says("12 min");
    browser.get("/forecast").await.ok().says("It is being retried: The platform could not be reached");
    world.runtime.sleep(Duration::from_secs(step)).await;
    world.publish(&targets[0]).await;
    let page = browser.get("/").await.ok();
    page.says("Being retried 0 nothing waits for another try");
    page.is_silent_of("Given up");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_some_time_old_says_so() {
    let world = world();
    world.accepted(&message("one")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/").await.ok();
    page.says("Next 24 h 2 targets go out Will fail");
    page.is_silent_of("as of");
    world.runtime.sleep(Duration::from_secs(40)).await;
    let page = browser.get("/").await.ok();
    page.says("Next 24 h 2 targets go out as of 40 s ago");
    page.says("Will fail 0 nothing at risk as of 40 s ago");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_an_account_that_is_not_well_is_ended_under_a_cover_wherever_it_is_shown() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    let attempt = world.begin(&targets[0]).await;
    let revoked = domain::Failure {
        code: domain::Code::TOKEN_REVOKED,
        scope: domain::Scope::Account,
        worth: domain::Worth::AfterFix { fix: domain::Fix::Reconnect },
        ..unreachable()
    };
    world.finish(&targets[0], attempt, domain::Outcome::Failed(revoked)).await;
    let by_hand = serde_json::json!({ "scope": "channel:short", "reason": "legal" });
    world.post("/v1/pauses", &by_hand).await.ok(201);
    let mut browser = Browser::with(&world, OPERATOR).await;
    for path in ["/", "/channels"] {
        let page = browser.get(path).await.ok();
        let (machines, hand) = (card(&page, "account:acme/long/main"), card(&page, "channel:short"));
        assert!(machines.contains("Resume all the same…"), "{path}: {machines}");
        assert!(!hand.contains("Resume all the same…") && hand.contains("Resume channel:short"), "{path}: {hand}");
    }
    let page = browser.get("/accounts/acme/long/main").await.ok();
    assert!(card(&page, "account:acme/long/main").contains("Resume all the same…"), "{}", page.words());
}

/// The card of a pause.
fn card<'p>(page: &'p Page, scope: &str) -> &'p str {
    let cards = page.text.split("card pause").skip(1);
    let of_it = |card: &&str| card.contains(&format!("<strong>{scope}</strong>"));
    cards
        .into_iter()
        .find(of_it)
        .map(|card| card.split("</div>").next().unwrap())
        .unwrap_or_else(|| panic!("{}", page.words()))
}
