//! What cannot be understood, between what can: refused or set aside with reasons, never lost, never in the way.

use std::{collections::BTreeMap, time::Duration};

use harness::{config::Pace, shared};
use serde_json::{Value, json};

use crate::{
    ground::{Run, message, now},
    queues::Queues,
};

/// Broken schedule messages, each with a code that must be among its reasons.
fn broken() -> BTreeMap<&'static str, (Vec<u8>, &'static str)> {
    let mut good = message(0, now());
    good["idempotency_key"] = json!("broken");
    let but = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::to_vec(&bad).unwrap()
    };
    let huge = "x".repeat(3 << 20);
    BTreeMap::from([
        ("empty", (vec![], "OP-1001")),
        ("not JSON", (b"Hello, please publish this tomorrow.".to_vec(), "OP-1001")),
        ("half", (b"{\"version\": 1, \"tenant\": \"ac".to_vec(), "OP-1001")),
        ("binary", ((0..=255).cycle().take(4096).collect(), "OP-1001")),
        ("nested", ("[".repeat(200_000).into_bytes(), "OP-1001")),
        ("not an object", (b"[1, 2, 3]".to_vec(), "OP-1001")),
        ("no version", (but(&|bad| drop(bad.as_object_mut().unwrap().remove("version"))), "OP-1002")),
        ("another version", (but(&|bad| bad["version"] = json!(2)), "OP-1002")),
        ("nothing in it", (b"{\"version\": 1}".to_vec(), "OP-1003")),
        ("wrong types", (but(&|bad| bad["content"] = json!(["text"])), "OP-1003")),
        ("no targets", (but(&|bad| bad["targets"] = json!([])), "OP-1003")),
        ("no zone", (but(&|bad| bad["publish_at"] = json!("2026-12-01T09:00:00")), "OP-1008")),
        ("unknown account", (but(&|bad| bad["targets"][0]["account"] = json!("nobody")), "OP-1005")),
        ("unknown channel", (but(&|bad| bad["targets"][0]["channel"] = json!("pigeon")), "OP-1004")),
        ("huge", (but(&|bad| bad["content"]["text"] = json!(huge)), "OP-1016")),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_request_comes_back_with_its_reasons_and_the_good_ones_between_go_out() {
    let stores = shared::stores().await.unwrap();
    let mut run = Run::new(&stores, Pace::Brisk).await.forgetful();
    run.stack.staff(1, 1).await.unwrap();
    let queues = Queues::connect(&stores.broker, &stores.prefix).await;
    let broken = broken();
    for (n, (what, (body, _))) in broken.iter().enumerate() {
        queues.send("schedule", "", body, what).await;
        queues.send("schedule", "", &serde_json::to_vec(&message(n, now())).unwrap(), "good").await;
    }
    let mut refused = BTreeMap::new();
    for taken in queues.take("schedule.rejected", broken.len()).await {
        let answer: Value = serde_json::from_slice(&taken.body).unwrap();
        refused.insert(taken.correlation.clone().unwrap(), answer);
    }
    let mut wrong = Vec::new();
    for (what, (_, code)) in &broken {
        let answer = refused.get(*what).unwrap_or_else(|| panic!("\"{what}\" did not come back"));
        let problems = answer["problems"].as_array().unwrap();
        if !problems.iter().any(|problem| problem["code"] == *code) {
            wrong.push(format!("\"{what}\" should be refused with {code}: {problems:?}"));
        }
        for problem in problems {
            assert!(!problem["remedy"].as_str().unwrap().is_empty(), "{problem}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    run.until_published(broken.len() as u64, Duration::from_secs(30)).await;
    run.check(broken.len());
    for queue in ["schedule", "schedule.rejected", "unrouted"] {
        assert_eq!(queues.depth(queue).await, 0, "{queue} is empty");
    }
    run.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_a_work_queue_ends_as_a_dead_letter_that_says_what_it_is() {
    let stores = shared::stores().await.unwrap();
    let mut run = Run::new(&stores, Pace::Brisk).await.forgetful();
    run.stack.staff(1, 1).await.unwrap();
    let queues = Queues::connect(&stores.broker, &stores.prefix).await;
    let garbage: [&[u8]; 5] = [b"", b"garbage", b"{}", b"{\"version\": 0}", &[0xff; 1000]];
    run.schedule(20, Duration::ZERO, Duration::from_secs(1)).await;
    for body in garbage {
        queues.send("publish", "webhook", body, "").await;
    }
    let mut dead = queues.take("dead.webhook", garbage.len()).await;
    for letter in &dead {
        assert_eq!(letter.headers["oncepost-code"], "OP-5009", "{letter:?}");
        assert_eq!(letter.headers["oncepost-reason"], "unreadable", "{letter:?}");
        for header in ["oncepost-what", "oncepost-whose", "oncepost-do"] {
            assert!(!letter.headers[header].is_empty(), "{letter:?}");
        }
    }
    let mut expected = garbage.map(<[u8]>::to_vec);
    expected.sort();
    dead.sort_by(|one, other| one.body.cmp(&other.body));
    let bodies: Vec<_> = dead.into_iter().map(|letter| letter.body).collect();
    assert_eq!(bodies, expected, "as they came");
    run.until_published(20, Duration::from_secs(30)).await;
    run.check(20);
    assert_eq!(queues.depth("publish.webhook").await, 0);
    run.stack.stop().await.unwrap();
}
