//! What is wrong with the settings, and what to do about it.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `protocol.lease` or `accounts[1].secrets.token`; or the file.
    pub path: String,
    /// What is wrong with it. Never shows a secret.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// Whether `other` is about the same key or one inside it: what follows from this problem is not worth telling.
    pub(crate) fn explains(&self, other: &Problem) -> bool {
        other.path.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. To mend it: {}.", self.path, self.problem, self.remedy)
    }
}
