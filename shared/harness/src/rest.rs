//! Whether all that can happen by itself has happened.

use serde_json::Value;

use crate::api::Counts;

/// How many targets still move: all that are neither at an end, nor held, nor with a person.
pub fn moving(counts: &Counts, census: &Value) -> u64 {
    let at_rest = ["published", "failed", "cancelled", "expired", "held"];
    let states = || counts.values().flatten();
    let all: u64 = states().filter(|(state, _)| !at_rest.contains(&state.as_str())).map(|(_, count)| count).sum();
    let failed: u64 = states().filter(|(state, _)| *state == "failed").map(|(_, count)| count).sum();
    let with_person = census["needs_person"].as_u64().unwrap_or_default();
    // Those with a person that did not fail are in doubt or still processing.
    all.saturating_sub(with_person.saturating_sub(failed))
}
