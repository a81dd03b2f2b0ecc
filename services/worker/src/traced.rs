//! How a delivery shows in traces: a span for the message, and in it one for each attempt, tied to the attempt before.

use std::sync::{Mutex, PoisonError};

use broker::{Headers, Incoming};
use domain::{Begun, Outcome, Target, TargetId};
use tracing::{Span, field::Empty};

/// The span of a message. It goes on in the trace in which the post was accepted.
pub(crate) fn process(incoming: &Incoming, target: TargetId, channel: &'static str) -> Span {
    let span = broker::process_span!(incoming, oncepost.target.id = %target, oncepost.channel = channel);
    spans::set_parent_from(&span, &incoming.message.headers);
    span
}

/// The attempt that was made last in one delivery, if its trace is kept.
#[derive(Default)]
pub(crate) struct Last(Mutex<Option<String>>);

impl Last {
    /// The span of an attempt, tied to the one before, whoever made that.
    pub(crate) fn attempt(&self, begun: &Begun, incoming: &Incoming) -> Span {
        let span = tracing::debug_span!(
            "attempt",
            oncepost.attempt = begun.attempt,
            oncepost.attempt.kind = begun.kind.name(),
            oncepost.state = Empty,
        );
        if let Some(made) = spans::of_sampled(&span) {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(before) = last.as_deref().or_else(|| follows(incoming)) {
                spans::link(&span, before);
            }
            *last = Some(made);
        }
        span
    }

    /// What a message that comes again carries on of this.
    pub(crate) fn headers(&self, incoming: &Incoming) -> Headers {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let follows = last.as_deref().or_else(|| follows(incoming));
        follows.map(|follows| (spans::FOLLOWS.to_owned(), follows.to_owned())).into_iter().collect()
    }
}

fn follows(incoming: &Incoming) -> Option<&str> {
    incoming.message.headers.get(spans::FOLLOWS).map(String::as_str)
}

/// The context of the attempt in which this is called, for the ledger: where that brings the target back, the next attempt is tied to it.
pub(crate) fn kept() -> Option<String> {
    spans::of_sampled(&Span::current())
}

/// What came of the attempt whose span this is.
pub(crate) fn ended(target: &Target, outcome: &Outcome) {
    let span = Span::current();
    span.record("oncepost.state", target.state.name());
    if let Outcome::Failed(failure) | Outcome::NotOut(failure) = outcome {
        spans::failed(&span, failure.code.to_string());
    }
}
