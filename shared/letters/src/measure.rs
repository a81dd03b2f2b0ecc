//! The room's metrics.

use domain::ChannelName;
use metrics::{counter, gauge};

use crate::{Agreement, Counts};

/// What was counted.
pub(crate) fn counted(counts: &Counts) {
    let channel = counts.channel.to_string();
    if let Some(letters) = counts.letters {
        gauge!("oncepost_dead_letters", "channel" => channel.clone()).set(letters as f64);
    }
    if let Some(foreign) = counts.foreign {
        gauge!("oncepost_dead_letters_foreign", "channel" => channel.clone()).set(foreign as f64);
    }
    let differs = match counts.agreement() {
        Agreement::Agrees => 0,
        Agreement::TooMany(letters) | Agreement::TooFew(letters) => letters,
        // The last known difference stands.
        Agreement::NotLooked | Agreement::CannotTell => return,
    };
    gauge!("oncepost_dead_letters_drift", "channel" => channel).set(differs as f64);
}

/// Letters that were taken out, and written anew.
pub(crate) fn mended(channel: &ChannelName, removed: u64, restored: u64) {
    if removed > 0 {
        counter!("oncepost_dead_letters_removed_total", "channel" => channel.to_string()).increment(removed);
    }
    if restored > 0 {
        counter!("oncepost_dead_letters_restored_total", "channel" => channel.to_string()).increment(restored);
    }
}

/// How a look ended: `whole`, `partial`, `busy` or `failed`.
pub(crate) fn looked(outcome: &'static str) {
    counter!("oncepost_dead_letters_looks_total", "outcome" => outcome).increment(1);
}
