//! What forms do, without scripts.

use domain::State;
use serde_json::json;

use super::Browser;
use crate::{
    processes::{beat, beats},
    world::{OPERATOR, World, message, world},
};

async fn failed_and_doubtful(world: &World, key: &str) -> (String, Vec<String>) {
    let (post, targets) = world.accepted(&message(key)).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.doubt(&targets[1]).await;
    (post, targets)
}

#[tokio::test(start_paused = true)]
async fn no_form_is_taken_but_from_our_own_pages() {
    let world = world();
    let (post, targets) = failed_and_doubtful(&world, "key").await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let stamp = browser.get("/posts").await.ok().field("stamp");
    let target = |what: &str| format!("/targets/{}/{what}", targets[0]);
    let forms = [
        target("retry"),
        target("cancel"),
        target("reschedule"),
        target("published"),
        target("send-again"),
        format!("/posts/{post}/cancel"),
        "/pause".into(),
        "/resume".into(),
        "/retry".into(),
        "/jobs".into(),
        "/assign".into(),
        "/release".into(),
        "/notes".into(),
        format!("/notes/{post}/remove"),
        "/guide/look".into(),
        format!("/posts/{post}/edit"),
        format!("/jobs/{post}/stop"),
        format!("/incidents/{post}/close"),
        "/system".into(),
        "/logout".into(),
        "/accounts/acme/long/main/disable".into(),
    ];
    for form in &forms {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8380.evil.example"] {
            browser.origin = Some(origin.into());
            let page = browser.send("POST", form, &[("stamp", &stamp)]).await;
            assert_eq!(page.status, 403, "{form} from {origin}");
        }
        browser.origin = Some(format!("http://{}", super::HOST));
        for wrong in [&[][..], &[("stamp", "")], &[("stamp", "guessed")]] {
            let page = browser.send("POST", form, wrong).await;
            assert_eq!(page.status, 403, "{form}");
            page.says("Nothing was changed.");
        }
        let cookies = std::mem::take(&mut browser.cookies);
        assert_eq!(browser.send("POST", form, &[("stamp", &stamp)]).await.status, 401, "{form} without a session");
        browser.cookies = cookies;
    }
    assert_eq!(world.state(&targets[0]).await, State::Failed, "nothing was changed");
    let mut other = Browser::with(&world, OPERATOR).await;
    let page = other.send("POST", &forms[0], &[("stamp", &stamp)]).await;
    assert_eq!(page.status, 403, "another session's stamp, of the same token");
}

#[tokio::test(start_paused = true)]
async fn a_target_is_retried_after_it_was_told_what_happens() {
    let world = world();
    let (_, targets) = failed_and_doubtful(&world, "key").await;
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let path = format!("/targets/{}", targets[0]);
    browser.get(&path).await.ok().says("It is sent again right away. It is surely not out, so nothing is sent twice.");
    let page = browser.fill(&path, &format!("{path}/retry"), &[]).await.ok();
    page.says("It is sent again right away.");
    assert_eq!(world.state(&targets[0]).await, State::Scheduled);
    let stamp = page.field("stamp");
    browser.get(&path).await.ok().is_silent_of("note done");
    let again = browser.send("POST", &format!("{path}/retry"), &[("stamp", &stamp)]).await;
    assert_eq!(again.status, 303);
    browser.get(&path).await.ok().says("Not done.");
}

