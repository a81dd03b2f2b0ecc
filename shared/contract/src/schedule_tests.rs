//! Reading of schedule messages: all problems at once, never a panic, and what is written reads the same.

use std::collections::BTreeMap;

use domain::{Code, Media, Part};
use jiff::{Timestamp, civil::DateTime};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::*;
use crate::Local;

fn good() -> Value {
    json!({
        "version": 1,
        "idempotency_key": "campaign-7/post-1",
        "tenant": "acme",
        "content": { "text": "hello" },
        "publish_at": "2026-12-01T09:00:00Z",
        "targets": [{ "channel": "mastodon", "account": "main" }],
    })
}

fn problems(value: &Value) -> Vec<(String, Code)> {
    let problems = Schedule::decode(value.to_string().as_bytes()).unwrap_err();
    problems.into_iter().map(|problem| (problem.path, problem.code)).collect()
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let message = json!({
        "version": 1,
        "idempotency_key": "",
        "tenant": "two words",
        "post": "not-an-id",
        "content": { "text": 7, "media": [{ "alt": "no address" }, "http://example.org/a.png"], "settings": { "reply to": true } },
        "publish_at": "2026-12-01T09:00:00",
        "deadline": { "local": "2026-12-01T10:00:00", "zone": "Mars/Olympus" },
        "targets": [{ "account": "main" }, 5, { "channel": "Mastodon", "account": "main", "publish_at": 1, "text": [] }],
    });
    let answer = Schedule::decode(message.to_string().as_bytes()).unwrap_err();
    assert!(answer.iter().all(|problem| !problem.remedy.is_empty()));
    let lines: Vec<_> =
        answer.iter().map(|problem| format!("{} {} {}", problem.path, problem.code, problem.message)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_not_an_object_is_one_problem() {
    for body in [&b""[..], b"{", b"[]", b"3", b"\xff\xfe", b"{\"version\":1}x"] {
        let problems = Schedule::decode(body).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].path.as_str(), problems[0].code), ("$", Code::MALFORMED));
    }
}

#[test]
fn an_empty_object_is_told_of_every_field_it_needs() {
    let paths: Vec<_> = problems(&json!({})).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["$.version", "$.idempotency_key", "$.tenant", "$.content", "$.publish_at", "$.targets"]);
}

#[test]
fn another_version_is_refused_without_reading_on() {
    for version in [json!(0), json!(2), json!("1"), json!(1.5), json!({})] {
        let mut message = good();
        message["version"] = version;
        message["tenant"] = json!(5);
        assert_eq!(problems(&message), [("$.version".into(), Code::UNKNOWN_VERSION)]);
    }
}

#[test]
fn unknown_fields_nulls_and_a_broken_trace_are_ignored() {
    let plain = Schedule::decode(good().to_string().as_bytes()).unwrap();
    let mut message = good();
    message["colour"] = json!("red");
    message["content"]["mood"] = json!([1, 2]);
    message["targets"][0]["media"] = json!([]);
    message["deadline"] = Value::Null;
    message["traceparent"] = json!("00-nonsense");
    let ignored: Vec<_> = Reading::of_value(&message).ignored.into_iter().map(|field| field.path).collect();
    assert_eq!(ignored, ["$.colour", "$.content.mood", "$.targets[0].media"]);
    assert_eq!(Schedule::decode(message.to_string().as_bytes()).unwrap(), plain);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    message["traceparent"] = json!(trace);
    let traced = Schedule::decode(message.to_string().as_bytes()).unwrap();
    assert_eq!(traced.traceparent.as_deref(), Some(trace));
    assert_eq!(traced.fingerprint(), plain.fingerprint(), "a repeat comes in a trace of its own");
}

#[test]
fn nul_is_refused_wherever_text_is_taken() {
    let mut message = good();
    message["content"] = json!({ "text": "a\0b" });
    message["targets"][0]["settings"] = json!({ "visibility": "\0" });
    let expected =
        [("$.content.text".into(), Code::BAD_FIELD), ("$.targets[0].settings.visibility".into(), Code::BAD_FIELD)];
    assert_eq!(problems(&message), expected);
}

#[test]
fn a_flood_of_problems_is_cut() {
    let mut message = good();
    message["targets"] = json!(vec![json!(1); 1000]);
    let problems = Schedule::decode(message.to_string().as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].message, "and 900 more problems");
}

