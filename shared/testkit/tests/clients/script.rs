//! Runs other people's client libraries against the fakes, so that a fake is not merely our own misreading.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use tokio::process::Command;

/// A script of `tests/clients` and the interpreter that has its library.
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
        Self { program: python, script: source(script) }
    }

    /// A script for Node with these packages, as npm names them with their versions.
    pub async fn node(script: &str, packages: &[&str]) -> Self {
        let folder = folder(script);
        let mut install = vec!["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
        install.extend(packages);
        installed(&folder, packages, &[("npm", &install)]).await;
        // Beside its modules: that is where Node looks for them.
        let beside = folder.join(script);
        std::fs::copy(source(script), &beside).expect("the script can be copied");
        Self { program: "node".into(), script: beside }
    }

    /// Runs the script; its last line on stdout.
    ///
    /// # Panics
    /// If it fails.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let mut all = vec![self.script.to_str().expect("a path in Unicode")];
        all.extend(arguments);
        let folder = self.script.parent().expect("a folder");
        let done = ran(&self.program, &all, folder).await;
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{out}{err}");
        out.lines().last().unwrap_or_default().to_owned()
    }
}

fn source(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script)
}

/// Kept between runs: what the package registries gave.
fn folder(script: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(script.replace('.', "-"));
    std::fs::create_dir_all(&folder).expect("a folder for the packages");
    folder
}

/// Installs the packages, unless these very ones were installed before.
async fn installed(folder: &Path, packages: &[&str], commands: &[(&str, &[&str])]) {
    let (wanted, stamp) = (packages.join("\n"), folder.join("installed"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return;
    }
    for (program, arguments) in commands {
        let done = ran(program, arguments, folder).await;
        assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    std::fs::write(stamp, wanted).expect("the packages are noted");
}

async fn ran(program: &str, arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(program);
    let ran =
        command.args(arguments).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1").kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(180), ran).await.expect("it ends in time");
    output.unwrap_or_else(|error| panic!("{program} cannot be run ({error}); deploy/local/install.sh installs it"))
}
