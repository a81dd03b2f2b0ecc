//! What a script of cues does, on the barest platform.

mod http;

use std::time::Duration;

use http::{get, http, ok, send};
use oncepost_testkit::{Answer, Board, Cue, End, Fake};
use reqwest::Response;
use serde_json::{Value, json};

async fn post(fake: &Fake<Board>, text: &str) -> reqwest::Result<Response> {
    http().post(format!("{}/posts", fake.url())).json(&json!({"text": text, "account": "alice"})).send().await
}

#[tokio::test]
async fn without_cues_every_call_makes_a_post() {
    let fake = Fake::<Board>::start().await;
    let (a, b) = (ok(post(&fake, "one").await, 200).await, ok(post(&fake, "one").await, 200).await);
    assert_ne!(a["id"], b["id"]);
    assert_eq!((fake.posts().len(), fake.duplicates().len(), fake.count_of("on")), (2, 1, 2));
    let calls = fake.publish_calls();
    assert_eq!((calls[0].digest == calls[1].digest, &calls[1].made), (true, &b["id"].as_str().map(str::to_owned)));
}

#[tokio::test]
async fn a_refusal_commits_nothing_and_a_lie_commits() {
    let fake = Fake::<Board>::start().await;
    fake.cue(Cue::refuse(403, &json!({"error": "no"})));
    fake.cue(Cue::say(504, &json!({"error": "late"})));
    fake.cue(Cue::new(End::Outage));
    fake.cue(Cue::new(End::Malformed));
    fake.cue(Cue::new(End::RateLimit { seconds: 7 }));
    assert_eq!(ok(post(&fake, "refused").await, 403).await["error"], "no");
    ok(post(&fake, "lied").await, 504).await;
    let page = ok(post(&fake, "outage").await, 503).await;
    assert!(page.as_str().is_some_and(|html| html.starts_with("<!DOCTYPE html>")));
    let half = ok(post(&fake, "half").await, 200).await;
    assert!(half.is_string(), "not JSON: {half}");
    assert_eq!(post(&fake, "limited").await.expect("an answer").headers()["retry-after"], "7");
    let texts: Vec<_> = fake.posts().into_iter().map(|post| post.text).collect();
    assert_eq!(texts, ["lied", "half"]);
}

