//! Runs the scripts in this folder: well-known client libraries against the fakes, in a virtual environment kept between runs.

use std::{path::Path, time::Duration};

use serde_json::Value;
use tokio::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

async fn run(program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program).args(arguments).kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(180), ran).await.expect("it ends in time");
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be run ({error}): install python3-venv"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The environment's Python, with the packages that `name` needs, installed unless this very list was installed before.
async fn python(name: &str) -> String {
    let list = format!("{FOLDER}/{name}.txt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name);
    let (wanted, stamp) = (std::fs::read_to_string(&list).expect("the list"), folder.join("installed"));
    let python = folder.join("bin/python").to_string_lossy().into_owned();
    if !std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        run("python3", &["-m", "venv", &folder.to_string_lossy()]).await;
        run(&python, &["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", &list]).await;
        std::fs::write(stamp, wanted).expect("the stamp");
    }
    python
}

/// What the script `name` printed.
pub async fn script(name: &str, arguments: &[&str]) -> Value {
    let python = python(name).await;
    let path = format!("{FOLDER}/{name}.py");
    let said = run(&python, &[&[path.as_str()], arguments].concat()).await;
    serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{error}: {said}"))
}
