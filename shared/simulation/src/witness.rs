//! Watches every step of a run, and holds each touched target against every promise and against what the platform shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use broker::{Destination, Outgoing};
use contract::{Dead, EventMessage};
use domain::{
    Answer, Command, Draft, EventName, ListReason, PartOut, State, Target, TargetId,
    invariant::{self, Violation},
};
use jiff::Timestamp;
use ledger::{Acceptance, Applied, Claimed, Ledger, MemoryLedger, NewPost};

use crate::{
    channel::UNASKABLE,
    doubts::{Doubts, Ended},
    platform::Platform,
    say,
    trace::Trace,
};

/// How late a step may be once everything works again.
const PATIENCE: Duration = Duration::from_secs(600);

/// A promise that was found broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The promise's name.
    pub name: &'static str,
    /// What must hold, for people.
    pub promise: &'static str,
    /// On which target.
    pub target: TargetId,
}

impl Broken {
    /// What a run checks besides the domain's own promises: names and words.
    pub const OTHERS: [(&'static str, &'static str); 4] = [
        ("as_approved", "P7: what is visible says what was approved"),
        ("one_proof_each", "a look never takes what belongs to another target"),
        ("dead_letter", "whatever needs a person has a dead letter"),
        ("told", "every end is told at least once"),
    ];

    fn other(at: usize, target: TargetId) -> Self {
        let (name, promise) = Self::OTHERS[at];
        Self { name, promise, target }
    }

    fn of(violation: Violation, target: TargetId) -> Self {
        Self { name: violation.name(), promise: violation.promise(), target }
    }
}

/// What was counted in a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Posts accepted.
    pub posts: u64,
    /// Targets accepted.
    pub targets: u64,
    /// Commands and claims that reached the ledger.
    pub asks: u64,
    /// Attempts granted.
    pub attempts: u64,
    /// Doubts that arose, and who ended them.
    pub doubts: Ended,
    /// Targets that a person was needed for although the platform had not refused them: the sum of the next four, by the first
    /// reason that each was listed for.
    pub people: u64,
    /// In doubt, on channels that cannot be asked, or not for ever.
    pub undecidable: u64,
    /// In doubt, with all looks used up.
    pub looks_used_up: u64,
    /// Not sent, with all tries used up.
    pub tries_used_up: u64,
    /// Accepted, and not decided upon in all the time that there was.
    pub still_processing: u64,
    /// Targets that are published.
    pub published: u64,
    /// Second posts that an account asked for, which wants at least once on a platform that cannot tell.
    pub chosen: u64,
}

/// Account of a target: tenant, channel and account.
pub(crate) type AccountKey = (String, String, String);

/// The one who watches.
pub struct Witness {
    ledger: Arc<MemoryLedger>,
    platform: Platform,
    trace: Trace,
    /// Accounts that asked for at-least-once where nobody can tell.
    tolerant: BTreeSet<AccountKey>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    parts: BTreeMap<TargetId, u16>,
    claimed: BTreeMap<String, TargetId>,
    doubts: Doubts,
    listed: BTreeSet<TargetId>,
    letters: BTreeSet<TargetId>,
    told: BTreeSet<(TargetId, &'static str)>,
    broken: Option<Broken>,
    counts: Counts,
}

impl Witness {
    /// Nothing has been seen yet.
    pub(crate) fn new(
        ledger: Arc<MemoryLedger>,
        platform: Platform,
        trace: Trace,
        tolerant: BTreeSet<AccountKey>,
    ) -> Self {
        Self { ledger, platform, trace, tolerant, notes: Mutex::default() }
    }

    /// The first promise that was found broken.
    pub fn broken(&self) -> Option<Broken> {
        self.notes().broken.clone()
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let notes = self.notes();
        Counts { doubts: notes.doubts.ended(), ..notes.counts }
    }

    /// The first target whose outcome was unknown, and which is published without a person.
    pub(crate) fn settled_and_published(&self) -> Option<TargetId> {
        let settled = self.notes().doubts.settled().to_vec();
        let mut published = BTreeSet::new();
        self.ledger.for_each(|target| {
            if target.state == State::Published {
                published.insert(target.id);
            }
        });
        settled.into_iter().find(|target| published.contains(target))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, broken: Broken) {
        self.trace.line("witness", Some(broken.target), || format!("BROKEN: {}: {}", broken.name, broken.promise));
        self.notes().broken.get_or_insert(broken);
    }

    /// Something that concerns everybody.
    pub(crate) fn note(&self, who: &str, what: impl FnOnce() -> String) {
        self.trace.line(who, None, what);
    }

