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
    page.says("Newest publish cannot tell");
    page.is_silent_of("Nothing needs you");
    for path in ["/posts", "/schedule", "/forecast", "/channels", "/accounts"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        page.says("The ledger did not do what was asked");
        page.is_silent_of("No post");
        page.is_silent_of("Nothing waits");
        page.is_silent_of("All clear");
    }
    let page = browser.get("/system").await.ok();
    page.says("cannot tell: the ledger does not answer");
    let page = browser.fill("/system", "/system", &[]).await.ok();
    page.says("Cannot tell where all targets stand.");
    ledger.set_away(false);
    browser.get("/").await.ok().says("Nothing has failed, but not all are there");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_is_told() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger);
    let mut browser = Browser::with(&world, OPERATOR).await;
    world.transport.close().await;
    browser.get("/channels").await.ok().says("Cannot tell how full the queues are. The broker does not answer.");
    browser.get("/system").await.ok().says("Broker does not answer");
}
