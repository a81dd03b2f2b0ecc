//! Secrets, and where they come from.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, Serializer};

use crate::{Problem, text::is_world_readable};

/// A text that nothing prints.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself: for using, never for showing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("***")
    }
}

/// A secret by its source: written here, in a file, or in an environment variable. Exactly one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretRef {
    /// The secret, written in the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Secret>,
    /// The file that holds it; a line end after it is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    #[serde(skip)]
    found: Secret,
}

impl SecretRef {
    /// A secret written in place.
    pub fn of(secret: impl Into<String>) -> Self {
        let secret = Secret::new(secret);
        Self { value: Some(secret.clone()), found: secret, ..Self::default() }
    }

    /// The secret, as found when the settings were loaded; empty if it was not needed and is not written in place.
    pub fn secret(&self) -> &Secret {
        &self.found
    }

    /// Looks the secret up, if it `is_needed`. `file` and `env` are read once, here.
    pub(crate) fn find(&mut self, path: &str, is_needed: bool, env: &BTreeMap<String, String>, found: &mut Found) {
        let secret = match (&self.value, &self.file, &self.env) {
            (Some(secret), None, None) => Some(secret.clone()),
            (None, Some(_), None) | (None, None, Some(_)) if !is_needed => None,
            (None, Some(file), None) => found.file(path, file).map(Secret::new),
            (None, None, Some(name)) => match env.get(name) {
                Some(secret) => Some(Secret::new(secret.clone())),
                None => {
                    let problem = format!("the environment variable {name} is not set");
                    found.problem(path, problem, format!("set {name}, or name another source"));
                    None
                }
            },
            _ => {
                let problem = "a secret has exactly one source";
                found.problem(path, problem, "give one of value, file and env");
                return;
            }
        };
        match secret {
            Some(secret) if secret.0.is_empty() => {
                found.problem(path, "the secret is empty", "fill it in where it comes from")
            }
            Some(secret) => self.found = secret,
            None => {}
        }
    }
}

/// What came up while looking for secrets.
#[derive(Default)]
pub(crate) struct Found {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

impl Found {
    pub(crate) fn problem(&mut self, path: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(path, problem, remedy));
    }

    /// The content of a file of secrets.
    pub(crate) fn file(&mut self, path: &str, file: &Path) -> Option<String> {
        let shown = file.display();
        match fs::read_to_string(file) {
            Ok(text) => {
                if is_world_readable(file) {
                    let problem = format!("everyone on this machine can read {shown}");
                    self.warnings.push(Problem::new(path, problem, format!("chmod o-r {shown}")));
                }
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            Err(error) => {
                let problem = format!("{shown} cannot be read ({})", error.kind());
                self.problem(path, problem, "mount the file, or correct its path or its permissions");
                None
            }
        }
    }
}