    pub(crate) fn accepted(&self, who: &str, post: &NewPost, answer: &Acceptance) {
        let mut notes = self.notes();
        for target in &post.targets {
            self.trace.line(who, Some(target.id), || {
                let account = format!("{}/{}/{}", post.tenant, target.channel, target.account);
                format!("accept for {account}: {}", say::acceptance(answer))
            });
            if *answer == Acceptance::New {
                let whole = target.channel.as_str() == "deciding";
                let parts = if whole { 1 } else { 1 + post.content.thread.len() as u16 };
                notes.parts.insert(target.id, parts);
                notes.counts.targets += 1;
            }
        }
        notes.counts.posts += u64::from(*answer == Acceptance::New);
    }

    pub(crate) fn claimed(&self, who: &str, claimed: &Claimed) {
        self.notes().counts.asks += 1;
        for emission in &claimed.emissions {
            let target = &emission.target;
            self.trace.line(who, Some(target.id), || {
                format!("wakes it ({}) to hand it over; now {}", emission.found, say::standing(target))
            });
            self.check(target, claimed.now);
        }
        for event in &claimed.events {
            self.trace.line(who, event.target, || format!("wakes it; {}", event.name.name()));
        }
        for (target, violation) in &claimed.violations {
            self.report(Broken::of(*violation, *target));
        }
    }

    pub(crate) fn applied(&self, who: &str, command: &Command, applied: &Applied) {
        let target = &applied.target;
        self.trace.line(who, Some(target.id), || {
            format!("{} → {}; now {}", say::command(command), say::answer(&applied.answer), say::standing(target))
        });
        if let Some(violation) = applied.violation {
            self.report(Broken::of(violation, target.id));
        }
        self.count(command, &applied.answer, target);
        self.check(target, applied.now);
    }

    fn count(&self, command: &Command, answer: &Answer, target: &Target) {
        let mut notes = self.notes();
        notes.counts.asks += 1;
        notes.counts.attempts += u64::from(matches!(answer, Answer::Begun(_)));
        notes.doubts.follow(command, answer, target);
        let Some(reason) = target.listed.as_ref().map(|listed| listed.reason) else { return };
        if reason == ListReason::Permanent || !notes.listed.insert(target.id) {
            return;
        }
        let counts = &mut notes.counts;
        counts.people += 1;
        let unaskable = UNASKABLE.contains(&target.channel.as_str());
        *match reason {
            ListReason::Undecidable if unaskable => &mut counts.undecidable,
            ListReason::Undecidable => &mut counts.looks_used_up,
            ListReason::StillProcessing => &mut counts.still_processing,
            ListReason::TriesUsedUp | ListReason::Poison | ListReason::Permanent => &mut counts.tries_used_up,
        } += 1;
    }

    /// A message has arrived at the broker.
    pub(crate) fn sent(&self, message: &Outgoing) {
        match &message.to {
            Destination::Dead { .. } => {
                let letter = serde_json::from_slice::<Dead>(&message.message.body);
                if let Ok(letter) = letter {
                    self.trace.line("broker", Some(letter.publish.target), || "has its dead letter".into());
                    self.notes().letters.insert(letter.publish.target);
                }
            }
            Destination::Event { .. } => {
                let event = serde_json::from_slice::<EventMessage>(&message.message.body).ok();
                if let Some((target, name)) = event.and_then(|told| Some((told.event.target?, told.event.name))) {
                    self.notes().told.insert((target, name.name()));
                }
            }
            _ => {}
        }
    }

    /// A dead letter was taken out of its queue.
    pub(crate) fn letter_moved(&self, target: TargetId) {
        self.notes().letters.remove(&target);
    }

    /// Holds one target against everything that must always hold.
    fn check(&self, target: &Target, now: Timestamp) {
        let mut shown = self.visible(target);
        if self.is_tolerant(target) {
            // By its own choice: what may be out is sent again, and if that fails, "failed" is said of the second.
            let ended = target.state.is_terminal() && target.state != State::Published;
            for (part, times) in shown.iter_mut().enumerate() {
                let recorded = target.out.iter().any(|out| usize::from(out.part) == part);
                *times = if ended && !recorded { 0 } else { (*times).min(1) };
            }
        }
        if let Err(violation) = invariant::check_against(target, &shown, now, self.ledger.policy()) {
            self.report(Broken::of(violation, target.id));
        }
    }

    fn is_tolerant(&self, target: &Target) -> bool {
        let key = (target.tenant.to_string(), target.channel.to_string(), target.account.to_string());
        self.tolerant.contains(&key)
    }

