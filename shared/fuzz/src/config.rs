//! The settings: files of three kinds, and variables.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::LazyLock};

use settings::Settings;
use tempfile::TempDir;

/// Where files to be read are put.
static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("there is a folder for temporary files"));

/// Settings are read, or every problem says where it is and what to do; nothing secret is told.
pub fn toml_settings(bytes: &[u8]) {
    file(bytes, "toml");
}

/// The same.
pub fn yaml_settings(bytes: &[u8]) {
    file(bytes, "yaml");
}

/// The same.
pub fn json_settings(bytes: &[u8]) {
    file(bytes, "json");
}

/// The same, of variables: a name, `=` and a value on each line.
pub fn variables(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let variables: BTreeMap<String, String> = pairs
        .filter(|(name, _)| *name != "ONCEPOST_CONFIG" && !name.to_lowercase().contains("file"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    check(Settings::load(None, variables));
}

fn file(bytes: &[u8], kind: &str) {
    // Nothing outside may be read because of what a file says.
    if String::from_utf8_lossy(bytes).to_lowercase().contains("file") {
        return;
    }
    let path: PathBuf = FOLDER.path().join(format!("{:?}.{kind}", std::thread::current().id()));
    fs::write(&path, bytes).expect("the folder can be written to");
    check(Settings::load(Some(&path), []));
}

fn check(loaded: Result<Settings, Vec<settings::Problem>>) {
    match loaded {
        Ok(settings) => assert!(settings.to_redacted_json().is_object()),
        Err(problems) => {
            assert!(!problems.is_empty() && problems.len() <= 1_000);
            assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
        }
    }
}
