//! The screen for hooks: put in, looked at, sent again, switched off, removed; and by whom.

use std::{sync::Arc, time::Duration};

use ledger::{AfterAttempt, AttemptMade, Deliveries, DeliveryAttempt, Ledger, MemoryLedger};

use super::Browser;
use crate::world::{ACME, OPERATING, OPERATOR, OTHER, VIEWER, World, foreign, memory, message, world, world_on};

const URL: &str = "https://crm.example/in/quite-private";

/// A hook of acme's, by its form; the page that shows its secret.
async fn put(browser: &mut Browser<'_>) -> super::Page {
    let fields =
        [("name", "crm"), ("url", URL), ("tenant", "acme"), ("event", "post.accepted"), ("event", "target.failed")];
    browser.fill("/hooks", "/hooks", &fields).await
}

/// Has an event sent to the hook, which answers so.
async fn answered(world: &World, ledger: &MemoryLedger, key: &str, status: u16, then: AfterAttempt) -> String {
    world.accepted(&message(key)).await;
    let told: Vec<_> = ledger.untold(Duration::ZERO, 100).await.unwrap().iter().map(|event| event.id).collect();
    ledger.told(&told).await.unwrap();
    let event = ledger.take_deliveries("crm", 1, Duration::from_secs(60)).await.unwrap()[0].event.id;
    let why = (status != 200).then(|| format!("HTTP {status}: <maintenance>"));
    let attempt = DeliveryAttempt { number: 1, at: world.runtime.now(), millis: 41, status: Some(status), why };
    ledger.attempt_made(AttemptMade { hook: "crm".into(), event, attempt, then }).await.unwrap();
    event.to_string()
}

fn world_and_ledger() -> (World, Arc<MemoryLedger>) {
    let (runtime, ledger) = memory();
    (world_on(runtime, ledger.clone()), ledger)
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_put_in_with_a_secret_that_is_shown_once() {
    let world = world();
    let mut browser = Browser::with(&world, OPERATOR).await;
    browser.get("/hooks").await.ok().says("There is no hook");
    let page = put(&mut browser).await.ok();
    page.says("The hook crm is put in");
    page.says("shown only here");
    let secret = page.text.split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() > 30, "{secret}");
    let page = browser.get("/hooks").await.ok();
    page.says("crm crm.example");
    page.is_silent_of("quite-private");
    let page = browser.get("/hooks/crm").await.ok();
    page.says("Told of post.accepted, target.failed");
    page.says("Nothing was sent yet.");
    page.is_silent_of(&secret[6..]);
    let twin = put(&mut browser).await.ok();
    twin.says("There is a hook crm already.");
    let bad = [("name", "other"), ("url", "https://10.0.0.7/"), ("tenant", "")];
    browser.fill("/hooks", "/hooks", &bad).await.ok().says("hooks.allow_hosts");
    let page = browser.get("/audit-log").await.ok();
    page.says("put hook");
    page.is_silent_of(&secret[6..]);
}

#[tokio::test(start_paused = true)]
async fn its_log_tells_what_was_answered_and_what_was_given_up_is_sent_again() {
    let (world, ledger) = world_and_ledger();
    let mut browser = Browser::with(&world, OPERATOR).await;
    put(&mut browser).await.ok();
    let event = answered(&world, &ledger, "one", 503, AfterAttempt::GivenUp).await;
    let page = browser.get("/hooks").await.ok();
    page.says("not taken");
    page.says("HTTP 503: <maintenance>");
    page.is_silent_of("<maintenance>");
    let page = browser.get("/hooks/crm").await.ok();
    page.says("post.accepted");
    page.says("given up 1 attempt");
    page.says("Given up 1");
    assert!(page.text.contains(&event));
    browser.get("/hooks/crm?state=delivered").await.ok().says("No delivery fits.");
    browser.get("/hooks/crm?state=given_up").await.ok().says("given up 1 attempt");
    let page = browser.get("/hooks/crm?state=nonsense").await.ok();
    page.says("Cannot tell what was sent.");
    let page = browser.fill("/hooks/crm", "/hooks/crm/replay", &[("event", &*event)]).await.ok();
    page.says("1 event is sent again.");
    page.says("waiting 1 attempt");
    answered(&world, &ledger, "two", 200, AfterAttempt::Delivered).await;
    let window = |since: &'static str, zone: &'static str, state: &'static str| {
        [("since", since), ("zone", zone), ("state", state)]
    };
    // Noon in the world is two in the afternoon in Berlin.
    let page =
        browser.fill("/hooks/crm", "/hooks/crm/replay", &window("2026-06-01T15:00", "Europe/Berlin", "all")).await;
    page.ok().says("There is nothing of that time and kind");
    let page = browser
        .fill("/hooks/crm", "/hooks/crm/replay", &window("2026-06-01T13:00", "Europe/Berlin", "delivered"))
        .await;
    page.ok().says("1 event is sent again.");
    let page = browser.fill("/hooks/crm", "/hooks/crm/replay", &window("2026-06-01T13:00", "Nowhere", "all")).await;
    page.ok().says("That is no time in that zone.");
}

