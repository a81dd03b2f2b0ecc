//! The configurations: every kind of channel, under mixtures of what can go wrong.

use domain::{LookUp, OnDoubt, RepeatSafety};

use crate::setup::{Budget, HANDLE, KEY, KEY_THEN_LOOK, LISTING, Setup, Without};

/// A platform that can be listed.
const LOOK: RepeatSafety = RepeatSafety::LookUp(LISTING);

const NONE: Budget = Budget {
    crashes: 0,
    losses: 0,
    refusals: 0,
    doubles: 0,
    broker: 0,
    redis: 0,
    ledger: 0,
    scheduler: 0,
    people: 0,
    pauses: 0,
};

/// How much may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// For a debug build, in seconds.
    Short,
    /// For a release build, in minutes.
    Full,
    /// For a night.
    Long,
}

/// Every kind of channel, by name.
fn kinds() -> Vec<Setup> {
    let two = |setup: Setup, name| Setup { parts: 2, name, ..setup };
    vec![
        Setup::of("key", KEY),
        Setup { arms_early: true, ..Setup::of("key, armed early", KEY) },
        Setup::of("key, then listing", KEY_THEN_LOOK),
        Setup { arms_early: true, ..Setup::of("key, then listing, armed early", KEY_THEN_LOOK) },
        Setup::of("handle", HANDLE),
        Setup { single_use: true, ..Setup::of("handle, taken once", HANDLE) },
        Setup { single_use: true, decides_later: true, ..Setup::of("handle, decides later", HANDLE) },
        two(Setup { single_use: true, ..Setup::of("", HANDLE) }, "handle, two parts"),
        Setup::of("listing", LOOK),
        two(Setup::of("", LOOK), "listing, two parts"),
        Setup { on_doubt: OnDoubt::Resend, ..Setup::of("listing, resend", LOOK) },
        Setup::of("nothing", RepeatSafety::Nothing),
        Setup { on_doubt: OnDoubt::Resend, ..Setup::of("nothing, resend", RepeatSafety::Nothing) },
        two(Setup::of("", RepeatSafety::Nothing), "nothing, two parts"),
        Setup { redis: true, ..Setup::of("nothing, with Redis", RepeatSafety::Nothing) },
        Setup { redis: true, ..Setup::of("listing, with Redis", LOOK) },
    ]
}

/// Everything that is checked within `bounds`.
pub fn configurations(bounds: Bounds) -> Vec<Setup> {
    let mut all = Vec::new();
    for kind in kinds() {
        for (suffix, budget) in mixtures(bounds) {
            let name: &'static str = Box::leak(format!("{}; {suffix}", kind.name).into_boxed_str());
            let redis = u8::from(kind.redis);
            all.push(Setup { name, budget: Budget { redis, ..budget }, ..kind.clone() });
        }
    }
    all
}

fn mixtures(bounds: Bounds) -> Vec<(&'static str, Budget)> {
    match bounds {
        Bounds::Short => {
            vec![("a worker dies", Budget { crashes: 1, ..NONE }), ("an answer is lost", Budget { losses: 1, ..NONE })]
        }
        Bounds::Full => vec![
            ("a worker dies, an answer is lost", Budget { crashes: 1, losses: 1, ..NONE }),
            ("stores fail", Budget { broker: 1, ledger: 1, scheduler: 1, doubles: 1, ..NONE }),
            ("people act", Budget { losses: 1, people: 1, ..NONE }),
            ("refusals, a pause", Budget { refusals: 1, pauses: 1, ..NONE }),
        ],
        Bounds::Long => vec![
            ("workers and the wire", Budget { crashes: 2, losses: 2, refusals: 1, doubles: 1, ..NONE }),
            ("stores", Budget { crashes: 1, losses: 1, broker: 1, ledger: 2, scheduler: 1, doubles: 1, ..NONE }),
            ("people", Budget { crashes: 1, losses: 2, people: 2, ..NONE }),
            ("refusals and pauses", Budget { crashes: 1, losses: 1, refusals: 2, pauses: 1, ..NONE }),
        ],
    }
}

/// What is taken away, and the channel on which that makes a duplicate.
pub fn safeguards() -> Vec<(&'static str, Setup)> {
    let lost = Budget { losses: 1, doubles: 1, ..NONE };
    let dies = Budget { crashes: 1, ..NONE };
    let slow_listing = LookUp { sure_after: std::time::Duration::from_secs(6), ..LISTING };
    let without = |without, setup: Setup, budget| Setup { without, budget, ..setup };
    vec![
        ("no durable intent", without(Without::Intent, Setup::of("no durable intent", LOOK), dies)),
        ("no lease check before the send", without(Without::LeaseCheck, Setup::of("no lease check", LOOK), lost)),
        ("a look before the old attempt is over", without(Without::Settling, Setup::of("no settling", HANDLE), lost)),
        (
            "a look that can miss what is out is believed",
            without(
                Without::SureAfter,
                Setup { lag: 4, ..Setup::of("absence believed", RepeatSafety::LookUp(slow_listing)) },
                lost,
            ),
        ),
        ("no answer is taken for \"not sent\"", without(Without::Doubt, Setup::of("no doubt", LOOK), lost)),
        ("a dead lease is taken for \"not sent\"", without(Without::TakeOver, Setup::of("no take-over", LOOK), dies)),
        ("a key is used after its window", without(Without::KeyWindow, Setup::of("no window", KEY), lost)),
    ]
}
