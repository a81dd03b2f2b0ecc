//! When to look: at counts often, at letters where the counts differ, and at all of them now and then.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use broker::LookError;
use domain::ChannelName;
use tokio::sync::mpsc;

use crate::{Agreement, Counts, Letters, LettersError, Mended, measure};

/// How often the counts are looked at.
const EVERY: Duration = Duration::from_secs(10);

/// How often all letters are, although the counts agree: one may be missing where another is too many.
const WHOLE_EVERY: Duration = Duration::from_secs(3600);

/// The longest time between two looks that change nothing while the counts differ.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long after a change its letters are looked for: what comes together is done together.
const TOGETHER: Duration = Duration::from_millis(250);

/// The most changes that wait to be looked at. What does not fit is found by the counts.
const WAITING: usize = 1024;

/// Looks after the letters of all channels. Any number may, in any number of processes.
pub struct Tender {
    letters: Letters,
    known: BTreeMap<ChannelName, Known>,
}

/// What is remembered of a channel.
struct Known {
    /// Looks in a row that changed nothing while the counts differed.
    fruitless: u32,
    /// Not before this time, by the process's uptime, is it looked at because its counts differ…
    again_at: Duration,
    /// …and at this time it is looked at in any case.
    whole_at: Duration,
}

/// Says that a channel's letters may be over. Cheap to clone.
#[derive(Clone)]
pub struct Touch(mpsc::Sender<ChannelName>);

impl Touch {
    /// A target of `channel` may have left the list.
    pub fn touch(&self, channel: &ChannelName) {
        // Without room, or a reader, the counts tell.
        let _ = self.0.try_send(channel.clone());
    }
}

impl Tender {
    /// Nothing is known yet.
    pub fn new(letters: Letters) -> Self {
        Self { letters, known: BTreeMap::new() }
    }

    /// Looks at the counts every ten seconds until the process is asked to stop.
    pub async fn run(mut self) {
        let runtime = self.letters.0.runtime.clone();
        let stop = runtime.stop();
        loop {
            // Not all processes at once.
            let pause = runtime.jittered(EVERY.mul_f64(0.9), 0.2);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = runtime.sleep(pause) => {}
            }
            let channels = self.letters.channels().to_vec();
            // What is in hand goes back to its queue by itself.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.look_after(&channels) => {}
            }
        }
    }

    /// Looks, in the background, only where a change has been made by this process, and at once.
    pub fn on_touch(mut self) -> Touch {
        let (sender, mut touched) = mpsc::channel(WAITING);
        let runtime = self.letters.0.runtime.clone();
        runtime.clone().spawn(async move {
            let stop = runtime.stop();
            let work = async {
                while let Some(first) = touched.recv().await {
                    runtime.sleep(TOGETHER).await;
                    let mut channels = BTreeSet::from([first]);
                    while let Ok(more) = touched.try_recv() {
                        channels.insert(more);
                    }
                    self.look_after(&channels.into_iter().collect::<Vec<_>>()).await;
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
        Touch(sender)
    }

    /// Looks at the counts of `channels`, and mends what differs.
    pub async fn look_after(&mut self, channels: &[ChannelName]) {
        let counts = match self.letters.counts_of(channels).await {
            Ok(counts) => counts,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "dead letters could not be held against the ledger"
                );
                return;
            }
        };
        for counts in counts {
            self.look_at(&counts).await;
        }
    }

    async fn look_at(&mut self, counts: &Counts) {
        let runtime = self.letters.0.runtime.clone();
        let now = runtime.uptime();
        let known = self.known.entry(counts.channel.clone()).or_insert_with(|| Known {
            fruitless: 0,
            again_at: Duration::ZERO,
            // Processes that were started together do not look together.
            whole_at: now + runtime.jittered(WHOLE_EVERY / 2, 1.0),
        });
        measure::counted(counts);
        match counts.agreement() {
            Agreement::CannotTell => return,
            Agreement::Agrees if now < known.whole_at || counts.letters == Some(0) => {
                known.fruitless = 0;
                known.again_at = Duration::ZERO;
                return;
            }
            Agreement::Agrees => {}
            Agreement::NotLooked | Agreement::TooMany(_) | Agreement::TooFew(_) if now < known.again_at => return,
            Agreement::NotLooked | Agreement::TooMany(_) | Agreement::TooFew(_) => {}
        }
        let mended = self.letters.mend(&counts.channel).await;
        known.took(&mended, runtime.uptime(), runtime.jittered(WHOLE_EVERY, 0.5));
        report(&counts.channel, &mended);
    }
}

impl Known {
    /// Takes note of a look that ended at `now`; all is looked at again after `whole` in any case.
    fn took(&mut self, mended: &Result<Mended, LettersError>, now: Duration, whole: Duration) {
        self.fruitless = match mended {
            Ok(mended) if mended.removed + mended.restored > 0 => 0,
            _ => self.fruitless + 1,
        };
        self.again_at = now + pause(self.fruitless);
        self.whole_at = now + whole;
    }
}

/// The wait after so many looks in a row that changed nothing.
fn pause(fruitless: u32) -> Duration {
    match fruitless.checked_sub(2) {
        // The first finds out what is there, and the next counts are held against that.
        None => Duration::ZERO,
        Some(more) => EVERY.saturating_mul(2_u32.saturating_pow(more)).min(LONGEST),
    }
}

fn report(channel: &ChannelName, mended: &Result<Mended, LettersError>) {
    match mended {
        Ok(Mended { whole: true, .. }) => measure::looked("whole"),
        Ok(_) => {
            measure::looked("partial");
            tracing::warn!(%channel, "not all dead letters could be seen: none is restored as long as that is so");
        }
        Err(error) => {
            let is_busy = matches!(error, LettersError::Look(LookError::Busy { .. }));
            measure::looked(if is_busy { "busy" } else { "failed" });
            tracing::info!(error = error as &dyn std::error::Error, %channel, "dead letters are held against the ledger later");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_mended_is_looked_at_ever_more_seldom() {
        let pauses = [0, 1, 2, 3, 4, 30, u32::MAX].map(|fruitless| pause(fruitless).as_secs());
        assert_eq!(pauses, [0, 0, 10, 20, 40, 3600, 3600]);
    }
}
