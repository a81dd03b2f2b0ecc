//! The outcome hint: what a worker leaves in the guard between the platform's answer and the ledger's commit, so that a
//! successor can tell at once what happened. Losing it costs a look at the platform, never a duplicate.

use domain::{Receipt, TargetId};
use serde::{Deserialize, Serialize};

use crate::Worker;

#[derive(Serialize, Deserialize)]
struct Hint {
    /// Every publish point that is out, with its proof.
    out: Vec<(u16, Receipt)>,
}

fn key(target: TargetId) -> String {
    format!("hint:{target}")
}

impl Worker {
    /// Leaves word that everything is out.
    pub(crate) async fn leave_hint(&self, target: TargetId, out: &[(u16, Receipt)]) {
        let Ok(value) = serde_json::to_string(&Hint { out: out.to_vec() }) else { return };
        if let Err(error) = self.guard.hint(&key(target), value, self.options.hint_ttl).await {
            tracing::debug!(error = &error as &dyn std::error::Error, target.id = %target, "no outcome hint was left");
        }
    }

    /// What a predecessor left, if everything it says is proof.
    pub(crate) async fn find_hint(&self, target: TargetId) -> Option<Vec<(u16, Receipt)>> {
        let value = self.guard.hint_of(&key(target)).await.ok().flatten()?;
        read_hint(&value)
    }
}

/// What an outcome hint says is out, by publish point; nothing unless all of it is proof.
pub fn read_hint(text: &str) -> Option<Vec<(u16, Receipt)>> {
    let hint: Hint = serde_json::from_str(text).ok()?;
    (!hint.out.is_empty() && hint.out.iter().all(|(_, receipt)| receipt.is_proof())).then_some(hint.out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As each release has written it: add a line when the form changes, and keep the old ones.
    const STORED: [&str; 1] = [include_str!("../corpus/0.1.0/hint.json")];

    #[test]
    fn hints_of_every_version_are_read_and_what_is_written_is_as_the_newest() {
        let receipt = |id: &str, url: Option<&str>| Receipt { id: id.into(), url: url.map(str::to_owned) };
        let out = vec![(0, receipt("17", Some("https://a.example/17"))), (1, receipt("18", None))];
        for stored in STORED {
            assert_eq!(read_hint(stored), Some(out.clone()));
        }
        let written = serde_json::to_string(&Hint { out }).unwrap();
        assert_eq!(Some(written.as_str()), STORED.last().map(|stored| stored.trim()));
    }

    #[test]
    fn what_is_no_proof_says_nothing_and_an_addition_is_ignored() {
        for nothing in ["", "{}", r#"{"out":[]}"#, r#"{"out":[[0,{"id":" "}]]}"#, r#"{"out":[[-1,{"id":"1"}]]}"#] {
            assert_eq!(read_hint(nothing), None, "{nothing}");
        }
        assert!(read_hint(r#"{"out":[[0,{"id":"1","at":9}]],"by":"v9"}"#).is_some());
    }
}
