//! What a platform offers one account against doing a thing twice.

use std::time::Duration;

use domain::{LookUp, RepeatSafety};
use jiff::SignedDuration;

use crate::AccountCard;

/// The settings that say how long a platform works on a request, and when its listings are complete.
const SETTLES_AFTER: &str = "settles_after";
const SURE_AFTER: &str = "sure_after";

/// What a channel offers one account against doing a thing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safety {
    /// How an unknown outcome can be settled.
    pub repeat: RepeatSafety,
    /// The step that may be armed together with the attempt: set only where the platform makes a repeat harmless.
    pub arms: Option<&'static str>,
}

impl AccountCard {
    /// Whether the account's setting `name` has its stronger value, which is the default. Any other value counts as the weaker
    /// one, also one that nobody knows.
    pub(crate) fn is_as_strong_as(&self, name: &str, strong: &str) -> bool {
        self.setting(name).is_none_or(|value| value == strong)
    }

    /// Complains about a setting whose value is none of `known`.
    pub(crate) fn check_choice(&self, name: &str, known: &[&str], wrong: &mut Vec<String>) {
        if let Some(value) = self.setting(name).filter(|value| !known.contains(value)) {
            wrong.push(format!("settings.{name} is \"{value}\"; write {}", known.join(" or ")));
        }
    }

    /// A span such as `90s` or `5m`, else `default`.
    pub(crate) fn span(&self, name: &str, default: Duration) -> Duration {
        self.setting(name).and_then(span).unwrap_or(default)
    }

    /// The look-up by the account's `settles_after` and `sure_after`, else `default`. Surely absent never comes before settled.
    pub(crate) fn look_up(&self, default: LookUp) -> LookUp {
        let settles_after = self.span(SETTLES_AFTER, default.settles_after);
        LookUp { settles_after, sure_after: self.span(SURE_AFTER, default.sure_after).max(settles_after) }
    }

    /// Complains about an account's look-up that cannot be read, or is sure before it is settled.
    pub(crate) fn check_look_up(&self, default: LookUp, wrong: &mut Vec<String>) {
        self.check_span(SETTLES_AFTER, wrong);
        self.check_span(SURE_AFTER, wrong);
        if self.span(SURE_AFTER, default.sure_after) < self.span(SETTLES_AFTER, default.settles_after) {
            wrong.push(format!("settings.{SURE_AFTER} is shorter than settings.{SETTLES_AFTER}; write a longer time"));
        }
    }

    /// Complains about a setting that is no span.
    pub(crate) fn check_span(&self, name: &str, wrong: &mut Vec<String>) {
        if let Some(value) = self.setting(name).filter(|value| span(value).is_none()) {
            wrong.push(format!("settings.{name} is \"{value}\"; write a time such as 90s or 5m"));
        }
    }
}

fn span(text: &str) -> Option<Duration> {
    let span: SignedDuration = text.parse().ok()?;
    Duration::try_from(span).ok()
}
