//! Runs other people's client libraries against the fakes, so that a fake is not merely our own reading of a platform.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

/// Kept between runs: what the package registry gave.
fn cache(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

async fn run(program: &Path, arguments: &[&str]) -> String {
    let run = Command::new(program).args(arguments).kill_on_drop(true).output();
    let done = tokio::time::timeout(std::time::Duration::from_secs(240), run).await.expect("it ends in time");
    let done =
        done.unwrap_or_else(|error| panic!("{} cannot be run ({error}); install python3-venv", program.display()));
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{} {arguments:?}:\n{out}{err}", program.display());
    out.into_owned()
}

/// Runs `tests/clients/{name}.py` with `packages` installed; returns the JSON that it prints last.
pub async fn python(name: &str, packages: &[&str], arguments: &[&str]) -> Value {
    let folder = cache(name);
    let (python, stamp) = (folder.join("venv/bin/python"), folder.join("installed"));
    if std::fs::read_to_string(&stamp).ok() != Some(packages.join(" ")) {
        run(Path::new("python3"), &["-m", "venv", &folder.join("venv").to_string_lossy()]).await;
        let install = ["-m", "pip", "install", "-q", "--disable-pip-version-check"];
        run(&python, &[&install[..], packages].concat()).await;
        std::fs::write(stamp, packages.join(" ")).expect("a stamp");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/clients/{name}.py"));
    // Isolated, so that a script may have the name of the library that it tries.
    let out = run(&python, &[&["-I", &*script.to_string_lossy()], arguments].concat()).await;
    let last = out.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON in the last line of {out}"))
}
