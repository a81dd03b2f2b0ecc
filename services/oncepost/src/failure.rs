//! An error at the top of the program: what could not be done, the whole chain of why, once, and what to do.

use std::{error::Error, fmt};

/// What could not be done.
#[derive(Debug)]
pub struct Failure {
    operation: &'static str,
    cause: Box<dyn Error + Send + Sync>,
    remedy: Option<String>,
    may_pass: bool,
}

impl Failure {
    /// `operation` failed because of `cause`.
    pub fn of(operation: &'static str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { operation, cause: Box::new(cause), remedy: None, may_pass: false }
    }

    /// `operation` failed; `why` says it in words.
    pub fn new(operation: &'static str, why: impl Into<String>) -> Self {
        Self { operation, cause: why.into().into(), remedy: None, may_pass: false }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// The same, of which waiting may be the remedy: something is away.
    #[must_use]
    pub fn passing(self) -> Self {
        Self { may_pass: true, ..self }
    }

    /// Whether waiting may help.
    pub fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// All of it in one line, for the log and the probes.
    pub fn in_a_line(&self) -> String {
        self.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The same without what to do, for those who say that themselves.
    #[must_use]
    pub fn bare(self) -> Self {
        Self { remedy: None, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.operation)?;
        let mut cause: Option<&dyn Error> = Some(&*self.cause);
        let mut told = String::new();
        while let Some(error) = cause {
            let text = error.to_string();
            // Libraries like to repeat their cause's words.
            if !told.contains(&text) {
                write!(f, "\n  because {text}")?;
            }
            told = text;
            cause = error.source();
        }
        match &self.remedy {
            Some(remedy) => write!(f, "\n→ {remedy}"),
            None => Ok(()),
        }
    }
}
