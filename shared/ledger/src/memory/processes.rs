//! Processes, in memory.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryLedger;
use crate::{Beat, LedgerError, Process, Processes, SchemaVersion, processes, world::before};

#[async_trait]
impl Processes for MemoryLedger {
    async fn beat(&self, beat: Beat, forget_after: Duration) -> Result<(), LedgerError> {
        let mut tables = self.reach()?;
        let now = self.clock.now();
        tables.processes.insert(beat.id, (beat, now));
        tables.processes.retain(|_, (_, seen_at)| *seen_at >= before(now, forget_after));
        Ok(())
    }

    async fn end_process(&self, id: Uuid) -> Result<(), LedgerError> {
        self.reach()?.processes.remove(&id);
        Ok(())
    }

    async fn processes(&self) -> Result<Vec<Process>, LedgerError> {
        let tables = self.reach()?;
        let now = self.clock.now();
        let shown = |(beat, seen_at): &(Beat, _)| Process {
            beat: beat.clone(),
            seen_at: *seen_at,
            silent_for: processes::silence(*seen_at, now),
        };
        let mut found: Vec<_> = tables.processes.values().map(shown).collect();
        processes::sort(&mut found);
        Ok(found)
    }

    async fn schema_version(&self) -> Result<Option<SchemaVersion>, LedgerError> {
        self.reach().map(|_| None)
    }
}
