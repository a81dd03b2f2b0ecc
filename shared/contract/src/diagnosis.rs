//! A failure for people: what happened, whose fault it is, what to do.

use domain::{Code, Failure, State, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    advice::{Stands, advice},
    expired,
};

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
    /// The diagnosis of `failure` on `target` as it is now. `named`: by what people know the part in doubt, as `part 3 of 5`.
    pub fn of(failure: &Failure, target: &Target, named: Option<&str>) -> Self {
        Self::at(failure, Stands::of(target, named))
    }

    /// The diagnosis of `failure` on a target that stands so.
    pub(crate) fn at(failure: &Failure, stands: Stands<'_>) -> Self {
        if stands.state == State::Expired {
            return expired::diagnosis(failure, stands.deadline);
        }
        Self {
            code: failure.code,
            sentence: failure.sentence(stands.state),
            whose_fault: failure.whose_fault().into(),
            remedy: advice(failure.code, failure.code, stands),
        }
    }
}

/// What to do about a failure, from its page.
pub(crate) fn remedy(code: Code) -> String {
    code.page().map(|page| page.remedy()).unwrap_or_default()
}
