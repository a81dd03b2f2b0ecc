//! Processes of the product: started with a settings file, ended in order or killed.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

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
    folders.map(|folder| folder.join("oncepost")).find(|path| path.is_file()).ok_or_else(|| {
        format!("there is no oncepost near {}; build it with `cargo build -p oncepost`", own.display()).into()
    })
}

/// What a command that ended by itself left behind.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none if it was killed.
    pub code: Option<i32>,
    /// What it said on standard output.
    pub out: String,
    /// What it said on standard error.
    pub err: String,
}

impl Ran {
    /// Both streams, for searching.
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Runs `oncepost` with `arguments`, variables and standard input to its end. No variable of ours reaches it but those in `extra`.
///
/// # Errors
/// It cannot be started, or has not ended within `limit`; then it is killed.
pub async fn run(arguments: &[&str], extra: &[(&str, String)], input: &str, limit: Duration) -> Done<Ran> {
    let mut command = Command::new(binary()?);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ONCEPOST")) {
        command.env_remove(name);
    }
    command.args(arguments).envs(extra.iter().map(|(key, value)| (*key, value.as_str())));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that reads nothing may have gone before we have written.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let ended = tokio::time::timeout(limit, child.wait_with_output()).await;
    let output = ended.map_err(|_| format!("oncepost {} did not end within {limit:?}", arguments.join(" ")))??;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) })
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

    /// How it ended by itself; none while it runs.
    pub fn has_ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> Done {
        self.kill_now().await
    }

    /// The same, and keeps it for who wants to know how it ended.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill_now(&mut self) -> Done {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end (SIGTERM) and waits until it has drained.
    ///
    /// # Errors
    /// It did not end in time, or ended with an error.
    pub async fn stop(self, limit: Duration) -> Done {
        self.ask_to_end().await?;
        self.ended(limit).await
    }

    /// Asks it to end (SIGTERM) and does not wait.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn ask_to_end(&self) -> Done {
        let Some(pid) = self.child.id() else { return Ok(()) };
        let asked = Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await?;
        if asked.success() { Ok(()) } else { Err(format!("{} could not be asked to end", self.name).into()) }
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// It did not end in time, or ended with an error.
    pub async fn ended(mut self, limit: Duration) -> Done {
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

    /// What it has used so far; nothing once it has ended.
    pub fn usage(&self) -> Usage {
        self.child.id().map(usage).unwrap_or_default()
    }
}

/// What a process, or several, have used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Memory that it holds, in KiB.
    pub resident_kib: u64,
    /// The most that it has held so far.
    pub peak_kib: u64,
    /// Processor time, its own and the system's on its behalf.
    pub cpu_seconds: f64,
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            resident_kib: self.resident_kib + other.resident_kib,
            peak_kib: self.peak_kib + other.peak_kib,
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
        }
    }
}

/// What a process has used so far, from `/proc`.
fn usage(pid: u32) -> Usage {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    parse(&read("status"), &read("stat"))
}

/// Reads `/proc/PID/status` and `/proc/PID/stat`.
fn parse(status: &str, stat: &str) -> Usage {
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    };
    // Fields 14 and 15, counted after the name, which may hold spaces and stands in brackets. Linux counts a hundredth of a second as one.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Usage { resident_kib: kib("VmRSS:"), peak_kib: kib("VmHWM:"), cpu_seconds: ticks / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_uses_is_read_whatever_its_name() {
        let status = "Name:\ta (b) c\nVmPeak:\t  900 kB\nVmHWM:\t   70 kB\nVmRSS:\t   60 kB\n";
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 5 6 7 8 150 25 9 9 20 0 1 0 5 6 7";
        assert_eq!(parse(status, stat), Usage { resident_kib: 60, peak_kib: 70, cpu_seconds: 1.75 });
        assert_eq!(parse("", ""), Usage::default());
    }
}
