//! Records of credentials, in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryLedger;
use crate::{CredentialPut, CredentialRow, CredentialStore, LedgerError, RecordKind};

#[async_trait]
impl CredentialStore for MemoryLedger {
    async fn rows(&self, kind: RecordKind) -> Result<Vec<CredentialRow>, LedgerError> {
        Ok(self.reach()?.credentials.values().filter(|row| row.kind == kind).cloned().collect())
    }

    async fn row(&self, kind: RecordKind, name: &str) -> Result<Option<CredentialRow>, LedgerError> {
        Ok(self.reach()?.credentials.get(&(kind, name.to_owned())).cloned())
    }

    async fn put(&self, put: CredentialPut) -> Result<Option<CredentialRow>, LedgerError> {
        let CredentialPut { kind, name, expected, open, sealed } = put;
        let mut tables = if kind == RecordKind::Account { self.reach_whole()? } else { self.reach()? };
        let key = (kind, name.clone());
        if tables.credentials.get(&key).map(|row| row.version) != expected {
            return Ok(None);
        }
        let updated_at = self.clock.now();
        let version = expected.unwrap_or(tables.deleted) + 1;
        let row = CredentialRow { kind, name, version, open, sealed, updated_at };
        tables.credentials.insert(key, row.clone());
        Ok(Some(row))
    }

    async fn delete(&self, kind: RecordKind, name: &str, expected: u64) -> Result<bool, LedgerError> {
        let mut tables = self.reach()?;
        let key = (kind, name.to_owned());
        let is_it = tables.credentials.get(&key).is_some_and(|row| row.version == expected);
        if is_it {
            tables.credentials.remove(&key);
            tables.deleted = tables.deleted.max(expected);
        }
        Ok(is_it)
    }

    async fn now(&self) -> Result<Timestamp, LedgerError> {
        self.reach().map(|_| self.clock.now())
    }
}
