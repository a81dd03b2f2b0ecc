//! What is wrong with a request, told so that its sender can mend it.

use domain::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnosis::remedy;

/// One thing that is wrong, or a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Where, as a JSON path: `$.targets[1].account`; `$` is the whole message.
    pub path: String,
    /// Which failure it is.
    pub code: Code,
    /// What is wrong with this very value.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem at `path`; the remedy is the one of the code's page.
    pub fn new(path: impl ToString, code: Code, message: impl Into<String>) -> Self {
        Self { path: path.to_string(), code, message: message.into(), remedy: remedy(code).into() }
    }
}
