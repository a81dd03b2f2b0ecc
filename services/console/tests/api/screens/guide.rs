//! The guided playbook, step by step.

use domain::TargetId;
use ledger::{IncidentKind, NewIncident, Place};

use super::Browser;
use crate::world::{OPERATOR, VIEWER, World, message, world};

const CAUSE: &str = "OP-2001/post/bad_words";

fn step(n: u8) -> String {
    format!("/guide?group=OP-2001%2Fpost%2Fbad_words&step={n}")
}

async fn failed(world: &World) -> Vec<String> {
    let mut failed = Vec::new();
    for key in ["one", "two"] {
        let (_, targets) = world.accepted(&message(key)).await;
        failed.push(targets[0].clone());
    }
    world.at_due_time().await;
    for target in &failed {
        world.fail(target).await;
    }
    failed
}

#[tokio::test(start_paused = true)]
async fn a_cause_is_led_through_all_five_steps() {
    let world = world();
    let targets = failed(&world).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/guide?group=OP-2001%2Fpost%2Fbad_words").await.ok();
    page.says("1. What is it? Only account acme/long/main.");
    page.says("Look first at What these posts have in common: their words, their links, their media.");
    page.says("Next: mend the cause");
    let page = browser.get(&step(2)).await.ok();
    page.says("2. Mend the cause What to do");
    page.says("acme/long/main");
    page.says("Ask the platform now");
    page.says("not asked since it failed acme/long/main");
    page.says("Not known: acme/long/main was not asked since this failed last.");
    page.says("Pause account:acme/long/main…");
    let hold = [("scope", "account:acme/long/main"), ("reason", "being mended"), ("back", &step(2))];
    let page = browser.fill(&step(2), "/pause", &hold).await.ok();
    page.says("What waits is held already.");
    browser.fill(&step(2), "/resume", &[hold[0], hold[2]]).await.ok().says("is resumed");
    let page = browser.get(&step(3)).await.ok();
    page.says("Nothing is changed by this page.");
    page.says("2 of 2 go");
    let page = browser.get(&step(4)).await.ok();
    page.says("Try it again: 2 targets, but for what is held back");
    let go = [("action", "retry"), ("group", CAUSE), ("guide", "yes"), ("reason", "other words")];
    let page = browser.fill(&step(4), "/jobs", &go).await.ok();
    page.says("The job is begun: 2 targets go.");
    page.says("4. Go");
    page.says("Stands running Changed 0");
    browser.get(&step(4)).await.ok().says("It is under way already: olga began a job for 2 targets.");
    world.carries_on_jobs("api-1");
    world.runtime.sleep(std::time::Duration::from_secs(10)).await;
    assert_eq!(world.state(&targets[0]).await, domain::State::Scheduled);
    let page = browser.get(&step(3)).await.ok();
    page.says("Nothing of this cause needs you any more");
    page.says("No target is on the list for it");
    let page = browser.get(&step(5)).await.ok();
    page.says("5. Leave word");
    assert!(page.text.contains("value=\"The platform refused the content: mended by \""), "{}", page.text);
    let note = [("on", "cause:OP-2001/post/bad_words"), ("text", "Ann has the list of words"), ("back", &step(5))];
    browser.fill(&step(5), "/notes", &note).await.ok().says("Noted on cause:OP-2001/post/bad_words.");
    assert_eq!(browser.get("/guide").await.status, 400);
    browser.get(&step(9)).await.ok().says("1. What is it?");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_not_well_is_told_before_a_retry() {
    let world = world();
    failed(&world).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let account = "/accounts/acme/long/main";
    browser.fill(account, &format!("{account}/disable"), &[("reason", "sold")]).await.ok();
    let page = browser.get(&step(2)).await.ok();
    page.says("Switched off sold, by olga");
    page.says("Not yet: acme/long/main cannot publish.");
    let page = browser.get(&step(3)).await.ok();
    page.says("0 of 2 go , 2 held back.");
    page.says("Nothing would go.");
    let check = [("back", step(2))];
    let check: Vec<_> = check.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = browser.fill(&step(2), &format!("{account}/check"), &check).await.ok();
    page.says("2. Mend the cause");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_out_is_looked_at_and_not_retried() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    world.doubt(&targets[1]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let of = |n: u8| format!("/guide?group=OP-4001%2Fpost%2Fbad_words&step={n}");
    let page = browser.get(&of(2)).await.ok();
    page.says("Some may be out already.");
    page.is_silent_of("Make a link to reconnect");
    browser.get("/accounts/acme/short/main").await.ok().is_silent_of("Make a link to reconnect");
    browser.get("/accounts/acme/long/main").await.ok().says("Make a link to reconnect");
    assert!(page.text.contains(&format!("href=\"/targets/{}\"", targets[1])));
    browser.get(&of(3)).await.ok().says("0 of 1 go , 1 held back.");
}

#[tokio::test(start_paused = true)]
async fn whoever_may_only_look_is_led_as_well_and_shown_no_form() {
    let world = world();
    failed(&world).await;
    let mut browser = Browser::with(&world, VIEWER).await;
    for n in 1..=5 {
        let page = browser.get(&step(n)).await.ok();
        let forms = page.text.matches("method=\"post\"").count();
        assert_eq!(forms, 1, "step {n} has only the form that logs out: {}", page.text);
    }
    browser.get(&step(3)).await.ok().says("To plan and begin a retry takes the role operator");
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_led_through_by_its_kind() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    world.publish(&targets[0]).await;
    let target: TargetId = targets[0].parse().unwrap();
    let place =
        Place { tenant: "acme".parse().unwrap(), channel: "long".parse().unwrap(), account: "main".parse().unwrap() };
    let found = |kind, subject: &str| NewIncident {
        kind,
        target,
        place: place.clone(),
        subject: subject.into(),
        what: "It is there <twice>.".into(),
        evidence: serde_json::json!({ "here": [{ "url": "https://posts.example/2" }], "bad": "javascript:alert(1)" }),
    };
    let all = vec![found(IncidentKind::Duplicate, "1"), found(IncidentKind::Vanished, "2")];
    let incidents = world.incidents.report(all).await.unwrap();
    let mut browser = Browser::with(&world, OPERATOR).await;
    let of = |incident: usize, n: u8| format!("/guide?incident={}&step={n}", incidents[incident].id);
    assert!(browser.get("/incidents").await.ok().text.contains(&format!("/guide?incident={}", incidents[0].id)));
    let page = browser.get(&of(0, 1)).await.ok();
    page.says("A post that is there twice open");
    page.says("It is there <twice>.");
    page.says("No: 1 other is open, 1 of them on long, 1 on this account.");
    assert!(page.text.contains("href=\"https://posts.example/2\""));
    page.is_silent_of("href=\"javascript:");
    browser.get(&of(0, 2)).await.ok().says("take the younger one down on the platform");
    browser.get(&of(1, 2)).await.ok().says("Ask the account's owner whether they took it down.");
    browser.get(&of(1, 3)).await.ok().says("schedule it again as a post of its own, under a new key");
    let look = [("account", "acme/long/main"), ("incident", &incidents[0].id.to_string()), ("back", &of(0, 4))];
    let page = browser.fill(&of(0, 4), "/guide/look", &look).await.ok();
    page.says("4. Go");
    page.says("Not done.");
    let close = format!("/incidents/{}/close", incidents[0].id);
    browser.fill(&of(0, 5), &close, &[("note", "taken down")]).await.ok().says("The incident is closed");
    browser.get(&of(0, 5)).await.ok().says("It is closed by olga: taken down . Found again it stays closed.");
    assert_eq!(browser.get("/guide?incident=nonsense").await.status, 404);
}
