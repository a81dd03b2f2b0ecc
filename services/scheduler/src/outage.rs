//! When the broker did not answer last: what expires for it can say so.

use domain::Outage;
use jiff::{Timestamp, ToSpan};

use crate::Scheduler;

/// What a scheduler has seen of the broker.
#[derive(Default)]
pub(crate) struct Watch {
    /// Since when it is away, by our own clock.
    away_since: Option<Timestamp>,
    /// When it was away last, by the ledger's.
    last: Option<Outage>,
}

impl Watch {
    /// It is away at `now`.
    pub fn away(&mut self, now: Timestamp) {
        self.away_since.get_or_insert(now);
    }

    /// It answers. When it was away last.
    pub async fn back(&mut self, scheduler: &Scheduler) -> Option<Outage> {
        if let Some(since) = self.away_since.take() {
            // Deadlines are by the ledger's clock, and ours may be minutes off.
            let here = scheduler.runtime.now();
            let there = scheduler.ledger.now().await.unwrap_or(here);
            self.last = Some(moved(Outage { since, until: here }, here, there));
        }
        self.last
    }
}

/// What a clock that shows `here` has measured, by one that shows `there`.
fn moved(Outage { since, until }: Outage, here: Timestamp, there: Timestamp) -> Outage {
    let by = (there.as_nanosecond() - here.as_nanosecond()).clamp(i64::MIN.into(), i64::MAX.into());
    let by = i64::try_from(by).unwrap_or_default().nanoseconds();
    let at = |at: Timestamp| at.checked_add(by).unwrap_or(at);
    Outage { since: at(since), until: at(until) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_by_the_ledgers_clock() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let seen = Outage { since: at(100), until: at(160) };
        assert_eq!(moved(seen, at(170), at(50)), Outage { since: at(-20), until: at(40) });
        assert_eq!(moved(seen, at(170), at(180)), Outage { since: at(110), until: at(170) });
    }
}
