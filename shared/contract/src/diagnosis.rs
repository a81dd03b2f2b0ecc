//! A failure for people: what happened, whose fault it is, what to do.

use domain::{Code, Failure, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person needs to know of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// Which failure it is.
    pub code: Code,
    /// One line: what happened, where, in the platform's own words.
    pub sentence: String,
    /// Whose fault it is.
    pub whose_fault: String,
    /// What to do next.
    pub remedy: String,
}

impl Diagnosis {
    /// The diagnosis of `failure` on a target that is now `state`.
    pub fn of(failure: &Failure, state: State) -> Self {
        Self {
            code: failure.code,
            sentence: failure.sentence(state),
            whose_fault: failure.scope.whose_fault().into(),
            remedy: remedy(failure.code).into(),
        }
    }
}

/// What to do about a failure, from its page.
pub(crate) fn remedy(code: Code) -> &'static str {
    code.page().map_or("", |page| page.remedy())
}
