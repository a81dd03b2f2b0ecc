//! Processes of the product: started with a settings file, ended in order or killed.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::{Child, Command};

use crate::Done;

/// One oncepost process. Killed when dropped.
pub struct Process {
    name: String,
    child: Child,
}

/// Where the product's binary is: beside the harness's own, or a folder above, where Cargo puts it for tests.
///
/// # Errors
/// It has not been built.
pub fn binary() -> Done<PathBuf> {
    let own = std::env::current_exe()?;
    let folders = own.ancestors().skip(1).take(2);
    folders
        .map(|folder| folder.join("oncepost"))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("there is no oncepost near {}; build it with `cargo build -p oncepost`", own.display()).into())
}

impl Process {
    /// Starts `oncepost` with `arguments` and the settings in `config`; its log goes to `folder/name.log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(name: &str, arguments: &[&str], config: &Path, extra: &[(&str, String)], folder: &Path) -> Done<Self> {
        let log = File::options().create(true).append(true).open(folder.join(format!("{name}.log")))?;
        let child = Command::new(binary()?)
            .args(arguments)
            .arg("--config")
            .arg(config)
            .envs(extra.iter().map(|(key, value)| (*key, value.as_str())))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { name: name.into(), child })
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> Done {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end (SIGTERM) and waits until it has drained.
    ///
    /// # Errors
    /// It did not end in time, or ended with an error.
    pub async fn stop(mut self, limit: Duration) -> Done {
        let Some(pid) = self.child.id() else { return Ok(()) };
        let asked = Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await?;
        if !asked.success() {
            return Err(format!("{} could not be asked to end", self.name).into());
        }
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{} ended with {status}", self.name).into()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => {
                self.child.kill().await?;
                Err(format!("{} did not drain within {limit:?}", self.name).into())
            }
        }
    }

    /// How much memory it holds, in KiB, and how much processor time it has used, in seconds.
    pub fn usage(&self) -> (u64, f64) {
        let Some(pid) = self.child.id() else { return (0, 0.0) };
        usage(pid)
    }
}

/// Resident memory in KiB and processor seconds of a process, from `/proc`.
pub fn usage(pid: u32) -> (u64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or_default();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Fields 14 and 15, counted after the name, which may hold spaces and stands in brackets.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    (resident, ticks / 100.0)
}
