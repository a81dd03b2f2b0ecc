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
