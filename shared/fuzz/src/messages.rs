//! What comes through the broker or the API's door: messages, and their headers.

use contract::{Answer, ChangeAsk, Dead, EventMessage, Problem, Publish, Rejected, Schedule, When, dead};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

/// The most that a header may hold: all of a message's headers travel in one frame of 128 KiB.
const LONGEST_HEADER: usize = 4_096;

/// A schedule message is read whole, or refused with a code and a place; what is read reads the same when written again, and
/// what is refused is kept as it came.
pub fn schedule(body: &[u8]) {
    match Schedule::decode(body) {
        Ok(message) => {
            let again = Schedule::decode(&message.encode());
            assert_eq!(again.as_ref(), Ok(&message));
            assert_eq!(again.map(|again| again.fingerprint()), Ok(message.fingerprint()));
        }
        Err(problems) => refused(body, problems),
    }
}

/// The same of a change.
pub fn change(body: &[u8]) {
    match ChangeAsk::decode(body) {
        Ok(ask) => assert_eq!(ChangeAsk::decode(&encoded(&ask)), Ok(ask)),
        Err(problems) => refused(body, problems),
    }
}

fn refused(body: &[u8], problems: Vec<Problem>) {
    assert!(!problems.is_empty() && problems.len() <= 101, "{} problems", problems.len());
    for problem in &problems {
        assert!(
            problem.path.starts_with('$') && !problem.message.is_empty() && !problem.remedy.is_empty(),
            "{problem:?}"
        );
        assert!(problem.code.page().is_some(), "{problem:?}");
    }
    let rejected = Rejected::new(Answer::refused(None, problems), body);
    let told = rejected.encode();
    // A path may repeat a name from the message, escaped.
    assert!(told.len() <= 100_000 + 12 * body.len(), "{} bytes answer {}", told.len(), body.len());
    assert_eq!(serde_json::from_slice::<Rejected>(&told).ok(), Some(rejected));
}

/// A publish message, or a dead letter moved back, is read; or it goes to the dead letters as it came, with headers that fit;
/// or it is of a newer version and waits.
pub fn publish(body: &[u8]) {
    match Publish::decode(body) {
        Ok(message) => {
            assert_eq!(Publish::decode(&message.encode()).ok(), Some(message));
            same_again::<Dead>(body);
        }
        Err(unreadable) => {
            assert!(unreadable.newer().is_none_or(|version| version > 1));
            for (name, value) in dead::unreadable_headers(&unreadable) {
                assert!(value.len() <= LONGEST_HEADER, "{name} has {} bytes", value.len());
            }
        }
    }
}

/// What our own command line and upstream services read: events, answers, refusals.
pub fn told(body: &[u8]) {
    same_again::<EventMessage>(body);
    same_again::<Answer>(body);
    same_again::<Rejected>(body);
}

/// Headers with any text in them give a trace or none. They come as one JSON object of texts.
pub fn headers(body: &[u8]) {
    let mut headers = broker::Headers::new();
    let text = String::from_utf8_lossy(body);
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or(("traceparent", line));
        headers.insert(name.to_owned(), value.to_owned());
    }
    let span = tracing::info_span!("fuzz");
    spans::set_parent_from(&span, &headers);
    let mut written = broker::Headers::new();
    spans::inject(&span, &mut written);
    // The same text in a message: malformed, it is left out, and the post goes on.
    let mut message = sample();
    message["traceparent"] = json!(headers.get("traceparent"));
    let read = Schedule::decode(&encoded(&message));
    assert!(read.is_ok(), "{read:?}");
}

/// A time is an instant that can be shown in its zone, or is refused at its place. Any JSON, or else text.
pub fn time(body: &[u8]) {
    let given = serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)));
    let mut message = sample();
    message["publish_at"] = given;
    match Schedule::decode(&encoded(&message)) {
        Ok(read) => {
            let resolved = read.publish_at.resolve().expect("what is read resolves");
            assert_eq!(When::Instant(resolved.instant).resolve().map(|again| again.instant), Ok(resolved.instant));
        }
        Err(problems) => {
            assert!(problems.iter().all(|problem| problem.path.starts_with("$.publish_at")), "{problems:?}")
        }
    }
}

fn sample() -> serde_json::Value {
    json!({
        "version": 1, "idempotency_key": "k", "tenant": "acme", "content": { "text": "t" },
        "publish_at": "2026-06-01T13:00:00Z", "targets": [{ "channel": "webhook", "account": "main" }],
    })
}

fn same_again<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(body: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<T>(body) {
        assert_eq!(serde_json::from_slice::<T>(&encoded(&message)).ok(), Some(message));
    }
}

fn encoded(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our own types serialise")
}
