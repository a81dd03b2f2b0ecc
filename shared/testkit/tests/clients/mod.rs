//! Runs other people's client libraries against the fakes, so that a fake is not merely our own misreading of a platform.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tokio::process::Command;

/// The longest that a script, or the installing of its packages, may take.
const LIMIT: Duration = Duration::from_secs(240);

/// A script of this folder, beside its packages and what it shares with others.
pub struct Client {
    program: String,
    script: PathBuf,
}

impl Client {
    /// A script for Python with these packages, as pip names them with their versions.
    pub async fn python(script: &str, packages: &[&str]) -> Self {
        let folder = folder(script);
        let python = folder.join("venv/bin/python").to_string_lossy().into_owned();
        let mut install = vec!["-m", "pip", "install", "-q", "--disable-pip-version-check"];
        install.extend(packages);
        installed(&folder, packages, &[("python3", &["-m", "venv", "venv"]), (&python, &install)]).await;
        copied("detour.py", &folder.join("detour.py"));
        // Under another name: a script may have the name of the library that it tries.
        Self { program: python, script: copied(script, &folder.join("client.py")) }
    }

    /// A script for Node with these packages, as npm names them with their versions.
    pub async fn node(script: &str, packages: &[&str]) -> Self {
        let folder = folder(script);
        let mut install = vec!["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
        install.extend(packages);
        installed(&folder, packages, &[("npm", &install)]).await;
        Self { program: "node".into(), script: copied(script, &folder.join(script)) }
    }

    /// Runs the script; its last line on stdout.
    ///
    /// # Panics
    /// If it fails.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let script = self.script.to_str().expect("a path in Unicode");
        let folder = self.script.parent().expect("a folder");
        let said = ran(&self.program, &[&[script], arguments].concat(), folder).await;
        said.lines().last().unwrap_or_default().to_owned()
    }
}

/// Runs `{name}.py` with `packages`; returns the JSON that it prints last.
pub async fn python(name: &str, packages: &[&str], arguments: &[&str]) -> Value {
    let last = Client::python(&format!("{name}.py"), packages).await.run(arguments).await;
    serde_json::from_str(&last).unwrap_or_else(|error| panic!("{error}: {last}"))
}

/// The same with the packages that `{name}.txt` lists.
pub async fn script(name: &str, arguments: &[&str]) -> Value {
    let list = std::fs::read_to_string(source(&format!("{name}.txt"))).expect("the list of packages");
    python(name, &list.lines().collect::<Vec<_>>(), arguments).await
}

fn source(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(file)
}

/// Kept between runs: what the package registries gave.
fn folder(script: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(script.replace('.', "-"));
    std::fs::create_dir_all(&folder).expect("a folder for the packages");
    folder
}

fn copied(file: &str, to: &Path) -> PathBuf {
    std::fs::copy(source(file), to).expect("the script can be copied");
    to.to_owned()
}

/// Installs the packages, unless these very ones were installed before.
async fn installed(folder: &Path, packages: &[&str], commands: &[(&str, &[&str])]) {
    let (wanted, stamp) = (packages.join("\n"), folder.join("installed"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return;
    }
    for (program, arguments) in commands {
        ran(program, arguments, folder).await;
    }
    std::fs::write(stamp, wanted).expect("the packages are noted");
}

async fn ran(program: &str, arguments: &[&str], folder: &Path) -> String {
    let run = Command::new(program).args(arguments).current_dir(folder).kill_on_drop(true).output();
    let done = tokio::time::timeout(LIMIT, run).await.expect("it ends in time");
    let done =
        done.unwrap_or_else(|error| panic!("{program} cannot be run ({error}); deploy/local/install.sh installs it"));
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{program} {arguments:?}:\n{out}{err}");
    out.into_owned()
}