    /// How often each part of a target is to be seen. Of two with the same text, each has what the ledger gave it: one that was
    /// given the other's post leaves its own to the other ([`Witness::one_each`] counts them in the end).
    fn visible(&self, target: &Target) -> Vec<usize> {
        let mut notes = self.notes();
        let mut stolen = None;
        for out in &target.out {
            let owner = *notes.claimed.entry(out.receipt.id.clone()).or_insert(target.id);
            if owner != target.id {
                stolen = Some(owner);
            }
        }
        let parts = notes.parts.get(&target.id).copied().unwrap_or(1);
        let mut visible = vec![0; usize::from(parts)];
        let mut see = |part: u16| visible.get_mut(usize::from(part)).into_iter().for_each(|times| *times += 1);
        let others = |out: &PartOut| self.platform.shown(&out.receipt.id).is_some_and(|post| post.of.0 != target.id);
        let given: BTreeSet<u16> = target.out.iter().filter(|out| others(out)).map(|out| out.part).collect();
        self.platform.shown_of(target.id, |part, id| {
            if !given.contains(&part) && notes.claimed.get(id).is_none_or(|owner| *owner == target.id) {
                see(part);
            }
        });
        given.into_iter().for_each(&mut see);
        drop(notes);
        if stolen.is_some() {
            self.report(Broken::other(1, target.id));
        }
        visible
    }

    /// Holds every target against what must always hold, and, once everything works, against being overdue.
    pub(crate) fn check_all(&self, now: Timestamp, calm: bool) {
        self.ledger.for_each(|target| {
            self.check(target, now);
            if calm && invariant::is_overdue(target, now, PATIENCE) {
                self.report(Broken::of(Violation::NoSilentMiss, target.id));
            }
        });
    }

    /// Whether nothing more happens by itself.
    pub(crate) fn all_rest(&self) -> bool {
        let mut all = true;
        self.ledger.for_each(|target| all &= rests(target));
        all
    }

    /// Whether everything that needs a person has a dead letter.
    pub(crate) fn has_letters(&self) -> bool {
        let mut all = true;
        let letters = self.notes().letters.clone();
        self.ledger.for_each(|target| all &= target.listed.is_none() || letters.contains(&target.id));
        all
    }

    /// The last word: everything that must hold when all is at rest. `letters`: the broker never lost one.
    pub(crate) async fn last_word(&self, now: Timestamp, letters: bool) {
        self.check_all(now, true);
        let (mut targets, mut published, mut chosen) = (Vec::new(), 0, 0);
        self.ledger.for_each(|target| targets.push(target.clone()));
        self.one_each(&targets);
        for target in &targets {
            if !rests(target) {
                self.report(Broken::of(Violation::NoSilentMiss, target.id));
            }
            if target.listed.is_some() && letters && !self.notes().letters.contains(&target.id) {
                self.report(Broken::other(2, target.id));
            }
            let told = match target.state {
                State::Published => EventName::Published,
                State::Failed => EventName::Failed,
                State::Cancelled => EventName::Cancelled,
                State::Expired => EventName::Expired,
                State::InDoubt => EventName::InDoubt,
                _ => EventName::Processing,
            };
            if !self.notes().told.contains(&(target.id, told.name())) {
                self.report(Broken::other(3, target.id));
            }
            self.as_approved(target).await;
            published += u64::from(target.state == State::Published);
            if self.is_tolerant(target) {
                chosen += self.visible(target).into_iter().map(|times| times.saturating_sub(1) as u64).sum::<u64>();
            }
        }
        let mut notes = self.notes();
        notes.counts.published = published;
        notes.counts.chosen = chosen;
    }

    /// P1 among targets with the same text: there are no more posts of it than targets that made or were given one.
    fn one_each(&self, targets: &[Target]) {
        let tolerant: BTreeSet<_> =
            targets.iter().filter(|target| self.is_tolerant(target)).map(|target| target.id).collect();
        let claimed = self.notes().claimed.clone();
        let mut texts: BTreeMap<(String, String), (usize, BTreeSet<TargetId>)> = BTreeMap::new();
        for post in self.platform.posts() {
            let (count, owners) = texts.entry((post.account, post.text)).or_default();
            *count += 1;
            owners.insert(post.of.0);
            owners.extend(claimed.get(&post.id));
        }
        for (count, owners) in texts.into_values() {
            if count > owners.len() && owners.is_disjoint(&tolerant) {
                owners.first().into_iter().for_each(|one| self.report(Broken::of(Violation::NoDuplicate, *one)));
            }
        }
    }

    /// P7, as the platform shows it.
    async fn as_approved(&self, target: &Target) {
        let Ok(Some(post)) = self.ledger.post(target.post, false).await else { return };
        let Some(view) = post.targets.iter().find(|view| view.target.id == target.id) else { return };
        let parts = Draft::of(&post.content, &view.changes).parts();
        let mut right = true;
        for out in &target.out {
            let said = self.platform.shown(&out.receipt.id).map(|post| post.text);
            right &= said.is_some() && said.as_ref() == parts.get(usize::from(out.part)).map(|part| &part.text);
        }
        if !right {
            self.report(Broken::other(0, target.id));
        }
    }
}

fn rests(target: &Target) -> bool {
    target.state.is_terminal() || target.listed.is_some()
}
