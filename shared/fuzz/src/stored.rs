//! What other versions of this program may have left in the ledger and the guard.

use domain::{Content, Event, Override, Pause};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A row's progress is read, and written back without a loss; or it is refused by name. So are the other columns of JSON.
pub fn progress(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match ledger::rewritten(text) {
        Ok(again) => {
            let twice = ledger::rewritten(&again).expect("what we wrote");
            assert!(alike(&value(&again), &value(&twice)), "{again} became {twice}");
        }
        Err(error) => assert!(error.to_string().len() <= 1_000 + 2 * text.len()),
    }
    same_again::<Content>(text);
    same_again::<Override>(text);
    same_again::<Event>(text);
    same_again::<Pause>(text);
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("our own JSON")
}

/// The same, but for the last digit of a fraction, which JSON readers may round either way. No field of ours is one
/// (docs/upgrades.md).
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|it| alike(value, it)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() && other.is_f64() => {
            let (one, other) = (one.as_f64().unwrap_or_default(), other.as_f64().unwrap_or_default());
            (one - other).abs() <= one.abs() * 1e-14
        }
        _ => one == other,
    }
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
