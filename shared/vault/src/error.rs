//! Why something about an account could not be done.

use channels::Secret;
use domain::{Code, Failure};
use jiff::Timestamp;
use ledger::LedgerError;

use crate::{AccountName, SealError};

/// Why something about an account or app could not be done. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// What was asked for cannot be, whatever is tried.
    #[error("{}", .0.join("; "))]
    Refused(Vec<String>),
    /// There is no such account.
    #[error("there is no account {0}: connect it, or list it in the settings")]
    NoAccount(Box<AccountName>),
    /// There is no such app.
    #[error("there is no app {0}")]
    NoApp(String),
    /// There is no such hook.
    #[error("there is no hook {0}")]
    NoHook(String),
    /// Its tokens may not be renewed yet, whoever asks.
    #[error("the tokens of {name} are not renewed before {}: {why}", .until.strftime("%Y-%m-%d %H:%M:%SZ"))]
    NotYet {
        /// The account.
        name: Box<AccountName>,
        /// Until when.
        until: Timestamp,
        /// Why, for people.
        why: &'static str,
    },
    /// Somebody changed it at the same moment.
    #[error("{0} was changed by somebody else at the same moment: look at it, and ask again")]
    Changed(String),
    /// A link leads nowhere.
    #[error("{0}")]
    Link(#[from] crate::link::LinkEnd),
    /// By a link came another account than was connected before.
    #[error("{name} was connected as {was}, and {is} came back: log in to the platform as {was}, and connect it again")]
    Another {
        /// The account here.
        name: String,
        /// What was connected before, in the platform's words.
        was: String,
        /// What came back.
        is: String,
    },
    /// What was asked for failed, on the platform or on the way to it.
    #[error("{}", told(.0))]
    Failed(Box<Failure>),
    /// A secret cannot be sealed or opened.
    #[error("the credentials of {0} cannot be used: {1}")]
    Seal(String, SealError),
    /// The ledger did not answer.
    #[error("the ledger did not answer")]
    Ledger(#[from] LedgerError),
    /// A record cannot be read.
    #[error("the record of {0} cannot be read")]
    Record(String, #[source] serde_json::Error),
}

fn told(failure: &Failure) -> String {
    let title = failure.code.page().map_or("it failed", |page| page.title);
    let said = [failure.said.status.map(|status| format!("HTTP {status}")), Some(failure.said.text.clone())];
    let said: Vec<_> = said.into_iter().flatten().filter(|said| !said.is_empty()).collect();
    match said.as_slice() {
        [] => format!("{} {title}, at \"{}\"", failure.code, failure.step),
        said => format!("{} {title}, at \"{}\" ({})", failure.code, failure.step, said.join(": ")),
    }
}

impl VaultError {
    /// The same as the failure of an attempt: our own, worth another try.
    pub fn into_failure(self, step: &str) -> Failure {
        match self {
            VaultError::Failed(failure) => *failure,
            VaultError::Ledger(error) => Failure::system(Code::OWN_HICCUP, step, error.to_string()),
            error => Failure::system(Code::CREDENTIALS_MISSING, step, error.to_string()),
        }
    }
}

impl From<Failure> for VaultError {
    fn from(failure: Failure) -> Self {
        VaultError::Failed(Box::new(failure))
    }
}

/// Whether two secrets are the same.
pub(crate) fn same(one: Option<&Secret>, other: Option<&Secret>) -> bool {
    one.map(Secret::reveal) == other.map(Secret::reveal)
}
