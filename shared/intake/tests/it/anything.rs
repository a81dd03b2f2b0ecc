//! Any bytes give a verdict.

use oncepost_intake::{Request, Verdict};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use crate::world::{answer, message, world};

/// Values that have a chance to be taken, and some that have none.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("long".to_owned()),
        Just("main".to_owned()),
        Just("2026-06-01T13:00:00Z".to_owned()),
        Just("https://cdn.example.org/a.png".to_owned()),
        Just("Europe/Berlin".to_owned()),
        "\\PC{0,30}",
    ];
    let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), text.prop_map(Value::from)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = prop::sample::select(vec![
            "text", "url", "alt", "media", "thread", "channel", "account", "local", "zone", "settings",
        ]);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..4)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

fn verdict(body: &[u8]) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async { world().intake.accept(Request::new(body)).await.unwrap() })
}

proptest! {
    #[test]
    fn any_bytes_give_a_verdict(body in vec(any::<u8>(), 0..300)) {
        let refused = matches!(verdict(&body), Verdict::Refused { .. });
        prop_assert!(refused);
    }

    #[test]
    fn any_change_of_a_good_message_gives_a_verdict(
        place in prop::sample::select(vec![
            "/content", "/content/text", "/content/media", "/content/thread", "/content/settings", "/publish_at", "/deadline",
            "/targets", "/targets/0", "/targets/0/text", "/targets/0/settings", "/targets/0/publish_at", "/tenant", "/post",
        ]),
        value in value(),
    ) {
        let mut message = message("k");
        let (parent, name) = place.rsplit_once('/').unwrap();
        let parent = message.pointer_mut(parent).unwrap();
        match name.parse::<usize>() {
            Ok(at) => parent[at] = value,
            Err(_) => parent[name] = value,
        }
        let verdict = verdict(message.to_string().as_bytes());
        if let Verdict::Refused { answer, .. } = &verdict {
            prop_assert!(!answer.problems().is_empty());
        }
        prop_assert!(serde_json::from_slice::<contract::Answer>(&verdict.body()).is_ok());
    }

    #[test]
    fn any_accepted_message_is_accepted_again_as_the_same(text in "\\PC{1,90}", seconds in 0_i64..100_000) {
        let mut message = message("k");
        message["content"]["text"] = json!(format!("x{text}"));
        let at = crate::world::at(crate::world::NOON) + std::time::Duration::from_secs(seconds.unsigned_abs());
        message["publish_at"] = json!(at.to_string());
        let body = message.to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = world();
            let first = world.intake.accept(Request::new(body.as_bytes())).await.unwrap();
            let again = world.intake.accept(Request::new(body.as_bytes())).await.unwrap();
            assert_eq!(answer(&first), answer(&again));
            assert!(matches!((first, again), (Verdict::New { .. }, Verdict::Same { .. })));
        });
    }
}
