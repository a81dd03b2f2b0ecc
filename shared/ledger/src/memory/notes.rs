//! Notes, in memory.

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryLedger;
use crate::{LedgerError, Note, NoteBook};

#[async_trait]
impl NoteBook for MemoryLedger {
    async fn put_note(&self, note: Note) -> Result<(), LedgerError> {
        self.reach()?.notes.entry(note.id).or_insert(note);
        Ok(())
    }

    async fn notes(&self, subject: Option<&str>) -> Result<Vec<Note>, LedgerError> {
        let now = self.clock.now();
        let fits = |note: &&Note| {
            subject.is_none_or(|subject| subject == note.subject) && note.until.is_none_or(|until| now < until)
        };
        Ok(self.reach()?.notes.values().rev().filter(fits).cloned().collect())
    }

    async fn remove_note(&self, id: Uuid) -> Result<Option<Note>, LedgerError> {
        Ok(self.reach()?.notes.remove(&id))
    }
}
