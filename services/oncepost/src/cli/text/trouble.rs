//! What hindered a command, and what to do about it.

use std::error::Error;

use console::Problem;

use super::{harmless, labelled, schedule};
use crate::cli::trouble::Trouble;

/// What hindered a command.
pub(crate) fn told(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Usage { what, remedy } => format!("{}\n{}", labelled("", what), labelled("→ ", remedy)),
        Trouble::Unreachable { .. } => {
            let mut lines = vec![format!("{trouble}.")];
            lines.extend(root(trouble).map(|cause| labelled("  because ", &harmless(&cause))));
            lines.push("→ Is it running (`oncepost api`, `oncepost dev`)? Is --api (ONCEPOST_API) right?".into());
            lines.join("\n")
        }
        Trouble::Stranger { .. } => {
            format!("{trouble}.\n→ Check --api (ONCEPOST_API): it is the address without /v1.")
        }
        Trouble::Refused { problem, .. } => refused(problem),
        Trouble::OutOfSight { goes_on, last } => format!("{}\n{}", told(last), labelled("→ ", goes_on)),
        Trouble::Output(error) => format!("{trouble}: {error}."),
    }
}

/// That nobody answers whoever waits, at first.
pub(crate) fn silent(trouble: &Trouble) -> String {
    let why = root(trouble).map(|cause| format!(" ({})", harmless(&cause))).unwrap_or_default();
    labelled("", &format!("Nobody answers at the moment: {trouble}{why}. Asking again, for a minute."))
}

/// The innermost cause: what lies between says little.
fn root(error: &dyn Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Some(cause.to_string())
}

fn refused(problem: &Problem) -> String {
    let code = problem.code.map(|code| format!("{code} ")).unwrap_or_default();
    let mut lines = vec![match problem.problems.len() {
        0 | 1 => format!("{code}{}", harmless(&problem.title)),
        count => format!("Refused for {count} reasons:"),
    }];
    if problem.problems.is_empty() {
        lines.push(labelled("  ", &harmless(&problem.detail)));
        if problem.refused.len() > 1 {
            let reasons = problem.refused.iter();
            lines.extend(reasons.map(|refused| labelled("  - ", &format!("{}: {}", refused.target, refused.reason))));
        }
        lines.push(labelled("→ ", &problem.remedy));
    } else {
        lines.extend(problem.problems.iter().map(|problem| schedule::told("at", problem)));
    }
    lines.join("\n")
}
