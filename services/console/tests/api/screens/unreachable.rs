//! Where the truth is "cannot tell", no page shows an empty list.

use super::Browser;
use crate::world::{OPERATOR, memory, message, world_on};

#[tokio::test(start_paused = true)]
async fn a_ledger_that_is_away_is_told_and_no_list_is_empty_for_it() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger.clone());
    world.accepted(&message("key")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    ledger.set_away(true);
    let page = browser.get("/").await.ok();
    page.says("It cannot be told what needs you");
    page.says("Cannot tell what needs a person.");
    page.says("Cannot tell what is overdue.");
    page.says("Cannot tell what is paused.");
    page.says("Cannot tell what is being retried.");
    page.says("Newest publish cannot tell");
    page.is_silent_of("Nothing needs you");
    for path in ["/posts", "/schedule", "/forecast", "/channels", "/accounts"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        page.says("The ledger does not answer. Asking again is safe.");
        page.says("See whether its database runs.");
        page.is_silent_of("No post");
        page.is_silent_of("Nothing waits");
        page.is_silent_of("All clear");
    }
    let page = browser.get("/system").await.ok();
    page.says("cannot tell: the ledger does not answer");
    let page = browser.fill("/system", "/system", &[]).await.ok();
    page.says("Cannot tell where all targets stand.");
    ledger.set_away(false);
    browser.get("/").await.ok().says("Nothing has failed, but no scheduler is known to run");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_is_told() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger);
    let mut browser = Browser::with(&world, OPERATOR).await;
    world.transport.close().await;
    browser.get("/channels").await.ok().says("Cannot tell how full the queues are. RabbitMQ does not answer.");
    browser.get("/system").await.ok().says("Broker does not answer");
}

/// It takes long to fail, as a server does that takes no connection, and is asked about many queues.
#[tokio::test(start_paused = true)]
async fn a_broker_that_says_nothing_is_named_within_seconds_and_the_ledger_is_shown() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger);
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    world.broker.silence(true);
    let before = world.runtime.uptime();
    browser.get("/channels").await.ok().says("Cannot tell how full the queues are. RabbitMQ does not answer.");
    let page = browser.get("/dead-letters").await.ok();
    page.says("RabbitMQ does not say what is in the queue.");
    let page = browser.get("/dead-letters?channel=long").await.ok();
    page.says(
        "RabbitMQ does not say what is in the queue of long. By the ledger, targets of it that need a person: 1.",
    );
    page.is_silent_of("database");
    let letter = world.get(&format!("/v1/dead-letters/{}", targets[0])).await.ok(200);
    assert_eq!(letter["target"]["state"], "failed", "{letter}");
    assert!(letter["unseen"].as_str().unwrap().starts_with("RabbitMQ does not answer"), "{letter}");
    let all = world.get("/v1/dead-letters").await.ok(200);
    assert_eq!(all["channels"][0]["needs_person"], 1, "{all}");
    let took = world.runtime.uptime() - before;
    assert!(took < std::time::Duration::from_secs(30), "seven answers took {took:?}");
}
