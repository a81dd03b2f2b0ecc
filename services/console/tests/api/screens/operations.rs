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
async fn platforms_are_asked_about_all_doubts_of_a_cause() {
    let world = world();
    let mut doubted = Vec::new();
    for key in ["one", "two"] {
        doubted.push(world.accepted(&message(key)).await.1.swap_remove(0));
    }
    world.at_due_time().await;
    for target in &doubted {
        world.doubt(target).await;
    }
    world.runtime.sleep(std::time::Duration::from_secs(60)).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let cause = browser.get("/causes?group=OP-4001%2Fpost%2Fbad_words").await.ok();
    cause.says("These may be out.");
    cause.says("Look again…");
    let plan = plan_of(&mut browser).await;
    let page = browser.get(&plan).await.ok();
    page.says("Long is asked whether they are there.");
    page.says("Have the platforms asked about 2 targets");
    let group = page.field("group");
    let page = browser.fill(&plan, "/jobs", &[("action", "look"), ("group", &group), ("rate", "5")]).await.ok();
    page.says("The job is begun: 2 targets go.");
    page.says("look 2 targets running");
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

#[tokio::test(start_paused = true)]
async fn what_is_ticked_among_the_posts_is_moved_after_a_look_at_the_plan() {
    let world = world();
    let (post, targets) = world.accepted(&message("waits")).await;
    let (other, _) = world.accepted(&message("too")).await;
    world.carries_on_jobs("console");
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/posts").await.ok();
    page.says("Retry, move or cancel selected…");
    page.says("All that wait… All that need a person…");
    assert!(page.text.contains(&format!("name=\"post\" value=\"{post}\"")), "{}", page.text);
    let chosen = format!("/jobs/new?of=either&post={post}&post={other}");
    let page = browser.get(&chosen).await.ok();
    page.says("4 targets at once");
    page.says("0 of 4 go , 4 held back.");
    page.says("Publish at another time");
    let plan = format!("{chosen}&by=2h");
    let page = browser.get(&plan).await.ok();
    page.says("Publish 2h later 4 of 4 go .");
    let id = page.field("id");
    let fields =
        [("action", "shift"), ("by", "2h"), ("of", "either"), ("post", &*post), ("post", &*other), ("id", &*id)];
    let first = browser.fill(&plan, "/jobs", &fields).await.ok();
    first.says("The job is begun: 4 targets go.");
    first.says("shift 4 targets");
    world.runtime.sleep(std::time::Duration::from_secs(10)).await;
    browser.fill(&plan, "/jobs", &fields).await.ok().says("shift 4 targets done");
    let moved = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!(moved["due_at"], "2026-06-01T15:00:00Z", "pressed twice it is moved once");
    let passed = browser.get(&format!("{chosen}&by=-9h")).await.ok();
    passed.says("0 of 4 go , 4 held back.");
    passed.says("their new time would have passed already");
    let wrong = browser.get(&format!("{chosen}&by=soon")).await;
    assert_eq!(wrong.status, 422);
    wrong.says("is no span such as 2h");
}

#[tokio::test(start_paused = true)]
async fn all_of_a_week_is_cancelled_with_a_reason() {
    let world = world();
    let (_, targets) = world.accepted(&message("waits")).await;
    world.carries_on_jobs("console");
    let mut browser = Browser::with(&world, OPERATOR).await;
    browser.get("/schedule").await.ok().says("Move or cancel selected… All of these, on every page…");
    let page = browser.get("/schedule?view=week").await.ok();
    page.says("Move or cancel all that is due this week…");
    let at = page.text.find("/jobs/new?of=waiting").unwrap();
    let plan = page.text[at..].split('"').next().unwrap().replace("&amp;", "&");
    let page = browser.get(&plan).await.ok();
    page.says("2 targets at once due from 2026-06-01T00:00:00Z due before 2026-06-08T00:00:00Z");
    let (from, until) = (page.field("from"), page.field("until"));
    let fields = [("action", "cancel"), ("of", "waiting"), ("from", &*from), ("until", &*until)];
    browser.fill(&plan, "/jobs", &fields).await.ok().says("Not done. $.reason is missing");
    let fields = [&fields[..], &[("reason", "the campaign is over")]].concat();
    browser.fill(&plan, "/jobs", &fields).await.ok().says("The job is begun: 2 targets go.");
    world.runtime.sleep(std::time::Duration::from_secs(10)).await;
    assert_eq!(world.state(&targets[1]).await, domain::State::Cancelled);
    assert_eq!(browser.get("/jobs/new?of=either").await.status, 422, "nothing is ticked");
}

#[tokio::test(start_paused = true)]
async fn targets_of_a_post_are_given_another_text_and_what_was_typed_is_not_lost() {
    let world = world();
    let targets = failed(&world, &["one"]).await;
    let post = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200)["post"].as_str().unwrap().to_owned();
    let mut browser = Browser::with(&world, OPERATOR).await;
    browser.get(&format!("/posts/{post}")).await.ok().says("Edit selected…");
    let form = format!("/posts/{post}/edit?target={}", targets[0]);
    let page = browser.get(&form).await.ok();
    page.says("Another text for 1 target");
    page.says("It says the new text, and is tried again at once.");
    let long = "typed ".repeat(30);
    let fields = [("target", &*targets[0]), ("text", &*long), ("revision", "1")];
    let page = browser.fill(&form, &format!("/posts/{post}/edit"), &fields).await.ok();
    page.says("Not done.");
    page.says(long.trim());
    let fields = [("target", &*targets[0]), ("text", "better"), ("revision", "1")];
    browser.fill(&form, &format!("/posts/{post}/edit"), &fields).await.ok().says("1 target changed.");
    assert_eq!(world.state(&targets[0]).await, domain::State::Scheduled);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_is_offered_nothing_that_it_may_not() {
    let world = world();
    let (post, _) = world.accepted(&message("waits")).await;
    let mut browser = Browser::with(&world, crate::world::VIEWER).await;
    for path in ["/posts".to_owned(), "/schedule".into(), "/schedule?view=week".into(), format!("/posts/{post}")] {
        let page = browser.get(&path).await.ok();
        page.is_silent_of("/jobs/new?");
        page.is_silent_of("selected…");
        page.is_silent_of("type=\"checkbox\"");
    }
}

#[tokio::test(start_paused = true)]
async fn the_system_screen_begins_with_who_is_missing() {
    let world = world();
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/system").await.ok();
    page.says("System No scheduler is known to run: nothing goes out");
    page.says("Redis (guard) cannot tell no process has said how it finds it");
    page.says("None has said that it lives.");
    let mut bound = Browser::with(&world, OTHER).await;
    bound.get("/system").await.ok().is_silent_of("Heard of");
}
