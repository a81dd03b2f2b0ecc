//! Every kind of problem, each with its place, all at once.

use std::time::Duration;

use domain::TenantId;
use oncepost_intake::{Options, Request, Verdict};
use serde_json::{Value, json};

use crate::world::{answer, message, told, world, world_with};

/// A good message with one thing changed.
fn with(pointer: &str, value: Value) -> Value {
    let mut message = message("k");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    message.pointer_mut(parent).unwrap()[name] = value;
    message
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_problem_has_its_place_and_code() {
    let world = world();
    let media = |url: &str| json!([{ "url": url }]);
    let pictures = |count: usize| json!(vec![json!({ "url": "https://cdn.example.org/a.png" }); count]);
    let table = [
        (json!([]), "$", "OP-1001"),
        (with("/version", json!(2)), "$.version", "OP-1002"),
        (with("/idempotency_key", json!("")), "$.idempotency_key", "OP-1003"),
        (with("/targets", json!([])), "$.targets", "OP-1003"),
        (with("/targets/0/channel", json!("fax")), "$.targets[0].channel", "OP-1004"),
        (with("/targets/0/account", json!("nobody")), "$.targets[0].account", "OP-1005"),
        (with("/targets/0/account", json!("theirs")), "$.targets[0].account", "OP-1005"),
        (with("/content/text", json!("x".repeat(101))), "$.content.text", "OP-1006"),
        (with("/targets/0/text", json!("x".repeat(101))), "$.targets[0].text", "OP-1006"),
        (with("/content/text", json!(" ")), "$.content.text", "OP-1007"),
        (with("/publish_at", json!("soon")), "$.publish_at", "OP-1008"),
        (with("/publish_at", json!("2026-05-31T11:59:59Z")), "$.publish_at", "OP-1008"),
        (with("/targets/0/publish_at", json!("2025-06-01T12:00:00Z")), "$.targets[0].publish_at", "OP-1008"),
        (with("/deadline", json!("2026-06-01T12:00:00Z")), "$.deadline", "OP-1009"),
        (with("/deadline", json!("2026-06-01T13:00:00Z")), "$.deadline", "OP-1009"),
        (with("/content/media", pictures(5)), "$.content.media", "OP-1012"),
        (with("/content/media", media("")), "$.content.media[0].url", "OP-1013"),
        (with("/content/media", media("ftp://example.org/a")), "$.content.media[0].url", "OP-1013"),
        (with("/content/media", media("http://127.0.0.1/a")), "$.content.media[0].url", "OP-1013"),
        (with("/content/link", json!("notaurl")), "$.content.link", "OP-1003"),
        (with("/content/link", json!("javascript:alert(1)")), "$.content.link", "OP-1003"),
        (
            with("/content/thread", json!([{ "text": "b" }, { "text": "c" }, { "text": "d" }])),
            "$.content.thread",
            "OP-1014",
        ),
        (with("/content/thread", json!([{ "text": "" }])), "$.content.thread[0].text", "OP-1007"),
        (
            with("/content/thread", json!([{ "text": "b", "media": media("x") }])),
            "$.content.thread[0].media[0].url",
            "OP-1013",
        ),
        (with("/content/settings", json!({ "visibility": "odd" })), "$.content.settings.visibility", "OP-1020"),
        (with("/targets/0/settings", json!({ "visibility": "odd" })), "$.targets[0].settings.visibility", "OP-1020"),
        (with("/content/settings", json!({ "cover": "http://10.0.0.1/a.png" })), "$.content.settings.cover", "OP-1013"),
        (
            with("/targets/0/settings", json!({ "cover": "http://localhost/a" })),
            "$.targets[0].settings.cover",
            "OP-1013",
        ),
        (with("/content/settings", json!({ "visiblity": "public" })), "$.content.settings.visiblity", "OP-1020"),
        (with("/targets/0/settings", json!({ "visiblity": "public" })), "$.targets[0].settings.visiblity", "OP-1020"),
    ];
    for (message, path, code) in table {
        let verdict = world.accept(&message).await;
        assert!(matches!(verdict, Verdict::Refused { .. }), "{message}");
        assert_eq!(told(&verdict), [(path.to_owned(), code.to_owned())], "{message}");
    }
    assert!(world.ledger.targets().is_empty(), "a refused request stores nothing");
}

#[tokio::test(start_paused = true)]
async fn all_problems_of_form_and_meaning_come_together() {
    let verdict = world()
        .accept(&json!({
            "version": 1,
            "idempotency_key": "k",
            "tenant": "acme",
            "post": 5,
            "content": { "text": "x".repeat(101), "media": [{ "url": "" }, { "url": "http://localhost/a" }] },
            "publish_at": "2026-06-01T13:00:00Z",
            "deadline": "2026-06-01T12:30:00Z",
            "targets": [
                { "channel": "long", "account": "main" },
                { "channel": "short", "account": "main", "text": "a text of its own that is too long" },
                { "channel": "fax", "account": "main", "publish_at": "2024-01-01T00:00:00Z" },
                { "channel": "long", "account": "main", "publish_at": "2026-06-01T09:00:00" },
                { "channel": "long" },
            ],
        }))
        .await;
    insta::assert_json_snapshot!(answer(&verdict));
}

#[tokio::test(start_paused = true)]
async fn the_same_account_twice_is_refused() {
    let twice =
        json!([{ "channel": "long", "account": "main" }, { "channel": "long", "account": "main", "text": "other" }]);
    let verdict = world().accept(&with("/targets", twice)).await;
    assert_eq!(told(&verdict), [("$.targets[1]".into(), "OP-1010".into())]);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_not_even_read() {
    let world = world_with(Options { max_body: 100, max_targets: 1, ..Options::default() });
    assert_eq!(told(&world.accept(&message(&"k".repeat(90))).await), [("$".into(), "OP-1016".into())]);

    let world = world_with(Options { max_targets: 1, ..Options::default() });
    let two = json!([{ "channel": "long", "account": "main" }, { "channel": "fax", "account": "main" }]);
    assert_eq!(told(&world.accept(&with("/targets", two)).await), [("$.targets".into(), "OP-1016".into())]);

    let world = world_with(Options { max_parts: 2, ..Options::default() });
    let thread = json!([{ "text": "b" }, { "media": [{ "url": "" }] }]);
    assert_eq!(
        told(&world.accept(&with("/content/thread", thread)).await),
        [("$.content.thread".into(), "OP-1014".into())]
    );

    let world = world_with(Options { max_media: 1, ..Options::default() });
    let media = json!([{ "url": "https://a.example/1" }, { "url": "https://a.example/2" }]);
    assert_eq!(
        told(&world.accept(&with("/content/media", media)).await),
        [("$.content.media".into(), "OP-1012".into())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_bound_to_a_tenant_acts_for_no_other_and_learns_nothing_of_it() {
    let world = world();
    let mut message = message("k");
    message["tenant"] = json!("other");
    message["targets"][0]["account"] = json!("no-such");
    let body = message.to_string();
    let tenant = Some(TenantId::new("acme").unwrap());
    let verdict = world.intake.accept(Request { body: body.as_bytes(), tenant, trace: None }).await.unwrap();
    assert_eq!(told(&verdict), [("$.tenant".into(), "OP-1005".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_bound_to_a_tenant_does_not_even_learn_that_anothers_key_is_taken() {
    let world = world();
    world.accept(&message("k")).await;
    let (body, tenant) = (message("k").to_string(), Some(TenantId::new("other").unwrap()));
    let verdict = world.intake.accept(Request { body: body.as_bytes(), tenant, trace: None }).await.unwrap();
    assert_eq!(told(&verdict), [("$.tenant".into(), "OP-1005".into())]);
}

#[tokio::test(start_paused = true)]
async fn one_fault_of_the_content_is_told_once_for_all_targets_of_a_channel() {
    let targets = json!([{ "channel": "long", "account": "main" }, { "channel": "long", "account": "second" }]);
    let mut message = with("/targets", targets);
    message["content"]["text"] = json!("x".repeat(101));
    assert_eq!(told(&world().accept(&message).await).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn validation_tells_the_same_and_stores_nothing() {
    let world = world();
    let body = message("k").to_string();
    let preview = world.intake.validate(&Request::new(body.as_bytes())).await.unwrap();
    assert_eq!(preview.targets[0].due_at.to_string(), "2026-06-01T13:00:00Z");
    let problems = world.intake.validate(&Request::new(b"{}")).await.unwrap_err();
    assert_eq!(problems.len(), 6);
    assert!(world.ledger.targets().is_empty());
    world.later(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_targets_share_must_be_known_to_one_of_them_and_a_targets_own_to_its_channel() {
    let world = world();
    let targets = |own| json!([{ "channel": "long", "account": "main" }, { "channel": "short", "account": "main", "settings": own }]);
    let mut message = with("/targets", targets(json!({})));
    message["content"]["settings"] = json!({ "colour": "red" });
    assert!(world.intake.validate(&Request::new(message.to_string().as_bytes())).await.is_ok(), "one of them knows it");
    message["targets"] = targets(json!({ "colour": "blue" }));
    let verdict = world.accept(&message).await;
    assert_eq!(told(&verdict), [("$.targets[1].settings.colour".into(), "OP-1020".into())]);
    message["targets"] = json!([{ "channel": "short", "account": "main" }]);
    assert_eq!(told(&world.accept(&message).await), [("$.content.settings.colour".into(), "OP-1020".into())]);
    let slip = world.accept(&with("/targets/0/settings", json!({ "visiblity": "direct" }))).await;
    let problem = &answer(&slip)["problems"][0];
    assert_eq!(problem["message"], "long: no post has a setting \"visiblity\"");
    assert_eq!(problem["remedy"], "write \"visibility\", if that is meant");
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_one_of_the_channels_cannot_fetch_is_refused_for_that_channel() {
    let world = world_with(Options { buckets: ["media".to_owned()].into(), ..Options::default() });
    let mut message = with("/content/media", json!([{ "url": "s3://media/a.png" }]));
    assert!(
        world.intake.validate(&Request::new(message.to_string().as_bytes())).await.is_ok(),
        "the long channel reads it"
    );
    message["targets"] = json!([{ "channel": "long", "account": "main" }, { "channel": "short", "account": "main" }]);
    let refused = answer(&world.accept(&message).await);
    let problem = &refused["problems"][0];
    assert_eq!((&problem["path"], &problem["code"]), (&json!("$.content.media[0].url"), &json!("OP-1013")));
    assert_eq!(problem["message"], "short: the platform cannot read the bucket");
    assert_eq!((&problem["targets"], refused["problems"].as_array().unwrap().len()), (&json!([1]), 1));

    message["content"]["media"] = json!([{ "url": "s3://other/a.png" }]);
    let told = told(&world.accept(&message).await);
    assert_eq!(told, [("$.content.media[0].url".into(), "OP-1013".into())], "a closed bucket is told once");
}
