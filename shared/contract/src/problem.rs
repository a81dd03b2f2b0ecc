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
    /// How much too much it is, where something is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<Box<Excess>>,
    /// Which targets would be refused for it, counted from 0 in the message's order; none where it concerns the whole message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<usize>,
}

/// More than is taken, counted as the channel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Excess {
    /// How much there is.
    pub actual: usize,
    /// The most that is taken.
    pub limit: usize,
}

impl Problem {
    /// A problem at `path`; the remedy is the one of the code's page.
    pub fn new(path: impl ToString, code: Code, message: impl Into<String>) -> Self {
        let path = path.to_string();
        let targets = target_of(&path).into_iter().collect();
        Self { path, code, message: message.into(), remedy: remedy(code), excess: None, targets }
    }
}

/// The target whose field `path` names.
fn target_of(path: &str) -> Option<usize> {
    path.strip_prefix("$.targets[")?.split_once(']')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_in_a_target_concerns_that_target_and_any_other_the_message() {
        let targets = |path: &str| Problem::new(path, Code::BAD_FIELD, "is wrong").targets;
        assert_eq!((targets("$.targets[12].account"), targets("$.targets[0]")), (vec![12], vec![0]));
        for path in ["$.targets", "$", "$.content.text"] {
            assert!(targets(path).is_empty(), "{path}");
        }
    }
}
