//! Calls without a whole answer: was the request sent?

use std::error::Error;

use domain::{Code, Failure, Landed, PlatformWords, Scope, Worth};

/// Why there is no whole answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The request surely was not written: it could not be built, or no connection (name, TCP, TLS) came about.
    Unsent(String),
    /// It was written, or may have been.
    Silent(String),
    /// The answer is longer than we read.
    TooLong {
        /// The most we read, in bytes.
        most: usize,
    },
}

impl Broken {
    /// What went wrong before the answer's head was there.
    ///
    /// A connection from the pool that died before anything was written is replaced inside the client; one that died
    /// later counts as written.
    pub(crate) fn sending(error: reqwest::Error) -> Self {
        let unsent = error.is_builder() || error.is_connect();
        let words = words(error);
        if unsent { Broken::Unsent(words) } else { Broken::Silent(words) }
    }

    /// What went wrong while the answer's body was read.
    pub(crate) fn answer(error: reqwest::Error) -> Self {
        Broken::Silent(words(error))
    }

    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self, Broken::Unsent(_))
    }

    pub(crate) fn words(&self) -> String {
        match self {
            Broken::Unsent(words) | Broken::Silent(words) => words.clone(),
            Broken::TooLong { most } => format!("the answer is longer than {most} bytes"),
        }
    }

    /// Nothing can be out: try again.
    pub(crate) fn at_free_step(&self, step: &str) -> Failure {
        let code = match self {
            Broken::Unsent(_) => Code::UNREACHABLE,
            Broken::Silent(_) => Code::OUT_OF_ORDER,
            Broken::TooLong { .. } => Code::STRANGE_ANSWER,
        };
        self.failure(step, code, Landed::No)
    }

    /// It may be out, unless the request surely was not written.
    pub(crate) fn at_publish_point(&self, step: &str) -> Failure {
        match self {
            Broken::Unsent(_) => self.failure(step, Code::UNREACHABLE, Landed::No),
            Broken::Silent(_) => self.failure(step, Code::NO_ANSWER, Landed::Unknown),
            Broken::TooLong { .. } => self.failure(step, Code::UNCLEAR_ANSWER, Landed::Unknown),
        }
    }

    fn failure(&self, step: &str, code: Code, landed: Landed) -> Failure {
        Failure {
            code,
            landed,
            worth: Worth::Retry { not_before: None },
            scope: Scope::Channel,
            step: step.into(),
            said: PlatformWords::text(self.words()),
        }
    }
}

/// The error and its causes in one line, without the address, which may hold a token.
fn words(error: reqwest::Error) -> String {
    let timeout = error.is_timeout();
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !words.contains(&next) {
            words = format!("{words}: {next}");
        }
        cause = error.source();
    }
    if timeout { format!("no answer in time: {words}") } else { words }
}
