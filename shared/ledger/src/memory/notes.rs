//! Notes, in memory.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryLedger;
use crate::{LedgerError, Note, NoteBook, world::before};

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

    async fn forget_notes(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError> {
        let until = before(self.clock.now(), older_than);
        let mut tables = self.reach()?;
        let is_over = |note: &&Note| note.until.is_some_and(|end| end <= until);
        let over: Vec<_> = tables.notes.values().filter(is_over).take(most as usize).map(|note| note.id).collect();
        over.iter().for_each(|id| drop(tables.notes.remove(id)));
        Ok(over.len() as u64)
    }
}
