//! By how much a queue differs from the list, by counts and by how many letters of it are known to be of no target: cheap, and true as long
//! as nothing is wrong.

use std::{collections::BTreeMap, time::Duration};

use broker::{BrokerError, Depth, Look, MOST_HELD, Source};
use domain::ChannelName;
use futures::{StreamExt, stream};
use ledger::{LedgerError, ListedCount};

use crate::{ABREAST, GRACE, Letters, LettersError, PATIENCE, Subject};

/// How long what was seen is believed…
const BELIEVED: Duration = Duration::from_secs(3600);

/// …and where the counts differ all the same.
const DOUBTED: Duration = Duration::from_secs(60);

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
    /// Letters of no target of this ledger, as of the last look at all of them; none if this process has not looked at all of them.
    pub foreign: Option<u64>,
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
    /// There may be as many as there should be: who has not looked at them all does not know which of them are of no target.
    NotLooked,
    /// The broker does not say, or somebody holds letters.
    CannotTell,
}

impl Counts {
    /// Holds the letters against the list. Letters of no target are neither too many nor in the place of others.
    ///
    /// What was listed a moment ago has its letter, or is about to get it: both are right.
    pub fn agreement(&self) -> Agreement {
        // Those that were seen may have been discarded since.
        let foreign = self.foreign.unwrap_or_default().min(self.letters.unwrap_or_default());
        let (least, most) = (self.settled + foreign, self.listed + foreign);
        match self.letters {
            Some(letters) if letters > most => Agreement::TooMany(letters - most),
            None => Agreement::CannotTell,
            Some(_) if self.consumers > 0 => Agreement::CannotTell,
            Some(letters) if letters < least => Agreement::TooFew(least - letters),
            Some(letters) if letters > 0 && self.foreign.is_none() => Agreement::NotLooked,
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

    /// The same, for people: where it is not known which letters are of no target, or was found out too long ago, they are looked at.
    /// What cannot be looked at stays as it was counted.
    ///
    /// # Errors
    /// As [`Letters::counts`].
    pub async fn told_counts(&self) -> Result<Vec<Counts>, LedgerError> {
        let counted = self.counts().await?;
        let told = stream::iter(counted).map(|counts| async move {
            if !self.is_doubtful(&counts) {
                return counts;
            }
            match self.0.runtime.within(PATIENCE, self.foreign(&counts.channel)).await {
                Some(Ok(foreign)) => Counts { foreign, ..counts },
                Some(Err(error)) => {
                    let channel = &counts.channel;
                    tracing::debug!(error = &error as &dyn std::error::Error, %channel, "dead letters were not looked at");
                    counts
                }
                None => counts,
            }
        });
        Ok(told.buffered(ABREAST).collect().await)
    }

    fn is_doubtful(&self, counts: &Counts) -> bool {
        let since = self.0.seen.of(&counts.channel).map(|seen| self.0.runtime.uptime().saturating_sub(seen.at));
        match counts.agreement() {
            Agreement::CannotTell => false,
            Agreement::NotLooked => true,
            Agreement::Agrees => counts.letters != Some(0) && since.is_none_or(|since| since > BELIEVED),
            Agreement::TooMany(_) | Agreement::TooFew(_) => since.is_none_or(|since| since > DOUBTED),
        }
    }

    /// How many letters of `channel` are of no target; none if there are too many to see them all.
    async fn foreign(&self, channel: &ChannelName) -> Result<Option<u64>, LettersError> {
        let Letters(parts) = self;
        let read = |message| Subject::of(&message);
        let mut look = Look::at(&*parts.transport, &parts.runtime, channel.as_str(), MOST_HELD, read).await?;
        let (letters, more) = (std::mem::take(&mut look.letters), look.more);
        drop(look);
        let judged = self.judge(channel, &letters).await?;
        Ok(self.note(channel, &judged.standings, more))
    }

    /// How full the channel's queue is; an error also if the broker takes long to say.
    pub(crate) async fn depth(&self, channel: &ChannelName) -> Result<Depth, BrokerError> {
        let (runtime, transport) = (&self.0.runtime, &self.0.transport);
        let depth = runtime.within(PATIENCE, transport.depth(Source::Dead { channel: channel.to_string() })).await;
        let late = || BrokerError::TimedOut { operation: "count dead letters".into(), limit: PATIENCE };
        depth.unwrap_or_else(|| Err(late()))
    }

    /// The same, of some channels.
    pub(crate) async fn counts_of(&self, channels: &[ChannelName]) -> Result<Vec<Counts>, LedgerError> {
        // The queues first: a target is on the list before its letter is written, so there is none too many because of that.
        let asked = stream::iter(channels.to_vec()).map(|channel| async move { self.depth(&channel).await });
        let depths: Vec<_> = asked.buffered(ABREAST).collect().await;
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
            let foreign = self.0.seen.of(channel).map(|seen| seen.foreign);
            Some(Counts { channel: channel.clone(), letters, consumers, listed, settled, foreign })
        });
        Ok(counted.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(letters: Option<u64>, consumers: u64, foreign: Option<u64>) -> Agreement {
        let channel = ChannelName::new("x").unwrap();
        Counts { channel, letters, consumers, listed: 5, settled: 3, foreign }.agreement()
    }

    #[test]
    fn what_was_listed_a_moment_ago_may_have_its_letter_or_not() {
        let of = |letters| counts(Some(letters), 0, Some(0));
        assert_eq!([3, 4, 5].map(of), [Agreement::Agrees; 3]);
        assert_eq!([2, 6].map(of), [Agreement::TooFew(1), Agreement::TooMany(1)]);
    }

    #[test]
    fn letters_that_are_of_no_target_are_neither_too_many_nor_in_the_place_of_others() {
        assert_eq!(counts(Some(7), 0, Some(2)), Agreement::Agrees);
        assert_eq!(counts(Some(4), 0, Some(2)), Agreement::TooFew(1));
        assert_eq!(counts(Some(1), 0, Some(9)), Agreement::TooFew(3), "no more of them than there are letters");
    }

    #[test]
    fn as_long_as_it_is_not_known_whose_they_are_as_many_as_there_should_be_prove_nothing() {
        assert_eq!([3, 5].map(|letters| counts(Some(letters), 0, None)), [Agreement::NotLooked; 2]);
        assert_eq!(counts(Some(2), 0, None), Agreement::TooFew(1), "so many are missing at least");
        assert_eq!(counts(Some(6), 0, None), Agreement::TooMany(1));
        let none = Counts {
            channel: ChannelName::new("x").unwrap(),
            letters: Some(0),
            consumers: 0,
            listed: 0,
            settled: 0,
            foreign: None,
        };
        assert_eq!(none.agreement(), Agreement::Agrees, "an empty queue hides nothing");
    }

    #[test]
    fn what_somebody_holds_is_not_called_lost() {
        assert_eq!(counts(Some(0), 1, Some(0)), Agreement::CannotTell);
        assert_eq!(counts(Some(9), 1, Some(0)), Agreement::TooMany(4));
        assert_eq!(counts(None, 0, Some(0)), Agreement::CannotTell);
    }
}
