//! What the screens show.

use serde_json::json;

use super::Browser;
use crate::{
    retrying::try_once,
    world::{OPERATOR, message, world},
};

const EVIL: &str = "<script>alert(1)</script>\" onmouseover=\"alert(2)";

#[tokio::test(start_paused = true)]
async fn what_should_have_gone_out_and_has_not_is_told() {
    let world = world();
    let (_, targets) = world.accepted(&message("late")).await;
    world.at_due_time().await;
    world.runtime.sleep(std::time::Duration::from_secs(301)).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/").await.ok();
    page.says("Overdue 2 oldest 5 min ago");
    page.says("See whether schedulers and workers run.");
    assert!(page.text.contains(&format!("/targets/{}", targets[0])));
    browser.get("/channels").await.ok().says("5 min 1 due");
}

#[tokio::test(start_paused = true)]
async fn a_target_answers_what_happened_whose_fault_it_is_and_whether_it_went_out() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.publish(&targets[1]).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get(&format!("/targets/{}", targets[0])).await.ok();
    page.says("State failed Did it go out? no Due now Mon 01 Jun 2026, 13:00:00 UTC");
    page.says("Whose fault the post itself");
    page.says("The platform's words HTTP 422 bad_words we do not take that");
    let (_, more) = world.accepted(&message("more")).await;
    try_once(&world, &more[0]).await;
    let own = browser.get(&format!("/targets/{}", more[0])).await.ok();
    own.says("What oncepost saw connection refused");
    own.is_silent_of("The platform's words");
    page.says("#1 Send surely not sent");
    page.says("What it says hello from key");
    let page = browser.get(&format!("/targets/{}", targets[1])).await.ok();
    page.says("Did it go out? yes");
    page.says("No retry: It is published already.");
    assert!(page.text.contains("href=\"https://example.org/1\""));
    let page = browser.get(&format!("/posts/{post}")).await.ok();
    page.says("Post partly published");
    page.says("Retry what failed…");
    assert!(page.text.contains(&format!("/retry?target={}\"", targets[0])), "what is out is not among it");
}

#[tokio::test(start_paused = true)]
async fn words_of_others_are_text() {
    let world = world();
    let mut ask = message("evil");
    ask["content"] = json!({ "text": EVIL });
    ask["idempotency_key"] = json!(EVIL);
    let (post, targets) = world.accepted(&ask).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    for path in [
        "/posts".to_owned(),
        "/schedule".to_owned(),
        "/schedule?view=week".to_owned(),
        format!("/posts/{post}"),
        format!("/targets/{}", targets[0]),
    ] {
        let page = browser.get(&path).await.ok();
        page.says("<script>alert(1)</script>");
        page.is_silent_of("<script>alert");
        page.is_silent_of("\" onmouseover=\"");
    }
    let asked: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    for path in [
        "/posts?tenant=",
        "/find?q=",
        "/schedule?zone=",
        "/schedule?account=",
        "/accounts?tenant=",
        "/login?next=",
        "/",
    ] {
        let page = browser.get(&format!("{path}{asked}")).await;
        page.is_silent_of("<script>alert");
        page.is_silent_of("\" onmouseover=\"");
    }
}

#[tokio::test(start_paused = true)]
async fn posts_are_narrowed_by_the_address_and_paged() {
    let world = world();
    for n in 0..60 {
        world.accepted(&message(&format!("key-{n:02}"))).await;
    }
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/posts").await.ok();
    assert_eq!(page.text.matches("data-row").count(), 50);
    let at = page.text.find("rel=\"next\" href=\"").unwrap() + "rel=\"next\" href=\"".len();
    let next = page.text[at..].split('"').next().unwrap().replace("&amp;", "&");
    let page = browser.get(&next).await.ok();
    assert_eq!(page.text.matches("data-row").count(), 10);
    page.says("Newest");
    let page = browser.get("/posts?channel=long&state=failed").await.ok();
    page.says("No post fits. The ledger has answered");
    page.says("Clear the filter");
    assert!(page.text.contains("value=\"failed\" selected"), "the filter stays in its form");
    assert_eq!(browser.get("/posts?state=nonsense").await.status, 400);
    browser.get("/posts?channel=lnog").await.says("is none that there is");
}

