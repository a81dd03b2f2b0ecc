//! Mending a channel's queue: letters that are over are taken out, those that are missing are written again.

use std::collections::HashSet;

use broker::{Destination, Look, MOST_HELD, Outgoing};
use contract::Dead;
use domain::{ChannelName, TargetId};
use futures::{StreamExt, stream};
use ledger::{LedgerError, ListedTarget};

use crate::{ABREAST, Letter, Letters, LettersError, Standing, Subject, measure, reading::Judged};

/// The most letters that are written in one pass; the rest follows in the next.
const MOST_RESTORED: usize = 5_000;

/// What a pass has done and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mended {
    /// Letters taken out that had nothing to say any more.
    pub removed: u64,
    /// Letters written anew.
    pub restored: u64,
    /// Letters of no target of this ledger, left where they are.
    pub foreign: u64,
    /// Whether all of the queue was seen.
    pub whole: bool,
}

impl Letters {
    /// Holds all letters of `channel` against the ledger, takes out what is over and writes what is missing. Several processes may do so at
    /// once: one looks, the others wait or give up, and a letter that is written twice loses its second at the next pass.
    ///
    /// # Errors
    /// The queue cannot be seen, or the ledger not be asked.
    pub async fn mend(&self, channel: &ChannelName) -> Result<Mended, LettersError> {
        let parts = &self.0;
        let read = |message| Subject::of(&message);
        let look = Look::at(&*parts.transport, &parts.runtime, channel.as_str(), MOST_HELD, read).await?;
        let Judged { standings, missing } = self.judge(channel, &look.letters).await?;
        let whole = look.more == 0;
        // While the queue is in our hands, so that whoever looks next sees these as well.
        let restored = if whole { self.restore(missing).await } else { 0 };
        self.note(channel, &standings, look.more);
        let foreign = standings.iter().filter(|standing| standing.is_foreign()).count() as u64;
        let mut standings = standings.into_iter();
        let removed = look.take_out(|_| standings.next().is_some_and(Standing::is_over)).await as u64;
        let mended = Mended { removed, restored, foreign, whole };
        measure::mended(channel, removed, restored);
        if removed + restored > 0 {
            tracing::info!(%channel, removed, restored, "dead letters agree with the ledger again");
        }
        Ok(mended)
    }

    /// Takes the letters of `channel` that are called so out of its queue, whatever the ledger says of them. Returns which there were.
    ///
    /// # Errors
    /// The queue cannot be seen.
    pub async fn take_out(
        &self,
        channel: &ChannelName,
        ids: &HashSet<String>,
    ) -> Result<HashSet<String>, LettersError> {
        let parts = &self.0;
        let read = |message| Letter::read(message).id();
        let look = Look::at(&*parts.transport, &parts.runtime, channel.as_str(), MOST_HELD, read).await?;
        let found: HashSet<_> = look.letters.iter().filter(|id| ids.contains(*id)).cloned().collect();
        let asked = look.letters.iter().filter(|id| ids.contains(*id)).count();
        let removed = if found.is_empty() { 0 } else { look.take_out(|id| ids.contains(id)).await };
        measure::mended(channel, removed as u64, 0);
        // What could not be acknowledged is back, and nobody can tell which that is.
        Ok(if removed == asked { found } else { HashSet::new() })
    }

    /// Writes the letters of `targets`; returns how many the broker has.
    async fn restore(&self, mut targets: Vec<ListedTarget>) -> u64 {
        targets.truncate(MOST_RESTORED);
        let written = stream::iter(targets).map(|target| self.write(target.id)).buffer_unordered(ABREAST);
        written.filter(|written| std::future::ready(*written)).count().await as u64
    }

    /// Writes the letter of `target`, if it still needs a person; whether the broker has it.
    async fn write(&self, target: TargetId) -> bool {
        let parts = &self.0;
        let told = |error: &(dyn std::error::Error + 'static)| {
            tracing::warn!(error, target.id = %target, "a dead letter is still missing; it is written at the next pass");
        };
        let target = match parts.ledger.target(target).await {
            Ok(Some(view)) => view.target,
            Ok(None) | Err(LedgerError::Corrupt { .. }) => return false,
            Err(error) => {
                told(&error);
                return false;
            }
        };
        let Some(letter) = Dead::of(&target, parts.runtime.now()) else { return false };
        let to = Destination::Dead { channel: target.channel.to_string() };
        let id = format!("{}-{}", target.id, target.attempt);
        let sent = parts.transport.publish(Outgoing::json(to, id, letter.encode()).headers(letter.headers())).await;
        sent.inspect_err(|error| told(error)).is_ok()
    }
}
