//! Notes.

use console::api::{Note, Notes};

use super::{entries, harmless, instant, labelled};

/// A note that was kept.
pub(crate) fn kept(note: &Note) -> String {
    let until = note.until.map(|until| format!(" until {}", instant(until))).unwrap_or_default();
    let shown = "It is shown where that is looked at, and when posts are scheduled on it.";
    labelled("", &format!("Noted on {}{until}. {shown}", harmless(&note.on)))
}

/// All notes.
pub(crate) fn list(notes: &Notes) -> String {
    if notes.notes.is_empty() {
        return "There are no notes. `oncepost note ON TEXT` writes one.".into();
    }
    let rows = notes.notes.iter().map(|note| {
        let until = note.until.map_or_else(String::new, instant);
        ([note.id.to_string(), note.on.clone(), note.by.clone(), instant(note.at), until], note.text.clone())
    });
    entries(["note", "on", "by", "at", "until"], rows)
}

/// Notes below what they concern.
pub(crate) fn below(notes: &[Note]) -> Vec<String> {
    let line = |note: &Note| {
        let text = format!(
            "{} ({}, {}, on {})",
            harmless(&note.text),
            harmless(&note.by),
            instant(note.at),
            harmless(&note.on)
        );
        labelled("  note         ", &text)
    };
    notes.iter().map(line).collect()
}
