//! `oncepost vault`: keys, and their change.

use clap::Subcommand;
use runtime::Runtime;
use settings::Settings;

use crate::{
    compose,
    failure::Failure,
    say,
    stores::{self, Migrate},
};

/// What can be done about what seals credentials.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum VaultCommand {
    /// Print a new key, for a file or variable that vault.keys names
    Key,
    /// Seal everything with the first of vault.keys anew; afterwards the others may go
    Rotate,
}

/// Carries a command out.
///
/// # Errors
/// The ledger cannot be reached, or a record does not open.
pub async fn run(command: VaultCommand, settings: &Settings) -> Result<(), Failure> {
    match command {
        // Needs no settings: see `main`.
        VaultCommand::Key => Ok(()),
        VaultCommand::Rotate => rotate(settings).await,
    }
}

async fn rotate(settings: &Settings) -> Result<(), Failure> {
    let runtime = Runtime::system();
    let stores = stores::ledger(settings, &runtime, Migrate::No).await?;
    let channels = compose::registry(settings, &runtime)?;
    let vault = compose::vault(settings, &runtime, &stores, channels.into())?;
    let rotated = vault.rotate().await.map_err(|error| Failure::of("seal the credentials anew", error))?;
    say(&format!("{} records sealed anew, {} were already", rotated.resealed, rotated.already));
    Ok(())
}
