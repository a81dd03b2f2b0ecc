//! Which publish a returned message belongs to.
//!
//! The broker returns an unroutable message before it confirms it. lapin keeps returned messages in a line and hands the first of them to
//! whichever confirm completes next, which under concurrent publishing is often another message's. Taken at its word, a message that
//! reached no queue would count as sent. So confirms are judged in batches, by the identity that a returned message carries.
//!
//! What is known of lapin's line: a return is in it before its own confirm completes, and each completion takes one out if there is one.
//! Hence a completion that came with nothing proves that its own return, had there been one, was handed out before; and when no confirm is
//! outstanding, nothing is left in the line. A completion that came with another's return proves neither and waits.

use std::collections::HashMap;

/// What identifies a publish to the broker: message id, exchange, routing key. Two publishes alike in all three share their fate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub id: String,
    pub exchange: String,
    pub key: String,
}

/// A publish whose confirm has completed.
#[derive(Debug)]
pub(super) struct Confirmed<T> {
    pub identity: Identity,
    pub publish: T,
    /// The returned message that came with the confirm, whosever it is.
    pub carried: Option<Identity>,
}

/// Whether a confirmed message reached a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Routed {
    Yes,
    No,
}

/// Confirmed publishes on their way to a verdict.
#[derive(Debug)]
pub(super) struct Returns<T> {
    /// Returned messages not yet matched to their publish.
    seen: HashMap<Identity, usize>,
    /// Confirmed, while their own return may still be in lapin's line.
    waiting: Vec<(Identity, T)>,
}

impl<T> Returns<T> {
    pub(super) fn new() -> Self {
        Self { seen: HashMap::new(), waiting: Vec::new() }
    }

    /// Takes everything that completed since the last batch, in any order, and returns what can be decided now. `last` if no confirm is
    /// outstanding after this batch.
    pub(super) fn judge(&mut self, batch: Vec<Confirmed<T>>, last: bool) -> Vec<(T, Routed)> {
        let mut decided = Vec::with_capacity(batch.len());
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut certain = Vec::with_capacity(batch.len());
        let mut line_was_empty = last;
        for Confirmed { identity, publish, carried } in batch {
            match carried {
                None => {
                    line_was_empty = true;
                    certain.push((identity, publish));
                }
                Some(returned) => {
                    *self.seen.entry(returned).or_default() += 1;
                    self.waiting.push((identity, publish));
                }
            }
        }
        // What waited from earlier batches completed before an empty line was seen; what came in this one may have completed after it.
        if line_was_empty {
            certain.append(&mut waiting);
        }
        if last {
            certain.append(&mut self.waiting);
        }
        self.waiting.append(&mut waiting);
        for (identity, publish) in certain {
            let routed = if self.take(&identity) { Routed::No } else { Routed::Yes };
            decided.push((publish, routed));
        }
        decided
    }

    fn take(&mut self, identity: &Identity) -> bool {
        // Nearly always nothing has been returned at all.
        if self.seen.is_empty() {
            return false;
        }
        let Some(count) = self.seen.get_mut(identity) else { return false };
        *count -= 1;
        if *count == 0 {
            self.seen.remove(identity);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(id: &str) -> Identity {
        Identity { id: id.into(), exchange: String::new(), key: "q".into() }
    }

    fn confirmed(id: &'static str, carried: Option<&str>) -> Confirmed<&'static str> {
        Confirmed { identity: identity(id), publish: id, carried: carried.map(identity) }
    }

    #[test]
    fn a_return_that_came_with_another_confirm_finds_its_own() {
        let mut returns = Returns::new();
        let decided = returns.judge(vec![confirmed("lost", None), confirmed("fine", Some("lost"))], false);
        assert_eq!(decided, [("lost", Routed::No)], "whether `fine` is in the line too is not known yet");
        let decided = returns.judge(vec![confirmed("next", None)], false);
        assert_eq!(decided, [("next", Routed::Yes), ("fine", Routed::Yes)]);
        assert!(returns.seen.is_empty() && returns.waiting.is_empty());
    }

    #[test]
    fn swapped_returns_are_both_found_at_the_end() {
        let mut returns = Returns::new();
        assert_eq!(returns.judge(vec![confirmed("a", Some("b"))], false), []);
        let decided = returns.judge(vec![confirmed("b", Some("a")), confirmed("c", None)], true);
        assert_eq!(decided, [("c", Routed::Yes), ("a", Routed::No), ("b", Routed::No)]);
    }

    #[test]
    fn nothing_returned_nothing_waits() {
        let mut returns = Returns::new();
        assert_eq!(returns.judge(vec![confirmed("a", None)], false), [("a", Routed::Yes)]);
    }
}
