//! Screens for many targets at once, for what was found outside, for letters, figures and the record of changes.

use domain::TargetId;
use ledger::{IncidentKind, NewIncident, Place};

use super::Browser;
use crate::world::{ACME, OPERATOR, OTHER, World, message, world};

async fn failed(world: &World, keys: &[&str]) -> Vec<String> {
    let mut failed = Vec::new();
    for key in keys {
        let (_, targets) = world.accepted(&message(key)).await;
        failed.push(targets);
    }
    world.at_due_time().await;
    for targets in &failed {
        world.fail(&targets[0]).await;
    }
    failed.concat()
}

/// The address of the plan for the first cause on the first screen.
async fn plan_of(browser: &mut Browser<'_>) -> String {
    let page = browser.get("/").await.ok();
    let at = page.text.find("/jobs/new?group=").expect("the first screen leads to the plan");
    page.text[at..].split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test(start_paused = true)]
async fn a_cause_is_tried_again_as_a_job_after_a_look_at_its_plan() {
    let world = world();
    let targets = failed(&world, &["one", "two"]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let plan = plan_of(&mut browser).await;
    let page = browser.get(&plan).await.ok();
    page.says("2 targets at once");
    page.says("2 of 2 go");
    assert!(page.text.contains("name=\"group\""), "what is selected goes with the form");
    let group = page.field("group");
    let fields = [("action", "retry"), ("group", &*group), ("rate", "5"), ("abort", "50"), ("reason", "key renewed")];
    let page = browser.fill(&plan, "/jobs", &fields).await.ok();
    page.says("The job is begun: 2 targets go.");
    page.says("retry 2 targets running");
    page.says("Why key renewed");
    assert!(targets.iter().step_by(2).all(|target| page.text.contains(target.as_str())));
    browser.get("/jobs").await.ok().says("retry 2 targets key renewed");
    let stop = page
        .text
        .split("action=\"")
        .find(|rest| rest.contains("/stop\""))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let of = stop.trim_end_matches("/stop").to_owned();
    browser.fill(&of, &stop, &[]).await.ok().says("The job is stopped. 0 targets were changed.");
    let page = browser.get("/audit-log").await.ok();
    page.says("stop job");
    page.says("key renewed");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_go_is_no_job_and_the_page_says_why() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    world.doubt(&targets[1]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let plan = plan_of(&mut browser).await;
    let page = browser.get(&plan).await.ok();
    page.says("0 of 1 go , 1 held back.");
    assert!(!page.text.contains("Try 1 target again"));
    let asked = [("action", "retry"), ("group", "OP-4001/post/bad_words")];
    browser.fill("/channels", "/jobs", &asked).await.ok().says("Not done.");
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_closed_with_what_was_done_and_is_nobody_elses() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    let target: TargetId = targets[0].parse().unwrap();
    let found = NewIncident {
        kind: IncidentKind::Duplicate,
        target,
        place: Place {
            tenant: "acme".parse().unwrap(),
            channel: "long".parse().unwrap(),
            account: "main".parse().unwrap(),
        },
        subject: "1".into(),
        what: "It is there <twice>.".into(),
        evidence: serde_json::json!({}),
    };
    let incident = world.incidents.report(vec![found]).await.unwrap().remove(0);
    let mut other = Browser::with(&world, OTHER).await;
    other.get("/incidents").await.ok().is_silent_of("It is there");
    let mut browser = Browser::with(&world, ACME).await;
    let page = browser.get("/incidents").await.ok();
    page.says("It is there <twice>.");
    page.is_silent_of("<twice>");
    let close = format!("/incidents/{}/close", incident.id);
    let page = browser.fill("/incidents", &close, &[("note", "taken down by hand")]).await.ok();
    page.says("The incident is closed");
    page.says("None is on record.");
    browser.get("/incidents?state=closed").await.ok().says("taken down by hand");
    browser.get("/scorecard").await.ok().says("Duplicates found 1");
}

#[tokio::test(start_paused = true)]
async fn letters_are_told_by_channel_and_looked_through_when_asked() {
    let world = world();
    let mut browser = Browser::with(&world, OPERATOR).await;
    browser.get("/dead-letters").await.ok().says("No letter is in any queue, and no target needs one");
    failed(&world, &["one"]).await;
    browser.get("/dead-letters").await.ok().says("Need a person");
    let page = browser.get("/dead-letters?channel=long").await.ok();
    page.says("Letters of long");
    // What concerns all tenants is not for those of one.
    let mut bound = Browser::with(&world, ACME).await;
    assert_eq!(bound.get("/dead-letters").await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_scorecard_leads_to_the_rows_behind_its_figures_and_can_be_taken_away() {
    let world = world();
    failed(&world, &["one"]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/scorecard").await.ok();
    page.says("2026-W23 , so far");
    page.says("Why people were needed");
    assert!(page.text.contains("/scorecard/targets?figure=failed"));
    browser
        .get("/scorecard/targets?figure=failed&channel=long")
        .await
        .ok()
        .says("Targets that were in need of a person");
    let file = browser.get("/scorecard/written?format=csv").await.ok();
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").contains("reliability-2026-W23.csv"));
    assert_eq!(browser.get("/scorecard?week=next").await.status, 400);
}
