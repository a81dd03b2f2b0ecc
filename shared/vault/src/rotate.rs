//! A new key for everything that is sealed.

use ledger::{CredentialPut, RecordKind};

use crate::{Vault, VaultError};

/// What a rotation came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// So many records were sealed with the first key anew.
    pub resealed: u64,
    /// So many were already.
    pub already: u64,
}

impl Vault {
    /// Seals the data key of every record with the first of the operator's keys. May be repeated and may be interrupted.
    ///
    /// # Errors
    /// A record does not open, or the ledger did not answer. What was resealed before stays so.
    pub async fn rotate(&self) -> Result<Rotated, VaultError> {
        if !self.keys.can_seal() {
            return Err(VaultError::Seal("all accounts".into(), crate::SealError::NoKeys));
        }
        let mut rotated = Rotated::default();
        for kind in RecordKind::ALL {
            for row in self.store.rows(kind).await?.into_iter().filter(|row| row.sealed.is_some()) {
                if self.reseal(kind, &row.name).await? {
                    rotated.resealed += 1;
                } else {
                    rotated.already += 1;
                }
            }
        }
        Ok(rotated)
    }

    /// Whether there was anything to do.
    async fn reseal(&self, kind: RecordKind, name: &str) -> Result<bool, VaultError> {
        loop {
            let Some(row) = self.store.row(kind, name).await? else { return Ok(false) };
            let Some(sealed) = &row.sealed else { return Ok(false) };
            let resealed = self.keys.reseal(&format!("{kind}/{name}"), sealed, &self.runtime);
            let resealed = resealed.map_err(|error| VaultError::Seal(name.to_owned(), error))?;
            let Some(resealed) = resealed else { return Ok(false) };
            let put = CredentialPut {
                kind,
                name: name.to_owned(),
                expected: Some(row.version),
                open: row.open,
                sealed: Some(resealed),
            };
            if self.store.put(put).await?.is_some() {
                return Ok(true);
            }
        }
    }
}
