//! An error at the top of the program: what could not be done, and the whole chain of why, once.

use std::{error::Error, fmt};

/// What could not be done.
#[derive(Debug)]
pub struct Failure {
    operation: &'static str,
    cause: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// `operation` failed because of `cause`.
    pub fn of(operation: &'static str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { operation, cause: Box::new(cause) }
    }

    /// `operation` failed; `why` says it in words.
    pub fn new(operation: &'static str, why: impl Into<String>) -> Self {
        Self { operation, cause: why.into().into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.operation)?;
        let mut cause: Option<&dyn Error> = Some(&*self.cause);
        while let Some(error) = cause {
            write!(f, "\n  because {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