#[tokio::test(start_paused = true)]
async fn it_is_changed_switched_off_and_on_and_removed() {
    let world = world();
    let mut browser = Browser::with(&world, OPERATOR).await;
    put(&mut browser).await.ok();
    let page = browser.fill("/hooks/crm", "/hooks/crm/switch", &[("to", "off")]).await.ok();
    page.says("The hook crm is switched off.");
    page.says("what happens meanwhile is not kept for it");
    assert!(!page.text.contains("/hooks/crm/replay"), "nothing would be sent");
    let fields = [("url", "https://crm.example/new"), ("tenant", "acme"), ("event", "target.failed")];
    let page = browser.fill("/hooks/crm", "/hooks/crm/change", &fields).await.ok();
    page.says("The hook crm is changed.");
    page.says("Switched off");
    page.says("Told of target.failed");
    let page = browser.fill("/hooks/crm", "/hooks/crm/switch", &[("to", "on")]).await.ok();
    page.says("The hook crm is switched on.");
    page.says("Told of target.failed");
    assert!(page.text.contains("https://crm.example/new"));
    let fields = [("url", "https://crm.example/new"), ("tenant", "acme"), ("new_secret", "yes")];
    browser.fill("/hooks/crm", "/hooks/crm/change", &fields).await.ok().says("The secret of crm");
    let page = browser.fill("/hooks/crm", "/hooks/crm/remove", &[("sure", "cmr")]).await.ok();
    page.says("Nothing was changed.");
    let page = browser.fill("/hooks/crm", "/hooks/crm/remove", &[("sure", "crm")]).await.ok();
    page.says("The hook crm is removed, with the record of 0 deliveries.");
    assert_eq!(browser.get("/hooks/crm").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_has_no_button_and_no_form_gets_past_that() {
    let (world, ledger) = world_and_ledger();
    let mut admin = Browser::with(&world, OPERATOR).await;
    put(&mut admin).await.ok();
    answered(&world, &ledger, "one", 503, AfterAttempt::GivenUp).await;
    let forms = ["action=\"/hooks\"", "/hooks/crm/change", "/hooks/crm/switch", "/hooks/crm/remove"];
    for (token, replays) in [(VIEWER, false), (OPERATING, true)] {
        let mut browser = Browser::with(&world, token).await;
        let text = browser.get("/hooks").await.ok().text + &browser.get("/hooks/crm").await.ok().text;
        // The filter is no form of those.
        let text = text.replace("<form class=\"filter\" action=\"/hooks/crm\"", "");
        for form in forms {
            assert!(!text.contains(form), "{form}");
        }
        assert_eq!(text.contains("/hooks/crm/replay"), replays);
        assert!(!text.contains("quite-private"), "of the address the host");
        for (form, fields) in [("switch", [("to", "off")]), ("remove", [("sure", "crm")]), ("change", [("url", URL)])] {
            let page = browser.fill("/hooks", &format!("/hooks/crm/{form}"), &fields).await.ok();
            page.says("takes the role admin");
        }
    }
    let mut viewer = Browser::with(&world, VIEWER).await;
    let page = viewer.fill("/hooks", "/hooks/crm/replay", &[("since", "2026-06-01T00:00"), ("zone", "UTC")]).await.ok();
    page.says("takes the role operator");
    admin.get("/hooks/crm").await.ok().says("crm on");
    // Without the stamp of a page of this session nothing is done.
    let refused = admin.send("POST", "/hooks/crm/remove", &[("sure", "crm")]).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_sees_its_own_hooks_and_no_others() {
    let (world, ledger) = world_and_ledger();
    let mut acme = Browser::with(&world, ACME).await;
    acme.fill("/hooks", "/hooks", &[("name", "crm"), ("url", URL)]).await.ok().says("The hook crm is put in");
    world.accepted(&foreign("theirs")).await;
    answered(&world, &ledger, "ours", 200, AfterAttempt::Delivered).await;
    let page = acme.get("/hooks/crm").await.ok();
    page.says("delivered 1 attempt");
    page.says("Tenant acme");
    let mut other = Browser::with(&world, OTHER).await;
    other.get("/hooks").await.ok().is_silent_of("crm.example");
    assert_eq!(other.get("/hooks/crm").await.status, 404);
    let taken = other.fill("/hooks", "/hooks", &[("name", "crm"), ("url", URL)]).await.ok();
    taken.says("The name crm is taken");
}
