//! Which schemas a program works with. A rolling upgrade changes the schema while older programs still run, and restarts some
//! of them: a newer schema is theirs too if each migration they do not know says so by its name.
//!
//! `0007_expand_<what>.sql` only adds: whoever knows an earlier schema may go on. `0009_contract_after_7_<what>.sql` takes away
//! what nobody who knows migration 7 uses. Any other name lets no older program in.

use std::{borrow::Cow, collections::BTreeMap};

use sqlx::migrate::{AppliedMigration, MigrateError, Migrator};

use crate::LedgerError;

/// What every migration that the schema has is called, by its number.
pub(crate) const DESCRIPTIONS: &str = "SELECT version, description FROM _sqlx_migrations ORDER BY version";

/// What the schema has: migrations by their number.
#[derive(Default)]
pub(crate) struct Schema(BTreeMap<i64, Step>);

struct Step {
    checksum: Cow<'static, [u8]>,
    description: String,
}

impl Schema {
    /// The schema that has these migrations, called so.
    pub(crate) fn new(applied: Vec<AppliedMigration>, descriptions: Vec<(i64, String)>) -> Self {
        let mut called: BTreeMap<i64, String> = descriptions.into_iter().collect();
        let steps = applied.into_iter().map(|step| {
            let description = called.remove(&step.version).unwrap_or_default();
            (step.version, Step { checksum: step.checksum, description })
        });
        Self(steps.collect())
    }

    /// Whether a program that knows `migrations` may work with what is newer in this schema.
    ///
    /// # Errors
    /// A migration that it does not know lets no older program in.
    pub(crate) fn lets_in(&self, migrations: &Migrator) -> Result<(), LedgerError> {
        let newest = migrations.iter().map(|migration| migration.version).max().unwrap_or_default();
        let unknown = self.0.iter().filter(|(version, _)| !migrations.version_exists(**version));
        for (version, step) in unknown {
            if !lets_in(&step.description, newest) {
                return Err(LedgerError::SchemaNewer { version: *version, description: step.description.clone() });
            }
        }
        Ok(())
    }

    /// Whether this schema has all that `migrations` make, and nothing that a program that knows these cannot work with.
    ///
    /// # Errors
    /// It is older, newer without letting older programs in, or another one.
    pub(crate) fn serves(&self, migrations: &Migrator) -> Result<(), LedgerError> {
        let latest = self.0.keys().next_back().copied().unwrap_or_default();
        for migration in migrations.iter() {
            let why = match self.0.get(&migration.version) {
                None => MigrateError::VersionTooNew(migration.version, latest),
                Some(step) if step.checksum != migration.checksum => MigrateError::VersionMismatch(migration.version),
                Some(_) => continue,
            };
            return Err(LedgerError::schema(why));
        }
        self.lets_in(migrations)
    }
}

/// Whether a migration called `description` lets in a program whose newest migration is `newest`.
fn lets_in(description: &str, newest: i64) -> bool {
    let mut words = description.split([' ', '_']);
    match (words.next(), words.next(), words.next()) {
        (Some("expand"), ..) => true,
        (Some("contract"), Some("after"), Some(number)) => number.parse().is_ok_and(|number: i64| newest >= number),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migrations_name_says_whom_it_lets_in() {
        assert!(lets_in("expand receipts", 1));
        assert!(lets_in("contract after 7 drop looks", 7) && lets_in("contract after 7 drop looks", 8));
        assert!(!lets_in("contract after 7 drop looks", 6));
        for unclear in ["", "drop looks", "contract drop looks", "contract after x", "expanded"] {
            assert!(!lets_in(unclear, 1_000), "{unclear}");
        }
    }

    #[test]
    fn every_migration_after_the_first_says_whom_it_lets_in_and_an_expansion_only_adds() {
        for folder in ["migrations/postgres", "migrations/sqlite"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let (number, name) = path.file_stem().unwrap().to_str().unwrap().split_once('_').unwrap();
                if number == "0001" {
                    continue;
                }
                assert!(
                    lets_in(name, i64::MAX),
                    "{}: name it expand_… or contract_after_N_…: docs/upgrades.md",
                    path.display()
                );
                let text = std::fs::read_to_string(&path).unwrap().to_uppercase();
                // What a new table's rows go with takes nothing away that was there.
                let text = text.replace("ON DELETE CASCADE", "");
                let takes = ["DROP ", "RENAME ", "ALTER COLUMN", "SET NOT NULL", "DELETE "];
                let additive = !takes.iter().any(|word| text.contains(word));
                assert!(!name.starts_with("expand") || additive, "{} takes something away", path.display());
            }
        }
    }
}
