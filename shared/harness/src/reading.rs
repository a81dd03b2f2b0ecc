//! A target as the API shows it, read back into the domain's own shape, so that the promises are asked where they are defined.

use std::collections::BTreeMap;

use domain::{
    ContentHash, State, Target,
    invariant::{self, Violation},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Done;

/// Reads a target out of an answer of the API.
///
/// What wakes it is not shown. Whoever reads it asks whether it has come to rest, so it counts as never woken; only a pause may
/// still hold it.
///
/// # Errors
/// A field is missing or has another shape.
pub fn target(shown: &Value) -> Done<Target> {
    let state: State = field(shown, "state")?;
    let due_at = field(shown, "due_at")?;
    Ok(Target {
        id: field(shown, "id")?,
        post: field(shown, "post")?,
        tenant: field(shown, "tenant")?,
        channel: field(shown, "channel")?,
        account: field(shown, "account")?,
        app: None,
        state,
        revision: field(shown, "revision")?,
        due_at,
        deadline: None,
        next_at: None,
        wake_at: (state == State::Held).then_some(due_at),
        hash: ContentHash([0; 16]),
        attempt: field(shown, "attempt")?,
        tries: field(shown, "tries")?,
        looks: field(shown, "looks")?,
        emissions: 0,
        lease: None,
        armed: None,
        handles: BTreeMap::new(),
        out: optional(shown, "out")?.unwrap_or_default(),
        listed: optional(shown, "needs_person")?,
        last_failure: None,
        gap: None,
        trace: None,
        follows: None,
    })
}

/// Every promise that a target which should be at rest breaks; `visible` says how often the platform shows each of its parts.
pub fn broken(target: &Target, visible: &[usize]) -> Vec<Violation> {
    let checks = [
        invariant::no_duplicate(visible),
        invariant::no_silent_miss(target),
        invariant::proof_of_publish(target),
        invariant::true_report(target, visible),
    ];
    checks.into_iter().filter_map(Result::err).collect()
}

fn field<T: DeserializeOwned>(shown: &Value, name: &str) -> Done<T> {
    optional(shown, name)?.ok_or_else(|| format!("the API shows no {name} of a target: {shown}").into())
}

fn optional<T: DeserializeOwned>(shown: &Value, name: &str) -> Done<Option<T>> {
    let read = |value: &Value| serde_json::from_value(value.clone());
    let value = shown.get(name).filter(|value| !value.is_null());
    value.map(read).transpose().map_err(|error| format!("a target's {name} cannot be read: {error}").into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(state: &str, more: &Value) -> Target {
        let id = "019e830e-1a00-7efb-a86a-e9e0c207865f";
        let mut shown = json!({
            "id": id, "post": id, "tenant": "acme", "channel": "webhook", "account": "ada", "state": state, "revision": 1,
            "due_at": "2026-01-01T00:00:00Z", "attempt": 1, "tries": 1, "looks": 0,
        });
        shown.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        target(&shown).unwrap()
    }

    #[test]
    fn what_the_api_shows_is_held_against_what_the_platform_shows() {
        let out = json!({ "out": [{ "part": 0, "receipt": { "id": "7" }, "at": "2026-01-01T00:00:01Z" }] });
        let published = shown("published", &out);
        assert_eq!(broken(&published, &[1]), []);
        assert_eq!(broken(&published, &[2]), [Violation::NoDuplicate]);
        assert_eq!(broken(&published, &[0]), [Violation::TrueReport]);
        assert_eq!(broken(&shown("published", &json!({})), &[1]), [Violation::ProofOfPublish]);
        let listed = json!({ "needs_person": { "reason": "undecidable", "at": "2026-01-01T00:00:01Z" } });
        assert_eq!(broken(&shown("in_doubt", &listed), &[1]), [], "a doubt claims nothing");
        assert_eq!(broken(&shown("failed", &listed), &[1]), [Violation::TrueReport], "failed, and yet out");
        assert_eq!(broken(&shown("failed", &json!({})), &[0]), [Violation::NoSilentMiss]);
        assert_eq!(broken(&shown("held", &json!({})), &[0]), []);
    }

    #[test]
    fn what_still_moves_when_all_should_rest_was_missed() {
        for state in ["scheduled", "queued", "publishing", "retrying", "in_doubt", "processing"] {
            assert_eq!(broken(&shown(state, &json!({})), &[0]), [Violation::NoSilentMiss], "{state}");
        }
    }

    #[test]
    fn half_an_answer_is_an_error() {
        assert!(target(&json!({ "state": "published" })).is_err());
    }
}