#[tokio::test(start_paused = true)]
async fn a_week_is_told_in_the_zone_that_was_asked_for() {
    let world = world();
    world.accepted(&message("key")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/schedule?view=week").await.ok();
    page.says("1 June to 7 June 2026, UTC");
    page.says("13:00 Long hello from key");
    let page = browser.get("/schedule?view=week&zone=Asia/Tokyo&from=2026-06-04").await.ok();
    page.says("1 June to 7 June 2026, Asia/Tokyo");
    page.says("22:00 Long");
    browser.get("/schedule?zone=Asia/Tokyo").await.ok().says("Mon 01 Jun, 22:00");
    let page = browser.get("/schedule?from=2026-06-02").await.ok();
    page.says("Nothing waits to go out here. The ledger has answered");
    assert_eq!(browser.get("/schedule?zone=Europe/Nowhere").await.status, 422);
    assert_eq!(browser.get("/schedule?from=tomorrow").await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn the_other_screens_answer_what_they_are_for() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    let mut browser = Browser::with(&world, OPERATOR).await;
    browser.get("/channels").await.ok().says("Long long open 0 0 none on time 0 2");
    browser.get("/accounts").await.ok().says("acme/long/main");
    browser.get("/accounts?state=restricted").await.ok().says("No account fits.");
    browser.get("/accounts/acme/long/main").await.ok().says("All clear: 1 target looked at now");
    browser.get("/forecast").await.ok().says("All clear: 2 targets looked at");
    let page = browser.get("/system").await.ok();
    page.says("Ledger answers");
    page.says("Next to go out in 60 min");
    page.says("It is made when you ask for it.");
    page.is_silent_of("Promises broken");
    let page = browser.fill("/system", "/system", &[]).await.ok();
    page.says("Promises broken none");
    page.says("long 1 scheduled");
    browser.get("/errors/OP-2101").await.ok().says("What to do");
    let codes = browser.get("/errors").await.ok();
    codes.says("OP-3001 The platform could not be reached The platform.");
    assert_eq!(codes.text.matches("href=\"/errors/OP-").count(), domain::Code::ALL.len());
    assert_eq!(browser.get("/errors/OP-9999").await.status, 404);
    for (sought, found) in [
        (targets[0].as_str(), format!("/targets/{}", targets[0])),
        ("op-2101", "/errors/OP-2101".into()),
        ("acme/long/main", "/accounts/acme/long/main".into()),
    ] {
        assert_eq!(browser.get(&format!("/find?q={sought}")).await.header("location"), found);
    }
    let by_key = browser.get("/find?q=key").await.header("location").to_owned();
    assert!(by_key.starts_with("/posts/"), "{by_key}");
    for named in ["acme/key", "acme+key"] {
        assert_eq!(browser.get(&format!("/find?q={named}")).await.header("location"), by_key, "{named}");
    }
    // What names nothing may be what a post says.
    for (sought, words) in [("hello+from", "hello+from"), ("nothing", "nothing"), ("50%25+off%21", "50%25+off%21")] {
        let found = browser.get(&format!("/find?q={sought}")).await;
        assert_eq!(found.header("location"), format!("/posts?q={words}"));
    }
    browser.get("/posts?q=hello+from").await.ok().says("hello from key");
    for none in ["OP-9999", "acme/long/nobody", "019e830e-1a00-7834-9d4e-000000000000"] {
        let found = browser.get(&format!("/find?q={none}")).await;
        assert_eq!(found.header("location"), "", "{none} leads nowhere");
        found.says("or words that posts say");
    }
    assert_eq!(browser.get("/find").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn what_a_pause_holds_is_not_late_and_hides_nothing_that_is() {
    let world = world();
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "legal" })).await.ok(201);
    for n in 0..60 {
        let (_, targets) = world.accepted(&message(&format!("key-{n:02}"))).await;
        if n > 0 {
            world.post(&format!("/v1/targets/{}/cancel", targets[0]), &json!({})).await.ok(200);
        }
    }
    world.runtime.sleep(std::time::Duration::from_secs(4_000)).await;
    let claim =
        ledger::Claim { limit: 500, ahead: std::time::Duration::ZERO, outstanding_per_channel: 500, outage: None };
    world.ledger.claim(&claim).await.unwrap();
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/").await.ok();
    page.says("Overdue 1 oldest 7 min ago");
    page.says("Long · acme/main");
}
