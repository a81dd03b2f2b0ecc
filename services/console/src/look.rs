//! Having a platform asked once more about what waits for a person: whether it can be, how, and when. Pure.

use std::collections::BTreeSet;

use channels::{Accounts, Registry};
use contract::Asking;
use domain::{
    Answer, Command, Context, OnDoubt, Pause, PauseScope, Plan, Policy, Refusal, RepeatSafety, State, Target, apply,
    plan,
};
use jiff::Timestamp;
use ledger::Outlet;

/// What is looked at besides a target.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// What each platform offers.
    pub channels: &'a Registry,
    /// Which accounts there are.
    pub accounts: &'a dyn Accounts,
    /// The protocol's numbers.
    pub policy: &'a Policy,
    /// The pauses in force.
    pub pauses: &'a [Pause],
    /// The ledger's time.
    pub now: Timestamp,
}

/// A look that can be had.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// What the platform is called.
    pub title: &'static str,
    /// How it is asked.
    pub how: How,
    /// What it cannot tell is sent again, because the account wants it so.
    pub resends: bool,
    /// When it is asked.
    pub when: When,
}

/// How a platform is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// For its verdict on what it has accepted.
    Verdict,
    /// By the same call with the same key.
    Repeat,
    /// For what it shows.
    Listing,
}

/// When a platform is asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Now.
    Now,
    /// Once it is surely done with the call.
    At(Timestamp),
    /// Once this is resumed.
    After(PauseScope),
}

/// Why no look can be had.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoLook {
    /// There is nothing to ask about.
    Refused(Refusal),
    /// The platform is asked then, without anybody's wish.
    ByItself(Timestamp),
    /// Nothing here knows the channel.
    NoChannel,
    /// The account is gone by which this platform would be asked.
    NoAccount(&'static str),
    /// This platform cannot be asked.
    OnlyAPerson(&'static str),
}

impl Around<'_> {
    /// The look that there is at `target`.
    ///
    /// # Errors
    /// There is none.
    pub fn at(&self, target: &Target) -> Result<Look, NoLook> {
        let context = Context { now: self.now, policy: self.policy, pauses: self.pauses, owner: None };
        if let Answer::Refused(refusal) = apply(&mut target.clone(), &Command::LookAgain, &context).answer() {
            let by_itself = matches!(target.state, State::InDoubt | State::Processing)
                && target.lease.is_none()
                && target.listed.is_none();
            return Err(target.next_at.filter(|_| by_itself).map_or(NoLook::Refused(refusal), NoLook::ByItself));
        }
        let channel = self.channels.get(target.channel.as_str()).ok_or(NoLook::NoChannel)?;
        let title = channel.about().title;
        if target.state == State::Processing {
            return Ok(Look { title, how: How::Verdict, resends: false, when: When::Now });
        }
        let card = self.accounts.find(&target.tenant, &target.channel, &target.account);
        let card = card.ok_or(NoLook::NoAccount(title))?;
        let repeat = channel.safety(&card).repeat;
        let how = match plan(target, repeat, self.policy, self.now) {
            Plan::Undecidable => return Err(NoLook::OnlyAPerson(title)),
            Plan::Repeat => How::Repeat,
            Plan::Look => How::Listing,
        };
        let settled = target.armed.as_ref().and_then(|armed| armed.last_at.checked_add(repeat.settles_after()).ok());
        let when = match (self.pauses.iter().find(|pause| pause.scope.covers(target)), settled) {
            (Some(pause), _) => When::After(pause.scope.clone()),
            (None, Some(at)) if self.now < at => When::At(at),
            (None, _) => When::Now,
        };
        let resends = card.on_doubt == OnDoubt::Resend && target.tries < self.policy.max_tries;
        Ok(Look { title, how, resends, when })
    }
}

impl Look {
    /// What asking does for each of many, in a few sentences.
    pub fn told(&self) -> String {
        let title = self.title;
        match self.how {
            How::Verdict => {
                format!("{title} is asked for its verdict. What it has not decided is back on the list.")
            }
            How::Repeat => format!(
                "{title}: the call is made once more with the same key, which it remembers. What is out, it says so; what never arrived is \
                 sent by that, once. What that does not tell is back on the list."
            ),
            How::Listing => format!(
                "{title} is asked whether they are there. What it shows is recorded as published; what is surely not there goes out, as \
                 after any failure. What it cannot tell is back on the list, and is not sent."
            ),
        }
    }
}

/// Whether platforms can be asked about what is in doubt in these places, as far as channels and accounts tell.
pub(crate) fn asking<'a>(
    channels: &Registry,
    accounts: &dyn Accounts,
    places: impl Iterator<Item = &'a Outlet>,
) -> Asking {
    let (mut can, mut cannot) = (BTreeSet::new(), BTreeSet::new());
    for place in places {
        let Some(channel) = channels.get(place.channel.as_str()) else { continue };
        let card = accounts.find(&place.tenant, &place.channel, &place.account);
        let repeat = card.map_or(channel.about().repeat, |card| channel.safety(&card).repeat);
        let side = if repeat == RepeatSafety::Nothing { &mut cannot } else { &mut can };
        side.insert(channel.about().title);
    }
    let names: Vec<_> = cannot.difference(&can).map(|title| (*title).to_owned()).collect();
    match (can.is_empty(), names.is_empty()) {
        (true, true) => Asking::Unknown,
        (true, false) => Asking::None(names),
        (false, true) => Asking::All,
        (false, false) => Asking::But(names),
    }
}