#[tokio::test]
async fn a_connection_can_be_cut_before_and_after_the_work() {
    let fake = Fake::<Board>::start().await;
    for reset in [false, true] {
        fake.cue(Cue { reset, ..Cue::new(End::CutBefore) });
        fake.cue(Cue { reset, ..Cue::new(End::CutAfter) });
        for text in ["before", "after"] {
            let error = post(&fake, text).await.expect_err("a cut");
            assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
        }
    }
    assert_eq!((fake.count_of("before"), fake.count_of("after")), (0, 2));
    let calls = fake.calls();
    let did: Vec<_> = calls.iter().map(|call| (call.did.as_str(), call.status, call.made.is_some())).collect();
    assert_eq!(did[..2], [("cut_before", None, false), ("cut_after", None, true)]);
}

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "the call is to be dropped in the middle")]
async fn work_goes_on_when_the_caller_has_given_up() {
    let fake = Fake::<Board>::start().await;
    fake.cue(Cue { hold_before: true, ..Cue::default() });
    let call = tokio::spawn({
        let url = format!("{}/posts", fake.url());
        async move { http().post(url).json(&json!({"text": "late", "account": "alice"})).send().await }
    });
    fake.until(|stage| stage.calls().len() == 1).await;
    call.abort();
    assert!(call.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(fake.count_of("late"), 0);
    fake.release();
    fake.until(|stage| stage.count_of("late") == 1).await;
}

#[tokio::test]
async fn slowness_before_and_after_the_work_shows_in_the_truth() {
    let fake = Fake::<Board>::start().await;
    fake.cue(Cue::default().slow_before(Duration::from_millis(150)));
    fake.cue(Cue { hold_after: true, ..Cue::default() });
    let begun = std::time::Instant::now();
    ok(post(&fake, "slow").await, 200).await;
    assert!(begun.elapsed() >= Duration::from_millis(150));
    let held = async {
        fake.until(|stage| stage.count_of("held") == 1).await;
        assert_eq!(fake.calls()[1].did, "working");
        fake.release();
    };
    let (answer, ()) = tokio::join!(post(&fake, "held"), held);
    ok(answer, 200).await;
}

#[tokio::test]
async fn cues_pick_their_calls() {
    let fake = Fake::<Board>::start().await;
    fake.cue(Cue::refuse(418, &json!({})).saying("tea").nth(2));
    fake.cue(Cue::refuse(451, &json!({})).of("bob").always());
    fake.cue(Cue::refuse(500, &json!({})).on("GET", "/posts").times(2));
    let texts = ["tea 1", "coffee", "tea 2", "tea 3"];
    let mut statuses = Vec::new();
    for text in texts {
        statuses.push(post(&fake, text).await.expect("an answer").status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 418, 200]);
    let url = format!("{}/posts", fake.url());
    for _ in 0..3 {
        send(&url, &json!({"text": "x", "account": "bob"}), 451).await;
    }
    for status in [500, 500, 200] {
        get(&format!("{url}?account=alice"), status).await;
    }
}

#[tokio::test]
async fn chance_follows_its_seed() {
    let run = async |seed| {
        let fake = Fake::<Board>::start().await;
        fake.seed(seed);
        fake.cue(Cue::refuse(500, &json!({})).chance(0.5));
        for n in 0..40 {
            post(&fake, &n.to_string()).await.expect("an answer");
        }
        fake.posts().into_iter().map(|post| post.text).collect::<Vec<_>>()
    };
    let (one, same, other) = (run(1).await, run(1).await, run(2).await);
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert!((5..35).contains(&one.len()));
}

#[tokio::test]
async fn a_dark_platform_refuses_connections_and_comes_back_on_its_port() {
    let fake = Fake::<Board>::start().await;
    let client = http();
    let call = || client.post(format!("{}/posts", fake.url())).json(&json!({"text": "x", "account": "a"})).send();
    ok(call().await, 200).await;
    for _ in 0..3 {
        fake.go_dark().await;
        let error = call().await.expect_err("nobody there");
        assert!(error.is_connect(), "{error:?}");
        fake.come_back().expect("the port is ours");
        ok(call().await, 200).await;
    }
    assert_eq!(fake.posts().len(), 4);
}

#[tokio::test]
async fn a_late_listing_hides_what_is_there() {
    let fake = Fake::<Board>::start().await;
    fake.cue(Cue::default().list_late(Duration::from_secs(20)));
    ok(post(&fake, "shy").await, 200).await;
    ok(post(&fake, "bold").await, 200).await;
    let list = format!("{}/posts?account=alice", fake.url());
    let listed = async || get(&list, 200).await.as_array().map(Vec::len);
    assert_eq!((listed().await, fake.posts().len()), (Some(1), 2));
    fake.advance(Duration::from_secs(20));
    assert_eq!(listed().await, Some(2));
}

#[tokio::test]
async fn everything_can_be_done_over_the_control_interface() {
    let fake = Fake::<Board>::start().await;
    let control = |path: &str| format!("{}/_control/{path}", fake.url());
    let cue = json!({"text": "x", "end": {"say": {"status": 500, "body": "oops"}}, "list_late_ms": 5000});
    send(&control("cues"), &json!([cue, {"end": "cut_after"}]), 200).await;
    ok(post(&fake, "x").await, 500).await;
    post(&fake, "y").await.expect_err("a cut");
    assert_eq!(get(&control("count?marker=y"), 200).await["count"], 1);
    assert_eq!(get(&control("posts"), 200).await.as_array().map(Vec::len), Some(2));
    assert_eq!(get(&control("duplicates"), 200).await, json!([]));
    assert_eq!(get(&control("calls"), 200).await[1]["did"], "cut_after");

    let before = fake.now();
    send(&control("advance"), &json!({"seconds": 3600}), 200).await;
    assert!(fake.now().duration_since(before).as_secs() >= 3600);
    send(&control("cues"), &json!({"end": "outage", "always": true}), 200).await;
    ok(http().delete(control("cues")).send().await, 200).await;
    ok(post(&fake, "z").await, 200).await;
    let wrong = send(&control("cues"), &json!({"ende": "outage"}), 400).await;
    assert!(wrong["error"].as_str().is_some_and(|error| error.contains("ende")));

    send(&control("outage"), &json!({"for_ms": 500}), 200).await;
    let mut refused = false;
    loop {
        match post(&fake, "back").await {
            Ok(_) if refused => break,
            Ok(_) => {}
            Err(_) => refused = true,
        }
    }
}

#[tokio::test]
async fn knobs_are_turned_by_name() {
    let fake = Fake::<oncepost_testkit::Mastodon>::start().await;
    let knobs = format!("{}/_control/knobs", fake.url());
    send(&knobs, &json!({"max_characters": 5}), 200).await;
    let shown = get(&knobs, 200).await;
    assert_eq!((&shown["max_characters"], &shown["processing_ms"]), (&json!(5), &json!(0)));
    send(&knobs, &json!({"max_charakters": 5}), 400).await;
    send(&knobs, &json!({"max_characters": "many"}), 400).await;
    assert_eq!(get(&knobs, 200).await, shown);
}

#[tokio::test]
async fn a_token_ends_and_works_again_by_two_calls_that_all_fakes_have() {
    let fake = Fake::<oncepost_testkit::Mastodon>::start().await;
    let control = |path: &str| format!("{}/_control/{path}", fake.url());
    let status = async || {
        let request = reqwest::Client::new().get(format!("{}/api/v1/accounts/verify_credentials", fake.url()));
        let request = request.bearer_auth(oncepost_testkit::Mastodon::token("main"));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status().await, 200);
    send(&control("expire"), &json!({"account": "main"}), 200).await;
    assert_eq!(status().await, 401);
    fake.platform().revoke("main");
    send(&control("restore"), &json!({"account": "main"}), 200).await;
    assert_eq!(status().await, 200);
    send(&control("restore"), &json!({}), 400).await;
}

#[test]
fn a_cue_that_holds_nonsense_says_so() {
    use axum::response::IntoResponse;
    let answer = Answer { status: 9999, ..Answer::json(200, &Value::Null) };
    assert_eq!(answer.into_response().status(), 501);
}
