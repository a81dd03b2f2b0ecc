//! What a platform offers one account against doing a thing twice.

use std::time::Duration;

use domain::RepeatSafety;
use jiff::SignedDuration;

use crate::AccountCard;

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
