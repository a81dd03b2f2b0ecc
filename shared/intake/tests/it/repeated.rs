//! Idempotency: the same key gives the first answer, whatever happened since.

use std::time::Duration;

use oncepost_intake::Verdict;
use serde_json::json;
use uuid::Uuid;

use crate::world::{answer, message, told, world};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(start_paused = true)]
async fn the_same_request_gets_the_first_answer_and_is_stored_once() {
    let world = world();
    let first = world.accept(&message("k")).await;
    world.later(DAY / 48).await;
    let again = world.accept(&message("k")).await;
    assert!(matches!(again, Verdict::Same { .. }));
    assert_eq!(answer(&again), answer(&first));
    let (Verdict::New { event: one, .. }, Verdict::Same { event: two, .. }) = (&first, &again) else { panic!() };
    assert_eq!(one.id, two.id, "the event told again can be recognised");
    assert_eq!(world.ledger.targets().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_is_recognised_however_it_is_written_down() {
    let world = world();
    world.accept(&message("k")).await;
    let mut again = message("k");
    again["publish_at"] = json!("2026-06-01T15:00:00+02:00");
    again["new_field"] = json!(1);
    again["traceparent"] = json!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert!(matches!(world.accept(&again).await, Verdict::Same { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_repeat_that_would_be_refused_now_still_gets_the_first_answer() {
    let world = world();
    let first = world.accept(&message("k")).await;
    world.later(DAY * 3).await;
    assert_eq!(told(&world.accept(&message("fresh")).await), [("$.publish_at".into(), "OP-1008".into())]);
    assert_eq!(answer(&world.accept(&message("k")).await), answer(&first));

    let mut other = message("k");
    other["content"]["text"] = json!("other");
    let verdict = world.accept(&other).await;
    assert_eq!(answer(&verdict)["status"], "conflict");
    assert_eq!(world.ledger.targets().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_for_another_request_is_a_conflict_that_names_the_post() {
    let world = world();
    let first = world.accept(&message("k")).await;
    let mut other = message("k");
    other["publish_at"] = json!("2026-06-01T14:00:00Z");
    let verdict = world.accept(&other).await;
    let answer = answer(&verdict);
    assert_eq!(answer["status"], "conflict");
    assert_eq!(answer["post"], json!(first.post().unwrap()));
    assert_eq!(told(&verdict), [("$.idempotency_key".into(), "OP-1011".into())]);
}

#[tokio::test(start_paused = true)]
async fn keys_count_within_a_tenant() {
    let world = world();
    world.accept(&message("k")).await;
    let mut theirs = message("k");
    theirs["tenant"] = json!("other");
    theirs["targets"][0]["account"] = json!("theirs");
    assert!(matches!(world.accept(&theirs).await, Verdict::New { .. }));
}

#[tokio::test(start_paused = true)]
async fn repeats_and_conflicts_within_one_batch_are_seen() {
    let world = world();
    let mut other = message("k");
    other["content"]["text"] = json!("other");
    let verdicts = world.accept_all(&[message("k"), message("k"), other, message("l")]).await;
    let status: Vec<_> = verdicts.iter().map(|verdict| answer(verdict)["status"].clone()).collect();
    assert_eq!(status, ["accepted", "accepted", "conflict", "accepted"]);
    assert_eq!(verdicts[0].post(), verdicts[1].post());
    assert_eq!(world.ledger.targets().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_chosen_id_is_kept_and_belongs_to_one_post() {
    let world = world();
    let id = Uuid::from_u128(42);
    let chosen = |key: &str| {
        let mut message = message(key);
        message["post"] = json!(id);
        message
    };
    let first = world.accept(&chosen("k")).await;
    assert_eq!(first.post().unwrap().0, id);
    assert_eq!(answer(&world.accept(&chosen("k")).await), answer(&first));
    assert_eq!(told(&world.accept(&chosen("l")).await), [("$.post".into(), "OP-1003".into())]);
    // Within one batch as well.
    let mut batch = [chosen("m"), chosen("n")];
    for message in &mut batch {
        message["post"] = json!(Uuid::from_u128(43));
    }
    let verdicts = world.accept_all(&batch).await;
    assert!(matches!(verdicts[..], [Verdict::New { .. }, Verdict::Refused { .. }]), "{verdicts:?}");
}
