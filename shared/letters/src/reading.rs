//! What is in a channel's queue, and how each letter stands to the ledger.

use std::collections::{HashMap, HashSet};

use broker::{Look, LookError};
use domain::{ChannelName, TargetId};
use futures::{StreamExt, TryStreamExt, stream};
use ledger::{LedgerError, ListedTarget};
use serde::{Deserialize, Serialize};

use crate::{
    ABREAST, GRACE, Letter, Letters, LettersError, Subject,
    compare::{Compared, Verdict, compare},
};

/// The most letters that are read for people at a time: they are held in memory.
const MOST_READ: u16 = 20_000;

/// The most targets of a channel's list that are read.
const MOST_LISTED: u32 = 200_000;

/// How a letter, or the want of one, stands to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its target needs a person, as it says.
    Agrees,
    /// There is none, and a target needs a person.
    Missing,
    /// Its target needs a person, and has or is owed a newer letter.
    Superseded,
    /// Its target does not need a person any more.
    Stale,
    /// The ledger has no such target.
    Unknown,
    /// It names no target.
    Unreadable,
}

impl Standing {
    /// Whether it is of no target of this ledger: only a person removes it.
    pub const fn is_foreign(self) -> bool {
        matches!(self, Standing::Unknown | Standing::Unreadable)
    }

    /// Whether the letter has nothing to say any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Standing::Stale | Standing::Superseded)
    }
}

/// A letter, or the want of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What people call it: its target's id, or the message's own where it names no target.
    pub id: String,
    /// Its target.
    pub target: Option<TargetId>,
    /// The letter; none where it is missing.
    pub letter: Option<Letter>,
    /// How it stands.
    pub standing: Standing,
}

/// A channel's letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Letters, and those that are missing, by their ids.
    pub entries: Vec<Entry>,
    /// At least how many letters were not read. With any, nobody can tell which are missing.
    pub more: u64,
}

/// What the ledger says of letters.
pub(crate) struct Judged {
    pub standings: Vec<Standing>,
    pub missing: Vec<ListedTarget>,
}

impl Letters {
    /// Reads the letters of `channel`, and leaves them where they are.
    ///
    /// # Errors
    /// The queue cannot be seen, or the ledger not be asked.
    pub async fn read(&self, channel: &ChannelName) -> Result<Reading, LettersError> {
        let parts = &self.0;
        // One that is away is told at once, and not after all the time that a look may take.
        self.depth(channel).await.map_err(LookError::from)?;
        let mut look = Look::at(&*parts.transport, &parts.runtime, channel.as_str(), MOST_READ, Letter::read).await?;
        let (letters, more) = (std::mem::take(&mut look.letters), look.more);
        drop(look);
        let subjects: Vec<_> = letters.iter().map(|letter| letter.subject).collect();
        let Judged { standings, missing } = self.judge(channel, &subjects).await?;
        self.note(channel, &standings, more);
        let there = letters.into_iter().zip(standings).map(|(letter, standing)| Entry {
            id: letter.id(),
            target: letter.subject.map(|subject| subject.target),
            letter: Some(letter),
            standing,
        });
        let missing = missing.into_iter().filter(|_| more == 0).map(|target| Entry {
            id: target.id.to_string(),
            target: Some(target.id),
            letter: None,
            standing: Standing::Missing,
        });
        let mut entries: Vec<_> = there.chain(missing).collect();
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Reading { entries, more })
    }

    /// Notes how many of a channel's letters are of no target, if all of them were seen.
    pub(crate) fn note(&self, channel: &ChannelName, standings: &[Standing], more: u64) -> Option<u64> {
        if more > 0 {
            return None;
        }
        let foreign = standings.iter().filter(|standing| standing.is_foreign()).count() as u64;
        self.0.seen.note(channel, foreign, self.0.runtime.uptime());
        Some(foreign)
    }

    /// Holds letters of `channel` that were seen against the ledger as it is now.
    pub(crate) async fn judge(
        &self,
        channel: &ChannelName,
        letters: &[Option<Subject>],
    ) -> Result<Judged, LedgerError> {
        let ledger = &self.0.ledger;
        let settled = ledger.now().await?.saturating_sub(GRACE).unwrap_or_default();
        let listed = ledger.listed(channel, MOST_LISTED).await?;
        let Compared { verdicts, missing } = compare(letters, &listed, settled);
        let not_listed = letters.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::NotListed);
        let open: HashSet<_> = not_listed.filter_map(|(subject, _)| Some((*subject)?.target)).collect();
        let asked = stream::iter(open).map(|target| self.of_unlisted(target));
        let told: HashMap<TargetId, Standing> = asked.buffer_unordered(ABREAST).try_collect().await?;
        let standing = |(subject, verdict): (&Option<Subject>, Verdict)| match verdict {
            Verdict::Agrees => Standing::Agrees,
            Verdict::Superseded => Standing::Superseded,
            Verdict::Unreadable => Standing::Unreadable,
            Verdict::NotListed => {
                subject.and_then(|subject| told.get(&subject.target)).copied().unwrap_or(Standing::Unknown)
            }
        };
        let standings = letters.iter().zip(verdicts).map(standing).collect();
        Ok(Judged { standings, missing })
    }

    /// How a letter stands whose target was not on the list a moment ago.
    async fn of_unlisted(&self, target: TargetId) -> Result<(TargetId, Standing), LedgerError> {
        let standing = match self.0.ledger.target(target).await {
            Ok(Some(view)) if view.target.listed.is_some() => Standing::Agrees,
            Ok(Some(_)) => Standing::Stale,
            // Of what this version cannot read it cannot say that it is settled.
            Ok(None) | Err(LedgerError::Corrupt { .. }) => Standing::Unknown,
            Err(error) => return Err(error),
        };
        Ok((target, standing))
    }
}