#[test]
fn the_fingerprint_does_not_depend_on_how_it_was_written_down() {
    let one = br#"{"version":1,"idempotency_key":"k","tenant":"t","content":{"text":"x","settings":{"a":"1","b":"2"}},
        "publish_at":"2026-12-01T10:00:00+01:00","targets":[{"channel":"c","account":"a"}]}"#;
    let two = br#"{"targets":[{"account":"a","channel":"c","new":1}],"publish_at":"2026-12-01T09:00:00Z",
        "content":{"settings":{"b":"2","a":"1"},"text":"\u0078"},"tenant":"t","idempotency_key":"k","version":1}"#;
    let (one, two) = (Schedule::decode(one).unwrap(), Schedule::decode(two).unwrap());
    assert_eq!(one.fingerprint(), two.fingerprint());
    // Kept in every ledger: if this fails, the form has changed and repeats across an upgrade would read as conflicts.
    let hex: String = one.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex);
    for changed in [
        Schedule { deadline: Some(one.publish_at.clone()), ..one.clone() },
        Schedule { idempotency_key: "l".into(), ..one.clone() },
        Schedule { post: Some(PostId(uuid::Uuid::nil())), ..one.clone() },
    ] {
        assert_ne!(changed.fingerprint(), one.fingerprint());
    }
}

fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,12}"
}

fn settings() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("\\PC{0,8}", text(), 0..3)
}

fn media() -> impl Strategy<Value = Vec<Media>> {
    vec((text(), option::of(text())).prop_map(|(url, alt)| Media { url, alt }), 0..3)
}

fn content() -> impl Strategy<Value = Content> {
    let part = (text(), media()).prop_map(|(text, media)| Part { text, media });
    (text(), option::of(text()), media(), vec(part, 0..3), settings())
        .prop_map(|(text, link, media, thread, settings)| Content { text, link, media, thread, settings })
}

fn when() -> impl Strategy<Value = When> {
    let zone =
        prop::sample::select(vec!["Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe", "utc"]);
    let local = (1_i16..=9998, 1_i8..=12, 1_i8..=28, 0_i8..24, 0_i8..60, 0_i8..60, 0_i32..1_000_000_000);
    prop_oneof![
        (0_i64..253_402_207_200_i64, 0_i32..1_000_000_000)
            .prop_map(|(s, ns)| When::Instant(Timestamp::new(s, ns).unwrap())),
        (local, zone).prop_map(|((year, month, day, hour, minute, second, nano), zone)| {
            When::Local(Local {
                local: DateTime::new(year, month, day, hour, minute, second, nano).unwrap(),
                zone: zone.into(),
            })
        }),
    ]
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let target = ("[a-z0-9-]{1,32}", "[A-Za-z0-9_.:@-]{1,40}", option::of(text()), settings(), option::of(when()))
        .prop_map(|(channel, account, text, settings, publish_at)| TargetAsk {
            channel: ChannelName::new(channel).unwrap(),
            account: AccountId::new(account).unwrap(),
            text,
            settings,
            publish_at,
        });
    let ids =
        ("\\PC{1,40}", "[a-z]{1,20}", option::of(any::<u128>()), option::of("0[0-9a-f]-[0-9a-f]{32}-[0-9a-f]{16}-01"));
    (ids, content(), when(), option::of(when()), vec(target, 1..4)).prop_map(
        |((key, tenant, post, traceparent), content, publish_at, deadline, targets)| Schedule {
            version: V1,
            idempotency_key: key,
            tenant: TenantId::new(tenant).unwrap(),
            post: post.map(|id| PostId(uuid::Uuid::from_u128(id))),
            content,
            publish_at,
            deadline,
            targets,
            traceparent,
        },
    )
}

/// JSON of any shape, often with the names that the message knows.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(1)),
        Just(json!("2026-12-01T09:00:00Z")),
        "\\PC{0,20}".prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "version",
        "idempotency_key",
        "tenant",
        "post",
        "content",
        "text",
        "link",
        "media",
        "url",
        "alt",
        "thread",
        "settings",
        "publish_at",
        "deadline",
        "local",
        "zone",
        "targets",
        "channel",
        "account",
        "traceparent",
    ]);
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((names.clone(), inner), 0..8).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(schedule in schedule()) {
        let read = Schedule::decode(&schedule.encode());
        prop_assert_eq!(read.as_ref(), Ok(&schedule));
        prop_assert_eq!(read.unwrap().fingerprint(), schedule.fingerprint());
    }

    #[test]
    fn any_json_is_read_or_refused_with_reasons(value in any_json()) {
        let mut message = value;
        if let Some(fields) = message.as_object_mut() {
            fields.insert("version".into(), json!(1));
        }
        if let Err(problems) = Schedule::decode(message.to_string().as_bytes()) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_with_reasons(body in vec(any::<u8>(), 0..200)) {
        prop_assert!(!Schedule::decode(&body).unwrap_err().is_empty());
    }

    #[test]
    fn any_text_is_a_time_or_refused(text in "[0-9TZtz:. +\\-]{0,32}|\\PC{0,30}") {
        let mut message = good();
        message["publish_at"] = json!(text);
        message["deadline"] = json!({ "local": text, "zone": text });
        if let Err(problems) = Schedule::decode(message.to_string().as_bytes()) {
            prop_assert!(problems.iter().all(|problem| problem.code == Code::BAD_TIME));
        }
    }
}
