//! What other versions of this program may have left in the ledger and the guard.

use domain::{Content, Event, Override, Pause};
use serde::{Serialize, de::DeserializeOwned};

/// A row's progress is read, and written back without a loss; or it is refused by name. So are the other columns of JSON.
pub fn progress(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match ledger::rewritten(text) {
        Ok(again) => assert_eq!(ledger::rewritten(&again).ok(), Some(again)),
        Err(error) => assert!(error.to_string().len() <= 1_000 + 2 * text.len()),
    }
    same_again::<Content>(text);
    same_again::<Override>(text);
    same_again::<Event>(text);
    same_again::<Pause>(text);
}

/// A hint says that something is out, with proof for all of it, or says nothing.
pub fn hint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(out) = worker::read_hint(text) {
        assert!(!out.is_empty() && out.iter().all(|(_, receipt)| !receipt.id.trim().is_empty()));
    }
}

fn same_again<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        let again = serde_json::to_string(&value).expect("our own types serialise");
        assert_eq!(serde_json::from_str::<T>(&again).ok(), Some(value));
    }
}
