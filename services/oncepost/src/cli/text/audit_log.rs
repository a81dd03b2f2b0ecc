//! Who changed what.

use console::api::{AuditEntry, AuditLog};
use serde_json::Value;

use super::{entries, instant};

/// A page of the audit log.
pub(crate) fn list(log: &AuditLog) -> String {
    if log.entries.is_empty() {
        return "Nothing was changed, as far as this list goes.".into();
    }
    let rows = log.entries.iter().map(|entry| {
        let cells = [instant(entry.at), entry.who.clone(), entry.action.clone(), entry.subject.clone()];
        (cells, words(entry))
    });
    let table = entries(["at", "who", "did", "on"], rows);
    match &log.next {
        Some(next) => format!("{table}\n\nMore: --after {next}"),
        None => table,
    }
}

/// What became of it, from what to what, and why.
fn words(entry: &AuditEntry) -> String {
    let reason = entry.reason.as_ref().map(|reason| format!(" Why: {reason}")).unwrap_or_default();
    let said = |name: &str| entry.after.as_ref().and_then(|after| after[name].as_str());
    let ended = match entry.outcome.as_str() {
        "done" => match (state(entry.before.as_ref()), state(entry.after.as_ref())) {
            (Some(before), Some(after)) => format!("Done: {before} → {after}."),
            _ => match said("what") {
                Some(what) => format!("Done. {what}"),
                None => "Done.".into(),
            },
        },
        "refused" => format!("Refused: {}", said("why").unwrap_or("no reason is on record.")),
        _ => "Nothing says how it ended: what it is about tells whether it was done.".into(),
    };
    format!("{ended}{reason}")
}

/// The state that is on record of a thing.
fn state(record: Option<&Value>) -> Option<&str> {
    record?["state"].as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(outcome: &str, after: Value) -> AuditEntry {
        serde_json::from_value(json!({
            "id": "01890000-0000-7000-8000-000000000001",
            "at": "2026-06-01T12:00:00Z",
            "outcome": outcome,
            "who": "ops",
            "action": "retry target",
            "subject": "target:1",
            "reason": "key renewed",
            "before": { "state": "failed" },
            "after": after,
        }))
        .unwrap()
    }

    #[test]
    fn every_end_is_told() {
        assert_eq!(
            words(&entry("done", json!({ "state": "scheduled" }))),
            "Done: failed → scheduled. Why: key renewed"
        );
        assert_eq!(words(&entry("done", json!({ "what": "It goes." }))), "Done. It goes. Why: key renewed");
        assert_eq!(words(&entry("refused", json!({ "why": "Too late." }))), "Refused: Too late. Why: key renewed");
        assert!(words(&entry("begun", Value::Null)).starts_with("Nothing says how it ended"));
    }
}
