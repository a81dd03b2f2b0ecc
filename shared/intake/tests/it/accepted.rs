//! What is accepted, when it goes out, and what it is warned of.

use contract::Answer;
use domain::{ContentHash, Draft, EventName, State};
use ledger::Ledger;
use oncepost_intake::{Options, Request, Verdict};
use serde_json::json;

use crate::world::{answer, at, message, told, world, world_with};

#[tokio::test(start_paused = true)]
async fn an_accepted_post_is_in_the_ledger_as_the_answer_says() {
    let world = world();
    let mut message = message("k");
    message["publish_at"] = json!({ "local": "2027-03-28T02:30:00", "zone": "Europe/Berlin" });
    message["deadline"] = json!("2027-03-28T12:00:00Z");
    message["content"]["settings"] = json!({ "colour": "red" });
    message["traceparent"] = json!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    message["targets"] = json!([
        { "channel": "long", "account": "main", "settings": { "colour": "blue" } },
        { "channel": "short", "account": "main", "text": "short", "publish_at": "2027-03-28T09:00:00.5+02:00" },
    ]);
    let verdict = world.accept(&message).await;
    let Verdict::New { answer: Answer::Accepted(accepted), event } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((event.name, event.post), (EventName::PostAccepted, accepted.post));
    let mut shown = answer(&verdict);
    shown["post"] = json!("[post]");
    for (at, target) in shown["targets"].as_array_mut().unwrap().iter_mut().enumerate() {
        target["target"] = json!(format!("[target {at}]"));
    }
    insta::assert_json_snapshot!(shown);

    let view = world.ledger.post(accepted.post, false).await.unwrap().unwrap();
    assert_eq!((view.key.as_str(), view.targets.len()), ("k", 2));
    for (kept, told) in view.targets.iter().zip(&accepted.targets) {
        let target = &kept.target;
        assert_eq!((target.id, target.due_at, target.deadline), (told.target, told.due_at, told.deadline));
        assert_eq!(target.state, State::Scheduled);
        assert_eq!(target.app.as_ref().unwrap().as_str(), "our-app");
        assert_eq!(target.trace.as_deref(), message["traceparent"].as_str());
        let draft = Draft::of(&view.content, &kept.changes);
        let hash = ContentHash::of(&draft, &target.tenant, &target.channel, &target.account, target.due_at);
        assert_eq!(target.hash, hash, "P7: what was approved is what the hash says");
    }
}

#[tokio::test(start_paused = true)]
async fn q04_what_was_due_a_moment_ago_is_due_now() {
    let world = world();
    let mut message = message("k");
    message["publish_at"] = json!("2026-06-01T11:59:58Z");
    let verdict = world.accept(&message).await;
    assert_eq!(told(&verdict), []);
    let Verdict::New { answer: Answer::Accepted(accepted), .. } = verdict else { panic!() };
    assert_eq!(accepted.targets[0].due_at, at("2026-06-01T12:00:00Z"));
    assert_eq!(accepted.targets[0].resolved.instant, at("2026-06-01T11:59:58Z"), "what was asked is echoed");
}

#[tokio::test(start_paused = true)]
async fn hours_late_is_accepted_with_a_warning() {
    let mut message = message("k");
    message["publish_at"] = json!("2026-05-31T12:00:00Z");
    let verdict = world().accept(&message).await;
    assert_eq!(told(&verdict), [("$.publish_at".into(), "OP-1008".into())]);
    assert_eq!(answer(&verdict)["status"], "accepted");
}

#[tokio::test(start_paused = true)]
async fn d20_the_same_text_within_the_hour_is_warned_of() {
    let world = world();
    let twin = |key: &str, time: &str| {
        let mut twin = message(key);
        twin["content"]["text"] = json!("same");
        twin["publish_at"] = json!(time);
        twin
    };
    let warned = [("$.targets[0]".to_owned(), "OP-1015".to_owned())];
    assert_eq!(told(&world.accept(&twin("a", "2026-06-01T13:00:00Z")).await), []);
    assert_eq!(told(&world.accept(&twin("b", "2026-06-01T13:59:00Z")).await), warned);
    assert_eq!(told(&world.accept(&twin("c", "2026-06-01T17:00:00Z")).await), [], "hours later is fine");
    // Twice in one batch, before either is in the ledger.
    let batch =
        [twin("d", "2026-06-02T13:00:00Z"), twin("e", "2026-06-02T13:30:00Z"), twin("f", "2026-06-02T18:00:00Z")];
    let verdicts = world.accept_all(&batch).await;
    assert_eq!(verdicts.iter().map(|verdict| told(verdict).len()).collect::<Vec<_>>(), [0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn media_on_a_private_network_are_taken_if_allowed() {
    let world = world_with(Options { allow_private: true, ..Options::default() });
    let mut message = message("k");
    message["content"]["media"] = json!([{ "url": "http://127.0.0.1:9/a.png" }]);
    assert!(matches!(world.accept(&message).await, Verdict::New { .. }));
}

#[tokio::test(start_paused = true)]
async fn the_doors_trace_is_used_if_the_message_has_none() {
    let world = world();
    let body = message("k").to_string();
    let request = Request { trace: Some("00-aa".into()), ..Request::new(body.as_bytes()) };
    world.intake.accept(request).await.unwrap();
    assert_eq!(world.ledger.targets()[0].trace.as_deref(), Some("00-aa"));
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_each_gets_its_own_verdict_in_order() {
    let world = world();
    let mut batch: Vec<_> = (0..6).map(|n| message(&format!("k{n}"))).collect();
    batch[1]["tenant"] = json!("");
    batch[4]["targets"][0]["account"] = json!("nobody");
    let status: Vec<_> =
        world.accept_all(&batch).await.iter().map(|verdict| answer(verdict)["status"].clone()).collect();
    assert_eq!(status, ["accepted", "refused", "accepted", "accepted", "refused", "accepted"]);
    assert_eq!(world.ledger.targets().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn o11_a_post_without_a_deadline_gets_the_settings_own() {
    let late = std::time::Duration::from_secs(3600);
    let world = world_with(Options { default_deadline: Some(late), ..Options::default() });
    let verdict = world.accept(&message("k")).await;
    let Verdict::New { answer: Answer::Accepted(accepted), .. } = &verdict else { panic!("{verdict:?}") };
    for target in &accepted.targets {
        assert_eq!(target.deadline, Some(target.due_at + late));
    }
}

#[tokio::test(start_paused = true)]
async fn a_field_that_is_not_known_is_ignored_and_told() {
    let mut message = message("k");
    message["targets"][0]["media"] = json!([{ "url": "https://cdn.example/a.png" }]);
    message["content"]["txet"] = json!("more");
    let verdict = world().accept(&message).await;
    assert!(matches!(verdict, Verdict::New { .. }));
    let paths: Vec<_> = told(&verdict).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["$.content.txet", "$.targets[0].media"]);
}
