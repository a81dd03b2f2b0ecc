//! Why people were needed.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ChannelName, Code, Failure};
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

impl Cause {
    /// What tells it apart from others with the same code, for people: the platform's own code, or what its words come to.
    pub fn finer(&self) -> Option<String> {
        match self.cause.splitn(3, '/').nth(2)? {
            "-" => None,
            own => Some(match own.strip_prefix(Failure::BY_WORDS) {
                Some(gist) => gist.replace('-', " "),
                None => format!("platform code {own}"),
            }),
        }
    }
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

    #[test]
    fn causes_with_one_code_are_told_apart_by_what_the_platform_said() {
        let finer = |cause: &str| {
            let title = "The platform refused the content".to_owned();
            Cause { cause: cause.into(), code: None, title, begun: 1, channels: Vec::new() }.finer()
        };
        assert_eq!(finer("OP-2001/post/~text-is-too-long").as_deref(), Some("text is too long"));
        assert_eq!(finer("OP-2001/post/E7").as_deref(), Some("platform code E7"));
        assert_eq!((finer("OP-2001/post/-"), finer("-")), (None, None));
    }
}
