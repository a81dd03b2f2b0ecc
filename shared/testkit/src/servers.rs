//! Private RabbitMQ, Redis and PostgreSQL, run by `deploy/local/server.sh`.
//!
//! A test that only needs a server to be there asks for [`url()`]: one per process and kind, or the one that the environment names.
//! A test that will hurt its server takes a [`Server`] of its own. Nothing is left behind: a server ends when it is dropped and, by a
//! guard outside, when this process has gone without that.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::{process::Command, sync::OnceCell};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Redis, with an append-only file.
    Redis,
    /// PostgreSQL, with an empty database `oncepost`.
    Postgres,
    /// RabbitMQ, with the management plug-in.
    RabbitMq,
}

impl Kind {
    /// The variable that names a server to use instead of a private one.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Redis => "ONCEPOST_TEST_REDIS",
            Self::Postgres => "ONCEPOST_TEST_POSTGRES",
            Self::RabbitMq => "ONCEPOST_TEST_AMQP",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::RabbitMq => "rabbitmq",
        }
    }
}

/// The address of a server for tests that leave it whole: what the environment names, or one server for this process.
/// Other tests use it too, so take names of your own in it.
///
/// # Errors
/// If it does not start.
pub async fn url(kind: Kind) -> io::Result<String> {
    static REDIS: OnceCell<Server> = OnceCell::const_new();
    static POSTGRES: OnceCell<Server> = OnceCell::const_new();
    static RABBITMQ: OnceCell<Server> = OnceCell::const_new();
    if let Ok(url) = std::env::var(kind.variable())
        && !url.is_empty()
    {
        return Ok(url);
    }
    let server = match kind {
        Kind::Redis => &REDIS,
        Kind::Postgres => &POSTGRES,
        Kind::RabbitMq => &RABBITMQ,
    };
    // A static is never dropped; the guard ends the server with the process.
    Ok(server.get_or_try_init(|| Server::start(kind)).await?.url().to_owned())
}

/// A server of one's own, on ports that stay the same through every restart.
pub struct Server {
    kind: Kind,
    durable: bool,
    folder: TempDir,
    url: String,
}

impl Server {
    /// Starts one and waits until it is ready: 0.1 s for Redis, 1 s for PostgreSQL, 5 s for RabbitMQ on an idle machine.
    ///
    /// # Errors
    /// If it is not installed or does not start; its own words are in the error.
    pub async fn start(kind: Kind) -> io::Result<Self> {
        Self::start_as(kind, false).await
    }

    /// The same with what it confirms on the disk, as in production: for measuring. [`Server::start`] trades a power cut for speed.
    ///
    /// # Errors
    /// If it is not installed or does not start; its own words are in the error.
    pub async fn start_durable(kind: Kind) -> io::Result<Self> {
        Self::start_as(kind, true).await
    }

    async fn start_as(kind: Kind, durable: bool) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("oncepost-server.").tempdir()?;
        let mut server = Self { kind, durable, folder, url: String::new() };
        server.guard()?;
        server.url = server.run("start").await?;
        Ok(server)
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of RabbitMQ's HTTP interface, with a slash at the end.
    ///
    /// # Errors
    /// For other kinds.
    pub async fn admin_url(&self) -> io::Result<String> {
        self.run("admin").await
    }

    /// Its folder: data, logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// SIGKILL; the data stay as they are at that moment.
    ///
    /// # Errors
    /// If it does not die.
    pub async fn kill(&self) -> io::Result<()> {
        self.run("kill").await.map(drop)
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn stop(&self) -> io::Result<()> {
        self.run("stop").await.map(drop)
    }

    /// Starts it again after [`Server::kill`] or [`Server::stop`], on the same port and data.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start_again(&self) -> io::Result<()> {
        self.run("start").await.map(drop)
    }

    /// SIGKILL, all data lost, and started again on the same port.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn wipe(&self) -> io::Result<()> {
        self.run("wipe").await.map(drop)
    }

    /// Does it run?
    pub async fn is_alive(&self) -> bool {
        self.run("alive").await.is_ok()
    }

    async fn run(&self, action: &str) -> io::Result<String> {
        let mut command = Command::new(script());
        let throwaway = if self.durable { "0" } else { "1" };
        command.args([action, self.kind.word()]).arg(self.folder.path()).env("ONCEPOST_THROWAWAY", throwaway);
        let done = command.stdin(Stdio::null()).output().await?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        Err(io::Error::other(format!("server.sh {action} {}: {}", self.kind.word(), said.trim())))
    }

    /// Leaves somebody behind who cleans up when this process is gone.
    fn guard(&self) -> io::Result<()> {
        let mut command = std::process::Command::new("setsid");
        command.arg(script()).args(["guard", self.kind.word()]).arg(self.folder.path());
        command.arg(std::process::id().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut command = std::process::Command::new(script());
        command.args(["kill", self.kind.word()]).arg(self.folder.path()).stdin(Stdio::null());
        match command.output() {
            Ok(done) if done.status.success() => {}
            done => tracing::error!(?done, kind = self.kind.word(), "server.not_ended"),
        }
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/server.sh")
}
