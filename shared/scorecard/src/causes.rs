//! Why people were needed.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ChannelName, Code};
use ledger::CaseTally;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cause, with the cases that began for it in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CauseOfCases")]
pub struct Cause {
    /// Code, scope and platform code, as the operators' list groups failures.
    pub cause: String,
    /// The failure's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The failure in a few words.
    pub title: String,
    /// How many cases began.
    pub begun: u64,
    /// On which channels, sorted.
    pub channels: Vec<ChannelName>,
}

/// The causes of the cases that began, the most frequent first.
pub(crate) fn of(cases: &[CaseTally]) -> Vec<Cause> {
    let mut causes: BTreeMap<&str, (u64, BTreeSet<&ChannelName>)> = BTreeMap::new();
    for tally in cases.iter().filter(|tally| tally.begun > 0) {
        let (begun, channels) = causes.entry(&tally.cause).or_default();
        *begun += tally.begun;
        channels.insert(&tally.channel);
    }
    let mut causes: Vec<_> = causes
        .into_iter()
        .map(|(cause, (begun, channels))| {
            let code: Option<Code> = cause.split('/').next().and_then(|code| code.parse().ok());
            Cause {
                title: code.and_then(Code::page).map_or("Not known", |page| page.title).into(),
                cause: cause.into(),
                code,
                begun,
                channels: channels.into_iter().cloned().collect(),
            }
        })
        .collect();
    causes.sort_by(|a, b| b.begun.cmp(&a.begun).then_with(|| a.cause.cmp(&b.cause)));
    causes
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_most_frequent_comes_first_and_what_only_ended_is_none() {
        let tally = |on: &str, cause: &str, begun| CaseTally {
            channel: ChannelName::new(on).unwrap(),
            cause: cause.into(),
            begun,
            published: 1,
            published_after: Duration::ZERO,
            given_up: 0,
            given_up_after: Duration::ZERO,
        };
        let found = of(&[
            tally("x", "OP-2101/account/-", 2),
            tally("y", "OP-2101/account/-", 2),
            tally("x", "-", 3),
            tally("x", "OP-1006/post/-", 0),
        ]);
        let shape: Vec<_> = found.iter().map(|cause| (cause.begun, cause.code, cause.channels.len())).collect();
        assert_eq!(shape, [(4, Some(Code::TOKEN_EXPIRED), 2), (3, None, 1)]);
        assert!(!found[0].title.is_empty() && found[1].title == "Not known");
    }
}
