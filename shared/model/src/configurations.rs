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
    restores: 0,
};

/// How much may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// For a debug build, in seconds.
    Short,
    /// For a release build, in minutes.
    Full,
    /// For days, on a machine with much memory.
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
    for (suffix, budget, names) in mixtures(bounds) {
        for kind in kinds().into_iter().filter(|kind| names.is_empty() || names.contains(&kind.name)) {
            // Leaked once per run: the checker wants names that outlive it.
            let name: &'static str = Box::leak(format!("{}; {suffix}", kind.name).into_boxed_str());
            let redis = u8::from(kind.redis);
            all.push(Setup { name, budget: Budget { redis, ..budget }, ..kind });
        }
    }
    all
}

type Mixture = (&'static str, Budget, &'static [&'static str]);

/// What may go wrong together, and for which kinds; for all where none is named.
fn mixtures(bounds: Bounds) -> Vec<Mixture> {
    let dies = Budget { crashes: 1, ..NONE };
    let lost = Budget { losses: 1, ..NONE };
    let put_back = Budget { restores: 1, ..NONE };
    let stores = Budget { broker: 1, ledger: 1, scheduler: 1, ..NONE };
    match bounds {
        Bounds::Short => {
            vec![
                ("a worker dies", dies, &["nothing"]),
                ("an answer is lost", lost, &["listing"]),
                ("the ledger is put back", put_back, &["nothing"]),
            ]
        }
        Bounds::Full => vec![
            ("a worker dies", dies, &[]),
            ("an answer is lost", lost, EACH_BUT_THE_LARGEST),
            ("a worker dies, an answer is lost", Budget { crashes: 1, ..lost }, &["handle", "listing", "nothing"]),
            ("stores fail", stores, &["key, armed early", "handle, taken once", "listing", "nothing"]),
            ("people act", Budget { people: 1, ..lost }, ONE_OF_EACH),
            ("refusals, a pause", Budget { refusals: 1, pauses: 1, ..NONE }, ONE_OF_EACH),
            (
                "a worker dies, the platform gives up",
                Budget { crashes: 1, refusals: 1, ..NONE },
                &["handle, decides later"],
            ),
            ("a message twice", Budget { doubles: 1, ..lost }, &["nothing, with Redis"]),
            ("the ledger is put back", put_back, RESTORED),
            ("the ledger is put back, an answer is lost", Budget { losses: 1, ..put_back }, &["listing", "nothing"]),
            ("the ledger is put back, people act", Budget { people: 1, ..put_back }, &["listing", "nothing"]),
        ],
        Bounds::Long => vec![
            ("two workers die, two answers are lost", Budget { crashes: 2, losses: 2, doubles: 1, ..NONE }, &[]),
            ("stores fail", Budget { crashes: 1, losses: 1, ledger: 2, doubles: 1, ..stores }, &[]),
            ("people act", Budget { crashes: 1, losses: 2, people: 2, ..NONE }, &[]),
            ("refusals, a pause", Budget { crashes: 1, losses: 1, refusals: 2, pauses: 1, ..NONE }, &[]),
            ("the ledger is put back", put_back, RESTORED_LONG),
        ],
    }
}

const RESTORED: &[&str] = &[
    "key",
    "handle",
    "handle, taken once",
    "listing",
    "nothing",
    "nothing, two parts",
    "nothing, with Redis",
    "listing, with Redis",
];
const RESTORED_LONG: &[&str] = &["key, then listing", "handle, two parts", "listing, two parts"];
const ONE_OF_EACH: &[&str] = &["handle, taken once", "listing", "nothing"];
const EACH_BUT_THE_LARGEST: &[&str] = &[
    "key",
    "key, armed early",
    "key, then listing, armed early",
    "handle",
    "handle, taken once",
    "handle, decides later",
    "handle, two parts",
    "listing",
    "listing, two parts",
    "listing, resend",
    "nothing",
    "nothing, resend",
    "nothing, two parts",
    "nothing, with Redis",
];

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
        (
            "nobody says that the ledger was put back",
            without(Without::Gap, Setup::of("no gap", LOOK), Budget { restores: 1, ..NONE }),
        ),
        ("a key is used after its window", without(Without::KeyWindow, Setup::of("no window", KEY), lost)),
    ]
}
