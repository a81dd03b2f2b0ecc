//! What can keep a command from being done, told with what to do about it.

use console::Problem;

use crate::failure::Failure;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The command was given something it cannot use.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Nobody answers.
    #[error("oncepost cannot be reached at {address}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Something answers that is not oncepost's API.
    #[error("what answers at {address} is not oncepost's API (HTTP {status})")]
    Stranger {
        /// Where.
        address: String,
        /// The answer's status.
        status: u16,
    },
    /// oncepost refuses.
    #[error("{} ({})", problem.title, problem.status)]
    Refused {
        /// Its words.
        problem: Box<Problem>,
        /// The answer as it came.
        raw: String,
    },
    /// Nobody has answered for long, and what was waited for goes on.
    #[error("{last}")]
    OutOfSight {
        /// What goes on, and how it is looked at later.
        goes_on: String,
        /// Why nobody answered last.
        last: Box<Trouble>,
    },
    /// The output cannot be written.
    #[error("the answer cannot be written")]
    Output(#[from] std::io::Error),
}

impl Trouble {
    /// A wrong argument.
    pub fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), remedy: remedy.into() }
    }

    /// What this machine's own settings or parts do not allow.
    pub fn setup(failure: Failure) -> Self {
        Self::Usage { what: format!("{failure}."), remedy: "`oncepost doctor` checks the settings.".into() }
    }

    /// Settings that cannot be used.
    pub fn settings(problems: Vec<settings::Problem>) -> Self {
        let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Self::usage(
            format!("The settings cannot be used:\n{}", list.join("\n")),
            "docs/configuration.md lists the keys.",
        )
    }

    /// Whether oncepost said that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Trouble::Refused { problem, .. } if problem.status == 404)
    }

    /// Whether a moment later there may be an answer: something restarts, or the ledger is away.
    pub fn may_pass(&self) -> bool {
        match self {
            Trouble::Unreachable { .. } => true,
            Trouble::Refused { problem, .. } => problem.status == 503,
            Trouble::Stranger { status, .. } => (502..=504).contains(status),
            Trouble::Usage { .. } | Trouble::OutOfSight { .. } | Trouble::Output(_) => false,
        }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Trouble::OutOfSight { last, .. } => last.exit_code(),
            Trouble::Refused { problem, .. } if problem.status == 503 => 3,
            Trouble::Refused { .. } | Trouble::Output(_) => 1,
            Trouble::Usage { .. } => 2,
            Trouble::Unreachable { .. } | Trouble::Stranger { .. } => 3,
        }
    }
}
