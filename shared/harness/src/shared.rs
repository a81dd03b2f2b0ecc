//! Servers that several runs share: each run takes a database and a prefix of its own in them.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use jiff::Timestamp;
use testkit::servers::{Kind, url};
use tokio::process::Command;
use url::Url;

use crate::{Done, config::Stores};

/// Stores on the servers that the environment names, or that this process starts once: an empty database, and a prefix that nobody else has.
///
/// # Errors
/// A server does not start, or the database cannot be made.
pub async fn stores() -> Done<Stores> {
    let (broker, guard, postgres) = tokio::try_join!(url(Kind::RabbitMq), url(Kind::Redis), url(Kind::Postgres))?;
    let name = own_name();
    let ledger = database(&postgres, &name).await?;
    Ok(Stores { ledger, broker, guard, prefix: name })
}

/// Makes an empty database beside the one in `postgres`; returns its address.
///
/// # Errors
/// The server refuses.
pub async fn database(postgres: &str, name: &str) -> Done<String> {
    let create = format!("create database {name}");
    let made = Command::new(psql()).args([postgres, "-qX", "-c", &create]).output().await?;
    if !made.status.success() {
        return Err(format!("{create}: {}", String::from_utf8_lossy(&made.stderr).trim()).into());
    }
    let mut address = Url::parse(postgres)?;
    address.set_path(name);
    Ok(address.into())
}

/// A name that no other run has, in this process or another.
pub fn own_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("t{}_{}_{count}", Timestamp::now().as_millisecond(), std::process::id())
}

/// On the path, or where Debian keeps those of each version.
fn psql() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin/psql")).find(|path| path.is_file()).unwrap_or_else(|| "psql".into())
}
