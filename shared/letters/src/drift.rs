//! By how much a queue differs from the list, by counts alone: cheap, and true as long as nothing is wrong.

use std::collections::BTreeMap;

use broker::{BrokerError, Source};
use domain::ChannelName;
use ledger::{LedgerError, ListedCount};

use crate::{GRACE, Letters};

/// A channel's letters and targets, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The channel.
    pub channel: ChannelName,
    /// Letters in its queue; none if the broker does not say, or does not know the queue.
    pub letters: Option<u64>,
    /// Who takes letters from it at this moment; none of them can be counted.
    pub consumers: u64,
    /// Targets that need a person.
    pub listed: u64,
    /// Those that have needed one for longer than [`GRACE`].
    pub settled: u64,
}

/// What counts tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// There are as many letters as there should be.
    Agrees,
    /// There are so many more.
    TooMany(u64),
    /// There are so many less.
    TooFew(u64),
    /// The broker does not say, or somebody holds letters.
    CannotTell,
}

impl Counts {
    /// Holds the letters against the list, where so many of them are known to be of no target (see [`crate::Mended::foreign`]).
    ///
    /// What was listed a moment ago has its letter, or is about to get it: both are right.
    pub fn agreement(&self, foreign: u64) -> Agreement {
        let (least, most) = (self.settled + foreign, self.listed + foreign);
        match self.letters {
            Some(letters) if letters > most => Agreement::TooMany(letters - most),
            None => Agreement::CannotTell,
            Some(_) if self.consumers > 0 => Agreement::CannotTell,
            Some(letters) if letters < least => Agreement::TooFew(least - letters),
            Some(_) => Agreement::Agrees,
        }
    }
}

impl Letters {
    /// Counts letters and targets of every channel that has a queue or targets that need a person.
    ///
    /// # Errors
    /// The ledger is away. A broker that is away is told by the counts.
    pub async fn counts(&self) -> Result<Vec<Counts>, LedgerError> {
        self.counts_of(&self.0.channels).await
    }

    /// The same, of some channels.
    pub(crate) async fn counts_of(&self, channels: &[ChannelName]) -> Result<Vec<Counts>, LedgerError> {
        // The queues first: a target is on the list before its letter is written, so there is none too many because of that.
        let mut depths = Vec::with_capacity(channels.len());
        for channel in channels {
            depths.push(self.0.transport.depth(Source::Dead { channel: channel.to_string() }).await);
        }
        let mut listed: BTreeMap<ChannelName, ListedCount> =
            self.0.ledger.listed_counts(GRACE).await?.into_iter().map(|count| (count.channel.clone(), count)).collect();
        let counted = channels.iter().zip(depths).filter_map(|(channel, depth)| {
            let (listed, settled) = listed.remove(channel).map_or((0, 0), |on_list| (on_list.count, on_list.settled));
            let (letters, consumers) = match depth {
                Ok(depth) => (Some(depth.ready), depth.consumers),
                // A channel that is switched off.
                Err(BrokerError::NoQueue { .. }) if listed == 0 => return None,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, %channel, "dead letters are not counted");
                    (None, 0)
                }
            };
            Some(Counts { channel: channel.clone(), letters, consumers, listed, settled })
        });
        Ok(counted.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(letters: Option<u64>, consumers: u64) -> Counts {
        Counts { channel: ChannelName::new("x").unwrap(), letters, consumers, listed: 5, settled: 3 }
    }

    #[test]
    fn what_was_listed_a_moment_ago_may_have_its_letter_or_not() {
        let of = |letters| counts(Some(letters), 0).agreement(0);
        assert_eq!([3, 4, 5].map(of), [Agreement::Agrees; 3]);
        assert_eq!([2, 6].map(of), [Agreement::TooFew(1), Agreement::TooMany(1)]);
    }

    #[test]
    fn letters_that_are_of_no_target_are_neither_too_many_nor_in_the_place_of_others() {
        assert_eq!(counts(Some(7), 0).agreement(2), Agreement::Agrees);
        assert_eq!(counts(Some(4), 0).agreement(2), Agreement::TooFew(1));
    }

    #[test]
    fn what_somebody_holds_is_not_called_lost() {
        assert_eq!(counts(Some(0), 1).agreement(0), Agreement::CannotTell);
        assert_eq!(counts(Some(9), 1).agreement(0), Agreement::TooMany(4));
        assert_eq!(counts(None, 0).agreement(0), Agreement::CannotTell);
    }
}