#[tokio::test(start_paused = true)]
async fn several_are_planned_before_any_goes_and_what_may_be_out_is_held_back() {
    let world = world();
    let (_, targets) = failed_and_doubtful(&world, "key").await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let plan = format!("/retry?target={}&target={}", targets[0], targets[1]);
    let page = browser.get(&plan).await.ok();
    page.says("1 will go , 1 is held back");
    page.says("It may be out already.");
    assert_eq!(world.state(&targets[0]).await, State::Failed, "a plan changes nothing");
    let both = [("target", targets[0].as_str()), ("target", targets[1].as_str())];
    let page = browser.fill(&plan, "/retry", &both).await.ok();
    page.says("1 target is tried again. 1 other refused");
    assert_eq!(world.state(&targets[0]).await, State::Scheduled);
    assert_eq!(world.state(&targets[1]).await, State::InDoubt, "a form that was made by hand is refused as well");
    assert_eq!(browser.get("/retry").await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_settled_by_proof_or_by_typing_that_one_is_sure() {
    let world = world();
    let (_, targets) = failed_and_doubtful(&world, "key").await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let path = format!("/targets/{}", targets[1]);
    let page = browser.get(&path).await.ok();
    page.says("This can make a duplicate.");
    page.says("Did it go out? not known");
    page.is_silent_of("Retry now");
    for typed in ["", "yes", "send"] {
        let page = browser.fill(&path, &format!("{path}/send-again"), &[("sure", typed), ("attempt", "1")]).await.ok();
        page.says("Not done.");
        assert_eq!(world.state(&targets[1]).await, State::InDoubt);
    }
    let page = browser.fill(&path, &format!("{path}/published"), &[("url", "javascript:alert(1)")]).await.ok();
    page.says("Not done.");
    // Whose post that is, its address does not tell: somebody has to say it.
    let url = ("url", "https://posts.example/in/acme/77");
    let page = browser.fill(&path, &format!("{path}/published"), &[url]).await.ok();
    page.says("Not done.");
    page.says("I have seen there that it is a post of acme/short/main");
    assert_eq!(world.state(&targets[1]).await, State::InDoubt);
    let page = browser.fill(&path, &format!("{path}/published"), &[url, ("of_account", "yes")]).await.ok();
    page.says("It is recorded as published.");
    assert!(page.text.contains("href=\"https://posts.example/in/acme/77\""), "{}", page.text);
    let (_, more) = failed_and_doubtful(&world, "another").await;
    let path = format!("/targets/{}", more[1]);
    let page =
        browser.fill(&path, &format!("{path}/send-again"), &[("sure", " Send Again "), ("attempt", "1")]).await.ok();
    page.says("It is sent again.");
    assert_eq!(world.state(&more[1]).await, State::Scheduled);
}

#[tokio::test(start_paused = true)]
async fn a_target_is_rescheduled_in_a_zone_and_cancelled() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let path = format!("/targets/{}", targets[0]);
    let to = |due: &'static str, zone: &'static str, revision: &'static str| {
        [("due", due), ("zone", zone), ("revision", revision), ("deadline", "2026-06-03T09:00")]
    };
    let fill = |fields: [(&'static str, &'static str); 4], post: String| {
        let mut all = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        all.push(("post".into(), post));
        all
    };
    for (fields, told) in [
        (to("2026-06-02T09:00", "Europe/Nowhere", "1"), "Not done."),
        (to("2026-06-02T09:00", "Europe/Berlin", "9"), "Not done."),
        (to("2026-06-02T09:00", "Europe/Berlin", "1"), "Tue 02 Jun 2026, 07:00:00 UTC"),
    ] {
        let all = fill(fields, post.clone());
        let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.fill(&path, &format!("{path}/reschedule"), &all).await.ok().says(told);
    }
    let shown = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!(
        (&shown["due_at"], &shown["deadline"]),
        (&json!("2026-06-02T07:00:00Z"), &json!("2026-06-03T07:00:00Z"))
    );
    browser.fill(&path, &format!("{path}/cancel"), &[]).await.ok().says("It is cancelled and does not go out.");
    assert_eq!(world.state(&targets[0]).await, State::Cancelled);
    let page = format!("/posts/{post}");
    let cancel = [("revision", "2")];
    browser.fill(&page, &format!("{page}/cancel"), &cancel).await.ok().says("1 target cancelled.");
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_says_why_and_is_resumed() {
    let world = world();
    world.accepted(&message("key")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let ask = [("scope", "channel:long"), ("reason", "<b>legal</b> asked"), ("back", "/channels")];
    let page = browser.fill("/channels", "/pause", &ask).await.ok();
    page.says("channel:long is paused: <b>legal</b> asked");
    page.says("by olga");
    page.is_silent_of("<b>legal</b>");
    browser.get("/").await.ok().says("Pauses in force");
    let slip = [("scope", "channel:lnog"), ("reason", "x"), ("back", "https://evil.example/")];
    let page = browser.fill("/channels", "/pause", &slip).await.ok();
    page.says("there is no channel lnog");
    let page = browser.fill("/", "/resume", &[("scope", "channel:long"), ("back", "/")]).await.ok();
    page.says("channel:long is resumed");
}

#[tokio::test(start_paused = true)]
async fn an_account_is_asked_switched_off_and_on() {
    let world = world();
    world.accepted(&message("key")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let path = "/accounts/acme/long/main";
    let page = browser.fill(path, &format!("{path}/disable"), &[("reason", "sold")]).await.ok();
    page.says("It is switched off, and what waits for it is held.");
    page.says("Switched off sold by olga");
    browser.fill(path, &format!("{path}/disable"), &[("reason", " ")]).await.ok().says("Not done.");
    browser.fill(path, &format!("{path}/enable"), &[]).await.ok().says("It is ");
    browser.get(path).await.ok().says("Switch off…");
    browser.fill(path, &format!("{path}/link"), &[]).await.ok().says("Not done.");
    let none = browser.fill(path, &format!("{path}/explode"), &[]).await.ok();
    none.says("Not done.");
}
