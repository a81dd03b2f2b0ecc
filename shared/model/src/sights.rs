//! What must be reachable, so that a promise does not hold for want of anything happening.

use domain::{AttemptKind, Code, Finding, Landed, Outcome, RepeatSafety, State};

use crate::{
    check::Oncepost,
    setup::Setup,
    world::{Doing, Job, World},
};

/// Something to be seen, and how to tell.
pub type Sight = (&'static str, fn(&Oncepost, &World) -> bool);

/// Everything that is looked out for.
pub const SIGHTS: [Sight; 20] = [
    ("published", |_, world| world.target.state == State::Published),
    ("in doubt", |_, world| world.target.state == State::InDoubt && world.target.listed.is_none()),
    ("tried again after a crash", |_, world| {
        let landed = world.target.last_failure.as_ref().map(|failure| failure.landed);
        is_lost(world) && world.target.state == State::Publishing && landed == Some(Landed::No)
    }),
    ("taken over from a dead worker, in doubt", |_, world| is_lost(world) && world.target.state == State::InDoubt),
    ("two workers at once", |_, world| world.workers.iter().all(|worker| worker.doing.job().is_some())),
    ("an old request lands late", |_, world| {
        !world.platform.orphans.is_empty() && world.target.state == State::InDoubt
    }),
    ("with a person, undecided", |_, world| world.target.state == State::InDoubt && world.target.listed.is_some()),
    ("with a person, failed", |_, world| world.target.state == State::Failed && world.target.listed.is_some()),
    ("sent again, undecided", |_, world| world.resent),
    ("settled by the same key", |_, world| {
        ends(world, |job, outcome| job.kind == AttemptKind::Repeat && matches!(outcome, Outcome::Published(_)))
            && world.platform.visible().iter().all(|times| *times == 1)
    }),
    ("a look finds it", |_, world| {
        ends(world, |_, outcome| matches!(outcome, Outcome::Looked { finding: Finding::Found(_), .. }))
    }),
    ("a look finds nothing", |_, world| {
        ends(world, |_, outcome| matches!(outcome, Outcome::Looked { finding: Finding::Absent, .. }))
    }),
    ("settled by a hint", |_, world| {
        ends(world, |job, outcome| job.kind == AttemptKind::Look && matches!(outcome, Outcome::Published(_)))
    }),
    ("the truth comes late", |_, world| {
        ends(world, |job, outcome| {
            matches!(outcome, Outcome::Published(_))
                && (job.attempt != world.target.attempt || world.target.lease.is_none())
        })
    }),
    ("the platform decides later", |_, world| world.target.state == State::Processing),
    ("given up by the platform, and out at last", |_, world| {
        let failure = world.target.last_failure.as_ref();
        failure.is_some_and(|failure| failure.code == Code::OUT_OF_ORDER) && world.platform.visible() == [1]
    }),
    ("held by a pause", |_, world| world.target.state == State::Held),
    ("looked for, because the ledger was put back", |_, world| {
        world.target.gap.is_some() && world.target.state == State::InDoubt
    }),
    ("not there after the ledger was put back, and sent", |_, world| {
        let lost = world.target.last_failure.as_ref().is_some_and(|failure| failure.code == Code::HISTORY_LOST);
        lost && world.target.gap.is_none() && world.target.state == State::Publishing
    }),
    ("only a part is out", |_, world| world.target.out.len() == 1 && world.platform.parts.len() == 2),
];

fn is_lost(world: &World) -> bool {
    world.target.last_failure.as_ref().is_some_and(|failure| failure.code == Code::WORKER_LOST)
}

fn ends(world: &World, is: impl Fn(&Job, &Outcome) -> bool) -> bool {
    world.workers.iter().any(|worker| match &worker.doing {
        Doing::Recording(job, outcome) => is(job, outcome),
        _ => false,
    })
}

impl Setup {
    /// Whether the configuration must come to see `sight`.
    pub fn expects(&self, sight: &str) -> bool {
        let budget = &self.budget;
        let trouble = budget.crashes > 0 || budget.losses > 0;
        let looks = self.repeat.sure_after().is_some();
        match sight {
            "published" => true,
            "in doubt" => trouble && self.repeat != RepeatSafety::Nothing,
            "tried again after a crash" => budget.crashes > 0 && !self.arms_early,
            "taken over from a dead worker, in doubt" => budget.crashes > 0,
            "two workers at once" => !self.redis,
            "an old request lands late" => trouble,
            "with a person, undecided" => trouble && self.is_hopeless(),
            "with a person, failed" => budget.refusals > 0,
            "sent again, undecided" => {
                trouble && self.repeat == RepeatSafety::Nothing && self.on_doubt == domain::OnDoubt::Resend
            }
            "settled by the same key" => trouble && matches!(self.repeat, RepeatSafety::PlatformKey { .. }),
            "a look finds it" => trouble && looks && !matches!(self.repeat, RepeatSafety::PlatformKey { .. }),
            "a look finds nothing" => trouble && looks && !matches!(self.repeat, RepeatSafety::PlatformKey { .. }),
            "settled by a hint" => self.redis && budget.crashes > 0 && self.repeat == RepeatSafety::Nothing,
            "the truth comes late" => !self.redis,
            "the platform decides later" => self.decides_later,
            "given up by the platform, and out at last" => self.decides_later && budget.refusals > 0,
            "held by a pause" => budget.pauses > 0,
            "looked for, because the ledger was put back" => budget.restores > 0,
            "not there after the ledger was put back, and sent" => budget.restores > 0 && looks,
            "only a part is out" => self.parts == 2,
            _ => false,
        }
    }

    /// Only a person can settle a doubt.
    fn is_hopeless(&self) -> bool {
        self.repeat == RepeatSafety::Nothing && self.on_doubt == domain::OnDoubt::Park
    }
}
