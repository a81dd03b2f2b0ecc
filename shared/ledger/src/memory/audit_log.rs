//! The audit log, in memory.

use async_trait::async_trait;
use domain::{Answer, Command, Target};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{MemoryLedger, Tables, page_of};
use crate::{AuditEntry, AuditFilter, AuditLog, EntryOutcome, LedgerError, NewEntry, Page};

#[async_trait]
impl AuditLog for MemoryLedger {
    async fn begin_entry(&self, entry: NewEntry) -> Result<(), LedgerError> {
        let mut tables = self.reach()?;
        let at = self.clock.now();
        let entry = AuditEntry { asked: entry, at, ended_at: None, outcome: EntryOutcome::Begun, after: None };
        tables.audit_log.entry(entry.asked.id).or_insert(entry);
        Ok(())
    }

    async fn end_entry(&self, id: Uuid, outcome: EntryOutcome, after: Option<Value>) -> Result<(), LedgerError> {
        let mut tables = self.reach()?;
        let now = self.clock.now();
        if let Some(entry) = tables.audit_log.get_mut(&id).filter(|entry| entry.outcome == EntryOutcome::Begun) {
            (entry.outcome, entry.after, entry.ended_at) = (outcome, after, Some(now));
        }
        Ok(())
    }

    async fn entries(&self, filter: &AuditFilter) -> Result<Page<AuditEntry>, LedgerError> {
        let tables = self.reach()?;
        let fits = |entry: &AuditEntry| {
            let asked = &entry.asked;
            filter.tenant.as_ref().is_none_or(|tenant| asked.tenant.as_ref() == Some(tenant))
                && filter.who.as_ref().is_none_or(|who| asked.who == *who)
                && match (&filter.post, &filter.subject) {
                    (Some(post), _) => asked.post == Some(*post),
                    (None, Some(subject)) => asked.subject == *subject,
                    (None, None) => true,
                }
        };
        let fitting = tables.audit_log.values().rev().filter(|entry| fits(entry)).cloned().collect();
        Ok(page_of(fitting, filter.limit, filter.after.as_ref(), |entry: &AuditEntry| entry.asked.id.to_string()))
    }
}

impl Tables {
    /// Puts a command on the log that nobody else puts there.
    pub(super) fn enter(&mut self, command: &Command, before: &Target, after: &Target, answer: &Answer, at: Timestamp) {
        if let Some(told) = AuditEntry::of(command, before, after, answer, at) {
            self.audit_log.entry(told.asked.id).or_insert(told);
        }
    }
}
