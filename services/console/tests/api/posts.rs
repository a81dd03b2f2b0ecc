//! Posts coming in, and being read.

use std::time::Duration;

use oncepost_console::ConsoleOptions;
use serde_json::{Value, json};

use crate::world::{OPERATOR, memory, message, world, world_with};

#[tokio::test(start_paused = true)]
async fn an_accepted_post_is_answered_with_its_targets_and_place() {
    let world = world();
    let reply = world.post("/v1/posts", &message("key")).await;
    let answer = reply.ok(202);
    assert_eq!(reply.headers["location"], format!("/v1/posts/{}", answer["post"].as_str().unwrap()));
    assert_eq!(reply.headers.get("idempotent-replay"), None);
    insta::assert_json_snapshot!("accepted", answer);
    let post = world.get(&reply.headers["location"]).await.ok(200);
    insta::assert_json_snapshot!("post", post);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_gets_the_first_answer_again() {
    let world = world();
    let first = world.post("/v1/posts", &message("key")).await.ok(202);
    let again = world.post("/v1/posts", &message("key")).await;
    assert_eq!(again.ok(200), first);
    assert_eq!(again.headers["idempotent-replay"], "true");
    assert_eq!(world.get("/v1/posts").await.ok(200)["posts"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_for_another_body_is_a_conflict() {
    let world = world();
    let (post, _) = world.accepted(&message("key")).await;
    let mut other = message("key");
    other["content"]["text"] = json!("something else");
    let problem = world.post("/v1/posts", &other).await.problem(409);
    assert_eq!((&problem["code"], &problem["post"]), (&json!("OP-1011"), &json!(post)));
    assert_eq!(problem["type"], "/v1/errors/OP-1011");
}

#[tokio::test(start_paused = true)]
async fn e07_every_problem_is_told_at_once_and_the_dry_run_tells_the_same() {
    let world = world();
    let mut wrong = message("");
    wrong["content"]["text"] = json!("x".repeat(200));
    wrong["targets"][1]["account"] = json!("nobody");
    wrong["publish_at"] = json!("2026-06-01T13:00:00");
    let problem = world.post("/v1/posts", &wrong).await.problem(422);
    insta::assert_json_snapshot!("refused", problem, { ".**.remedy" => "[remedy]" });
    assert_eq!(world.post("/v1/posts:validate", &wrong).await.problem(422), problem);
    assert_eq!(world.get("/v1/posts").await.ok(200), json!({ "posts": [] }));
}

/// S04: the date that is checked is the date that was sent.
#[tokio::test(start_paused = true)]
async fn s04_a_valid_future_date_is_taken_checked_and_kept() {
    let world = world();
    for (n, (sent, kept)) in [
        ("2026-06-01T12:00:01Z", "2026-06-01T12:00:01Z"),
        ("2026-06-01T22:30:00-04:00", "2026-06-02T02:30:00Z"),
        ("2027-02-28T23:59:59.5+05:30", "2027-02-28T18:29:59.5Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut dated = message(&format!("key-{n}"));
        dated["publish_at"] = json!(sent);
        assert_eq!(world.post("/v1/posts:validate", &dated).await.ok(200)["targets"][0]["due_at"], kept);
        let (post, _) = world.accepted(&dated).await;
        let stored = world.get(&format!("/v1/posts/{post}")).await.ok(200);
        assert_eq!(stored["targets"][0]["due_at"], kept);
        assert_eq!(stored["targets"][0]["next_at"], kept);
    }
    let mut local = message("local");
    local["targets"][1]["publish_at"] = json!({ "local": "2026-06-02T09:00:00", "zone": "Asia/Kolkata" });
    let (post, _) = world.accepted(&local).await;
    let stored = world.get(&format!("/v1/posts/{post}")).await.ok(200);
    assert_eq!(stored["targets"][0]["due_at"], "2026-06-01T13:00:00Z", "the post's time");
    assert_eq!(stored["targets"][1]["due_at"], "2026-06-02T03:30:00Z", "the target's own time");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_stores_nothing() {
    let world = world();
    let checked = world.post("/v1/posts:validate", &message("key")).await.ok(200);
    assert_eq!(checked["would_be_accepted"], true);
    assert_eq!(world.get("/v1/posts").await.ok(200), json!({ "posts": [] }));
}

#[tokio::test(start_paused = true)]
async fn malformed_and_overlong_bodies_have_statuses_of_their_own() {
    let (runtime, ledger) = memory();
    let options = ConsoleOptions { body_limit: 300, batch_limit: 1000, ..ConsoleOptions::default() };
    let world = world_with(runtime, ledger, options);
    let send = |path: &'static str, body: String| world.send(None, "POST", path, body);
    assert_eq!(send("/v1/posts", "{".into()).await.problem(400)["code"], "OP-1001");
    assert_eq!(send("/v1/posts", "[]".into()).await.problem(400)["code"], "OP-1001");
    let mut long = message("key");
    long["content"]["text"] = json!("x".repeat(400));
    assert_eq!(send("/v1/posts", long.to_string()).await.problem(413)["code"], "OP-1016");
    assert_eq!(send("/v1/posts:batch", json!([message("a"), message("b")]).to_string()).await.status, 202);
    assert_eq!(send("/v1/posts:batch", "x".repeat(1001)).await.problem(413)["code"], "OP-1016");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_answered_item_by_item_with_an_honest_status() {
    let world = world();
    let good = json!([message("a"), message("b")]).to_string();
    let batch = |body: String| world.send(Some(OPERATOR), "POST", "/v1/posts:batch", body);
    let first = batch(good.clone()).await.ok(202);
    assert_eq!((&first["accepted"], &first["repeated"], &first["refused"]), (&json!(2), &json!(0), &json!(0)));
    assert_eq!(batch(good).await.ok(200)["repeated"], 2);
    let mut conflict = message("b");
    conflict["content"]["text"] = json!("other");
    let lines = format!("{}\n{{}}\nnonsense\n\n{conflict}\n{}\n", message("a"), message("c"));
    let mixed = batch(lines).await.ok(207);
    let statuses: Vec<_> =
        mixed["items"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 422, 400, 409, 202]);
    assert_eq!(mixed["items"][0]["answer"]["post"], first["items"][0]["answer"]["post"]);
    assert_eq!(mixed["items"][3]["problem"]["code"], "OP-1011");
    assert_eq!(batch("[{}]".into()).await.ok(422)["refused"], 1);
    assert_eq!(batch("[]".into()).await.problem(400)["code"], "OP-1001");
}

#[tokio::test(start_paused = true)]
async fn posts_are_found_by_key_and_listed_page_by_page() {
    let world = world();
    let (post, _) = world.accepted(&message("campaign/7 ü")).await;
    for n in 0..4 {
        // Of posts that are accepted in the same millisecond none is the newer one.
        world.runtime.sleep(Duration::from_millis(1)).await;
        world.accepted(&message(&format!("key-{n}"))).await;
    }
    let found = world.get("/v1/posts/by-key/acme/campaign%2F7%20%C3%BC").await.ok(200);
    assert_eq!(found["id"], post);
    for missing in ["/v1/posts/by-key/acme/nothing", "/v1/posts/by-key/no%20tenant/key", "/v1/posts/x"] {
        assert_eq!(world.get(missing).await.problem(404)["code"], "OP-1019");
    }
    let mut keys = Vec::new();
    let mut path = "/v1/posts?limit=2".to_owned();
    loop {
        let page = world.get(&path).await.ok(200);
        keys.extend(page["posts"].as_array().unwrap().iter().map(|post| post["key"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/posts?limit=2&after={next}");
    }
    assert_eq!(keys, ["key-3", "key-2", "key-1", "key-0", "campaign/7 ü"]);
    let listed = |query: &'static str| {
        let world = &world;
        async move { world.get(&format!("/v1/posts?{query}")).await.ok(200)["posts"].clone() }
    };
    assert_eq!(listed("state=published").await, json!([]));
    assert_eq!(listed("tenant=acme&state=scheduled&limit=1").await[0]["states"], json!({ "scheduled": 2 }));
}

#[tokio::test(start_paused = true)]
async fn posts_are_searched_for_by_what_they_say() {
    let world = world();
    for (key, text) in [("a", "We open on Sunday"), ("b", "Closed on Sunday"), ("c", "We open on Monday")] {
        let mut message = message(key);
        message["content"]["text"] = json!(text);
        world.accepted(&message).await;
        world.runtime.sleep(Duration::from_secs(60)).await;
    }
    let found = async |query: &str| {
        let page = world.get(&format!("/v1/posts?{query}")).await.ok(200);
        let keys = page["posts"].as_array().unwrap().iter().map(|post| post["key"].as_str().unwrap().to_owned());
        (keys.collect::<Vec<_>>(), page["next"].clone(), page["searched_to"].clone())
    };
    assert_eq!(found("q=sunday+OPEN").await, (vec!["a".into()], json!(null), json!(null)), "all was searched");
    assert_eq!(found("q=closed&state=published").await.0, Vec::<String>::new());
    assert_eq!(found("q=+").await.0, ["c", "b", "a"], "no word is no search");
    let (first, next, searched_to) = found("q=open&limit=1").await;
    assert_eq!((first, searched_to), (vec!["c".into()], json!("2026-06-01T12:02:00Z")));
    assert_eq!(found(&format!("q=open&limit=1&after={}", next.as_str().unwrap())).await.0, ["a"]);
    assert_eq!(found("limit=1").await.2, json!(null), "a list that is not searched says nothing of it");
    let long = "x".repeat(101);
    for query in ["q=a+b+c+d+e+f+g+h+i".to_owned(), format!("q={long}")] {
        let problem = world.get(&format!("/v1/posts?{query}")).await.problem(400);
        assert_eq!(problem["code"], "OP-1003", "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_that_makes_no_sense_is_refused_not_ignored() {
    let world = world();
    for query in ["state=gone", "limit=many", "chanel=long", "channel=NO", "channel=nowhere"] {
        let problem: Value = world.get(&format!("/v1/posts?{query}")).await.problem(400);
        assert_eq!(problem["code"], "OP-1003", "{query}");
    }
}
